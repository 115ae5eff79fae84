# SPDX-License-Identifier: GPL-2.0-or-later
"""Orthophotos as backdrop: below everything else in the layer tree, pale or dark as the look of the map needs it."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge.ground import BACKDROP
from digital_citymgmt_plugin.core.errors import InputRefused

ENDINGS = ("tif", "tiff", "vrt", "jp2", "ecw", "img", "png", "jpg", "jpeg")
# Values of QGIS's filters. On a pale map symbols and lines stay the darkest things, on a dark one the brightest.
PALE = {"brightness": 80, "contrast": -35, "saturation": -40}
DARK = {"brightness": -110, "contrast": -35, "saturation": -60}


def add_backdrop(
    path: str, crs: QgsCoordinateReferenceSystem, project: QgsProject | None = None
) -> tuple[QgsRasterLayer, bool]:
    """Add a raster below all layers of the project; the same file a second time is the layer that is there.

    Parameters
    ----------
    path : str
    crs : QgsCoordinateReferenceSystem
        What a raster without reference system (a world file says none) is taken to be in.

    Returns
    -------
    tuple
        The layer, and whether it got ``crs`` because its file names none.

    Raises
    ------
    InputRefused
        ``input.unreadable``; ``backdrop.no_place`` for a picture without coordinates.
    """
    project = project or QgsProject.instance()
    for there in project.mapLayers().values():
        if there.customProperty(BACKDROP) == _key(path) and isinstance(there, QgsRasterLayer):
            return there, False
    layer = QgsRasterLayer(path, Path(path).stem)
    if not layer.isValid():
        raise InputRefused("input.unreadable", file=path, detail="GDAL")
    if _has_no_place(layer):
        raise InputRefused("backdrop.no_place", file=Path(path).name)
    assumed = not layer.crs().isValid()
    if assumed:
        layer.setCrs(crs)
    suit(layer, project.backgroundColor())
    layer.setCustomProperty(BACKDROP, _key(path))
    project.addMapLayer(layer, False)
    project.layerTreeRoot().addLayer(layer)  # the last one: below everything
    return layer, assumed


def suit(layer: QgsRasterLayer, canvas: QColor) -> None:
    """Make a raster recede behind the map: pale on a light canvas, dark on a dark one."""
    values = PALE if canvas.lightness() >= 128 else DARK
    brightness, colour = layer.brightnessFilter(), layer.hueSaturationFilter()
    if brightness is not None:
        brightness.setBrightness(values["brightness"])
        brightness.setContrast(values["contrast"])
    if colour is not None:
        colour.setSaturation(values["saturation"])
    layer.triggerRepaint()


def suit_all(project: QgsProject, canvas: QColor) -> None:
    """Bring all backdrops of a project to the look that its map has now."""
    for layer in project.mapLayers().values():
        if layer.customProperty(BACKDROP) and isinstance(layer, QgsRasterLayer):
            suit(layer, canvas)


def is_beside(layer: QgsRasterLayer, box: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> bool:
    """Tell whether a raster shows nothing of a place; False when that cannot be said."""
    if box.isEmpty() or not crs.isValid() or not layer.crs().isValid():
        return False
    try:
        moved = QgsCoordinateTransform(layer.crs(), crs, QgsProject.instance()).transformBoundingBox(layer.extent())
    except QgsCsException:
        return True
    return not moved.intersects(box)


def _has_no_place(layer: QgsRasterLayer) -> bool:
    """Tell whether a raster lies by its pixels only: from 0, 0, one unit a pixel, and no reference system."""
    box = layer.extent()
    return not layer.crs().isValid() and box.xMinimum() == 0 and box.width() == layer.width()


def _key(path: str) -> str:
    return Path(path).resolve().as_posix()
