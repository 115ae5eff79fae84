# SPDX-License-Identifier: GPL-2.0-or-later
"""A pair stands once in the list of issues: as a candidate of *Find doubles*, or told by a rule of the checks."""

from __future__ import annotations

import json

import pytest

from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import (
    CheckComponents,
    EditRules,
    FindDuplicates,
    ReopenIssues,
    UndoOperation,
    WaiveIssues,
)
from digital_citymgmt_plugin.services.component_checks import check_components
from digital_citymgmt_plugin.services.double_issues import CANDIDATES, YIELDING
from digital_citymgmt_plugin.services.duplicates import find_duplicates
from digital_citymgmt_plugin.services.issue_desk import reopen_issues, waive_issues
from digital_citymgmt_plugin.services.rule_edits import edit_rules
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import RAIN, point
from tests.services.test_component_checks import change, uuid_of

NEAR, SPOT = YIELDING


@pytest.fixture
def doubles(census):
    """The second lid 0.1 m from the first; the fourth, of another class, 0.02 m from the third."""
    places = [census.store.read("component_point", [GEOM], [("fid", "=", fid)])[GEOM][0] for fid in (1, 3)]
    change(census, [2], **{GEOM: point(*offset(places[0], 0.1))})
    change(census, [4], **{GEOM: point(*offset(places[1], 0.02)), "class_code": RAIN})
    return census


def offset(place, metres):
    start = point(0, 0)
    return place.x - start.x + metres, place.y - start.y


def check(city, scope="all"):
    return check_components(city.context, CheckComponents(scope))


def pairs(city, state="open"):
    """Rule and pair of the issues that say of two that they are too near."""
    rows = city.rows("check_issue", "rule", "object_uuid", "params", where=[("state", "=", state)])
    found = [
        (row["rule"], frozenset((row["object_uuid"], json.loads(row["params"])["other"])))
        for row in rows if row["rule"] in (*CANDIDATES, *YIELDING)
    ]  # fmt: skip
    return sorted(found, key=str)


def ends(city, one, two):
    return frozenset((uuid_of(city, one), uuid_of(city, two)))


def test_candidates_take_over_what_the_rules_said_and_are_not_told_again(doubles):
    check(doubles)
    near, spot = ends(doubles, 1, 2), ends(doubles, 3, 4)
    assert set(pairs(doubles)) == {(NEAR, near), (SPOT, spot)}
    counts = find_duplicates(doubles.context, FindDuplicates())["counts"]
    assert counts["taken_over"] == 2
    listed = {("component.duplicate_near", near), ("component.duplicate_spot", spot)}
    assert set(pairs(doubles)) == listed and set(pairs(doubles, "settled")) == {(NEAR, near), (SPOT, spot)}
    for scope in ("all", "changed"):
        result = check(doubles, scope)
        assert set(pairs(doubles)) == listed and NEAR not in result["by_rule"]
    assert "checks.as_doubles" in [note["code"] for note in check(doubles)["notes"]]
    assert find_duplicates(doubles.context, FindDuplicates())["operation"] is None


def test_a_rule_speaks_again_when_the_candidate_is_gone(doubles):
    find_duplicates(doubles.context, FindDuplicates())
    check(doubles)
    assert {rule for rule, _ in pairs(doubles)} == {"component.duplicate_near", "component.duplicate_spot"}
    find_duplicates(doubles.context, FindDuplicates(tolerance=0.01))  # candidates of this tolerance alone
    check(doubles, "changed")
    changed = pairs(doubles)
    check(doubles)
    assert changed == pairs(doubles) and NEAR in {rule for rule, _ in changed}


def test_taking_the_candidates_back_brings_the_rules_back(doubles):
    done = find_duplicates(doubles.context, FindDuplicates())
    check(doubles)
    undo_operation(doubles.context, UndoOperation(done["operation"], "undo"))
    assert check(doubles, "changed")["scope"] == "changed"
    assert {rule for rule, _ in pairs(doubles)} == {NEAR, SPOT}


def test_an_error_gives_way_to_a_waiver_only(doubles):
    find_duplicates(doubles.context, FindDuplicates())
    edit_rules(doubles.context, EditRules(json.dumps([{"code": NEAR, "level": "error"}])))
    check(doubles)
    near = ends(doubles, 1, 2)
    assert {rule for rule, pair in pairs(doubles) if pair == near} == {NEAR, "component.duplicate_near"}
    waive_issues(doubles.context, WaiveIssues(rules=["component.duplicate_near"], reason="two lids"))
    check(doubles, "changed")
    assert [rule for rule, pair in pairs(doubles) if pair == near] == []
    reopen_issues(doubles.context, ReopenIssues(rules=["component.duplicate_near"]))
    check(doubles, "changed")
    assert (NEAR, near) in pairs(doubles)
