# SPDX-License-Identifier: GPL-2.0-or-later
"""Periods by name, the one before, series; classes of figures."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.assessment import classes, periods

DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("this_week", (2019, 4, 8), (2019, 4, 14)), ("last_week", (2019, 4, 1), (2019, 4, 7)),
        ("this_month", (2019, 4, 1), (2019, 4, 30)), ("last_month", (2019, 3, 1), (2019, 3, 31)),
        ("this_quarter", (2019, 4, 1), (2019, 6, 30)), ("last_quarter", (2019, 1, 1), (2019, 3, 31)),
        ("this_year", (2019, 1, 1), (2019, 12, 31)), ("last_year", (2018, 1, 1), (2018, 12, 31)),
    ],
)  # fmt: skip
def test_periods_by_name(name, first, last):
    assert periods.preset(name, date(2019, 4, 10)) == (date(*first), date(*last))


def test_all_cases_and_days_of_ones_own_have_no_days():
    assert periods.preset("all", date(2019, 4, 10)) == periods.preset("own", date(2019, 4, 10)) == (None, None)


@given(DAYS, st.sampled_from(["week", "month", "quarter", "year"]))
def test_the_period_before_a_whole_one_is_a_whole_one_that_ends_the_day_before(day, step):
    first = periods.begin_of(day, step)
    last = periods.next_begin(day, step) - timedelta(days=1)
    earlier = periods.before(first, last)
    assert earlier[1] == first - timedelta(days=1)
    assert periods.begin_of(earlier[1], step) == earlier[0]


@given(DAYS, st.integers(0, 700))
def test_the_period_before_meets_the_period(day, more):
    first, last = day, day + timedelta(days=more)
    earlier = periods.before(first, last)
    assert earlier[0] <= earlier[1] == first - timedelta(days=1)
    if not periods.whole(first, last):
        assert earlier[1] - earlier[0] == last - first


def test_a_year_before_keeps_ends_of_months_and_weeks():
    assert periods.year_before(date(2024, 2, 1), date(2024, 2, 29)) == (date(2023, 2, 1), date(2023, 2, 28))
    assert periods.year_before(date(2025, 2, 1), date(2025, 2, 28)) == (date(2024, 2, 1), date(2024, 2, 29))
    assert periods.year_before(date(2019, 4, 8), date(2019, 4, 14)) == (date(2018, 4, 9), date(2018, 4, 15))
    assert periods.year_before(date(2019, 4, 9), date(2019, 4, 12)) == (date(2018, 4, 9), date(2018, 4, 12))


@given(DAYS, st.integers(0, 350), st.sampled_from(periods.STEPS))
def test_parts_of_a_period_tile_it(day, more, step):
    last = day + timedelta(days=more)
    found = list(periods.parts(day, last, step))
    assert found[0][0] == day and found[-1][1] == last
    assert all(one[1] + timedelta(days=1) == other[0] for one, other in zip(found, found[1:]))


def test_classes_keep_equal_values_together():
    assert classes.breaks([]) == [] and classes.class_of(1.0, []) == -1
    assert classes.breaks([None, 5.0]) == [5.0, 5.0] and classes.class_of(5.0, [5.0, 5.0]) == 0
    edges = classes.breaks([1, 1, 1, 1, 2, 3, 4, 5, 6, 7])
    assert edges[0] == 1 and edges[-1] == 7
    assert classes.class_of(1, edges) == 0 and classes.class_of(7, edges) == len(edges) - 2


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e9)), max_size=60), st.integers(1, 6))
def test_every_value_has_its_class_and_lies_between_its_edges(values, count):
    edges = classes.breaks(values, count)
    known = [value for value in values if value is not None]
    assert bool(known) == bool(edges) and len(edges) - 1 <= count
    for value in known:
        at = classes.class_of(value, edges)
        assert 0 <= at < len(edges) - 1
        assert edges[at] <= value <= edges[at + 1] or at == 0
        assert value <= edges[at + 1]
