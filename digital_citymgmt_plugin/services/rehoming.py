# SPDX-License-Identifier: GPL-2.0-or-later
"""After grids have changed: components, cases and places are put into the grid that now holds them."""

from __future__ import annotations

import numpy as np

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Condition, Context, Store
from digital_citymgmt_plugin.services.case_events import REHOME, moves
from digital_citymgmt_plugin.services.intake import with_none
from digital_citymgmt_plugin.services.link_places import AREAS, PLACE, CityMap


def rehome(context: Context, store: Store, action: Action) -> dict[str, int]:
    """Set grid and community of every component and case that had a grid and now lies in another, or in none.

    Component codes do not change: they carry no grid. Runs inside the action that changed the grids, so that it sees
    them. A case gets its street, and how its place was found, too; what it had before is told by an ``amend`` event (of
    components by the rows of ``component_change``). Cases without coordinates keep their grid. Places and cameras are
    put right without a word: nobody gave them a grid.

    Returns
    -------
    dict
        ``components_moved``, ``cases_moved``.
    """
    grids = store.read("unit_grid", ["code", "community_code", GEOM], [("status", "=", "current")], ["code"])
    where: list[Condition] = [("grid_code", "not null", None), (GEOM, "not null", None)]
    moved = {"components_moved": 0, "cases_moved": 0}
    for table in COMPONENTS:
        for chunk in store.chunks(table, ["fid", "grid_code", GEOM], where):
            context.cancel.check()
            moved["components_moved"] += _move(action, table, chunk, grids)
    city, at = CityMap(store), moment_text(context.clock())
    for chunk in store.chunks("case_record", ["fid", "stage", *PLACE, GEOM], where):
        context.cancel.check()
        moved["cases_moved"] += _move_cases(action, chunk, city, at)
    for table in ("place", "camera"):
        for chunk in store.chunks(table, ["fid", *AREAS, GEOM], [(GEOM, "not null", None)]):
            context.cancel.check()
            placed = city.areas(chunk[GEOM])
            differs = np.any([placed[name] != chunk[name] for name in AREAS], axis=0)
            action.update(table, chunk["fid"][differs], {name: column[differs] for name, column in placed.items()})
    return moved


def _move(action: Action, table: str, chunk: Columns, grids: Columns) -> int:
    cell = locate_points(chunk[GEOM], grids[GEOM])
    codes, communities = with_none(grids["code"])[cell], with_none(grids["community_code"])[cell]
    differs = codes != chunk["grid_code"]
    if differs.any():
        action.update(
            table, chunk["fid"][differs], {"grid_code": codes[differs], "community_code": communities[differs]}
        )
    return int(differs.sum())


def _move_cases(action: Action, chunk: Columns, city: CityMap, at: str) -> int:
    placed = city.place(chunk)
    differs = np.flatnonzero(placed["grid_code"] != chunk["grid_code"])
    old, new = ({name: columns[name][differs] for name in PLACE} for columns in (chunk, placed))
    action.update("case_record", chunk["fid"][differs], new)
    action.insert("case_event", moves(chunk["fid"][differs], chunk["stage"][differs], old, new, at, REHOME))
    return len(differs)
