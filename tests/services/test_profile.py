# SPDX-License-Identifier: GPL-2.0-or-later
"""The profile out of a store and in again: no difference, every difference, nothing in use taken away."""

from __future__ import annotations

import csv

import openpyxl
import pytest

from digital_citymgmt_plugin.core.codes import COMPONENT, EDITIONS
from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.profile import EVENT
from digital_citymgmt_plugin.core.profile_diff import differences
from digital_citymgmt_plugin.core.requests import ExportProfile, ImportProfile, ListClasses, UndoOperation
from digital_citymgmt_plugin.services.classes import list_classes, readings_of
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.profile import export_profile, import_profile
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.profiles import TABLES, builtin_profile
from tests.support import make_context, new_store


@pytest.fixture
def open_stores():
    """Remember stores and close them at the end."""
    opened = []

    def keep(store):
        opened.append(store)
        return store

    yield keep
    for store in opened:
        store.close()


@pytest.fixture
def store(tmp_path, open_stores):
    return open_stores(new_store(tmp_path / "城市.gpkg"))


@pytest.fixture
def book(store, tmp_path):
    """The profile of the store as a workbook: path, and a function that edits it."""
    path = tmp_path / "配置.xlsx"
    export_profile(make_context(store), ExportProfile(str(path)))

    def edit(change):
        content = openpyxl.load_workbook(path)
        change({sheet.title.split()[0]: sheet for sheet in content.worksheets})
        content.save(path)
        return str(path)

    return edit


def content_of(store):
    tables = {name: store.read(name, columns, order=["fid"]) for name, columns in TABLES.items()}
    return {name: {key: column.tolist() for key, column in part.items()} for name, part in tables.items()}, store.meta()


def bring(store, path, **options):
    return import_profile(make_context(store), ImportProfile(path, **options))


@pytest.mark.parametrize("edition", EDITIONS)
def test_out_and_in_again_is_no_difference_and_a_new_store_is_equal(edition, tmp_path, open_stores):
    store = open_stores(new_store(tmp_path / "a.gpkg", edition=edition, county_code="320681"))
    path = str(tmp_path / "p.xlsx")
    export_profile(make_context(store), ExportProfile(path))
    result = bring(store, path)
    assert (result["counts"]["differences"], result["operation"]) == (0, None)
    again = open_stores(new_store(tmp_path / "b.gpkg", edition=edition, county_code="320681", profile=path))
    assert content_of(again)[0] == content_of(store)[0]
    assert again.profile() == store.profile()


def test_every_difference_is_told_before_and_after_it_is_written(store, book, tmp_path):
    def change(sheets):
        sheets["classes"]["F2"] = "自来水井盖"
        own = ["component", "0199", "01", "公用设施", "99", "爱心驿站", "point", "A", 3, "D05", "", 1]
        sheets["classes"].append(own)
        sheets["departments"].append(["D99", "新部门", None, None])
        sheets["work_calendar"].append(["2027-02-06", 1, "春节调休"])
        sheets["work_hours"].append(["5月1日", "9月30日", "08:00-12:00, 15:00-18:30"])
        sheets["responsibility_rules"].append([10, "component", "0101", None, "D99", "确权纪要"])
        sheets["indicators"].delete_rows(11)  # in no scheme
        sheets["settings"]["B7"] = "6"

    path = book(change)
    before, report = content_of(store), tmp_path / "report.csv"
    preview = bring(store, path, preview=True, output=str(report))
    assert content_of(store) == before and not preview["written"]
    counts = {"differences": 8, "rows_added": 5, "rows_changed": 2, "rows_removed": 1}
    assert preview["counts"] == counts
    with report.open(encoding="utf-8-sig", newline="") as file:
        listed = {tuple(row.values()) for row in csv.DictReader(file)}
    assert listed == {
        ("settings", "tolerance_a_m", "changed", "value", "5", "6"),
        ("classes", "component 0101", "changed", "name", "上水井盖", "自来水井盖"),
        ("classes", "component 0199", "added", "", "", "爱心驿站"),
        ("departments", "D99", "added", "", "", "新部门"),
        ("responsibility_rules", "component 0101  10", "added", "", "", "D99"),
        ("indicators", "parking_rate", "removed", "", "挂账率", ""),
        ("work_calendar", "2027-02-06", "added", "", "", "春节调休"),
        ("work_hours", "05-01 09-30", "added", "", "", "08:00-12:00, 15:00-18:30"),
    }
    written = bring(store, path)
    assert written["counts"] == counts and written["written"] and written["operation"]
    assert bring(store, path, preview=True)["counts"]["differences"] == 0
    profile = store.profile()
    assert profile.class_by_name(COMPONENT)["自来水井盖"].code == "0101"
    assert (profile.setting("tolerance_a_m"), profile.days[0].is_workday) == ("6", True)


def test_rows_that_stay_keep_their_fids(store, book):
    fids = store.read("class", ["fid", "code"], order=["fid"])["fid"].tolist()
    ruled = set(zip(*(store.read("filing_standard", ["kind", "class_code"])[name] for name in ("kind", "class_code"))))
    rows = store.read("class", ["kind", "code"], order=["fid"])
    free = next(row for row, key in enumerate(zip(rows["kind"], rows["code"])) if key not in ruled)
    bring(store, book(lambda sheets: sheets["classes"].delete_rows(free + 2)))
    kept = store.read("class", ["fid", "code"], order=["fid"])["fid"].tolist()
    assert kept == [fid for fid in fids if fid != fids[free]]


def test_an_import_is_taken_back_whole(store, book):
    def change(sheets):
        sheets["classes"]["F2"] = "自来水井盖"
        sheets["departments"].append(["D99", "新部门"])
        sheets["indicators"].delete_rows(11)
        sheets["settings"]["B7"] = "6"
        sheets["settings"].append(["extra_kinds", "air=大气污染"])

    before = content_of(store)
    bring(store, book(change))
    assert content_of(store) != before
    undo_operation(make_context(store), UndoOperation("last"))
    assert content_of(store) == before


def test_moved_rows_and_defaults_written_out_are_no_difference(store, book):
    def change(sheets):
        rows = [[cell.value for cell in row] for row in sheets["departments"].iter_rows(min_row=2)]
        for number, row in enumerate(reversed(rows), 2):
            for column, value in enumerate(row, 1):
                sheets["departments"].cell(number, column).value = value
        for row in sheets["settings"].iter_rows(min_row=7):
            if row[0].value == "work_hours":
                row[0].value = row[1].value = row[2].value = None

    assert bring(store, book(change))["counts"]["differences"] == 0


def use(store, table, **values):
    with store.action("test") as action:
        action.insert(table, {name: objects([value]) for name, value in values.items()})


def test_a_class_in_use_cannot_be_removed_but_put_out_of_use(store, book):
    use(store, "component_point", class_code="0101", manager_dept="D05")
    use(store, "case_record", case_no="1", kind=EVENT, class_code="0101", dept_code="D04")
    before = content_of(store)

    def remove(sheets):
        for row in range(sheets["classes"].max_row, 1, -1):
            if sheets["classes"].cell(row, 2).value in ("0101", "0102"):
                sheets["classes"].delete_rows(row)
        for row in range(sheets["filing_standard"].max_row, 1, -1):
            if sheets["filing_standard"].cell(row, 1).value in ("0101", "0102"):
                sheets["filing_standard"].delete_rows(row)

    with pytest.raises(ProfileError) as caught:
        bring(store, book(remove))
    assert caught.value.code == "profile.class_in_use"
    told = {(fault["values"]["key"], fault["values"]["used_in"]) for fault in caught.value.values["faults"]}
    assert told == {("component 0101", "component_point"), ("event 0101", "case_record")}
    assert content_of(store) == before


def test_putting_a_class_out_of_use_is_allowed(store, book):
    use(store, "component_point", class_code="0101")
    bring(store, book(lambda sheets: sheets["classes"].__setitem__("L2", "否")))
    assert "0101" not in store.profile().class_by_code(COMPONENT)


def test_a_department_in_use_cannot_be_removed(store, book):
    use(store, "component_line", class_code="0101", owner_dept="D23")
    use(store, "case_record", case_no="1", dept_code="D23")

    def remove(sheets):
        sheets["departments"].delete_rows(24)
        for row in sheets["classes"].iter_rows(min_row=2):
            if row[9].value == "D23":
                row[9].value = None

    with pytest.raises(ProfileError) as caught:
        bring(store, book(remove))
    values = caught.value.values
    assert (caught.value.code, values["key"], values["count"]) == ("profile.department_in_use", "D23", 2)


def test_a_scheme_cannot_change_under_issued_codes(store, book):
    use(store, "code_register", code="3206810101000001", kind=COMPONENT, scope="3206810101", serial=1)

    def change(sheets):
        for row in sheets["schemes"].iter_rows(min_row=2):
            if row[0].value == COMPONENT and row[2].value == "sequence":
                row[3].value = 5

    with pytest.raises(ProfileError) as caught:
        bring(store, book(change))
    assert (caught.value.code, caught.value.values["old"]) == ("profile.scheme_in_use", "6+2+2+6")


def test_a_county_of_another_length_is_refused(store, book):
    def change(sheets):
        for row in sheets["schemes"].iter_rows(min_row=2):
            if row[2].value == "county":
                row[3].value = 5

    with pytest.raises(ProfileError) as caught:
        bring(store, book(change))
    assert [fault["code"] for fault in caught.value.values["faults"]] == ["profile.scheme_county"] * 2


def test_an_own_class_outside_the_range_of_the_edition_is_said(store, book):
    def change(sheets):
        for code in ("0199", "0148"):
            sheets["classes"].append(["event", code, None, None, None, f"本市 {code}", None, None, None, None, "", 1])

    notes = bring(store, book(change), preview=True)["notes"]
    odd = [note["values"]["key"] for note in notes if note["code"] == "profile.note_outside_extension"]
    assert odd == ["event 0148"]


def test_an_own_class_table_has_its_own_kind(store, book):
    def change(sheets):
        sheets["settings"].append(["extra_kinds", "air=大气污染"])
        sheets["classes"].append(["大气污染", "0101", None, "扬尘", None, "工地扬尘", None, None, None, "D18", "", 1])
        sheets["filing_standard"].append(["0101", "air", 1, "未覆盖", 4, "工作时", "覆盖", ""])

    bring(store, book(change))
    profile = store.profile()
    assert profile.class_by_code("air")["0101"].name == "工地扬尘"
    assert profile.kinds == (COMPONENT, EVENT, "air")
    listed = list_classes(make_context(store), ListClasses("air"))["classes"]
    assert [row["kind_name"] for row in listed] == ["大气污染"]


def test_a_report_that_cannot_be_written_leaves_the_store_as_it_was(store, book, tmp_path):
    path = book(lambda sheets: sheets["departments"].append(["D99", "新部门"]))
    before = content_of(store)
    with pytest.raises(InputRefused):
        bring(store, path, output=str(tmp_path / "no folder" / "r.csv"))
    assert content_of(store) == before


def test_the_classes_come_with_their_pinyin(store):
    result = list_classes(make_context(store), ListClasses(COMPONENT))
    rows = {row["name"]: row["readings"] for row in result["classes"]}
    assert result["pinyin"] and [some[0] for some in rows["上水井盖"]] == ["shang", "shui", "jing", "gai"]
    assert ["xing"] in rows["行道树"] or ["hang"] in rows["行道树"]
    assert readings_of(["井（GPS）1"]) == [[["jing"], ["g"], ["p"], ["s"], ["1"]]]


def test_without_the_package_the_classes_come_without_pinyin(store, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pypinyin", None)
    result = list_classes(make_context(store), ListClasses())
    assert not result["pinyin"] and result["notes"][0]["code"] == "note.no_pinyin"
    assert {tuple(row["readings"]) for row in result["classes"]} == {()}


def test_a_profile_differs_from_itself_in_nothing(store):
    assert differences(store.profile(), store.profile()) == []


# -- the workflow ------------------------------------------------------------------------------------------------------


def test_the_workflow_goes_out_and_in_and_its_differences_are_told(store, book):
    def change(sheets):
        sheet = sheets["workflow"]
        rows = {(row[0].value, row[3].value): row for row in sheet.iter_rows(min_row=2)}
        rows["close", "check"][5].value = "值班长，指挥中心"
        rows["resume", "parked"][4].value = "原环节"
        sheet.append(["void", "作废", "Void", "核查", "作废", "指挥中心", "理由", None, 145, None])

    path, before = book(change), content_of(store)
    preview = bring(store, path, preview=True)
    assert preview["sheets"] == {"workflow": {"rows_added": 1, "rows_changed": 1, "rows_removed": 0}}
    told = ["workflow", "close check", "changed", "roles", "shift_lead", "shift_lead,commander"]
    assert told in preview["differences"]
    written = bring(store, path)
    assert "workflow_move" in written["tables"]
    moves = {(move.action, move.from_stages): move for move in store.profile().moves}
    assert moves["close", "check"].roles == "shift_lead,commander"
    added = moves["void", "check"]
    assert (added.to_stage, added.roles, added.needs, added.flags) == ("void", "commander", "reason", "")
    undo_operation(make_context(store), UndoOperation(written["operation"]))
    assert content_of(store) == before


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        (4, "limbo", "profile.wrong_value"), (5, "市长", "profile.wrong_value"),
        (3, "limbo", "profile.wrong_value"), (0, "praise", "profile.wrong_value"),
        (3, "filing,collection", "profile.move_twice"), (4, "collection", "profile.stage_unreached"),
    ],
)  # fmt: skip
def test_a_workflow_with_a_fault_is_refused_and_the_store_is_as_it_was(store, book, column, value, code):
    def change(sheets):
        for row in sheets["workflow"].iter_rows(min_row=2):
            if row[0].value == "file":
                row[column].value = value
                if code == "profile.move_twice":
                    row[0].value = "accept"

    path, before = book(change), content_of(store)
    with pytest.raises(ProfileError) as error:
        bring(store, path)
    assert code in {fault["code"] for fault in error.value.values["faults"]}
    assert content_of(store) == before


@pytest.mark.parametrize("rows", [True, False])
def test_a_workbook_without_a_workflow_has_the_plugin_s_own(store, book, rows):
    def change(sheets):
        if rows:
            sheets["workflow"].delete_rows(2, 100)
        else:
            sheets["workflow"].parent.remove(sheets["workflow"])

    assert bring(store, book(change))["counts"]["differences"] == 0


def test_a_store_without_rows_of_moves_has_the_plugin_s_own(store):
    before = store.profile().moves
    with store.action("test") as action:
        action.delete("workflow_move", store.read("workflow_move", ["fid"])["fid"])
    assert store.profile().moves == before


# -- schemes of evaluation ---------------------------------------------------------------------------------------------


def test_schemes_go_out_and_in_and_their_differences_are_told(store, book):
    def change(sheets):
        sheets["score_schemes"].append(["ours", "本市方案", "部门", "立案", "不计", 1])
        sheets["score_terms"].append(["ours", "closing_rate", "率×100", 0.6, None, 1])
        sheets["score_terms"].append(["ours", "rework_rate", "(1-率)×100", 0.4, "低", 2])
        for row in ([0, 60, None, "差"], [60, None, None, "好"]):
            sheets["score_bands"].append(["ours", None, *row])

    preview = bring(store, book(change))
    assert preview["sheets"]["score_terms"] == {"rows_added": 2, "rows_changed": 0, "rows_removed": 0}
    profile = store.profile()
    row = next(row for row in profile.score_schemes if row.code == "ours")
    assert (row.object, row.basis, row.zero_rule, row.decimals) == ("department", "filed", "leave_out", 1)
    assert [(t.rule, t.weight) for t in profile.score_terms if t.scheme == "ours"] == [("rate", 0.6), ("inverse", 0.4)]
    assert [band.grade for band in profile.score_bands if band.scheme == "ours"] == ["差", "好"]
    assert len(profile.score_schemes) == len(builtin_profile("2013").score_schemes) + 1


@pytest.mark.parametrize(
    ("sheet", "column", "old", "new", "code"),
    [
        ("score_terms", "D", 0.4, 0.1, "profile.scheme_weights"),
        ("score_terms", "C", "inverse", "rate", "profile.scheme_direction"),
        ("score_terms", "B", "closing_rate", "opening_rate", "profile.unknown_indicator"),
        ("score_terms", "C", "rate", None, "profile.scheme_rule"),
        ("score_bands", "C", 40, 41, "profile.band_gap"),
        ("score_bands", "C", 40, 39, "profile.band_overlap"),
        ("score_bands", "D", 40, 0, "profile.band_empty"),
        ("score_bands", "E", 90, 30, "profile.bands_direction"),
        ("score_bands", "B", "filed_number", "closing_rate", "profile.bands_unused"),
        ("score_schemes", "C", "area", "town", "profile.wrong_value"),
        ("score_bands", "A", "s3_area_1", "s9", "profile.unknown_score_scheme"),
    ],
)
def test_a_broken_scheme_is_refused_and_the_store_is_as_it_was(store, book, sheet, column, old, new, code):
    def change(sheets):
        cell = next(cell for cell in sheets[sheet][column] if cell.value == old)
        cell.value = new

    before = content_of(store)
    with pytest.raises(ProfileError) as refusal:
        bring(store, book(change))
    codes = [fault["code"] for fault in refusal.value.values["faults"]]
    assert code in codes and content_of(store) == before
    assert refusal.value.values["row"] > 1


def test_a_workbook_without_schemes_has_the_plugin_s_own(store, book):
    def change(sheets):
        for name in ("score_schemes", "score_terms", "score_bands"):
            sheets[name].parent.remove(sheets[name])

    assert bring(store, book(change))["counts"]["differences"] == 0
