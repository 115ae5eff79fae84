# SPDX-License-Identifier: GPL-2.0-or-later
"""Grid, community and code for all components that lack them: one pass, one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.codes import allocate
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points, representative_points
from digital_citymgmt_plugin.core.ports import GEOM, Context, Store
from digital_citymgmt_plugin.core.requests import AssignCodes
from digital_citymgmt_plugin.services.census_write import register_codes
from digital_citymgmt_plugin.services.intake import is_none, with_none

ORDERS = ("place", "import")


def assign_codes(context: Context, request: AssignCodes) -> dict[str, Any]:
    """Put components into unit grids and give codes to those that have none.

    The grid is that of the component's point (middle of a line, a point on an area); on a shared edge it is the grid
    with the lower code. A code is county + class + the next number of this scope, never one used before, in the
    order ``place`` (grid code, then north to south, west to east) or ``import``. Codes do not contain the grid, so a
    component outside every grid gets a code, too, and is counted in ``outside``. Components that have both are left
    alone.

    Returns
    -------
    dict
        Counts ``read`` (components looked at), ``coded``, ``placed`` (grid given), ``outside``, ``scopes``.

    Without unit grids in the store all components count as outside, which is said in the notes.

    Raises
    ------
    InputRefused
        ``input.order``.
    CodeError
        ``codes.exhausted`` before anything is written.
    """
    if request.order not in ORDERS:
        raise InputRefused("input.order", value=request.order, known=", ".join(ORDERS))
    store = context.need_store()
    grids = store.read("unit_grid", ["code", "community_code", GEOM], [("status", "=", "current")], ["code"])
    context.progress(0.05, "progress.reading_components")
    work = _read(context, store)
    counts = {"read": work.size, "coded": 0, "placed": 0, "outside": 0, "scopes": 0}
    notes = [] if len(grids["code"]) else [{"code": "codes.no_grids", "values": {}}]
    result: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": notes}
    if not work.size:
        return result
    context.progress(0.3, "progress.locating", count=work.size)
    cell = locate_points(work.points, grids[GEOM])
    context.cancel.check()
    grid_codes, communities = with_none(grids["code"]), with_none(grids["community_code"])
    placed = (cell >= 0) & work.without_grid
    counts["outside"] = int(((cell < 0) & work.without_grid).sum())
    context.progress(0.45, "progress.numbering")
    codes, counts["scopes"] = _new_codes(store, work, cell, request.order)
    coded = work.without_code
    counts.update(coded=int(coded.sum()), placed=int(placed.sum()))
    if not (coded.any() or placed.any()):
        return result
    with store.action("assign_codes", order=request.order) as action:
        for number, table in enumerate(TABLES):
            mine = (work.table == number) & (coded | placed)
            if mine.any():
                where = placed[mine]
                both = {
                    "code": codes[mine],
                    "grid_code": np.where(where, grid_codes[cell[mine]], work.grid_code[mine]),
                    "community_code": np.where(where, communities[cell[mine]], work.community_code[mine]),
                }
                action.update(table, work.fid[mine], both)
            context.progress(0.55 + 0.1 * number, "progress.saving")
            context.cancel.check()
        register_codes(action, store.profile().component_scheme, "component", codes[coded], work.uuid[coded])
        context.progress(0.95, "progress.saving")
        context.cancel.check()
        action.counts.update(counts)
        result["operation"] = action.operation_uuid
    result["tables"] = [*TABLES, "code_register"]
    return result


_NAMES = ("fid", "uuid", "code", "class_code", "grid_code", "community_code", "table", "points")


@dataclass
class _Work:
    """The components that lack a code or a grid, of all three tables, as arrays; ``points`` has two columns."""

    fid: NDArray[np.int64]
    uuid: NDArray[Any]
    code: NDArray[Any]
    class_code: NDArray[Any]
    grid_code: NDArray[Any]
    community_code: NDArray[Any]
    table: NDArray[np.int64]
    points: NDArray[np.float64]

    def __post_init__(self) -> None:
        self.without_code, self.without_grid = is_none(self.code), is_none(self.grid_code)
        self.size = len(self.fid)


def _read(context: Context, store: Store) -> _Work:
    """Read what there is to do."""
    parts: list[tuple[NDArray[Any], ...]] = []
    for number, table in enumerate(TABLES):
        seen = np.empty(0, dtype=np.int64)
        for lacking in ("code", "grid_code"):
            rows = store.read(table, [*_NAMES[:6], GEOM], [(lacking, "is null", None)], ["fid"])
            fresh = ~np.isin(rows["fid"], seen)
            seen = rows["fid"]
            columns = tuple(rows[name][fresh] for name in _NAMES[:6])
            parts.append((*columns, np.full(int(fresh.sum()), number), _points(rows[GEOM][fresh])))
            context.cancel.check()
    return _Work(*(np.concatenate(column) for column in zip(*parts)))


def _points(geometries: NDArray[Any]) -> NDArray[np.float64]:
    if not len(geometries):
        return np.empty((0, 2))
    if np.all(shapely.get_type_id(geometries) == 0):
        return np.column_stack([shapely.get_x(geometries), shapely.get_y(geometries)])
    return representative_points(geometries)


def _new_codes(store: Store, work: _Work, cell: NDArray[np.int64], order: str) -> tuple[NDArray[Any], int]:
    """Return a code for every component: its own, or the next of its scope in the order asked for."""
    codes = work.code.copy()
    lacking = np.flatnonzero(work.without_code)
    if order == "place":
        # North to south, west to east inside a grid; those outside come last.
        where = np.where(cell[lacking] < 0, np.iinfo(np.int64).max, cell[lacking])
        x, y = work.points[lacking, 0], work.points[lacking, 1]
        lacking = lacking[np.lexsort((work.fid[lacking], x, -y, where))]
    else:
        lacking = lacking[np.lexsort((work.fid[lacking], work.table[lacking]))]
    profile = store.profile()
    scopes = profile.scopes_of_classes(store.meta()["county_code"], work.class_code[lacking])
    given, _last = allocate(profile.component_scheme, scopes, store.max_serials())
    codes[lacking] = given
    return codes, len(np.unique(scopes)) if len(scopes) else 0
