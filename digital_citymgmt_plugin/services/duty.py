# SPDX-License-Identifier: GPL-2.0-or-later
"""Who answers for a case, told with the rule that fired, the next best, and what to look at before it is sent."""

from __future__ import annotations

from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.cases.borders import Near, near_rulings
from digital_citymgmt_plugin.core.cases.duty import Candidate, Decision, Place
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import XY, Columns, Context, Store
from digital_citymgmt_plugin.core.requests_duty import ExplainDuty
from digital_citymgmt_plugin.services.disputes import disputes
from digital_citymgmt_plugin.services.duty_ground import (
    DEPARTMENTS,
    DISPUTED,
    UNOWNED,
    Ground,
    component_departments,
    ground_of,
)

_NEAR = {"street": "duty.near_street", "community": "duty.near_community", "grid": "duty.near_grid"}
INFO = "info"
_MILD = ("duty.near_grid", "duty.near_community", "duty.no_component")  # where nothing else would come of it
MOST = 5_000  # cases told of in one request
CASE = (
    "fid", "uuid", "case_no", "kind", "class_code", "component_uuid", "grid_code", "community_code", "street_code",
    "dept_code", "address", XY,
)  # fmt: skip


def explain_duty(context: Context, request: ExplainDuty) -> dict[str, Any]:
    """Tell who answers for cases; nothing is written.

    Returns
    -------
    dict
        ``duties``: one for each case, in the order asked: ``fid``, ``department`` (None: nobody's), ``dept_name``,
        ``fired`` (see ``core.cases.duty``), ``why``, ``now`` (department that the case has), ``next`` (None without
        one), ``candidates``, ``warnings`` (code, values, ``level``: warning before info), ``precedents``
        (rulings for like cases near, nearest first). Counts ``cases``, ``warned`` (above info), ``unowned``.

    Raises
    ------
    InputRefused
        ``duty.too_many``; ``dispatch.no_case``.
    """
    store = context.need_store()
    if len(request.cases) > MOST:
        raise InputRefused("duty.too_many", count=len(request.cases), most=MOST)
    told = explain(context, store, request.cases)
    counts = {
        "cases": len(told), "warned": sum(any(said["level"] != INFO for said in one["warnings"]) for one in told),
        "unowned": sum(one["department"] is None for one in told),
    }  # fmt: skip
    return {"duties": told, "counts": counts, "operation": None, "tables": [], "notes": []}


def explain(context: Context, store: Store, fids: list[int]) -> list[dict[str, Any]]:
    """Return what ``explain_duty`` tells of each case."""
    cases = read_cases(store, fids)
    ground = ground_of(store)
    departments = component_departments(store, cases["component_uuid"].tolist(), (*DEPARTMENTS, "code"))
    unsure = _unsure(store, cases)
    neighbours = _neighbours(ground, cases)
    rulings = _precedents(ground, cases)
    disputed = disputes(store, ground, cases)
    told = []
    for row in range(len(cases["fid"])):
        context.cancel.check()
        one = _one(ground, cases, departments, row, neighbours.get(row, []), rulings.get(row, []), unsure)
        told.append(_with(one, disputed.get(row, [])))
    return told


def read_cases(store: Store, fids: list[int]) -> Columns:
    """Read cases in the order asked; a fid that is none is refused (``dispatch.no_case``)."""
    rows = store.read("case_record", CASE, [("fid", "in", sorted(set(fids)))])
    at = {fid: row for row, fid in enumerate(rows["fid"].tolist())}
    missing = [fid for fid in fids if fid not in at]
    if missing:
        raise InputRefused("dispatch.no_case", value=missing[0])
    order = np.array([at[fid] for fid in fids], dtype=np.int64)
    return {name: column[order] for name, column in rows.items()}


def _neighbours(ground: Ground, cases: Columns) -> dict[int, list[tuple[int, float]]]:
    if ground.borders is None:
        return {}
    own = np.array([ground.grid_at.get(code, -1) for code in cases["grid_code"].tolist()], dtype=np.int64)
    return _by_case(ground.borders.near(cases[XY], own, float(ground.profile.setting("border_m"))))


def _precedents(ground: Ground, cases: Columns) -> dict[int, list[tuple[int, float]]]:
    words = np.empty(len(cases["fid"]), dtype=object)
    words[:] = [f"{kind} {code}" for kind, code in zip(cases["kind"].tolist(), cases["class_code"].tolist())]
    held = ground.rulings
    metres = float(ground.profile.setting("precedent_m"))
    return _by_case(near_rulings(cases[XY], words, held.rows[XY], held.words, metres))


def _by_case(found: Near) -> dict[int, list[tuple[int, float]]]:
    result: dict[int, list[tuple[int, float]]] = {}
    for case, other, metres in zip(found.case.tolist(), found.other.tolist(), found.metres.tolist()):
        result.setdefault(case, []).append((other, round(metres, 1)))
    return result


def _unsure(store: Store, cases: Columns) -> set[str]:
    """Return the cases for which two components are about as near."""
    lost = [uuid for uuid, linked in zip(cases["uuid"].tolist(), cases["component_uuid"].tolist()) if not linked]
    where: list[Any] = [("object_uuid", "in", lost), ("rule", "=", "link_ambiguous"), ("state", "=", "open")]
    return set(store.read("check_issue", ["object_uuid"], where)["object_uuid"].tolist()) if lost else set()


def _one(
    ground: Ground,
    cases: Columns,
    departments: Columns,
    row: int,
    neighbours: list[tuple[int, float]],
    rulings: list[tuple[int, float]],
    unsure: set[str],
) -> dict[str, Any]:
    """Tell of one case."""
    kind, code, uuid = (cases[name][row] for name in ("kind", "class_code", "component_uuid"))
    place: Place = tuple(cases[name][row] for name in ("grid_code", "community_code", "street_code"))
    component = {name: departments[name][row] for name in DEPARTMENTS} if uuid else None
    ruling = ground.rulings.precedent(uuid)
    decision = Decision(ground.chain.candidates(kind, code, place, component, ruling))
    warn = decision.warnings
    if not any(place):
        warn.append(("duty.no_place", {}))
    _warn_of_component(ground, decision, uuid, component, departments["code"][row])
    if kind == COMPONENT and not uuid:
        warn.append(("duty.two_near" if cases["uuid"][row] in unsure else "duty.no_component", {}))
    _warn_of_borders(ground, decision, (kind, code), place, neighbours, component, ruling)
    told = _tell_rulings(ground, uuid, rulings)
    other = [one for one in told if one["department"] not in (None, decision.department)]
    if other and decision.fired != "precedent":
        names = ("dept_name", "distance", "ruled_on")
        warn.append(("duty.precedent_differs", {name: other[0][name] for name in names}))
    if decision.department and decision.department not in ground.departments:
        warn.append(("duty.department_unknown", {"department": decision.department}))
    if decision.department is None and not decision.fired and not ground.profile.responsibility:
        warn.append(("duty.no_rules", {}))
    following = decision.next_best
    return {
        "fid": int(cases["fid"][row]), "case_no": cases["case_no"][row], "now": cases["dept_code"][row],
        **_tell(ground, decision.candidates[0] if decision.candidates else Candidate(None, "", {})),
        "next": _tell(ground, following) if following else None,
        "candidates": [_tell(ground, one) for one in decision.candidates],
        "warnings": sorted(
            ({"code": code, "values": values, "level": _level(code)} for code, values in warn),
            key=lambda one: one["level"] == INFO,
        ),
        "precedents": told,
    }  # fmt: skip


def _with(told: dict[str, Any], warnings: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Put further warnings first: what logs say of a dispute weighs more than what may be."""
    more = [{"code": code, "values": values, "level": _level(code)} for code, values in warnings]
    return {**told, "warnings": [*more, *told["warnings"]]}


def _level(code: str) -> str:
    return INFO if code in _MILD else "warning"


def _tell(ground: Ground, one: Candidate) -> dict[str, Any]:
    return {
        "department": one.department, "dept_name": ground.department(one.department), "fired": one.fired,
        "why": dict(one.why),
    }  # fmt: skip


def _warn_of_component(
    ground: Ground, decision: Decision, uuid: str | None, component: dict[str, Any] | None, code: Any
) -> None:
    if not uuid or component is None:
        return
    values = {"code": code or uuid}
    newest = ground.rulings.newest(uuid)
    differing = ground.rulings.differing(uuid)
    if newest is not None and newest["kind"] == DISPUTED:
        decision.warnings.append(("duty.disputed", values))
    elif differing:
        names = ", ".join(ground.department(one) for one in differing)
        decision.warnings.append(("duty.ruled_differently", {**values, "departments": names}))
    if newest is not None and newest["kind"] == UNOWNED:
        decision.warnings.append(("duty.unowned_ruled", {**values, "ruled_on": newest["ruled_on"]}))
    elif newest is None and not any(component.values()):
        decision.warnings.append(("duty.unowned_component", values))


def _warn_of_borders(
    ground: Ground,
    decision: Decision,
    of_class: tuple[Any, Any],
    place: Place,
    neighbours: list[tuple[int, float]],
    component: dict[str, Any] | None,
    ruling: dict[str, Any] | None,
) -> None:
    """Warn once for each level, of the nearest neighbour; a level says what is different over there."""
    seen: set[str] = set()
    for grid, metres in neighbours:
        there = ground.place_of(grid)
        level = "street" if there[2] != place[2] else "community" if there[1] != place[1] else "grid"
        if level not in seen:
            seen.add(level)
            area = {"street": there[2], "community": there[1], "grid": there[0]}[level]
            name = ground.names.get(str(area), area or "")
            decision.warnings.append((_NEAR[level], {"metres": metres, "code": area, "name": name}))
        over = Decision(ground.chain.candidates(*of_class, there, component, ruling))
        if over.department != decision.department and "department" not in seen:
            seen.add("department")
            name = ground.department(over.department)
            values = {"metres": metres, "department": over.department, "name": name, "grid": there[0]}
            decision.warnings.append(("duty.near_department" if name else "duty.near_nobody", values))


def _tell_rulings(ground: Ground, uuid: str | None, rulings: list[tuple[int, float]]) -> list[dict[str, Any]]:
    rows = [(row, 0.0) for row in reversed(ground.rulings.by_component.get(uuid or "", []))]
    own = {row for row, _ in rows}
    found = []
    for row, metres in [*rows, *((row, metres) for row, metres in rulings if row not in own)]:
        ruling = ground.rulings.told(row)
        found.append(
            {
                "uuid": ruling["uuid"], "department": ruling["department_code"],
                "dept_name": ground.department(ruling["department_code"]), "kind": ruling["kind"],
                "decision": ruling["decision"], "ruled_on": ruling["ruled_on"], "distance": metres,
                "own": row in own,
            }
        )  # fmt: skip
    return found
