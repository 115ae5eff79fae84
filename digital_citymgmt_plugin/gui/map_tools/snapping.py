# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapping of a pen to grid edges and to the base map, by QGIS's own snapping and without touching the user's settings.

The canvas's snapping belongs to the user and is saved with the project; a pen has one of its own. An index that is not
ready yet gives no match: nobody waits for it.

It has layers of its own, too, opened from the sources of those on the map. QGIS makes an index in a thread beside and
throws it away whenever its layer says ``dataChanged``, without a look whether that thread is still filling it
(``QgsPointLocator::destroyIndex``): a layer that is read anew meanwhile, as all are when an engine was started again,
takes QGIS down. The layers here are read anew only while no index of theirs is being made, whoever reads those on the
map, and a layer that goes from the project leaves no dangling pointer in the snapping.
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
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QTimer

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


LOOK_AGAIN = 200  # ms until it is looked again whether an index that is made for nobody any more is done


class _Held:
    """A copy of some layers for snapping alone, and the snapping that reads it."""

    def __init__(self, canvas: Any, grids: Sequence[QgsVectorLayer], base: Sequence[QgsVectorLayer]) -> None:
        self.grids, self.base = [_opened(layer) for layer in grids], [_opened(layer) for layer in base]
        self.stale = False  # the store was written to, or opened by another engine, since these were read
        self._shown = [*grids, *base]
        for layer in self._shown:
            layer.dataChanged.connect(self._changed)
        self.utils = QgsMapCanvasSnappingUtils(canvas)
        self.utils.setIndexingStrategy(QgsSnappingUtils.IndexingStrategy.IndexExtent)
        config = QgsSnappingConfig(QgsProject.instance())
        config.setEnabled(True)
        config.setMode(ADVANCED)
        config.clearIndividualLayerSettings()
        for layer in self.layers():
            nearest = 0.0 if layer in self.grids else BASE_SCALE
            settings = QgsSnappingConfig.IndividualLayerSettings(
                True, VERTEX | SEGMENT, PIXELS, PIXEL_UNIT, nearest, 0.0
            )
            config.setIndividualLayerSettings(layer, settings)
        self.utils.setConfig(config)

    def copies(self, grids: Sequence[QgsVectorLayer], base: Sequence[QgsVectorLayer]) -> bool:
        """Return whether it has copies of just these layers of the map."""
        pairs = ((grids, self.grids), (base, self.base))
        same = all([one.source() for one in some] == [one.source() for one in own] for some, own in pairs)
        return same and [*grids, *base] == self._shown

    def layers(self) -> list[QgsVectorLayer]:
        """Return all layers."""
        return [*self.grids, *self.base]

    def _changed(self) -> None:
        self.stale = True

    def indexing(self) -> bool:
        """Return whether an index of one of the layers is being made in another thread."""
        return any(self.utils.locatorForLayer(layer).isIndexing() for layer in self.layers())

    def freshen(self) -> None:
        """Read the layers anew when those on the map were; later, while an index of theirs is being made."""
        if self.stale and not self.indexing():
            self.stale = False
            for layer in self.layers():
                layer.dataProvider().reloadData()

    def let_go(self) -> None:
        """Close the layers: at once, or when the index that is being made of one is done; nobody waits for it."""
        for layer in self._shown:
            if not sip.isdeleted(layer):
                layer.dataChanged.disconnect(self._changed)
        self._shown = []
        self.utils.setConfig(QgsSnappingConfig())  # nothing is asked of it any more
        self._close()

    def _close(self) -> None:
        if self.indexing():
            QTimer.singleShot(LOOK_AGAIN, self._close)
            return
        self.utils.clearAllLocators()
        self.grids, self.base = [], []


def _opened(layer: QgsVectorLayer) -> QgsVectorLayer:
    """Open what a layer shows once more: no style, not in the project."""
    options = QgsVectorLayer.LayerOptions()
    options.loadDefaultStyle = False
    return QgsVectorLayer(layer.source(), layer.name(), layer.providerType(), options)


class PenSnapping:
    """What a pen is drawn to on one canvas.

    Parameters
    ----------
    canvas : QgsMapCanvas
    """

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self.held: _Held | None = None

    def use(self, grids: Sequence[QgsVectorLayer], base: Sequence[QgsVectorLayer]) -> None:
        """Snap to the corners and edges of ``grids`` at any scale, to those of ``base`` from near by."""
        held = self.held
        if held is not None and held.copies(grids, base):
            return
        self.let_go()
        self.held = _Held(self.canvas, grids, base)

    def let_go(self) -> None:
        """Snap to nothing and keep no file open."""
        held, self.held = self.held, None
        if held is not None:
            held.let_go()

    def match(self, place: QgsPointXY) -> QgsPointLocator.Match:
        """Return what a place on the map (map CRS) is drawn to; not valid when there is nothing near."""
        if self.held is None:
            return self.nothing()
        self.held.freshen()
        return self.held.utils.snapToMap(place, None, True)

    def grid_match(self, place: QgsPointXY, *, edge: bool) -> QgsPointLocator.Match:
        """Return the nearest corner (``edge``: edge) of a grid; not valid when there is none near."""
        reach = self.reach()
        best = QgsPointLocator.Match()
        if self.held is None:
            return best
        self.held.freshen()
        for layer in self.held.grids:
            locator = self.held.utils.locatorForLayer(layer)
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
