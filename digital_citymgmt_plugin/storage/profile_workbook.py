# SPDX-License-Identifier: GPL-2.0-or-later
"""City profiles from one Excel workbook (or JSON of the same shape): all of it or nothing, whatever was done to it.

A workbook holds the sheets of ``profile_sheets.SHEETS`` (English or Chinese names and headings). Without ``base`` in
``settings`` it is the whole profile and every sheet and column must be there. With ``base`` it lists only what differs
from, or is added to, a built-in edition: a blank cell keeps the base's value, ``-`` empties it, and the sheets named in
``replace`` start from nothing. Formulas, merged cells and links to other files are refused, never followed.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.cells import Formula
from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.storage.profile_json import read_profile_json
from digital_citymgmt_plugin.storage.profile_rows import ProfileRows
from digital_citymgmt_plugin.storage.profile_sheets import SHEETS, Faults, SheetRows
from digital_citymgmt_plugin.storage.profile_structure import check_cells

_NOTES = ("notes", "说明")  # a sheet of this name is for people
_MAX_BYTES = 50 << 20
_MAX_UNPACKED = 256 << 20
_MAX_ROWS = 100_000  # a profile has some thousand rows; formatted empty rows are no reason to read on for ever
# Parts through which a workbook reaches outside itself, or runs something when it is opened.
_OUTSIDE = re.compile(r"(?i)xl/(externalLinks|embeddings|activeX|ctrlProps|queryTables)/|connections\.xml$|vbaProject")
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["\']([A-Z]{1,3})(\d{1,7}):')
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s")


def read_profile(path: str) -> Profile:
    """Read a profile from a workbook (.xlsx) or a .json file.

    Raises
    ------
    InputRefused
        ``input.unreadable``, ``profile.unknown_format``, and those of a damaged workbook.
    ProfileError
        With file, sheet (``table``), row and column of the first fault; all of them in ``faults``.
    """
    ending = Path(path).suffix.lower()
    if ending == ".xlsx":
        return read_profile_workbook(path)
    if ending == ".json":
        _check_size(path)
        return read_profile_json(path)
    raise InputRefused("profile.unknown_format", file=path)


def read_profile_workbook(path: str) -> Profile:
    """Read a profile workbook; see the module. Hidden sheets, rows and columns count like others.

    Raises
    ------
    InputRefused, ProfileError
        See :func:`read_profile`.
    """
    from digital_citymgmt_plugin.storage.workbooks import check_package

    _check_size(path)
    check_package(path)
    _check_parts(path)
    faults = Faults(path)
    sheets = _workbook_sheets(path, faults)
    return ProfileRows(faults, sheets, whole=True).profile()


def _check_size(path: str) -> None:
    try:
        size = Path(path).stat().st_size
    except OSError as error:
        raise InputRefused("input.unreadable", file=path, detail=str(error)) from error
    if size > _MAX_BYTES:
        raise InputRefused("input.bomb", file=path)


def _check_parts(path: str) -> None:
    """Read every part to its end: only then a changed byte shows; and look for what reaches outside."""
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
            if sum(part.file_size for part in parts) > _MAX_UNPACKED:
                raise InputRefused("input.bomb", file=path)
            names = [part.filename.lower() for part in parts]
            if len(set(names)) < len(names):
                raise InputRefused("input.unreadable", file=path, detail="a part stands in the file twice")
            outside = next((part.filename for part in parts if _OUTSIDE.search(part.filename)), None)
            if outside is not None:
                raise InputRefused("profile.outside_link", file=path, part=outside)
            for part in parts:
                with package.open(part) as stream:
                    while stream.read(1 << 20):
                        pass
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputRefused("input.unreadable", file=path, detail=str(error)) from error


def _workbook_sheets(path: str, faults: Faults) -> dict[str, SheetRows]:
    import warnings

    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # unknown extensions and styles do not concern the cells
            book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
        try:
            _check_all_loaded(path, book)
            return _sheets_of(path, book, faults)
        finally:
            book.close()
    except (InputRefused, ProfileError):
        raise
    except Exception as error:  # openpyxl raises nearly anything on a broken file
        raise InputRefused("input.unreadable", file=path, detail=f"{type(error).__name__}: {error}") from error


def _check_all_loaded(path: str, book: Any) -> None:
    """Refuse a workbook that lists a sheet which is not there: openpyxl passes such a sheet over without a word."""
    with zipfile.ZipFile(path) as package:
        name = next((name for name in package.namelist() if name.lower().endswith("xl/workbook.xml")), None)
        listed = len(_SHEET.findall(package.read(name))) if name else 0
    if listed != len(book.sheetnames):
        raise InputRefused("input.unreadable", file=path, detail="a sheet of the workbook is missing")


def _sheets_of(path: str, book: Any, faults: Faults) -> dict[str, SheetRows]:
    sheets: dict[str, SheetRows] = {}
    chinese = {name: title for name, (title, _) in SHEETS.items()}
    for sheet in book.worksheets:
        if sheet.title.strip().lower().startswith(_NOTES):
            continue
        name = _english(sheet.title, chinese)
        if not name or name in sheets:
            faults.add("profile.unknown_sheet", sheet.title, value=sheet.title, sheets=", ".join(SHEETS))
            continue
        sheets[name] = _sheet_rows(path, name, sheet, faults)
        _check_layout(path, name, sheet, faults)
    return sheets


def _check_layout(path: str, name: str, sheet: Any, faults: Faults) -> None:
    """Tell cells out of their places, and merged ones: all but the first of these are empty, whatever the user sees."""
    with zipfile.ZipFile(path) as package:
        content = package.read(sheet._worksheet_path.lstrip("/"))
    check_cells(BytesIO(content), name, faults)
    for column, row in _MERGE.findall(content):
        faults.add("profile.merged", name, int(row), column.decode())


def _english(text: Any, names: Mapping[str, str]) -> str:
    """Return the English name of a sheet or column written in English, Chinese or both, '' when it is none."""
    words = str(text or "").split()
    for name, chinese in names.items():
        if words in ([name], [chinese], [name, chinese], [chinese, name]):
            return name
    return ""


def _sheet_rows(path: str, name: str, sheet: Any, faults: Faults) -> SheetRows:
    from openpyxl.utils import get_column_letter

    sheet.reset_dimensions()  # the stated extent of a sheet is often wrong
    columns: dict[int, str] = {}
    told: set[int] = set()  # columns whose heading was told: what stands under it need not be told once more
    rows: list[tuple[int, dict[str, Any]]] = []
    for number, cells in enumerate(sheet.iter_rows(max_row=_MAX_ROWS + 1), 1):
        values = {index: _cell(cell) for index, cell in enumerate(cells) if cell.value is not None}
        if number > _MAX_ROWS:
            raise InputRefused("input.bomb", file=path)
        if number == 1:
            columns = _header(name, values, faults)
            told = {index for index, value in values.items() if index not in columns and str(value).strip()}
            faults.letters[name] = {column: get_column_letter(index + 1) for index, column in columns.items()}
            continue
        for index, value in values.items():
            if index not in columns and index not in told and str(value).strip():
                told.add(index)
                faults.add("profile.outside", name, number, get_column_letter(index + 1), value)
        rows.append((number, {column: values.get(index) for index, column in columns.items()}))
    return SheetRows(rows, {column: get_column_letter(index + 1) for index, column in columns.items()})


def _cell(cell: Any) -> Any:
    if cell.data_type == "f":
        return Formula(getattr(cell.value, "text", cell.value) or "=")
    if cell.data_type == "e":
        return Formula(cell.value)  # #REF! and its kin are results of formulas
    return cell.value


def _header(name: str, values: Mapping[int, Any], faults: Faults) -> dict[int, str]:
    from openpyxl.utils import get_column_letter

    columns: dict[int, str] = {}
    expected = ", ".join(SHEETS[name][1])
    for index, value in values.items():
        column = "" if isinstance(value, Formula) else _english(value, SHEETS[name][1])
        if column and column not in columns.values():
            columns[index] = column
        elif str(value).strip():
            faults.add("profile.unknown_column", name, 1, get_column_letter(index + 1), value, expected=expected)
    return columns
