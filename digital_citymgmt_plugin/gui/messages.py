# SPDX-License-Identifier: GPL-2.0-or-later
"""Telling the user: one sentence in the message bar, details behind a button, the rest in the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import QMessageBox, QPushButton

from digital_citymgmt_plugin.bridge import messages as sentences
from digital_citymgmt_plugin.core.errors import Cancelled, CityError
from digital_citymgmt_plugin.gui.dialogs.question import tell_plainly
from digital_citymgmt_plugin.gui.plain_text import as_html
from digital_citymgmt_plugin.gui.standard_buttons import name_buttons

log = logging.getLogger(__name__)


def tr(text: str) -> str:
    """Translate a text of the message bar."""
    return QCoreApplication.translate("Messages", text)


class Messages:
    """The message bar of the main window."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.title = tr("Digital city management")

    def text(self, code: str, values: Mapping[str, Any]) -> str:
        """Return the sentence of a code."""
        return sentences.sentence(code, dict(values))

    def sentence(self, error: Exception) -> str:
        """Return one sentence for any error."""
        return sentences.sentence(error)

    def show(self, text: str, level: Any = Qgis.MessageLevel.Info, details: str = "") -> None:
        """Put a sentence into the message bar."""
        bar = self.iface.messageBar()
        if not details:
            bar.pushMessage(self.title, as_html(text), level)
            return
        item = bar.createMessage(self.title, as_html(text))
        button = QPushButton(tr("Details"), item)
        button.clicked.connect(lambda: self._show_details(text, details))
        item.layout().addWidget(button)
        bar.pushWidget(item, level)

    def show_error(self, error: Exception) -> None:
        """Tell an error: what the user can mend calmly, what is our fault with its traceback in the log."""
        if isinstance(error, Cancelled):
            self.show(tr("Stopped; nothing was changed."), Qgis.MessageLevel.Info)
            return
        if isinstance(error, CityError):
            lines = [f"{key}: {value}" for key, value in error.values.items()]
            details = "\n".join([f"[{error.code}]", *lines])
            log.warning("%s", error)
        else:
            details = f"{type(error).__name__}: {error}"
            log.error("Unexpected", exc_info=error)
        self.show(self.sentence(error), Qgis.MessageLevel.Warning, details)

    def _show_details(self, text: str, details: str) -> None:
        box = QMessageBox(self.iface.mainWindow())
        box.setWindowTitle(self.title)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(text)
        tell_plainly(box, details)  # Qt's button for details bears Qt's own words
        box.setStandardButtons(QMessageBox.StandardButton.Close)
        name_buttons(box)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
