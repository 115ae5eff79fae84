# SPDX-License-Identifier: GPL-2.0-or-later
"""How windows ask the engine: every request in a task, answers as calls in the main thread, one after the other."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from qgis.core import QgsApplication, QgsTask
from qgis.PyQt.QtCore import QObject, pyqtSignal

from digital_citymgmt_plugin.core.errors import Cancelled

log = logging.getLogger(__name__)

OnResult = Callable[[dict[str, Any]], None]
OnError = Callable[[Exception], None]
OnProgress = Callable[[float, str, Mapping[str, Any]], None]
# (on_progress, is_cancelled) → result; waits, so it is called in a worker thread only
Work = Callable[[OnProgress, Callable[[], bool]], dict[str, Any]]


class AskTask(QgsTask):
    """One request on its way; ``run`` waits in a worker thread, ``finished`` hands over in the main thread."""

    said = pyqtSignal(float, str, dict)

    def __init__(self, words: str, work: Work, done: Callable[[AskTask], None]) -> None:
        flags = QgsTask.Flag.CanCancel
        if hasattr(QgsTask.Flag, "Silent"):  # since 3.26: no desktop notice for a look-up
            flags = QgsTask.Flag.CanCancel | QgsTask.Flag.Silent
        super().__init__(words, flags)
        self.result: dict[str, Any] | None = None
        self.error: Exception | None = None
        self.on_result: OnResult | None = None
        self.on_error: OnError | None = None
        self._work = work
        self._done = done

    def run(self) -> bool:
        """Wait for the engine (worker thread)."""
        try:
            self.result = self._work(self._progress, self.isCanceled)
        except Exception as error:  # handed over to the main thread, told there
            self.error = error
            return False
        return True

    def _progress(self, fraction: float, message: str, values: Mapping[str, Any]) -> None:
        self.setProgress(max(0.0, min(1.0, fraction)) * 100)
        self.said.emit(fraction, message, dict(values))

    def finished(self, result: bool) -> None:
        """Hand over (main thread)."""
        self._done(self)


class EngineLink(QObject):
    """Asks one thing at a time; what comes meanwhile waits its turn."""

    progressed = pyqtSignal(float, str, dict)
    busy_changed = pyqtSignal(bool, str)  # whether a request is under way, and its words

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[AskTask] = deque()
        self._running: AskTask | None = None
        self._shut = False

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self._running is not None

    def ask(self, words: str, work: Work, on_result: OnResult, on_error: OnError) -> None:
        """Start a piece of work; ``words`` name it to the user. The answers come in the main thread."""
        if self._shut:
            return
        task = AskTask(words, work, self._finish)
        task.on_result, task.on_error = on_result, on_error
        self._waiting.append(task)
        self._next()

    def _next(self) -> None:
        if self._running is not None or not self._waiting:
            return
        task = self._waiting.popleft()
        self._running = task
        task.said.connect(self.progressed)
        self.busy_changed.emit(True, task.description())
        QgsApplication.taskManager().addTask(task)

    def _finish(self, task: AskTask) -> None:
        self._running = None
        if self._shut:
            return
        self.busy_changed.emit(False, "")
        error = task.error
        if error is None and task.result is None and task.isCanceled():
            error = Cancelled()  # before it began: whoever asked waits for an end all the same
        if error is not None and task.on_error is not None:
            task.on_error(error)
        elif task.result is not None and task.on_result is not None:
            task.on_result(task.result)
        self._next()

    def cancel(self) -> None:
        """Ask the engine to stop what runs, and forget what waits."""
        self._waiting.clear()
        if self._running is not None:
            self._running.cancel()

    def forget(self, words: str) -> None:
        """Stop what bears these words, running or waiting, and nothing else; nobody is told of its end."""
        self._waiting = deque(task for task in self._waiting if task.description() != words)
        if self._running is not None and self._running.description() == words:
            self._running.on_result = self._running.on_error = None
            self._running.cancel()

    def shut(self) -> None:
        """End: nothing is handed over any more."""
        self._shut = True
        self.cancel()
        task = self._running
        if task is not None:
            task.said.disconnect(self.progressed)
            task.waitForFinished(3000)
