# SPDX-License-Identifier: GPL-2.0-or-later
"""What the checks of unit grids look at, read from the store and from layers, in the CRS of the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.check_pack import Rule
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.audit import GridSet
from digital_citymgmt_plugin.core.grids.audit.ground import area_features
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests import CheckGrids, Layer
from digital_citymgmt_plugin.services.intake import base_name, notes_of, objects, open_layer, source_crs
from digital_citymgmt_plugin.services.placing import finite

_CURRENT: list[Condition] = [("level", "=", "community"), ("valid_to", "is null", None), (GEOM, "not null", None)]
_COMPOUND = "wall"  # theme of closed walls
_JUDGED = {"grid.below_band", "grid.above_band", "grid.load_low", "grid.load_high"}  # what water is not judged by
# Themes along which a boundary may run: lines, and the outlines of areas.
_LINES, _OUTLINES = ("road", "wall", "water", "boundary"), ("road", "wall", "water", "vegetation")


@dataclass
class Inputs:
    """Grids to check: ``held`` are rows of ``unit_grid`` (None: a layer's), ``columns`` all that the layer has."""

    grids: GridSet
    held: Columns | None
    columns: Columns = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


def read_inputs(context: Context, request: CheckGrids, rules: list[Rule]) -> Inputs:
    """Read grids, communities and what the rules asked for need of the base map.

    Raises
    ------
    InputRefused
        ``checks.no_grids``; a layer without geometry, field or CRS.
    """
    store = context.need_store()
    notes: list[dict[str, Any]] = []
    held: Columns | None = None
    columns: Columns = {}
    if request.input is None:
        names = ["fid", "uuid", "code", "community_code", GEOM]
        held = store.read("unit_grid", names, [("status", "=", "current")], ["code"])
        cells, codes, stated, coded = held[GEOM], held["code"], held["community_code"], True
    else:
        columns = read_layer(context, request.input, [request.code_field, request.community_field], notes)
        cells, coded = columns[GEOM], request.code_field is not None
        none = objects([None] * len(cells))
        codes = columns.get(request.code_field or "", none)
        stated = columns.get(request.community_field or "", none)
    if not len(cells):
        raise InputRefused("checks.no_grids")
    areas = store.read("admin_area", ["code", GEOM], _CURRENT, ["code"])
    asked = {rule.code for rule in rules}
    grids = GridSet(
        np.asarray(cells, dtype=object), _texts(codes), _texts(stated), coded, store.profile().grid_scheme,
        store.meta()["county_code"], areas[GEOM], areas["code"],
    )  # fmt: skip
    if "grid.building_cut" in asked:
        grids.buildings = _areas(context, store, request.buildings, "building", notes)
    if "grid.compound_cut" in asked:
        grids.compounds = _areas(context, store, request.compounds, _COMPOUND, notes)
    if asked & _JUDGED:
        grids.water = _areas(context, store, None, "water", notes)
    if "grid.off_feature" in asked:
        grids.features = _features(context, store, request.features, notes)
    return Inputs(grids, held, columns, notes)


def read_layer(
    context: Context, layer: Layer, fields: list[str | None], notes: list[dict[str, Any]], *, every: bool = False
) -> Columns:
    """Read geometries, brought into the CRS of the store, and some fields (``every``: all).

    Rows stay as many as the layer has: what has no usable geometry has None.

    Raises
    ------
    InputRefused
        ``input.no_geometry``, ``input.no_field``; a layer without a CRS.
    """
    file = base_name(layer.path)
    source = open_layer(context, layer)
    try:
        if source.info.geometry is None:
            raise InputRefused("input.no_geometry", file=file, layer=layer.layer or "")
        known = [item.name for item in source.info.fields]
        names = known if every else list(dict.fromkeys(name for name in fields if name))
        for name in fields:
            if name and name not in known:
                raise InputRefused("input.no_field", field=name, file=file, known=", ".join(known))
        crs, target = source_crs(context, layer, source), context.need_store().meta()["crs"]
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in (GEOM, *names)}
        for chunk in source.chunks():
            context.cancel.check()
            for name, listed in parts.items():
                listed.append(chunk[name])
        notes += notes_of(None, source)
    finally:
        source.close()
    empty = np.empty(0, dtype=object)
    columns = {name: np.concatenate([empty, *listed]) for name, listed in parts.items()}
    shapes = np.array(shapely.force_2d(columns[GEOM]), dtype=object)
    shapes[shapely.is_empty(shapes) | ~finite(shapes)] = None
    if not context.projections.same(crs, target):
        shapes = np.asarray(context.projections.transform(shapes, crs, target), dtype=object)
        notes.append({"code": "note.reprojected_to", "values": {"source": crs, "target": target, "file": file}})
    lost = int((shapely.is_missing(shapes) | shapely.is_empty(shapes)).sum())
    if lost:
        notes.append({"code": "note.unusable", "values": {"count": lost, "file": file}})
    columns[GEOM] = shapes
    return columns


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    """Return codes as text; numbers of a layer lose their fraction, nothing is None."""

    def text(value: Any) -> str | None:
        if value is None or value != value:
            return None
        if isinstance(value, float) and value == int(value):
            value = int(value)
        return str(value).strip() or None

    return objects(text(value) for value in values.tolist())


def _drawn(shapes: NDArray[Any]) -> NDArray[Any]:
    shapes = np.asarray(shapes, dtype=object)
    return np.asarray(shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))], dtype=object)


def _areas(
    context: Context, store: Store, layer: Layer | None, theme: str, notes: list[dict[str, Any]]
) -> NDArray[Any]:
    if layer is not None:
        shapes = _drawn(read_layer(context, layer, [], notes)[GEOM])
    else:
        shapes = _drawn(store.read("base_area", [GEOM], [("theme", "=", theme)])[GEOM])
    return np.asarray(shapes[shapely.get_dimensions(shapes) == 2], dtype=object)


def _features(context: Context, store: Store, layers: list[Layer], notes: list[dict[str, Any]]) -> NDArray[Any]:
    if layers:
        shapes = np.concatenate([_drawn(read_layer(context, layer, [], notes)[GEOM]) for layer in layers])
    else:
        lines = store.read("base_line", [GEOM], [("theme", "in", list(_LINES))])[GEOM]
        outlines = store.read("base_area", [GEOM], [("theme", "in", list(_OUTLINES))])[GEOM]
        shapes = np.concatenate([_drawn(lines), _drawn(outlines)])
    areas = shapely.get_dimensions(shapes) == 2
    return np.concatenate([shapes[shapely.get_dimensions(shapes) == 1], area_features(shapes[areas])])
