# SPDX-License-Identifier: GPL-2.0-or-later
"""A person confirms, rejects, merges or reopens candidates, singly or in bulk by class, sheet, drawing and distance."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.basemap.near import groups_within, near_known
from digital_citymgmt_plugin.core.census import GONE
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_basemap import DecideCandidates
from digital_citymgmt_plugin.services.candidates import CONFIRMED, MERGED, OPEN, REJECTED
from digital_citymgmt_plugin.services.intake import objects, today, with_none
from digital_citymgmt_plugin.services.sheet_names import frame_of

DECISIONS = ("confirm", "reject", "merge", "reopen")
FARTHEST = 100.0  # m: a larger distance is a slip
SOURCE = "底图"  # source of a component that a candidate became
_COMPONENTS = ("component_point", "component_line", "component_area")
_READ = ("fid", "uuid", "class_code", "name", "state", "drawing", "handle", "layer", "symbol_code", GEOM)


def decide_candidates(context: Context, request: DecideCandidates) -> dict[str, Any]:
    """Confirm, reject, merge or reopen candidates.

    Confirming makes a component of each, with class and place of the candidate and the base map as source; it gets its
    code when codes are assigned. Merging leaves one open and points the others to it. A confirmed candidate can only
    be reopened by taking the action back. By filter, a second run finds nothing to do.

    Returns
    -------
    dict
        Counts ``chosen``, ``changed``, ``decided`` (already); ``components``: uuids made.

    Raises
    ------
    InputRefused
        ``candidate.decision``, ``candidate.none``, ``candidate.class``, ``candidate.drawing``, ``candidate.distance``,
        ``candidate.merge_few``, ``candidate.merge_all``, ``sheets.unknown``.
    """
    if request.decision not in DECISIONS:
        raise InputRefused("candidate.decision", decision=request.decision, known=", ".join(DECISIONS))
    if request.distance is not None and not 0 <= request.distance <= FARTHEST:
        raise InputRefused("candidate.distance", value=request.distance, most=FARTHEST)
    store = context.need_store()
    uuids = [one.strip() for one in request.candidates.split(",") if one.strip()]
    if request.decision == "merge" and not uuids and request.distance is None:
        raise InputRefused("candidate.merge_all")  # else all lamps of a city would become one
    rows = _chosen(store, request, uuids)
    wanted = (OPEN,) if request.decision != "reopen" else (REJECTED, MERGED)
    if request.distance is not None and request.decision != "merge":
        rows = _by_distance(context, store, request, rows)
    size = len(rows["fid"])
    if uuids and not size:
        raise InputRefused("candidate.none")
    can = np.array([state in wanted for state in rows["state"].tolist()], dtype=bool)
    rows = {name: values[can] for name, values in rows.items()}
    into = _into(rows, request, uuids) if request.decision == "merge" else None
    if into is not None:
        moved = np.array([one is not None for one in into], dtype=bool)
        rows, into = {name: values[moved] for name, values in rows.items()}, into[moved]
    counts = {"chosen": size, "changed": len(rows["fid"]), "decided": int((~can).sum())}
    if not counts["changed"]:
        return {"counts": counts, "components": [], "operation": None, "tables": []}
    context.cancel.check()
    made: list[str] = []
    with store.action("decide_candidates", decision=request.decision) as action:
        if request.decision == "confirm":
            made = _confirm(context, store, action, rows, request.as_class)
        else:
            _set_state(action, rows, request, into)
        context.cancel.check()
        action.counts.update(counts)
    tables = ["candidate", "component_point"] if made else ["candidate"]
    return {"counts": counts, "components": made[:10_000], "operation": action.operation_uuid, "tables": tables}


def _chosen(store: Store, request: DecideCandidates, uuids: list[str]) -> Columns:
    """Read the candidates named, or those that the filter takes; a filter with a slip is refused, not found empty."""
    if uuids:
        return store.read("candidate", list(_READ), [("uuid", "in", uuids)], ["fid"])
    states = [OPEN] if request.decision != "reopen" else [REJECTED, MERGED]
    where: list[Condition] = [("state", "in", states)]
    if request.class_code:
        _check_class(store, request.class_code)
        where.append(("class_code", "=", request.class_code))
    if request.drawing:
        if not store.count("candidate", [("drawing", "=", request.drawing)]):
            raise InputRefused("candidate.drawing", value=request.drawing)
        where.append(("drawing", "=", request.drawing))
    frame = None
    if request.sheet:
        frame = frame_of(store, request.sheet)
        if frame is None:
            raise InputRefused("sheets.unknown", value=request.sheet)
    rows = store.read("candidate", list(_READ), where, ["fid"])
    if frame is not None:
        inside: NDArray[np.bool_] = shapely.intersects(rows[GEOM], frame)
        rows = {name: values[inside] for name, values in rows.items()}
    return rows


def _check_class(store: Store, code: str) -> None:
    if code not in store.profile().class_by_code("component"):
        raise InputRefused("candidate.class", value=code)


def _by_distance(context: Context, store: Store, request: DecideCandidates, rows: Columns) -> Columns:
    """Keep, to confirm, what has no component of its class within the distance; else what has one."""
    size = len(rows["fid"])
    kinds = objects([request.as_class] * size) if request.as_class else rows["class_code"]
    distance = request.distance or 0.0
    near = np.zeros(size, dtype=bool)
    where: list[Condition] = [("class_code", "in", sorted({kind for kind in kinds.tolist() if kind}))]
    tree = shapely.STRtree(rows[GEOM])
    for table in _COMPONENTS:
        for chunk in store.chunks(table, ["class_code", "state", GEOM], where):
            context.cancel.check()
            there = np.array([state not in GONE for state in chunk["state"].tolist()], dtype=bool)
            near[near_known(tree, kinds, chunk[GEOM][there], chunk["class_code"][there], distance)] = True
    keep = ~near if request.decision == "confirm" else near
    return {name: values[keep] for name, values in rows.items()}


def _into(rows: Columns, request: DecideCandidates, uuids: list[str]) -> NDArray[Any]:
    """Return, for each candidate, the uuid of the one that it is merged into; None for those that go on."""
    names = rows["uuid"].tolist()
    found = objects([None] * len(names))
    if request.distance is None:
        goes_on = request.into or (names[0] if names else "")
        if len(names) < 2 or goes_on not in names:
            raise InputRefused("candidate.merge_few")
        return objects(None if name == goes_on else goes_on for name in names)
    for group in groups_within(shapely.get_coordinates(rows[GEOM]), rows["class_code"], request.distance):
        first = next((row for row in group.tolist() if names[row] == request.into), int(group[0]))
        found[group[group != first]] = names[first]
    return found


def _set_state(action: Action, rows: Columns, request: DecideCandidates, into: NDArray[Any] | None) -> None:
    state = {"merge": MERGED, "reject": REJECTED, "reopen": OPEN}[request.decision]
    size = len(rows["fid"])
    values = {"state": objects([state] * size), "merged_uuid": objects([None] * size) if into is None else into}
    if request.reason is not None:
        values["remark"] = objects([request.reason] * size)
    action.update("candidate", rows["fid"], values)


def _confirm(context: Context, store: Store, action: Action, rows: Columns, as_class: str | None) -> list[str]:
    """Make components; returns their uuids."""
    size = len(rows["fid"])
    codes = [as_class] * size if as_class else rows["class_code"].tolist()
    there = store.profile().class_by_code("component")
    wrong = next((code for code in codes if code not in there), None)
    if wrong is not None or any(code is None for code in codes):
        raise InputRefused("candidate.class", value=str(wrong or ""))
    # What a symbol is called is its class, unless the drawing says more: a component without a name fails a rule.
    names = [name or there[code].name for name, code in zip(rows["name"].tolist(), codes)]
    uuids = [str(uuid4()) for _ in range(size)]
    grids = store.read("unit_grid", ["code", "community_code", GEOM], [("status", "=", "current")], ["code"])
    cell = locate_points(rows[GEOM], grids[GEOM])
    day = today(context)
    origin = (
        json.dumps({"drawing": drawing, "handle": handle, "layer": layer, "code": code}, ensure_ascii=False)
        for drawing, handle, layer, code in zip(
            *(rows[name].tolist() for name in ("drawing", "handle", "layer", "symbol_code"))
        )
    )
    action.insert(
        "component_point",
        {
            "uuid": objects(uuids), "class_code": objects(codes), "name": objects(names),
            "state": objects(["完好"] * size), "first_on": objects([day] * size), "source": objects([SOURCE] * size),
            "attributes": objects(origin), "grid_code": with_none(grids["code"])[cell],
            "community_code": with_none(grids["community_code"])[cell], GEOM: rows[GEOM],
        },
    )  # fmt: skip
    values = {"state": objects([CONFIRMED] * size), "component_uuid": objects(uuids), "class_code": objects(codes)}
    action.update("candidate", rows["fid"], values)
    return uuids
