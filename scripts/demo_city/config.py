# SPDX-License-Identifier: GPL-2.0-or-later
"""What a demo city is made of at each scale: sizes, counts, the place on earth, and one random stream per stage.

The city lies where Qidong (county 320681) lies, at 121.66° E. That is nearest to the central meridian 123° E of the
3-degree zones (121.5°–124.5°), so the CRS is EPSG:4550, CGCS2000 / 3-degree Gauss-Krüger CM 123E, without the zone
number in the easting. Its streets, rivers and buildings are made up; only the county, street and community codes and
names are real.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

CRS = "EPSG:4550"
COUNTY_CODE = "320681"
COUNTY_NAME = "启东市"
ORIGIN = (371_600, 3_520_300)  # easting and northing of local (0, 0), whole metres


@dataclass(frozen=True)
class RoadRank:
    """A rank of road: its Chinese class, carriageway width and pavement (each side), metres."""

    rank: int
    name: str
    width: tuple[float, float]
    pavement: float


RANKS = {
    1: RoadRank(1, "主干路", (26.0, 32.0), 5.0),
    2: RoadRank(2, "次干路", (18.0, 22.0), 4.0),
    3: RoadRank(3, "支路", (9.0, 13.0), 2.5),
    4: RoadRank(4, "街巷", (5.0, 7.0), 1.0),
    5: RoadRank(5, "小区路", (4.0, 5.0), 0.0),
}


@dataclass(frozen=True)
class Scale:
    """One size of the demo city; lengths in metres, areas in square metres. Its cases are in ``case_scale``."""

    name: str
    size: tuple[float, float]
    arterial: float  # mean distance of main roads
    communities: tuple[int, int]  # of the street west and of the street east of the main river
    components: int
    canals: int
    street_area: float = 90_000.0  # blocks above this are split by a 支路
    lane_area: float = 42_000.0  # … and above this by a 街巷
    old_codes: int = 50
    extra: dict[str, float] = field(default_factory=dict)


SCALES = {
    "small": Scale(
        name="small",
        size=(2550.0, 2000.0),
        arterial=860.0,
        communities=(4, 6),
        components=10_000,
        canals=3,
    ),
}

STAGES = {"streets": 1, "areas": 2, "blocks": 3, "components": 4, "names": 7, "basemap": 8,
          "places": 9, "tracks": 10, "symbols": 11}  # fmt: skip


def stream(seed: int | tuple[int, ...], stage: str) -> np.random.Generator:
    """Return the random numbers of one stage: a change in one stage leaves the others as they were.

    In a large city the seed is a pair: the city's and the row of the community.
    """
    return np.random.default_rng([*(seed if isinstance(seed, tuple) else (seed,)), STAGES[stage]])
