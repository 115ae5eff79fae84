# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes that are on the map and not in the store: asked for before the store is let go or QGIS ends.

The redraw bench and the beats keep what was drawn until it is written. The layers of the store know nothing of it, so
QGIS's own question about unsaved layers does not come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.gui import QgsApplicationExitBlockerInterface
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import QMessageBox, QWidget

from digital_citymgmt_plugin.gui.dialogs.question import question, said_yes


def tr(text: str) -> str:
    """Translate a text of the question."""
    return QCoreApplication.translate("Unwritten", text)


class Unwritten:
    """Who holds changes, and the question before they are lost.

    Attributes
    ----------
    tellers : list
        Each returns what would be lost in words, "" when nothing would.
    """

    def __init__(self, parent: QWidget) -> None:
        self.parent = parent
        self.tellers: list[Callable[[], str]] = []
        self.box: QMessageBox | None = None

    def words(self) -> list[str]:
        """Return what would be lost."""
        return [words for words in (teller() for teller in self.tellers) if words]

    def if_sure(self, then: Callable[[], None]) -> None:
        """Do something by which the changes are lost; asks first when there are any."""
        if not self.words():
            then()
            return
        self.shut()
        box = self._question(tr("Close the city store without writing these changes?"))
        box.finished.connect(lambda answer: then() if said_yes(answer) else None)
        self.box = box
        box.open()

    def may_end(self) -> bool:
        """Return whether QGIS may end: the user is asked, and waited for, when changes would be lost."""
        if not self.words():
            return True
        box = self._question(tr("End QGIS without writing these changes?"))
        return said_yes(int(box.exec()))

    def _question(self, words: str) -> QMessageBox:
        box = question(self.parent, tr("Changes not written"), words, "\n".join(self.words()), loses=True)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.destroyed.connect(lambda _box=None: self._gone(box))
        return box

    def _gone(self, box: QMessageBox) -> None:
        if self.box is box:
            self.box = None

    def shut(self) -> None:
        """Close the question."""
        box, self.box = self.box, None
        if box is not None:
            box.done(int(QMessageBox.StandardButton.Cancel))


class ExitBlocker(QgsApplicationExitBlockerInterface):
    """Keeps QGIS from ending while changes are not written and the user does not say so."""

    def __init__(self, unwritten: Unwritten, iface: Any) -> None:
        super().__init__()
        self._unwritten, self._iface = unwritten, iface
        iface.registerApplicationExitBlocker(self)

    def allowExit(self) -> bool:
        """Answer QGIS."""
        return self._unwritten.may_end()

    def shut(self) -> None:
        """Let QGIS end without asking here."""
        self._iface.unregisterApplicationExitBlocker(self)
