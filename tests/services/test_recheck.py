# SPDX-License-Identifier: GPL-2.0-or-later
"""A re-check from the draw to the recount, with forms that came back damaged."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager

import openpyxl
import pytest

from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Layer, UndoOperation
from digital_citymgmt_plugin.core.requests_fairness import DrawRecheck, ListRechecks, ReadRecheck
from digital_citymgmt_plugin.services.assessment.recheck import draw_recheck, list_rechecks
from digital_citymgmt_plugin.services.assessment.recheck_results import read_recheck
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.support import make_context, new_store

CLOSED = {"D1": 60, "D2": 30, "D3": 2}


@pytest.fixture
def store(tmp_path):
    """Closed cases of three departments and an open one."""
    opened = new_store(tmp_path / "c.gpkg")
    who = [dept for dept, count in CLOSED.items() for _ in range(count)] + ["D1"]
    size = len(who)
    day = objects(["2021-02-01T04:00:00.000Z"] * size)
    with opened.action("set up") as action:
        action.insert("case_record", {
            "case_no": objects(f"案{number:03d}" for number in range(size)), "dept_code": objects(who),
            "dept_name": objects(f"{dept}局" for dept in who), "reported_at": day, "filed_at": day,
            "dispatched_at": day, "disposed_at": objects([*day[:-1], None]), "closed_at": objects([*day[:-1], None]),
            "stage": objects(["closed"] * (size - 1) + ["disposal"]),
            "class_name": objects(["=cmd|' /C calc'!A0"] * size),
        })  # fmt: skip
    yield opened
    opened.close()


@pytest.fixture
def context(store):
    return make_context(store, sentences=templates())


def rows_of(store, table, *columns):
    found = store.read(table, list(columns), [], ["fid"])
    return [dict(zip(columns, values)) for values in zip(*(found[name].tolist() for name in columns))]


def drawn(context, tmp_path, **options):
    path = tmp_path / "抽查.xlsx"
    options = {"number": 12, "seed": "甲", **options}
    return draw_recheck(context, DrawRecheck(output=str(path), **options)), path


def fill(path, answer, name="filled.xlsx"):
    """Fill the form in: ``answer`` (row as dictionary) → what is changed of it, None to take the row out."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    heads = {cell.value: cell.column for cell in sheet[1]}
    for number in range(sheet.max_row, 1, -1):
        row = {head: sheet.cell(number, at).value for head, at in heads.items()}
        told = answer(row)
        if told is None:
            sheet.delete_rows(number)
            continue
        for head, value in told.items():
            sheet.cell(number, heads[head]).value = value
    target = path.with_name(name)
    book.save(target)
    return target


def read(context, path, **options):
    return read_recheck(context, ReadRecheck(Layer(str(path)), **options))


def test_the_draw_is_the_smallest_digests_of_each_department(store, context, tmp_path):
    result, path = drawn(context, tmp_path)
    assert result["counts"] == {"cases": 92, "strata": 3, "drawn": 12}
    rows = rows_of(store, "recheck_case", "case_fid", "stratum", "place", "result")
    assert [row["place"] for row in rows] == list(range(1, 13))
    numbers = {row["fid"]: row["case_no"] for row in rows_of(store, "case_record", "fid", "case_no")}
    by = {}
    for row in rows:
        by.setdefault(row["stratum"], set()).add(numbers[row["case_fid"]])
    assert sorted(map(len, by.values())) == [1, 4, 7]
    first = sorted((f"案{n:03d}" for n in range(60)), key=lambda no: hashlib.sha256(f"甲:{no}".encode()).hexdigest())
    assert set(first[:7]) in by.values()
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert sheet.max_row == 13
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_a_draw_made_again_from_its_log_is_the_same(store, context, tmp_path):
    first, _ = drawn(context, tmp_path, where={"department": ["D1", "D2"]}, by="department", number=7)
    params = json.loads(rows_of(store, "operation", "params")[-1]["params"])
    again = draw_recheck(context, DrawRecheck(
        params["count"], "department", number=params["number"], least=params["least"], seed=params["seed"],
        basis=params["basis"], where=json.loads(params["where"]),
    ))  # fmt: skip
    assert again["cases"] == first["cases"] and len(first["cases"]) == 7


def test_results_come_back_and_the_count_is_stated_again(store, context, tmp_path):
    result, path = drawn(context, tmp_path)
    bad = []

    def answer(row):
        if row["Stratum"].startswith("D1") and len(bad) < 2:
            bad.append(row)
            return {"Result": "不属实", "Remark": "未整改", "Checked by": "张三", "Checked at": "2021-03-01 09:00"}
        return {"Result": "属实"}

    told = read(context, fill(path, answer))
    counts = {"rows": 12, "genuine": 10, "false": 2, "unseen": 0, "rejected": 0, "changed": 12}
    assert told["counts"] == counts and told["reasons"] == {}
    (one,) = told["rechecks"]
    # 60 × 5/7 + 30 + 2 of 92
    assert one["found"]["share"] == round(100 * (60 * 5 / 7 + 32) / 92, 2)
    assert one["found"]["low"] < one["found"]["share"] < one["found"]["high"] <= 100
    assert [one["found"][name] for name in ("size", "drawn", "seen", "recount")] == [92, 12, 12, 75]
    assert [part["size"] for part in one["strata"]] == [60, 30, 2]
    again = read(context, path.with_name("filled.xlsx"))
    assert again["operation"] is None and again["counts"]["changed"] == 0
    row = next(row for row in rows_of(store, "recheck_case", "result", "checked_at", "note") if row["note"])
    assert (row["result"], row["checked_at"]) == ("false", "2021-03-01T01:00:00.000Z")
    undo_operation(context, UndoOperation(told["operation"]))
    assert list_rechecks(context, ListRechecks(one["uuid"]))["rechecks"][0]["found"]["seen"] == 0
    undo_operation(context, UndoOperation(result["operation"]))
    assert list_rechecks(context, ListRechecks())["counts"]["rechecks"] == 0


def test_rows_that_cannot_be_taken_are_listed(store, context, tmp_path):
    _, path = drawn(context, tmp_path)
    order = []

    def answer(row):
        order.append(row)
        return [
            {"Result": "属实", "Re-check number": "nothing"}, {"Result": "属实", "Case number": "案092"},
            {"Result": "maybe"}, {"Result": "属实", "Checked at": "yesterday"}, {"Result": "属实", "Case number": None},
        ][len(order) - 1] if len(order) <= 5 else {}  # fmt: skip

    filled = fill(path, answer)
    book = openpyxl.load_workbook(filled)
    sheet = book.worksheets[0]
    good = [cell.value for cell in sheet[2]]
    good[7] = "属实"
    sheet.append(good)
    sheet.append(good)
    book.save(filled)
    rejects = tmp_path / "rejects.csv"
    told = read(context, filled, rejects=str(rejects))
    assert told["reasons"] == {
        "recheck.unknown": 1, "recheck.not_drawn": 2, "recheck.no_result": 1, "recheck.no_time": 1, "recheck.twice": 1,
    }  # fmt: skip
    assert (told["counts"]["rows"], told["counts"]["changed"], told["counts"]["rejected"]) == (7, 1, 6)
    assert rejects.exists() and told["rejects"] == str(rejects)


def test_what_is_no_form_is_refused(store, context, tmp_path):
    _, path = drawn(context, tmp_path)
    with pytest.raises(InputRefused) as caught:
        read(context, path)  # nothing filled in
    assert caught.value.code == "recheck.empty"
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputRefused) as caught:
        read(context, other)
    assert caught.value.code == "recheck.columns"


def test_a_draw_that_makes_no_sense_is_refused(context):
    for options, code in (
        ({"by": "moon"}, "recheck.by"),
        ({"number": 0}, "recheck.number"),
        ({"least": -1}, "recheck.number"),
        ({"number": 10_001}, "recheck.too_many"),
        ({"count": "moon"}, "assess.count"),
        ({"from_date": "2031-01-01"}, "recheck.none"),
        ({"output": "/tmp/x.docx"}, "assess.output"),
    ):
        with pytest.raises(InputRefused) as caught:
            draw_recheck(context, DrawRecheck(**options))
        assert caught.value.code == code, options


def test_a_form_that_cannot_be_written_leaves_the_draw_and_says_so(store, context, tmp_path):
    path = tmp_path / "no such folder" / "form.xlsx"
    told = draw_recheck(context, DrawRecheck(number=12, seed="甲", output=str(path)))
    codes = [note["code"] for note in told["notes"]]
    assert codes == ["recheck.no_form", "output.no_folder"] and told["output"] is None and not path.parent.exists()
    assert told["notes"][0]["values"]["seed"] == "甲"
    assert len(rows_of(store, "recheck", "uuid")) == 1
    undo_operation(context, UndoOperation(told["operation"]))
    again, form = drawn(context, tmp_path)
    assert again["cases"] == told["cases"] and form.exists()


def test_no_form_is_left_of_a_draw_that_was_not_kept(store, context, tmp_path, monkeypatch):
    action = store.action

    @contextmanager
    def broken(kind, **options):
        with action(kind, **options) as opened:
            yield opened
            raise InputRefused("store.full")

    monkeypatch.setattr(store, "action", broken)
    with pytest.raises(InputRefused):
        drawn(context, tmp_path)
    assert not list(tmp_path.glob("*.xlsx")) and not rows_of(store, "recheck", "uuid")


def test_a_form_of_many_unknown_draws_still_finds_its_own(store, context, tmp_path):
    _, path = drawn(context, tmp_path)
    filled = fill(path, lambda _row: {"Result": "属实"})
    book = openpyxl.load_workbook(filled)
    sheet = book.worksheets[0]
    row = [cell.value for cell in sheet[2]]
    for number in range(600):
        sheet.append([f"!{number:04d}", *row[1:]])  # "!" sorts before every number of a draw
    book.save(filled)
    counts = read(context, filled)["counts"]
    assert (counts["changed"], counts["rejected"]) == (12, 600)
