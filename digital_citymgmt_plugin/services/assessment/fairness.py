# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands beside a rate: its interval, small counts, the mix of classes, exempt cases, periods it is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment import fairness as fair
from digital_citymgmt_plugin.core.assessment.evaluation import Row, Selection
from digital_citymgmt_plugin.core.assessment.scores import half_up, indicator_value
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.profile import Indicator
from digital_citymgmt_plugin.core.requests_fairness import JudgeRates, RateSeries
from digital_citymgmt_plugin.services.assessment.said import said
from digital_citymgmt_plugin.services.assessment.tallies import tally

PERIODS = ("day", "week", "month", "quarter", "year")
COLUMNS = (
    "code", "name", "hits", "total", "rate", "low", "high", "small", "rank", "expected", "ratio", "adjusted",
    "adjusted_low", "adjusted_high", "adjusted_rank", "direct", "held", "own", "hits_not_exempt", "total_not_exempt",
    "rate_not_exempt", "rank_not_exempt",
)  # fmt: skip
SERIES = ("period", "hits", "total", "rate", "low", "high", "small", "hits_so_far", "total_so_far", "rate_so_far")
_TWO = 2  # decimals of percentages, as published reports have them


def judge_rates(context: Context, request: JudgeRates) -> dict[str, Any]:
    """Tell of one indicator, by row, what its rate does not tell.

    Returns
    -------
    dict
        ``counts`` (rows, small, alone), ``columns`` (``COLUMNS``), ``rows``, ``total`` (one row; no ranks), rates in
        percent with two decimals, None where there is none; ``indicator`` (code, name, numerator, denominator),
        ``remarks``: lines that say what the columns are; ``cut_off``.

    Raises
    ------
    InputRefused
        ``fairness.by``, ``fairness.indicator``, ``fairness.no_share``, ``fairness.small``; those of ``tally``.
    """
    if request.by in ("class", "major", "kind"):
        raise InputRefused("fairness.by", value=request.by)
    indicator = find_indicator(context, request.indicator)
    least = small_count(context, request.small)
    chosen = Selection(
        request.by, "class", request.basis or "filed", request.from_date, request.to_date, request.cut_off,
        zone_of(context), dict(request.where),
    )  # fmt: skip
    counted = tally(context, chosen)
    raw = indicator_value(indicator, counted.counts)
    mix = indicator_value(indicator, counted.cells)
    left = {
        code: column - counted.exempt.get(code, np.zeros_like(column)) for code, column in counted.counts.items()
    }
    without = indicator_value(indicator, left)
    hits, total = raw.numerator, raw.denominator
    _check_share(indicator, hits, total)
    better = indicator.direction != "lower"
    ranks = _of_named(counted.rows)
    low, high = fair.wilson(hits, total)
    around, straight = fair.indirect(mix.numerator, mix.denominator), fair.direct(mix.numerator, mix.denominator)
    small = fair.is_small(total, least)
    own = fair.own_share(mix.denominator)

    def compared(values: NDArray[Any]) -> NDArray[Any]:
        return np.where(own > fair.ALONE, np.nan, values)

    columns = [
        [row.code for row in counted.rows], [row.name for row in counted.rows], hits.tolist(), total.tolist(),
        percent(fair.rates(hits, total)), percent(low), percent(high), small.tolist(),
        ranks(fair.rates(hits, total), better), _rounded(compared(around.expected), _TWO),
        _rounded(compared(around.ratio), 4), percent(compared(around.rate)), percent(compared(around.low)),
        percent(compared(around.high)), ranks(compared(around.ratio), better), percent(compared(straight.rate)),
        percent(straight.held), percent(own), without.numerator.tolist(), without.denominator.tolist(),
        percent(fair.rates(without.numerator, without.denominator)),
        ranks(fair.rates(without.numerator, without.denominator), better),
    ]  # fmt: skip
    whole = _whole(int(hits.sum()), int(total.sum()), int(without.numerator.sum()), int(without.denominator.sum()))
    remarks = [
        said(context, "fairness.interval"), said(context, "fairness.small_counts", count=least),
        said(context, "fairness.indirect"), said(context, "fairness.direct"), said(context, "fairness.own"),
        said(context, "fairness.exempt"),
    ]  # fmt: skip
    return {
        "counts": {"rows": len(counted.rows), "small": int(small.sum()), "alone": int((own > fair.ALONE).sum())},
        "operation": None, "tables": [], "notes": [],
        "columns": list(COLUMNS), "rows": [list(row) for row in zip(*columns)], "total": whole, "remarks": remarks,
        "indicator": told_indicator(context, indicator), "cut_off": counted.cut_off,
    }  # fmt: skip


def rate_series(context: Context, request: RateSeries) -> dict[str, Any]:
    """Tell an indicator by period, and what it is cumulated up to each: how a cumulative rate came about.

    Returns
    -------
    dict
        ``counts`` (periods), ``columns`` (``SERIES``), ``rows`` by period in the order of time, ``indicator``,
        ``remarks``, ``cut_off``. Periods without cases are left out.

    Raises
    ------
    InputRefused
        ``fairness.indicator``, ``fairness.no_share``, ``fairness.period``; those of ``tally``.
    """
    if request.every not in PERIODS:
        raise InputRefused("fairness.period", value=request.every, known=", ".join(PERIODS))
    indicator = find_indicator(context, request.indicator)
    least = small_count(context, request.small)
    where = dict(request.where)
    if request.row:
        where[request.by] = [*where.get(request.by, []), request.row]
    chosen = Selection(
        request.by, request.every, request.basis or "filed", request.from_date, request.to_date, request.cut_off,
        zone_of(context), where,
    )  # fmt: skip
    counted = tally(context, chosen)
    by_period = {code: cells.sum(axis=0) for code, cells in counted.cells.items()}
    found = indicator_value(indicator, by_period)
    hits, total = found.numerator, found.denominator
    _check_share(indicator, hits, total)
    order = [
        place for place in sorted(range(len(counted.columns)), key=lambda one: counted.columns[one].code)
        if counted.columns[place].code and total[place]
    ]  # fmt: skip
    hits, total = hits[order], total[order]
    low, high = fair.wilson(hits, total)
    so_far = np.cumsum(hits), np.cumsum(total)
    columns = [
        [counted.columns[place].code for place in order], hits.tolist(), total.tolist(),
        percent(fair.rates(hits, total)), percent(low), percent(high), fair.is_small(total, least).tolist(),
        so_far[0].tolist(), so_far[1].tolist(), percent(fair.rates(*so_far)),
    ]  # fmt: skip
    return {
        "counts": {"periods": len(order)}, "operation": None, "tables": [], "notes": [], "columns": list(SERIES),
        "rows": [list(row) for row in zip(*columns)], "indicator": told_indicator(context, indicator),
        "remarks": [said(context, "fairness.series"), said(context, "fairness.interval")], "cut_off": counted.cut_off,
    }  # fmt: skip


def find_indicator(context: Context, code: str) -> Indicator:
    """Return an indicator of the city's profile; ``fairness.indicator`` where it has none of that code."""
    indicators = {item.code: item for item in context.need_store().profile().indicators}
    if code not in indicators:
        raise InputRefused("fairness.indicator", value=code, known=", ".join(sorted(indicators)))
    return indicators[code]


def told_indicator(context: Context, indicator: Indicator) -> dict[str, str]:
    """Return code, name, numerator and denominator."""
    name = Words(context.sentences).name(indicator.code, indicator.name)
    return {
        "code": indicator.code, "name": name, "numerator": indicator.numerator, "denominator": indicator.denominator,
    }  # fmt: skip


def small_count(context: Context, asked: int) -> int:
    """Return below how many cases a rate is greyed: as asked, as the profile's setting ``small_count`` says, or 30."""
    if asked:
        if not 0 < asked <= 1_000_000:
            raise InputRefused("fairness.small", value=asked)
        return asked
    try:
        found = int(context.need_store().meta().get("setting.small_count") or fair.SMALL)
    except ValueError:
        return fair.SMALL
    return found if found > 0 else fair.SMALL


def zone_of(context: Context) -> str:
    """Return the time zone of the city."""
    return context.need_store().meta().get("time_zone") or "Asia/Shanghai"


def percent(shares: NDArray[Any]) -> list[float | None]:
    """Return shares in percent with two decimals, rounded half up; None for NaN."""
    return _rounded(100.0 * np.asarray(shares, dtype=np.float64), _TWO)


def _rounded(values: NDArray[Any], decimals: int) -> list[float | None]:
    return [None if math.isnan(value) else value for value in half_up(values, decimals).tolist()]


def _check_share(indicator: Indicator, hits: NDArray[Any], total: NDArray[Any]) -> None:
    """Refuse an indicator that is no share of cases: nothing of this holds for it."""
    if not indicator.denominator or (hits > total).any() or (hits < 0).any():
        raise InputRefused("fairness.no_share", value=indicator.code)


@dataclass(frozen=True)
class _Ranks:
    named: NDArray[np.bool_]

    def __call__(self, values: NDArray[Any], better: bool) -> list[int | None]:
        ranks = fair.ranked(np.where(self.named, values, np.nan), better)
        return [rank or None for rank in ranks.tolist()]


def _of_named(rows: tuple[Row, ...]) -> _Ranks:
    """Return what ranks rows, without that of cases that have none."""
    return _Ranks(np.array([bool(row.code) for row in rows], dtype=bool))


def _whole(hits: int, total: int, hits_left: int, total_left: int) -> list[Any]:
    low, high = fair.wilson([hits], [total])
    known: Mapping[str, Any] = {
        "code": "", "name": "", "hits": hits, "total": total, "rate": percent(fair.rates([hits], [total]))[0],
        "low": percent(low)[0], "high": percent(high)[0], "small": False, "hits_not_exempt": hits_left,
        "total_not_exempt": total_left, "rate_not_exempt": percent(fair.rates([hits_left], [total_left]))[0],
    }  # fmt: skip
    return [known.get(name) for name in COLUMNS]
