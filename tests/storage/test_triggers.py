# SPDX-License-Identifier: GPL-2.0-or-later
"""The store's rules in pure SQL hold for any program, with or without the functions of the GeoPackage standard."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3

import pytest

from digital_citymgmt_plugin.storage.blob import register_functions
from digital_citymgmt_plugin.storage.schema.triggers import SENTENCES
from tests.engine.small_city import make_small_city
from tests.kill.content import UUID


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return make_small_city(tmp_path_factory.mktemp("triggers") / "city.gpkg")


@pytest.fixture
def plain(city, tmp_path):
    """Return a connection of a program that knows nothing of us and has no ST_ functions."""
    shutil.copy(city, tmp_path / "city.gpkg")
    with contextlib.closing(sqlite3.connect(tmp_path / "city.gpkg", isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def gis(plain):
    """Return a connection of a program with the ST_ functions, recursive triggers on, as GDAL has them."""
    register_functions(plain)
    plain.execute("PRAGMA recursive_triggers = ON")
    return plain


WITHOUT_GEOMETRY = {
    "delete a coded component": ("DELETE FROM component_point WHERE fid = 1", "no_delete"),
    "delete all components": ("DELETE FROM component_point", "no_delete"),
    "delete a grid": ("DELETE FROM unit_grid", "grid|no_delete"),
    "delete a case": ("DELETE FROM case_record", "case"),
    "delete an operation": ("DELETE FROM operation", "log"),
    "delete a code": ("DELETE FROM code_register WHERE fid = 1", "log"),
    "free a code": ("UPDATE code_register SET object_uuid = NULL", "log"),
    "change a code's number": ("UPDATE code_register SET code = 'x' WHERE fid = 1", "log"),
    "replace a code": (
        "INSERT OR REPLACE INTO code_register (code, kind, scope, serial) VALUES ('3206810101000001', 'x', 'x', 1)",
        "log",
    ),
    "replace an operation": ("INSERT OR REPLACE INTO operation (fid, kind, at) VALUES (1, 'x', 'x')", "log"),
    "replace an event": ("INSERT OR REPLACE INTO case_event (fid, case_fid, action) VALUES (1, 1, 'x')", "log"),
    "change an event": ("UPDATE case_event SET action = 'x'", "log"),
    "delete an event": ("DELETE FROM case_event", "log"),
    "renumber an operation": ("UPDATE operation SET fid = 99", "log"),
}  # fmt: skip
WITH_GEOMETRY = {
    "replace a component by fid": (
        "INSERT OR REPLACE INTO component_point (fid, class_code) VALUES (1, '0102')", "no_delete"
    ),
    "replace a component by uuid": (
        "INSERT OR REPLACE INTO component_point (uuid, class_code) "
        "VALUES ('00000001-0000-4000-8000-000000000000', '0102')", "no_delete"
    ),
    "push a component aside": ("UPDATE OR REPLACE component_point SET fid = 1 WHERE fid = 7", "no_delete"),
    "replace a case": ("INSERT OR REPLACE INTO case_record (case_no) VALUES ('C1')", "case"),
    "change a code": ("UPDATE component_point SET code = 'x' WHERE fid = 1", "code_fixed"),
    "take a code away": ("UPDATE component_point SET code = NULL WHERE fid = 1", "code_fixed"),
    "type a code": ("UPDATE component_point SET code = 'x' WHERE fid = 7", "code_issued"),
    "insert with a code": ("INSERT INTO component_point (class_code, code) VALUES ('0101', 'x')", "code_issued"),
    "change the grid's shape": ("UPDATE unit_grid SET geom = NULL WHERE fid = 1", "grid"),
    "insert a grid": ("INSERT INTO unit_grid (name) VALUES ('x')", "grid"),
    "change the grid's code": ("UPDATE unit_grid SET code = 'x' WHERE fid = 1", "code_fixed"),
}  # fmt: skip


def refused(connection, sql, sentences):
    before = rows(connection)
    with pytest.raises(sqlite3.IntegrityError) as error:
        connection.execute(sql)
    assert any(SENTENCES[name] == str(error.value) for name in sentences.split("|")), error.value
    assert rows(connection) == before


def rows(connection):
    tables = ("component_point", "component_change", "unit_grid", "case_record", "case_event", "code_register",
              "operation")  # fmt: skip
    return {table: connection.execute(f"SELECT * FROM {table} ORDER BY fid").fetchall() for table in tables}


@pytest.mark.parametrize("attempt", WITHOUT_GEOMETRY)
def test_a_program_without_st_functions_is_refused(plain, attempt):
    refused(plain, *WITHOUT_GEOMETRY[attempt])


@pytest.mark.parametrize("attempt", [*WITHOUT_GEOMETRY, *WITH_GEOMETRY])
def test_a_program_with_st_functions_is_refused(gis, attempt):
    refused(gis, *{**WITHOUT_GEOMETRY, **WITH_GEOMETRY}[attempt])


def test_every_sentence_is_chinese_and_english():
    for text in SENTENCES.values():
        assert re.match(r"[\u4e00-\u9fff,]+.* \([a-z].*\)$", text), text


def test_a_row_without_uuid_gets_a_random_one_each(gis):
    gis.execute("INSERT INTO component_point (class_code) VALUES ('0101'), ('0101'), ('0101')")
    uuids = [row[0] for row in gis.execute("SELECT uuid FROM component_point WHERE fid > 10")]
    assert len(set(uuids)) == 3
    assert all(UUID.fullmatch(uuid) for uuid in uuids)


def test_a_given_uuid_stays(gis):
    gis.execute("INSERT INTO component_point (class_code, uuid) VALUES ('0101', 'mine')")
    assert gis.execute("SELECT count(*) FROM component_point WHERE uuid = 'mine'").fetchone() == (1,)


@pytest.mark.parametrize("field", ["class_code", "name", "grid_code", "state", "remark", "photo_count"])
def test_a_watched_field_leaves_old_and_new(gis, field):
    gis.execute(f"UPDATE component_point SET {field} = '5' WHERE fid = 2")
    gis.execute(f"UPDATE component_point SET {field} = '5' WHERE fid = 2")
    found = gis.execute("SELECT component_uuid, field, new, operation_uuid FROM component_change").fetchall()
    assert [(row[0][:8], row[1], str(row[2]), row[3]) for row in found] == [("00000002", field, "5", None)]


def test_nobody_outside_sees_that_an_action_is_going_on(city, tmp_path):
    from tests.support import NOW, GpkgStore

    shutil.copy(city, tmp_path / "city.gpkg")
    store = GpkgStore(str(tmp_path / "city.gpkg"), program="test", clock=lambda: NOW)
    with contextlib.closing(sqlite3.connect(tmp_path / "city.gpkg", timeout=0.1)) as other, store.action("test"):
        assert other.execute("SELECT count(*) FROM engine_context").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("DELETE FROM operation")
    with contextlib.closing(sqlite3.connect(tmp_path / "city.gpkg")) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute("DELETE FROM operation")
    store.close()
