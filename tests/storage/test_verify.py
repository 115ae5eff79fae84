# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of damage planted by SQL is found with its object and nothing else is; what can be is repaired."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

import pytest
import shapely

from digital_citymgmt_plugin.core.requests import RepairStore
from digital_citymgmt_plugin.services.verification import repair_store
from digital_citymgmt_plugin.storage.blob import to_blobs
from digital_citymgmt_plugin.storage.gpkg import GpkgStore, connect
from digital_citymgmt_plugin.storage.verify import verify
from tests.engine.small_city import column
from tests.storage.damage import KINDS, plant
from tests.storage.rich_city import make_rich_city
from tests.support import NOW, make_context

# What one planted fault brings with it, beyond its own finding.
ALSO = {
    "a code taken out of the register": {"verify.register_orphan"},
    "an operation taken out": {"verify.log_gap", "verify.reference"},  # what the undo journal says of it
    "a case in a grid that never was": {"verify.case_log"},
    "an event without its case": {"verify.case_log"},
    "a stage that there is not": {"verify.case_log"},
    "a time that is none": {"verify.case_due"},
}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return make_rich_city(tmp_path_factory.mktemp("rich"))


@pytest.fixture
def copy(city, tmp_path):
    return shutil.copy(city, tmp_path / "city.gpkg")


def findings(path):
    with contextlib.closing(connect(str(path))) as connection:
        return verify(connection)


def test_a_sound_store_gives_no_alarm(copy):
    assert findings(copy) == []


def test_there_are_enough_kinds():
    assert len(KINDS) >= 20
    assert len({damage.rule for damage in KINDS.values()}) >= 20


@pytest.mark.parametrize("kind", KINDS)
def test_the_damage_is_found_with_its_object_and_nothing_else(copy, kind):
    damage = KINDS[kind]
    named = plant(copy, damage)
    found = findings(copy)
    mine = [item for item in found if (item.rule, item.table) == (damage.rule, damage.table)]
    assert len(mine) == 1, found
    assert sorted(mine[0].objects) == named
    assert mine[0].count == len(named) > 0
    assert {item.rule for item in found} - {damage.rule} <= ALSO.get(kind, set()), found
    assert bool(mine[0].repair) or not damage.repair


@pytest.mark.parametrize("kind", [kind for kind, damage in KINDS.items() if damage.repair])
def test_what_can_be_repaired_is_and_a_copy_is_kept(copy, kind, tmp_path):
    damage = KINDS[kind]
    plant(copy, damage)
    with contextlib.closing(GpkgStore(str(copy), program="test", clock=lambda: NOW, done_by="tester")) as store:
        result = repair_store(make_context(store), RepairStore())
        left = {item["rule"] for item in result["findings"] if item["state"] == "open"}
        assert left <= ALSO.get(kind, set())
        operations = store.read("operation", ["kind", "params"], order=["fid"])
        if not damage.healed:
            assert result["counts"]["repaired"] >= 1
            assert operations["kind"][-1] == "repair_store"
            assert damage.rule in operations["params"][-1]
            assert damage.rule in {item.rule for item in findings(result["copy"])}
        else:
            assert result["operation"] is None
            assert list(tmp_path.glob("*backup*")) == []
    rules = {item.rule for item in findings(copy)}
    assert damage.rule not in rules
    assert rules <= ALSO.get(kind, set())


def test_a_repair_that_mends_nothing_leaves_no_copy_and_no_entry(copy, tmp_path, monkeypatch):
    plant(copy, KINDS["a box elsewhere"])
    before = rows_of(copy)
    monkeypatch.setattr(GpkgStore, "repair", lambda self, action, found, *_: list(found))
    with contextlib.closing(GpkgStore(str(copy), program="test", clock=lambda: NOW, done_by="tester")) as store:
        result = repair_store(make_context(store), RepairStore())
    assert (result["operation"], result["counts"]["repaired"]) == (None, 0)
    assert result["notes"][0]["code"] == "verify.nothing_mended"
    assert list(tmp_path.glob("*backup*")) == list(tmp_path.glob("*repair*")) == []
    assert rows_of(copy) == before


def test_a_repair_leaves_rows_that_were_sound_as_they_were(copy):
    before = rows_of(copy)
    plant(copy, KINDS["an area that is not the shape's"])
    plant(copy, KINDS["a box elsewhere"])
    with contextlib.closing(GpkgStore(str(copy), program="test", clock=lambda: NOW, done_by="tester")) as store:
        repair_store(make_context(store), RepairStore())
    after = rows_of(copy)
    changed = {table for table in before if before[table] != after[table]}
    assert changed <= {"operation", "gpkg_contents", "unit_grid"}
    assert [row[:6] for row in after["unit_grid"]] == [row[:6] for row in before["unit_grid"]]


def rows_of(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents")]
        return {table: connection.execute(f'SELECT * FROM "{table}" ORDER BY fid').fetchall() for table in tables}


def test_a_repaired_case_tells_in_its_log_what_it_was(copy):
    plant(copy, KINDS["a time changed in a case"])
    with contextlib.closing(GpkgStore(str(copy), program="test", clock=lambda: NOW, done_by="tester")) as store:
        repair_store(make_context(store), RepairStore())
        rows = store.read("case_event", ["reason"], [("source", "=", "repair")])
    assert len(rows["reason"]) == 1
    assert "2016-01-01T00:00:00.000Z" in rows["reason"][0]


def test_a_page_of_noise_is_told_as_damage_of_the_file(copy):
    data = bytearray(copy.read_bytes())
    size = 4096
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'case_event'").fetchone()[0]
    data[(page - 1) * size : page * size] = bytes(range(256)) * (size // 256)
    copy.write_bytes(data)
    assert "verify.file" in {item.rule for item in findings(copy)}


def test_an_index_that_does_not_hold_the_rows_is_filled_anew(copy):
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        sql = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'case_record_filed'").fetchone()[0]
        connection.execute("PRAGMA writable_schema = ON")
        # Made over other rows, then said to be the one it was.
        connection.execute("UPDATE sqlite_master SET type = 'x' WHERE 0")
        connection.execute("DROP INDEX case_record_filed")
        connection.execute("CREATE INDEX case_record_filed ON case_record (due_at)")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'case_record_filed'", (sql,))
    found = findings(copy)
    assert [(item.rule, item.repair) for item in found] == [("verify.index_content", "reindex")]
    with contextlib.closing(GpkgStore(str(copy), program="test", clock=lambda: NOW, done_by="tester")) as store:
        assert repair_store(make_context(store), RepairStore())["counts"]["left"] == 0
    assert findings(copy) == []


def test_empty_and_missing_geometries_need_no_box(copy):
    with contextlib.closing(connect(str(copy))) as connection:
        for blob in to_blobs(column(shapely.Point(), None), 4550):
            connection.execute("INSERT INTO component_point (class_code, geom) VALUES ('0101', ?)", (blob,))
        assert verify(connection) == []


def test_more_objects_than_are_named_are_counted(copy):
    with contextlib.closing(connect(str(copy))) as connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 5000 UNION ALL SELECT i + 1 FROM n WHERE i < 6499) "
            "INSERT INTO rtree_sheet_geom SELECT i, 0, 1, 0, 1 FROM n"
        )
        (found,) = verify(connection)
    assert (found.rule, found.count, len(found.objects)) == ("verify.rtree_orphan", 1500, 1000)
