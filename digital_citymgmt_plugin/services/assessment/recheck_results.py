# SPDX-License-Identifier: GPL-2.0-or-later
"""Forms of re-checks that come back: every row is taken or listed with its reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.assessment.recheck import FALSE, FORM, GENUINE, NEEDED, UNSEEN, result_of
from digital_citymgmt_plugin.core.cases import slips
from digital_citymgmt_plugin.core.cases.times import parse_times, to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Source, Store
from digital_citymgmt_plugin.core.request_base import Layer
from digital_citymgmt_plugin.core.requests_fairness import ListRechecks, ReadRecheck
from digital_citymgmt_plugin.services.assessment.fairness import zone_of
from digital_citymgmt_plugin.services.assessment.recheck import list_rechecks
from digital_citymgmt_plugin.services.assessment.said import said
from digital_citymgmt_plugin.services.intake import base_name, objects, open_layer

_MOST = 100_000  # rows of a form
_PART = 500
_LONGEST = {"note": 1_000, "checked_by": 80}
_SHEETS = ("抽查", "Re-check")
_CHINESE = {
    "recheck": "抽查编号", "case_no": "案件编号", "stratum": "层", "class": "类别", "department": "主管部门",
    "address": "地址", "moment": "日期", "result": "核查结果", "checked_at": "核查时间", "checked_by": "核查人",
    "note": "备注",
}  # fmt: skip


def read_recheck(context: Context, request: ReadRecheck) -> dict[str, Any]:
    """Write what a form says to the cases that were drawn.

    Rows without a result are left as they are. A form may come again: what it says now holds.

    Returns
    -------
    dict
        ``counts`` (rows: with a result; genuine, false, unseen, rejected, changed), ``reasons`` (code → number),
        ``rechecks`` as ``list_rechecks`` has them, of those in the form; ``rejects``.

    Raises
    ------
    InputRefused
        ``recheck.columns``, ``recheck.empty``, ``recheck.rows``; those of opening a table.
    """
    store = context.need_store()
    rows = _rows(context, request)
    if not rows:
        raise InputRefused("recheck.empty", file=base_name(request.input.path))
    known = _drawn(store, {row["recheck"] for row in rows})
    moments, bad = parse_times(objects([row["checked_at"] or None for row in rows]), zone_of(context))
    times = to_text(moments).tolist()
    seen: set[tuple[str, str]] = set()
    taken: dict[int, tuple[Any, ...]] = {}
    reasons: Counter[str] = Counter()
    rejects = context.files.rejects(request.rejects, FORM, context.sentences or {})
    for row, at, wrong in zip(rows, times, bad.tolist()):
        context.cancel.check()
        code, value = _judge(row, known, seen, wrong=wrong)
        if code:
            reasons[code] += 1
            rejects.add(row["row"], code, {"value": value[:80]}, {name: row[name] for name in FORM})
            continue
        seen.add((row["recheck"], row["case_no"]))
        fid = known[row["recheck"]][row["case_no"]][0]
        taken[fid] = (result_of(row["result"]), at, row["checked_by"] or None, row["note"] or None)
    before = {one[0]: one[1:] for cases in known.values() for one in cases.values()}
    changed = sorted(fid for fid, now in taken.items() if now != before[fid])
    told = Counter(values[0] for values in taken.values())
    counts = {
        "rows": len(rows), "genuine": told[GENUINE], "false": told[FALSE], "unseen": told[UNSEEN],
        "rejected": sum(reasons.values()), "changed": len(changed),
    }  # fmt: skip
    operation = None
    if changed:
        with store.action("read_recheck", file=slips.shown(base_name(request.input.path), 120)) as action:
            names = ("result", "checked_at", "checked_by", "note")
            columns = dict(zip(names, (objects(values) for values in zip(*(taken[fid] for fid in changed)))))
            action.update("recheck_case", np.array(changed, dtype=np.int64), columns)
            action.counts.update(counts)
            operation = action.operation_uuid
    if not context.preview:
        rejects.close()
    found = [list_rechecks(context, ListRechecks(one))["rechecks"] for one in sorted(known) if known[one]]
    return {
        "counts": counts, "operation": operation, "tables": ["recheck_case"] if operation else [], "notes": [],
        "reasons": dict(reasons), "rechecks": [one for listed in found for one in listed],
        "rejects": request.rejects if reasons and request.rejects else None,
    }  # fmt: skip


def _judge(
    row: dict[str, Any], known: dict[str, dict[str, Any]], seen: set[tuple[str, str]], *, wrong: bool
) -> tuple[str, str]:
    """Return why a row cannot be taken ("" when it can) and the value that the reason names."""
    if not known.get(row["recheck"]):
        return "recheck.unknown", row["recheck"]
    if row["case_no"] not in known[row["recheck"]]:
        return "recheck.not_drawn", row["case_no"]
    if (row["recheck"], row["case_no"]) in seen:
        return "recheck.twice", row["case_no"]
    if not result_of(row["result"]):
        return "recheck.no_result", row["result"]
    if wrong:
        return "recheck.no_time", row["checked_at"]
    return "", ""


def _rows(context: Context, request: ReadRecheck) -> list[dict[str, Any]]:
    """Return the rows of a form that have a result, texts without control signs."""
    source = open_layer(context, _sheet(context, request.input))
    found: list[dict[str, Any]] = []
    try:
        names = _names(context, source)
        missing = [name for name in NEEDED if name not in names]
        if missing:
            wanted = ", ".join(_CHINESE[name] for name in NEEDED)
            raise InputRefused("recheck.columns", file=base_name(request.input.path), columns=wanted)
        number = 1
        for part in source.chunks():
            context.cancel.check()
            columns = {name: part[field].tolist() for name, field in names.items()}
            for values in zip(*columns.values()):
                number += 1
                row = {name: slips.shown(value, _LONGEST.get(name, 200)) for name, value in zip(columns, values)}
                if row["result"]:
                    found.append({**dict.fromkeys(FORM, ""), **row, "row": number})
            if number > _MOST:
                raise InputRefused("recheck.rows", file=base_name(request.input.path), most=_MOST)
    finally:
        source.close()
    return found


def _sheet(context: Context, layer: Layer) -> Layer:
    """Return the sheet of a workbook that is the form: the draw stands on another one beside it."""
    if layer.layer or not layer.path.lower().endswith(".xlsx"):
        return layer
    sheets = context.files.layers(layer.path)
    called = {said(context, "recheck.sheet"), *_SHEETS}
    form = next((sheet for sheet in sheets if sheet in called), None)
    return replace(layer, layer=form) if form and len(sheets) > 1 else layer


def _names(context: Context, source: Source) -> dict[str, str]:
    """Return the field of each column of the form, whatever language it was written in."""
    fields = {field.name.strip().casefold(): field.name for field in source.info.fields}
    found = {}
    for name in FORM:
        own = (context.sentences or {}).get(f"recheck.{name}", "")
        for word in (name, own, _CHINESE[name]):
            if word and word.casefold() in fields:
                found[name] = fields[word.casefold()]
                break
    return found


def _kept(store: Store) -> set[str]:
    """Return the numbers of all re-checks: a form may name as many as it has rows, most of them no draw."""
    return {str(recheck) for recheck in store.read("recheck", ["uuid"])["uuid"].tolist()}


def _drawn(store: Store, rechecks: set[str]) -> dict[str, dict[str, Any]]:
    """Return of each re-check: case number → fid of its row, and what it holds."""
    names = ("fid", "case_fid", "result", "checked_at", "checked_by", "note")
    found: dict[str, dict[str, Any]] = {}
    for recheck in sorted(rechecks & _kept(store)):
        rows = store.read("recheck_case", names, [("recheck_uuid", "=", recheck)], ["fid"])
        cases = rows["case_fid"].tolist()
        numbers: dict[int, str] = {}
        for start in range(0, len(cases), _PART):
            part = store.read("case_record", ["fid", "case_no"], [("fid", "in", cases[start : start + _PART])])
            numbers.update(zip(part["fid"].tolist(), part["case_no"].tolist()))
        values = zip(*(rows[name].tolist() for name in ("fid", *names[2:])))
        found[recheck] = {str(numbers[case]): own for case, own in zip(cases, values) if case in numbers}
    return found
