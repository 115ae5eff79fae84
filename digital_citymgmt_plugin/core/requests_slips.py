# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips of cases, packages that are handed over, and the layout of a platform. ``core.requests`` names these.

Cases are fids of ``case_record``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class SlipCases(Request):
    """Find the cases that slips are wanted of, and a safe name for the file of each.

    ``chosen``: numbers of cases, parted by commas, semicolons or lines; or ``queue:`` and the name of a queue; or the
    JSON form of a ``CaseFilter``. ``cases`` (fids) go before it.
    """

    method: ClassVar[str] = "slip_cases"
    kind: str = "dispatch"
    chosen: str = ""
    cases: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ReadSlips(Request):
    """Tell what stands on the slips of some cases; ``names``: of their files, by fid, as ``SlipCases`` told them."""

    method: ClassVar[str] = "read_slips"
    kind: str = "dispatch"
    cases: list[int] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WriteSlips(Request):
    """Write the slips of some cases as Word files into a folder.

    ``pictures``: a folder with the location maps, ``<fid>.png``; without it a slip says that it has none.
    """

    method: ClassVar[str] = "write_slips"
    kind: str = "dispatch"
    cases: list[int] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    folder: str = ""
    pictures: str = ""


SLIPS: tuple[type[Request], ...] = (SlipCases, ReadSlips, WriteSlips)
