# SPDX-License-Identifier: GPL-2.0-or-later
"""Check the unit grids by the rule pack, mend small faults without moving a boundary far; findings become issues."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.census.check_pack import OF_GRIDS
from digital_citymgmt_plugin.core.census.checks import CHECKS, Rule
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.audit import GRID_CHECKS
from digital_citymgmt_plugin.core.grids.audit.ground import load_of
from digital_citymgmt_plugin.core.grids.checks import GridIssue
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, Context
from digital_citymgmt_plugin.core.requests import CheckGrids
from digital_citymgmt_plugin.core.stoppable import stoppable
from digital_citymgmt_plugin.services.check_city import chosen_rules, read_city, rule_pack
from digital_citymgmt_plugin.services.check_findings import Findings, relevel, tallies, write_output
from digital_citymgmt_plugin.services.component_checks import all_parts
from digital_citymgmt_plugin.services.grid_inputs import Inputs, read_inputs
from digital_citymgmt_plugin.services.grid_repair import MOST, Repaired, repair_inputs, say_why, store_repaired
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import Found, compare, write

# Components in no grid, or with another grid than the one that holds them: the same issues as those of the census.
ORPHANS = ("component.outside_grid", "component.grid_missing", "component.grid_differs")
_LOAD = ("grid.load_low", "grid.load_high")
_PAIR = ("grid.overlap", "grid.duplicate", "grid.code_double")
_WITH_PLACE = ("grid.gap",)  # of no grid: its place tells which one it is
SCOPE = "grids"


def check_grids(context: Context, request: CheckGrids) -> dict[str, Any]:
    """Check the current unit grids, or a layer's, and keep the list of issues in step with what is found.

    With ``repair`` gaps, overlaps and splinters whose repair moves no boundary by more than that are mended first, in
    the same action; the rest is left and listed. A layer is only looked at: its findings go to ``output``, its grids
    after the repair to ``mended``, nothing into the store.

    Returns
    -------
    dict
        Counts ``grids`` and ``rules``, ``found``, ``errors``, ``warnings``, ``infos``, ``new``, ``settled``, ``open``
        and ``waived`` (issues of these rules in the store); with ``repair`` also ``gaps_closed``,
        ``overlaps_removed``, ``parts_joined``, ``grids_changed``, ``left_alone`` (gaps, overlaps and grids of several
        parts that are still there), ``components_moved``, ``cases_moved``; ``by_rule``.

    Raises
    ------
    InputRefused
        ``input.rule``, ``input.tolerance``, ``checks.no_grids``; what a layer lacks.
    """
    if not 0 <= request.repair <= MOST:
        raise InputRefused("input.tolerance", value=request.repair, most=MOST)
    store = context.need_store()
    context.progress(0.0, "progress.checking")
    pack, wrong = rule_pack(context, store)
    pack = [rule for rule in pack if rule.code.startswith(OF_GRIDS) or rule.code in ORPHANS]
    rules = chosen_rules(pack, request.rules)
    notes = [{"code": "checks.rule_ignored", "values": {"rule": code}} for code in wrong if code.startswith(OF_GRIDS)]
    inputs = read_inputs(context, request, rules)
    repaired = repair_inputs(context, inputs, request.repair)
    draft = inputs.held is None
    if draft:
        rules = [rule for rule in rules if rule.code not in ORPHANS]
    found = Findings(store)
    _components(context, inputs, rules, found)
    look_at_grids(context, inputs, rules, found)
    left = say_why(found.listed, repaired) if request.repair else {}
    context.progress(0.9, "progress.comparing")
    if not draft:
        counts, operation, by_rule = _keep(context, request, inputs, pack, rules, found, repaired)
    else:
        counts, operation = {"grids": found.looked, "rules": len(rules), **found.counts()}, None
        counts.update(new=0, settled=0, open=0, waived=0)
        by_rule = {rule.code: count for rule in rules if (count := found.of_rule(rule.code))}
        if request.mended and not context.preview:
            inputs.columns[GEOM] = inputs.grids.cells
            context.files.write_layer(request.mended, "grids", inputs.columns, store.meta()["crs"], "MultiPolygon")
    if request.repair:
        counts.update(repaired.counts)
        counts["left_alone"] = sum(by_rule.get(f"grid.{name}", 0) for name in ("gap", "overlap", "multipart"))
    if request.output and not context.preview:
        write_output(context, request.output, rules, found, shaped=True)
    notes += inputs.notes
    notes += [{"code": "mend.left", "values": {"count": count, "because": why}} for why, count in sorted(left.items())]
    notes += [{"code": "checks.grids_many", "values": {"rule": code, "count": count}} for code, count in found.cut()]
    tables = ["check_issue", "check_run", *repaired.tables] if operation else []
    return {
        "counts": counts, "left": left, "operation": operation, "tables": tables, "by_rule": by_rule, "notes": notes,
        # A preview writes no file: who says yes to its counts has the run once more.
        "files_wait": context.preview and bool(request.output or request.mended),
    }  # fmt: skip


def _keep(
    context: Context, request: CheckGrids, inputs: Inputs, pack: Sequence[Rule], rules: Sequence[Rule],
    found: Findings, repaired: Repaired,
) -> tuple[dict[str, Any], str | None, dict[str, int]]:  # fmt: skip
    """Write what was repaired and what was found, in one action."""
    store = context.need_store()
    # In a run with all rules those switched off are settled, too; what the census says of components is its own.
    codes = [rule.code for rule in rules] if request.rules else [
        rule.code for rule in pack if rule.code not in ORPHANS or rule.enabled
    ]  # fmt: skip
    changes = compare(store, codes, None, found.listed)
    context.cancel.check()
    kind = "repair_grids" if repaired.any else "check_grids"
    with store.action(kind, rules=request.rules, repair=request.repair or None) as action:
        if repaired.any:
            store_repaired(context, action, inputs, repaired)
        write(action, changes)
        relevel(store, action, rules)
        table, states = tallies(store, codes, found)
        counts = {
            "grids": found.looked, "rules": len(rules), **found.counts(), "new": len(changes.fresh),
            "settled": len(changes.settled), **states,
        }  # fmt: skip
        action.insert("check_run", {
            "at": objects([moment_text(context.clock())]), "scope": objects([SCOPE]), "sheet": objects([None]),
            "rules": objects([request.rules]), "components": np.array([0], dtype=np.int64), "marks": objects([None]),
            "tallies": objects([json.dumps(table, sort_keys=True)]),
        })  # fmt: skip
        action.counts.update(counts)
        if repaired.any:
            action.counts.update(repaired.counts)
        context.cancel.check()
        operation = action.operation_uuid
    return counts, operation, {code: values["found"] for code, values in table.items() if values["found"]}


def _components(context: Context, inputs: Inputs, rules: Sequence[Rule], found: Findings) -> None:
    """Find components that no grid or another grid holds, and sum up the load of each grid."""
    asked = {rule.code for rule in rules}
    mine = [rule for rule in rules if rule.code in ORPHANS]
    weigh = bool(asked & set(_LOAD))
    if not mine and not weigh:
        return
    store = context.need_store()
    city = read_city(context, mine, None, [])
    cells = inputs.grids.cells
    if inputs.held is not None:
        city.grids = cells  # as they will be after the repair
    load, any_there = np.zeros(len(cells)), False
    for part in all_parts(store):
        context.cancel.check()
        context.progress(0.4, "progress.reading_components")
        for rule in mine:
            found.add(rule, part, CHECKS[rule.code](part, city, rule.params))
        if weigh:
            there = np.flatnonzero(part.placed & part.there)
            load += load_of(cells, locate_points(part.xy[there], cells), np.ones(len(there)))
            any_there = any_there or len(there) > 0
    inputs.grids.load = load if any_there else None


def look_at_grids(context: Context, inputs: Inputs, rules: Sequence[Rule], found: Findings) -> None:
    """Apply those of the rules that are about the grids alone."""
    grids = inputs.grids
    own = [rule for rule in rules if rule.code in GRID_CHECKS]
    for number, rule in enumerate(own):
        context.cancel.check()
        context.progress(0.5 + 0.4 * number / len(own), "progress.checking")
        issues = stoppable(partial(GRID_CHECKS[rule.code], grids, rule.params), context.cancel.check)
        found.take(rule, _as_found(issues, inputs, rule))
    found.looked += len(grids.cells)


def _as_found(issues: list[GridIssue], inputs: Inputs, rule: Rule) -> list[Found]:
    """Make findings: object, values, the place as a point and the exact shape."""
    cells, codes = inputs.grids.cells, inputs.grids.codes
    shapes = objects(_shape(issue, cells) for issue in issues)
    places = shapely.point_on_surface(shapes)
    uuids: NDArray[Any] | None = None if inputs.held is None else inputs.held["uuid"]
    made = []
    for issue, shape, place in zip(issues, shapes.tolist(), places.tolist()):
        values = dict(issue.params)
        if issue.rule in _PAIR and issue.other >= 0:
            values["other"] = uuids[issue.other] if uuids is not None else codes[issue.other] or issue.other + 1
        if issue.rule in _WITH_PLACE:
            values.update(x=round(float(place.x), 2), y=round(float(place.y), 2))
        name = None
        if issue.index >= 0:
            name = uuids[issue.index] if uuids is not None else codes[issue.index] or str(issue.index + 1)
        made.append(Found(name, issue.rule, values, place, "unit_grid", rule.level, shape))
    return made


def _shape(issue: GridIssue, cells: NDArray[Any]) -> Any:
    shape = issue.geometry
    if shape is None and issue.index >= 0:
        shape = cells[issue.index]
    return None if shape is None or shape.is_empty else shape
