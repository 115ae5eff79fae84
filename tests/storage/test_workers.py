# SPDX-License-Identifier: GPL-2.0-or-later
"""Working in other processes: the order, the errors and the stop of one process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

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


def tell(folder):
    (Path(folder) / f"{os.getpid()}").touch()
    time.sleep(60)


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


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks Linux which processes there are")
def test_workers_end_with_an_engine_that_is_killed(tmp_path):
    code = (
        "from tests.storage.test_workers import *\n"
        f"if __name__ == '__main__': list(Workers(2)(tell, [{str(tmp_path)!r}] * FEW, calm))\n"
    )
    script = tmp_path / "engine.py"
    script.write_text(code, encoding="utf-8")
    root = Path(__file__).resolve().parents[2]
    engine = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(root)})
    try:
        until = time.monotonic() + 60
        while not (workers := [p.name for p in tmp_path.iterdir() if p.name.isdigit()]) and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        engine.kill()
        engine.wait()
    assert workers
    until = time.monotonic() + 20
    while any(Path("/proc", pid).exists() for pid in workers) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [pid for pid in workers if Path("/proc", pid).exists()]
