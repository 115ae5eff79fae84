# SPDX-License-Identifier: GPL-2.0-or-later
"""Two menus about the map: its look, and new layouts from our templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import Qgis, QgsProject
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QMenu

from digital_citymgmt_plugin.bridge import layers, layouts, looks, palette
from digital_citymgmt_plugin.core.errors import CityError


def tr(text: str) -> str:
    """Translate a text of the menus."""
    return QCoreApplication.translate("MapMenu", text)


class MapMenu:
    """Adds the menus and does what they offer, for the store that the project shows.

    Parameters
    ----------
    iface : QgisInterface
        For the canvas and the layout window.
    messages : Messages
        Where refusals are said.
    store : callable
        Returns the path of the open store, "" when there is none.
    """

    def __init__(self, iface: Any, messages: Any, store: Callable[[], str]) -> None:
        self.iface = iface
        self.messages = messages
        self._store = store

    def add_to(self, menu: QMenu) -> None:
        """Put both menus at the end of a menu."""
        menu.addSeparator()
        map_looks = menu.addMenu(tr("&Look of the map"))
        map_looks.setObjectName("dcm_looks")
        for key, words in palette.TITLES.items():
            action = map_looks.addAction(palette.tr(words))
            action.setObjectName(f"dcm_look_{key}")
            action.triggered.connect(lambda _=False, key=key: self.set_look(key))
        templates = menu.addMenu(tr("New la&yout from template"))
        templates.setObjectName("dcm_layouts")
        for key, template in layouts.TEMPLATES.items():
            action = templates.addAction(layouts.tr(template.title))
            action.setObjectName(f"dcm_layout_{key}")
            action.triggered.connect(lambda _=False, key=key: self.new_layout(key))

    def shown(self) -> str:
        """Return the store whose layers the project shows: the open one, else the first."""
        there = layers.stores_in()
        return next((path for path in there if layers.same_file(path, self._store())), there[0] if there else "")

    def set_look(self, key: str) -> None:
        """Give the map a look."""
        path = self.shown()
        if not path:
            self.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Warning)
            return
        looks.set_look(path, key)
        self.iface.mapCanvas().setCanvasColor(QColor(palette.LOOKS[key].canvas))
        self.iface.mapCanvas().refresh()

    def new_layout(self, key: str) -> None:
        """Make a layout of what the map shows and open it."""
        path = self.shown()
        group = layers.store_group(path) if path else None
        if group is None:
            self.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Warning)
            return
        try:
            made = layouts.new_layout(QgsProject.instance(), path, key, group.name(), self.iface.mapCanvas().extent())
        except CityError as error:
            self.messages.show_error(error)
            return
        self.iface.openLayoutDesigner(made)
