# SPDX-License-Identifier: GPL-2.0-or-later
"""GeoPackage geometries and their boxes, packed by hand: nothing here is shared with the store or the checks."""

from __future__ import annotations

import struct
from typing import Any

import shapely

_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}  # bytes by envelope code


def pack(shape: Any, srs: int) -> bytes:
    """Return the blob of a shape: header with an envelope (none for a point) and WKB."""
    wkb: bytes = shapely.to_wkb(shape, byte_order=1)
    if shapely.get_type_id(shape) == 0:
        return b"GP\0\x01" + struct.pack("<i", srs) + wkb
    west, south, east, north = shapely.bounds(shape)
    return b"GP\0\x03" + struct.pack("<i", srs) + struct.pack("<dddd", west, east, south, north) + wkb


def point(x: float, y: float, srs: int) -> bytes:
    """Return the blob of a point; its coordinates need not be finite."""
    return b"GP\0\x01" + struct.pack("<i", srs) + struct.pack("<BIdd", 1, 1, x, y)


def unpack(blob: bytes) -> Any:
    """Return the shape of a blob."""
    return shapely.from_wkb(blob[8 + _ENVELOPES[(blob[3] >> 1) & 7] :])
