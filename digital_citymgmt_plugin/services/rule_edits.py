# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule pack of the checks listed and changed from its window: level, switch and parameters by rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.census.check_pack import LEVELS, SPANS, Fault, Params, Rule, parameter_fault
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Action, Context, Store
from digital_citymgmt_plugin.core.profile_diff import CHANGED, REMOVED, Difference, count_rows
from digital_citymgmt_plugin.core.requests_desk import EditRules, ListRules
from digital_citymgmt_plugin.services.check_city import rule_pack
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import OPEN

TABLE = "check_rule"
_COLUMNS = ("level", "enabled", "params")


def list_rules(context: Context, request: ListRules) -> dict[str, Any]:
    """List all rules of the pack in its order.

    Returns
    -------
    dict
        ``rules``: code, family, level, enabled, params as the city has them; ``default``: the pack's own three;
        ``title``, ``title_zh``, ``reason``, ``source``, ``confidence``; ``open``: the open issues of the rule;
        ``ignored``: whether the city's change of it cannot be used;
        ``spans``: parameter → [least, most, whole]. Counts ``rules``, ``enabled``, ``changed``.
    """
    store = context.need_store()
    own = {rule.code: rule for rule in context.files.check_rules()}
    rules, wrong = rule_pack(context, store)
    found = dict(store.tally("check_issue", ["rule"], [("state", "=", OPEN)]))
    listed = [
        {
            "code": rule.code, "family": rule.family, **_values(rule), "default": _values(own[rule.code]),
            "title": rule.title, "title_zh": rule.title_zh, "reason": rule.reason, "source": rule.source,
            "confidence": rule.confidence, "open": int(found.get(rule.code, 0)), "ignored": rule.code in wrong,
        }
        for rule in rules
    ]  # fmt: skip
    counts = {
        "rules": len(listed), "enabled": sum(bool(row["enabled"]) for row in listed),
        "changed": sum(_values(rule) != _values(own[rule.code]) for rule in rules),
    }  # fmt: skip
    return {
        "counts": counts, "operation": None, "tables": [], "rules": listed,
        "spans": {name: [span.least, span.most, span.whole] for name, span in SPANS.items()},
        "notes": [{"code": "checks.rule_ignored", "values": {"rule": code}} for code in wrong],
    }  # fmt: skip


def edit_rules(context: Context, request: EditRules) -> dict[str, Any]:
    """Change rules of the city's pack in one action; what is as in the pack again needs no row.

    Issues stay as they are until the checks run next; a run of what changed then looks at all.

    Returns
    -------
    dict
        Counts ``differences``, ``rows_changed``, ``reset`` (rules as in the pack again); ``differences``: lists of
        sheet, key, change, column, old, new; ``written``.

    Raises
    ------
    InputRefused
        ``request.parameters``: not a list of changes; else the first fault (``rules.unknown``, ``rules.level``,
        ``rules.number``, ``rules.range`` …), all of them in ``faults``.
    """
    store = context.need_store()
    pack = {rule.code: rule for rule in context.files.check_rules()}
    rules, wrong = rule_pack(context, store)
    now = {rule.code: _values(rule) for rule in rules}
    wanted = _wanted(request, pack, now)
    found = [
        Difference(TABLE, code, CHANGED, column, _text(before), _text(after))
        for code, values in wanted.items()
        for column, before, after in _differing(now[code], values)
    ]
    # A row that cannot be used holds nothing; named here, it gives way, although no value differs by that.
    found += [Difference(TABLE, code, REMOVED, old="?") for code in wanted if code in wrong]
    reset = [code for code, values in wanted.items() if values == _values(pack[code])]
    counts = {"differences": len(found), **count_rows(found), "reset": len(reset)}
    result: dict[str, Any] = {
        "counts": counts, "operation": None, "tables": [], "notes": [], "written": False,
        "differences": [list(vars(one).values()) for one in found],
    }  # fmt: skip
    if request.preview or not found:
        result["notes"].append({"code": "profile.note_preview" if found else "profile.note_none", "values": {}})
        return result
    context.cancel.check()
    with store.action("edit_rules") as action:
        _write(store, action, pack, wanted)
        action.counts.update(counts)
        action.note(rules=sorted({one.key for one in found}))
        result["operation"] = action.operation_uuid
    result["written"], result["tables"] = True, [TABLE]
    return result


def _values(rule: Rule) -> dict[str, Any]:
    return {"level": rule.level, "enabled": bool(rule.enabled), "params": dict(rule.params)}


def _wanted(
    request: EditRules, pack: Mapping[str, Rule], now: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return level, enabled and params of the rules that are named, as they are to be."""
    try:
        changes = json.loads(request.changes)
    except (ValueError, RecursionError):
        changes = None
    if not isinstance(changes, list) or not all(isinstance(one, dict) for one in changes):
        raise InputRefused("request.parameters", method=request.method, field="changes")
    faults: list[Fault] = []
    wanted: dict[str, dict[str, Any]] = {}
    for change in changes:
        code = str(change.get("code") or "")
        rule = pack.get(code)
        if rule is None:
            faults.append(("rules.unknown", {"rule": code}))
            continue
        params = change.get("params") or {}
        odd = sorted(set(change) - {"code", "reset", *_COLUMNS})
        if odd or not isinstance(params, dict):
            raise InputRefused("request.parameters", method=request.method, field=odd[0] if odd else "params")
        start = _values(rule) if change.get("reset") else wanted.get(code) or dict(now[code])
        level, enabled = change.get("level") or start["level"], change.get("enabled", start["enabled"])
        if level not in LEVELS:
            faults.append(("rules.level", {"rule": code, "value": level, "known": ", ".join(LEVELS)}))
        if not isinstance(enabled, bool):
            raise InputRefused("request.parameters", method=request.method, field="enabled")
        faults += [fault for name, value in params.items() if (fault := parameter_fault(rule, name, value))]
        wanted[code] = {"level": level, "enabled": enabled, "params": {**start["params"], **params}}
    if faults:
        first, values = faults[0]
        listed = [{"code": code, "values": told} for code, told in faults]
        raise InputRefused(first, **{**values, "in_all": len(faults), "faults": listed})
    return wanted


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    found = [(name, before[name], after[name]) for name in ("level", "enabled") if before[name] != after[name]]
    old: Params = before["params"]
    return found + [(name, old[name], value) for name, value in after["params"].items() if value != old[name]]


def _write(store: Store, action: Action, pack: Mapping[str, Rule], wanted: Mapping[str, Mapping[str, Any]]) -> None:
    rows = store.read(TABLE, ["fid", "code", "remark"], [("code", "in", list(wanted))])
    there = {code: (fid, remark) for fid, code, remark in zip(*(rows[name].tolist() for name in rows))}
    gone = []
    for code, values in wanted.items():
        rule = pack[code]
        own = {name: value for name, value in values["params"].items() if value != rule.params[name]}
        columns = {
            "level": objects([None if values["level"] == rule.level else values["level"]]),
            "enabled": np.array([int(values["enabled"])], dtype=np.int64),
            "params": objects([json.dumps(own, ensure_ascii=False, sort_keys=True) if own else None]),
        }
        fid, remark = there.get(code, (None, None))
        if fid is None and values != _values(rule):
            action.insert(TABLE, {"code": objects([code]), **columns})
        elif fid is not None and values == _values(rule) and not remark:
            gone.append(fid)
        elif fid is not None:
            action.update(TABLE, np.array([fid], dtype=np.int64), columns)
    if gone:
        action.delete(TABLE, np.array(gone, dtype=np.int64))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)
