# SPDX-License-Identifier: GPL-2.0-or-later
"""XLSX in: made by anybody. Formulas are not believed, merged cells are filled, bombs and entities are refused."""

from __future__ import annotations

import zipfile
from datetime import datetime

import openpyxl
import pytest

from digital_citymgmt_plugin.core.cells import Formula
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import ROW
from digital_citymgmt_plugin.storage import workbooks
from digital_citymgmt_plugin.storage.files import CityFiles


def rows_of(source, size=20_000):
    result = []
    for chunk in source.chunks(size):
        names = list(chunk)
        result += [dict(zip(names, values)) for values in zip(*(chunk[name] for name in names))]
    source.close()
    return result


def refused(path, **options):
    with pytest.raises(InputRefused) as caught:
        rows_of(CityFiles().open_source(str(path), **options))
    return caught.value


@pytest.fixture
def book(chinese_path):
    """Write a workbook; sheets as name → rows; then hand each sheet to ``touch``."""

    def write(sheets, touch=lambda book: None, name="普查 表.xlsx"):
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for title, rows in sheets.items():
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
        touch(workbook)
        workbook.save(chinese_path / name)
        return chinese_path / name

    return write


def rewrite(path, change):
    """Change the parts of a workbook: ``change`` gets name and bytes, returns bytes."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, change(name, data))


HEAD = ["编号", "名称", "日期"]


def test_values_come_as_plain_scalars(book):
    path = book({"数据": [HEAD, [1, "井盖", datetime(2024, 1, 2)], [2.5, True, None], ["0012", " ", "=1"]]})
    rewrite(path, lambda name, data: data)
    source = CityFiles().open_source(str(path))
    got = rows_of(source)
    assert got[:2] == [
        {ROW: 2, "编号": 1, "名称": "井盖", "日期": datetime(2024, 1, 2)},
        {ROW: 3, "编号": 2.5, "名称": True, "日期": None},
    ]
    assert got[2]["编号"] == "0012" and got[2]["名称"] is None
    assert (source.info.layer, source.info.driver, source.info.rows) == ("数据", "XLSX", None)


def test_a_formula_is_marked_and_its_cached_value_not_used(book):
    path = book({"s": [["a", "b"], [1, "=A2*2"], [2, '=cmd|"/C calc"!A0'], [3, 4]]})
    rewrite(
        path,
        lambda name, data: data.replace(b"<f>A2*2</f><v></v>", b"<f>A2*2</f><v>999</v>").replace(
            b"<f>A2*2</f><v />", b"<f>A2*2</f><v>999</v>"
        ),
    )
    with zipfile.ZipFile(path) as package:
        assert b"999" in package.read("xl/worksheets/sheet1.xml"), "the cached value must be there to be ignored"
    got = rows_of(CityFiles().open_source(str(path)))
    assert got[0]["b"] == "=A2*2" and isinstance(got[0]["b"], Formula) and got[0]["b"].reason == "reject.formula"
    assert isinstance(got[1]["b"], Formula)
    assert got[2]["b"] == 4


def test_text_that_begins_with_an_equals_sign_is_text(book):
    def touch(workbook):
        workbook["s"]["A2"].data_type = "s"

    got = rows_of(CityFiles().open_source(str(book({"s": [["a", "b"], ["=cmd()", "x"]]}, touch))))
    assert type(got[0]["a"]) is str and got[0]["a"] == "=cmd()"


def test_the_heading_is_found_under_titles_and_rows_keep_their_number(book):
    path = book(
        {"s": [["2024年部件普查表"], ["制表：启东市"], [], HEAD, [1, "井盖", None], [], [2, "路灯", None]]},
        lambda b: b["s"].merge_cells("A1:C1"),
    )
    assert [(row[ROW], row["名称"]) for row in rows_of(CityFiles().open_source(str(path)))] == [
        (5, "井盖"),
        (7, "路灯"),
    ]


def test_a_value_merged_over_rows_holds_for_each(book):
    path = book(
        {
            "s": [
                ["街道", "社区", "数"],
                ["汇龙镇", "一社区", 1],
                [None, "二社区", 2],
                [None, None, 3],
                ["北新镇", "三", 4],
            ]
        },
        lambda b: (b["s"].merge_cells("A2:A4"), b["s"].merge_cells("B3:B4")),
    )
    source = CityFiles().open_source(str(path))
    got = rows_of(source)
    assert [(row["街道"], row["社区"]) for row in got] == [
        ("汇龙镇", "一社区"),
        ("汇龙镇", "二社区"),
        ("汇龙镇", "二社区"),
        ("北新镇", "三"),
    ]
    assert source.notes[0][0] == "table.merged_filled" and source.notes[0][1]["count"] == 2


def test_a_heading_of_two_lines_is_joined(book):
    path = book(
        {"s": [["编号", "位置", None, "名称"], [None, "经度", "纬度", None], [1, 120.5, 31.5, "井盖"]]},
        lambda b: [b["s"].merge_cells(area) for area in ("A1:A2", "B1:C1", "D1:D2")],
    )
    assert rows_of(CityFiles().open_source(str(path))) == [
        {ROW: 3, "编号": 1, "位置_经度": 120.5, "位置_纬度": 31.5, "名称": "井盖"}
    ]


def test_a_million_formatted_empty_rows_and_columns_cost_nothing(book):
    path = book({"s": [["a", "b"], [1, 2]]})
    far = b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    rewrite(path, lambda name, data: data.replace(b"</sheetData>", far).replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))
    assert rows_of(CityFiles().open_source(str(path))) == [{ROW: 2, "a": 1, "b": 2}]


def test_values_beside_the_table_are_said(book):
    path = book({"s": [["a", "b"]] + [[i, i] for i in range(400)] + [[1, 2, None, "旁注"]]})
    source = CityFiles().open_source(str(path))
    assert len(rows_of(source)) == 401
    assert source.notes == [("table.outside", {"file": str(path), "layer": "s", "count": 1})]


def test_a_column_without_heading_is_called_by_its_letters(book):
    source = CityFiles().open_source(str(book({"s": [["a", "b", None], [1, 2, "x"]]})))
    assert [field.name for field in source.info.fields] == ["a", "b", "column_C"]


def test_long_whole_numbers_keep_their_digits(book):
    path = book({"s": [["code", "x"], [1, "a"]]})
    rewrite(
        path, lambda name, data: data.replace(b"<v>1</v>", b"<v>3.20681012301234E+15</v>") if "sheet1" in name else data
    )
    assert rows_of(CityFiles().open_source(str(path)))[0]["code"] == 3206810123012340


def test_the_only_filled_sheet_is_taken_and_several_are_asked_about(book):
    assert CityFiles().open_source(str(book({"空": [], "数据": [["a", "b"], [1, 2]]}))).info.layer == "数据"
    path = book({"一": [["a", "b"], [1, 2]], "二": [["a", "b"], [1, 2]]})
    assert CityFiles().layers(str(path)) == ("一", "二")
    error = refused(path)
    assert (error.code, error.values["layers"]) == ("input.layer_needed", ["一", "二"])
    assert CityFiles().open_source(str(path), layer="二").info.layer == "二"
    assert refused(path, layer="三").code == "input.layer_missing"


@pytest.mark.parametrize("rows", [[], [["a", "b"]], [["a", "b"], [None, " "]]])
def test_an_empty_sheet_is_refused(book, rows):
    assert refused(book({"s": rows})).code == "input.empty"


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_truncated_workbook_is_refused(book, share):
    path = book({"s": [["a", "b"], [1, 2]]})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert refused(path).code == "input.unreadable"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("xl/worksheets/sheet1.xml", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
        ("xl/styles.xml", b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'),
        ("xl/workbook.xml", b'<!-- x --><!DOCTYPE x SYSTEM "http://example.org/x.dtd">'),
    ],
)
def test_entities_are_refused(book, part, text):
    path = book({"s": [["a", "b"], ["x", "y"]]})

    def change(name, data):
        if name != part:
            return data
        body = data.split(b"?>", 1)[1] if data.startswith(b"<?xml") else data
        return b"<?xml version='1.0'?>" + text + body

    rewrite(path, change)
    error = refused(path)
    assert (error.code, error.values["part"]) == ("input.entities", part)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(book):
    path = book({"s": [["a", "b"], [1, 2]]})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package, package.open("xl/media/x.xml", "w") as part:
        for _ in range(40):
            part.write(bytes(1 << 20))
    assert refused(path).code == "input.bomb"


def test_a_bomb_by_size_alone_is_refused(book, monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1000)
    assert refused(book({"s": [["a", "b"], [1, 2]]})).code == "input.bomb"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "input.empty_file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "input.unknown_format"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "input.old_workbook"),
        (b"a,b\n1,2\n", "input.unknown_format"),
        (b"PK\x03\x04" + bytes(99), "input.unreadable"),
    ],
)
def test_what_is_no_workbook_is_refused(chinese_path, data, code):
    (chinese_path / "x.xlsx").write_bytes(data)
    assert refused(chinese_path / "x.xlsx").code == code


def test_another_zip_is_no_workbook(chinese_path):
    with zipfile.ZipFile(chinese_path / "x.xlsx", "w") as package:
        package.writestr("a.txt", "x")
    assert refused(chinese_path / "x.xlsx").code == "input.unknown_format"


def test_broken_xml_in_the_sheet_is_refused(book):
    path = book({"s": [["a", "b"], [1, 2]]})
    rewrite(
        path,
        lambda name, data: data.replace(b"</sheetData>", b"<row r='9'><c r='A9'><v>") if "sheet1" in name else data,
    )
    assert refused(path).code == "input.unreadable"


def test_old_workbooks_are_refused_with_a_way_out(chinese_path):
    (chinese_path / "x.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    assert refused(chinese_path / "x.xls").code == "input.old_workbook"


def test_chunks_are_of_the_size_asked_for(book):
    source = CityFiles().open_source(str(book({"s": [["a", "b"]] + [[i, "x"] for i in range(700)]})))
    assert [len(chunk[ROW]) for chunk in source.chunks(300)] == [300, 300, 100]


SHEET = """<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" t="str"><f>A2</f><v>cached</v></c></row>
<row r="3"><c r="A3" t="e"><v>#N/A</v></c><c r="B3"><v>1E+2</v></c></row></sheetData></worksheet>"""
STRINGS = """<?xml version="1.0"?>
<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="3" uniqueCount="3"><si><t>名称</t></si>
<si><r><t>数</t></r><r><t>量</t></r></si><si><t xml:space="preserve"> 井盖 &lt;&amp;</t></si></sst>"""


@pytest.mark.parametrize("strings", [STRINGS, None])
def test_shared_strings_as_excel_writes_them(book, strings):
    path = book({"s": [["a"]]})

    def change(name, data):
        if name == "xl/worksheets/sheet1.xml":
            return SHEET
        if name == "[Content_Types].xml" and strings:
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
            return data.replace(
                b"</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
            )
        return data

    rewrite(path, change)
    if strings is None:
        assert refused(path).code == "input.unreadable", "a string that is not there must not become anything else"
        return
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("xl/sharedStrings.xml", strings)
    got = rows_of(CityFiles().open_source(str(path)))
    assert got[0]["名称"] == " 井盖 <&" and got[0]["数量"] == "=A2" and isinstance(got[0]["数量"], Formula)
    assert got[1] == {ROW: 3, "名称": "#N/A", "数量": 100}
