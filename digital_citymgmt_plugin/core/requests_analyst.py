# SPDX-License-Identifier: GPL-2.0-or-later
"""What the analyst's dock asks beside the analyses themselves. ``core.requests`` names these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class WriteFindings(Request):
    """Write a table that was shown, as it was shown, into a workbook (``output``: xlsx).

    ``title``: question and parameters; ``header`` and ``rows``: the table; ``notes``: definitions and counts, printed
    under it. Numbers stay numbers. Nothing is written into the store.
    """

    method: ClassVar[str] = "write_findings"
    title: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    rows: list[list] = field(default_factory=list)  # type: ignore[type-arg]
    notes: list[str] = field(default_factory=list)
    output: str = ""


ANALYST: tuple[type[Request], ...] = (WriteFindings,)
