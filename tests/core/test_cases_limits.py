# SPDX-License-Identifier: GPL-2.0-or-later
"""Which limit and which department the profile gives a case."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from digital_citymgmt_plugin.core.cases.limits import Limits
from digital_citymgmt_plugin.core.cases.responsibility import Duties
from digital_citymgmt_plugin.core.codes import COMPONENT, UNIT_GRID, scheme_of
from digital_citymgmt_plugin.core.extension import extension_rule, next_code, outside
from digital_citymgmt_plugin.core.profile import EVENT, ClassEntry, FilingRule, Profile, ResponsibilityRule

BARE = Profile("x", "2013", scheme_of("2013", UNIT_GRID), scheme_of("2013", COMPONENT))
RULES = (
    FilingRule("0101", COMPONENT, 1, "缺失/移位/开裂", 2.0, "emergency_hour"),
    FilingRule("0101", COMPONENT, 2, "破损", 4.0, "work_hour"),
    FilingRule("0101", COMPONENT, 3, "弹跳（高差 2cm）", 2.0, "work_day"),
    FilingRule("0101", EVENT, 1, "搭建", 5.0, "work_day"),
    FilingRule("0101", EVENT, 2, "在建", 5.0, "work_day"),
    FilingRule("0102", EVENT, 1, "只有条件，没有时限"),
)
LIMITS = Limits(replace(BARE, filing_rules=RULES))


@pytest.mark.parametrize(
    ("kind", "code", "condition", "limit"),
    [
        (COMPONENT, "0101", "破损", (4.0, "work_hour")),
        (COMPONENT, "0101", "开裂", (2.0, "emergency_hour")),
        (COMPONENT, "0101", "缺失/移位/开裂", (2.0, "emergency_hour")),
        (COMPONENT, "0101", "条件3", (2.0, "work_day")),
        (COMPONENT, "0101", " 2 ", (4.0, "work_hour")),
        (COMPONENT, "0101", "丢失", None),
        (COMPONENT, "0101", "井盖缺失，有危险", (2.0, "emergency_hour")),
        (COMPONENT, "0101", "缺失且破损", None),  # of both
        (COMPONENT, "0101", "弹跳", (2.0, "work_day")),
        (COMPONENT, "0101", None, None),
        (EVENT, "0101", None, (5.0, "work_day")),  # all conditions of the class have the same
        (EVENT, "0101", "别的", (5.0, "work_day")),
        (EVENT, "0102", None, None),
        (EVENT, "0103", "破损", None),
        (None, None, None, None),
    ],
)
def test_a_limit_follows_from_class_and_condition(kind, code, condition, limit):
    assert LIMITS.of(kind, code, condition) == limit


def test_a_condition_that_fits_two_rules_of_different_limits_gives_none():
    twice = (*RULES[:2], replace(RULES[2], condition="破损"))
    assert Limits(replace(BARE, filing_rules=twice)).of(COMPONENT, "0101", "破损") is None


def test_a_longer_word_goes_before_one_that_stands_in_it():
    severe = (*RULES[:2], FilingRule("0101", COMPONENT, 3, "严重破损", 1.0, "emergency_hour"))
    limits = Limits(replace(BARE, filing_rules=severe))
    assert limits.of(COMPONENT, "0101", "井圈严重破损") == (1.0, "emergency_hour")
    assert limits.of(COMPONENT, "0101", "井圈破损") == (4.0, "work_hour")


DUTIES = (
    ResponsibilityRule(0, "", "", "", "D0"),
    ResponsibilityRule(0, EVENT, "", "", "D1"),
    ResponsibilityRule(0, EVENT, "0101", "", "D2"),
    ResponsibilityRule(0, "", "", "320681001", "D3"),
    ResponsibilityRule(0, "", "", "320681001002", "D4"),
    ResponsibilityRule(9, COMPONENT, "0101", "", "D5"),
)


@pytest.mark.parametrize(
    ("kind", "code", "areas", "department"),
    [
        (EVENT, "0101", (None, None, None), "D2"),
        (EVENT, "0102", (None, None, None), "D1"),
        (EVENT, "0102", ("320681001002003", "320681001002", "320681001"), "D4"),
        (EVENT, "0101", (None, "320681001003", "320681001"), "D3"),
        (COMPONENT, "0101", (None, "320681001002", "320681001"), "D5"),
        (COMPONENT, "0102", (None, None, None), "D0"),
        (None, None, (None, None, None), "D0"),
    ],
)
def test_the_department_of_the_highest_and_narrowest_rule_answers(kind, code, areas, department):
    for order in itertools.islice(itertools.permutations(DUTIES), 0, 720, 97):
        assert Duties(replace(BARE, responsibility=order)).of(kind, code, areas) == department


def test_without_a_rule_that_fits_nobody_answers():
    assert Duties(replace(BARE, responsibility=DUTIES[2:3])).of(EVENT, "0102", ()) is None
    assert not Duties(BARE)


def entry(code, kind=COMPONENT, digits=2):
    return ClassEntry(kind, code, code[:2], "", code[2:], code)


def test_own_classes_stand_where_the_edition_leaves_room():
    standard = {(COMPONENT, "0101"), (COMPONENT, "0199")}
    taken = replace(BARE, classes=(entry("0101"), entry("0198")))
    assert next_code(taken, standard, COMPONENT, "01") == "0197"  # 0199 is the standard's, even if removed
    assert next_code(taken, standard, EVENT, "01") == "0199"
    old = replace(BARE, edition="2007")
    assert next_code(old, set(), COMPONENT, "21") == "2101" and next_code(old, set(), COMPONENT, "01") == ""
    new = replace(BARE, edition="2026", component_scheme=scheme_of("2026", COMPONENT))
    assert next_code(new, set(), EVENT, "06") == "06999"
    assert next_code(replace(BARE, edition="ours"), set(), EVENT, "06") == ""


def test_a_city_may_set_its_own_range_and_the_default_says_that_it_is_one():
    assert "default" in extension_rule(BARE).confidence and extension_rule(BARE).describe(2) == "*: 99 → 58"
    own = replace(BARE, settings={"extension_major": "30", "extension_from": "01", "extension_to": "50"})
    assert next_code(own, set(), EVENT, "30") == "3001" and next_code(own, set(), EVENT, "01") == ""


def test_a_range_that_is_used_up_gives_no_code():
    full = replace(BARE, classes=tuple(entry(f"01{minor:02d}") for minor in range(58, 100)))
    assert next_code(full, set(), COMPONENT, "01") == ""


def test_classes_outside_table_and_range_are_found_but_not_those_of_an_own_kind():
    classes = (entry("0101"), entry("0140"), entry("0199"), entry("0140", "air"))
    profile = replace(BARE, classes=classes, settings={"extra_kinds": "air=大气污染"})
    assert outside(profile, {(COMPONENT, "0101")}) == [classes[1]]
