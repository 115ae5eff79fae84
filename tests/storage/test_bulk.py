# SPDX-License-Identifier: GPL-2.0-or-later
"""Triggers left out of a bulk load cannot fire, come back with the action, and stay where they could fire."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.storage import bulk
from digital_citymgmt_plugin.storage.blob import register_functions
from tests.support import new_store

COUNT = 3_000


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "MANY", 1_000)
    opened = new_store(tmp_path / "c.gpkg")
    yield opened
    opened.close()


def schema(store):
    query = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
    return sorted(store.connection.execute(query).fetchall())


def fill(store, count=COUNT):
    with store.action("fill") as action:
        points = shapely.points(np.arange(count, dtype=float), np.zeros(count))
        return action.insert("component_point", {"class_code": objects(["0101"] * count), "geom": points})


def set_codes(store, fids, offset=0):
    codes = objects(f"3206810101{number + offset:06d}" for number in range(1, len(fids) + 1))
    with store.action("code") as action:
        action.update("component_point", fids, {"code": codes, "grid_code": objects([f"G{offset}"] * len(fids))})


def count(store, sql):
    return store.connection.execute(sql).fetchone()[0]


def test_after_bulk_inserts_and_updates_all_triggers_and_indexes_are_back(store):
    before = schema(store)
    fids = fill(store)
    set_codes(store, fids)
    assert schema(store) == before
    # set_codes writes no register and makes its grids up
    rules = {"verify.unregistered", "verify.reference", "verify.grid"}
    assert {finding.rule for finding in store.verify()} == rules
    assert count(store, "SELECT count(*) FROM component_point WHERE uuid IS NULL OR created_at IS NULL") == 0
    assert count(store, "SELECT count(*) FROM component_change") == 0


def test_they_are_back_when_the_action_fails(store):
    fids = fill(store)
    before = schema(store)
    with pytest.raises(RuntimeError), store.action("half") as action:
        action.update("component_point", fids, {"grid_code": objects(["G"] * len(fids))})
        action.insert("component_point", {"class_code": objects(["0101"] * COUNT)})
        raise RuntimeError
    assert schema(store) == before
    assert count(store, "SELECT count(*) FROM component_point WHERE grid_code IS NOT NULL") == 0


def test_codes_of_rows_that_are_gone_are_not_registered(store):
    fids = fill(store, 5)
    set_codes(store, fids)
    with pytest.raises(StoreError) as caught, store.action("code") as action:
        action.register("component_point", np.append(fids, [fids[-1] + 1, fids[-1] + 2]), "component", 10)
    assert (caught.value.code, caught.value.values) == ("store.rows_gone", {"table": "component_point", "count": 2})
    assert count(store, "SELECT count(*) FROM code_register") == 0


def test_changes_of_values_that_are_there_still_leave_change_rows(store):
    fids = fill(store)
    set_codes(store, fids[:1])
    with store.action("all") as action:
        action.update("component_point", fids, {"grid_code": objects(["G9"] * COUNT)})
    assert count(store, "SELECT count(*) FROM component_change") == 1
    assert store.connection.execute("SELECT old, new FROM component_change").fetchone() == ("G0", "G9")


@pytest.mark.parametrize("many", [1_000, 1_000_000])
def test_change_rows_written_at_once_are_those_of_the_triggers_and_so_are_those_of_taking_it_back(
    store, monkeypatch, many
):
    fids = fill(store)
    with store.action("some") as action:
        some = fids[::2]
        action.update("component_point", some, {"grid_code": objects(f"G{fid % 7}" for fid in some)})
    before = schema(store)
    monkeypatch.setattr(bulk, "MANY", many)
    grids = objects(f"G{fid % 5}" if fid % 3 else None for fid in fids)
    with store.action("all") as action:
        action.update("component_point", fids, {"grid_code": grids, "remark": objects(["r"] * COUNT)})
    assert schema(store) == before
    held = {fid: f"G{fid % 7}" for fid in some.tolist()}
    changed = {fid for fid, old in held.items() if old != grids[fid - fids[0]]}
    assert count(store, "SELECT count(*) FROM component_change") == len(changed)
    uuid_of = dict(store.connection.execute("SELECT fid, uuid FROM component_point"))
    wanted = {(uuid_of[fid], "grid_code", held[fid], grids[fid - fids[0]]) for fid in changed}
    rows = store.connection.execute("SELECT component_uuid, field, old, new FROM component_change").fetchall()
    assert set(rows) == wanted
    last = store.connection.execute("SELECT uuid FROM operation WHERE kind = 'all'").fetchone()[0]
    assert {row[0] for row in store.connection.execute("SELECT operation_uuid FROM component_change")} == {last}
    assert store.connection.execute("SELECT count(*) FROM component_change WHERE created_at IS NULL").fetchone()[0] == 0
    with store.action("undo_operation") as action:
        action.take_back(store.logged(last))
    assert schema(store) == before
    assert dict(store.connection.execute("SELECT fid, grid_code FROM component_point WHERE grid_code > ''")) == held
    query = "SELECT component_uuid, field, old, new FROM component_change WHERE operation_uuid != ? AND old > ''"
    back = store.connection.execute(query, (last,)).fetchall()
    grids_back = {row for row in back if row[1] == "grid_code"}
    there = {(uuid_of[fid], "grid_code", new, held.get(fid))
             for fid, new in zip(fids.tolist(), grids) if new is not None and new != held.get(fid)}  # fmt: skip
    assert grids_back == there
    assert len([row for row in back if row[1] == "remark"]) == COUNT


def test_a_code_stays_fixed_in_an_update_of_many(store):
    fids = fill(store)
    set_codes(store, fids[5:6])
    with pytest.raises(StoreError, match=r"store\.refused"):
        set_codes(store, fids, offset=100)


def test_other_programs_are_held_to_the_rules_afterwards(store, tmp_path):
    fill(store)
    other = sqlite3.connect(tmp_path / "c.gpkg")
    register_functions(other)
    try:
        with pytest.raises(sqlite3.IntegrityError, match="issued by the plugin"):
            other.execute("INSERT INTO component_point (class_code, code) VALUES ('0101', '3206810101000001')")
    finally:
        other.close()


def test_rows_given_without_uuid_keep_the_trigger_that_fills_it(store):
    with store.action("gaps") as action:
        action.insert("component_point", {"class_code": objects(["0101"] * COUNT), "uuid": objects([None] * COUNT)})
    assert count(store, "SELECT count(DISTINCT uuid) FROM component_point") == COUNT
