# SPDX-License-Identifier: GPL-2.0-or-later
"""The class catalogue: changed from its window, through the workbook, and what is refused."""

from __future__ import annotations

import json

import openpyxl
import pytest

from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.requests import EditClasses, ExportProfile, ImportProfile, ListClasses, UndoOperation
from digital_citymgmt_plugin.services.class_edits import edit_classes
from digital_citymgmt_plugin.services.classes import list_classes
from digital_citymgmt_plugin.services.profile import export_profile, import_profile
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.profiles import profile_from_store

CHANGE = {
    "code": "0101", "geometry": "point", "accuracy": "A", "required_fields": "name,owner_dept", "photo_count": 2,
    "duplicate_m": 0.8, "symbol": "manhole",
}  # fmt: skip


def change(city, *changes, preview=False):
    return edit_classes(city.context, EditClasses(json.dumps(changes), preview=preview))


def entry(city, code="0101"):
    return profile_from_store(city.store).class_by_code("component")[code]  # past what a request keeps


def test_a_change_is_shown_written_and_taken_back(city):
    before = entry(city)
    seen = change(city, CHANGE, preview=True)
    assert not seen["written"] and entry(city) == before
    done = change(city, CHANGE)
    assert done["differences"] == seen["differences"] and done["tables"] == ["class"]
    assert {line[3] for line in done["differences"]} >= {"required_fields", "photo_count", "duplicate_m", "symbol"}
    now = entry(city)
    assert (now.required, now.photo_count, now.duplicate_m, now.symbol) == (("name", "owner_dept"), 2, 0.8, "manhole")
    assert city.store.profile().duplicate_tolerance(now) == 0.8
    assert change(city, CHANGE)["operation"] is None  # nothing is left to do
    undo_operation(city.context, UndoOperation("last"))
    assert entry(city) == before


def test_without_a_tolerance_of_its_own_the_accuracy_decides(city):
    change(city, {"code": "0101", "accuracy": "A"}, {"code": "0102", "accuracy": "C", "duplicate_m": 7})
    profile = city.store.profile()
    assert profile.duplicate_tolerance(entry(city)) == 1.0
    change(city, {"code": "0102", "duplicate_m": None})
    assert profile.duplicate_tolerance(entry(city, "0102")) == 3.0


def test_a_class_of_the_city_s_own_is_added(city):
    change(city, {"code": "0198", "name": "共享雨伞架", "geometry": "point"})
    added = entry(city, "0198")
    assert (added.major_code, added.minor_code, added.major_name) == ("01", "98", entry(city).major_name)


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"geometry": "cube"}, "geometry"), ({"required_fields": "colour"}, "required_fields"),
        ({"photo_count": -1}, "photo_count"), ({"photo_count": 1.5}, "photo_count"),
        ({"duplicate_m": 0}, "duplicate_m"),
        ({"symbol": "../secret"}, "symbol"), ({"department_code": "nobody"}, "department_code"),
    ],
)  # fmt: skip
def test_what_may_not_be_is_refused_by_column(city, values, column):
    before = entry(city)
    with pytest.raises(ProfileError) as caught:
        change(city, {"code": "0101", **values})
    assert [one["values"]["column"] for one in caught.value.values["faults"]] == [column]
    assert entry(city) == before


@pytest.mark.parametrize(
    "text",
    [
        "", "[", "{}", "[1]", '[{"code": "0101", "colour": 1}]', '[{"code": "0101", "name": 1}]',
        '[{"code": "0101", "duplicate_m": "far"}]',
    ],
)  # fmt: skip
def test_what_is_no_change_is_refused(city, text):
    with pytest.raises(InputRefused):
        edit_classes(city.context, EditClasses(text))


def test_the_list_tells_what_the_catalogue_asks(city):
    change(city, CHANGE, {"code": "0102", "enabled": False})
    rows = {row["code"]: row for row in list_classes(city.context, ListClasses("component", every=True))["classes"]}
    assert (rows["0101"]["photo_count"], rows["0101"]["duplicate_applies"], rows["0102"]["enabled"]) == (2, 0.8, False)
    used = {row["code"] for row in list_classes(city.context, ListClasses("component"))["classes"]}
    assert "0101" in used and "0102" not in used


def test_the_workbook_carries_the_catalogue_in_chinese_words_too(city):
    change(city, CHANGE)
    path = city.folder / "配置.xlsx"
    export_profile(city.context, ExportProfile(str(path)))
    assert import_profile(city.context, ImportProfile(str(path)))["counts"]["differences"] == 0
    book = openpyxl.load_workbook(path)
    sheet = next(one for one in book if one.title.startswith("classes"))
    heads = [str(cell.value).split()[0] for cell in sheet[1]]
    row = next(row for row in sheet.iter_rows(min_row=2) if (row[0].value, row[1].value) == ("component", "0101"))
    row[heads.index("required_fields")].value = "名称、权属单位，状态"
    book.save(path)
    import_profile(city.context, ImportProfile(str(path)))
    assert entry(city).required == ("name", "owner_dept", "state")
    for name in ("symbol", "duplicate_m", "photo_count", "required_fields"):  # a workbook of an older version
        sheet.delete_cols(heads.index(name) + 1)
    book.save(path)
    import_profile(city.context, ImportProfile(str(path)))
    assert entry(city).required == () and entry(city).accuracy == "A"
