# SPDX-License-Identifier: GPL-2.0-or-later
"""Schema steps: the oldest schema and all steps give a fresh store; a copy is kept; what fails changes nothing.

``tests/data/schema_v1.sql`` is a store of version 1 as text, frozen: it is never written anew.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.storage.blob import register_functions
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.schema.catalogue import SCHEMA_VERSION
from digital_citymgmt_plugin.storage.schema.scripts import STEPS, steps_after
from digital_citymgmt_plugin.storage.upgrading import upgrade_store
from scripts.freeze_schema import text_of
from tests.engine.small_city import make_small_city
from tests.kill import content
from tests.support import NOW, new_store

FROZEN = Path(__file__).resolve().parents[1] / "data" / "schema_v1.sql"
COMING = f"{SCHEMA_VERSION + 1:04d}_next.sql"
NEXT = """
ALTER TABLE component_point ADD COLUMN depth_m REAL;
-- a comment; with a semicolon
UPDATE component_point SET depth_m = 1.5;
CREATE INDEX component_point_depth ON component_point (depth_m);
"""


def clock():
    return NOW


def upgrade(path, **options):
    return upgrade_store(str(path), program="test", done_by="tester", clock=clock, **options)


@pytest.fixture
def next_step(tmp_path):
    """Return a folder of steps with one more."""
    folder = tmp_path / "steps"
    shutil.copytree(STEPS, folder)
    (folder / COMING).write_text(NEXT, encoding="utf-8")
    return {"folder": folder, "target": SCHEMA_VERSION + 1}


@pytest.fixture
def city(tmp_path):
    return make_small_city(tmp_path / "城市 库.gpkg")


def store_of_text(path: Path, text: str) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        register_functions(connection)
        connection.executescript(text)
    return path


def store_of_version_1(path: Path) -> Path:
    return store_of_text(path, FROZEN.read_text(encoding="utf-8"))


def schema(path, *, triggers=True):
    """Return tables with their columns, indexes and triggers, white space aside."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = {}
        for kind, name, table, sql in connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"):
            if name.startswith("sqlite_") or (kind == "trigger" and not triggers):
                continue
            if kind == "table":
                found[name] = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
            else:
                found[name] = (table, re.sub(r"\s+", " ", sql or ""))
        for table in ("gpkg_geometry_columns", "gpkg_extensions"):
            found[f"rows of {table}"] = sorted(map(str, connection.execute(f"SELECT * FROM {table}")))
        found["rows of gpkg_contents"] = sorted(
            connection.execute("SELECT table_name, data_type, identifier, srs_id FROM gpkg_contents").fetchall()
        )
        for pragma in ("application_id", "user_version"):
            found[pragma] = connection.execute(f"PRAGMA {pragma}").fetchone()
        return found


@pytest.mark.parametrize("text", sorted(FROZEN.parent.glob("schema_v*.sql")), ids=lambda text: text.stem)
def test_every_released_schema_and_all_steps_since_give_a_fresh_store(tmp_path, text):
    old = store_of_text(tmp_path / "old.gpkg", text.read_text(encoding="utf-8"))
    upgrade(old)
    GpkgStore(str(old), program="test", clock=clock).close()
    new_store(tmp_path / "fresh.gpkg").close()
    assert schema(old) == schema(tmp_path / "fresh.gpkg")
    assert content.check(str(old)) == []


def test_a_store_from_before_the_first_release_gets_the_indexes_on_codes(tmp_path):
    """Its tables hold the codes UNIQUE by their own words, and there were no indexes of their own."""
    named = r"^CREATE UNIQUE INDEX (component_(?:point|line|area)|code_register)_code ON .*;$"
    text, indexes = re.subn(named, "", FROZEN.read_text(encoding="utf-8"), flags=re.MULTILINE)
    table = r"(CREATE TABLE (?:component_(?:point|line|area)|code_register) [^;]*?\bcode TEXT(?: NOT NULL)?),"
    text, columns = re.subn(table, r"\1 UNIQUE,", text)
    assert indexes == columns == 4
    old = store_of_text(tmp_path / "old.gpkg", text)
    upgrade(old)
    with contextlib.closing(GpkgStore(str(old), program="test", clock=clock)) as store:
        assert store.verify() == []
    new_store(tmp_path / "fresh.gpkg").close()
    assert schema(old) == schema(tmp_path / "fresh.gpkg")


def test_what_is_frozen_at_a_release_is_the_store_of_that_release(tmp_path):
    new_store(tmp_path / "fresh.gpkg").close()
    again = store_of_text(tmp_path / "again.gpkg", text_of(tmp_path / "fresh.gpkg"))
    assert schema(again) == schema(tmp_path / "fresh.gpkg")
    with contextlib.closing(sqlite3.connect(again)) as connection:
        assert connection.execute("SELECT count(*) FROM operation").fetchone() == (1,)


def test_the_steps_are_numbered_up_to_the_schema_version():
    assert [int(step.name[:4]) for step in steps_after(0)] == list(range(1, SCHEMA_VERSION + 1))


def test_a_current_store_is_left_alone(city):
    before = city.read_bytes()
    assert upgrade(city) == {"from": SCHEMA_VERSION, "to": SCHEMA_VERSION, "steps": 0, "copy": None}
    assert city.read_bytes() == before
    assert [path.name for path in city.parent.glob("*.gpkg*")] == [city.name]


def test_an_upgrade_keeps_a_copy_and_every_row(city, next_step):
    before = content.exact(str(city))
    rows = content.normalised(str(city))
    result = upgrade(city, **next_step)
    assert (result["from"], result["to"], result["steps"]) == (SCHEMA_VERSION, SCHEMA_VERSION + 1, 1)
    assert content.exact(result["copy"]) == before
    assert content.check(result["copy"]) == []
    assert {path.suffix for path in city.parent.glob("*backup*")} == {".gpkg"}  # no side files
    after = content.normalised(str(city))
    changed = {table for table in rows if rows[table] != after[table]}
    assert changed == {"component_point", "operation", "meta"}
    with contextlib.closing(sqlite3.connect(city)) as connection:
        assert connection.execute("SELECT count(*) FROM component_point WHERE depth_m = 1.5").fetchone() == (10,)
        # A step is no edit of a person: it leaves no row in the history of each component.
        assert connection.execute("SELECT count(*) FROM component_change").fetchone() == (0,)
        assert connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == (
            str(SCHEMA_VERSION + 1),
        )
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_second_copy_does_not_take_the_place_of_the_first(city, next_step, tmp_path):
    first = tmp_path / f"城市 库.schema{SCHEMA_VERSION}.backup.gpkg"
    first.write_bytes(b"kept")
    assert upgrade(city, **next_step)["copy"] == str(tmp_path / f"城市 库.schema{SCHEMA_VERSION}.backup2.gpkg")
    assert first.read_bytes() == b"kept"


def test_the_triggers_hold_after_an_upgrade(city, next_step):
    upgrade(city, **next_step)
    assert {name for name in schema(city) if name.startswith(("dcm_", "rtree_"))} >= {
        name for name in schema(store_of_version_1(city.with_name("v1.gpkg"))) if name.startswith(("dcm_", "rtree_"))
    }
    with contextlib.closing(sqlite3.connect(city)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("DELETE FROM component_point")


@pytest.mark.parametrize("bad", ["CREATE TABLE meta (x);", "UPDATE nothing SET x = 1;", "SELECT RAISE(ABORT, 'x');"])
def test_a_step_that_fails_leaves_the_store_as_it_was(city, next_step, bad):
    (next_step["folder"] / COMING).write_text(NEXT + bad, encoding="utf-8")
    before = content.exact(str(city)), schema(city)
    with pytest.raises(StoreError) as error:
        upgrade(city, **next_step)
    assert error.value.values["path"] == str(city)
    assert (content.exact(str(city)), schema(city)) == before
    assert [path.name for path in city.parent.iterdir() if path.is_file()] == [city.name]


def test_a_newer_schema_is_refused_and_not_touched(city):
    with contextlib.closing(sqlite3.connect(city)) as connection, connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    before = city.read_bytes()
    for attempt in (lambda: GpkgStore(str(city), program="test", clock=clock), lambda: upgrade(city)):
        with pytest.raises(StoreError) as error:
            attempt()
        assert error.value.code == "store.newer_schema"
        assert (error.value.values["found"], error.value.values["known"]) == (99, SCHEMA_VERSION)
    assert city.read_bytes() == before


def test_an_older_schema_is_refused_when_opened(city):
    with contextlib.closing(sqlite3.connect(city)) as connection, connection:
        connection.execute("UPDATE meta SET value = '0' WHERE key = 'schema_version'")
    before = city.read_bytes()
    with pytest.raises(StoreError) as error:
        GpkgStore(str(city), program="test", clock=clock)
    assert error.value.code == "store.older_schema"
    assert city.read_bytes() == before


def test_a_store_with_triggers_of_an_earlier_version_gets_ours_when_opened(city):
    fresh = schema(city)
    with contextlib.closing(sqlite3.connect(city)) as connection, connection:
        connection.execute("DROP TRIGGER dcm_component_point_no_delete")
        connection.execute("CREATE TRIGGER dcm_old AFTER INSERT ON meta BEGIN SELECT 1; END")
    GpkgStore(str(city), program="test", clock=clock).close()
    assert schema(city) == fresh


def test_a_case_of_an_older_schema_keeps_its_due_time_as_stated_and_its_clock_starts_with_the_dispatch(tmp_path):
    old = store_of_text(tmp_path / "old.gpkg", (FROZEN.parent / "schema_v2.sql").read_text(encoding="utf-8"))
    dispatched, filed, due = (f"2026-03-0{day}T01:00:00.000Z" for day in (3, 2, 5))
    with contextlib.closing(sqlite3.connect(old)) as connection, connection:
        register_functions(connection)
        for number, values in enumerate([(filed, dispatched, due), (filed, None, None), (None, None, None)]):
            insert = "INSERT INTO case_record (case_no, filed_at, dispatched_at, due_at) VALUES (?, ?, ?, ?)"
            connection.execute(insert, (f"A{number}", *values))
    upgrade(old)
    with contextlib.closing(sqlite3.connect(old)) as connection:
        query = "SELECT clock_from, stated_due_at, supervised, limit_value FROM case_record ORDER BY case_no"
        rows = connection.execute(query).fetchall()
        assert rows == [(dispatched, due, 0, None), (filed, None, 0, None), (None, None, 0, None)]
        assert connection.execute("SELECT count(*) FROM workflow_move").fetchone() == (0,)


def test_what_only_the_row_of_an_old_case_told_gets_into_its_log(tmp_path):
    old = store_of_text(tmp_path / "old.gpkg", (FROZEN.parent / "schema_v2.sql").read_text(encoding="utf-8"))
    at = "2026-03-02T01:00:00.000Z"
    with contextlib.closing(sqlite3.connect(old)) as connection, connection:
        register_functions(connection)
        names = "case_no, stage, filed_at, disposed_at, returns, on_time, on_time_basis"
        cases = [("A1", "disposal", at, at, 2, 1, "clock"), ("A2", "dispatch", at, None, 0, None, None)]
        connection.executemany(f"INSERT INTO case_record ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)", cases)
        told = "INSERT INTO case_event (case_fid, action, to_stage, at, source) VALUES (?, ?, ?, ?, 'import')"
        filed = [(fid, "file", "dispatch", at) for fid in (1, 2)]
        connection.executemany(told, [*filed, (1, "dispose", "feedback", at)])
    upgrade(old)
    with contextlib.closing(sqlite3.connect(old)) as connection:
        query = "SELECT case_fid, to_stage, payload FROM case_event WHERE action = 'state'"
        assert connection.execute(query).fetchall() == [(1, "disposal", '{"returns": 2, "stage": "disposal"}')]
    assert content.check(str(old)) == []
