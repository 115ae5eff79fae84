# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults planted at places drawn by lot in coverages drawn by lot: each is found, of its grid, at its exact place.

Planting shares no code with the checks. The coverage alone must give no alarm, and with a fault none but those that the
fault brings with it.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate

from digital_citymgmt_plugin.core.grids.audit import GRID_CHECKS, GridSet
from digital_citymgmt_plugin.core.grids.repair import repair_cells
from digital_citymgmt_plugin.storage.profiles import builtin_profile, check_rules
from tests.grid_oracle import faults, some

PARAMS = {rule.code: rule.params for rule in check_rules() if rule.code.startswith("grid.")}
HOMES = [f"1101010010{n:02d}" for n in range(1, 5)]
SEEDS = st.integers(0, 2**32 - 1)
SETTINGS = {"deadline": None, "phases": (Phase.explicit, Phase.generate), "derandomize": True}


class Town:
    """A coverage of Voronoi cells in two to four communities, with all that the rules look at, without a fault."""

    def __init__(self, seed):
        self.lot = lot = np.random.default_rng(seed)
        columns, rows = lot.integers(4, 7), lot.integers(4, 7)
        side = 150.0
        box = shapely.box(0, 0, columns * side, rows * side)
        x, y = np.meshgrid(np.arange(columns) * side + side / 2, np.arange(rows) * side + side / 2)
        seeds = np.c_[x.ravel(), y.ravel()] + lot.uniform(-0.22, 0.22, (x.size, 2)) * side
        edges = shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=box, only_edges=True)
        cells = shapely.get_parts(shapely.polygonize([shapely.union_all([edges, box.boundary])]))
        cells = cells[shapely.covers(box, shapely.point_on_surface(cells))]
        turn, far = lot.choice([0.0, 33.0]), lot.choice([0.0, 4e5])
        cells = some(*(translate(rotate(cell, turn, origin=(0, 0)), far, far / 2) for cell in cells))
        middle = shapely.get_coordinates(shapely.centroid(cells))
        home = (middle[:, 0] > np.median(middle[:, 0])).astype(int) + 2 * (middle[:, 1] > np.median(middle[:, 1]))
        order = np.argsort(home, kind="stable")
        self.cells, self.home = cells[order], home[order]
        self.communities = some(*(shapely.coverage_union_all(self.cells[self.home == n]) for n in range(4)))
        number = np.arange(len(cells)) - np.searchsorted(self.home, self.home) + 1
        self.codes = some(*(f"{HOMES[h]}{n:03d}" for h, n in zip(self.home, number)))
        self.stated = some(*(HOMES[h] for h in self.home))
        inner = shapely.get_coordinates(shapely.point_on_surface(self.cells))
        self.buildings = some(*(shapely.box(px - 6, py - 4, px + 6, py + 4) for px, py in inner))
        self.compounds = some(*(shapely.box(px - 12, py - 9, px + 12, py + 9) for px, py in inner))
        self.features = shapely.boundary(self.cells)

    def set(self, **changes):
        given = {
            "cells": self.cells.copy(), "codes": self.codes.copy(), "stated": self.stated.copy(), "coded": True,
            "scheme": builtin_profile("2013").grid_scheme, "county": "110101", "communities": self.communities,
            "community_codes": some(*HOMES), "buildings": self.buildings, "compounds": self.compounds,
            "features": self.features,
        }  # fmt: skip
        return GridSet(**{**given, **changes})

    def edges(self, across=False):
        """Return pairs of cells with a straight common edge of 40 m and more, and its ends; in an order by lot."""
        found = []
        for i, one in enumerate(self.cells):
            for j in range(i + 1, len(self.cells)):
                line = shapely.line_merge(one.intersection(self.cells[j]))
                straight = line.geom_type == "LineString" and len(line.coords) == 2 and line.length >= 40
                if straight and (self.home[i] != self.home[j]) == across:
                    found.append((i, j, np.array(line.coords)))
        order = self.lot.permutation(len(found))
        turned = [found[at] if self.lot.random() < 0.5 else (found[at][1], found[at][0], found[at][2]) for at in order]
        return turned

    def strip(self, ends, width):
        """Return what lies within a width of the middle half of an edge, on both sides: so it leaves no hair."""
        start, end = ends[0] + 0.25 * (ends[1] - ends[0]), ends[0] + 0.75 * (ends[1] - ends[0])
        return shapely.LineString([start, end]).buffer(width, cap_style="flat")


def look(grids):
    return [issue for code, check in GRID_CHECKS.items() for issue in check(grids, PARAMS[code])]


def gap(town):
    i, _j, ends = town.edges()[0]
    strip = town.strip(ends, town.lot.uniform(0.02, 4))
    cells = town.cells.copy()
    cells[i] = cells[i].difference(strip)
    return town.set(cells=cells), [("grid.gap", -1, strip.intersection(town.cells[i]))], ()


def overlap(town):
    i, j, ends = town.edges()[0]
    strip = town.strip(ends, town.lot.uniform(0.02, 4))
    cells = town.cells.copy()
    cells[i] = cells[i].union(strip)
    return town.set(cells=cells), [("grid.overlap", min(i, j), strip.intersection(town.cells[j]))], ()


def twice(town):
    i = int(town.lot.integers(len(town.cells)))
    copy = shapely.reverse(town.cells[i])
    grids = town.set(
        cells=np.append(town.cells, copy), codes=np.append(town.codes, town.codes[i][:12] + "777"),
        stated=np.append(town.stated, town.stated[i]),
    )  # fmt: skip
    return grids, [("grid.duplicate", i, copy)], ()


def parts(town):
    i, _j, ends = town.edges()[0]
    strip = town.strip(ends, 2.0)
    piece = strip.intersection(town.cells[i])
    home = np.flatnonzero(town.home == town.home[i])
    away = [k for k in home if town.cells[k].distance(piece) > 1]
    cells = town.cells.copy()
    cells[i] = cells[i].difference(strip)
    cells[away[0]] = shapely.MultiPolygon([cells[away[0]], piece])
    return town.set(cells=cells), [("grid.multipart", int(away[0]), piece)], ()


def hole(town):
    i = int(town.lot.integers(len(town.cells)))
    piece = town.cells[i].representative_point().buffer(town.lot.uniform(0.3, 9), quad_segs=3)
    cells = town.cells.copy()
    cells[i] = cells[i].difference(piece)
    return town.set(cells=cells), [("grid.hole", i, piece), ("grid.gap", -1, piece)], ()


def outside(town):
    i = int(town.lot.integers(len(town.cells)))
    away = translate(town.cells[i], 5e4, 0)
    grids = town.set(
        cells=np.append(town.cells, away), codes=np.append(town.codes, HOMES[0] + "778"),
        stated=np.append(town.stated, [None]),
    )  # fmt: skip
    return grids, [("grid.outside", len(town.cells), away)], ("grid.off_feature",)


def crossing(town):
    i, j, ends = town.edges(across=True)[0]
    strip = town.strip(ends, town.lot.uniform(0.2, 6))
    piece = strip.intersection(town.cells[j])
    cells = town.cells.copy()
    cells[i], cells[j] = cells[i].union(strip), cells[j].difference(strip)
    return town.set(cells=cells), [("grid.crossing", i, piece)], ()


def other_home(town):
    i = int(town.lot.integers(len(town.cells)))
    stated = town.stated.copy()
    stated[i] = HOMES[(town.home[i] + 1) % 4]
    return town.set(stated=stated), [("grid.wrong_community", i, town.cells[i])], ("grid.code_community",)


def no_home(town):
    i = int(town.lot.integers(len(town.cells)))
    stated = town.stated.copy()
    stated[i] = "110101009999"
    return town.set(stated=stated), [("grid.community_unknown", i, town.cells[i])], ()


def splinter(town):
    i, _j, ends = town.edges()[0]
    strip = town.strip(ends, town.lot.uniform(0.5, 4.5))
    piece = strip.intersection(town.cells[i])
    grids = town.set(
        cells=np.append(town.cells, piece), codes=np.append(town.codes, town.codes[i][:12] + "779"),
        stated=np.append(town.stated, town.stated[i]),
    )  # fmt: skip
    grids.cells[i] = grids.cells[i].difference(strip)
    # A strip is small and long, too, and its long side lies beside an edge.
    return grids, [("grid.sliver", len(town.cells), piece)], ("grid.below_band", "grid.shape", "grid.off_feature")


def small(town):
    i = int(town.lot.integers(len(town.cells)))
    west, south, east, north = town.cells[i].bounds
    cut = shapely.box(west - 1, south - 1, west + 0.3 * (east - west), north + 1)
    piece = town.cells[i].intersection(cut)
    grids = town.set(
        cells=np.append(town.cells, piece), codes=np.append(town.codes, town.codes[i][:12] + "780"),
        stated=np.append(town.stated, town.stated[i]), buildings=None, compounds=None,
    )  # fmt: skip
    grids.cells[i] = grids.cells[i].difference(cut)
    return grids, [("grid.below_band", len(town.cells), piece)], ("grid.off_feature", "grid.shape", "grid.below_band")


def large(town):
    i, j, _ends = town.edges()[0]
    near = [k for k in np.flatnonzero(town.home == town.home[i]) if k not in (i, j)]
    near = [k for k in near if town.cells[k].intersection(town.cells[i].union(town.cells[j])).length > 20]
    lost = [j, *near[:2]]
    whole = shapely.coverage_union_all(town.cells[[i, *lost]])
    cells = town.cells.copy()
    cells[i] = whole
    keep = np.setdiff1d(np.arange(len(cells)), lost)
    grids = town.set(cells=cells[keep], codes=town.codes[keep], stated=town.stated[keep])
    row = int(np.searchsorted(keep, i))
    return grids, [("grid.above_band", row, whole)] if len(lost) == 3 else [], ("grid.above_band",)


def _across(town, field, rule, size):
    i, j, ends = town.edges()[0]
    middle = ends.mean(axis=0)
    along = np.degrees(np.arctan2(*(ends[1] - ends[0])[::-1]))
    house = rotate(shapely.box(*(middle - size), *(middle + size)), along, origin=tuple(middle))
    inward = np.array(town.cells[j].centroid.coords[0]) - middle
    house = translate(house, *(0.3 * size * inward / np.hypot(*inward)))
    piece = house.intersection(town.cells[i])
    shapes = np.append(getattr(town, field), house)
    return town.set(**{field: shapes}), [(rule, i, piece)], ()


def building(town):
    return _across(town, "buildings", "grid.building_cut", 7.0)


def compound(town):
    return _across(town, "compounds", "grid.compound_cut", 15.0)


def odd_shape(town):
    i, j, ends = town.edges()[0]
    inward = np.array(town.cells[j].centroid.coords[0]) - ends.mean(axis=0)
    step = (ends[1] - ends[0]) / 16
    deep, back = inward * 0.75, -0.05 * inward
    teeth = [shapely.Polygon([ends[0] + (2 * k + 1) * step + back, ends[0] + (2 * k + 2) * step + back,
                              ends[0] + (2 * k + 2) * step + deep, ends[0] + (2 * k + 1) * step + deep])
             for k in range(7)]  # fmt: skip
    comb = shapely.union_all(teeth)
    cells = town.cells.copy()
    cells[i], cells[j] = cells[i].union(comb), cells[j].difference(comb)
    grids = town.set(cells=cells, buildings=None, compounds=None)
    return grids, [("grid.shape", i, cells[i])], ("grid.shape", "grid.off_feature", "grid.below_band")


def off(town):
    i = int(town.lot.integers(len(town.cells)))
    edge = town.cells[i].boundary
    ground = shapely.union_all(town.communities)
    lines = shapely.difference(town.features, edge.buffer(1.5))
    stretch = edge.difference(shapely.union_all(shapely.boundary(town.communities)).buffer(1e-6)).difference(
        ground.boundary.buffer(1e-6)
    )
    expected = [("grid.off_feature", i, stretch)] if stretch.length > 0.55 * edge.length else []
    return town.set(features=lines), expected, ("grid.off_feature",)


def no_code(town):
    i = int(town.lot.integers(len(town.cells)))
    codes = town.codes.copy()
    codes[i] = town.lot.choice(some(None, "", "   "))
    return town.set(codes=codes), [("grid.code_missing", i, None)], ()


def bad_code(town):
    i = int(town.lot.integers(len(town.cells)))
    codes = town.codes.copy()
    codes[i] = town.lot.choice([codes[i][:-1], codes[i] + "1", codes[i][:-3] + "000", "x" + codes[i][1:], "9" * 15])
    return town.set(codes=codes), [("grid.code_form", i, None)], ("grid.code_community",)


def code_twice(town):
    i, j = sorted(town.lot.choice(np.flatnonzero(town.home == 0), 2, replace=False).tolist())
    codes = town.codes.copy()
    codes[j] = codes[i]
    return town.set(codes=codes), [("grid.code_double", j, None)], ()


def foreign_code(town):
    i = int(town.lot.integers(len(town.cells)))
    codes = town.codes.copy()
    codes[i] = HOMES[(town.home[i] + 1) % 4] + "555"
    return town.set(codes=codes), [("grid.code_community", i, None)], ()


def crossed(town):
    i = int(town.lot.integers(len(town.cells)))
    xy = list(town.cells[i].exterior.coords)[:-1]
    at = int(town.lot.integers(len(xy)))
    other = (at + 1) % len(xy)
    xy[at], xy[other] = xy[other], xy[at]
    cells = town.cells.copy()
    cells[i] = shapely.Polygon(xy)
    return town.set(cells=cells), [("grid.invalid", i, None)], tuple(PARAMS)


def nothing(town):
    i = int(town.lot.integers(len(town.cells)))
    cells = town.cells.copy()
    xy = np.array(town.cells[i].exterior.coords)
    xy[1] = np.nan
    cells[i] = [None, shapely.Polygon(), shapely.Point(1, 1), shapely.Polygon(xy)][town.lot.integers(4)]
    return town.set(cells=cells), [("grid.empty", i, None), ("grid.gap", -1, town.cells[i])], ()


PLANTS = [
    gap, overlap, twice, parts, hole, outside, crossing, other_home, no_home, splinter, small, large, building,
    compound, odd_shape, off, no_code, bad_code, code_twice, foreign_code, crossed, nothing,
]  # fmt: skip


def missed(plant, seed):
    """Return in words what the checks missed of a planted fault, and what they told beside it."""
    town = Town(seed)
    grids, expected, also = plant(town)
    found = look(grids)
    wrong = []
    for rule, row, shape in expected:
        mine = [issue for issue in found if issue.rule == rule and issue.index == row]
        if len(mine) != 1:
            wrong.append(f"{rule} of {row} told {len(mine)} times")
        elif shape is not None and shape.area > 0:
            if mine[0].geometry.symmetric_difference(shape).area > 1e-4 * shape.area + 1e-6:
                wrong.append(f"{rule} of {row} at another place")
        elif shape is not None and shapely.hausdorff_distance(mine[0].geometry, shape) > 6:
            wrong.append(f"{rule} of {row} along another stretch")
    known = {(rule, row) for rule, row, _shape in expected}
    wrong += [f"false alarm: {issue.rule} of {issue.index} {issue.params}" for issue in found
              if (issue.rule, issue.index) not in known and issue.rule not in also]  # fmt: skip
    return wrong


@given(SEEDS)
@settings(max_examples=20, **SETTINGS)
def test_a_sound_coverage_gives_no_alarm(seed):
    town = Town(seed)
    assert faults(town.cells, town.communities) == []
    assert [(issue.rule, issue.index, issue.params) for issue in look(town.set())] == []


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
@given(SEEDS)
@settings(max_examples=6, **SETTINGS)
def test_a_fault_anywhere_is_found_at_its_exact_place(plant, seed):
    assert missed(plant, seed) == []


def shaken(seed, tolerance):
    """A town some of whose cells were drawn anew, up to a third of a tolerance beside where they were."""
    town = Town(seed)
    cells = town.cells.copy()
    rows = town.lot.choice(len(cells), town.lot.integers(1, len(cells) // 2), replace=False)
    for row in rows.tolist():
        xy = np.array(cells[row].exterior.coords)[:-1]
        if town.lot.random() < 0.5:
            xy = xy + town.lot.uniform(-0.3, 0.3, 2) * tolerance
        else:
            xy = xy + town.lot.uniform(-0.2, 0.2, xy.shape) * tolerance
        cells[row] = shapely.Polygon(xy)
    return town, cells


def wider(shapes, width):
    """Tell whether a disc of a width fits into one of some areas."""
    parts = shapely.get_parts(shapely.get_parts(shapes))
    parts = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > 1e-6)]
    return bool((2 * shapely.length(shapely.maximum_inscribed_circle(parts, 0.01 * width)) > width).any())


def strayed(before, after):
    """Return how far outlines moved at most, with points every half metre."""
    lines = [shapely.segmentize(shapely.boundary(shapes), 0.5) for shapes in (before, after)]
    return float(shapely.hausdorff_distance(*lines).max())


@pytest.mark.parametrize("known", [False, True])
@given(SEEDS, st.sampled_from((0.1, 0.5, 2.0)))
@settings(max_examples=6, **SETTINGS)
def test_a_repair_moves_no_boundary_by_more_than_its_tolerance_and_leaves_a_coverage(known, seed, tolerance):
    town, cells = shaken(seed, tolerance)
    homes = {"communities": town.communities, "home": town.home} if known else {}
    mended = repair_cells(cells, tolerance, **homes)
    assert strayed(cells, mended.cells) <= tolerance + 1e-6
    kept = np.setdiff1d(np.arange(len(cells)), mended.rows)
    assert all(mended.cells[row] is cells[row] for row in kept.tolist())
    pairs = shapely.STRtree(cells).query(cells, predicate="intersects")
    pairs = pairs[:, pairs[0] < pairs[1]]
    over = shapely.intersection(cells[pairs[0]], cells[pairs[1]])
    union = shapely.union_all(cells)
    under = [shapely.union_all(town.communities).difference(union)]
    if wider(np.array([*over, *under], dtype=object), 0.95 * tolerance):
        return  # a person's to decide
    assert faults(mended.cells, some(shapely.union_all(mended.cells))) == []
    if known:
        assert shapely.union_all(town.communities).difference(shapely.union_all(mended.cells)).area < 0.01
