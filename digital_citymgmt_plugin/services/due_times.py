# SPDX-License-Identifier: GPL-2.0-or-later
"""Due times counted anew after calendar, working hours or the rule for returns have changed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.queues import OPEN_STAGES
from digital_citymgmt_plugin.core.cases.replay import events_of
from digital_citymgmt_plugin.core.cases.stages import ENDED
from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.ports import Action, Columns, Condition, Context
from digital_citymgmt_plugin.core.requests_cases import RecomputeDue
from digital_citymgmt_plugin.services.case_events import amendments
from digital_citymgmt_plugin.services.case_settling import PART, READ, Deriver

CLOCK = "clock"  # source of the events
_WRITTEN = ("due_at", "on_time", "on_time_basis")


def recompute_due(context: Context, request: RecomputeDue) -> dict[str, Any]:
    """Count due times anew of cases that have a limit, by calendar, hours and rule for returns as they are now.

    A case whose due time a table stated keeps it. Of ended cases, looked at on request, the judgement follows, unless
    a table stated it. Each change is an event of the case.

    Returns
    -------
    dict
        Counts ``cases_read`` (with a limit of ours), ``due_changed`` = ``due_later`` + ``due_earlier`` + ``due_other``
        (one of them none: the clock stands), ``due_overdue`` (open and overdue only by the new one),
        ``judged_otherwise``, ``due_stated`` (kept).
    """
    store = context.need_store()
    stages = [*OPEN_STAGES, *(sorted(ENDED) if request.ended else ())]
    of: list[Condition] = [("stage", "in", stages)]
    names = (
        "cases_read", "due_changed", "due_later", "due_earlier", "due_other", "due_overdue", "judged_otherwise",
        "due_stated",
    )  # fmt: skip
    counts = dict.fromkeys(names, 0)
    counts["due_stated"] = store.count("case_record", [*of, ("stated_due_at", "not null", None)])
    where: list[Condition] = [*of, ("stated_due_at", "is null", None), ("limit_value", "not null", None)]
    total = store.count("case_record", where) or 1
    deriver, now = Deriver(store), moment_text(context.clock())
    action: Action | None = None
    with ExitStack() as stack:
        for part in store.chunks("case_record", ["fid", *READ], where, size=PART):
            context.cancel.check()
            fids = part["fid"].astype(np.int64)
            told = deriver.columns(events_of(deriver.logs(fids), fids), len(fids), part)
            counts["cases_read"] += len(fids)
            rows = _count(counts, part, told, now)
            if len(rows):
                if action is None:
                    action = stack.enter_context(store.action("recompute_due", ended=request.ended))
                _write(action, part, told, rows, now)
            context.progress(0.95 * counts["cases_read"] / total, "progress.counting_due", rows=counts["cases_read"])
        if action is not None:
            context.progress(0.97, "progress.saving")
            context.cancel.check()
            action.counts.update(counts)
    return {
        "counts": counts, "operation": action.operation_uuid if action else None, "notes": [],
        "tables": ["case_record", "case_event"] if action else [],
    }  # fmt: skip


def _count(counts: dict[str, int], held: Columns, told: Columns, now: str) -> NDArray[np.int64]:
    """Count what is otherwise; returns the places of the cases."""
    other = np.zeros(len(held["fid"]), dtype=bool)
    for name in _WRITTEN:
        other |= np.not_equal(held[name], told[name]).astype(bool)
    rows = np.flatnonzero(other)
    for row in rows.tolist():
        old, new = held["due_at"][row], told["due_at"][row]
        counts["judged_otherwise"] += int(held["on_time"][row] != told["on_time"][row])
        if old == new:
            continue
        counts["due_changed"] += 1
        counts["due_other" if old is None or new is None else "due_later" if new > old else "due_earlier"] += 1
        open_ = held["stage"][row] not in ENDED
        counts["due_overdue"] += int(open_ and new is not None and new < now and (old is None or old >= now))
    return rows


def _write(action: Action, held: Columns, told: Columns, rows: NDArray[np.int64], now: str) -> None:
    fids = held["fid"][rows].astype(np.int64)
    action.update("case_record", fids, {name: told[name][rows] for name in _WRITTEN})
    changes = [
        {name: [held[name][row], told[name][row]] for name in _WRITTEN if held[name][row] != told[name][row]}
        for row in rows.tolist()
    ]
    stages = held["stage"][rows]
    action.insert("case_event", amendments(fids, (stages, stages), changes, now, CLOCK))
