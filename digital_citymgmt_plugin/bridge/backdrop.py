# SPDX-License-Identifier: GPL-2.0-or-later
"""Orthophotos as backdrop: below everything else in the layer tree, and pale, so that the map on them can be read."""

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

from digital_citymgmt_plugin.bridge.ground import BACKDROP
from digital_citymgmt_plugin.core.errors import InputRefused

ENDINGS = ("tif", "tiff", "vrt", "jp2", "ecw", "img", "png", "jpg", "jpeg")
# Half of the way to white and half of the colour: symbols and lines stay the darkest things. Values of QGIS's filters.
BRIGHTNESS, CONTRAST, SATURATION = 80, -35, -40


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
    make_pale(layer)
    layer.setCustomProperty(BACKDROP, _key(path))
    project.addMapLayer(layer, False)
    project.layerTreeRoot().addLayer(layer)  # the last one: below everything
    return layer, assumed


def make_pale(layer: QgsRasterLayer) -> None:
    """Make a raster bright and less coloured."""
    brightness, colour = layer.brightnessFilter(), layer.hueSaturationFilter()
    if brightness is not None:
        brightness.setBrightness(BRIGHTNESS)
        brightness.setContrast(CONTRAST)
    if colour is not None:
        colour.setSaturation(SATURATION)


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
