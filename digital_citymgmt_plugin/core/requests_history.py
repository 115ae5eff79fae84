# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked of unit grids in time, and what is handed over of them. ``core.requests`` names these with all others.

Days are ``YYYY-MM-DD`` in the city's time zone and mean the end of the day; none means today.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Layer, Request
from digital_citymgmt_plugin.core.same_file import beside

CODE_TABLE = ("_codes", ".xlsx")  # beside an export of grids


@dataclass(frozen=True)
class GridsOn(Request):
    """The unit grids as they were on a day, in their shapes then, with what has become of them since.

    ``output``: a layer to write them to; without it they come with the answer, shapes as WKB in hex.
    """

    method: ClassVar[str] = "grids_on"
    day: str
    output: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)


@dataclass(frozen=True)
class GridLineage(Request):
    """Who a unit grid was before and what became of it: by its code, or by a place (x, y in the store's CRS) and a day.

    ``code`` may be one that is retired. With a day the grid is looked at as it was then.
    """

    method: ClassVar[str] = "grid_lineage"
    code: str = ""
    place: list[float] = field(default_factory=list)
    day: str = ""


@dataclass(frozen=True)
class Restate(Request):
    """Tell figures of the grids of one day on the grids of another.

    ``input``: a table of grid codes and numbers, as they were on ``from_day``; ``fields``: its columns of numbers,
    none: all. ``figures``: what is counted anew out of the store, ``cases`` (reported ``since`` .. ``until``, both
    included) and ``components``. ``decimals`` of the parts of a figure that is cut by area, 0 for whole numbers.
    """

    method: ClassVar[str] = "restate"
    output: str
    input: Optional[Layer] = None  # noqa: UP045  (get_type_hints on Python 3.9)
    code_field: Optional[str] = None  # noqa: UP045
    fields: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)  # cases | components
    from_day: str = ""
    to_day: str = ""
    since: str = ""
    until: str = ""
    decimals: int = 2
    rejects: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class RenumberGrids(Request):
    """Give the current grids of some communities new codes in reading order; the old ones are retired.

    ``communities``: their codes, none: all. ``output``: the crosswalk of old and new codes (XLSX, CSV).
    """

    method: ClassVar[str] = "renumber_grids"
    communities: list[str] = field(default_factory=list)
    reason: str = ""
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ExportGrids(Request):
    """Write unit grids as a platform wants them, say what that loses, read the file back and compare.

    ``platform``: code of a profile, one of the built-in or of ``profile`` (a JSON file); ``day``: of the grids, none:
    today; ``report``: the list of losses and differences (XLSX, CSV); ``check``: only tells, writes no file.
    """

    method: ClassVar[str] = "export_grids"
    platform: str
    output: str = ""
    profile: Optional[str] = None  # noqa: UP045
    day: str = ""
    report: Optional[str] = None  # noqa: UP045
    check: bool = False

    def files_beside(self) -> list[str]:
        """Name the table of codes."""
        return [beside(self.output, *CODE_TABLE)] if self.output and not self.check else []


@dataclass(frozen=True)
class ListPlatforms(Request):
    """List the profiles of platforms: code, title, what each does with parts, holes, codes, coordinates."""

    method: ClassVar[str] = "list_platforms"
    profile: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ChangeNotice(Request):
    """What one operation did to the unit grids: before and after, which code went where, what moved.

    ``operation``: its uuid, or ``last``: the last one that changed grids and stands.
    """

    method: ClassVar[str] = "change_notice"
    operation: str = "last"


KINDS: tuple[type[Request], ...] = (
    GridsOn, GridLineage, Restate, RenumberGrids, ExportGrids, ListPlatforms, ChangeNotice,
)  # fmt: skip
