# SPDX-License-Identifier: GPL-2.0-or-later
"""Due times from the filing standard: for cases whose table states none, by the work calendar, and said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from digital_citymgmt_plugin.core.profile import CalendarDay, ResponsibilityRule
from digital_citymgmt_plugin.core.requests import Assess, ImportCases, Layer, LinkCases
from digital_citymgmt_plugin.core.requests_intake import AmendCases
from digital_citymgmt_plugin.services.assessment import assess
from digital_citymgmt_plugin.services.case_amending import amend_cases
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.linking import link_cases
from digital_citymgmt_plugin.storage.profile_write import write_profile_workbook
from digital_citymgmt_plugin.storage.profiles import builtin_profile
from scripts.demo_city import worktime
from tests.services.moving import go
from tests.support import make_context, new_store

HEAD = "案件编号,问题类型,小类代码,立案条件,派遣时间,处置时间,截止时间,社区编码\n"
# 0101 上水井盖 of 2013: 缺失 2 紧急工作时, 破损 4 工作时, 弹跳 2 工作日.
# 2015-02-17 is the Tuesday before Spring Festival, which lasts until the 24th.
ROWS = (
    "C1,部件,0101,破损,2015-02-17 16:00,2015-02-25 09:30,,\n",
    "C2,部件,0101,破损,2015-02-17 16:00,2015-02-25 10:30,,\n",
    "C3,部件,0101,缺失,2015-02-17 22:00,2015-02-17 23:30,,\n",
    "C4,部件,0101,缺失,2015-02-17 22:00,2015-02-18 09:00,,\n",
    "C5,部件,0101,弹跳,2015-02-17 14:00,,,\n",
    "C6,部件,0101,破损,2015-02-17 16:00,2015-02-17 17:00,2015-02-17 16:30,\n",
    "C7,部件,0101,未列明,2015-02-17 16:00,2015-03-17 17:00,,\n",
    "C8,部件,0101,破损,,,,\n",
)
DUE = {
    "C1": "2015-02-25T02:00:00.000Z", "C2": "2015-02-25T02:00:00.000Z", "C3": "2015-02-17T16:00:00.000Z",
    "C4": "2015-02-17T16:00:00.000Z", "C5": "2015-02-26T04:00:00.000Z", "C6": "2015-02-17T08:30:00.000Z", "C7": None,
    "C8": None,
}  # fmt: skip


@pytest.fixture
def bring(tmp_path):
    opened = []

    def call(rows=ROWS, head=HEAD, **changes):
        book = None
        if changes:
            book = str(tmp_path / "profile.xlsx")
            write_profile_workbook(replace(builtin_profile("2013"), **changes), book)
        store = new_store(tmp_path / f"{len(opened)}.gpkg", profile=book)
        opened.append(store)
        path = tmp_path / "案件.csv"
        path.write_text(head + "".join(rows), encoding="utf-8")
        return store, import_cases(make_context(store), ImportCases(Layer(str(path)), None))

    yield call
    for store in opened:
        store.close()


def column(store, name):
    rows = store.read("case_record", ["case_no", name])
    return dict(zip(rows["case_no"].tolist(), rows[name].tolist()))


def test_a_case_is_due_when_the_limit_of_its_class_and_condition_has_run_out(bring):
    store, result = bring()
    assert column(store, "due_at") == DUE
    judged = {"C1": 1, "C2": 0, "C3": 1, "C4": 0, "C5": None, "C6": 0, "C7": 1, "C8": None}
    assert column(store, "on_time") == judged
    notes = {note["code"]: note["values"] for note in result["notes"]}
    assert notes["note.due_computed"] == {"count": 5} and "note.weekends_only" not in notes
    total = assess(make_context(store), Assess("county", cut_off="2015-03-20"))["table"]
    assert dict(zip(total["columns"], total["rows"][-1]))["disposed_on_time"] == 3


def test_the_calendar_and_the_hours_of_the_city_count(bring):
    days = (CalendarDay("2015-02-18", True, "值班"),)
    settings = {**builtin_profile("2013").settings, "work_hours": "09:00-17:00"}
    store, _ = bring(days=days, settings=settings)
    assert column(store, "due_at")["C1"] == "2015-02-18T04:00:00.000Z"  # one hour on the 17th, three on the 18th


def test_a_table_that_states_timeliness_is_not_judged_by_the_clock(bring):
    head = "案件编号,问题类型,小类代码,立案条件,派遣时间,处置时间,是否按期\n"
    store, _ = bring(("C2,部件,0101,破损,2015-02-17 16:00,2015-02-25 10:30,是\n",), head)
    assert (column(store, "due_at"), column(store, "on_time")) == ({"C2": None}, {"C2": 1})
    assert store.count("check_issue") == 0


def limits(store):
    rows = store.read("case_record", ["class_code", "limit_value", "limit_unit", "due_at"], order=["fid"])
    return list(zip(*(column.tolist() for column in rows.values())))


def again(store, tmp_path, row, head=HEAD):
    path = tmp_path / "再来.csv"
    path.write_text(head + row, encoding="utf-8")
    result = import_cases(make_context(store), ImportCases(Layer(str(path)), None))
    assert result["counts"]["updated"] == 1
    assert store.verify() == []
    return limits(store)[0]


def test_a_corrected_case_keeps_the_limit_of_its_class_when_its_row_comes_again(bring, tmp_path):
    store, _ = bring(ROWS[:1])
    other = next(
        rule for rule in store.profile().filing_rules
        if rule.kind == "component" and rule.class_code != "0101" and rule.limit_value
        and (rule.limit_value, rule.limit_unit) != limits(store)[0][1:3]
    )  # fmt: skip
    values = {"class_code": other.class_code, "kind": "component", "condition": other.condition}
    amend_cases(make_context(store), AmendCases([1], values, reason="看错了"))
    mine = limits(store)[0]
    assert mine[:3] == (other.class_code, other.limit_value, other.limit_unit)
    assert again(store, tmp_path, ROWS[0].replace("16:00", "16:00:01"))[:3] == mine[:3]


def test_a_case_dispatched_here_keeps_its_due_time_when_its_row_without_times_comes_again(bring, tmp_path):
    head = "案件编号,问题类型,小类代码,立案条件,上报时间,描述\n"
    store, _ = bring(("C1,部件,0101,破损,2026-01-05 09:00,坏了\n",), head)
    fids = store.read("case_record", ["fid"])["fid"].tolist()
    go(store, fids, "dispatch", start=20)
    before = limits(store)[0]
    assert before[1] and before[3]
    assert again(store, tmp_path, "C1,部件,0101,破损,2026-01-05 09:00,又坏了\n", head) == before
    other = again(store, tmp_path, "C1,部件,0101,弹跳,2026-01-05 09:00,又坏了\n", head)
    assert other[1:3] != before[1:3] and other[1] and other[3] != before[3]


def test_where_holidays_are_not_published_yet_it_is_said(bring):
    store, result = bring(("C1,部件,0101,破损,2035-02-16 16:00,,,\n",))
    values = next(note["values"] for note in result["notes"] if note["code"] == "note.weekends_only")
    assert values["count"] == 1 and values["last"] < 2035
    assert column(store, "due_at")["C1"] == "2035-02-19T02:00:00.000Z"


def test_a_second_import_changes_nothing(bring, tmp_path):
    store, _ = bring()
    again = import_cases(make_context(store), ImportCases(Layer(str(tmp_path / "案件.csv")), None))
    assert again["operation"] is None and again["counts"]["unchanged"] == len(ROWS)


def test_due_times_are_those_of_the_generator_of_the_demo_city_which_has_a_clock_of_its_own(bring):
    rng = np.random.default_rng(11)
    start = rng.integers(worktime.seconds_of("2014-08-01T00:00:00"), worktime.seconds_of("2015-05-01T00:00:00"), 400)
    start -= start % 60
    conditions = np.array(["缺失", "破损", "弹跳"])[rng.integers(0, 3, 400)]
    amount = np.array([{"缺失": 2, "破损": 4, "弹跳": 16}[one] * 3_600 for one in conditions])
    expected = worktime.text_of(worktime.advanced(start, amount, conditions == "缺失"))
    lines = [
        f"N{number},部件,0101,{condition},{at},,,\n"
        for number, (condition, at) in enumerate(zip(conditions, worktime.text_of(start)))
    ]
    store, _ = bring(lines)
    utc = (np.array(expected, dtype="datetime64[s]") - np.timedelta64(8, "h")).astype(str)
    assert column(store, "due_at") == {f"N{n}": f"{text}.000Z" for n, text in enumerate(utc.tolist())}


def test_cases_of_an_own_class_table_take_the_same_way(bring, tmp_path):
    profile = builtin_profile("2013")
    dust = replace(profile.classes[0], kind="air", code="0101", name="工地扬尘", department_code="D18")
    rule = replace(profile.filing_rules[0], kind="air", class_code="0101", condition="", limit_value=1.0)
    rows = ("A1,大气污染,0101,,2015-02-16 09:00,,,\n", "A2,air,0101,,2015-02-16 09:00,,,\n")
    store, _ = bring(
        rows,
        classes=(*profile.classes, dust),
        filing_rules=(*profile.filing_rules, rule),
        settings={**profile.settings, "extra_kinds": "air=大气污染"},
    )
    assert column(store, "kind") == {"A1": "air", "A2": "air"}
    assert column(store, "class_name") == {"A1": "工地扬尘", "A2": "工地扬尘"}
    assert set(column(store, "due_at").values()) == {"2015-02-16T02:00:00.000Z"}


def test_linking_gives_a_department_by_the_responsibility_rules(bring):
    duties = (ResponsibilityRule(1, "component", "0101", "", "D05"), ResponsibilityRule(0, "", "", "", "D01"))
    head = "案件编号,问题类型,小类代码,部门编码\n"
    store, _ = bring(("C1,部件,0101,\n", "C2,部件,0102,\n", "C3,部件,0101,D09\n"), head, responsibility=duties)
    link_cases(make_context(store), LinkCases())
    assert column(store, "dept_code") == {"C1": "D05", "C2": "D01", "C3": "D09"}
    assert link_cases(make_context(store), LinkCases())["operation"] is None
