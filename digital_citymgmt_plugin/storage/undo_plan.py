# SPDX-License-Identifier: GPL-2.0-or-later
"""What has to be taken back so that one action can be: the later ones that touched its rows or built on them."""

from __future__ import annotations

import json
import sqlite3
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.undo import UNDO, Hand, Logged, UndoPlan
from digital_citymgmt_plugin.storage.journal import INSERT, Ranges, entries
from digital_citymgmt_plugin.storage.schema.catalogue import COMPONENTS

_NONE = np.empty((0, 2), dtype=np.int64)
_PART = 20_000
_SOME = 20_000  # rows that may go away and are looked for one by one in the tables that name them
_LOGGED = "fid, uuid, kind, at, done_by, undone_by"

# Columns by which rows name other rows: table, column → table, column named. What a log or the register says of an
# object that went away stays true, and is not listed.
NAMES: tuple[tuple[str, str, str, str], ...] = (
    *((table, "grid_code", "unit_grid", "code") for table in (*COMPONENTS, "case_record", "place", "camera")),
    *((table, "community_code", "admin_area", "code") for table in (*COMPONENTS, "case_record", "place", "camera")),
    ("case_record", "street_code", "admin_area", "code"), ("unit_grid", "community_code", "admin_area", "code"),
    ("admin_area", "parent_code", "admin_area", "code"),
    ("grid_lineage", "parent_uuid", "unit_grid", "uuid"), ("grid_lineage", "child_uuid", "unit_grid", "uuid"),
    ("scenario", "parent_uuid", "scenario", "uuid"),
    ("beat_member", "grid_uuid", "unit_grid", "uuid"), ("beat_member", "beat_uuid", "beat", "uuid"),
    ("collector", "beat_uuid", "beat", "uuid"),
    *(
        (table, "component_uuid", component, "uuid")
        for table in ("case_record", "candidate", "ruling", "stubborn_place")
        for component in COMPONENTS
    ),
    *(
        (table, "object_uuid", named, "uuid")
        for table in ("check_issue", "photo")
        for named in (*COMPONENTS, "unit_grid", "admin_area", "case_record", "place", "camera")
    ),
    *((table, "class_code", "class", "code") for table in (*COMPONENTS, "case_record")),
    *((table, "manager_dept", "department", "code") for table in COMPONENTS),
    ("case_record", "dept_code", "department", "code"), ("case_event", "case_fid", "case_record", "fid"),
    ("supervision", "case_fid", "case_record", "fid"),
    ("remediation", "case_fid", "case_record", "fid"), ("remediation", "fund_uuid", "fund", "uuid"),
    ("ruling", "case_fid", "case_record", "fid"), ("package_case", "case_fid", "case_record", "fid"),
    ("package_case", "package_uuid", "package", "uuid"),
    ("recheck_case", "case_fid", "case_record", "fid"), ("recheck_case", "recheck_uuid", "recheck", "uuid"),
    *((table, "department_code", "department", "code") for table in ("ruling", "remediation", "fund")),
    *((table, "merged_uuid", named, "uuid") for table in COMPONENTS for named in COMPONENTS),
    *(
        (table, "drawing_uuid", "drawing", "uuid")
        for table in ("base_point", "base_line", "base_area", "base_text", "base_stray")
    ),
    ("candidate", "base_uuid", "base_point", "uuid"), ("candidate", "merged_uuid", "candidate", "uuid"),
)  # fmt: skip

_FEW = frozenset(("admin_area", "class", "department"))  # without an index on the code alone
_REFERRING: dict[str, frozenset[str]] = {
    table: frozenset(column for other, column, *_ in NAMES if other == table) for table, *_ in NAMES
}


class Touched:
    """Which rows an action added and changed."""

    def __init__(self, connection: sqlite3.Connection, logged: Logged) -> None:
        self._connection, self.logged = connection, logged
        query = (
            "SELECT table_name, min(first_fid), max(last_fid) FROM undo_journal WHERE operation_uuid = ? "
            "GROUP BY table_name"
        )
        rows = connection.execute(query, (logged.uuid,)).fetchall()
        self.span: dict[str, tuple[int, int]] = {table: (first, last) for table, first, last in rows}

    @cached_property
    def _rows(self) -> tuple[dict[str, Ranges], dict[str, Ranges], dict[str, Ranges], dict[str, Ranges]]:
        added: dict[str, list[Ranges]] = {}
        every: dict[str, list[Ranges]] = {}
        shaped: dict[str, list[Ranges]] = {}
        wrote: dict[str, list[Ranges]] = {}
        for entry in entries(self._connection, self.logged.uuid):
            every.setdefault(entry.table, []).append(entry.ranges)
            if entry.kind == INSERT:
                added.setdefault(entry.table, []).append(entry.ranges)
            elif entry.table == "unit_grid" and "geom" in entry.columns:
                shaped.setdefault(entry.table, []).append(entry.ranges)
            for column in _REFERRING.get(entry.table, frozenset()) & entry.columns.keys():
                wrote.setdefault(f"{entry.table}.{column}", []).append(entry.ranges)
        return _joined(added), _joined(every), _joined(shaped), _joined(wrote)

    @property
    def added(self) -> dict[str, Ranges]:
        """Rows added, by table."""
        return self._rows[0]

    @property
    def every(self) -> dict[str, Ranges]:
        """Rows added, changed or taken away, by table."""
        return self._rows[1]

    @property
    def shaped(self) -> dict[str, Ranges]:
        """Unit grids that got another shape: what lies in them was found by it."""
        return self._rows[2]

    def wrote(self, table: str, column: str) -> Ranges:
        """Return the rows in which it changed a column that names rows of other tables."""
        return self._rows[3].get(f"{table}.{column}", _NONE)


def logged_operation(connection: sqlite3.Connection, uuid: str) -> Logged | None:
    """Return a row of the operation log."""
    row = connection.execute(f"SELECT {_LOGGED} FROM operation WHERE uuid = ?", (uuid,)).fetchone()
    return Logged(*row) if row else None


def plan_undo(connection: sqlite3.Connection, target: Logged) -> UndoPlan:
    """Find the actions that have to be taken back before one can be, the newest first.

    A later action has to go first when it changed a row that this one wrote, or wrote a row that names one which this
    one added (or a unit grid to which it gave another shape). Taking back an undo needs everything after it to go,
    since what it puts back must find its neighbours. Undone actions do not count, nor does an undo of later ones:
    together they changed nothing. After a step was taken back the plan has to be made anew: what returned with it may
    name what is to go next.
    """
    later = [Touched(connection, logged) for logged in _effective(connection, target)]
    chosen = {target.uuid: Touched(connection, target)}
    built_on: dict[str, dict[str, int]] = {}
    by_hand: list[Hand] = []
    queue = [target.uuid]
    for uuid in queue:  # grows while it is walked through
        step = chosen[uuid]
        after = [other for other in later if other.logged.number > step.logged.number]
        contacts, hands = _references(connection, step, after)
        by_hand += hands
        for other in after:
            found = _shared(step, other, contacts.get(other.logged.uuid, {}))
            if step.logged.kind == UNDO and not found:
                found = {table: _size(ranges) for table, ranges in other.every.items()}
            known = built_on.setdefault(other.logged.uuid, {}) if found else {}
            for table, count in found.items():
                known[table] = max(known.get(table, 0), count)
            if found and other.logged.uuid not in chosen:
                chosen[other.logged.uuid] = other
                queue.append(other.logged.uuid)
    steps = [other.logged for other in later if other.logged.uuid in chosen]
    return UndoPlan((*steps, target), built_on, tuple(by_hand))


def _effective(connection: sqlite3.Connection, target: Logged) -> list[Logged]:
    """Return the later operations that still stand, newest first."""
    query = f"SELECT {_LOGGED} FROM operation WHERE fid > ? AND undone_by IS NULL ORDER BY fid DESC"
    standing = [Logged(*row) for row in connection.execute(query, (target.number,)).fetchall()]
    result = []
    for logged in standing:
        undone = connection.execute("SELECT min(fid) FROM operation WHERE undone_by = ?", (logged.uuid,)).fetchone()[0]
        if logged.kind != UNDO or (undone is not None and undone <= target.number):
            result.append(logged)
    return result


def _shared(step: Touched, other: Touched, naming: dict[str, int]) -> dict[str, int]:
    """Count, by table, the rows of a later action that are this one's too, or name one of them."""
    found = dict(naming)
    for table, (low, high) in other.span.items():
        mine = step.every.get(table, _NONE)
        if len(mine) and mine[0, 0] <= high and mine[-1, 1] >= low:
            count = overlap(mine, other.every[table])
            if count:
                found[table] = max(found.get(table, 0), count)
    return found


def _references(
    connection: sqlite3.Connection, step: Touched, after: list[Touched]
) -> tuple[dict[str, dict[str, int]], list[Hand]]:
    """Find who wrote the rows that name something which would go away: a later action, or someone in plain QGIS.

    Of several actions the newest one that changed the column counts. What it wrote over is looked at no further: it has
    to go first, and then the plan is made anew.
    """
    found: dict[str, dict[str, int]] = {}
    hands: list[Hand] = []
    for (table, column), fids in _naming(connection, step).items():
        left = fids
        for other in after:
            hit = _within(left, other.wrote(table, column))
            _add(found, other, table, int(hit.sum()))
            left = left[~hit]
        edited = _edited_later(connection, table, left, step, after)
        if len(edited):
            hands.append(Hand(table, len(edited), int(edited[0])))
        left = np.setdiff1d(left, edited)
        for other in after:
            _add(found, other, table, int(_within(left, other.added.get(table, _NONE)).sum()))
    return found, hands


def _add(found: dict[str, dict[str, int]], other: Touched, table: str, count: int) -> None:
    if count:
        tables = found.setdefault(other.logged.uuid, {})
        tables[table] = max(tables.get(table, 0), count)


def _naming(connection: sqlite3.Connection, step: Touched) -> dict[tuple[str, str], NDArray[np.int64]]:
    """Return, by table and column, the rows that name something which would go away; those that go with it left out."""
    found: dict[tuple[str, str], list[NDArray[np.int64]]] = {}
    for table, column, named, key in NAMES:
        gone, own = step.added.get(named, _NONE), step.added.get(table, _NONE)
        if named == "unit_grid" and key == "code":
            gone = _joined({named: [gone, step.shaped.get(named, _NONE)]})[named]
        if not len(gone):
            continue
        if named in _FEW:
            fids = _naming_few(connection, table, column, named, key, gone)
        elif _size(gone) <= _SOME:
            fids = _naming_some(connection, table, column, named, key, gone)
        else:
            # The naming rows outside: most of them name nothing, and what is named has a unique index.
            query = (
                f'SELECT r.fid, t.fid FROM "{table}" r CROSS JOIN "{named}" t ON t."{key}" = r."{column}" '
                "WHERE t.fid BETWEEN ? AND ?"
            )
            fids = _naming_many(connection.execute(query, (int(gone[0, 0]), int(gone[-1, 1]))), gone, own)
        found.setdefault((table, column), []).append(fids)
    result = {}
    for (table, column), parts in found.items():
        fids = np.unique(np.concatenate(parts))
        fids = fids[~_within(fids, step.added.get(table, _NONE))]
        if len(fids):
            result[table, column] = fids
    return result


def _naming_many(cursor: sqlite3.Cursor, gone: Ranges, own: Ranges) -> NDArray[np.int64]:
    """Return the first of each pair whose second goes away; part by part: a million cases have eight million events."""
    found = [np.empty(0, dtype=np.int64)]
    while rows := cursor.fetchmany(_PART):
        pairs = np.array(rows, dtype=np.int64)
        found.append(pairs[_within(pairs[:, 1], gone) & ~_within(pairs[:, 0], own), 0])
    return np.concatenate(found)


def _naming_some(
    connection: sqlite3.Connection, table: str, column: str, named: str, key: str, gone: Ranges
) -> NDArray[np.int64]:
    """Return the rows that name one of some rows, by index: a redraw touches hundreds of a million cases."""
    going = json.dumps([fid for first, last in gone.tolist() for fid in range(first, last + 1)])
    query = (
        f'SELECT fid FROM "{table}" WHERE "{column}" IN (SELECT "{key}" FROM "{named}" WHERE fid IN '
        f'(SELECT value FROM json_each(?)) AND "{key}" IS NOT NULL)'
    )
    return np.array(connection.execute(query, (going,)).fetchall(), dtype=np.int64).ravel()


def _naming_few(
    connection: sqlite3.Connection, table: str, column: str, named: str, key: str, gone: Ranges
) -> NDArray[np.int64]:
    """Return the rows that name one of a small table's rows; of a key that another row keeps none goes away."""
    rows = connection.execute(f'SELECT fid, "{key}" FROM "{named}" WHERE "{key}" IS NOT NULL').fetchall()
    going = _within(np.array([fid for fid, _ in rows], dtype=np.int64), gone).tolist()
    keys = {value for (_, value), goes in zip(rows, going) if goes}
    keys -= {value for (_, value), goes in zip(rows, going) if not goes}
    query = f'SELECT fid FROM "{table}" WHERE "{column}" IN (SELECT value FROM json_each(?))'
    fids = connection.execute(query, (json.dumps(sorted(keys)),)).fetchall() if keys else []
    return np.array(fids, dtype=np.int64).ravel()


def _edited_later(
    connection: sqlite3.Connection, table: str, fids: NDArray[np.int64], step: Touched, after: list[Touched]
) -> NDArray[np.int64]:
    """Return the rows whose last change was after the action, and was none of the later ones'."""
    columns = {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
    if "updated_at" not in columns:
        return fids[:0]  # logs, which nobody writes by hand
    times = json.dumps([other.logged.at for other in after])
    found = []
    for start in range(0, len(fids), _PART):
        query = (
            f'SELECT fid FROM "{table}" WHERE updated_at > ? AND updated_at NOT IN (SELECT value FROM json_each(?)) '
            "AND fid IN (SELECT value FROM json_each(?)) ORDER BY fid"
        )
        part = json.dumps(fids[start : start + _PART].tolist())
        found += [row[0] for row in connection.execute(query, (step.logged.at, times, part))]
    return np.array(found, dtype=np.int64)


def overlap(one: Ranges, other: Ranges) -> int:
    """Return how many numbers two sorted lists of disjoint runs share."""
    sums = np.r_[0, np.cumsum(one[:, 1] - one[:, 0] + 1)]

    def up_to(limit: NDArray[np.int64]) -> NDArray[np.int64]:
        at = np.searchsorted(one[:, 0], limit, side="right")
        last = np.maximum(at - 1, 0)
        beyond = np.maximum(one[last, 1] - limit, 0)
        return np.where(at > 0, sums[at] - beyond, 0)

    return int((up_to(other[:, 1]) - up_to(other[:, 0] - 1)).sum())


def _within(numbers: NDArray[np.int64], runs: Ranges) -> NDArray[np.bool_]:
    """Tell which numbers lie in one of the runs."""
    if not len(runs):
        return np.zeros(len(numbers), dtype=bool)
    at = np.searchsorted(runs[:, 0], numbers, side="right") - 1
    return np.asarray((at >= 0) & (numbers <= runs[np.maximum(at, 0), 1]), dtype=bool)


def _joined(parts: dict[str, list[Ranges]]) -> dict[str, Ranges]:
    """Put runs together, sorted, disjoint."""
    result = {}
    for table, listed in parts.items():
        runs = np.concatenate(listed)
        if not len(runs):
            result[table] = runs
            continue
        runs = runs[np.argsort(runs[:, 0], kind="stable")]
        ends = np.maximum.accumulate(runs[:, 1])
        starts = np.r_[True, runs[1:, 0] > ends[:-1] + 1]
        result[table] = np.column_stack([runs[starts, 0], ends[np.r_[np.flatnonzero(starts)[1:] - 1, len(runs) - 1]]])
    return result


def _size(ranges: Ranges) -> int:
    return int((ranges[:, 1] - ranges[:, 0] + 1).sum())
