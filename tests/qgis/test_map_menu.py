# SPDX-License-Identifier: GPL-2.0-or-later
"""The menus for the map's look and for new layouts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QMenu

from digital_citymgmt_plugin.bridge import layers, layouts, looks, palette
from digital_citymgmt_plugin.gui.map_menu import MapMenu
from tests.qgis.make_city import make_city


class Messages:
    def __init__(self):
        self.said = []

    def show(self, text, level=None, details=""):
        self.said.append(text)

    def show_error(self, error):
        self.said.append(error.code)


@pytest.fixture
def menu(tmp_path, qgis_app, qgis_canvas):
    opened = []
    path = str(tmp_path / "city.gpkg")
    iface = SimpleNamespace(mapCanvas=lambda: qgis_canvas, openLayoutDesigner=opened.append)
    made = MapMenu(iface, Messages(), lambda: path)
    made.opened, made.path = opened, path
    made.menu = QMenu()
    made.add_to(made.menu)
    yield made
    QgsProject.instance().clear()


def click(menu, name):
    found = {action.objectName(): action for one in menu.menu.findChildren(QMenu) for action in one.actions()}
    found[name].trigger()


def test_the_menus_offer_every_look_and_template(menu):
    names = [action.objectName() for one in menu.menu.findChildren(QMenu) for action in one.actions()]
    assert names == [f"dcm_look_{key}" for key in palette.LOOKS] + [f"dcm_layout_{key}" for key in layouts.TEMPLATES]


def test_without_a_city_both_say_so(menu):
    click(menu, "dcm_look_dark")
    click(menu, "dcm_layout_grids")
    assert menu.messages.said == ["Open a city store first."] * 2 and menu.opened == []


def test_a_look_reaches_the_canvas_and_a_layout_its_window(menu, qgis_canvas):
    make_city(menu.path)
    layers.load_store(menu.path, "启东市")
    click(menu, "dcm_look_dark")
    assert qgis_canvas.canvasColor() == QColor(palette.DARK.canvas)
    assert looks.look_of(menu.path) == "dark"
    click(menu, "dcm_layout_cases")
    assert [layout.name() for layout in menu.opened] == ["启东市 Case map (A4)"]
    assert menu.messages.said == []
