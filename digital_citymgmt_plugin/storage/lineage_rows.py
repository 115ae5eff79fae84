# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of the lineage of grids for an undo: the steps that it takes back, the other way round."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.ports import Columns
from digital_citymgmt_plugin.storage.blob import wkb_of
from digital_citymgmt_plugin.storage.journal import Ranges

LINEAGE = "grid_lineage"
_BACK = (
    "SELECT l.child_uuid, l.parent_uuid, CASE WHEN l.child_uuid = l.parent_uuid THEN "
    "(SELECT g.geom FROM unit_grid g WHERE g.uuid = l.child_uuid) END "
    f"FROM {LINEAGE} l WHERE l.fid BETWEEN ? AND ? ORDER BY l.fid"
)


def backwards(connection: sqlite3.Connection, ranges: Ranges) -> Columns:
    """Return a row for each of those in ``ranges`` (fids), from the child to the parent, for the undo to add.

    A row of a grid that went on in another shape keeps the one that is taken back (WKB, CRS of the store). There is
    no share: the undo brings the grids back whole, whatever ground they had.
    """
    rows: list[tuple[Any, ...]] = []
    for first, last in ranges.tolist():
        rows += connection.execute(_BACK, (first, last)).fetchall()
    columns: Columns = {name: np.full(len(rows), None) for name in ("parent_uuid", "child_uuid", "old_geom")}
    for place, (child, parent, blob) in enumerate(rows):
        columns["parent_uuid"][place], columns["child_uuid"][place] = child, parent
        columns["old_geom"][place] = None if blob is None else wkb_of(blob)
    return columns
