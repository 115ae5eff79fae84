# SPDX-License-Identifier: GPL-2.0-or-later
"""A workbook of cases as a platform exports it: cover, title over merged cells, strange headings, faults on purpose."""

from __future__ import annotations

import csv
import random
from pathlib import Path

ROWS, SEED = 400, 7


def make_case_workbook(path: Path, data: Path) -> int:
    """Write a workbook of the first cases of the demo city; return how many rows have a time that cannot be read."""
    from openpyxl import Workbook

    with (data / "cases.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))[:ROWS]
    rng = random.Random(SEED)  # noqa: S311  (texts that differ, nothing secret)
    book = Workbook()
    book.active.title = "说明"
    book.active.append(["本表由市级平台导出，仅供内部使用"])
    sheet = book.create_sheet("案件明细")
    sheet.append(["城市管理案件明细表"])
    sheet.merge_cells("A1:H1")
    sheet.append([])
    sheet.append(["工单流水", "小类名称", "群众反映", "东坐标", "北坐标", "所在社区", "处置部门", "情况"])
    wrong = 0
    for number, row in enumerate(rows):
        at = row.get("上报时间") or row.get("reported_at") or "2025-01-01 08:00:00"
        if number % 40 == 7:
            at, wrong = "上周某日", wrong + 1
        elif number % 3 == 0:
            at = at.replace("-", "年", 1).replace("-", "月", 1).replace(" ", "日 ", 1)
        x, y = _first(row, "x", "X坐标", "X"), _first(row, "y", "Y坐标", "Y")
        if number % 50 == 3:
            x, y = y, x
        words = _first(row, "小类名称", "class_name") or "占道摆摊"
        words = "流动摊点占道" if number % 25 == 1 else words
        told = f"群众反映有人占道，已是第{rng.randrange(10_000)}次，请尽快到现场核实处理"
        text = '=HYPERLINK("http://x")' if number == 11 else told
        area, unit = _first(row, "所在社区", "社区"), _first(row, "处置部门", "主管部门", "dept_name")
        sheet.append([f"GD{number:06d}", words, at, x, y, area, unit, text])
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return wrong


def _first(row: dict[str, str], *names: str) -> str:
    return next((row[name] for name in names if row.get(name)), "")
