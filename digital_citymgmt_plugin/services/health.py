# SPDX-License-Identifier: GPL-2.0-or-later
"""The health of the chain case → component → grid → department: its counts, and the objects behind each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Condition, Context, Store
from digital_citymgmt_plugin.core.requests import FindObjects

CURRENT: Condition = ("valid_to", "is null", None)
LIVE: Condition = ("merged_uuid", "is null", None)  # a merged double is counted where it goes on
_MERGED: Condition = ("merged_uuid", "not null", None)

UNPLACED: tuple[Condition, ...] = (("grid_code", "is null", None), ("community_code", "is null", None))


@dataclass(frozen=True)
class Item:
    """One number of the health list: which rows of which tables it counts, and what a number above 0 means."""

    key: str
    tables: tuple[str, ...]
    where: tuple[Condition, ...] = ()
    bad: str = ""  # level when the count is not 0; '' is a plain count
    needed: bool = False  # a warning when the count is 0


ITEMS = (
    Item("counties", ("admin_area",), (("level", "=", "county"), CURRENT)),
    Item("streets", ("admin_area",), (("level", "=", "street"), CURRENT)),
    Item("communities", ("admin_area",), (("level", "=", "community"), CURRENT), needed=True),
    Item("areas_without_geometry", ("admin_area",), (("geom", "is null", None), CURRENT), bad="warn"),
    Item("grids", ("unit_grid",), (("status", "=", "current"),), needed=True),
    Item("components", COMPONENTS, (LIVE,), needed=True),
    Item("components_uncoded", COMPONENTS, (("code", "is null", None), LIVE), bad="warn"),
    Item("components_outside", COMPONENTS, (("grid_code", "is null", None), LIVE), bad="error"),
    Item("cases", ("case_record",), needed=True),
    Item("cases_unplaced", ("case_record",), UNPLACED, bad="warn"),
    Item("cases_unlinked", ("case_record",), (("kind", "=", "component"), ("component_uuid", "is null", None)), "warn"),
    Item("issues", ("check_issue",), (("state", "=", "open"),), bad="warn"),
)


def health(context: Context, request: Any = None) -> dict[str, Any]:
    """Count every link of the chain.

    Returns
    -------
    dict
        ``path``, ``meta``, ``items`` (key, count, table, level: ok, warn, error or none) and ``tables`` (row counts).
    """
    store = context.need_store()
    items: list[dict[str, Any]] = []
    for item in ITEMS:
        by_table = {table: _count(store, table, item.where) for table in item.tables}
        count = sum(by_table.values())
        level = "none"
        if item.bad:
            level = item.bad if count else "ok"
        elif item.needed:
            level = "ok" if count else "warn"
        table = max(by_table, key=lambda name: by_table[name])
        items.append({"key": item.key, "count": count, "table": table, "level": level, "by_table": by_table})
    tables = ("admin_area", "unit_grid", *COMPONENTS, "case_record", "case_event", "check_issue", "operation")
    return {
        "path": store.path,
        "meta": store.meta(),
        "items": items,
        "tables": {table: store.count(table) for table in tables},
    }


def _count(store: Store, table: str, where: tuple[Condition, ...]) -> int:
    """Count rows; live ones as all but the few merged, by an index: a look at each takes 0.2 s in a large city."""
    if LIVE not in where:
        return store.count(table, where)
    rest = [condition for condition in where if condition != LIVE]
    merged = store.count(table, [_MERGED])
    if merged and rest:  # with no merged rows SQLite would still look at each row of the other condition
        merged = store.count(table, [*rest, _MERGED])
    return store.count(table, rest) - merged


def find_objects(context: Context, request: FindObjects) -> dict[str, Any]:
    """List the objects behind a number of the health list.

    Returns
    -------
    dict
        ``parts``: table, ``fids`` and ``extent`` (store's CRS; None without geometry) of each table that has some,
        together at most ``limit`` objects in the order of entry; ``extent`` of these; ``total`` of all. ``table`` and
        ``fids`` repeat the part with most objects.
    """
    store = context.need_store()
    item = next((item for item in ITEMS if item.key == request.item), None)
    if item is None:
        raise InputRefused("request.unknown_item", value=request.item)
    totals = {table: store.count(table, item.where) for table in item.tables}
    parts: list[dict[str, Any]] = []
    left = max(1, request.limit)
    for table in sorted(totals, key=lambda name: -totals[name]):
        if totals[table] and left:
            rows = next(store.chunks(table, ["fid", GEOM], item.where, size=left))
            box = shapely.total_bounds(rows[GEOM])
            extent = None if np.isnan(box[0]) else [float(value) for value in box]
            parts.append({"table": table, "fids": rows["fid"].tolist(), "extent": extent})
            left -= len(rows["fid"])
    first = parts[0] if parts else {"table": item.tables[0], "fids": []}
    boxes = np.array([part["extent"] for part in parts if part["extent"]])
    extent = [*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()] if len(boxes) else None
    return {**first, "extent": extent, "parts": parts, "total": sum(totals.values()), "by_table": totals}
