# SPDX-License-Identifier: GPL-2.0-or-later
"""GPX in, as a stream: track points or waypoints of a file that nobody has checked.

Expat reads 64 kB at a time. A document type is refused, and with it all entities; so are tags nested deeper than any
GPX, and one tag or text longer than 1 MB, since expat keeps the whole of it. Nothing else is fetched or kept.
GDAL reads GPX, too, but first walks the whole file to lay out its fields and keeps what it found.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Field, SourceInfo
from digital_citymgmt_plugin.storage.tables import Note, stem_of

LAYERS = ("track_points", "waypoints")
_POINT = {"track_points": "trkpt", "waypoints": "wpt"}
_BLOCK = 1 << 16
_LONGEST = 1 << 20  # bytes of one tag or text
_DEEPEST = 64
_TEXT = 2_000  # characters kept of a name or value
_KEPT = {"time": "time", "ele": "elevation", "speed": "speed", "name": "name", "desc": "description", "type": "type"}
_FIELDS = (
    Field("track", "text"), Field("segment", "integer"), Field("time", "text"), Field("elevation", "text"),
    Field("speed", "text"), Field("name", "text"), Field("description", "text"), Field("type", "text"),
)  # fmt: skip
_ENCODING = re.compile(rb"""^(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,100}encoding\s*=\s*["']([A-Za-z0-9_.-]{1,40})["']""")


class GpxSource:
    """The track points or the waypoints of a GPX file as a ``Source``.

    ``__row__`` counts points from 1. Columns: ``track`` (name of the track, else its number), ``segment``, ``time``,
    ``elevation``, ``speed``, ``name``, ``description``, ``type``, all text as written but the segment. Extensions are
    looked at for ``speed`` alone. Times are UTC, as GPX says; one written without a zone gets its Z, and that is noted.

    Raises
    ------
    InputRefused
        ``input.layer_missing``, ``input.empty``, ``input.xml_doctype``, ``input.xml_too_big``, ``input.unreadable``.
    """

    def __init__(self, path: str, layer: str | None = None) -> None:
        if layer is not None and layer not in LAYERS:
            raise InputRefused("input.layer_missing", file=path, layer=layer, layers=list(LAYERS))
        self.notes: list[Note] = []
        self._path = path
        self._layer = layer or self._first_kind()
        self.info = SourceInfo(path, self._layer if layer else stem_of(path), "GPX", _FIELDS, None, "Point",
                               "EPSG:4326", _encoding(path) or "UTF-8", "format")  # fmt: skip

    def _first_kind(self) -> str:
        """Return the layer whose points come first: a file of waypoints alone has no track points."""
        for layer in LAYERS:
            if next(_Reader(self._path, layer).points(), None) is not None:
                return layer
        raise InputRefused("input.empty", file=self._path, layer=LAYERS[0])

    def chunks(self, size: int = 20_000) -> Iterator[Columns]:
        """Yield the points in order, at most ``size`` at a time."""
        reader = _Reader(self._path, self._layer)
        rows: list[dict[str, Any]] = []
        done = local = 0
        for point in reader.points():
            time = point.get("time")
            if time and not re.search(r"(?:[Zz]|[+-]\d\d:?\d\d)$", time):
                point["time"] = f"{time}Z"
                local += 1
            rows.append(point)
            if len(rows) >= size:
                yield _columns(rows, done)
                done += len(rows)
                rows = []
        if rows:
            yield _columns(rows, done)
        if done + len(rows) == 0:
            raise InputRefused("input.empty", file=self._path, layer=self._layer)
        if local:
            self.notes.append(("note.gpx_utc", {"file": self._path, "count": local}))

    def close(self) -> None:
        """Nothing is held open between two chunks but the generator's own file."""


def _columns(rows: list[dict[str, Any]], done: int) -> Columns:
    columns: Columns = {ROW: np.arange(done + 1, done + len(rows) + 1, dtype=np.int64)}
    for field in _FIELDS:
        values = np.empty(len(rows), dtype=object)
        values[:] = [row.get(field.name) for row in rows]
        columns[field.name] = values
    lon, lat = (np.array([_number(row.get(axis)) for row in rows]) for axis in ("lon", "lat"))
    points = np.full(len(rows), None, dtype=object)
    good = np.isfinite(lon) & np.isfinite(lat)
    points[good] = shapely.points(lon[good], lat[good])
    columns[GEOM] = points
    return columns


def _number(text: str | None) -> float:
    try:
        return float(text) if text is not None else float("nan")
    except ValueError:
        return float("nan")


def _encoding(path: str) -> str | None:
    """Return a declared encoding that expat does not know but Python does, e.g. GBK."""
    with Path(path).open("rb") as file:
        found = _ENCODING.match(file.read(512))
    if not found:
        return None
    name = found[1].decode("ascii")
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return None
    return name if codec in ("gbk", "gb18030", "gb2312", "big5", "big5hkscs") else None


class _Reader:
    """Walks a file once and yields its points as dictionaries of text."""

    def __init__(self, path: str, layer: str) -> None:
        self._path, self._wanted = path, _POINT[layer]
        self._path_of_tags: list[str] = []
        self._found: list[dict[str, Any]] = []
        self._point: dict[str, Any] | None = None
        self._text: list[str] | None = None
        self._kept = 0
        self._track, self._tracks, self._segment = "", 0, 0

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield the points of the wanted kind."""
        encoding = _encoding(self._path)
        decoder = codecs.getincrementaldecoder(encoding)("strict") if encoding else None
        parser = expat.ParserCreate("UTF-8" if decoder else None)
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        fed = 0
        try:
            with Path(self._path).open("rb") as file:
                while block := file.read(_BLOCK):
                    data = decoder.decode(block).encode() if decoder else block
                    fed += len(data)
                    parser.Parse(data, False)
                    if fed - max(parser.CurrentByteIndex, 0) > _LONGEST:
                        raise InputRefused("input.xml_too_big", file=self._path)
                    yield from self._taken()
                parser.Parse(decoder.decode(b"", True).encode() if decoder else b"", True)
                yield from self._taken()
        except (expat.ExpatError, UnicodeDecodeError, ValueError, OSError) as error:
            raise InputRefused("input.unreadable", file=self._path, detail=str(error)) from error

    def _taken(self) -> list[dict[str, Any]]:
        found, self._found = self._found, []
        return found

    def _doctype(self, *_declared: Any) -> None:
        raise InputRefused("input.xml_doctype", file=self._path)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._path_of_tags.append(name)
        if len(self._path_of_tags) > _DEEPEST:
            raise InputRefused("input.xml_too_big", file=self._path)
        if len(self._path_of_tags) == 1 and name != "gpx":
            raise InputRefused("input.unknown_format", file=self._path)
        if name == "trk":
            self._tracks += 1
            self._track, self._segment = str(self._tracks), 0
        elif name == "trkseg":
            self._segment += 1
        elif name == self._wanted:
            self._point = {"lon": attributes.get("lon"), "lat": attributes.get("lat")}
        if name in _KEPT:
            self._text, self._kept = [], 0

    def _characters(self, text: str) -> None:
        if self._text is not None and self._kept < _TEXT:
            self._text.append(text[: _TEXT - self._kept])
            self._kept += len(text)

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        self._path_of_tags.pop()
        above = self._path_of_tags[-1] if self._path_of_tags else ""
        if name == self._wanted and self._point is not None:
            if name == "trkpt":
                self._point.update(track=self._track, segment=self._segment)
            self._found.append(self._point)
            self._point = None
        elif name in _KEPT and self._text is not None:
            text = "".join(self._text).strip() or None
            if self._point is not None and (above == self._wanted or name == "speed"):
                self._point.setdefault(_KEPT[name], text)
            elif name == "name" and above == "trk" and text:
                self._track = text
            self._text = None
