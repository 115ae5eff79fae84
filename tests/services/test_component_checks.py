# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a census: rules against faults put in by hand, scopes against a whole run, the list of issues in step."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.census.checks import CHECKS, PAIRS
from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.grids.audit import GRID_CHECKS
from digital_citymgmt_plugin.core.ports import GEOM, XY
from digital_citymgmt_plugin.core.requests import CheckComponents, Totals, UndoOperation
from digital_citymgmt_plugin.services.component_checks import check_components
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.totals import totals
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.profiles import check_rules
from tests.services.cities import LID, box, point, squares
from tests.support import Watcher, make_context

NAMES = {LID: "上水井盖"}


def run(city, scope="all", **more):
    return check_components(city.context, CheckComponents(scope, **more))


def issues(city, state="open"):
    rows = city.rows("check_issue", "rule", "object_uuid", where=[("state", "=", state)])
    return sorted((row["rule"], row["object_uuid"]) for row in rows)


def change(city, fids, table="component_point", **columns):
    """Change components as an action does, with a row in ``component_change``."""
    with city.store.action("fix_components") as action:
        values = {name: objects([value] * len(fids)) for name, value in columns.items()}
        action.update(table, np.array(fids, dtype=np.int64), values)


def uuid_of(city, fid):
    return city.rows("component_point", "uuid", where=[("fid", "=", fid)])[0]["uuid"]


def test_every_rule_has_a_function_and_a_sentence_in_two_languages():
    from digital_citymgmt_plugin.bridge.messages import SENTENCES

    pack = check_rules()
    assert {rule.code for rule in pack} == {*CHECKS, *PAIRS, *GRID_CHECKS}
    assert len(pack) >= 28
    assert all(rule.code in SENTENCES and rule.title and rule.title_zh and rule.source for rule in pack)


def test_a_sound_census_has_no_issue(census):
    result = run(census)
    assert result["counts"]["found"] == 0 and result["counts"]["components"] == 100


def test_faults_are_found_each_with_its_rule_and_object(census):
    faults = {
        1: ({"name": None}, "name_missing"), 2: ({"state": "飞走"}, "state_unknown"),
        3: ({"first_on": "2030-01-01"}, "date_future"), 4: ({"first_on": "1920-01-01"}, "date_early"),
        5: ({"changed_on": "2010-01-01"}, "date_order"), 6: ({"manager_dept": "Q1"}, "manager_unknown"),
        7: ({"grid_code": "320681001002001"}, "grid_differs"), 8: ({GEOM: None}, "geometry_missing"),
        9: ({GEOM: point(90_000, 0)}, "far_away"), 10: ({GEOM: point(2_400, 40)}, "outside_county"),
        11: ({"accuracy": "B"}, "accuracy_worse"), 12: ({"state": "移除"}, "state_date"),
        13: ({"first_on": "2014-02-30"}, "date_form"), 14: ({GEOM: shapely.Point(0, 0)}, "coordinates"),
        15: ({"accuracy": "很准"}, "accuracy_unknown"), 16: ({"name": "雨水井盖"}, "class_name"),
    }  # fmt: skip
    for fid, (columns, _) in faults.items():
        change(census, [fid], **columns)
    assert run(census)["counts"]["found"] == len(faults)
    expected = sorted((f"component.{rule}", uuid_of(census, fid)) for fid, (_, rule) in faults.items())
    assert issues(census) == expected


def test_what_is_mended_is_settled_and_a_waived_one_stays(census):
    change(census, [1, 2], name=None)
    run(census)
    with census.store.action("waive_issues") as action:
        first = census.rows("check_issue", "fid", where=[("object_uuid", "=", uuid_of(census, 1))])[0]["fid"]
        action.update("check_issue", np.array([first]), {"state": objects(["waived"])})
    change(census, [2], name=NAMES[LID])
    result = run(census)
    assert (result["counts"]["settled"], result["counts"]["open"], result["counts"]["waived"]) == (1, 0, 1)
    assert issues(census, "waived") == [("component.name_missing", uuid_of(census, 1))]


@pytest.mark.parametrize("pairs", [False, True])
def test_issues_stay_when_more_are_found_before_them_than_are_listed(census, monkeypatch, pairs):
    """Else they were settled, and a waiver was lost, though nothing was mended."""
    monkeypatch.setattr("digital_citymgmt_plugin.services.check_findings.LISTED", 2)
    rule = "component.near_double" if pairs else "component.name_missing"

    def spoil(*fids):
        for fid in fids:
            if pairs:
                beside = shapely.transform(census.rows("component_point", GEOM)[fid - 1][GEOM], lambda xy: xy + 0.05)
                change(census, [fid + 1], **{GEOM: beside})
            else:
                change(census, [fid], name=None)

    def found(state):
        return {uuid for code, uuid in issues(census, state) if code == rule}

    spoil(60, 70)
    assert run(census)["by_rule"][rule] == 2
    told = found("open")
    with census.store.action("waive_issues") as action:
        where = [("rule", "=", rule), ("object_uuid", "=", max(told))]
        fid = census.rows("check_issue", "fid", where=where)[0]["fid"]
        action.update("check_issue", np.array([fid]), {"state": objects(["waived"])})
    spoil(10, 20, 30)
    assert run(census)["by_rule"][rule] == 5
    assert found("waived") == {max(told)} and found("settled") == set()
    assert min(told) in found("open") and len(found("open")) == 3


def test_a_rule_is_switched_off_and_its_level_and_values_changed_by_the_city(census):
    change(census, [1], name=None)
    change(census, [2], **{GEOM: point(55 + 190 * 2 + 0.6, 45)})  # 0.6 m from the third
    assert run(census)["counts"]["found"] == 1
    with census.store.action("edit_rules") as action:
        action.insert("check_rule", {
            "code": objects(["component.name_missing", "component.near_double", "component.state_date"]),
            "enabled": np.array([0, 1, 1]), "level": objects([None, "info", None]),
            "params": objects([None, json.dumps({"metres": 1.0}), json.dumps({"metres": "x"})]),
        })  # fmt: skip
    result = run(census)
    assert result["counts"]["infos"] == result["counts"]["open"] == result["counts"]["settled"] == 1
    assert [note["code"] for note in result["notes"]] == ["checks.rule_ignored"]
    assert issues(census) == [("component.near_double", uuid_of(census, 3))]


def test_a_level_that_the_city_changes_is_that_of_issues_told_before(census):
    change(census, [1, 2], name=None)
    run(census)
    with census.store.action("edit_rules") as action:
        action.insert("check_rule", {"code": objects(["component.name_missing"]), "level": objects(["info"])})
    run(census, "changed")
    assert [row["level"] for row in census.rows("check_issue", "level")] == ["info", "info"]


def test_a_run_of_what_changed_says_what_a_whole_run_says(census):
    source = np.random.default_rng(7)
    run(census)
    for step in range(6):
        fids = source.choice(100, 5, replace=False) + 1
        change(census, [int(fids[0])], name=None if step % 2 else NAMES[LID])
        change(census, [int(fids[1])], **{GEOM: point(55 + 190 * (step % 3) + 0.1 * source.random(), 45)})
        change(census, [int(fids[2])], state=["完好", "破碎", "移除"][step % 3])
        change(census, [int(fids[3])], grid_code=["320681001001001", None][step % 2])
        result = run(census, "changed")
        assert result["scope"] == "changed" and result["counts"]["components"] < 30
        told = issues(census)
        again = run(census)
        assert issues(census) == told and (again["counts"]["new"], again["counts"]["settled"]) == (0, 0)


def test_a_run_of_what_changed_looks_at_all_when_it_cannot_go_on(census):
    assert run(census, "changed")["notes"][0]["code"] == "checks.first"
    assert run(census, "changed")["counts"]["components"] == 0
    census.adopt(squares(4, 2, 500.0), file="again.gpkg")
    with census.store.action("edit") as action:
        action.insert("check_rule", {"code": objects(["component.name_missing"]), "enabled": np.array([0])})
    result = run(census, "changed")
    assert (result["scope"], result["notes"][0]["code"]) == ("all", "checks.basis_changed")


def test_photos_that_were_deleted_are_seen_by_a_run_of_what_changed(census):
    """Also where the component's own count stays as it was: it stated more than came in."""
    change(census, [4, 5], photo_count=1)
    uuids = [uuid_of(census, fid) for fid in (4, 5)]
    operations = []
    for number, uuid in enumerate([uuids[0], uuids[1], uuids[1]]):
        with census.store.action("import_photos") as action:
            action.insert("photo", {"object_uuid": objects([uuid]), "path": objects([f"{number}.jpg"])})
            operations.append(action.operation_uuid)
    run(census)
    assert issues(census) == []
    undo_operation(census.context, UndoOperation(operations[0]))
    result = run(census, "changed")
    assert result["scope"] == "changed" and issues(census) == [("component.photo_row_missing", uuids[0])]
    undo_operation(census.context, UndoOperation(last_undo(census), "undo"))
    assert run(census, "changed")["scope"] == "changed" and issues(census) == []
    census.store.connection.execute("DELETE FROM photo WHERE object_uuid = ?", (uuids[1],))  # as in QGIS
    result = run(census, "changed")
    assert result["scope"] == "all" and result["notes"][0]["code"] == "checks.photos_gone"
    assert issues(census) == [("component.photo_row_missing", uuids[1])]
    assert run(census, "changed")["scope"] == "changed"


def test_photos_edited_by_hand_are_seen_by_a_run_of_what_changed(census):
    """A photo given to another component in QGIS: neither new nor logged, and the number of photos stays."""
    change(census, [4, 5], photo_count=1)
    uuids = [uuid_of(census, fid) for fid in (4, 5)]
    with census.store.action("import_photos") as action:
        action.insert("photo", {"object_uuid": objects(uuids), "path": objects(["4.jpg", "5.jpg"])})
    run(census)
    with census.store.action("edit") as action:  # an action is known by its journal
        action.update("photo", np.array([1]), {"remark": objects(["a"])})
    assert run(census, "changed")["scope"] == "changed" and issues(census) == []
    census.store.connection.execute("UPDATE photo SET object_uuid = ? WHERE fid = 2", (uuids[0],))  # as in QGIS
    result = run(census, "changed")
    assert result["scope"] == "all" and result["notes"][0]["code"] == "checks.photos_edited"
    assert issues(census) == [("component.photo_row_missing", uuids[1])]
    assert run(census, "changed")["scope"] == "changed"


def last_undo(city):
    return [row["uuid"] for row in city.rows("operation", "uuid", "kind") if row["kind"] == "undo_operation"][-1]


def test_the_other_half_of_a_pair_that_was_taken_back_is_looked_at(census):
    place = point(55, 45.1)
    path = census.layer("b.gpkg", [place], "Point", CLASS=[LID], NAME=["上水井盖"], DEPTCODE1=["D05"], STATE=["完好"],
                        ORDATE=["2014-05-01"])  # fmt: skip
    done = census.census(path, class_field="CLASS")["operation"]
    run(census)
    pair = [rule for rule, _ in issues(census) if rule == "component.near_double"]
    assert len(pair) == 1
    undo_operation(census.context, UndoOperation(done, "undo"))
    run(census, "changed")
    assert issues(census) == []


def test_a_sheet_is_checked_by_itself(census):
    with census.store.action("make_sheets") as action:
        action.insert("sheet", {"number": objects(["3520.0-360.0"]), GEOM: objects([box(0, 0, 500, 500)])})
    change(census, [1, 10], name=None)  # the first lies in the sheet
    result = run(census, "sheet", sheet="3520.0-360.0")
    assert result["counts"]["components"] == 18 and issues(census) == [("component.name_missing", uuid_of(census, 1))]
    with pytest.raises(InputRefused) as refused:
        run(census, "sheet", sheet="nowhere")
    assert refused.value.code == "input.sheet"


def test_topology_is_told_of_the_base_map(census):
    with census.store.action("import_basemap") as action:
        shapes = objects([box(50, 40, 60, 50), box(240, 40, 250, 50), box(430, 40, 440, 50)])
        action.insert("base_area", {"theme": objects(["building", "water", "road"]), GEOM: shapes})
    assert {rule for rule, _ in issues_after(census)} == {"component.in_building", "component.in_water"}


def test_what_stands_on_a_wall_is_inside_nothing(census):
    """The same as above with walls: 0.5 m from the point in the building, 3 m from that in the water."""
    with census.store.action("import_basemap") as action:
        shapes = objects([box(50, 40, 60, 50), box(240, 40, 250, 50), box(430, 40, 440, 50)])
        action.insert("base_area", {"theme": objects(["building", "water", "road"]), GEOM: shapes})
        (x, y), (west, south) = places_of(census, [1, 2])
        walls = [line((x + 0.5, y - 4), (x + 0.5, y + 4)), line((west + 3, south - 4), (west + 3, south + 4))]
        middle = [line((west, south - 4), (west, south + 4))]  # of the river: it excuses nothing
        action.insert("base_line", {"theme": objects(["wall", "wall", "water"]), GEOM: objects(walls + middle)})
    assert {rule for rule, _ in issues_after(census)} == {"component.in_water"}


def test_areas_are_not_guessed_from_lines_and_that_is_said(census):
    x, y = places_of(census, [1])[0]
    ring = [(x - 9, y - 9), (x + 9, y - 9), (x + 9, y + 9), (x - 9, y + 9), (x - 9, y - 9)]
    with census.store.action("import_basemap") as action:
        action.insert("base_line", {"theme": objects(["water", "road"]), GEOM: objects([line(*ring), line(*ring)])})
    result = run(census)
    told = [note["values"]["rule"] for note in result["notes"] if note["code"] == "checks.lines_only"]
    assert told == ["component.in_water", "component.on_carriageway"] and issues(census) == []
    run(census, rules="off_road")  # near a line of a road is near a road: one row of lids within 30 m of the ring
    far = {uuid for _, uuid in issues(census)}
    assert uuid_of(census, 1) not in far and len(far) == 99


def places_of(city, fids):
    return city.store.read("component_point", [XY], [("fid", "in", fids)], ["fid"])[XY].tolist()


def line(*places):
    return shapely.multilinestrings([shapely.linestrings(places)])


def issues_after(city):
    run(city)
    return issues(city)


def test_output_undo_cancel_and_refusals(census, tmp_path):
    change(census, [1], name=None)
    output = tmp_path / "issues.csv"
    result = run(census, output=str(output), rules="name_missing, photo")
    with output.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["rule"] for row in rows] == ["component.name_missing"] and float(rows[0]["x"]) > 0
    assert result["by_rule"] == {"component.name_missing": 1}
    undo_operation(census.context, UndoOperation("last"))
    assert issues(census) == [] and census.rows("check_run", "fid") == []
    before = census.digest()
    with pytest.raises(Cancelled):
        check_components(make_context(census.store, Watcher(cancel_at=4)), CheckComponents())
    assert census.digest() == before
    for request in (CheckComponents("some"), CheckComponents(rules="nonsense")):
        with pytest.raises(InputRefused):
            check_components(census.context, request)


def test_totals_tie_and_a_mismatch_is_told(census, tmp_path):
    output = tmp_path / "totals.xlsx"
    result = totals(census.context, Totals(str(output)))
    assert output.is_file() and result["counts"] == {"components": 100, "tables": 10, "mismatches": 0}
    assert all(sum(count for *_, count in lines) == 100 for lines in result["totals"].values())
    change(census, [1], community_code="320681001009")
    result = totals(census.context, Totals())
    assert result["counts"]["mismatches"] == 2 and result["notes"][0]["code"] == "checks.total_differs"
