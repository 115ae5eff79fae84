# SPDX-License-Identifier: GPL-2.0-or-later
"""Triggers belong to the program, not to the file: they are made anew whenever a store's differ from ours."""

from __future__ import annotations

import re
import sqlite3

from digital_citymgmt_plugin.storage.schema.catalogue import ATTRIBUTES, SPATIAL
from digital_citymgmt_plugin.storage.schema.triggers import domain_triggers, journal_triggers, rtree_triggers

_EVENT = re.compile(r'(INSERT|DELETE|UPDATE)( OF (?P<columns>[\w, ]+?))? ON "?(?P<table>\w+)"?')


def expected_triggers(connection: sqlite3.Connection) -> list[str]:
    """Return the ``CREATE TRIGGER`` statements for the tables and columns that the store has.

    Between two steps of an upgrade it may lack some that the catalogue knows.
    """
    there: dict[str, set[str]] = {}
    with_uuid, with_times = [], []
    for table in (*SPATIAL, *ATTRIBUTES, "undo_journal"):
        columns = {str(row[0]) for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        there[table] = columns
        if "uuid" in columns:
            with_uuid.append(table)
        if {"created_at", "updated_at"} <= columns:
            with_times.append(table)
    statements = [*domain_triggers(with_uuid, with_times), *journal_triggers()]
    for table in SPATIAL:
        statements += rtree_triggers(table)
    return [statement for statement in statements if _fits(statement, there)]


def _fits(statement: str, there: dict[str, set[str]]) -> bool:
    """Tell whether the table of a trigger, and the columns whose change it waits for, are there."""
    found = _EVENT.search(statement)
    if found is None:
        return True
    columns = {name.strip() for name in (found["columns"] or "").split(",") if name.strip()}
    return bool(there.get(found["table"])) and columns <= there[found["table"]]


def drop_triggers(connection: sqlite3.Connection) -> None:
    """Drop all triggers."""
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        quoted = name.replace('"', '""')
        connection.execute(f'DROP TRIGGER "{quoted}"')


def rebuild_triggers(connection: sqlite3.Connection) -> None:
    """Drop and make all triggers anew from the catalogue."""
    drop_triggers(connection)
    for statement in expected_triggers(connection):
        connection.execute(statement)


def triggers_are_ours(connection: sqlite3.Connection) -> bool:
    """Tell whether every trigger of ours stands in the store, word for word; those of others do not count."""
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    return set(expected_triggers(connection)) <= {str(row[0]) for row in rows}
