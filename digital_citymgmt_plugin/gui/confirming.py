# SPDX-License-Identifier: GPL-2.0-or-later
"""The question between a bulk action and its writing: asked by a worker thread, answered in a window beside the map."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from qgis.PyQt.QtCore import QObject, Qt, QThread, pyqtSignal
from qgis.PyQt.QtWidgets import QDialog, QWidget

from digital_citymgmt_plugin.gui.dialogs.preview import PreviewDialog

_LOOK_S = 0.1  # how often the waiting thread looks whether its run was cancelled


class Question:
    """One question on its way."""

    def __init__(self, title: str, answer: Mapping[str, Any]) -> None:
        self.title = title
        self.answer = answer
        self.write = False
        self.decided = threading.Event()
        self.dialog: PreviewDialog | None = None

    def decide(self, write: bool) -> None:
        """Give the answer; the first one counts."""
        if not self.decided.is_set():
            self.write = write
            self.decided.set()


class Confirmations(QObject):
    """Shows the counts of a previewed action and hands the answer to the thread that waits for it.

    Parameters
    ----------
    window : QWidget
        What the windows stand above. They are not modal: the map can be looked at, and the run cancelled.
    """

    _asked = pyqtSignal(object)
    _taken_back = pyqtSignal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        self.window = window
        self._open: list[Question] = []
        self._shut = False
        self._asked.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._taken_back.connect(self._close, Qt.ConnectionType.QueuedConnection)

    def ask(self, title: str, answer: Mapping[str, Any], is_cancelled: Callable[[], bool]) -> bool:
        """Return whether to write; waits in the thread that calls. False when cancelled or the plugin ends."""
        if self._shut:
            return False
        if QThread.currentThread() == self.thread():
            return PreviewDialog(title, answer, self.window).exec() == int(QDialog.DialogCode.Accepted)
        question = Question(title, answer)
        self._asked.emit(question)
        while not question.decided.wait(_LOOK_S):
            if is_cancelled() or self._shut:
                question.decide(False)
                self._taken_back.emit(question)
        return question.write

    def dialogs(self) -> list[PreviewDialog]:
        """List the questions that stand open."""
        return [one.dialog for one in self._open if one.dialog is not None]

    def shut(self) -> None:
        """End: everything asked is answered with no."""
        self._shut = True
        for question in list(self._open):
            self._close(question)

    def _show(self, question: Question) -> None:
        if question.decided.is_set() or self._shut:
            question.decide(False)
            return
        dialog = PreviewDialog(question.title, question.answer, self.window)
        question.dialog = dialog
        self._open.append(question)
        dialog.finished.connect(lambda code: self._answered(question, code))
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _answered(self, question: Question, code: int) -> None:
        question.decide(code == int(QDialog.DialogCode.Accepted))
        if question in self._open:
            self._open.remove(question)
        if question.dialog is not None:
            question.dialog.deleteLater()
            question.dialog = None

    def _close(self, question: Question) -> None:
        if question.dialog is not None:
            question.dialog.reject()
