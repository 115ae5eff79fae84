# SPDX-License-Identifier: GPL-2.0-or-later
"""*Add orthophoto…*: a raster under the base map, asked for and told when it lies elsewhere."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsRectangle
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QFileDialog

from digital_citymgmt_plugin.bridge import backdrop, layers
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.gui.desk import Desk
from digital_citymgmt_plugin.gui.map_view import show_extent


def tr(text: str) -> str:
    """Translate a text of the menu entry."""
    return QCoreApplication.translate("Backdrop", text)


class BackdropActions(Desk):
    """What the menu entry does."""

    def ask_image(self) -> None:
        """Ask for orthophotos."""
        if not self.path:
            self.controller.messages.show(tr("Open a city store first."), Qgis.MessageLevel.Info)
            return
        kinds = " ".join(f"*.{ending} *.{ending.upper()}" for ending in backdrop.ENDINGS)
        start = str(Path(self.path).parent)
        words = tr("Add orthophoto")
        paths, _ = QFileDialog.getOpenFileNames(self.dock, words, start, f"{tr('Images')} ({kinds});;(*)")
        for path in paths:
            self.take(path)

    def take(self, path: str) -> None:
        """Add one orthophoto and say what is to be known of it."""
        try:
            layer, assumed = backdrop.add_backdrop(path, self.crs())
        except CityError as error:
            self.controller.messages.show_error(error)
            return
        layers.show_ground(self.path)
        name, show = layer.name(), self.controller.messages.show
        city = self._city_box()
        if backdrop.is_beside(layer, city, self.crs()):
            words = tr("{name} shows nothing of the city: is its reference system {crs} right?")
            show(words.format(name=name, crs=layer.crs().authid() or "–"), Qgis.MessageLevel.Warning)
        elif assumed:
            words = tr("{name} names no reference system: taken to be in that of the city ({crs}).")
            show(words.format(name=name, crs=layer.crs().authid()), Qgis.MessageLevel.Info)
        else:
            show(tr("{name} lies under the map now.").format(name=name), Qgis.MessageLevel.Success)
        if city.isEmpty():
            show_extent(self.controller.iface.mapCanvas(), layer.extent(), layer.crs())

    def _city_box(self) -> QgsRectangle:
        """Return where the city's layers lie, empty when they show nothing yet."""
        box = QgsRectangle()
        for layer in layers.store_layers(self.path):
            if layer.isSpatial() and layer.featureCount() > 0 and not layer.extent().isEmpty():
                box.combineExtentWith(layer.extent())
        return box
