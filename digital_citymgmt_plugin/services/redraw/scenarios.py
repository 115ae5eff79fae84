# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios: the edits of a redraw kept in the store under a name, to be compared, adopted or put aside."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Context, Store
from digital_citymgmt_plugin.core.requests_redraw import DiscardScenario, ListScenarios, SaveScenario
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.redraw.replaying import DISCARDED, OPEN, payload_entries
from digital_citymgmt_plugin.services.redraw.session import CURRENT, digest
from digital_citymgmt_plugin.services.redraw.watching import need_session

_LONGEST = 80  # characters of a name
_COLUMNS = ("uuid", "name", "parent_uuid", "status", "payload", "created_at", "updated_at")


def save_scenario(context: Context, request: SaveScenario) -> dict[str, Any]:
    """Keep the edits of a session as a scenario; nothing of the grids is written. The same again changes nothing.

    Returns
    -------
    dict
        ``scenario`` (uuid); counts ``edits``.

    Raises
    ------
    InputRefused
        ``redraw.no_session``, ``redraw.no_scenario``, ``redraw.no_edits``, ``redraw.scenario_name`` (empty, too long,
        or of another open scenario).
    """
    store = context.need_store()
    session = need_session(context, request.session)
    entries, name = session.entries(), request.name.strip()
    if not entries:
        raise InputRefused("redraw.no_edits")
    if not name or len(name) > _LONGEST:
        raise InputRefused("redraw.scenario_name", name=name, most=_LONGEST)
    payload = json.dumps({"version": 1, "entries": entries}, ensure_ascii=False)
    found = store.read("scenario", ["uuid", "payload"], [("name", "=", name), ("status", "=", OPEN)])
    for uuid, held in zip(found["uuid"].tolist(), found["payload"].tolist()):
        if held == payload:
            session.scenario = uuid
            return _answer(uuid, entries, None)
        if uuid != request.scenario:
            raise InputRefused("redraw.scenario_name", name=name, most=_LONGEST)
    fid = None if request.scenario is None else _fid(store, request.scenario)
    if request.parent is not None:
        _fid(store, request.parent)
    with store.action("save_scenario", name=name) as action:
        if fid is None:
            row = {"name": name, "parent_uuid": request.parent, "status": OPEN, "payload": payload}
            fid = int(action.insert("scenario", {key: objects([value]) for key, value in row.items()})[0])
        else:
            row = {"name": name, "status": OPEN, "payload": payload}
            action.update("scenario", np.array([fid]), {key: objects([value]) for key, value in row.items()})
        action.counts.update(edits=len(entries))
        operation = action.operation_uuid
    uuid = store.read("scenario", ["uuid"], [("fid", "=", fid)])["uuid"][0]
    session.scenario = str(uuid)
    return _answer(session.scenario, entries, operation)


def _answer(scenario: str, entries: list[dict[str, Any]], operation: str | None) -> dict[str, Any]:
    return {
        "scenario": scenario, "counts": {"edits": len(entries)}, "operation": operation,
        "tables": ["scenario"] if operation else [], "notes": [],
    }  # fmt: skip


def list_scenarios(context: Context, request: ListScenarios) -> dict[str, Any]:
    """List scenarios, the newest first; with ``all`` adopted and discarded ones, too.

    Returns
    -------
    dict
        ``scenarios``: ``uuid``, ``name``, ``parent``, ``status`` (open, adopted, discarded), ``edits``, ``created_at``,
        ``updated_at``, ``changed`` (how many of the grids that it touches have another shape now, or are gone).
    """
    store = context.need_store()
    rows = store.read("scenario", _COLUMNS, [] if request.all else [("status", "=", OPEN)], ["fid"])
    now: dict[str, str] = {}
    listed = []
    for uuid, name, parent, status, payload, created, updated in zip(*(rows[key].tolist() for key in _COLUMNS)):
        try:
            entries = payload_entries(payload)
        except InputRefused:
            entries = []
        then: dict[str, str] = {}
        for entry in entries:
            for cell, value in entry["base"].items():
                then.setdefault(cell, value)
        now.update(_digests(store, [cell for cell in then if cell not in now]))
        changed = sum(now.get(cell) != value for cell, value in then.items())
        listed.append(
            {"uuid": uuid, "name": name, "parent": parent, "status": status, "edits": len(entries),
             "created_at": created, "updated_at": updated, "changed": changed}
        )  # fmt: skip
    return {"scenarios": listed[::-1], "counts": {"scenarios": len(listed)}, "tables": [], "notes": []}


def discard_scenario(context: Context, request: DiscardScenario) -> dict[str, Any]:
    """Put a scenario aside.

    Raises
    ------
    InputRefused
        ``redraw.no_scenario``.
    """
    store = context.need_store()
    fid = _fid(store, request.scenario)
    if store.count("scenario", [("fid", "=", fid), ("status", "=", DISCARDED)]):
        return {"counts": {"discarded": 0}, "operation": None, "tables": [], "notes": []}
    with store.action("discard_scenario") as action:
        action.update("scenario", np.array([fid]), {"status": objects([DISCARDED])})
        action.counts.update(discarded=1)
        operation = action.operation_uuid
    return {"counts": {"discarded": 1}, "operation": operation, "tables": ["scenario"], "notes": []}


def _fid(store: Store, scenario: str) -> int:
    found = store.read("scenario", ["fid"], [("uuid", "=", scenario)])["fid"]
    if not len(found):
        raise InputRefused("redraw.no_scenario")
    return int(found[0])


def _digests(store: Store, cells: list[str]) -> dict[str, str]:
    """Return digests of the shapes of current grids."""
    if not cells:
        return {}
    rows = store.read("unit_grid", ["uuid", GEOM], [*CURRENT, ("uuid", "in", cells)])
    return {uuid: digest(shape) for uuid, shape in zip(rows["uuid"].tolist(), rows[GEOM].tolist())}
