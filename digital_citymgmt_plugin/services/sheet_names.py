# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of map sheets: the main place name inside each (general practice of Chinese large scale maps); who is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Store
from digital_citymgmt_plugin.services.intake import objects

# Which names are the main ones is not defined anywhere: landmarks before other points of interest is our own rule.
_KINDS = ("landmark", "poi")


def name_sheets(store: Store, corners: Sequence[tuple[float, float]], size: float) -> NDArray[Any]:
    """Return the name of each sheet: the landmark, else point of interest next to its middle, else its community.

    Parameters
    ----------
    corners : sequence of (x, y)
        South-west corners in metres, in the CRS of the store.
    size : float
        Side of a sheet, metres.

    Returns
    -------
    array of str or None
        None where the store knows no place and no community there.
    """
    names = np.full(len(corners), None, dtype=object)
    if not len(corners):
        return names
    west_south = np.array(corners, dtype=np.float64)
    middles = west_south + size / 2
    sheets = shapely.box(*west_south.T, *(west_south + size).T)
    for kind in _KINDS:
        found = store.read("place", ["name", XY], [("kind", "=", kind), ("name", "not null", None)], ["fid"])
        if not len(found["name"]):
            continue
        own = locate_points(found[XY], sheets)
        away = np.hypot(*(found[XY] - middles[own]).T)
        for place in np.argsort(away, kind="stable").tolist():
            if own[place] >= 0 and names[own[place]] is None:
                names[own[place]] = found["name"][place]
    bare = np.flatnonzero(names == None)  # noqa: E711  (element by element)
    where = [("level", "=", "community"), ("valid_to", "is null", None)]
    areas = store.read("admin_area", ["name", GEOM], where, ["code"])
    community = locate_points(middles[bare], areas[GEOM])
    names[bare] = objects([*areas["name"].tolist(), None])[community]
    return names


def frame_of(store: Store, asked: str | None) -> Any:
    """Return the frame of the sheet that is asked for, by either of its numbers, else by its name; None for none."""
    word = (asked or "").strip()
    for column in ("number", "number_fine", "name") if word else ():
        frames = store.read("sheet", [GEOM], [(column, "=", word), (GEOM, "not null", None)], ["fid"])[GEOM]
        if len(frames):
            return frames[0]
    return None
