# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked when cases come in and get their places. ``core.requests`` names these with all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Layer, Request

LEAST = 0.5  # score below which a place is not written (default of the plugin)


@dataclass(frozen=True)
class PreviewCases(Request):
    """Look at the head of a table of cases: what its columns may be, its words for classes, where its places lie.

    ``mapping``: as in ``ImportCases``; empty: what is remembered or guessed.
    """

    method: ClassVar[str] = "preview_cases"
    input: Layer
    mapping: Optional[str] = None  # noqa: UP045
    rows: int = 100
    shift: str = "none"


@dataclass(frozen=True)
class PlaceCases(Request):
    """Give cases without coordinates a place by component code, address and gazetteer, grid code or community.

    ``least``: score (0 to 1) below which a place is only proposed; ``again``: cases that were placed by their address
    before are looked up anew, too.
    """

    method: ClassVar[str] = "place_cases"
    least: float = LEAST
    again: bool = False


@dataclass(frozen=True)
class AmendCases(Request):
    """Correct cases by hand: values of columns, or the place of all of them; each leaves an ``amend`` event.

    ``values``: column → new value (``AMENDED`` in ``services.case_amending``). ``x``, ``y``: place in the store's CRS.
    ``reason``: why, in the words of whoever does it; ``role``: who may (table of moves of the profile).
    """

    method: ClassVar[str] = "amend_cases"
    cases: list[int] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    x: Optional[float] = None  # noqa: UP045
    y: Optional[float] = None  # noqa: UP045
    reason: str = ""
    role: str = "acceptor"
    done_by: str = ""


@dataclass(frozen=True)
class PlaceQueue(Request):
    """List cases that wait for a place: ``nowhere``, ``coarse`` (community or grid only), or ``unsure`` points.

    ``after``: last fid of the page before; counts come with the first page, unless they are not wanted (they look at
    every case).
    """

    method: ClassVar[str] = "place_queue"
    which: str = "nowhere"  # nowhere | coarse | unsure
    after: int = 0
    limit: int = 500
    below: float = 0.6  # of ``unsure``
    counts: bool = True


@dataclass(frozen=True)
class SuggestPlaces(Request):
    """Say where a case (by fid), or what a text tells, may lie: readings with their scores, the surest first."""

    method: ClassVar[str] = "suggest_places"
    case: Optional[int] = None  # noqa: UP045
    text: str = ""


KINDS: tuple[type[Request], ...] = (PreviewCases, PlaceCases, AmendCases, PlaceQueue, SuggestPlaces)
