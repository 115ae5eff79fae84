# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the main thread of QGIS does not come to its event loop, and where it was meanwhile."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from types import CodeType

from qgis.PyQt.QtCore import QTimer

LONG = 0.2  # seconds from which on it is written down where the thread was
_INNERMOST = 4


class Watch:
    """A timer in the event loop, and a thread that looks where the main thread is when the timer is late.

    The thread looks under Python's lock. (``faulthandler.dump_traceback_later`` looks without it, at frames that the
    main thread may free meanwhile: it took QGIS down on a busy machine, see docs/traps.md.) So a call into C++ that
    keeps the lock is seen when it has just come back, in the line that made it. A place without any Python frame is
    QGIS itself. ``own`` is what the thread worked in its longest gap: a machine with other work makes the gap longer,
    not this. What the walkthrough does on its own account (pictures) is left out.
    """

    def __init__(self, notes: Path) -> None:
        self.step = "start"
        self.gaps: dict[str, float] = {}
        self.own: dict[str, float] = {}
        self.where: dict[str, str] = {}
        self.notes = notes
        self._main, self._ended = threading.get_ident(), threading.Event()
        self._seen = (0.0, "")  # the beginning of the gap, where the thread was in it
        self.last, self.worked = time.perf_counter(), time.thread_time()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()
        self.timer = QTimer()
        self.timer.setInterval(10)
        self.timer.timeout.connect(self.tick)
        self.timer.start()

    def _look(self) -> None:
        with self.notes.open("w", encoding="utf-8") as notes:
            while not self._ended.wait(LONG / 8):
                last = self.last
                if last != self._seen[0] and time.perf_counter() - last > LONG:
                    self._seen = (last, where_is(self._main))
                    notes.write(f"{self.step}\t{self._seen[1]}\n")
                    notes.flush()

    def tick(self) -> None:
        """Note the time since the last turn of the event loop."""
        now, worked = time.perf_counter(), time.thread_time()
        gap = now - self.last
        if gap > self.gaps.get(self.step, 0.0):
            self.gaps[self.step] = gap
            self.own[self.step] = worked - self.worked
            if gap > LONG:
                self.where[self.step] = self._seen[1] if self._seen[0] == self.last else "not looked at in time"
        self.last, self.worked = now, worked

    def pause(self) -> None:
        """Leave out what the walkthrough itself has just done."""
        self.last, self.worked = time.perf_counter(), time.thread_time()

    def stop(self) -> None:
        """End watching."""
        self.timer.stop()
        self._ended.set()
        self._thread.join()


def where_is(thread: int) -> str:
    """Return where a thread is: its innermost frames; "QGIS itself" without any.

    The frame is let go at once: what it holds must not be freed by this thread.
    """
    frame = sys._current_frames().get(thread)
    found: list[tuple[CodeType, int]] = []
    while frame is not None and len(found) < _INNERMOST:
        found.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    del frame
    return " < ".join(f"{Path(code.co_filename).name}:{line} {code.co_name}" for code, line in found) or "QGIS itself"
