# SPDX-License-Identifier: GPL-2.0-or-later
"""What every import shares: which mapping and CRS apply, what is said about a source, digests of rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from pathlib import PurePath
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import zone_of
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import Mapping, check_columns, guess_mapping, mapping_from_text
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Context, Source, Store
from digital_citymgmt_plugin.core.requests import Layer
from digital_citymgmt_plugin.services.placing import FAR_AWAY, Placer, city_box
from digital_citymgmt_plugin.services.rejecting import Tally, as_mended

__all__ = [
    "FAR_AWAY", "Placer", "Tally", "base_name", "city_box", "find_mapping", "is_none", "layer_name", "mapping_is_new",
    "notes_of", "objects", "open_layer", "row_digests", "save_mapping", "source_crs", "source_name", "today",
    "with_none",
]  # fmt: skip


def open_layer(context: Context, layer: Layer) -> Source:
    """Open an input of a request; a reject list that was mended gives the rows that were rejected."""
    source = context.files.open_source(layer.path, layer=layer.layer, encoding=layer.encoding)
    try:
        return as_mended(source)
    except BaseException:
        source.close()
        raise


def find_mapping(
    context: Context,
    kind: str,
    given: str | None,
    source: Source,
    known: Iterable[str],
    synonyms: MappingType[str, Iterable[str]],
) -> Mapping:
    """Return the mapping to use: JSON text, the name of one saved in the store, or a guess by field names.

    Raises
    ------
    InputRefused
        ``mapping.unknown_name``, ``mapping.no_column`` or what ``mapping_from_text`` says.
    """
    columns = [item.name for item in source.info.fields]
    if given is None or not given.strip():
        return guess_mapping(columns, synonyms)
    text = given.strip()
    if not text.startswith("{"):
        saved = context.need_store().read("mapping", ["payload"], [("kind", "=", kind), ("name", "=", text)])["payload"]
        if not len(saved):
            names = context.need_store().read("mapping", ["name"], [("kind", "=", kind)])["name"]
            raise InputRefused("mapping.unknown_name", name=text, known=", ".join(sorted(names)) or "–")
        text = str(saved[0])
    mapping = mapping_from_text(text, known)
    check_columns(mapping, columns, PurePath(source.info.path).name)
    return mapping


def save_mapping(store: Store, action: Action, kind: str, given: str | None) -> None:
    """Remember a mapping that came as JSON with a ``name``, so that the next import may just name it."""
    text = (given or "").strip()
    name = json.loads(text).get("name") if text.startswith("{") else None
    if not name:
        return
    there = store.read("mapping", ["fid", "payload"], [("kind", "=", kind), ("name", "=", str(name))])
    if not len(there["fid"]):
        action.insert("mapping", {"kind": objects([kind]), "name": objects([str(name)]), "payload": objects([text])})
    elif there["payload"][0] != text:
        action.update("mapping", there["fid"], {"payload": objects([text])})


def mapping_is_new(store: Store, kind: str, given: str | None) -> bool:
    """Tell whether ``save_mapping`` would write."""
    text = (given or "").strip()
    name = json.loads(text).get("name") if text.startswith("{") else None
    if not name:
        return False
    there = store.read("mapping", ["payload"], [("kind", "=", kind), ("name", "=", str(name))])["payload"]
    return not len(there) or there[0] != text


def source_crs(context: Context, layer: Layer, source: Source, mapping: Mapping | None = None) -> str:
    """Return the CRS of an input: said by the user, by the mapping, or by the file.

    Raises
    ------
    InputRefused
        ``input.no_crs`` names file and layer; ``input.crs_unknown`` when what was said is none.
    """
    crs = layer.crs or (mapping.crs if mapping else None) or source.info.crs
    if not crs:
        raise InputRefused("input.no_crs", file=PurePath(source.info.path).name, layer=source.info.layer or "")
    context.projections.describe(crs)
    return crs


def notes_of(placer: Placer | None, source: Source | None = None) -> list[dict[str, Any]]:
    """Return what is to be said to the user: what reading found, what was done to the geometries."""
    notes = [{"code": code, "values": values} for code, values in (source.notes if source is not None else [])]
    if placer is not None and placer.reprojected:
        file = placer.file if source is None else layer_name(source.info.path, source.info.layer)
        notes.append({"code": "note.reprojected", "values": {"source": placer.crs, "file": file}})
    if placer is not None and placer.shift != "none":
        notes.append({"code": "note.shift", "values": {"file": placer.file, "shift": placer.shift}})
    if placer is not None and placer.flattened:
        notes.append({"code": "note.flattened", "values": {"count": placer.flattened, "file": placer.file}})
    return notes


def today(context: Context) -> str:
    """Return the day it is in the city: that of its time zone, not of Greenwich."""
    zone = context.need_store().meta().get("time_zone") or "Asia/Shanghai"
    return context.clock().astimezone(zone_of(zone)).date().isoformat()


def objects(values: Iterable[Any]) -> NDArray[Any]:
    """Return an object array of values as they are."""
    listed = list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def is_none(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which values are None."""
    return np.array([value is None for value in values.tolist()], dtype=bool)


def with_none(values: NDArray[Any]) -> NDArray[Any]:
    """Return values with a None behind them, so that index −1 means nothing."""
    return objects([*values.tolist(), None])


def row_digests(columns: Columns, names: Iterable[str]) -> list[str]:
    """Return a digest per row over the named columns (geometries by their WKB)."""
    parts = []
    for name in names:
        column = columns[name]
        parts.append(shapely.to_wkb(column).tolist() if name == GEOM else column.tolist())
    return [hashlib.blake2b(repr(row).encode(), digest_size=16).hexdigest() for row in zip(*parts)]


def layer_name(path: str, layer: str | None) -> str:
    """Return the file name and, when it says more, the layer's, as the user is told of an input."""
    name = PurePath(path).name
    return f"{name} ({layer})" if layer and layer != base_name(path) else name


def base_name(path: str) -> str:
    """Return the file name without folder and ending, as the user knows it; a dot in the name (2024.05.shp) stays."""
    name = PurePath(path.split("|")[0])
    if name.suffix.lower() in (".gz", ".zip"):
        name = name.with_suffix("")
    return name.stem


def source_name(source: Source) -> str:
    """Return the default name of a source, by which its rows are known again: file and, if called otherwise, layer.

    Row 1 of one layer or sheet is not row 1 of the next one in the same file.
    """
    file, layer = base_name(source.info.path), source.info.layer
    return f"{file}/{layer}" if layer and layer != file else file
