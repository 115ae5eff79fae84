# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked about beats (责任网格). ``core.requests`` names these with all others.

``weights`` say what the load is made of: ``area``, ``components``, ``cases``, ``road`` → what each counts. One alone is
taken as it is; of several each is first divided by the city's total, so that they can be added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Layer, Request


@dataclass(frozen=True)
class ListBeats(Request):
    """Read the beats of the store with the figures of all current unit grids.

    ``days``: cases reported so many days before the newest one count (0: all). ``shapes``: with the boundaries of the
    grids (WKB as hex, CRS of the store).
    """

    method: ClassVar[str] = "list_beats"
    days: int = 90
    shapes: bool = False


@dataclass(frozen=True)
class DraftBeats(Request):
    """Divide the current unit grids into ``count`` connected beats of even load.

    ``from_current``: begin with the store's beats, or with ``members`` (code of the grid → code of the beat), so that
    few grids change hands, at most ``moves`` of them. ``locked``: codes of beats that neither give nor take;
    ``locked_grids``: codes of grids that stay. ``tolerance``: what a beat may be off the even load, as a share.
    ``output``: a layer of the beats. Nothing is written to the store. Stopped, it answers with the best so far.
    """

    method: ClassVar[str] = "draft_beats"
    count: int
    output: Optional[str] = None  # noqa: UP045
    weights: Optional[dict[str, Any]] = None  # noqa: UP045
    from_current: bool = False
    moves: Optional[int] = None  # noqa: UP045
    members: Optional[dict[str, Any]] = None  # noqa: UP045
    locked: Optional[list[str]] = None  # noqa: UP045
    locked_grids: Optional[list[str]] = None  # noqa: UP045
    tolerance: float = 0.05
    days: int = 90
    seed: int = 0


@dataclass(frozen=True)
class SaveBeats(Request):
    """Write which unit grids belong to which beat: ``members``, code of the grid → code of the beat ("" none).

    Grids that are not named stay as they are. Codes that are not known yet are new beats; beats left without a grid
    are retired. ``names``: code of the beat → its name.
    """

    method: ClassVar[str] = "save_beats"
    members: dict[str, Any]
    names: Optional[dict[str, Any]] = None  # noqa: UP045


@dataclass(frozen=True)
class ImportBeats(Request):
    """Bring in beats: polygons with ``code_field``, or a table with a column of unit grids (``grid_field``).

    Of polygons each current unit grid goes to the one that holds most of it.
    """

    method: ClassVar[str] = "import_beats"
    input: Layer
    code_field: str
    name_field: Optional[str] = None  # noqa: UP045
    grid_field: Optional[str] = None  # noqa: UP045
    rejects: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ExportBeats(Request):
    """Write the table of beats with their figures and of the grids in each as a workbook.

    ``members``: as ``SaveBeats`` has them, to export what is not saved yet.
    """

    method: ClassVar[str] = "export_beats"
    output: str
    members: Optional[dict[str, Any]] = None  # noqa: UP045
    names: Optional[dict[str, Any]] = None  # noqa: UP045
    weights: Optional[dict[str, Any]] = None  # noqa: UP045
    days: int = 90
