# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawings into the base map: looked at before, brought in by one action, sheets made for what they cover."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import PurePath
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.basemap.candidates import Proposer
from digital_citymgmt_plugin.core.basemap.drawing import MOST
from digital_citymgmt_plugin.core.basemap.names import base_names, drawing_name
from digital_citymgmt_plugin.core.basemap.themes import OTHER, BaseMapping, Themes
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Context, Store
from digital_citymgmt_plugin.core.requests_basemap import ImportBaseMap, PreviewBaseMap
from digital_citymgmt_plugin.services.basemap_looking import look
from digital_citymgmt_plugin.services.basemap_mappings import (
    KIND,
    base_mapping,
    kept_mappings,
    mapping_data,
    suggested_mapping,
)
from digital_citymgmt_plugin.services.basemap_reading import Place, Placed, place_drawing, place_of, read_parts
from digital_citymgmt_plugin.services.basemap_write import (
    GEOMETRY,
    TABLES,
    counts_of,
    sheets_of,
    tables_of,
    write_drawing,
    write_sheets,
)
from digital_citymgmt_plugin.services.intake import save_mapping

_LOOKED_AT = 3  # files of a folder that a preview reads at least …
_ENTITIES = 300_000  # … and goes on with until it has seen so many entities: a city has hundreds of sheets


def preview_base_map(context: Context, request: PreviewBaseMap) -> dict[str, Any]:
    """Look at drawings without writing anything.

    Returns
    -------
    dict
        ``files`` (how many), ``looked`` (how many were read: all, unless they hold very much), ``dwg`` (how many
        cannot be read), ``drawings``: for each what was found: ``name``, ``format``, ``version``, ``encoding``,
        ``encoding_evidence``, ``samples`` (ten texts), ``crs``, ``crs_evidence``, ``swapped``, ``entities``,
        ``strays``, ``skipped``, ``layers`` (name, theme, count, kinds, blocks, ``symbols``: points, ``component``: the
        class that most of them are proposed for), or ``problem`` and its ``values``; ``unknown``: layers without a
        theme; ``mappings``: those that the store keeps; ``suggested``: which of them knows such layers.
    """
    files, dwg = context.files.drawing_files(request.input)
    _refuse_dwg(files, dwg, request.input)
    place = place_of(context) if context.store is not None else Place(None, None)
    mapping = base_mapping(context, request.mapping)
    themes = Themes(context.files.cass(), mapping)
    classes = context.store.profile().class_by_name("component") if context.store is not None else {}
    proposer = Proposer(classes, context.files.cass(), mapping)
    names = base_names(files, request.input)
    drawings: list[dict[str, Any]] = []
    looked = seen = 0
    for path in files:
        if looked >= _LOOKED_AT and seen >= _ENTITIES:
            break
        context.cancel.check()
        context.progress(looked / len(files), "progress.looking", file=PurePath(path).name)
        looked += 1
        try:
            for drawing in read_parts(context, path, request.encoding):
                seen += len(drawing)
                name = drawing_name(names[path], drawing)
                drawings.append(look(context, drawing, name, request, place, themes, proposer))
        except InputRefused as error:
            drawings.append({"name": PurePath(path).name, "problem": error.code, "values": error.values})
    unknown = sorted({row["layer"] for one in drawings for row in one.get("layers", []) if row["theme"] == OTHER})
    kept = kept_mappings(context.store) if context.store is not None else {}
    return {
        "files": len(files), "looked": looked, "dwg": len(dwg), "drawings": drawings, "unknown": unknown, "counts": {},
        "mappings": {name: mapping_data(one) for name, one in kept.items()},
        "suggested": suggested_mapping(kept, unknown),
    }  # fmt: skip


def import_base_map(context: Context, request: ImportBaseMap) -> dict[str, Any]:
    """Bring a drawing or a folder of drawings in, as one action.

    A drawing is known by its name (path within the folder): the same file again changes nothing, another one of that
    name takes its place and its symbols keep their uuids. Files that cannot be read are listed and the others come in;
    when none can, the first one's reason is the refusal.

    Returns
    -------
    dict
        Counts ``files``, ``drawings``, ``unchanged``, ``replaced``, ``failed``, ``dwg``, ``entities``, ``strays``,
        ``skipped``, ``sheets`` (new ones), ``unknown_layers`` and one for each table; ``problems``; ``drawings``;
        ``notes``; ``extent`` of what was read (xmin, ymin, xmax, ymax in the CRS of the target, strays left out).
    """
    files, dwg = context.files.drawing_files(request.input)
    _refuse_dwg(files, dwg, request.input)
    mapping = base_mapping(context, request.mapping)
    themes = Themes(context.files.cass(), mapping)
    job = _Job(context, request, themes, mapping, files)
    if request.output:
        job.into_file(files, request.output)
        return {**job.result(None, dwg), "writes_file": True}
    store = context.need_store()
    new = job.find_new(store, files)
    if not new:
        job.refuse_all_failed()
        return job.result(None, dwg)
    with store.action("import_base_map", input=request.input) as action:
        save_mapping(store, action, KIND, request.mapping)
        job.into_store(store, action, new)
        action.counts.update(job.counts)
    return job.result(action.operation_uuid, dwg)


class _Job:
    """One import: what it counts and what it has to say."""

    def __init__(
        self, context: Context, request: ImportBaseMap, themes: Themes, mapping: BaseMapping, files: list[str]
    ) -> None:
        self._names = base_names(files, request.input)
        self._context, self._request, self._themes = context, request, themes
        self.counts: dict[str, int] = dict.fromkeys(
            ("files", "drawings", "unchanged", "replaced", "failed", "entities", "strays", "skipped", "sheets"), 0
        )
        self.counts.update(dict.fromkeys(TABLES, 0), files=len(files))
        self.problems: list[dict[str, Any]] = []
        self.drawings: list[dict[str, Any]] = []
        self.unknown: Counter[str] = Counter()
        self._boxes: list[Any] = []  # where the drawings lie, without what lies far away
        self._marks: dict[str, tuple[str, str]] = {}  # drawing → digest of its file, and of how it was read
        said = json.dumps([vars(mapping), request.encoding, request.crs], default=dict, sort_keys=True)
        self._mark = hashlib.sha256(said.encode()).hexdigest()[:16]

    def find_new(self, store: Store, files: list[str]) -> list[tuple[str, str]]:
        """Return the files (and their digests) that are not in the base map already, as they are and read this way."""
        known = store.read("drawing", ["name", "sha256", "counts"])
        self._marks = {
            name: (digest, json.loads(counts or "{}").get("mapping"))
            for name, digest, counts in zip(*(known[key].tolist() for key in ("name", "sha256", "counts")))
        }
        new: list[tuple[str, str]] = []
        for path in files:
            self._context.cancel.check()
            try:
                digest = self._context.files.digest(path)
            except InputRefused as error:
                self._fail(path, error)
                continue
            own = self._names[path]
            inside = own + "/" if path.lower().endswith(".gpkg") else None
            same = [name for name in self._marks if name == own or (inside and name.startswith(inside))]
            if same and all(self._marks[name] == (digest, self._mark) for name in same):
                self.counts["unchanged"] += len(same)
            else:
                new.append((path, digest))
        return new

    def into_store(self, store: Store, action: Action, files: list[tuple[str, str]]) -> None:
        """Read drawings and write them, one after the other: memory holds one."""
        place = place_of(self._context)
        squares: set[tuple[int, int]] = set()
        for number, (path, digest) in enumerate(files):
            self._step(number, path)
            for placed in self._read(path, place):
                self.counts["replaced"] += placed.name in self._marks
                write_drawing(store, action, placed, digest, self._mark)
                squares |= sheets_of(placed)
        if self._context.projections.is_metric(str(place.crs)):
            self.counts["sheets"] = write_sheets(store, action, squares)
        self.refuse_all_failed()

    def into_file(self, files: list[str], output: str) -> None:
        """Read drawings and write them, but in a preview, into a GeoPackage in the CRS of the store or the first."""
        place = place_of(self._context) if self._context.store is not None else Place(None, None)
        parts: dict[str, list[Columns]] = {table: [] for table in TABLES}
        for number, path in enumerate(files):
            self._step(number, path)
            for placed in self._read(path, place):
                place = Place(place.crs or placed.crs, place.box)
                for table, columns in tables_of(placed, placed.name).items():
                    parts[table].append(columns)
            if self.counts["entities"] > MOST:  # all of them are held until the file is written
                raise InputRefused("basemap.too_many_entities", file=output, most=MOST)
        self.refuse_all_failed()
        if self._context.preview:
            return
        layers = {
            table: {name: np.concatenate([one[name] for one in found]) for name in found[0]}
            for table, found in parts.items()
            if found
        }
        if self._context.preview:
            return
        self._context.files.write_layers(output, layers, place.crs, {table: GEOMETRY[table] for table in layers})

    def _step(self, number: int, path: str) -> None:
        self._context.cancel.check()
        self._context.progress(number / max(self.counts["files"], 1), "progress.looking", file=PurePath(path).name)

    def _read(self, path: str, place: Place) -> list[Placed]:
        """Return what could be read of a file; what could not is a problem."""
        found = []
        try:
            for drawing in read_parts(self._context, path, self._request.encoding):
                name = drawing_name(self._names[path], drawing)
                placed = place_drawing(self._context, drawing, name, self._request.crs, place, self._themes)
                found.append(placed)
        except InputRefused as error:
            self._fail(path, error)
            return []
        for placed in found:
            self._count(placed)
        return found

    def _fail(self, path: str, error: InputRefused) -> None:
        self.counts["failed"] += 1
        self.problems.append({"file": path, "code": error.code, "values": error.values})

    def _count(self, placed: Placed) -> None:
        drawing, counts = placed.drawing, counts_of(placed)
        box = shapely.total_bounds(drawing.entities[GEOM][~placed.stray])
        if np.isfinite(box).all():
            self._boxes.append(box)
        for table, count in counts.items():
            self.counts[table] += count
        self.counts["drawings"] += 1
        self.counts["entities"] += len(drawing)
        self.counts["strays"] += counts["base_stray"]
        self.counts["skipped"] += sum(drawing.skipped.values()) + placed.lost
        themes = zip(drawing.entities["layer"].tolist(), placed.themes)
        self.unknown.update(layer for layer, theme in themes if theme == OTHER)
        self.drawings.append(
            {"name": placed.name, "encoding": drawing.encoding, "encoding_evidence": drawing.encoding_evidence,
             "crs": placed.crs, "crs_evidence": placed.crs_evidence, "swapped": placed.swapped, **counts}
        )  # fmt: skip

    def refuse_all_failed(self) -> None:
        """Refuse the import with the first file's reason when no file could be read."""
        if self.problems and len(self.problems) == self.counts["files"]:
            first = self.problems[0]
            raise InputRefused(str(first["code"]), **first["values"])

    def _extent(self) -> list[float] | None:
        if not self._boxes:
            return None
        boxes = np.array(self._boxes)
        return [float(value) for value in (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))]

    def result(self, operation: str | None, dwg: list[str]) -> dict[str, Any]:
        """Return what is told of the import."""
        notes = [{"code": str(one["code"]), "values": one["values"]} for one in self.problems[:20]]
        if dwg:
            notes.append({"code": "basemap.dwg_left", "values": {"count": len(dwg), "file": PurePath(dwg[0]).name}})
        if self.counts["strays"]:
            notes.append({"code": "basemap.strays", "values": {"count": self.counts["strays"]}})
        if self.unknown:
            few = ", ".join(layer for layer, _ in self.unknown.most_common(8))
            notes.append({"code": "basemap.unknown_layers", "values": {"count": len(self.unknown), "layers": few}})
        self.counts.update(dwg=len(dwg), unknown_layers=len(self.unknown))
        return {
            "counts": self.counts, "operation": operation, "problems": self.problems, "drawings": self.drawings,
            "unknown": dict(self.unknown), "notes": notes, "output": self._request.output,
            "extent": self._extent(), "tables": ["drawing", *TABLES, "sheet", "mapping"] if operation else [],
        }  # fmt: skip


def _refuse_dwg(files: list[str], dwg: list[str], given: str) -> None:
    if not files and dwg:
        raise InputRefused("input.dwg", file=PurePath(dwg[0]).name)
