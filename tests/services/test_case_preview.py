# SPDX-License-Identifier: GPL-2.0-or-later
"""The look at a table of cases before it comes in."""

from __future__ import annotations

import json

import pytest
from openpyxl import Workbook

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Layer
from digital_citymgmt_plugin.core.requests_intake import PreviewCases
from digital_citymgmt_plugin.services.case_preview import preview_cases
from tests.services.cities import CRS, X0, Y0, City
from tests.support import Watcher, new_store


@pytest.fixture
def city(tmp_path):
    store = new_store(tmp_path / "城.gpkg", crs=CRS)
    made = City(store, tmp_path, Watcher())
    made.communities()
    yield made
    store.close()


@pytest.fixture
def book(city):
    """A workbook as people make them: a cover, a title over merged headings, a list of codes."""
    made = Workbook()
    made.active.title = "说明"
    made.active.append(["本表由平台导出"])
    sheet = made.create_sheet("案件")
    sheet.append(["启东市城市管理案件表"])
    sheet.merge_cells("A1:F1")
    sheet.append(["导出日期：2024-04-01"])
    sheet.append(["任务编号", "问题小类", "上报", "X", "Y", "问题描述"])
    for number in range(4):
        kind = "店外经营" if number % 2 else "占道摆摊"
        place = (Y0 + 100, X0 + 100) if number == 3 else (X0 + 100 + number, Y0 + 100)
        sheet.append([f"QD{number:05d}", kind, 45356.5 + number, *place, "=1+1" if number == 0 else "占道影响通行"])
    codes = made.create_sheet("代码")
    codes.append(["代码", "名称"])
    codes.append(["01", "公用设施"])
    path = city.folder / "平台导出.xlsx"
    made.save(path)
    return str(path)


def test_the_sheet_of_cases_its_columns_words_times_and_places_are_found(city, book):
    before = city.digest()
    seen = preview_cases(city.context, PreviewCases(Layer(book)))
    assert seen["layers"] == ["说明", "案件", "代码"] and seen["layer"] == "案件"
    assert seen["columns"][0] == "任务编号" and len(seen["rows"]) == 4
    assert seen["fields"]["case_no"] == "任务编号" and seen["fields"]["class_name"] == "问题小类"
    assert seen["fields"]["reported_at"] == "上报" and (seen["x"], seen["y"]) == ("X", "Y")
    assert seen["crs"] == CRS and seen["origin"] == "guessed"
    assert seen["times"] == {"reported_at": [4, 0]}
    assert [row[:2] for row in seen["words"]] == [["占道摆摊", 2]]
    places = seen["places"]
    assert (places["read"], places["inside"], places["outside"], places["none"]) == (4, 4, 0, 0)
    assert places["mended"] == {"swapped": 1} and len(places["points"]) == 4 and len(places["rings"]) == 2
    assert city.digest() == before


def test_another_mapping_is_looked_at_and_what_lacks_is_said(city, book):
    mapping = json.dumps({"fields": {"case_no": "任务编号"}})
    seen = preview_cases(city.context, PreviewCases(Layer(book, "案件"), mapping))
    assert seen["origin"] == "said" and seen["places"]["problem"] == "preview.no_coordinates"
    mapping = json.dumps({"fields": {"case_no": "任务编号"}, "x": "X", "y": "Y", "crs": "EPSG:4326"})
    seen = preview_cases(city.context, PreviewCases(Layer(book, "案件"), mapping))
    assert seen["places"]["mended"]["metres"] == 4
    with pytest.raises(InputRefused, match=r"mapping\.no_column"):
        preview_cases(city.context, PreviewCases(Layer(book, "案件"), json.dumps({"fields": {"case_no": "没有"}})))
