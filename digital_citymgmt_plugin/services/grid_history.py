# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids as of a day, and the lineage of one grid both ways: for the map, the lineage panel and files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.history import History, Node, Steps
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_history import GridLineage, GridsOn
from digital_citymgmt_plugin.core.undo import UNDO
from digital_citymgmt_plugin.services.beat_history import beats_on
from digital_citymgmt_plugin.services.intake import objects, today
from digital_citymgmt_plugin.services.lineage_undone import taken_back
from digital_citymgmt_plugin.services.local_days import local_days

COLUMNS = (
    "uuid", "code", "name", "community_code", "status", "valid_from", "valid_to", "retire_reason", "area_m2",
)  # fmt: skip
SAME, RESHAPED, RECODED, RETIRED = "same", "reshaped", "recoded", "retired"  # what became of a grid since a day
LAYER = "unit_grid_on"


@dataclass
class GridHistory:
    """The history with the rows of the store that it is made of."""

    grids: Columns
    history: History
    operations: list[tuple[str, str, str]]  # of each step: uuid, kind, moment (UTC)

    def on(self, day: str) -> Columns:
        """Return the grids that there were at the end of a day, ordered by code, in the shapes they had.

        ``row`` is the grid's place in ``grids``, ``state`` what became of it since.
        """
        rows, shapes = self.history.on(day)
        order = np.argsort(self.grids["code"][rows].astype(str), kind="stable")
        rows, shapes = rows[order], shapes[order]
        found: Columns = {name: self.grids[name][rows] for name in COLUMNS}
        found["row"], found[GEOM] = rows, shapes
        found["area_m2"] = np.round(np.nan_to_num(shapely.area(shapes)), 2)
        retired = np.array([value == "retired" for value in found["status"].tolist()], dtype=bool)
        moved = np.array([one is not last for one, last in zip(shapes, self.history.shapes[rows])], dtype=bool)
        now = np.array([value == "current" for value in self.grids["status"].tolist()], dtype=bool)
        today = {*shapely.to_wkb(shapely.normalize(self.grids[GEOM][now])).tolist()}
        there = np.array([one in today for one in shapely.to_wkb(shapely.normalize(shapes)).tolist()], dtype=bool)
        states = [retired & there, retired, moved]
        found["state"] = np.select(states, [RECODED, RETIRED, RESHAPED], SAME).astype(object)
        return found


def read_history(store: Store) -> GridHistory:
    """Read all grids and their lineage; steps of operations taken back do not count, nor do those of undos."""
    grids = store.read("unit_grid", [*COLUMNS, GEOM], [], ["fid"])
    row_of = {uuid: row for row, uuid in enumerate(grids["uuid"].tolist())}
    standing: list[Condition] = [("undone_by", "is null", None), ("kind", "!=", UNDO)]
    logged = store.read("operation", ["fid", "uuid", "kind", "at"], standing, ["fid"])
    number = {uuid: place for place, uuid in enumerate(logged["uuid"].tolist())}
    rows = store.read("grid_lineage", ["operation_uuid", "parent_uuid", "child_uuid", "share", "old_geom"], [], ["fid"])
    keep = np.array(
        [
            operation in number and parent in row_of and child in row_of
            for operation, parent, child in zip(
                *(rows[name].tolist() for name in ("operation_uuid", "parent_uuid", "child_uuid"))
            )
        ],
        dtype=bool,
    )
    rows = {name: column[keep] for name, column in rows.items()}
    order = np.array([number[uuid] for uuid in rows["operation_uuid"].tolist()], dtype=np.int64)
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    days = local_days(logged["at"], zone)
    before = np.full(len(order), None, dtype=object)
    kept = [place for place, value in enumerate(rows["old_geom"].tolist()) if value]
    before[kept] = shapely.from_wkb(rows["old_geom"][kept], on_invalid="ignore") if kept else []
    steps = Steps(
        np.array([row_of[uuid] for uuid in rows["parent_uuid"].tolist()], dtype=np.int64),
        np.array([row_of[uuid] for uuid in rows["child_uuid"].tolist()], dtype=np.int64),
        np.array([value or 0.0 for value in rows["share"].tolist()], dtype=np.float64), order,
        days[order] if len(order) else np.empty(0, dtype=object), before,
    )  # fmt: skip
    gone = np.array(
        [until if state == "retired" else None for until, state in zip(grids["valid_to"], grids["status"])],
        dtype=object,
    )
    told = list(zip(*(logged[name].tolist() for name in ("uuid", "kind", "at"))))
    history = History(grids["valid_from"], gone, grids[GEOM], steps)
    return GridHistory(grids, history, [told[place] for place in order.tolist()])


def day_of(context: Context, text: str) -> str:
    """Return the day meant by a text; nothing means today.

    Raises
    ------
    InputRefused
        ``lineage.day``.
    """
    asked = text.strip()
    if not asked:
        return today(context)
    try:
        return date.fromisoformat(asked[:10]).isoformat()
    except ValueError as error:
        raise InputRefused("lineage.day", value=text) from error


def grids_on(context: Context, request: GridsOn) -> dict[str, Any]:
    """Give the grids as they were at the end of a day.

    Returns
    -------
    dict
        Counts ``grids_then``, ``unchanged`` (still there in the same shape), ``reshaped``, ``recoded`` (the same
        shape under another code), ``retired`` since;
        ``day``; ``grids``: one dict per grid with its columns, ``state``, ``beat`` (code of its beat that day) and
        ``wkb`` (hex), unless a file was asked for.

    Raises
    ------
    InputRefused
        ``lineage.day``, ``lineage.none_on``; the file cannot be written.
    """
    store, day = context.need_store(), day_of(context, request.day)
    context.progress(0.1, "progress.reading_grids")
    found = read_history(store).on(day)
    size = len(found["code"])
    if not size:
        raise InputRefused("lineage.none_on", day=day)
    beats = beats_on(store, day)
    found["beat"] = objects(beats.get(uuid) for uuid in found["uuid"].tolist())
    context.cancel.check()
    states = found["state"].tolist()
    counts = {"grids_then": size, "unchanged": states.count(SAME), "reshaped": states.count(RESHAPED),
              "recoded": states.count(RECODED), "retired": states.count(RETIRED)}  # fmt: skip
    result: dict[str, Any] = {
        "counts": counts, "operation": None, "tables": [], "day": day,
        "notes": [{"code": "lineage.on", "values": {"day": day, **counts}}],
    }  # fmt: skip
    if request.output:
        names = ("code", "name", "community_code", "beat", "valid_from", "valid_to", "area_m2", "state", GEOM)
        layer: Columns = {"day": objects([day] * size), **{name: found[name] for name in names}}
        layer[GEOM] = objects(_multi(found[GEOM]))
        context.progress(0.6, "progress.writing")
        context.files.write_layer(request.output, LAYER, layer, store.meta().get("crs"), "MultiPolygon")
        result["output"] = request.output
    else:
        plain = [name for name in COLUMNS if name != "status"] + ["state", "beat"]
        rows = zip(*(found[name].tolist() for name in plain), shapely.to_wkb(found[GEOM], hex=True).tolist())
        result["grids"] = [dict(zip([*plain, "wkb"], row)) for row in rows]
    return result


def _multi(shapes: Iterable[Any]) -> list[Any]:
    return [shapely.MultiPolygon([one]) if isinstance(one, shapely.Polygon) else one for one in shapes]


def grid_lineage(context: Context, request: GridLineage) -> dict[str, Any]:
    """Tell who a grid was and what became of it, through any number of operations.

    A version is told as a dict: ``id`` (unique in the answer), ``code``, ``uuid``, ``community_code``, ``version``,
    ``first`` and ``until`` (days; until '' is today), ``status`` (current, retired, reshaped), ``area_m2``, ``wkb``
    (hex); those of kin also ``given`` and ``taken`` (``core.grids.history.Kin``). A step: ``parent`` and ``child``
    (ids), ``share``, ``day``, ``at``, ``kind``, ``operation``.

    Returns
    -------
    dict
        Counts ``ancestors``, ``descendants``, ``operations``; ``grid``, ``ancestors``, ``descendants`` (versions);
        ``came``, ``became`` (steps, those nearest to the grid first); ``taken_back``: operations that hold no more, as
        ``services.lineage_undone`` tells them.

    Raises
    ------
    InputRefused
        ``lineage.unknown_code``, ``lineage.ambiguous``, ``lineage.nothing_here``, ``lineage.not_on``, ``lineage.day``.
    """
    store = context.need_store()
    known = read_history(store)
    start = _start(context, known, request)
    told: dict[str, Any] = {"grid": version_told(known, start)}
    seen: set[str] = set()
    for forward, kin, steps in ((False, "ancestors", "came"), (True, "descendants", "became")):
        listed, nodes = known.history.descent(start, forward=forward)
        related = known.history.kin(start, nodes, forward=forward)
        told[kin] = [
            {**version_told(known, one.node), "given": round(one.given, 6), "taken": round(one.taken, 6)}
            for one in related
        ]
        told[steps] = [step_told(known, step, *ends) for step, ends in zip(listed, known.history.ends(listed))]
        seen.update(known.operations[step][0] for step in listed)
    told["taken_back"] = taken_back(store, str(known.grids["uuid"][start[0]]))
    counts = {"ancestors": len(told["ancestors"]), "descendants": len(told["descendants"]), "operations": len(seen)}
    return {"counts": counts, "operation": None, "tables": [], "notes": [], **told}


def _start(context: Context, known: GridHistory, request: GridLineage) -> Node:
    code, day = request.code.strip(), day_of(context, request.day) if request.day.strip() else None
    if code:
        row = _row_of(known, code)
        code = str(known.grids["code"][row])
        if day is not None and row not in known.history.on(day)[0].tolist():
            raise InputRefused("lineage.not_on", code=code, day=day)
        return known.history.node_on(row, day)
    if len(request.place) != 2:
        raise InputRefused("lineage.unknown_code", value="")
    there = known.on(day or today(context))
    found = int(locate_points(np.array([request.place], dtype=np.float64), there[GEOM])[0])
    if found < 0:
        raise InputRefused("lineage.nothing_here", day=day or today(context))
    return known.history.node_on(int(there["row"][found]), day)


def _row_of(known: GridHistory, asked: str) -> int:
    """Return the grid with a code, or with the only one that ends so: on the map the ends of codes are read."""
    codes, status = known.grids["code"].tolist(), known.grids["status"].tolist()
    if asked in codes:
        return int(codes.index(asked))
    found = [row for row, code in enumerate(codes) if code and code.endswith(asked)]
    found = [row for row in found if status[row] == "current"] or found
    if not found:
        raise InputRefused("lineage.unknown_code", value=asked)
    if len(found) > 1:
        raise InputRefused("lineage.ambiguous", value=asked, count=len(found), first=codes[found[0]])
    return found[0]


def version_told(known: GridHistory, node: Node) -> dict[str, Any]:
    """Return a version as ``grid_lineage`` tells it."""
    row, version = node
    shape = known.history.shape(node)
    first, until = known.history.days(node)
    last = node == known.history.node_on(row)
    told = {name: known.grids[name][row] for name in ("code", "uuid", "name", "community_code")}
    return {
        "id": f"{row}/{version}", **told, "version": version + 1, "first": first, "until": until,
        "status": known.grids["status"][row] if last else RESHAPED,
        "area_m2": round(float(shape.area), 2) if shape is not None else 0.0,
        "wkb": shapely.to_wkb(shape, hex=True) if shape is not None else None,
    }  # fmt: skip


def step_told(known: GridHistory, step: int, parent: Node, child: Node) -> dict[str, Any]:
    """Return a step as ``grid_lineage`` tells it."""
    operation, kind, at = known.operations[step]
    steps = known.history.steps
    return {
        "parent": f"{parent[0]}/{parent[1]}", "child": f"{child[0]}/{child[1]}", "share": float(steps.share[step]),
        "day": str(steps.day[step]), "at": at, "kind": kind, "operation": operation,
    }  # fmt: skip
