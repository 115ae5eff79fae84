# SPDX-License-Identifier: GPL-2.0-or-later
"""Which file is what: by its ending, checked against its first bytes. Only files on this machine, only known formats.

A list of drivers is given to GDAL each time, so that a file cannot bring in another (VRT, WFS …) that opens further
files or the network.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from digital_citymgmt_plugin.core.errors import InputRefused

TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
BOOK = (".xlsx", ".xlsm")
GPX = ".gpx"
DRIVERS = {
    ".shp": "ESRI Shapefile",
    ".dbf": "ESRI Shapefile",
    ".gpkg": "GPKG",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".geojsonl": "GeoJSONSeq",
    ".gml": "GML",
    ".kml": "KML",
    ".fgb": "FlatGeobuf",
    ".tab": "MapInfo File",
    ".mif": "MapInfo File",
    ".gdb": "OpenFileGDB",
}
_STARTS = {
    ".shp": (b"\x00\x00\x27\x0a",),
    ".gpkg": (b"SQLite format 3\x00",),
    ".fgb": (b"fgb",),
}


def split_uri(path: str, layer: str | None) -> tuple[str, str | None]:
    """Split a path as QGIS writes it (``file.gpkg|layername=x``, ``file:///…``) into path and layer.

    Raises
    ------
    InputRefused
        ``input.subset`` when the layer has a filter in QGIS: reading without it would take rows that were hidden.
    """
    path, *options = str(path).split("|")
    for option in options:
        key, _, value = option.partition("=")
        if key.lower() == "layername":
            layer = layer or value
        elif key.lower() == "layerid" and value == "0":
            continue
        elif key.lower() not in ("geometrytype", "uniquegeometrytype"):
            raise InputRefused("input.subset", file=path, option=option)
    if path.lower().startswith("file://"):
        path = unquote(urlsplit(path).path)
        if os.name == "nt":
            path = path.lstrip("/")
    return path, layer


def ending(path: str) -> str:
    """Return the ending in small letters; ``.csv.gz`` counts as one."""
    parts = [part.lower() for part in Path(path).suffixes[-2:]]
    if parts and parts[-1] == ".gz":
        return "".join(parts)
    return parts[-1] if parts else ""


def check_file(path: str) -> str:
    """Return the ending of a file that exists, is readable and looks like what its ending says.

    Raises
    ------
    InputRefused
        ``input.missing``, ``input.folder``, ``input.empty_file``, ``input.unreadable``, ``input.dwg``,
        ``input.old_workbook``, ``input.unknown_format``.
    """
    kind = ending(path)
    file = Path(path)
    if file.is_dir():
        if kind == ".gdb":
            return kind
        raise InputRefused("input.folder", file=path)
    if not file.is_file():
        raise InputRefused("input.missing", file=path)
    try:
        with file.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise InputRefused("input.unreadable", file=path, detail=error.strerror or str(error)) from error
    if kind == ".dwg" or (head[:4] == b"AC10" and head[4:6].isdigit()):
        raise InputRefused("input.dwg", file=path)
    if not head:
        raise InputRefused("input.empty_file", file=path)
    if kind in (".xls", ".et"):
        raise InputRefused("input.old_workbook", file=path)
    if not _looks_like(kind, head):
        raise InputRefused("input.unknown_format", file=path)
    return kind


def _looks_like(kind: str, head: bytes) -> bool:
    """Tell whether the first bytes are what the ending says; text tables are looked at when they are read."""
    if kind in TEXT:
        return True
    if kind in BOOK:
        return head.startswith((b"PK", b"\xd0\xcf\x11\xe0"))  # the second: an encrypted one, told about later
    if kind == GPX:
        return head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").startswith(b"<")
    if kind not in DRIVERS or kind == ".gdb":
        return False
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if kind in (".geojson", ".json", ".geojsonl"):
        return text.startswith((b"{", b"[", b"\x1e"))
    if kind in (".gml", ".kml"):
        return text.startswith(b"<")
    return head.startswith(_STARTS.get(kind, (b"",)))
