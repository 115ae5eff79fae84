# SPDX-License-Identifier: GPL-2.0-or-later
"""Repairs of what can be made anew from what is sound: indexes, derived values, registrations. Inside one action.

What was lost (a row, a log, a geometry) is not made up: that stays a finding, with what a person can do.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.codes import COMPONENT, UNIT_GRID, CodeScheme
from digital_citymgmt_plugin.core.errors import CodeError
from digital_citymgmt_plugin.core.ports import Action, Columns, Finding
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.storage.blob import to_blobs
from digital_citymgmt_plugin.storage.schema.catalogue import ATTRIBUTES, CODED, COMPONENTS, SPATIAL
from digital_citymgmt_plugin.storage.schema.rebuild import rebuild_triggers
from digital_citymgmt_plugin.storage.schema.triggers import NEW_UUID
from digital_citymgmt_plugin.storage.verifying import case_logs, file, history
from digital_citymgmt_plugin.storage.verifying.base import CHUNK, Run
from digital_citymgmt_plugin.storage.verifying.spatial import Grids, decode

SOURCE = "repair"  # column ``source`` of the events that a repair leaves
_RTREE = "http://www.geopackage.org/spec120/#extension_rtree"


@dataclass
class Repairs:
    """What the repairs work with.

    Attributes
    ----------
    run : Run
        Over the store's connection, inside the action.
    action : Action
    profile : callable
        Gives the city profile, for the schemes of codes; asked only where a code is to be registered.
    at : str
        The moment, as the store writes it.
    """

    run: Run
    action: Action
    profile: Callable[[], Profile]
    at: str
    done: set[str] = field(default_factory=set)

    def mend(self, findings: Sequence[Finding]) -> None:
        """Repair what the findings name, the schema first, since all else works with it."""
        wanted = {item.repair for item in findings if item.repair}
        for name, repair in _REPAIRS.items():
            if name in wanted:
                self.run.stop_if_wanted()
                repair(self, [item for item in findings if item.repair == name])
                self.done.add(name)

    def srs(self) -> int:
        """Return the store's system of coordinates."""
        row = self.run.query(
            "SELECT srs_id FROM gpkg_geometry_columns GROUP BY srs_id ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
        return int(row[0])


def _reindex(repairs: Repairs, found: Sequence[Finding]) -> None:
    repairs.run.query("REINDEX")


def _indexes(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Make missing and altered indexes; one that the rows do not allow stays missing and is told."""
    statements = file.expected_indexes()
    for name in {name for item in found for name in item.objects}:
        repairs.run.query("SAVEPOINT one")
        try:
            repairs.run.query(f'DROP INDEX IF EXISTS "{name}"')
            repairs.run.query(statements[name])
        except sqlite3.IntegrityError:
            repairs.run.query("ROLLBACK TO one")
        repairs.run.query("RELEASE one")


def _triggers(repairs: Repairs, found: Sequence[Finding]) -> None:
    rebuild_triggers(repairs.run.connection)


def _context(repairs: Repairs, found: Sequence[Finding]) -> None:
    mine = (repairs.action.operation_uuid,)
    repairs.run.query("DELETE FROM engine_context WHERE key != 'operation' OR value != ?", mine)


def _registrations(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Write the rows of the GeoPackage's own tables anew that are missing or differ."""
    run, srs = repairs.run, repairs.srs()
    for table in (*SPATIAL, *ATTRIBUTES):
        if not run.columns(table):
            continue
        spatial = table in SPATIAL
        values = ("features" if spatial else "attributes", srs if spatial else None)
        run.query(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) SELECT ?, ?, ?, ? "
            "WHERE NOT EXISTS (SELECT 1 FROM gpkg_contents WHERE table_name = ?)",
            (table, values[0], table, values[1], table),
        )
        run.query("UPDATE gpkg_contents SET data_type = ?, srs_id = ? WHERE table_name = ?", (*values, table))
        if spatial:
            run.query("DELETE FROM gpkg_geometry_columns WHERE table_name = ?", (table,))
            run.query("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (table, SPATIAL[table], srs))
            run.query(
                "INSERT INTO gpkg_extensions SELECT ?, 'geom', 'gpkg_rtree_index', ?, 'write-only' WHERE NOT EXISTS "
                "(SELECT 1 FROM gpkg_extensions WHERE table_name = ? AND extension_name = 'gpkg_rtree_index')",
                (table, _RTREE, table),
            )
            _extent(run, table)


def _rtrees(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Fill the R-trees of the tables anew from the geometries; their triggers look at other tables only."""
    run = repairs.run
    for table in sorted({item.table for item in found}):
        name = f"rtree_{table}_geom"
        run.query(f'DROP TABLE IF EXISTS "{name}"')
        for part in ("node", "parent", "rowid"):  # of a tree whose own table was lost
            run.query(f'DROP TABLE IF EXISTS "{name}_{part}"')
        run.query(f'CREATE VIRTUAL TABLE "{name}" USING rtree (id, minx, maxx, miny, maxy)')
        for rows in run.rows(f'SELECT fid, geom FROM "{table}" WHERE geom IS NOT NULL ORDER BY fid'):
            shapes, _bad = decode([row[0] for row in rows], [row[1] for row in rows])
            boxes = shapely.bounds(shapes)
            filled = (
                (row[0], box[0], box[2], box[1], box[3])
                for row, box in zip(rows, boxes.tolist())
                if all(value == value and abs(value) != float("inf") for value in box)
            )
            run.connection.executemany(f'INSERT INTO "{name}" VALUES (?, ?, ?, ?, ?)', filled)


def _extents(repairs: Repairs, found: Sequence[Finding]) -> None:
    for item in found:
        _extent(repairs.run, item.table)


def _extent(run: Run, table: str) -> None:
    """Write the exact extent of the geometries."""
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for rows in run.rows(f'SELECT fid, geom FROM "{table}" WHERE geom IS NOT NULL'):
        boxes = shapely.bounds(decode([row[0] for row in rows], [row[1] for row in rows])[0])
        boxes = boxes[np.isfinite(boxes).all(axis=1)]
        if len(boxes):
            low, high = np.minimum(low, boxes[:, :2].min(axis=0)), np.maximum(high, boxes[:, 2:].max(axis=0))
    box = (*low.tolist(), *high.tolist()) if np.isfinite(low).all() else (None,) * 4
    run.query("UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ? WHERE table_name = ?", (*box, table))


def _blobs(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Write the store's system of coordinates into geometries that name another one: the layer has but one."""
    srs = repairs.srs()
    for item in found:
        for rows in repairs.run.rows(f'SELECT fid, geom FROM "{item.table}" WHERE geom IS NOT NULL ORDER BY fid'):
            shapes, bad = decode([row[0] for row in rows], [row[1] for row in rows])
            blobs = to_blobs(shapes, srs)
            fresh = [
                (blob, row[0])
                for row, blob in zip(rows, blobs)
                if row[0] not in bad and bytes(row[1][4:8]) != int(srs).to_bytes(4, "little", signed=True)
            ]
            repairs.run.connection.executemany(f'UPDATE "{item.table}" SET geom = ? WHERE fid = ?', fresh)


def _counters(repairs: Repairs, found: Sequence[Finding]) -> None:
    for table in {name for item in found for name in item.objects}:
        high = repairs.run.query(f'SELECT max(fid) FROM "{table}"').fetchone()[0]
        repairs.run.query("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        repairs.run.query("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, high))


def _areas(repairs: Repairs, found: Sequence[Finding]) -> None:
    for rows in repairs.run.rows("SELECT fid, geom FROM unit_grid WHERE geom IS NOT NULL AND area_m2 IS NOT NULL"):
        shapes, _bad = decode([row[0] for row in rows], [row[1] for row in rows])
        areas = zip(np.round(shapely.area(shapes), 2).tolist(), (row[0] for row in rows))
        fresh = [(area, fid, area) for area, fid in areas if area == area]
        repairs.run.connection.executemany("UPDATE unit_grid SET area_m2 = ? WHERE fid = ? AND area_m2 IS NOT ?", fresh)


def _grids(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Put components into the unit grid that holds them; a row of ``component_change`` tells each."""
    grids = Grids(repairs.run)
    for table in sorted({item.table for item in found}):
        query = f'SELECT fid, geom, grid_code, community_code FROM "{table}" WHERE grid_code IS NOT NULL ORDER BY fid'
        for rows in repairs.run.rows(query):
            shapes, _bad = decode([row[0] for row in rows], [row[1] for row in rows])
            usable = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
            cell = grids.of(shapes)
            codes, communities = grids.codes[cell], grids.communities[cell]
            wrong = [
                at
                for at in np.flatnonzero(usable).tolist()
                if codes[at] != rows[at][2] or (codes[at] is not None and communities[at] != rows[at][3])
            ]
            fids = np.array([rows[at][0] for at in wrong], dtype=np.int64)
            repairs.action.update(table, fids, {"grid_code": codes[wrong], "community_code": communities[wrong]})


def _uuids(repairs: Repairs, found: Sequence[Finding]) -> None:
    for item in found:
        repairs.run.query(f'UPDATE "{item.table}" SET uuid = {NEW_UUID} WHERE uuid IS NULL')


def _serials(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Take scope and number of a registered code from the code itself."""
    query = (
        "SELECT fid, code, kind FROM code_register "
        "WHERE code != scope || printf('%0' || (length(code) - length(scope)) || 'd', serial)"
    )
    for fid, code, kind in repairs.run.query(query).fetchall():
        parts = _split(_scheme(repairs, UNIT_GRID if kind == UNIT_GRID else COMPONENT), str(code))
        if parts is not None:
            repairs.run.query("UPDATE code_register SET scope = ?, serial = ? WHERE fid = ?", (*parts, fid))


def _register(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Register codes that objects have, and point rows whose object is nowhere at the one that has the code."""
    run = repairs.run
    nowhere = " AND ".join(f"NOT EXISTS (SELECT 1 FROM {table} o WHERE o.uuid = r.object_uuid)" for table in CODED)
    for table in sorted({item.table for item in found}):
        kind = UNIT_GRID if table == "unit_grid" else COMPONENT
        rows = run.query(
            f'SELECT t.code, t.uuid, r.fid, {nowhere} FROM "{table}" t LEFT JOIN code_register r ON r.code = t.code '
            "WHERE t.code IS NOT NULL AND t.uuid IS NOT NULL AND r.object_uuid IS NOT t.uuid ORDER BY t.code"
        ).fetchall()
        lost = [(uuid, fid) for _, uuid, fid, free in rows if fid is not None and free]
        run.connection.executemany("UPDATE code_register SET object_uuid = ? WHERE fid = ?", lost)
        scheme = _scheme(repairs, kind)
        fresh = [(code, uuid, _split(scheme, str(code))) for code, uuid, fid, _ in rows if fid is None]
        fresh = [item for item in fresh if item[2] is not None]
        if fresh:
            columns: Columns = {
                "code": _column([item[0] for item in fresh]), "kind": _column([kind] * len(fresh)),
                "scope": _column([item[2][0] for item in fresh if item[2]]),
                "serial": np.array([item[2][1] for item in fresh if item[2]], dtype=np.int64),
                "object_uuid": _column([item[1] for item in fresh]), "status": _column(["issued"] * len(fresh)),
            }  # fmt: skip
            repairs.action.insert("code_register", columns)


def _scheme(repairs: Repairs, kind: str) -> CodeScheme:
    profile = repairs.profile()
    return profile.grid_scheme if kind == UNIT_GRID else profile.component_scheme


def _split(scheme: CodeScheme, code: str) -> tuple[str, int] | None:
    try:
        return scheme.scope(code), scheme.serial(code)
    except CodeError:
        return None  # no code of this city's scheme: what it counts cannot be told


def _statuses(repairs: Repairs, found: Sequence[Finding]) -> None:
    repairs.run.query(
        "UPDATE code_register SET status = CASE (SELECT g.status FROM unit_grid g WHERE g.code = code_register.code) "
        "WHEN 'retired' THEN 'retired' ELSE 'issued' END WHERE EXISTS (SELECT 1 FROM unit_grid g "
        "WHERE g.code = code_register.code AND g.uuid = code_register.object_uuid "
        "AND (g.status = 'retired') != (code_register.status = 'retired'))"
    )


def _photos(repairs: Repairs, found: Sequence[Finding]) -> None:
    for table in COMPONENTS:
        repairs.run.query(
            f"UPDATE {table} SET photo_count = (SELECT count(*) FROM photo p WHERE p.object_uuid = {table}.uuid) "
            f"WHERE uuid IN (SELECT object_uuid FROM photo) AND coalesce(photo_count, 0) < "
            f"(SELECT count(*) FROM photo p WHERE p.object_uuid = {table}.uuid)"
        )


def _issues(repairs: Repairs, found: Sequence[Finding]) -> None:
    fids = [(int(fid),) for item in found for fid in item.objects]
    repairs.run.connection.executemany("UPDATE check_issue SET state = 'settled' WHERE fid = ?", fids)


def _links(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Take the link to a component that is nowhere off its case; the case's log tells what it was."""
    gone = " AND ".join(f"NOT EXISTS (SELECT 1 FROM {table} c WHERE c.uuid = t.component_uuid)" for table in COMPONENTS)
    rows = repairs.run.query(
        f"SELECT fid, stage, component_uuid, link_method, link_score FROM case_record t "
        f"WHERE component_uuid IS NOT NULL AND {gone} ORDER BY fid"
    ).fetchall()
    changes = [(row[0], row[1], dict(zip(_LINK, ([value, None] for value in row[2:])))) for row in rows]
    empty = _column([None] * len(rows))
    fids = np.array([row[0] for row in rows], dtype=np.int64)
    repairs.action.update("case_record", fids, dict.fromkeys(_LINK, empty))
    _tell(repairs, changes)


_LINK = ("component_uuid", "link_method", "link_score")


def _amended(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Give cases back the values that their logs tell."""
    for first, last in case_logs.parts(repairs.run, CHUNK):
        repairs.run.stop_if_wanted()
        told, _bad = history.told_values(repairs.run, first, last)
        changes = history.differing(repairs.run, told)
        _write_back(repairs, changes)


def _replayed(repairs: Repairs, found: Sequence[Finding]) -> None:
    """Give cases back what their logs tell: stage, times, flags, counters, clock. A due time alone stays as it is."""
    clock = case_logs.clock_of(repairs.run.connection)
    for changes in case_logs.differences(repairs.run, clock):
        wrong = [(fid, change) for fid, change in changes if set(change) - {"due_at"}]
        _write_back(repairs, wrong)


def _write_back(repairs: Repairs, changes: Sequence[tuple[int, dict[str, list[Any]]]]) -> None:
    stage_of = {}
    for fid, change in changes:
        columns: Columns = {name: _column([pair[1]]) for name, pair in change.items()}
        repairs.action.update("case_record", np.array([fid], dtype=np.int64), columns)
        stage_of[fid] = repairs.run.query("SELECT stage FROM case_record WHERE fid = ?", (fid,)).fetchone()[0]
    _tell(repairs, [(fid, stage_of[fid], change) for fid, change in changes])


def _tell(repairs: Repairs, changes: Sequence[tuple[int, Any, dict[str, list[Any]]]]) -> None:
    """Leave what was repaired in the cases' logs."""
    if not changes:
        return
    size = len(changes)
    stages = _column([stage for _, stage, _ in changes])
    repairs.action.insert(
        "case_event",
        {
            "case_fid": np.array([fid for fid, _, _ in changes], dtype=np.int64), "action": _column(["amend"] * size),
            "from_stage": stages, "to_stage": stages, "at": _column([repairs.at] * size),
            "reason": _column([json.dumps(change, ensure_ascii=False, sort_keys=True) for _, _, change in changes]),
            "source": _column([SOURCE] * size),
        },
    )  # fmt: skip


def _column(values: list[Any]) -> Any:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


# In this order: what works with what.
_REPAIRS: dict[str, Callable[[Repairs, Sequence[Finding]], None]] = {
    "reindex": _reindex, "indexes": _indexes, "registrations": _registrations, "rtrees": _rtrees,
    "triggers": _triggers, "context": _context, "counters": _counters, "blobs": _blobs, "extents": _extents,
    "uuids": _uuids, "serials": _serials, "register": _register, "statuses": _statuses, "areas": _areas,
    "grids": _grids, "photos": _photos, "issues": _issues, "links": _links, "amended": _amended, "replayed": _replayed,
}  # fmt: skip
