# SPDX-License-Identifier: GPL-2.0-or-later
"""Base-map layers at 1:1000 that are drawn from others: carriageways and their edges, walls, point symbols."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from scripts.demo_city.components import Components
from scripts.demo_city.config import RANKS, stream
from scripts.demo_city.quarter import Quarter

Array = Any
MAPPED = 0.96  # share of the components of a mapped class that the surveyors of the base map have drawn
# What a base map shows of a census, by class: the name of its symbol.
SYMBOLS = {
    "0101": "上水检修井", "0102": "污水检修井", "0103": "雨水检修井", "0104": "雨水箅子", "0105": "电力检修井",
    "0107": "电信检修井", "0108": "电视检修井", "0111": "燃气检修井", "0113": "消火栓", "0123": "不明检修井",
    "0127": "通讯交接箱", "0128": "电力设施", "0130": "电杆", "0131": "通信杆", "0132": "公交站牌", "0135": "旗杆",
    "0137": "路灯", "0139": "景观灯", "0141": "电话亭", "0142": "邮筒", "0147": "高压线铁塔", "0148": "变压器",
    "0150": "监控器", "0151": "岗亭", "0210": "交通标志", "0212": "路名牌", "0214": "交通信号灯", "0301": "公共厕所",
    "0305": "垃圾箱", "0309": "气象站", "0401": "古树名木", "0402": "行道树", "0403": "独立树", "0406": "雕塑",
}  # fmt: skip


def road_areas(quarter: Quarter) -> tuple[Array, dict[str, Any]]:
    """Return the carriageways of a community without overlaps: where two meet, the higher rank has the ground."""
    town = quarter.site.town
    parts, row = without_higher(town.carriageways, town.rank)
    return parts, {
        "class": np.array([RANKS[int(rank)].name for rank in town.rank[row]], object), "name": town.name[row],
        "community": np.full(len(parts), quarter.code, object),
    }  # fmt: skip


def road_edges(quarter: Quarter) -> tuple[Array, dict[str, Any]]:
    """Return the kerbs: the edge of all carriageways and drives together, open where one runs into another."""
    town, drives = quarter.site.town, quarter.site.base.drives
    width = np.concatenate([town.width, np.array(drives.columns.get("width", []), float)])
    lines = np.concatenate([town.roads, drives.shapes])
    paved = shapely.union_all(shapely.buffer(lines, width / 2.0, quad_segs=4), grid_size=0.001)
    edge = shapely.intersection(shapely.boundary(paved), town.outline)
    parts = shapely.get_parts(shapely.line_merge(edge))
    parts = parts[(shapely.get_type_id(parts) == 1) & (shapely.length(parts) > 0.5)]
    parts = shapely.simplify(parts, 0.05)
    return parts, _named(quarter, parts, "路边线")


def walls(quarter: Quarter) -> tuple[Array, dict[str, Any]]:
    """Return the compound walls, each drawn once also where two blocks share it, open at the gates."""
    base = quarter.site.base
    found = base.walls.shapes
    if not len(found):
        return found, _named(quarter, found, "围墙")
    lines = shapely.union_all(found, grid_size=0.001)
    if len(base.drives.geometry):
        gaps = shapely.buffer(base.drives.shapes, np.array(base.drives.columns["width"]) / 2.0 + 1.5, quad_segs=2)
        lines = shapely.difference(lines, shapely.union_all(gaps))
    parts = shapely.get_parts(shapely.line_merge(lines))
    parts = parts[(shapely.get_type_id(parts) == 1) & (shapely.length(parts) > 3.0)]
    return parts, _named(quarter, parts, "围墙")


def symbols(quarter: Quarter, found: Components, seed: int) -> tuple[Array, dict[str, Any]]:
    """Return the point symbols of lamps, covers, poles, trees …; ``angle`` is that of the street, degrees."""
    rng = stream((seed, quarter.row), "symbols")
    shown = (found.kind == 0) & np.isin(found.code.astype(str), list(SYMBOLS)) & (rng.random(len(found.code)) < MAPPED)
    points, code = found.geometry[shown], found.code[shown]
    site = quarter.site
    line = site.town.roads[site.nearest_road(points)] if len(points) else points
    at = shapely.line_locate_point(line, points)
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, at + 1.0))
    back = shapely.get_coordinates(shapely.line_interpolate_point(line, np.maximum(at - 1.0, 0.0)))
    way = (ahead - back).reshape(-1, 2)
    angle = np.round(np.degrees(np.arctan2(way[:, 1], way[:, 0])), 1) % 360.0
    return points, {
        "kind": np.array([SYMBOLS[one] for one in code], object), "class": code, "angle": angle,
        "community": np.full(len(points), quarter.code, object),
    }  # fmt: skip


def _named(quarter: Quarter, shapes: Array, kind: str) -> dict[str, Any]:
    many = len(shapes)
    return {"kind": np.full(many, kind, object), "community": np.full(many, quarter.code, object)}


def without_higher(shapes: Array, rank: Array) -> tuple[Array, Array]:
    """Return each carriageway without those of higher rank (of the same rank: drawn earlier): no overlaps."""
    order = np.lexsort((np.arange(len(rank)), rank))
    place = np.empty(len(rank), int)
    place[order] = np.arange(len(rank))
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    before = place[other] < place[one]
    one, other = one[before], other[before]
    out = shapes.copy()
    for row in np.unique(one):
        out[row] = shapely.difference(shapes[row], shapely.union_all(shapes[other[one == row]]))
    parts, row = shapely.get_parts(out, return_index=True)
    good = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 1.0)
    return parts[good], row[good]
