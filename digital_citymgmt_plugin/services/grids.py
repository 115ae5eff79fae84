# SPDX-License-Identifier: GPL-2.0-or-later
"""Drafting unit grids from layers: everything into one metric CRS, the engine of ``core.grids``, a layer out."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.assemble import DraftOptions
from digital_citymgmt_plugin.core.grids.barriers import DraftNote
from digital_citymgmt_plugin.core.grids.draft import Draft
from digital_citymgmt_plugin.core.grids.draft import draft_grids as draft
from digital_citymgmt_plugin.core.grids.locate import locate_points, representative_points
from digital_citymgmt_plugin.core.ports import GEOM, Context
from digital_citymgmt_plugin.core.requests import DraftGrids, Layer
from digital_citymgmt_plugin.services.intake import base_name, layer_name, notes_of, objects, open_layer, source_crs
from digital_citymgmt_plugin.services.placing import finite

_DEFAULT_RANK = 3
# Ranks of roads known by the name of their class, as OpenStreetMap and Chinese road tables (GB/T 51328) write them.
_ROADS = {
    **dict.fromkeys(("motorway", "trunk", "primary", "高速公路", "快速路", "主干路", "主干道"), 1),
    **dict.fromkeys(("primary_link", "motorway_link", "trunk_link", "secondary", "次干路", "次干道"), 2),
    **dict.fromkeys(("living_street", "service", "pedestrian", "街巷", "小区路"), 4),
    **dict.fromkeys(("footway", "cycleway", "path", "steps", "步行道"), 5),
}


def draft_grids(context: Context, request: DraftGrids) -> dict[str, Any]:
    """Draft unit grids inside each area and write them to a layer.

    All layers are brought into ``request.crs``, else the areas' CRS when it is metric, else the UTM zone of the areas
    (said in the notes). Barriers without a usable rank count as rank 3. Needs no store.

    Geometries that cannot be used (none, NaN, not transformable) are left out and counted in the notes.

    Each cell of the layer tells its number (``cell``), the numbers of its neighbours, why it was made so (``why``, with
    ``blocks`` and ``block_ha``), the shares of its outline on edges of areas and on barriers by rank, and how sure the
    draft is of it. The result lists the cells that a person should look at (``doubtful``), the worst first.

    Returns
    -------
    dict
        Counts ``areas``, ``barriers``, ``buildings``, ``cells``, ``notes``, ``doubtful``; ``output``; ``crs``;
        ``geos``, the version of the library that computed it: another may draw other lines.

    Raises
    ------
    InputRefused
        Bad CRS, empty areas, band that is no pair of numbers, and what ``core.grids.draft`` refuses.
    """
    low, high = _band(request.band)
    areas = _Layers(context, request.crs)
    shapes, codes = areas.read(request.areas, request.area_code_field)
    if not len(shapes):
        raise InputRefused("input.empty", file=base_name(request.areas.path), layer=request.areas.layer or "")
    barriers, ranks = areas.barriers(request.barriers, request.rank_field)
    buildings = areas.optional(request.buildings)
    compounds = areas.optional(request.compounds)
    components, loads = None, None
    if request.components is not None:
        components, load_values = areas.read(request.components, request.load_field)
        loads = _loads(load_values) if request.load_field else None
    shapes, codes, density = _chosen(request.only, shapes, codes, components, loads)
    context.progress(0.1, "progress.drafting", count=len(shapes))

    def inner(fraction: float, message: str = "", **values: Any) -> None:
        context.progress(0.1 + 0.85 * fraction, message or "progress.drafting", **values)

    result = draft(
        shapes, barriers, ranks, buildings=buildings, compounds=compounds, components=components, loads=loads,
        locked=areas.optional(request.locked), options=DraftOptions(request.target_area, (low, high)),
        seed=request.seed, density=density, spread=context.spread, progress=inner, cancel=context.cancel,
    )  # fmt: skip
    context.progress(0.96, "progress.saving")
    columns = {
        "area_code": codes[result.area_index], "area_m2": np.round(result.area_m2, 2), "load": result.load,
        "on_barrier": np.round(result.barrier_share, 4), "reason": objects(str(item) for item in result.reason),
        **_origins(result), GEOM: result.cells,
    }  # fmt: skip
    context.files.write_layer(request.output, "draft_grids", columns, areas.crs, "Polygon")
    counts = {
        "areas": len(shapes), "barriers": len(barriers), "buildings": 0 if buildings is None else len(buildings),
        "cells": len(result.cells), "notes": len(result.notes), "doubtful": len(result.doubtful),
    }  # fmt: skip
    places = [{"code": note.code, "values": note.values} for note in result.notes]
    return {
        "counts": counts, "operation": None, "tables": [], "notes": [*areas.notes, *places[:200]],
        "doubtful": [_place(note) for note in result.doubtful[:500]],
        "output": request.output, "crs": areas.crs, "geos": shapely.geos_version_string,
    }  # fmt: skip


def _origins(result: Draft) -> dict[str, NDArray[Any]]:
    """Return the columns that tell where a cell comes from and how sure the draft is."""
    ranks = {f"on_rank{rank}": np.round(result.on_rank[:, rank], 4) for rank in range(1, result.on_rank.shape[1] - 1)}
    return {
        "cell": np.arange(len(result.cells), dtype=np.int64),
        "neighbours": objects(",".join(map(str, near)) for near in result.neighbours),
        "why": objects(str(code) for code in result.origin),
        "blocks": np.array([values["count"] for values in result.origin_values], dtype=np.int64),
        "block_ha": np.array([values["block"] for values in result.origin_values], dtype=np.float64),
        "on_edge": np.round(result.on_rank[:, 0], 4), **ranks, "confidence": np.round(result.confidence, 3),
    }  # fmt: skip


def _place(note: DraftNote) -> dict[str, Any]:
    point = shapely.point_on_surface(note.geometry)
    return {"code": note.code, "values": note.values, "x": round(point.x, 2), "y": round(point.y, 2)}


def _chosen(
    only: list[str] | None,
    shapes: NDArray[Any],
    codes: NDArray[Any],
    components: NDArray[Any] | None,
    loads: NDArray[np.float64] | None,
) -> tuple[NDArray[Any], NDArray[Any], float | None]:
    """Return the areas asked for, and the mean load per m² of all (None: that of the areas drafted)."""
    if only is None:
        return shapes, codes, None
    rows = np.flatnonzero(np.isin(np.array([str(code) for code in codes], dtype=object), only))
    if not len(rows):
        raise InputRefused("draft.no_such_area", code=", ".join(only))
    density = None
    if components is not None and len(components):
        place = representative_points(components)
        known = np.isfinite(place).all(axis=1)
        held = locate_points(place[known], shapes) >= 0
        weight = np.ones(len(components)) if loads is None else loads
        density = float(weight[known][held].sum() / max(float(shapely.area(shapes).sum()), 1e-9))
    return shapes[rows], codes[rows], density


def _band(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.replace(";", ",").split(","))
    except ValueError:
        raise InputRefused("input.band", value=text) from None
    if not 0 <= low < high:
        raise InputRefused("input.band", value=text)
    return low, high


def _loads(values: NDArray[Any]) -> NDArray[np.float64]:
    def number(value: Any) -> float:
        try:
            return max(float(value), 0.0)
        except (TypeError, ValueError):
            return 0.0

    return np.array([number(value) for value in values.tolist()])


class _Layers:
    """Reads layers into one metric CRS, which the first one (the areas) decides when none was asked for."""

    def __init__(self, context: Context, crs: str | None) -> None:
        self._context = context
        self.notes: list[dict[str, Any]] = []
        self.crs = crs or ""
        if crs and not context.projections.is_metric(crs):
            raise InputRefused("input.crs_not_metric", crs=crs)

    def read(self, layer: Layer, field: str | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return geometries in the working CRS, and the values of a field (None where there is none)."""
        source = open_layer(self._context, layer)
        try:
            if source.info.geometry is None:
                raise InputRefused("input.no_geometry", file=base_name(layer.path), layer=layer.layer or "")
            names = [item.name for item in source.info.fields]
            if field and field not in names:
                raise InputRefused("input.no_field", field=field, file=base_name(layer.path), known=", ".join(names))
            crs = source_crs(self._context, layer, source)
            geometries, values = [], []
            for chunk in source.chunks():
                self._context.cancel.check()
                geometries.append(chunk[GEOM])
                values.append(chunk[field] if field else objects([None] * len(chunk[GEOM])))
        finally:
            source.close()
        empty = np.empty(0, dtype=object)
        shapes, listed = shapely.force_2d(np.concatenate([empty, *geometries])), np.concatenate([empty, *values])
        there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & finite(shapes)
        moved, listed = self._project(shapes[there], crs, layer), listed[there]
        usable = ~(shapely.is_missing(moved) | shapely.is_empty(moved))
        lost = len(shapes) - int(usable.sum())
        if lost:
            self.notes.append({"code": "note.unusable", "values": {"count": lost, "file": base_name(layer.path)}})
        self.notes += notes_of(None, source)
        return moved[usable], listed[usable]

    def optional(self, layer: Layer | None) -> NDArray[Any] | None:
        """Return the geometries of a layer that need not be given."""
        return None if layer is None else self.read(layer)[0]

    def barriers(self, layers: list[Layer], rank_field: str | None) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return all barriers and their ranks; a layer without the rank field counts as rank 3.

        Refused when no layer has it (``input.no_field``).
        """
        shapes, ranks = [np.empty(0, dtype=object)], [np.empty(0, dtype=np.int64)]
        fields = [self._fields(layer) if rank_field else () for layer in layers]
        if rank_field and layers and not any(rank_field in names for names in fields):
            files = ", ".join(dict.fromkeys(layer_name(layer.path, layer.layer) for layer in layers))
            known = ", ".join(dict.fromkeys(name for names in fields for name in names))
            raise InputRefused("input.no_field", field=rank_field, file=files, known=known)
        for layer, names in zip(layers, fields):
            field = rank_field if rank_field in names else None
            geometries, values = self.read(layer, field)
            shapes.append(geometries)
            ranks.append(np.array([_rank(value) for value in values.tolist()], dtype=np.int64))
        return np.concatenate(shapes), np.concatenate(ranks)

    def _fields(self, layer: Layer) -> tuple[str, ...]:
        source = open_layer(self._context, layer)
        try:
            return tuple(item.name for item in source.info.fields)
        finally:
            source.close()

    def _project(self, shapes: NDArray[Any], crs: str, layer: Layer) -> NDArray[Any]:
        projections = self._context.projections
        if not self.crs:
            self.crs = crs
            if not projections.is_metric(crs):
                box = shapely.total_bounds(projections.transform(shapes, crs, "EPSG:4326"))
                if not np.isfinite(box).all():  # no areas at all, or degrees that are none
                    raise InputRefused("input.crs_not_metric", crs=crs)
                self.crs = projections.utm_for(float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2)
        if projections.same(crs, self.crs):
            return shapes
        values = {"source": crs, "target": self.crs, "file": layer_name(layer.path, layer.layer)}
        note = {"code": "note.reprojected_to", "values": values}
        if note not in self.notes:  # a layer may be read for two purposes
            self.notes.append(note)
        return projections.transform(shapes, crs, self.crs)


def _rank(value: Any) -> int:
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return _ROADS.get(str(value).strip().lower(), _DEFAULT_RANK)
