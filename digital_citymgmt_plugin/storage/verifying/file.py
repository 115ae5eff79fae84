# SPDX-License-Identifier: GPL-2.0-or-later
"""The file, its schema and what makes it a GeoPackage: pages, tables, columns, indexes, triggers, registrations."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator

from digital_citymgmt_plugin.core.ports import Finding
from digital_citymgmt_plugin.storage.schema.catalogue import ATTRIBUTES, LOGS, SPATIAL
from digital_citymgmt_plugin.storage.schema.rebuild import expected_triggers
from digital_citymgmt_plugin.storage.schema.scripts import run_script, steps_after
from digital_citymgmt_plugin.storage.verifying.base import Check, Run, is_missing

GPKG_TABLES = ("gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys", "gpkg_extensions")
SETTINGS = ("schema_version", "edition", "county_code", "crs", "time_zone")
_INDEX_FAULT = re.compile(r"(missing from|wrong # of entries in|non-unique entry in) index")
_BOOKS = "', '".join((*SPATIAL, *ATTRIBUTES))


def integrity(run: Run) -> list[Finding]:
    """Let SQLite check the pages; what is wrong with indexes only can be made anew."""
    texts = [str(row[0]) for row in run.query("PRAGMA integrity_check(200)") if row[0] != "ok"]
    # A virtual table's own check names the R-tree; it has a check and a repair of its own here.
    texts = [text for text in texts if "rtree" not in text.lower()]
    indexes = [text for text in texts if _INDEX_FAULT.search(text)]
    others = [text for text in texts if text not in indexes]
    return run.found("verify.file", "", others) + run.found("verify.index_content", "", indexes, repair="reindex")


def schema(run: Run) -> list[Finding]:
    """Compare tables, columns, constraints, indexes and triggers with those of the schema steps."""
    with contextlib.closing(sqlite3.connect(":memory:")) as model:
        for step in steps_after(0):
            run_script(model, step.read_text(encoding="utf-8"))
        tables = [str(row[0]) for row in model.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = [name for name in tables if not name.startswith("sqlite_")]
        missing = [name for name in (*tables, *GPKG_TABLES) if not run.columns(name)]
        found = run.found("verify.table_missing", "sqlite_master", missing)
        for table in tables:
            if table not in missing:
                found += run.found("verify.column_missing", table, sorted(_columns(model, table) - run.columns(table)))
                lost = sorted(_constraints(model, table) - _constraints(run.connection, table))
                found += run.found("verify.constraint", table, lost)
        indexes = _indexes(model)
        there = _indexes(run.connection)
        wrong = [name for name, made in indexes.items() if made[0] not in missing and there.get(name) != made]
        found += run.found("verify.index", "sqlite_master", wrong, repair="indexes")
    return found + _triggers(run)


def expected_indexes() -> dict[str, str]:
    """Return the statements that make the indexes of the current schema, by name."""
    with contextlib.closing(sqlite3.connect(":memory:")) as model:
        for step in steps_after(0):
            run_script(model, step.read_text(encoding="utf-8"))
        return {name: sql for name, (_, sql) in _indexes(model).items()}


def _triggers(run: Run) -> list[Finding]:
    try:
        expected = expected_triggers(run.connection)
    except sqlite3.Error as error:
        if is_missing(error):
            return []
        raise
    there = {str(row[0]) for row in run.query("SELECT sql FROM sqlite_master WHERE type = 'trigger'")}
    names = [sql.split()[2].strip('"') for sql in expected if sql not in there and run.columns(_table_of(sql))]
    return run.found("verify.trigger", "sqlite_master", names, repair="triggers")


def _table_of(trigger: str) -> str:
    found = re.search(r" ON \"?(\w+)\"?", trigger)
    return found[1] if found else ""


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {str(row[0]) for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def _constraints(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the columns that are unique by the table's own words, each set as a text."""
    rows = connection.execute("SELECT name FROM pragma_index_list(?) WHERE origin IN ('u', 'pk')", (table,)).fetchall()
    return {
        ", ".join(str(row[0]) for row in connection.execute("SELECT name FROM pragma_index_info(?)", (name,)))
        for (name,) in rows
    }


def _indexes(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    query = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    return {str(name): (str(table), " ".join(str(sql).split())) for name, table, sql in connection.execute(query)}


def registrations(run: Run) -> list[Finding]:
    """Check what makes the tables layers: contents, geometry columns, extensions, systems of coordinates, settings."""
    found: list[Finding] = []
    contents = dict(run.query("SELECT table_name, data_type FROM gpkg_contents").fetchall())
    for table in (*SPATIAL, *ATTRIBUTES):
        if contents.get(table) != ("features" if table in SPATIAL else "attributes") and run.columns(table):
            found += run.found("verify.not_registered", table, [table], repair="registrations")
    found += run.found("verify.geometry_column", "gpkg_geometry_columns", _wrong_columns(run), repair="registrations")
    with_rtree = {
        str(row[0])
        for row in run.query("SELECT table_name FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'")
    }
    absent = [table for table in SPATIAL if table not in with_rtree and run.columns(table)]
    found += run.found("verify.extension", "gpkg_extensions", absent, repair="registrations")
    settings = dict(run.query("SELECT key, value FROM meta").fetchall())
    found += run.found("verify.setting", "meta", [name for name in SETTINGS if not settings.get(name)])
    if not run.inside:
        sql = "SELECT key FROM engine_context"
        found += run.check(Check("verify.context", "engine_context", sql, repair="context"))
    return found + counters(run)


def _wrong_columns(run: Run) -> Iterator[str]:
    """Name the layers whose geometry column is not registered as it should be, or in another system of coordinates."""
    known = {int(row[0]) for row in run.query("SELECT srs_id FROM gpkg_spatial_ref_sys")}
    there = {
        str(table): (str(column), str(kind).upper(), int(srs), int(z), int(m))
        for table, column, kind, srs, z, m in run.query(
            "SELECT table_name, column_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns"
        )
    }
    systems = [row[2] for row in there.values()]
    srs = max(set(systems), key=systems.count) if systems else 0
    for table, kind in SPATIAL.items():
        if run.columns(table) and (there.get(table) != ("geom", kind, srs, 0, 0) or srs not in known):
            yield table
    said = run.query("SELECT table_name, srs_id FROM gpkg_contents WHERE data_type = 'features'").fetchall()
    yield from (str(table) for table, number in said if table in SPATIAL and table in there and number != srs)


def counters(run: Run) -> list[Finding]:
    """Check SQLite's own counters of keys: one that lags gives a key twice, in a log a gap tells of loss."""
    last = dict(run.query("SELECT name, seq FROM sqlite_sequence").fetchall())
    behind: list[str] = []
    gaps: list[Finding] = []
    for table in (*SPATIAL, *ATTRIBUTES):
        if not run.columns(table):
            continue
        high = run.query(f'SELECT max(fid) FROM "{table}"').fetchone()[0]
        if high is not None and int(last.get(table) or 0) < int(high):
            behind.append(table)
        if table in LOGS:
            lost = _lost(run, table, max(int(high or 0), int(last.get(table) or 0)))
            gaps += run.found("verify.log_gap", table, lost)
    return run.found("verify.counter", "sqlite_sequence", behind, repair="counters") + gaps


def _lost(run: Run, table: str, last: int) -> Iterator[int]:
    """Yield the keys that a log no longer has, but for those of actions that were taken back."""
    if int(run.query(f'SELECT count(*) FROM "{table}"').fetchone()[0]) == last:
        return
    taken = run.query(
        "SELECT first_fid, last_fid FROM undo_journal WHERE table_name = ? AND kind = 'delete' ORDER BY first_fid",
        (table,),
    ).fetchall()
    gaps = run.query(
        f'SELECT before + 1, fid - 1 FROM (SELECT fid, lag(fid, 1, 0) OVER (ORDER BY fid) AS before FROM "{table}" '
        f'UNION ALL SELECT ? + 1, coalesce((SELECT max(fid) FROM "{table}"), 0)) WHERE fid > before + 1 ORDER BY 1',
        (last,),
    ).fetchall()
    for low, high in gaps:
        at = low
        for first, end in taken:
            if first <= at <= end:
                at = end + 1
            elif at < first <= high:
                yield from range(at, first)
                at = end + 1
        yield from range(at, high + 1)
