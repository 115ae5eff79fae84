# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases of before schema 4 get into their logs what only their rows told, so that a replay of the log gives the row."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from digital_citymgmt_plugin.core.cases.replay import LOGGED, STATE
from digital_citymgmt_plugin.storage.journal import INSERT
from digital_citymgmt_plugin.storage.verifying.base import Run
from digital_citymgmt_plugin.storage.verifying.case_logs import clock_of, differences

SINCE = 4  # schema version
_COLUMNS = "case_fid, action, to_stage, at, source, operation_uuid, payload"


def tell_logs(connection: sqlite3.Connection, at: str) -> int:
    """Append a ``state`` event to the log of each case whose row says more than its log; returns how many.

    Each belongs to the operation that brought its case and goes with it when that is taken back. Inside the transaction
    of the step.
    """
    wanted: dict[str | None, list[tuple[int, Any, str]]] = {}
    for changes in differences(Run(connection), clock_of(connection)):
        for fid, change in changes:
            held = {name: pair[0] for name, pair in change.items() if name in LOGGED}
            if held:
                query = "SELECT operation_uuid, stage FROM case_record WHERE fid = ?"
                operation, stage = connection.execute(query, (fid,)).fetchone()
                text = json.dumps(held, ensure_ascii=False, sort_keys=True)
                wanted.setdefault(operation, []).append((fid, stage, text))
    for operation, rows in wanted.items():
        first = 1 + connection.execute("SELECT coalesce(max(fid), 0) FROM case_event").fetchone()[0]
        connection.executemany(
            f"INSERT INTO case_event (fid, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, 'import', ?, ?)",
            (
                (first + number, fid, STATE, stage, at, operation, text)
                for number, (fid, stage, text) in enumerate(rows)
            ),
        )
        query = "SELECT 1 FROM undo_journal WHERE operation_uuid = ? LIMIT 1"
        if connection.execute(query, (operation,)).fetchone():
            connection.execute(
                "INSERT INTO undo_journal (operation_uuid, table_name, kind, first_fid, last_fid, size) "
                "VALUES (?, 'case_event', ?, ?, ?, ?)",
                (operation, INSERT, first, first + len(rows) - 1, len(rows)),
            )
    return sum(len(rows) for rows in wanted.values())
