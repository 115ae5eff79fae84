# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked of where and when cases crowd: scan, density, rhythm, watchers. ``core.requests`` names these.

Cases are those reported from ``from_date`` to ``to_date`` (local days, YYYY-MM-DD, both included, "" for open), not
voided, whose class code begins with one of ``classes`` (or whose kind is ``kind``: component, event), from ``sources``
(collector, citizen), of ``departments``, ``streets``, ``communities`` (codes); what is empty asks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class CasesAsked(Request):
    """Which cases."""

    from_date: str = ""
    to_date: str = ""
    kind: str = ""
    classes: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    departments: list[str] = field(default_factory=list)
    streets: list[str] = field(default_factory=list)
    communities: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ScanClusters(CasesAsked):
    """Find clusters in space and time (Kulldorff).

    ``by``: grid, community, street, hexagon (``across`` metres wide; permutation only).
    ``model``: poisson (by exposure) or permutation. ``exposure``: even (each cell
    alike), area, road_km, components. ``period``: day, week, month. ``longest``: periods of a cluster, 0 for half of
    all. ``radius``: metres, 0 for none; ``most``: cells of a cluster. ``prospective``: only clusters that last to the
    end. ``trend``: periods keep the numbers of cases that they have (Poisson). ``simulations``: 99, 999 …; ``level``:
    p up to which a cluster is said to be one. ``output``: layer of the clusters, ``cells``: table of their cells.
    """

    method: ClassVar[str] = "scan_clusters"
    by: str = "grid"
    across: float = 500.0
    model: str = "poisson"
    exposure: str = "even"
    period: str = "week"
    longest: int = 8
    radius: float = 1000.0
    most: int = 40
    prospective: bool = False
    trend: bool = False
    simulations: int = 99
    seed: int = 1
    level: float = 0.05
    limit: int = 20
    output: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)


@dataclass(frozen=True)
class Density(CasesAsked):
    """Tell the density of cases on hexagons, by period in one scale.

    ``reach``: metres of the kernel. ``across``: metres from hexagon to hexagon, 0 for half of it. ``every``: "" for the
    whole, else day, week, month, quarter, year. ``clip``: metres from roads of the base map beyond which nothing is
    drawn, 0 for no clip. ``breaks``: bounds of the classes, cases per km² and 30 days; empty: of all periods together.
    """

    method: ClassVar[str] = "density"
    reach: float = 200.0
    across: float = 0.0
    every: str = ""
    clip: float = 30.0
    breaks: list[float] = field(default_factory=list)
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class Rhythm(CasesAsked):
    """Count cases by weekday and hour; ``hours``: of a patrol that is advised.

    ``x``, ``y``, ``within``: a place (CRS of the store, metres); ``beats``, ``grids``: codes; ``fids``: cases.
    """

    method: ClassVar[str] = "rhythm"
    hours: int = 3
    x: Optional[float] = None  # noqa: UP045
    y: Optional[float] = None  # noqa: UP045
    within: float = 0.0
    beats: list[str] = field(default_factory=list)
    grids: list[str] = field(default_factory=list)
    fids: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class WatcherBias(CasesAsked):
    """Tell by cell what collectors found and what citizens reported; ``by``: grid, community, street.

    ``least``: cases below which a share is not judged.
    """

    method: ClassVar[str] = "watcher_bias"
    by: str = "grid"
    least: int = 10
    output: Optional[str] = None  # noqa: UP045


SCAN: tuple[type[Request], ...] = (ScanClusters, Density, Rhythm, WatcherBias)
