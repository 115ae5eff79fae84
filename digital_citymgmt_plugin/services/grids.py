# SPDX-License-Identifier: GPL-2.0-or-later
"""Drafting unit grids from layers: everything into one metric CRS, the engine of ``core.grids``, a layer out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.assemble import DraftOptions
from digital_citymgmt_plugin.core.grids.barriers import DraftNote
from digital_citymgmt_plugin.core.grids.draft import Draft
from digital_citymgmt_plugin.core.grids.draft import draft_grids as draft
from digital_citymgmt_plugin.core.grids.ground import mean_density
from digital_citymgmt_plugin.core.grids.verdict import DOUBTFUL
from digital_citymgmt_plugin.core.ports import GEOM, Context
from digital_citymgmt_plugin.core.requests_draft import DraftGrids
from digital_citymgmt_plugin.core.stoppable import stoppable
from digital_citymgmt_plugin.services.draft_targets import read_band, target_area
from digital_citymgmt_plugin.services.grid_layers import GridLayers, code_texts
from digital_citymgmt_plugin.services.grid_rows import DRAFTED_BY, drafted_by
from digital_citymgmt_plugin.services.intake import base_name, objects


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
        ``geos`` and ``shapely``, the versions of the libraries that computed it: others may draw other lines (each cell
        has them in ``drafted_by``, so that they stay with the draft and go into the log when it is adopted);
        ``target_area`` in m²;
        ``doubtful_below``, the confidence below which a cell is to be looked at.

    Raises
    ------
    InputRefused
        Bad CRS, empty areas, band that is no pair of numbers, and what ``core.grids.draft`` refuses.
    """
    low, high = read_band(request.band)
    rows = request.rows or {}
    areas = GridLayers(context, request.crs)
    shapes, codes = areas.read(request.areas, request.area_code_field, rows.get("areas"))
    codes = code_texts(codes)
    if not len(shapes):
        raise InputRefused("input.empty", file=base_name(request.areas.path), layer=request.areas.layer or "")
    only = None if request.only is None else _chosen(request.only, codes)
    areas.near(shapes if only is None else shapes[only])
    barriers, ranks = areas.barriers(request.barriers, request.rank_field, request.barrier_ranks)
    buildings = areas.optional(request.buildings, rows.get("buildings"))
    compounds = areas.optional(request.compounds, rows.get("compounds"))
    components, loads = areas.loads(request.components, request.load_field, request.load_weights)
    options = DraftOptions(request.target_area, (low, high))
    if request.target_load is not None:
        wanted = target_area(request.target_load, mean_density(shapes, components, loads, barriers, ranks, options))
        options = replace(options, target_area=wanted, target_load=request.target_load)
    count = len(shapes) if only is None else len(only)
    context.progress(0.1, "progress.drafting", count=count)

    def inner(fraction: float, message: str = "", **values: Any) -> None:
        context.progress(0.1 + 0.85 * fraction, message or "progress.drafting", **values)

    # Noding a city, or one community as large as a town, keeps GEOS busy for seconds.
    drawn = partial(
        draft, shapes, barriers, ranks, buildings=buildings, compounds=compounds, components=components, loads=loads,
        locked=areas.optional(request.locked, rows.get("locked")), options=options,
        seed=request.seed, only=only, spread=context.spread, progress=inner, cancel=context.cancel,
    )  # fmt: skip
    result = stoppable(drawn, context.cancel.check)
    context.progress(0.96, "progress.saving")
    made_by = drafted_by()
    columns = {
        "area_code": codes[result.area_index], "area_m2": np.round(result.area_m2, 2), "load": result.load,
        "on_barrier": np.round(result.barrier_share, 4), "reason": objects(str(item) for item in result.reason),
        **_origins(result), DRAFTED_BY: objects([made_by] * len(result.cells)), GEOM: result.cells,
    }  # fmt: skip
    context.files.write_layer(request.output, "draft_grids", columns, areas.crs, "Polygon")
    counts = {
        "areas": count, "barriers": len(barriers), "buildings": 0 if buildings is None else len(buildings),
        "cells": len(result.cells), "notes": len(result.notes), "doubtful": len(result.doubtful),
    }  # fmt: skip
    places = [_told(note, codes) for note in result.notes]
    return {
        "counts": counts, "operation": None, "tables": [], "notes": [*areas.notes, *places[:200]],
        "doubtful": [_place(note) for note in result.doubtful[:500]],
        "output": request.output, "crs": areas.crs, "geos": shapely.geos_version_string, "shapely": shapely.__version__,
        "target_area": round(options.target_area, 1), "doubtful_below": DOUBTFUL,
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


def _told(note: DraftNote, codes: NDArray[Any]) -> dict[str, Any]:
    """Return a note as the user reads it: areas by their code, else by the number of their row."""

    def name(row: int) -> str:
        return str(row + 1 if codes[row] is None else codes[row]) if 0 <= row < len(codes) else "–"

    values = {**note.values, "area_index": name(note.area_index)}
    if "other" in values:
        values["other"] = name(int(values["other"]))
    return {"code": note.code, "values": values}


def _place(note: DraftNote) -> dict[str, Any]:
    point = shapely.point_on_surface(note.geometry)
    return {"code": note.code, "values": note.values, "x": round(point.x, 2), "y": round(point.y, 2)}


def _chosen(only: list[str], codes: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rows of the areas asked for by their codes."""
    rows = np.flatnonzero(np.isin(np.array([str(code) for code in codes], dtype=object), only))
    if not len(rows):
        raise InputRefused("draft.no_such_area", code=", ".join(only))
    return rows.astype(np.int64)
