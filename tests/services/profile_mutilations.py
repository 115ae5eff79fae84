# SPDX-License-Identifier: GPL-2.0-or-later
"""What can happen to a profile workbook between export and import: in Excel, on the disk, on purpose."""

from __future__ import annotations

import datetime
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import openpyxl
from openpyxl.utils import get_column_letter

SHEETS = (
    "settings", "schemes", "classes", "departments", "filing_standard", "responsibility_rules", "indicators",
    "work_calendar", "score_schemes", "score_terms", "score_bands",
)  # fmt: skip
FATAL, HARMLESS, OPEN = "fatal", "harmless", "open"
HOSTILE = (
    "-", "=1+1", "'; DROP TABLE class; --", "<script>", "&amp;", "\u202e敵", "x" * 3000, "a\nb", "0x10", "1e309", "NaN",
    "inf", "１２", "٣", "component", "event", "2013", "2026", " ", "0101", "是", "工作日", "D01", "_x0041_",
    "None", "null", "08:00-12:00", "air=大气污染", "closed", "%",
)  # fmt: skip


@dataclass
class Outcome:
    """What must come of a mutilated workbook: ``fatal`` is refused, ``harmless`` changes nothing, ``open`` is either.

    ``sheet``, ``row`` and ``column`` (letter): where the refusal must point, as far as it is known.
    """

    must: str
    sheet: str = ""
    row: int = 0
    column: str = ""


def sheet_of(book, name):
    return next(sheet for sheet in book.worksheets if sheet.title.split()[0] == name)


def heading(sheet, column):
    return str(sheet.cell(1, column).value).split()[0]


def pick_cell(rng, book, *, filled=False):
    """Return sheet, row and column of some cell under the headings; never the column that is for people."""
    while True:
        sheet = sheet_of(book, rng.choice(SHEETS))
        row, column = rng.randint(2, sheet.max_row), rng.randint(1, sheet.max_column)
        if heading(sheet, column) == "note" and sheet.title.startswith("settings"):
            continue
        if not filled or sheet.cell(row, column).value is not None:
            return sheet, row, column


def at(must, sheet, row=0, column=0):
    return Outcome(must, sheet.title.split()[0], row, get_column_letter(column) if column else "")


# -- in Excel -------------------------------------------------------------------------------------------------------


def delete_sheet(rng, book):
    sheet = sheet_of(book, rng.choice(SHEETS))
    book.remove(sheet)
    return at(FATAL, sheet) if not sheet.title.startswith("settings") else Outcome(FATAL)


def rename_sheet(rng, book):
    sheet = sheet_of(book, rng.choice(SHEETS))
    sheet.title = rng.choice(["Tabelle1", "notes old", "说明2", sheet.title[:-1] + "x", "classes.", "工作"])
    return Outcome(FATAL)


def double_sheet(rng, book):
    sheet = sheet_of(book, rng.choice(SHEETS))
    copy = book.copy_worksheet(sheet)
    copy.title = sheet.title.split()[0]
    return Outcome(FATAL)


def delete_column(rng, book):
    sheet, _, column = pick_cell(rng, book)
    sheet.delete_cols(column)
    return at(FATAL, sheet)


def rename_heading(rng, book):
    sheet, _, column = pick_cell(rng, book)
    sheet.cell(1, column).value = rng.choice(["x", "Code", heading(sheet, 1) + "s", 5, "代码名", "key value"])
    return at(FATAL, sheet, 1, column)


def swap_cells(rng, book):
    sheet, row, column = pick_cell(rng, book)
    other = rng.randint(2, sheet.max_row)
    last = sheet.max_column - (sheet.title.startswith("settings"))
    there = rng.choice([column, rng.randint(1, last)])
    one, two = sheet.cell(row, column), sheet.cell(other, there)
    one.value, two.value = two.value, one.value
    return Outcome(OPEN)


def swap_columns(rng, book):
    sheet = sheet_of(book, rng.choice(SHEETS))
    one, two = rng.sample(range(1, sheet.max_column + 1), 2)
    for row in range(1, sheet.max_row + 1):
        first, second = sheet.cell(row, one), sheet.cell(row, two)
        first.value, second.value = second.value, first.value
    return Outcome(HARMLESS)


def shuffle_rows(rng, book):
    sheet = sheet_of(book, rng.choice([name for name in SHEETS if name != "schemes"]))
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    rng.shuffle(rows)
    for number, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            sheet.cell(number, column).value = value
    return Outcome(HARMLESS)


def wrong_type(rng, book):
    sheet, row, column = pick_cell(rng, book)
    value = rng.choice([datetime.datetime(2027, 2, 6, 12), datetime.time(8), datetime.timedelta(hours=3), True, 1.5])
    sheet.cell(row, column).value = value
    return Outcome(OPEN)


def date_in_text(rng, book):
    sheet = sheet_of(book, rng.choice(["classes", "departments", "indicators"]))
    row, column = rng.randint(2, sheet.max_row), rng.choice([2, 1])
    sheet.cell(row, column).value = datetime.datetime(2027, 2, 6)
    return at(FATAL, sheet, row, column)


def error_value(rng, book):
    sheet, row, column = pick_cell(rng, book)
    cell = sheet.cell(row, column)
    cell.value, cell.data_type = "#REF!", "e"
    return at(FATAL, sheet, row, column)


def double_row(rng, book):
    sheet = sheet_of(book, rng.choice(SHEETS))
    row = rng.randint(2, sheet.max_row)
    sheet.append([cell.value for cell in sheet[row]])
    return at(FATAL, sheet) if sheet.cell(row, 1).value is not None else Outcome(OPEN)


def delete_row(rng, book):
    sheet, row, _ = pick_cell(rng, book)
    sheet.delete_rows(row)
    return Outcome(OPEN)


def blank_cell(rng, book):
    sheet, row, column = pick_cell(rng, book, filled=True)
    sheet.cell(row, column).value = None
    return Outcome(OPEN)


def formula(rng, book):
    sheet, row, column = pick_cell(rng, book)
    sheet.cell(row, column).value = rng.choice(["=A1", "=SUM(A1:A9)", '=HYPERLINK("http://x")', "=[1]Sheet1!A1"])
    return at(FATAL, sheet, row, column)


def merge(rng, book):
    sheet, row, column = pick_cell(rng, book)
    width = rng.randint(0, 1)
    sheet.merge_cells(start_row=row, start_column=column, end_row=row + 1 - width, end_column=column + width)
    return at(FATAL, sheet, row, column)


def huge_number(rng, book):
    sheet, row, column = pick_cell(rng, book)
    sheet.cell(row, column).value = rng.choice([1e300, -1e300, 10**25, -1, 0, 1e-300, 99_999_999, 2**63])
    return Outcome(OPEN)


def wrong_reference(rng, book):
    name, column = rng.choice(
        [("classes", 10), ("filing_standard", 1), ("indicators", 3), ("indicators", 4), ("responsibility_rules", 5)]
    )
    sheet = sheet_of(book, name)
    row = rng.randint(2, sheet.max_row)
    sheet.cell(row, column).value = rng.choice(["D77", "9999", "nobody", "０１０１"])
    return at(FATAL, sheet, row, column)


def stray_cell(rng, book):
    sheet = sheet_of(book, rng.choice(SHEETS))
    row, column = rng.randint(2, sheet.max_row + 30), sheet.max_column + rng.randint(1, 40)
    sheet.cell(row, column).value = rng.choice(["see above", 5, "="])
    return at(FATAL, sheet, row, column)


def any_text(rng, book):
    sheet, row, column = pick_cell(rng, book)
    cell = sheet.cell(row, column)
    cell.value = rng.choice(HOSTILE)
    cell.data_type = "s"
    return Outcome(OPEN)


def blank_rows(rng, book):
    sheet = sheet_of(book, rng.choice(SHEETS))
    sheet.insert_rows(rng.randint(2, sheet.max_row), rng.randint(1, 5))
    return Outcome(HARMLESS)


def title_above(rng, book):
    sheet = sheet_of(book, rng.choice(SHEETS))
    sheet.insert_rows(1)
    sheet.cell(1, 1).value = "城市配置"
    return at(FATAL, sheet, 1)


def change_setting(rng, book):
    sheet = sheet_of(book, "settings")
    key, value = rng.choice(
        [
            ("work_hours", "9-5"), ("tolerance_a_m", "wide"), ("tolerance_b_m", "0"), ("extra_kinds", "大气污染"),
            ("base", "1999"), ("replace", "all"), ("tolerances", "5"), ("extension_from", "abc"),
        ]
    )  # fmt: skip
    row = next((row for row in range(2, sheet.max_row + 1) if sheet.cell(row, 1).value == key), sheet.max_row + 1)
    sheet.cell(row, 1).value, sheet.cell(row, 2).value = key, value
    return at(FATAL, sheet, row)


# -- on the disk ----------------------------------------------------------------------------------------------------


def truncate(rng, path):
    content = path.read_bytes()
    path.write_bytes(content[: rng.randint(0, len(content) - 30)])
    return Outcome(FATAL)


def flip_bytes(rng, path):
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 3, 20])):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))
    return Outcome(OPEN)


def _repack(path, change):
    with zipfile.ZipFile(path) as package:
        parts = [(name, package.read(name)) for name in package.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in change(parts):
            package.writestr(name, content)


def drop_part(rng, path):
    _repack(path, lambda parts: [part for part in parts if part is not chosen] if (chosen := rng.choice(parts)) else [])
    return Outcome(OPEN)


def double_part(rng, path):
    _repack(path, lambda parts: [*parts, rng.choice(parts)])
    return Outcome(FATAL)


def hostile_part(rng, path):
    doctype = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    ways = (
        lambda parts: [
            (name, doctype + content.partition(b"?>")[2] if name.endswith("sheet1.xml") else content)
            for name, content in parts
        ],
        lambda parts: [*parts, ("xl/externalLinks/externalLink1.xml", b"<externalLink/>")],
        lambda parts: [*parts, ("xl/vbaProject.bin", b"\0" * 100)],
        lambda parts: [*parts, ("xl/worksheets/sheet99.xml", b"<x>" + b" " * (24 << 20))],
    )
    _repack(path, rng.choice(ways))
    return Outcome(FATAL)


def cut_xml(rng, path):
    def change(parts):
        chosen = rng.choice([name for name, _ in parts if name.startswith("xl/worksheets/sheet")])
        for name, content in parts:
            if name == chosen:
                start = rng.randrange(len(content))
                content = content[:start] + content[start + rng.randint(1, 400) :]
            yield name, content

    _repack(path, change)
    return Outcome(OPEN)


IN_EXCEL: tuple[Callable[..., Outcome], ...] = (
    delete_sheet, rename_sheet, double_sheet, delete_column, rename_heading, swap_cells, swap_columns, shuffle_rows,
    wrong_type, date_in_text, error_value, double_row, delete_row, blank_cell, formula, merge, huge_number,
    wrong_reference, stray_cell, any_text, blank_rows, title_above, change_setting,
)  # fmt: skip
ON_DISK: tuple[Callable[..., Outcome], ...] = (truncate, flip_bytes, drop_part, double_part, hostile_part, cut_xml)
ALL = (*IN_EXCEL, *ON_DISK)


def mutilate(path: Path, seed: int) -> tuple[str, Outcome]:
    """Mutilate a workbook in place in a way that the seed decides; returns what was done and what must come of it."""
    rng = random.Random(seed)
    way = ALL[seed % len(ALL)]
    if way in ON_DISK:
        return way.__name__, way(rng, path)
    book = openpyxl.load_workbook(path)
    outcome = way(rng, book)
    book.save(path)
    return way.__name__, outcome
