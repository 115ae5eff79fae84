# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a store against itself: file, R-trees, extents, and the code register against the coded objects."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.storage.blob import from_blobs
from digital_citymgmt_plugin.storage.schema.catalogue import CODED, SPATIAL

_CHUNK = 50_000


@dataclass(frozen=True)
class Finding:
    """One kind of damage: rule, table, how many rows, an example."""

    rule: str
    table: str
    count: int
    example: str = ""


def verify(connection: sqlite3.Connection) -> list[Finding]:
    """Return what is wrong; an empty list when all ties. Reads only."""
    findings = []
    for (text,) in connection.execute("PRAGMA integrity_check(20)"):
        if text != "ok":
            findings.append(Finding("verify.file", "", 1, str(text)))
    for table in SPATIAL:
        findings += _geometry(connection, table)
    for table in CODED:
        findings += _register(connection, table)
    findings += _owners(connection)
    if connection.execute("SELECT count(*) FROM engine_context").fetchone()[0]:
        findings.append(Finding("verify.context", "engine_context", 1))
    return findings


def _count(connection: sqlite3.Connection, rule: str, table: str, sql: str) -> list[Finding]:
    rows = connection.execute(sql).fetchmany(1)
    if not rows:
        return []
    count = connection.execute(f"SELECT count(*) FROM ({sql})").fetchone()[0]
    return [Finding(rule, table, int(count), str(rows[0][0]))]


def _boxes(connection: sqlite3.Connection, table: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return fid and minx, miny, maxx, maxy of every row with a filled geometry, in the order of fid."""
    fids, boxes = [np.empty(0, dtype=np.int64)], [np.empty((0, 4))]
    cursor = connection.execute(f'SELECT fid, geom FROM "{table}" WHERE geom IS NOT NULL ORDER BY fid')
    while True:
        rows = cursor.fetchmany(_CHUNK)
        if not rows:
            return np.concatenate(fids), np.concatenate(boxes)
        numbers, blobs = zip(*rows)
        box = shapely.bounds(from_blobs(list(blobs)))
        there = ~np.isnan(box[:, 0])
        fids.append(np.array(numbers, dtype=np.int64)[there])
        boxes.append(box[there])


def _geometry(connection: sqlite3.Connection, table: str) -> list[Finding]:
    """Compare R-tree, extent and geometry: every filled geometry has its box, no box is left over, all lie inside."""
    try:
        fids, boxes = _boxes(connection, table)
    except (ValueError, shapely.errors.GEOSException) as error:
        return [Finding("verify.geometry", table, 1, str(error))]
    rows = connection.execute(f'SELECT id, minx, miny, maxx, maxy FROM "rtree_{table}_geom" ORDER BY id').fetchall()
    tree = np.array(rows, dtype=np.float64).reshape(-1, 5)
    ids = tree[:, 0].astype(np.int64)
    found = _some("verify.rtree_missing", table, fids[~np.isin(fids, ids)])
    found += _some("verify.rtree_orphan", table, ids[~np.isin(ids, fids)])
    _, ours, theirs = np.intersect1d(fids, ids, assume_unique=True, return_indices=True)
    box, kept = boxes[ours], tree[theirs, 1:]
    # The R-tree keeps single precision, rounded outwards.
    wrong = (box[:, :2] < kept[:, :2]).any(axis=1) | (box[:, 2:] > kept[:, 2:]).any(axis=1)
    slack = np.spacing(np.abs(kept).astype(np.float32)).astype(np.float64) * 2
    wrong |= (np.abs(box - kept) > slack).any(axis=1)
    return found + _some("verify.rtree_wrong", table, fids[ours[wrong]]) + _extent(connection, table, boxes)


def _some(rule: str, table: str, fids: NDArray[np.int64]) -> list[Finding]:
    return [Finding(rule, table, len(fids), str(fids[0]))] if len(fids) else []


def _extent(connection: sqlite3.Connection, table: str, boxes: NDArray[np.float64]) -> list[Finding]:
    """Every geometry lies in the extent said; it may be wider, since nobody shrinks it after a delete in QGIS."""
    said = connection.execute(
        "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?", (table,)
    ).fetchone()
    if said is None:
        return [Finding("verify.not_registered", table, 1)]
    if not len(boxes):
        return []
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    inside = None not in said and bool(
        (np.array(said[:2]) <= low + 1e-6).all() and (np.array(said[2:]) >= high - 1e-6).all()
    )
    return [] if inside else [Finding("verify.extent", table, 1, str(said))]


def _register(connection: sqlite3.Connection, table: str) -> list[Finding]:
    unregistered = (
        f'SELECT code FROM "{table}" t WHERE code IS NOT NULL AND NOT EXISTS '
        "(SELECT 1 FROM code_register r WHERE r.code = t.code AND r.object_uuid = t.uuid)"
    )
    return _count(connection, "verify.unregistered", table, unregistered)


def _owners(connection: sqlite3.Connection) -> list[Finding]:
    owned = " AND ".join(
        f'NOT EXISTS (SELECT 1 FROM "{table}" t WHERE t.code = r.code AND t.uuid = r.object_uuid)' for table in CODED
    )
    lost = f"SELECT code FROM code_register r WHERE status = 'issued' AND {owned}"
    serial = (
        "SELECT code FROM code_register WHERE code != scope || "
        "printf('%0' || (length(code) - length(scope)) || 'd', serial)"
    )
    return _count(connection, "verify.register_orphan", "code_register", lost) + _count(
        connection, "verify.serial", "code_register", serial
    )
