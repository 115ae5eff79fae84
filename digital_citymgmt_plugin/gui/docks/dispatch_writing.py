# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written from the dispatch dock: one case at once, several after their counts were seen; said, taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QObject
from qgis.PyQt.QtWidgets import QDialog

from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.gui.dialogs.operations import counts_words
from digital_citymgmt_plugin.gui.dialogs.preview import PreviewDialog
from digital_citymgmt_plugin.gui.docks.dispatch_controller import DispatchController
from digital_citymgmt_plugin.gui.docks.dispatch_words import move_counts, preview_of, why_words
from digital_citymgmt_plugin.gui.docks.parts import shortcut
from digital_citymgmt_plugin.gui.plain_text import as_tip

_GONE = ("undo.already", "undo.unknown", "undo.not_recorded")  # nothing of it is left to be taken back
_UNDOS = 50  # moves that can be taken back one after the other


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DispatchDock", text)


class DispatchWriting(QObject):
    """Writes what the dock asks for; the line of results says what came of it, and it stays until the next.

    Parameters
    ----------
    desk : DispatchController
        Whose list and page follow.
    """

    def __init__(self, desk: DispatchController) -> None:
        super().__init__(desk)
        self.desk, self.dock = desk, desk.dock
        self.dialog: QDialog | None = None
        self.done: list[str] = []  # operations of this dock, the newest last
        self._words: dict[str, str] = {}  # operation → what it was
        self.dock.undo_button.clicked.connect(lambda _=False: self.undo())
        shortcut(self.dock, tr("Take the last move made here back"), "F9, Backspace", self.undo)

    # -- which cases --------------------------------------------------------------------------------------------

    def case_of(self, fid: int) -> Mapping[str, Any]:
        """Return a case as its page tells it, as its row does while the page is still another one's."""
        case: Mapping[str, Any] = (self.desk.page or {}).get("case") or {}
        if case.get("fid") == fid:
            return case
        return self.dock.cases.row(self.dock.cases.row_of(fid)) or {}

    def named(self, fids: Sequence[int]) -> str:
        """Return the number of a case, or how many they are."""
        number = str(self.case_of(fids[0]).get("case_no") or "") if len(fids) == 1 else ""
        return number or tr("{count} cases").format(count=QLocale().toString(len(fids)))

    # -- writing ------------------------------------------------------------------------------------------------

    def do(self, request: Any, words: str, fids: Sequence[int], then: Callable[[], None] | None = None) -> None:
        """Write for a single case at once (``then`` comes when it is written), for several after their counts."""
        said = f"{words} · {self.named(fids)}"
        if len(fids) == 1:
            self.write(request, said, then)
        else:
            self.desk.ask(words, request, lambda answer: self._seen(words, said, request, answer), preview="hold")

    def _seen(self, words: str, said: str, request: Any, answer: dict[str, Any]) -> None:
        dialog = PreviewDialog(words, preview_of(answer), self.dock)
        dialog.accepted.connect(lambda: self.write(request, said))
        dialog.rejected.connect(self.desk.reload)  # any other request ends the holding
        self.show(dialog)

    def write(self, request: Any, said: str, then: Callable[[], None] | None = None) -> None:
        """Write, and say what came of it."""

        def written(answer: dict[str, Any]) -> None:
            self.remember(answer, said)
            refused = list(answer.get("refused") or [])
            if refused:
                told = [why_words(one) for one in refused[:3]]
                self.desk.controller.messages.show("\n".join(dict.fromkeys(told)), Qgis.MessageLevel.Warning)
            counts = counts_words(move_counts(answer.get("counts") or {}))
            self.dock.tell(f"{said}: {counts}" if counts else said)
            self.changed(list(answer.get("tables") or ["case_record", "case_event"]))
            if then is not None:
                then()

        self.desk.ask(said, request, written, failed=self._failed)

    def _failed(self, error: Exception) -> None:
        self.desk.controller.messages.show_error(error)
        self.desk.reload()

    def changed(self, tables: list[str]) -> None:
        """Let list, page and layers follow what was written."""
        self.desk.controller.store_changed(self.desk.path, tables)

    # -- taking back --------------------------------------------------------------------------------------------

    def remember(self, answer: Mapping[str, Any], said: str = "") -> None:
        """Keep what an answer says was written as what is taken back first."""
        if answer.get("operation"):
            operation = str(answer["operation"])
            self.done = [*self.done, operation][-_UNDOS:]
            self._words = {one: self._words.get(one, "") for one in self.done}
            self._words[operation] = said
        self._show_undo()

    def forget(self) -> None:
        """Forget what was written: another store is open."""
        self.done.clear()
        self._words.clear()
        self.dock.tell("")
        self._show_undo()

    def _drop(self, operation: str) -> None:
        self.done = [one for one in self.done if one != operation]
        self._show_undo()

    def _show_undo(self) -> None:
        said = self._words.get(self.done[-1], "") if self.done else ""
        tip = tr("Take the last move made here back (F9, Backspace)")
        self.dock.undo_button.setEnabled(bool(self.done))
        self.dock.undo_button.setToolTip(as_tip(f"{tip}: {said}" if said else tip))

    def undo(self) -> None:
        """Take the last move of this dock back."""
        if not self.done:
            return
        operation = self.done[-1]
        said = self._words.get(operation, "")

        def back(answer: dict[str, Any]) -> None:
            self._drop(operation)
            words = tr("The last move was taken back.")
            self.dock.tell(f"{words} {said}".rstrip())
            self.changed(list(answer.get("tables") or ["case_record", "case_event"]))

        def failed(error: Exception) -> None:
            if isinstance(error, CityError) and error.code in _GONE:  # else it would bar the way to those before it
                self._drop(operation)
            self._failed(error)

        self.desk.ask(tr("Taking back"), UndoOperation(operation), back, failed=failed)

    # -- windows ------------------------------------------------------------------------------------------------

    def show(self, dialog: QDialog) -> None:
        """Open a window in the place of the one before."""
        self.shut_dialog()
        self.dialog = dialog
        dialog.finished.connect(lambda _answer: self._ended(dialog))
        dialog.open()

    def _ended(self, dialog: QDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def shut_dialog(self) -> None:
        """Close the window that stands open."""
        if self.dialog is not None:
            self.dialog.reject()
