# SPDX-License-Identifier: GPL-2.0-or-later
"""Taking an import or a bulk action back as a whole, and the list of what was done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.core.requests import ListOperations, UndoOperation
from digital_citymgmt_plugin.core.undo import UNDOABLE, Hand, Logged, TakenBack, UndoPlan
from digital_citymgmt_plugin.services.evidence_copies import settle_evidence

DEPENDENTS = ("refuse", "undo")
LAST = "last"
_COLUMNS = ("fid", "uuid", "kind", "at", "done_by", "program", "params", "counts", "undone_by")
_NAMED = 3  # kinds of action that a sentence names


def undo_operation(context: Context, request: UndoOperation) -> dict[str, Any]:
    """Take an action back: rows it added go away, values it wrote over return; one new operation says so.

    All tables are then as they were before the action, but for the logs: the register keeps every code (retired, never
    given out again), the lineage of grids every step (it holds no more) with one back for each, ``component_change``
    and the operation log grow. What goes away stays in the undo journal, so an
    undo can be undone while nothing was written after it.

    With ``dependents="refuse"`` an action that later ones built on (gave codes to its rows, linked cases to them), or
    whose rows were edited in QGIS since, is refused with a sentence that names them; with ``"undo"`` the later ones are
    taken back first, newest first, in the same transaction, and edits are lost (the journal has them). Rows that
    someone wrote in QGIS and that name what would go away are never touched: that is refused in both cases.

    In a preview nothing is refused for what stands in the way: it is listed in ``blocked``.

    Returns
    -------
    dict
        Counts ``removed``, ``restored``, ``returned`` (rows), ``codes_retired``, ``edits_lost``,
        ``operations_undone``; ``by_table`` (table → the three counts), ``steps`` (the actions, newest first),
        ``blocked`` (code and values of a sentence each).

    Raises
    ------
    InputRefused
        ``undo.unknown``, ``undo.already``, ``undo.not_this_kind``, ``undo.not_recorded``, ``undo.dependents``,
        ``undo.edited``, ``undo.named``, ``undo.taken``, ``undo.nothing``.
    """
    if request.dependents not in DEPENDENTS:
        raise InputRefused("undo.policy", value=request.dependents, known=", ".join(DEPENDENTS))
    store = context.need_store()
    target = _target(store, request.operation)
    _check(store, target)
    context.progress(0.0, "progress.taking_back")
    plan = store.plan_undo(target)
    blocked = _in_the_way(plan, request.dependents)
    if blocked and not context.preview:
        raise blocked[0]
    found: list[TakenBack] = []
    steps: list[Logged] = []
    with store.action("undo_operation", what=target.kind) as action:
        while target not in steps:
            step = plan.steps[0]  # the newest first; what returns with it may name what goes next
            _check(store, step)
            advance = _advance(context, len(steps), len(steps) + len(plan.steps))
            advance(0.0)
            steps.append(step)
            found.append(action.take_back(step, advance))
            if found[-1].edited and request.dependents == "refuse":
                blocked.append(_edited(step, found[-1].edited))
            if step != target:
                plan = store.plan_undo(target)
                blocked += _in_the_way(plan, "undo")
            if blocked and not context.preview:
                raise blocked[-1]
        context.progress(0.97, "progress.saving")
        context.cancel.check()
        counts = _counts(found)
        action.counts.update(counts)
        action.note(undoes=[step.uuid for step in steps])
        operation = action.operation_uuid
    tables = sorted({table for done in found for part in _parts(done) for table in part})
    if "ruling" in tables and not context.preview:
        settle_evidence(context)
    lineage = ["grid_lineage"] if any(done.lineage for done in found) and "grid_lineage" not in tables else []
    return {
        "counts": counts, "operation": operation, "notes": [],
        "tables": [*tables, *lineage, "code_register", "component_change", "operation"],
        "by_table": {table: [sum(one.get(table, 0) for one in kind) for kind in zip(*map(_parts, found))]
                     for table in tables},
        "steps": [{"uuid": step.uuid, "kind": step.kind, "at": step.at, "done_by": step.done_by}
                  for step in steps],
        "blocked": [{"code": error.code, "values": error.values} for error in blocked],
    }  # fmt: skip


def list_operations(context: Context, request: ListOperations) -> dict[str, Any]:
    """List what was done, the newest first: who, when, what, with its counts, and whether it can be taken back.

    Returns
    -------
    dict
        ``operations``: one dict per row of the log, with ``undoable`` and, of an undo, what it ``undoes``; counts
        ``rows``.
    """
    store = context.need_store()
    fids = store.read("operation", ["fid"], order=["fid"])["fid"][::-1][: request.limit]
    # A log grows for years, and its parameters and counts are long texts: only what is shown is read whole.
    where = [("fid", ">=", int(fids[-1]))] if len(fids) else []
    rows = store.read("operation", _COLUMNS, where, ["fid"])
    listed = []
    for values in zip(*(rows[name].tolist()[::-1][: len(fids)] for name in _COLUMNS)):
        item = dict(zip(_COLUMNS, values))
        item["counts"], item["params"] = _json(item["counts"]), _json(item["params"])
        item["undoable"] = item["kind"] in UNDOABLE and item["undone_by"] is None
        listed.append(item)
    return {"counts": {"rows": len(listed)}, "operations": listed, "operation": None, "tables": [], "notes": []}


def _target(store: Store, asked: str) -> Logged:
    """Return the action meant: by its uuid, or the last one that can be taken back."""
    if asked.strip().lower() != LAST:
        found = store.logged(asked.strip())
        if found is None:
            raise InputRefused("undo.unknown", value=asked)
        return found
    where = [("undone_by", "is null", None), ("kind", "in", sorted(UNDOABLE))]
    uuids = store.read("operation", ["uuid"], where, ["fid"])["uuid"].tolist()
    found = store.logged(uuids[-1]) if uuids else None
    if found is None:
        raise InputRefused("undo.nothing")
    return found


def _check(store: Store, step: Logged) -> None:
    """Refuse what cannot be taken back at all."""
    values = {"kind": step.kind, "at": step.at}
    if step.undone_by is not None:
        raise InputRefused("undo.already", **values)
    if step.kind not in UNDOABLE:
        raise InputRefused("undo.not_this_kind", **values)
    if not store.is_recorded(step.uuid):
        raise InputRefused("undo.not_recorded", **values)


def _in_the_way(plan: UndoPlan, dependents: str) -> list[InputRefused]:
    """Return what keeps the action from being taken back as asked for."""
    target, later = plan.steps[-1], plan.steps[:-1]
    found = []
    if later and dependents == "refuse":
        named = list(dict.fromkeys(step.kind for step in later))[:_NAMED]
        values = {"kind": target.kind, "at": target.at, "count": len(later), "named": named}
        found.append(InputRefused("undo.dependents", **values))
    if plan.by_hand:
        hand = plan.by_hand[0]
        values = {"kind": target.kind, "at": target.at, "count": hand.count, "table": hand.table, "fid": hand.example}
        found.append(InputRefused("undo.named", **values))
    return found


def _advance(context: Context, before: int, count: int) -> Callable[[float], None]:
    """Return what tells how far an undo is, and stops it, while it takes back one of ``count`` actions."""

    def told(share: float) -> None:
        context.progress(0.05 + 0.9 * (before + share) / count, "progress.taking_back")
        context.cancel.check()

    return told


def _edited(step: Logged, hands: Iterable[Hand]) -> InputRefused:
    hand = next(iter(hands))
    values = {"kind": step.kind, "at": step.at, "table": hand.table, "count": hand.count, "fid": hand.example}
    return InputRefused("undo.edited", **values)


def _counts(found: list[TakenBack]) -> dict[str, int]:
    return {
        "removed": sum(sum(done.removed.values()) for done in found),
        "restored": sum(sum(done.restored.values()) for done in found),
        "returned": sum(sum(done.returned.values()) for done in found),
        "codes_retired": sum(done.retired for done in found),
        "edits_lost": sum(hand.count for done in found for hand in done.edited),
        "operations_undone": len(found),
    }


def _parts(done: TakenBack) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    return done.removed, done.restored, done.returned


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if text else {}
    except ValueError:
        return {}
