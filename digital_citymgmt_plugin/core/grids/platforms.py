# SPDX-License-Identifier: GPL-2.0-or-later
"""What gets lost when unit grids go to a platform, told before anything is written, and the file compared afterwards.

Two things lose: the file (names of ten bytes, a code page, decimals) and the program that reads it (an importer that
skips several parts, fills holes, gives codes of its own). A profile says both; what is known of an importer and from
where stands in its ``evidence``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.platform_profile import (
    FILL,
    FUSE,
    KEEP,
    SKIP,
    SOURCES,
    SPLIT,
    Platform,
    PlatformField,
)
from digital_citymgmt_plugin.core.ports import GEOM, Columns

_METRES = 111_320.0  # of a degree of latitude, about
WHOLE_FILE = -1
_PARTS_LOST = {
    SPLIT: "handover.loss_parts_split", SKIP: "handover.loss_parts_skip", FUSE: "handover.loss_parts_fuse"
}  # fmt: skip
_HOLES_LOST = {FILL: "handover.loss_holes_fill", FUSE: "handover.loss_holes_fuse"}


@dataclass(frozen=True)
class Loss:
    """Something that gets lost: of which grid (its row, ``WHOLE_FILE`` of all), a sentence's code and values."""

    row: int
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


def fill_fields(platform: Platform, grids: Columns) -> tuple[Columns, list[Loss]]:
    """Return the file's columns, cut to length and code page, and what that loses."""
    size, losses = len(grids["code"]), list[Loss]()
    columns: Columns = {}
    for one in platform.fields:
        sources = one.sources
        alone = one.fill == "{" + sources[0] + "}" if len(sources) == 1 else False
        made = np.empty(size, dtype=object)
        for row in range(size):
            given = {name: grids[name][row] for name in sources}
            if alone:
                value = given[sources[0]]
            else:
                value = " ".join(one.fill.format(**{k: "" if v is None else v for k, v in given.items()}).split())
            if isinstance(value, str):
                value, lost = _fit_text(value, one, platform)
                losses += [Loss(row, code, {"field": one.name, **more}) for code, more in lost]
            made[row] = value
        columns[one.name] = made
    return columns, losses


def _fit_text(value: str, one: PlatformField, platform: Platform) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    lost: list[tuple[str, dict[str, Any]]] = []
    strange = sorted({sign for sign in value if not _holds(platform.encoding, sign)})
    if strange:
        lost.append(("handover.loss_charset", {"signs": "".join(strange), "encoding": platform.encoding}))
        value = "".join("?" if sign in strange else sign for sign in value)
    if one.length and len(value.encode(platform.encoding)) > one.length:
        kept = value.encode(platform.encoding)[: one.length].decode(platform.encoding, "ignore")
        lost.append(("handover.loss_length", {"value": value, "kept": kept, "length": one.length}))
        value = kept
    return value, lost


def _holds(encoding: str, sign: str) -> bool:
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def fit_shapes(
    platform: Platform, shapes: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.int64], list[Loss]]:
    """Round and, where the profile wants it, split shapes that are in the file's CRS.

    Returns
    -------
    shapes : array of polygons or multipolygons
    rows : array of int
        The grid of each.
    losses : list of Loss
        Parts and holes by grid, coordinates for the whole file; grids that rounding leaves no area of have no shape.
    """
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, platform.decimals))
    losses = _precision(platform, shapes, rounded)
    gone = ~(shapely.area(rounded) > 0)
    losses += [Loss(int(row), "handover.loss_collapsed") for row in np.flatnonzero(gone)]
    parts = shapely.get_num_geometries(rounded)
    if platform.parts != KEEP:
        for row in np.flatnonzero(parts > 1).tolist():
            losses.append(Loss(row, _PARTS_LOST[platform.parts], {"count": int(parts[row])}))
    if platform.holes != KEEP:
        losses += _holes(platform, shapes)
    if platform.parts in (SPLIT, FUSE, SKIP):
        pieces, rows = shapely.get_parts(rounded, return_index=True)
        if platform.parts == SPLIT:
            return pieces, rows.astype(np.int64), losses
        single = np.flatnonzero(parts == 1)
        rounded = rounded.copy()
        rounded[single] = shapely.get_geometry(rounded[single], 0)
    return rounded, np.arange(len(rounded), dtype=np.int64), losses


def _holes(platform: Platform, shapes: NDArray[np.object_]) -> Iterable[Loss]:
    pieces, rows = shapely.get_parts(shapes, return_index=True)
    holes = shapely.get_num_interior_rings(pieces)
    for row in np.unique(rows[holes > 0]).tolist():
        count = int(holes[rows == row].sum())
        yield Loss(int(row), _HOLES_LOST[platform.holes], {"count": count})


def _precision(platform: Platform, exact: NDArray[np.object_], rounded: NDArray[np.object_]) -> list[Loss]:
    before, after = shapely.get_coordinates(exact), shapely.get_coordinates(rounded)
    if not len(before):
        return []
    moved = np.abs(after - before).max() * (_METRES if platform.crs == "EPSG:4326" else 1.0)
    if moved <= 0:
        return []
    values = {"decimals": platform.decimals, "moved": f"{float(moved):.3g}"}
    return [Loss(WHOLE_FILE, "handover.loss_precision", values)]


def file_losses(platform: Platform, columns: Sequence[str]) -> list[Loss]:
    """Return what the whole file loses: codes, columns that are not carried or not taken, shifted coordinates."""
    losses = []
    carried = {source for one in platform.fields for source in one.sources}
    left = [name for name in columns if name in SOURCES and name not in carried]
    if left:
        losses.append(Loss(WHOLE_FILE, "handover.loss_columns", {"columns": ", ".join(left)}))
    if platform.taken:
        dropped = [one.name for one in platform.fields if one.name not in platform.taken]
        if dropped:
            losses.append(Loss(WHOLE_FILE, "handover.loss_fields", {"fields": ", ".join(dropped)}))
    if not platform.code_field:
        losses.append(Loss(WHOLE_FILE, "handover.loss_codes"))
    if platform.shift != "none":
        losses.append(Loss(WHOLE_FILE, "handover.loss_shift", {"shift": platform.shift}))
    return losses


def read_back(columns: Columns, found: Columns, decimals: int) -> list[tuple[int, str, dict[str, Any]]]:
    """Compare a file that was read again with what was to be in it, row by row.

    Returns
    -------
    list of (row, code, values)
        ``handover.differs_count``, ``differs_field``, ``differs_shape``.
    """
    size = len(columns[GEOM])
    if len(found[GEOM]) != size:
        return [(WHOLE_FILE, "handover.differs_count", {"written": size, "read": len(found[GEOM])})]
    differs: list[tuple[int, str, dict[str, Any]]] = []
    for name in columns:
        if name == GEOM:
            continue
        if name not in found:
            differs.append((WHOLE_FILE, "handover.differs_field", {"field": name, "written": name, "read": "–"}))
            continue
        for row, (mine, theirs) in enumerate(zip(columns[name].tolist(), found[name].tolist())):
            if not _alike(mine, theirs):
                values = {"field": name, "written": _plain(mine), "read": _plain(theirs)}
                differs.append((row, "handover.differs_field", values))
    one, other = shapely.normalize(columns[GEOM]), shapely.normalize(_single(found[GEOM]))
    same = shapely.equals_exact(shapely.normalize(_single(one)), other, 0.6 * 10.0**-decimals)
    differs += [(int(row), "handover.differs_shape", {}) for row in np.flatnonzero(~same)]
    return differs


def _single(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return multipolygons of one part as polygons: formats differ in that only."""
    alone = np.flatnonzero((shapely.get_type_id(shapes) == 6) & (shapely.get_num_geometries(shapes) == 1))
    made = shapes.copy()
    made[alone] = shapely.get_geometry(shapes[alone], 0)
    return made


def _plain(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _alike(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, (int, float)) and not isinstance(mine, bool):
        try:
            return bool(abs(float(mine) - float(theirs)) <= 1e-6 * max(1.0, abs(float(mine))))
        except (TypeError, ValueError):
            return mine != mine and theirs is None
    return _plain(mine).strip() == _plain(theirs).strip()
