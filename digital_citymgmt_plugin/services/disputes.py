# SPDX-License-Identifier: GPL-2.0-or-later
"""Disputes about responsibility that logs of cases tell: departments that sent cases of a thing back, appeals.

Looked at are the cases of the same component; of a case without one those of the same class at the same place (setting
``tolerance_other_m``). What came before a ruling on the component is settled, an appeal that was refused is, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.ports import XY, Columns, Store
from digital_citymgmt_plugin.services.duty_ground import DISPUTED, Ground

_READ = ("fid", "case_no", "kind", "class_code", "component_uuid", XY)
_EVENTS = ("fid", "case_fid", "action", "from_stage", "at", "dept_code", "reason")
_ACTIONS = ("dispatch", "return", "appeal", "refuse_appeal")
_SAID = 3  # departments or cases that a warning names; it says how many there are
_REASON = 60  # characters of a reason in a warning
# Words by which a reason speaks of responsibility (default of the plugin).
_WHOSE = re.compile(
    r"权属|产权|责任|职责|管辖|管理范围|权限|归属|不属|不归|非我|不是我|非本|responsib|jurisdiction|ownership|not ours",
    re.IGNORECASE,
)


@dataclass
class _Said:
    """What the log of a case says: (department, reason, moment) of each return and of appeals on responsibility."""

    number: str
    returns: list[tuple[str, str, str]] = field(default_factory=list)
    appeals: list[tuple[str, str, str]] = field(default_factory=list)


def disputes(store: Store, ground: Ground, cases: Columns) -> dict[int, list[tuple[str, dict[str, Any]]]]:
    """Return the warnings of cases by their row: code and values, which name departments, cases and reasons."""
    near = _related(store, ground, cases)
    said = _said(store, sorted({fid for fids in near.values() for fid in fids}))
    found: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for row, fids in near.items():
        told = [said[fid] for fid in fids if fid in said]
        since = _ruled_on(ground, cases["component_uuid"][row])
        returns = [(one.number, *what) for one in told for what in one.returns if what[2][:10] > since or not since]
        appeals = [(one.number, *what) for one in told for what in one.appeals if what[2][:10] > since or not since]
        warnings = []
        if len({department for _, department, _, _ in returns}) > 1:
            warnings.append(("duty.returned_by_several", _values(ground, returns)))
        if appeals:
            warnings.append(("duty.appealed", _values(ground, appeals)))
        if warnings:
            found[row] = warnings
    return found


def _values(ground: Ground, told: list[tuple[str, str, str, str]]) -> dict[str, Any]:
    """Return what a warning names: departments, cases, and the newest reason with its case and moment."""
    names = list(dict.fromkeys(ground.department(department) for _, department, _, _ in told if department))
    numbers = list(dict.fromkeys(number for number, *_ in told))
    number, department, reason, at = max(told, key=lambda one: one[3])
    return {
        "departments": _some(names), "cases": _some(numbers), "count": len(numbers), "case_no": number,
        "department": ground.department(department), "at": at,
        "reason": reason if len(reason) <= _REASON else f"{reason[:_REASON]}…",
    }  # fmt: skip


def _some(names: list[str]) -> str:
    more = len(names) - _SAID
    return ", ".join(names[:_SAID]) + (f" … (+{more})" if more > 0 else "")


def _ruled_on(ground: Ground, uuid: str | None) -> str:
    """Return the day of the ruling that settled whose a component is, '' without one."""
    ruling = ground.rulings.newest(uuid)
    return "" if ruling is None or ruling["kind"] == DISPUTED else str(ruling["ruled_on"] or "")


def _related(store: Store, ground: Ground, cases: Columns) -> dict[int, list[int]]:
    """Return, by row, the cases whose logs may tell of a dispute about the same thing, itself among them."""
    uuids = sorted({str(uuid) for uuid in cases["component_uuid"].tolist() if uuid})
    by_component: dict[str, list[int]] = {}
    rows = _with_dispute(store, [("component_uuid", "in", uuids)]) if uuids else {}
    for fid, uuid in zip(*(rows[name].tolist() for name in ("fid", "component_uuid"))) if uuids else ():
        by_component.setdefault(str(uuid), []).append(fid)
    metres = float(ground.profile.setting("tolerance_other_m"))
    alone = np.array([not uuid for uuid in cases["component_uuid"].tolist()], dtype=bool)
    placed = np.flatnonzero(alone & np.isfinite(cases[XY]).all(axis=1))
    boxes = np.concatenate([cases[XY][placed] - metres, cases[XY][placed] + metres], axis=1)
    fids = store.fids_in("case_record", boxes) if len(placed) else np.empty(0, dtype=np.int64)
    there = _with_dispute(store, [("fid", "in", fids.tolist())]) if len(fids) else None
    related: dict[int, list[int]] = {}
    for row in range(len(cases["fid"])):
        own, uuid = int(cases["fid"][row]), cases["component_uuid"][row]
        found = by_component.get(str(uuid), []) if uuid else []
        if there is not None and not uuid and np.isfinite(cases[XY][row]).all():
            like = np.hypot(*(there[XY] - cases[XY][row]).T) <= metres
            for name in ("kind", "class_code"):
                like &= np.asarray(there[name] == cases[name][row], dtype=bool)
            found = there["fid"][like].tolist()
        related[row] = sorted({own, *found})
    return related


def _with_dispute(store: Store, where: list[Any]) -> Columns:
    """Read the cases that were sent back or appealed."""
    parts = [store.read("case_record", _READ, [*where, more]) for more in (("returns", ">", 0), ("appealed", "=", 1))]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in _READ}
    first = np.unique(rows["fid"], return_index=True)[1]
    return {name: column[first] for name, column in rows.items()}


def _said(store: Store, fids: list[int]) -> dict[int, _Said]:
    """Read what the logs of cases say."""
    numbers = store.read("case_record", ["fid", "case_no"], [("fid", "in", fids)])
    said = {fid: _Said(str(number or fid)) for fid, number in zip(*(numbers[name].tolist() for name in numbers))}
    events = store.read("case_event", _EVENTS, [("case_fid", "in", fids), ("action", "in", list(_ACTIONS))], ["fid"])
    rows = sorted(
        zip(*(events[name].tolist() for name in _EVENTS)), key=lambda one: (one[1], str(one[4] or ""), one[0])
    )
    holder: dict[int, str] = {}  # department that the case was last sent to
    for _, case, action, before, at, department, reason in rows:
        one, text = said.get(case), str(reason or "").strip()
        if one is None:
            continue
        if action == "dispatch":
            holder[case] = str(department or "")
            continue
        who = str(department or "") or holder.get(case, "")
        if action == "refuse_appeal":
            one.appeals.clear()
        elif action == "appeal" and _WHOSE.search(text):
            one.appeals.append((who, text, str(at or "")))
        elif action == "return" and text and who and before != "dispatch":
            one.returns.append((who, text, str(at or "")))
    return said
