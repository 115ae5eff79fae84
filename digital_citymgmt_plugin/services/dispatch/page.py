# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of one case: all fields, its timeline, photos, component, what lies near, what may be done."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.cases import queues
from digital_citymgmt_plugin.core.cases.names import LAMPS
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import XY, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_dispatch import CasePage
from digital_citymgmt_plugin.services.dispatch import near
from digital_citymgmt_plugin.services.dispatch.holding import CASES, boards
from digital_citymgmt_plugin.services.dispatch.listing import moment_of, read_cases
from digital_citymgmt_plugin.services.dispatch.moving import moves_of

MORE = (
    "link_method", "link_score", "place_method", "place_score", "stated_area", "accepted_at", "disposed_at",
    "feedback_at", "checked_at", "on_time", "on_time_basis", "appealed", "appeal_open", "limit_value", "limit_unit",
    "stated_due_at", "clock_from", "parked_from", "attributes", "created_at", "updated_at",
)  # fmt: skip
EVENTS = (
    "fid", "action", "from_stage", "to_stage", "at", "done_by", "dept_code", "reason", "source", "payload",
    "operation_uuid",
)  # fmt: skip
CARD = (
    "fid", "uuid", "code", "class_code", "name", "manager_dept", "owner_dept", "maintainer_dept", "grid_code", "state",
    "first_on", "changed_on", "source", "remark", XY,
)  # fmt: skip
_LONGEST = 500  # events or photos that a page shows


def case_page(context: Context, request: CasePage) -> dict[str, Any]:
    """Tell all of one case.

    Returns
    -------
    dict
        ``case``: its columns, ``x``, ``y``, ``lamp``, names (``community_name``, ``street_name``, ``beat_name``) and
        ``attributes`` as a dict; ``events`` by time, each with ``dept_name``; ``newest``: fid of the newest event
        by entry (0 without one), which a move says it saw; ``photos`` (``path`` within the photo folder, ``taken_at``,
        ``of``: case or component), ``component`` (None without one), ``earlier``, ``collectors``, ``cameras``;
        ``moves``: see ``moving.moves_of``.

    Raises
    ------
    InputRefused
        ``dispatch.no_case``.
    """
    store, held = context.need_store(), boards(context)
    fid = request.fid
    if request.case_no:
        rows = store.read(CASES, ["fid"], [("case_no", "=", request.case_no)])["fid"]
        fid = int(rows[0]) if len(rows) else 0
    now = moment_of(context)
    board = held.full if held.ready else held.open
    known = read_cases(store, np.array([fid], dtype=np.int64), now)
    if not known:
        raise InputRefused("dispatch.no_case", value=request.case_no or fid)
    case = known[0]
    at = board.rows_of(np.array([fid], dtype=np.int64))
    case["lamp"] = LAMPS[int(queues.lamps(held.open, now)[at[0]])] if board is held.open and len(at) else ""
    if board is held.full and len(at):
        case["lamp"] = LAMPS[int(queues.lamps(board, now)[at[0]])]
    more = store.read(CASES, MORE, [("fid", "=", fid)])
    case.update({name: more[name][0] for name in MORE})
    case["attributes"] = _dict(case["attributes"])
    name_places(store, case)
    events = events_of(store, fid)
    x, y = case["x"], case["y"]
    radius = request.earlier or _radius(store, case)
    placed = x is not None and y is not None
    return {
        "case": case, "events": events, "newest": max((one["fid"] for one in events), default=0),
        "photos": photos_of(store, case), "component": component_of(store, case.get("component_uuid")),
        "earlier": near.earlier(store, case, x, y, radius), "radius": radius,
        "collectors": near.collectors(store, x, y, case["grid_code"]) if placed else [],
        "moves": moves_of(store.profile(), case, request.role),
        "cameras": near.cameras(store, x, y, request.near) if placed else [],
        "counts": {}, "tables": [], "notes": [],
    }  # fmt: skip


def name_places(store: Store, case: dict[str, Any]) -> None:
    """Name community, street and beat of a case in it."""
    codes = [case[name] for name in ("community_code", "street_code") if case[name]]
    areas = store.read("admin_area", ["code", "name"], [("code", "in", codes), ("valid_to", "is null", None)])
    names = dict(zip(areas["code"].tolist(), areas["name"].tolist()))
    case["community_name"] = names.get(case["community_code"])
    case["street_name"] = names.get(case["street_code"])
    case["beat_name"] = near.beat_name(store, case["grid_code"])


def _radius(store: Store, case: dict[str, Any]) -> float:
    """Return within how many metres cases of the class are of one place: the tolerance of its components."""
    profile = store.profile()
    entry = profile.class_by_code("component").get(str(case["class_code"])) if case["kind"] == "component" else None
    return profile.tolerance(entry) if entry is not None else float(profile.setting("tolerance_other_m"))


def events_of(store: Store, fid: int) -> list[dict[str, Any]]:
    """Return the timeline of a case."""
    rows = store.read("case_event", EVENTS, [("case_fid", "=", fid)], ["fid"])
    departments = store.profile().department_by_code()
    events = []
    for values in zip(*(rows[name].tolist() for name in EVENTS)):
        event = dict(zip(EVENTS, values))
        event["payload"] = _dict(event["payload"])
        named = departments.get(str(event["dept_code"]))
        event["dept_name"] = named.name if named else event["dept_code"]
        events.append(event)
    return sorted(events, key=lambda one: (str(one["at"] or ""), one["fid"]))[-_LONGEST:]


def photos_of(store: Store, case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the photos of a case and of its component."""
    owners = {uuid: of for uuid, of in ((case["uuid"], "case"), (case["component_uuid"], "component")) if uuid}
    where: list[Condition] = [("object_uuid", "in", list(owners))]
    rows = store.read("photo", ["path", "taken_at", "object_uuid"], where, ["taken_at"])
    told = zip(rows["path"].tolist(), rows["taken_at"].tolist(), rows["object_uuid"].tolist())
    return [{"path": path, "taken_at": at, "of": owners[uuid]} for path, at, uuid in told][:_LONGEST]


def component_of(store: Store, uuid: str | None) -> dict[str, Any] | None:
    """Return the card of a component, None without one."""
    if not uuid:
        return None
    profile = store.profile()
    departments = profile.department_by_code()
    for table in COMPONENTS:
        rows = store.read(table, CARD, [("uuid", "=", uuid)])
        if len(rows["fid"]):
            card = {name: rows[name][0] for name in CARD if name not in (XY, "fid")}
            x, y = rows[XY][0].tolist()
            entry = profile.class_by_code("component").get(str(card["class_code"]))
            for name in ("manager_dept", "owner_dept", "maintainer_dept"):
                known = departments.get(str(card[name]))
                card[f"{name}_name"] = known.name if known else card[name]
            placed = bool(np.isfinite((x, y)).all())
            return {
                **card, "fid": int(rows["fid"][0]), "table": table, "class_name": entry.name if entry else None,
                "x": x if placed else None, "y": y if placed else None,
            }  # fmt: skip
    return None


def _dict(text: Any) -> dict[str, Any]:
    try:
        told = json.loads(text or "{}")
    except (TypeError, ValueError):
        return {"text": str(text)}
    return told if isinstance(told, dict) else {"text": str(text)}
