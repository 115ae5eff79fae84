# SPDX-License-Identifier: GPL-2.0-or-later
"""GeoPackage geometry blobs from and to shapely arrays, and the ``ST_*`` functions that the R-tree triggers call.

Blobs are written as OGR writes them (little endian; envelope for all but points), so that a feature saved unchanged
by QGIS keeps its bytes and the triggers see no change.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.locate import representative_points

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_POINT_DTYPE = np.dtype(
    [("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs", "<i4"), ("order", "u1"), ("type", "<u4"),
     ("x", "<f8"), ("y", "<f8")]
)  # fmt: skip


def to_blobs(geometries: NDArray[Any], srs_id: int) -> list[Optional[bytes]]:  # noqa: UP045
    """Return GeoPackage blobs of 2D geometries; None stays None.

    Parameters
    ----------
    geometries : array of shapely geometries or None
    srs_id : int
        Row of ``gpkg_spatial_ref_sys``.
    """
    geometries = np.asarray(geometries, dtype=object)
    kinds = shapely.get_type_id(geometries)
    if len(geometries) and np.all(kinds == 0) and not shapely.is_empty(geometries).any():
        return _point_blobs(geometries, srs_id)
    wkbs = shapely.to_wkb(geometries, byte_order=1, output_dimension=2)
    boxes = shapely.bounds(geometries)
    empty = shapely.is_empty(geometries)
    head = struct.Struct("<2sBBi")
    blobs: list[Optional[bytes]] = []  # noqa: UP045
    for wkb, box, kind, is_empty in zip(wkbs, boxes, kinds, empty):
        if wkb is None:
            blobs.append(None)
        elif is_empty:
            blobs.append(head.pack(b"GP", 0, 0x11, srs_id) + wkb)
        elif kind == 0:
            blobs.append(head.pack(b"GP", 0, 0x01, srs_id) + wkb)
        else:
            envelope = struct.pack("<4d", box[0], box[2], box[1], box[3])
            blobs.append(head.pack(b"GP", 0, 0x03, srs_id) + envelope + wkb)
    return blobs


def _point_blobs(points: NDArray[Any], srs_id: int) -> list[Optional[bytes]]:  # noqa: UP045
    rows = np.zeros(len(points), dtype=_POINT_DTYPE)
    rows["magic"], rows["flags"], rows["srs"], rows["order"], rows["type"] = b"GP", 1, srs_id, 1, 1
    rows["x"], rows["y"] = shapely.get_x(points), shapely.get_y(points)
    data, width = rows.tobytes(), _POINT_DTYPE.itemsize
    return [data[start : start + width] for start in range(0, len(data), width)]


def from_blobs(blobs: Sequence[Optional[bytes]]) -> NDArray[Any]:  # noqa: UP045
    """Return shapely geometries of GeoPackage blobs; None stays None.

    Raises
    ------
    ValueError
        A blob is no GeoPackage geometry.
    """
    rows = _plain_points(blobs)
    if rows is not None:
        return np.asarray(shapely.points(rows["x"], rows["y"]), dtype=object)
    wkbs = np.array([None if blob is None else wkb_of(blob) for blob in blobs], dtype=object)
    return np.asarray(shapely.from_wkb(wkbs), dtype=object)


def wkb_of(blob: bytes) -> bytes:
    """Return the WKB in a GeoPackage blob, byte by byte.

    Raises
    ------
    ValueError
        The blob is no GeoPackage geometry.
    """
    return blob[_wkb_start(blob) :]


def xy_of_blobs(blobs: Sequence[Optional[bytes]]) -> NDArray[np.float64]:  # noqa: UP045
    """Return one point (x, y) per blob; see ``core.grids.locate.representative_points``."""
    rows = _plain_points(blobs)
    if rows is not None:
        return np.column_stack([rows["x"], rows["y"]])
    return representative_points(from_blobs(blobs))


def _plain_points(blobs: Sequence[Optional[bytes]]) -> Optional[NDArray[Any]]:  # noqa: UP045
    """Return 2D points as records without making a geometry of each; None if there is anything else."""
    if not blobs or None in blobs or set(map(len, blobs)) != {_POINT_DTYPE.itemsize}:  # type: ignore[arg-type]
        return None
    return _point_records(b"".join(blobs))  # type: ignore[arg-type]


def xy_of_points(data: bytes, lengths: NDArray[np.int64]) -> Optional[NDArray[np.float64]]:  # noqa: UP045
    """Return (x, y) of the blobs that ``data`` holds one after the other; None if one is no plain 2D point."""
    if not len(lengths) or (lengths != _POINT_DTYPE.itemsize).any():
        return None
    rows = _point_records(data)
    return None if rows is None else np.column_stack([rows["x"], rows["y"]])


def _point_records(data: bytes) -> Optional[NDArray[Any]]:  # noqa: UP045
    rows = np.frombuffer(data, dtype=_POINT_DTYPE)
    plain = (rows["magic"] == b"GP").all() and all((rows[name] == 1).all() for name in ("flags", "order", "type"))
    return rows if plain else None


def _wkb_start(blob: bytes) -> int:
    if blob[:2] != b"GP" or len(blob) < 8:
        raise ValueError("no GeoPackage geometry")
    return 8 + _ENVELOPE_BYTES[(blob[3] >> 1) & 7]


def _box(blob: bytes) -> Optional[tuple[float, float, float, float]]:  # noqa: UP045
    """Return minx, maxx, miny, maxy; None of an empty geometry."""
    if blob[3] & 0x10:
        return None
    order = "<" if blob[3] & 1 else ">"
    if (blob[3] >> 1) & 7:
        return struct.unpack_from(order + "4d", blob, 8)
    if len(blob) == _POINT_DTYPE.itemsize and blob[8] == 1 and blob[9:13] == b"\x01\0\0\0":
        x, y = struct.unpack_from("<2d", blob, 13)
        return None if x != x else (x, x, y, y)
    bounds = shapely.bounds(shapely.from_wkb(blob[8:]))
    if np.isnan(bounds[0]):
        return None
    return float(bounds[0]), float(bounds[2]), float(bounds[1]), float(bounds[3])


def register_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that the R-tree triggers of the GeoPackage standard call."""

    def side(index: int) -> Any:
        def value(blob: Optional[bytes]) -> Optional[float]:  # noqa: UP045
            box = None if blob is None else _box(blob)
            return None if box is None else box[index]

        return value

    def is_empty(blob: Optional[bytes]) -> Optional[int]:  # noqa: UP045
        return None if blob is None else int(_box(blob) is None)

    for index, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
        connection.create_function(name, 1, side(index), deterministic=True)
    connection.create_function("ST_IsEmpty", 1, is_empty, deterministic=True)
