# SPDX-License-Identifier: GPL-2.0-or-later
"""Rulings (确权): who answers for a thing, decided by people with evidence, kept and used as precedents."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import representative_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Context, Store
from digital_citymgmt_plugin.core.requests_duty import ListRulings, RecordRuling
from digital_citymgmt_plugin.services.duty import explain
from digital_citymgmt_plugin.services.duty_ground import KINDS, OWNER, UNOWNED, ground_of
from digital_citymgmt_plugin.services.evidence_copies import copied, files_of, path_of
from digital_citymgmt_plugin.services.intake import objects, today

_MOST_FILES = 50
_MOST_BYTES = 2 << 30  # of all files of a ruling
_LONGEST = 4_000  # characters of a decision
_CASE = ("fid", "kind", "class_code", "component_uuid", "address", "stage", "dept_code", "unowned", GEOM)
_SAME = ("case_fid", "component_uuid", "kind", "department_code", "decision", "ruled_on", "ruled_by", "evidence")
_SOURCE = "ruling"  # of the event in the case's log


def record_ruling(context: Context, request: RecordRuling) -> dict[str, Any]:
    """Record a ruling with copies of its evidence; the case is marked as nobody's or somebody's, its log tells of it.

    The newest ruling of a component decides for later cases of it (``precedent``); for like cases near it is shown.
    Nothing is dispatched and the component's own departments stay as the census has them. The same ruling said again
    writes nothing.

    Returns
    -------
    dict
        ``ruling``: its uuid; counts ``rulings``, ``evidence``.

    Raises
    ------
    InputRefused
        ``ruling.kind``, ``ruling.nothing`` (no case and no component), ``ruling.no_component``,
        ``ruling.department``, ``ruling.day``, ``ruling.long``, ``ruling.many_files``, ``dispatch.no_case``, and what
        ``storage.evidence`` refuses; ``evidence.large_all``.
    """
    store = context.need_store()
    day = _checked(context, store, request)
    case = _case(store, request.case) if request.case else None
    uuid = request.component or (case["component_uuid"] if case and request.of_component else None)
    component = _component(store, uuid) if uuid else None
    if case is None and component is None:
        raise InputRefused("ruling.nothing")
    evidence = []
    for path in request.evidence:
        context.cancel.check()
        evidence.append(context.files.evidence(path))
    if sum(one["bytes"] for one in evidence) > _MOST_BYTES:
        raise InputRefused("evidence.large_all", most=_MOST_BYTES >> 20)
    warnings = explain(context, store, [request.case])[0]["warnings"] if request.case else []
    place = _place(component, case)
    owner = request.department_code if request.kind == OWNER else None
    class_code = case["class_code"] if case else component["class_code"] if component else None
    row = {
        GEOM: place, "component_uuid": uuid, "class_code": class_code, "department_code": owner,
        "decision": request.decision.strip() or None,
        "evidence": json.dumps(evidence, ensure_ascii=False) if evidence else None,
        "ruled_on": day, "ruled_by": request.ruled_by.strip() or None, "case_fid": request.case or None,
        "kind": request.kind, "address": case["address"] if case else None,
        "warning": json.dumps(warnings, ensure_ascii=False) if warnings else None,
    }  # fmt: skip
    same = [(name, "=", row[name]) if row[name] is not None else (name, "is null", None) for name in _SAME]
    held = store.read("ruling", ["uuid"], same)["uuid"]
    if len(held):  # said twice: by a hand that clicked twice, or by a program that began again
        nothing = {"rulings": 0, "evidence": 0}
        return {"counts": nothing, "operation": None, "tables": [], "notes": [], "ruling": str(held[0])}
    counts = {"rulings": 1, "evidence": len(evidence)}
    context.cancel.check()
    with (
        copied(context, request.evidence, evidence) as keep,
        store.action("record_ruling", case=request.case, ruling=request.kind) as action,
    ):
        fid = action.insert("ruling", {name: objects([value]) for name, value in row.items()})
        if case is not None:
            nobody = 1 if request.kind == UNOWNED else 0
            if request.kind in (OWNER, UNOWNED) and int(case["unowned"] or 0) != nobody:
                action.update("case_record", np.array([request.case]), {"unowned": objects([nobody])})
            payload = {"kind": request.kind, "department": owner, "evidence": [one["name"] for one in evidence]}
            event = {
                "case_fid": request.case, "action": "amend", "from_stage": case["stage"], "to_stage": case["stage"],
                "at": action.at, "done_by": row["ruled_by"], "dept_code": owner, "reason": row["decision"],
                "source": _SOURCE, "payload": json.dumps(payload, ensure_ascii=False),
            }  # fmt: skip
            action.insert("case_event", {name: objects([value]) for name, value in event.items()})
        action.counts.update(counts)
        operation = action.operation_uuid
        keep()
    made = store.read("ruling", ["uuid"], [("fid", "=", int(fid[0]))])["uuid"]
    return {
        "counts": counts, "operation": operation, "tables": ["ruling", "case_record", "case_event"], "notes": [],
        "ruling": str(made[0]) if len(made) else "",
    }  # fmt: skip


def _checked(context: Context, store: Store, request: RecordRuling) -> str:
    """Refuse a ruling that says nothing that can be used; return its day."""
    if request.kind not in KINDS:
        raise InputRefused("ruling.kind", value=request.kind, known=", ".join(KINDS))
    known = store.profile().department_by_code()
    if (request.kind == OWNER) != bool(request.department_code) or (
        request.department_code and request.department_code not in known
    ):
        raise InputRefused("ruling.department", value=request.department_code)
    if len(request.decision) > _LONGEST or len(request.ruled_by) > _LONGEST:
        raise InputRefused("ruling.long", most=_LONGEST)
    if len(request.evidence) > _MOST_FILES:
        raise InputRefused("ruling.many_files", most=_MOST_FILES)
    now = today(context)
    try:
        day = date.fromisoformat(request.ruled_on or now).isoformat()
    except ValueError:
        raise InputRefused("ruling.day", value=request.ruled_on) from None
    if not "1949-10-01" <= day <= now:
        raise InputRefused("ruling.day", value=request.ruled_on)
    return day


def _case(store: Store, fid: int) -> dict[str, Any]:
    rows = store.read("case_record", _CASE, [("fid", "=", fid)])
    if not len(rows["fid"]):
        raise InputRefused("dispatch.no_case", value=fid)
    return {name: rows[name][0] for name in _CASE}


def _component(store: Store, uuid: str) -> dict[str, Any]:
    for table in COMPONENTS:
        rows = store.read(table, ["uuid", "code", "class_code", GEOM], [("uuid", "=", uuid)])
        if len(rows["uuid"]):
            return {name: rows[name][0] for name in rows}
    raise InputRefused("ruling.no_component", value=uuid)


def _place(*things: dict[str, Any] | None) -> Any:
    """Return the point of the first thing that has one."""
    for thing in things:
        if thing is not None and thing[GEOM] is not None:
            x, y = representative_points(np.array([thing[GEOM]], dtype=object))[0].tolist()
            if np.isfinite((x, y)).all():
                return shapely.Point(x, y)
    return None


def list_rulings(context: Context, request: ListRulings) -> dict[str, Any]:
    """List rulings, the newest first.

    Returns
    -------
    dict
        ``rulings``: uuid, kind, department, dept_name, component (uuid), class_code, case_fid, address, decision,
        ruled_on, ruled_by, evidence (name, bytes, sha256, file, ``path`` of the copy, None where it is gone), x, y, and
        ``distance`` in metres near a case. Counts
        ``rulings`` (found), ``listed``.

    Raises
    ------
    InputRefused
        ``dispatch.no_case``, ``request.parameters``.
    """
    store = context.need_store()
    if not 1 <= request.limit <= 100_000:
        raise InputRefused("request.parameters", method=request.method, field="limit")
    ground = ground_of(store)
    held = ground.rulings
    keep = np.ones(held.size, dtype=bool)
    distance = np.full(held.size, np.nan)
    if request.component:
        keep &= np.asarray(held.rows["component_uuid"] == request.component, dtype=bool)
    if request.case:
        case = _case(store, request.case)
        keep &= np.asarray(held.words == f"{case['kind']} {case['class_code']}", dtype=bool)
        place = _place(case)
        metres = float(ground.profile.setting("precedent_m")) if request.metres is None else request.metres
        if place is not None and held.size:
            distance = np.hypot(held.rows[XY][:, 0] - place.x, held.rows[XY][:, 1] - place.y)
            with np.errstate(invalid="ignore"):
                keep &= distance <= metres
    if request.text.strip():
        wanted = request.text.strip().lower()
        keep &= np.array([wanted in _words(ground.department, held.rows, row) for row in range(held.size)], dtype=bool)
    days = [str(day or "") for day in held.rows["ruled_on"].tolist()]
    rows = sorted(np.flatnonzero(keep).tolist(), key=lambda row: (days[row], row), reverse=True)
    listed = [_told(context, ground, row, distance[row]) for row in rows[: request.limit]]
    counts = {"rulings": len(rows), "listed": len(listed)}
    return {"rulings": listed, "counts": counts, "operation": None, "tables": [], "notes": []}


def _words(name_of: Any, rows: Columns, row: int) -> str:
    values = [rows[name][row] for name in ("address", "decision", "ruled_by", "class_code")]
    return " ".join(str(value or "") for value in [*values, name_of(rows["department_code"][row])]).lower()


def _told(context: Context, ground: Any, row: int, distance: float) -> dict[str, Any]:
    rows = ground.rulings.rows
    told = ground.rulings.told(row)
    x, y = rows[XY][row].tolist()
    placed = bool(np.isfinite((x, y)).all())
    evidence = [{**one, "path": path_of(context, one)} for one in files_of(rows["evidence"][row])]
    return {
        **{name: told[name] for name in ("uuid", "kind", "decision", "ruled_on", "ruled_by")},
        "department": told["department_code"], "dept_name": ground.department(told["department_code"]),
        "component": rows["component_uuid"][row], "class_code": rows["class_code"][row],
        "case_fid": rows["case_fid"][row], "address": rows["address"][row],
        "evidence": evidence,
        "x": x if placed else None, "y": y if placed else None,
        "distance": round(float(distance), 1) if np.isfinite(distance) else None,
    }  # fmt: skip
