# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked beyond an assessment: fairness, periods compared, re-checks, collectors. ``core.requests`` names these.

Days are ``YYYY-MM-DD``, both ends included, "" for open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Layer, Request


@dataclass(frozen=True)
class JudgeRates(Request):
    """Tell of one indicator what its rates do not tell: intervals, small counts, the mix of classes, exempt cases.

    ``by``, ``basis``, ``where``, ``cut_off``: as in ``Evaluate``. ``small``: below how many cases a rate is greyed; 0:
    as the profile says.
    """

    method: ClassVar[str] = "judge_rates"
    indicator: str = "closing_on_time_rate"
    by: str = "department"
    basis: str = ""
    from_date: str = ""
    to_date: str = ""
    cut_off: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    small: int = 0


@dataclass(frozen=True)
class RateSeries(Request):
    """Tell an indicator by period (``every``: day, week, month, quarter, year) and cumulated up to each.

    ``row``: of ``by``, "" for all.
    """

    method: ClassVar[str] = "rate_series"
    indicator: str = "closing_on_time_rate"
    every: str = "month"
    by: str = "department"
    row: str = ""
    basis: str = ""
    from_date: str = ""
    to_date: str = ""
    cut_off: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    small: int = 0


@dataclass(frozen=True)
class ComparePeriods(Request):
    """Compare a period with the one before (``before``, 环比) or the same days a year before (``year``, 同比).

    ``measure``: a count or an indicator. ``least``: cases of both periods below which a row is never a riser; 0: ten.
    ``limit``: how many top risers. ``output``: xlsx, csv or gpkg.
    """

    method: ClassVar[str] = "compare_periods"
    measure: str = "filed"
    kind: str = "before"
    by: str = "street"
    basis: str = ""
    from_date: str = ""
    to_date: str = ""
    cut_off: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    least: int = 0
    limit: int = 10
    output: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)


@dataclass(frozen=True)
class CollectorSheets(Request):
    """Tell what collectors did in a period and how much of their beats they covered, by collector and by day.

    ``reach``: metres within which a piece of road counts as walked. ``output``: a workbook.
    """

    method: ClassVar[str] = "collector_sheets"
    from_date: str = ""
    to_date: str = ""
    reach: float = 30.0
    output: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)


@dataclass(frozen=True)
class DrawRecheck(Request):
    """Draw cases of a count by lot for a re-check, by strata (``by``, ``by2``), and write the form (``output``, xlsx).

    ``number``: cases in all; ``least``: of each stratum. ``seed``: any text, "" for the present moment; it is kept and
    printed, and repeats the draw.
    """

    method: ClassVar[str] = "draw_recheck"
    count: str = "closed"
    by: str = "department"
    by2: str = ""
    number: int = 100
    least: int = 1
    seed: str = ""
    name: str = ""
    basis: str = ""
    from_date: str = ""
    to_date: str = ""
    cut_off: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ReadRecheck(Request):
    """Read a filled form of a re-check back (xlsx, csv); ``rejects``: list of the rows that cannot be taken."""

    method: ClassVar[str] = "read_recheck"
    input: Layer
    rejects: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ListRechecks(Request):
    """List re-checks with what they found; ``recheck``: uuid, "" for all."""

    method: ClassVar[str] = "list_rechecks"
    recheck: str = ""


FAIRNESS: tuple[type[Request], ...] = (
    JudgeRates, RateSeries, ComparePeriods, CollectorSheets, DrawRecheck, ReadRecheck, ListRechecks,
)  # fmt: skip
