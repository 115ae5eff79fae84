# SPDX-License-Identifier: GPL-2.0-or-later
"""An evaluation: counts, values, scores and ranks of rows under a scheme. What is shown, printed, kept and compared.

It is whole: opened again years later it says the same to the digit, whatever became of profile, departments and grids
since, for it holds the scheme, the names of its rows and all figures; nothing of it is computed again.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.number_ids import NumberId
from digital_citymgmt_plugin.core.assessment.schemes import AREA, Scheme, scheme_from_payload
from digital_citymgmt_plugin.core.assessment.scores import Scores, Value, compute, idle_rows

Ints = NDArray[np.int64]
Note = tuple[str, dict[str, Any]]
FORMAT = 1  # of the payload; a run says with which it was kept


@dataclass(frozen=True)
class Row:
    """A row (or a column of ``by2``): '' is the row of cases without a value."""

    code: str
    name: str
    parent: str = ""


@dataclass(frozen=True)
class Selection:
    """Which cases are meant: days of the period (both included, '' open), cut-off (UTC text), filters.

    ``basis``: ``filed`` – cases filed in the period, reported in it where they were not filed; ``reported`` – cases
    reported in it; ``flow`` – each count by its own moment (closed: closed in the period …).
    ``where``: column → codes (``class``, ``kind``, ``source``, ``street`` …).
    """

    by: str
    by2: str = ""
    basis: str = "filed"
    from_date: str = ""
    to_date: str = ""
    cut_off: str = ""
    zone: str = "Asia/Shanghai"
    where: dict[str, list[str]] = field(default_factory=dict)
    join: dict[str, str] = field(default_factory=dict)  # code → code whose row its cases are in


@dataclass(frozen=True)
class Evaluation:
    """Rows × counts under a scheme.

    ``counts``: count → int64 by row, all cases; ``exempt``: how many of them are exempt (an appeal was granted).
    ``totals``: count → whole number; equal to the sums of the rows. ``cells``: count → int64[row, column] where
    ``selection.by2`` asks for it. ``scores`` is of the rows, ``total`` of the total row (index 0).
    """

    object: str
    selection: Selection
    scheme: Scheme
    rows: tuple[Row, ...]
    counts: dict[str, Ints]
    totals: dict[str, int]
    scores: Scores
    total: Scores
    columns: tuple[Row, ...] = ()
    cells: dict[str, Ints] = field(default_factory=dict)
    exempt: dict[str, Ints] = field(default_factory=dict)
    without: str = ""  # "exempt" where these are left out of the counts
    notes: tuple[Note, ...] = ()
    place: dict[str, str] = field(default_factory=dict)  # county, time of making, program

    @property
    def values(self) -> dict[str, Value]:
        """Indicators by row: numerator, denominator, value."""
        return self.scores.values

    @property
    def period(self) -> tuple[str, str]:
        """First and last day."""
        return self.selection.from_date, self.selection.to_date

    def number_id(self, count: str, row: str | None = None, column: str | None = None) -> str:
        """Return the text that names a number of this evaluation; without row the total."""
        chosen = self.selection
        keys = {} if row is None else {chosen.by: row}
        where = dict(chosen.where)
        joined = [code for code, into in chosen.join.items() if into == row]
        if joined and row is not None:  # a row of several codes: the total of a filter by these
            codes = {row, *joined}.intersection(where.get(chosen.by) or {row, *joined})
            if codes:
                keys, where = {}, {**where, chosen.by: sorted(codes)}
        if column is not None:
            keys[chosen.by2] = column
        return NumberId(
            count, keys, chosen.basis, chosen.from_date, chosen.to_date, chosen.cut_off, where, self.without
        ).to_text()

    def without_exempt(self) -> Evaluation:
        """Return the same without exempt cases, scored and ranked anew."""
        left = {code: column - self.exempt.get(code, np.zeros_like(column)) for code, column in self.counts.items()}
        return evaluate_counts(
            self.object, self.selection, self.scheme, self.rows, left, notes=self.notes, place=self.place,
            without="exempt",
        )  # fmt: skip

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "format": FORMAT, "object": self.object, "selection": asdict(self.selection),
            "scheme": self.scheme.to_payload(), "rows": [asdict(row) for row in self.rows],
            "columns": [asdict(column) for column in self.columns], "counts": _lists(self.counts),
            "totals": dict(self.totals), "cells": _lists(self.cells), "exempt": _lists(self.exempt),
            "without": self.without, "scores": _scores_out(self.scores), "total": _scores_out(self.total),
            "notes": [[code, dict(values)] for code, values in self.notes], "place": dict(self.place),
        }  # fmt: skip

    @property
    def digest(self) -> str:
        """The SHA-256 of the JSON form."""
        return payload_digest(self.to_payload())


def evaluate_counts(
    kind: str, selection: Selection, scheme: Scheme, rows: Sequence[Row], counts: Mapping[str, NDArray[Any]],
    *, columns: Sequence[Row] = (), cells: Mapping[str, NDArray[Any]] | None = None,
    exempt: Mapping[str, NDArray[Any]] | None = None, notes: Sequence[Note] = (), without: str = "",
    place: Mapping[str, str] | None = None,
) -> Evaluation:  # fmt: skip
    """Return the evaluation of counts by row; totals are the sums of the rows."""
    whole = {code: np.asarray(column, dtype=np.int64) for code, column in counts.items()}
    totals = {code: int(column.sum()) for code, column in whole.items()}
    ranked = np.array([bool(row.code) for row in rows], dtype=bool)
    of_total = {code: np.array([value], dtype=np.int64) for code, value in totals.items()}
    judge_idle = kind == AREA
    idle = 0 if judge_idle or not scheme.weighted else int((idle_rows(scheme, whole) & ranked).sum())
    if idle:
        notes = [*notes, ("table.idle_rows", {"count": idle})]
    return Evaluation(
        kind, selection, scheme, tuple(rows), whole, totals, compute(scheme, whole, ranked, judge_idle),
        compute(scheme, of_total, np.zeros(1, dtype=bool), judge_idle), tuple(columns),
        {code: np.asarray(column, dtype=np.int64) for code, column in (cells or {}).items()},
        {code: np.asarray(column, dtype=np.int64) for code, column in (exempt or {}).items()},
        without, tuple(notes), dict(place or {}),
    )  # fmt: skip


def evaluation_from_payload(payload: Mapping[str, Any]) -> Evaluation:
    """Return an evaluation from its JSON form: every figure as it was written."""
    selection = Selection(**{k: v for k, v in payload["selection"].items() if k in Selection.__dataclass_fields__})
    return Evaluation(
        payload["object"], selection, scheme_from_payload(payload["scheme"]),
        tuple(Row(**row) for row in payload["rows"]), _arrays(payload["counts"]), dict(payload["totals"]),
        _scores_in(payload["scores"]), _scores_in(payload["total"]), tuple(Row(**row) for row in payload["columns"]),
        _arrays(payload["cells"]), _arrays(payload["exempt"]), payload.get("without", ""),
        tuple((code, dict(values)) for code, values in payload["notes"]), dict(payload.get("place", {})),
    )  # fmt: skip


def canonical(payload: Any) -> str:
    """Return JSON that is the same text for the same values."""
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def payload_digest(payload: Any) -> str:
    """Return the SHA-256 of a JSON form."""
    return hashlib.sha256(canonical(payload).encode("utf-8")).hexdigest()


def _lists(columns: Mapping[str, Ints]) -> dict[str, Any]:
    return {code: column.tolist() for code, column in columns.items()}


def _arrays(lists: Mapping[str, Any]) -> dict[str, Ints]:
    return {code: np.array(values, dtype=np.int64) for code, values in lists.items()}


def _floats_out(values: NDArray[np.float64]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _floats_in(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _scores_out(scores: Scores) -> dict[str, Any]:
    return {
        "values": {
            code: [value.numerator.tolist(), value.denominator.tolist(), _floats_out(value.value)]
            for code, value in scores.values.items()
        },
        "terms": {code: _floats_out(points) for code, points in scores.terms.items()},
        "composite": _floats_out(scores.composite), "grade": list(scores.grade), "rank": scores.rank.tolist(),
    }  # fmt: skip


def _scores_in(payload: Mapping[str, Any]) -> Scores:
    values = {
        code: Value(np.array(above, dtype=np.int64), np.array(below, dtype=np.int64), _floats_in(value))
        for code, (above, below, value) in payload["values"].items()
    }
    return Scores(
        values, {code: _floats_in(points) for code, points in payload["terms"].items()},
        _floats_in(payload["composite"]), list(payload["grade"]), np.array(payload["rank"], dtype=np.int64),
    )  # fmt: skip
