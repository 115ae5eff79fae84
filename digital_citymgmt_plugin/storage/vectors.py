# SPDX-License-Identifier: GPL-2.0-or-later
"""Vector layers in, as a stream of plain values and shapely geometries.

Chosen by measurement (GDAL 3.12 of pyogrio, 776,143 points × 10 attributes, 20,000 a batch): pyogrio with
``skip_features`` reads GPKG in 3.9 s and SHP in 3.2 s at a flat 150 MB, since both drivers jump to a row; Fiona took
3.0 s for the first 100,000 (pyogrio 0.4 s). Where a driver cannot jump (GeoJSON, GML, KML, a shapefile with deleted
rows) each batch would read the file from the start again: up to 100,000 features are then read at once (GeoJSON 1 s
against 5 s by Fiona), more are streamed by Fiona, so that memory stays flat.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Field, SourceInfo
from digital_citymgmt_plugin.storage import dbf
from digital_citymgmt_plugin.storage import encoding as enc
from digital_citymgmt_plugin.storage.formats import DRIVERS
from digital_citymgmt_plugin.storage.plain_paths import plain_input
from digital_citymgmt_plugin.storage.tables import Note
from digital_citymgmt_plugin.storage.vector_values import (
    field_types,
    geometry_kind,
    plain_crs,
    plain_values,
    shapes_of,
    shapes_of_features,
)

_HIDDEN = {"layer_styles", "qgis_projects"}  # tables that QGIS keeps in a GeoPackage
_JUMPING = {"GPKG", "ESRI Shapefile", "FlatGeobuf"}
_AT_ONCE = 100_000
_EXACT = float(2**53)
_SAFE = {  # nothing fetched, nothing written beside the input
    "GML_DOWNLOAD_SCHEMA": "NO",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "GML_GFS_TEMPLATE": "",
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "OGR_SQLITE_LIST_ALL_TABLES": "NO",
    "SHAPE_RESTORE_SHX": "NO",
}


def _options(kind: str) -> dict[str, str]:
    return {"WRITE_GFS": "NO", "DOWNLOAD_SCHEMA": "NO"} if kind == ".gml" else {}


@contextlib.contextmanager
def _speaking(path: str, layer: str | None = None) -> Iterator[None]:
    """Turn what GDAL says into a refusal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnicodeDecodeError as error:
        raise InputRefused("input.encoding", file=path, layer=layer, encoding=error.encoding, row=0) from error
    except _said_by_gdal() as error:
        raise InputRefused("input.unreadable", file=path, layer=layer, detail=str(error)) from error


def _said_by_gdal() -> tuple[type[Exception], ...]:
    """Return the errors of the libraries that were imported; the lack of Fiona stops nothing that pyogrio reads."""
    names = {
        "pyogrio.errors": ("DataSourceError", "DataLayerError", "FeatureError", "FieldError", "GeometryError"),
        "fiona.errors": ("FionaError", "FionaValueError"),
    }
    there = [(sys.modules[module], name) for module in names if sys.modules.get(module) for name in names[module]]
    # UnboundLocalError: pyogrio (seen in 0.13) on a .prj that GDAL cannot write out as WKT.
    return (RuntimeError, UnboundLocalError, *(getattr(module, name) for module, name in there))


def layers(path: str) -> tuple[str, ...]:
    """Name the layers of a vector file."""
    import pyogrio

    pyogrio.set_gdal_config_options(_SAFE)
    plain, links = plain_input(path)
    try:
        with _speaking(path):
            return tuple(str(name) for name, _ in pyogrio.list_layers(plain) if name not in _HIDDEN)
    finally:
        if links is not None:
            shutil.rmtree(links, ignore_errors=True)


class VectorSource:
    """A vector layer as a ``Source``.

    ``__row__`` counts features from 1 in file order. Null is None; whole numbers are int even where others of the
    column are null; dates and times are ``date`` and ``datetime`` (aware where the file states an offset). Curves come
    linearised by GDAL. A geometry that cannot be built (an unclosed ring) is None.

    A shapefile without ``.shx`` is read through an index rebuilt in a temporary folder; nothing is written beside the
    input. One without ``.dbf``, or whose parts do not belong together, is refused.

    Raises
    ------
    InputRefused
        ``input.layer_missing``, ``input.layer_needed``, ``input.empty``, ``input.unreadable``, ``input.encoding``,
        ``input.encoding_unknown``, ``input.no_dbf``, ``input.parts_differ``, ``input.truncated``.
    """

    def __init__(self, path: str, kind: str, layer: str | None = None, encoding: str | None = None) -> None:
        import pyogrio

        self.notes: list[Note] = []
        self._path, self._open_path = path, path
        self._folder: str | None = None
        self._links: str | None = None
        self._kind = kind
        self._table: dbf.Dbf | None = None
        pyogrio.set_gdal_config_options(_SAFE)
        try:
            found, gone = self._prepare(encoding)
            if self._folder is None:
                self._open_path, self._links = plain_input(path)
            own = kind in (".shp", ".dbf") or found.evidence == enc.GIVEN
            self._gdal_encoding = found.gdal if own else None
            self._layer = self._choose(layer)
            with _speaking(path, self._layer):
                about = pyogrio.read_info(
                    self._open_path,
                    layer=self._inner,
                    encoding=self._gdal_encoding,
                    force_feature_count=True,
                    **_options(kind),
                )
        except BaseException:
            self.close()
            raise
        driver = str(about["driver"])
        if driver not in (DRIVERS[kind], "LIBKML", "TopoJSON", "GeoJSON"):
            self.close()
            raise InputRefused("input.unknown_format", file=path)
        whole: Mapping[int, Any] = self._table.whole if self._table is not None else {}
        types = field_types(about)
        kinds = ["integer" if at in whole and kind != "boolean" else kind for at, (kind, _) in enumerate(types)]
        fields = tuple(Field(str(name), kind) for name, kind in zip(about["fields"], kinds))
        self._long = [at for at, (_, long) in enumerate(types) if long or at in whole]
        self._gone = gone
        self._jumps = driver in _JUMPING and gone == 0 and about["capabilities"]["random_read"] is not None
        rows = int(about["features"]) - gone  # GDAL counts deleted rows, too
        self.info = SourceInfo(
            path,
            self._layer,
            driver,
            fields,
            rows,
            geometry_kind(about["geometry_type"]),
            plain_crs(about["crs"]),
            found.name,
            found.evidence,
        )
        if rows == 0:
            self.close()
            raise InputRefused("input.empty", file=path, layer=self._layer)

    def _prepare(self, encoding: str | None) -> tuple[enc.Found, int]:
        """Find the code page, mend what can be mended; count the deleted rows, over which GDAL cannot jump."""
        if self._kind in (".shp", ".dbf"):
            table = _beside(self._path, ".dbf") if self._kind == ".shp" else self._path
            if table is None:
                raise InputRefused("input.no_dbf", file=self._path)
            layout = self._table = dbf.read_layout(table)
            found = dbf.sniff(self._path, layout, encoding)
            if self._kind == ".shp":
                self._restore(table, found)
            return found, dbf.deleted(layout)
        name = enc.canonical(encoding)
        if self._kind in (".tab", ".mif") and name is not None:  # else GDAL goes by the file's own charset line
            return enc.Found(name, enc.GIVEN), 0
        if self._kind in (".geojson", ".json", ".geojsonl"):
            _check_utf8(self._path)
        return enc.Found("UTF-8", enc.FORMAT), 0

    def _restore(self, table: str, found: enc.Found) -> None:
        """Rebuild a missing ``.shx`` in a folder of its own; check that geometry and table belong together."""
        import pyogrio

        index = _beside(self._path, ".shx")
        if index is not None:
            shapes = max(Path(index).stat().st_size - 100, 0) // 8
        else:
            self._folder = tempfile.mkdtemp(prefix="dcm_shp_")
            for part in (self._path, table, _beside(self._path, ".prj")):
                if part is not None:
                    _bring(part, Path(self._folder) / ("layer" + Path(part).suffix.lower()))
            self._open_path = str(Path(self._folder) / "layer.shp")
            pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES"})
            try:
                with _speaking(self._path):
                    pyogrio.read_info(self._open_path, encoding=found.gdal)
            finally:
                pyogrio.set_gdal_config_options(_SAFE)
            shapes = ((Path(self._folder) / "layer.shx").stat().st_size - 100) // 8
            self.notes.append(("vector.shx_restored", {"file": self._path}))
        rows = dbf.read_layout(table).rows
        if shapes != rows:
            raise InputRefused("input.parts_differ", file=self._path, shapes=shapes, rows=rows)

    def _choose(self, layer: str | None) -> str:
        names = layers(self._open_path)
        if self._folder is not None:
            names = (Path(self._path).stem,)
        if layer is not None and layer not in names:
            raise InputRefused("input.layer_missing", file=self._path, layer=layer, layers=list(names))
        if layer is None and len(names) != 1:
            raise InputRefused(
                "input.layer_needed" if names else "input.empty", file=self._path, layers=list(names), layer=""
            )
        return layer or names[0]

    @property
    def _inner(self) -> str:
        return "layer" if self._folder is not None else self._layer

    def chunks(self, size: int = 20_000) -> Iterator[Columns]:
        """Yield the features in order, at most ``size`` at a time."""
        rows = self.info.rows or 0
        if self._jumps:
            return self._jumping(size)
        if rows <= _AT_ONCE:
            return (
                {name: array[start : start + size] for name, array in whole.items()}
                for whole in self._jumping(rows)
                for start in range(0, len(whole[ROW]), size)
            )
        return self._streaming(size)

    def _jumping(self, size: int) -> Iterator[Columns]:
        import pyogrio.raw

        done, total = 0, self.info.rows or 0
        while done < total:
            with _speaking(self._path, self._layer):
                _, _, wkb, values = pyogrio.raw.read(
                    self._open_path, layer=self._inner, encoding=self._gdal_encoding, skip_features=done,
                    max_features=size, datetime_as_string=True,
                )  # fmt: skip
            count = len(wkb) if wkb is not None else len(values[0]) if values else 0
            if count == 0:  # fewer than the file says: never half an import
                raise InputRefused("input.unreadable", file=self._path, layer=self._layer, detail=f"{done} / {total}")
            columns: Columns = {ROW: np.arange(done + 1, done + count + 1, dtype=np.int64)}
            for field, array in zip(self.info.fields, values):
                columns[field.name] = plain_values(array, field.kind)
            for at in self._long:
                array = np.asarray(values[at])
                if array.dtype.kind == "f" and np.nanmax(np.abs(array), initial=0.0) >= _EXACT:
                    columns[self.info.fields[at].name] = self._exact(at, done, done + count)
            if self.info.geometry is not None:
                columns[GEOM] = shapes_of(wkb) if wkb is not None else np.full(count, None, dtype=object)
            yield columns
            done += count
            if not self._jumps:
                break

    def _exact(self, at: int, start: int, stop: int) -> NDArray[Any]:
        """Read whole numbers beyond 2**53 once more: they came as floats (nulls, or a column too wide)."""
        import fiona

        array = np.empty(stop - start, dtype=object)
        if self._table is not None:
            array[:] = dbf.whole_numbers(self._table, at, start, stop, self._gone)
            return array
        name = self.info.fields[at].name
        options: dict[str, Any] = {"include_fields": [name]} if self._jumps else {}
        with _speaking(self._path, self._layer), fiona.open(self._open_path, layer=self._inner, **options) as rows:
            array[:] = [row.properties[name] for row in rows.values(start, stop)]
        return array

    def _streaming(self, size: int) -> Iterator[Columns]:
        import fiona

        options: dict[str, Any] = {"encoding": self._gdal_encoding} if self._gdal_encoding else {}
        driver = {} if self.info.driver == "LIBKML" else {"enabled_drivers": [self.info.driver]}
        with _speaking(self._path, self._layer):
            rows = fiona.open(
                self._open_path,
                layer=self._inner,
                allow_unsupported_drivers=True,
                **driver,
                **options,
                **_options(self._kind),
            )
        try:
            done = 0
            with _speaking(self._path, self._layer):
                walk = iter(rows)
            while True:
                batch = []
                with _speaking(self._path, self._layer):
                    for row in walk:
                        batch.append(row)
                        if len(batch) >= size:
                            break
                if not batch:
                    break
                columns: Columns = {ROW: np.arange(done + 1, done + len(batch) + 1, dtype=np.int64)}
                for field in self.info.fields:
                    array = np.empty(len(batch), dtype=object)
                    array[:] = [row.properties.get(field.name) for row in batch]
                    columns[field.name] = plain_values(array, field.kind)
                if self.info.geometry is not None:
                    columns[GEOM] = shapes_of_features(batch)
                yield columns
                done += len(batch)
        finally:
            rows.close()

    def close(self) -> None:
        """Remove what was made to read the file; no file is held open between two chunks."""
        for folder in (self._folder, self._links):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
        self._folder = self._links = None


def _beside(path: str, suffix: str) -> str | None:
    """Find a part of a shapefile whatever the case of its ending."""
    for candidate in (suffix, suffix.upper()):
        part = Path(path).with_suffix(candidate)
        if part.is_file():
            return str(part)
    return None


def _bring(source: str, target: Path) -> None:
    """Link a file, or copy it where links are not to be had (Windows without the right)."""
    try:
        target.symlink_to(Path(source).resolve())
    except OSError:
        shutil.copyfile(source, target)


def _check_utf8(path: str) -> None:
    """Refuse GeoJSON that is not UTF-8, as RFC 7946 wants it; GDAL would garble it without a word."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    row = 1
    try:
        with Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                row += decoder.decode(block).count("\n")
        decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        raise InputRefused("input.encoding", file=path, encoding="UTF-8", row=row) from error
