# SPDX-License-Identifier: GPL-2.0-or-later
"""Periods of an assessment: days of the city, the cut-off, and which cases belong to a period."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.counts import Cases, first_known
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.cases.times import parse_times, to_local, to_utc
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Assess
from digital_citymgmt_plugin.services.intake import objects


def inside_period(cases: Cases, zone: str, start: Any, stop: Any) -> tuple[NDArray[np.bool_], int]:
    """Return which cases belong to the period, and how many have no date to tell by."""
    if start is None and stop is None:
        return np.ones(len(cases), dtype=bool), 0
    at = np.where(np.isnat(cases.times["filed_at"]), cases.times["reported_at"], cases.times["filed_at"])
    at = np.where(np.isnat(at), first_known(cases), at)
    days = to_local(at, zone).astype("datetime64[D]")
    undated = np.isnat(days)
    inside = ~undated
    if start is not None:
        inside &= days >= start
    if stop is not None:
        inside &= days <= stop
    return inside, int(undated.sum())


def read_day(text: str | None, name: str) -> np.datetime64 | None:
    """Return a day, None without text; ``assess.date`` where it is none."""
    if not text:
        return None
    try:
        return np.datetime64(date.fromisoformat(text.strip()[:10]), "D")
    except ValueError:
        raise InputRefused("assess.date", field=name, value=text) from None


def read_cut_off(text: str | None, zone: str) -> np.datetime64 | None:
    """Return a moment (UTC); a day alone means its end in the city's time zone. ``assess.date`` where it is none."""
    if not text:
        return None
    moments, bad = parse_times(objects([text]), zone)
    if bad[0]:
        raise InputRefused("assess.date", field="cut_off", value=text)
    moment: np.datetime64 = moments[0]
    if len(text.strip()) <= 10:  # a day alone: its last moment, also where clocks change and it has 23 or 25 hours
        local = to_local(moments, zone)
        moment = to_utc(local + np.timedelta64(1, "D"), zone)[0] - np.timedelta64(1, "ms")
    return moment


def say_period(request: Assess, words: Words) -> str:
    """Return the period in words; an open end is said as such."""
    if not request.from_date and not request.to_date:
        return words.say("table.always")
    first, last = request.from_date or words.say("table.earliest"), request.to_date or words.say("table.latest")
    return words.say("table.between", first=first, last=last)
