# SPDX-License-Identifier: GPL-2.0-or-later
"""Grids wanted by load: the band is one of loads, areas are bounded loosely."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.draft import DraftOptions, draft_grids
from digital_citymgmt_plugin.core.grids.weights import band_ratio
from tests.core.test_grid_draft import assert_tiles, some, town

FIELD = shapely.box(0, 0, 1000, 800)


def uneven(seed=5, size=1200.0):
    """Return places of things: five times as many to the square metre in the west as in the east."""
    rng = np.random.default_rng(seed)
    west = rng.uniform((0, 0), (size / 2, size), (5000, 2))
    east = rng.uniform((size / 2, 0), (size, size), (1000, 2))
    return np.concatenate([west, east])


def counted(cells, places):
    """Count things in cells by GEOS alone."""
    tree = shapely.STRtree(shapely.points(places))
    return np.bincount(tree.query(cells, predicate="covers")[0], minlength=len(cells))


def test_cells_have_the_load_wanted_and_areas_as_the_density_of_things_wants_it():
    areas, lines, ranks, houses = town()
    places = uneven()
    options = DraftOptions(24_000.0, (0.5, 2.0), target_load=100.0)  # 100 things lie on 2.4 ha on the mean
    draft = draft_grids(areas, lines, ranks, buildings=houses, components=shapely.points(places), options=options)
    assert_tiles(draft.cells, areas)
    loads = counted(draft.cells, places)
    assert np.array_equal(loads, draft.load)
    assert ((loads >= 50) & (loads <= 200)).all() and (draft.reason == "draft.in_band").all()
    assert loads.mean() == pytest.approx(100, rel=0.1)
    west = shapely.get_x(shapely.centroid(draft.cells)) < 600
    assert draft.area_m2[~west].mean() > 3 * draft.area_m2[west].mean()
    # By area alone no such draft comes about.
    plain = draft_grids(areas, lines, ranks, buildings=houses, components=shapely.points(places),
                        options=DraftOptions(24_000.0, (0.5, 2.0)))  # fmt: skip
    assert (counted(plain.cells, places) < 50).any()


def test_empty_land_is_cut_by_area_all_the_same():
    places = np.random.default_rng(2).uniform((0, 0), (300, 800), (1200, 2))
    options = DraftOptions(40_000.0, (0.5, 2.0), target_load=60.0)
    draft = draft_grids(some(FIELD), components=shapely.points(places), options=options)
    assert_tiles(draft.cells, some(FIELD))
    assert draft.area_m2.max() <= 4 * 80_000 and draft.area_m2.min() >= 20_000 / 4
    assert set(draft.reason) == {"draft.in_band"}


def test_a_load_below_the_band_is_said_as_such():
    """One house as wide as the community holds all things: nothing can part them."""
    places = np.random.default_rng(2).uniform((10, 10), (90, 390), (900, 2))
    options = DraftOptions(40_000.0, (0.5, 2.0), target_load=100.0)
    draft = draft_grids(some(shapely.box(0, 0, 800, 400)), buildings=some(shapely.box(5, 5, 95, 395)),
                        components=shapely.points(places), options=options)  # fmt: skip
    assert "draft.above_load" in draft.reason
    (note,) = (note for note in draft.notes if note.code == "draft.above_load")
    assert note.values["load"] >= 900


def test_the_ratio_of_a_cell_is_that_of_its_load_within_loose_bounds_of_area():
    area, load = np.array([40_000.0, 40_000.0, 400_000.0, 1_000.0]), np.array([50.0, 1000.0, 0.0, 1000.0])
    assert band_ratio(area, load, 40_000.0, 100.0).tolist() == [0.5, 4.0, 2.5, 0.1]
    assert band_ratio(area, load, 40_000.0, 0.0).tolist() == [1.0, 1.0, 10.0, 0.025]


def test_the_same_rows_in_another_order_give_the_same_cells():
    areas, lines, ranks, houses = town(3, 800.0)
    places = uneven(6, 800.0)
    options = DraftOptions(24_000.0, (0.5, 2.0), target_load=225.0)
    first = draft_grids(areas, lines, ranks, buildings=houses, components=shapely.points(places), options=options)
    second = draft_grids(areas, lines[::-1], ranks[::-1], buildings=houses[::-1],
                         components=shapely.points(places[::-1]), options=options)  # fmt: skip
    assert (shapely.to_wkb(first.cells) == shapely.to_wkb(second.cells)).all()


def test_a_load_that_is_no_number_is_refused():
    with pytest.raises(InputRefused, match=r"draft\.bad_option"):
        draft_grids(some(FIELD), options=DraftOptions(target_load=float("nan")))
