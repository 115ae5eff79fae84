# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule pack changed from its window: values that cannot be are refused, the rest is one action that goes back."""

from __future__ import annotations

import json

import pytest

from digital_citymgmt_plugin.core.census.check_pack import parameter_fault
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import EditRules, ListRules, UndoOperation
from digital_citymgmt_plugin.services.check_city import rule_pack
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.rule_edits import edit_rules, list_rules
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.profiles import check_rules

NEAR, FAR, WATER = "component.near_double", "component.far_away", "component.in_water"


def change(city, *changes, preview=False):
    return edit_rules(city.context, EditRules(json.dumps(changes), preview=preview))


def listed(city):
    return {row["code"]: row for row in list_rules(city.context, ListRules())["rules"]}


def rows(city):
    found = city.store.read("check_rule", ["code", "level", "enabled", "params"])
    return sorted(zip(*(found[name].tolist() for name in found)))


def test_rules_are_changed_in_one_action_that_can_be_taken_back(city):
    asked = ({"code": NEAR, "level": "error", "params": {"metres": 0.5}}, {"code": FAR, "enabled": False})
    seen = change(city, *asked, preview=True)
    assert not seen["written"] and rows(city) == []
    done = change(city, *asked)
    assert done["differences"] == seen["differences"] and done["counts"]["rows_changed"] == 2
    assert rows(city) == [(FAR, None, 0, None), (NEAR, "error", 1, '{"metres": 0.5}')]
    row = listed(city)[NEAR]
    assert (row["level"], row["params"], row["default"]["params"]) == ("error", {"metres": 0.5}, {"metres": 0.3})
    assert list_rules(city.context, ListRules())["counts"]["changed"] == 2
    used = {rule.code: rule for rule in rule_pack(city.context, city.store)[0]}
    assert used[NEAR].params["metres"] == 0.5 and not used[FAR].enabled
    undo_operation(city.context, UndoOperation(str(done["operation"])))
    assert rows(city) == [] and listed(city)[NEAR]["level"] == "warning"


def test_reset_takes_the_row_away_and_the_same_again_writes_nothing(city):
    change(city, {"code": NEAR, "params": {"metres": 0.5}})
    assert not change(city, {"code": NEAR, "params": {"metres": 0.5}})["written"]
    done = change(city, {"code": NEAR, "reset": True}, {"code": FAR, "reset": True})
    assert rows(city) == [] and done["counts"]["reset"] == 2 and done["counts"]["rows_changed"] == 1
    undo_operation(city.context, UndoOperation(str(done["operation"])))
    assert rows(city) == [(NEAR, None, 1, '{"metres": 0.5}')]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"params": {"metres": -1}}, "rules.range"), ({"params": {"metres": "3"}}, "rules.number"),
        ({"params": {"metres": True}}, "rules.number"), ({"params": {"metres": 1e9}}, "rules.range"),
        ({"params": {"years": 3}}, "rules.param_unknown"), ({"level": "fatal"}, "rules.level"),
        ({"code": "component.none"}, "rules.unknown"), ({"enabled": 1}, "request.parameters"),
        ({"code": WATER, "params": {"except_words": 5}}, "rules.text"),
        ({"code": "component.photo_old", "params": {"days": 1.5}}, "rules.whole"),
        ({"code": "component.state_date", "params": {"states": "移除,消失"}}, "rules.state"),
        ({"code": "component.on_carriageway", "params": {"words": " , "}}, "rules.words_needed"),
        ({"code": WATER, "params": {"except_words": "桥" * 2001}}, "rules.long"),
        ({"title": "x"}, "request.parameters"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_written(city, given, code):
    with pytest.raises(InputRefused) as caught:
        change(city, {"code": FAR, "enabled": False}, {"code": NEAR, **given})
    assert caught.value.code == code and rows(city) == []


def test_every_fault_is_told(city):
    with pytest.raises(InputRefused) as caught:
        change(city, {"code": NEAR, "params": {"metres": -1}}, {"code": FAR, "level": "x"})
    assert [fault["code"] for fault in caught.value.values["faults"]] == ["rules.range", "rules.level"]
    for text in ("", "{}", "[1]", "["):
        with pytest.raises(InputRefused, match=r"request\.parameters"):
            edit_rules(city.context, EditRules(text))


def test_a_row_that_cannot_be_used_is_told_and_gives_way(city):
    with city.store.action("test") as action:
        action.insert("check_rule", {"code": objects([NEAR]), "params": objects(['{"metres": "far"}'])})
    answer = list_rules(city.context, ListRules())
    assert answer["notes"][0]["values"] == {"rule": NEAR} and listed(city)[NEAR]["ignored"]
    assert change(city, {"code": NEAR, "reset": True})["written"] and rows(city) == []


def test_the_packs_own_values_are_in_their_bounds():
    for rule in check_rules():
        assert [name for name, value in rule.params.items() if parameter_fault(rule, name, value)] == []
