# SPDX-License-Identifier: GPL-2.0-or-later
"""Who answers for a case: the chain, the same for one and for many; borders and earlier rulings near."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.cases.borders import Borders, near_rulings
from digital_citymgmt_plugin.core.cases.duty import FIRED, Decision, Responsibility
from digital_citymgmt_plugin.core.codes import COMPONENT, UNIT_GRID, scheme_of
from digital_citymgmt_plugin.core.profile import EVENT, ClassEntry, Department, Profile, ResponsibilityRule

STREETS = {"320681001": "汇龙镇", "320681002": "江海街道", "320681003": "无名街道"}
DEPARTMENTS = tuple(
    Department(*pair)
    for pair in (
        ("D1", "水务局"),
        ("D2", "电力公司"),
        ("D3", "环卫所"),
        ("D4", "汇龙镇人民政府"),
        ("D5", "江海街道办事处"),
    )
)
RULES = (
    ResponsibilityRule(5, EVENT, "0101", "320681001", "D3", "会议纪要"),
    ResponsibilityRule(0, EVENT, "0102", "", "D1"),
    ResponsibilityRule(0, "", "", "320681003", "D2"),
)
PROFILE = Profile(
    "x", "2013", scheme_of("2013", UNIT_GRID), scheme_of("2013", COMPONENT),
    classes=(ClassEntry(COMPONENT, "0101", "01", "公用设施", "01", "上水井盖", department_code="D1"),),
    departments=DEPARTMENTS, responsibility=RULES, settings={"department_assignment": "default"},
)  # fmt: skip
CHAIN = Responsibility(PROFILE, STREETS)


def place(street):
    return f"{street}00101", f"{street}001", street


def fired(*args, **more):
    found = CHAIN.candidates(*args, **more)
    return [(one.fired, one.department) for one in found]


def test_the_chain_goes_from_the_component_to_rule_to_street_to_nobody():
    component = {"owner_dept": "D2", "manager_dept": "D1", "maintainer_dept": None}
    assert fired(COMPONENT, "0101", place("320681001"), component) == [
        ("owner", "D2"), ("manager", "D1"), ("area", "D4"),
    ]  # fmt: skip
    assert fired(EVENT, "0101", place("320681001")) == [("rule", "D3"), ("area", "D4")]
    assert fired(EVENT, "0109", place("320681002")) == [("area", "D5")]
    assert fired(EVENT, "0109", place("320681003")) == [("area", "D2")]
    assert fired(EVENT, "0109", (None, None, None)) == []
    nobody = Decision(CHAIN.candidates(EVENT, "0109", (None, None, None)))
    assert (nobody.department, nobody.fired, nobody.next_best) == (None, "", None)


def test_an_earlier_ruling_of_the_component_goes_first_also_when_it_says_nobody():
    component = {"owner_dept": "D2", "manager_dept": "D2"}
    ruled = fired(COMPONENT, "0101", place("320681001"), component, {"department_code": "D1"})
    assert ruled == [("precedent", "D1"), ("owner", "D2"), ("area", "D4")]
    nobody = Decision(CHAIN.candidates(COMPONENT, "0101", place("320681001"), component, {"department_code": None}))
    assert (nobody.department, nobody.fired, nobody.next_best.department) == (None, "precedent", "D2")


def test_departments_of_classes_decide_only_where_the_city_set_them_itself():
    where = (None, None, None)
    assert fired(COMPONENT, "0101", where) == []
    own = Responsibility(replace(PROFILE, settings={"department_assignment": "city"}), STREETS)
    assert [one.fired for one in own.candidates(COMPONENT, "0101", where)] == ["class"]


def test_the_order_of_a_component_s_departments_is_a_setting():
    named = CHAIN.candidates(COMPONENT, "0101", (None,) * 3, {"owner_dept": "电力公司", "manager_dept": "某公司"})
    assert [one.department for one in named] == ["D2", "某公司"]
    own = Responsibility(replace(PROFILE, settings={"component_duty": "maintainer,manager"}), STREETS)
    component = {"owner_dept": "D2", "manager_dept": "D1", "maintainer_dept": "D3"}
    assert [one.fired for one in own.candidates(COMPONENT, "0101", (None,) * 3, component)] == ["maintainer", "manager"]


def test_many_cases_are_decided_as_one_by_one():
    lot = random.Random(7)
    size = 3_000
    rows = []
    for _ in range(size):
        street = lot.choice([*STREETS, "320681009", None])
        where = place(street) if street else (None, None, None)
        component = None
        if lot.random() < 0.5:
            names = ("owner_dept", "manager_dept", "maintainer_dept")
            component = {name: lot.choice([None, None, "D1", "D2", "电力公司", "某公司", ""]) for name in names}
        ruling = {"department_code": lot.choice(["D1", "D3", None])} if lot.random() < 0.2 else None
        rows.append(
            (lot.choice([EVENT, COMPONENT, None]), lot.choice(["0101", "0102", None]), where, component, ruling)
        )

    def column(values):
        result = np.empty(size, dtype=object)
        result[:] = list(values)
        return result

    names = ("owner_dept", "manager_dept", "maintainer_dept")
    many = CHAIN.decide_many(
        column(row[0] for row in rows), column(row[1] for row in rows),
        [column(row[2][level] for row in rows) for level in range(3)],
        {name: column((row[3] or {}).get(name) for row in rows) for name in names},
        (np.array([row[4] is not None for row in rows]), column((row[4] or {}).get("department_code") for row in rows)),
    )  # fmt: skip
    for index, row in enumerate(rows):
        one = Decision(CHAIN.candidates(*row))
        after = one.next_best
        assert (many.department[index], FIRED[many.fired[index]]) == (one.department, one.fired), row
        if after is None:
            assert many.next_department[index] is None and many.next_fired[index] == 0
        else:
            assert (many.next_department[index], FIRED[many.next_fired[index]]) == (after.department, after.fired)


def test_neighbours_within_some_metres_are_found_but_not_the_own_grid():
    shapes = np.array([shapely.box(x, y, x + 100, y + 100) for y in (0, 100) for x in (0, 100)], dtype=object)
    xy = np.array([[50.0, 50.0], [95.0, 50.0], [95.0, 92.0], [np.nan, np.nan], [99.0, -3.0]])
    own = np.array([0, 0, 0, -1, -1])
    found = Borders(shapes).near(xy, own, 10.0)
    pairs = list(zip(found.case.tolist(), found.other.tolist(), found.metres.round(2).tolist()))
    assert pairs == [(1, 1, 5.0), (2, 1, 5.0), (2, 2, 8.0), (2, 3, 9.43), (4, 0, 3.0), (4, 1, 3.16)]


def test_borders_agree_with_measuring_every_distance():
    rng = np.random.default_rng(3)
    shapes = np.array([shapely.box(x, y, x + 90, y + 90) for y in range(0, 900, 100) for x in range(0, 900, 100)])
    xy = rng.uniform(-20, 920, (500, 2))
    found = Borders(shapes).near(xy, np.full(500, -1), 15.0)
    points = shapely.points(xy)
    expected = {
        (at, other) for at in range(500) for other in np.flatnonzero(shapely.distance(shapes, points[at]) <= 15)
    }
    assert set(zip(found.case.tolist(), found.other.tolist())) == expected


@pytest.mark.parametrize(("metres", "expected"), [(10.0, [(0, 0)]), (60.0, [(0, 0), (0, 2)])])
def test_rulings_for_like_cases_near_are_told_the_nearest_first(metres, expected):
    words = np.array(["event 0101", "event 0102"], dtype=object)
    ruled_words = np.array(["event 0101", "event 0109", "event 0101", "event 0101"], dtype=object)
    xy, ruled = np.array([[0.0, 0], [0, 0]]), np.array([[3.0, 4], [0, 1], [50, 0], [np.nan, 0]])
    found = near_rulings(xy, words, ruled, ruled_words, metres)
    assert list(zip(found.case.tolist(), found.other.tolist())) == expected
