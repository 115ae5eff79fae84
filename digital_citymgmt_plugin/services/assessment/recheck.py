# SPDX-License-Identifier: GPL-2.0-or-later
"""Random re-checks (随机抽取): the draw with its form, and what the results say of the count it was drawn from."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.question import FILED, Question
from digital_citymgmt_plugin.core.assessment.recheck import (
    FALSE,
    FORM,
    GENUINE,
    Found,
    draw,
    estimate,
)
from digital_citymgmt_plugin.core.assessment.scores import half_up
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Columns, Context, Sheet, Store
from digital_citymgmt_plugin.core.requests_fairness import DrawRecheck, ListRechecks
from digital_citymgmt_plugin.services.assessment.fairness import zone_of
from digital_citymgmt_plugin.services.assessment.panel import Panel, panel_of
from digital_citymgmt_plugin.services.assessment.said import headings, said
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.local_days import local_days

STRATA = ("county", "street", "community", "beat", "department", "class", "major", "kind", "source")
_MOST = 10_000  # cases of one draw
_CASES = ("fid", "case_no", "class_name", "dept_name", "address", "closed_at", "disposed_at", "filed_at", "reported_at")
_PART = 500
_JOIN = " / "


def draw_recheck(context: Context, request: DrawRecheck) -> dict[str, Any]:
    """Draw cases of a count for a re-check, keep the draw, write the form.

    The cases of a stratum with the smallest SHA-256 of ``seed:case number`` are drawn, so that anybody can repeat it.

    Returns
    -------
    dict
        ``counts`` (cases: of the count; strata, drawn); ``recheck`` (uuid, seed), ``cases`` (fids), ``output`` (None
        where the form could not be written: the draw is kept, ``notes`` say ``recheck.no_form`` and why).

    Raises
    ------
    InputRefused
        ``recheck.by``, ``recheck.number``, ``recheck.none``, ``recheck.too_many``, ``assess.output``; those of
        ``Panel.cases``.
    """
    by = [name for name in (request.by, request.by2) if name]
    for name in by:
        if name not in STRATA:
            raise InputRefused("recheck.by", value=name, known=", ".join(STRATA))
    if request.number < 1 or request.least < 0:
        raise InputRefused("recheck.number", value=min(request.number, request.least))
    if request.number > _MOST:
        raise InputRefused("recheck.too_many", value=request.number, most=_MOST)
    if request.output and PurePath(request.output).suffix.lower() != ".xlsx":
        raise InputRefused("assess.output", file=request.output, known=".xlsx")
    store, panel = context.need_store(), panel_of(context)
    question = Question(
        request.by or "county", "", request.basis or FILED, request.from_date, request.to_date, request.cut_off,
        {name: tuple(codes) for name, codes in request.where.items()},
    )  # fmt: skip
    fids = panel.cases(question, request.count)
    if not len(fids):
        raise InputRefused("recheck.none", value=request.count)
    strata, labels = _strata(panel, question, by, fids)
    context.progress(0.6, "progress.drawing")
    numbers = _numbers(context, store, fids)
    seed = request.seed.strip() or f"{context.clock().isoformat(timespec='seconds')}"
    rows = draw(numbers, strata, seed, request.number, request.least)
    if len(rows) > _MOST:
        raise InputRefused("recheck.too_many", value=len(rows), most=_MOST)
    made = str(uuid.uuid4())
    sizes = np.bincount(strata, minlength=len(labels)).tolist()
    drawn, named = fids[rows], [labels[stratum] for stratum in strata[rows].tolist()]
    view = panel.view(request.cut_off)
    cut_off = f"{np.datetime_as_string(view.cut_off, unit='ms')}Z"
    name = request.name.strip() or said(
        context, "recheck.called", count=request.count, first=request.from_date, last=request.to_date
    )
    # All that the draw rests on stands in the log of operations: whoever doubts it can make it again.
    asked = {"basis": question.basis, "where": json.dumps(request.where, ensure_ascii=False), "least": request.least}
    with store.action("draw_recheck", seed=seed, count=request.count, number=request.number, **asked) as action:
        action.insert("recheck", {
            "uuid": objects([made]), "name": objects([name]), "seed": objects([seed]), "by": objects([",".join(by)]),
            "count_code": objects([request.count]), "from_date": objects([request.from_date or None]),
            "to_date": objects([request.to_date or None]), "cut_off": objects([cut_off]),
            "sizes": objects([json.dumps(dict(zip(labels, sizes)), ensure_ascii=False)]),
            "operation_uuid": objects([action.operation_uuid]),
        })  # fmt: skip
        action.insert("recheck_case", {
            "recheck_uuid": objects([made] * len(rows)), "case_fid": drawn.astype(np.int64), "stratum": objects(named),
            "place": np.arange(1, len(rows) + 1, dtype=np.int64),
            "operation_uuid": objects([action.operation_uuid] * len(rows)),
        })  # fmt: skip
        counts = {"cases": len(fids), "strata": len(labels), "drawn": len(rows)}
        action.counts.update(counts)
        operation = action.operation_uuid
    notes: list[dict[str, Any]] = []
    output = request.output
    if output and not context.preview:
        # The form is written of a draw that is kept: one of a draw that was not could never be read back.
        context.progress(0.9, "progress.writing")
        try:
            _form(context, store, request, made, seed, drawn, named, dict(zip(labels, sizes)))
        except InputRefused as error:
            notes.append({"code": "recheck.no_form", "values": {"file": output, "name": name, "seed": seed}})
            notes.append({"code": error.code, "values": dict(error.values)})
            output = None
    return {
        "counts": counts, "operation": operation, "tables": ["recheck", "recheck_case"], "notes": notes,
        "recheck": {"uuid": made, "seed": seed, "name": name}, "cases": drawn.tolist(), "output": output,
        "files_wait": context.preview and bool(request.output),
    }  # fmt: skip


def list_rechecks(context: Context, request: ListRechecks) -> dict[str, Any]:
    """List re-checks, the newest first, each with what its results say.

    Returns
    -------
    dict
        ``rechecks``: ``uuid``, ``name``, ``seed``, ``by``, ``count``, ``from_date``, ``to_date``, ``cut_off``,
        ``found`` (see ``told``), ``strata`` (label and the same). Shares in percent. Counts ``rechecks``.
    """
    store = context.need_store()
    where = [("uuid", "=", request.recheck)] if request.recheck else []
    names = ("uuid", "name", "seed", "by", "count_code", "from_date", "to_date", "cut_off", "sizes")
    rows = store.read("recheck", names, where, ["fid"])
    listed = []
    for values in zip(*(rows[name].tolist() for name in names)):
        one = dict(zip(names, values))
        sizes = _sizes(one.pop("sizes"))
        one["count"] = one.pop("count_code")
        listed.append({**one, **what_was_found(store, str(one["uuid"]), sizes)})
    return {
        "counts": {"rechecks": len(listed)}, "operation": None, "tables": [], "notes": [], "rechecks": listed[::-1],
        "remarks": [said(context, "recheck.estimate"), said(context, "recheck.repeat")],
    }  # fmt: skip


def what_was_found(store: Store, recheck: str, sizes: dict[str, int]) -> dict[str, Any]:
    """Return ``found`` over all strata, and ``strata``."""
    rows = store.read("recheck_case", ["stratum", "result"], [("recheck_uuid", "=", recheck)], ["fid"])
    tally = {label: [0, 0, 0] for label in sizes}
    for label, result in zip(rows["stratum"].tolist(), rows["result"].tolist()):
        at = 0 if result == GENUINE else 1 if result == FALSE else 2
        tally.setdefault(str(label), [0, 0, 0])[at] += 1
    labels = list(tally)
    whole = [sizes.get(label, sum(tally[label])) for label in labels]
    parts = [[tally[label][at] for label in labels] for at in range(3)]
    return {
        "found": told(estimate(whole, parts[0], parts[1], parts[2])),
        "strata": [
            {"stratum": label, **told(estimate([size], [tally[label][0]], [tally[label][1]], [tally[label][2]]))}
            for label, size in zip(labels, whole)
        ],
    }  # fmt: skip


def told(found: Found) -> dict[str, Any]:
    """Return an estimate in percent with two decimals, and the number of cases that it means.

    ``share``, ``low``, ``high``, ``worst``, ``best`` (percent or None), ``size``, ``drawn``, ``seen``; ``recount``,
    ``recount_low``, ``recount_high``: cases of the count that are genuine by the estimate, None without results.
    """
    shares = {name: getattr(found, name) for name in ("share", "low", "high", "worst", "best")}
    result: dict[str, Any] = {
        name: None if math.isnan(value) else float(half_up(100.0 * value, 2)) for name, value in shares.items()
    }
    result.update(size=found.size, drawn=found.drawn, seen=found.seen)
    for name, share in (("recount", "share"), ("recount_low", "low"), ("recount_high", "high")):
        result[name] = None if math.isnan(shares[share]) else int(half_up(found.size * shares[share], 0))
    return result


def _sizes(text: Any) -> dict[str, int]:
    try:
        found = json.loads(text or "{}")
        return {str(label): int(size) for label, size in found.items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def _strata(
    panel: Panel, question: Question, by: Sequence[str], fids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the stratum of each case, and what strata are called, in the order of their codes."""
    view = panel.view(question.cut_off)
    rows = np.searchsorted(panel.fids, fids)
    keys, names = np.zeros(len(fids), dtype=np.int64), [""]
    for name in by:
        side, place = panel.side(name, view)
        own = [
            f"{code} {called}".strip() if code and called != code else called or code
            for code, called in zip(side.codes, side.names)
        ]
        keys = keys * len(own) + place[rows].astype(np.int64)
        names = [_JOIN.join(filter(None, (before, label))) for before in names for label in own]
    there, strata = np.unique(keys, return_inverse=True)
    return strata.astype(np.int64), [names[key] for key in there.tolist()]


def _numbers(context: Context, store: Store, fids: NDArray[np.int64]) -> list[str]:
    """Return the case number of each case."""
    numbers = np.full(len(fids), "", dtype=object)
    for part in store.chunks("case_record", ["fid", "case_no"]):
        context.cancel.check()
        place = np.searchsorted(fids, part["fid"].astype(np.int64))
        place = np.minimum(place, len(fids) - 1)
        mine = fids[place] == part["fid"]
        numbers[place[mine]] = part["case_no"][mine]
    return [str(number) for number in numbers.tolist()]


def _form(
    context: Context, store: Store, request: DrawRecheck, recheck: str, seed: str, fids: NDArray[np.int64],
    strata: Sequence[str], sizes: dict[str, int],
) -> None:  # fmt: skip
    """Write the form: a sheet to fill in, and one that tells how it was drawn."""
    parts: list[Columns] = []
    for start in range(0, len(fids), _PART):
        where = [("fid", "in", fids[start : start + _PART].tolist())]
        parts.append(store.read("case_record", _CASES, where, ["fid"]))
    cases = {
        values[0]: values for part in parts for values in zip(*(part[name].tolist() for name in _CASES))
    }
    zone = zone_of(context)
    rows = []
    for fid, stratum in zip(fids.tolist(), strata):
        _, number, kind, department, address, *moments = cases[fid]
        moment = next((one for one in moments if one), None)
        day = local_days(objects([moment]), zone)[0] if moment else ""
        rows.append([recheck, number, stratum, kind or "", department or "", address or "", day, "", "", "", ""])
    lines = [
        said(context, "recheck.fill_in"), said(context, "recheck.seed", seed=seed), said(context, "recheck.repeat"),
        said(context, "recheck.estimate"),
    ]  # fmt: skip
    drawn = dict.fromkeys(sizes, 0)
    for label in strata:
        drawn[label] += 1
    context.files.write_workbook(str(request.output), [
        Sheet(said(context, "recheck.sheet"), headings(context, "recheck", FORM), rows),
        Sheet(said(context, "recheck.sheet_draw"), headings(context, "recheck", ("stratum", "size", "drawn")),
              [[label, size, drawn[label]] for label, size in sizes.items()], (), tuple(lines)),
    ])  # fmt: skip


