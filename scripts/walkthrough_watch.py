# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the main thread of QGIS does not come to its event loop, and where it was meanwhile."""

from __future__ import annotations

import faulthandler
import re
import time
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QTimer

LONG = 0.2  # seconds from which on it is written down where the thread was
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<name>.+)$', re.MULTILINE)


class Watch:
    """A timer in the event loop, and a dog outside of Python that barks when the timer is late.

    The dog is ``faulthandler``: it needs no lock of Python, so it also sees a thread that waits inside C++. A place
    without any Python frame is QGIS itself. ``own`` is what the thread worked in its longest gap: a machine with other
    work makes the gap longer, not this. What the walkthrough does on its own account (pictures) is left out.
    """

    def __init__(self, notes: Path) -> None:
        self.step = "start"
        self.gaps: dict[str, float] = {}
        self.own: dict[str, float] = {}
        self.where: dict[str, str] = {}
        self.notes = notes
        self._file: Any = notes.open("w+", encoding="utf-8")
        self._read = 0
        self.last, self.worked = time.perf_counter(), time.thread_time()
        self.timer = QTimer()
        self.timer.setInterval(10)
        self.timer.timeout.connect(self.tick)
        self.timer.start()
        self._arm()

    def _arm(self) -> None:
        faulthandler.dump_traceback_later(LONG, repeat=False, file=self._file)

    def tick(self) -> None:
        """Note the time since the last turn of the event loop."""
        now, worked = time.perf_counter(), time.thread_time()
        gap = now - self.last
        if gap > self.gaps.get(self.step, 0.0):
            self.gaps[self.step] = gap
            self.own[self.step] = worked - self.worked
            if gap > LONG:
                self.where[self.step] = self._place()
        self.last, self.worked = now, worked
        self._arm()

    def _place(self) -> str:
        """Return where the main thread was when the dog barked: the innermost frames."""
        self._file.flush()
        text = self.notes.read_text(encoding="utf-8", errors="replace")
        new, self._read = text[self._read :], len(text)
        main = new.rsplit("Thread 0x", 1)[-1]  # the main thread comes last
        frames = [f"{Path(found['file']).name}:{found['line']} {found['name']}" for found in _FRAME.finditer(main)]
        return " < ".join(frames[:4]) or "QGIS itself"

    def pause(self) -> None:
        """Leave out what the walkthrough itself has just done."""
        self.last, self.worked = time.perf_counter(), time.thread_time()
        self._arm()

    def stop(self) -> None:
        """End watching."""
        faulthandler.cancel_dump_traceback_later()
        self.timer.stop()
        self._file.close()
