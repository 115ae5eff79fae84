# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbooks, tables and reject lists out: text stays text, nothing half is left behind."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta, timezone

import numpy as np
import openpyxl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import ROW, Sheet
from digital_citymgmt_plugin.storage import documents
from digital_citymgmt_plugin.storage.files import CityFiles

DANGER = ["=1+1", "=cmd()|' /C calc'!A0", "+1", "-x", "@SUM(A1)", "\tx", "\rx", "=", "-"]


@pytest.fixture
def saved(chinese_path):
    def save(*sheets):
        files = CityFiles()
        path = chinese_path / "考核 表.xlsx"
        files.write_workbook(str(path), sheets)
        return openpyxl.load_workbook(path), files

    return save


def test_text_that_looks_like_a_formula_is_text(saved):
    book, _ = saved(Sheet("s", tuple(DANGER), [[text] for text in DANGER], ("=title",), ("=note",)))
    cells = [cell for row in book["s"].iter_rows() for cell in row if cell.value is not None]
    assert len(cells) == 2 * len(DANGER) + 2
    assert all(cell.data_type == "s" for cell in cells)
    assert [book["s"].cell(row, 1).value.strip("\t\r\n") for row in range(3, 3 + len(DANGER))] == [
        text.strip("\t\r") for text in DANGER
    ]
    assert book["s"]["A3"].quotePrefix


def test_heading_titles_notes_widths_and_filter(saved):
    book, _ = saved(
        Sheet(
            "考核",
            ("街道", "结案率"),
            [["汇龙镇人民政府综合行政执法局", 0.98]],
            ("标题", "期间"),
            ("结案率 = 结案数 / 立案数", ""),
        )
    )
    sheet = book["考核"]
    assert [sheet["A1"].value, sheet["A2"].value, sheet["A3"].value, sheet["B4"].value] == [
        "标题",
        "期间",
        "街道",
        0.98,
    ]
    assert sheet["A6"].value == "结案率 = 结案数 / 立案数"
    assert sheet.freeze_panes == "A4" and sheet.auto_filter.ref == "A3:B4"
    assert sheet["A3"].font.bold and sheet.column_dimensions["A"].width >= 28


def test_values_that_excel_cannot_hold(saved):
    now = datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=8)))
    values = [
        float("nan"),
        np.int64(7),
        3206810123012340,
        np.float64(1.5),
        now,
        True,
        None,
        [1, 2],
        datetime(1800, 1, 1),
        np.datetime64("2024-01-01T00:00:00"),
    ]
    book, _ = saved(Sheet("s", tuple("abcdefghij"), [values]))
    got = [cell.value for cell in book["s"][2]]
    assert got == [
        None,
        7,
        "3206810123012340",
        1.5,
        datetime(2024, 1, 2, 3, 4, 5),
        True,
        None,
        "[1, 2]",
        "1800-01-01T00:00:00",
        datetime(2024, 1, 1),
    ]


def test_control_characters_are_taken_out_and_said(saved):
    book, files = saved(Sheet("s", ("a",), [["x\x00\x0by\ud800"], ["z" * 40_000], ["fine\nline"]]))
    assert [book["s"].cell(row, 1).value for row in (2, 4)] == ["xy", "fine\nline"]
    assert len(book["s"]["A3"].value) == 32_767
    assert files.notes[0][0] == "document.cleaned" and files.notes[0][1]["count"] == 2


def test_sheets_get_names_that_excel_takes(saved):
    book, _ = saved(Sheet("a/b:c" * 9, ("x",), []), Sheet("a/b:c" * 9, ("x",), []), Sheet("", ("x",), []))
    assert len(book.sheetnames) == 3 and all(len(name) <= 31 for name in book.sheetnames)


def test_a_workbook_without_sheets_opens(saved):
    assert len(saved()[0].sheetnames) == 1


@pytest.mark.parametrize("count", [0, 1, 4, 5, 8, 9, 23])
def test_too_many_rows_go_on_in_further_sheets(saved, monkeypatch, count):
    monkeypatch.setattr(documents, "MAX_ROWS", 6)
    book, _ = saved(Sheet("s", ("a",), [[index] for index in range(count)], ("t",), ("n1", "n2")))
    values = [cell.value for sheet in book for (cell,) in sheet.iter_rows(max_col=1)]
    assert [value for value in values if isinstance(value, int)] == list(range(count))
    assert [value for value in values if value in ("n1", "n2")] == ["n1", "n2"]
    assert all(sheet.max_row <= 6 for sheet in book)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputRefused) as caught:
        CityFiles().write_workbook(str(tmp_path / "no" / "x.xlsx"), [])
    assert caught.value.code == "output.no_folder"


def test_a_workbook_that_fails_leaves_the_old_one(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"old")

    def rows():
        yield [1]
        raise ZeroDivisionError

    class Bad(list):
        def __iter__(self):
            return rows()

    with pytest.raises(ZeroDivisionError):
        CityFiles().write_workbook(str(path), [Sheet("s", ("a",), Bad())])
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_layer_as_csv_and_xlsx_has_coordinates(tmp_path):
    data = {
        "name": np.array(["=x", "井盖"], dtype=object),
        "geom": np.array([shapely.Point(1.25, 2), None], dtype=object),
    }
    for ending in (".csv", ".xlsx"):
        CityFiles().write_layer(str(tmp_path / f"l{ending}"), "层", data, "EPSG:4549", "Point")
        chunk = next(CityFiles().open_source(str(tmp_path / f"l{ending}")).chunks())
        assert list(chunk["name"]) == ["=x", "井盖"] and float(chunk["x"][0]) == 1.25 and chunk["x"][1] is None
    CityFiles().write_layer(
        str(tmp_path / "w.csv"), "w", {"geom": np.array([shapely.box(0, 0, 1, 1)])}, None, "Polygon"
    )
    assert "POLYGON" in (tmp_path / "w.csv").read_text(encoding="utf-8-sig")


SENTENCES = {
    "reject.class": "Row {row}: class {value} is not in the profile.",
    "reject.odd": "{value.__class__} {missing:.2f} {0} {",
}
ORIGINAL = {"编号": "=cmd()", "名称": "井;盖\"'", "x": 1.5}


@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_a_reject_list_can_be_fed_back(chinese_path, ending):
    path = chinese_path / f"拒收{ending}"
    rejects = CityFiles().rejects(str(path), list(ORIGINAL), SENTENCES)
    rejects.add(7, "reject.class", {"value": "{row.__class__}"}, ORIGINAL)
    rejects.add(9, "reject.class", {}, {"名称": "x"})
    assert rejects.count == 2
    rejects.close()
    chunk = next(CityFiles().open_source(str(path)).chunks())
    assert list(chunk)[:5] == [ROW, "row", "reason", "sentence", "编号"]
    assert [str(value) for value in chunk["row"]] == ["7", "9"]
    assert list(chunk["sentence"]) == [
        "Row 7: class {row.__class__} is not in the profile.",
        "Row 9: class ? is not in the profile.",
    ]
    assert list(chunk["编号"]) == ["=cmd()", None] and type(chunk["编号"][0]) is str
    assert list(chunk["名称"]) == ["井;盖\"'", "x"]
    assert [item.name for item in chinese_path.iterdir()] == [path.name]


def test_a_csv_of_rejects_opens_in_excel_without_running_anything(tmp_path):
    rejects = CityFiles().rejects(str(tmp_path / "r.csv"), ["a"], SENTENCES)
    for number, text in enumerate([*DANGER, "-5.2", "+3"], 2):
        rejects.add(number, "reject.class", {"value": text}, {"a": text})
    rejects.close()
    assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [row[3] for row in csv.reader(file)][1:]
    assert cells == [text if text == "+1" else "'" + text for text in DANGER] + ["-5.2", "+3"], "numbers stay numbers"


@pytest.mark.parametrize("ending", [".xlsx", ".csv", ".tsv"])
def test_nothing_rejected_leaves_no_file_and_no_old_list(tmp_path, ending):
    path = tmp_path / f"r{ending}"
    old = CityFiles().rejects(str(path), ["a"], {"rejects.row": "行号"})
    old.add(2, "reject.no_class", {}, {"a": 1})
    old.close()
    assert path.exists()
    CityFiles().rejects(str(path), ["a"], {}).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".xlsx", ".csv", ".tsv"])
@pytest.mark.parametrize("rows", [[], [["fid", "photo"], [1, "well.jpg"]], [["row", "reason"], ["2", ""]]])
def test_nothing_rejected_leaves_a_file_that_is_no_list(tmp_path, ending, rows):
    path = tmp_path / f"部件{ending}"
    CityFiles().write_workbook(str(tmp_path / "b.xlsx"), [Sheet("s", tuple(rows[0] if rows else ()), rows[1:])])
    if ending == ".xlsx":
        (tmp_path / "b.xlsx").replace(path)
    else:
        path.write_text("\n".join("\t".join(map(str, row)) for row in rows), encoding="gbk")
    before = path.read_bytes()
    CityFiles().rejects(str(path), ["a"], {}).close()
    assert path.read_bytes() == before


def test_nothing_rejected_leaves_a_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "r.xlsx"
    path.write_bytes(b"PK damaged")
    CityFiles().rejects(str(path), ["a"], {}).close()
    assert path.read_bytes() == b"PK damaged"


@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_a_list_that_is_dropped_leaves_nothing(tmp_path, ending):
    rejects = CityFiles().rejects(str(tmp_path / f"r{ending}"), ["a"], {})
    rejects.add(1, "x", {}, {"a": 1})
    rejects.discard()
    assert list(tmp_path.iterdir()) == []


def test_without_a_path_rows_are_counted(tmp_path):
    rejects = CityFiles().rejects(None, ["a"], {})
    rejects.add(1, "x", {}, {})
    rejects.close()
    assert rejects.count == 1


def test_a_reject_list_of_another_format_is_refused(tmp_path):
    with pytest.raises(InputRefused) as caught:
        CityFiles().rejects(str(tmp_path / "r.doc"), [], {})
    assert caught.value.code == "output.unknown_format"


def test_rejects_beyond_a_sheet_go_on_in_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_ROWS", 4)
    rejects = CityFiles().rejects(str(tmp_path / "r.xlsx"), ["a"], {})
    for number in range(8):
        rejects.add(number, "x", {}, {"a": number})
    rejects.close()
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert [cell.value for sheet in book for cell in sheet["D"] if isinstance(cell.value, int)] == list(range(8))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.text(max_size=40),
    st.dictionaries(
        st.sampled_from(["value", "row", "field"]),
        st.one_of(st.text(max_size=9), st.integers(), st.none(), st.floats()),
        max_size=3,
    ),
)
def test_no_template_and_no_value_breaks_a_sentence(template, values):
    assert isinstance(documents.sentence(template, values), str)


def test_a_sentence_names_values_and_nothing_inside_them():
    assert (
        documents.sentence("{value} {missing:.1f} {value.__class__} {d:.1f}", {"value": "{row}", "d": 2.25})
        == "{row} ? ? 2.2"
    )
