# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles as workbooks and JSON: what goes out comes in again, what is wrong is refused with its place."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.codes import COMPONENT, EDITIONS, KINDS
from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.profile import CalendarDay, Department, FilingRule, HoursPeriod, ResponsibilityRule
from digital_citymgmt_plugin.storage.profile_workbook import read_profile
from digital_citymgmt_plugin.storage.profile_write import write_profile_workbook
from digital_citymgmt_plugin.storage.profiles import builtin_profile

LOCAL = {
    "settings": [("key", "value"), ("name", "启东"), ("base", "2013")],
    "classes": [("kind", "code", "name", "geometry"), ("component", "0199", "爱心驿站", "point")],
}

NO_SCORES = {"score_schemes": (), "score_terms": (), "score_bands": ()}


@pytest.fixture
def workbook(tmp_path):
    def write(**sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(row)
        path = tmp_path / "profile.xlsx"
        book.save(path)
        return str(path)

    return write


@pytest.fixture
def refused(workbook):
    def read(**sheets):
        with pytest.raises(ProfileError) as caught:
            read_profile(workbook(**{**LOCAL, **sheets}))
        values = caught.value.values
        assert values.get("file", "").endswith("profile.xlsx")
        return caught.value.code, values

    return read


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_profile_comes_back_from_its_workbook(edition, chinese_path):
    path = str(chinese_path / "城市.xlsx")
    profile = builtin_profile(edition)
    write_profile_workbook(profile, path)
    assert read_profile(path) == profile


def test_an_empty_profile_comes_back_too(tmp_path):
    path = str(tmp_path / "empty.xlsx")
    empty = replace(builtin_profile("2013"), classes=(), departments=(), filing_rules=(), indicators=(), **NO_SCORES)
    write_profile_workbook(empty, path)
    assert read_profile(path) == empty


def test_text_that_looks_like_a_formula_stays_text(tmp_path):
    path = str(tmp_path / "p.xlsx")
    profile = builtin_profile("2013")
    hostile = replace(profile, name="=cmd()", classes=(replace(profile.classes[0], name="=1+1"), *profile.classes[1:]))
    write_profile_workbook(hostile, path)
    assert read_profile(path) == hostile
    assert openpyxl.load_workbook(path)["classes 类别"]["F2"].data_type == "s"


PERIODS = (HoursPeriod("05-01", "09-30", "08:00-12:00, 15:00-18:30"), HoursPeriod("", "2019-12-31", "08:30-17:00"))
# What a cell can hold: no control characters, no blanks at the ends (they are cut off on reading).
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cn", "Co")), max_size=12
)
named = texts.filter(bool)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_profile_comes_back_from_its_workbook(tmp_path, data):
    base = builtin_profile("2013")
    codes = data.draw(st.lists(named, min_size=1, max_size=3, unique=True))
    departments = tuple(Department(code, data.draw(named), "", data.draw(texts)) for code in codes)
    numbers = st.none() | st.integers(1, 9_999_000).map(lambda number: number / 1000)
    classes = tuple(
        replace(
            entry, name=data.draw(named), tolerance_m=data.draw(numbers), confidence=data.draw(texts),
            department_code=data.draw(st.sampled_from([*codes, ""])), enabled=data.draw(st.booleans()),
        )
        for entry in base.classes[:3]
    )  # fmt: skip
    rules = tuple(
        FilingRule(entry.code, entry.kind, number, data.draw(texts), data.draw(numbers), "work_day", data.draw(texts))
        for number, entry in enumerate(classes, 1)
    )
    days = st.dates(datetime.date(1950, 1, 1), datetime.date(2150, 1, 1)).map(str)
    profile = replace(
        base,
        name=data.draw(named),
        classes=classes,
        departments=departments,
        filing_rules=rules,
        responsibility=(ResponsibilityRule(data.draw(st.integers(-9, 9)), "", "", "", codes[0], data.draw(texts)),),
        days=tuple(
            CalendarDay(day, data.draw(st.booleans()), data.draw(texts))
            for day in data.draw(st.lists(days, max_size=3, unique=True))
        ),
        periods=data.draw(st.sampled_from([(), PERIODS])),
    )
    path = str(tmp_path / "p.xlsx")
    write_profile_workbook(profile, path)
    assert read_profile(path) == profile


def test_a_local_workbook_adds_to_its_base(workbook):
    profile = read_profile(workbook(**LOCAL))
    assert len(profile.classes) == len(builtin_profile("2013").classes) + 1
    added = profile.class_by_name(COMPONENT)["爱心驿站"]
    assert (added.code, added.major_code, added.major_name, added.minor_code) == ("0199", "01", "公用设施", "99")


def test_a_blank_cell_keeps_and_a_dash_empties_what_the_base_says(workbook):
    rows = [("kind", "code", "geometry", "department_code", "tolerance_m"), ("component", "0101", None, "-", 3)]
    entry = read_profile(workbook(**{**LOCAL, "classes": rows})).class_by_code(COMPONENT)["0101"]
    assert (entry.name, entry.geometry, entry.department_code, entry.tolerance_m) == ("上水井盖", "point", "", 3.0)


def test_a_class_can_be_put_out_of_use(workbook):
    rows = [("kind", "code", "enabled"), ("component", "0101", "否")]
    profile = read_profile(workbook(**{**LOCAL, "classes": rows}))
    assert "0101" not in profile.class_by_code(COMPONENT)


def test_a_replaced_sheet_starts_from_nothing(workbook):
    settings = [("key", "value"), ("base", "2013"), ("replace", "classes, departments")]
    departments = [("code", "name"), ("1001", "住建局")]
    profile = read_profile(workbook(**{**LOCAL, "settings": settings, "departments": departments}))
    assert [entry.name for entry in profile.classes] == ["爱心驿站"]
    assert [entry.name for entry in profile.departments] == ["住建局"]
    assert profile.filing_rules == () and len(profile.indicators) > 0


def test_replacing_departments_leaves_base_classes_without_one(workbook):
    settings = [("key", "value"), ("base", "2013"), ("replace", "departments")]
    profile = read_profile(workbook(settings=settings, departments=[("code", "name"), ("1001", "住建局")]))
    assert {entry.department_code for entry in profile.classes} == {""}


@pytest.mark.parametrize(
    ("limit", "unit", "read"),
    [
        ("2紧急工作时", None, (2.0, "emergency_hour")),
        ("4 个工作小时", "工作时", (4.0, "work_hour")),
        ("1天", None, (1.0, "work_day")),
        ("2紧急工作时", "工作日", None),  # which of the two?
        ("即时", None, None),
        ("=2", None, None),
    ],
)
def test_a_limit_may_stand_with_its_unit_in_one_cell(workbook, limit, unit, read):
    heading = ("对象", "类别代码", "序号", "立案条件", "时限", "时限单位")
    path = workbook(
        城市=[("项目", "值"), ("base", "2013")], 立案标准=[heading, ("部件", "0101", 99, "破损", limit, unit)]
    )
    if read is None:
        with pytest.raises(ProfileError):
            read_profile(path)
    else:
        assert (read_profile(path).filing_rules[-1].limit_value, read_profile(path).filing_rules[-1].limit_unit) == read


def test_headings_and_words_may_be_chinese(workbook):
    path = workbook(
        城市=[("项目", "值"), ("base", "2013")],
        类别=[("kind 对象", "代码", "小类", "几何"), ("部件", "0199", "爱心驿站", "面")],
        立案标准=[
            ("对象", "类别代码", "序号", "立案条件", "时限", "时限单位"),
            ("部件", "0199", 1, "破损", 2, "工作日"),
        ],
        说明=[("anything", "=1+1")],
    )
    profile = read_profile(path)
    assert profile.class_by_code(COMPONENT)["0199"].geometry == "area"
    assert (profile.filing_rules[-1].limit_value, profile.filing_rules[-1].limit_unit) == (2.0, "work_day")


def test_a_city_may_have_its_own_code_segments(workbook):
    head = ("kind", "name", "segment", "digits")
    grid = [
        ("unit_grid", "Tainan", *part) for part in (("county", 5), ("street", 3), ("community", 3), ("sequence", 3))
    ]
    profile = read_profile(workbook(settings=LOCAL["settings"], schemes=[head, *grid]))
    assert profile.grid_scheme.structure == "5+3+3+3" and profile.component_scheme.structure == "6+2+2+6"


def test_json_of_the_same_shape_is_taken(tmp_path):
    path = tmp_path / "p.json"
    content = {
        "settings": {"name": "臺南", "edition": "tainan", "base": "2013"},
        "schemes": [
            {
                "kind": "unit_grid",
                "name": "T",
                "segments": [["county", 5], ["street", 3], ["community", 3], ["sequence", 3]],
            }
        ],
        "classes": [{"kind": "component", "code": "0199", "name": "人孔", "tolerance_m": 2.5}],
    }
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    profile = read_profile(str(path))
    assert (profile.name, profile.edition, profile.grid_scheme.length) == ("臺南", "tainan", 14)
    assert profile.class_by_code(COMPONENT)["0199"].tolerance_m == 2.5


@pytest.mark.parametrize(
    ("sheets", "reason", "row", "column"),
    [
        ({"classes": [("kind", "code"), ("component", "=A1")]}, "profile.formula", 2, "B (code)"),
        ({"classes": [("kind", "code", "name"), ("component", 199, "爱心驿站")]}, "profile.class_length", 2, None),
        ({"classes": [("kind", "code", "name"), ("component", None, "x")]}, "profile.no_key", 2, "B (code)"),
        ({"classes": [("kind", "code", "name"), ("component", "0199", None)]}, "profile.no_name", 2, None),
        (
            {"classes": [("kind", "code"), ("component", "0101"), ("component", "0101")]},
            "profile.duplicate", 3, "B (code)",
        ),
        (
            {"classes": [("kind", "code", "tolerance_m"), ("component", "0101", "5 m")]},
            "profile.not_a_number", 2, "C (tolerance_m)",
        ),
        (
            {"classes": [("kind", "code", "tolerance_m"), ("component", "0101", -5)]},
            "profile.wrong_value", 2, "C (tolerance_m)",
        ),
        (
            {"classes": [("kind", "code", "geometry"), ("component", "0101", "圆")]},
            "profile.wrong_value", 2, "C (geometry)",
        ),
        ({"classes": [("kind", "code", "color")]}, "profile.unknown_column", 1, "C"),
        ({"classes": [("kind", "code", "code")]}, "profile.unknown_column", 1, "C"),
        ({"classes": [("kind", "code"), ("component", "0101", "stray")]}, "profile.outside", 2, "C"),
        (
            {"filing_standard": [("kind", "class_code", "condition_no"), ("component", "0198", 1)]},
            "profile.unknown_class", 2, None,
        ),
        (
            {"filing_standard": [("kind", "class_code", "condition_no"), ("component", "0101", 1.5)]},
            "profile.not_a_number", 2, "C (condition_no)",
        ),
        (
            {"indicators": [("code", "name", "numerator", "denominator"), ("x", "x", "finished", "closed")]},
            "profile.unknown_count", 2, "C (numerator)",
        ),
        ({"departments": [("code", "name", "parent_code"), ("1", "甲", "9")]}, "profile.unknown_department", 2, None),
        (
            {"settings": [("key", "value"), ("base", "2013"), ("tolerance_a_m", "wide")]},
            "profile.setting_number", 3, None,
        ),
        ({"settings": [("key", "value"), ("base", "1999")]}, "profile.unknown_base", 2, "B (value)"),
        ({"settings": [("key", "value"), ("base", "2013"), ("replace", "all")]}, "profile.wrong_sheet", 3, "B (value)"),
        ({"settings": [("key", "value"), ("base", "2013"), ("base", "2026")]}, "profile.duplicate", 3, "A (key)"),
        ({"schemes": [("kind", "segment", "digits"), ("road", "county", 6)]}, "profile.wrong_value", 2, "A (kind)"),
        (
            {"schemes": [("kind", "segment", "digits"), ("component", "county", 6)]},
            "profile.bad_scheme", 2, "B (segment)",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_row_and_column(refused, sheets, reason, row, column):
    code, values = refused(**sheets)
    assert (code, values.get("row"), values.get("table")) == (reason, row, next(iter(sheets)))
    assert column is None or values["column"] == column


def test_an_unknown_sheet_is_refused_by_name(refused):
    code, values = refused(Tabelle1=[("a",)])
    assert code == "profile.unknown_sheet" and values["table"] == "Tabelle1"


def test_without_edition_or_base_there_is_no_profile(refused):
    assert refused(settings=[("key", "value"), ("name", "x")])[0] == "profile.no_edition"


def test_a_name_of_no_edition_needs_its_own_schemes(refused):
    schemes = [("kind", "segment", "digits")]
    faults = refused(settings=[("key", "value"), ("edition", "ours")], schemes=schemes)[1]["faults"]
    assert [fault["values"]["kind"] for fault in faults if fault["code"] == "profile.no_scheme"] == list(KINDS)


@pytest.mark.parametrize(
    ("name", "content"), [("p.xlsx", b"no workbook"), ("p.json", b"{"), ("p.json", b"\xff\xfe\x00")]
)
def test_a_damaged_file_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputRefused, match="unreadable"):
        read_profile(str(path))


@pytest.mark.parametrize("name", ["missing.xlsx", "missing.json"])
def test_a_missing_file_is_refused(tmp_path, name):
    with pytest.raises(InputRefused, match="unreadable"):
        read_profile(str(tmp_path / name))


def test_another_kind_of_file_is_refused():
    with pytest.raises(InputRefused, match="unknown_format"):
        read_profile("profile.docx")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], "profile.unknown_sheet"),
        ({"roads": []}, "profile.unknown_sheet"),
        ({"classes": {}}, "profile.not_rows"),
        ({"classes": [3]}, "profile.not_rows"),
        ({"classes": [{"kind": "component", "colour": "red"}]}, "profile.unknown_column"),
        ({"settings": {"base": "2013"}, "classes": [{"kind": "component", "code": ["01"]}]}, "profile.not_text"),
        ({"settings": {"base": "2013"}, "schemes": [{"kind": "unit_grid", "segments": ["x"]}]}, "profile.not_rows"),
    ],
)
def test_json_of_another_shape_is_refused(tmp_path, content, reason):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        read_profile(str(path))
    assert caught.value.code == reason


def test_a_file_of_a_like_name_stays(tmp_path):
    kept = tmp_path / "p.xlsx.part"
    kept.write_text("mine", encoding="utf-8")
    for _ in range(2):  # new, and over what is there
        write_profile_workbook(builtin_profile("2013"), str(tmp_path / "p.xlsx"))
    assert kept.read_text(encoding="utf-8") == "mine"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["p.xlsx", "p.xlsx.part"]


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(InputRefused, match="output"):
        write_profile_workbook(builtin_profile("2013"), str(tmp_path / "no folder" / "p.xlsx"))
    assert list(tmp_path.iterdir()) == []
