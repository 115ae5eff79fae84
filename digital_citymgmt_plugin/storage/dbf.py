# SPDX-License-Identifier: GPL-2.0-or-later
"""What the ``.dbf`` of a shapefile is made of, read as bytes: record count, deleted rows and the code page of its text.

A ``.cpg`` beside it is a statement, not a fact: GIS packages write it wrong or leave it out, and GDAL then garbles the
text or drops what it cannot decode without a word. So the bytes decide.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.storage import encoding as enc

_BLOCK_ROWS = 50_000
_SAMPLE = 1 << 18
# Language driver ids (byte 29) that state a code page; 0x57 (ANSI) states nothing.
_LANGUAGE = {0x4D: "GBK", 0x7A: "GBK", 0x4F: "Big5", 0x78: "Big5", 0x03: "Windows-1252"}


@dataclass(frozen=True)
class Dbf:
    """Layout of a ``.dbf``: rows, the text columns as (name bytes, offset, width), whole-number columns by position."""

    path: str
    rows: int
    head: int
    width: int
    texts: tuple[tuple[bytes, int, int], ...]
    whole: dict[int, tuple[int, int]]
    names: bytes
    language: int


def read_layout(path: str) -> Dbf:
    """Read the header; ``InputRefused("input.truncated")`` when rows that it promises are missing."""
    size = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        start = file.read(32)
        if len(start) < 32:
            raise InputRefused("input.truncated", file=path)
        rows, head, width = struct.unpack("<IHH", start[4:12])
        fields = file.read(max(head - 32, 0))
    texts: list[tuple[bytes, int, int]] = []
    names: list[bytes] = []
    whole: dict[int, tuple[int, int]] = {}
    offset = 1
    for at in range(0, len(fields) - 31, 32):
        if fields[at] == 0x0D:
            break
        name = fields[at : at + 11].split(b"\0")[0]
        kind, length = fields[at + 11 : at + 12], fields[at + 16]
        if kind == b"C":
            length += fields[at + 17] << 8  # widths over 255, as Clipper and GDAL write them
            texts.append((name, offset, length))
        elif kind in b"NF" and fields[at + 17] == 0:
            whole[len(names)] = (offset, length)
        names.append(name)
        offset += length
    if width == 0 or size < head + rows * width:
        raise InputRefused("input.truncated", file=path)
    return Dbf(path, rows, head, width, tuple(texts), whole, b"\n".join(names), start[29])


def _records(layout: Dbf, start: int = 0) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield first row number (from 1) and the records as bytes, from the record ``start`` (from 0) on."""
    with Path(layout.path).open("rb") as file:
        file.seek(layout.head + start * layout.width)
        for first in range(start, layout.rows, _BLOCK_ROWS):
            count = min(_BLOCK_ROWS, layout.rows - first)
            yield first + 1, np.frombuffer(file.read(count * layout.width), dtype=np.uint8).reshape(count, layout.width)


def _foreign(layout: Dbf) -> Iterator[tuple[bytes, NDArray[Any], list[bytes], int]]:
    """Yield per block and text column: name, row numbers, values with a non-ASCII byte, and the column's width."""
    for first, block in _records(layout):
        for name, offset, width in layout.texts:
            part = block[:, offset : offset + width]
            rows = np.flatnonzero((part > 127).any(axis=1))
            if len(rows):
                yield name, rows + first, [part[row].tobytes().rstrip(b" \0") for row in rows], width


def deleted(layout: Dbf) -> int:
    """Count the records marked as deleted."""
    return sum(int((block[:, 0] == 0x2A).sum()) for _, block in _records(layout))


def whole_numbers(layout: Dbf, position: int, start: int, stop: int, gone: int) -> list[int | None]:
    """Return the values of a column without decimals exactly, of the rows ``start`` to ``stop`` that are not deleted.

    GDAL makes a float of a column wider than 18 digits, and pyogrio of one that holds nulls.
    """
    offset, width = layout.whole[position]
    values: list[int | None] = []
    seen = 0 if gone else start  # without deleted rows the place of a row is known
    for _, block in _records(layout, seen):
        there = block[block[:, 0] != 0x2A]
        part = there[max(start - seen, 0) : max(stop - seen, 0), offset : offset + width]
        seen += len(there)
        for raw in part:
            text = raw.tobytes().strip(b" \0")
            values.append(int(text) if text.lstrip(b"+-").isdigit() else None)
        if seen >= stop:
            break
    return values


def _fault(layout: Dbf, codec: str) -> tuple[int, str] | None:
    """Return row and field of the first value that does not decode, None when all do.

    A character cut in two at the end of a full column is let pass: the writer has cut it, it cannot be had back.
    """
    try:
        layout.names.decode(codec)
    except UnicodeDecodeError:
        return 0, layout.names.decode("ascii", "replace")
    for name, rows, values, width in _foreign(layout):
        try:
            b"\n".join(values).decode(codec)
            continue
        except UnicodeDecodeError:
            pass
        for row, value in zip(rows, values):
            try:
                value.decode(codec)
            except UnicodeDecodeError as error:
                if len(value) < width or error.start < len(value) - 3:
                    return int(row), name.decode(codec, "replace")
    return None


def stated(shp: str, layout: Dbf) -> str | None:
    """Return the code page that the ``.cpg`` (or else the header) states, None when neither does or nobody knows it."""
    for ending in (".cpg", ".CPG", ".cst"):
        beside = Path(shp).with_suffix(ending)
        if beside.is_file():
            try:
                return enc.canonical(beside.read_bytes()[:64].decode("ascii", "ignore"))
            except InputRefused:
                return None
    return _LANGUAGE.get(layout.language)


def _sample(layout: Dbf) -> bytes:
    """Gather names and values with other than ASCII characters, whole ones, from every text column."""
    sample = bytearray(b"" if layout.names.isascii() else layout.names + b"\n")
    for _, _, values, width in _foreign(layout):
        room = _SAMPLE // 4  # so that one long column does not speak for all
        for value in dict.fromkeys(value for value in values if len(value) < width):
            sample += value + b"\n"
            room -= len(value)
            if room < 0:
                break
        if len(sample) > _SAMPLE:
            break
    if not sample:  # all values fill their column and may be cut
        sample += b"\n".join(value for _, _, values, _ in _foreign(layout) for value in values[:1000])
    return bytes(sample)


def sniff(shp: str, layout: Dbf, given: str | None) -> enc.Found:
    """Find the code page of the text; every value is decoded strictly once.

    Raises
    ------
    InputRefused
        ``input.encoding`` with row and field when the one given does not fit, ``input.encoding_unknown`` when none
        does.
    """
    name = enc.canonical(given)
    if name is not None:
        fault = _fault(layout, enc.codec_of(name))
        if fault is not None:
            raise InputRefused("input.encoding", file=shp, encoding=name, row=fault[0], field=fault[1])
        return enc.Found(name, enc.GIVEN)
    sample = _sample(layout)
    if not sample:
        return enc.Found("UTF-8", enc.ASCII)
    claim = stated(shp, layout)
    worst: tuple[int, str] | None = None
    tried = enc.ranked(_uncut(sample), claim)
    for found in tried:
        worst = _fault(layout, found.codec)
        if worst is None:
            return found
    row, field = worst or (0, "")
    raise InputRefused(
        "input.encoding_unknown", file=shp, encoding=tried[0].name if tried else str(claim), row=row, field=field
    )


def _uncut(sample: bytes) -> bytes:
    """Leave out lines that no code page reads, cut in a character by their writer, unless most are such."""
    codecs_ = [enc.codec_of(name) for name in ("UTF-8", "GB18030", "Big5")]

    def reads(line: bytes) -> bool:
        for codec in codecs_:
            try:
                line.decode(codec)
            except UnicodeDecodeError:
                continue
            return True
        return False

    lines = sample.split(b"\n")
    kept = [line for line in lines if reads(line)]
    return b"\n".join(kept if len(kept) * 2 > len(lines) else lines)
