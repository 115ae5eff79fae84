# SPDX-License-Identifier: GPL-2.0-or-later
"""Periods that are compared, and tests of change against sums of plain probabilities."""

from __future__ import annotations

from datetime import date
from math import comb

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.compare import (
    BEFORE,
    YEAR,
    Period,
    count_change,
    holds,
    other_period,
    rate_change,
    top_risers,
)


def days(first, last):
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("first", "last", "before", "year"),
    [
        ("2019-04-08", "2019-04-14", ("2019-04-01", "2019-04-07"), ("2018-04-08", "2018-04-14")),
        ("2024-03-01", "2024-03-31", ("2024-02-01", "2024-02-29"), ("2023-03-01", "2023-03-31")),
        ("2024-02-01", "2024-02-29", ("2024-01-01", "2024-01-31"), ("2023-02-01", "2023-02-28")),
        ("2025-02-01", "2025-02-28", ("2025-01-01", "2025-01-31"), ("2024-02-01", "2024-02-29")),
        ("2024-01-01", "2024-03-31", ("2023-10-01", "2023-12-31"), ("2023-01-01", "2023-03-31")),
        ("2024-01-01", "2024-12-31", ("2023-01-01", "2023-12-31"), ("2023-01-01", "2023-12-31")),
        ("2024-02-29", "2024-02-29", ("2024-02-28", "2024-02-28"), ("2023-02-28", "2023-02-28")),
        ("2024-01-05", "2024-01-20", ("2023-12-20", "2024-01-04"), ("2023-01-05", "2023-01-20")),
    ],
)
def test_periods_that_are_compared(first, last, before, year):
    period = days(first, last)
    assert other_period(period, BEFORE) == days(*before)
    assert other_period(period, YEAR) == days(*year)


def exact(now, before, share):
    """Two-sided by twice the smaller tail, summed term by term."""
    both = now + before
    terms = [comb(both, k) * share**k * (1 - share) ** (both - k) for k in range(both + 1)]
    return min(1.0, 2 * min(sum(terms[now:]), sum(terms[: now + 1])))


def test_the_test_of_counts_is_the_exact_one():
    lot = np.random.default_rng(3)
    now, before = lot.integers(0, 40, 300), lot.integers(0, 40, 300)
    change = count_change(now, before, 28, 31)
    for row in range(300):
        wanted = exact(int(now[row]), int(before[row]), 28 / 59) if now[row] + before[row] else 1.0
        assert change.p[row] == pytest.approx(wanted, abs=1e-12)
    assert (change.risen & change.fallen).sum() == 0


def test_small_counts_and_chance_are_no_risers():
    lot = np.random.default_rng(5)
    now, before = lot.poisson(20, 2000), lot.poisson(20, 2000)
    same = count_change(now, before, 30, 30)
    assert same.risen.sum() + same.fallen.sum() <= 2
    change = count_change([9, 60, 120, 0, 0], [0, 20, 60, 0, 50], 30, 30)
    assert change.risen.tolist() == [False, True, True, False, False]  # 0 → 9 is too few
    assert change.fallen.tolist() == [False, False, False, False, True]
    assert top_risers(change, 30, 30).tolist() == [2, 1]
    assert np.isnan(change.percent[0]) and change.percent[1] == 200.0


def test_a_short_month_is_not_a_fall():
    change = count_change([2800], [3100], 28, 31)
    assert change.p[0] == 1.0 and not change.fallen[0]


def test_the_procedure_of_benjamini_and_hochberg():
    # Their own example (1995, section 3.2): of 15 values the four smallest pass at 0.05.
    p = np.array([0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
                  0.6528, 0.7590, 1.0])  # fmt: skip
    assert holds(p[::-1], np.ones(15, dtype=bool), 0.05)[::-1].tolist() == [True] * 4 + [False] * 11
    assert not holds(p, np.zeros(15, dtype=bool), 0.05).any()


def test_differences_of_rates_have_the_published_intervals():
    # Newcombe 1998, Statistics in Medicine 17, 873–890, table II, method 10.
    for a, m, b, n, low, high in (
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (10, 10, 0, 10, 0.6075, 1.0),
        (5, 56, 0, 29, -0.0381, 0.1926),
    ):
        _, lower, upper = rate_change(a, m, b, n)
        assert (round(float(lower), 4), round(float(upper), 4)) == (low, high)
    assert np.isnan(rate_change(0, 0, 1, 2)[0])
