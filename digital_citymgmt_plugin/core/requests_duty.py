# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked about limits and responsibility. ``core.requests`` names these with all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Layer, Request


@dataclass(frozen=True)
class ImportFilingStandard(Request):
    """Bring the filing standard of a city in, from a table of any layout: classes, conditions, limits.

    ``mapping``: JSON or the name of a saved one; empty: guessed by heading and value. The rules of classes in the table
    take the place of those the profile has of them; ``replace_all``: of all rules. ``at_once``: the limit that 即时 and
    the like stand for (``1紧急工作时``); empty: none.
    """

    method: ClassVar[str] = "import_filing_standard"
    input: Layer
    mapping: Optional[str] = None  # noqa: UP045
    replace_all: bool = False
    at_once: Optional[str] = None  # noqa: UP045
    rejects: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ExplainDuty(Request):
    """Tell who answers for cases (fids), by what rule, who is next best, and what to look at before dispatching."""

    method: ClassVar[str] = "explain_duty"
    cases: list[int]


@dataclass(frozen=True)
class RecordRuling(Request):
    """Record a ruling (确权) on a case, its component, or a component alone.

    ``kind``: ``owner`` (with ``department_code``), ``unowned``, ``disputed``. ``evidence``: paths of files; kept are
    their names and digests. ``of_component``: whether it holds for the component that the case is linked to.
    """

    method: ClassVar[str] = "record_ruling"
    kind: str
    case: int = 0
    component: str = ""
    department_code: str = ""
    decision: str = ""
    evidence: list[str] = field(default_factory=list)
    ruled_on: str = ""
    ruled_by: str = ""
    of_component: bool = True


@dataclass(frozen=True)
class ListRulings(Request):
    """List rulings, the newest first: of a component, near a case (``case``: its class, ``metres``), or all."""

    method: ClassVar[str] = "list_rulings"
    component: str = ""
    case: int = 0
    metres: Optional[float] = None  # noqa: UP045
    text: str = ""
    limit: int = 500


@dataclass(frozen=True)
class SaveFund(Request):
    """Add a fund for remediation (代整治), or change the one with ``uuid``."""

    method: ClassVar[str] = "save_fund"
    name: str
    amount: float
    year: int = 0
    department_code: str = ""
    uuid: str = ""


@dataclass(frozen=True)
class Remediate(Request):
    """Take a step of a remediation: ``ask`` (of a case), ``approve``, ``refuse``, ``finish`` (of ``uuid``).

    ``overdraw`` with ``approved_by``: the fund may go below zero.
    """

    method: ClassVar[str] = "remediate"
    step: str
    case: int = 0
    uuid: str = ""
    fund: str = ""
    estimate: Optional[float] = None  # noqa: UP045
    cost: Optional[float] = None  # noqa: UP045
    department_code: str = ""
    note: str = ""
    done_by: str = ""
    approved_by: str = ""
    overdraw: bool = False


@dataclass(frozen=True)
class ListRemediation(Request):
    """List remediations (``states``: asked, approved, refused, done; none: all) and the funds, used and left."""

    method: ClassVar[str] = "list_remediation"
    states: list[str] = field(default_factory=list)
    fund: str = ""
    limit: int = 5_000


DUTY: tuple[type[Request], ...] = (
    ImportFilingStandard, ExplainDuty, RecordRuling, ListRulings, SaveFund, Remediate, ListRemediation,
)  # fmt: skip
