# SPDX-License-Identifier: GPL-2.0-or-later
"""A city store is a valid GeoPackage after every action: for ogrinfo, pyogrio, Fiona and by the standard's rules."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import subprocess
import warnings

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.schema.catalogue import ATTRIBUTES, SPATIAL
from tests.engine.small_city import column, make_small_city
from tests.support import NOW, new_store

BOX = shapely.box(500_000.123, 3_520_000.456, 500_010.789, 3_520_020.987)


def insert_few(action):
    point = column(shapely.Point(500_999.9, 3_520_999.9))
    action.insert("component_point", {"class_code": column("0101"), "geom": point})


def insert_bulk(action):
    points = shapely.points(np.linspace(499_000.1, 501_000.7, 3_000), np.linspace(3_519_000.3, 3_521_000.9, 3_000))
    action.insert("component_point", {"class_code": column(*["0101"] * 3_000), "geom": points})


def insert_scattered(action):
    """The R-tree's rounding keeps no order: the outermost point is not always the one with the outermost box."""
    rng = np.random.default_rng(2)
    points = shapely.points(rng.uniform((500_000, 3_520_000), (500_400, 3_520_200), (400, 2)))
    action.insert("component_point", {"class_code": column(*["0101"] * 400), "geom": points})


def bulk_then_move(action):
    """The triggers of the R-tree are off after a bulk load: a later move in the same action must not be lost."""
    insert_bulk(action)
    moved = column(shapely.Point(490_000.5, 3_500_000.5))
    assert action.update("component_point", np.array([1]), {"geom": moved}) == 1
    action.insert("component_point", {"class_code": column("0101"), "geom": column(shapely.Point(1, 2))})


def move_all(action):
    fids = np.arange(1, 11)
    action.update("component_point", fids, {"geom": shapely.points(fids * 10.0, fids * 3.0)})


def empty_some(action):
    action.update("component_point", np.array([1, 2]), {"geom": column(None, shapely.Point())})


def lines_and_areas(action):
    line = shapely.MultiLineString([[(500_000.5, 3_520_000), (500_100, 3_520_100)], [(0, 0), (1, 1.5)]])
    action.insert("component_line", {"class_code": column("0104"), "geom": column(line)})
    areas = {"class_code": column("0105", "0105"), "geom": column(shapely.MultiPolygon([BOX]), None)}
    action.insert("component_area", areas)


def places_of_any_kind(action):
    shapes = column(shapely.Point(1, 2), shapely.LineString([(0, 0), (5, 5)]), BOX)
    action.insert("place", {"kind": column("poi", "street", "landmark"), "geom": shapes})


ACTIONS = [
    None, insert_few, insert_bulk, insert_scattered, bulk_then_move, move_all, empty_some, lines_and_areas,
    places_of_any_kind,
]  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return make_small_city(tmp_path_factory.mktemp("valid") / "city.gpkg")


@pytest.fixture(params=ACTIONS, ids=lambda action: action.__name__ if action else "no_action")
def path(request, city, tmp_path):
    """Return a store after an action, closed."""
    copy = shutil.copy(city, tmp_path / "city.gpkg")
    if request.param:
        store = GpkgStore(str(copy), program="test", clock=lambda: NOW)
        with store.action("test") as action:
            request.param(action)
        store.close()
    return copy


@pytest.fixture
def database(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        yield connection


def test_ogrinfo_lists_all_layers_without_a_warning(path):
    done = subprocess.run(["ogrinfo", "-al", "-so", str(path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "Warning" not in done.stdout and "ERROR" not in done.stdout
    assert re.findall(r"^Layer name: (\S+)", done.stdout, re.MULTILINE) == [*SPATIAL, *ATTRIBUTES]


def test_pyogrio_reads_all_layers_without_a_warning(path):
    import pyogrio

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names = [name for name, _kind in pyogrio.list_layers(path)]
        for name in names:
            pyogrio.read_dataframe(path, layer=name)
    assert names == [*SPATIAL, *ATTRIBUTES]


def test_fiona_reads_all_spatial_layers_without_a_warning(path, caplog):
    import fiona

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fiona.listlayers(path) == [*SPATIAL, *ATTRIBUTES]
        for name in SPATIAL:
            with fiona.open(path, layer=name) as layer:
                assert layer.crs.to_epsg() == 4550
                list(layer)
    assert [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


@pytest.mark.parametrize("table", SPATIAL)
def test_r_tree_and_extent_are_those_of_the_geometries(path, database, table):
    """The oracle is shapely on what pyogrio, not our own reader, makes of the blobs."""
    import pyogrio

    frame = pyogrio.read_dataframe(path, layer=table, fid_as_index=True)
    shapes = frame.geometry[~(frame.geometry.isna() | frame.geometry.is_empty)]
    boxes = {fid: shape.bounds for fid, shape in shapes.items()}
    kept = {row[0]: row[1:] for row in database.execute(f"SELECT id, minx, miny, maxx, maxy FROM rtree_{table}_geom")}
    assert set(kept) == set(boxes)
    for fid, (minx, miny, maxx, maxy) in boxes.items():
        box = kept[fid]
        assert box[0] <= minx and box[1] <= miny and box[2] >= maxx and box[3] >= maxy
        assert np.allclose(box, (minx, miny, maxx, maxy), atol=1.0)
    said = database.execute(
        "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?", (table,)
    ).fetchone()
    if boxes:
        assert said == pytest.approx(tuple(shapes.total_bounds), abs=1e-9)
    else:
        assert said == (None,) * 4


def test_it_is_a_geopackage_by_its_header(path, database):
    assert database.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
    assert database.execute("PRAGMA user_version").fetchone()[0] >= 10200
    assert path.read_bytes()[:16] == b"SQLite format 3\0"
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_spatial_reference_systems_of_the_standard_are_there(database):
    """Requirements 10 and 11: -1, 0, 4326 and that of the data."""
    rows = database.execute("SELECT srs_id, organization, definition FROM gpkg_spatial_ref_sys").fetchall()
    found = {row[0]: row for row in rows}
    assert set(found) == {-1, 0, 4326, 4550}
    assert found[-1][1:] == ("NONE", "undefined") and found[0][1:] == ("NONE", "undefined")
    assert found[4550][1] == "EPSG" and "CGCS2000" in found[4550][2]


def test_every_table_is_registered_once_with_a_valid_type(database):
    """Requirements 13 to 15, 18 to 29, 119: contents, geometry columns, types, keys."""
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    contents = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents"))
    own = {name for name in tables if not name.startswith(("gpkg_", "rtree_", "sqlite_"))}
    own -= {"engine_context", "undo_journal"}  # the program's own, no layers
    assert set(contents) == own
    assert {contents[name] for name in SPATIAL} == {"features"}
    assert {contents[name] for name in ATTRIBUTES} == {"attributes"}
    geometry = database.execute("SELECT * FROM gpkg_geometry_columns").fetchall()
    assert {(row[0], row[1], row[2], row[3]) for row in geometry} == {
        (name, "geom", kind, 4550) for name, kind in SPATIAL.items()
    }
    for name in own:
        columns = database.execute(f"PRAGMA table_info({name})").fetchall()
        assert [(row[1], row[2]) for row in columns if row[5]] == [("fid", "INTEGER")]
        allowed = {"BLOB", "BOOLEAN", "INTEGER", "REAL", "TEXT", "DATE", "DATETIME", *SPATIAL.values()}
        assert {row[2] for row in columns} <= allowed
        assert sum(row[2] in SPATIAL.values() for row in columns) == (name in SPATIAL)


def test_last_change_is_a_moment_as_the_standard_writes_it(database):
    moments = [row[0] for row in database.execute("SELECT last_change FROM gpkg_contents")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment) for moment in moments)


def test_each_r_tree_is_registered_with_its_seven_triggers(database):
    """Requirements 75 to 77, with the triggers of version 1.4."""
    rows = database.execute("SELECT table_name, column_name, extension_name, scope FROM gpkg_extensions").fetchall()
    assert set(rows) == {(name, "geom", "gpkg_rtree_index", "write-only") for name in SPATIAL}
    triggers = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    kinds = ("insert", "update2", "update4", "update5", "update6", "update7", "delete")
    assert {f"rtree_{name}_geom_{kind}" for name in SPATIAL for kind in kinds} <= triggers


def test_every_blob_has_the_header_of_the_standard(database):
    """Requirement 19: magic GP, version 0, the srs of the layer, envelope or none, standard WKB."""
    for table in SPATIAL:
        for (blob,) in database.execute(f"SELECT geom FROM {table} WHERE geom IS NOT NULL"):
            assert blob[:3] == b"GP\0"
            assert int.from_bytes(blob[4:8], "little" if blob[3] & 1 else "big", signed=True) == 4550
            assert blob[3] & 0b11000000 == 0
            shapely.from_wkb(blob[8 + (0, 32, 48, 48, 64)[blob[3] >> 1 & 7] :])


def test_a_new_store_holds_no_extent_and_every_layer_opens(tmp_path):
    new_store(tmp_path / "new.gpkg").close()
    done = subprocess.run(["ogrinfo", "-al", str(tmp_path / "new.gpkg")], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    with contextlib.closing(sqlite3.connect(tmp_path / "new.gpkg")) as connection:
        assert connection.execute("SELECT count(min_x) FROM gpkg_contents").fetchone() == (0,)
