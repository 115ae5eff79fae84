# SPDX-License-Identifier: GPL-2.0-or-later
"""The base map: blocks built up with shops, compounds with walls and gates, buildings and greens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.blocks import WALLED, Block
from scripts.demo_city.buildings import rows_of_buildings, shops_along, without_overlaps
from scripts.demo_city.config import stream
from scripts.demo_city.curves import rectangles
from scripts.demo_city.streets import Town

Array = Any
SHOPS = {"小区": 0.62, "旧村": 0.5, "老城": 0.6, "商业": 0.4, "机关": 0.12, "工厂": 0.06}
_SURNAMES = "金桂翠明阳春丽紫东南锦长银龙福海盛玉"
_SECOND = "湖苑庭园湾景和城辉泽"
_KINDS = {"小区": ("花园", "新村", "小区", "公寓"), "学校": ("小学", "中学", "幼儿园"),
          "机关": ("大院", "办公楼", "医院"), "工厂": ("电器厂", "纺织厂", "机械厂", "仓库")}  # fmt: skip


@dataclass
class Layer:
    """Features of one kind: geometries and columns of equal length."""

    geometry: list[Any] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, geometries: Any, **values: Any) -> None:
        """Add geometries; a value is one for all or a sequence, one each."""
        many = list(geometries)
        self.geometry.extend(many)
        for name, value in values.items():
            spread = value if isinstance(value, (list, np.ndarray)) else [value] * len(many)
            self.columns.setdefault(name, []).extend(spread)

    @property
    def shapes(self) -> Array:
        """Return the geometries as an array."""
        out = np.empty(len(self.geometry), object)
        out[:] = self.geometry
        return out

    def column(self, name: str) -> Array:
        """Return one column as an array."""
        return np.array(self.columns.get(name, []), dtype=object)


@dataclass
class BaseMap:
    """What stands between the streets (metres, local coordinates)."""

    buildings: Layer = field(default_factory=Layer)
    compounds: Layer = field(default_factory=Layer)
    walls: Layer = field(default_factory=Layer)
    green: Layer = field(default_factory=Layer)
    gates: Layer = field(default_factory=Layer)
    drives: Layer = field(default_factory=Layer)


def build_base_map(
    town: Town, blocks: list[Block], seed: int | tuple[int, ...], names: CompoundNames | None = None
) -> BaseMap:
    """Build up all blocks; ``names`` goes on with the names that are left."""
    rng = stream(seed, "basemap")
    base = BaseMap()
    frontage = shapely.union_all(
        shapely.buffer(town.roads[town.rank <= 3], town.width[town.rank <= 3] / 2.0 + 9.0, quad_segs=2)
    )
    names = names or CompoundNames(rng)
    for block in blocks:
        front = shapely.intersection(frontage, shapely.box(*shapely.bounds(block.land)).buffer(5.0))
        _build_block(base, block, front, names, rng)
    return base


def _build_block(base: BaseMap, block: Block, front: Any, names: CompoundNames, rng: np.random.Generator) -> None:
    if block.use in ("绿带", "公园"):
        base.green.add([block.land], kind="公园" if block.use == "公园" else "绿地")
    width = rng.choice([4.0, 4.5, 5.0], len(block.drives))
    lanes = shapely.buffer(np.array(block.drives, object), width / 2.0) if block.drives else np.array([], object)
    base.drives.add(block.drives, width=width, kind="小区路" if block.use in WALLED else "断头巷")
    clear = shapely.union_all(shapely.buffer(lanes, 2.0)) if len(lanes) else shapely.Polygon()

    shops = np.array([], object)
    if block.use in SHOPS:
        shops = shops_along(block.land, front, rng, SHOPS[block.use])
        shops = shops[~shapely.intersects(clear, shops)] if len(shops) else shops
    base.buildings.add(shops, kind="商铺", floors=rng.integers(1, 4, len(shops)))
    # A shop row closes the compound behind it: gaps of under 8 m between two shops belong to the row.
    row = shapely.buffer(shapely.union_all(shops), 4.0, join_style="mitre").buffer(-2.5, join_style="mitre")

    walls = []
    for parcel in block.parcels:
        inside = _largest(shapely.difference(parcel, row))
        if inside is None:
            continue
        if block.use in WALLED:
            base.compounds.add([inside], name=names.next(block.use), use=block.use)
            walls.append(inside.exterior)
        _build_parcel(base, parcel, inside, block.use, clear, shops, rng)
    _build_walls(base, block, walls, lanes)


def _build_parcel(base: BaseMap, parcel: Any, inside: Any, use: str, clear: Any, shops: Array,
                  rng: np.random.Generator) -> None:  # fmt: skip
    if use == "农田":
        base.green.add([inside], kind="农田")
    if use == "学校":
        field_ = _sports_field(inside, clear, rng)
        if field_ is not None:
            base.green.add([field_], kind="运动场")
            clear = shapely.union_all([clear, shapely.buffer(field_, 6.0)])
    allowed = shapely.difference(inside, clear)
    buildings, floors = rows_of_buildings(allowed, use, rng, parcel)
    if len(shops) and len(buildings):
        # A shop standing on its own inside another parcel's land keeps its distance from the rows.
        free = ~shapely.dwithin(shapely.union_all(shops), buildings, 2.0)
        buildings, floors = buildings[free], floors[free]
    kind = {"小区": "住宅", "旧村": "民房", "老城": "民房", "农田": "民房", "工厂": "厂房"}.get(use, use)
    base.buildings.add(buildings, kind=kind, floors=floors)
    if use in ("小区", "机关"):
        _lawns(base, shapely.difference(allowed, shapely.union_all(shops)), buildings, rng)


def _lawns(base: BaseMap, allowed: Any, buildings: Array, rng: np.random.Generator) -> None:
    """Lay lawns south of some slabs."""
    picked = buildings[rng.random(len(buildings)) < 0.4]
    if not len(picked):
        return
    lawns = []
    for slab in picked:
        corner = shapely.get_coordinates(slab)[:4]
        along = corner[1] - corner[0]
        length = float(np.hypot(*along))
        if length < 18.0:
            continue
        way = along / length
        middle = corner[:2].mean(axis=0) + np.array([way[1], -way[0]]) * 6.5
        lawns.append(rectangles(middle[None, :], np.array([length * 0.42]), np.array([3.2]),
                                np.array([np.arctan2(way[1], way[0])]))[0])  # fmt: skip
    shapes = without_overlaps(np.array(lawns, object), 1.0)
    if len(shapes):
        others = shapely.union_all(shapely.buffer(buildings, 1.0))
        good = shapely.contains(allowed, shapes) & ~shapely.intersects(others, shapes)
        base.green.add(shapes[good], kind="宅间绿地")


def _sports_field(inside: Any, clear: Any, rng: np.random.Generator) -> Any:
    """Return a running track that fits into a school, or None."""
    room = shapely.buffer(shapely.difference(inside, clear), -4.0)
    if room.is_empty:
        return None
    for length, radius in ((84.0, 36.0), (60.0, 28.0), (40.0, 19.0)):
        for _ in range(12):
            x, y = rng.uniform(room.bounds[0], room.bounds[2]), rng.uniform(room.bounds[1], room.bounds[3])
            angle = rng.normal(np.pi / 2.0, 0.12)
            half = np.array([np.cos(angle), np.sin(angle)]) * length / 2.0
            track = shapely.buffer(shapely.LineString([(x - half[0], y - half[1]), (x + half[0], y + half[1])]),
                                   radius, quad_segs=6)  # fmt: skip
            if shapely.contains(room, track):
                return shapely.set_precision(track, 0.001)
    return None


def _build_walls(base: BaseMap, block: Block, rings: list[Any], lanes: Array) -> None:
    """Draw each wall once, also where two compounds share it, and leave the gates open."""
    if not rings:
        return
    lines = shapely.union_all(rings, grid_size=0.001)
    if len(lanes):
        lines = shapely.difference(lines, shapely.union_all(shapely.buffer(lanes, 1.5)))
    merged = shapely.get_parts(shapely.line_merge(lines))
    merged = merged[shapely.length(merged) > 3.0]
    base.walls.add(merged, kind="围墙")
    base.gates.add(block.gates, use=block.use)


def _largest(shape: Any) -> Any:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 400.0]
    return shapely.set_precision(max(parts, key=lambda part: part.area), 0.001) if parts else None


class CompoundNames:
    """Made-up names of compounds, none twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        stems = [a + b for a in _SURNAMES for b in _SECOND]
        rng.shuffle(stems)
        self.stems = stems
        self.used = 0

    def next(self, use: str) -> str:
        """Return the next name for a land use."""
        turn, stem = divmod(self.used, len(self.stems))
        kinds = _KINDS[use]
        self.used += 1
        number = ("", "二期", "三期")[turn] if turn < 3 else f"{turn + 1}期"
        return f"{self.stems[stem]}{kinds[stem % len(kinds)]}{number}"
