# SPDX-License-Identifier: GPL-2.0-or-later
"""Reject lists: what is written, how rows are counted, and how a list is read that somebody mended.

Beside row, reason and the columns of the original, a list of a census or grid layer holds three columns of our own:
``dcm_source`` (the name of the file the rows came from, so that a mended row is known again as a row of that file),
``dcm_crs`` and ``dcm_wkt`` (CRS and geometry, which a table would lose). Feeding the list back takes them out again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.mapping import RowProblem
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Context, Field, RejectList, Source

SOURCE, CRS, WKT = "dcm_source", "dcm_crs", "dcm_wkt"
_HEAD = 3  # row, reason code, sentence: before the columns of the original, in the language of whoever wrote the list
_CELL = 32_000  # characters; a workbook's cell holds 32,767, and a geometry cut short would be no geometry


class Tally:
    """Accepted and rejected rows of one import, so that they tie: accepted + rejected = read.

    Parameters
    ----------
    rejects : RejectList
    origin : mapping, optional
        What to put into our own columns of the list: ``dcm_source`` and, with geometry, ``dcm_crs``.
    """

    def __init__(self, rejects: RejectList, origin: Mapping[str, str] | None = None) -> None:
        self.read = 0
        self.reasons: dict[str, int] = {}
        self._rejects, self._origin = rejects, dict(origin or {})

    def reject(self, chunk: Columns, problems: Iterable[RowProblem]) -> NDArray[np.bool_]:
        """Write the rows with problems to the reject list (the first reason of a row counts) and return who is left."""
        keep = np.ones(len(chunk[ROW]), dtype=bool)
        originals = [name for name in chunk if name not in (ROW, GEOM)]
        first: dict[int, RowProblem] = {}
        for problem in problems:
            first.setdefault(problem.index, problem)
        for _, problem in sorted(first.items()):
            keep[problem.index] = False
            self.reasons[problem.reason] = self.reasons.get(problem.reason, 0) + 1
            original: dict[str, Any] = {name: chunk[name][problem.index] for name in originals}
            original.update(self._origin)
            if GEOM in chunk and self._origin:
                original[WKT] = _wkt(chunk[GEOM][problem.index])
            row = int(chunk[ROW][problem.index])
            self._rejects.add(row, problem.reason, {"row": row, **problem.values}, original)
        return keep

    @property
    def rejected(self) -> int:
        """How many rows were rejected so far."""
        return sum(self.reasons.values())

    def counts(self) -> dict[str, int]:
        """Return read, accepted and rejected."""
        return {"read": self.read, "accepted": self.read - self.rejected, "rejected": self.rejected}


def _wkt(geometry: Any) -> str | None:
    if geometry is None:
        return None
    text = str(shapely.to_wkt(geometry, rounding_precision=-1, output_dimension=2))
    return text if len(text) <= _CELL else None


@contextlib.contextmanager
def reject_list(context: Context, path: str | None, source: Source) -> Iterator[RejectList]:
    """Give the reject list of a source; nothing of it is left when the block fails. Close it in the block.

    Closing belongs into the action: rows that can be found in no list must not stay out of the store without a word.
    """
    names = [item.name for item in source.info.fields]
    own = [SOURCE, CRS, WKT] if source.info.geometry is not None else [SOURCE]
    rejects = context.files.rejects(path, [*names, *own], dict(context.sentences or {}))
    try:
        yield rejects
    finally:
        rejects.discard()


def as_mended(source: Source) -> Source:
    """Return a reject list as the rows that were rejected; any other source as it is."""
    return MendedRows(source) if SOURCE in {item.name for item in source.info.fields} else source


class MendedRows:
    """A reject list without its own columns, with the geometries it kept and the name of the file the rows are from.

    An original column called like one of the list's own (row, reason) had got a number from reading the table; it gets
    its name back.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        names = [item.name for item in source.info.fields]
        head, rest = names[:_HEAD], [name for name in names[_HEAD:] if name not in (SOURCE, CRS, WKT)]
        own = {name.casefold() for name in head}
        doubled = [name for name in rest if name.endswith("_2") and name[:-2].casefold() in own]
        self._names = {name: name[:-2] if name in doubled else name for name in rest}
        self._chunks = source.chunks()
        self._first = next(self._chunks, None)
        has_shapes = WKT in names
        fields = tuple(
            Field(self._names[item.name], item.kind) for item in source.info.fields if item.name in self._names
        )
        self.info = replace(
            source.info, fields=fields, geometry="Unknown" if has_shapes else source.info.geometry,
            crs=self._said(CRS) or source.info.crs,
        )  # fmt: skip
        self.origin = self._said(SOURCE)
        self.notes = source.notes

    def _said(self, name: str) -> str | None:
        values = self._first[name].tolist() if self._first is not None and name in self._first else []
        return next((str(value) for value in values if value), None)

    def chunks(self, size: int = 20_000) -> Iterator[Columns]:
        """Yield the rows; ``size`` is the source's own."""
        for chunk in chain([] if self._first is None else [self._first], self._chunks):
            columns: Columns = {ROW: chunk[ROW]}
            columns.update({name: chunk[old] for old, name in self._names.items()})
            if WKT in chunk:
                texts = np.array([str(value) if value else None for value in chunk[WKT].tolist()], dtype=object)
                columns[GEOM] = np.asarray(shapely.from_wkt(texts, on_invalid="ignore"), dtype=object)
            elif GEOM in chunk:
                columns[GEOM] = chunk[GEOM]
            yield columns

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()


def origin_of(source: Source, default: str) -> str:
    """Return the name of the file whose rows these are: of a reject list that of the first file."""
    return getattr(source, "origin", None) or default
