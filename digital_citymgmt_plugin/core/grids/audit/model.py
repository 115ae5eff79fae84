# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules of unit grids look at, and how a rule is registered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.codes import CodeScheme
from digital_citymgmt_plugin.core.grids.checks import GridIssue, assign_community, finite, with_area

Params = Mapping[str, Any]


def _none() -> NDArray[Any]:
    return np.empty(0, dtype=object)


WATER = 0.8  # share of a grid under water from which neither its area nor its load is judged


@dataclass
class GridSet:
    """Unit grids and what they are compared with; all geometries in one metric CRS, areas in m².

    ``codes`` and ``stated`` (community code) may hold None; without ``coded`` nothing is said of codes, without
    ``communities`` nothing of communities. ``features``: lines that a boundary may follow; None when there are no such
    data at all. ``load``: load of each grid, None when it is not known. ``water``: areas that are nobody's ground.
    """

    cells: NDArray[Any]
    codes: NDArray[Any] = field(default_factory=_none)
    stated: NDArray[Any] = field(default_factory=_none)
    coded: bool = False
    scheme: CodeScheme | None = None
    county: str = ""
    communities: NDArray[Any] = field(default_factory=_none)
    community_codes: NDArray[Any] = field(default_factory=_none)
    buildings: NDArray[Any] | None = None
    compounds: NDArray[Any] | None = None
    features: NDArray[Any] | None = None
    load: NDArray[np.float64] | None = None
    water: NDArray[Any] | None = None
    kept: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def flat(self) -> NDArray[Any]:
        """The grids without heights, as they are."""
        flat: NDArray[Any] = shapely.force_2d(np.asarray(self.cells, dtype=object))
        return flat

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Which grids have an area that can be looked at."""
        return np.flatnonzero(with_area(self.flat)).astype(np.int64)

    @cached_property
    def fixed(self) -> NDArray[Any]:
        """The usable grids as valid areas."""
        return polygonal(self.flat[self.rows])

    @cached_property
    def homes(self) -> NDArray[Any]:
        """The communities as valid areas."""
        return polygonal(np.asarray(self.communities, dtype=object))

    @cached_property
    def area(self) -> NDArray[np.float64]:
        """Area of the usable grids."""
        area: NDArray[np.float64] = shapely.area(self.fixed)
        return area

    @cached_property
    def land(self) -> NDArray[np.bool_]:
        """Which usable grids are not almost all water: a lake is a grid of its own, of any area and without load."""
        dry = np.ones(len(self.rows), dtype=bool)
        if self.water is None or not len(self.water):
            return dry
        body, grid = shapely.STRtree(self.fixed).query(polygonal(self.water), predicate="intersects")
        for index in np.unique(grid).tolist():
            wet = shapely.intersection(self.fixed[index], shapely.union_all(polygonal(self.water[body[grid == index]])))
            dry[index] = wet.area < WATER * self.area[index]
        return dry

    @cached_property
    def found_home(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The community that holds most of each usable grid (−1 none), and the share of its area there."""
        return assign_community(self.fixed, self.homes)

    @cached_property
    def stated_home(self) -> NDArray[np.int64]:
        """Row of the community that each usable grid states, −1 where it states none or an unknown one."""
        if len(self.stated) != len(self.cells):
            return np.full(len(self.rows), -1, dtype=np.int64)
        row_of = {code: index for index, code in enumerate(self.community_codes.tolist())}
        return np.array([row_of.get(code, -1) for code in self.stated[self.rows].tolist()], dtype=np.int64)

    @cached_property
    def home(self) -> NDArray[np.int64]:
        """Row of the community that each usable grid is to lie in: the one stated, else the one that holds most."""
        best, _share = self.found_home
        return np.where(self.stated_home >= 0, self.stated_home, best)


Check = Callable[[GridSet, Params], "list[GridIssue]"]
GRID_CHECKS: dict[str, Check] = {}


def grid_check(code: str) -> Callable[[Check], Check]:
    """Register the function of a rule."""

    def register(function: Check) -> Check:
        GRID_CHECKS[code] = function
        return function

    return register


def polygonal(geoms: NDArray[Any]) -> NDArray[Any]:
    """Return valid areas without heights; what a repair leaves of lines and points has no area and does no harm."""
    flat: NDArray[Any] = np.array(shapely.force_2d(geoms), dtype=object)
    flat[~finite(flat)] = None
    bad = ~(shapely.is_valid(flat) | shapely.is_missing(flat))
    if bad.any():
        flat[bad] = shapely.buffer(shapely.make_valid(flat[bad]), 0)
    return flat


def wide_and_big(geoms: NDArray[Any], metres: float, square_metres: float) -> NDArray[np.bool_]:
    """Tell which areas exceed a size and are on average wider than a width: less is the rounding of coordinates."""
    area = shapely.area(geoms)
    told: NDArray[np.bool_] = (area > metres * shapely.length(geoms) / 2) & (area > square_metres)
    return told


def parts_of_area(geoms: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the single areas that geometries consist of, and the row that each comes from."""
    parts, owner = shapely.get_parts(geoms, return_index=True)
    parts, again = shapely.get_parts(parts, return_index=True)  # a collection may hold multipolygons
    owner = owner[again]
    keep = shapely.get_dimensions(parts) == 2
    return parts[keep], owner[keep].astype(np.int64)


def joined(parts: NDArray[Any]) -> Any:
    """Return areas or lines as one geometry, a single one as it is."""
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)
