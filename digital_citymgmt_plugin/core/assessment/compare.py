# SPDX-License-Identifier: GPL-2.0-or-later
"""One period against another: 环比 (the period before), 同比 (the same days a year before), and what rose.

Whether a count rose is tested, since some of many small counts double every month by chance.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from digital_citymgmt_plugin.core.assessment.fairness import LEVEL, wilson

BEFORE, YEAR = "before", "year"  # 环比, 同比
LEAST = 10  # a row with fewer cases in both periods together is never among the risers
ALPHA = 0.05  # expected share of false ones among the rows called risen or fallen


@dataclass(frozen=True)
class Period:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1


def other_period(period: Period, kind: str) -> Period:
    """Return the period that one is compared with.

    ``before``: whole months go with as many whole months before (a quarter with the quarter, a year with the year),
    all else with as many days before. ``year``: the same days of the year before; whole months stay whole, and a
    29 February becomes the 28th.
    """
    months = whole_months(period)
    if kind == YEAR:
        return Period(_shift(period.first, -12, False), _shift(period.last, -12, months > 0))
    if months:
        last = period.first - timedelta(days=1)
        return Period(_shift(period.first, -months, False), last)
    return Period(period.first - timedelta(days=period.days), period.first - timedelta(days=1))


def whole_months(period: Period) -> int:
    """Return how many calendar months the period is, 0 when it is not whole months."""
    end = calendar.monthrange(period.last.year, period.last.month)[1]
    if period.first.day != 1 or period.last.day != end:
        return 0
    return (period.last.year - period.first.year) * 12 + period.last.month - period.first.month + 1


def _shift(day: date, months: int, to_end: bool) -> date:
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    end = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, end if to_end else min(day.day, end))


@dataclass(frozen=True)
class Change:
    """Counts of two periods per row, and whether the change is more than chance.

    ``change`` is the difference of counts, ``percent`` of the count before (NaN where that is 0), ``p`` of the test
    (1 where there is nothing to test), ``risen`` and ``fallen`` where it holds.
    """

    now: NDArray[np.int64]
    before: NDArray[np.int64]
    change: NDArray[np.int64]
    percent: NDArray[np.float64]
    p: NDArray[np.float64]
    risen: NDArray[np.bool_]
    fallen: NDArray[np.bool_]


def count_change(
    now: ArrayLike, before: ArrayLike, days_now: int, days_before: int, least: int = LEAST, alpha: float = ALPHA
) -> Change:
    """Compare counts of two periods row by row.

    Parameters
    ----------
    now, before : array of int
    days_now, days_before : int
        Lengths of the periods: February has fewer cases than January.
    least : int
        Rows with fewer cases in both periods together are neither risen nor fallen.
    alpha : float
        See Notes.

    Notes
    -----
    Test: given the sum of both, the cases of the later period are binomial with the share of its days (exact test of
    two Poisson rates, Przyborowski and Wilenski 1940), two-sided as twice the smaller tail. Among all rows with enough
    cases those are called risen or fallen that pass Benjamini and Hochberg's procedure at ``alpha``. Cases of one
    street are not independent, so the test is on the generous side: it keeps chance out, it does not prove.
    """
    later, earlier = np.asarray(now, dtype=np.int64), np.asarray(before, dtype=np.int64)
    both = later + earlier
    share = days_now / (days_now + days_before)
    at_least = np.where(later > 0, betainc(np.maximum(later, 1), np.maximum(both - later + 1, 1), share), 1.0)
    at_most = np.where(earlier > 0, betainc(np.maximum(earlier, 1), np.maximum(later + 1, 1), 1.0 - share), 1.0)
    p = np.where(both > 0, np.minimum(2 * np.minimum(at_least, at_most), 1.0), 1.0)
    sure = holds(p, both >= least, alpha)
    more = later * days_before > earlier * days_now
    less = later * days_before < earlier * days_now
    with np.errstate(invalid="ignore", divide="ignore"):
        percent = np.where(earlier > 0, 100.0 * (later - earlier) / earlier, np.nan)
    return Change(later, earlier, later - earlier, percent, p, sure & more, sure & less)


def holds(p: NDArray[np.float64], tested: NDArray[np.bool_], alpha: float = ALPHA) -> NDArray[np.bool_]:
    """Return which tests pass the procedure of Benjamini and Hochberg (1995) among those that were made."""
    result = np.zeros(len(p), dtype=bool)
    made = np.flatnonzero(tested)
    order = made[np.argsort(p[made], kind="stable")]
    passed = np.flatnonzero(p[order] <= alpha * np.arange(1, len(order) + 1) / max(len(order), 1))
    if len(passed):
        result[order[: passed[-1] + 1]] = True
    return result


def top_risers(change: Change, days_now: int, days_before: int, limit: int = 10) -> NDArray[np.int64]:
    """Return the rows that rose, those first that have most cases more than the days before let expect."""
    extra = change.now - change.before * (days_now / days_before)
    rows = np.flatnonzero(change.risen)
    return rows[np.argsort(-extra[rows], kind="stable")][:limit]


def rate_change(
    hits_now: ArrayLike, total_now: ArrayLike, hits_before: ArrayLike, total_before: ArrayLike, level: float = LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the difference of two shares with its interval; NaN where one of them is over nothing.

    Notes
    -----
    Newcombe 1998, Statistics in Medicine 17, 873–890, method 10: the Wilson bounds of both shares put together. A
    difference whose interval holds 0 is shown without an arrow.
    """
    a, m = np.asarray(hits_now, dtype=np.float64), np.asarray(total_now, dtype=np.float64)
    b, n = np.asarray(hits_before, dtype=np.float64), np.asarray(total_before, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = a / m, b / n
    low_p, high_p = wilson(a, m, level)
    low_q, high_q = wilson(b, n, level)
    difference = p - q
    low = difference - np.sqrt((p - low_p) ** 2 + (high_q - q) ** 2)
    high = difference + np.sqrt((high_p - p) ** 2 + (q - low_q) ** 2)
    nothing = ~((m > 0) & (n > 0))
    return np.where(nothing, np.nan, difference), np.where(nothing, np.nan, low), np.where(nothing, np.nan, high)
