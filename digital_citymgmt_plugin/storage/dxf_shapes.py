# SPDX-License-Identifier: GPL-2.0-or-later
"""What one entity of a drawing is on a map: kind (point, line, area) and geometry, in drawing units (metres).

None of what has no extent. Curves become lines that stray ``SAGITTA`` from them at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import shapely

from digital_citymgmt_plugin.core.basemap.drawing import AREA, LINE, POINT

SAGITTA = 0.02  # drawing units (metres)
FAR = 1e9  # no coordinate of a map is beyond
_MOST_CORNERS = 200_000  # of one curve: one of the size of the earth


def _shape(points: list[tuple[float, float]], closed: bool) -> tuple[str, Any] | None:
    """Return an area of a closed ring, else a line; None of what has no extent."""
    if len(points) > 3 and points[0] == points[-1]:
        closed = True
    if closed and len(points) >= 3:
        area = shapely.Polygon(points)
        if not area.is_valid:
            area = shapely.make_valid(area)
            parts = [part for part in shapely.get_parts(area).tolist() if part.geom_type.endswith("Polygon")]
            area = shapely.MultiPolygon([one for part in parts for one in shapely.get_parts(part).tolist()])
        if area.area > 0.0:
            return AREA, area
    if len(points) < 2 or all(point == points[0] for point in points):
        return None
    return LINE, shapely.LineString([*points, points[0]] if closed else points)


def _flat(vectors: Iterable[Any]) -> list[tuple[float, float]]:
    points = [(vector.x, vector.y) for vector in islice(vectors, _MOST_CORNERS + 1)]
    if len(points) > _MOST_CORNERS:  # cut off it would be another line; so it is one of those skipped
        raise ValueError(len(points))
    return points


def _line(entity: Any) -> tuple[str, Any] | None:
    start, end = entity.dxf.start, entity.dxf.end
    if start[0] == end[0] and start[1] == end[1]:
        return None
    return LINE, shapely.LineString([(start[0], start[1]), (end[0], end[1])])


def _lwpolyline(entity: Any) -> tuple[str, Any] | None:
    plain = not entity.has_arc and tuple(entity.dxf.get("extrusion", (0.0, 0.0, 1.0))) == (0.0, 0.0, 1.0)
    points = [(float(x), float(y)) for x, y in entity.get_points("xy")] if plain else _path(entity)
    return _shape(points, bool(entity.closed))


def _polyline(entity: Any) -> tuple[str, Any] | None:
    if entity.is_poly_face_mesh or entity.is_polygon_mesh:
        return None
    plain = not entity.has_arc and tuple(entity.dxf.get("extrusion", (0.0, 0.0, 1.0))) == (0.0, 0.0, 1.0)
    points = [tuple(vertex.dxf.location)[:2] for vertex in entity.vertices] if plain else _path(entity)
    return _shape(points, bool(entity.is_closed))


def _path(entity: Any) -> list[tuple[float, float]]:
    from ezdxf import path

    return _flat(_near(path.make_path(entity)).flattening(SAGITTA))


def _near(path: Any) -> Any:
    """Return a path; what no map holds, or is no number, is never flattened: it would not end (a radius of 10¹⁹⁷)."""
    for spot in path.control_vertices():
        if not (abs(spot.x) < FAR and abs(spot.y) < FAR):
            raise ValueError("too far away")
    return path


def _arc(entity: Any) -> tuple[str, Any] | None:
    return _shape(_flat(entity.flattening(_sag(entity))), False)


def _circle(entity: Any) -> tuple[str, Any] | None:
    return _shape(_flat(entity.flattening(_sag(entity))), True)


def _sag(entity: Any) -> float:
    """Return a tolerance that gives 8 to some 300 corners a circle, whatever its size."""
    if not abs(entity.dxf.radius) < FAR:
        raise ValueError("too wide")
    return float(min(max(SAGITTA, entity.dxf.radius / 10_000.0), max(entity.dxf.radius * 0.07, 1e-6)))


def _curve(entity: Any) -> tuple[str, Any] | None:
    from ezdxf import path

    made = _near(path.make_path(entity))
    spots = [(spot.x, spot.y) for spot in made.control_vertices()]
    size = max((max(column) - min(column) for column in zip(*spots)), default=0.0)
    # An ellipse of 10⁹ m would have a million corners otherwise.
    points = _flat(made.flattening(max(SAGITTA, size / 20_000.0), segments=4))
    return _shape(points, False)


def _hatch(entity: Any) -> tuple[str, Any] | None:
    from ezdxf import path

    area: Any = None
    for ring in path.from_hatch(entity):
        found = _shape(_flat(_near(ring).flattening(SAGITTA)), True)
        if found is not None and found[0] == AREA:  # an island in an island is filled again
            area = found[1] if area is None else shapely.symmetric_difference(area, found[1])
    if area is None or area.is_empty or not area.geom_type.endswith("Polygon"):
        return None
    return AREA, area


def _solid(entity: Any) -> tuple[str, Any] | None:
    points = [(float(vertex[0]), float(vertex[1])) for vertex in entity.wcs_vertices()]
    return _shape(list(dict.fromkeys(points)), True)


def _point(entity: Any) -> tuple[str, Any] | None:
    spot = entity.dxf.location
    return POINT, shapely.Point(spot[0], spot[1])


def _leader(entity: Any) -> tuple[str, Any] | None:
    return _shape([(float(spot[0]), float(spot[1])) for spot in entity.vertices], False)


def _mline(entity: Any) -> tuple[str, Any] | None:
    points = [(float(vertex.location[0]), float(vertex.location[1])) for vertex in entity.vertices]
    return _shape(points, bool(entity.is_closed))


# Kind of entity → what reads it.
SHAPES: Mapping[str, Callable[[Any], tuple[str, Any] | None]] = {
    "LINE": _line, "LWPOLYLINE": _lwpolyline, "POLYLINE": _polyline, "ARC": _arc, "CIRCLE": _circle,
    "ELLIPSE": _curve, "SPLINE": _curve, "HATCH": _hatch, "MPOLYGON": _hatch, "SOLID": _solid,
    "TRACE": _solid, "3DFACE": _solid, "POINT": _point, "LEADER": _leader, "MLINE": _mline,
}  # fmt: skip
