# SPDX-License-Identifier: GPL-2.0-or-later
"""Moves of cases through the workflow: allowed or refused one by one, appended to the log, columns derived from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.replay import EVENT_COLUMNS, LOGGED, MOVE
from digital_citymgmt_plugin.core.cases.stages import STEPS
from digital_citymgmt_plugin.core.cases.times import AHEAD, from_text, moment_text, to_local
from digital_citymgmt_plugin.core.cases.workflow import ANSWERS, NEEDS, ROLES, Refusal, State, Table, target
from digital_citymgmt_plugin.core.cases.worktime import LONGEST_LIMIT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Action, Columns, Context, Store
from digital_citymgmt_plugin.core.profile import LIMIT_UNITS, is_positive
from digital_citymgmt_plugin.core.requests_cases import ListMoves, MoveCases
from digital_citymgmt_plugin.services.case_settling import Deriver, parts
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.supervising import SUPERVISE, TABLE, tell_supervisions

_ANSWERED = 1_000  # refused cases named in the answer; all are counted
_STATE = tuple(name for name in LOGGED if name not in STEPS)
_TABLES = ["case_record", "case_event"]
_LONGEST = 4_000  # characters of a reason


def move_cases(context: Context, request: MoveCases) -> dict[str, Any]:
    """Do one action with many cases: those that allow it go on, the others are told with why.

    Each move is one event (source ``move``); stage, times, flags, counters and due time are derived from the log and
    written in the same action. A dispatched case gets its limit from the filing standard if it has none; a supervised
    one its row of ``supervision``, with the day of ``payload["until"]`` or the case's due time.

    Returns
    -------
    dict
        Counts ``cases``, ``moved`` (of a dry run: that would be), ``refused``; ``refusals``: reason → count;
        ``refused``: at most 1,000 as ``fid``, ``case_no``, ``code``, ``values``; ``moved``: the cases; ``events``: case
        (fid as text) → its new newest event; ``written``.

    Raises
    ------
    InputRefused
        ``move.nothing`` (no cases), ``move.unknown``, ``move.role_unknown``, ``move.payload``, ``move.dept_unknown``,
        ``move.future`` (a time to come), ``move.until_past``.
    """
    store = context.need_store()
    asked = _Asked(context, store, request)
    good: list[NDArray[np.int64]] = []
    events: list[Columns] = []
    for part in parts(np.unique(np.array(request.cases, dtype=np.int64))):
        context.cancel.check()
        allowed, rows = asked.judge(part)
        good.append(allowed)
        events.append(rows)
    moved = np.concatenate(good)
    result: dict[str, Any] = {
        "counts": {"cases": asked.count, "moved": len(moved), "refused": sum(asked.tally.values())},
        "operation": None, "tables": [], "notes": [], "written": False, "refusals": dict(asked.tally),
        "refused": asked.refused, "moved": moved.tolist(), "events": {},
    }  # fmt: skip
    if request.dry_run or not len(moved):
        return result
    with store.action("move_cases", action=request.action, role=request.role, cases=len(moved)) as action:
        deriver, supervised = Deriver(store), 0
        for number, (part, rows) in enumerate(zip(good, events)):
            context.cancel.check()
            context.progress(0.1 + 0.85 * number / len(good), "progress.saving")
            fids = _write(action, deriver, request, part, rows)
            if request.action in (SUPERVISE, *ANSWERS) and len(part):
                supervised += tell_supervisions(store, action, part)
            if len(moved) <= _ANSWERED:
                result["events"].update((str(case), fid) for case, fid in zip(part.tolist(), fids))
        action.counts.update(result["counts"])
        context.cancel.check()
        tables = [*_TABLES, TABLE] if supervised else _TABLES
        result.update(operation=action.operation_uuid, tables=tables, written=True)
    return result


def _write(action: Action, deriver: Deriver, request: MoveCases, fids: NDArray[np.int64], events: Columns) -> list[int]:
    if not len(fids):
        return []
    new = action.insert("case_event", events)
    if request.action == "dispatch":
        departments = deriver.store.profile().department_by_code()
        code = request.dept_code
        values = {"dept_code": code, "dept_name": departments[code].name, "unowned": 0} if code in departments else {}
        if values:
            size = len(fids)
            action.update("case_record", fids, {name: objects([value] * size) for name, value in values.items()})
        deriver.set_limits(action, fids)
    deriver.write(action, fids)
    return [int(fid) for fid in new]


class _Asked:
    """A request looked through, and the cases judged by it."""

    def __init__(self, context: Context, store: Store, request: MoveCases) -> None:
        self._store, self._request = store, request
        self._table = Table(store.profile().moves)
        self.count, self.tally = 0, Counter[str]()
        self.refused: list[dict[str, Any]] = []
        if not request.cases:
            raise InputRefused("move.nothing")
        if not any(move.action == request.action for move in self._table.moves) or request.action == "amend":
            raise InputRefused("move.unknown", action=request.action)
        if request.role not in ROLES:
            raise InputRefused("move.role_unknown", value=request.role, roles=", ".join(ROLES))
        if request.dept_code and request.dept_code not in store.profile().department_by_code():
            raise InputRefused("move.dept_unknown", value=request.dept_code)
        self._payload = _payload(request.payload or {})
        now = context.clock()
        self.at = _moment(request.at) or moment_text(now)
        if self.at > moment_text(now + AHEAD):  # the case could not be moved any more until then
            raise InputRefused("move.future", at=self.at)
        until, zone = self._payload.get("until"), store.meta()["time_zone"]
        day = to_local(from_text(objects([self.at])), zone).astype("datetime64[D]")
        if until is not None and until < str(day[0]):  # parked cases come back on that day, supervisions are due
            raise InputRefused("move.until_past", value=until, at=self.at)
        if len(request.reason or "") > _LONGEST:
            raise InputRefused("move.payload", field="reason", value=f"{(request.reason or '')[:40]}…")
        self._given = [
            need
            for need, value in (
                ("reason", (request.reason or "").strip()), ("dept", request.dept_code),
                ("amount", self._payload.get("amount")), ("until", self._payload.get("until")),
            )
            if value and need in NEEDS
        ]  # fmt: skip

    def judge(self, fids: NDArray[np.int64]) -> tuple[NDArray[np.int64], Columns]:
        """Return the cases that allow the move, and their events."""
        names = ["fid", "case_no", "dept_code", *LOGGED]
        held = self._store.read("case_record", names, [("fid", "in", fids.tolist())], ["fid"])
        newest, asked = self._logs(held["fid"].astype(np.int64))
        known = set(held["fid"].tolist())
        self.count += len(fids)
        for fid in fids.tolist():
            if fid not in known:
                self._refuse(fid, None, Refusal("case.unknown", {"value": fid}))
        keep, afters = [], []
        for place, fid in enumerate(held["fid"].tolist()):
            state = _state(held, place)
            refusal = self._refusal(state, fid, held["case_no"][place], newest.get(fid, (0, None)))
            if refusal is not None:
                self._refuse(fid, held["case_no"][place], refusal)
                continue
            move = self._table.find(self._request.action, state.stage)
            keep.append(place)
            afters.append(state.stage if move is None else target(move, state))
        rows = np.array(keep, dtype=np.int64)
        return held["fid"][rows].astype(np.int64), self._events(held, rows, afters, asked)

    def _logs(self, fids: NDArray[np.int64]) -> tuple[dict[int, tuple[int, str | None]], dict[int, str | None]]:
        """Return of each case its newest event with the latest moment of its log, and the extension last asked for."""
        names = ["fid", *(name for name in EVENT_COLUMNS if name not in ("reason",))]
        log = self._store.read("case_event", names, [("case_fid", "in", fids.tolist())], ["fid"])
        newest: dict[int, tuple[int, str | None]] = {}
        asked: dict[int, str | None] = {}
        rows = zip(*(log[name].tolist() for name in ("fid", "case_fid", "action", "at", "payload", "source")))
        for fid, case, action, at, payload, source in rows:
            latest = newest.get(case, (0, None))[1]
            if source == MOVE and at is not None and (latest is None or at > latest):
                latest = at
            newest[case] = (fid, latest)
            if action == "ask_extension":
                asked[case] = payload
        return newest, asked

    def _refusal(self, state: State, fid: int, number: str, log: tuple[int, str | None]) -> Refusal | None:
        seen = (self._request.seen or {}).get(str(fid))
        newest, latest = log
        if seen is not None and str(seen) != str(newest):
            return Refusal("case.changed_meanwhile", {"case_no": number})
        refusal = self._table.refusal(state, self._request.action, self._request.role, self._given)
        if refusal is None and latest is not None and self.at < latest:
            return Refusal("move.too_early", {"at": self.at, "last": latest})
        return refusal

    def _refuse(self, fid: int, number: str | None, refusal: Refusal) -> None:
        self.tally[refusal.code] += 1
        if len(self.refused) < _ANSWERED:
            values = dict(refusal.values)
            self.refused.append({"fid": fid, "case_no": number, "code": refusal.code, "values": values})

    def _events(
        self, held: Columns, rows: NDArray[np.int64], afters: list[str], asked: Mapping[int, str | None]
    ) -> Columns:
        request, size = self._request, len(rows)
        own = json.dumps(self._payload, ensure_ascii=False, sort_keys=True) if self._payload else None
        texts = [own] * size
        if request.action == "grant_extension" and "amount" not in self._payload:  # as it was asked for
            texts = [asked.get(fid) or own for fid in held["fid"][rows].tolist()]
        departments = [request.dept_code] * size if request.dept_code else held["dept_code"][rows].tolist()
        return {
            "case_fid": held["fid"][rows].astype(np.int64), "action": objects([request.action] * size),
            "from_stage": held["stage"][rows], "to_stage": objects(afters), "at": objects([self.at] * size),
            "done_by": objects([request.done_by] * size), "dept_code": objects(departments),
            "reason": objects([(request.reason or "").strip() or None] * size), "source": objects([MOVE] * size),
            "payload": objects(texts),
        }  # fmt: skip


def _state(held: Columns, place: int) -> State:
    values = {name: held[name][place] for name in _STATE}
    times = {name: held[name][place] for name in STEPS if held[name][place] is not None}
    return State(**{**values, "stage": values["stage"] or "collection"}, times=times)


def _payload(values: dict[str, Any]) -> dict[str, Any]:
    """Return the payload checked.

    Raises
    ------
    InputRefused
        ``move.payload``.
    """
    result = dict(values)
    amount, unit, until = result.get("amount"), result.get("unit"), result.get("until")
    if amount is not None:
        if isinstance(amount, bool) or not is_positive(amount) or float(amount) > LONGEST_LIMIT:
            raise InputRefused("move.payload", field="amount", value=str(amount)[:80])
        result["amount"] = float(amount)
    if unit and unit not in LIMIT_UNITS:
        raise InputRefused("move.payload", field="unit", value=str(unit)[:80])
    if until is not None:
        try:
            result["until"] = date.fromisoformat(str(until)).isoformat()
        except ValueError:
            raise InputRefused("move.payload", field="until", value=str(until)[:80]) from None
    if len(json.dumps(result, ensure_ascii=False)) > _LONGEST:
        raise InputRefused("move.payload", field="payload", value="…")
    return result


def _moment(text: str | None) -> str | None:
    """Return a moment as the store writes it.

    Raises
    ------
    InputRefused
        ``move.payload``.
    """
    if not text:
        return None
    from digital_citymgmt_plugin.core.cases.times import parse_times, to_text

    moments, bad = parse_times(objects([text]), "UTC")
    if bad[0] or np.isnat(moments[0]):
        raise InputRefused("move.payload", field="at", value=text[:80])
    return str(to_text(moments)[0])


def list_moves(context: Context, request: ListMoves) -> dict[str, Any]:
    """Tell the workflow of the city, and what the cases asked for allow now."""
    store = context.need_store()
    table = Table(store.profile().moves)
    allowed: dict[str, list[str]] = {}
    newest: dict[str, int] = {}
    if request.cases:
        where = [("fid", "in", list(request.cases))]
        held = store.read("case_record", ["fid", *LOGGED], where, ["fid"])
        for place, fid in enumerate(held["fid"].tolist()):
            moves = table.allowed(_state(held, place), request.role or None)
            allowed[str(fid)] = [move.action for move in moves]
        log = store.read("case_event", ["fid", "case_fid"], [("case_fid", "in", list(request.cases))], ["fid"])
        newest = {str(case): fid for fid, case in zip(log["fid"].tolist(), log["case_fid"].tolist())}
    return {
        "counts": {"moves": len(table.moves), "cases": len(allowed)}, "operation": None, "tables": [], "notes": [],
        "moves": [dict(vars(move)) for move in table.moves], "roles": dict(ROLES), "needs": dict(NEEDS),
        "allowed": allowed, "newest": newest,
    }  # fmt: skip
