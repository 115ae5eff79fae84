# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked of the redraw bench: unit grids changed by hand, their figures, scenarios.

The engine holds the session; the window holds the list of edits made, each as ``EditRedraw`` answers it (``entry``),
and gives the list to ``OpenRedraw`` when the engine had to be started again. Cells are named by the uuid of their unit
grid, new ones by what the engine calls them. ``points`` are x and y in turn, in the CRS of the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Layer, Request


@dataclass(frozen=True)
class OpenRedraw(Request):
    """Read grids, components, cases and roads into memory and begin to redraw.

    ``days``: cases reported so many days before the newest one count. The band (``"0.5,2.0"``) is one of areas around
    ``target_area`` (m²), or of loads around ``target_load`` where that is given; ``load_weights`` as in ``DraftGrids``.
    ``roads``: themes of the base map's lines whose length counts (of ``road_layers`` alone, where these are given),
    and by which boundaries may run beside ``barriers``.
    ``population`` with ``population_field``: points or areas with a number of people. ``scenario``: begin with the
    edits of one that was saved; ``edits``: with these (JSON, a list of ``entry``).
    """

    method: ClassVar[str] = "open_redraw"
    days: int = 90
    target_area: float = 40_000.0
    target_load: Optional[float] = None  # noqa: UP045
    band: str = "0.5,2.0"
    load_weights: Optional[dict[str, Any]] = None  # noqa: UP045
    roads: list[str] = field(default_factory=lambda: ["road"])
    road_layers: list[str] = field(default_factory=list)
    barriers: list[str] = field(default_factory=lambda: ["water", "wall"])
    population: Optional[Layer] = None  # noqa: UP045
    population_field: Optional[str] = None  # noqa: UP045
    scenario: Optional[str] = None  # noqa: UP045
    edits: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ProbeRedraw(Request):
    """Tell what an edit would do, and change nothing. A pen that cannot be used is no error but an answer.

    ``tool``: split, merge, move_vertex, move_edge, reshape, give, carve, mend. ``cells`` restricts (split) or names
    (merge) cells (give: giver and taker); without it those under the pen. ``options`` by tool: ``snap`` (m), ``giver``,
    ``taker`` (cell), ``group`` (community of a carved cell), ``community`` (whether a community's edge may move:
    move_vertex, move_edge, reshape, give). Of ``move_vertex`` and ``move_edge`` the points are from where and to where;
    ``give`` takes a line across the giver, or an area whose last point is its first; ``carve`` an area. ``mend`` takes
    no points: it splits all cells that the edges of the communities in force cross, and makes those anew that lie in
    another community; ``tolerance`` (m, edges nearer are the same), ``least`` (m², smaller parts go to a neighbour).
    """

    method: ClassVar[str] = "probe_redraw"
    session: str
    tool: str
    points: list[float] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    options: Optional[dict[str, Any]] = None  # noqa: UP045


@dataclass(frozen=True)
class EditRedraw(Request):
    """Do an edit within the session; nothing is written. ``seq``: how many steps were done before it."""

    method: ClassVar[str] = "edit_redraw"
    session: str
    tool: str
    seq: int
    points: list[float] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    options: Optional[dict[str, Any]] = None  # noqa: UP045


@dataclass(frozen=True)
class StepRedraw(Request):
    """Take the last edit of the session back, or do the one taken back again (``back`` false)."""

    method: ClassVar[str] = "step_redraw"
    session: str
    back: bool = True


@dataclass(frozen=True)
class ApplyRedraw(Request):
    """Write the edits: shapes, codes, lineage, components, open cases and beats, in one action.

    ``policy``: ``largest_keeps`` or ``all_new``, else that of the city's profile; ``reason`` is kept with the retired
    codes.
    """

    method: ClassVar[str] = "apply_redraw"
    session: str
    policy: Optional[str] = None  # noqa: UP045
    reason: str = ""


@dataclass(frozen=True)
class RebaseRedraw(Request):
    """Do the session's edits again on the grids as they are now; what no longer fits is listed and left out."""

    method: ClassVar[str] = "rebase_redraw"
    session: str


@dataclass(frozen=True)
class CloseRedraw(Request):
    """End a session; what was not applied or saved as a scenario is gone."""

    method: ClassVar[str] = "close_redraw"
    session: str


@dataclass(frozen=True)
class SaveScenario(Request):
    """Keep the session's edits in the store under a name; ``scenario`` writes over one that is there.

    ``parent``: the scenario that this one branches off.
    """

    method: ClassVar[str] = "save_scenario"
    session: str
    name: str
    scenario: Optional[str] = None  # noqa: UP045
    parent: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ListScenarios(Request):
    """List the scenarios of the store: name, when, how many edits, whether they still fit."""

    method: ClassVar[str] = "list_scenarios"
    all: bool = False


@dataclass(frozen=True)
class CompareScenarios(Request):
    """Set two scenarios side by side, per cell and in total; ``""`` stands for the grids as they are.

    ``output``: a GeoPackage with a layer of each. ``session`` gives band, days and weights.
    """

    method: ClassVar[str] = "compare_scenarios"
    session: str
    first: str
    second: str
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class DiscardScenario(Request):
    """Put a scenario aside; its row stays with the status ``discarded``."""

    method: ClassVar[str] = "discard_scenario"
    scenario: str
