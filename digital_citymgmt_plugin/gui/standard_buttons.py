# SPDX-License-Identifier: GPL-2.0-or-later
"""Standard buttons in the language of the plugin: Qt's own translation is not installed with every QGIS."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QDialogButtonBox, QMessageBox


def tr(text: str) -> str:
    """Translate the word of a button."""
    return QCoreApplication.translate("StandardButtons", text)


def name_buttons(box: QDialogButtonBox | QMessageBox) -> None:
    """Give the standard buttons of a box our own words."""
    words = {"Ok": tr("OK"), "Cancel": tr("Cancel"), "Close": tr("Close"), "Save": tr("Save"), "Yes": tr("Yes"),
             "No": tr("No")}  # fmt: skip
    for name, word in words.items():
        button = box.button(getattr(type(box).StandardButton, name))
        if button is not None:
            button.setText(word)
