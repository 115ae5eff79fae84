# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check is, what it finds, and how a run of checks goes: progress, a wish to stop, tables that are missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Optional

from digital_citymgmt_plugin.core.ports import Cancel, Finding, Progress

LISTED = 1_000  # objects named per finding; all are counted
CHUNK = 50_000
ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Check:
    """A check as data.

    Attributes
    ----------
    rule : str
        Code of its sentence (``verify.…``).
    table : str
        The table whose rows it names.
    sql : str
        Gives the wrong objects, one per row, as the user finds them: ``fid``, a code, a uuid.
    level : str
        ``error``: something of the store was lost or does not tie; ``warning``: a reference into nothing that editing
        by hand may leave.
    repair : str
        What repairs it (``storage.verifying.repair``); '' when only a person can.
    """

    rule: str
    table: str
    sql: str
    level: str = ERROR
    repair: str = ""


@dataclass
class Run:
    """One run over a store."""

    connection: sqlite3.Connection
    progress: Optional[Progress] = None  # noqa: UP045
    cancel: Optional[Cancel] = None  # noqa: UP045
    inside: bool = False  # inside an action of ours

    def query(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run a statement."""
        return self.connection.execute(sql, tuple(values))

    def rows(self, sql: str, values: Iterable[Any] = (), size: int = CHUNK) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a statement in chunks, looking for a wish to stop between them."""
        cursor = self.query(sql, values)
        while True:
            rows = cursor.fetchmany(size)
            if not rows:
                return
            self.stop_if_wanted()
            yield rows

    def columns(self, table: str) -> set[str]:
        """Name the columns of a table; none when it is not there."""
        return {str(row[0]) for row in self.query("SELECT name FROM pragma_table_info(?)", (table,))}

    def stop_if_wanted(self) -> None:
        """Raise ``Cancelled`` when the user asked to stop."""
        if self.cancel is not None:
            self.cancel.check()

    def say(self, share: float, table: str) -> None:
        """Say how far the run is."""
        self.stop_if_wanted()
        if self.progress is not None:
            self.progress(share, "progress.verifying", table=table)

    def found(
        self, rule: str, table: str, objects: Iterable[Any], *, level: str = ERROR, repair: str = ""
    ) -> list[Finding]:
        """Return the finding of some objects; none when there are none."""
        listed: list[str] = []
        count = 0
        for item in objects:
            count += 1
            if count <= LISTED:
                listed.append(str(item))
        return [Finding(rule, table, count, listed[0], level, repair, tuple(listed))] if count else []

    def check(self, check: Check) -> list[Finding]:
        """Run a check that is data."""
        objects = (row[0] for rows in self.rows(check.sql) for row in rows)
        return self.found(check.rule, check.table, objects, level=check.level, repair=check.repair)


Stage = tuple[str, Callable[[Run], list[Finding]], float]  # table or name shown, what is done, share of the time


def is_missing(error: sqlite3.Error) -> bool:
    """Tell whether a statement failed since a table or column is not there (which has a finding of its own)."""
    return isinstance(error, sqlite3.OperationalError) and "no such" in str(error)


def quoted(name: str) -> str:
    """Return an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'
