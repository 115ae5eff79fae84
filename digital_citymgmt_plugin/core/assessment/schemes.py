# SPDX-License-Identifier: GPL-2.0-or-later
"""Schemes of evaluation as data: which indicators count, how a value becomes a score, weights, grades.

No source confirms a national scheme, so that every scheme carries its ``source`` and ``confidence``. A scheme holds
whole indicators, not names of them: kept with a run, it says all that is needed to compute the run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from digital_citymgmt_plugin.core.assessment.expressions import counts_in

if TYPE_CHECKING:  # it needs numpy, and the window, which reads names of posts, opens without
    from digital_citymgmt_plugin.core.profile import Indicator

AREA, DEPARTMENT = "area", "department"
# Posts (岗位) whose people did what the log says.
POSTS: Mapping[str, str] = MappingProxyType(
    {"collector": "监督员", "acceptor": "受理员", "shift_lead": "值班长", "dispatcher": "派遣员"}
)
OBJECTS: Mapping[str, str] = MappingProxyType({AREA: "区域", DEPARTMENT: "部门", **POSTS})
# How a value becomes a score of 0 to 100: the rate itself, what is missing to 100 %, steps, or no score.
RATE, INVERSE, BANDS, SHOWN_ONLY = "rate", "inverse", "bands", ""
RULES: Mapping[str, str] = MappingProxyType(
    {RATE: "率×100", INVERSE: "(1-率)×100", BANDS: "分段", SHOWN_ONLY: "不计分"}
)
# What a term is whose denominator is 0: left out (the weights of the others are scaled up), 0 or 100.
LEAVE_OUT, ZERO, FULL = "leave_out", "zero", "full"
ZERO_RULES: Mapping[str, str] = MappingProxyType({LEAVE_OUT: "不计", ZERO: "计0分", FULL: "计满分"})
# Which cases a period selects, see ``evaluation``.
BASES: Mapping[str, str] = MappingProxyType({"filed": "立案", "reported": "上报", "flow": "发生"})


@dataclass(frozen=True)
class Band:
    """Values from ``start`` (belongs to it) to ``stop`` (does not; None: no end) have this score, or this grade."""

    start: float
    stop: float | None
    score: float = 0.0
    grade: str = ""

    def holds(self, value: float) -> bool:
        """Tell whether a value lies in the band."""
        return self.start <= value and (self.stop is None or value < self.stop)


@dataclass(frozen=True)
class Term:
    """An indicator in a scheme; ``weight`` is a share of 1 (0: shown, does not count)."""

    indicator: Indicator
    rule: str = RATE
    weight: float = 0.0
    bands: tuple[Band, ...] = ()
    direction: str = ""  # where it differs from the indicator's

    @property
    def code(self) -> str:
        """The indicator's code."""
        return self.indicator.code

    @property
    def better(self) -> str:
        """Which value is the better one: ``higher``, ``lower`` or ''."""
        return self.direction or self.indicator.direction

    @property
    def counted(self) -> bool:
        """Whether the term is part of the composite."""
        return bool(self.weight)


@dataclass(frozen=True)
class Scheme:
    """How areas, departments or people are evaluated.

    ``object``: of ``OBJECTS``, '' for any. ``basis``: of ``BASES``. ``decimals``: of scores and the composite, which
    are rounded half up; grade and rank follow the rounded composite, as it is printed.
    """

    code: str
    name: str
    object: str = ""
    terms: tuple[Term, ...] = ()
    grades: tuple[Band, ...] = ()
    basis: str = "filed"
    zero: str = LEAVE_OUT
    decimals: int = 2
    source: str = ""
    confidence: str = ""
    note: str = ""

    @property
    def weighted(self) -> bool:
        """Whether there is a composite."""
        return any(term.counted for term in self.terms)

    @property
    def counts(self) -> tuple[str, ...]:
        """The counts that its indicators are made of."""
        return counts_in(*(text for term in self.terms for text in formula(term.indicator)))

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def formula(indicator: Indicator) -> tuple[str, ...]:
    """Return numerator and denominator of an indicator; the numerator alone where it is a number of cases."""
    return (indicator.numerator, indicator.denominator) if indicator.denominator else (indicator.numerator,)


def scheme_from_payload(payload: Mapping[str, Any]) -> Scheme:
    """Return a scheme from its JSON form; fields of a later version are passed over."""
    from digital_citymgmt_plugin.core.profile import Indicator

    given = _known(Scheme, payload)
    terms = tuple(
        Term(
            **{
                **_known(Term, term),
                "indicator": Indicator(**_known(Indicator, term["indicator"])),
                "bands": _bands(term.get("bands", ())),
            }
        )
        for term in payload.get("terms", ())
    )
    return Scheme(**{**given, "terms": terms, "grades": _bands(payload.get("grades", ()))})


def _bands(listed: Any) -> tuple[Band, ...]:
    return tuple(Band(**_known(Band, band)) for band in listed)


def _known(kind: Any, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name in kind.__dataclass_fields__}


def plain_scheme(code: str, name: str, indicators: Sequence[Indicator]) -> Scheme:
    """Return a scheme that shows indicators and weighs none."""
    return Scheme(code, name, terms=tuple(Term(item, SHOWN_ONLY) for item in indicators))
