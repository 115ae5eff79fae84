# SPDX-License-Identifier: GPL-2.0-or-later
"""Thin cells: listed with their reason, and strips of land or water that make none; ends that miss by a millimetre."""

from __future__ import annotations

import numpy as np
import shapely

from digital_citymgmt_plugin.core.grids.assemble import DraftOptions
from digital_citymgmt_plugin.core.grids.draft import draft_grids
from digital_citymgmt_plugin.core.grids.joints import joints

FAST = DraftOptions(sweeps=2, tries=1, flips=4)


def _line(*xy):
    return shapely.LineString(xy)


def test_an_end_that_misses_a_line_by_less_than_a_millimetre_is_joined():
    across = _line((0, 0), (0, 100))
    lines = np.array([across, _line((0.0004, 50), (80, 50)), _line((0.2, 70), (80, 70))], dtype=object)
    made = joints(lines, np.array([_line((80.0005, 0), (80.0005, 100))], dtype=object))
    assert len(made) == 3  # one at the line, two at the edge; what is 20 cm away is a dead end
    assert shapely.intersects(made, across).sum() == 1
    assert shapely.length(made).max() < 0.003
    noded = shapely.union_all(np.concatenate([lines[:2], made]), grid_size=1e-6)
    assert shapely.get_num_geometries(noded) > 3


def test_streets_drawn_in_millimetres_part_blocks_whose_ends_miss_the_street():
    area = np.array([shapely.box(0, 0, 400, 400)], dtype=object)
    streets = np.array([_line((200.0, 0), (200.0, 400)), _line((0, 200), (199.9996, 200)),
                        _line((200.0004, 200), (400, 200))], dtype=object)  # fmt: skip
    made = draft_grids(area, streets, np.array([2, 3, 3]), options=FAST)
    assert np.allclose(made.area_m2, 40_000.0, rtol=0.02) and len(made.cells) == 4
    assert made.on_rank[:, -1].max() < 1e-6


def test_a_cell_that_is_thin_because_its_community_is_a_strip_is_listed_with_that_reason():
    strip = shapely.union(shapely.box(0, 0, 200, 200), shapely.box(200, 90, 900, 110))
    made = draft_grids(np.array([strip], dtype=object), options=FAST)
    assert made.origin.tolist() == ["draft.thin_ground"]
    assert [note.code for note in made.doubtful] == ["draft.thin_ground"]
    assert made.confidence[0] < 0.65


def test_a_bank_too_thin_for_a_cell_goes_with_the_water_and_a_strip_of_water_with_the_land():
    area = np.array([shapely.box(0, 0, 600, 600)], dtype=object)
    lake = shapely.box(-10, 45, 610, 300)  # a bank of 45 m below
    canal = shapely.box(0, 582, 600, 700)  # 18 m of it in the community
    made = draft_grids(area, np.array([lake, canal], dtype=object), np.array([2, 2]), options=FAST)
    water = made.cells[made.reason == "draft.barrier_area"]
    assert len(water) == 1 and not shapely.intersects(water, shapely.box(0, 500, 600, 600)).any()
    land = made.cells[made.reason != "draft.barrier_area"]
    assert (4 * np.pi * shapely.area(land) / shapely.length(land) ** 2).min() > 0.25
    house = np.array([shapely.box(300, 10, 330, 30)], dtype=object)  # on the bank: it stays land
    kept = draft_grids(area, np.array([lake, canal], dtype=object), np.array([2, 2]), buildings=house, options=FAST)
    assert not shapely.intersects(kept.cells[kept.reason == "draft.barrier_area"], house[0]).any()
