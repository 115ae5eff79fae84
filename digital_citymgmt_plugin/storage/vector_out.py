# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers out: GeoPackage, shapefile, GeoJSON by pyogrio; CSV and XLSX as tables. A file is written whole or not at all.

pyogrio writes 776,143 points with 10 attributes and an index in 11 s, from columns in memory, as the port has them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Sheet
from digital_citymgmt_plugin.storage import documents
from digital_citymgmt_plugin.storage.documents import Note
from digital_citymgmt_plugin.storage.formats import ending
from digital_citymgmt_plugin.storage.plain_paths import plain_output
from digital_citymgmt_plugin.storage.replacing import replacing

_DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".json": "GeoJSON", ".fgb": "FlatGeobuf"}
_SHP_TEXT = 254  # bytes


def write_layer(
    path: str, layer: str, columns: Columns, crs: str | None, geometry: str | None, *, spatial_index: bool = True
) -> list[Note]:
    """Write a new layer or table.

    Text is UTF-8 everywhere (a shapefile gets its ``.cpg``). A shapefile cuts names to 10 bytes, so names are shortened
    without becoming equal and the change is said in the notes returned (``vector.renamed``); times become text there.
    Where single and multi parts mix, all become multi. CSV and XLSX get columns ``x`` and ``y`` for points, ``wkt`` for
    the rest.

    Raises
    ------
    InputRefused
        ``output.unknown_format``, ``output.failed``, ``output.no_folder``, ``output.in_use``, ``output.text_too_long``
        (field and row of a text over 254 bytes for a shapefile), ``input.crs_unknown``.
    """
    kind = ending(path)
    names = [name for name in columns if name not in (ROW, GEOM)]
    if kind in (".csv", ".tsv", ".xlsx"):
        return _write_table(path, layer, names, columns, geometry)
    if kind not in _DRIVERS:
        raise InputRefused("output.unknown_format", file=path)
    return _write_vector(path, layer, names, columns, crs, geometry, spatial_index)


def write_layers(path: str, layers: Mapping[str, Columns], crs: str | None, geometries: Mapping[str, str]) -> None:
    """Write a new GeoPackage of several layers, whole or not at all.

    Raises
    ------
    InputRefused
        As ``write_layer``; ``output.unknown_format`` for another ending than ``.gpkg``.
    """
    import pyogrio.errors
    import pyogrio.raw

    if ending(path) != ".gpkg":
        raise InputRefused("output.unknown_format", file=path)
    definition = crs_definition(crs)
    with replacing(path) as hidden, plain_output(hidden) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for layer, columns in layers.items():
            names = [name for name in columns if name not in (ROW, GEOM)]
            values = [typed(columns[name], False) for name in names]
            wkb, kind = _encode(np.asarray(columns[GEOM], dtype=object), geometries[layer])
            try:
                pyogrio.raw.write(
                    temporary, wkb, [one[0] for one in values], names, field_mask=[one[1] for one in values],
                    layer=layer, driver="GPKG", geometry_type=kind, crs=definition, encoding="UTF-8", nan_as_null=True,
                    append=Path(temporary).exists(), layer_options={"SPATIAL_INDEX": "YES", "GEOMETRY_NAME": "geom"},
                    dataset_options={"VERSION": "1.3"},
                )  # fmt: skip
            except (
                pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
                pyogrio.errors.FieldError, pyogrio.errors.GeometryError, pyogrio.errors.CRSError, RuntimeError,
                ValueError,
            ) as error:  # fmt: skip
                raise InputRefused("output.failed", file=path, detail=str(error)) from error


class _Rows(Sequence[Any]):
    """Rows of columns, made one at a time."""

    def __init__(self, arrays: list[NDArray[Any]]) -> None:
        self._arrays = arrays

    def __len__(self) -> int:
        return len(self._arrays[0]) if self._arrays else 0

    def __getitem__(self, index: Any) -> Any:
        return [array[index] for array in self._arrays]

    def __iter__(self) -> Iterator[Any]:
        return iter(zip(*self._arrays))


def _write_table(path: str, layer: str, names: list[str], columns: Columns, geometry: str | None) -> list[Note]:
    arrays = [columns[name] for name in names]
    if geometry is not None and GEOM in columns:
        geom = np.asarray(columns[GEOM], dtype=object)
        if geometry == "Point":
            names, arrays = [*names, "x", "y"], [*arrays, shapely.get_x(geom), shapely.get_y(geom)]
        else:
            names, arrays = [*names, "wkt"], [*arrays, shapely.to_wkt(geom, rounding_precision=-1)]
    if ending(path) == ".xlsx":
        return documents.write_workbook(path, [Sheet(layer, tuple(names), _Rows(arrays))])
    documents.write_csv(path, names, _Rows(arrays))
    return []


def _write_vector(
    path: str, layer: str, names: list[str], columns: Columns, crs: str | None, geometry: str | None, index: bool
) -> list[Note]:
    import pyogrio.errors
    import pyogrio.raw

    driver = _DRIVERS[ending(path)]
    shp = driver == "ESRI Shapefile"
    data, masks, offsets = [], [], {}
    for name in names:
        values, mask, aware = typed(columns[name], shp)
        if shp:
            _check_text(path, layer, name, values)
        if aware:
            offsets[name] = np.full(len(values), 100, dtype=np.int32)  # 100 is UTC
        data.append(values)
        masks.append(mask)
    notes: list[Note] = []
    fields = _short(names) if shp else names
    changed = {old: new for old, new in zip(names, fields) if old != new}
    if changed:
        notes.append(("vector.renamed", {"file": path, "fields": changed}))
    wkb, kind = (None, None) if geometry is None else _encode(np.asarray(columns[GEOM], dtype=object), geometry)
    options: dict[str, str] = {}
    about: dict[str, str] = {}
    if driver == "GPKG":
        about["VERSION"] = "1.3"  # GDAL 3.6, which QGIS 3.22 to 3.40 may have, warns of newer ones
        options["SPATIAL_INDEX"] = "YES" if index and geometry is not None else "NO"
        taken = {name.casefold() for name in fields}
        options["FID"] = next(name for name in ("fid", "ogc_fid", "dcm_fid", "row_fid") if name not in taken)
        if geometry is not None:
            options["GEOMETRY_NAME"] = "geom" if "geom" not in taken else "shape"
    if driver == "GeoJSON":
        options["WRITE_NAME"] = "YES"
    definition = crs_definition(crs) if geometry is not None else None
    with replacing(path) as hidden, plain_output(hidden) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        target = temporary if geometry is not None or not shp else temporary[:-4] + ".dbf"
        try:
            pyogrio.raw.write(
                target, wkb, data, fields, field_mask=masks, layer=layer if driver == "GPKG" else None, driver=driver,
                geometry_type=kind, crs=definition, encoding="UTF-8", nan_as_null=True, layer_options=options,
                dataset_options=about,
                gdal_tz_offsets={fields[names.index(name)]: values for name, values in offsets.items()},
            )  # fmt: skip
        except (
            pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
            pyogrio.errors.FieldError, pyogrio.errors.GeometryError, pyogrio.errors.CRSError, RuntimeError, ValueError,
        ) as error:  # fmt: skip
            raise InputRefused("output.failed", file=path, detail=str(error)) from error
    return notes


def crs_definition(crs: str | None) -> str | None:
    """Return a CRS as pyogrio takes it."""
    from digital_citymgmt_plugin.storage.projections import Projected

    if crs is None:
        return None
    authority, code, _, wkt = Projected().describe(crs)
    return f"{authority}:{code}" if authority != "NONE" else wkt


def typed(array: NDArray[Any], shp: bool) -> tuple[NDArray[Any], NDArray[np.bool_] | None, bool]:
    """Return an array of one type with a mask of its nulls, and whether its times had an offset (now UTC)."""
    array = np.asarray(array)
    if array.dtype.kind == "b":
        return (array.astype(np.int16) if shp else array), None, False
    if array.dtype.kind in "if":
        return array, None, False
    if array.dtype.kind in "uU":
        return (array.astype(np.int64) if array.dtype.kind == "u" else array.astype(object)), None, False
    if array.dtype.kind == "M":
        array = array.astype("datetime64[ms]").astype(object)
    values = [_value(value) for value in array.tolist()]
    mask = np.array([value is None for value in values], dtype=bool)
    result, aware = _gathered(values, shp)
    return result, mask, aware


def _gathered(values: list[Any], shp: bool) -> tuple[NDArray[Any], bool]:
    """Return values of one kind as an array of that kind, others as text; whether they are times with an offset."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return np.array([bool(value) for value in values], dtype=np.int16 if shp else np.bool_), False
    if kinds == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return np.array([value or 0 for value in values], dtype=np.int64), False
    if kinds and kinds <= {int, float}:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64), False
    if kinds == {date}:
        return np.array(values, dtype="datetime64[D]"), False
    if kinds == {datetime} and not shp:
        offsets = {value.tzinfo is not None for value in values if value is not None}
        if len(offsets) == 1:
            return np.array([_utc(value) for value in values], dtype="datetime64[ms]"), offsets == {True}
    result = np.empty(len(values), dtype=object)
    result[:] = [_text(value) for value in values]
    return result, False


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _value(value: Any) -> Any:
    """Return a value without numpy types and NaN; times keep their offset."""
    if isinstance(value, datetime):
        return None if value != value else value
    return documents.plain(value)


def _utc(value: datetime | None) -> datetime | None:
    return value if value is None or value.tzinfo is None else value.astimezone(timezone.utc).replace(tzinfo=None)


def _encode(geometries: NDArray[Any], geometry: str) -> tuple[NDArray[Any], str]:
    """Return WKB and the layer's type; mixed single and multi parts become multi, Z is kept."""
    there = ~(shapely.is_missing(geometries))
    types = set(shapely.get_type_id(geometries[there]).tolist())
    multi = {"Point": 4, "LineString": 5, "Polygon": 6}
    kind = geometry
    if geometry in multi and types - {multi[geometry] - 3 if geometry != "Point" else 0}:
        kind = (
            "Multi" + geometry
            if types <= {multi[geometry], {"Point": 0, "LineString": 1, "Polygon": 3}[geometry]}
            else "Unknown"
        )
    if kind.startswith("Multi"):
        single = {"MultiPoint": (0, shapely.multipoints), "MultiLineString": (1, shapely.multilinestrings)}
        single["MultiPolygon"] = (3, shapely.multipolygons)
        number, make = single[kind]
        alone = np.flatnonzero(there & (shapely.get_type_id(geometries) == number))
        if len(alone):
            geometries = geometries.copy()
            geometries[alone] = make(geometries[alone], indices=np.arange(len(alone)))
    if kind != "Unknown" and there.any() and shapely.has_z(geometries[there]).any():
        kind += " Z"
    return np.asarray(shapely.to_wkb(geometries, include_srid=False), dtype=object), kind


def _check_text(path: str, layer: str, name: str, values: NDArray[Any]) -> None:
    if values.dtype != object:
        return
    for row, value in enumerate(values, 1):
        if value is not None and len(value) * 4 > _SHP_TEXT and len(value.encode()) > _SHP_TEXT:
            raise InputRefused("output.text_too_long", file=path, layer=layer, field=name, row=row, limit=_SHP_TEXT)


def _short(names: list[str]) -> list[str]:
    """Cut names to the 10 bytes that a shapefile has, at whole characters, without making two equal."""
    result: list[str] = []
    used: set[str] = set()
    for name in names:
        short, number = _cut(name, 10), 1
        while short.casefold() in used:
            short, number = _cut(name, 10 - len(str(number))) + str(number), number + 1
        used.add(short.casefold())
        result.append(short)
    return result


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore")
