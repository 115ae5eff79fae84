# SPDX-License-Identifier: GPL-2.0-or-later
"""The watch of the walks: tells where the main thread was when its event loop stood, and takes nothing down."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest
from qgis.PyQt.QtTest import QTest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
pytestmark = pytest.mark.qgis


@pytest.fixture
def watch(qgis_app, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from walkthrough_watch import Watch

    made = Watch(tmp_path / "stalls.txt")
    yield made
    made.stop()
    sys.modules.pop("walkthrough_watch", None)


def stand_still():
    time.sleep(0.6)


def deep(number, *more):
    return number if number == 0 else deep(number - 1, *more)


def test_a_gap_of_the_event_loop_is_told_with_its_place(watch, tmp_path):
    QTest.qWait(50)
    watch.step = "still"
    stand_still()
    QTest.qWait(50)
    assert watch.gaps["still"] > 0.5 and "stand_still" in watch.where["still"]
    assert "stand_still" in (tmp_path / "stalls.txt").read_text(encoding="utf-8")


def test_a_busy_thread_is_looked_at_without_harm(watch):
    """Frames come and go while they are looked at; a look without Python's lock ended the program here."""
    from walkthrough_watch import where_is

    end, main, seen = time.monotonic() + 3, watch._main, []

    def look():
        while time.monotonic() < end:
            seen.append(where_is(main))

    looker = threading.Thread(target=look)
    looker.start()
    number = 0
    while time.monotonic() < end:
        number += 1
        deep(number % 400)
    looker.join()
    assert len(seen) > 10


def test_no_walk_looks_at_frames_without_the_lock_of_python():
    texts = {path.name: path.read_text("utf-8") for path in SCRIPTS.rglob("*.py")}
    assert [name for name, text in texts.items() if "faulthandler.dump_traceback_later(" in text] == []
