# SPDX-License-Identifier: GPL-2.0-or-later
"""Filing standards of any layout: what is found in them, what is refused, what the cases then have."""

from __future__ import annotations

import csv

import openpyxl
import pytest

from digital_citymgmt_plugin.core.cases.limits import Limits
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.profile import EVENT
from digital_citymgmt_plugin.core.requests import Layer, UndoOperation
from digital_citymgmt_plugin.core.requests_duty import ImportFilingStandard
from digital_citymgmt_plugin.services.filing_import import import_filing_standard
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.profiles import profile_from_store
from tests.support import make_context, new_store


@pytest.fixture
def store(tmp_path):
    made = new_store(tmp_path / "city.gpkg")
    yield made
    made.close()


@pytest.fixture
def book(tmp_path):
    def make(rows, name="标准.xlsx"):
        workbook = openpyxl.Workbook()
        for row in rows:
            workbook.active.append(row)
        path = tmp_path / name
        workbook.save(path)
        return str(path)

    return make


def bring(store, path, **more):
    return import_filing_standard(make_context(store), ImportFilingStandard(Layer(path), **more))


TITLED = (
    ["某市城市管理部件立案结案标准"],
    ["大类", "小类", "序号", "立案条件", "处置时限", "结案条件"],
    ["公用设施", "上水井盖", 1, "缺失、移位", "2紧急工作时", "恢复"],
    [None, None, 2, "破损", "4个工作小时", "更换"],
    [None, None, 3, "弹跳", "即时", "修复"],
    [None, "污水井盖", 4, "缺失", "1天", "恢复"],
    [None, "天外来物", 5, "缺失", "1天", "恢复"],
    [None, "污水井盖", 6, "破损", "视情况而定", "恢复"],
    ["二、道路交通"],
)


def test_a_workbook_with_a_title_and_merged_cells_is_read(store, book, tmp_path):
    rejects = tmp_path / "rejects.csv"
    done = bring(store, book(TITLED), rejects=str(rejects))
    counts = done["counts"]
    assert (counts["read"], counts["accepted"], counts["rejected"]) == (7, 4, 3)
    assert done["reasons"] == {"reject.class_unknown": 1, "reject.limit_text": 1, "reject.filing_empty": 1}
    assert (counts["classes"], counts["with_limit"], counts["assumed"]) == (2, 3, 1)
    assert {note["code"] for note in done["notes"]} >= {"note.limit_assumed", "note.limit_at_once"}
    profile = store.profile()
    limits = Limits(profile)
    assert limits.of(COMPONENT, "0101", "移位") == (2.0, "emergency_hour")
    assert limits.of(COMPONENT, "0101", "破损") == (4.0, "work_hour")
    assert limits.of(COMPONENT, "0101", "弹跳") is None
    assert limits.of(COMPONENT, "0102", "缺失") == (1.0, "work_day")
    # Other classes keep what they had.
    assert limits.of(COMPONENT, "0103", "弹跳") == (2.0, "work_day")
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 3


def test_at_once_has_the_limit_that_is_given_for_it(store, book):
    bring(store, book(TITLED), at_once="1紧急工作时")
    assert Limits(store.profile()).of(COMPONENT, "0101", "弹跳") == (1.0, "emergency_hour")
    with pytest.raises(InputRefused) as caught:
        bring(store, book(TITLED), at_once="soon")
    assert caught.value.code == "filing.at_once"


def test_a_second_run_changes_nothing_and_undo_brings_the_old_rules_back(store, book):
    before = store.profile().filing_rules
    done = bring(store, book(TITLED))
    assert bring(store, book(TITLED))["operation"] is None
    undone = undo_operation(make_context(store), UndoOperation(done["operation"]))
    assert undone["operation"], undone
    assert set(profile_from_store(store).filing_rules) == set(before)


def test_columns_are_known_by_their_values_and_limits_by_the_unit_of_the_heading(store, book):
    rows = (["A", "B", "立案情况说明", "处置时限(工作日)"], ["x", "路灯", "灯不亮", 3], ["y", "行道树", "枯死", "2.5"])
    done = bring(store, book(rows), mapping=None, replace_all=True)
    assert done["counts"]["accepted"] == 2
    assert {(rule.class_code, rule.limit_value, rule.limit_unit) for rule in store.profile().filing_rules} == {
        (store.profile().class_by_name(COMPONENT)[name].code, value, "work_day")
        for name, value in (("路灯", 3.0), ("行道树", 2.5))
    }


def test_a_number_before_the_name_of_a_class_is_no_part_of_it(store, book):
    rows = (["小类", "立案条件", "时限"], ["3. 路灯", "灯不亮", "1工作日"], ["（四）行道树", "枯死", "5工作日"])
    assert bring(store, book(rows), replace_all=True)["counts"]["accepted"] == 2
    names = {entry.code: entry.name for entry in store.profile().classes if entry.kind == COMPONENT}
    assert {names[rule.class_code] for rule in store.profile().filing_rules} == {"路灯", "行道树"}


def test_hostile_cells_stay_text_and_formulas_are_refused(store, book):
    rows = (
        ["小类名称", "立案条件", "处置时限"],
        ["路灯", "'; DROP TABLE filing_standard; --", "1工作日"],
        ["路灯", "=1+1", "2工作日"],
        ["路灯", "<img src=x onerror=alert(1)>", "3工作日"],
    )
    done = bring(store, book(rows), replace_all=True)
    assert done["reasons"] == {"reject.formula": 1}
    assert {rule.condition for rule in store.profile().filing_rules} == {rows[1][1], rows[3][1]}


def test_a_table_without_classes_or_limits_is_refused(store, book):
    with pytest.raises(InputRefused) as caught:
        bring(store, book((["甲", "乙"], ["一", "二"])))
    assert caught.value.code == "filing.no_columns"


def test_words_of_the_profile_name_classes_and_the_kind_parts_classes_of_one_name(store, book):
    with store.action("test") as action:
        row = {"word": ["窨井"], "kind": [COMPONENT], "class_code": ["0101"], "source": ["test"]}
        action.insert("class_synonym", {name: objects(values) for name, values in row.items()})
    rows = (
        ["类型", "小类", "条件", "时限"],
        ["部件", "窨井", "缺失", "9工作时"],
        ["事件", "暴露垃圾", "有", "4工作时"],
    )
    assert bring(store, book(rows))["counts"]["accepted"] == 2
    limits = Limits(store.profile())
    garbage = store.profile().class_by_name(EVENT)["暴露垃圾"].code
    assert limits.of(COMPONENT, "0101", "缺失") == (9.0, "work_hour") and limits.of(EVENT, garbage, None)[0] == 4.0


@pytest.mark.real_data
def test_the_local_standards_at_hand_are_read(shared, store):
    path = str(shared.parent / "standards" / "time_limits.csv")
    done = bring(store, path, replace_all=True)
    counts = done["counts"]
    assert counts["read"] == 437 == counts["accepted"] + counts["rejected"]
    # What is rejected are events that cities added to the table themselves (99 and downwards), and two double rows.
    assert done["reasons"] == {"reject.class_unknown": 52, "reject.filing_twice": 2}
    units = {"紧急工作时": "emergency_hour", "工作时": "work_hour", "工作日": "work_day", "紧急工作日": "emergency_day"}
    with (shared.parent / "standards" / "time_limits.csv").open(encoding="utf-8-sig", newline="") as file:
        wanted = {
            (
                row["major_code"] + row["minor_code"],
                row["condition_keywords"],
                float(row["limit_value"]),
                units[row["limit_unit"]],
            )
            for row in csv.DictReader(file)
        }
    found = {
        (rule.class_code, rule.condition.partition("（")[0], rule.limit_value, rule.limit_unit)
        for rule in store.profile().filing_rules
    }
    assert not found - wanted and len(found) > 350, found - wanted
