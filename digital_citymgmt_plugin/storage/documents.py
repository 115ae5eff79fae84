# SPDX-License-Identifier: GPL-2.0-or-later
"""Workbooks and text tables out, and the lists of rejected rows. Streamed; what looks like a formula stays text."""

from __future__ import annotations

import contextlib
import csv
import math
import re
import shutil
import string
import tempfile
import unicodedata
import weakref
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Sheet
from digital_citymgmt_plugin.core.spreadsheets import FORMULA, guarded_text
from digital_citymgmt_plugin.storage.formats import ending
from digital_citymgmt_plugin.storage.replacing import replacing

Note = tuple[str, dict[str, Any]]

MAX_ROWS = 1_048_576  # of a worksheet
MAX_TEXT = 32_767  # of a cell
_MAX_DIGITS = 10**15  # Excel keeps 15 digits of a number; longer codes go out as text
_REASON = re.compile(r"(reject|grid|area|case)\.[a-z0-9_]+")  # rows are rejected by codes of these families
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 cannot hold these


def plain(value: Any) -> Any:
    """Return a value as a table can hold it: no numpy, no NaN, no time zone (the wall clock stays), no list."""
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return None if value != value else value.replace(tzinfo=None)
    if isinstance(value, (int, date, time, timedelta)):
        return value
    return str(value)


def guarded(value: Any) -> Any:
    """Return a value for CSV: text that a spreadsheet would run gets an apostrophe, unless it is a plain number."""
    value = plain(value)
    return guarded_text(value) if isinstance(value, str) else value


def _width(value: Any) -> int:
    """Return how many columns of a terminal, or units of a cell's width, a value takes; wide characters take two."""
    text = value.isoformat(" ", "seconds") if isinstance(value, datetime) else str(value)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text[:60])


def sheet_name(name: str, taken: Iterable[str] = ()) -> str:
    r"""Return a name that a worksheet may have and no other has: at most 31 characters, none of ``[]:*?/\``."""
    clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", name).strip("' ") or "Sheet"
    used = {other.casefold() for other in taken}
    result, number = clean[:31], 2
    while result.casefold() in used:
        tail = f" ({number})"
        result, number = clean[: 31 - len(tail)] + tail, number + 1
    return result


class BookWriter:
    """A workbook in writing: one row after the other, memory flat."""

    def __init__(self) -> None:
        from openpyxl import Workbook
        from openpyxl.styles import Alignment, Font, PatternFill

        self.book = Workbook(write_only=True)
        self.cleaned = 0  # cells from which characters had to be taken
        self._bold, self._title = Font(bold=True), Font(bold=True, size=13)
        self._grey = PatternFill("solid", fgColor="DDE5EE")
        self._wrap = Alignment(vertical="center", wrap_text=True)

    def cell(self, sheet: Any, value: Any) -> Any:
        """Return what ``append`` takes for a value: a cell of type text where it must not become anything else."""
        from openpyxl.cell import WriteOnlyCell

        value = plain(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _MAX_DIGITS:
            value = str(value)
        if (isinstance(value, datetime) and value.year < 1900) or (type(value) is date and value.year < 1900):
            value = value.isoformat()
        if not isinstance(value, str):
            return value
        text = CONTROL.sub("", value)[:MAX_TEXT]
        if text != value:
            self.cleaned += 1
        if not text.startswith(FORMULA):
            return text
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = "s"
        cell.quotePrefix = True
        return cell

    def _styled(self, sheet: Any, text: str, font: Any, head: bool = False) -> Any:
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(sheet, CONTROL.sub("", str(text))[:MAX_TEXT])
        cell.data_type = "s"
        cell.font = font
        if head:
            cell.fill, cell.alignment = self._grey, self._wrap
        return cell

    def table(
        self,
        name: str,
        header: Sequence[str],
        rows: Iterable[Sequence[Any]],
        title: Sequence[str],
        notes: Sequence[str],
    ) -> None:
        """Write a table; one that is longer than a worksheet goes on in further ones."""
        walk = iter(rows)
        room = MAX_ROWS - len(title) - 1
        used = self._part(name, header, islice(walk, room), title)
        while used == room:
            start = next(walk, None)
            if start is None:
                break
            used = self._part(name, header, chain([start], islice(walk, room - 1)), title)
        self._notes(notes, used, room)

    def _part(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], title: Sequence[str]) -> int:
        from openpyxl.utils import get_column_letter

        sheet = self.sheet = self.book.create_sheet(sheet_name(name, self.book.sheetnames))
        walk = iter(rows)
        peeked = list(islice(walk, 200))
        for index, heading in enumerate(header):
            widest = max(
                [
                    _width(heading),
                    *(_width(row[index]) for row in peeked if index < len(row) and row[index] is not None),
                ]
            )
            sheet.column_dimensions[get_column_letter(index + 1)].width = min(max(widest + 2, 6), 60)
        top = len(title) + 1
        sheet.freeze_panes = f"A{top + 1}"
        for line in title:
            sheet.append([self._styled(sheet, line, self._title)])
        sheet.append([self._styled(sheet, heading, self._bold, head=True) for heading in header])
        count = 0
        for row in chain(peeked, walk):
            sheet.append([self.cell(sheet, value) for value in row])
            count += 1
        if header:
            sheet.auto_filter.ref = f"A{top}:{get_column_letter(len(header))}{top + count}"
        return count

    def _notes(self, notes: Sequence[str], used: int, room: int) -> None:
        if not notes:
            return
        if used + 1 + len(notes) > room:
            self.sheet = self.book.create_sheet(sheet_name(self.sheet.title, self.book.sheetnames))
        else:
            self.sheet.append([])
        for line in notes:
            self.sheet.append([self._styled(self.sheet, line, None)] if line else [])

    def save(self, path: str) -> None:
        """Write the file."""
        if not self.book.worksheets:
            self.book.create_sheet("Sheet")
        self.book.save(path)

    def discard(self) -> None:
        """Remove the temporary files of a workbook that is not saved; openpyxl does so at the end of the process."""
        sheets: list[Any] = list(self.book.worksheets)
        for sheet in sheets:
            try:
                sheet.close()
                sheet._writer.cleanup()
            except (AttributeError, GeneratorExit, OSError, RuntimeError, TypeError, ValueError):
                # Broken off in the middle of a row: openpyxl cannot end the sheet, and nothing else can be done.
                continue


def write_workbook(path: str, sheets: Sequence[Sheet]) -> list[Note]:
    """Write a workbook with one table per sheet: bold heading, frozen and filterable, columns as wide as their text.

    Returns the notes to be said: ``document.cleaned`` with the number of cells from which control characters, or what
    goes beyond 32,767 characters, were taken. Times lose their offset (the wall clock stays), whole numbers of more
    than 15 digits become text.

    Raises
    ------
    InputRefused
        ``output.no_folder``, ``output.failed``.
    """
    writer = BookWriter()
    try:
        with replacing(path) as temporary:
            for sheet in sheets:
                writer.table(sheet.name, sheet.header, sheet.rows, sheet.title, sheet.notes)
            writer.save(temporary)
    except BaseException:
        writer.discard()
        raise
    return [("document.cleaned", {"file": path, "count": writer.cleaned})] if writer.cleaned else []


def write_csv(path: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV that Excel opens rightly: UTF-8 with byte order mark, text guarded against being run."""
    with replacing(path) as temporary, Path(temporary).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=_delimiter(path))
        writer.writerow([guarded(heading) for heading in header])
        writer.writerows([guarded(value) for value in row] for row in rows)


class _Gap:
    """What stands in a sentence for a value that was not given."""

    def __format__(self, spec: str) -> str:
        return "?"

    def __str__(self) -> str:
        return "?"

    def __getattr__(self, name: str) -> _Gap:
        return self


class _Safe(string.Formatter):
    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        if not field_name.isidentifier():  # {value.__class__}, {0[…]}: a sentence names values, nothing inside them
            return _Gap(), field_name
        return kwargs.get(field_name, _Gap()), field_name

    def format_field(self, value: Any, format_spec: str) -> Any:
        try:
            return format(value, format_spec)
        except (ValueError, TypeError):
            return str(value)


def sentence(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template; a missing value becomes ``?``, and a value is never read as a template itself."""
    try:
        return _Safe().vformat(template, (), dict(values))
    except (ValueError, TypeError, KeyError, IndexError):
        return f"{template} {dict(values)}"


def is_reject_list(path: str) -> bool:
    """Tell whether a file is a reject list: its first row has a number, then the code of a reason, in any language.

    What cannot be read is none.
    """
    try:
        if ending(path) == ".xlsx":
            from openpyxl import load_workbook

            book = load_workbook(path, read_only=True)
            try:
                first = list(book.worksheets[0].iter_rows(min_row=2, max_row=2, max_col=2, values_only=True))
            finally:
                book.close()
        else:
            with Path(path).open(encoding="utf-8-sig", newline="") as file:
                first = [tuple(row) for row in islice(csv.reader(file, delimiter=_delimiter(path)), 1, 2)]
    except Exception:  # openpyxl raises anything on a damaged file
        return False
    if not first or len(first[0]) < 2:
        return False
    return str(first[0][0]).isdigit() and _REASON.fullmatch(str(first[0][1])) is not None


def _delimiter(path: str) -> str:
    return "\t" if ending(path) == ".tsv" else ","


class Rejects:
    """The port ``RejectList``: XLSX or CSV by ending, None counts only. Nothing is written before the first row.

    Columns: row number, reason code, reason as a sentence, then the columns of the original. An older list of the same
    name is removed when there is nothing to reject, since it would be taken for the new one; a file of that name that
    is no reject list is replaced by one, as any output is, but never only removed.

    Raises
    ------
    InputRefused
        ``output.unknown_format``, ``output.no_folder``.
    """

    def __init__(self, path: str | None, fields: Sequence[str], sentences: Mapping[str, str]) -> None:
        if path is not None and ending(path) not in (".xlsx", ".csv", ".tsv"):
            raise InputRefused("output.unknown_format", file=path)
        if path is not None and not Path(path).parent.is_dir():
            raise InputRefused("output.no_folder", file=path, folder=str(Path(path).parent))
        self._path, self._fields, self._sentences = path, list(fields), sentences
        self._count = 0
        self._stack: contextlib.ExitStack | None = None
        self._put: Any = None
        self._abort: Any = None

    @property
    def count(self) -> int:
        """How many rows were added."""
        return self._count

    def _start(self) -> None:
        path = str(self._path)
        header = [self._sentences.get(f"rejects.{name}", name) for name in ("row", "reason", "sentence")] + self._fields
        folder = tempfile.mkdtemp(prefix=".dcm_", dir=Path(path).parent)
        self._abort = weakref.finalize(self, shutil.rmtree, folder, True)
        self._temporary = str(Path(folder) / Path(path).name)
        if ending(path) == ".xlsx":
            self._writer = BookWriter()
            self._header = header
            self._sheet: Any = None
            self._put = self._put_book
        else:
            self._file = Path(self._temporary).open("w", encoding="utf-8-sig", newline="")  # noqa: SIM115  (closed by close)
            self._lines = csv.writer(self._file, delimiter=_delimiter(path))
            self._lines.writerow([guarded(heading) for heading in header])
            self._put = lambda row: self._lines.writerow([guarded(value) for value in row])

    def _put_book(self, row: Sequence[Any]) -> None:
        if (self._count - 1) % (MAX_ROWS - 1) == 0:
            self._writer._part("rejects", self._header, [row], ())
            self._sheet = self._writer.sheet
        else:
            self._sheet.append([self._writer.cell(self._sheet, value) for value in row])

    def add(self, row: int, reason: str, values: Mapping[str, Any], original: Mapping[str, Any]) -> None:
        """Add one row; the first one begins the file.

        Raises
        ------
        InputRefused
            ``output.failed`` (no right, full disk).
        """
        self._count += 1
        if self._path is None:
            return
        try:
            if self._put is None:
                self._start()
            template = self._sentences.get(reason, "")
            known = {"row": row, "file": "", **values}
            text = sentence(template, known) if template else f"{reason} {dict(values)}"
            self._put([row, reason, text] + [original.get(field) for field in self._fields])
        except OSError as error:
            raise InputRefused("output.failed", file=self._path, detail=error.strerror or str(error)) from error

    def close(self) -> None:
        """Finish the file and give it its name; remove an older list when there was nothing to write.

        Raises
        ------
        InputRefused
            ``output.failed`` (no right, full disk); the older file is as it was.
        """
        if self._path is None:
            return
        try:
            if self._put is None:
                if self._count == 0 and is_reject_list(self._path):
                    Path(self._path).unlink(missing_ok=True)
                return
            if ending(self._path) == ".xlsx":
                self._writer.save(self._temporary)
            else:
                self._file.close()
            Path(self._temporary).replace(self._path)
            self._put = None
            self._path = None
        except OSError as error:
            raise InputRefused("output.failed", file=str(self._path), detail=error.strerror or str(error)) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Leave nothing behind (an action that failed or was cancelled)."""
        if self._abort is not None:
            if hasattr(self, "_file"):
                self._file.close()
            elif self._put is not None:
                self._writer.discard()
            self._abort()
            self._abort = None
