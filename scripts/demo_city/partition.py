# SPDX-License-Identifier: GPL-2.0-or-later
"""Towns, communities and unit grids of a large demo city: one coverage, made of atoms only, in exact numbers."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.areas import grown
from scripts.demo_city.config import COUNTY_CODE, stream
from scripts.demo_city.merging import merged
from scripts.demo_city.network import Network
from scripts.demo_city.sizes import Size

Array = Any


@dataclass
class Division:
    """Towns ⊃ communities ⊃ unit grids (metres, local coordinates); all three are unions of atoms."""

    town: Array
    town_code: Array
    town_name: Array
    community: Array
    code: Array
    name: Array
    home: Array  # row of the town of each community
    grid: Array
    grid_home: Array  # row of the community of each grid
    grid_code: Array
    atom_home: Array  # row of the community of each atom


def build_division(network: Network, size: Size, seed: int) -> Division:
    """Part a town into its streets and towns (街道, 镇), communities and unit grids."""
    rng = stream(seed, "areas")
    register = _register()
    meshes, first = _mesh_shapes(network)
    town_of = _in_one_piece(meshes, grown(meshes, len(size.towns), rng))
    middle = np.array([network.outline.centroid.x, network.outline.centroid.y])
    groups = [np.flatnonzero(town_of == number) for number in range(len(size.towns))]
    # The seat of the county is the town in the middle; the others follow by the number of their communities.
    groups.sort(key=lambda rows: float(np.hypot(*(_centre(meshes[rows]) - middle))))
    listed = sorted(size.towns, key=lambda code: (code != size.towns[0], -len(register[code][1])))
    home = np.full(len(meshes), -1)
    codes: list[tuple[str, str, str]] = []
    for rows, town in zip(groups, listed):
        known = register[town][1]
        count = max(2, min(len(known), len(rows) // 2, round(shapely.area(meshes[rows]).sum() / size.community_area)))
        part = _in_one_piece(meshes[rows], grown(meshes[rows], count, rng))
        part = _without_small(meshes[rows], part, 0.3 * size.community_area)
        found = [rows[part == number] for number in range(count)]
        found = [own for own in found if len(own)]
        found.sort(key=lambda own: (-round(_centre(meshes[own])[1], -2), _centre(meshes[own])[0]))
        picked = np.sort(rng.choice(len(known), len(found), replace=False))
        for own, at in zip(found, picked):
            home[own] = len(codes)
            codes.append((*known[at], town))
    order = np.argsort([code for code, _, _ in codes], kind="stable")
    home = np.argsort(order)[home]
    codes = [codes[at] for at in order]
    atom_home = home[np.searchsorted(first, network.mesh)]
    grid, grid_home = _grids(network, atom_home, len(codes), size)
    towns = np.array(sorted(size.towns), object)
    town_row = np.searchsorted(towns.astype(str), [town for _, _, town in codes])
    community = _unions(network.atoms, atom_home, len(codes))
    code = np.array([code for code, _, _ in codes], object)
    grid_code = _numbered(grid, grid_home, code)
    order = np.argsort(grid_code, kind="stable")
    return Division(
        town=_unions(network.atoms, town_row[atom_home], len(towns)), town_code=towns,
        town_name=np.array([register[town][0] for town in towns], object),
        community=community, code=code, name=np.array([name for _, name, _ in codes], object), home=town_row,
        grid=grid[order], grid_home=grid_home[order], grid_code=grid_code[order], atom_home=atom_home,
    )  # fmt: skip


def _in_one_piece(meshes: Array, group: Array) -> Array:
    """Return groups without exclaves: a part cut off goes to the group with which it shares most edge."""
    group = group.copy()
    for _ in range(4):
        moved = False
        tree = shapely.STRtree(meshes)
        for number in np.unique(group):
            rows = np.flatnonzero(group == number)
            parts = shapely.get_parts(shapely.coverage_union_all(meshes[rows]))
            if len(parts) < 2:
                continue
            main = parts[int(np.argmax(shapely.area(parts)))]
            shapely.prepare(main)
            for row in rows[~shapely.contains_properly(main, shapely.point_on_surface(meshes[rows]))]:
                near = np.sort(tree.query(meshes[row], predicate="intersects"))
                near = near[group[near] != number]
                if len(near):
                    shared = shapely.length(shapely.intersection(meshes[row], meshes[near]))
                    group[row] = group[near[int(np.argmax(shared))]]
                    moved = True
        if not moved:
            break
    return group


def _without_small(meshes: Array, group: Array, least: float) -> Array:
    """Return groups of which none is smaller than an area: it goes to the group with which it shares most edge."""
    group = group.copy()
    for _ in range(len(np.unique(group))):
        area = np.bincount(group, shapely.area(meshes))
        small = np.flatnonzero((area > 0.0) & (area < least))
        if not len(small) or np.count_nonzero(area) < 2:
            break
        own = small[int(np.argmin(area[small]))]
        shape = shapely.coverage_union_all(meshes[group == own])
        others = np.flatnonzero(group != own)
        shared = shapely.length(shapely.intersection(shape, meshes[others]))
        group[group == own] = group[others[int(np.argmax(np.bincount(group[others], shared)[group[others]]))]]
    return group


def _register() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return the official towns of the county with their communities."""
    with (Path(__file__).parent / f"county_{COUNTY_CODE}.tsv").open(encoding="utf-8") as handle:
        rows = [(row["code"], row["name"]) for row in csv.DictReader(handle, delimiter="\t")]
    return {
        code: (name, [(c, n) for c, n in rows if len(c) == 12 and c.startswith(code)])
        for code, name in rows if len(code) == 9
    }  # fmt: skip


def _mesh_shapes(network: Network) -> tuple[Array, Array]:
    """Return the meshes that atoms lie in, made of these atoms, and their numbers."""
    numbers, row = np.unique(network.mesh, return_inverse=True)
    return _unions(network.atoms, row, len(numbers)), numbers


def _unions(atoms: Array, group: Array, count: int) -> Array:
    """Return the union of each group of atoms."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(count + 1))
    out = np.empty(count, object)
    for number in range(count):
        shape = shapely.coverage_union_all(atoms[order[ends[number] : ends[number + 1]]])
        out[number] = shape.geoms[0] if shape.geom_type == "MultiPolygon" and len(shape.geoms) == 1 else shape
    return shapely.normalize(out)


def _centre(shapes: Array) -> Array:
    return np.average(shapely.get_coordinates(shapely.centroid(shapes)), axis=0, weights=shapely.area(shapes))


def _grids(network: Network, home: Array, count: int, size: Size) -> tuple[Array, Array]:
    """Merge the atoms of each community until there are exactly as many unit grids as the size asks for."""
    area = np.bincount(home, shapely.area(network.atoms), count)
    least = np.array([len(shapely.get_parts(shape)) for shape in _unions(network.atoms, home, count)])
    # A crumb left where three lines all but meet is no unit grid of its own.
    whole = np.bincount(home, shapely.area(network.atoms) > 4_000.0, count)
    quota = shares(area, size.grids, least, np.maximum(least, whole))
    target = float(area.sum()) / size.grids
    cells, homes = [], []
    for row in range(count):
        atoms = network.atoms[home == row]
        group = merged(atoms, network, int(quota[row]), target)
        cells.append(_unions(atoms, group, int(group.max()) + 1))
        homes.append(np.full(len(cells[-1]), row))
    return np.concatenate(cells), np.concatenate(homes)


def shares(weight: Array, total: int, least: Array | int = 0, most: Array | None = None) -> Array:
    """Part a number by weights: whole numbers that add up, within bounds.

    Raises
    ------
    ValueError
        The bounds leave no room for the total.
    """
    weight = np.asarray(weight, float)
    low = np.broadcast_to(np.asarray(least), weight.shape).astype(int)
    high = np.full(weight.shape, total) if most is None else np.asarray(most).astype(int)
    if low.sum() > total or high.sum() < total:
        raise ValueError(f"{total} do not fit: {low.sum()} to {high.sum()}")
    even = total * weight / weight.sum()
    out = np.clip(np.floor(even).astype(int), low, high)
    while (missing := total - int(out.sum())) != 0:
        step = 1 if missing > 0 else -1
        room = np.flatnonzero(out < high if step > 0 else out > low)
        order = room[np.argsort(-step * (even[room] - out[room]), kind="stable")]
        out[order[: abs(missing)]] += step
    return out


def _numbered(grids: Array, home: Array, code: Array) -> Array:
    """Return codes of 15 digits: numbers from west to east and north to south inside each community."""
    centre = shapely.get_coordinates(shapely.centroid(grids))
    order = np.lexsort((centre[:, 0], -np.round(centre[:, 1] / 200.0), home))
    serial = np.empty(len(grids), int)
    start = np.searchsorted(home[order], home[order], side="left")
    serial[order] = np.arange(len(grids)) - start + 1
    return np.array([f"{code[row]}{number:03d}" for row, number in zip(home, serial)], object)
