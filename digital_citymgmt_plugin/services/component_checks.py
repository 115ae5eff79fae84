# SPDX-License-Identifier: GPL-2.0-or-later
"""Check the census: all, a sheet, or what changed since the last run; findings become issues."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.census.check_pack import OF_COMPONENTS
from digital_citymgmt_plugin.core.census.checks import CHECKS, PAIRS, Part, Rule
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import representative_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Context, Store
from digital_citymgmt_plugin.core.requests import CheckComponents
from digital_citymgmt_plugin.services.check_city import basis, chosen_rules, lines_only, read_city, rule_pack
from digital_citymgmt_plugin.services.check_findings import Findings, Gathered, relevel, tallies, write_output
from digital_citymgmt_plugin.services.check_scope import (
    ALL,
    CHANGED,
    SCOPES,
    SHEET,
    Fids,
    changed_since,
    in_sheet,
    joined,
    last_run,
    marks_now,
    named_by_issues,
    read_rows,
    with_partners,
)
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import compare, write

CHUNK = 50_000
COLUMNS = (
    "fid", "uuid", "code", "class_code", "name", "manager_dept", "owner_dept", "maintainer_dept", "grid_code",
    "community_code", "state", "first_on", "changed_on", "source", "accuracy", "photo_count", "remark", "attributes",
    "import_key", "merged_uuid",
)  # fmt: skip
_WHOLE = "component.source_double"  # over source numbers in attributes, which no index finds: only with all


def check_components(context: Context, request: CheckComponents) -> dict[str, Any]:
    """Check components by the rule pack and keep the list of issues in step with what is found.

    What is found again stays as it is (waived stays waived), what is not found any more is settled. A run of what
    changed goes on from the last run with all rules; it looks at all when there was none, when rules, classes, grids,
    areas or base map changed since, when photos came for the first time or were edited or deleted in QGIS, or when more
    than 50,000 components changed. Its answer for those it looks at is that of a whole run, but for source numbers used
    twice, which only a whole run compares.

    Returns
    -------
    dict
        Counts ``components`` looked at, ``rules``, ``found``, ``errors``, ``warnings``, ``infos``, ``new``,
        ``settled``, ``open`` and ``waived`` (issues of these rules in the store); ``by_rule``; ``scope`` as it was.

    Raises
    ------
    InputRefused
        ``input.scope``, ``input.sheet``, ``input.rule``.
    """
    if request.scope not in SCOPES:
        raise InputRefused("input.scope", value=request.scope, known=", ".join(SCOPES))
    store = context.need_store()
    context.progress(0.0, "progress.checking")
    pack, wrong = rule_pack(context, store, OF_COMPONENTS)
    rules = chosen_rules(pack, request.rules)
    notes: list[_Note] = [("checks.rule_ignored", {"rule": code}) for code in wrong]
    digest, last = basis(store, pack), last_run(store)
    notes += [("checks.lines_only", {"rule": code}) for code in lines_only(store, rules)]
    scope, fids, more = _scope(store, request, digest, last)
    notes += more
    whole = not request.rules
    complete = whole and request.scope != SHEET
    marks: dict[str, Any] | None = {**marks_now(store, last), "basis": digest} if complete else None
    if fids is not None:
        rules = [rule for rule in rules if rule.code != _WHOLE]
    found, uuids = _look(context, store, rules, fids)
    context.progress(0.85, "progress.comparing")
    # In a run with all rules those switched off are settled, too.
    codes = [rule.code for rule in (pack if whole else rules) if fids is None or rule.code != _WHOLE]
    changes = compare(store, codes, uuids, found.listed)
    context.cancel.check()
    with store.action("check_components", scope=scope, sheet=request.sheet, rules=request.rules) as action:
        context.progress(0.9, "progress.saving")
        write(action, changes)
        if fids is None:
            relevel(store, action, rules)
        table, states = tallies(store, codes, found)
        counts = {
            "components": found.looked, "rules": len(rules), **found.counts(), "new": len(changes.fresh),
            "settled": len(changes.settled), **states,
        }  # fmt: skip
        action.insert("check_run", {
            "at": objects([moment_text(context.clock())]), "scope": objects([scope]),
            "sheet": objects([request.sheet if scope == SHEET else None]), "rules": objects([request.rules]),
            "components": np.array([found.looked], dtype=np.int64),
            "marks": objects([None if marks is None else json.dumps(marks, sort_keys=True)]),
            "tallies": objects([json.dumps(table, sort_keys=True)]),
        })  # fmt: skip
        action.counts.update(counts)
        if request.output:
            write_output(context, request.output, rules, found)
        context.cancel.check()
        operation = action.operation_uuid
    if found.as_doubles:
        notes.append(("checks.as_doubles", {"count": found.as_doubles}))
    notes += [("checks.many", {"rule": code, "count": count}) for code, count in found.cut()]
    return {
        "counts": counts, "operation": operation, "tables": ["check_issue", "check_run"], "scope": scope,
        "by_rule": {code: values["found"] for code, values in table.items() if values["found"]},
        "notes": [{"code": code, "values": values} for code, values in notes],
    }  # fmt: skip


_Note = tuple[str, dict[str, Any]]


def _scope(store: Store, request: CheckComponents, digest: str, last: Any) -> tuple[str, Fids | None, list[_Note]]:
    """Return the scope as it will be, the components (None: all) and what has to be said."""
    if request.scope == SHEET:
        return SHEET, in_sheet(store, request.sheet), []
    if request.scope == ALL:
        return ALL, None, []
    if last is None:
        return ALL, None, [("checks.first", {})]
    if last.basis != digest:
        return ALL, None, [("checks.basis_changed", {})]
    fids = changed_since(store, last)
    return (ALL, None, [(fids, {})]) if isinstance(fids, str) else (CHANGED, fids, [])


def _look(
    context: Context, store: Store, rules: Sequence[Rule], fids: Fids | None
) -> tuple[Findings, list[str | None] | None]:
    """Apply the rules; returns the findings and, but for a whole census, the uuids of what was looked at."""
    context.progress(0.02, "progress.reading_components")
    single = [rule for rule in rules if rule.code in CHECKS]
    double = [rule for rule in rules if rule.code in PAIRS]
    found = Findings(store)
    if fids is None:
        city = read_city(context, rules, None, None)
        gathered = Gathered(city, _fields(rules))
        size = sum(store.count(table) for table in TABLES)
        done = 0
        for part in all_parts(store):
            context.cancel.check()
            for rule in single:
                found.add(rule, part, CHECKS[rule.code](part, city, rule.params))
            gathered.add(part, asked=True)
            done += part.size
            found.looked += part.size
            context.progress(0.05 + 0.7 * done / max(size, 1), "progress.checking")
        found.add_pairs(context, double, gathered)
        return found, None
    reach = _reach(store, double)
    near = with_partners(store, fids, reach) if double else fids
    asked = joined(near, named_by_issues(store, fids)) if double else fids
    around = with_partners(store, asked, reach) if double else asked
    boxes, codes = _boxes_and_codes(store, asked)
    city = read_city(context, rules, boxes, codes)
    gathered = Gathered(city, "")
    uuids: list[str | None] = []
    for part in _parts(store, around):
        context.cancel.check()
        mine = np.isin(part.columns["fid"], asked[part.table])
        gathered.add(part, asked=mine)
        part = _cut(part, mine)
        for rule in single:
            found.add(rule, part, CHECKS[rule.code](part, city, rule.params))
        uuids += part.columns["uuid"].tolist()
        found.looked += part.size
    context.progress(0.75, "progress.checking")
    found.add_pairs(context, double, gathered)
    return found, uuids


def _fields(rules: Sequence[Rule]) -> str:
    return next((str(rule.params.get("fields", "")) for rule in rules if rule.code == _WHOLE), "")


def _reach(store: Store, double: Sequence[Rule]) -> float:
    """Return the farthest that a pair can be apart, in metres."""
    own = store.read("class", ["duplicate_m"], [("duplicate_m", "not null", None)])["duplicate_m"]
    given = [float(rule.params.get("metres", 0.0)) for rule in double]
    return max([0.0, *given, *(float(value) for value in own.tolist())])


def all_parts(store: Store) -> Iterator[Part]:
    """Yield all components, some at a time."""
    for table in TABLES:
        for rows in store.chunks(table, [*COLUMNS, XY if table == TABLES[0] else GEOM], size=CHUNK):
            yield _part(store, table, rows)


def _parts(store: Store, fids: Fids) -> Iterator[Part]:
    for table, rows in read_rows(store, fids, [*COLUMNS[1:], GEOM]):
        yield _part(store, table, rows)


def _part(store: Store, table: str, rows: Columns) -> Part:
    """Make a part of rows; of points only those without a usable place need their geometry."""
    if GEOM in rows:
        shapes = rows.pop(GEOM)
        return Part(table, rows, representative_points(shapes), shapes)
    xy = rows.pop(XY)
    shapes = np.full(len(xy), None, dtype=object)
    lost = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(lost):
        again = store.read(table, [GEOM], [("fid", "in", rows["fid"][lost].tolist())], ["fid"])[GEOM]
        shapes[lost] = again
    return Part(table, rows, xy, shapes)


def _cut(part: Part, mask: NDArray[np.bool_]) -> Part:
    columns = {name: values[mask] for name, values in part.columns.items()}
    return Part(part.table, columns, part.xy[mask], part.shapes[mask])


def _boxes_and_codes(store: Store, fids: Fids) -> tuple[NDArray[np.float64], list[str]]:
    places, codes = [np.empty((0, 2))], []
    for _, rows in read_rows(store, fids, ["code", XY]):
        places.append(rows[XY][np.isfinite(rows[XY]).all(axis=1)])
        codes += [code for code in rows["code"].tolist() if code is not None]
    xy = np.concatenate(places)
    return np.hstack([xy - 50.0, xy + 50.0]), codes
