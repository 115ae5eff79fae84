# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts and places read joined are those that are read row by row, whatever is in them."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.core.ports import GEOM, XY
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from tests.engine.small_city import column
from tests.support import NOW, new_store

NAMES = [None, "", "井盖, 一", "a\x1fb", "line\nbreak", "nul\0inside", "😀", "7", "  "]
TEXTS = ("name", "remark", "state", "class_code")


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "city.gpkg"
    new_store(path)
    store = GpkgStore(str(path), program="test", clock=lambda: NOW)
    yield store
    store.close()


def fill(store, table, geometries):
    """Add a row per geometry; rows with a mark within a text are scattered among others."""
    size = len(geometries)
    with store.action("fill") as action:
        action.insert(
            table,
            {
                "class_code": column(*(f"{number % 7:04d}" for number in range(size))),
                "name": column(*(NAMES[number % len(NAMES)] for number in range(size))),
                "remark": column(*("x" * (number % 50) or None for number in range(size))),
                GEOM: np.array(geometries, dtype=object),
            },
        )
        action.delete(table, np.arange(5, size, 11))


def read(store, table, place, size, where=()):
    parts = list(store.packed(table, ["fid", *TEXTS, place], where, size))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}


def same(store, table, place, size, where=()):
    wanted, got = store.read(table, ["fid", *TEXTS, place], where, ["fid"]), read(store, table, place, size, where)
    assert got["fid"].tolist() == wanted["fid"].tolist()
    for name in TEXTS:
        assert got[name].tolist() == ["" if value is None else value for value in wanted[name].tolist()], name
    if place == XY:
        assert np.array_equal(got[XY], wanted[XY], equal_nan=True)
    else:
        assert shapely.to_wkb(got[GEOM]).tolist() == shapely.to_wkb(wanted[GEOM]).tolist()
    return got


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("place", [XY, GEOM])
def test_points_and_texts(store, size, place):
    fill(store, "component_point", [shapely.Point(number / 3, -number) for number in range(300)])
    assert len(same(store, "component_point", place, size)["fid"]) == 300 - 27


@pytest.mark.parametrize("place", [XY, GEOM])
def test_shapes_of_all_lengths_and_none(store, place):
    shapes = [None, shapely.LineString([(0, 0), (1, 1)]), shapely.LineString([(0, 0), (2, 1), (5, 5)])] * 40
    fill(store, "component_line", shapes)
    same(store, "component_line", place, 50)


def test_points_without_place(store):
    fill(store, "component_point", [None, shapely.Point(1, 2), shapely.Point()] * 30)
    same(store, "component_point", XY, 40)
    fill(store, "component_point", [None] * 30)
    same(store, "component_point", XY, 10)


def test_conditions_and_nothing(store):
    assert read(store, "component_point", XY, 10) == {}
    fill(store, "component_point", [shapely.Point(number, 0) for number in range(100)])
    got = same(store, "component_point", XY, 13, [("class_code", "in", ["0001", "0003"])])
    assert 0 < len(got["fid"]) < 100
    assert read(store, "component_point", XY, 10, [("class_code", "=", "none")]) == {}


@pytest.mark.skipif(not hasattr(sqlite3.Connection, "setlimit"), reason="Python 3.11 sets limits")
def test_more_than_sqlite_joins_is_fetched(store):
    """A chunk of more than SQLite's limit (1 GB as a rule) is read row by row."""
    fill(store, "component_point", [shapely.Point(number, 0) for number in range(300)])
    store.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1000)
    assert len(same(store, "component_point", XY, 1000)["fid"]) == 300 - 27


def test_errors_are_said(store):
    with pytest.raises(StoreError) as error:
        list(store.packed("no_such_table", ["name"]))
    assert error.value.code == "store.refused"
