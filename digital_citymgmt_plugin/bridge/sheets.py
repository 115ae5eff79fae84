# SPDX-License-Identifier: GPL-2.0-or-later
"""Square sheets over a city, as census crews carry them, each with the numbers of its neighbours.

A sheet is numbered by the coordinates of its south-west corner in kilometres, north first, as sheets of Chinese large
scale maps are (general practice; the wording of the standard was not read).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsRectangle,
    QgsVectorLayer,
    QgsVirtualLayerDefinition,
    QgsWkbTypes,
)

from digital_citymgmt_plugin.core.sheets import SIZE, number_of

# neighbour → columns east, rows north of the sheet
NEIGHBOURS: Mapping[str, tuple[int, int]] = {
    "nw": (-1, 1), "n": (0, 1), "ne": (1, 1), "w": (-1, 0), "e": (1, 0), "sw": (-1, -1), "s": (0, -1), "se": (1, -1),
}  # fmt: skip


def find_sheets(areas: Iterable[QgsGeometry], size: float = SIZE) -> list[tuple[int, int]]:
    """Return column and row of the sheets that have a share in one of the areas, from north to south, west to east.

    A sheet that an area touches along its edge only is left out. Column and row count sheets from the origin of the
    coordinates.
    """
    found: set[tuple[int, int]] = set()
    for area in areas:
        if area.isNull() or area.isEmpty():
            continue
        box = area.boundingBox()
        engine = QgsGeometry.createGeometryEngine(area.constGet())
        engine.prepareGeometry()
        for column in range(int(box.xMinimum() // size), int(box.xMaximum() // size) + 1):
            for row in range(int(box.yMinimum() // size), int(box.yMaximum() // size) + 1):
                if (column, row) in found:
                    continue
                square = QgsGeometry.fromRect(square_of(column, row, size))
                if engine.intersects(square.constGet()) and not engine.touches(square.constGet()):
                    found.add((column, row))
    return sorted(found, key=lambda place: (-place[1], place[0]))


def square_of(column: int, row: int, size: float = SIZE) -> QgsRectangle:
    """Return the square of a sheet."""
    return QgsRectangle(column * size, row * size, (column + 1) * size, (row + 1) * size)


def sheet_layer(
    places: Iterable[tuple[int, int]], crs: QgsCoordinateReferenceSystem, name: str, size: float = SIZE
) -> QgsVectorLayer:
    """Return sheets as a layer that lives in the project alone: number, corner, and the neighbours that exist.

    A virtual layer of constants, so that a project that is moved needs no further file.
    """
    places = list(places)
    there = set(places)
    rows = []
    for fid, (column, row) in enumerate(places, 1):
        x, y = column * size, row * size
        beside = [
            number_of(x + east * size, y + north * size, size) if (column + east, row + north) in there else ""
            for east, north in NEIGHBOURS.values()
        ]
        texts = ",".join(f"'{text}'" for text in (number_of(x, y, size), *beside))
        rows.append(f"({fid},{x:.0f},{y:.0f},{texts})")
    columns = ", ".join(("id", "x", "y", "number", *(f'"{key}"' for key in NEIGHBOURS)))
    # Only numbers of ours stand in the text.
    query = (
        f"WITH sheets({columns}) AS (VALUES {','.join(rows)}) "  # noqa: S608
        f"SELECT {columns}, BuildMbr(x, y, x + {size:.0f}, y + {size:.0f}, {crs.postgisSrid()}) AS geometry FROM sheets"
    )
    definition = QgsVirtualLayerDefinition()
    definition.setQuery(query)
    definition.setUid("id")
    definition.setGeometryField("geometry")
    definition.setGeometryWkbType(QgsWkbTypes.Type.Polygon)
    definition.setGeometrySrid(crs.postgisSrid())
    layer = QgsVectorLayer(definition.toString(), name, "virtual")
    layer.setCrs(crs)
    return layer
