# SPDX-License-Identifier: GPL-2.0-or-later
"""CSV in: any delimiter, code page and shape; strict; row numbers as a spreadsheet shows them."""

from __future__ import annotations

import csv
import gzip
import io

import pytest

from digital_citymgmt_plugin.core.cells import Formula, LongCell, Ragged
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import ROW
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.tables import CsvSource

TEXT = "编号,名称,位置\n1,井盖,人民中路\n2,路灯,汇龙镇\n"


def rows_of(source, size=20_000):
    """All rows as a list of dicts."""
    result = []
    for chunk in source.chunks(size):
        names = list(chunk)
        result += [dict(zip(names, values)) for values in zip(*(chunk[name] for name in names))]
    source.close()
    return result


@pytest.fixture
def read(tmp_path):
    def read(data, name="表 1.csv", **options):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return CityFiles().open_source(str(path), **options)

    return read


def refused(call, *args, **options):
    with pytest.raises(InputRefused) as caught:
        rows_of(call(*args, **options))
    return caught.value


@pytest.mark.parametrize(
    ("codec", "name", "why"),
    [
        ("utf-8", "UTF-8", "encoding.content"),
        ("utf-8-sig", "UTF-8", "encoding.bom"),
        ("gbk", "GBK", "encoding.content"),
        ("utf-16", "UTF-16", "encoding.bom"),
        ("utf-16-le", "UTF-16-LE", "encoding.bom"),
    ],
)
def test_code_page_is_found(read, codec, name, why):
    source = read(TEXT.encode(codec))
    assert (source.info.encoding, source.info.encoding_evidence) == (name, why)
    assert rows_of(source)[1] == {ROW: 3, "编号": "2", "名称": "路灯", "位置": "汇龙镇"}


def test_big5_is_found(read):
    source = read("編號,名稱\n1,臺南市永康區路燈\n2,污水下水道管理單位\n".encode("big5"))
    assert source.info.encoding == "Big5"
    assert rows_of(source)[0]["名稱"] == "臺南市永康區路燈"


def test_a_non_ascii_character_in_the_last_line_alone_counts(read):
    assert rows_of(read(("a,b\n" + "1,x\n" * 5 + "2,路灯井盖").encode("gbk")))[-1]["b"] == "路灯井盖"


def test_a_wrong_code_page_given_is_refused_and_named(read):
    error = refused(read, TEXT.encode("gbk"), encoding="UTF-8")
    assert (error.code, error.values["encoding"], error.values["row"]) == ("input.encoding", "UTF-8", 1)
    assert error.values["file"].endswith("表 1.csv")


def test_mixed_code_pages_are_refused_not_replaced(read):
    error = refused(read, "名称,位置\n井盖路灯,人民路\n".encode() + b"\xff\xfe\xff,x\n" + "路灯,中路\n".encode("gbk"))
    assert error.code == "input.encoding_unknown"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_though_others_occur_in_cells(read, delimiter):
    data = io.StringIO()
    rows = [["a", "b", "c"], ["x, y; z|w\tv", 'it\'s "q"', "1"], ["l1\nl2", "", "3"]]
    csv.writer(data, delimiter=delimiter).writerows(rows)
    got = rows_of(read(data.getvalue()))
    assert [list(row.values())[1:] for row in got] == [["x, y; z|w\tv", 'it\'s "q"', "1"], ["l1\nl2", None, "3"]]


def test_excel_says_its_delimiter_in_the_first_line(read):
    assert rows_of(read("sep=;\na;b\n1,5;2\n"))[0] == {ROW: 3, "a": "1,5", "b": "2"}


def test_row_numbers_are_those_of_a_spreadsheet(read):
    """Titles and blank lines count, a cell of two lines is one row."""
    got = rows_of(read('2024年普查表,,\n\n编号,名称,备注\n1,井盖,"a\nb"\n\n2,路灯,c\n'))
    assert [row[ROW] for row in got] == [4, 6]


def test_rows_of_delimiters_alone_are_said(read):
    source = read("a,b\n1,2\n,\n3,4\n")
    assert [row[ROW] for row in rows_of(source)] == [2, 4]
    assert [(code, values["count"]) for code, values in source.notes] == [("table.blank_rows", 1)]


def test_a_row_with_too_many_cells_is_marked_everywhere(read):
    got = rows_of(read("code,name\n1,a\n2,b,c\n3,d,\n"))
    assert isinstance(got[1]["code"], Ragged) and isinstance(got[1]["name"], Formula)
    assert got[1]["name"] == "b" and got[1]["name"].reason == "reject.cells"
    assert not isinstance(got[2]["name"], Formula), "an empty cell more does no harm"


def test_a_cell_beyond_all_bounds_marks_its_row_and_the_others_go_on(read):
    got = rows_of(read(f"code,name\n1,a\n2,{'x' * 131_073}\n3,{'y' * 131_072}\n4\n"))
    assert [row["code"] for row in got] == ["1", "2", "3", "4"] and got[2]["name"] == "y" * 131_072
    assert [isinstance(row["code"], LongCell) for row in got] == [False, True, False, False]


def test_a_record_without_end_is_refused_before_it_fills_the_memory(read):
    line = "x" * (1 << 20) + "\n"
    with pytest.raises(InputRefused, match=r"input\.broken_row"):
        rows_of(read('code,name\n1,a\n2,"' + line * 20))


def test_a_short_row_ends_in_nothing(read):
    assert rows_of(read("a,b,c\n1\n"))[0] == {ROW: 2, "a": "1", "b": None, "c": None}


def test_text_that_looks_like_a_formula_stays_text(read):
    got = rows_of(read("a,b\n=cmd()|' /C calc'!A0,x\n"))[0]["a"]
    assert got == "=cmd()|' /C calc'!A0" and type(got) is str


def test_the_apostrophe_of_our_own_lists_is_taken_off(read):
    assert rows_of(read("a,b\n'=1+1,'tis\n"))[0] == {ROW: 2, "a": "=1+1", "b": "'tis"}


def test_nul_bytes_are_left_out_and_said(read):
    source = read(b"a,b\n1,x\x00y\n" + b"2,z\n" * 20)
    assert rows_of(source)[0]["b"] == "xy"
    assert source.notes[0][0] == "table.nul_removed"


def test_headings_that_come_twice_are_told_apart(read):
    source = read("名称,名称,备注\n1,2,3\n")
    assert [field.name for field in source.info.fields] == ["名称", "名称_2", "备注"]
    assert source.notes[0][0] == "table.heading_twice"


def test_a_quote_that_is_never_closed_is_refused(read):
    error = refused(read, 'a,b\n1,"x\n' + "2,y\n" * 30)
    assert (error.code, error.values["row"]) == ("input.broken_row", 2)


def test_numbers_alone_are_no_heading(read):
    assert refused(read, "1,2\n3,4\n").code == "input.no_header"


def test_gzip_is_read_as_a_stream(tmp_path):
    path = tmp_path / "案件.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode("gbk")))
    source = CityFiles().open_source(str(path))
    assert source.info.layer == "案件"
    assert len(rows_of(source)) == 2


def test_a_gzip_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"0,0\n" * (24 << 20)))
    assert refused(CsvSource, str(path)).code == "input.bomb"


@pytest.mark.parametrize("cut", [5, 30])
def test_a_truncated_gzip_is_refused(tmp_path, cut):
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode() * 50)[:cut])
    assert refused(CsvSource, str(path)).code == "input.unreadable"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "input.empty_file"),
        (b"\n\n", "input.empty"),
        (b"\xef\xbb\xbf", "input.empty"),
        (b"a,b\n", "input.empty"),
        (b"a,b\n,\n", "input.empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "input.not_text"),
        (b"PK\x03\x04" + bytes(100), "input.not_text"),
        (bytes(range(256)) * 8, "input.not_text"),
    ],
)
def test_what_is_no_table_is_refused(read, data, code):
    assert refused(read, data).code == code


def test_another_layer_is_refused_with_the_one_there_is(read):
    error = refused(read, TEXT, layer="x")
    assert (error.code, error.values["layers"]) == ("input.layer_missing", ["表 1"])


def test_chunks_are_of_the_size_asked_for_and_in_order(read):
    source = read("a,b\n" + "".join(f"{i},x\n" for i in range(1000)))
    chunks = list(source.chunks(300))
    assert [len(chunk[ROW]) for chunk in chunks] == [300, 300, 300, 100]
    assert [int(value) for chunk in chunks for value in chunk["a"]] == list(range(1000))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "rows", "blank"),
    [
        ("cases/boston_311_2011H2.csv.gz", 58_251, 0),
        ("cases/shenzhen_pingshan_2018.csv.gz", 10_000, 0),
        ("components/binghamton_street_trees.csv.gz", 16_875, 0),
        ("cases/windsor_service_requests_2025.csv.gz", 32_594, 18),
    ],
)
def test_every_row_of_real_tables_is_read(shared, name, rows, blank):
    """Oracle: the csv module on the whole text in UTF-8."""
    source = CityFiles().open_source(str(shared / name))
    got = rows_of(source)
    assert len(got) + sum(values["count"] for code, values in source.notes if code == "table.blank_rows") == rows
    with gzip.open(shared / name, "rt", encoding="utf-8-sig", newline="") as file:
        records = list(csv.reader(file))
    for row in (got[0], got[len(got) // 2], got[-1]):
        assert [value or "" for value in list(row.values())[1:]] == [
            v if v.strip() else "" for v in records[row[ROW] - 1]
        ]
