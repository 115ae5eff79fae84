# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapping of a pen to grid edges and to the base map, by QGIS's own snapping and without touching the user's settings.

The canvas's snapping belongs to the user and is saved with the project; a pen has one of its own. An index that is not
ready yet gives no match: nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import (
    Qgis,
    QgsPointLocator,
    QgsPointXY,
    QgsProject,
    QgsSnappingConfig,
    QgsSnappingUtils,
    QgsTolerance,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvasSnappingUtils

PIXELS = 12.0  # how far on the screen a pen is drawn to something
BASE_SCALE = 15_000.0  # base maps are snapped to from this scale on: before, their index would be that of the city
try:
    VERTEX, SEGMENT = Qgis.SnappingType.Vertex, Qgis.SnappingType.Segment
    ADVANCED = Qgis.SnappingMode.AdvancedConfiguration
except AttributeError:  # before 3.26
    VERTEX, SEGMENT = QgsSnappingConfig.VertexFlag, QgsSnappingConfig.SegmentFlag
    ADVANCED = QgsSnappingConfig.AdvancedConfiguration
try:
    PIXEL_UNIT = Qgis.MapToolUnit.Pixels
except AttributeError:  # before 3.32
    PIXEL_UNIT = QgsTolerance.UnitType.Pixels


class PenSnapping:
    """What a pen is drawn to on one canvas.

    Parameters
    ----------
    canvas : QgsMapCanvas
    """

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self.grids: list[QgsVectorLayer] = []
        self.utils = QgsMapCanvasSnappingUtils(canvas)
        self.utils.setIndexingStrategy(QgsSnappingUtils.IndexingStrategy.IndexExtent)

    def use(self, grids: Sequence[QgsVectorLayer], base: Sequence[QgsVectorLayer]) -> None:
        """Snap to the corners and edges of ``grids`` at any scale, to those of ``base`` from near by."""
        self.grids = list(grids)
        config = QgsSnappingConfig(QgsProject.instance())
        config.setEnabled(True)
        config.setMode(ADVANCED)
        config.clearIndividualLayerSettings()
        for layer in (*grids, *base):
            nearest = 0.0 if layer in grids else BASE_SCALE
            settings = QgsSnappingConfig.IndividualLayerSettings(
                True, VERTEX | SEGMENT, PIXELS, PIXEL_UNIT, nearest, 0.0
            )
            config.setIndividualLayerSettings(layer, settings)
        self.utils.setConfig(config)

    def match(self, place: QgsPointXY) -> QgsPointLocator.Match:
        """Return what a place on the map (map CRS) is drawn to; not valid when there is nothing near."""
        return self.utils.snapToMap(place, None, True)

    def grid_match(self, place: QgsPointXY, *, edge: bool) -> QgsPointLocator.Match:
        """Return the nearest corner (``edge``: edge) of a grid; not valid when there is none near."""
        reach = self.reach()
        best = QgsPointLocator.Match()
        for layer in self.grids:
            locator = self.utils.locatorForLayer(layer)
            if locator is None:
                continue
            found = (locator.nearestEdge if edge else locator.nearestVertex)(place, reach, None, True)
            if found.isValid() and (not best.isValid() or found.distance() < best.distance()):
                best = found
        return best

    def reach(self) -> float:
        """Return how far a pen is drawn, in units of the map."""
        return PIXELS * float(self.canvas.mapUnitsPerPixel())

    def nothing(self) -> QgsPointLocator.Match:
        """Return that there is nothing near."""
        return QgsPointLocator.Match()
