# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits by lot on the grids of a demonstration city: after each the coverage is whole, and all can be taken back."""

from __future__ import annotations

import os
import statistics
import sys
import time

import pytest
import shapely

from digital_citymgmt_plugin.core.grids.edit import Coverage
from digital_citymgmt_plugin.core.grids.edit_coverage import row_of
from tests.redraw_ground import Outline, Pen, digest, is_sound, shapes_of, town

WORLD = shapely.box(-1e7, -1e7, 1e7, 1e7)


class TimedPen(Pen):
    """Keeps the time that each plan took, refused or not, as seconds of the processor."""

    def __init__(self, seed):
        super().__init__(seed)
        self.seconds = []

    def planned(self, cov, tool, name):
        begin = time.process_time()
        try:
            return super().planned(cov, tool, name)
        finally:
            self.seconds.append(time.process_time() - begin)


def run(size, edits, seed):
    ids, shapes, groups = town(size)
    begin = time.process_time()
    cov = Coverage(ids, shapes, groups)
    built = time.process_time() - begin
    assert cov.clean
    start, total, outline = digest(cov), float(shapely.area(shapes).sum()), Outline(shapes)
    pen, done = TimedPen(seed), []
    for _ in range(edits):
        edit = pen.draw(cov)
        before = {name: shapely.to_wkb(cov.stored(name)) for name in edit.before}
        cov.apply(edit)
        cov.revert(edit)
        assert {name: shapely.to_wkb(cov.stored(name)) for name in edit.before} == before
        cov.apply(edit)
        done.append(edit)
        is_sound(cov, total, outline)
    assert {edit.tool for edit in done} == set(Pen.TOOLS)
    after = shapes_of(cov)
    for edit in reversed(done):
        cov.revert(edit)
    assert digest(cov) == start
    for edit in done:
        cov.apply(edit)
    assert sorted(map(shapely.to_wkb, shapes_of(cov))) == sorted(map(shapely.to_wkb, after)), "done again: the same"
    return built, pen


def test_a_hundred_edits_of_a_small_town():
    run("tiny", 100, seed=11)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
def test_a_thousand_edits_of_a_city_as_large_as_qingdao(seed, capsys):
    built, pen = run("qingdao", int(os.environ.get("DCM_REDRAW_EDITS", 1_000)), seed)
    plans = sorted(pen.seconds)
    with capsys.disabled():
        sys.stderr.write(
            f"\n[redraw] seed {seed}: built in {built:.2f} s, {len(plans)} plans: median"
            f" {1000 * statistics.median(plans):.1f} ms, p95 {1000 * plans[int(0.95 * len(plans))]:.1f} ms,"
            f" most {1000 * plans[-1]:.1f} ms (processor)\n"
        )
    assert built < 1.0 and plans[int(0.95 * len(plans))] < 0.010


def test_a_vendors_grids_with_faults_are_told_and_made_no_worse():
    from scripts.demo_city.network import build_network
    from scripts.demo_city.partition import build_division
    from scripts.demo_city.sizes import SIZES
    from scripts.vendor_grids import faulty

    division = build_division(build_network(SIZES["tiny"], 1), SIZES["tiny"], 1)
    listed, _ = faulty(list(division.code), list(division.community))
    shapes = row_of(listed)
    groups = [str(row % 3) for row in range(len(shapes))]
    cov = Coverage([str(row) for row in range(len(shapes))], shapes, groups)
    kinds = {fault.code for fault in cov.faults}
    assert {"redraw.fault_overlap", "redraw.fault_shape"} <= kinds
    start, pen, done = digest(cov), Pen(9), []
    land = shapely.union_all([cov.cell(name) for name in cov.near(WORLD)]).area
    total = sum(cov.cell(name).area for name in cov.near(WORLD))
    for _ in range(60):
        done.append(pen.draw(cov))
        cov.apply(done[-1])
    assert abs(shapely.union_all([cov.cell(name) for name in cov.near(WORLD)]).area - land) < 1e-4
    assert abs(sum(cov.cell(name).area for name in cov.near(WORLD)) - total) < 1e-4
    for edit in reversed(done):
        cov.revert(edit)
    assert digest(cov) == start


def test_without_leave_no_community_changes_its_shape():
    ids, shapes, groups = town("tiny")
    cov = Coverage(ids, shapes, groups)
    home = {group: shapely.union_all(shapes[[one == group for one in groups]]) for group in set(groups)}
    pen = Pen(5, community=False)
    for _ in range(60):
        cov.apply(pen.draw(cov))
    names = cov.ids
    for group, land in home.items():
        now = shapely.union_all([cov.cell(name) for name in names if cov.group(name) == group])
        assert shapely.symmetric_difference(now, land).area < 1e-5
    assert pen.refusals["redraw.community_edge"]
