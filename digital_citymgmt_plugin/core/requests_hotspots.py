# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked of cells that have more cases around them than chance gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from digital_citymgmt_plugin.core.requests_scan import CasesAsked


@dataclass(frozen=True)
class Hotspots(CasesAsked):
    """Find hot and cold spots (Gi* or Gi) on cells.

    ``by``: grid, community, street. ``exposure``: even (cases as they are), area, road_km, components: cases per so
    much. ``neighbours``: queen (cells that touch) or distance (centres within ``metres``). ``star``: the cell counts
    among its neighbours. ``permutations``: 0 for none. ``least``: cells with less of ``exposure`` than this share of
    the average have no rate. ``output``: layer of the cells.
    """

    method: ClassVar[str] = "hotspots"
    by: str = "grid"
    exposure: str = "even"
    neighbours: str = "queen"
    metres: float = 300.0
    star: bool = True
    permutations: int = 999
    seed: int = 1
    least: float = 0.05
    output: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)


HOTSPOTS: tuple[type[CasesAsked], ...] = (Hotspots,)
