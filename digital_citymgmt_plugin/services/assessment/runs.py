# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs: evaluations that are kept whole under a name, listed, opened again to the digit, compared (``docs/adr/0019``).

A kept run is never computed again when it is opened: it holds the scheme, the names of its rows, the words of its
counts and all figures. Comparing with "now" counts anew, under the run's own scheme, period and cut-off.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from digital_citymgmt_plugin.core.assessment.evaluation import (
    Evaluation,
    canonical,
    evaluate_counts,
    evaluation_from_payload,
    payload_digest,
)
from digital_citymgmt_plugin.core.assessment.run_compare import compare_evaluations
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.core.requests_assessment import CompareRuns, Evaluate, FreezeRun, ListRuns, OpenRun
from digital_citymgmt_plugin.core.version import VERSION
from digital_citymgmt_plugin.services.assessment.evaluate import make_evaluation, said_of
from digital_citymgmt_plugin.services.assessment.table import ENDINGS, evaluation_table, write_table
from digital_citymgmt_plugin.services.assessment.tallies import tally
from digital_citymgmt_plugin.services.intake import objects

_TABLE = "assessment_run"
_LONGEST = 200  # characters of a name
_TOLD = (
    "uuid", "name", "scheme", "by", "by2", "basis", "from_date", "to_date", "cut_off", "program", "done_by", "note",
    "created_at", "digest",
)  # fmt: skip


def freeze_run(
    context: Context, request: FreezeRun, beside: Callable[[str], None] = lambda _uuid: None
) -> dict[str, Any]:
    """Evaluate and keep what comes out, whole, under a name.

    Parameters
    ----------
    beside : callable
        Called with the run's uuid before the run stands for good; when it raises, nothing is kept.

    Returns
    -------
    dict
        As ``evaluate``, and ``run``: uuid, name and what else is known of it.

    Raises
    ------
    InputRefused
        ``assess.run_name`` (taken, or too long), ``assess.empty_period``, and what ``evaluate`` refuses.
    """
    store = context.need_store()
    name = request.name.strip()
    if request.output and PurePath(request.output).suffix.lower() not in ENDINGS:
        raise InputRefused("assess.output", file=request.output, known=", ".join(ENDINGS))
    if len(name) > _LONGEST or (name and store.count(_TABLE, [("name", "=", name)])):
        raise InputRefused("assess.run_name", value=name[:_LONGEST], most=_LONGEST)
    asked = {field: getattr(request, field) for field in Evaluate.__dataclass_fields__ if field != "method"}
    evaluation = make_evaluation(context, Evaluate(**asked))
    if not any(evaluation.totals.values()):
        raise InputRefused("assess.empty_period", from_date=request.from_date or "–", to_date=request.to_date or "–")
    moment = context.clock().isoformat(timespec="milliseconds")[:23] + "Z"
    evaluation = replace(evaluation, place={**evaluation.place, "made_at": moment, "program": VERSION})
    said = said_of(context, evaluation)
    payload = {"evaluation": evaluation.to_payload(), "said": said, "language": _language(context)}
    name = name or _free_name(store, f"{evaluation.scheme.name} {said['by']} {said['period']}")
    chosen = evaluation.selection
    row = {
        "name": name, "scheme": evaluation.scheme.code, "by": chosen.by, "by2": chosen.by2 or None,
        "basis": chosen.basis, "from_date": chosen.from_date or None, "to_date": chosen.to_date or None,
        "cut_off": chosen.cut_off, "payload": canonical(payload), "program": VERSION, "digest": payload_digest(payload),
        "done_by": request.done_by.strip() or None, "note": request.note.strip() or None,
    }  # fmt: skip
    context.cancel.check()
    with store.action("freeze_run", name=name, scheme=evaluation.scheme.code, by=chosen.by) as action:
        columns = {column: objects([value]) for column, value in row.items()}
        fid = action.insert(_TABLE, {**columns, "operation_uuid": objects([action.operation_uuid])})
        counts = {"runs": 1, "rows": len(evaluation.rows), "cases": evaluation.totals["reported"]}
        action.counts.update(counts)
        operation = action.operation_uuid
        beside(_runs(store, [("fid", "=", int(fid[0]))])[0]["uuid"])
    kept = _runs(store, [("fid", "=", int(fid[0]))])
    words = Words(context.sentences)
    table = evaluation_table(evaluation, store.profile().counts, words, said["notes"])
    if request.output:
        write_table(context, store, request.output, chosen.by, table, words)
    return {
        "counts": counts, "operation": operation, "tables": [_TABLE], "notes": [],
        "evaluation": payload["evaluation"], "said": said, "run": kept[0] if kept else {**row, "uuid": ""},
        "table": table, "output": request.output,
    }  # fmt: skip


def list_runs(context: Context, request: ListRuns) -> dict[str, Any]:
    """List the runs that are kept, the newest first."""
    runs = _runs(context.need_store(), [("by", "=", request.by)] if request.by else [])
    return {"counts": {"runs": len(runs)}, "operation": None, "tables": [], "notes": [], "runs": runs[::-1]}


def open_run(context: Context, request: OpenRun) -> dict[str, Any]:
    """Open a run as it was kept: every figure, name and sentence; ``run`` tells of it.

    Raises
    ------
    InputRefused
        ``assess.no_run``, ``assess.run_changed`` (what is kept is not what was written).
    """
    run, payload = _kept(context.need_store(), request.run)
    evaluation = evaluation_from_payload(payload["evaluation"])
    said = payload["said"] if payload.get("language") == _language(context) else said_of(context, evaluation)
    return {
        "counts": {"rows": len(evaluation.rows)}, "operation": None, "tables": [], "notes": [],
        "evaluation": payload["evaluation"], "said": said, "run": run,
    }  # fmt: skip


def compare_runs(context: Context, request: CompareRuns) -> dict[str, Any]:
    """Compare a run with another, or with what is counted now under its own scheme, period and cut-off.

    Returns
    -------
    dict
        ``counts`` (rows, changed, gone, new), ``rows`` and ``totals`` (see ``compare_evaluations``), ``renamed``;
        ``names`` of counts and indicators by code.

    Raises
    ------
    InputRefused
        ``assess.no_run``, ``assess.run_changed``, ``assess.runs_differ`` (rows of another kind).
    """
    store = context.need_store()
    run, payload = _kept(store, request.run)
    first = evaluation_from_payload(payload["evaluation"])
    other: dict[str, Any] = {}
    if request.other:
        other, more = _kept(store, request.other)
        second = evaluation_from_payload(more["evaluation"])
    else:
        second = recount(context, first)
    if first.selection.by != second.selection.by:
        raise InputRefused("assess.runs_differ", first=run["name"], second=other.get("name", ""))
    found = compare_evaluations(first, second)
    said = said_of(context, first)
    names = {**said["counts"], **said["indicators"]}
    return {"operation": None, "tables": [], "notes": [], "run": run, "other": other, "names": names, **found}


def recount(context: Context, kept: Evaluation) -> Evaluation:
    """Return a run counted anew from the store as it is, under the run's scheme, period and cut-off."""
    counted = tally(context, kept.selection, kept.without)
    return evaluate_counts(
        kept.object, kept.selection, kept.scheme, counted.rows, counted.counts, columns=counted.columns,
        cells=counted.cells, exempt=counted.exempt, notes=counted.notes, place=kept.place,
        without=kept.without,
    )  # fmt: skip


def _runs(store: Store, where: list[Any]) -> list[dict[str, Any]]:
    found = store.read(_TABLE, _TOLD, where, ["fid"])
    rows = zip(*(found[name].tolist() for name in _TOLD))
    return [{name: "" if value is None else str(value) for name, value in zip(_TOLD, row)} for row in rows]


def _kept(store: Store, run: str) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return a run by uuid or name, and its payload; refused where it is not what was written."""
    for column in ("uuid", "name"):
        told = _runs(store, [(column, "=", run)])
        if told:
            text = store.read(_TABLE, ["payload"], [(column, "=", run)])["payload"][0]
            try:
                payload = json.loads(text or "")
            except ValueError:
                payload = None
            if not isinstance(payload, dict) or payload_digest(payload) != told[0]["digest"]:
                raise InputRefused("assess.run_changed", value=told[0]["name"])
            return told[0], payload
    raise InputRefused("assess.no_run", value=run)


def _free_name(store: Store, name: str) -> str:
    """Return a name that no run has yet: with a number behind it where it is taken."""
    taken = {str(held) for held in store.read(_TABLE, ["name"])["name"].tolist()}
    number = 1
    while (tried := name[:_LONGEST] if number == 1 else f"{name[: _LONGEST - 6]} ({number})") in taken:
        number += 1
    return tried


def _language(context: Context) -> str:
    return str((context.sentences or {}).get("table.language", "zh"))
