# SPDX-License-Identifier: GPL-2.0-or-later
"""What the issue desk and the sheet board ask. ``core.requests`` names these with all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class IssueFilter(Request):
    """Which issues are meant; what is empty or None asks for nothing.

    ``uuids`` are those of the issues. ``sheet`` is a sheet's number; ``extent`` west, south, east, north in the store's
    CRS. Issues without a place lie on no sheet and in no extent.
    """

    uuids: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)  # error | warning | info
    states: list[str] = field(default_factory=list)  # open | waived | settled
    tables: list[str] = field(default_factory=list)
    sheet: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)
    extent: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class ListIssues(IssueFilter):
    """List issues in the order of entry, page by page: ``after`` is the last fid of the page before, 0 for the first.

    Only with the first page, and when ``counts``, come the counts by rule, level and state.
    """

    method: ClassVar[str] = "list_issues"
    after: int = 0
    limit: int = 500
    counts: bool = True


@dataclass(frozen=True)
class WaiveIssues(IssueFilter):
    """Let open issues stand, with a reason that is kept."""

    method: ClassVar[str] = "waive_issues"
    reason: str = ""


@dataclass(frozen=True)
class ReopenIssues(IssueFilter):
    """Take waivers back."""

    method: ClassVar[str] = "reopen_issues"


@dataclass(frozen=True)
class ExportIssues(IssueFilter):
    """Write issues into a workbook (XLSX), a table (CSV) or a layer (GPKG, SHP, GeoJSON) by the ending."""

    method: ClassVar[str] = "export_issues"
    output: str = ""


@dataclass(frozen=True)
class IssueHistory(Request):
    """Tell how many issues were open, waived and settled after each run of the checks."""

    method: ClassVar[str] = "issue_history"


@dataclass(frozen=True)
class ListRules(Request):
    """List the rules of the checks as the city has them, beside the pack's own level, switch and parameters."""

    method: ClassVar[str] = "list_rules"


@dataclass(frozen=True)
class EditRules(Request):
    """Change the rule pack of the city, all of it or nothing.

    ``changes``: JSON list of objects with ``code`` and what changes: ``level``, ``enabled``, ``params`` (name → value),
    or ``reset`` (true: the rule is as the pack has it again).
    """

    method: ClassVar[str] = "edit_rules"
    changes: str
    preview: bool = False


@dataclass(frozen=True)
class FixComponents(Request):
    """Set attributes of components, checked as an import checks them. Values: field → text; "" or None empties."""

    method: ClassVar[str] = "fix_components"
    uuids: list[str]
    values: dict[str, Any]


@dataclass(frozen=True)
class MendGrids(IssueFilter):
    """Mend the open faults of unit grids that are meant, however wide; what is left gets its reason."""

    method: ClassVar[str] = "mend_grids"


@dataclass(frozen=True)
class MakeSheets(Request):
    """Make the square sheets that cover the communities or the base map; those that are there stay as they are."""

    method: ClassVar[str] = "make_sheets"
    cover: str = "communities"  # communities | base_map
    size: float = 500.0  # metres


@dataclass(frozen=True)
class ListSheets(Request):
    """List the sheets with their counts of components and open issues, and the sums by crew and by day."""

    method: ClassVar[str] = "list_sheets"


@dataclass(frozen=True)
class UpdateSheets(Request):
    """Set status, crew, name, dates or remark of sheets; None leaves as it is, "" empties."""

    method: ClassVar[str] = "update_sheets"
    numbers: list[str]
    status: Optional[str] = None  # noqa: UP045
    crew: Optional[str] = None  # noqa: UP045
    name: Optional[str] = None  # noqa: UP045
    planned_on: Optional[str] = None  # noqa: UP045
    finished_on: Optional[str] = None  # noqa: UP045
    remark: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ExportSheets(Request):
    """Write the board of sheets into a workbook: every sheet, the sums by crew, the daily progress."""

    method: ClassVar[str] = "export_sheets"
    output: str


@dataclass(frozen=True)
class ListCandidates(Request):
    """List candidates in the order of entry, page by page, with the numbers by class and state of all of them."""

    method: ClassVar[str] = "list_candidates"
    classes: list[str] = field(default_factory=list)
    state: Optional[str] = None  # noqa: UP045
    after: int = 0
    limit: int = 500
