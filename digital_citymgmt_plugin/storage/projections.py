# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinate reference systems by pyproj, behind the port ``Projections``.

A CRS is a text: ``EPSG:4490``, WKT or a PROJ string. Axis order is always x, y (east, north), whatever the authority
says.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused

_CGCS2000_FIRST = 25  # zone number of EPSG:4513, the first CGCS2000 3-degree zone; central meridian = zone × 3°
_CHINA = (73.0, 135.5, 17.0, 54.0)  # degrees; the zones 25–45 cover it


@lru_cache(maxsize=64)
def _crs(text: str) -> Any:
    """Read a CRS; ``InputRefused("input.crs_unknown")`` when PROJ does not know it."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    if not text or not text.strip():
        raise InputRefused("input.crs_unknown", crs=str(text))
    try:
        return CRS.from_user_input(text.strip())
    except CRSError as error:
        raise InputRefused("input.crs_unknown", crs=text.strip()[:200]) from error


@lru_cache(maxsize=64)
def _without_axes(text: str) -> Any:
    """Return a CRS without its axis order: WKT 1 as GDAL and ESRI write it states none, EPSG says north first."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_wkt(_crs(text).to_wkt("WKT1_GDAL"))
    except CRSError:
        return _crs(text)


@lru_cache(maxsize=64)
def _entry(text: str) -> tuple[str, int] | None:
    """Return authority and code of a CRS, None when no entry of PROJ's database is the same.

    The identifier that a WKT carries comes first, but only when the entry is what the WKT describes. It matters:
    CGCS2000 3-degree CM 75E (4534) and 6-degree zone 13 (4502) are the same projection with two names.
    """
    read = _crs(text)
    stated = read.to_json_dict().get("id")
    found = [(str(stated["authority"]), str(stated["code"]))] if stated else []
    found += [one for one in (read.to_authority(min_confidence=share) for share in (70, 20)) if one is not None]
    plain = _without_axes(text)
    for authority, code in found:
        if code.isdigit():
            try:
                if _without_axes(f"{authority}:{code}").equals(plain):
                    return authority, int(code)
            except InputRefused:
                continue
    return None


@lru_cache(maxsize=16)
def _transformer(source: str, target: str) -> Any:
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    try:
        return Transformer.from_crs(_crs(source), _crs(target), always_xy=True)
    except ProjError as error:
        raise InputRefused("input.crs_no_way", source=source[:200], target=target[:200]) from error


class Projected:
    """The port ``Projections`` served by pyproj. Nothing is fetched: only what is installed with PROJ is used."""

    def __init__(self) -> None:
        from pyproj import network

        network.set_network_enabled(active=False)  # type: ignore[attr-defined]

    def same(self, first: str, second: str) -> bool:
        """Tell whether two CRS are the same; axis order does not count, x is always east.

        Names do not count either: WKT written by ESRI software for a national CRS equals its EPSG entry when PROJ's
        database maps one to the other.
        """
        if first.strip() == second.strip():
            return True
        if _crs(first).equals(_crs(second), ignore_axis_order=True):
            return True
        return bool(_without_axes(first.strip()).equals(_without_axes(second.strip())))

    def is_metric(self, crs: str) -> bool:
        """Tell whether a CRS is projected with metres as unit in both horizontal directions."""
        read = _crs(crs)
        horizontal = read.sub_crs_list[0] if read.is_compound else read
        if not horizontal.is_projected:
            return False
        return all(abs(axis.unit_conversion_factor - 1.0) < 1e-12 for axis in horizontal.axis_info[:2])

    def transform(self, geometries: NDArray[Any], source: str, target: str) -> NDArray[Any]:
        """Reproject geometries; None stays None, Z is kept, M is dropped by shapely.

        A geometry of which any coordinate cannot be transformed becomes an empty geometry of the same kind.

        Raises
        ------
        InputRefused
            ``input.crs_unknown`` or ``input.crs_no_way``.
        """
        array = np.asarray(geometries, dtype=object)
        if self.same(source, target):
            return array.copy()
        transformer = _transformer(source.strip(), target.strip())
        result = array.copy()
        for with_z in (False, True):
            chosen = np.flatnonzero(shapely.has_z(array) == with_z) if len(array) else np.empty(0, dtype=np.intp)
            if not len(chosen):
                continue
            coords = shapely.get_coordinates(array[chosen], include_z=with_z)
            moved = coords.copy()
            # two copies of a single coordinate: pyproj takes arrays of one for scalars
            given = coords if len(coords) > 1 else np.repeat(coords, 2, axis=0)
            east, north = transformer.transform(given[:, 0], given[:, 1], errcheck=False)
            moved[:, 0], moved[:, 1] = east[: len(coords)], north[: len(coords)]
            result[chosen] = shapely.set_coordinates(result[chosen], moved)
        # PROJ says inf where it fails. An empty geometry of the same kind keeps kind and row, and is rejected later.
        return _emptied(result)

    def describe(self, crs: str) -> tuple[str, int, str, str]:
        """Return authority, code, name and WKT of a CRS, as ``gpkg_spatial_ref_sys`` wants them.

        WKT is version 1 as GDAL writes it where that can express the CRS, else WKT 2. A CRS without an entry in
        PROJ's database has authority ``NONE`` and code 0; the caller chooses an identifier of its own.

        Raises
        ------
        InputRefused
            ``input.crs_unknown`` when PROJ does not know the text.
        """
        from pyproj.enums import WktVersion
        from pyproj.exceptions import CRSError

        read = _crs(crs)
        entry = _entry(crs.strip())
        name, code = entry or ("NONE", 0)
        if entry:  # the entry of the database, not the text somebody's software wrote
            read = _crs(f"{name}:{code}")
        try:
            wkt = read.to_wkt(WktVersion.WKT1_GDAL)
        except CRSError:
            wkt = read.to_wkt()
        return name, code, str(read.name), str(wkt)

    def utm_for(self, longitude: float, latitude: float) -> str:
        """Return a metric CRS that suits a place given in degrees.

        In China the CGCS2000 3-degree Gauss-Krüger zone without zone prefix (EPSG:4534–4554), as surveys there use;
        elsewhere UTM on WGS 84, and UPS beyond 84° N and 80° S.

        Raises
        ------
        InputRefused
            ``input.place_range`` when the place is not on Earth.
        """
        if not (-180.0 <= longitude <= 180.0 and -90.0 <= latitude <= 90.0):
            raise InputRefused("input.place_range", longitude=float(longitude), latitude=float(latitude))
        if _CHINA[0] <= longitude <= _CHINA[1] and _CHINA[2] <= latitude <= _CHINA[3]:
            zone = min(max(int((longitude + 1.5) // 3), _CGCS2000_FIRST), 45)
            return f"EPSG:{4534 + zone - _CGCS2000_FIRST}"
        if latitude > 84.0:
            return "EPSG:5041"
        if latitude < -80.0:
            return "EPSG:5042"
        zone = min(int((longitude + 180.0) // 6) + 1, 60)
        return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"

    def area_of_use(self, crs: str) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north in degrees of where a CRS is meant to be used.

        None when PROJ's database does not say (a CRS of one's own) or when it spans the date line.
        """
        entry = _entry(crs.strip())
        area = _crs(f"{entry[0]}:{entry[1]}" if entry else crs).area_of_use
        if area is None or area.west > area.east:
            return None
        return float(area.west), float(area.south), float(area.east), float(area.north)


def _emptied(geometries: NDArray[Any]) -> NDArray[Any]:
    """Replace geometries that hold a coordinate which is not finite by empty ones of the same kind."""
    coords, owner = shapely.get_coordinates(geometries, return_index=True)
    bad = np.unique(owner[~np.isfinite(coords).all(axis=1)])
    for position in bad:
        geometries[position] = type(geometries[position])()
    return geometries
