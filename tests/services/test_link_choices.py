# SPDX-License-Identifier: GPL-2.0-or-later
"""Components that a case may be about, side by side, and what somebody says it is about."""

from __future__ import annotations

import json

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import LinkCases, UndoOperation
from digital_citymgmt_plugin.core.requests_links import ChooseLink, LinkChoices
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.link_choices import choose_link, link_choices
from digital_citymgmt_plugin.services.linking import link_cases
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.test_linking import LAMP, LID, add, case, key_components, open_issues, store
from tests.support import make_context

__all__ = ["store"]


def fid_of(store, number="A"):
    return int(store.read("case_record", ["fid"], [("case_no", "=", number)])["fid"][0])


def choices(store, **given):
    return link_choices(make_context(store), LinkChoices(fid_of(store), **given))


def choose(store, component="", **given):
    return choose_link(make_context(store), ChooseLink(fid_of(store), component, **given))


def more(store, **columns):
    with store.action("set up") as action:
        action.insert("component_point", {name: objects([value]) for name, value in columns.items()})


def test_what_is_in_reach_is_listed_with_distance_class_score_and_owner(store):
    more(store, uuid="lamp9", class_code=LAMP, state="完好", owner_dept="D07", **{GEOM: shapely.Point(12, 10)})
    more(store, uuid="gone", class_code=LID, state="移除", **{GEOM: shapely.Point(12, 10)})
    add(store, "A", (13, 10), component_code="77")
    link_cases(make_context(store), LinkCases())
    answer = choices(store)
    names = ("uuid", "distance", "score", "same_class", "by_code")
    told = [tuple(one[name] for name in names) for one in answer["choices"]]
    assert told == [("lid2", 27.0, 1.0, True, True), ("lid1", 3.0, 0.4, True, False), ("lamp9", 1.0, 0.8, False, False)]
    assert [one["owner"] for one in answer["choices"]] == [None, "D05", "D07"]
    assert [one["current"] for one in answer["choices"]] == [True, False, False]
    assert (answer["case"]["open"], answer["left"], answer["newest"]) == (True, 0, 0)
    assert len(choices(store, limit=1)["choices"]) == 1


@pytest.mark.parametrize(
    "columns", [{}, {"kind": "event"}, {"class_code": None}, {"component_code": "没有"}, {"component_uuid": "no such"}]
)
def test_an_odd_case_has_a_list_too(store, columns):
    add(store, "A", **columns)
    assert choices(store)["choices"] == []


def test_a_choice_links_settles_the_doubt_and_leaves_an_event(store):
    add(store, "A", (24, 10))
    link_cases(make_context(store), LinkCases(30.0))
    assert [rule for rule, _ in open_issues(store)] == ["link_ambiguous"]
    result = choose(store, "lid2", reason="看过照片", done_by="王五")
    assert result["counts"]["linked_by_hand"] == 1 and open_issues(store) == []
    assert case(store, "A", "component_uuid", "link_method", "link_score") == ("lid2", "manual", 1.0)
    event = store.read("case_event", ["action", "source", "done_by", "reason", "payload"])
    assert (event["action"][0], event["source"][0], event["done_by"][0]) == ("amend", "move", "王五")
    assert json.loads(event["reason"][0])["component_uuid"] == [None, "lid2"]
    assert json.loads(event["payload"][0])["why"] == "看过照片"
    again = link_cases(make_context(store), LinkCases(30.0, relink=True))
    assert again["counts"]["links_differ"] == 0 and case(store, "A", "component_uuid") == ("lid2",)
    assert choose(store, "lid2")["operation"] is None


def test_a_choice_can_be_taken_back(store):
    add(store, "A", (11, 10))
    link_cases(make_context(store), LinkCases())
    operation = choose(store)["operation"]
    assert case(store, "A", "component_uuid", "link_method") == (None, "manual")
    undo_operation(make_context(store), UndoOperation(operation))
    assert case(store, "A", "component_uuid", "link_method", "link_score") == ("lid1", "nearest", 0.8)


def test_a_case_without_place_takes_the_one_of_the_chosen_component(store):
    more(store, uuid="lid9", class_code=LID, state="完好", grid_code="G1", community_code="320681001001")
    add(store, "A")
    choose(store, "lid9")
    assert case(store, "A", "grid_code", "community_code", "street_code", "place_method") == (
        "G1", "320681001001", "320681001", "component",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("component", "given", "code"),
    [
        ("no such", {}, "link.no_component"), ("lid3", {}, "link.no_component"), ("", {"role": "boss"}, "amend.role"),
        ("lid1", {"seen": 7}, "case.changed_meanwhile"),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_refused(store, component, given, code):
    add(store, "A", (11, 10))
    with pytest.raises(InputRefused) as caught:
        choose(store, component, **given)
    assert caught.value.code == code


def test_a_case_that_ended_or_is_not_there_is_refused(store):
    add(store, "A", (11, 10), stage="closed")
    with pytest.raises(InputRefused) as caught:
        choose(store, "lid1")
    assert caught.value.code == "link.ended"
    with pytest.raises(InputRefused) as caught:
        link_choices(make_context(store), LinkChoices(999))
    assert caught.value.code == "dispatch.no_case"


def test_all_that_one_code_means_stand_first(store):
    add(store, "A", (150, 51), component_code="K1")
    answer = choices(store)["choices"]
    assert [(one["uuid"], one["by_code"]) for one in answer] == [("lid1", True), ("lamp", False)]
    key_components(store, lid2="lids:78", lid3="lids:78#2")
    add(store, "B", component_code="78")
    link_cases(make_context(store), LinkCases())
    answer = link_choices(make_context(store), LinkChoices(fid_of(store, "B")))["choices"]
    assert {one["uuid"] for one in answer if one["by_code"]} == {"lid2", "lid3"}
