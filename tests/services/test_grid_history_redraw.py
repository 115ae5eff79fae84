# SPDX-License-Identifier: GPL-2.0-or-later
"""What a redraw and a repair of faults leave in the history: the grids of the days before come back byte by byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import CheckGrids, UndoOperation
from digital_citymgmt_plugin.core.requests_history import ChangeNotice, GridLineage, GridsOn
from digital_citymgmt_plugin.core.requests_redraw import ApplyRedraw
from digital_citymgmt_plugin.services.change_notice import change_notice
from digital_citymgmt_plugin.services.grid_checks import check_grids
from digital_citymgmt_plugin.services.grid_history import grid_lineage, grids_on
from digital_citymgmt_plugin.services.redraw.applying import apply_redraw
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage import takeback
from tests.services.cities import squares
from tests.services.test_redraw import Bench, at
from tests.support import NOW, lineage


def later(city, days):
    """A context of a day after the store's own; what is written in it is of that day."""
    moment = NOW + timedelta(days=days)
    city.store.clock = lambda: moment
    return replace(city.context, clock=lambda: moment)


def now(city):
    rows = city.store.read("unit_grid", ["code", GEOM], [("status", "=", "current")], ["code"])
    return dict(zip(rows["code"].tolist(), shapely.to_wkb(rows[GEOM], hex=True).tolist()))


def on(city, days):
    day = (NOW + timedelta(days=days, hours=8)).date().isoformat()
    return {row["code"]: row["wkb"] for row in grids_on(city.context, GridsOn(day))["grids"]}


@pytest.mark.parametrize("policy", ["largest_keeps", "all_new"])
def test_grids_before_a_redraw_come_back_and_its_undo_is_a_row_that_counts_nowhere(census, policy):
    start = now(census)
    bench = Bench(census, target_area=250_000.0)
    bench.edit("split", at((200, -10), (200, 510)))
    bench.edit("split", at((700, -10), (700, 510)))
    done = apply_redraw(later(census, 40), ApplyRedraw(bench.id, policy, "旧区改造"))
    assert on(census, 39) == start and on(census, 40) == now(census) != start
    today = {code: shapely.from_wkb(wkb).area for code, wkb in now(census).items()}
    # A neighbour whose side got a corner goes on in another shape, too: not the one that was split.
    old = next(code for code, wkb in start.items() if shapely.from_wkb(wkb).area != today.get(code))
    told = grid_lineage(census.context, GridLineage(old, day="2026-01-20"))
    assert len(told["descendants"]) == 2 and sum(one["given"] for one in told["descendants"]) == pytest.approx(1.0)
    assert {step["kind"] for step in told["became"]} == {"redraw"}
    notice = change_notice(census.context, ChangeNotice())
    assert notice["notice"]["reason"] == "旧区改造" and notice["notice"]["uuid"] == done["operation"]
    changed, steps, rows = now(census), lineage(census.store), census.rows("grid_lineage", "fid")
    undo = undo_operation(later(census, 50), UndoOperation(done["operation"]))
    assert on(census, 45) == on(census, 60) == start and "grid_lineage" in undo["tables"]
    told = grid_lineage(census.context, GridLineage(old))
    assert told["descendants"] == told["ancestors"] == [] and lineage(census.store) == []
    (kept,) = told["taken_back"]
    assert (kept["operation"], kept["undo"], kept["kind"]) == (done["operation"], undo["operation"], "redraw")
    assert (kept["day"], kept["undone_day"]) == tuple(
        (NOW + timedelta(days=days, hours=8)).date().isoformat() for days in (40, 50)
    )
    with pytest.raises(InputRefused, match=r"notice\.undone"):
        change_notice(census.context, ChangeNotice(done["operation"]))
    with pytest.raises(InputRefused, match=r"notice\.no_grids"):
        change_notice(census.context, ChangeNotice(undo["operation"]))
    back = [("operation_uuid", "=", undo["operation"])]
    ways = census.rows("grid_lineage", "parent_uuid", "child_uuid", "share", "old_geom", where=back)
    assert [(way["child_uuid"], way["parent_uuid"]) for way in ways] == [step[1:3] for step in steps]
    own = [way for way in ways if way["parent_uuid"] == way["child_uuid"]]
    assert {way["old_geom"].hex().upper() for way in own} <= {*changed.values()}  # the shapes that were taken back
    assert own and not any(way["share"] for way in ways)
    assert census.store.verify() == []
    # The undo taken back: the same steps hold again, none is doubled, and that is a row, too.
    undo_operation(later(census, 55), UndoOperation(undo["operation"]))
    assert now(census) == changed and lineage(census.store) == steps and census.store.verify() == []
    assert len(census.rows("grid_lineage", "fid")) == len(rows) + 2 * len(steps)
    assert grid_lineage(census.context, GridLineage(old, day="2026-01-20"))["taken_back"] == []


def test_a_store_from_which_an_undo_took_rows_away_stays_good(census, monkeypatch):
    """Versions before this one did: the rows stand in the journal of the undo alone, which can be taken back."""
    bench = Bench(census, target_area=250_000.0)
    bench.edit("split", at((200, -10), (200, 510)))
    done = apply_redraw(later(census, 40), ApplyRedraw(bench.id))
    steps = lineage(census.store)
    monkeypatch.setattr(takeback, "LINEAGE", "")
    undo = undo_operation(later(census, 50), UndoOperation(done["operation"]))["operation"]
    monkeypatch.undo()
    assert census.rows("grid_lineage", "fid") == [] and census.store.verify() == []
    redone = undo_operation(later(census, 55), UndoOperation(undo))["operation"]
    assert lineage(census.store) == steps and census.store.verify() == []
    undo_operation(later(census, 60), UndoOperation(redone))
    assert lineage(census.store) == [] and census.store.verify() == []


def test_shapes_before_a_repair_are_kept(town):
    cells = squares(2, 1, 500.0)
    cells[1] = shapely.affinity.translate(cells[1], -0.2, 0.0)  # an overlap of 0.2 m
    town.adopt(cells)
    start = now(town)
    check_grids(later(town, 30), CheckGrids(repair=0.5))
    assert on(town, 29) == start and on(town, 30) == now(town) != start
