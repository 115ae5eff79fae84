# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips of cases, packages that are handed over, and the layout of a platform. ``core.requests`` names these.

Cases are fids of ``case_record``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Layer, Request


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

    ``pictures``: a folder with the location maps, ``<fid>.png``; without it a slip says that it has none. ``template``:
    the city's own Word template (``storage.word_template``), without it the plugin's look.
    """

    method: ClassVar[str] = "write_slips"
    kind: str = "dispatch"
    cases: list[int] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    folder: str = ""
    pictures: str = ""
    template: str = ""


@dataclass(frozen=True)
class PackCases(Request):
    """Hand cases over: a package for each department that answers for some of them, or one for a named receiver.

    ``chosen``, ``cases``: as in ``SlipCases``. ``folder``: where the packages go. ``zipped``: a zip, else a folder.
    ``slips``: a folder with slips that are to go along, by the names that ``SlipCases`` gave.
    """

    method: ClassVar[str] = "pack_cases"
    folder: str = ""
    chosen: str = ""
    cases: list[int] = field(default_factory=list)
    receiver: str = ""
    zipped: bool = True
    slips: str = ""
    done_by: str = ""


@dataclass(frozen=True)
class ReadReceipt(Request):
    """Read back what a receiver says of the cases of a package: accepted, refused, answered, with times.

    ``input``: the receipt (JSON, XLSX, CSV), or a zip or folder that holds it; ``rejects``: list of what contradicts.
    """

    method: ClassVar[str] = "read_receipt"
    input: str = ""
    rejects: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)


@dataclass(frozen=True)
class ListPackages(Request):
    """List the packages that were handed over, the newest first: receiver, cases by state, file."""

    method: ClassVar[str] = "list_packages"


@dataclass(frozen=True)
class ExportPlatformCases(Request):
    """Write cases in the layout of a platform, told by a sample of its own export, and compare what was written.

    ``mapping``: how the platform's columns are ours: JSON, the name of a saved one, or none to guess it from the
    sample. ``chosen``, ``cases``: as in ``SlipCases``. ``report``: list of differences (XLSX, CSV).
    """

    method: ClassVar[str] = "export_platform_cases"
    sample: Layer
    output: str = ""
    mapping: Optional[str] = None  # noqa: UP045
    chosen: str = ""
    cases: list[int] = field(default_factory=list)
    report: Optional[str] = None  # noqa: UP045


SLIPS: tuple[type[Request], ...] = (
    SlipCases, ReadSlips, WriteSlips, PackCases, ReadReceipt, ListPackages, ExportPlatformCases,
)  # fmt: skip
