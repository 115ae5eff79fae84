# SPDX-License-Identifier: GPL-2.0-or-later
"""Text tables in: CSV and its kin, plain or gzipped, of any delimiter and code page, read as a stream."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import numpy as np

from digital_citymgmt_plugin.core.cells import LongCell, Ragged
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import ROW, Columns, Field, SourceInfo
from digital_citymgmt_plugin.storage import encoding as enc
from digital_citymgmt_plugin.storage.headings import LOOK, find_header, is_blank, name_columns

Note = tuple[str, dict[str, Any]]

_DELIMITERS = ",;\t|"
_BLOCK = 1 << 20
_SAMPLE = 1 << 18  # bytes of non-ASCII lines that the code page is judged by
_MAX_UNPACKED = 8 << 30
_MAX_RATIO = 250
_MAX_RECORD_LINES = 500  # a record of more lines is an unclosed quote
_MAX_LINE = 16 << 20  # characters; a longer line is no row of a table
_MAX_CELL = 131_072  # characters; no cell of a table of objects has more, and no spreadsheet could hold it
_MAX_SHOWN = 32_000  # characters of such a cell in a list of rejected rows
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1a\x1b")
_NOT_TEXT = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"PK\x03\x04",
    b"%PDF",
    b"\xd0\xcf\x11\xe0",
    b"SQLite format 3\x00",
    b"\x7fELF",
    b"MZ\x90",
)


def stem_of(path: str) -> str:
    """Return the name of a file without folder and ending (``cases.csv.gz`` → ``cases``)."""
    return re.sub(r"(?i)\.gz$", "", Path(path).name).rsplit(".", 1)[0]


def fill(columns: Sequence[str], rows: Sequence[Sequence[Any]], numbers: Sequence[int]) -> Columns:
    """Make columns from rows of equal width; a column named ``""`` is left out."""
    result: Columns = {ROW: np.asarray(numbers, dtype=np.int64)}
    for name, values in zip(columns, zip(*rows)):
        if name:
            array = np.empty(len(rows), dtype=object)
            array[:] = values
            result[name] = array
    return result


class _Unpacked(io.RawIOBase):
    """A gzip stream that refuses to grow without bound."""

    def __init__(self, path: str) -> None:
        self._packed = Path(path).stat().st_size
        self._file = gzip.open(path, "rb")  # noqa: SIM115  (closed by close)
        self._path = path
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._file.read(len(buffer))
        self._read += len(block)
        if self._read > _MAX_UNPACKED or (self._read > 64 << 20 and self._read > _MAX_RATIO * self._packed):
            raise InputRefused("input.bomb", file=self._path)
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._file.close()
        super().close()


def _open(path: str) -> IO[bytes]:
    if path.lower().endswith(".gz"):
        return io.BufferedReader(_Unpacked(path), _BLOCK)
    return Path(path).open("rb")


def _blocks(path: str) -> Iterator[bytes]:
    try:
        with _open(path) as file:
            while block := file.read(_BLOCK):
                yield block
    except (OSError, EOFError) as error:  # gzip.BadGzipFile is an OSError
        raise InputRefused("input.unreadable", file=path, detail=str(error)) from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise InputRefused("input.unreadable", file=path, detail=str(error)) from error
        raise


def _first_fault(path: str, found: enc.Found) -> int | None:
    """Return the line in which strict decoding of the whole file fails, None when it does not."""
    decoder = codecs.getincrementaldecoder(found.codec)("strict")
    line = 1
    try:
        for block in _blocks(path):
            line += decoder.decode(block).count("\n")
        decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        held = error.object[: error.start] if isinstance(error.object, bytes) else b""
        return line + held.count(b"\n")
    return None


def _look(path: str) -> tuple[bytes, bytes, bool]:
    """Return the beginning, lines with other than ASCII characters, and whether there are none such in the file."""
    head, sample, plain, cut = b"", bytearray(), True, False
    for block in _blocks(path):
        begins, cut = cut, len(block) == _BLOCK  # whether the block begins within a line, ends within one
        if not head:
            head = block[:65536]
            if len(block) == _BLOCK and not block.strip(b"\0"):
                break  # nothing but NULs in a whole block: gigabytes of them need not be looked at
        if block.isascii():
            continue
        plain = False
        lines = block.split(b"\n")
        # Whole lines only: a cut character would rule out the right code page.
        lines = lines[begins : len(lines) - cut]
        for line in lines:
            if not line.isascii() and len(sample) < _SAMPLE:
                sample += line + b"\n"
        if len(sample) >= _SAMPLE:
            break
    if not sample and not plain:  # lines longer than a block: as far as a delimiter, where no character is cut
        sample += head[: max(map(head.rfind, (b",", b";", b"\t", b"|", b"\n"))) + 1]
    return head, bytes(sample), plain


def sniff(path: str, given: str | None = None) -> enc.Found:
    """Find the code page of a text file; the whole file is decoded strictly once.

    Raises
    ------
    InputRefused
        ``input.encoding`` when the code page given does not fit, ``input.encoding_unknown`` when none fits,
        ``input.not_text`` when the file is no text, ``input.empty``, ``input.unreadable``.
    """
    head, sample, plain = _look(path)
    if head.startswith((*_NOT_TEXT, b"\x1f\x8b")):
        raise InputRefused("input.not_text", file=path)
    if not head.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        raise InputRefused("input.empty", file=path, layer=stem_of(path))
    name = enc.canonical(given)
    if name is not None:
        found = enc.Found(name, enc.GIVEN)
        fault = _first_fault(path, found)
        if fault is not None:
            raise InputRefused("input.encoding", file=path, encoding=name, row=fault)
        return found
    marked = enc.by_mark(head)
    if marked is None and len(head.translate(None, _CONTROLS)) < len(head) * 0.95:
        raise InputRefused("input.not_text", file=path)
    if marked is None and plain:
        return enc.Found("UTF-8", enc.ASCII)
    tried = [enc.Found(marked, enc.BOM)] if marked else enc.ranked(sample) or [enc.Found("UTF-8", enc.CONTENT)]
    faults = []
    for found in tried:
        fault = _first_fault(path, found)
        if fault is None:
            return found
        faults.append(fault)
    raise InputRefused("input.encoding_unknown", file=path, encoding=tried[0].name, row=max(faults))


def _bounded(text: IO[str], path: str) -> Iterator[str]:
    """Yield lines; a line without end is refused before it fills the memory."""
    number = 0
    while line := text.readline(_MAX_LINE):
        number += 1
        if len(line) == _MAX_LINE:
            raise InputRefused("input.broken_row", file=path, row=number, detail=f"> {_MAX_LINE:,}")
        yield line


class _Lines:
    """The lines of a text without NUL, remembering those of the record that is being read."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self.record: list[str] = []
        self.nuls = 0
        self._length = 0

    def begin(self) -> None:
        """Begin a record."""
        self.record.clear()
        self._length = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        if "\0" in line:
            self.nuls += line.count("\0")
            line = line.replace("\0", "")
        self.record.append(line)
        self._length += len(line)
        if len(self.record) > _MAX_RECORD_LINES or self._length > _MAX_LINE:
            raise csv.Error("unclosed quote")
        return line


def sniff_delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter by which most records have the same number of cells, more than one; comma when none does."""
    best, chosen = (0.0, 0), ","
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        rate = (widths.count(usual) / len(widths), usual)
        if usual > 1 and (rate[0] > best[0] + 0.1 or (rate[0] >= best[0] - 0.1 and rate[1] > best[1])):
            best, chosen = rate, delimiter
    return chosen


class CsvSource:
    """A delimited text file as a ``Source``: every cell is text, an empty one None.

    ``__row__`` is the row as a spreadsheet shows it (blank lines count, a cell of several lines is one row). A row with
    more filled cells than the heading has columns comes with every cell marked ``Ragged``, to be rejected; one with a
    cell of more than 131,072 characters with every cell marked ``LongCell``.
    NUL bytes are left out and said in ``notes``; the apostrophe that our own CSV files put before
    ``= + - @`` is taken off.
    """

    def __init__(self, path: str, layer: str | None = None, encoding: str | None = None) -> None:
        if layer is not None and layer != stem_of(path):
            raise InputRefused("input.layer_missing", file=path, layer=layer, layers=[stem_of(path)])
        self._found = sniff(path, encoding)
        self._path = path
        self.notes: list[Note] = []
        self._blank = 0  # rows of delimiters without a value
        self._file = self._text()
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _text(self) -> IO[str]:
        codec = "utf-8-sig" if self._found.name == "UTF-8" else self._found.codec
        return io.TextIOWrapper(_open(self._path), encoding=codec, errors="strict", newline="")

    def _start(self) -> None:
        csv.field_size_limit(_MAX_LINE)  # longer cells than the module takes make a rejected row, not a refused file
        with self._text() as text:
            lines, read = [], 0
            for line in islice(_bounded(text, self._path), 200):
                lines.append(line.replace("\0", ""))
                read += len(line)
                if read > _MAX_LINE:
                    break
        first = lines[0].strip().lower().lstrip("\ufeff")
        delimiter = first[4] if re.fullmatch(r"sep=[,;|]", first) else None
        delimiter = delimiter or ("\t" if lines[0].lower().startswith("sep=\t") else None)
        skip = 1 if delimiter else 0
        self._lines = _Lines(_bounded(self._file, self._path))
        self._reader = csv.reader(self._lines, delimiter=delimiter or sniff_delimiter(lines))
        rows = self._records()
        peeked = list(islice(rows, max(LOOK * 5, 200)))
        looked = [row for _, row in peeked]
        at = find_header(looked[skip:])
        if at is None:
            raise InputRefused("input.no_header", file=self._path, layer=stem_of(self._path))
        at += skip
        self._names, doubled = name_columns(looked[at], [])
        if doubled:
            self.notes.append(("table.heading_twice", {"fields": doubled, "file": self._path}))
        body = peeked[at + 1 :]
        self._rows: Iterable[tuple[int, list[str]]] = chain(body, rows)
        if all(map(is_blank, chain.from_iterable(row for _, row in body))):
            following = next((item for item in rows if not all(map(is_blank, item[1]))), None)
            if following is None:
                raise InputRefused("input.empty", file=self._path, layer=stem_of(self._path))
            self._rows = chain(body, [following], rows)
        fields = tuple(Field(name, "text") for name in self._names if name)
        self.info = SourceInfo(
            self._path, stem_of(self._path), "CSV", fields, None, None, None, self._found.name, self._found.evidence
        )

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        number = 0
        while True:
            self._lines.begin()
            try:
                row = next(self._reader)
            except StopIteration:
                break
            except csv.Error as error:
                raise InputRefused("input.broken_row", file=self._path, row=number + 1, detail=str(error)) from error
            number += 1
            yield number, row
            if len(self._lines.record) > 1 and "".join(self._lines.record).count('"') % 2:
                raise InputRefused("input.broken_row", file=self._path, row=number, detail='"')
        if self._lines.nuls:
            self.notes.append(("table.nul_removed", {"file": self._path, "count": self._lines.nuls}))

    def _plain(self, row: list[str]) -> list[Any]:
        """Fit a row to the heading: None for empty cells, all marked when there are more values than columns."""
        width = len(self._names)
        if len(row) > width and not all(map(is_blank, row[width:])):
            return [Ragged(value) for value in row[:width]]
        if any(len(value) > _MAX_CELL for value in row):
            return [LongCell(value, _MAX_SHOWN) for value in (*row, *[""] * (width - len(row)))]
        values: list[Any] = [
            (value[1:] if value[0] == "'" and value[1:2] in _GUARDED else value) if value.strip() else None
            for value in row[:width]
        ]
        return values + [None] * (width - len(values))

    def chunks(self, size: int = 20_000) -> Iterator[Columns]:
        """Yield the rows in order; blank rows are left out, the numbering is not."""
        numbers: list[int] = []
        rows: list[list[Any]] = []
        for number, row in self._rows:
            if not any(value.strip() for value in row):
                self._blank += bool(row)
                continue
            numbers.append(number)
            rows.append(self._plain(row))
            if len(rows) >= size:
                yield fill(self._names, rows, numbers)
                numbers, rows = [], []
        if rows:
            yield fill(self._names, rows, numbers)
        if self._blank:
            self.notes.append(("table.blank_rows", {"file": self._path, "count": self._blank}))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


_GUARDED = ("=", "+", "-", "@", "\t", "\r")
