# SPDX-License-Identifier: GPL-2.0-or-later
"""What a repair of unit grids leaves says why; taking an action back tells how far it is and can be stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.requests import CheckGrids, UndoOperation
from digital_citymgmt_plugin.services.grid_checks import check_grids
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import box, squares

THIN = "grid.gap"


def left(town):
    rows = town.rows("check_issue", "rule", "params", where=[("state", "=", "open")])
    return [(row["rule"], json.loads(row["params"]).get("why_left")) for row in rows]


def test_a_wide_gap_and_kinds_that_no_repair_touches_are_told(town):
    ring = box(500, 500, 1000, 1000).difference(box(700, 700, 730, 730))
    town.adopt([box(0, 0, 500, 1000), box(530, 0, 1000, 500), ring, box(1000, 0, 2000, 1000)])
    result = check_grids(town.context, CheckGrids(repair=1.0, rules="gap, hole, overlap"))
    assert set(left(town)) == {(THIN, "because.repair_wide"), ("grid.hole", "because.repair_kind")}
    assert {note["values"]["because"] for note in result["notes"]} == {"because.repair_wide", "because.repair_kind"}
    check_grids(town.context, CheckGrids(rules="gap, hole"))  # what was said stays while the same is found
    assert None not in dict(left(town)).values()


def test_a_thin_gap_that_nobody_may_take_and_one_that_would_part_a_grid_say_so(town):
    # A gap of half a metre at the edge of the second community: its only neighbour is of the first one.
    town.adopt([box(0, 0, 1000, 1000), box(1000.5, 600, 2000, 1000)])
    check_grids(town.context, CheckGrids(repair=1.0, rules="gap"))
    assert all(why for _rule, why in left(town))


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_is_left_is_unexplained(town, seed):
    chance = np.random.default_rng(seed)
    shapes = []
    for cell in squares(6, 4, 160):
        corners = shapely.get_coordinates(cell)[:-1]
        cell = shapely.Polygon(corners + chance.normal(0, 0.4, corners.shape))
        shapes.append(cell.buffer(chance.choice([-0.6, 0, 0.3, 6.0]), join_style="mitre"))
    town.adopt(shapes)
    result = check_grids(town.context, CheckGrids(repair=0.8, rules="gap, overlap, multipart"))
    asked = ("grid.gap", "grid.overlap", "grid.multipart")
    assert [rule for rule, why in left(town) if why is None and rule in asked] == []
    assert sum(result["left"].values()) == result["counts"]["left_alone"]


def test_taking_back_tells_how_far_it_is_and_can_be_stopped(town):
    town.adopt(squares(4, 2, 500))
    town.adopt(squares(2, 1, 1000))
    digest = town.digest()
    town.watcher.cancel_at = town.watcher.checks + 4  # in the midst of one action
    with pytest.raises(Cancelled):
        undo_operation(town.context, UndoOperation("last"))
    assert town.digest() == digest
    town.watcher.cancel_at = None
    before = town.watcher.checks
    undo_operation(town.context, UndoOperation("last"))
    assert town.watcher.checks - before > 5
    assert len(town.grids("code")) == 8
