# SPDX-License-Identifier: GPL-2.0-or-later
"""Moving the map to where something is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsCsException, QgsProject, QgsRectangle

LEAST = 30.0  # metres (or a hundred-thousandth of that in degrees) around a single point
MARGIN = 1.15


def shown_extent(canvas: Any, crs: QgsCoordinateReferenceSystem) -> list[float]:
    """Return what a canvas shows as west, south, east, north in ``crs``; empty when it cannot be brought there."""
    source, box = canvas.mapSettings().destinationCrs(), canvas.extent()
    if source.isValid() and crs.isValid() and source != crs:
        try:
            box = QgsCoordinateTransform(source, crs, QgsProject.instance()).transformBoundingBox(box)
        except QgsCsException:
            return []
    return [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]


def show_extent(canvas: Any, extent: QgsRectangle | Sequence[float], crs: QgsCoordinateReferenceSystem) -> None:
    """Zoom a canvas to an extent given in ``crs``, with a margin; a point gets some ground around it.

    An extent that cannot be brought into the map's CRS leaves the map where it is.
    """
    box = QgsRectangle(extent) if isinstance(extent, QgsRectangle) else QgsRectangle(*[float(v) for v in extent])
    target = canvas.mapSettings().destinationCrs()
    if target.isValid() and crs.isValid() and target != crs:
        try:
            transform = QgsCoordinateTransform(crs, target, QgsProject.instance())
            box = transform.transformBoundingBox(box)
        except QgsCsException:
            return
    least = LEAST / 100_000 if target.isGeographic() else LEAST
    if max(box.width(), box.height()) < least:
        box.grow(least)
    box.scale(MARGIN)
    canvas.setExtent(box)
    canvas.refresh()
