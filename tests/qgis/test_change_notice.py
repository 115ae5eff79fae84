# SPDX-License-Identifier: GPL-2.0-or-later
"""The change notice: a PDF of what an operation did to the unit grids, out of a store with a past."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsLayoutItemLabel,
    QgsLayoutItemManualTable,
    QgsLayoutItemMap,
    QgsLayoutUtils,
    QgsProcessingException,
    QgsRectangle,
)

from digital_citymgmt_plugin.algorithms.provider import DcmProvider
from digital_citymgmt_plugin.bridge import change_notice
from digital_citymgmt_plugin.bridge.engines import pool
from tests.qgis.algorithms_help import Listener

pytestmark = pytest.mark.qgis
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(qgis_app, qgis_processing):
    import processing

    registry = QgsApplication.processingRegistry()
    made = DcmProvider()
    assert registry.addProvider(made)
    yield lambda name, **parameters: processing.run(f"dcm:{name}", parameters, feedback=Listener())
    registry.removeProvider(made)
    pool().shutdown(2)


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A store of a town whose grids were redrawn twice and numbered anew."""
    path = tmp_path_factory.mktemp("past") / "城市.gpkg"
    data = ROOT / "sample_data"
    command = [sys.executable, "-m", "scripts.history_city", "--data", str(data), "--out", str(path)]
    subprocess.run(command, check=True, cwd=ROOT)
    return str(path)


def test_the_last_change_is_printed_with_its_crosswalk(run, past, chinese_path):
    out = chinese_path / "通知.pdf"
    result = run("changenotice", STORE=past, OPERATION="last", OUTPUT=str(out))
    assert (result["BEFORE"], result["AFTER"]) == (69, 69) and result["RETIRED"] == result["NEW"] == 69
    text = out.read_bytes()
    assert text.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", text)) >= 3


def test_an_operation_without_grids_has_no_notice(run, past, chinese_path):
    with pytest.raises(QgsProcessingException, match="no-such-operation"):
        run("changenotice", STORE=past, OPERATION="no-such-operation", OUTPUT=str(chinese_path / "n.pdf"))
    assert not (chinese_path / "n.pdf").exists()


def box(x, y, width):
    shape = QgsGeometry.fromRect(QgsRectangle(x, y, x + width, y + 200))
    return bytes(shape.asWkb()).hex()


def notice_of(count, reason):
    """An operation that parted many grids of beats with long names."""
    before, after, steps = [], [], []
    for number in range(count):
        x, y = number % 20 * 200, number // 20 * 200
        code = f"320681100{number // 100:03d}{number % 100:03d}"
        before.append({"id": f"{number}/0", "code": code, "area_m2": 40_000.0, "wkb": box(x, y, 200)})
        after.append({"id": f"{number}/1", "code": code, "area_m2": 24_000.0, "wkb": box(x, y, 120)})
        after.append({"id": f"n{number}/0", "code": f"{code[:12]}{500 + number}", "area_m2": 16_000.0,
                      "wkb": box(x + 120, y, 80)})  # fmt: skip
        steps += [{"parent": f"{number}/0", "child": one, "share": share}
                  for one, share in ((f"{number}/1", 0.6), (f"n{number}/0", 0.4))]  # fmt: skip
    side = {"grids": ["a"], "area_m2": 40_000.0}
    name = "启东市汇龙镇民乐社区与紫薇社区交界处沿街商铺及背街小巷责任网格"
    beats = [{"code": f"B{number:02d}", "name": name * 2, "before": side, "after": side, "changed": number % 2 == 0}
             for number in range(40)]  # fmt: skip
    told = {"uuid": "u", "kind": "redraw", "day": "2026-11-30", "done_by": "张三", "reason": reason, "moved": {}}
    counts = {"before": count, "after": 2 * count, "retired": 0, "new": count, "reshaped": count}
    return {"notice": told, "counts": counts, "before": before, "after": after, "steps": steps, "around": [],
            "beats": beats}  # fmt: skip


@pytest.fixture
def printed(qgis_app, monkeypatch):
    """Lay a notice out and look at it while its project is there."""

    def lay(answer, look):
        seen = []
        monkeypatch.setattr(change_notice, "export", lambda layout, _path, _dpi: seen.append(look(layout)))
        change_notice.print_notice(answer, "启东市", QgsCoordinateReferenceSystem("EPSG:4550"), "n.pdf")
        assert len(seen) == 1

    return lay


@pytest.mark.parametrize(
    "reason", ["", "乱序", "主干道拓宽后原单元网格跨路，按办法第十二条重新划分。" * 8, "界线调整" * 400]
)
def test_nothing_on_the_first_page_lies_on_another_thing_however_long_the_reason(printed, reason):
    printed(notice_of(230, reason), first_page_is_clear)


def first_page_is_clear(layout):
    items = [item for item in layout.items() if isinstance(item, (QgsLayoutItemLabel, QgsLayoutItemMap))]
    boxes = [
        item.mapRectToScene(item.rect())
        for item in items
        if layout.pageCollection().pageNumberForPoint(item.pos()) == 0
    ]
    assert len([item for item in items if isinstance(item, QgsLayoutItemMap)]) == 2 and len(boxes) >= 8
    for number, one in enumerate(boxes):
        assert one.right() <= 297 - 11 and one.bottom() <= 210
        for other in boxes[:number]:
            common = one.intersected(other)
            assert common.width() < 0.5 or common.height() < 0.5
    for item in items:
        if isinstance(item, QgsLayoutItemLabel):
            assert item.sizeForText().width() <= item.rect().width() + 2


def test_every_page_of_codes_and_beats_has_its_headings_and_all_rows_are_there(printed):
    printed(notice_of(230, "乱序"), tables_are_whole)


def tables_of(layout):
    """Return the tables in the order of their pages (each page has one of its own)."""
    tables = [frame for frame in layout.multiFrames() if isinstance(frame, QgsLayoutItemManualTable)]
    return sorted(tables, key=lambda table: table.frames()[0].page())


def tables_are_whole(layout):
    tables = tables_of(layout)
    heads = [tuple(heading.heading() for heading in table.headers()) for table in tables]
    rows = {head: [] for head in heads}
    for head, table in zip(heads, tables):
        rows[head] += table.tableContents()
    codes, beats = sorted(rows.values(), key=lambda listed: -len(listed))
    assert (len(codes), len(beats)) == (460, 40)
    assert all(all(head) for head in heads)
    assert layout.pageCollection().pageCount() == 1 + len(tables) > 16
    pages = [frame.page() for table in tables for frame in table.frames()]
    assert pages == list(range(1, len(pages) + 1))
    context = QgsLayoutUtils.createRenderContextForLayout(layout, None)
    for table in tables:
        (frame,) = table.frames()
        shown = table.rowsVisible(context, frame.rect().height(), 0, True, False)
        assert shown == len(table.tableContents()) and frame.pagePos().x() == frame.pagePos().y() == 12
    assert all(sum(table.columnWidths()) <= 297 - 24 for table in tables)
    assert "\n" in beats[0][1].content() and beats[0][1].content().startswith("启东市")


def test_a_long_text_is_cut_into_lines_without_losing_a_character(qgis_app):
    text = "按照《启东市单元网格划分管理办法》第十二条，自2026年12月1日起执行。" * 3
    assert "".join(change_notice.wrapped(text, 60, 10, 99)) == text
    assert change_notice.wrapped("a b", 60, 10, 2) == ["a b"] and change_notice.wrapped("", 60, 10, 2) == [""]
    cut = change_notice.wrapped(text, 60, 10, 2)
    assert len(cut) == 2 and cut[1].endswith("…")


def test_of_a_whole_city_twenty_pages_are_printed_and_the_rest_is_counted(printed):
    def look(layout):
        tables = tables_of(layout)
        by_head = {}
        for table in tables:
            by_head.setdefault(tuple(one.heading() for one in table.headers()), []).extend(table.tableContents())
        rows = max(by_head.values(), key=len)
        assert len(rows) == 601 and rows[-1][0].content().replace("\n", " ").startswith("1400 ")
        assert layout.pageCollection().pageCount() < 30

    printed(notice_of(1_000, "乱序"), look)
