# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a store against itself; what they are stands in ``storage.verifying``."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Optional

from digital_citymgmt_plugin.core.ports import Cancel, Finding, Progress
from digital_citymgmt_plugin.storage.verifying import file, history, links, spatial
from digital_citymgmt_plugin.storage.verifying.base import Check, Run, Stage, is_missing

__all__ = ["Finding", "verify"]


def verify(
    connection: sqlite3.Connection,
    progress: Optional[Progress] = None,  # noqa: UP045
    cancel: Optional[Cancel] = None,  # noqa: UP045
    *,
    inside: bool = False,
) -> list[Finding]:
    """Return what is wrong; an empty list when all ties. Reads only.

    Parameters
    ----------
    connection : sqlite3.Connection
        With the functions of ``storage.blob.register_functions``.
    progress, cancel : optional
        Progress is said before each check; the wish to stop is looked for there and between chunks of rows.
    inside : bool
        Within an action: the mark that the action leaves for the triggers is no finding then.

    Notes
    -----
    Not seen: a value changed past the triggers that was never changed before; a log with its counter and digests
    rewritten to the end. Geometries need not be valid in the sense of OGC.
    """
    run = Run(connection, progress, cancel, inside)
    stages: list[Stage] = [("", file.integrity, 8.0), ("sqlite_master", file.schema, 0.2),
                           ("gpkg_contents", file.registrations, 1.0)]  # fmt: skip
    stages += spatial.stages()
    stages += [(check.table, partial(_one, check=check), 1.0) for check in (*links.CODES, *links.REFERENCES)]
    stages += history.stages()
    total, done = sum(weight for _, _, weight in stages), 0.0
    found: list[Finding] = []
    for table, stage, weight in stages:
        run.say(done / total, table)
        try:
            found += stage(run)
        except sqlite3.DatabaseError as error:
            if "malformed" in str(error) or "not a database" in str(error):
                # What lies on the broken pages cannot be looked at.
                return found if any(item.rule == "verify.file" for item in found) else [
                    *found, Finding("verify.file", "", 1, str(error), objects=(str(error),))
                ]  # fmt: skip
            # A table or column that is gone has been told by the check of the schema.
            if not (is_missing(error) and any(item.rule in _LOST for item in found)):
                raise
        done += weight
    return _merged(found)


_LOST = ("verify.table_missing", "verify.column_missing")


def _one(run: Run, check: Check) -> list[Finding]:
    return run.check(check)


def _merged(found: list[Finding]) -> list[Finding]:
    """Put findings of one rule about one table together; an object that two checks name counts once."""
    result: dict[tuple[str, str, str], Finding] = {}
    for item in found:
        key = (item.rule, item.table, item.repair)
        if key in result:
            first = result[key]
            fresh = tuple(name for name in item.objects if name not in set(first.objects))
            count = first.count + item.count - (len(item.objects) - len(fresh))
            result[key] = Finding(
                item.rule, item.table, count, first.example, first.level, first.repair, first.objects + fresh
            )
        else:
            result[key] = item
    return list(result.values())
