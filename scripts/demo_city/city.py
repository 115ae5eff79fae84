# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole demo city in memory, and a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.areas import Areas, build_areas
from scripts.demo_city.basemap import BaseMap, Layer, build_base_map
from scripts.demo_city.blocks import build_blocks
from scripts.demo_city.case_table import CaseTables, Table, build_cases
from scripts.demo_city.components import Components, build_components, old_codes
from scripts.demo_city.config import ORIGIN, Scale
from scripts.demo_city.places import Site
from scripts.demo_city.streets import Town, build_town

Array = Any


@dataclass
class City:
    """Everything that is written."""

    town: Town
    areas: Areas
    base: BaseMap
    components: Components
    old: Components
    old_code: Array
    cases: CaseTables


def build_city(scale: Scale, seed: int) -> City:
    """Build the demo city of a scale; the same scale and seed give the same city."""
    town = build_town(scale, seed)
    areas = build_areas(town, scale, seed)
    base = build_base_map(town, build_blocks(town, seed), seed)
    components, old = build_components(town, base, areas, scale, seed)
    cases = build_cases(Site(town, base, areas), components, scale, seed)
    return City(town, areas, base, components, old, old_codes(old), cases)


def cut(city: City, communities: list[str]) -> City:
    """Return the part of a city that lies in some communities: streets and rivers are clipped, objects kept or left.

    Components that reach over the edge (a bridge between two streets) are left.

    Cases are kept by the community that they happened in, whatever they state. The truth about recurring places is cut
    to those that lie inside; counts there and those of the days are those of the whole city.
    """
    areas = _pick(city.areas, np.isin(city.areas.code, communities))
    town, base = city.town, city.base
    zone = shapely.union_all(areas.community)
    shapely.prepare(zone)
    roads, kept = _clipped(town.roads, zone)
    rivers, wet = _clipped(town.rivers, zone)
    part = Town(
        outline=zone, roads=roads, rank=town.rank[kept], width=town.width[kept], name=town.name[kept],
        rivers=rivers, river_width=town.river_width[wet], river_name=town.river_name[wet],
        faces=town.faces, community_edges=town.community_edges, west_of_river=town.west_of_river,
    )  # fmt: skip
    layers = {name: _layer_inside(layer, zone) for name, layer in vars(base).items()}
    components, old = city.components, city.old
    inside = np.isin(city.areas.code[components.community], communities)
    inside &= shapely.covers(shapely.buffer(zone, 0.01), components.geometry)
    old_inside = np.isin(city.areas.code[old.community], communities)
    renumber = {row: at for at, row in enumerate(np.flatnonzero(np.isin(city.areas.code, communities)))}
    here = np.isin(city.cases.truth["community_code"], communities)
    places = city.cases.recurring_places
    near = shapely.contains_xy(zone, *(places[axis].astype(float) - at for axis, at in zip("xy", ORIGIN)))
    return City(
        part, areas, BaseMap(**layers), _part(components, inside, renumber), _part(old, old_inside, renumber),
        city.old_code[old_inside], _cases(city.cases, here, near),
    )  # fmt: skip


def _cases(tables: CaseTables, here: Array, near: Array) -> CaseTables:
    numbers = tables.cases["案件编号"][here]
    linked = np.isin(tables.repeats["case_no"], numbers) & np.isin(tables.repeats["earlier_case_no"], numbers)
    return CaseTables(
        cases=_rows(tables.cases, here),
        events=_rows(tables.events, np.isin(tables.events["案件编号"], numbers)),
        truth=_rows(tables.truth, here),
        repeats=_rows(tables.repeats, linked),
        recurring_places=_rows(tables.recurring_places, near),
        days=tables.days,
    )


def _rows(table: Table, mask: Array) -> Table:
    return {name: np.asarray(column)[mask] for name, column in table.items()}


def _clipped(lines: Array, zone: Any) -> tuple[Array, Array]:
    """Return the parts of lines in a zone, single lines of over 10 m, and the rows that they come from."""
    parts, row = shapely.get_parts(shapely.intersection(lines, zone), return_index=True)
    good = (shapely.get_type_id(parts) == 1) & (shapely.length(parts) > 10.0)
    return parts[good], row[good]


def _layer_inside(layer: Layer, zone: Any) -> Layer:
    shapes = layer.shapes
    inside = np.flatnonzero(shapely.intersects(zone, shapely.point_on_surface(shapes))) if len(shapes) else []
    out = Layer([layer.geometry[n] for n in inside])
    out.columns = {name: [values[n] for n in inside] for name, values in layer.columns.items()}
    return out


def _pick(areas: Areas, mask: Array) -> Areas:
    used = np.isin(areas.streets_code, areas.street_code[mask])
    codes = areas.streets_code[used]
    outlines = [shapely.union_all(areas.community[mask & (areas.street_code == code)]) for code in codes]
    return Areas(
        areas.community[mask], areas.code[mask], areas.name[mask], areas.street_code[mask],
        np.array(outlines, object), codes, areas.streets_name[used],
    )  # fmt: skip


def _part(components: Components, mask: Array, renumber: dict[int, int]) -> Components:
    values = {name: column[mask] for name, column in vars(components).items()}
    values["community"] = np.array([renumber[row] for row in values["community"]], dtype=int)
    return Components(**values)
