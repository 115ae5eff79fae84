# SPDX-License-Identifier: GPL-2.0-or-later
"""Receipts of packages: what the receiver says of each case, and what contradicts what was handed over."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.cases import handover, slips
from digital_citymgmt_plugin.core.cases.times import AHEAD, moment_text, parse_times, to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import ROW, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_slips import ReadReceipt
from digital_citymgmt_plugin.services.dispatch.holding import CASES
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.supervising import TABLE, answer_supervisions

_PART = 500
_LISTED = 1_000  # conflicts in the answer


def read_receipt(context: Context, request: ReadReceipt) -> dict[str, Any]:
    """Write what a receipt says to the cases of its packages; every row is either taken or listed with its reason.

    A case that was answered answers its open supervisions, too.

    Returns
    -------
    dict
        Counts ``rows``, ``accepted``, ``refused``, ``answered``, ``rejected``, ``changed``; ``reasons`` (code →
        number); ``conflicts``: ``row``, ``case_no``, ``code``, ``values``; ``rejects``: the list, when one was written.

    Raises
    ------
    InputRefused
        ``receipt.…``; see ``storage.handover``.
    """
    store = context.need_store()
    try:
        with context.files.receipt(request.input) as read:
            numbered = list(_rows(context, read))
    except InputRefused as refused:
        if refused.code not in ("input.unknown_format", "input.dwg"):
            raise
        # What those sentences advise (SHP, GPKG, …) is no form of a receipt.
        raise InputRefused("receipt.format", file=request.input) from refused
    rows = [row for _, row in numbered]
    if not rows:
        raise InputRefused("receipt.none", file=request.input)
    known = _packages(store, {str(row["package"] or "") for row in rows})
    moments, _bad = parse_times(objects([row["at"] for row in rows]), store.meta()["time_zone"])
    times = to_text(moments)
    latest = moment_text(context.clock() + AHEAD)
    seen: set[tuple[str, int]] = set()
    taken: list[dict[str, Any]] = []
    conflicts: list[dict[str, Any]] = []
    rejects = context.files.rejects(request.rejects, handover.COLUMNS, context.sentences or {})
    for (number, row), at in zip(numbered, times.tolist()):
        context.cancel.check()
        found, code, values = _judge(row, at, latest, known, seen)
        if code:
            number_told = slips.shown(row["case_no"], 80)
            conflicts.append({"row": number, "case_no": number_told, "code": code, "values": values})
            rejects.add(number, code, values, row)
        if found is not None and code not in _JUDGED_OUT:
            taken.append({**found, "state": handover.state_of(row["state"]), "at": at, "note": row["note"]})
    counts = Counter(one["state"] for one in taken)
    reasons = Counter(one["code"] for one in conflicts)
    changed = [one for one in taken if (one["state"], _note(one)) != (one["before"], one["note_before"])]
    counted = {
        "rows": len(rows), **{state: counts[state] for state in handover.STATES}, "rejected": len(rows) - len(taken),
        "changed": len(changed),
    }  # fmt: skip
    operation, supervised = None, 0
    if changed:
        name = slips.shown(request.input.replace("\\", "/").split("/")[-1], 120)
        with store.action("read_receipt", file=name) as action:
            fids = np.array([one["fid"] for one in changed], dtype=np.int64)
            states, notes = ([one["state"] for one in changed], [_note(one) for one in changed])
            columns = {"state": objects(states), "note": objects(notes)}
            action.update("package_case", fids, columns)
            answers = {one["case_fid"]: one["at"] for one in changed if one["state"] == handover.ANSWERED}
            supervised = answer_supervisions(store, action, answers)
            for package, fid in sorted({(one["package"], one["package_fid"]) for one in taken}):
                told = Counter(one["state"] for one in taken if one["package"] == package)
                text = json.dumps({"read_at": action.at, **told}, ensure_ascii=False)
                action.update("package", np.array([fid]), {"receipt": objects([text])})
            action.counts.update(counted)
            operation = action.operation_uuid
    if not context.preview:
        rejects.close()
    return {
        "counts": counted, "operation": operation,
        "tables": ["package", "package_case", *[TABLE] * bool(supervised)] if operation else [],
        "notes": _more(conflicts), "reasons": dict(reasons), "conflicts": conflicts[:_LISTED],
        "rejects": request.rejects if conflicts and request.rejects else None,
    }  # fmt: skip


_JUDGED_OUT = (
    handover.UNKNOWN_PACKAGE, handover.UNKNOWN_CASE, handover.CHECKSUM, handover.NO_STATE, handover.NO_TIME,
    handover.FUTURE, handover.TWICE,
)  # fmt: skip


def _more(conflicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say how many conflicts are not listed: the list of rejects has them all."""
    left = len(conflicts) - _LISTED
    return [{"code": "note.receipt_listed", "values": {"count": left, "listed": _LISTED}}] if left > 0 else []


def _note(one: dict[str, Any]) -> str:
    return json.dumps({"at": one["at"], "note": slips.shown(one["note"], 1_000)}, ensure_ascii=False)


def _rows(context: Context, read: str | list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a receipt with their numbers, those without a state left out (not filled in yet).

    The number is the one a spreadsheet shows, blank and unfilled rows counted; of a list in JSON its place from 1.
    """
    if isinstance(read, list):
        for number, one in enumerate(read, start=1):
            row = {name: slips.shown(one.get(name)) for name in handover.COLUMNS}
            if row["state"]:
                yield number, row
        return
    source = context.files.open_source(read)
    try:
        names = {field.name.strip().lower(): field.name for field in source.info.fields}
        if "package" not in names or "case_no" not in names or "state" not in names:
            raise InputRefused("receipt.columns", file=read, columns=", ".join(handover.COLUMNS))
        for part in source.chunks():
            context.cancel.check()
            for at, number in enumerate(part[ROW].tolist()):
                row = {name: slips.shown(part[names[name]][at]) if name in names else "" for name in handover.COLUMNS}
                if row["state"]:
                    yield int(number), row
    finally:
        source.close()


def _packages(store: Store, uuids: set[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the cases of packages by number: row, digest then and now, what was said of it before."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    where: list[Condition] = [("uuid", "in", sorted(uuids)), ("direction", "=", "out")]
    packages = store.read("package", ["fid", "uuid"], where)
    for fid, package in zip(packages["fid"].tolist(), packages["uuid"].tolist()):
        names = ["fid", "case_fid", "digest", "state", "note"]
        rows = store.read("package_case", names, [("package_uuid", "=", package)])
        cases: dict[int, dict[str, Any]] = {}
        wanted = rows["case_fid"].tolist()
        for start in range(0, len(wanted), _PART):
            part = store.read(CASES, ["fid", *handover.DIGESTED], [("fid", "in", wanted[start : start + _PART])])
            for values in zip(*(part[name].tolist() for name in ("fid", *handover.DIGESTED))):
                cases[values[0]] = dict(zip(("fid", *handover.DIGESTED), values))
        held = {}
        for row, case_fid, mark, state, note in zip(*(rows[name].tolist() for name in names)):
            case = cases.get(case_fid)
            if case is not None:
                held[str(case["case_no"])] = {
                    "fid": row, "case_fid": case_fid, "package": package, "package_fid": fid, "digest": mark,
                    "now": handover.digest(case), "before": state, "note_before": note,
                }  # fmt: skip
        found[package] = held
    return found


def _judge(
    row: dict[str, Any],
    at: str | None,
    latest: str,
    known: dict[str, dict[str, dict[str, Any]]],
    seen: set[tuple[str, int]],
) -> tuple[dict[str, Any] | None, str, dict[str, Any]]:
    """Return the case that a row is of, and what contradicts ("" when nothing does)."""
    held = known.get(row["package"])
    if held is None:
        return None, handover.UNKNOWN_PACKAGE, {"value": row["package"][:80]}
    found = held.get(row["case_no"])
    if found is None:
        return None, handover.UNKNOWN_CASE, {"value": row["case_no"][:80]}
    if row["digest"].strip().lower() != found["digest"]:
        return found, handover.CHECKSUM, {"value": row["case_no"][:80]}
    if not handover.state_of(row["state"]):
        return found, handover.NO_STATE, {"value": row["state"][:80]}
    if at is None:
        return found, handover.NO_TIME, {"value": row["at"][:80]}
    if at > latest:
        return found, handover.FUTURE, {"value": row["at"][:80]}
    key = (found["package"], found["fid"])
    if key in seen:
        return found, handover.TWICE, {"value": row["case_no"][:80]}
    seen.add(key)
    if found["now"] != found["digest"]:
        return found, handover.CHANGED, {"value": row["case_no"][:80]}
    if found["before"] not in (handover.PACKED, handover.state_of(row["state"]), None) and not (
        found["before"] == handover.ACCEPTED and handover.state_of(row["state"]) == handover.ANSWERED
    ):
        return found, handover.LATER, {"value": row["case_no"][:80], "before": found["before"]}
    return found, "", {}
