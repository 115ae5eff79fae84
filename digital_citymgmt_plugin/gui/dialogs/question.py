# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions and windows as all of the plugin ask and show them: the same buttons, words as they are, on any screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qgis.PyQt.QtCore import QLocale, Qt
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QInputDialog, QLabel, QMessageBox, QPushButton, QWidget

from digital_citymgmt_plugin.gui.standard_buttons import name_buttons, tr

SMALL = (1366, 768)  # px: the smallest screen that is worked on
FRAME = (40, 68)  # px beside and above a window: its title, the bar of the desktop


def question(parent: QWidget, title: str, words: str, told: str = "", *, loses: bool = False) -> QMessageBox:
    """Make the question *Yes* or *Cancel*; the caller opens it and hears ``finished``.

    Parameters
    ----------
    parent, title, words : QWidget, str, str
    told : str
        What follows from it.
    loses : bool
        Whether *Yes* loses something: then Enter means *Cancel*.
    """
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.PlainText)  # names come from files
    box.setText(words)
    tell_plainly(box, told)
    box.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel if loses else QMessageBox.StandardButton.Yes)
    name_buttons(box)
    return box


def tell_plainly(box: QMessageBox, told: str) -> None:
    """Put a text below that of a message box, as it is: ``setTextFormat`` is only for the text above."""
    box.setInformativeText(told)
    for label in box.findChildren(QLabel, "qt_msgbox_informativelabel"):
        label.setTextFormat(Qt.TextFormat.PlainText)


def said_yes(answer: int) -> bool:
    """Tell whether a question ended with *Yes*."""
    return answer == int(QMessageBox.StandardButton.Yes)


def ask_text(
    parent: QWidget, title: str, words: str, text: str, then: Callable[[str], None], ok: str = ""
) -> QInputDialog:
    """Make the question for a line of text; the caller opens it. ``ok`` is the word of the button, *OK* without."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setLabelText(words)
    dialog.setTextValue(text)
    dialog.setOkButtonText(ok or tr("OK"))
    dialog.setCancelButtonText(tr("Cancel"))
    dialog.setMinimumWidth(dialog.fontMetrics().averageCharWidth() * 50)
    dialog.accepted.connect(lambda: then(dialog.textValue()))
    return dialog


def missing_label() -> QLabel:
    """Make the line of a window that says what it still needs before it can be accepted; it is read out, too."""
    label = QLabel()
    label.setObjectName("missing")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.hide()
    return label


def tell_missing(label: QLabel, ok: QPushButton, names: Sequence[str], sentence: str = "") -> None:
    """Say in a window what is still missing, or ``sentence`` what is wrong; with neither it can be accepted.

    Parameters
    ----------
    label : QLabel
        Of ``missing_label``.
    ok : QPushButton
        Whose tool tip says the same.
    names : sequence of str
        Of the fields that are still empty.
    sentence : str
        What is wrong with one that is not.
    """
    listed = QLocale().createSeparatedList(list(names))
    words = sentence or (tr("Still missing: {names}").format(names=listed) if names else "")
    label.setText(words)
    label.setVisible(bool(words))
    ok.setEnabled(not words)
    ok.setToolTip(words)


def fit(dialog: QDialog, width: int, height: int) -> None:
    """Give a window its first size, larger with larger letters, yet never larger than the screen has room for.

    Parameters
    ----------
    dialog : QDialog
        With all its widgets.
    width, height : int
        px, with letters of the usual size.
    """
    screen = dialog.screen().availableGeometry()
    wide, high = max(screen.width(), 640) - FRAME[0], max(screen.height(), 480) - FRAME[1]
    larger = max(1.0, dialog.fontMetrics().height() / 17)
    needed = dialog.sizeHint().height()
    dialog.resize(min(wide, round(width * larger)), min(high, max(round(height * larger), needed)))
    for box in dialog.findChildren(QDialogButtonBox):
        for button in box.buttons():
            # Enter in a field must not press what only stands first among several: an export, for one.
            if box.buttonRole(button) == QDialogButtonBox.ButtonRole.ActionRole and isinstance(button, QPushButton):
                button.setAutoDefault(False)
