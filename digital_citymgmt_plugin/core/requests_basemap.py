# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked about the base map: drawings in, candidates for components made of their symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class PreviewBaseMap(Request):
    """Look at a drawing (or the first ones of a folder) before it is imported; nothing is written."""

    method: ClassVar[str] = "preview_base_map"
    input: str
    encoding: Optional[str] = None  # noqa: UP045
    crs: Optional[str] = None  # noqa: UP045
    mapping: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ImportBaseMap(Request):
    """Bring drawings into the base map of the store, or into a GeoPackage ``output``.

    ``input``: a DXF, SHP or GPKG, or a folder of such. ``mapping``: JSON or the name of a saved one (``core/basemap``).
    """

    method: ClassVar[str] = "import_base_map"
    input: str
    encoding: Optional[str] = None  # noqa: UP045
    crs: Optional[str] = None  # noqa: UP045
    mapping: Optional[str] = None  # noqa: UP045
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class MakeCandidates(Request):
    """Make component candidates of the symbols of the base map."""

    method: ClassVar[str] = "make_candidates"
    mapping: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class DecideCandidates(Request):
    """Confirm, reject, merge or reopen candidates.

    ``candidates``: uuids with commas between; empty: all that can be decided so and meet ``class_code``, ``sheet``
    (its number) and ``drawing`` (its name). ``decision``: confirm | reject | merge | reopen. ``as_class``: the class
    they get when confirmed. ``into``: uuid of the candidate that goes on in a merge; empty: the first.
    ``distance`` (m): confirm takes only those without a component of their class that near, reject and reopen only
    those with one, merge makes one of each group of one class that near to each other; needed to merge without
    ``candidates``.
    """

    method: ClassVar[str] = "decide_candidates"
    decision: str
    candidates: str = ""
    class_code: Optional[str] = None  # noqa: UP045
    sheet: Optional[str] = None  # noqa: UP045
    drawing: Optional[str] = None  # noqa: UP045
    distance: Optional[float] = None  # noqa: UP045
    as_class: Optional[str] = None  # noqa: UP045
    into: Optional[str] = None  # noqa: UP045
    reason: Optional[str] = None  # noqa: UP045
