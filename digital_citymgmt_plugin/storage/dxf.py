# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawings in: DXF of R12 to R2018 by ezdxf (chosen by measurement, docs/adr/0013).

Everything in a drawing is untrusted: what ezdxf says of a broken one becomes one refusal; size, nesting and number of
entities are bounded before memory is.
"""

from __future__ import annotations

import gc
import struct
from pathlib import Path
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.basemap.drawing import COLUMNS, MOST, SAMPLES, TEXT, Drawing
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Columns
from digital_citymgmt_plugin.storage import dxf_encoding
from digital_citymgmt_plugin.storage.dxf_entities import Reader

MOST_BYTES = 200_000_000  # ezdxf holds a drawing in memory at some 12 times its size
_BROKEN = (
    ValueError, KeyError, IndexError, AttributeError, TypeError, ArithmeticError, RecursionError, struct.error,
    AssertionError, OSError, EOFError, LookupError, MemoryError, StopIteration,
)  # fmt: skip


def read_drawing(path: str, encoding: str | None = None) -> Drawing:
    """Read a DXF.

    Parameters
    ----------
    path : str
    encoding : str, optional
        Code page said by the user; else found by evidence.

    Raises
    ------
    InputRefused
        ``input.dwg``, ``input.missing``, ``input.empty_file``, ``input.dxf_too_big``, ``input.dxf_broken``,
        ``input.dxf_entities``, ``input.encoding``, ``input.encoding_name``, ``input.unreadable``.
    """
    try:
        check(path)
        page = dxf_encoding.sniff(path, encoding)
    except OSError as error:  # no right to read it, a share that went away
        raise InputRefused("input.unreadable", file=path, detail=error.strerror or str(error)) from error
    document = _load(path, page.codec)
    reader = Reader(document)
    try:
        reader.read()
    except InputRefused:
        raise
    except _broken() as error:
        raise InputRefused("input.dxf_broken", file=path, detail=_short(error)) from error
    if reader.over:
        raise InputRefused("input.dxf_entities", file=path, most=MOST)
    entities = as_columns(reader.rows)
    return Drawing(
        path=path,
        format="DXF",
        version=str(document.dxfversion),
        encoding=page.name,
        encoding_evidence=page.evidence,
        crs=_crs_beside(path),
        entities=entities,
        skipped=dict(sorted(reader.skipped.items())),
        samples=samples(entities),
    )


def check(path: str) -> None:
    """Refuse what is no DXF that can be read, before it is."""
    file = Path(path)
    if not file.is_file():
        raise InputRefused("input.missing", file=path)
    with file.open("rb") as stream:
        head = stream.read(64)
    if file.suffix.lower() == ".dwg" or (head[:4] == b"AC10" and head[4:6].isdigit()):
        raise InputRefused("input.dwg", file=path)
    if not head:
        raise InputRefused("input.empty_file", file=path)
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise InputRefused("input.dxf_too_big", file=path, size=size // 1_000_000, most=MOST_BYTES // 1_000_000)


def _broken() -> tuple[type[BaseException], ...]:
    from ezdxf.lldxf.const import DXFError

    return (DXFError, *_BROKEN)


def _load(path: str, codec: str) -> Any:
    from ezdxf.filemanagement import readfile

    # Nothing of a drawing that is being read is garbage; looking for it took a fifth of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return readfile(path, encoding=codec)
    except _broken() as error:
        raise InputRefused("input.dxf_broken", file=path, detail=_short(error)) from error
    finally:
        if collecting:
            gc.enable()


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:120]}".strip(": ")


def _crs_beside(path: str) -> str | None:
    """Return what a ``.prj`` beside the drawing states."""
    for ending in (".prj", ".PRJ"):
        file = Path(path).with_suffix(ending)
        if file.is_file() and 0 < file.stat().st_size < 100_000:
            return file.read_text(encoding="utf-8", errors="replace").strip() or None
    return None


def as_columns(rows: list[tuple[Any, ...]]) -> Columns:
    """Turn rows in the order of ``COLUMNS`` into columns."""
    columns: Columns = {}
    parts = list(zip(*rows)) if rows else [()] * len(COLUMNS)
    for name, values in zip(COLUMNS, parts):
        array = np.empty(len(values), dtype=object)
        for at, value in enumerate(values):  # a plain assignment would take geometries and lists apart
            array[at] = value
        columns[name] = array
    return columns


def samples(entities: Columns) -> tuple[str, ...]:
    """Return texts that show the code page: those with signs beyond ASCII first, then layers and blocks."""
    words: dict[str, None] = {}
    chosen = entities["kind"] == TEXT
    for values in (entities["text"][chosen], entities["layer"], entities["block"]):
        words.update(dict.fromkeys(str(value) for value in values.tolist() if value))
    ordered = sorted(words, key=lambda word: (word.isascii(), all(sign < "\u2e80" for sign in word)))
    return tuple(word[:80] for word in ordered[:SAMPLES])
