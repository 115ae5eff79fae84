# SPDX-License-Identifier: GPL-2.0-or-later
"""What GDAL's readers give, as plain Python values, shapely geometries and the kinds of fields of the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Callable

import numpy as np
import shapely
from numpy.typing import NDArray

_KINDS = {
    "OFTInteger": "integer",
    "OFTInteger64": "integer",
    "OFTReal": "real",
    "OFTDate": "date",
    "OFTDateTime": "datetime",
}
# Before 0.12, the last for Python 3.9, pyogrio tells no types of GDAL but the dtypes it makes of them.
_KINDS_BY_DTYPE = {
    "bool": "boolean",
    "int16": "integer",
    "int32": "integer",
    "int64": "integer",
    "float32": "real",
    "float64": "real",
    "datetime64[D]": "date",
    "datetime64[ms]": "datetime",
}
_OFFSET = re.compile(r"(:\d\d(?:\.\d+)?[+-]\d\d):?(\d\d)?$")  # Python 3.9 and 3.10 read no "+08"


def field_types(about: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Return of each field its kind and whether it holds whole numbers of 64 bits."""
    if "ogr_types" not in about:
        return [(_KINDS_BY_DTYPE.get(str(dtype), "text"), str(dtype) == "int64") for dtype in about["dtypes"]]
    return [
        ("boolean" if sub == "OFSTBoolean" else _KINDS.get(ogr, "text"), ogr == "OFTInteger64")
        for ogr, sub in zip(about["ogr_types"], about["ogr_subtypes"])
    ]


def plain_crs(text: str | None) -> str | None:
    """Return None for the CRS that GDAL before 3.9 makes of a GeoPackage layer without one (srs_id 0 and -1)."""
    return None if text is None or re.match(r'\w+\["Undefined (geographic|Cartesian) SRS"', text) else text


def geometry_kind(name: str | None) -> str | None:
    """Return the plain kind of geometry: ``2.5D Point`` and ``Point Z`` are Point."""
    if name is None:
        return None
    plain = name.replace("2.5D ", "").split(" ")[0]
    known = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
    curved = {"CurvePolygon": "Polygon", "CompoundCurve": "LineString", "CircularString": "LineString"}
    curved |= {"MultiCurve": "MultiLineString", "MultiSurface": "MultiPolygon"}
    return plain if plain in known else curved.get(plain, "Unknown")


def shapes_of(wkb: NDArray[Any]) -> NDArray[Any]:
    """Build shapely geometries from WKB; what cannot be read is None."""
    result: NDArray[Any] = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), dtype=object)
    return result


def shapes_of_features(batch: list[Any]) -> NDArray[Any]:
    """Build shapely geometries from Fiona's features; all-point batches at once."""
    from shapely.geometry import shape

    geometries = [row.geometry for row in batch]
    if all(one is not None and one.type == "Point" and len(one.coordinates) == 2 for one in geometries):
        points: NDArray[Any] = np.asarray(
            shapely.points(np.array([one.coordinates for one in geometries], dtype=float)), dtype=object
        )
        return points
    result = np.full(len(batch), None, dtype=object)
    for index, one in enumerate(geometries):
        if one is not None:
            try:
                result[index] = shape(one)
            except (ValueError, TypeError, shapely.errors.ShapelyError):
                result[index] = None  # an unclosed ring: a row without geometry
    return result


def _iso(text: Any) -> Any:
    """Read GDAL's ISO text; what is no date stays text."""
    if not isinstance(text, str):
        return text
    plain = _OFFSET.sub(lambda found: f"{found[1]}:{found[2] or '00'}", text.replace("/", "-").replace("Z", "+00:00"))
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        return text


def _day(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return date.fromisoformat(text.replace("/", "-")[:10])
    except ValueError:
        return text


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, (float, int)) else value


_READERS: dict[str, Callable[[Any], Any]] = {"date": _day, "datetime": _iso, "integer": _whole, "boolean": bool}


def plain_values(array: NDArray[Any], kind: str) -> NDArray[Any]:
    """Return plain Python values in an object array, None for null and NaN."""
    if array.dtype.kind == "M":
        array = array.astype("datetime64[ms]").astype(object)
    values = array.tolist()
    read = _READERS.get(kind)
    if read is not None:
        values = [None if value is None or value != value else read(value) for value in values]
    else:
        values = [None if value is None or value != value else value for value in values]
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result
