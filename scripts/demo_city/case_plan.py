# SPDX-License-Identifier: GPL-2.0-or-later
"""Which cases there are: when each is reported, by whom, how far it comes, whether in time. Small: 20 bytes a case.

The counts of filed, disposed, closed and timely cases are exact in every span (``case_scale``); all else is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts.demo_city.case_rhythm import Weather, report_times
from scripts.demo_city.case_scale import (
    DUPLICATE_OF_FILED,
    DUPLICATE_OF_REFUSED,
    CaseScale,
    Span,
    case_stream,
)
from scripts.demo_city.matters import SOURCES
from scripts.demo_city.worktime import DAY

Array = Any
UNACCEPTED, UNFILED, CLOSED, CHECKING, OPEN, HUNG, DROPPED = range(7)
HOUR = 3_600


@dataclass
class Plan:
    """Cases in the order of their reports. ``again`` reports tell of what another case tells of already."""

    reported: Array
    role: Array
    on_time: Array
    source: Array  # row of ``matters.SOURCES``
    again: Array
    waiting: Array  # filed, not yet dispatched

    def __len__(self) -> int:
        return len(self.reported)

    def rows(self, rows: Array) -> Plan:
        """Return some cases."""
        return Plan(*(column[rows] for column in vars(self).values()))

    def part(self, first: int, stop: int) -> Plan:
        """Return the cases from one row to another."""
        return Plan(*(column[first:stop] for column in vars(self).values()))

    def batches(self, size: int) -> list[tuple[int, int]]:
        """Return rows where batches begin and stop: whole days, at least ``size`` cases each but the last."""
        day = self.reported // DAY
        first_of_day = np.flatnonzero(np.diff(day, prepend=-1))
        cuts = [0]
        for row in first_of_day.tolist():
            if row - cuts[-1] >= size:
                cuts.append(row)
        return list(zip(cuts, [*cuts[1:], len(day)]))


def build_plan(scale: CaseScale, weather: Weather, seed: int) -> Plan:
    """Draw the plan of all cases."""
    rng = case_stream(seed, "plan")
    extra, parts = scale.reports - scale.filed, []
    for place, span in enumerate(scale.spans):
        more = extra * span.counts.filed // scale.filed
        if span is scale.spans[-1]:
            more = scale.reports - sum(map(len, parts)) - span.counts.filed
        parts.append(_span(span, more, place == 0, span is scale.spans[-1], weather, rng))
    return Plan(*(np.concatenate(columns) for columns in zip(*(vars(part).values() for part in parts))))


def _span(span: Span, more: int, first: bool, last: bool, weather: Weather, rng: np.random.Generator) -> Plan:
    """Draw the plan of one span with ``more`` reports that are not filed."""
    counts, total = span.counts, span.counts.filed + more
    share = np.array([weight for _, weight in SOURCES])
    source = rng.choice(len(SOURCES), total, p=share / share.sum()).astype(np.int8)
    times = report_times(span.begin, span.end, last, source, weather, rng)
    order = np.argsort(times, kind="stable")
    times, source = times[order], source[order]
    role = np.full(total, CLOSED, dtype=np.int8)
    refused = rng.choice(total - 30, more, replace=False)
    role[refused] = np.where(rng.random(more) < 0.65, UNACCEPTED, UNFILED)
    waiting = _leave_open(span, times, role, last, rng)

    timely = np.zeros(total, bool)
    filed = np.flatnonzero(role == CLOSED)
    # The share on time grows with time; of the last weeks all are, because what is late there is not closed yet.
    age = (times[filed] - span.begin) / (span.end - span.begin)
    weight = 0.35 + 1.1 * age if first else 0.8 + 0.4 * age
    sure = times[filed] > span.end - 24 * DAY if last else np.zeros(len(filed), bool)
    rest = np.flatnonzero(~sure)
    drawn = rng.choice(rest, counts.on_time - int(sure.sum()), replace=False, p=weight[rest] / weight[rest].sum())
    timely[filed[sure]] = True
    timely[filed[drawn]] = True

    again = np.zeros(total, bool)
    again[refused] = rng.random(more) < DUPLICATE_OF_REFUSED
    again |= np.isin(role, (CLOSED, DROPPED)) & (rng.random(total) < DUPLICATE_OF_FILED)
    return Plan(times, role, timely, source, again, waiting)


def _leave_open(span: Span, times: Array, role: Array, last: bool, rng: np.random.Generator) -> Array:
    """Give roles to the cases that are not closed; return which of them are not even dispatched."""
    counts = span.counts
    filed = np.flatnonzero(role == CLOSED)
    left = counts.filed - counts.disposed
    late = _still_open(times, filed, span.end, left * 6 // 10, rng) if last else filed[:0]
    role[late] = OPEN
    waiting = np.zeros(len(times), bool)
    if last:
        waiting[np.sort(late)[-max(3, left // 100) :]] = True
    filed = filed[role[filed] == CLOSED]
    others = rng.choice(filed[: len(filed) - 40], left - len(late), replace=False)
    role[others] = rng.choice([HUNG, OPEN, DROPPED], len(others), p=[0.6, 0.28, 0.12])
    filed = filed[role[filed] == CLOSED]
    checking = counts.disposed - counts.closed
    recent = filed[-max(30, 3 * checking) :] if last else filed
    role[rng.choice(recent, checking, replace=False)] = CHECKING
    return waiting


def _still_open(times: Array, filed: Array, end: int, count: int, rng: np.random.Generator) -> Array:
    """Return the cases that are still open at the end: all of the last day's, and some of the days before."""
    must = filed[times[filed] > end - 16 * HOUR]
    near = filed[len(filed) - 2 * count - len(must) : len(filed) - len(must)]
    more = rng.choice(near, max(0, count - len(must)), replace=False)
    return np.concatenate([more, must[len(must) - min(count, len(must)) :]])
