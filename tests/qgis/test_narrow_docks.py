# SPDX-License-Identifier: GPL-2.0-or-later
"""Docks with large letters, and hints of fields in a dark theme."""

from __future__ import annotations

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from digital_citymgmt_plugin.gui.docks.beat_dock import BeatDock
from digital_citymgmt_plugin.gui.docks.redraw_dock import RedrawDock
from digital_citymgmt_plugin.gui.docks.wrapping import Wrapped
from digital_citymgmt_plugin.gui.hints import hint

pytestmark = pytest.mark.qgis
LARGE, MOST = 24.0, 520  # points (twice 12), pixels


@pytest.fixture
def large_letters(qgis_app):
    before = qgis_app.font()
    font = qgis_app.font()
    font.setPointSizeF(LARGE)
    qgis_app.setFont(font)
    yield
    qgis_app.setFont(before)


@pytest.mark.parametrize("kind", [RedrawDock, BeatDock])
def test_docks_are_narrow_with_letters_of_twice_the_size(large_letters, kind):
    dock = kind()
    assert dock.widget().minimumSizeHint().width() <= MOST


def test_controls_go_on_in_the_next_line(qgis_app):
    window = QWidget()
    outer = QVBoxLayout(window)
    buttons = [QPushButton("0123456789") for _ in range(4)]
    edit = QLineEdit()
    outer.addLayout(Wrapped(*buttons, edit))
    outer.addStretch(1)
    window.resize(1500, 300)
    window.show()
    QTest.qWait(30)
    assert len({one.y() + one.height() // 2 for one in (*buttons, edit)}) == 1
    assert edit.geometry().right() > 1450  # it takes what is left
    window.resize(buttons[0].sizeHint().width() * 2 + 40, 300)
    QTest.qWait(30)
    assert [one.y() > buttons[0].y() for one in buttons] == [False, False, True, True]
    boxes = [one.geometry() for one in (*buttons, edit)]
    assert not any(one.intersects(other) for at, one in enumerate(boxes) for other in boxes[at + 1 :])
    buttons[1].hide()
    QTest.qWait(30)
    assert buttons[2].y() == buttons[0].y()


@pytest.mark.parametrize("theme", ["default", "Night Mapping"])
def test_hints_are_apart_from_their_ground(qgis_app, theme):
    edit = QLineEdit()
    hint(edit, "words")
    edit.show()
    before = QgsApplication.palette()
    QgsApplication.setUITheme(theme)
    try:
        QTest.qWait(20)
        palette = edit.palette()
        ground, words = (palette.color(role) for role in (QPalette.ColorRole.Base, QPalette.ColorRole.PlaceholderText))
        assert abs(ground.lightness() - words.lightness()) > 100
        assert words.alpha() >= 150
        QgsApplication.sendEvent(edit, QEvent(QEvent.Type.PaletteChange))
        assert edit.palette().color(QPalette.ColorRole.PlaceholderText) == words
    finally:
        QgsApplication.setUITheme("default")
        QgsApplication.setPalette(before)  # which the theme leaves behind
