# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the cases that an analysis is asked of, and the cells they are counted on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.facts import COLLECTOR, OTHERS, source_kind
from digital_citymgmt_plugin.core.cases.times import from_text, to_local
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.hotspots.density import lattice, many
from digital_citymgmt_plugin.core.ports import GEOM, XY, Context, Store
from digital_citymgmt_plugin.core.requests_scan import CasesAsked
from digital_citymgmt_plugin.services.beat_rows import ROAD

HEXAGON = "hexagon"
LAYERS = (".gpkg", ".shp", ".geojson", ".fgb")
SOURCES = {"collector": COLLECTOR, "citizen": OTHERS}
CELLS = {"grid": "grid_code", "community": "community_code", "street": "street_code"}
_COLUMNS = (
    "stage", "kind", "class_code", "source", "dept_code", "grid_code", "community_code", "street_code", "reported_at",
    XY,
)  # fmt: skip
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Picked:
    """Cases that were asked: ``local`` moments of reporting, ``xy`` (CRS of the store, NaN for none), codes.

    ``seen``: cases of the store; ``undated``: those that asked days could not be compared with.
    """

    fid: Ints
    local: NDArray[np.datetime64]
    xy: NDArray[np.float64]
    source_kind: NDArray[np.int8]
    codes: dict[str, NDArray[np.object_]]
    seen: int
    undated: int

    def at(self, rows: NDArray[Any]) -> Picked:
        """Return some of them."""
        codes = {name: values[rows] for name, values in self.codes.items()}
        return Picked(
            self.fid[rows], self.local[rows], self.xy[rows], self.source_kind[rows], codes, self.seen, self.undated
        )

    @property
    def located(self) -> NDArray[np.bool_]:
        """Tell which have a point."""
        return np.asarray(np.isfinite(self.xy).all(axis=1), dtype=bool)


@dataclass(frozen=True)
class Cells:
    """What cases are counted on, by code."""

    codes: NDArray[np.object_]
    names: NDArray[np.object_]
    shapes: NDArray[np.object_]

    @property
    def centre(self) -> NDArray[np.float64]:
        """Return (n, 2) points that lie in the cells."""
        return np.asarray(shapely.get_coordinates(shapely.point_on_surface(self.shapes)), dtype=np.float64)


def pick(context: Context, request: CasesAsked) -> Picked:
    """Read the cases that were asked, with progress.

    Raises
    ------
    InputRefused
        ``assess.date``, ``assess.period``, ``assess.where`` (sources, kind).
    """
    store = context.need_store()
    first, last = days_of(request)
    for source in request.sources:
        if source not in SOURCES:
            raise InputRefused("assess.where", value=f"sources={source}", known=", ".join(SOURCES))
    if request.kind not in ("", "component", "event"):
        raise InputRefused("assess.where", value=f"kind={request.kind}", known="component, event")
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    total, seen, undated = max(1, store.count("case_record")), 0, 0
    parts: list[Picked] = [_nothing()]
    for part in store.packed("case_record", _COLUMNS):
        context.progress(0.3 * seen / total, "progress.reading_cases")
        context.cancel.check()
        seen += len(part["fid"])
        keep = np.asarray(part["stage"] != "void", dtype=bool)
        keep &= _meets(part, request)
        moments = from_text(np.array([value or None for value in part["reported_at"].tolist()], dtype=object))
        local = to_local(moments, zone)
        day = local.astype("datetime64[D]")
        if first or last:
            undated += int((keep & np.isnat(day)).sum())
            keep &= ~np.isnat(day)
            keep &= (day >= np.datetime64(first)) if first else True
            keep &= (day <= np.datetime64(last)) if last else True
        kind = np.array([source_kind(text) for text in part["source"].tolist()], dtype=np.int8)
        if request.sources:
            keep &= np.isin(kind, [SOURCES[source] for source in request.sources])
        codes = {name: part[column][keep] for name, column in CELLS.items()}
        xy = np.asarray(part[XY], dtype=np.float64).reshape(-1, 2)[keep]
        parts.append(Picked(part["fid"][keep].astype(np.int64), local[keep], xy, kind[keep], codes, 0, 0))
    return Picked(
        np.concatenate([part.fid for part in parts]), np.concatenate([part.local for part in parts]),
        np.concatenate([part.xy for part in parts]), np.concatenate([part.source_kind for part in parts]),
        {name: np.concatenate([part.codes[name] for part in parts]) for name in CELLS}, seen, undated,
    )  # fmt: skip


def days_of(request: CasesAsked) -> tuple[str, str]:
    """Return first and last day that were asked, checked."""
    for name in ("from_date", "to_date"):
        text = getattr(request, name)
        try:
            if text and date.fromisoformat(text).isoformat() != text:
                raise ValueError(text)
        except ValueError:
            raise InputRefused("assess.date", field=name, value=text) from None
    if request.from_date and request.to_date and request.from_date > request.to_date:
        raise InputRefused("assess.period", from_date=request.from_date, to_date=request.to_date)
    return request.from_date, request.to_date


def _nothing() -> Picked:
    empty = np.empty(0, dtype=object)
    return Picked(
        np.empty(0, dtype=np.int64), np.empty(0, dtype="datetime64[ms]"), np.empty((0, 2)), np.empty(0, dtype=np.int8),
        dict.fromkeys(CELLS, empty), 0, 0,
    )  # fmt: skip


def _meets(part: dict[str, NDArray[Any]], request: CasesAsked) -> NDArray[np.bool_]:
    keep = np.ones(len(part["fid"]), dtype=bool)
    if request.kind:
        keep &= np.asarray(part["kind"] == request.kind, dtype=bool)
    if request.classes:
        wanted = tuple(request.classes)
        keep &= np.array([str(code or "").startswith(wanted) for code in part["class_code"].tolist()], dtype=bool)
    for asked, column in (
        (request.departments, "dept_code"), (request.streets, "street_code"), (request.communities, "community_code")
    ):  # fmt: skip
        if asked:
            keep &= np.isin(part[column].astype(str), asked)
    return keep


def cells_of(store: Store, by: str) -> Cells:
    """Return the current cells of a kind that have a shape, ordered by code.

    Raises
    ------
    InputRefused
        ``scan.by``, ``scan.no_cells``.
    """
    if by not in CELLS:
        raise InputRefused("scan.by", value=by, known=", ".join(CELLS))
    if by == "grid":
        rows = store.read("unit_grid", ["code", "name", GEOM], [("status", "=", "current")], ["code"])
    else:
        where = [("level", "=", by), ("valid_to", "is null", None)]
        rows = store.read("admin_area", ["code", "name", GEOM], where, ["code"])
    there = np.array([shape is not None and not shape.is_empty for shape in rows[GEOM].tolist()], dtype=bool)
    if not there.any():
        raise InputRefused("scan.no_cells", by=by)
    names = np.array([name or "" for name in rows["name"].tolist()], dtype=object)
    return Cells(rows["code"][there], names[there], shapely.force_2d(rows[GEOM][there]))


def cell_of(cells: Cells, picked: Picked, by: str) -> Ints:
    """Return the cell of each case: by the code it has, else by its point; −1 for none."""
    row_of = {code: row for row, code in enumerate(cells.codes.tolist())}
    found = np.array([row_of.get(code, -1) for code in picked.codes[by].tolist()], dtype=np.int64)
    rows = np.flatnonzero((found < 0) & picked.located)
    found[rows] = locate_points(picked.xy[rows], cells.shapes)
    return found


def hexagons(picked: Picked, across: float) -> tuple[Cells, Ints]:
    """Return the hexagons that hold cases, and the hexagon of each case; −1 for cases without a point."""
    row = np.full(len(picked.fid), -1, dtype=np.int64)
    there = np.flatnonzero(picked.located)
    if not len(there):
        empty = np.empty(0, dtype=object)
        return Cells(empty, empty, empty), row
    ground = lattice(picked.xy[there], across, across)
    number, row[there] = np.unique(ground.at(picked.xy[there]), return_inverse=True)
    middle = ground.middle(number)
    # A name that is the same whatever cases were asked: half steps of the lattice from the origin of the coordinates.
    names = np.rint(middle / [across / 2, across * math.sqrt(3) / 2]).astype(np.int64).tolist()
    codes = np.array([f"{x}_{y}" for x, y in names], dtype=object)
    return Cells(codes, np.array([""] * len(codes), dtype=object), ground.shapes(number)), row


def roads(store: Store) -> NDArray[np.object_]:
    """Return the roads of the base map."""
    parts = [
        shapely.force_2d(chunk[GEOM])
        for chunk in store.packed("base_line", [GEOM], [("theme", "=", ROAD), (GEOM, "not null", None)])
    ]
    lines = np.concatenate(parts) if parts else np.empty(0, dtype=object)
    return lines[np.isfinite(shapely.bounds(lines)).all(axis=1)] if len(lines) else lines


def write_shapes(
    context: Context, path: str, layer: str, columns: dict[str, NDArray[Any]], shapes: NDArray[np.object_]
) -> None:
    """Write rows with their (multi)polygons in the CRS of the store; as a table where the file can have no shapes."""
    crs = context.need_store().meta()["crs"] if path.lower().endswith(LAYERS) else None
    written = {**columns, GEOM: many(shapes)} if crs else columns
    context.files.write_layer(path, layer, written, crs, "MultiPolygon" if crs else None)
