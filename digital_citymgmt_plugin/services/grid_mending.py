# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of unit grids mended because a person chose them, one or all alike, in one action that can be taken back."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.audit import GridSet
from digital_citymgmt_plugin.core.grids.mending import RULES, Flaw, Mending, mend_flaws
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests import CheckGrids
from digital_citymgmt_plugin.core.requests_desk import MendGrids
from digital_citymgmt_plugin.services.check_city import rule_pack
from digital_citymgmt_plugin.services.check_findings import Findings
from digital_citymgmt_plugin.services.grid_checks import look_at_grids
from digital_citymgmt_plugin.services.grid_inputs import Inputs, read_inputs
from digital_citymgmt_plugin.services.grid_repair import Repaired, store_repaired
from digital_citymgmt_plugin.services.intake import objects, today
from digital_citymgmt_plugin.services.issue_desk import conditions
from digital_citymgmt_plugin.services.issues import OPEN, WHY_LEFT, compare, params_of, write

_TABLES = [
    "unit_grid", "grid_lineage", "code_register", "check_issue", "component_point", "component_line",
    "component_area", "component_change", "case_record", "case_event", "beat", "beat_member",
]  # fmt: skip
COUNTS = (
    "asked", "mended", "left", "grids_changed", "retired", "components_moved", "cases_moved", "beats_changed",
)  # fmt: skip


def mend_grids(context: Context, request: MendGrids) -> dict[str, Any]:
    """Mend the open issues of unit grids that a filter takes, and look at all that is near again.

    Of a grid that goes (the second of two equal ones, a splinter) the code is retired and lineage says into which grid
    it went. Reshaped grids keep their code, their shape before is in the lineage; components and cases go into the grid
    that now holds them.

    Returns
    -------
    dict
        Counts ``asked``, ``mended``, ``left``, ``grids_changed``, ``retired``, ``components_moved``, ``cases_moved``,
        ``beats_changed``; ``left``: code of the reason → number.
        Nothing is written, and the note ``mend.nothing`` says why, when no open issue of unit grids is meant.

    Raises
    ------
    InputRefused
        See ``conditions``.
    """
    store = context.need_store()
    context.progress(0.0, "progress.repairing")
    chosen = _chosen(store, request)
    if not len(chosen["fid"]):
        counts = dict.fromkeys(COUNTS, 0)
        notes = [{"code": "mend.nothing", "values": {}}]
        return {"counts": counts, "operation": None, "tables": [], "notes": notes, "left": {}}
    inputs = read_inputs(context, CheckGrids(), [])
    flaws = _flaws(chosen, inputs)
    grids = inputs.grids
    home = np.full(len(grids.cells), -1, dtype=np.int64)
    home[grids.rows] = grids.home if len(grids.homes) else -1
    done = mend_flaws(grids.cells, flaws, grids.homes, home, context.cancel)
    reasons = Counter(done.left.values())
    counts = {
        **dict.fromkeys(COUNTS, 0), "asked": len(flaws), "mended": len(flaws) - len(done.left), "left": len(done.left),
        "grids_changed": len(done.rows), "retired": len(done.gone),
    }  # fmt: skip
    notes = [{"code": "mend.left", "values": {"count": size, "because": why}} for why, size in reasons.items()]
    answer: dict[str, Any] = {
        "counts": counts, "operation": None, "tables": [], "notes": notes, "left": dict(reasons),
    }  # fmt: skip
    with store.action("mend_grids", rules=sorted({flaw.rule for flaw in flaws})) as action:
        counts.update(_store(context, action, inputs, done))
        context.progress(0.6, "progress.checking")
        if len(done.rows) or done.gone:
            _look_again(context, action, inputs, done, chosen)
        _say_why(store, action, chosen, done)
        context.cancel.check()
        action.counts.update(counts)
        tables = _TABLES if len(done.rows) or done.gone else ["check_issue"]
        answer.update(operation=action.operation_uuid, tables=tables)
    return answer


def _chosen(store: Store, request: MendGrids) -> Columns:
    where: list[Condition] = [item for item in conditions(store, request) if item[0] not in ("state", "table_name")]
    where += [("state", "=", OPEN), ("table_name", "=", "unit_grid")]
    return store.read("check_issue", ["fid", "rule", "object_uuid", "params", "shape"], where, ["fid"])


def _flaws(chosen: Columns, inputs: Inputs) -> list[Flaw]:
    held = inputs.held
    assert held is not None  # noqa: S101  (read from the store)
    row_of = {uuid: row for row, uuid in enumerate(held["uuid"].tolist())}
    shapes = shapely.from_wkb(chosen["shape"])
    return [
        Flaw(rule, row_of.get(uuid, -1), row_of.get(params_of(params).get("other"), -1), shape)
        for rule, uuid, params, shape in zip(
            *(chosen[name].tolist() for name in ("rule", "object_uuid", "params")), shapes.tolist()
        )
    ]  # fmt: skip


def _store(context: Context, action: Action, inputs: Inputs, done: Mending) -> dict[str, int]:
    """Write shapes, retired grids and lineage; the inputs have the new cells afterwards."""
    held, grids = inputs.held, inputs.grids
    assert held is not None  # noqa: S101  (read from the store)
    cells = grids.cells.copy()
    cells[done.rows] = [shapely.MultiPolygon(shapely.get_parts(cell).tolist()) for cell in done.cells[done.rows]]
    inputs.grids = GridSet(
        cells, grids.codes, grids.stated, grids.coded, grids.scheme, grids.county, grids.communities,
        grids.community_codes,
    )  # fmt: skip
    gone = np.array(sorted(done.gone), dtype=np.int64)
    if len(gone):
        day, size = today(context), len(gone)
        values = {"status": "retired", "valid_to": day, "retire_reason": "mend_grids"}
        action.update("unit_grid", held["fid"][gone], {name: objects([one] * size) for name, one in values.items()})
        store = context.need_store()
        there = store.read("code_register", ["fid"], [("code", "in", held["code"][gone].tolist())])["fid"]
        action.update("code_register", there, {"status": objects(["retired"] * len(there))})
        taker = np.array([_last(done.gone, row) for row in gone.tolist()], dtype=np.int64)
        before = shapely.make_valid(held[GEOM][gone])
        share = shapely.area(shapely.intersection(before, cells[taker])) / np.maximum(shapely.area(before), 1e-9)
        action.insert("grid_lineage", {
            "parent_uuid": held["uuid"][gone], "child_uuid": held["uuid"][taker],
            "share": np.floor(np.minimum(share, 1.0) * 1e6) / 1e6, "old_geom": objects([None] * size),
        })  # fmt: skip
    if not len(done.rows) and not len(gone):
        return {}
    # Of a grid that went what was in it goes to its taker, whose shape may be as it was.
    rows = np.unique(np.concatenate([done.rows, gone]))
    repaired = Repaired(done.rows if len(done.rows) else gone[:0])
    boxes = shapely.bounds(np.concatenate([held[GEOM][rows], cells[rows]]))
    store_repaired(context, action, inputs, repaired, boxes, held["uuid"][gone])
    return {name: repaired.counts.get(name, 0) for name in ("components_moved", "cases_moved", "beats_changed")}


def _last(gone: dict[int, int], row: int) -> int:
    """Return the grid that still is there, at the end of a chain of grids that went into each other."""
    while row in gone:
        row = gone[row]
    return row


def _look_again(context: Context, action: Action, inputs: Inputs, done: Mending, chosen: Columns) -> None:
    """Keep the list of issues in step at the grids that changed or went, and for gaps."""
    held = inputs.held
    assert held is not None  # noqa: S101  (read from the store)
    store = context.need_store()
    stays: NDArray[Any] = np.array([row not in done.gone for row in range(len(held["uuid"]))], dtype=bool)
    grids = inputs.grids
    left = GridSet(
        grids.cells[stays], grids.codes[stays], grids.stated[stays], grids.coded, grids.scheme, grids.county,
        grids.communities, grids.community_codes,
    )  # fmt: skip
    now = Inputs(left, {name: column[stays] for name, column in held.items()})
    pack, _wrong = rule_pack(context, store)
    rules = [rule for rule in pack if rule.code in RULES and rule.enabled]
    found = Findings(store)
    look_at_grids(context, now, rules, found)
    rows = np.unique(np.concatenate([done.rows, np.array(sorted(done.gone), dtype=np.int64)]))
    touched = {None, *held["uuid"][rows].tolist(), *chosen["object_uuid"].tolist()}
    # An overlap is told of one grid and names the other.
    told = [item for item in found.listed if item.uuid in touched or item.values.get("other") in touched]
    touched |= {item.uuid for item in told}
    listed = [item for item in found.listed if item.uuid in touched]
    write(action, compare(store, [rule.code for rule in rules], sorted(touched, key=str), listed))


def _say_why(store: Store, action: Action, chosen: Columns, done: Mending) -> None:
    """Write into the issues that are left why they are."""
    if not done.left:
        return
    why = {int(chosen["fid"][at]): reason for at, reason in done.left.items()}
    rows = store.read("check_issue", ["fid", "params"], [("fid", "in", sorted(why)), ("state", "=", OPEN)], ["fid"])
    texts = [
        json.dumps({**params_of(text), WHY_LEFT: why[fid]}, ensure_ascii=False, sort_keys=True)
        for fid, text in zip(rows["fid"].tolist(), rows["params"].tolist())
    ]
    action.update("check_issue", rows["fid"], {"params": objects(texts)})
