# SPDX-License-Identifier: GPL-2.0-or-later
"""Supervisions (督办): a row for each that the log of a case tells of, answered by what the case's log tells later."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import parse_times, to_text
from digital_citymgmt_plugin.core.cases.workflow import ANSWERS
from digital_citymgmt_plugin.core.ports import Action, Store
from digital_citymgmt_plugin.services.intake import objects

TABLE = "supervision"
SUPERVISE = "supervise"
_READ = ("fid", "case_fid", "issued_at", "answered_at")
_DAY_ENDS = "23:59:59"


def tell_supervisions(store: Store, action: Action, fids: NDArray[np.int64]) -> int:
    """Write the supervisions of cases that their logs tell of and the table does not have yet, and who answered.

    Called inside the action that appended the events, after the derived columns were written. ``due_at`` is the end of
    the day that the move gave (``until``), else the due time of the case where that is later than the supervision, else
    empty. ``level`` counts the supervisions of a case, 1 first (default of the plugin), unless the move gave one.

    Parameters
    ----------
    fids : int64 array
        Cases whose logs got events; at most as many as fit into one question.

    Returns
    -------
    int
        Rows written or answered.
    """
    wanted = [("case_fid", "in", fids.tolist())]
    names = ["fid", "case_fid", "action", "at", "reason", "payload"]
    log = store.read("case_event", names, [*wanted, ("action", "in", [SUPERVISE, *ANSWERS])], ["fid"])
    if SUPERVISE not in log["action"].tolist():
        return 0
    held = store.read(TABLE, list(_READ), wanted, ["fid"])
    written = _add(store, action, log, Counter(zip(held["case_fid"].tolist(), held["issued_at"].tolist())))
    return written + _answer(store, action, log, wanted)


def answer_supervisions(store: Store, action: Action, answers: dict[int, str]) -> int:
    """Mark the open supervisions of cases answered: ``answers`` has the moment (UTC) by case.

    One issued after the moment stays open.
    """
    if not answers:
        return 0
    held = store.read(
        TABLE, list(_READ), [("case_fid", "in", list(answers)), ("answered_at", "is null", None)], ["fid"]
    )
    rows = zip(held["fid"].tolist(), held["case_fid"].tolist(), held["issued_at"].tolist())
    told = {fid: answers[case] for fid, case, issued in rows if (issued or "") <= answers[case]}
    return _write(action, told)


def _add(store: Store, action: Action, log: dict[str, Any], held: Counter[tuple[int, str | None]]) -> int:
    """Insert the rows that are missing; several of one moment count as often as the log has them."""
    level: Counter[int] = Counter()
    fresh: list[tuple[int, str | None, str | None, dict[str, Any], int]] = []
    rows = zip(*(log[name].tolist() for name in ("case_fid", "action", "at", "reason", "payload")))
    for case, done, at, reason, payload in rows:
        if done != SUPERVISE:
            continue
        level[case] += 1
        if held[case, at]:
            held[case, at] -= 1
            continue
        fresh.append((case, at, reason, _object(payload), level[case]))
    if not fresh:
        return 0
    cases = [one[0] for one in fresh]
    due = store.read("case_record", ["fid", "due_at"], [("fid", "in", sorted(set(cases)))])
    own = dict(zip(due["fid"].tolist(), due["due_at"].tolist()))
    days = objects([f"{one[3]['until']} {_DAY_ENDS}" if one[3].get("until") else None for one in fresh])
    moments, _bad = parse_times(days, store.meta().get("time_zone") or "Asia/Shanghai")
    given = to_text(moments).tolist()
    ahead = [own.get(case) if (own.get(case) or "") > (at or "") else None for case, at, *_ in fresh]
    action.insert(
        TABLE,
        {
            "case_fid": np.array(cases, dtype=np.int64), "issued_at": objects([one[1] for one in fresh]),
            "due_at": objects([day or mine for day, mine in zip(given, ahead)]),
            "level": objects([_level(one[3].get("level"), one[4]) for one in fresh]),
            "reason": objects([one[2] for one in fresh]),
        },
    )  # fmt: skip
    return len(fresh)


def _answer(store: Store, action: Action, log: dict[str, Any], wanted: list[Any]) -> int:
    """Set when each open row was answered: by the first answer of the log that is not earlier."""
    answers: dict[int, list[str]] = {}
    for case, done, at in zip(log["case_fid"].tolist(), log["action"].tolist(), log["at"].tolist()):
        if done in ANSWERS and at is not None:
            answers.setdefault(case, []).append(at)
    if not answers:
        return 0
    held = store.read(TABLE, list(_READ), [*wanted, ("answered_at", "is null", None)], ["fid"])
    told = {}
    for fid, case, issued in zip(*(held[name].tolist() for name in ("fid", "case_fid", "issued_at"))):
        later = [at for at in answers.get(case, ()) if at >= (issued or "")]
        if later:
            told[fid] = min(later)
    return _write(action, told)


def _write(action: Action, told: dict[int, str]) -> int:
    if told:
        fids = np.array(sorted(told), dtype=np.int64)
        action.update(TABLE, fids, {"answered_at": objects([told[int(fid)] for fid in fids])})
    return len(told)


def _level(value: Any, counted: int) -> int:
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 9
    return int(value) if good else counted


def _object(text: Any) -> dict[str, Any]:
    try:
        told = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
