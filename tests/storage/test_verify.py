# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of damage to a store is found, and only it."""

from __future__ import annotations

import contextlib
import shutil

import pytest
import shapely

from digital_citymgmt_plugin.storage.blob import to_blobs
from digital_citymgmt_plugin.storage.gpkg import connect
from digital_citymgmt_plugin.storage.schema.rebuild import drop_triggers
from digital_citymgmt_plugin.storage.verify import verify
from tests.engine.small_city import column, make_small_city

RTREE = "rtree_component_point_geom"
DAMAGE = {
    "verify.rtree_missing": f"DELETE FROM {RTREE} WHERE id = 3",
    "verify.rtree_orphan": f"INSERT INTO {RTREE} VALUES (999, 0, 1, 0, 1)",
    "verify.rtree_wrong": f"UPDATE {RTREE} SET minx = 1, maxx = 2 WHERE id = 3",
    "verify.extent": "UPDATE gpkg_contents SET max_x = max_x - 5 WHERE table_name = 'component_point'",
    "verify.not_registered": "DELETE FROM gpkg_contents WHERE table_name = 'component_point'",
    "verify.serial": "UPDATE code_register SET serial = 77 WHERE fid = 2",
    "verify.context": "INSERT INTO engine_context VALUES ('operation', 'x')",
    "verify.geometry": "UPDATE component_point SET geom = x'0102' WHERE fid = 3",
}
CODES = {
    "a code without register": ("DELETE FROM code_register WHERE fid = 2", {"verify.unregistered"}),
    "a register row without object": ("DELETE FROM component_point WHERE fid = 2", {"verify.register_orphan", "rtree"}),
    "a code of another object": (
        "UPDATE code_register SET object_uuid = '00000009-0000-4000-8000-000000000000' WHERE fid = 2",
        {"verify.unregistered", "verify.register_orphan"},
    ),
}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return make_small_city(tmp_path_factory.mktemp("verify") / "city.gpkg")


@pytest.fixture
def naked(city, tmp_path):
    """Return a connection to a store without triggers."""
    shutil.copy(city, tmp_path / "city.gpkg")
    with contextlib.closing(connect(str(tmp_path / "city.gpkg"))) as connection:
        assert verify(connection) == []
        drop_triggers(connection)
        yield connection


@pytest.mark.parametrize("rule", DAMAGE)
def test_the_damage_is_found_and_nothing_else(naked, rule):
    naked.execute(DAMAGE[rule])
    assert [finding.rule for finding in verify(naked)] == [rule]


@pytest.mark.parametrize("damage", CODES)
def test_codes_and_register_must_tie_both_ways(naked, damage):
    sql, rules = CODES[damage]
    naked.execute(sql)
    if "rtree" in rules:
        naked.execute(f"DELETE FROM {RTREE} WHERE id = 2")
    assert {finding.rule for finding in verify(naked)} == rules - {"rtree"}


def test_a_box_that_is_far_too_large_is_found(naked):
    naked.execute(f"UPDATE {RTREE} SET maxx = maxx + 10 WHERE id = 3")
    found = [(finding.rule, finding.count, finding.example) for finding in verify(naked)]
    assert found == [("verify.rtree_wrong", 1, "3")]


def test_empty_and_missing_geometries_need_no_box(naked):
    blobs = to_blobs(column(shapely.Point(), None), 4550)
    for blob in blobs:
        naked.execute("INSERT INTO component_point (class_code, geom) VALUES ('0101', ?)", (blob,))
    assert verify(naked) == []
