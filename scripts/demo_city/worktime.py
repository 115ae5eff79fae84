# SPDX-License-Identifier: GPL-2.0-or-later
"""Working time of the demo city: 08–12 and 14–18 on workdays, with the holidays and make-up days of the period.

The generator has a clock of its own on purpose: what the plugin computes can be checked against it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
FIRST = np.datetime64("2014-07-01")
DAYS = 915
HOLIDAYS = (
    ("2014-09-08", "2014-09-08"),
    ("2014-10-01", "2014-10-07"),
    ("2015-01-01", "2015-01-03"),
    ("2015-02-18", "2015-02-24"),
    ("2015-04-05", "2015-04-06"),
    ("2015-05-01", "2015-05-03"),
    ("2015-06-20", "2015-06-22"),
    ("2015-09-03", "2015-09-05"),
    ("2015-09-26", "2015-09-27"),
    ("2015-10-01", "2015-10-07"),
    ("2016-01-01", "2016-01-03"),
    ("2016-02-07", "2016-02-13"),
    ("2016-04-02", "2016-04-04"),
    ("2016-04-30", "2016-05-02"),
    ("2016-06-09", "2016-06-11"),
    ("2016-09-15", "2016-09-17"),
    ("2016-10-01", "2016-10-07"),
)
MAKE_UP = ("2014-09-28", "2014-10-11", "2015-01-04", "2015-02-15", "2015-02-28", "2015-09-06", "2015-10-10",
           "2016-02-06", "2016-02-14", "2016-06-12", "2016-09-18", "2016-10-08", "2016-10-09")  # fmt: skip
DAY, DAY_SECONDS = 86_400, 8 * 3_600
MORNING, NOON, AFTERNOON, EVENING = 8 * 3_600, 12 * 3_600, 14 * 3_600, 18 * 3_600


def _workdays() -> Array:
    days = FIRST + np.arange(DAYS)
    work = np.is_busday(days)
    for first, last in HOLIDAYS:
        work[(days >= np.datetime64(first)) & (days <= np.datetime64(last))] = False
    work[np.isin(days, np.array(MAKE_UP, "datetime64[D]"))] = True
    return work


WORKDAY = _workdays()
BEFORE = np.concatenate([[0], np.cumsum(WORKDAY) * DAY_SECONDS])


def worked(seconds: Array) -> Array:
    """Return the working seconds between ``FIRST`` and a time given in seconds after it."""
    seconds = np.asarray(seconds, dtype=np.int64)
    day, rest = np.divmod(seconds, DAY)
    today = np.clip(rest, MORNING, NOON) - MORNING + np.clip(rest, AFTERNOON, EVENING) - AFTERNOON
    return BEFORE[day] + np.where(WORKDAY[day], today, 0)


def after_work(work: Array) -> Array:
    """Return the first time at which so many working seconds have passed; the inverse of ``worked``."""
    work = np.asarray(work, dtype=np.int64)
    day = np.searchsorted(BEFORE, work, side="left") - 1
    rest = work - BEFORE[day]
    return day * DAY + np.where(rest <= NOON - MORNING, MORNING + rest, AFTERNOON + rest - (NOON - MORNING))


def advanced(start: Array, amount: Array, running: Array) -> Array:
    """Return start plus an amount of seconds: of running time where ``running``, else of working time."""
    amount = np.asarray(amount, dtype=np.int64)
    return np.where(running, start + amount, after_work(worked(start) + amount))


def seconds_of(text: str) -> int:
    """Return the seconds after ``FIRST`` of a time such as 2014-08-01T00:00:00."""
    return int((np.datetime64(text, "s") - FIRST.astype("datetime64[s]")).astype(np.int64))


def text_of(seconds: Array) -> Array:
    """Return times as ``2014-08-01 09:30:00``; empty where the number is negative."""
    seconds = np.asarray(seconds, dtype=np.int64)
    times = FIRST.astype("datetime64[s]") + np.maximum(seconds, 0).astype("timedelta64[s]")
    words = np.char.replace(np.datetime_as_string(times, unit="s"), "T", " ")
    return np.where(seconds >= 0, words, "").astype(object)
