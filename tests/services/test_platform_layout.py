# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases in a platform's layout: as its sample, differences told, and the same cases when they are read back."""

from __future__ import annotations

from dataclasses import replace

import openpyxl
import pytest

from digital_citymgmt_plugin.bridge.messages import SENTENCES
from digital_citymgmt_plugin.core.cases import layout
from digital_citymgmt_plugin.core.requests import ImportCases, Layer
from digital_citymgmt_plugin.core.requests_slips import ExportPlatformCases
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.handover import export_platform_cases
from tests.services.cities import point

HEAD = ["案件编号", "小类代码", "问题描述", "地址", "上报时间", "立案时间", "处置部门", "X坐标", "Y坐标", "备用"]
KEPT = ["case_no", "class_code", "description", "address", "reported_at", "filed_at", "dept_name", "stage"]


def rows(count):
    return [
        [f"P{at:04}", "0102", f"描述{at}" if at else "=1+1", f"华山路{at}号",
         f"2026/03/{1 + at % 20:02} 10:0{at % 10}:00", f"2026/03/{1 + at % 20:02} 11:0{at % 10}:00",
         "市政处" if at % 2 else "环卫处", f"{point(100 + 20 * at, 0).x:.1f}", f"{point(0, 100 + at).y:.1f}", ""]
        for at in range(count)
    ]  # fmt: skip


def book(path, lines):
    made = openpyxl.Workbook()
    made.active.title = "案件列表"
    for line in [HEAD, *lines]:
        made.active.append([str(cell) for cell in line])
    for row in made.active.iter_rows():
        for cell in row:
            cell.data_type = "s"
    made.save(path)
    return str(path)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_what_is_written_is_as_the_sample_and_reads_back_as_the_same_cases(town, tmp_path, ending):
    words = replace(town.context, sentences=SENTENCES)
    sample = book(tmp_path / "sample.xlsx", rows(40))
    read = import_cases(words, ImportCases(Layer(sample)))
    before = {name: town.store.read("case_record", KEPT, [], ["case_no"])[name].tolist() for name in KEPT}
    assert len(before["case_no"]) == read["counts"]["new"] if "new" in read["counts"] else True
    out = tmp_path / f"out.{ending}"
    request = ExportPlatformCases(Layer(sample), str(out), chosen='{"queue": "all"}', report=str(tmp_path / "r.xlsx"))
    told = export_platform_cases(words, request)
    assert told["counts"]["cases"] == len(before["case_no"]) and told["counts"]["unknown"] == 0
    assert [one for one in told["differences"] if one["code"] == "layout.headings"] == []
    assert told["columns"]["案件编号"] == "case_no" and "备用" not in told["columns"]
    again = import_cases(words, ImportCases(Layer(str(out))))
    after = {name: town.store.read("case_record", KEPT, [], ["case_no"])[name].tolist() for name in KEPT}
    assert after == before and not again["counts"].get("rejected")


def test_columns_are_told_by_their_values():
    assert layout.column_of("t", ["2026/03/05 10:00:00", ""]).pattern == "%Y/%m/%d %H:%M:%S"
    assert layout.column_of("c", ["0102"] * 4 + ["0103"] * 4).codes == {"0102", "0103"}
    assert layout.column_of("c", ["0102"]).kind == layout.TEXT
    assert layout.column_of("n", ["1", "20"]).kind == layout.WHOLE
    assert layout.column_of("n", ["0", "-12"]).kind == layout.WHOLE
    assert layout.column_of("n", ["--12"]).kind == layout.TEXT
    assert layout.column_of("n", ["9" * 5_000]).kind != layout.WHOLE
    assert layout.column_of("n", ["1.5", "20"]).kind == layout.NUMBER
    assert layout.column_of("e", ["", " "]).kind == layout.EMPTY


def test_differences_are_named():
    sample = [layout.column_of("a", ["2026/03/05 10:00:00"]), layout.column_of("b", ["1"])]
    other = [layout.column_of("a", ["2026-03-05 10:00:00"]), layout.column_of("b", ["x"])]
    assert [code for _, code, _ in layout.differences(sample, other)] == ["layout.time", "layout.kind"]
    assert layout.differences(sample, sample[:1])[0][1] == "layout.headings"
    assert layout.differences(sample, [sample[0], layout.column_of("b", [""])])[0][1] == "layout.empty"
