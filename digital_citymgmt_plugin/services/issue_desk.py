# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of issues as one works it off: pages with counts, waivers with their reason, waivers taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import XY, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_desk import IssueFilter, ListIssues, ReopenIssues, WaiveIssues
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import CHUNK, OPEN, params_of
from digital_citymgmt_plugin.services.sheet_names import frame_of

ISSUES = "check_issue"
WAIVED = "waived"
COLUMNS = (
    "fid", "uuid", "rule", "level", "table_name", "object_uuid", "params", "state", "waived_by", "waived_at", "reason",
    "created_at", "shape", XY,
)  # fmt: skip
# What stands in a list beside an issue, by the table of its object.
_NAMED = {
    **dict.fromkeys(COMPONENTS, ("code", "name")), "unit_grid": ("code", "code"), "admin_area": ("code", "name"),
    "case_record": ("case_no", "class_code"), "place": ("name", "name"), "camera": ("name", "name"),
}  # fmt: skip
NOTHING: Mapping[str, Any] = {"code": None, "name": None, "class_name": None, "source": None}
LONGEST = 500  # characters of a reason
LONGEST_SHAPE = 20_000  # bytes: some 1,200 corners
PAGE = 5_000  # rows of a page at most: one line of the pipe


def conditions(store: Store, asked: IssueFilter) -> list[Condition]:
    """Return the conditions of a filter.

    Raises
    ------
    InputRefused
        ``issues.unknown_sheet``; ``issues.extent`` when the extent is not four numbers.
    """
    where: list[Condition] = []
    for column, values in (
        ("uuid", asked.uuids), ("rule", asked.rules), ("level", asked.levels), ("state", asked.states),
        ("table_name", asked.tables),
    ):  # fmt: skip
        if values:
            where.append((column, "in", list(values)))
    if asked.extent:
        if len(asked.extent) != 4 or not np.isfinite(asked.extent).all():
            raise InputRefused("issues.extent", value=", ".join(map(str, asked.extent)))
        where.append(("geom", "box", asked.extent))
    if asked.sheet:
        where.append(("geom", "box", sheet_box(store, asked.sheet)))
    return where


def sheet_box(store: Store, number: str) -> list[float]:
    """Return west, south, east, north of a sheet, by either of its numbers or its name.

    Raises
    ------
    InputRefused
        ``issues.unknown_sheet``.
    """
    frame = frame_of(store, number)
    if frame is None:
        raise InputRefused("issues.unknown_sheet", value=number)
    return [float(side) for side in shapely.bounds(frame)]


def list_issues(context: Context, request: ListIssues) -> dict[str, Any]:
    """List one page of issues.

    Returns
    -------
    dict
        ``issues``: one dict per issue with ``params``, the object's ``code`` and ``name``, of components
        ``class_name`` and ``source`` (its number there), ``other`` (the same of the other half of a pair), ``x`` and
        ``y`` (store's CRS; None without a place) and ``shape`` (the exact one as WKB in hexadecimal digits, None where
        the place is all or it is too long); ``more``: whether there is another page; ``groups``: [rule, level, state,
        count] of all issues that the filter takes, whatever state it asks for; ``counts``: ``issues`` and the number by
        state.

    Raises
    ------
    InputRefused
        See ``conditions``.
    """
    store = context.need_store()
    where = conditions(store, request)
    size = max(1, min(request.limit, PAGE))
    rows = next(store.chunks(ISSUES, COLUMNS, [*where, ("fid", ">", request.after)], size), None)
    listed = [] if rows is None else _dicts(store, rows)
    answer: dict[str, Any] = {"issues": listed, "more": len(listed) == size, "counts": {}, "tables": [], "notes": []}
    if request.counts:
        every = [item for item in where if item[0] != "state"]
        groups = [list(group) for group in store.tally(ISSUES, ["rule", "level", "state"], every)]
        states = set(request.states)
        answer["groups"] = groups
        answer["counts"] = {
            "issues": sum(group[3] for group in groups if not states or group[2] in states),
            **{state: sum(group[3] for group in groups if group[2] == state) for state in (OPEN, WAIVED, "settled")},
        }
    return answer


def _dicts(store: Store, rows: Columns) -> list[dict[str, Any]]:
    known = known_objects(store, rows["table_name"].tolist(), rows["object_uuid"].tolist())
    params = [params_of(text) for text in rows["params"].tolist()]
    others = {str(one["other"]) for one in params if one.get("other")}
    halves: dict[Any, dict[str, Any]] = {}
    for table in (*COMPONENTS, "unit_grid") if others else ():
        halves.update(known_objects(store, [table] * len(others), sorted(others)))
    plain = [name for name in COLUMNS if name not in (XY, "params", "shape")]
    listed = []
    for at, values in enumerate(zip(*(rows[name].tolist() for name in plain))):
        item = dict(zip(plain, values))
        item["params"] = params[at]
        item.update(NOTHING, **known.get(item["object_uuid"], {}))
        item["other"] = halves.get(params[at].get("other"))
        shape = rows["shape"][at]
        item["shape"] = shape.hex() if isinstance(shape, bytes) and len(shape) <= LONGEST_SHAPE else None
        x, y = rows[XY][at].tolist()
        item["x"], item["y"] = (x, y) if np.isfinite((x, y)).all() else (None, None)
        listed.append(item)
    return listed


def known_objects(store: Store, tables: Sequence[Any], uuids: Sequence[Any]) -> dict[Any, dict[str, Any]]:
    """Return by what a person knows objects, by uuid: ``code``, ``name``; of components ``class_name``, ``source``.

    ``source`` is the number that the census gave it, else the code that stood there, else drawing and handle of the
    symbol that it was made of. Objects of tables that have nothing of the kind are left out.
    """
    result: dict[Any, dict[str, Any]] = {}
    classes = {code: entry.name for code, entry in store.profile().class_by_code("component").items()}
    for table, (code, name) in _NAMED.items():
        asked = [uuid for uuid, of in zip(uuids, tables) if of == table and uuid]
        more = ("class_code", "import_key", "attributes") if table in COMPONENTS else ()
        names = list(dict.fromkeys((code, name, *more)))
        for start in range(0, len(asked), CHUNK):
            rows = store.read(table, ["uuid", *names], [("uuid", "in", asked[start:][:CHUNK])])
            for at, uuid in enumerate(rows["uuid"].tolist()):
                known = {"code": rows[code][at], "name": rows[name][at]}
                if more:
                    of = rows["class_code"][at]
                    number = _number_of(rows["import_key"][at]) or _drawn_as(rows["attributes"][at])
                    known.update(class_name=classes.get(of, of), source=number)
                result[uuid] = known
    return result


def _number_of(key: str | None) -> str | None:
    """Return the number of a source that a key of an import was made of; None for a key of all that a row says."""
    if not key or key.startswith("#"):
        return None
    ends = [at for at in (key.find(":"), key.find("@")) if at >= 0]
    return key[min(ends) + 1 :] if ends else None


def _drawn_as(attributes: str | None) -> str | None:
    """Return drawing and handle of the symbol that a candidate, and so a component, was made of."""
    try:
        told = json.loads(attributes or "{}")
        return " ".join(str(told[name]) for name in ("drawing", "handle") if told["handle"] and told[name]) or None
    except (ValueError, KeyError, TypeError):
        return None


def called(known: Mapping[str, Any]) -> str | None:
    """Return the name of an object; one without a code with its class and the number of its source."""
    parts = ("name",) if known.get("code") else ("class_name", "name", "source")
    return " ".join(dict.fromkeys(str(known[part]) for part in parts if known.get(part))) or None


def waive_issues(context: Context, request: WaiveIssues) -> dict[str, Any]:
    """Let the open issues that a filter takes stand, with a reason; who and when is kept with each.

    A waived issue stays waived while it is found with the same values; with other values it is open again.

    Returns
    -------
    dict
        Counts ``waived`` and ``by_rule`` (rule → number).

    Raises
    ------
    InputRefused
        ``issues.no_reason``, ``issues.reason_long``; see ``conditions``.
    """
    reason = " ".join(request.reason.split())
    if not reason:
        raise InputRefused("issues.no_reason")
    if len(reason) > LONGEST:
        raise InputRefused("issues.reason_long", count=len(reason), most=LONGEST)
    return _settle(context, request, "waive_issues", OPEN, WAIVED, reason)


def reopen_issues(context: Context, request: ReopenIssues) -> dict[str, Any]:
    """Take the waivers of the issues that a filter takes back: they are open again.

    Returns
    -------
    dict
        Counts ``reopened`` and ``by_rule`` (rule → number).

    Raises
    ------
    InputRefused
        See ``conditions``.
    """
    return _settle(context, request, "reopen_issues", WAIVED, OPEN, None)


def _settle(
    context: Context, request: IssueFilter, kind: str, before: str, after: str, reason: str | None
) -> dict[str, Any]:
    store = context.need_store()
    where = [item for item in conditions(store, request) if item[0] != "state"]
    by_rule: dict[str, int] = {}
    parts: list[NDArray[np.int64]] = []
    for rows in store.chunks(ISSUES, ["fid", "rule"], [*where, ("state", "=", before)]):
        context.cancel.check()
        parts.append(rows["fid"])
        for rule, count in zip(*np.unique(rows["rule"].astype(str), return_counts=True)):
            by_rule[str(rule)] = by_rule.get(str(rule), 0) + int(count)
    fids = np.concatenate([np.empty(0, dtype=np.int64), *parts])
    counts = {"waived" if after == WAIVED else "reopened": len(fids)}
    answer: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": [], "by_rule": by_rule}
    if not len(fids):
        return answer
    with store.action(kind) as action:
        author = None
        if after == WAIVED:
            logged = store.logged(action.operation_uuid)
            author = logged.done_by if logged else None
        at = moment_text(context.clock()) if after == WAIVED else None
        for start, part in _parts(fids):
            context.progress(start / len(fids), "progress.saving")
            context.cancel.check()
            values = {"state": after, "reason": reason, "waived_by": author, "waived_at": at}
            action.update(ISSUES, part, {name: objects([value] * len(part)) for name, value in values.items()})
        action.counts.update(counts)
        action.note(reason=reason, by_rule=by_rule)
        return {**answer, "operation": action.operation_uuid, "tables": [ISSUES]}


def _parts(fids: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    for start in range(0, len(fids), CHUNK):
        yield start, fids[start : start + CHUNK]
