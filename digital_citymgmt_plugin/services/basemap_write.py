# SPDX-License-Identifier: GPL-2.0-or-later
"""A placed drawing into the tables of the base map; the same symbol keeps its uuid when its drawing comes again."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.basemap.drawing import AREA, LINE, POINT, TEXT
from digital_citymgmt_plugin.core.basemap.themes import NO_GROUND
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Store
from digital_citymgmt_plugin.core.sheet_squares import squares_of
from digital_citymgmt_plugin.core.sheets import SIZE, number_of
from digital_citymgmt_plugin.services.basemap_reading import Placed, as_json
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.sheets import insert_sheets

TABLE = {POINT: "base_point", LINE: "base_line", AREA: "base_area", TEXT: "base_text"}
STRAY = "base_stray"
TABLES = (*TABLE.values(), STRAY)
GEOMETRY = {"base_point": "Point", "base_line": "MultiLineString", "base_area": "MultiPolygon", "base_text": "Point",
            STRAY: "Unknown"}  # fmt: skip
_SAME = ("uuid", "drawing_uuid", "theme", "layer", "code", "entity", "handle", "attributes", GEOM)
COLUMNS_OF = {
    "base_point": (*_SAME, "block", "angle", "scale", "elevation"),
    "base_line": (*_SAME, "block", "elevation"),
    "base_area": (*_SAME, "block", "elevation"),
    "base_text": (*_SAME, "text", "angle", "height"),
    STRAY: (*_SAME, "block", "text"),
}
_PART = 50_000


def tables_of(placed: Placed, drawing_uuid: str) -> dict[str, Columns]:
    """Return the rows of a drawing by table; tables without rows are left out."""
    entities = dict(placed.drawing.entities)
    entities["theme"] = objects(placed.themes)
    entities["uuid"] = objects(_uuids(placed.name, entities["handle"].tolist()))
    entities["drawing_uuid"] = objects([drawing_uuid] * len(placed.themes))
    entities["attributes"] = objects(as_json(value) for value in entities["attributes"].tolist())
    table = np.array([TABLE[kind] for kind in entities["kind"].tolist()], dtype=object)
    table[placed.stray] = STRAY
    found = {}
    for name in TABLES:
        chosen = table == name
        if not chosen.any():
            continue
        columns = {column: entities[column][chosen] for column in COLUMNS_OF[name]}
        if name in ("base_line", "base_area"):
            columns[GEOM] = _multi(columns[GEOM], name)
        found[name] = columns
    return found


def _multi(shapes: NDArray[Any], table: str) -> NDArray[Any]:
    """Return geometries as their multi forms, as the store keeps lines and areas."""
    parts, index = shapely.get_parts(shapes, return_index=True)
    make = shapely.multilinestrings if table == "base_line" else shapely.multipolygons
    return objects(make(parts, indices=index).tolist())


def _uuids(name: str, handles: list[Any]) -> list[str]:
    """Return a uuid for each entity that is the same whenever a drawing of this name is read."""
    seen: Counter[str] = Counter()
    found = []
    for handle in handles:
        key = str(handle or "")
        found.append(str(uuid5(NAMESPACE_URL, f"dcm:{name}#{key}#{seen[key]}")))
        seen[key] += 1
    return found


def counts_of(placed: Placed) -> dict[str, int]:
    """Return how many rows each table gets."""
    counts = Counter(
        STRAY if stray else TABLE[kind]
        for kind, stray in zip(placed.drawing.entities["kind"].tolist(), placed.stray.tolist())
    )
    return {name: counts[name] for name in TABLES}


def write_drawing(store: Store, action: Action, placed: Placed, sha256: str, mapping_mark: str) -> None:
    """Write a drawing; one of the same name is replaced."""
    drawing = placed.drawing
    there = store.read("drawing", ["fid", "uuid"], [("name", "=", placed.name)])
    uuid = str(there["uuid"][0]) if len(there["fid"]) else str(uuid5(NAMESPACE_URL, f"dcm:drawing:{placed.name}"))
    counts = {**counts_of(placed), "skipped": drawing.skipped, "lost": placed.lost, "mapping": mapping_mark}
    row: Columns = {
        name: objects([value])
        for name, value in {
            "name": placed.name, "path": drawing.path, "sha256": sha256, "format": drawing.format,
            "version": drawing.version, "encoding": drawing.encoding, "encoding_evidence": drawing.encoding_evidence,
            "crs": placed.crs, "crs_evidence": placed.crs_evidence + (" swapped" if placed.swapped else ""),
            "entities": len(drawing), "counts": json.dumps(counts, ensure_ascii=False),
        }.items()
    }  # fmt: skip
    if len(there["fid"]):
        remove_drawing(store, action, uuid)
        action.update("drawing", there["fid"], row)
    else:
        action.insert("drawing", {**row, "uuid": objects([uuid])})
    for table, columns in tables_of(placed, uuid).items():
        for start in range(0, len(columns[GEOM]), _PART):
            action.insert(table, {name: values[start : start + _PART] for name, values in columns.items()})


def remove_drawing(store: Store, action: Action, uuid: str) -> None:
    """Take the rows of a drawing out of the base map."""
    for table in TABLES:
        fids = store.read(table, ["fid"], [("drawing_uuid", "=", uuid)])["fid"]
        if len(fids):
            action.delete(table, np.asarray(fids, dtype=np.int64))


def sheets_of(placed: Placed) -> set[tuple[int, int]]:
    """Return the sheets on which a drawing shows ground."""
    ground = ~placed.stray & np.array([theme not in NO_GROUND for theme in placed.themes], dtype=bool)
    return squares_of(placed.drawing.entities[GEOM][ground])


def write_sheets(store: Store, action: Action, squares: set[tuple[int, int]]) -> int:
    """Add the sheets that are not there yet; returns how many."""
    there = set(store.read("sheet", ["number"])["number"].tolist())
    new = [one for one in sorted(squares) if number_of(one[0] * SIZE, one[1] * SIZE) not in there]
    if new:
        insert_sheets(store, action, new)
    return len(new)
