# SPDX-License-Identifier: GPL-2.0-or-later
"""City profiles as one Excel workbook, or as JSON of the same shape: out for editing, in again, never half.

A workbook holds the sheets ``settings``, ``schemes``, ``classes``, ``departments``, ``filing_standard`` and
``indicators`` (English or Chinese names and headings). With ``base`` in ``settings`` it lists only what differs from,
or is added to, a built-in edition: a blank cell keeps the base's value, ``-`` empties it, and the sheets named in
``replace`` start from nothing. Formulas are refused, never evaluated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.codes import CodeScheme
from digital_citymgmt_plugin.core.errors import InputRefused, ProfileError
from digital_citymgmt_plugin.core.ports import Formula
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.storage.profile_rows import SHEETS, ProfileRows, SheetRows

_NOTES = ("notes", "说明")  # a sheet of this name is for people
_MAX_BYTES = 50 << 20
_MAX_ROWS = 100_000  # a profile has some thousand rows; formatted empty rows are no reason to read on for ever


def read_profile(path: str) -> Profile:
    """Read a profile from a workbook (.xlsx) or a .json file.

    Raises
    ------
    InputRefused
        ``input.unreadable``, ``profile.unknown_format``, and those of a damaged workbook.
    ProfileError
        With file, sheet (``table``), row and column of the first fault.
    """
    ending = Path(path).suffix.lower()
    if ending in (".xlsx", ".xlsm"):
        return read_profile_workbook(path)
    if ending == ".json":
        return read_profile_json(path)
    raise InputRefused("profile.unknown_format", file=path)


def read_profile_workbook(path: str) -> Profile:
    """Read a profile workbook; see the module. Hidden sheets and rows count like others.

    Raises
    ------
    InputRefused, ProfileError
        See :func:`read_profile`.
    """
    from digital_citymgmt_plugin.storage.workbooks import check_package

    _check_size(path)
    check_package(path)
    return ProfileRows(path, _workbook_sheets(path)).profile()


def _check_size(path: str) -> None:
    try:
        size = Path(path).stat().st_size
    except OSError as error:
        raise InputRefused("input.unreadable", file=path, detail=str(error)) from error
    if size > _MAX_BYTES:
        raise InputRefused("input.bomb", file=path)


def _workbook_sheets(path: str) -> dict[str, SheetRows]:
    import warnings

    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # unknown extensions and styles do not concern the cells
            book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
        try:
            return _sheets_of(path, book)
        finally:
            book.close()
    except (InputRefused, ProfileError):
        raise
    except Exception as error:  # openpyxl raises nearly anything on a broken file
        raise InputRefused("input.unreadable", file=path, detail=f"{type(error).__name__}: {error}") from error


def _sheets_of(path: str, book: Any) -> dict[str, SheetRows]:
    sheets: dict[str, SheetRows] = {}
    for sheet in book.worksheets:
        if sheet.title.strip().lower().startswith(_NOTES):
            continue
        name = _english(sheet.title, {name: chinese for name, (chinese, _) in SHEETS.items()})
        if not name or name in sheets:
            raise ProfileError("profile.unknown_sheet", file=path, table=sheet.title, sheets=", ".join(SHEETS))
        sheets[name] = _sheet_rows(path, name, sheet)
    return sheets


def _english(text: Any, names: Mapping[str, str]) -> str:
    """Return the English name of a sheet or column written in English, Chinese or both, '' when it is none."""
    words = str(text or "").split()
    for name, chinese in names.items():
        if words in ([name], [chinese], [name, chinese], [chinese, name]):
            return name
    return ""


def _sheet_rows(path: str, name: str, sheet: Any) -> SheetRows:
    from openpyxl.utils import get_column_letter

    sheet.reset_dimensions()  # the stated extent of a sheet is often wrong
    columns: dict[int, str] = {}
    rows: list[tuple[int, dict[str, Any]]] = []
    for number, cells in enumerate(sheet.iter_rows(max_row=_MAX_ROWS + 1), 1):
        values = {index: _cell(cell) for index, cell in enumerate(cells) if cell.value is not None}
        if number > _MAX_ROWS:
            raise InputRefused("input.bomb", file=path)
        if number == 1:
            columns = _header(path, name, values)
            continue
        for index, value in values.items():
            if index not in columns and str(value).strip():
                column = get_column_letter(index + 1)
                raise ProfileError(
                    "profile.outside", file=path, table=name, row=number, column=column, value=str(value)
                )
        rows.append((number, {column: values.get(index) for index, column in columns.items()}))
    return SheetRows(rows, {column: get_column_letter(index + 1) for index, column in columns.items()})


def _cell(cell: Any) -> Any:
    if cell.data_type == "f":
        return Formula(getattr(cell.value, "text", cell.value) or "=")
    if cell.data_type == "e":
        return Formula(cell.value)  # #REF! and its kin are results of formulas
    return cell.value


def _header(path: str, name: str, values: Mapping[int, Any]) -> dict[int, str]:
    from openpyxl.utils import get_column_letter

    columns: dict[int, str] = {}
    for index, value in values.items():
        column = _english(value, SHEETS[name][1])
        if not column or column in columns.values():
            letter = get_column_letter(index + 1)
            expected = ", ".join(SHEETS[name][1])
            raise ProfileError(
                "profile.unknown_column",
                file=path,
                table=name,
                row=1,
                column=letter,
                value=str(value),
                expected=expected,
            )
        columns[index] = column
    return columns


def read_profile_json(path: str) -> Profile:
    """Read a profile from JSON: an object with the sheets' names; ``settings`` an object, all others lists of objects.

    A scheme may be one object with ``segments`` as a list of [name, digits]. Rows are counted from 1.

    Raises
    ------
    InputRefused
        ``input.unreadable`` (no file, no JSON), ``input.bomb`` (too large).
    ProfileError
        ``profile.unknown_sheet``, ``profile.unknown_column``, ``profile.not_rows``, or what is wrong in a row (see
        ``profile_rows.py``), with table, row and column.
    """
    _check_size(path)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputRefused("input.unreadable", file=path, detail=str(error)) from error
    if not isinstance(content, dict):
        raise ProfileError("profile.unknown_sheet", file=path, table=type(content).__name__, sheets=", ".join(SHEETS))
    sheets: dict[str, SheetRows] = {}
    for name, rows in content.items():
        if name not in SHEETS:
            raise ProfileError("profile.unknown_sheet", file=path, table=name, sheets=", ".join(SHEETS))
        if name == "settings" and isinstance(rows, dict):
            rows = [{"key": key, "value": value} for key, value in rows.items()]
        sheets[name] = SheetRows(list(_json_rows(path, name, rows)))
    return ProfileRows(path, sheets).profile()


def _json_rows(path: str, name: str, rows: Any) -> Iterable[tuple[int, dict[str, Any]]]:
    if not isinstance(rows, list):
        raise ProfileError("profile.not_rows", file=path, table=name, row=0, column="", value=type(rows).__name__)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise ProfileError("profile.not_rows", file=path, table=name, row=number, column="", value=str(row)[:80])
        segments = row.get("segments") if name == "schemes" else None
        head = {key: value for key, value in row.items() if segments is None or key != "segments"}
        for column in head:
            if column not in SHEETS[name][1]:
                expected = ", ".join(SHEETS[name][1])
                raise ProfileError(
                    "profile.unknown_column", file=path, table=name, row=number, column=column, value=column,
                    expected=expected,
                )  # fmt: skip
        if segments is None:
            yield number, head
            continue
        for segment in segments if isinstance(segments, list) else [segments]:
            if not isinstance(segment, list) or not 2 <= len(segment) <= 3:
                raise ProfileError(
                    "profile.not_rows", file=path, table=name, row=number, column="segments", value=str(segment)[:80]
                )
            yield number, {**head, **dict(zip(("segment", "digits", "source"), segment))}


def write_profile_workbook(profile: Profile, path: str) -> None:
    """Write a whole profile as a workbook that ``read_profile_workbook`` takes; text never becomes a formula.

    Raises
    ------
    InputRefused
        ``output.failed`` when the file cannot be written; an existing file stays as it was.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in _profile_rows(profile).items():
        chinese, columns = SHEETS[name]
        sheet = book.create_sheet(f"{name} {chinese}")
        _fill(sheet, [f"{column} {text}" for column, text in columns.items()], [list(row.values()) for row in rows])
    notes = book.create_sheet("notes 说明")
    _fill(
        notes,
        ["count", "统计量", "definition", "定义"],
        [_count_row(profile, index) for index in range(len(profile.counts))],
    )
    target = Path(path)
    temporary = target.with_name(target.name + ".part")
    try:
        book.save(temporary)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputRefused("output.failed", file=path, detail=str(error)) from error


def _count_row(profile: Profile, index: int) -> list[Any]:
    count = profile.counts[index]
    return [count.code, count.name, count.definition, count.definition_zh]


def _profile_rows(profile: Profile) -> dict[str, list[dict[str, Any]]]:
    own = {"name": profile.name, "edition": profile.edition, "version": profile.version, "base": "", "replace": ""}
    return {
        "settings": [{"key": key, "value": value} for key, value in {**own, **profile.settings}.items()],
        "schemes": [row for scheme in (profile.grid_scheme, profile.component_scheme) for row in _scheme_rows(scheme)],
        "classes": [{**vars(entry), "enabled": int(entry.enabled)} for entry in profile.classes],
        "departments": [dict(vars(entry)) for entry in profile.departments],
        "filing_standard": [dict(vars(entry)) for entry in profile.filing_rules],
        "indicators": [dict(vars(entry)) for entry in profile.indicators],
    }


def _scheme_rows(scheme: CodeScheme) -> list[dict[str, Any]]:
    return [
        {
            "kind": scheme.kind,
            "name": scheme.name,
            "segment": segment.name,
            "digits": segment.digits,
            "source": segment.source,
            "confidence": scheme.confidence,
            "note": scheme.note,
        }
        for segment in scheme.segments
    ]


def _fill(sheet: Any, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.append(header)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"
    for number, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            if value is None or value == "":
                continue
            cell = sheet.cell(number, column)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
                cell.data_type = "s"  # "=cmd()" stays text
                cell.number_format = "@"  # and a code keeps its zeros when it is edited
                cell.quotePrefix = value[0] in "=+-@"
            else:
                cell.value = value
    for index, title in enumerate(header):
        longest = max([len(title) + 4, *(len(str(row[index] or "")) + 2 for row in rows[:200])])
        sheet.column_dimensions[get_column_letter(index + 1)].width = min(longest, 50)
