# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be seen of a window without eyes: its texts, what is cut off, what has no name, letters used twice.

Only Qt: the review walk and the tests of the QGIS side ask the same questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialogButtonBox,
    QDockWidget,
    QGroupBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QTableView,
    QTabWidget,
    QToolButton,
    QTreeView,
    QWidget,
)

# Words of formats, units and names of the domain that stand in Chinese sentences as they are.
LATIN = re.compile(
    r"\b(?:GeoPackage|GeoJSON|Excel|CASS|DXF|SHP|GPKG|GBK|UTF|EPSG|CGCS2000|QGIS|CRS|Ctrl|Shift|Alt|Esc|Enter|Tab|Up"
    r"|Down|Backspace|Space|xlsx|csv|gpkg|shp|dxf|geojson|json|zip|txt|utf|gb18030|area|components|cases|road|PDF"
    r"|\d+[A-Za-z]+|F\d+|m²|km²?|px)\b"
)
WORD = re.compile(r"[A-Za-z]{3,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CODE = re.compile(r"^[\w./\\:-]*[/\\._\d][\w./\\:-]*$", re.ASCII)  # a path, a code, the name of a layer


def own(widget: QWidget, window: QWidget) -> bool:
    """Tell whether a widget is shown in the window and is not a part that Qt made for itself."""
    return widget.isVisibleTo(window) and not widget.objectName().startswith(("qt_", "ScrollLeft", "ScrollRight"))


def texts(window: QWidget) -> Iterator[tuple[str, str]]:
    """Yield kind and text of all that a window says, tips and names for screen readers, too."""
    yield "title", window.windowTitle()
    for widget in window.findChildren(QWidget):
        if own(widget, window):
            yield from said_by(widget)
            yield "tip", widget.toolTip()
            yield "name", widget.accessibleName()


def said_by(widget: QWidget) -> Iterator[tuple[str, str]]:
    """Yield kind and text of what a widget shows."""
    plain: tuple[tuple[type, str, str], ...] = (
        (QLabel, "label", "text"), (QAbstractButton, "button", "text"), (QGroupBox, "group", "title"),
        (QLineEdit, "placeholder", "placeholderText"),
    )  # fmt: skip
    for kind, name, method in plain:
        if isinstance(widget, kind):
            yield name, str(getattr(widget, method)())
    if isinstance(widget, QComboBox):
        yield from (("choice", widget.itemText(at)) for at in range(min(30, widget.count())))
    elif isinstance(widget, QTabWidget):
        yield from (("tab", widget.tabText(at)) for at in range(widget.count()))
    elif isinstance(widget, (QTableView, QTreeView)) and widget.model() is not None:
        model, across = widget.model(), Qt.Orientation.Horizontal
        yield from (("header", str(model.headerData(at, across) or "")) for at in range(model.columnCount()))
    if isinstance(widget, QToolButton) and widget.menu() is not None:
        yield from (("entry", action.text()) for action in widget.menu().actions())


def untranslated(text: str) -> bool:
    """Tell whether a text of a Chinese window is English: it has words, and nothing Chinese about them."""
    text = re.sub(r"<[^>]*>", " ", text).replace("&", "").strip()
    if CHINESE.search(text) or CODE.match(text):
        return False
    return bool(WORD.search(LATIN.sub(" ", text)))


def cut_off(window: QWidget) -> list[str]:
    """Return the texts of buttons and one-line labels that have less room than they need."""
    found = []
    for widget in window.findChildren(QWidget):
        if not own(widget, window) or not isinstance(widget, (QAbstractButton, QLabel)) or not widget.text():
            continue
        if isinstance(widget, QLabel) and (widget.wordWrap() or "<" in widget.text()):
            continue
        if widget.width() < widget.minimumSizeHint().width() - 1 and widget.width() > 0:
            found.append(widget.text())
    return found


def unnamed(window: QWidget) -> list[str]:
    """Return the buttons with neither a tip nor a text of their own to be read out, and fields without a name."""
    found = []
    for widget in window.findChildren(QWidget):
        if not own(widget, window) or isinstance(widget.parent(), (QDialogButtonBox, QMessageBox, QComboBox)):
            continue
        if isinstance(widget, (QPushButton, QToolButton)) and isinstance(widget.parent(), QWidget):
            if widget.text() and not (widget.toolTip() and widget.accessibleName()):
                found.append(widget.text())
        elif isinstance(widget, (QComboBox, QLineEdit)) and not (
            widget.accessibleName() or widget.toolTip() or buddy(widget, window)
        ):
            found.append(widget.objectName() or type(widget).__name__)
    return found


def buddy(widget: QWidget, window: QWidget) -> bool:
    """Tell whether a label names a field."""
    return any(label.buddy() is widget for label in window.findChildren(QLabel))


def letters_twice(window: QWidget) -> dict[str, list[str]]:
    """Return the mnemonics that more than one control of a window has, with their texts."""
    found: dict[str, list[str]] = {}
    for widget in window.findChildren(QWidget):
        if own(widget, window) and isinstance(widget, (QAbstractButton, QLabel, QGroupBox)):
            text = widget.title() if isinstance(widget, QGroupBox) else widget.text()
            letter = re.search(r"&([A-Za-z0-9])", text.replace("&&", ""))
            if letter and not (isinstance(widget, QLabel) and widget.buddy() is None):
                found.setdefault(letter.group(1).lower(), []).append(text)
    return {letter: words for letter, words in found.items() if len(words) > 1}


def luminance(colour: QColor) -> float:
    """Return the relative luminance of WCAG 2.1."""
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.1, 1.4.3: text needs 4.5)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def report(window: QWidget, *, chinese: bool) -> dict[str, Any]:
    """Return what is seen of a window: its size, its least size, and each thing that is not as it should be."""
    least = window.minimumSizeHint() if not isinstance(window, QDockWidget) else window.widget().minimumSizeHint()
    found: dict[str, Any] = {
        "title": window.windowTitle(),
        "size": [window.width(), window.height()],
        "least": [least.width(), least.height()],
        "cut off": cut_off(window),
        "unnamed": unnamed(window),
        "letters twice": letters_twice(window),
        "buttons": [
            one.text() for one in window.findChildren(QPushButton) if own(one, window) and one.text()
        ],
    }
    if chinese:
        found["untranslated"] = sorted({f"{kind}: {text}" for kind, text in texts(window) if untranslated(text)})
    return found
