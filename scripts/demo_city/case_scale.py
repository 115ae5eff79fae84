# SPDX-License-Identifier: GPL-2.0-or-later
"""How many cases a demo city has, span by span, and the rates of what is wrong with them. All rates are made up.

The spans of ``qidong`` are the figures that Qidong reported for 2014-08-01 … 2015-05-07 (27,844 filed, 26,775 disposed,
26,751 closed, 61.99 % closed on time, 96.16 % disposed) less those for 2015-01-01 … 2015-05-07 (12,414, 12,081, 12,073,
89.45 %, 97.32 %). The report does not print the numerators of the shares on time, nor over what they are. Disposed is
over filed, as 26,775 / 27,844 and 12,081 / 12,414 show; so on time is taken over filed, too. Then the only whole number
that gives 89.45 % is 11,104, and of the two that give 61.99 % (17,260 and 17,261) the nearer one is taken: 17,261. What
is left for 2014 is 6,157 of 15,430, 39.9 %: the city learned to close in time during its first half year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts.demo_city.worktime import seconds_of

# One stream of random numbers per purpose; beside those of ``config.STAGES``.
CASE_STAGES = {"plan": 51, "weather": 52, "spots": 53, "subject": 54, "life": 55, "log": 56, "fault": 57, "repeat": 58,
               "ground": 59}  # fmt: skip

DUPLICATE_OF_REFUSED = 0.55  # share of the reports not taken on or not filed that tell again what is known already
DUPLICATE_OF_FILED = 0.015  # share of the filed cases that do so, through another channel, and went unnoticed
COMPONENT_SHARE = 0.25
RECURRING_SHARE = 0.36  # of all cases: drawn at places where things recur; some of them go elsewhere (see below)
# Share of the reports of the same matter at a place or component, while the earlier case there is not disposed of, that
# are made and filed all the same; the others are not: collectors see that the case is open.
REPORTED_AGAIN = 0.1


@dataclass(frozen=True)
class CaseCounts:
    """How many cases of a span are filed, disposed, closed and closed in time."""

    filed: int
    disposed: int
    closed: int
    on_time: int


@dataclass(frozen=True)
class Span:
    """Cases filed from one day to another, both included."""

    first: str
    last: str
    counts: CaseCounts

    @property
    def begin(self) -> int:
        """Return the first second."""
        return seconds_of(f"{self.first}T00:00:00")

    @property
    def end(self) -> int:
        """Return the first second after it."""
        return seconds_of(f"{self.last}T00:00:00") + 86_400


@dataclass(frozen=True)
class CaseScale:
    """The cases of a demo city: reports (filed or not), filed cases by span, how many places see things recur.

    The last day must be a workday: what is closed by then is disposed of on that day at the latest.
    """

    reports: int
    spans: tuple[Span, ...]
    recurring_places: int
    collectors: int
    batch: int = 20_000  # cases made at a time

    def part(self, share: int) -> CaseScale:
        """Return a scale with one of so many shares of the cases, in the same time."""
        spans = tuple(
            Span(span.first, span.last, CaseCounts(*(value // share for value in vars(span.counts).values())))
            for span in self.spans
        )
        places = max(2, self.recurring_places // share)
        return CaseScale(self.reports // share, spans, places, self.collectors, self.batch)

    @property
    def filed(self) -> int:
        """Return how many cases are filed."""
        return sum(span.counts.filed for span in self.spans)

    @property
    def begin(self) -> int:
        """Return the first second of all spans."""
        return self.spans[0].begin

    @property
    def end(self) -> int:
        """Return the first second after all spans."""
        return self.spans[-1].end


_2014, _2015 = ("2014-08-01", "2014-12-31"), ("2015-01-01", "2015-05-07")
CASES = {
    # One fiftieth of Qidong.
    "tiny": CaseScale(
        600, (Span(*_2014, CaseCounts(309, 294, 293, 123)), Span(*_2015, CaseCounts(248, 241, 240, 222))), 12, 25
    ),
    # One tenth.
    "small": CaseScale(
        3_000,
        (Span(*_2014, CaseCounts(1_543, 1_470, 1_468, 616)), Span(*_2015, CaseCounts(1_241, 1_208, 1_207, 1_110))),
        40, 25,
    ),
    "qidong": CaseScale(
        30_000,
        (
            Span(*_2014, CaseCounts(27_844 - 12_414, 26_775 - 12_081, 26_751 - 12_073, 17_261 - 11_104)),
            Span(*_2015, CaseCounts(12_414, 12_081, 12_073, 11_104)),
        ),
        400, 25,
    ),
    # No figures of cases are published with the areas and components of Qingdao: shares like those of Qidong, better
    # from one half year to the next.
    "qingdao": CaseScale(
        1_000_000,
        (
            Span(*_2014, CaseCounts(195_000, 187_200, 187_000, 117_000)),
            Span("2015-01-01", "2015-06-30", CaseCounts(230_000, 223_100, 222_900, 161_000)),
            Span("2015-07-01", "2015-12-31", CaseCounts(233_000, 227_200, 227_000, 195_700)),
            Span("2016-01-01", "2016-07-29", CaseCounts(270_000, 263_300, 263_000, 243_000)),
        ),
        8_000, 300,
    ),
}  # fmt: skip


def case_stream(seed: int, stage: str, batch: int = 0) -> Any:
    """Return the random numbers of one purpose and batch: batches do not depend on what came before them."""
    return np.random.default_rng([seed, CASE_STAGES[stage], batch])
