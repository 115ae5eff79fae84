# SPDX-License-Identifier: GPL-2.0-or-later
"""Grid, community and code for all components that lack them: one pass, one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.allocation import in_place_order, number_groups, places_in_list
from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests import AssignCodes

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
    placed, coded = (cell >= 0) & work.without_grid, work.without_code
    if not (coded.any() or placed.any()):
        counts["outside"] = int(work.without_grid.sum())
        return result
    context.progress(0.4, "progress.numbering")
    given, scopes = _number(store, work, cell, request.order)
    codes = np.empty(work.size, dtype=object)
    codes[coded] = given
    counts.update(
        coded=int(coded.sum()), placed=int(placed.sum()), outside=int(((cell < 0) & work.without_grid).sum()),
        scopes=scopes,
    )  # fmt: skip
    scheme = store.profile().component_scheme
    grid_codes, communities = grids["code"], grids["community_code"]
    with store.action("assign_codes", order=request.order) as action:
        for number, table in enumerate(TABLES):
            of_table = work.table == number
            for with_code, with_grid in ((True, True), (True, False), (False, True)):
                mine = of_table & (coded == with_code) & (placed == with_grid)
                columns: Columns = {"code": codes[mine]} if with_code else {}
                if with_grid:
                    columns.update(grid_code=grid_codes[cell[mine]], community_code=communities[cell[mine]])
                action.update(table, work.fid[mine], columns)
            action.register(table, work.fid[of_table & coded], COMPONENT, scheme.scope_length)
            context.progress(0.5 + 0.1 * number, "progress.saving")
            context.cancel.check()
        context.progress(0.95, "progress.saving")
        context.cancel.check()
        action.counts.update(counts)
        result["operation"] = action.operation_uuid
    result["tables"] = [*TABLES, "code_register"]
    return result


@dataclass
class _Work:
    """The components that lack a code or a grid, of all three tables, as arrays; ``points`` has two columns."""

    fid: NDArray[np.int64]
    class_code: NDArray[Any]
    points: NDArray[np.float64]
    table: NDArray[np.int8]
    without_code: NDArray[np.bool_]
    without_grid: NDArray[np.bool_]

    @property
    def size(self) -> int:
        return len(self.fid)


def _read(context: Context, store: Store) -> _Work:
    """Read what there is to do."""
    parts: list[tuple[NDArray[Any], ...]] = []
    for number, table in enumerate(TABLES):
        for code in (True, False):
            live: Condition = ("merged_uuid", "is null", None)
            where: list[Condition] = [("code", "is null", None), live]
            if not code:
                where = [("code", "not null", None), ("grid_code", "is null", None), live]
            for rows in store.packed(table, ["class_code", "grid_code", XY], where):
                size = len(rows["fid"])
                marks = (np.full(size, number, dtype=np.int8), np.full(size, code), rows["grid_code"] == "")
                parts.append((rows["fid"], rows["class_code"], rows[XY], *marks))
                context.cancel.check()
    if not parts:
        return _Work(*(np.empty(0, dtype=kind) for kind in (np.int64, object, float, np.int8, bool, bool)))
    return _Work(*(np.concatenate(column) for column in zip(*parts)))


def _number(store: Store, work: _Work, cell: NDArray[np.int64], order: str) -> tuple[NDArray[np.str_], int]:
    """Give every component without a code the next one of its scope, in the order asked for; and how many scopes."""
    lacking = np.flatnonzero(work.without_code)
    profile = store.profile()
    classes, group = places_in_list(work.class_code[lacking])
    scopes, of_class = places_in_list(profile.scopes_of_classes(store.meta()["county_code"], classes))
    names, group = scopes.tolist(), of_class[group]
    if order == "place":
        sequence = in_place_order(cell[lacking], work.points[lacking], work.fid[lacking])
    else:
        sequence = np.lexsort((work.fid[lacking], work.table[lacking]))
    given, _moved = number_groups(profile.component_scheme, names, group[sequence], store.max_serials())
    serial = np.empty_like(given)
    serial[sequence] = given
    scope = np.array(names, dtype=str)[group]
    return profile.component_scheme.join_many(scope, serial), len(names)
