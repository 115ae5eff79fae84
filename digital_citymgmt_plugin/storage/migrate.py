# SPDX-License-Identifier: GPL-2.0-or-later
"""Making a new city store and bringing an older one up to date, by forward-only steps; a copy is kept before."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.core.ports import Clock, Columns
from digital_citymgmt_plugin.storage.actions import GpkgAction
from digital_citymgmt_plugin.storage.gpkg import check_city_store, check_place, connect, translate, use_wal
from digital_citymgmt_plugin.storage.leftover import check_no_leftovers, check_wal
from digital_citymgmt_plugin.storage.owner import Ownership, network_kind
from digital_citymgmt_plugin.storage.schema.catalogue import ATTRIBUTES, SCHEMA_VERSION, SPATIAL
from digital_citymgmt_plugin.storage.schema.rebuild import drop_triggers, rebuild_triggers

STEPS = Path(__file__).parent / "schema" / "steps"

_GEOPACKAGE = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
    description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
    geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents (table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
    scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_ogr_contents (table_name TEXT NOT NULL PRIMARY KEY, feature_count INTEGER DEFAULT NULL);
"""
# ``gpkg_ogr_contents`` stays empty: where it is missing, QGIS counts the rows of a filtered layer without the filter.
_WGS84 = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,'
    'AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]'
)


def create_store(
    path: str,
    meta: Mapping[str, str],
    crs: tuple[str, int, str, str],
    profile: Mapping[str, Columns],
    *,
    program: str,
    done_by: str,
    clock: Clock,
) -> None:
    """Make a new city store; the file appears whole or not at all.

    Parameters
    ----------
    path : str
        Must not exist yet.
    meta : mapping
        Settings: edition, county_code, county_name, crs, time_zone, schemes of codes.
    crs : tuple
        Authority, code, name and WKT, as ``Projections.describe`` gives them.
    profile : mapping
        Rows of the profile tables (class, department, …).

    Raises
    ------
    StoreError
        ``store.exists``, ``store.leftover``, ``store.network_share``, ``store.folder_missing``,
        ``store.folder_read_only`` or a disk error.
    """
    target = Path(path).absolute()
    if "\0" in path:
        raise StoreError("store.folder_missing", path=path, folder=str(target.parent))
    kind = network_kind(str(target))
    if kind is not None:
        raise StoreError("store.network_share", path=path, kind=kind)
    if not target.parent.is_dir():
        raise StoreError("store.folder_missing", path=path, folder=str(target.parent))
    owner = Ownership(str(target), program)
    draft = target.with_name(f".{target.name}.new")
    try:
        if target.exists():
            raise StoreError("store.exists", path=path)
        check_no_leftovers(str(target))
        for stale in (draft, draft.with_name(draft.name + "-journal")):
            stale.unlink(missing_ok=True)
        connection = connect(str(draft))
        try:
            connection.execute("PRAGMA page_size = 4096")
            connection.execute("BEGIN IMMEDIATE")
            _build(connection, crs)
            action = GpkgAction(connection, "create_store", dict(meta), done_by, program, clock)
            now = {"schema_version": str(SCHEMA_VERSION), "created_at": moment_text(clock())}
            rows = [(key, value) for key, value in {**meta, **now}.items()]
            connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", rows)
            for table, columns in profile.items():
                action.insert(table, columns)
                action.counts[table] = len(next(iter(columns.values()))) if columns else 0
            action.finish()
            connection.execute("COMMIT")
        finally:
            connection.close()
        draft.replace(target)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        owner.release()


def _build(connection: sqlite3.Connection, crs: tuple[str, int, str, str]) -> None:
    """Make the GeoPackage's own tables, all steps, the registrations, R-trees and triggers."""
    connection.execute("PRAGMA application_id = 0x47504B47")
    # 1.3: GDAL 3.6 warns of newer versions; the R-tree triggers are those of 1.4 all the same.
    connection.execute("PRAGMA user_version = 10300")
    _script(connection, _GEOPACKAGE)
    authority, code, name, wkt = crs
    systems = [
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian coordinate reference system"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinate reference system"),
        ("WGS 84 geodetic", 4326, "EPSG", 4326, _WGS84, "longitude/latitude coordinates in decimal degrees"),
    ]
    if code != 4326:
        systems.append((name, code, authority, code, wkt, name))
    connection.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", systems)
    for step in steps_after(0):
        _script(connection, step.read_text(encoding="utf-8"))
    register_tables(connection, code)
    rebuild_triggers(connection)


def steps_after(version: int, folder: Path = STEPS) -> list[Path]:
    """Return the schema steps newer than a version, in order."""
    return [step for step in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")) if int(step.name[:4]) > version]


def register_tables(connection: sqlite3.Connection, srs_id: int) -> None:
    """Register tables that the GeoPackage does not know yet, with geometry columns and R-trees."""
    known = {str(row[0]) for row in connection.execute("SELECT table_name FROM gpkg_contents")}
    extension = "http://www.geopackage.org/spec120/#extension_rtree"
    for table in (*SPATIAL, *ATTRIBUTES):
        if table in known:
            continue
        spatial = table in SPATIAL
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, ?, ?, ?)",
            (table, "features" if spatial else "attributes", table, srs_id if spatial else None),
        )
        if spatial:
            connection.execute(
                "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (table, SPATIAL[table], srs_id)
            )
            connection.execute(f'CREATE VIRTUAL TABLE "rtree_{table}_geom" USING rtree (id, minx, maxx, miny, maxy)')
            connection.execute(
                "INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', ?, 'write-only')",
                (table, extension),
            )


def upgrade_store(
    path: str, *, program: str, done_by: str, clock: Clock, folder: Path = STEPS, target: int = SCHEMA_VERSION
) -> dict[str, Any]:
    """Bring a store up to date in one transaction, after copying it beside itself.

    Returns
    -------
    dict
        ``from``, ``to`` (versions), ``steps`` (how many) and ``copy`` (path of the copy, None when nothing was done).
    """
    check_place(path)
    owner = Ownership(path, program)
    try:
        check_wal(path)
        connection = connect(path)
        try:
            version = check_city_store(connection, path, any_schema=True)
            steps = [step for step in steps_after(version, folder) if int(step.name[:4]) <= target]
            if not steps:
                return {"from": version, "to": version, "steps": 0, "copy": None}
            copy = _copy(connection, path, version)
            try:
                # As in every action: a program that reads the store meanwhile sees the old one whole.
                use_wal(connection, path)
                _apply(connection, steps, target, program, done_by, clock)
            except BaseException:
                copy.unlink(missing_ok=True)  # the store is as it was
                raise
            with contextlib.suppress(sqlite3.Error):
                connection.execute("PRAGMA journal_mode = DELETE")
            return {"from": version, "to": target, "steps": len(steps), "copy": str(copy)}
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translate(error, path) from error
    finally:
        owner.release()


def _copy(connection: sqlite3.Connection, path: str, version: int) -> Path:
    """Copy the store with SQLite's own backup, which also sees what is still in the WAL."""
    original = Path(path)
    copy = original.with_name(f"{original.stem}.schema{version}.backup{original.suffix}")
    number = 1
    while copy.exists():
        number += 1
        copy = original.with_name(f"{original.stem}.schema{version}.backup{number}{original.suffix}")
    # A copy cut short by a kill or a full disk must not look like one.
    draft = copy.with_name(f".{copy.name}.new")
    draft.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(str(draft))) as target:
            connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # the copy of a store in WAL is in WAL, too
        draft.replace(copy)
    finally:
        draft.unlink(missing_ok=True)
    return copy


def _apply(
    connection: sqlite3.Connection, steps: Sequence[Path], target: int, program: str, done_by: str, clock: Clock
) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        drop_triggers(connection)
        for step in steps:
            _script(connection, step.read_text(encoding="utf-8"))
        row = connection.execute("SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = 'unit_grid'").fetchone()
        register_tables(connection, int(row[0]))
        rebuild_triggers(connection)
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(target),))
        params = {"steps": [step.name for step in steps]}
        action = GpkgAction(connection, "upgrade_store", params, done_by, program, clock)
        action.counts["steps"] = len(steps)
        action.finish()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise


def _script(connection: sqlite3.Connection, text: str) -> None:
    """Run the statements of a script inside the open transaction (``executescript`` would commit it)."""
    statement = ""
    for line in text.splitlines():
        if line.lstrip().startswith("--"):
            continue
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
