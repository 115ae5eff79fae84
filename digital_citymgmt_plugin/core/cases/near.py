# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a camera sees a place: by its reach, its direction and its angle."""

from __future__ import annotations

import math

WIDE = 60.0  # degrees that a camera with a direction and no angle is taken to see


def bearing(x: float, y: float, to_x: float, to_y: float) -> float:
    """Return the direction from one place to another, in degrees clockwise from north of a metric plane."""
    return math.degrees(math.atan2(to_x - x, to_y - y)) % 360.0


def sees(
    distance: float, toward: float, direction: float | None, angle: float | None, reach: float | None
) -> bool | None:
    """Tell whether a camera sees a place.

    Parameters
    ----------
    distance : float
        Metres from camera to place.
    toward : float
        Direction of the place from the camera, in degrees clockwise from north.
    direction, angle, reach : float or None
        Middle of the view and its width (degrees), and how far it goes (metres); None or 0 width: not known. A camera
        of 360 degrees turns. With a direction and no angle 60 degrees are taken (no source; a common lens).

    Returns
    -------
    bool or None
        None when neither reach nor direction is known.
    """
    if reach is not None and reach > 0 and distance > reach:
        return False
    turns = angle is not None and angle >= 360.0
    if direction is not None and not turns:
        off = abs((toward - direction + 180.0) % 360.0 - 180.0)
        return off <= (angle or WIDE) / 2.0
    return True if turns or (reach is not None and reach > 0) else None
