# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases against their logs: every derived column computed anew from the events of the case, for the whole store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.cases.derived import DERIVED, GIVEN, by_case, derive, differing
from digital_citymgmt_plugin.core.cases.replay import EVENT_COLUMNS, LOGGED, TELLING, Column, events_of
from digital_citymgmt_plugin.core.cases.stages import COLLECTION, STAGES
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar
from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.ports import Finding
from digital_citymgmt_plugin.storage.holidays import work_calendar
from digital_citymgmt_plugin.storage.profiles import TABLES, profile_from_tables
from digital_citymgmt_plugin.storage.verifying.base import WARNING, Run

SPAN = 20_000  # cases at a time: about 180,000 events; larger parts take longer
_COLUMNS = tuple(dict.fromkeys((*DERIVED, *GIVEN)))
Change = tuple[int, dict[str, list[Any]]]
Clock = tuple[WorkCalendar, str, str]


def replayed(run: Run) -> list[Finding]:
    """Every derived column of a case is what its log says; due times depend on the calendar, too, which may change."""
    wrong: list[int] = []
    late: list[int] = []
    clock = clock_of(run.connection)
    for changes in differences(run, clock):
        wrong += [fid for fid, change in changes if set(change) - {"due_at"}]
        late += [fid for fid, change in changes if set(change) == {"due_at"}]
    found = run.found("verify.case_log", "case_record", wrong, repair="replayed")
    return found + run.found("verify.case_due", "case_record", late, level=WARNING)


def clock_of(connection: sqlite3.Connection) -> Clock | None:
    """Return calendar, time zone and what a return does to the clock; None when the store's profile cannot be read."""
    try:
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        tables = {}
        for name, columns in TABLES.items():
            rows = connection.execute(f'SELECT {", ".join(columns)} FROM "{name}" ORDER BY fid').fetchall()
            tables[name] = dict(zip(columns, _columns(rows, len(columns))))
        profile = profile_from_tables(tables, meta)
        zone = str(meta.get("time_zone") or "Asia/Shanghai")
        return work_calendar(profile, zone), zone, profile.setting("after_return")
    except (CityError, ValueError, TypeError, sqlite3.OperationalError):
        return None


def differences(run: Run, clock: Clock | None) -> Iterator[list[Change]]:
    """Yield, part by part, the cases that have something else than their logs say."""
    for first, last in parts(run):
        run.stop_if_wanted()
        yield changed_between(run, first, last, clock)


def parts(run: Run, size: int = SPAN) -> Iterator[tuple[int, int]]:
    """Yield first and last fid of parts of the cases: by rows that are there, for fids may have gaps of any size."""
    sql = "SELECT min(fid), max(fid) FROM (SELECT fid FROM case_record WHERE fid >= ? ORDER BY fid LIMIT ?)"
    start = -(1 << 63)
    while start < 1 << 63:
        first, last = run.query(sql, (start, size)).fetchone()
        if first is None:
            return
        yield int(first), int(last)
        start = int(last) + 1


def changed_between(run: Run, first: int, last: int, clock: Clock | None) -> list[Change]:
    """Return the cases ``first <= fid <= last`` that differ from their logs, with both values of each column."""
    sql = f"SELECT fid, {', '.join(_COLUMNS)} FROM case_record WHERE fid BETWEEN ? AND ? ORDER BY fid"
    rows = run.query(sql, (first, last)).fetchall()
    if not rows:
        return []
    values = _columns(rows, len(_COLUMNS) + 1)
    fids = values[0].astype(np.int64)
    held = dict(zip(_COLUMNS, values[1:]))
    events = events_of(_events(run, first, last), fids)
    given = {name: held[name] for name in GIVEN}
    if clock is None:
        clock = WorkCalendar(), "Asia/Shanghai", "pause"
        held = {name: held[name] for name in LOGGED}
    told = derive(events, len(fids), given, *clock)
    # Typed in by hand and not begun.
    told["stage"][(held["stage"] == np.array(None)) & (told["stage"] == STAGES[COLLECTION])] = None
    return by_case(fids, held, told, differing(held, told))


def _events(run: Run, first: int, last: int) -> dict[str, Column]:
    """Read what the events of some cases say; amendments of places say nothing here and are most of them."""
    sql = (
        "SELECT case_fid, action, from_stage, to_stage, at, source, payload, "
        "CASE action WHEN 'amend' THEN reason END FROM case_event "
        "WHERE case_fid BETWEEN ? AND ? "
        "AND (action != 'amend' OR source IN (SELECT value FROM json_each(?))) ORDER BY case_fid, fid"
    )
    rows = run.query(sql, (first, last, json.dumps(TELLING))).fetchall()
    return dict(zip(EVENT_COLUMNS, _columns(rows, len(EVENT_COLUMNS))))


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[Column]:
    result = []
    for values in zip(*rows) if rows else [()] * width:
        column = np.empty(len(rows), dtype=object)
        column[:] = values
        result.append(column)
    return result
