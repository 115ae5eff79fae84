# SPDX-License-Identifier: GPL-2.0-or-later
"""Totals over more than the components' own columns (register, photos, candidates), and the objects behind a total."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import STATES, TABLES
from digital_citymgmt_plugin.core.census.checks.identity import as_bytes
from digital_citymgmt_plugin.core.census.totals import NOTHING, Tie
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests import TotalObjects
from digital_citymgmt_plugin.services.check_city import register_codes
from digital_citymgmt_plugin.services.health import LIVE

# How components are counted: name → column of the components; street and major class follow from others.
COLUMNS = {
    "class": "class_code", "grid": "grid_code", "community": "community_code", "department": "manager_dept",
    "owner": "owner_dept", "state": "state",
}  # fmt: skip
_CODED: list[Condition] = [("code", "not null", None), LIVE]
_ISSUED: list[Condition] = [("kind", "=", COMPONENT), ("status", "=", "issued")]
_PART = 20_000
MOST = 5_000  # objects of an answer

_Object = dict[str, Any]


def more_ties(store: Store, stated_photos: int) -> list[Tie]:
    """Compare components with the register, photos and candidates with components; what a city has none of is left out.

    ``register``: components with a code against codes in use; ``merged``: merged doubles against those whose other half
    is there; ``photo``: photos against those whose component is there; ``photo_stated``: photos against the number that
    components state; ``candidate``: confirmed candidates against those whose component is there.
    """
    ties = [Tie("register", NOTHING, sum(store.count(table, _CODED) for table in TABLES),
                store.count("code_register", _ISSUED))]  # fmt: skip
    for by, (tables, _column, where) in _NAMING.items():
        size = sum(store.count(table, where) for table in tables)
        if size:
            lost = sum(len(rows["fid"]) for _, rows in _lost(store, by))
            ties.append(Tie(by, NOTHING, size - lost, size))
    photos = store.count("photo")
    if photos:
        ties.append(Tie("photo_stated", NOTHING, stated_photos, photos))
    return ties


# What names components: tables, column, which rows of them.
_NAMING: Mapping[str, tuple[Sequence[str], str, list[Condition]]] = {
    "merged": (TABLES, "merged_uuid", [("merged_uuid", "not null", None)]),
    "photo": (("photo",), "object_uuid", []),
    "candidate": (("candidate",), "component_uuid", [("state", "=", "confirmed")]),
}


def _lost(store: Store, by: str) -> Iterator[tuple[str, Columns]]:
    """Yield the rows that name a component which is not there (or none), by table."""
    tables, column, where = _NAMING[by]
    for table in tables:
        for rows in store.chunks(table, ["fid", "uuid", column], where, _PART):
            asked = [uuid for uuid in rows[column].tolist() if uuid]
            there = {
                uuid for each in TABLES for uuid in store.read(each, ["uuid"], [("uuid", "in", asked)])["uuid"].tolist()
            }
            gone = np.array([uuid not in there for uuid in rows[column].tolist()], dtype=bool)
            if gone.any():
                yield table, {name: values[gone] for name, values in rows.items()}


def total_objects(context: Context, request: TotalObjects) -> dict[str, Any]:
    """List the objects behind a total.

    ``by`` and ``key`` are those of ``Totals``. With a key: the components that were counted there. Without: what makes
    the total differ or needs a look, i.e. components that state nothing or a code that nobody knows, lie in no sheet,
    have a code that is not in use in the register, photos and candidates without component …

    Returns
    -------
    dict
        ``objects``: table, uuid, code, name, ``value`` (what it states), x, y; at most ``limit``; ``total`` of all.

    Raises
    ------
    InputRefused
        ``request.unknown_item``.
    """
    store = context.need_store()
    limit = max(1, min(request.limit, MOST))
    found: list[_Object] = []
    total = 0
    for table, column, fids in _behind(context, store, request.by, request.key):
        total += len(fids)
        if len(found) < limit and len(fids):
            found += _told(store, table, column, fids[: limit - len(found)])
    return {"counts": {"objects": total}, "operation": None, "tables": [], "notes": [], "objects": found,
            "total": total}  # fmt: skip


def _told(store: Store, table: str, column: str, fids: NDArray[np.int64]) -> list[_Object]:
    if table == "code_register":
        names = ["uuid", "code", "code", "code"]
    elif table == "photo":
        names = ["uuid", "path", "path", "object_uuid"]
    else:
        names = ["uuid", "code" if table in TABLES else "class_code", "name", column or "uuid"]
    placed = table not in ("code_register", "photo")
    if table == "code_register":
        names[0] = "object_uuid"
    columns = [*dict.fromkeys(names), *([XY] if placed else [])]
    rows = store.read(table, columns, [("fid", "in", fids.tolist())], ["fid"])
    places = rows[XY].tolist() if placed else [(None, None)] * len(fids)
    return [
        {"table": table, "uuid": uuid, "code": code, "name": name, "value": value if column else None,
         "x": None if x is None or x != x else x, "y": None if y is None or y != y else y}
        for uuid, code, name, value, (x, y) in zip(*(rows[name].tolist() for name in names), places)
    ]  # fmt: skip


_Behind = Iterator[tuple[str, str, NDArray[np.int64]]]


def _behind(context: Context, store: Store, by: str, key: str) -> _Behind:
    """Return what yields table, column and fids, some at a time."""
    if by in _NAMING:
        return ((table, _NAMING[by][1], rows["fid"]) for table, rows in _lost(store, by))
    ways: dict[str, Callable[[], _Behind]] = {
        "register": lambda: _against_register(store), "photo_stated": lambda: _stated_photos(store),
        "sheet": lambda: _of_sheet(context, store, key), "table": lambda: _of_table(store, key),
        "grid_community": lambda: _two_ways(store, key),
    }  # fmt: skip
    return ways[by]() if by in ways else _of_column(store, by, key)


def _of_table(store: Store, key: str) -> _Behind:
    for table in TABLES:
        if key in ("", table):
            yield table, "", store.read(table, ["fid"], [LIVE], ["fid"])["fid"]


def _of_column(store: Store, by: str, key: str) -> _Behind:
    """Yield components by what they state; without a key those that state nothing or what nobody knows."""
    column, part_of = _parts_of(store, by)
    known = set(part_of) if by in ("major", "street") else known_keys(store)[by]
    for table in TABLES:
        if key:
            values = [part for part, whole in part_of.items() if whole == key] if part_of else [key]
            yield table, column, store.read(table, ["fid"], [LIVE, (column, "in", values)], ["fid"])["fid"]
            continue
        for rows in store.chunks(table, ["fid", column], [LIVE], 100_000):
            odd = np.array([value not in known for value in rows[column].tolist()], dtype=bool)
            yield table, column, rows["fid"][odd]


def _parts_of(store: Store, by: str) -> tuple[str, dict[str, str]]:
    """Return the column of a way to count and, where codes are added up, code → what it belongs to."""
    if by == "major":
        classes = store.profile().classes
        return "class_code", {one.code: one.major_code for one in classes if one.kind == COMPONENT}
    if by == "street":
        where: list[Condition] = [("level", "=", "community"), ("valid_to", "is null", None)]
        rows = store.read("admin_area", ["code", "parent_code"], where)
        pairs = zip(rows["code"].tolist(), rows["parent_code"].tolist())
        return "community_code", {code: parent for code, parent in pairs if parent}
    if by not in COLUMNS:
        raise InputRefused("request.unknown_item", value=by)
    return COLUMNS[by], {}


def _two_ways(store: Store, key: str) -> _Behind:
    """Yield components that state another community than their grid's; with a key those that it concerns."""
    grids = store.read("unit_grid", ["code", "community_code"], [("code", "not null", None)])
    of_grid = dict(zip(grids["code"].tolist(), grids["community_code"].tolist()))
    for table in TABLES:
        for rows in store.chunks(table, ["fid", "grid_code", "community_code"], [LIVE], 100_000):
            pairs = [
                (of_grid.get(grid) or NOTHING, stated or NOTHING)
                for grid, stated in zip(rows["grid_code"].tolist(), rows["community_code"].tolist())
            ]
            odd = np.array([one != two and (not key or key in (one, two)) for one, two in pairs], dtype=bool)
            yield table, "community_code", rows["fid"][odd]


def known_keys(store: Store) -> dict[str, set[Any]]:
    """Return the codes that are known by way of counting; what is not there has no list."""
    profile = store.profile()
    areas = store.read("admin_area", ["level", "code"], [("valid_to", "is null", None)])
    levels = list(zip(areas["level"].tolist(), areas["code"].tolist()))
    grids = store.read("unit_grid", ["code"], [("status", "=", "current"), ("code", "not null", None)])["code"]
    departments: set[Any] = {one.code for one in profile.departments}
    classes = [one for one in profile.classes if one.kind == COMPONENT]
    return {
        "class": {one.code for one in classes}, "major": {one.major_code for one in classes},
        "grid": set(grids.tolist()), "community": {code for level, code in levels if level == "community"},
        "street": {code for level, code in levels if level == "street"}, "department": departments,
        "owner": departments, "state": set(STATES),
    }  # fmt: skip


def _of_sheet(context: Context, store: Store, key: str) -> _Behind:
    sheets = store.read("sheet", ["number", GEOM], [(GEOM, "not null", None)], ["number"])
    place = sheets["number"].tolist().index(key) if key in sheets["number"].tolist() else -1
    for table in TABLES:
        for rows in store.chunks(table, ["fid", XY], [LIVE], 100_000):
            context.cancel.check()
            yield table, "", rows["fid"][locate_points(rows[XY], sheets[GEOM]) == place]


def _against_register(store: Store) -> _Behind:
    """Yield components whose code is not in use in the register, then codes in use that no component has."""
    register, retired = register_codes(store, None)
    used = register[~retired]
    seen = [np.empty(0, dtype="S1")]
    for table in TABLES:
        for rows in store.chunks(table, ["fid", "code"], _CODED, 100_000):
            codes = as_bytes(rows["code"])
            seen.append(codes)
            yield table, "code", rows["fid"][~np.isin(codes, used)]
    every = np.unique(np.concatenate(seen))
    for rows in store.chunks("code_register", ["fid", "code"], _ISSUED, 100_000):
        yield "code_register", "code", rows["fid"][~np.isin(as_bytes(rows["code"]), every)]


def _stated_photos(store: Store) -> _Behind:
    """Yield components that state another number of photos than there are."""
    owners, counts = np.unique(
        np.array([uuid for uuid in store.read("photo", ["object_uuid"])["object_uuid"].tolist() if uuid], dtype=object),
        return_counts=True,
    )
    have = dict(zip(owners.tolist(), counts.tolist()))
    for table in TABLES:
        for rows in store.chunks(table, ["fid", "uuid", "photo_count"], [LIVE], 100_000):
            pairs = zip(rows["uuid"].tolist(), rows["photo_count"].tolist())
            odd = np.array([have.get(uuid, 0) != whole(stated) for uuid, stated in pairs], dtype=bool)
            yield table, "photo_count", rows["fid"][odd]


def whole(value: Any) -> int:
    """Return a stated number; what is none counts nothing."""
    return int(value) if isinstance(value, (int, float)) and np.isfinite(value) else 0
