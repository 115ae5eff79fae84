# SPDX-License-Identifier: GPL-2.0-or-later
"""What the assessment panel asks. ``core.requests`` names these with all others. Days are ``YYYY-MM-DD``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class Evaluate(Request):
    """Evaluate areas, departments or people over a period under a scheme: counts, rates, scores, grades, ranks.

    ``by``, ``by2``: what rows and columns are (``services.assessment.sides``; ``by2`` also month, class); grid,
    community and street with a day (``grid@2025-06-01``) are those of the unit grids of that day.
    ``basis``: filed, reported or flow; '' as the scheme says. ``cut_off``: a day (its end) or a moment; '' the latest
    time in the store. ``where``: column → list of codes. ``without``: ``exempt`` leaves out cases whose appeal was
    granted. ``join``: code → code whose row its cases are in (departments that were merged).

    The answer's ``evaluation`` is ``core.assessment.evaluation.Evaluation`` as JSON.
    """

    method: ClassVar[str] = "evaluate"
    by: str = "street"
    scheme: str = "default"
    by2: str = ""
    basis: str = ""
    from_date: str = ""
    to_date: str = ""
    cut_off: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    without: str = ""
    join: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ShowEvaluation(Evaluate):
    """Evaluate for a window: the answer is that of ``Evaluate`` with the figures alone that its table shows."""

    method: ClassVar[str] = "show_evaluation"


@dataclass(frozen=True)
class RowShapes(Request):
    """Give the shapes of a table's rows: beats, and areas and grids of a day (``grid@2025-06-01``)."""

    method: ClassVar[str] = "row_shapes"
    by: str


@dataclass(frozen=True)
class CasesOfNumber(Request):
    """Find the cases of one number of a table by the text that names it (``core.assessment.number_ids``)."""

    method: ClassVar[str] = "cases_of_number"
    number: str


@dataclass(frozen=True)
class WarmPanel(Request):
    """Read all cases and their logs into the engine's columns: for some ``milliseconds``, then tell how far it is.

    Asked again and again while nothing else is to do, it makes tables ready without holding up anybody.
    """

    method: ClassVar[str] = "warm_panel"
    milliseconds: int = 100


@dataclass(frozen=True)
class ExportEvaluation(Evaluate):
    """Evaluate, and write the table: XLSX with live formulas, CSV, or GPKG with the shapes of the rows."""

    method: ClassVar[str] = "export_evaluation"
    output: str = ""
    run: str = ""  # of a table that was kept: this one, and nothing is counted


@dataclass(frozen=True)
class ListSchemes(Request):
    """List the schemes of evaluation; ``object`` (area, department, a post): those for it.

    ``mistaken``: with public schemes as their source has them, and what is wrong with each.
    """

    method: ClassVar[str] = "list_schemes"
    object: str = ""
    mistaken: bool = False


@dataclass(frozen=True)
class FreezeRun(Evaluate):
    """Evaluate and keep the whole under ``name`` ('' one of scheme, rows and period), to be opened to the digit.

    ``output``: the table is written, too (XLSX, CSV, GPKG).
    """

    method: ClassVar[str] = "freeze_run"
    name: str = ""
    note: str = ""
    done_by: str = ""
    output: str = ""


@dataclass(frozen=True)
class ListRuns(Request):
    """List the runs that are kept, the newest first; ``by``: of such rows only."""

    method: ClassVar[str] = "list_runs"
    by: str = ""


@dataclass(frozen=True)
class OpenRun(Request):
    """Open a run, named by uuid or name, as it was kept; the answer is that of ``Evaluate`` and ``run``."""

    method: ClassVar[str] = "open_run"
    run: str


@dataclass(frozen=True)
class CompareRuns(Request):
    """Compare a run with ``other``; without it with what is counted now under its own scheme, period and cut-off."""

    method: ClassVar[str] = "compare_runs"
    run: str
    other: str = ""


@dataclass(frozen=True)
class WriteBrief(Request):
    """Write a brief of a kept run: ``document`` (DOCX) and ``workbook`` (XLSX), or one of them.

    ``run``: uuid or name; '' the newest. ``kind``: week, month, quarter, year, other; '' by the length of the period.
    ``template``: the city's own Word template. ``texts``: the city's own sentences (XLSX with such a sheet, CSV, TSV).
    ``before``, ``year``: kept runs of the period before and of the year before; '' they are counted from the log, ``-``
    not compared.
    """

    method: ClassVar[str] = "write_brief"
    run: str = ""
    kind: str = ""
    document: str = ""
    workbook: str = ""
    template: str = ""
    texts: str = ""
    before: str = ""
    year: str = ""


@dataclass(frozen=True)
class BriefPeriod(WriteBrief):
    """Keep the evaluation of a period (``by``, ``scheme``, days included) and write its brief: both or neither.

    ``run``: the name to keep it under; '' one of scheme, rows and period.
    """

    method: ClassVar[str] = "brief_period"
    by: str = "department"
    scheme: str = "default"
    from_date: str = ""
    to_date: str = ""
    cut_off: str = ""


ASSESSMENT: tuple[type[Request], ...] = (
    ListSchemes, FreezeRun, ListRuns, OpenRun, CompareRuns, Evaluate, ShowEvaluation, RowShapes, CasesOfNumber,
    WarmPanel, ExportEvaluation, WriteBrief, BriefPeriod,
)  # fmt: skip
