# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors planted into Windsor's 47,539 sewer points: all are named; what else is said of doubles is counted apart."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from collections import Counter

import numpy as np
import pytest
import shapely
from scipy.spatial import cKDTree

from scripts.plant_errors import plant
from scripts.planting import blobs
from scripts.planting.scoring import issues, score
from tests.real.test_windsor import CLASSES, COUNTY, LAYER, profile
from tests.services.cities import City
from tests.support import Watcher, new_store

pytestmark = pytest.mark.real_data

CRS = "EPSG:26917"
CONSTANTS = {"state": "完好", "manager_dept": "D06", "first_on": "2014-05-01"}
COUNT = 600
RULES = "digital_citymgmt_plugin/resources/profiles/check_rules.csv"


@pytest.fixture(scope="module")
def windsor(tmp_path_factory, shared):
    """Windsor's points, coded, with unit grids of 1 km and the fields that the source has nothing for filled."""
    folder = tmp_path_factory.mktemp("windsor")
    store = new_store(
        folder / "w.gpkg", crs=CRS, county_code=COUNTY, county_name="Windsor", profile=profile(folder),
        time_zone="America/Toronto",
    )  # fmt: skip
    city = City(store, folder, Watcher())
    path = str(shared / LAYER)
    fields = {name: {"const": value} for name, value in CONSTANTS.items()}
    fields["class_code"] = {"column": "Sewer_Type", "values": CLASSES}
    west, south, east, north = 326_000.0, 4_677_000.0, 345_000.0, 4_690_000.0
    # Two communities: a community other than the grid's can be stated.
    halves = [shapely.box(west, south, 334_000.0, north), shapely.box(334_000.0, south, east, north)]
    codes = [f"{COUNTY}001001", f"{COUNTY}001002"]
    city.areas(city.layer("areas.gpkg", halves, crs=CRS, code=codes, name=["Windsor W", "Windsor E"]))
    cells = [
        shapely.box(west + c * 1000.0, south + r * 1000.0, west + (c + 1) * 1000.0, south + (r + 1) * 1000.0)
        for r in range(13)
        for c in range(19)
    ]
    city.adopt(cells, crs=CRS)
    counts = city.census(path, json.dumps({"name": "windsor", "fields": fields}))["counts"]
    assert counts["inserted"] == 47_539
    assert city.code()["counts"]["coded"] == 47_539
    store.close()
    return folder / "w.gpkg", issues(folder / "w.gpkg", sys.executable)


def test_every_planted_error_is_named_and_hardly_anything_else(windsor, tmp_path):
    store, clean = windsor
    truth = plant(store, tmp_path / "planted.gpkg", COUNT)
    assert len({one.kind for one in truth}) >= 35 and len(truth) >= COUNT
    found = score(truth, clean, issues(tmp_path / "planted.gpkg", sys.executable))
    assert not found.missed, Counter((one.kind, one.rule) for one in found.missed)
    assert len(found.false) < 0.001 * 47_539, Counter(rule for rule, _, _ in found.false)


def test_of_the_points_as_they_came_only_doubles_are_told_and_these_are_there(windsor, root):
    store, clean = windsor
    doubles = {"component.near_double", "component.same_spot"}
    others = [rule for rule, _, _ in clean if rule.startswith("component.") and rule not in doubles]
    assert len(others) < 0.001 * 47_539, Counter(others)
    with sqlite3.connect(store) as connection:
        rows = connection.execute("SELECT uuid, class_code, geom FROM component_point ORDER BY fid").fetchall()
    connection.close()
    number = {row[0]: index for index, row in enumerate(rows)}
    kinds = np.array([row[1] for row in rows])
    places = shapely.get_coordinates([blobs.unpack(row[2]) for row in rows])
    with (root / RULES).open(encoding="utf-8", newline="") as file:
        limits = {
            row["code"]: json.loads(row["params"])["metres"] for row in csv.DictReader(file) if row["code"] in doubles
        }
    pairs = cKDTree(places).query_pairs(1.0, output_type="ndarray")
    metres = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    alike = kinds[pairs[:, 0]] == kinds[pairs[:, 1]]
    by_any = {number[uuid] for name, _, uuid in clean if name in doubles}
    for rule, of_rule in (("component.near_double", alike), ("component.same_spot", ~alike)):
        told = {number[uuid] for name, _, uuid in clean if name == rule}
        certain = {max(pair) for pair in pairs[of_rule & (metres < limits[rule] - 0.001)].tolist()}
        # Every later one of a pair that is surely too near is told (where three stand on one spot, by either rule), and
        # nobody without a neighbour is.
        assert certain <= by_any, len(certain - by_any)
        assert told <= set(pairs[of_rule & (metres < limits[rule] + 0.001)].ravel().tolist())
        assert len(told) > 100
