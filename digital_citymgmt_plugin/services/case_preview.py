# SPDX-License-Identifier: GPL-2.0-or-later
"""A look at a table of cases before it is brought in: its columns, its words for classes, where its places lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases import fields as known
from digital_citymgmt_plugin.core.cases.times import parse_times
from digital_citymgmt_plugin.core.census.column_guess import suggest_class
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.guesses import plain
from digital_citymgmt_plugin.core.mapping import Mapping, apply_mapping
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Context, Source, Store
from digital_citymgmt_plugin.core.requests_intake import PreviewCases
from digital_citymgmt_plugin.services.case_columns import SAMPLE, CaseColumns, case_columns, stated_crs
from digital_citymgmt_plugin.services.case_coordinates import CoordinateReader
from digital_citymgmt_plugin.services.case_places import Classes
from digital_citymgmt_plugin.services.intake import base_name, objects, open_layer, source_name
from digital_citymgmt_plugin.services.placing import Placer

_MOST_ROWS = 1_000
_MOST_WORDS = 300
_MOST_POINTS = 500
_MOST_RINGS = 150


def preview_cases(context: Context, request: PreviewCases) -> dict[str, Any]:
    """Read the head of a table of cases; nothing is written.

    Returns
    -------
    dict
        ``layers``, ``layer`` (the one looked at); ``columns``; ``rows``: the first ones as texts; ``fields``: our field
        → column; ``why``: our field → code of a sentence; ``x``, ``y``, ``crs``, ``crs_guessed``, ``null_values``,
        ``time_format``, ``time_zone``; ``origin`` (``said``, ``recognised``, ``guessed``) and ``name`` of the mapping;
        ``geometry``; ``total`` rows or None; ``known``: the fields that can be mapped; ``words``: of classes that the
        city does not know, as [word, rows, ``kind:code`` proposed or ""]; ``times``: our field → [read, not read];
        ``places``: see ``_places``; ``encoding``; ``notes``.

    Raises
    ------
    InputRefused
        What cannot be read; ``mapping.…`` of a mapping that does not fit.
    """
    store = context.need_store()
    if not 1 <= request.rows <= _MOST_ROWS:
        raise InputRefused("request.parameters", method=request.method, field="rows")
    layers = list(context.files.layers(request.input.path))
    layer = request.input
    if layer.layer is None and len(layers) > 1:
        layer = replace(layer, layer=_fullest(context, request, layers))
    source = open_layer(context, layer)
    try:
        columns = stated_crs(context, layer, source, case_columns(context, request.mapping, layer, source))
        chunk = next(iter(source.chunks(SAMPLE)), None)
        if chunk is None:
            raise InputRefused("input.empty", file=base_name(source.info.path), layer=layer.layer or "")
        chunk = {name: column[:SAMPLE] for name, column in chunk.items()}
        mapping = columns.mapping
        mapped, _ = apply_mapping(mapping, chunk)
        crs = layer.crs or mapping.crs or source.info.crs or ""
        headings = [item.name for item in source.info.fields]
        return {
            "layers": layers, "layer": source.info.layer or "", "columns": headings,
            "rows": _head(chunk, headings, request.rows),
            "fields": {name: rule.columns[0] for name, rule in mapping.fields.items() if rule.columns},
            "why": dict(columns.why), "x": mapping.x or "", "y": mapping.y or "", "crs": crs,
            "crs_guessed": bool(mapping.crs and not source.info.crs and columns.origin == "guessed"),
            "null_values": list(mapping.null_values), "time_format": str(mapping.options.get("time_format") or ""),
            "time_zone": mapping.time_zone or "", "origin": columns.origin, "name": columns.name or source_name(source),
            "geometry": source.info.geometry, "total": source.info.rows, "known": list(known.FIELDS),
            "words": _words(store, mapped, columns), "times": _times(store, mapped, mapping),
            "places": _places(context, mapped, mapping, crs, request.shift, source),
            "encoding": source.info.encoding or "", "notes": columns.notes,
        }  # fmt: skip
    finally:
        source.close()


def _fullest(context: Context, request: PreviewCases, layers: list[str]) -> str | None:
    """Return the sheet that most fields are found in: a workbook often has a cover and lists of codes."""
    best: tuple[int, str | None] = (-1, None)
    for name in layers:
        layer = replace(request.input, layer=name)
        try:
            source = open_layer(context, layer)
        except InputRefused:  # an empty sheet, one without headings
            continue
        try:
            found = case_columns(context, None, layer, source).mapping
            count = len(found.fields) + (10 if "case_no" in found.fields else 0)
        finally:
            source.close()
        if count > best[0]:
            best = (count, name)
    return best[1]


def _head(chunk: Columns, headings: list[str], rows: int) -> list[list[str]]:
    cells = [[plain(value)[:300] for value in chunk[name][:rows].tolist()] for name in headings if name in chunk]
    return [list(row) for row in zip(*cells)]


def _words(store: Store, mapped: Columns, columns: CaseColumns) -> list[list[Any]]:
    """Return the words of the class column that the city does not know, with a class proposed for each."""
    names = [name for name in ("kind", "class_code", "class_name") if name in mapped]
    if not {"class_code", "class_name"} & set(names):
        return []
    blank = objects([None] * len(mapped[ROW]))
    said = columns.mapping.options.get("synonyms")
    classes = Classes(store, False, said if isinstance(said, dict) else None)
    given = [
        [known.as_text(value) for value in mapped.get(name, blank).tolist()]
        for name in ("kind", "class_code", "class_name")
    ]
    counts = Counter(zip(*given))
    profile = store.profile()
    proposals = {entry.name: f"{kind}:{entry.code}" for kind in profile.kinds
                 for entry in profile.class_by_code(kind).values()}  # fmt: skip
    open_: Counter[str] = Counter()
    for (kind, code, name), count in counts.items():
        ours = known.as_kind(kind) if kind else None
        if (name or code) and not classes.knows(ours, code, name):
            open_[str(name or code)] += count
    return [[word, count, suggest_class(word, proposals)] for word, count in open_.most_common(_MOST_WORDS)]


def _times(store: Store, mapped: Columns, mapping: Mapping) -> dict[str, list[int]]:
    zone = mapping.time_zone or store.meta().get("time_zone") or "Asia/Shanghai"
    result = {}
    for name in known.TIMES:
        if name in mapped:
            moments, bad = parse_times(mapped[name], zone, mapping.options.get("time_format"))
            result[name] = [int((~np.isnat(moments)).sum()), int(bad.sum())]
    return result


def _places(
    context: Context, mapped: Columns, mapping: Mapping, crs: str, shift: str, source: Source
) -> dict[str, Any]:
    """Return where the places of the sample lie.

    ``points``: [x, y] in the store's CRS; ``rings``: outlines of the city's areas; ``read``, ``inside`` (in or within
    5 km of the city), ``outside``, ``none`` (zero, blank or unreadable); ``mended``: kind → rows; ``problem``: code of
    a sentence why nothing can be shown, "".
    """
    size = len(mapped[ROW])
    result: dict[str, Any] = {"points": [], "rings": _rings(context.need_store()), "read": size, "inside": 0,
                              "outside": 0, "none": size, "mended": {}, "problem": ""}  # fmt: skip
    columns = bool(mapping.x and mapping.y)
    if not columns and source.info.geometry is None:
        return {**result, "problem": "preview.no_coordinates"}
    if not crs:
        return {**result, "problem": "preview.no_crs"}
    try:
        placer = Placer(context, crs, base_name(source.info.path), shift=shift)
        if columns:
            reader = CoordinateReader(context, placer)
            east, north = reader.read(mapped["__x__"], mapped["__y__"], mapping.x == mapping.y)
            good = np.isfinite(east) & np.isfinite(north) & ~((east == 0) & (north == 0))
            shapes = objects([None] * size)
            shapes[good] = shapely.points(east[good], north[good])
            result["mended"] = dict(reader.mended)
        else:
            shapes = mapped[GEOM]
        placed, _ = placer.place(shapes)
    except InputRefused as error:
        return {**result, "problem": error.code}
    there: NDArray[np.bool_] = ~shapely.is_missing(placed)
    near = placer.near(placed[there], 5_000.0)
    xy = shapely.get_coordinates(shapely.centroid(placed[there]))
    given = int((~shapely.is_missing(np.asarray(shapes, dtype=object))).sum())
    result.update(
        points=[[round(x, 2), round(y, 2)] for x, y in xy[:_MOST_POINTS].tolist()], inside=int(near.sum()),
        outside=given - int(near.sum()), none=size - given,
    )  # fmt: skip
    return result


def _rings(store: Store) -> list[list[list[float]]]:
    """Return outlines of the largest areas of the city, coarse enough for a small picture."""
    where = [("valid_to", "is null", None), (GEOM, "not null", None)]
    shapes = store.read("admin_area", [GEOM], where)[GEOM]
    if not len(shapes):
        return []
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    coarse = shapely.simplify(shapes, max(east - west, north - south) / 300)
    parts = shapely.get_parts(coarse)
    parts = parts[np.argsort(-shapely.area(parts))][:_MOST_RINGS]
    return [
        [[round(x, 1), round(y, 1)] for x, y in shapely.get_coordinates(shapely.get_exterior_ring(part)).tolist()]
        for part in parts
        if part.geom_type == "Polygon" and not part.is_empty
    ]
