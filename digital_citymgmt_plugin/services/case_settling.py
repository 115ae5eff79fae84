# SPDX-License-Identifier: GPL-2.0-or-later
"""Derived columns of cases brought to what their logs say; and what a table states told to the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.derived import DERIVED, GIVEN, derive, differing
from digital_citymgmt_plugin.core.cases.limits import Limits
from digital_citymgmt_plugin.core.cases.replay import EVENT_COLUMNS, LOGGED, STATE, Events, events_of
from digital_citymgmt_plugin.core.ports import Action, Columns, Store
from digital_citymgmt_plugin.services.intake import is_none, objects

PART = 20_000
READ = tuple(dict.fromkeys((*DERIVED, *GIVEN)))


class Deriver:
    """Derives columns with the clock of the city."""

    def __init__(self, store: Store) -> None:
        self.store = store
        profile = store.profile()
        self.limits = Limits(profile)
        self._calendar, self._after_return = store.calendar(), profile.setting("after_return")
        self._zone = store.meta().get("time_zone") or "Asia/Shanghai"

    def columns(self, events: Events, size: int, given: Columns) -> Columns:
        """Return the derived columns of cases."""
        return derive(events, size, given, self._calendar, self._zone, self._after_return)

    def logs(self, fids: NDArray[np.int64]) -> Columns:
        """Read the events of cases, in the order of the log."""
        return self.store.read("case_event", list(EVENT_COLUMNS), [("case_fid", "in", fids.tolist())], ["fid"])

    def set_limits(self, action: Action, fids: NDArray[np.int64], *, anew: bool = False) -> None:
        """Look the limits of cases up in the filing standard: where there is none, or all ``anew`` (of another class).

        A case whose due time a table stated keeps it and has no limit of ours.
        """
        names = ["fid", "kind", "class_code", "condition", "limit_value", "limit_unit", "stated_due_at"]
        rows = self.store.read("case_record", names, [("fid", "in", fids.tolist())], ["fid"])
        keys = zip(rows["kind"].tolist(), rows["class_code"].tolist(), rows["condition"].tolist())
        found = [self.limits.of(*key) for key in keys]
        value = objects(None if limit is None else limit[0] for limit in found)
        unit = objects(None if limit is None else limit[1] for limit in found)
        ours = is_none(rows["stated_due_at"])
        if not anew:
            ours &= is_none(rows["limit_value"])
        ours &= (value != rows["limit_value"]) | (unit != rows["limit_unit"])
        action.update("case_record", rows["fid"][ours], {"limit_value": value[ours], "limit_unit": unit[ours]})

    def write(self, action: Action, fids: NDArray[np.int64]) -> None:
        """Write the derived columns of cases as their logs, with the events of this action, say."""
        held = self.store.read("case_record", ["fid", *READ], [("fid", "in", fids.tolist())], ["fid"])
        mine = held["fid"].astype(np.int64)
        told = self.columns(events_of(self.logs(mine), mine), len(mine), held)
        _write(action, mine, held, told)


def _write(action: Action, fids: NDArray[np.int64], held: Columns, told: Columns) -> None:
    # Also what follows from a due time that differs.
    unlike = {name: np.not_equal(held[name], told[name]).astype(bool) for name in DERIVED}
    rows = np.any(list(unlike.values()), axis=0)
    names = [name for name in DERIVED if unlike[name].any()]
    if names:
        action.update("case_record", fids[rows], {name: told[name][rows] for name in names})


def rederive(store: Store, action: Action, fids: NDArray[np.int64], *, other_class: bool = False) -> None:
    """Bring derived columns of cases to what their logs say, part by part; the limit first where the class changed."""
    deriver = Deriver(store)
    for part in parts(np.unique(fids)):
        deriver.set_limits(action, part, anew=other_class)
        deriver.write(action, part)


def settle(
    deriver: Deriver, action: Action, fids: NDArray[np.int64], known: Callable[[str], bool], at: str, source: str
) -> int:
    """Make log and row of cases say the same after an import; returns the number of events written.

    Of columns that the table states (``known``) the row is right: what its log does not tell becomes a ``state`` event.
    Of all others the log is right and the row follows.
    """
    written = 0
    for part in parts(np.unique(fids)):
        held = deriver.store.read("case_record", ["fid", *READ], [("fid", "in", part.tolist())], ["fid"])
        mine = held["fid"].astype(np.int64)
        told = deriver.columns(events_of(deriver.logs(mine), mine), len(mine), held)
        unlike = differing({name: held[name] for name in LOGGED if known(name)}, told)
        events = states(mine, held, unlike, at, source)
        stating = np.isin(mine, events["case_fid"])
        if stating.any():
            action.insert("case_event", events)
            written += len(events["case_fid"])
            deriver.write(action, mine[stating])
        rest = np.flatnonzero(~stating)
        _write(action, mine[rest], _at(held, rest), _at(told, rest))
    return written


def _at(columns: Columns, rows: NDArray[np.int64]) -> Columns:
    return {name: columns[name][rows] for name in DERIVED}


def complete(deriver: Deriver, fresh: Columns, events: Columns, at: str, source: str) -> tuple[Columns, Columns]:
    """Return all derived columns of new cases, and their events with a ``state`` of those that these do not tell.

    Parameters
    ----------
    fresh : columns
        The rows of the cases, not written yet; ``events`` name them by their places.
    """
    size = len(fresh["stage"])
    fids = np.arange(size, dtype=np.int64)
    blank = objects([None] * size)
    held = {name: fresh.get(name, blank) for name in READ}
    log: Columns = {**events, "payload": objects([None] * len(events["case_fid"]))}
    told = deriver.columns(events_of(log, fids), size, held)
    unlike = differing({name: fresh[name] for name in LOGGED if name in fresh}, told)
    if unlike:
        more = states(fids, held, unlike, at, source)
        log = {name: np.concatenate([log[name], more[name]]) for name in log}
        order = np.argsort(log["case_fid"], kind="stable")
        log = {name: column[order] for name, column in log.items()}
        told = deriver.columns(events_of(log, fids), size, held)
    return {name: told[name] for name in DERIVED}, log


def states(
    fids: NDArray[np.int64], held: Columns, unlike: dict[str, NDArray[np.int64]], at: str, source: str
) -> Columns:
    """Return a ``state`` event of each case that differs from its log, with what it has."""
    values: dict[int, dict[str, Any]] = {}
    for name, places in unlike.items():
        for place in places.tolist():
            values.setdefault(place, {})[name] = held[name][place]
    rows = np.array(sorted(values), dtype=np.int64)
    size = len(rows)
    blank = objects([None] * size)
    return {
        "case_fid": fids[rows], "action": objects([STATE] * size), "from_stage": blank,
        "to_stage": held["stage"][rows] if size else blank, "at": objects([at] * size), "done_by": blank,
        "dept_code": blank, "reason": blank, "source": objects([source] * size),
        "payload": objects(json.dumps(values[row], ensure_ascii=False, sort_keys=True) for row in rows.tolist()),
    }  # fmt: skip


def parts(fids: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield cases in parts that fit into one question."""
    for start in range(0, len(fids), PART):
        yield fids[start : start + PART]
