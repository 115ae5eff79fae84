# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns of all cases and what their logs tell, read bit by bit, kept up to date, and taken back to a cut-off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.counts import COUNTS
from digital_citymgmt_plugin.core.assessment.facts import LogFacts
from digital_citymgmt_plugin.core.assessment.logfacts import SETTING, known_from, log_facts, sorted_log
from digital_citymgmt_plugin.core.cases.derived import DERIVED, GIVEN
from digital_citymgmt_plugin.core.cases.log_order import LOG, in_order
from digital_citymgmt_plugin.core.cases.replay import EVENT_COLUMNS as REPLAYED
from digital_citymgmt_plugin.core.cases.replay import events_of
from digital_citymgmt_plugin.core.cases.stages import CLOSED, STEPS, VOID
from digital_citymgmt_plugin.core.cases.times import NAT, from_text
from digital_citymgmt_plugin.core.ports import Columns, Context, Store
from digital_citymgmt_plugin.services.assessment.columns import (
    CASE_COLUMNS,
    EVENT_COLUMNS,
    Reader,
    joined,
    log_at,
    log_put,
)
from digital_citymgmt_plugin.services.assessment.views import BASIS_DAYS, View
from digital_citymgmt_plugin.services.case_settling import Deriver

CASES, EVENTS = "case_record", "case_event"
_SLICE, _EVENT_SLICE = 20_000, 100_000  # rows read between two looks at the wish to stop
_MANY = 20_000  # changed cases from which on all is read anew
_PART = 20_000  # cases replayed at once
_SETTINGS = ("meta", "work_calendar", "work_hours")
Ints = NDArray[np.int64]


class HeldCases:
    """All cases of a store as columns (``data``) with what their logs tell (``log``)."""

    def __init__(self, store: Store) -> None:
        self.moment, self._last = store.moment(), _last_operation(store)
        self.reader = Reader(store)
        self.zone, self.words = self.reader.zone, self.reader.words
        self.data: dict[str, NDArray[Any]] = {}
        self.log: LogFacts
        self.first = self.last = np.empty(0, dtype="datetime64[ms]")
        self.latest = NAT
        self.ready = False
        self.fraction = 0.0
        self.base: View
        self._filling: Optional[Iterator[None]] = None  # noqa: UP045

    def load(self, context: Context) -> None:
        """Read everything once, with progress; can be cancelled and gone on with."""
        while not self.warm(context, 200):
            context.progress(self.fraction, "progress.reading_cases")
            context.cancel.check()

    def warm(self, context: Context, milliseconds: int) -> bool:
        """Read on for some time; True when all is there."""
        until = context.clock() + timedelta(milliseconds=milliseconds)
        if self._filling is None and not self.ready:
            self._filling = self._fill(context)
        while not self.ready and self._filling is not None and context.clock() < until:
            if next(self._filling, self) is self:
                self.ready, self.fraction, self._filling = True, 1.0, None
        return self.ready

    def _fill(self, context: Context) -> Iterator[None]:
        store = context.need_store()
        total, done = max(1, store.count(CASES)), 0
        parts = [self.reader.cases({name: np.empty(0, dtype=object) for name in ("fid", *CASE_COLUMNS)})]
        for part in store.packed(CASES, CASE_COLUMNS, (), _SLICE):
            parts.append(self.reader.cases(part))
            done += len(part["fid"])
            self.fraction = 0.25 * done / total
            yield
        self.data = joined(parts)
        total, done = max(1, store.count(EVENTS)), 0
        logs = [self.reader.events({name: np.empty(0, dtype=object) for name in EVENT_COLUMNS})]
        for part in store.packed(EVENTS, EVENT_COLUMNS, (), _EVENT_SLICE):
            logs.append(self.reader.events(part))
            done += len(part["fid"])
            self.fraction = 0.25 + 0.55 * done / total
            yield
        self.log = self._facts(joined(logs), self.data["fid"])
        self._settle()
        if np.isnat(self.latest):
            self.latest = np.datetime64(context.clock().replace(tzinfo=None), "ms")
        self.fraction = 0.9
        yield
        self.base = View(self.latest, self.zone, self.reader.asked(self.data, self.log))
        for name in dict.fromkeys((*BASIS_DAYS, *(item.moment for item in COUNTS.values() if item.moment))):
            yield
            self.base.day(name)

    def _facts(self, events: dict[str, NDArray[Any]], fids: Ints) -> LogFacts:
        place = np.searchsorted(fids, events["case"])
        good = place < len(fids)
        if len(fids):
            good &= fids[np.minimum(place, len(fids) - 1)] == events["case"]
        events["case"] = place
        if not good.all():  # events of cases that are gone
            events = {name: values[good] for name, values in events.items()}
        return log_facts(sorted_log(events), len(fids))

    def _settle(self) -> None:
        self.first, self.last = self.log.first.copy(), self.log.last.copy()
        for name in STEPS:
            self.first, self.last = np.fmin(self.first, self.data[name]), np.fmax(self.last, self.data[name])
        there = self.last[~np.isnat(self.last)]
        self.latest = there.max() if len(there) else NAT

    # -- at another cut-off ---------------------------------------------------------------------------------------

    def view_at(self, store: Store, cut_off: np.datetime64) -> View:
        """Return the cases as they were known at a cut-off."""
        gone = self.first > cut_off
        later = (self.last > cut_off) & ~gone
        ended = np.isin(self.data["stage"], (CLOSED, VOID)) & ~later
        rows = np.flatnonzero(~gone & ~ended)
        part = {name: values[rows] for name, values in self.data.items()}
        log = log_at(self.log, rows)
        back = np.flatnonzero(later[rows])
        for start in range(0, len(back), _PART):
            some = back[start : start + _PART]
            self._take_back(store, part, log, some, cut_off)
        return self.base.at(cut_off, rows, np.flatnonzero(gone), part, log, self.reader.asked(part, log))

    def _take_back(
        self, store: Store, part: dict[str, NDArray[Any]], log: LogFacts, rows: Ints, cut_off: np.datetime64
    ) -> None:
        """Write over what the logs of some cases told by the cut-off; a case without a log stays as its row says."""
        fids = part["fid"][rows]
        names = list(dict.fromkeys(("fid", *REPLAYED, *EVENT_COLUMNS)))
        events = store.read(EVENTS, names, [("case_fid", "in", fids.tolist())], ["case_fid", "fid"])
        case, at = events["case_fid"].astype(np.int64), from_text(events["at"])
        setting = np.isin(events["action"].astype(str), SETTING)
        order = in_order(case, at, setting, np.asarray(events["source"] == LOG, dtype=bool))
        seen = order[~(known_from(case[order], at[order], setting[order]) > cut_off)]
        events = {name: values[seen] for name, values in events.items()}
        logged = np.isin(fids, case)
        fids, rows = fids[logged], rows[logged]
        held = store.read(CASES, ["fid", *dict.fromkeys((*CASE_COLUMNS, *DERIVED, *GIVEN))],
                          [("fid", "in", fids.tolist())], ["fid"])  # fmt: skip
        told = Deriver(store).columns(events_of(events, fids), len(fids), held)
        made = self.reader.cases({**held, **told})
        made["went_on"][:] = True
        for name, values in made.items():
            part[name][rows] = values
        self._departments(part, rows, fids, events)
        log_put(log, rows, self._facts(self.reader.events(events), fids))

    def _departments(self, part: dict[str, NDArray[Any]], rows: Ints, fids: Ints, events: Columns) -> None:
        """Give cases back to the department that the last event before the cut-off names; else to that of their row.

        Our own moves have the department that the case had then, and a new one comes with a dispatch. A log of another
        platform names the office that did a step: the centre for a dispatch. It tells nothing of that.
        """
        there = np.array([bool(code) for code in events["dept_code"].tolist()], dtype=bool)
        named = np.flatnonzero(there & np.asarray(events["source"] != LOG, dtype=bool))
        numbers = self.words["dept_code"].numbers(events["dept_code"][named].tolist())
        then = part["dept_code"][rows].copy()
        then[np.searchsorted(fids, events["case_fid"][named].astype(np.int64))] = numbers  # of one case the last wins
        other = rows[then != part["dept_code"][rows]]
        part["dept_code"][rows] = then
        part["dept_name"][other] = 0  # its name is that of the profile

    # -- keeping up -----------------------------------------------------------------------------------------------

    def moved(self, store: Store) -> bool:
        """Tell whether the store changed."""
        return store.moment() != self.moment

    def refresh(self, store: Store) -> bool:
        """Take up what changed; False when all has to be read anew."""
        moment = store.moment()
        changed = self._changed(store) if self.ready and moment[0] == self.moment[0] else None
        if changed is None or not self._bring(store, np.array(sorted(changed), dtype=np.int64)):
            return False
        self.moment = moment
        return True

    def _changed(self, store: Store) -> Optional[set[int]]:  # noqa: UP045
        """Return the cases that actions wrote since; None when they are not known or too many."""
        rows = store.read("operation", ["fid", "uuid"], [("fid", ">", self._last)], ["fid"])
        changed: set[int] = set()
        for fid, uuid in zip(rows["fid"].tolist(), rows["uuid"].tolist()):
            if not store.is_recorded(uuid) or any(True for _ in store.written(uuid, _SETTINGS)):
                return None
            for wrote in store.written(uuid, (CASES,)):
                changed.update(wrote.fids.tolist())
            for wrote in store.written(uuid, (EVENTS,)):
                changed.update(int(case) for case in wrote.old.get("case_fid", []) if case is not None)
                if len(wrote.fids) > 10 * _MANY:
                    return None
                there = store.read(EVENTS, ["case_fid"], [("fid", "in", wrote.fids.tolist())])
                changed.update(there["case_fid"].tolist())
            if len(changed) > _MANY:
                return None
            self._last = int(fid)
        return changed

    def _bring(self, store: Store, fids: Ints) -> bool:
        if not len(fids):
            return True
        held = store.read(CASES, ["fid", *CASE_COLUMNS], [("fid", "in", fids.tolist())], ["fid"])
        mine = held["fid"].astype(np.int64)
        place = np.searchsorted(self.data["fid"], mine)
        known = place < len(self.data["fid"])
        known[known] = self.data["fid"][place[known]] == mine[known]
        if len(mine) != len(fids) or not known.all():  # added or taken away
            return False
        events = store.read(EVENTS, list(EVENT_COLUMNS), [("case_fid", "in", mine.tolist())], ["fid"])
        for name, values in self.reader.cases(held).items():
            self.data[name][place] = values
        log_put(self.log, place, self._facts(self.reader.events(events), mine))
        self._settle()
        ended = np.isin(self.data["stage"], (CLOSED, VOID))
        ended[place] = False
        rows = np.flatnonzero(~ended)
        part = self.reader.asked({name: values[rows] for name, values in self.data.items()}, log_at(self.log, rows))
        whole = replace(self.reader.asked(self.data, self.log, minutes=False), minutes=self.base.known.cases.minutes)
        for name, values in part.minutes.items():
            whole.minutes[name][rows] = values
        self.base = self.base.brought(self.latest, rows, part, whole)
        return True


def _last_operation(store: Store) -> int:
    rows = store.read("operation", ["fid"])["fid"]
    return int(rows.max()) if len(rows) else 0
