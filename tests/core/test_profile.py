# SPDX-License-Identifier: GPL-2.0-or-later
"""The city profile: look-ups and faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from digital_citymgmt_plugin.core.codes import COMPONENT, UNIT_GRID, CodeScheme, Segment, scheme_of
from digital_citymgmt_plugin.core.errors import ProfileError
from digital_citymgmt_plugin.core.profile import (
    EVENT,
    ClassEntry,
    CountDefinition,
    Department,
    FilingRule,
    HoursPeriod,
    Indicator,
    Profile,
)

LID = ClassEntry(COMPONENT, "0101", "01", "公用设施", "01", "上水井盖", "point", "A", None, "D05")
TREE = ClassEntry(COMPONENT, "0402", "04", "园林绿化", "02", "行道树", "point", "B", 7.5)
LITTER = ClassEntry(EVENT, "0110", "01", "市容环境", "10", "暴露垃圾")
RULE = FilingRule("0101", COMPONENT, 1, "缺失", 2.0, "emergency_hour", "恢复")
RATE = Indicator("closing_rate", "结案率", "closed", "to_be_closed")


@pytest.fixture
def profile() -> Profile:
    return Profile(
        name="启东",
        edition="2013",
        grid_scheme=scheme_of("2013", UNIT_GRID),
        component_scheme=scheme_of("2013", COMPONENT),
        classes=(LID, TREE, LITTER),
        departments=(Department("D05", "供水企业"), Department("D051", "城东营业所", "D05")),
        filing_rules=(RULE,),
        indicators=(RATE,),
        counts=(CountDefinition("closed", "结案数", ""), CountDefinition("to_be_closed", "应结案数", "")),
    )


def test_a_profile_without_faults_says_so(profile):
    assert profile.check() == [] and profile.demand() is profile


def test_an_empty_profile_has_no_faults(profile):
    assert replace(profile, classes=(), departments=(), filing_rules=(), indicators=()).check() == []


def test_classes_are_found_by_code_and_by_name_within_their_kind(profile):
    assert profile.class_by_code(COMPONENT)["0101"] is LID
    assert profile.class_by_name(EVENT) == {"暴露垃圾": LITTER}


def test_a_class_out_of_use_is_not_found(profile):
    changed = replace(profile, classes=(replace(LID, enabled=False), TREE))
    assert list(changed.class_by_code(COMPONENT)) == ["0402"]


def test_a_name_of_two_classes_is_found_by_neither_and_said(profile):
    changed = replace(profile, classes=(LID, replace(LID, code="0102", minor_code="02")))
    assert changed.class_by_name(COMPONENT) == {} and changed.ambiguous_names(COMPONENT) == ("上水井盖",)


def test_the_scope_of_a_class_is_county_and_class(profile):
    assert profile.scope_of_class("320681", "0101") == "3206810101"


def test_scopes_of_many_classes_keep_their_order(profile):
    scopes = profile.scopes_of_classes("320681", np.array(["0402", "0101", "0402"], dtype=object))
    assert scopes.tolist() == ["3206810402", "3206810101", "3206810402"]


@pytest.mark.parametrize(
    ("county", "class_code", "reason"),
    [
        ("32068", "0101", "profile.scope_county"),
        ("320681", "01001", "profile.scope_class"),
        ("320681", "01０1", "profile.scope_class"),
    ],
)
def test_a_scope_of_wrong_parts_is_refused(profile, county, class_code, reason):
    with pytest.raises(ProfileError) as caught:
        profile.scope_of_class(county, class_code)
    assert caught.value.code == reason


@pytest.mark.parametrize(("entry", "metres"), [(LID, 5.0), (TREE, 7.5), (LITTER, 10.0)])
def test_the_tolerance_is_the_class_s_own_or_the_default_of_its_accuracy(profile, entry, metres):
    assert profile.tolerance(entry) == metres


def test_a_city_may_set_its_own_default_tolerance(profile):
    assert replace(profile, settings={"tolerance_a_m": "3"}).tolerance(LID) == 3.0


@pytest.mark.parametrize(
    ("change", "reason", "key"),
    [
        ({"classes": (LID, LID)}, "profile.duplicate", "component 0101"),
        ({"classes": (LID, replace(TREE, code="04002"))}, "profile.class_length", "component 04002"),
        ({"classes": (LID, replace(TREE, code="04０2"))}, "profile.class_length", "component 04０2"),
        ({"classes": (LID, replace(TREE, minor_code="03"))}, "profile.class_parts", "component 0402"),
        ({"classes": (LID, replace(TREE, name=" "))}, "profile.no_name", "component 0402"),
        ({"classes": (LID, replace(TREE, geometry="点"))}, "profile.wrong_value", "component 0402"),
        ({"classes": (LID, replace(TREE, accuracy="D"))}, "profile.wrong_value", "component 0402"),
        ({"classes": (LID, replace(TREE, tolerance_m=0.0))}, "profile.wrong_value", "component 0402"),
        ({"classes": (LID, replace(TREE, tolerance_m=float("inf")))}, "profile.wrong_value", "component 0402"),
        ({"classes": (LID, replace(TREE, kind="road"))}, "profile.wrong_value", "road 0402"),
        ({"classes": (LID, replace(TREE, department_code="D9"))}, "profile.unknown_department", "component 0402"),
        ({"departments": (Department("D05", "甲", "D99"),)}, "profile.unknown_department", "D05"),
        ({"departments": (Department("D05", "甲", "D05"),)}, "profile.department_cycle", "D05"),
        ({"departments": (Department("D05", ""),)}, "profile.no_name", "D05"),
        ({"filing_rules": (RULE, RULE)}, "profile.duplicate", "component 0101 1"),
        ({"filing_rules": (replace(RULE, class_code="0199"),)}, "profile.unknown_class", "component 0199 1"),
        ({"filing_rules": (replace(RULE, limit_value=-1.0),)}, "profile.wrong_value", "component 0101 1"),
        ({"filing_rules": (replace(RULE, limit_unit="天"),)}, "profile.wrong_value", "component 0101 1"),
        ({"filing_rules": (replace(RULE, limit_unit=""),)}, "profile.wrong_value", "component 0101 1"),
        ({"indicators": (replace(RATE, numerator="finished"),)}, "profile.unknown_count", "closing_rate"),
        ({"indicators": (replace(RATE, direction="up"),)}, "profile.wrong_value", "closing_rate"),
        ({"periods": (HoursPeriod("2024-05-01", "", "9-5"),)}, "profile.wrong_value", "2024-05-01 "),
        ({"periods": (HoursPeriod("05-01", "2024-05-01", "09:00-17:00"),)}, "profile.wrong_value", "05-01 2024-05-01"),
        (
            {"periods": (HoursPeriod("05-01", "09-30", "09:00-17:00"), HoursPeriod("09-01", "12-31", "09:00-17:00"))},
            "profile.wrong_value",
            "09-01 12-31",
        ),
        ({"settings": {"lamp_amber_percent": "-1"}}, "profile.setting_number", "lamp_amber_percent"),
        ({"settings": {"after_return": "stop"}}, "profile.setting_text", "after_return"),
        ({"settings": {"tolerance_b_m": "wide"}}, "profile.setting_number", "tolerance_b_m"),
        ({"grid_scheme": scheme_of("2013", COMPONENT)}, "profile.scheme_kind", UNIT_GRID),
    ],
)
def test_every_fault_is_found_and_placed(profile, change, reason, key):
    found = replace(profile, **change).check()
    assert [(code, values["key"]) for code, values in found] == [(reason, key)]


def test_two_departments_over_each_other_are_a_cycle(profile):
    circle = (Department("D05", "甲", "D06"), Department("D06", "乙", "D05"))
    found = replace(profile, departments=circle).check()
    assert [code for code, _ in found] == ["profile.department_cycle"] * 2


def test_component_codes_without_the_class_behind_the_county_are_refused(profile):
    segments = [("county", 6), ("street", 3), ("major", 2), ("minor", 2), ("sequence", 5)]
    odd = CodeScheme("x", COMPONENT, "x", tuple(Segment(*segment) for segment in segments))
    assert [code for code, _ in replace(profile, component_scheme=odd).check()] == ["profile.scheme_segments"]


def test_demand_raises_the_first_fault_and_counts_the_others(profile):
    with pytest.raises(ProfileError) as caught:
        replace(profile, classes=(replace(LID, name=""), replace(TREE, name=""))).demand()
    assert caught.value.code == "profile.no_name" and caught.value.values["others"] == 1
