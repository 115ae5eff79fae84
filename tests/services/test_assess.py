# SPDX-License-Identifier: GPL-2.0-or-later
"""The assessment table: rows that tie, periods in local days, outputs with their formulas."""

from __future__ import annotations

import csv

import openpyxl
import pyogrio
import pytest
import shapely

from digital_citymgmt_plugin.bridge.messages import SENTENCES, read_sentences
from digital_citymgmt_plugin.core.assessment.words import CHINESE
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import Assess
from digital_citymgmt_plugin.services.assessment import assess
from digital_citymgmt_plugin.services.intake import objects
from tests.support import make_context, new_store

DAYS = [f"2020-01-{day:02d}T00:00:00.000Z" for day in range(1, 29)]


@pytest.fixture
def store(tmp_path):
    """Six cases: three in one community (one closed late, one open and late, one void), two in another, one nowhere."""
    opened = new_store(tmp_path / "c.gpkg")
    rows = [  # number, community, department, name, filed, dispatched, disposed, closed, due, stage
        ("1", "A1", "D1", None, 1, 2, 5, 6, 4, "closed"),
        ("2", "A1", "D1", None, 2, 3, None, None, 4, "disposal"),
        ("3", "A1", "D1", None, 3, None, None, None, None, "void"),
        ("4", "A2", "D2", None, 1, 2, 3, 9, 4, "closed"),
        ("5", "A2", None, "园林局", 9, None, None, None, 12, "dispatch"),
        ("6", None, None, None, 1, 2, 3, 4, None, "closed"),
    ]
    columns = list(zip(*rows))
    with opened.action("set up") as action:
        shapes = [shapely.multipolygons([[shapely.box(x, 0, x + 1, 1)]])[0] for x in (0, 1, 2)]
        action.insert(
            "admin_area",
            {
                "level": objects(["community"] * 3), "code": objects(["A1", "A2", "A3"]),
                "name": objects(["甲", "乙", "丙"]),
                "parent_code": objects(["S1", "S1", "S2"]), GEOM: objects(shapes),
            },
        )  # fmt: skip
        names = ("filed_at", "dispatched_at", "disposed_at", "closed_at", "due_at")
        moments = {
            name: objects(None if day is None else DAYS[day] for day in column)
            for name, column in zip(names, columns[4:9])
        }
        action.insert(
            "case_record",
            {
                "case_no": objects(columns[0]), "community_code": objects(columns[1]), "dept_code": objects(columns[2]),
                "dept_name": objects(columns[3]), "stage": objects(columns[9]), **moments,
            },
        )  # fmt: skip
    yield opened
    opened.close()


def run(store, by="community", **options):
    return assess(make_context(store), Assess(by, **options))


def rows_of(result):
    return {row[1]: dict(zip(result["table"]["columns"], row)) for row in result["table"]["rows"]}


def test_rows_hold_the_counts_of_their_area_and_their_rates(store):
    rows = rows_of(run(store))
    first = rows["甲"]
    expected = {"reported": 3, "filed": 3, "to_be_disposed": 2, "disposed": 1, "to_be_closed": 2, "closed": 1}
    assert {name: first[name] for name in expected} == expected
    assert (first["disposal_rate"], first["closing_rate"], first["closing_on_time_rate"]) == (50.0, 50.0, 0.0)
    assert (first["voided"], first["overdue"]) == (1, 2)


def test_areas_without_cases_are_listed_with_zeros_and_dashes(store):
    row = rows_of(run(store))["丙"]
    assert (row["reported"], row["disposal_rate"]) == (0, "–")


@pytest.mark.parametrize("by", ["county", "street", "community", "grid", "department"])
def test_rows_always_sum_up_to_the_total(store, by):
    result = run(store, by)
    rows = result["table"]["rows"]
    for index, name in enumerate(result["table"]["columns"]):
        if index < 2 or name.endswith("rate"):
            continue
        assert sum(row[index] for row in rows[:-1]) == rows[-1][index]
    assert rows[-1][1] == "合计" and rows[-1][2] == 6
    assert rows[-2][1] == "未定"


def test_departments_are_told_by_code_else_by_name(store):
    rows = rows_of(run(store, "department"))
    assert {row["code"]: row["reported"] for row in rows.values() if row["code"]} == {"D1": 3, "D2": 1, "园林局": 1}
    assert rows["未定"]["reported"] == 1


def test_the_period_is_of_local_days_of_filing(store):
    # 2020-01-02T00:00Z is the morning of 2 January in Shanghai; its evening before would be 1 January in UTC.
    assert run(store, from_date="2020-01-02", to_date="2020-01-02")["counts"]["cases"] == 3
    assert run(store, from_date="2020-01-03")["counts"]["cases"] == 3


def test_at_an_earlier_cut_off_later_steps_are_unknown(store):
    total = rows_of(run(store, cut_off="2020-01-04 12:00"))["合计"]
    assert (total["reported"], total["disposed"], total["closed"]) == (5, 2, 0)
    assert run(store)["cut_off"] == DAYS[9]


def test_the_qidong_scheme_divides_by_filed(store):
    row = rows_of(run(store, scheme="qidong"))["甲"]
    assert row["disposal_rate_of_filed"] == 33.33
    assert row["closing_on_time_rate_of_filed"] == round(100 * row["closed_on_time"] / row["filed"], 2)
    assert "disposal_rate" not in row


def test_a_citys_own_scheme_comes_from_the_store(store):
    with store.action("scheme") as action:
        values = {"name": "ours", "payload": '{"indicators": ["rework_rate"]}'}
        action.insert("score_scheme", {name: objects([value]) for name, value in values.items()})
    assert run(store, scheme="ours")["table"]["columns"][-1] == "rework_rate"


def test_a_workbook_has_formulas_and_cut_off_under_the_table(store, tmp_path):
    path = tmp_path / "表.xlsx"
    result = run(store, output=str(path))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    texts = [str(row[0]) for row in sheet.iter_rows(values_only=True) if row[0] is not None]
    assert any(text.startswith("处置率 = 处置数 ÷ 应处置数 × 100 %") for text in texts)
    assert any(text.startswith("截止时刻：2020-01-10 08:00:00（Asia/Shanghai）") for text in texts)
    assert result["output"] == str(path)


def test_the_table_speaks_the_users_language(store, tmp_path):
    context = make_context(store, sentences=SENTENCES)
    path = tmp_path / "table.xlsx"
    result = assess(context, Assess("community", to_date="2020-01-03", output=str(path)))
    table, sheet = result["table"], openpyxl.load_workbook(path).worksheets[0]
    assert table["header"][:3] == ["Community code", "Community", "Reported"]
    assert (table["header"][-1], table["rows"][-1][1]) == ("Closing on time rate(%)", "Total")
    assert table["formulas"][0].startswith("Disposal rate = Disposed ÷ To be disposed × 100 %")
    assert "Cut-off: 2020-01-10 08:00:00 (Asia/Shanghai)" in table["formulas"]
    assert any(line.startswith("Period: the first case to 2020-01-03") for line in table["formulas"])
    assert sheet.title == "Assessment by Community"
    ours = {"甲", "乙", "丙"}  # names of places and departments are the city's own
    texts = [*table["header"], *table["formulas"], *(row[1] for row in table["rows"] if row[1] not in ours)]
    assert all(text.isascii() for line in texts for text in [line.replace("÷", "/").replace("×", "x")])


def test_without_sentences_the_table_is_chinese_as_the_translation_is():
    assert {code: chinese for code, (_, chinese) in read_sentences().items() if code in CHINESE} == dict(CHINESE)


def test_a_csv_holds_the_table(store, tmp_path):
    path = tmp_path / "t.csv"
    result = run(store, output=str(path))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == result["table"]["header"]
    assert len(rows) == 1 + len(result["table"]["rows"])


def test_a_geopackage_holds_the_areas_with_their_figures(store, tmp_path):
    path = tmp_path / "t.gpkg"
    run(store, output=str(path))
    frame = pyogrio.read_dataframe(path).set_index("code")
    assert frame.loc["A1", "reported"] == 3 and frame.loc["A1", "disposal_rate"] == 50.0
    assert frame.loc["A1"].geometry.area == 1.0 and frame.crs.to_epsg() == 4550
    assert frame.reported.sum() == 6
    run(store, "department", output=str(tmp_path / "d.gpkg"))
    assert len(pyogrio.read_dataframe(tmp_path / "d.gpkg")) == 4


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"by": "post"}, "assess.by"), ({"scheme": "none"}, "assess.scheme"), ({"output": "/t.docx"}, "assess.output"),
        ({"from_date": "gestern"}, "assess.date"), ({"cut_off": "2020-13-01"}, "assess.date"),
        ({"from_date": "2020-02-01", "to_date": "2020-01-01"}, "assess.period"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(store, options, code):
    with pytest.raises(InputRefused) as caught:
        run(store, **options)
    assert caught.value.code == code


def test_an_empty_store_gives_an_empty_table(tmp_path):
    empty = new_store(tmp_path / "e.gpkg")
    try:
        assert run(empty, "community")["table"]["rows"][0][1:3] == ["合计", 0]
    finally:
        empty.close()
