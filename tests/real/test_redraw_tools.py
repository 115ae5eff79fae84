# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools that redraw grids on real ground: a draft from OSM, statistical units, villages that do not quite fit."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.draft import draft_grids
from digital_citymgmt_plugin.core.grids.edit import Coverage
from tests.real.test_haidian_draft import BaseMap
from tests.real.test_tainan_grid_checks import shapes_of as layer_of
from tests.redraw_ground import Outline, Pen, digest, is_sound, refused, shapes_of

pytestmark = pytest.mark.real_data


def worked(cov, seed, edits):
    """Draw by lot; no edit may double land or leave land out, and every one can be taken back to the byte."""
    start, pen, done = digest(cov), Pen(seed), []
    for _ in range(edits):
        edit = pen.draw(cov)
        names = [name for name in cov.ids if name not in edit.before]
        around = shapely.box(*shapely.total_bounds(list(edit.before.values())))
        others = [cov.cell(name) for name in cov.near(around, 1.0) if name not in edit.before]
        lands = []
        for mine in (edit.before, edit.after):
            lands.append(shapely.union_all([*(shapely.force_2d(one) for one in mine.values()), *others]).area)
        assert abs(lands[0] - lands[1]) < 2e-6
        assert (
            abs(shapely.area(list(edit.before.values())).sum() - shapely.area(list(edit.after.values())).sum()) < 1e-6
        )
        cov.apply(edit)
        assert set(cov.ids) == {*names, *edit.after}
        done.append(edit)
    for edit in reversed(done):
        cov.revert(edit)
    assert digest(cov) == start
    return done


def test_a_draft_of_haidian_stays_whole(shared):
    haidian = BaseMap(shared / "basemap" / "beijing_haidian_osm.gpkg", "EPSG:32650")
    cells = draft_grids(haidian.areas, haidian.barriers, haidian.ranks, buildings=haidian.buildings).cells
    cov = Coverage([str(row) for row in range(len(cells))], cells, ["1"] * len(cells))
    assert cov.clean
    total, outline, pen = float(shapely.area(cells).sum()), Outline(cells), Pen(4)
    for _ in range(100):
        cov.apply(pen.draw(cov))
        is_sound(cov, total, outline)


def test_statistical_units_with_heights_in_villages_are_edited_safely(shared):
    units = layer_of(shared / "admin/tainan_basic_statistical_units.gpkg")
    villages = layer_of(shared / "admin/tainan_villages.gpkg")
    inside = shapely.STRtree(villages).query(shapely.point_on_surface(units), predicate="intersects")
    group = np.full(len(units), -1)
    group[inside[0]] = inside[1]
    stored = shapely.force_3d(shapely.multipolygons(units[:, None]), 3.5)
    cov = Coverage([str(row) for row in range(len(units))], stored, [str(one) for one in group])
    kinds = {fault.code for fault in cov.faults}
    assert kinds == {"redraw.fault_overlap", "redraw.fault_edges"} and 20 < len(cov.faults) < 200
    done = worked(cov, 6, 60)
    assert all(not shape.has_z for edit in done for shape in edit.after.values())


def test_villages_that_overlap_everywhere_are_told_and_made_no_worse(shared):
    villages = layer_of(shared / "admin/tainan_villages.gpkg")
    cov = Coverage([str(row) for row in range(len(villages))], villages, ["1"] * len(villages))
    assert sum(fault.code == "redraw.fault_overlap" for fault in cov.faults) > 1_000
    broken = [fault.ids[0] for fault in cov.faults if fault.unusable]
    assert len(broken) == 1 and refused(cov.cell, broken[0]) == "redraw.unusable"
    worked(cov, 2, 20)
    again = Coverage(cov.ids, shapes_of(cov), ["1"] * len(cov))
    assert len(again.faults) == len(cov.faults)
