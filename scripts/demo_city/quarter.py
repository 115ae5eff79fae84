# SPDX-License-Identifier: GPL-2.0-or-later
"""One community of a large demo city: its part of the network, built up, with components. Nothing else is in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.areas import Areas
from scripts.demo_city.basemap import CompoundNames, build_base_map
from scripts.demo_city.blocks import Setting, build_blocks
from scripts.demo_city.network import Network
from scripts.demo_city.partition import Division
from scripts.demo_city.places import Site
from scripts.demo_city.streets import Town

Array = Any
REACH = 60.0  # m by which streets and rivers are taken beyond the community: half a river and a bridge fit into it


@dataclass
class Quarter:
    """A community: ``roads`` are the rows of the town's streets that those of ``site.town`` are parts of."""

    row: int
    code: str
    site: Site
    roads: Array
    rivers: Array


def build_quarter(network: Network, division: Division, row: int, names: CompoundNames, seed: int) -> Quarter:
    """Build up one community; it depends on the network, the seed and the names used so far."""
    zone = division.community[row]
    near = shapely.buffer(zone, REACH, quad_segs=4)
    roads, road_row = _clipped(network.roads, network.road_tree, near)
    rivers, river_row = _clipped(network.rivers, network.river_tree, near)
    own = division.atom_home == row
    town = Town(
        outline=zone, roads=roads, rank=network.rank[road_row], width=network.width[road_row],
        name=network.name[road_row], rivers=rivers, river_width=network.river_width[river_row],
        river_name=network.river_name[river_row], faces=network.atoms[own], community_edges=np.array([], object),
        west_of_river=None, kind=network.kind[own], beyond=shapely.intersection(near, network.outline),
        whole=network.roads[road_row],
    )  # fmt: skip
    key = (seed, row)
    blocks = build_blocks(town, key, Setting(network.centres, network.radius))
    base = build_base_map(town, blocks, key, names)
    areas = Areas(
        np.array([zone], object), division.code[[row]], division.name[[row]], division.town_code[[division.home[row]]],
        np.array([zone], object), division.town_code[[division.home[row]]], division.town_name[[division.home[row]]],
    )  # fmt: skip
    return Quarter(row, str(division.code[row]), Site(town, base, areas), road_row, river_row)


def _clipped(lines: Array, tree: shapely.STRtree, zone: Any) -> tuple[Array, Array]:
    """Return the parts of lines in a zone that are longer than 10 m, and the rows that they come from."""
    near = np.sort(tree.query(zone, predicate="intersects"))
    parts, row = shapely.get_parts(shapely.intersection(lines[near], zone), return_index=True)
    good = (shapely.get_type_id(parts) == 1) & (shapely.length(parts) > 10.0)
    return parts[good], near[row[good]]
