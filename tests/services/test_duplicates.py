# SPDX-License-Identifier: GPL-2.0-or-later
"""Doubles of the census: found with their evidence, waived, merged, taken back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import (
    AssignCodes,
    ComparePair,
    FindDuplicates,
    LinkCases,
    ListDuplicates,
    MergeDuplicates,
    UndoOperation,
    WaiveIssues,
)
from digital_citymgmt_plugin.services.coding import assign_codes
from digital_citymgmt_plugin.services.duplicate_pairs import compare_pair, list_duplicates
from digital_citymgmt_plugin.services.duplicates import find_duplicates
from digital_citymgmt_plugin.services.health import health
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issue_desk import waive_issues
from digital_citymgmt_plugin.services.linking import link_cases
from digital_citymgmt_plugin.services.merging import merge_duplicates
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import CRS, LID, RAIN, City, point, squares
from tests.support import NOW, Watcher, make_context

OLD, NEW = "3206810101000001", "3206810101000002"


@pytest.fixture
def census(town):
    """Two lids 0.3 m apart with codes, two on one place of other classes, a lid alone, one that is gone."""
    town.adopt(squares(4, 2, 500))
    with town.store.action("set up") as action:
        fids = action.insert(
            "component_point",
            {
                "uuid": objects(["first", "second", "rain", "on_rain", "alone", "gone"]),
                "class_code": objects([LID, LID, RAIN, LID, LID, LID]),
                "code": objects([OLD, NEW, None, None, None, None]),
                "name": objects(["井盖", None, None, None, None, None]),
                "state": objects(["完好", "完好", "完好", None, "完好", "移除"]),
                "first_on": objects([None, "2020-05-01", None, None, None, None]),
                "owner_dept": objects([None, "水务", None, None, None, None]),
                "attributes": objects(['{"材质": ""}', '{"材质": "铸铁", "口径": 70}', None, None, None, None]),
                "import_key": objects(["a:1", "b:9", "a:2", "a:3", "a:4", "a:5"]),
                GEOM: objects(
                    point(*xy) for xy in ((10, 10), (10.3, 10), (50, 50), (50.02, 50), (90, 90), (10.1, 10))
                ),
            },
        )  # fmt: skip
        action.register("component_point", fids[:2], "component", 10)
        action.insert("photo", {
            "object_uuid": objects(["second", "alone", "rain"]), "path": objects(["b.jpg", "c.jpg", "d.jpg"]),
            "sha256": objects(["s2", "same", "same"]),
        })  # fmt: skip
        action.update("component_point", fids[[1, 2, 4]], {"photo_count": objects([1, 1, 1])})
        action.insert("case_record", {
            "uuid": objects(["case1"]), "case_no": objects(["A1"]), "kind": objects(["component"]),
            "class_code": objects([LID]), "component_uuid": objects(["second"]), "link_method": objects(["code"]),
            "component_code": objects([NEW]), "stage": objects(["collection"]),
        })  # fmt: skip
    return town


def find(city, **values):
    return find_duplicates(city.context, FindDuplicates(**values))


def merge(city, *pairs, **values):
    return merge_duplicates(city.context, MergeDuplicates(list(pairs), **values))


def listed(city):
    return list_duplicates(city.context, ListDuplicates())["pairs"]


def row(city, uuid, *columns):
    return city.rows("component_point", *columns, where=[("uuid", "=", uuid)])[0]


def sound(city):
    return [finding for finding in city.store.verify() if not finding.rule.startswith("verify.class")]


def test_pairs_are_found_by_place_class_and_photo_and_what_is_gone_is_left_alone(census):
    counts = find(census)["counts"]
    assert {(pair["one"], pair["two"]): pair["reasons"] for pair in listed(census)} == {
        ("first", "second"): ["near"], ("rain", "on_rain"): ["spot"], ("rain", "alone"): ["photo"],
    }  # fmt: skip
    assert (counts["read"], counts["pairs"], counts["near"], counts["one_spot"], counts["same_photo"]) == (
        5,
        3,
        1,
        1,
        1,
    )
    assert counts["clusters"] == 2
    issue = census.rows("check_issue", "rule", "object_uuid", "params", GEOM, where=[("object_uuid", "=", "first")])[0]
    assert issue["rule"] == "component.duplicate_near" and json.loads(issue["params"])["distance"] == 0.3
    assert shapely.distance(issue[GEOM], point(10.15, 10)) < 1e-6
    digest = census.digest()
    assert find(census)["operation"] is None and census.digest() == digest


def test_the_same_code_is_found_in_other_tables_sources_and_columns(town):
    with town.store.action("set up") as action:
        action.insert("component_point", {
            "uuid": objects(["coded", "number", "column", "twice", "short1", "short2", "once"]),
            "class_code": objects([LID] * 7), "code": objects([OLD, *[None] * 6]),
            "import_key": objects(["a:1", f"b:{OLD}", "c:1", "c:1#2", "d:77", "e:77", f"f:{NEW}"]),
            "attributes": objects([None, None, f'{{"标识码": "{OLD}"}}', *[None] * 4]),
            GEOM: objects(point(100 * index, 0) for index in range(7)),
        })  # fmt: skip
    find(town)
    assert {(pair["one"], pair["two"]) for pair in listed(town)} == {
        ("coded", "number"), ("coded", "column"), ("number", "column"), ("column", "twice"),
    }  # fmt: skip
    assert all(pair["reasons"] == ["code"] and pair["score"] == (0.9 if pair["distance"] <= 100 else 0.6)
               for pair in listed(town))  # fmt: skip


def test_the_tolerance_can_be_given_and_is_checked(census):
    assert find(census, tolerance=0.1)["counts"]["near"] == 0
    assert find(census, tolerance=60)["counts"]["near"] > 1
    for wrong in (-1, float("nan"), 1e6):
        with pytest.raises(InputRefused) as caught:
            find(census, tolerance=wrong)
        assert caught.value.code == "duplicates.tolerance"


def test_the_pairs_are_written_as_a_layer(census, chinese_path):
    path = chinese_path / "疑似重复.gpkg"
    find(census, output=str(path))
    source = census.context.files.open_source(str(path))
    rows = next(source.chunks())
    source.close()
    assert source.info.rows == 3 and rows["uuid"].tolist()[0] == "first" and rows["other_code"].tolist()[0] == NEW


def test_a_preview_writes_no_file_and_has_it_done_when_confirmed(census, tmp_path):
    path = tmp_path / "pairs.csv"
    context = replace(census.context, preview=True)
    for result in (
        find_duplicates(context, FindDuplicates(output=str(path))),
        merge_duplicates(context, MergeDuplicates(reason="near", least_score=0.1, output=str(path))),
    ):
        assert result["files_wait"] and not path.exists()


def test_a_waived_pair_stays_waived_whatever_its_values(census):
    find(census)
    pair = next(pair for pair in listed(census) if pair["one"] == "first")
    done = waive_issues(census.context, WaiveIssues(uuids=[pair["issue"]], reason="两个井"))
    assert done["counts"]["waived"] == 1
    with census.store.action("move") as action:
        fid = census.rows("component_point", "fid", where=[("uuid", "=", "second")])[0]["fid"]
        action.update("component_point", objects([fid]).astype(int), {GEOM: objects([point(10.2, 10)])})
    again = find(census)
    assert again["counts"]["waived"] == 1 and again["operation"] is None
    assert ("first", "second") not in {(pair["one"], pair["two"]) for pair in listed(census)}
    assert merge(census, reason="near", least_score=0.1)["operation"] is None


def test_a_merge_keeps_the_older_code_and_loses_nothing(census):
    find(census)
    done = merge(census, "second first")
    assert done["counts"] == {
        "pairs": 1, "going_on": 1, "merged_away": 1, "already": 0, "filled": 3, "cases_redirected": 1,
        "photos_moved": 1, "codes_retired": 1,
    }  # fmt: skip
    kept = row(census, "first", "name", "owner_dept", "first_on", "attributes", "photo_count", "merged_uuid", "state")
    assert json.loads(kept.pop("attributes")) == {"材质": "铸铁", "口径": 70}
    assert kept == {"name": "井盖", "owner_dept": "水务", "first_on": "2020-05-01", "photo_count": 1,
                    "merged_uuid": None, "state": "完好"}  # fmt: skip
    assert row(census, "second", "state", "changed_on", "merged_uuid", "code", "photo_count") == {
        "state": "移除", "changed_on": NOW.date().isoformat(), "merged_uuid": "first", "code": NEW, "photo_count": 0,
    }  # fmt: skip
    status = census.rows("code_register", "code", "status", where=[("kind", "=", "component")])
    assert {item["code"]: item["status"] for item in status} == {OLD: "issued", NEW: "retired"}
    assert census.rows("case_record", "component_uuid") == [{"component_uuid": "first"}]
    event = census.rows("case_event", "action", "reason", "source")[-1]
    assert (event["action"], event["source"]) == ("amend", "merge")
    assert json.loads(event["reason"]) == {"component_uuid": ["second", "first"]}
    assert census.rows("photo", "object_uuid")[0] == {"object_uuid": "first"}
    changes = census.rows("component_change", "component_uuid", "field", "old", "new")
    told = {(change["component_uuid"], change["field"]): (change["old"], change["new"]) for change in changes}
    assert told["second", "merged_uuid"] == (None, "first") and told["second", "state"] == ("完好", "移除")
    assert told["first", "owner_dept"] == (None, "水务") and told["first", "photo_count"] == (None, "1")
    assert "first" not in {pair["one"] for pair in listed(census)}
    assert sound(census) == []


def test_a_merge_can_be_told_who_goes_on_is_done_once_and_taken_back(census):
    find(census)
    before = census.digest()
    assert merge(census, "second>first")["counts"]["merged_away"] == 1
    assert row(census, "first", "merged_uuid") == {"merged_uuid": "second"}
    digest = census.digest()
    again = merge(census, "second>first")
    assert again["operation"] is None and again["counts"]["already"] == 1 and census.digest() == digest
    assert find(census)["operation"] is None
    undo_operation(census.context, UndoOperation("last"))
    assert row(census, "first", "merged_uuid", "state") == {"merged_uuid": None, "state": "完好"}
    assert {item["status"] for item in census.rows("code_register", "status")} == {"issued"}
    assert census.rows("case_record", "component_uuid") == [{"component_uuid": "second"}]
    assert sound(census) == [] and before != census.digest()


def test_pairs_that_hang_together_become_one(census):
    done = merge(census, "alone rain", "second alone", "on_rain second")
    assert done["counts"]["going_on"] == 1 and done["counts"]["merged_away"] == 3
    where = [("merged_uuid", "=", "second")]
    assert len(census.rows("component_point", "uuid", where=where)) == 3
    # the one that took them in is merged itself: they go on with it
    merge(census, "second first")
    assert len(census.rows("component_point", "uuid", where=[("merged_uuid", "=", "first")])) == 4
    assert sound(census) == []


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        (["first"], "duplicates.pair"), (["first first"], "duplicates.pair"), (["first nobody"], "duplicates.unknown"),
        (["first>second", "second>first"], "duplicates.keep_both"),
        (["first>alone", "second>alone"], "duplicates.keep_both"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_merged_is_refused_and_nothing_changes(census, pairs, code):
    digest = census.digest()
    with pytest.raises(InputRefused) as caught:
        merge(census, *pairs)
    assert caught.value.code == code and census.digest() == digest


def test_all_that_are_sure_enough_are_merged_at_once_but_never_two_classes(census):
    assert merge(census, reason="code")["operation"] is None
    done = merge(census, reason="any", least_score=0.3)
    assert done["counts"]["pairs"] == 1 and done["counts"]["merged_away"] == 1
    with pytest.raises(InputRefused):
        merge(census, reason="whatever")


def test_a_merged_double_is_neither_counted_nor_coded_nor_linked(census):
    merge(census, "on_rain alone", "second first")
    numbers = {item["key"]: item["count"] for item in health(census.context)["items"]}
    assert (numbers["components"], numbers["components_uncoded"]) == (4, 3)
    assert assign_codes(census.context, AssignCodes())["counts"]["coded"] == 3
    assert row(census, "alone", "code") == {"code": None} or row(census, "on_rain", "code") == {"code": None}
    with census.store.action("set up") as action:
        action.insert("case_record", {
            "uuid": objects(["case2"]), "case_no": objects(["A2"]), "kind": objects(["component"]),
            "class_code": objects([LID]), "component_code": objects([NEW]), "stage": objects(["collection"]),
        })  # fmt: skip
    link_cases(census.context, LinkCases())
    assert {case["component_uuid"] for case in census.rows("case_record", "component_uuid")} == {"first"}
    assert sound(census) == []


def test_a_file_that_brings_a_merged_double_again_does_not_revive_it(town):
    shapes = [point(10, 10), point(10.2, 10)]
    path = town.layer(
        "census.gpkg", shapes, "Point", crs=CRS, id=["1", "2"], **{"class": [LID, LID]}, 状态=["完好"] * 2
    )
    mapping = {"name": "m", "fields": {"class_code": "class", "source_id": "id", "state": "状态"}}
    if town.census(path, json.dumps(mapping))["counts"]["inserted"] != 2:
        pytest.fail("the census was not taken")
    uuids = [item["uuid"] for item in town.rows("component_point", "uuid")]
    merge(town, " ".join(uuids))
    town.layer("census.gpkg", shapes, "Point", crs=CRS, id=["1", "2"], **{"class": [LID, LID]}, 状态=["破损"] * 2)
    counts = town.census(path, json.dumps(mapping))["counts"]
    assert (counts["updated"], counts["unchanged"]) == (1, 1)
    assert sorted(item["state"] for item in town.rows("component_point", "state")) == ["破损", "移除"]


def test_two_are_shown_side_by_side(census):
    shown = compare_pair(census.context, ComparePair("first", "second"))
    values = {name: (one, two) for name, one, two in shown["rows"]}
    assert values["code"] == (OLD, NEW) and values["owner_dept"] == (None, "水务")
    assert [end["cases"] for end in shown["ends"]] == [0, 1] and shown["ends"][1]["photos"] == ["b.jpg"]
    with pytest.raises(InputRefused):
        compare_pair(census.context, ComparePair("first", "nobody"))


@pytest.mark.parametrize("at", range(1, 8))
def test_a_run_that_is_stopped_leaves_nothing(census, at):
    digest = census.digest()
    for service, request in (
        (find_duplicates, FindDuplicates()),
        (merge_duplicates, MergeDuplicates(["first second"])),
    ):
        try:
            service(make_context(census.store, Watcher(cancel_at=at)), request)
        except Cancelled:
            assert census.digest() == digest
        else:
            undo_operation(census.context, UndoOperation("last"))
            digest = census.digest()


def test_an_empty_city_has_no_doubles(city: City):
    assert find(city)["counts"]["pairs"] == 0 and merge(city)["operation"] is None


def test_keys_without_a_number_say_nothing(town):
    """Keys of candidates are uuids; two of them ended the search with an error."""
    with town.store.action("set up") as action:
        action.insert(
            "component_point",
            {
                "class_code": objects([LID, LID]), "import_key": objects(["a4f1-b", "b7e2-c"]),
                GEOM: objects([point(10, 10), point(90, 90)]),
            },
        )  # fmt: skip
    counts = find_duplicates(make_context(town.store), FindDuplicates())["counts"]
    assert (counts["read"], counts["pairs"]) == (2, 0)
