# SPDX-License-Identifier: GPL-2.0-or-later
"""Draft unit grids from real base maps: OSM streets, railways, water, walls and buildings, layers in degrees."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.checks import CheckOptions, check_cells
from digital_citymgmt_plugin.core.grids.draft import DraftOptions, draft_grids
from digital_citymgmt_plugin.core.grids.numbering import number_cells

pytestmark = pytest.mark.real_data

TARGET = 40_000.0
# Strength of a street by its OSM class; classes left out (platforms, steps, subways) are no boundary on the ground.
RANKS = {
    "motorway": 1,
    "trunk": 1,
    "primary": 1,
    "primary_link": 2,
    "secondary": 2,
    "secondary_link": 3,
    "tertiary": 3,
    "tertiary_link": 3,
    "residential": 3,
    "unclassified": 3,
    "living_street": 4,
    "service": 4,
    "pedestrian": 4,
    "footway": 5,
    "cycleway": 5,
    "path": 5,
}


class BaseMap:
    """The layers of one OSM base map in a metric CRS."""

    def __init__(self, path, crs):
        import pyogrio

        def layer(name):
            frame = pyogrio.read_dataframe(path, layer=name)
            return frame.to_crs(crs)

        roads = layer("roads")
        tunnel = roads["other_tags"].fillna("").str.contains('"tunnel"=>"yes"')
        roads = roads[roads["highway"].isin(list(RANKS)) & ~tunnel]
        rails = layer("railways").query("railway == 'rail'")
        others = [(rails, 1), (layer("waterways"), 1), (layer("water_areas"), 2), (layer("barriers"), 4)]
        self.barriers = np.concatenate([np.asarray(f.geometry, dtype=object) for f in [roads, *(o[0] for o in others)]])
        ranks = [roads["highway"].map(RANKS).to_numpy(), *(np.full(len(frame), rank) for frame, rank in others)]
        self.ranks = np.concatenate(ranks).astype(np.int64)
        self.areas = np.asarray(layer("aoi").geometry, dtype=object)
        self.buildings = np.asarray(layer("buildings").geometry, dtype=object)


@pytest.fixture(scope="module")
def haidian(shared):
    return BaseMap(shared / "basemap" / "beijing_haidian_osm.gpkg", "EPSG:32650")


@pytest.fixture(scope="module")
def draft(haidian):
    return draft_grids(haidian.areas, haidian.barriers, haidian.ranks, buildings=haidian.buildings)


def barrier_share(cells, outline, barriers):
    """Measure the share of the inner boundary that lies within 1 m of a barrier, by buffers."""
    inner = shapely.difference(shapely.union_all(shapely.boundary(cells)), shapely.buffer(outline.boundary, 0.5))
    return shapely.intersection(inner, shapely.union_all(shapely.buffer(barriers, 1.0))).length / inner.length


def test_haidian_is_covered_without_gap_overlap_or_parts(draft, haidian):
    cells, aoi = draft.cells, shapely.union_all(haidian.areas)
    assert shapely.coverage_is_valid(cells)
    assert (shapely.get_type_id(cells) == 3).all() and shapely.is_valid(cells).all()
    assert (shapely.get_num_interior_rings(cells) == 0).all()
    union = shapely.union_all(cells)
    assert shapely.area(cells).sum() - union.area < 0.01
    assert shapely.get_num_interior_rings(union) == 0
    # The outline is rounded to the grid of 1 mm, on 8.9 km.
    assert aoi.difference(union).area < 5.0 and union.difference(aoi).area < 5.0


def test_haidian_cells_keep_to_the_band_and_the_mean(draft):
    inside = (draft.area_m2 >= 0.5 * TARGET) & (draft.area_m2 <= 2 * TARGET)
    assert inside.mean() >= 0.98
    assert abs(draft.area_m2.mean() / TARGET - 1) < 0.05


def test_haidian_cells_cut_no_building(draft, haidian):
    inside = haidian.buildings[shapely.covers(haidian.areas[0], haidian.buildings)]
    assert len(inside) > 450
    assert [i for i in check_cells(draft.cells, buildings=inside) if i.rule == "grid.building_cut"] == []


def test_haidian_boundaries_follow_barriers_squares_do_not(draft, haidian):
    aoi = haidian.areas[0]
    x, y = np.meshgrid(*(np.arange(aoi.bounds[i], aoi.bounds[i + 2], 200.0) for i in (0, 1)))
    squares = shapely.intersection(shapely.box(x.ravel(), y.ravel(), x.ravel() + 200, y.ravel() + 200), aoi)
    squares = squares[shapely.area(squares) > 0]
    assert (
        barrier_share(draft.cells, aoi, haidian.barriers) > 0.85 > 0.2 > barrier_share(squares, aoi, haidian.barriers)
    )


def test_haidian_passes_the_plugins_own_checks(draft, haidian):
    options = CheckOptions(target_area=TARGET)
    issues = check_cells(draft.cells, haidian.areas, community_index=draft.area_index, options=options)
    assert {issue.rule for issue in issues} <= {"grid.below_band", "grid.above_band"}


def test_haidian_numbers_start_in_the_north_west(draft):
    numbers = number_cells(draft.cells, draft.area_index)
    assert sorted(numbers) == list(range(1, len(draft.cells) + 1))
    points = shapely.get_coordinates(shapely.point_on_surface(draft.cells))
    middle = points.mean(axis=0)
    first, last = points[numbers.argmin()], points[numbers.argmax()]
    assert first[1] > middle[1] > last[1]


@pytest.mark.parametrize("target", [10_000.0, 90_000.0])
def test_other_cell_sizes_are_sound_too(haidian, target):
    made = draft_grids(
        haidian.areas,
        haidian.barriers,
        haidian.ranks,
        buildings=haidian.buildings,
        options=DraftOptions(target_area=target),
    )
    assert shapely.coverage_is_valid(made.cells)
    assert abs(made.area_m2.sum() - shapely.area(haidian.areas).sum()) < 10
    # Buildings and blocks larger than a small cell may not be cut: some cells stay above the band.
    assert (made.reason == "draft.in_band").mean() > 0.9


@pytest.fixture(scope="module")
def longgang(shared):
    base = BaseMap(shared / "basemap" / "shenzhen_longgang_osm.gpkg", "EPSG:32650")
    return base, draft_grids(base.areas, base.barriers, base.ranks, buildings=base.buildings)


def test_longgang_with_open_water_and_hills_is_sound(longgang):
    base, made = longgang
    assert shapely.coverage_is_valid(made.cells)
    assert (shapely.get_type_id(made.cells) == 3).all()
    assert not shapely.get_num_interior_rings(made.cells).any()
    assert abs(made.area_m2.sum() - shapely.area(base.areas).sum()) < 20
    assert (made.reason == "draft.in_band").mean() > 0.95


def test_the_lakes_of_longgang_are_cells_of_their_own(longgang):
    base, made = longgang
    water = shapely.make_valid(base.barriers[shapely.get_dimensions(base.barriers) == 2])
    # Lakes in which a disc of 60 m fits over 2 ha, by the same drawing but no code of ours.
    core = shapely.buffer(shapely.buffer(water, -30), 30)
    lakes = shapely.intersection(water[shapely.area(core) > 20_000], base.areas[0])
    assert len(lakes) >= 2
    own = made.cells[made.reason == "draft.barrier_area"]
    everything, wet = shapely.union_all(own), shapely.union_all(water)
    assert (shapely.area(shapely.intersection(lakes, everything)) > 0.95 * shapely.area(lakes)).all()
    assert shapely.intersection(everything, wet).area > 0.85 * everything.area  # the rest are narrow banks
    land = made.cells[made.reason == "draft.in_band"]
    assert (shapely.area(shapely.intersection(land, wet)) < 0.5 * shapely.area(land)).all()
    listed = [note for note in made.notes if note.code == "draft.barrier_area"]
    assert len(listed) == len(own)
