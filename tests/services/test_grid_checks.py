# SPDX-License-Identifier: GPL-2.0-or-later
"""Check and repair of the store's unit grids: issues in step, one action that can be taken back, drafts untouched."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import CheckComponents, CheckGrids, Layer, UndoOperation, request_from_params
from digital_citymgmt_plugin.core.requests_desk import ListIssues
from digital_citymgmt_plugin.services.component_checks import check_components
from digital_citymgmt_plugin.services.grid_checks import check_grids
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issue_desk import list_issues
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import box, squares
from tests.support import Watcher, lineage, make_context

SMALL = "gap,overlap,multipart"


def run(city, **more):
    return check_grids(city.context, CheckGrids(**more))


def reshape(city, code, shape):
    """Give a grid another shape, as someone does in QGIS."""
    with city.store.action("edit_in_test") as action:
        fids = city.store.read("unit_grid", ["fid"], [("code", "=", code)])["fid"]
        action.update("unit_grid", fids, {GEOM: objects([shapely.MultiPolygon([shape])])})


def issues(city, state="open"):
    return sorted(row["rule"] for row in city.rows("check_issue", "rule", where=[("state", "=", state)]))


@pytest.fixture
def grids(town):
    """Eight sound grids of 500 m in two communities."""
    town.adopt(squares(4, 2, 500.0))
    return town


def first_code(city):
    return city.rows("unit_grid", "code", "geom", order=("code",))[0]


def test_sound_grids_have_no_issue(grids):
    result = run(grids)
    assert result["counts"]["grids"] == 8 and result["counts"]["found"] == 0, result["by_rule"]
    assert issues(grids) == []


def test_findings_become_issues_with_their_exact_shape_and_are_settled_when_mended(grids):
    row = first_code(grids)
    old = shapely.get_parts(row["geom"])[0]
    west, south, east, north = old.bounds
    reshape(grids, row["code"], shapely.box(west, south, east - 3, north))
    assert run(grids)["by_rule"] == {"grid.gap": 1}
    listed = list_issues(grids.context, ListIssues(states=["open"]))["issues"]
    assert shapely.equals(shapely.from_wkb(listed[0]["shape"]), shapely.box(east - 3, south, east, north))
    assert listed[0]["table_name"] == "unit_grid" and listed[0]["level"] == "error"
    assert run(grids)["counts"]["new"] == 0
    check_components(grids.context, CheckComponents())
    assert issues(grids) == ["grid.gap"]  # the checks of components leave them alone
    reshape(grids, row["code"], old)
    assert run(grids)["counts"]["settled"] == 1
    assert issues(grids) == [] and issues(grids, "settled") == ["grid.gap"]


def test_small_faults_are_repaired_in_one_action_that_can_be_taken_back(grids):
    row = first_code(grids)
    west, south, east, north = row["geom"].bounds
    reshape(grids, row["code"], shapely.box(west, south, east - 0.4, north))
    before = [item["geom"].wkb for item in grids.rows("unit_grid", "geom")]
    result = run(grids, repair=0.5)
    assert result["counts"]["gaps_closed"] == 1 and result["counts"]["found"] == 0
    shapes = objects([item["geom"] for item in grids.rows("unit_grid", "geom")])
    assert shapely.area(shapes).sum() == pytest.approx(2_000_000)
    assert [len(row) for row in (grids.rows("grid_lineage", "old_geom"),)] == [result["counts"]["grids_changed"]]
    undo_operation(grids.context, UndoOperation(result["operation"]))
    assert [item["geom"].wkb for item in grids.rows("unit_grid", "geom")] == before
    assert lineage(grids.store) == []
    kept = grids.rows("grid_lineage", "parent_uuid", "child_uuid", "old_geom")
    assert len(kept) == 2 * result["counts"]["grids_changed"]  # each step, and its way back with the shape taken back
    assert all(row["parent_uuid"] == row["child_uuid"] and row["old_geom"] for row in kept)


def test_a_fault_wider_than_the_tolerance_is_left_and_listed(grids):
    row = first_code(grids)
    west, south, east, north = row["geom"].bounds
    reshape(grids, row["code"], shapely.box(west, south, east - 3, north))
    counts = run(grids, repair=0.5)["counts"]
    assert counts["grids_changed"] == 0 and counts["left_alone"] == 1
    assert issues(grids) == ["grid.gap"]


def test_components_in_no_grid_or_another_are_told_as_by_the_census(census):
    row = first_code(census)
    with census.store.action("edit_in_test") as action:
        action.update("component_point", np.array([1, 2]), {"grid_code": objects(["x", "y"])})
    result = run(census)
    assert result["by_rule"] == {"component.grid_differs": 2}
    assert check_components(census.context, CheckComponents(rules="grid_differs"))["counts"]["new"] == 0
    assert row["code"]


def test_a_layer_is_looked_at_and_mended_into_a_file_and_the_store_is_left_alone(grids, tmp_path):
    shapes = squares(4, 2, 500.0)
    shapes[0] = box(0, 0, 499.7, 500)
    draft = grids.layer("draft.gpkg", shapes, code=["1"] * 8)
    before = grids.digest()
    result = run(
        grids, input=Layer(draft), code_field="code", repair=0.5, output=str(tmp_path / "o.gpkg"),
        mended=str(tmp_path / "m.gpkg"),
    )  # fmt: skip
    assert grids.digest() == before and result["operation"] is None
    assert result["counts"]["gaps_closed"] == 1
    assert result["by_rule"] == {"grid.code_form": 8, "grid.code_double": 7}
    import pyogrio

    _meta, _ids, geometry, _fields = pyogrio.raw.read(tmp_path / "m.gpkg")
    assert shapely.area(shapely.from_wkb(geometry)).sum() == pytest.approx(2_000_000)
    assert pyogrio.read_info(tmp_path / "o.gpkg")["features"] == 15


def test_what_cannot_be_is_refused(grids, town):
    with pytest.raises(InputRefused, match=r"input\.tolerance"):
        run(grids, repair=9.0)
    with pytest.raises(InputRefused, match=r"input\.rule"):
        run(grids, rules="class_unknown")


def test_a_cancelled_run_leaves_nothing(grids):
    before = grids.digest()
    with pytest.raises(Cancelled):
        check_grids(make_context(grids.store, Watcher(cancel_at=2)), CheckGrids(repair=0.5))
    assert grids.digest() == before


def test_a_city_without_grids_is_told(town):
    with pytest.raises(InputRefused, match=r"checks\.no_grids"):
        run(town)


def test_the_request_goes_through_the_pipe_as_it_is():
    asked = CheckGrids(rules="gap", input=Layer("/a.gpkg"), features=[Layer("/b.gpkg")], repair=0.5)
    assert request_from_params("check_grids", json.loads(json.dumps(asdict(asked)))) == asked
