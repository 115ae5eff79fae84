# SPDX-License-Identifier: GPL-2.0-or-later
"""Which CRS coordinates may be in, by their size: CGCS2000 3-degree zones with and without prefix, degrees, swapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# EPSG 4513–4533: zones 25–45 with the zone before the easting; 4534–4554: central meridians 75°E–135°E without.
# Source: shared standards, section 11, each row checked against the EPSG registry.
_ZONES = range(25, 46)
PREFIXED, UNPREFIXED = 4513, 4534
DEGREES = "EPSG:4490"
_NORTH = (1_900_000.0, 6_000_000.0)  # northings of China (17°–54°N), m
_EAST = (250_000.0, 750_000.0)  # eastings within a 3-degree zone, with room for a neighbour's half


@dataclass(frozen=True)
class CrsGuess:
    """A CRS that coordinates may be in; ``swapped``: x and y are exchanged; ``evidence``: message code."""

    crs: str
    swapped: bool
    evidence: str


def guesses(xy: NDArray[np.float64]) -> list[CrsGuess]:
    """Return the CRS that the middle of some places may be in, all that their size allows, surest first.

    Parameters
    ----------
    xy : array (n, 2)
        Places as in the file, strays taken out.
    """
    good = xy[np.isfinite(xy).all(axis=1)]
    if not len(good):
        return []
    first, second = (float(value) for value in np.median(good, axis=0))
    found: list[CrsGuess] = []
    for x, y, swapped in ((first, second, False), (second, first, True)):
        if 73.0 <= x <= 136.0 and 17.0 <= y <= 54.0:
            found.append(CrsGuess(DEGREES, swapped, "crs.degrees"))
        if not _NORTH[0] <= y <= _NORTH[1]:
            continue
        zone, rest = divmod(x, 1_000_000.0)
        if int(zone) in _ZONES and _EAST[0] <= rest <= _EAST[1]:
            found.append(CrsGuess(f"EPSG:{PREFIXED + int(zone) - 25}", swapped, "crs.zone_prefix"))
        elif zone == 0 and _EAST[0] <= rest <= _EAST[1]:
            found += [
                CrsGuess(f"EPSG:{UNPREFIXED + number}", swapped, "crs.no_prefix") for number in range(len(_ZONES))
            ]
    return found
