# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats drawn over the map: a colour and a heavy outline for each, its code in the middle. No layer is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import QgsCoordinateTransform, QgsCsException, QgsGeometry, QgsProject
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.gui.draft_preview import INK, POLYGON
from digital_citymgmt_plugin.gui.map_tools.overlay import Labels

_ALPHA = 110


class BeatsOnMap:
    """The drawing; only beats whose grids or colour have changed are drawn anew."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self._bands: dict[str, QgsRubberBand] = {}
        self._drawn: dict[str, tuple[Any, ...]] = {}
        self._middle: dict[str, Any] = {}
        self._labels: Labels | None = None

    def show(self, beats: Mapping[str, Sequence[QgsGeometry]], colours: Mapping[str, str], crs: Any) -> None:
        """Draw the beats: their grids in the store's CRS."""
        target = self.canvas.mapSettings().destinationCrs()
        for code in set(self._bands) - {code for code, shapes in beats.items() if shapes}:
            self._remove(code)
        for code, shapes in beats.items():
            mark = (colours[code], target.authid(), tuple(map(id, shapes)))
            if not shapes or self._drawn.get(code) == mark:
                continue
            self._remove(code)
            whole = QgsGeometry.unaryUnion(list(shapes))
            if target.isValid() and target != crs:
                try:
                    whole.transform(QgsCoordinateTransform(crs, target, QgsProject.instance()))
                except QgsCsException:
                    continue
            band = QgsRubberBand(self.canvas, POLYGON)
            fill = QColor(colours[code])
            fill.setAlpha(_ALPHA)
            band.setFillColor(fill)
            band.setStrokeColor(QColor(INK))
            band.setWidth(2)
            band.setToGeometry(whole, None)
            self._bands[code], self._drawn[code] = band, mark
            self._middle[code] = whole.pointOnSurface().asPoint()
        if self._labels is None:
            self._labels = Labels(self.canvas)
        self._labels.texts = [(code, place, code) for code, place in self._middle.items()]
        self._labels.updatePosition()
        self._labels.show()

    def _remove(self, code: str) -> None:
        band = self._bands.pop(code, None)
        self._drawn.pop(code, None)
        self._middle.pop(code, None)
        if band is not None:
            band.reset(POLYGON)
            self.canvas.scene().removeItem(band)

    def clear(self) -> None:
        """Take everything off the map."""
        for code in list(self._bands):
            self._remove(code)
        if self._labels is not None:
            self.canvas.scene().removeItem(self._labels)
            self._labels = None
