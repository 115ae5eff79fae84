# SPDX-License-Identifier: GPL-2.0-or-later
"""Working in other processes: the order, the errors and the stop of one process."""

from __future__ import annotations

import os
import time

import pytest

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.storage.workers import FEW, Workers


def square(number):
    return number * number


def who(_):
    time.sleep(0.05)
    return os.getpid()


def refuse(number):
    if number == 3:
        raise InputRefused("draft.no_areas")
    return number


def die(number):
    if number == 2 and os.getpid() != die.home:
        os._exit(9)
    return number


die.home = int(os.environ.setdefault("DCM_TEST_HOME", str(os.getpid())))


def calm():
    return None


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_come_in_the_order_of_the_things(processes):
    assert list(Workers(processes)(square, list(range(20)), calm)) == [n * n for n in range(20)]


def test_few_things_are_done_here_and_many_elsewhere():
    assert set(Workers(2)(who, list(range(FEW - 1)), calm)) == {os.getpid()}
    assert os.getpid() not in set(Workers(2)(who, list(range(FEW)), calm))


def test_an_error_comes_through():
    with pytest.raises(InputRefused, match=r"draft\.no_areas"):
        list(Workers(2)(refuse, list(range(FEW)), calm))


def test_the_user_can_stop():
    def stop():
        raise Cancelled()

    begin = time.perf_counter()
    with pytest.raises(Cancelled):
        list(Workers(2)(square, list(range(1000)), stop))
    assert time.perf_counter() - begin < 5


def test_a_worker_that_is_killed_does_not_end_the_work():
    assert list(Workers(2)(die, list(range(FEW)), calm)) == list(range(FEW))
