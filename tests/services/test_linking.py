# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases to grids and components: by the map, by code, by distance, and not at all where there is doubt."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import LinkCases
from digital_citymgmt_plugin.core.requests_duty import RecordRuling
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.linking import link_cases
from digital_citymgmt_plugin.services.rulings import record_ruling
from tests.support import make_context, new_store

LID, LAMP = "0101", "0205"


@pytest.fixture
def store(tmp_path):
    """Two communities side by side, one grid in the western one, four components."""
    opened = new_store(tmp_path / "c.gpkg")
    west, east = shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)
    both = shapely.box(0, 0, 200, 100)
    with opened.action("set up") as action:
        action.insert(
            "admin_area",
            {
                "level": objects(["street", "community", "community"]),
                "code": objects(["320681001", "320681001001", "320681001002"]),
                "name": objects(["汇龙镇", "西社区", "东社区"]),
                "parent_code": objects(["320681", "320681001", "320681001"]),
                GEOM: objects(shapely.multipolygons([[shape]])[0] for shape in (both, west, east)),
            },
        )
        action.insert(
            "unit_grid",
            {
                "code": objects(["G1"]), "community_code": objects(["320681001001"]),
                GEOM: shapely.multipolygons([[west]]),
            },
        )
        action.insert(
            "component_point",
            {
                "uuid": objects(["lid1", "lid2", "lid3", "lamp"]), "class_code": objects([LID, LID, LID, LAMP]),
                "code": objects(["K1", None, None, None]), "state": objects(["完好", "完好", "移除", "完好"]),
                "import_key": objects([None, "lids:77", None, None]),
                "manager_dept": objects(["D05", None, None, None]),
                GEOM: shapely.points([[10, 10], [40, 10], [150, 51], [150, 50]]),
            },
        )  # fmt: skip
    yield opened
    opened.close()


def add(store, number, xy=None, **columns):
    geometry = None if xy is None else shapely.Point(xy)
    values = {"kind": "component", "class_code": LID, **columns, "case_no": number, GEOM: geometry}
    with store.action("set up") as action:
        action.insert("case_record", {name: objects([value]) for name, value in values.items()})


def link(store, tolerance=None):
    return link_cases(make_context(store), LinkCases(tolerance))


def case(store, number, *columns):
    rows = store.read("case_record", columns, [("case_no", "=", number)])
    return tuple(rows[column][0] for column in columns)


def open_issues(store):
    rows = store.read("check_issue", ["rule", "params"], [("state", "=", "open")])
    return [(rule, json.loads(params)) for rule, params in zip(rows["rule"], rows["params"])]


def test_a_ruling_that_says_nobody_s_stays_with_a_case_that_has_a_department(store):
    add(store, "A", (50, 50), stage="dispatch", dept_code="D05")
    add(store, "B", (50, 50), stage="dispatch", dept_code="D05", unowned=1)  # marked, but not by a ruling
    fid = case(store, "A", "fid")[0]
    record_ruling(make_context(store), RecordRuling("unowned", int(fid), ruled_on="2025-01-01"))
    link(store)
    assert (case(store, "A", "unowned"), case(store, "B", "unowned")) == ((1,), (0,))
    record_ruling(make_context(store), RecordRuling("owner", int(fid), department_code="D05", ruled_on="2025-02-01"))
    link(store)
    assert case(store, "A", "unowned") == (0,)


def test_a_case_takes_grid_community_and_street_from_the_map(store):
    add(store, "A", (50, 50))
    add(store, "B", (150, 60))
    add(store, "C", (500, 60))
    counts = link(store)["counts"]
    assert case(store, "A", "grid_code", "community_code", "street_code", "place_method") == (
        "G1", "320681001001", "320681001", "grid",
    )  # fmt: skip
    assert case(store, "B", "grid_code", "community_code", "street_code", "place_method") == (
        None, "320681001002", "320681001", "area",
    )  # fmt: skip
    assert case(store, "C", "grid_code", "community_code", "place_method") == (None, None, None)
    assert (counts["placed"], counts["grid"], counts["community"]) == (2, 1, 2)


def test_a_case_without_coordinates_keeps_the_community_that_it_named(store):
    add(store, "A", community_code="320681001002", place_method="community_name")
    link(store)
    assert case(store, "A", "community_code", "street_code", "place_method") == (
        "320681001002", "320681001", "community_name",
    )  # fmt: skip


def test_a_stated_code_links_before_any_distance(store):
    add(store, "A", (40, 10), component_code="K1")
    counts = link(store)["counts"]
    assert case(store, "A", "component_uuid", "link_method", "link_score", "dept_code") == ("lid1", "code", 1.0, "D05")
    assert counts["linked_by_code"] == 1


def test_the_number_that_a_component_had_in_its_source_links_too(store):
    add(store, "A", component_code="77")
    link(store)
    assert case(store, "A", "component_uuid", "link_method") == ("lid2", "code")


def key_components(store, **keys):
    """Give components of the store the keys under which an import knows them again."""
    rows = store.read("component_point", ["fid", "uuid"])
    with store.action("keys") as action:
        for fid, uuid in zip(rows["fid"].tolist(), rows["uuid"].tolist()):
            if uuid in keys:
                action.update("component_point", np.array([fid]), {"import_key": objects([keys[uuid]])})


def test_the_end_of_a_number_is_not_the_number(store):
    key_components(store, lid2="lids:A:12", lid3="lids:5#2")
    add(store, "A", component_code="12")
    add(store, "B", component_code="A:12")
    add(store, "C", component_code="5")
    link(store)
    assert [case(store, number, "component_uuid") for number in "ABC"] == [(None,), ("lid2",), (None,)]


def test_two_components_of_one_number_leave_a_case_unlinked(store):
    key_components(store, lid2="lids:77", lid3="lids:77#2")
    add(store, "A", component_code="77")
    assert link(store)["counts"]["ambiguous"] == 1
    assert case(store, "A", "component_uuid") == (None,)
    ((rule, params),) = open_issues(store)
    assert rule == "link_ambiguous" and [one["uuid"] for one in params["candidates"]] == ["lid2", "lid3"]


def test_an_unknown_code_is_listed_and_the_nearest_taken(store):
    add(store, "A", (11, 10), component_code="K9")
    assert link(store)["counts"]["code_unknown"] == 1
    assert case(store, "A", "component_uuid", "link_method") == ("lid1", "nearest")
    assert open_issues(store) == [("component_code_unknown", {"code": "K9"})]


def test_the_nearest_of_the_right_class_within_the_tolerance_is_linked_with_its_score(store):
    add(store, "A", (11, 10))
    add(store, "B", (150, 50))  # the lamp is here, but no lid that still stands
    counts = link(store, tolerance=4.0)["counts"]
    assert case(store, "A", "component_uuid", "link_method", "link_score") == ("lid1", "nearest", 0.75)
    assert case(store, "B", "component_uuid") == (None,)
    assert (counts["linked_by_distance"], counts["unlinked"]) == (1, 1)


def test_a_case_between_two_components_is_left_and_both_are_listed(store):
    add(store, "A", (24, 10))
    counts = link(store, tolerance=30.0)["counts"]
    assert (counts["ambiguous"], counts["unlinked"], counts["linked_by_distance"]) == (1, 1, 0)
    ((rule, params),) = open_issues(store)
    assert rule == "link_ambiguous"
    assert [(one["uuid"], one["distance"]) for one in params["candidates"]] == [("lid1", 14.0), ("lid2", 16.0)]


def test_a_link_is_never_changed_by_a_later_run(store):
    add(store, "A", (40, 10), component_uuid="by hand", link_method="manual")
    assert link(store)["counts"]["linked_before"] == 1
    assert case(store, "A", "component_uuid", "link_method") == ("by hand", "manual")


def test_events_are_not_linked_to_components(store):
    add(store, "A", (10, 10), kind="event")
    assert link(store)["counts"]["unlinked"] == 0
    assert case(store, "A", "component_uuid") == (None,)


def test_a_stated_area_that_the_map_contradicts_is_listed_with_both_names(store):
    add(store, "A", (50, 50), stated_area="东社区")
    add(store, "B", (50, 60), stated_area="汇龙镇")
    assert link(store)["counts"]["disagreements"] == 1
    assert open_issues(store) == [
        ("stated_area_differs", {"areas": ["西社区", "汇龙镇"], "found": "汇龙镇", "stated": "东社区"})
    ]


def test_a_second_run_writes_nothing_and_a_mended_case_settles_its_issue(store):
    add(store, "A", (24, 10), stated_area="东社区")
    assert link(store, 30.0)["operation"] is not None
    operations = store.count("operation")
    again = link(store, 30.0)
    assert again["operation"] is None and store.count("operation") == operations
    fids = store.read("case_record", ["fid"])["fid"]
    with store.action("mend") as action:
        action.update("case_record", fids, {"stated_area": objects(["西社区"])})
    link(store, 30.0)
    assert [rule for rule, _ in open_issues(store)] == ["link_ambiguous"]
    assert store.count("check_issue", [("state", "=", "settled")]) == 1


def test_a_redrawn_map_moves_cases(store):
    add(store, "A", (50, 50))
    link(store)
    fids = store.read("unit_grid", ["fid"])["fid"]
    with store.action("redraw") as action:
        action.update("unit_grid", fids, {"status": objects(["retired"])})
    link(store)
    assert case(store, "A", "grid_code", "community_code", "place_method") == (None, "320681001001", "area")
    events = store.read("case_event", ["action", "source", "reason"])  # of the first place there is nothing to tell
    assert (events["action"].tolist(), events["source"].tolist()) == (["amend"], ["link"])
    assert json.loads(events["reason"][0]) == {"grid_code": ["G1", None], "place_method": ["grid", "area"]}


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), 1e6])
def test_a_tolerance_that_is_none_is_refused(store, tolerance):
    with pytest.raises(InputRefused) as caught:
        link(store, tolerance)
    assert caught.value.code == "link.tolerance"


def test_a_store_without_cases_is_no_fault(store):
    result = link(store)
    assert result["operation"] is None and set(result["counts"].values()) == {0}
    assert np.isfinite(list(result["counts"].values())).all()


def reviewed(store, **changes):
    """Link, change the store, link again; return the counts of the second run."""
    add(store, "A", (11, 10))
    link(store)
    fids = store.read("component_point", ["fid", "uuid"])
    with store.action("census") as action:
        for uuid, columns in changes.items():
            fid = fids["fid"][fids["uuid"] == uuid]
            action.update("component_point", fid, {name: objects([value]) for name, value in columns.items()})
    return link_cases(make_context(store), LinkCases())


def test_a_link_that_would_now_be_another_is_listed_and_kept(store):
    result = reviewed(store, lid1={GEOM: shapely.Point(14, 10)}, lid2={GEOM: shapely.Point(11, 10)})
    assert (result["counts"]["links_differ"], result["counts"]["relinked"]) == (1, 0)
    assert case(store, "A", "component_uuid") == ("lid1",)
    ((rule, params),) = open_issues(store)
    assert rule == "link_another"
    assert [(one["uuid"], one["distance"]) for one in params["held"] + params["candidates"]] == [
        ("lid1", 3.0), ("lid2", 0.0),
    ]  # fmt: skip
    assert link(store)["operation"] is None


def test_links_are_changed_on_request_and_the_log_tells_old_and_new(store):
    reviewed(store, lid1={GEOM: shapely.Point(14, 10)}, lid2={GEOM: shapely.Point(11, 10)})
    counts = link_cases(make_context(store), LinkCases(relink=True))["counts"]
    assert (counts["links_differ"], counts["relinked"]) == (0, 1)
    assert case(store, "A", "component_uuid", "link_method", "link_score") == ("lid2", "nearest", 1.0)
    assert open_issues(store) == []
    events = store.read("case_event", ["action", "source", "reason"])
    assert (events["action"].tolist(), events["source"].tolist()) == (["amend"], ["link"])
    assert json.loads(events["reason"][0]) == {"component_uuid": ["lid1", "lid2"], "link_score": [0.8, 1.0]}
    assert link(store)["operation"] is None


def test_a_link_to_a_component_that_is_gone_is_listed_and_not_cut(store):
    result = reviewed(store, lid1={"state": "移除"})
    assert result["counts"]["links_differ"] == 1
    ((rule, params),) = open_issues(store)
    assert (rule, params["candidates"]) == ("link_gone", [])
    link_cases(make_context(store), LinkCases(relink=True))
    assert case(store, "A", "component_uuid") == ("lid1",)


def test_a_component_that_came_beside_makes_a_link_unsure(store):
    result = reviewed(store, lid2={GEOM: shapely.Point(12, 10)})
    assert result["counts"]["links_differ"] == 1
    assert [rule for rule, _ in open_issues(store)] == ["link_unsure"]


def test_a_choice_by_hand_of_no_component_is_kept(store):
    add(store, "A", (11, 10), link_method="manual")
    assert link(store)["counts"]["linked_by_distance"] == 0
    assert case(store, "A", "component_uuid") == (None,)


@pytest.mark.parametrize("code", [None, "9999", "01"])
def test_a_case_of_an_unknown_class_is_linked_where_one_component_is_alone_in_reach(store, code):
    add(store, "A", (11, 10), class_code=code)
    add(store, "B", (150, 50.2), class_code="9999")  # the lamp; the lid beside it is gone
    link(store)
    assert case(store, "A", "component_uuid", "link_score") == ("lid1", 0.4)
    assert case(store, "B", "component_uuid", "link_method") == ("lamp", "nearest")


def test_an_unknown_class_with_two_in_reach_is_not_guessed(store):
    add(store, "A", (11, 10), class_code="9999")
    with store.action("set up") as action:
        columns = {"uuid": "lamp2", "class_code": LAMP, "state": "完好", GEOM: shapely.Point(15, 10)}
        action.insert("component_point", {name: objects([value]) for name, value in columns.items()})
    assert link(store)["counts"]["ambiguous"] == 1
    ((_, params),) = open_issues(store)
    assert [(one["uuid"], one["class_code"]) for one in params["candidates"]] == [("lid1", LID), ("lamp2", LAMP)]
