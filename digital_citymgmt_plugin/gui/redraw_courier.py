# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries questions of the redraw bench to the engine and back, in a thread of its own: a pen cannot wait its turn.

``EngineLink`` asks by tasks of QGIS, one after the other with all that windows ask. A pen asks many times a second: at
most one of its questions is under way, and of those that wait the latest alone is sent.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal

from digital_citymgmt_plugin.core.requests import Request

OnAnswer = Callable[[dict[str, Any]], None]
OnError = Callable[[Exception], None]


@dataclass
class _Letter:
    """One question: to which store, and who is told the answer."""

    path: str
    request: Request
    done: OnAnswer
    failed: OnError


class Courier(QObject):
    """Asks in the order given; of probes the latest alone.

    Parameters
    ----------
    pool : Pool
        Engines by the path of their store.
    keeps : bool
        Whether a probe that waits outlives a request: it is of a case, not of the drawing that the request changes.
    sentences : callable, optional
        Gives the words by code that go with each question; without it answers have no words of the user's language.
    """

    _came = pyqtSignal(object, object)  # letter, answer or error

    def __init__(
        self, pool: Any, parent: QObject | None = None, *, keeps: bool = False,
        sentences: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.pool, self.keeps = pool, keeps
        self._options = {"sentences": dict(sentences())} if sentences is not None else {}
        self.sent = 0  # probes that were sent; those overtaken are not
        self.took = 0.0  # seconds of the last question, in the engine and its pipe
        self.handing = 0  # answers on their way to the main thread
        self._letters: deque[_Letter] = deque()
        self._probe: _Letter | None = None
        self._held = False
        self._shut = False
        self._wake = threading.Condition()
        self._under_way = False
        self._came.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether something is under way or waits."""
        with self._wake:
            return self._under_way or bool(self._letters) or self._probe is not None

    def send(self, path: str, request: Request, done: OnAnswer, failed: OnError) -> None:
        """Send a request; the answer comes in the main thread. A pen's probe that waits is of what was before."""
        with self._wake:
            self._letters.append(_Letter(path, request, done, failed))
            self._probe = self._probe if self.keeps else None
            self._go()

    def probe(self, path: str, request: Request, done: OnAnswer, failed: OnError) -> None:
        """Send a question of a pen as soon as nothing else is under way, unless a later one takes its place."""
        with self._wake:
            if not self._held:
                self._probe = _Letter(path, request, done, failed)
                self._go()

    def hold(self, on: bool) -> None:
        """Send no probes for a while: another question to the engine would end a preview that is held there."""
        with self._wake:
            self._held = on
            self._probe = None if on else self._probe

    def forget(self) -> None:
        """Forget what waits."""
        with self._wake:
            self._letters.clear()
            self._probe = None

    def _go(self) -> None:
        if self._thread is None and not self._shut:
            self._thread = threading.Thread(target=self._work, name="dcm-redraw", daemon=True)
            self._thread.start()
        self._wake.notify()

    def _next(self) -> _Letter | None:
        with self._wake:
            self._under_way = False
            while not (self._letters or self._probe or self._shut):
                self._wake.wait()
            if self._shut:
                return None
            self._under_way = True
            if self._letters:
                return self._letters.popleft()
            letter, self._probe = self._probe, None
            self.sent += 1
            return letter

    def _work(self) -> None:
        while True:
            letter = self._next()
            if letter is None:
                return
            answer: Any
            began = time.perf_counter()
            try:
                answer = dict(self.pool.hold(letter.path).call(letter.request, **self._options))
            except Exception as error:  # handed over to the main thread, told there
                answer = error
            self.took = time.perf_counter() - began
            if not self._shut:
                self.handing += 1
                self._came.emit(letter, answer)

    def _hand_over(self, letter: _Letter, answer: Any) -> None:
        self.handing -= 1
        if self._shut:
            return
        if isinstance(answer, Exception):
            letter.failed(answer)
        else:
            letter.done(answer)

    def shut(self) -> None:
        """End: nothing is handed over any more; the thread ends with the answer that it waits for."""
        with self._wake:
            self._shut = True
            self._letters.clear()
            self._probe = None
            self._wake.notify()
