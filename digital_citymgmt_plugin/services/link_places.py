# SPDX-License-Identifier: GPL-2.0-or-later
"""Where cases lie: unit grid, community and street by the map, and whether the area stated for a case agrees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.placing import POINTED, agrees, same_area
from digital_citymgmt_plugin.core.grids.locate import locate_points, representative_points
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Store
from digital_citymgmt_plugin.services.intake import objects

AREAS = ("grid_code", "community_code", "street_code")
PLACE = (*AREAS, "place_method")
BY_COMPONENT = "component"  # the place_method of a case that is where its component is


class CityMap:
    """The areas and grids of the city, read once."""

    def __init__(self, store: Store) -> None:
        current = [("valid_to", "is null", None)]
        areas = store.read("admin_area", ["level", "code", "name", "parent_code", GEOM], current, order=["code"])
        self.names = {str(code): str(name) for code, name in zip(areas["code"].tolist(), areas["name"].tolist())}
        self.parents: dict[str, Any] = dict(zip(areas["code"].tolist(), areas["parent_code"].tolist()))
        self.levels: dict[str, str] = dict(zip(areas["code"].tolist(), areas["level"].tolist()))
        self._shapes = {level: self._of(areas, level) for level in ("community", "street")}
        status = [("status", "=", "current")]
        grids = store.read("unit_grid", ["code", "community_code", GEOM], status, order=["code"])
        self._grids = grids["code"].tolist(), grids[GEOM]
        self._community_of = dict(zip(grids["code"].tolist(), grids["community_code"].tolist()))
        self._agreement: dict[tuple[str, str], list[str] | None] = {}

    @staticmethod
    def _of(areas: Columns, level: str) -> tuple[list[Any], NDArray[Any]]:
        rows = np.flatnonzero(areas["level"] == level)
        return areas["code"][rows].tolist(), areas[GEOM][rows]

    def place(self, cases: Columns) -> Columns:
        """Return grid, community, street and how they were found, for all cases of a chunk.

        A case with a point takes what the map says (a point found by address or hand keeps its method); one without, or
        outside all areas, keeps the community or grid that the import found by name or code. The street is the
        community's, else that of the map.
        """
        xy = representative_points(cases[GEOM])
        grid = _codes(locate_points(xy, self._grids[1]), self._grids[0])
        area = _codes(locate_points(xy, self._shapes["community"][1]), self._shapes["community"][0])
        street = _codes(locate_points(xy, self._shapes["street"][1]), self._shapes["street"][0])
        held = {name: cases[name].tolist() for name in PLACE}
        result: dict[str, list[Any]] = {name: [] for name in PLACE}
        for index in range(len(xy)):
            found_grid, community, method = grid[index], area[index], "area" if area[index] else None
            if found_grid is not None:
                community, method = self._community_of.get(found_grid) or community, "grid"
            elif community is None and held["place_method"][index] not in ("grid", "area"):
                found_grid, community = held["grid_code"][index], held["community_code"][index]
                if found_grid not in self._community_of and np.isfinite(xy[index, 0]):
                    found_grid = None  # retired, and the map shows no other here
                method = held["place_method"][index]
                community = community or self._community_of.get(found_grid)
            if held["place_method"][index] in POINTED:
                method = held["place_method"][index]  # the map tells grid and community, not how the point was found
            above = self.street_of(community) or street[index]
            for name, value in zip(PLACE, (found_grid, community, above, method)):
                result[name].append(value)
        return {name: objects(values) for name, values in result.items()}

    def areas(self, geometries: NDArray[Any]) -> Columns:
        """Return grid, community and street of places by the map alone."""
        nothing = objects([None] * len(geometries))
        found = self.place({GEOM: geometries, **dict.fromkeys(PLACE, nothing)})
        return {name: found[name] for name in AREAS}

    def street_of(self, community: str | None) -> str | None:
        """Return the code of the street that a community belongs to."""
        parent = self.parents.get(str(community)) if community else None
        return str(parent) if parent else None

    def chain(self, code: str) -> list[str]:
        """Return the names of an area and of all above it."""
        result: list[str] = []
        above: str | None = code
        while above and len(result) < 5:
            if above in self.names:
                result.append(self.names[above])
            above = self.parents.get(above)
        return result

    def disagreement(self, stated: str, code: str) -> list[str] | None:
        """Return the names of the areas that hold a case when none of them is the stated one; None when one is.

        An area that the city does not know can only disagree when the map names more than the community: without the
        streets nothing can be said about a stated street.
        """
        key = (stated, code)
        if key not in self._agreement:
            names = self.chain(code)
            wrong = bool(names) and not agrees(stated, names)
            if wrong and len(names) < 2:
                wrong = any(same_area(stated, name) for name in self.names.values())
            self._agreement[key] = names if wrong else None
        return self._agreement[key]


def _codes(found: NDArray[np.int64], codes: list[Any]) -> list[Any]:
    return [codes[index] if index >= 0 else None for index in found.tolist()]
