# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked about drafts of unit grids and their adoption. ``core.requests`` names these with all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Layer, Request


@dataclass(frozen=True)
class DraftGrids(Request):
    """Draft unit grids inside each area from barriers and write them to a file. Needs no store.

    A layer with an empty path is a table of the open store. ``only`` names areas by their codes: the others count for
    the mean load alone, so that a community is drafted as it will be with all of them. ``target_load`` takes the place
    of ``target_area``: the band is one of loads then, and areas are bounded loosely by the area that holds so much on
    the mean of all areas. ``barrier_ranks`` has a JSON text for each
    of ``barriers``: ``{"rank": 2}`` for all rows, ``{"field": "fclass"}`` to read it,
    ``{"field": "theme", "ranks": {"road": 3}}`` for those rows alone. ``rows`` names for ``areas``, ``buildings``,
    ``compounds`` and ``locked`` the values of fields of the rows that count; the field ``*`` is any that tells what an
    area is used for (``core.draft_guesses.CLASS_FIELDS``). ``load_weights`` gives what values of ``load_field`` count
    (without it: of the field that looks like the class); "" stands for all others (1).
    """

    method: ClassVar[str] = "draft_grids"
    areas: Layer
    output: str
    barriers: list[Layer]
    rank_field: Optional[str] = None  # noqa: UP045
    buildings: Optional[Layer] = None  # noqa: UP045
    compounds: Optional[Layer] = None  # noqa: UP045
    components: Optional[Layer] = None  # noqa: UP045
    load_field: Optional[str] = None  # noqa: UP045
    locked: Optional[Layer] = None  # noqa: UP045
    target_area: float = 40_000.0
    band: str = "0.5,2.0"
    crs: Optional[str] = None  # noqa: UP045
    seed: int = 0
    area_code_field: Optional[str] = None  # noqa: UP045
    only: Optional[list[str]] = None  # noqa: UP045
    target_load: Optional[float] = None  # noqa: UP045
    barrier_ranks: Optional[list[str]] = None  # noqa: UP045
    rows: Optional[dict[str, Any]] = None  # noqa: UP045
    load_weights: Optional[dict[str, Any]] = None  # noqa: UP045


@dataclass(frozen=True)
class KeepWeights(Request):
    """Keep in the city profile what components of each class count, so that the next draft has it; {}: each 1."""

    method: ClassVar[str] = "keep_weights"
    weights: dict[str, Any]


@dataclass(frozen=True)
class DraftSources(Request):
    """Tell what the open store holds that unit grids can be drafted from: themes, classes, communities, grids."""

    method: ClassVar[str] = "draft_sources"


@dataclass(frozen=True)
class AdoptGrids(Request):
    """Number and store grids, or take a vendor's grids with their codes and a list of faults.

    ``wrong_codes``: what becomes of rows whose code is missing, double, foreign or of a wrong form: they are rejected,
    or numbered where they lie and listed as issues with the code that the file states.
    """

    method: ClassVar[str] = "adopt_grids"
    input: Layer
    code_field: Optional[str] = None  # noqa: UP045
    policy: str = "largest_keeps"  # largest_keeps | all_new
    rejects: Optional[str] = None  # noqa: UP045
    wrong_codes: str = "reject"  # reject | number


@dataclass(frozen=True)
class PreviewGrids(Request):
    """Look at a file of unit grids: fields, code field, CRS stated or guessed. Nothing is written."""

    method: ClassVar[str] = "preview_grids"
    input: Layer
