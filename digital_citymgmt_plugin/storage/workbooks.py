# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbooks in: XLSX sheets as a stream, made by anybody, so bounded in every direction and without entities.

Formulas are never evaluated and their cached results not trusted: such a cell comes as ``Formula``.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any
from xml.parsers import expat

from digital_citymgmt_plugin.core.cells import Formula
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Columns, Field, SourceInfo
from digital_citymgmt_plugin.storage import encoding as enc
from digital_citymgmt_plugin.storage.headings import find_header, is_blank, joined, name_columns
from digital_citymgmt_plugin.storage.tables import Note, fill

MAX_UNPACKED = 6 << 30  # a full sheet of 1,048,576 rows with 40 columns is about 3 GB of XML
MAX_IN_MEMORY = 768 << 20  # shared strings and styles are held in memory
MAX_RATIO = 300  # DEFLATE reaches 1032; dense real sheets stay under 60
MAX_PARTS = 10_000
_RATIO_FROM = 16 << 20  # smaller parts do no harm whatever their ratio

_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_Merge = tuple[int, int, int, int]  # first row, first column, last row, last column; rows from 1, columns from 0


class _Doctype(Exception):
    pass


class _Root(Exception):
    pass


def _check_prolog(stream: Any, path: str, part: str) -> None:
    """Refuse a part with a document type: the format forbids it, and entities can read files or blow up."""

    def doctype(*_: Any) -> None:
        raise _Doctype

    def element(*_: Any) -> None:
        raise _Root

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = element
    try:
        while block := stream.read(4096):
            parser.Parse(block, False)
    except _Root:
        return
    except _Doctype:
        raise InputRefused("input.entities", file=path, part=part) from None
    except expat.ExpatError as error:
        if part.lower().endswith((".xml", ".rels")):  # pictures and the like are no XML
            raise InputRefused("input.unreadable", file=path, detail=f"{part}: {error}") from error


def _check_size(part: zipfile.ZipInfo, path: str) -> None:
    name = part.filename.lower()
    held = "worksheets/" not in name and name.endswith((".xml", ".rels"))
    if held and part.file_size > MAX_IN_MEMORY:
        raise InputRefused("input.bomb", file=path)
    if part.file_size > _RATIO_FROM and part.file_size > MAX_RATIO * max(part.compress_size, 1):
        raise InputRefused("input.bomb", file=path)
    if part.flag_bits & 0x1:  # encrypted
        raise InputRefused("input.old_workbook", file=path)


def check_package(path: str) -> None:
    """Check a workbook before anything reads it: a ZIP that is whole, of bounded size, without document types.

    Raises
    ------
    InputRefused
        ``input.unreadable``, ``input.old_workbook`` (XLS, or encrypted), ``input.bomb``, ``input.entities``.
    """
    with Path(path).open("rb") as file:
        head = file.read(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputRefused("input.old_workbook", file=path)
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise InputRefused("input.bomb", file=path)
            if "[Content_Types].xml" not in {part.filename for part in parts}:
                raise InputRefused("input.unknown_format", file=path)
            for part in parts:
                _check_size(part, path)
            for part in parts:
                if part.file_size:  # whatever its ending: a relation may name any part as a sheet
                    with package.open(part) as stream:
                        _check_prolog(stream, path, part.filename)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputRefused("input.unreadable", file=path, detail=str(error)) from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise InputRefused("input.unreadable", file=path, detail=str(error)) from error
        raise


def _load(path: str) -> Any:
    import warnings

    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # unknown extensions, missing default style: nothing that concerns cells
            return load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except Exception as error:  # openpyxl raises nearly anything on a broken file: KeyError, ValueError, ParseError …
        raise InputRefused("input.unreadable", file=path, detail=f"{type(error).__name__}: {error}") from error


def sheets(path: str) -> tuple[str, ...]:
    """Name the worksheets of a workbook that are not hidden; all when every one is hidden."""
    check_package(path)
    book = _load(path)
    try:
        shown = tuple(sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible")
        return shown or tuple(sheet.title for sheet in book.worksheets)
    finally:
        book.close()


def _column(text: bytes) -> int:
    number = 0
    for letter in text:
        number = number * 26 + letter - 64
    return number - 1


def _merges(path: str, part: str) -> list[_Merge]:
    """Read the merged ranges of a sheet; they stand behind the cells, so its XML is passed over once as bytes."""
    found: list[_Merge] = []
    with zipfile.ZipFile(path) as package, package.open(part.lstrip("/")) as stream:
        rest = b""
        while block := stream.read(1 << 20):
            text = rest + block
            end = 0
            if b"mergeCell" in text:
                for match in _MERGE.finditer(text):
                    left, top, right, bottom = match.groups()
                    found.append((int(top), _column(left), int(bottom), _column(right)))
                    end = match.end()
            rest = text[max(end, len(text) - 200) :]
    return sorted(found)


class XlsxSource:
    """A worksheet as a ``Source``: plain values, true row numbers, merged cells filled downwards.

    A value merged over several rows of one column holds for each of them; a value merged over several columns stays in
    the first. A heading of two lines (groups over columns) is joined by ``_``. Blank rows are left out. Columns without
    heading behind the last one are left out and said in ``notes``.

    Raises
    ------
    InputRefused
        see :func:`check_package`; ``input.layer_missing``, ``input.layer_needed`` when several sheets hold something
        and none is named, ``input.no_header``, ``input.empty``, ``input.unreadable`` (also while reading).
    """

    def __init__(self, path: str, layer: str | None = None) -> None:
        check_package(path)
        self._path = path
        self.notes: list[Note] = []
        self._book = _load(path)
        try:
            self._sheet = self._choose(layer)
            self._start()
        except BaseException:
            self.close()
            raise

    def _choose(self, layer: str | None) -> Any:
        every = {sheet.title: sheet for sheet in self._book.worksheets}
        if layer is not None:
            if layer not in every:
                raise InputRefused("input.layer_missing", file=self._path, layer=layer, layers=list(every))
            return every[layer]
        shown = [sheet for sheet in every.values() if sheet.sheet_state == "visible"] or list(every.values())
        filled = [sheet for sheet in shown if next(self._rows_of(sheet), None) is not None]
        if len(filled) > 1:
            raise InputRefused("input.layer_needed", file=self._path, layers=[sheet.title for sheet in filled])
        if not filled:
            raise InputRefused("input.empty", file=self._path, layer=shown[0].title if shown else "")
        return filled[0]

    def _rows_of(self, sheet: Any) -> Iterator[tuple[int, list[Any]]]:
        """Yield number and values of the rows that hold something."""
        sheet.reset_dimensions()  # the stated dimension is often wrong: A1, or a million formatted rows
        try:
            for number, cells in enumerate(sheet.iter_rows(), 1):
                values = [_plain(cell) for cell in cells]
                while values and values[-1] is None:
                    values.pop()
                if values:
                    yield number, values
        except InputRefused:
            raise
        except Exception as error:  # broken XML, a shared string that is not there …: openpyxl raises anything
            raise InputRefused(
                "input.unreadable", file=self._path, detail=f"{type(error).__name__}: {error}"
            ) from error

    def _start(self) -> None:
        title = self._sheet.title
        merges = _merges(self._path, self._sheet._worksheet_path)
        rows = self._rows_of(self._sheet)
        peeked = list(islice(rows, 200))
        at = find_header([row for _, row in peeked])
        if at is None:
            raise InputRefused("input.no_header" if peeked else "input.empty", file=self._path, layer=title)
        head_row, header = peeked[at]
        body = peeked[at + 1 :]
        grouped = [
            (first, last) for top, first, bottom, last in merges if top == head_row and last > first and bottom == top
        ]
        below = body[0] if body else None
        if grouped and below and below[0] == head_row + 1 and find_header([below[1]]) == 0:
            upper: list[Any] = list(header) + [None] * (max(last for _, last in grouped) + 1 - len(header))
            for first, last in grouped:
                upper[first : last + 1] = [header[first]] * (last + 1 - first)
            header, body, head_row = joined(upper, below[1]), body[1:], below[0]
        self._names, doubled = name_columns(header, [row for _, row in body])
        if doubled:
            self.notes.append(("table.heading_twice", {"file": self._path, "layer": title, "fields": doubled}))
        self._down = [(top, col, bottom) for top, col, bottom, _ in merges if bottom > top and bottom > head_row]
        if any(top > head_row for top, _, _ in self._down):
            self.notes.append(("table.merged_filled", {"file": self._path, "layer": title, "count": len(self._down)}))
        if not body:
            body = list(islice(rows, 1))
            if not body:
                raise InputRefused("input.empty", file=self._path, layer=title)
        self._rows = chain(body, rows)
        kinds = [_kind([row[index] for _, row in body if index < len(row)]) for index in range(len(self._names))]
        fields = tuple(Field(name, kind) for name, kind in zip(self._names, kinds) if name)
        self.info = SourceInfo(self._path, title, "XLSX", fields, None, None, None, "UTF-8", enc.FORMAT)

    def _filled(self) -> Iterator[tuple[int, list[Any]]]:
        """Carry values merged over several rows downwards."""
        width, waiting, at = len(self._names), self._down, 0
        open_: dict[int, tuple[int, Any]] = {}  # column → last row, value
        outside = 0
        for number, row in self._rows:
            outside += sum(value is not None for value in row[width:])
            values = row[:width] + [None] * (width - len(row))
            while at < len(waiting) and waiting[at][0] <= number:
                top, column, bottom = waiting[at]
                at += 1
                if column < width and top == number:
                    open_[column] = (bottom, values[column])
            for column in [column for column, (bottom, _) in open_.items() if bottom < number]:
                del open_[column]
            if all(value is None for value in values):
                continue
            for column, (_, value) in open_.items():
                values[column] = value
            yield number, values
        if outside:
            self.notes.append(("table.outside", {"file": self._path, "layer": self._sheet.title, "count": outside}))

    def chunks(self, size: int = 20_000) -> Iterator[Columns]:
        """Yield the rows in order."""
        rows = self._filled()
        while block := list(islice(rows, size)):
            yield fill(self._names, [values for _, values in block], [number for number, _ in block])

    def close(self) -> None:
        """Let go of the file."""
        self._book.close()


def _plain(cell: Any) -> Any:
    """Return the value of a cell as a plain scalar; None for blank text; ``Formula`` for formulas."""
    value = cell.value
    if value is None:
        return None
    if cell.data_type == "f":
        return Formula(value if isinstance(value, str) else "=" + str(getattr(value, "text", "") or "").lstrip("="))
    if isinstance(value, str):
        return None if is_blank(value) else value
    if isinstance(value, float) and abs(value) >= 1e11 and value.is_integer() and abs(value) < 2**63:
        return int(value)  # Excel writes long whole numbers in scientific notation
    return value


def _kind(values: Sequence[Any]) -> str:
    """Tell the kind of a column from its first values; text when they differ."""
    kinds = {_KINDS.get(type(value), "text") for value in values if value is not None}
    if kinds == {"integer", "real"}:
        return "real"
    return kinds.pop() if len(kinds) == 1 else "text"


_KINDS: dict[type, str] = {bool: "boolean", int: "integer", float: "real", datetime: "datetime", date: "date"}
