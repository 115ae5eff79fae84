# SPDX-License-Identifier: GPL-2.0-or-later
"""Windsor's sewer access points: the 671 exact doubles in one inventory, and nearby doubles between two inventories."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests_duplicates import FindDuplicates, MergeDuplicates
from digital_citymgmt_plugin.services.duplicates import find_duplicates
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.merging import merge_duplicates
from digital_citymgmt_plugin.storage.projections import Projected
from digital_citymgmt_plugin.storage.vectors import VectorSource
from tests.real.test_windsor import CLASSES, LAYER, windsor  # noqa: F401  (a fixture)

pytestmark = pytest.mark.real_data
STORM, SANITARY = "0103", "0102"


@pytest.fixture(scope="module")
def sewer(shared):
    """Places and kinds of the newer inventory, read without the plugin's import."""
    source = VectorSource(str(shared / LAYER), ".gpkg")
    parts = list(source.chunks())
    source.close()
    name = next(name for name in parts[0] if set(map(str, parts[0][name][:500])) & set(CLASSES))
    kinds = np.concatenate([part[name] for part in parts])
    return shapely.get_coordinates(np.concatenate([part[GEOM] for part in parts])), kinds


@pytest.fixture(scope="module")
def older(shared):
    """Places of the older inventory's storm and sanitary manholes, in the store's CRS."""
    places = {}
    with zipfile.ZipFile(shared / "components/windsor_manholes_csv.zip") as archive:
        for file in archive.namelist():
            kind = next((code for word, code in (("Storm", STORM), ("Sanitary", SANITARY)) if word in file), None)
            if kind is None or not file.lower().endswith(".csv"):
                continue
            rows = list(csv.DictReader(io.StringIO(archive.read(file).decode("utf-8-sig"))))
            lon = next(name for name in rows[0] if name.lower().startswith(("lon", "x")))
            lat = next(name for name in rows[0] if name.lower().startswith(("lat", "y")))
            points = shapely.points([[float(row[lon]), float(row[lat])] for row in rows])
            places[kind] = shapely.get_coordinates(Projected().transform(points, "EPSG:4326", "EPSG:26917"))
    return places


def put(city, xy, classes, source):
    with city.store.action("set up") as action:
        action.insert("component_point", {
            "class_code": objects(classes), "import_key": objects(f"{source}:{row}" for row in range(len(xy))),
            "state": objects(["完好"] * len(xy)), GEOM: shapely.points(xy),
        })  # fmt: skip


def test_the_exact_doubles_of_the_inventory_are_found_and_merged(windsor, sewer):  # noqa: F811
    xy, kinds = sewer
    classes = [CLASSES[str(kind)] for kind in kinds.tolist()]
    put(windsor, xy, classes, "sap")
    at = Counter(map(tuple, xy.tolist()))
    assert len(xy) - len(at) == 671  # as the data's README says
    of_class = Counter(zip(map(tuple, xy.tolist()), classes))
    same = sum(count * (count - 1) // 2 for count in of_class.values())
    every = sum(count * (count - 1) // 2 for count in at.values())
    counts = find_duplicates(windsor.context, FindDuplicates(tolerance=0.0))["counts"]
    assert counts["near"] == same
    assert counts["near"] + counts["one_spot"] >= every
    found = windsor.rows("check_issue", "params", "rule")
    exact = [json.loads(issue["params"]) for issue in found]
    assert sum(values["distance"] == 0 for values in exact) >= every
    done = merge_duplicates(windsor.context, MergeDuplicates(tolerance=0.0, reason="near"))["counts"]
    assert done["merged_away"] == len(xy) - len(of_class)
    assert find_duplicates(windsor.context, FindDuplicates(tolerance=0.0))["counts"]["near"] == 0
    assert [finding.rule for finding in windsor.store.verify() if finding.level == "error"] == []


def test_doubles_of_two_inventories_are_found_as_a_search_one_by_one_finds_them(windsor, sewer, older):  # noqa: F811
    xy, kinds = sewer
    classes = np.array([CLASSES[str(kind)] for kind in kinds.tolist()])
    expected, total = 0, 0
    for kind, places in older.items():
        mine = xy[classes == kind]
        put(windsor, mine, [kind] * len(mine), f"new{kind}")
        put(windsor, places, [kind] * len(places), f"old{kind}")
        tree = shapely.STRtree(shapely.points(mine))
        total += len(places)
        pairs = tree.query(shapely.points(places), predicate="dwithin", distance=1.0)
        expected += len(pairs[0])
    fid_of = {row["uuid"]: row["import_key"] for row in windsor.rows("component_point", "uuid", "import_key")}
    find_duplicates(windsor.context, FindDuplicates(tolerance=1.0))
    between = 0
    for issue in windsor.rows("check_issue", "object_uuid", "params"):
        values = json.loads(issue["params"])
        ends = {fid_of[issue["object_uuid"]][:3], fid_of[values["other"]][:3]}
        between += "near" in values["reasons"] and ends == {"new", "old"}
    assert expected > total / 2  # the two do tell of the same manholes
    assert between == expected
