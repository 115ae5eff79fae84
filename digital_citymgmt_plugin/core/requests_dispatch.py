# SPDX-License-Identifier: GPL-2.0-or-later
"""What the dispatch dock asks. ``core.requests`` names these with all others.

Moments are UTC text as the store writes them (``2026-03-05T01:00:00.000Z``), days ``YYYY-MM-DD`` in the city's time
zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class CaseFilter(Request):
    """Which cases are meant; what is empty or None asks for nothing.

    ``queue`` is one of ``core.cases.names.QUEUES``. ``classes``, ``areas`` (street, community or unit grid) and
    ``departments`` are codes; "" among them means cases that have none. ``text`` is looked for in number, address and
    description. ``fids``: only these of them; ``number``: only those of a number of an assessment table, by the text
    that names it. The days of ``reported_from`` and ``reported_to`` both belong to it.
    """

    queue: str = "open"
    kinds: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    departments: list[str] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    beats: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    lamps: list[str] = field(default_factory=list)
    reported_from: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)
    reported_to: Optional[str] = None  # noqa: UP045
    text: str = ""
    fids: list[int] = field(default_factory=list)
    number: str = ""
    sort: str = ""  # a column of ``core.cases.board.SORTS``; "" the order of the queue
    descending: bool = False


@dataclass(frozen=True)
class CaseQueue(CaseFilter):
    """List cases of a queue from ``offset`` on, in one order that holds while ``token`` of the answer stays.

    ``seek``: tell the place of this case (fid) in the list, and begin with the page that it lies on. ``counts``: with
    the number of cases by queue. ``choices``: with what can be filtered by (departments, classes, areas …). ``fids``
    of the answer: the numbers of the first ``every`` cases of the list, whatever the page.
    """

    method: ClassVar[str] = "case_queue"
    offset: int = 0
    limit: int = 200
    seek: int = 0
    counts: bool = True
    choices: bool = False
    every: int = 0


@dataclass(frozen=True)
class WarmCases(Request):
    """Read closed cases, too, into the engine's columns: for some ``milliseconds``, then tell how far it is.

    Asked again and again while nothing else is to do, it makes the lists of all cases ready without holding up anybody.
    """

    method: ClassVar[str] = "warm_cases"
    milliseconds: int = 100


@dataclass(frozen=True)
class CasePage(Request):
    """Tell all of one case, by fid or by number: fields, timeline, photos, component, what lies near, allowed moves."""

    method: ClassVar[str] = "case_page"
    fid: int = 0
    case_no: str = ""
    role: str = ""
    near: float = 300.0  # metres: collectors and cameras
    earlier: float = 0.0  # metres around a case without component; 0 means the class's distance of doubles


@dataclass(frozen=True)
class ExportCases(CaseFilter):
    """Write the list of a filter, in its order, into a workbook (XLSX) or a table (CSV) by the ending."""

    method: ClassVar[str] = "export_cases"
    output: str = ""
