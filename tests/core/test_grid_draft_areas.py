# SPDX-License-Identifier: GPL-2.0-or-later
"""Communities as they come: gaps, overlaps, splinters, enclaves, parts; locked cells that do not fit them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.areas import MEND, make_regions, mended_areas
from digital_citymgmt_plugin.core.grids.draft import DraftOptions, draft_grids
from tests.grid_oracle import faults, some

FAST = DraftOptions(20_000.0, sweeps=2, tries=1, flips=4)
box = shapely.box
FIELD = box(0, 0, 600, 400)


def drafted(areas, whole, **given):
    """Draft, make sure that the cells tile ``whole``; return the draft and its notes of input by code."""
    draft = draft_grids(areas, options=FAST, **given)
    assert faults(draft.cells, some(*whole)) == []
    notes = {}
    for note in draft.notes:
        notes.setdefault(note.code, []).append(note)
    return draft, notes


def test_a_narrow_gap_is_closed_and_a_wide_one_left_and_both_are_told():
    areas = some(box(0, 0, 300, 400), box(300.5, 0, 600, 400))
    _draft, notes = drafted(areas, [FIELD])
    (note,) = notes["draft.areas_gap"]
    assert {note.area_index, note.values["other"]} == {0, 1} and note.values["area"] == 200.0
    assert shapely.symmetric_difference(note.geometry, box(300, 0, 300.5, 400)).area < 1e-6
    ring = shapely.difference(box(0, 0, 600, 400), box(290, 100, 310, 300))
    areas = some(shapely.intersection(ring, box(0, 0, 300, 400)), shapely.intersection(ring, box(300, 0, 600, 400)))
    __draft, notes = drafted(areas, areas)
    (note,) = notes["draft.areas_gap_left"]
    assert note.values["area"] == 4000.0 and "draft.areas_gap" not in notes
    around = shapely.difference(FIELD, box(290, 100, 310, 300))
    (note,) = drafted(some(around), [around])[1]["draft.area_hole"]
    assert note.area_index == 0 and note.values["area"] == 4000.0


def test_a_wedge_between_three_communities_is_closed():
    areas = some(
        box(0, 0, 300, 400),
        shapely.Polygon([(300, 0), (600, 0), (600, 400), (300.4, 400)]),
        shapely.Polygon([(0, 400), (600, 400.3), (600, 800), (0, 800)]),
    )
    _draft, notes = drafted(areas, [box(0, 0, 600, 800)])
    assert sum(note.values["area"] for note in notes["draft.areas_gap"]) == pytest.approx(170.0)


def test_a_narrow_overlap_goes_to_one_and_is_told_once():
    areas = some(box(0, 0, 300, 400), box(299.6, 0, 600, 400))
    _draft, notes = drafted(areas, areas)
    (note,) = notes["draft.areas_overlap"]
    assert {note.area_index, note.values["other"]} == {0, 1} and note.values["area"] == pytest.approx(160.0)


def test_gaps_and_overlaps_of_millimetres_and_metres_in_one_layer():
    areas = some(box(0, 0, 300, 400), box(295, 0, 600, 400), box(600.004, 0, 900, 400))
    draft, notes = drafted(areas, [box(0, 0, 900, 400)])
    assert len(notes["draft.areas_overlap"]) == 1 and len(notes["draft.areas_gap"]) == 1
    assert set(draft.area_index) == {0, 1, 2}


@pytest.mark.parametrize("swap", [False, True])
def test_a_community_drawn_over_another_keeps_its_ground(swap):
    inner = box(200, 100, 400, 300)
    areas = some(inner, FIELD) if swap else some(FIELD, inner)
    draft, notes = drafted(areas, [FIELD])
    own = shapely.union_all(draft.cells[draft.area_index == (0 if swap else 1)])
    assert shapely.symmetric_difference(own, inner).area < 1e-6 and len(notes["draft.areas_overlap"]) == 1


def test_one_community_twice_is_drafted_once_and_told():
    draft, notes = drafted(some(FIELD, FIELD), [FIELD])
    assert len(set(draft.area_index)) == 1
    assert notes["draft.areas_overlap"][0].values["area"] == 240_000.0


def test_a_splinter_goes_to_the_neighbour_and_is_told():
    areas = some(
        shapely.MultiPolygon([box(0, 0, 300, 400), box(599.5, 0, 600, 400)]),
        box(300, 0, 599.5, 400),
    )
    draft, notes = drafted(areas, [FIELD])
    (note,) = notes["draft.areas_sliver"]
    assert note.area_index == 0 and note.values["area"] == 200.0
    assert not shapely.is_empty(shapely.buffer(draft.cells, -2.5)).any()


def test_what_an_overlap_leaves_of_a_community_makes_no_splinter():
    areas = some(box(0, 0, 300, 400), box(-0.4, 0, 280, 400), box(300, 0, 600, 400))
    draft, _notes = drafted(areas, [box(-0.4, 0, 600, 400)])
    assert not shapely.is_empty(shapely.buffer(draft.cells, -2.5)).any()


def test_sound_communities_keep_every_vertex():
    areas = some(box(0, 0, 300, 400), box(300, 0, 600, 400), box(0, 400, 600, 900), box(2000, 0, 2100, 100))
    kept, notes = mended_areas(areas, np.arange(4))
    assert notes == [] and all(a is b for a, b in zip(kept, areas))


def test_a_notch_in_an_outline_is_no_gap():
    notch = shapely.difference(FIELD, box(300, 300, 300.5, 400))
    _draft, notes = drafted(some(notch, box(600, 0, 900, 400)), [notch, box(600, 0, 900, 400)])
    assert "draft.areas_gap" not in notes


@pytest.mark.parametrize(
    "inner",
    [
        [box(200, 150, 400, 250)], [box(200, 150, 300, 250), box(300, 250, 400, 350)], [box(300, 200, 305, 205)],
        [shapely.Polygon([(200, 0), (400, 0), (300, 200)])],
    ],
    ids=["one", "two that touch in a corner", "tiny", "on the edge"],
)  # fmt: skip
def test_cells_have_holes_only_around_an_enclosed_community(inner):
    outer = shapely.difference(FIELD, shapely.union_all(inner))
    draft, _notes = drafted(some(outer, *inner), [FIELD])
    holes = shapely.polygons(np.concatenate([shapely.get_rings(cell)[1:] for cell in draft.cells]))
    # Around one of 25 m² the draft need not open the cell, around a large one it must.
    assert all(any(shapely.equals(hole, one) for one in inner) for hole in holes)
    assert len(holes) == sum(one.area < 100 for one in inner)


def test_each_part_of_a_community_is_drafted_and_small_parts_are_listed():
    area = shapely.MultiPolygon([FIELD, box(1000, 0, 1300, 300), box(700, 0, 703, 2)])
    draft, notes = drafted(some(area), [area])
    assert (draft.area_index == 0).all()
    (note,) = notes["draft.small_area"]
    assert note.values["area"] == 6.0


@pytest.mark.parametrize("side", [(20, 15), (20_000, 3), (0.5, 300)])
def test_a_community_too_small_for_a_cell_is_one_cell_and_listed(side):
    tiny = box(600, 0, 600 + side[0], side[1])
    _draft, notes = drafted(some(FIELD, tiny), [FIELD, tiny])
    if tiny.area < 10_000:
        assert [note.area_index for note in notes["draft.small_area"]] == [1]


@np.errstate(invalid="ignore")  # numbers that are none are meant
def test_odd_rows_of_the_area_layer_are_passed_over():
    areas = some(
        FIELD, None, shapely.Polygon(), shapely.LineString([(0, 0), (1, 1)]), shapely.Point(3, 3),
        shapely.Polygon([(0, 0), (600, 0), (0, 0)]), shapely.from_wkt("POLYGON ((0 0, nan 5, 3 9, 0 0))"),
    )  # fmt: skip
    draft, _notes = drafted(areas, [FIELD])
    assert set(draft.area_index) == {0}


def test_spikes_and_collections_are_repaired_and_told():
    spike = shapely.Polygon([(0, 0), (600, 0), (600, 400), (300, 400), (300, 900), (300, 400), (0, 400)])
    mixed = shapely.from_wkt("GEOMETRYCOLLECTION (POLYGON ((600 0, 900 0, 900 400, 600 400, 600 0)), POINT (1 1))")
    _draft, notes = drafted(some(spike, mixed), [box(0, 0, 900, 400)])
    (note,) = notes["draft.area_repaired"]
    assert note.area_index == 0 and note.values["reason"]


def test_noise_in_the_last_digits_is_neither_gap_nor_overlap():
    source = np.random.default_rng(4)

    def shaken(shape):
        xy = shapely.get_coordinates(shape)[:-1]
        return shapely.Polygon(xy + source.uniform(-1e-9, 1e-9, xy.shape))

    areas = some(shaken(box(0, 0, 300, 400)), shaken(box(300, 0, 600, 400)), shaken(box(0, 400, 600, 800)))
    _draft, notes = drafted(areas, [box(0, 0, 600, 800)])
    assert not {code for code in notes if code.startswith("draft.area")}


def test_the_order_of_faulty_communities_changes_no_byte():
    areas = some(
        box(0, 0, 300, 400), box(299.6, 0, 600, 400), box(0, 400.3, 600, 800), box(250, 350, 350, 450),
        shapely.MultiPolygon([box(600, 0, 900, 400), box(0, -0.5, 300, 0)]),
    )  # fmt: skip
    first = draft_grids(areas, options=FAST)
    order = np.array([3, 0, 4, 1, 2])
    second = draft_grids(areas[order], options=FAST)
    assert sorted(zip(order[second.area_index], shapely.to_wkb(second.cells))) == sorted(
        zip(first.area_index, shapely.to_wkb(first.cells))
    )
    assert faults(first.cells, some(shapely.union_all(first.cells))) == []


def test_one_of_faulty_communities_alone_is_as_among_all():
    areas = some(box(0, 0, 300, 400), box(299.6, 0, 600, 400), box(0, 400.3, 600, 800))
    whole = draft_grids(areas, options=FAST)
    alone = draft_grids(areas, options=FAST, only=np.array([1]))
    mine = whole.cells[whole.area_index == 1]
    assert (alone.area_index == 1).all() and len(alone.cells) == len(mine)
    assert shapely.union_all(alone.cells).symmetric_difference(shapely.union_all(mine)).area < 1e-6


LOCKS = {
    "overlap": ([box(100, 100, 300, 300), box(200, 200, 400, 350)], "draft.locks_overlap"),
    "twice": ([box(100, 100, 300, 300), box(100, 100, 300, 300)], "draft.locks_overlap"),
    "across": ([box(500, 100, 700, 300)], "draft.lock_cut"),
    "beyond": ([box(-50, 100, 300, 300)], "draft.lock_cut"),
    "outside": ([box(5000, 100, 5700, 300), None, shapely.Polygon()], "draft.lock_outside"),
    "beside the edge": ([box(0.3, 0.2, 300, 200)], "draft.lock_fitted"),
    "a strip at the edge": ([box(0.3, 0, 599.8, 400)], "draft.lock_fitted"),
    "crossing itself": ([shapely.Polygon([(100, 100), (300, 300), (300, 100), (100, 300)])], None),
}


@pytest.mark.parametrize("name", list(LOCKS))
def test_locked_cells_that_do_not_fit_are_fitted_and_told(name):
    locks, code = LOCKS[name]
    areas = some(FIELD, box(600, 0, 900, 400))
    draft, notes = drafted(areas, areas, locked=some(*locks))
    assert code is None or code in notes
    assert not shapely.is_empty(shapely.buffer(draft.cells, -2.5)).any(), "no slivers"
    kept = shapely.union_all(draft.cells[draft.reason == "draft.locked"])
    real = shapely.make_valid(some(*[lock for lock in locks if lock is not None]))
    wanted = shapely.intersection(shapely.union_all(real), shapely.union_all(areas))
    assert shapely.difference(wanted, kept).area < 1e-6
    assert shapely.difference(kept, shapely.buffer(wanted, MEND, join_style="mitre")).area < 1e-6


def test_a_building_cut_by_a_locked_cell_says_so():
    house = some(box(280, 180, 320, 220))
    _draft, notes = drafted(some(FIELD), [FIELD], locked=some(box(100, 100, 300, 300)), buildings=house)
    assert len(notes["draft.building_cut_by_lock"]) == 1 and "draft.building_cut" not in notes


def test_regions_of_sound_input_are_the_input():
    areas = some(FIELD, box(600, 0, 900, 400))
    regions, notes = make_regions(areas, np.arange(2), some(), 1e-6)
    assert notes == [] and shapely.equals_exact(regions.polygons.tolist(), shapely.normalize(areas).tolist(), 0.0).all()
