# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of ``component_change`` of an update of very many components, written at once instead of by a trigger a row.

They say what the triggers of ``schema/triggers.py`` would have said inside an action: of each watched column that had
a value and now has another, the old and the new one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from digital_citymgmt_plugin.storage import bulk
from digital_citymgmt_plugin.storage.schema.catalogue import COMPONENTS, WATCHED

CHANGES = "component_change"
_PART = 20_000
_HELD = frozenset(("fid", "uuid", "code", "geom"))  # what other triggers look at
Rows = dict[str, list[Any]]


def can_tell(table: str, names: Sequence[str], size: int) -> bool:
    """Whether no other update trigger of a table can fire inside an action than those that write change rows."""
    return size >= bulk.MANY and not _HELD & set(names) and "updated_at" in names and table in COMPONENTS


def change_rows(
    connection: sqlite3.Connection, table: str, fids: Sequence[int], values: Mapping[str, Sequence[Any]]
) -> Optional[Rows]:  # noqa: UP045
    """Return the rows (without their own uuid) of an update that is about to be done; None: there are none."""
    names = [name for name in values if name in WATCHED]
    rows: Rows = {name: [] for name in ("component_uuid", "field", "old", "new")}
    if not names:
        return None
    new_of = {fid: place for place, fid in enumerate(fids)}
    listed = ", ".join(f'"{name}"' for name in names)
    for part in _parts(sorted(new_of)):
        query = f'SELECT fid, uuid, {listed} FROM "{table}" WHERE fid IN (SELECT value FROM json_each(?))'
        for fid, uuid, *old in connection.execute(query, (json.dumps(part),)):
            place = new_of[fid]
            for name, before in zip(names, old):
                after = values[name][place]
                if before is not None and before != after:
                    for column, value in zip(rows.values(), (uuid, name, before, after)):
                        column.append(value)
    return rows if rows["field"] else None


def _parts(fids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(fids), _PART):
        yield fids[start : start + _PART]
