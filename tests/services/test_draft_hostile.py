# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that nobody wants to get, drafted from all the same: heights, curves, broken coordinates, no CRS, no ground."""

from __future__ import annotations

import sqlite3
import struct

import geopandas
import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.requests import DraftGrids, Layer
from digital_citymgmt_plugin.services.grids import draft_grids
from tests.grid_oracle import faults, some
from tests.services.cities import CRS, X0, Y0, box
from tests.support import Watcher, make_context

AREA = box(0, 0, 800, 400)


def layer(folder, name, shapes, crs=CRS):
    path = folder / name
    geopandas.GeoDataFrame({"n": range(len(shapes))}, geometry=list(shapes), crs=crs).to_file(path)
    return Layer(str(path))


def draft(folder, areas, barriers, watcher=None, **more):
    output = str(folder / "草案.gpkg")
    request = DraftGrids(areas, output, barriers, **{"target_area": 40_000.0, **more})
    return draft_grids(make_context(None, watcher), request), folder / "草案.gpkg"


def blob(number, kind, coordinates):
    """Return a geometry of a GeoPackage of any WKB kind, without a box."""
    points = np.asarray(coordinates, dtype=float)
    wkb = struct.pack("<BII", 1, kind, len(points)) + points.astype("<f8").tobytes()
    return b"GP\x00\x01" + struct.pack("<i", number) + wkb


def test_curves_are_drawn_as_lines(tmp_path):
    lines = layer(tmp_path, "s.gpkg", [shapely.LineString([(X0, Y0), (X0 + 1, Y0)])])
    with sqlite3.connect(lines.path) as connection:
        for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f'drop trigger "{name}"')
        number = connection.execute("select srs_id from gpkg_geometry_columns").fetchone()[0]
        arc = [(X0 - 10, Y0 + 200), (X0 + 400, Y0 + 230), (X0 + 810, Y0 + 200)]
        connection.execute("update s set geom = ?", (blob(number, 8, arc),))
        connection.execute("update gpkg_geometry_columns set geometry_type_name = 'CURVE'")
        connection.execute("delete from rtree_s_geom")
    connection.close()
    result, output = draft(tmp_path, layer(tmp_path, "a.gpkg", [AREA]), [lines], target_area=160_000.0)
    assert result["counts"]["barriers"] == 1
    cells = geopandas.read_file(output).geometry.to_numpy()
    assert faults(cells, some(AREA)) == []


@np.errstate(invalid="ignore")  # numbers that are none are meant
def test_heights_and_broken_coordinates_are_left_out_and_counted(tmp_path):
    good = shapely.LineString([(X0 - 10, Y0 + 200, 5.0), (X0 + 810, Y0 + 200, np.nan)])
    lines = layer(tmp_path, "s.gpkg", [good, shapely.from_wkt(f"LINESTRING ({X0} {Y0}, nan {Y0 + 9})"), None])
    houses = layer(tmp_path, "h.gpkg", [shapely.force_3d(box(100, 150, 140, 190)), shapely.Point(X0 + 5, Y0 + 5)])
    result, output = draft(tmp_path, layer(tmp_path, "a.gpkg", [shapely.force_3d(AREA)]), [lines], buildings=houses)
    told = {note["code"]: note["values"] for note in result["notes"]}
    assert told["note.unusable"]["count"] == 2 and result["counts"]["barriers"] == 1
    assert faults(geopandas.read_file(output).geometry.to_numpy(), some(AREA)) == []


def test_a_layer_without_a_crs_and_one_without_ground_are_refused_and_leave_no_file(tmp_path):
    for areas, code in (
        (layer(tmp_path, "no.shp", [AREA], crs=None), r"input\.no_crs"),
        (layer(tmp_path, "line.gpkg", [AREA.boundary]), r"draft\.no_areas"),
        (layer(tmp_path, "flat.gpkg", [shapely.Polygon([(X0, Y0), (X0 + 9, Y0), (X0, Y0)])]), r"draft\.no_areas"),
    ):
        with pytest.raises(InputRefused, match=code):
            draft(tmp_path, areas, [])
        assert not (tmp_path / "草案.gpkg").exists()


def test_a_draft_stopped_anywhere_leaves_nothing_and_the_old_file(tmp_path):
    areas = layer(tmp_path, "a.gpkg", [AREA, box(800, 0, 1600, 400)])
    _result, output = draft(tmp_path, areas, [])
    before, names = output.read_bytes(), sorted(path.name for path in tmp_path.iterdir())
    for after in (1, 3, 9, 20):
        watcher = Watcher(cancel_at=after)
        with pytest.raises(Cancelled):
            draft(tmp_path, areas, [], watcher)
        assert output.read_bytes() == before and sorted(path.name for path in tmp_path.iterdir()) == names
