# SPDX-License-Identifier: GPL-2.0-or-later
"""Values, scores, composite, grade and rank of rows under a scheme. Vectorised; NaN is "no value" (shown as –)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.expressions import counts_in, sum_of
from digital_citymgmt_plugin.core.assessment.schemes import (
    BANDS,
    FULL,
    INVERSE,
    LEAVE_OUT,
    SHOWN_ONLY,
    Band,
    Scheme,
    Term,
)
from digital_citymgmt_plugin.core.profile import Indicator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Value:
    """An indicator by row: numerator, denominator (0 for a number of cases) and value, in % where it is a rate."""

    numerator: Ints
    denominator: Ints
    value: Floats


@dataclass(frozen=True)
class Scores:
    """What a scheme makes of the counts of rows; ``rank`` 0 where a row has none."""

    values: dict[str, Value]
    terms: dict[str, Floats]
    composite: Floats
    grade: list[str]
    rank: Ints


def half_up(values: Any, decimals: int) -> Floats:
    """Round half up (四舍五入), as printed tables are, not half to even.

    Shares of less than 500 million cases come out as exact arithmetic has them: what a float is off by (1e-12) is
    rounded away first, at nine places more than are shown.
    """
    factor = 10.0**decimals
    scaled = np.round(np.asarray(values, dtype=np.float64) * factor, 9)
    return np.asarray(np.where(scaled < 0, -np.floor(-scaled + 0.5), np.floor(scaled + 0.5)) / factor, dtype=np.float64)


def indicator_value(indicator: Indicator, counts: Mapping[str, NDArray[Any]]) -> Value:
    """Return an indicator by row; NaN where the denominator is 0 or less, and everywhere where a count is not known."""
    if any(code not in counts for code in counts_in(indicator.numerator, indicator.denominator)):
        shape = next(iter(counts.values())).shape if counts else (0,)
        return Value(np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64), np.full(shape, np.nan))
    above = sum_of(indicator.numerator, counts)
    if not indicator.denominator:
        return Value(above, np.zeros_like(above), above.astype(np.float64))
    below = sum_of(indicator.denominator, counts)
    factor = 100.0 if indicator.unit == "%" else 1.0
    value = np.full(above.shape, np.nan)
    np.divide(factor * above, below, out=value, where=below > 0)
    return Value(above, below, value)


def score(term: Term, value: Floats, zero: str) -> Floats:
    """Return the score (0 to 100) of a term by row; NaN where the term is left out."""
    if term.rule == SHOWN_ONLY:
        return np.full(value.shape, np.nan)
    share = value if term.indicator.unit == "%" or not term.indicator.denominator else 100.0 * value
    if term.rule == BANDS:
        result = band_values(term.bands, value)
    else:
        result = np.clip(100.0 - share if term.rule == INVERSE else share, 0.0, 100.0)
    if zero != LEAVE_OUT:
        result = np.where(np.isnan(value), 100.0 if zero == FULL else 0.0, result)
    return np.asarray(result, dtype=np.float64)


def band_values(bands: Sequence[Band], value: Floats) -> Floats:
    """Return the score of the band that each value lies in; NaN outside all."""
    result = np.full(value.shape, np.nan)
    for band in bands:
        inside = value >= band.start
        if band.stop is not None:
            inside &= value < band.stop
        result[inside] = band.score
    return result


def used_counts(scheme: Scheme, counts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the counts that a scheme's indicators are made of and that are known."""
    texts = [text for term in scheme.terms for text in (term.indicator.numerator, term.indicator.denominator)]
    return tuple(code for code in counts_in(*texts) if code in counts)


def idle_rows(scheme: Scheme, counts: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return the rows that have none of the cases that a scheme counts."""
    used = used_counts(scheme, counts)
    if not used:
        return np.zeros(next(iter(counts.values())).shape if counts else (0,), dtype=bool)
    return np.asarray(np.all([counts[code] == 0 for code in used], axis=0), dtype=bool)


def compute(
    scheme: Scheme, counts: Mapping[str, NDArray[Any]], ranked: NDArray[np.bool_], judge_idle: bool = True
) -> Scores:
    """Return what a scheme makes of counts by row.

    Parameters
    ----------
    counts : mapping
        Count → int64 by row.
    ranked : ndarray of bool
        Which rows take part in the ranking (not the total, not "not known").
    judge_idle : bool
        Whether rows without any case get a composite. An area without cases is a good one, a department that was
        given none did nothing: "no case filed" would make it the first of all.

    Notes
    -----
    The composite is the weighted mean of the terms that have a value: where the weights of all sum to 1 and each has
    one, the weighted sum of the sources. Terms go into it unrounded. Without weights rows are ranked by the first
    indicator that has a better direction. Equal rows share a rank, the next one skips (1, 2, 2, 4).
    """
    values = {term.code: indicator_value(term.indicator, counts) for term in scheme.terms}
    exact = {term.code: score(term, values[term.code].value, scheme.zero) for term in scheme.terms}
    composite = np.full(ranked.shape, np.nan)
    if scheme.weighted:
        weights = np.array([[term.weight] for term in scheme.terms if term.counted])
        points = np.array([exact[term.code] for term in scheme.terms if term.counted])
        there = ~np.isnan(points)
        total = (weights * there).sum(axis=0)
        np.divide((weights * np.where(there, points, 0.0)).sum(axis=0), total, out=composite, where=total > 0)
        composite = half_up(composite, scheme.decimals)
    if not judge_idle:
        composite[idle_rows(scheme, counts)] = np.nan
    return Scores(
        values,
        {code: half_up(points, scheme.decimals) for code, points in exact.items()},
        composite,
        [grade_of(scheme.grades, float(value)) for value in composite],
        rank_rows(*_ranked_by(scheme, values, composite), ranked),
    )


def grade_of(grades: Sequence[Band], value: float) -> str:
    """Return the grade of a composite, '' without any."""
    return next((band.grade for band in grades if band.holds(value)), "")


def ranking_term(scheme: Scheme) -> Term | None:
    """Return the term that rows are ranked by where a scheme has no composite."""
    if scheme.weighted:
        return None
    return next((term for term in scheme.terms if term.better), None)


def _ranked_by(scheme: Scheme, values: Mapping[str, Value], composite: Floats) -> tuple[Floats, bool]:
    term = ranking_term(scheme)
    if term is None:
        return composite, True
    return half_up(values[term.code].value, scheme.decimals), term.better == "higher"


def rank_rows(values: Floats, higher: bool, ranked: NDArray[np.bool_]) -> Ints:
    """Return the rank of each row by its value, 1 the best; 0 where it has none."""
    rank = np.zeros(values.shape, dtype=np.int64)
    takes_part = ranked & ~np.isnan(values)
    order = np.sort(-values[takes_part] if higher else values[takes_part])
    rank[takes_part] = np.searchsorted(order, -values[takes_part] if higher else values[takes_part], "left") + 1
    return rank
