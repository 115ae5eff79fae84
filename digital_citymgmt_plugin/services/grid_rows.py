# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of a layer of unit grids on their way into the store: shapes, communities, a vendor's codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.rows import cut_codes, text
from digital_citymgmt_plugin.core.codes import CodeScheme
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.checks import assign_community
from digital_citymgmt_plugin.core.mapping import RowProblem
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_draft import AdoptGrids
from digital_citymgmt_plugin.services.areas import code_lengths
from digital_citymgmt_plugin.services.intake import (
    Placer,
    Tally,
    base_name,
    notes_of,
    objects,
    open_layer,
    source_crs,
    with_none,
)
from digital_citymgmt_plugin.services.placing import multipolygons
from digital_citymgmt_plugin.services.rejecting import CRS, SOURCE, origin_of, reject_list
from digital_citymgmt_plugin.services.withdrawn import withdrawn

DRAFTED_BY = "drafted_by"  # column of a draft: the libraries that drew it


def drafted_by() -> str:
    """Return the libraries that compute shapes here, with their versions."""
    return f"GEOS {shapely.geos_version_string}, shapely {shapely.__version__}"


@dataclass
class GridRows:
    """What a layer of grids gave: the good rows, the tally, what is to be said.

    Columns of the rows: ``geom``, ``code``, ``community``; ``stated`` and ``why`` of rows whose code could not be taken
    (the file's code, the code of a sentence), else None.
    """

    taken: Columns
    tally: Tally
    notes: list[dict[str, Any]]
    rejects: str | None
    drafted_by: str | None = None  # what a draft says of the libraries that drew it


def read_grids(context: Context, request: AdoptGrids, store: Store, areas: Columns) -> GridRows:
    """Read the good rows: shape (valid multipolygon), code (with ``code_field``) and community code.

    Raises
    ------
    InputRefused
        No geometry, no CRS, wrong CRS, empty layer, unknown field; ``adopt.nothing_left`` when every row is rejected.
    """
    source = open_layer(context, request.input)
    file = base_name(request.input.path)
    try:
        if source.info.geometry is None:
            raise InputRefused("input.no_geometry", file=file, layer=request.input.layer or "")
        names = [item.name for item in source.info.fields]
        if request.code_field and request.code_field not in names:
            raise InputRefused("input.no_field", field=request.code_field, file=file, known=", ".join(names))
        crs = source_crs(context, request.input, source)
        placer = Placer(context, crs, file, strict=True)
        with reject_list(context, request.rejects, source) as rejects:
            tally = Tally(rejects, {SOURCE: origin_of(source, file), CRS: crs})
            reader = _Reader(store, areas, placer, tally, request, source.info.driver == "XLSX")
            parts: list[Columns] = []
            drawn: set[str] = set()
            for chunk in source.chunks():
                context.cancel.check()
                drawn.update(str(value) for value in chunk.get(DRAFTED_BY, ()) if value)
                parts.append(reader.take(chunk))
                context.progress(0.3, "progress.reading", rows=tally.read)
            if not tally.read:
                raise InputRefused("input.empty", file=file, layer=request.input.layer or "")
            rejects.close()
            path = request.rejects if rejects.count else None
    finally:
        source.close()
    taken = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if not len(taken[GEOM]):
        raise InputRefused("adopt.nothing_left", file=file, count=tally.read, reason=next(iter(tally.reasons)))
    return GridRows(taken, tally, notes_of(placer, source), path, "; ".join(sorted(drawn)[:3]) or None)


class _Reader:
    """Checks the rows of a layer of grids."""

    def __init__(
        self, store: Store, areas: Columns, placer: Placer, tally: Tally, request: AdoptGrids, workbook: bool
    ) -> None:
        self._store, self._areas, self._placer, self._tally = store, areas, placer, tally
        self._field, self._workbook = request.code_field, workbook
        self._number = request.wrong_codes == "number"
        self._scheme: CodeScheme = store.profile().grid_scheme
        self._county = store.meta()["county_code"]
        self._community_length = code_lengths(self._scheme)["community"]
        self._seen: set[str] = set()

    def take(self, chunk: Columns) -> Columns:
        self._tally.read += len(chunk[ROW])
        shapes, reasons = self._placer.place(chunk[GEOM])
        shapes, _repaired, wrong = multipolygons(shapes)
        for index in np.flatnonzero(wrong).tolist():
            reasons.setdefault(index, "reject.not_polygon")
        problems = [RowProblem(index, reason, {}) for index, reason in sorted(reasons.items())]
        codes: NDArray[Any] = objects([None] * len(shapes))
        stated, why = codes.copy(), codes.copy()
        if self._field:
            codes = objects(text(value) for value in chunk[self._field].tolist())
            communities = objects(code[: self._community_length] if code else None for code in codes.tolist())
            lost = {problem.index for problem in problems}
            wrong_codes = cut_codes(chunk[self._field].tolist()) if self._workbook else []
            wrong_codes += self._code_problems(codes, lost | {problem.index for problem in wrong_codes})
            if self._number:
                wrong_codes = [problem for problem in wrong_codes if problem.index not in lost]
                for problem in wrong_codes:
                    stated[problem.index], why[problem.index] = codes[problem.index], problem.reason
                    codes[problem.index] = None
                anew = np.array(sorted({problem.index for problem in wrong_codes}), dtype=np.int64)
                communities[anew], problems = self._located(shapes, anew, problems)
            else:
                problems += wrong_codes
        else:
            anew = np.array([index for index in range(len(shapes)) if index not in reasons], dtype=np.int64)
            communities = codes.copy()
            communities[anew], problems = self._located(shapes, anew, problems)
        keep = self._tally.reject(chunk, problems)
        return {
            ROW: chunk[ROW][keep], GEOM: shapes[keep], "code": codes[keep], "community": communities[keep],
            "stated": stated[keep], "why": why[keep],
        }  # fmt: skip

    def _located(
        self, shapes: NDArray[Any], rows: NDArray[np.int64], problems: list[RowProblem]
    ) -> tuple[NDArray[Any], list[RowProblem]]:
        """Return the communities in which rows lie that are to be numbered, and the problems with those in none."""
        best, _share = assign_community(shapes[rows], self._areas[GEOM])
        outside = [RowProblem(index, "reject.outside_communities", {}) for index in rows[best < 0].tolist()]
        return with_none(self._areas["code"])[best], [*problems, *outside]

    def _code_problems(self, codes: NDArray[Any], bad: set[int]) -> list[RowProblem]:
        """Check a vendor's codes; one of a row that is rejected anyway may stand again in a later row."""
        problems = []
        given = np.array([code or "" for code in codes.tolist()], dtype=str)
        where: list[Condition] = [("code", "in", given.tolist()), ("status", "=", "retired")]
        retired = set(self._store.read("code_register", ["code"], where)["code"].tolist())
        retired -= withdrawn(self._store, given).keys()
        reasons = self._scheme.check_many(given, self._county).tolist()
        for index, (code, reason) in enumerate(zip(given.tolist(), reasons)):
            if index in bad:
                continue
            if reason:
                problems.append(RowProblem(index, reason, self._scheme.reason_values(code, self._county)))
            elif code in self._seen:
                problems.append(RowProblem(index, "reject.duplicate_code", {"value": code, "field": self._field}))
            elif code in retired:
                problems.append(RowProblem(index, "reject.code_retired", {"value": code}))
            else:
                self._seen.add(code)
        return problems
