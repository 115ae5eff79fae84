# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinates of cases that are not what the file says: exchanged, in degrees, with the zone; mended and said.

Only what lies in the city afterwards, and did not before, is mended; everything else is told as it is. Shifts of online
maps (GCJ-02, BD-09) move a place by some hundred metres: that cannot be seen, so they are put back by choice only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.coordinates import as_coordinates, as_pair, zone_crs
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.services.placing import Placer

GEOGRAPHIC = "EPSG:4490"
NEAR = 5_000.0  # m outside of the city's areas: a mended place must lie so near (default of the plugin)
SWAPPED, DEGREES, ZONE, METRES, PARTS = "swapped", "degrees", "zone", "metres", "parts"


class CoordinateReader:
    """Reads two columns (or one that holds both) into numbers of the source's CRS."""

    def __init__(self, context: Context, placer: Placer) -> None:
        self._context, self._placer = context, placer
        self._crs = str(placer.crs)
        self._store_crs = str(context.need_store().meta()["crs"])
        self._degrees = not context.projections.is_metric(self._crs)
        self.mended: dict[str, int] = {}

    def read(self, x: NDArray[Any], y: NDArray[Any], joint: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return both coordinates; NaN where there is none that can be read.

        Parameters
        ----------
        x, y : object array
        joint : bool
            Both are the same column, whose cells hold both coordinates.
        """
        if joint:
            pairs = [as_pair(value) for value in x.tolist()]
            x = np.array([pair[0] for pair in pairs] + [None], dtype=object)[:-1]
            y = np.array([pair[1] for pair in pairs] + [None], dtype=object)[:-1]
        east, north = as_coordinates(x.tolist()), as_coordinates(y.tolist())
        written = np.array([isinstance(value, str) and not _is_plain(value) for value in x.tolist()], dtype=bool)
        self._count(PARTS, written & np.isfinite(east))
        good = np.isfinite(east) & np.isfinite(north) & ~((east == 0) & (north == 0))
        outside = good & ~self._inside(east, north, self._crs)
        for kind, crs, rows, a, b in self._forms(east, north, outside):
            left = rows[outside[rows]]
            if not len(left):
                continue
            inside = self._inside(a[left], b[left], crs)
            hit = left[inside]
            if not len(hit):
                continue
            east[hit], north[hit] = self._into(a[hit], b[hit], crs)
            outside[hit] = False
            self.mended[kind] = self.mended.get(kind, 0) + len(hit)
        return east, north

    def notes(self) -> list[dict[str, Any]]:
        """Return what was mended."""
        return [
            {"code": f"note.coordinates_{kind}", "values": {"count": count}}
            for kind, count in sorted(self.mended.items())
        ]

    def _count(self, kind: str, rows: NDArray[np.bool_]) -> None:
        if rows.any():
            self.mended[kind] = self.mended.get(kind, 0) + int(rows.sum())

    def _forms(
        self, east: NDArray[np.float64], north: NDArray[np.float64], outside: NDArray[np.bool_]
    ) -> list[tuple[str, str, NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]:
        """Return other readings: what they are called, their CRS, the rows they may hold for, both coordinates."""
        every = np.flatnonzero(outside)
        if not len(every):
            return []
        east, north = east.copy(), north.copy()
        forms = [(SWAPPED, self._crs, every, north, east)]
        small = every[(np.abs(east[every]) <= 180) & (np.abs(north[every]) <= 180)]
        large = every[(np.abs(east[every]) > 180) | (np.abs(north[every]) > 180)]
        if not self._degrees:
            forms += [(DEGREES, GEOGRAPHIC, small, east, north), (DEGREES, GEOGRAPHIC, small, north, east)]
        for one, other in ((east, north), (north, east)):
            zones = dict.fromkeys(np.floor(one[large] / 1000000).tolist())
            for zone in zones:
                rows = large[np.floor(one[large] / 1_000_000) == zone]
                crs = zone_crs(zone * 1_000_000 + 500_000)
                if crs is not None:
                    forms.append((ZONE, crs, rows, one, other))
        if self._degrees:
            forms += [(METRES, self._store_crs, large, east, north), (METRES, self._store_crs, large, north, east)]
        return forms

    def _inside(self, east: Sequence[float] | NDArray[Any], north: Any, crs: str) -> NDArray[np.bool_]:
        """Tell which places lie in or near the city; all when the city has no areas yet."""
        points = shapely.points(np.nan_to_num(np.asarray(east)), np.nan_to_num(np.asarray(north)))
        points = np.atleast_1d(np.asarray(points, dtype=object))
        if not self._context.projections.same(crs, self._store_crs):
            points = self._context.projections.transform(points, crs, self._store_crs)
        return self._placer.near(points, NEAR)

    def _into(self, east: Any, north: Any, crs: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self._context.projections.same(crs, self._crs):
            return east, north
        points = self._context.projections.transform(shapely.points(east, north), crs, self._crs)
        xy = shapely.get_coordinates(points)
        return xy[:, 0], xy[:, 1]


def _is_plain(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
