# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers that unit grids are drafted from: read from files or the open store, into one metric CRS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.draft_guesses import ANY_CLASS, CLASS_FIELDS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.bodies import OUTLINED
from digital_citymgmt_plugin.core.load_weights import class_field
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Condition, Context
from digital_citymgmt_plugin.core.requests import Layer
from digital_citymgmt_plugin.services.intake import base_name, layer_name, notes_of, objects, open_layer, source_crs
from digital_citymgmt_plugin.services.load_places import CLASS, TABLE, point_places
from digital_citymgmt_plugin.services.placing import finite

_DEFAULT_RANK = 3
NEAR = 100.0  # m: what lies so far outside may be a part of a roundabout, which is one with all its arms or none
# Ranks of roads known by the name of their class, as OpenStreetMap and Chinese road tables (GB/T 51328) write them.
_ROADS = {
    **dict.fromkeys(("motorway", "trunk", "primary", "高速公路", "快速路", "主干路", "主干道"), 1),
    **dict.fromkeys(("primary_link", "motorway_link", "trunk_link", "secondary", "次干路", "次干道"), 2),
    **dict.fromkeys(("living_street", "service", "pedestrian", "街巷", "小区路"), 4),
    **dict.fromkeys(("footway", "cycleway", "path", "steps", "步行道"), 5),
}
# Tables of the store that may be drafted from, and which of their rows are in force.
_TABLES: dict[str, list[Condition]] = {
    "admin_area": [("level", "=", "community"), ("valid_to", "is null", None)],
    "unit_grid": [("status", "=", "current")],
    "base_line": [], "base_area": [], "component_point": [], "component_line": [], "component_area": [],
}  # fmt: skip


class GridLayers:
    """Reads layers into one metric CRS, which the first one (the areas) decides when none was asked for.

    A layer whose path is empty is a table of the open store, read through its one connection (``docs/traps.md``).
    """

    def __init__(self, context: Context, crs: str | None) -> None:
        self._context = context
        self.notes: list[dict[str, Any]] = []
        self.crs = crs or ""
        self._box: list[float] | None = None
        if crs and not context.projections.is_metric(crs):
            raise InputRefused("input.crs_not_metric", crs=crs)

    def near(self, shapes: NDArray[Any]) -> None:
        """Read of the store's base map from now on only what lies at these shapes: all that a draft of them depends on.

        A preview of one community need not read the lines of the whole city.
        """
        if self.crs == self._store_crs():
            self._box = (shapely.total_bounds(shapes) + NEAR * np.array([-1, -1, 1, 1])).tolist()

    def _store_crs(self) -> str | None:
        return None if self._context.store is None else self._context.store.meta().get("crs")

    def read(
        self,
        layer: Layer,
        field: str | None = None,
        only: Mapping[str, list[str]] | None = None,
        *,
        everywhere: bool = False,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return geometries in the working CRS, and the values of a field (None where there is none).

        ``only``: of each field named, the values (as text) of the rows that count. ``everywhere``: also what is not
        near (``near``).
        """
        only = only or {}
        named: dict[str, tuple[str, ...]] = {name: (name,) for name in only}
        if ANY_CLASS in only:
            named[ANY_CLASS] = tuple(name for name in self._fields(layer) if name.lower() in CLASS_FIELDS)
        geometries, values = [np.empty(0, dtype=object)], [np.empty(0, dtype=object)]
        themes = only.get("theme")
        read = [*([field] if field else []), *(name for names in named.values() for name in names)]
        crs, chunks, said = self._open(layer, read, themes, everywhere)
        for chunk in chunks:
            self._context.cancel.check()
            use = np.ones(len(chunk[GEOM]), dtype=bool)
            for name, wanted in only.items():
                use &= _any_of([chunk[one] for one in named[name]], wanted) if named[name] else True
            geometries.append(chunk[GEOM][use])
            values.append(chunk[field][use] if field else objects([None] * int(use.sum())))
        shapes, listed = shapely.force_2d(np.concatenate(geometries)), np.concatenate(values)
        there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & finite(shapes)
        moved, listed = self._project(shapes[there], crs, layer), listed[there]
        usable = ~(shapely.is_missing(moved) | shapely.is_empty(moved))
        lost = len(shapes) - int(usable.sum())
        if lost:
            self.notes.append({"code": "note.unusable", "values": {"count": lost, "file": _name(layer)}})
        self.notes += said
        return moved[usable], listed[usable]

    def _open(
        self, layer: Layer, names: list[str], themes: list[str] | None, everywhere: bool
    ) -> tuple[str, Iterator[Columns], list[dict[str, Any]]]:
        """Return the CRS, the rows, and a list that has what reading had to say once they are read."""
        if not layer.path:
            store, table = self._context.need_store(), str(layer.layer)
            if table not in _TABLES:
                raise InputRefused("request.parameters", method="draft_grids", field=table)
            conditions: list[Condition] = [*_TABLES[table], (GEOM, "not null", None)]
            if table in ("base_line", "base_area"):
                conditions += [] if self._box is None or everywhere else [(GEOM, "box", self._box)]
                conditions += [("theme", "in", themes)] if themes else []
            # Of a large city there are a million of these rows.
            read = store.chunks if table in ("admin_area", "unit_grid") else store.packed
            return store.meta()["crs"], read(table, [*dict.fromkeys(names), GEOM], conditions), []
        source = open_layer(self._context, layer)
        try:
            if source.info.geometry is None:
                raise InputRefused("input.no_geometry", file=base_name(layer.path), layer=layer.layer or "")
            known = [item.name for item in source.info.fields]
            for name in names:
                if name not in known:
                    raise InputRefused("input.no_field", field=name, file=_name(layer), known=", ".join(known))
            crs = source_crs(self._context, layer, source)
        except BaseException:
            source.close()
            raise
        said: list[dict[str, Any]] = []

        def chunks() -> Iterator[Columns]:
            try:
                yield from source.chunks()
            finally:
                source.close()
            said.extend(notes_of(None, source))

        return crs, chunks(), said

    def optional(self, layer: Layer | None, only: Mapping[str, list[str]] | None = None) -> NDArray[Any] | None:
        """Return the geometries of a layer that need not be given."""
        return None if layer is None else self.read(layer, None, only)[0]

    def barriers(
        self, layers: list[Layer], rank_field: str | None, ranks: list[str] | None = None
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return all barriers and their ranks; a layer without the rank field counts as rank 3.

        ``ranks`` says for each layer what ``DraftGrids.barrier_ranks`` means. Refused when no layer has the rank field
        (``input.no_field``).
        """
        if ranks is not None:
            return self._ranked(layers, ranks)
        shapes, found = [np.empty(0, dtype=object)], [np.empty(0, dtype=np.int64)]
        fields = [self._fields(layer) if rank_field else () for layer in layers]
        if rank_field and layers and not any(rank_field in names for names in fields):
            files = ", ".join(dict.fromkeys(layer_name(layer.path, layer.layer) for layer in layers))
            known = ", ".join(dict.fromkeys(name for names in fields for name in names))
            raise InputRefused("input.no_field", field=rank_field, file=files, known=known)
        for layer, names in zip(layers, fields):
            field = rank_field if rank_field in names else None
            geometries, values = self.read(layer, field, everywhere=_areas(layer))
            shapes.append(geometries)
            found.append(np.array([_rank(value) for value in values.tolist()], dtype=np.int64))
        return np.concatenate(shapes), np.concatenate(found)

    def _ranked(self, layers: list[Layer], ranks: list[str]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        if len(ranks) != len(layers):
            raise InputRefused("request.parameters", method="draft_grids", field="barrier_ranks")
        shapes, found = [np.empty(0, dtype=object)], [np.empty(0, dtype=np.int64)]
        for layer, text in zip(layers, ranks):
            rank, field, values = _said(text)
            for everywhere, some in _reaches(layer, rank, field, values):
                only = {field: list(some)} if field and some else None
                geometries, read = self.read(layer, field, only, everywhere=everywhere)
                shapes.append(geometries)
                one = [some.get(str(value)) if some else _rank(value) if field else rank for value in read.tolist()]
                found.append(np.array(one, dtype=np.int64))
        return np.concatenate(shapes), np.concatenate(found)

    def loads(
        self, layer: Layer | None, field: str | None, weights: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[Any] | None, NDArray[np.float64] | None]:
        """Return components and what each counts: 1, the number in a field, or the weight of the field's value.

        Refused where weights by class are given and no field looks like the class (``draft.no_class_field``).
        """
        if layer is None:
            return None, None
        if field is None and weights:
            field = class_field(self._fields(layer))
            if field is None:
                raise InputRefused("draft.no_class_field", file=_name(layer))
        components, values = self._things(layer, field)
        if field is None:
            return components, None
        if weights is None:
            return components, np.array([_number(value) for value in values.tolist()])
        rest = _number(weights.get("", 1.0))
        known = {name: _number(weight) for name, weight in weights.items() if name}
        return components, np.array([known.get(_text(value), rest) for value in values.tolist()], dtype=np.float64)

    def _things(self, layer: Layer, field: str | None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return components, the store's as mere coordinates, and the values of a field."""
        if layer.path or layer.layer != TABLE or field not in (None, CLASS) or self.crs != self._store_crs():
            return self.read(layer, field)
        places = point_places(self._context)
        if places.lost:
            self.notes.append({"code": "note.unusable", "values": {"count": places.lost, "file": _name(layer)}})
        return places.xy, places.classes if field else objects([None] * len(places.xy))

    def _fields(self, layer: Layer) -> tuple[str, ...]:
        if not layer.path:
            return ("class_code",) if str(layer.layer).startswith("component_") else ()
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


def _any_of(columns: list[NDArray[Any]], wanted: list[str]) -> NDArray[np.bool_]:
    """Tell which rows have one of the values (as text, small or capital letters alike) in one of the columns."""
    values = [text.lower() for text in wanted]
    found = [np.isin(np.array([str(value).lower() for value in one.tolist()], dtype=object), values) for one in columns]
    return np.asarray(np.any(found, axis=0))


def _areas(layer: Layer) -> bool:
    """Tell whether barriers of a layer are areas of the store: rivers far away say what the mean load on land is."""
    return not layer.path and layer.layer == "base_area"


def _reaches(layer: Layer, rank: int, field: str | None, values: dict[str, int]) -> list[tuple[bool, dict[str, int]]]:
    """Return which values of a layer are to be read everywhere, and which near the areas: walls are only lines."""
    if not _areas(layer):
        return [(False, values)]
    if not (field and values):
        return [(field is not None or rank < OUTLINED, values)]
    parts = [(far, {name: at for name, at in values.items() if (at < OUTLINED) == far}) for far in (True, False)]
    return [(far, some) for far, some in parts if some]


def _name(layer: Layer) -> str:
    return base_name(layer.path) if layer.path else str(layer.layer)


def _said(text: str) -> tuple[int, str | None, dict[str, int]]:
    """Read one of ``DraftGrids.barrier_ranks``: rank of all rows, field, ranks of the field's values."""
    try:
        said = json.loads(text) if text else {}
        values = {str(name): int(rank) for name, rank in (said.get("ranks") or {}).items()}
        return int(said.get("rank", _DEFAULT_RANK)), said.get("field") or None, values
    except (AttributeError, TypeError, ValueError):
        raise InputRefused("request.parameters", method="draft_grids", field="barrier_ranks") from None


def _rank(value: Any) -> int:
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return _ROADS.get(str(value).strip().lower(), _DEFAULT_RANK)


def code_texts(values: NDArray[Any]) -> NDArray[Any]:
    """Return codes as text, None where there is none: a column of numbers has NaN there."""
    return objects(None if value is None or value != value else _text(value) for value in values.tolist())


def _text(value: Any) -> str:
    """Return a class as text: a code read as a number has no fraction."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _number(value: Any) -> float:
    """Return a load: a number, nothing below 0."""
    try:
        return max(float(value), 0.0)
    except (TypeError, ValueError):
        return 0.0
