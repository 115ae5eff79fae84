# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a store ties in itself, and the repair of what can be repaired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.ports import Context, Finding, Sheet
from digital_citymgmt_plugin.core.requests import RepairStore, VerifyStore
from digital_citymgmt_plugin.services.intake import objects

COLUMNS = ("rule", "level", "table", "object", "count", "state", "finding", "advice")
OPEN, REPAIRABLE, REPAIRED = "open", "repairable", "repaired"
_SHOWN = 20  # objects of a finding in the notes of the log; the table has up to 1,000


def verify_store(context: Context, request: VerifyStore) -> dict[str, Any]:
    """Check the open store against itself; nothing is changed.

    What is looked at stands in ``docs/data-model.md`` (page, schema, registrations, R-trees and extents against the
    geometries, codes against the register, references, logs, derived columns). ``request.output`` gets one row per
    object found, at most 1,000 per finding.

    Returns
    -------
    dict
        Counts ``findings`` (kinds of damage), ``errors``, ``warnings``, ``repairable``, and ``findings``: rule, level,
        table, count, example and repair each.

    Raises
    ------
    InputRefused
        The output cannot be written.
    """
    context.progress(0.0, "progress.checking")
    findings = context.need_store().verify(context.progress, context.cancel)
    states = [(item, REPAIRABLE if item.repair else OPEN) for item in findings]
    return _told(context, states, request.output, None, [])


def repair_store(context: Context, request: RepairStore) -> dict[str, Any]:
    """Check the store, copy it beside itself, and repair what can be repaired in one action.

    Repaired is what can be made anew from what is sound: indexes and triggers, R-trees, extents, registrations,
    counters, the register from the tables, unit grids of components from the map, columns of cases from their log,
    links to nowhere, photo counts, areas. What was lost stays a finding. Without anything to repair, or
    when no repair helped, nothing is written and no copy is left.

    Returns
    -------
    dict
        As ``verify_store``, with the count ``repaired`` (kinds), ``left`` (kinds found afterwards) and ``copy``.

    Raises
    ------
    StoreError
        No room for the copy, a disk error, ``store.changed``; the store is as it was.
    """
    store = context.need_store()
    context.progress(0.0, "progress.checking")
    found = store.verify(_Part(context, 0.0, 0.4), context.cancel)
    if not any(item.repair for item in found):
        return _told(context, [(item, OPEN) for item in found], request.output, None, [])
    copy = store.copy_beside("repair", _Part(context, 0.4, 0.6), context.cancel)
    try:
        with store.action("repair_store", copy=PurePath(copy).name) as action:
            context.progress(0.6, "progress.repairing")
            left = store.repair(action, found, _Part(context, 0.65, 0.95), context.cancel)
            states = _states(found, left)
            if not _mended(found, left):
                raise _NothingMended
            counts = _counts(states)
            action.counts.update(counts)
            action.note(findings=[_plain(item, state) for item, state in states])
            context.progress(0.95, "progress.saving")
            result = _told(context, states, request.output, action.operation_uuid, [("verify.copy", {"path": copy})])
            context.cancel.check()
    except _NothingMended:  # no entry in the log and no copy for what changed nothing
        with suppress(OSError):
            Path(copy).unlink()
        return _told(context, states, request.output, None, [("verify.nothing_mended", {})])
    except BaseException:  # the store is as it was
        with suppress(OSError):
            Path(copy).unlink()
        raise
    result["copy"] = copy
    result["tables"] = sorted({item.table.split(".")[0] for item, state in states if state == REPAIRED and item.table})
    return result


class _NothingMended(Exception):
    """No finding went away: the action is rolled back."""


def _mended(found: Sequence[Finding], left: Sequence[Finding]) -> bool:
    still = {(item.rule, item.table): item.count for item in left}
    return any(still.get((item.rule, item.table), 0) < item.count for item in found if item.repair)


class _Part:
    """Progress of a part of the work."""

    def __init__(self, context: Context, low: float, high: float) -> None:
        self._context, self._low, self._high = context, low, high

    def __call__(self, fraction: float, message: str = "", **values: Any) -> None:
        self._context.progress(self._low + (self._high - self._low) * fraction, message, **values)


def _states(found: Sequence[Finding], left: Sequence[Finding]) -> list[tuple[Finding, str]]:
    """Return what was found with what became of it, and what shows only now."""
    still = {(item.rule, item.table): item for item in left}
    states = []
    for item in found:
        now = still.pop((item.rule, item.table), None)
        states.append((item, REPAIRED) if now is None else (now, OPEN))
    return states + [(item, OPEN) for item in still.values()]


def _counts(states: Sequence[tuple[Finding, str]]) -> dict[str, int]:
    left = [item for item, state in states if state != REPAIRED]
    return {
        "findings": len(states), "errors": sum(item.level == "error" for item, _ in states),
        "warnings": sum(item.level == "warning" for item, _ in states),
        "repairable": sum(state == REPAIRABLE for _, state in states),
        "repaired": sum(state == REPAIRED for _, state in states), "left": len(left),
    }  # fmt: skip


def _plain(item: Finding, state: str) -> dict[str, Any]:
    return {
        "rule": item.rule, "level": item.level, "table": item.table, "count": item.count, "example": item.example,
        "repair": item.repair, "state": state, "objects": list(item.objects[:_SHOWN]),
    }  # fmt: skip


def _told(
    context: Context, states: Sequence[tuple[Finding, str]], output: str | None, operation: str | None,
    notes: Sequence[tuple[str, dict[str, Any]]],
) -> dict[str, Any]:  # fmt: skip
    listed = [_plain(item, state) for item, state in states]
    told = [{"code": code, "values": values} for code, values in notes]
    for item, state in states:
        told.append({"code": item.rule, "values": {"table": item.table, "count": item.count, "example": item.example}})
        told.append({"code": f"verify.state_{state}", "values": {}})
    if output:
        _write(context, states, output)
    return {
        "counts": _counts(states), "operation": operation, "tables": [], "notes": told, "findings": listed,
    }  # fmt: skip


def advice_of(item: Finding, state: str) -> str:
    """Return the code of the sentence that says what a user can do about a finding."""
    if state == REPAIRED:
        return "verify.state_repaired"
    return "verify.state_repairable" if state == REPAIRABLE else f"advice.{item.rule.partition('.')[2]}"


def _write(context: Context, states: Sequence[tuple[Finding, str]], output: str) -> None:
    """Write the findings as a table, one row per object."""
    words: Mapping[str, str] = context.sentences or {}
    rows: list[list[Any]] = []
    for item, state in states:
        text = _filled(words.get(item.rule, item.rule), item)
        advice = words.get(advice_of(item, state)) or words.get("advice.lost") or ""
        for name in item.objects or (item.example,):
            rows.append([item.rule, item.level, item.table, name, item.count, state, text, advice])
    if PurePath(output).suffix.lower() == ".xlsx":
        header = tuple(words.get(f"findings.{name}") or name for name in COLUMNS)
        title = words.get("findings.title") or "findings"
        context.files.write_workbook(output, [Sheet(title, header, rows, (title,))])
        return
    columns = {name: objects(row[at] for row in rows) for at, name in enumerate(COLUMNS)}
    columns["count"] = np.array([row[4] for row in rows], dtype=np.int64)
    context.files.write_layer(output, "findings", columns, None, None)


def _filled(template: str, item: Finding) -> str:
    for name, value in (("table", item.table), ("count", item.count), ("example", item.example)):
        template = template.replace("{" + name + "}", str(value))
    return template
