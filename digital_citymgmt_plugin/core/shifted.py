# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinates of Chinese online maps back to WGS 84: GCJ-02 (AMap, Tencent …) and BD-09 (Baidu).

Both are WGS 84 shifted by some 300 to 700 m by a formula that was never published but is known. It is undone only when
the user says that a file is shifted: nothing in the numbers tells. Constants and formula are those in general use
(compare the test vectors of ``eviltransform``); outside of China nothing is shifted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.requests import BD09, GCJ02

_A, _EE = 6378245.0, 0.00669342162296594323  # Krasovsky 1940
_BD = np.pi * 3000.0 / 180.0
_STEPS = 8  # of the iteration; the error shrinks by a factor of some 10,000 at each

Floats = NDArray[np.float64]


def to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift WGS 84 degrees to GCJ-02."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1.0 - _EE * np.sin(phi) ** 2
    dlat = north * 180.0 / ((_A * (1.0 - _EE)) / (magic * np.sqrt(magic)) * np.pi)
    dlon = east * 180.0 / (_A / np.sqrt(magic) * np.cos(phi) * np.pi)
    abroad = (lon < 72.004) | (lon > 137.8347) | (lat < 0.8293) | (lat > 55.8271)
    return np.where(abroad, lon, lon + dlon), np.where(abroad, lat, lat + dlat)


def from_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of GCJ-02 ones, to better than 1 mm."""
    east, north = lon.copy(), lat.copy()
    for _ in range(_STEPS):
        there_lon, there_lat = to_gcj02(east, north)
        east, north = east + (lon - there_lon), north + (lat - there_lat)
    return east, north


def to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift WGS 84 degrees to BD-09."""
    x, y = to_gcj02(lon, lat)
    return _bd_of_gcj(x, y)


def _bd_of_gcj(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    radius = np.sqrt(x * x + y * y) + 0.00002 * np.sin(y * _BD)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def from_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of BD-09 ones, to better than 1 mm."""
    x, y = lon - 0.0065, lat - 0.006
    for _ in range(_STEPS):
        there_x, there_y = _bd_of_gcj(x, y)
        x, y = x + (lon - there_x), y + (lat - there_y)
    return from_gcj02(x, y)


def shift(kind: str, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees shifted as said (``none``: as they are)."""
    if kind == GCJ02:
        return to_gcj02(lon, lat)
    return to_bd09(lon, lat) if kind == BD09 else (lon, lat)


def unshift(shift: str, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 degrees of coordinates shifted as said (``none``: as they are)."""
    if shift == GCJ02:
        return from_gcj02(lon, lat)
    return from_bd09(lon, lat) if shift == BD09 else (lon, lat)
