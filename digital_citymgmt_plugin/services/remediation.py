# SPDX-License-Identifier: GPL-2.0-or-later
"""Remediation (代整治): a fund pays for what nobody answers for, or not in time; asked, approved, done, what is left.

Approved estimates are reserved, what is done counts with its cost. A fund goes below zero only when somebody approves
that by name, and the row says so.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Action, Context, Store
from digital_citymgmt_plugin.core.requests_duty import ListRemediation, Remediate, SaveFund
from digital_citymgmt_plugin.services.intake import objects

ASKED, APPROVED, REFUSED, DONE = "asked", "approved", "refused", "done"
STATES = (ASKED, APPROVED, REFUSED, DONE)
FROM = ("dispatch", "disposal")  # stages in which a case may be remediated
STEPS = {"approve": (ASKED,), "refuse": (ASKED, APPROVED), "finish": (APPROVED,)}
_MOST = 1e12  # yuan
_LONGEST = 1_000
_COLUMNS = (
    "fid", "uuid", "case_fid", "fund_uuid", "estimate", "cost", "state", "department_code", "approved_at",
    "finished_at", "note", "created_at",
)  # fmt: skip
_FUND = ("fid", "uuid", "name", "year", "amount", "department_code")


def save_fund(context: Context, request: SaveFund) -> dict[str, Any]:
    """Add a fund, or change one; a fund that is there just so already stays the only one.

    Returns
    -------
    dict
        ``fund``: its uuid; ``funds``: all with what is left.

    Raises
    ------
    InputRefused
        ``fund.name``, ``fund.amount`` (no number, or less than is used), ``fund.unknown``, ``fund.same`` (a fund would
        become what another one is already), ``ruling.department``.
    """
    store = context.need_store()
    name = request.name.strip()
    if not name or len(name) > _LONGEST:
        raise InputRefused("fund.name")
    amount = _money(request.amount, "fund.amount")
    _known_department(store, request.department_code)
    row = {
        "name": name, "year": request.year or None, "amount": amount,
        "department_code": request.department_code or None,
    }  # fmt: skip
    columns = {key: objects([value]) for key, value in row.items()}
    held = _fund(store, request.uuid) if request.uuid else None
    same = [one for one in funds_of(store) if all(one[key] == row[key] for key in row)]
    again = next((one for one in same if held is None or one["uuid"] == held["uuid"]), None)
    if same and again is None:
        raise InputRefused("fund.same", name=name)
    if again is not None:
        nothing: dict[str, Any] = {"counts": {"funds": 0}, "operation": None, "tables": [], "notes": []}
        return {**nothing, "fund": again["uuid"], "funds": funds_of(store)}
    if held is not None and amount < held["reserved"] + held["spent"]:
        raise InputRefused("fund.amount", value=amount, used=held["reserved"] + held["spent"])
    with store.action("save_fund", name=name) as action:
        if held is None:
            fid = int(action.insert("fund", columns)[0])
        else:
            fid = int(held["fid"])
            action.update("fund", np.array([fid]), columns)
        action.counts.update(funds=1)
        operation = action.operation_uuid
    uuid = store.read("fund", ["uuid"], [("fid", "=", fid)])["uuid"]
    return {
        "counts": {"funds": 1}, "operation": operation, "tables": ["fund"], "notes": [],
        "fund": str(uuid[0]) if len(uuid) else "", "funds": funds_of(store),
    }  # fmt: skip


def remediate(context: Context, request: Remediate) -> dict[str, Any]:
    """Take a step of a remediation.

    ``ask`` puts a case into the queue and its log; ``approve`` reserves the estimate; ``finish`` takes the cost;
    ``refuse`` gives free what was reserved. With a step that would take the fund below zero nothing is written, unless
    ``overdraw`` and ``approved_by`` say who answers for it.

    Returns
    -------
    dict
        ``remediation``: its uuid; ``fund``: what the fund has now (None without one); counts ``remediations``.

    Raises
    ------
    InputRefused
        ``remediation.step``, ``remediation.stage``, ``remediation.open`` (there is one already), ``remediation.state``,
        ``remediation.unknown``, ``remediation.amount``, ``remediation.note``, ``remediation.no_fund``,
        ``fund.unknown``, ``fund.short``, ``ruling.department``, ``dispatch.no_case``.
    """
    store = context.need_store()
    if len(request.note) > _LONGEST or len(request.done_by) > _LONGEST or len(request.approved_by) > _LONGEST:
        raise InputRefused("ruling.long", most=_LONGEST)
    if request.step == "ask":
        return _ask(context, store, request)
    if request.step not in STEPS:
        raise InputRefused("remediation.step", value=request.step, known=", ".join(("ask", *STEPS)))
    rows = store.read("remediation", _COLUMNS, [("uuid", "=", request.uuid)])
    if not len(rows["fid"]):
        raise InputRefused("remediation.unknown", value=request.uuid)
    held = {name: rows[name][0] for name in _COLUMNS}
    if held["state"] not in STEPS[request.step]:
        raise InputRefused("remediation.state", value=held["state"], step=request.step)
    if request.step == "refuse" and not request.note.strip():
        raise InputRefused("remediation.note")
    changes: dict[str, Any] = {"note": _note(held["note"], request.note)}
    if request.step == "refuse":
        changes["state"] = REFUSED
    else:
        changes.update(_paid(context, store, request, held))
    with store.action("remediate", step=request.step) as action:
        if request.step != "refuse":
            changes["approved_at" if request.step == "approve" else "finished_at"] = action.at
        action.update(
            "remediation", np.array([int(held["fid"])]), {name: objects([value]) for name, value in changes.items()}
        )
        action.counts.update(remediations=1)
        operation = action.operation_uuid
    fund = changes.get("fund_uuid") or held["fund_uuid"]
    return _answer(store, operation, str(held["uuid"]), fund, ["remediation"])


def _ask(context: Context, store: Store, request: Remediate) -> dict[str, Any]:
    rows = store.read("case_record", ["fid", "stage", "dept_code", "remediated"], [("fid", "=", request.case)])
    if not len(rows["fid"]):
        raise InputRefused("dispatch.no_case", value=request.case)
    stage = rows["stage"][0]
    if stage not in FROM:
        raise InputRefused("remediation.stage", value=stage)
    if not request.note.strip():
        raise InputRefused("remediation.note")
    estimate = _money(request.estimate, "remediation.amount")
    _known_department(store, request.department_code)
    if request.fund:
        _fund(store, request.fund)
    row = {
        "case_fid": request.case, "fund_uuid": request.fund or None, "estimate": estimate, "state": ASKED,
        "department_code": request.department_code or None, "note": request.note.strip(),
    }  # fmt: skip
    held = store.read(
        "remediation", ["uuid", *row], [("case_fid", "=", request.case), ("state", "in", [ASKED, APPROVED])]
    )
    if len(held["uuid"]):
        if any(held[name][0] != value for name, value in row.items()):
            raise InputRefused("remediation.open")
        return _answer(store, None, str(held["uuid"][0]), request.fund or None, [])  # asked twice
    context.cancel.check()
    with store.action("remediate", step="ask", case=request.case) as action:
        fid = int(action.insert("remediation", {name: objects([value]) for name, value in row.items()})[0])
        _tell(action, request, stage, estimate)
        if not rows["remediated"][0]:
            action.update("case_record", np.array([request.case]), {"remediated": objects([1])})
        action.counts.update(remediations=1)
        operation = action.operation_uuid
    made = store.read("remediation", ["uuid"], [("fid", "=", fid)])["uuid"]
    tables = ["remediation", "case_record", "case_event"]
    return _answer(store, operation, str(made[0]) if len(made) else "", request.fund or None, tables)


def _tell(action: Action, request: Remediate, stage: str, estimate: float) -> None:
    """Write the move into the case's log, in the transaction of the row."""
    event = {
        "case_fid": request.case, "action": "remediate", "from_stage": stage, "to_stage": stage, "at": action.at,
        "done_by": request.done_by.strip() or None, "dept_code": request.department_code or None,
        "reason": request.note.strip(), "source": "move", "payload": json.dumps({"estimate": estimate}),
    }  # fmt: skip
    action.insert("case_event", {name: objects([value]) for name, value in event.items()})


def _paid(context: Context, store: Store, request: Remediate, held: dict[str, Any]) -> dict[str, Any]:
    """Return what a step that binds or takes money changes, or refuse it when the fund is short of it."""
    uuid = request.fund or held["fund_uuid"]
    if not uuid:
        raise InputRefused("remediation.no_fund")
    if request.fund and request.step == "finish" and request.fund != held["fund_uuid"]:
        raise InputRefused("remediation.no_fund")
    fund = _fund(store, uuid)
    changes: dict[str, Any] = {"fund_uuid": uuid}
    if request.step == "approve":
        sum_ = held["estimate"] if request.estimate is None else _money(request.estimate, "remediation.amount")
        needed, free = float(sum_ or 0.0), fund["left"]
        changes.update(state=APPROVED, estimate=needed)
    else:
        needed = _money(request.cost, "remediation.amount")
        free = fund["left"] + float(held["estimate"] or 0.0)  # its own reservation is given free
        changes.update(state=DONE, cost=needed)
    if round(free - needed, 2) < 0:
        approved = request.approved_by.strip()
        if not (request.overdraw and approved):
            raise InputRefused("fund.short", name=fund["name"], left=round(free, 2), needed=needed)
        words = (context.sentences or {}).get("remediation.overdrawn", "overdraft {amount}, approved by {name}")
        said = words.replace("{amount}", f"{round(needed - free, 2):.15g}").replace("{name}", approved)
        changes["note"] = _note(_note(held["note"], request.note), said)
    return changes


def _note(old: str | None, new: str) -> str | None:
    """Put what a step says behind what was said: whole, for the steps are few and each is bounded."""
    return "\n".join(part for part in ((old or "").strip(), new.strip()) if part) or None


def _money(value: float | None, reason: str) -> float:
    if value is None or not math.isfinite(value) or not 0 <= value <= _MOST:
        raise InputRefused(reason, value=value)
    return round(float(value), 2)


def _known_department(store: Store, code: str) -> None:
    if code and code not in store.profile().department_by_code():
        raise InputRefused("ruling.department", value=code)


def _answer(store: Store, operation: str | None, uuid: str, fund: Any, tables: list[str]) -> dict[str, Any]:
    return {
        "counts": {"remediations": int(operation is not None)}, "operation": operation, "tables": tables,
        "notes": [], "remediation": uuid,
        "fund": _fund(store, str(fund)) if fund else None,
    }  # fmt: skip


def _fund(store: Store, uuid: str) -> dict[str, Any]:
    found = next((one for one in funds_of(store) if one["uuid"] == uuid), None)
    if found is None:
        raise InputRefused("fund.unknown", value=uuid)
    return found


def funds_of(store: Store) -> list[dict[str, Any]]:
    """Return the funds with what is ``asked``, ``reserved`` (approved), ``spent`` and ``left`` of each."""
    rows = store.read("remediation", ["fund_uuid", "state", "estimate", "cost"], [("fund_uuid", "not null", None)])
    sums: dict[tuple[Any, Any], float] = {}
    for uuid, state, estimate, cost in zip(*(rows[name].tolist() for name in rows)):
        value = cost if state == DONE else estimate
        if value is not None and value == value:
            sums[uuid, state] = sums.get((uuid, state), 0.0) + float(value)
    funds = store.read("fund", _FUND, order=["year", "fid"])
    listed = []
    for values in zip(*(funds[name].tolist() for name in _FUND)):
        fund = dict(zip(_FUND, values))
        amount = float(fund["amount"] or 0.0)
        asked, reserved, spent = (round(sums.get((fund["uuid"], state), 0.0), 2) for state in (ASKED, APPROVED, DONE))
        listed.append(
            {
                **fund, "amount": amount, "asked": asked, "reserved": reserved, "spent": spent,
                "left": round(amount - reserved - spent, 2),
            }
        )  # fmt: skip
    return listed


def list_remediation(context: Context, request: ListRemediation) -> dict[str, Any]:
    """List remediations, the newest first, and the funds.

    Returns
    -------
    dict
        ``rows``: uuid, case_fid, case_no, kind, class_code, address, stage, fund (uuid), fund_name, estimate, cost,
        state, department, dept_name, created_at, approved_at, finished_at, note; ``funds`` (see ``funds_of``);
        counts by state.

    Raises
    ------
    InputRefused
        ``request.parameters``.
    """
    store = context.need_store()
    if not set(request.states) <= set(STATES) or not 1 <= request.limit <= 100_000:
        raise InputRefused("request.parameters", method=request.method, field="states")
    where: list[Any] = [("state", "in", list(request.states))] if request.states else []
    where += [("fund_uuid", "=", request.fund)] if request.fund else []
    found = store.read("remediation", _COLUMNS, where, ["fid"])
    rows = [dict(zip(_COLUMNS, values)) for values in zip(*(found[name].tolist() for name in _COLUMNS))]
    rows = rows[::-1]
    funds = funds_of(store)
    names = {fund["uuid"]: fund["name"] for fund in funds}
    departments = store.profile().department_by_code()
    listed = rows[: request.limit]
    fids = sorted({int(row["case_fid"]) for row in listed if row["case_fid"] is not None})
    wanted = ("fid", "case_no", "kind", "class_code", "address", "stage")
    cases = store.read("case_record", wanted, [("fid", "in", fids)])
    case_of = {fid: at for at, fid in enumerate(cases["fid"].tolist())}
    for row in listed:
        at = case_of.get(row["case_fid"])
        row.update({name: None if at is None else cases[name][at] for name in wanted[1:]})
        code = row.pop("department_code")
        row.update(
            department=code, dept_name=departments[code].name if code in departments else code or "",
            fund=row.pop("fund_uuid"),
        )  # fmt: skip
        row["fund_name"] = names.get(row["fund"], "")
        del row["fid"]
    counts = {state: sum(row["state"] == state for row in rows) for state in STATES}
    return {"rows": listed, "funds": funds, "counts": counts, "operation": None, "tables": [], "notes": []}
