# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes of the large demo cities: what each must hold, to the piece.

Qidong's size follows the city's own report (25 km², 2 streets, 583 unit grids, 103,334 components, 31 cameras,
25 collectors), Qingdao's size the figures published for that city (190 km², 4,737 grids, 776,143 components, 56,642
POI, 1,457 landmarks). Both lie at Qidong and carry codes of county 320681, because a city store holds one county. What
is not published – door plates, cameras and collectors of the large city, the split of Qidong's "about 6,000 places" –
is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """One size: lengths in metres, areas in square metres, counts to the piece."""

    name: str
    area: float
    ratio: float  # width by height
    arterial: float  # mean distance of main roads
    canals: int
    towns: tuple[str, ...]  # codes of the streets (街道) and towns
    community_area: float
    grids: int
    components: int
    pois: int
    landmarks: int
    plates: int
    cameras: int
    collectors: int
    old_codes: int
    centres: int  # old quarters that the town grew from

    @property
    def box(self) -> tuple[float, float]:
        """Return width and height of the town before it is bent."""
        height = (self.area / self.ratio) ** 0.5
        return self.area / height, height


_ALL_TOWNS = ("320681100", "320681400", "320681101", "320681102", "320681104", "320681106", "320681107", "320681108",
              "320681109", "320681110", "320681401", "320681405")  # fmt: skip

SIZES = {
    "tiny": Size("tiny", 2.2e6, 1.2, 760.0, 2, ("320681100", "320681400"), 6e5, 52, 6_000, 300, 12, 300, 6, 2, 20, 1),
    "qidong": Size("qidong", 25e6, 1.05, 860.0, 7, ("320681100", "320681400"), 7e5, 583, 103_334, 2_600, 160, 3_240,
                   31, 25, 500, 1),
    "qingdao": Size("qingdao", 190e6, 1.15, 900.0, 26, _ALL_TOWNS, 7e5, 4_737, 776_143, 56_642, 1_457, 84_000, 3_200,
                    120, 4_000, 4),
}  # fmt: skip
