# SPDX-License-Identifier: GPL-2.0-or-later
"""Work done beside: its result, its errors, and a stop that does not wait for it."""

from __future__ import annotations

import threading
import time

import pytest

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.stoppable import stoppable


def test_the_result_and_the_errors_are_those_of_the_work():
    assert stoppable(lambda: 5, None) == 5
    assert stoppable(lambda: None, lambda: None) is None

    def refuse() -> None:
        raise InputRefused("draft.no_areas")

    with pytest.raises(InputRefused) as caught:
        stoppable(refuse, lambda: None)
    assert caught.value.code == "draft.no_areas"


def test_a_stop_does_not_wait_for_the_work():
    done = threading.Event()
    asked: list[float] = []

    def check() -> None:
        asked.append(time.monotonic())
        if len(asked) > 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        stoppable(lambda: done.wait(20), check)
    assert asked[-1] - asked[0] < 5
    done.set()


def test_who_has_stopped_already_begins_nothing():
    def check() -> None:
        raise Cancelled

    begun: list[int] = []
    with pytest.raises(Cancelled):
        stoppable(lambda: begun.append(1), check)
    assert not begun
