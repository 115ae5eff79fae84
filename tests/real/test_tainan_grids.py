# SPDX-License-Identifier: GPL-2.0-or-later
"""Tainan: 752 villages as communities, 6,102 statistical units as unit grids, by a local code scheme."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import numpy as np
import pytest
import shapely

from tests.services.cities import City
from tests.support import Watcher, new_store

pytestmark = pytest.mark.real_data

VILLAGES, UNITS = "admin/tainan_villages.gpkg", "admin/tainan_basic_statistical_units.gpkg"
SCHEMES = [
    {"kind": "unit_grid", "name": "tainan",
     "segments": [["county", 5], ["street", 3], ["community", 3], ["sequence", 3]]},
    {"kind": "component", "name": "tainan", "segments": [["county", 5], ["major", 2], ["minor", 2], ["sequence", 6]]},
]  # fmt: skip


@pytest.fixture
def tainan(tmp_path, shared):
    path = tmp_path / "tainan.json"
    path.write_text(json.dumps({"settings": {"base": "2013", "name": "Tainan"}, "schemes": SCHEMES}), encoding="utf-8")
    store = new_store(
        tmp_path / "t.gpkg", crs="EPSG:3826", county_code="67000", county_name="臺南市", profile=str(path),
        time_zone="Asia/Taipei",
    )  # fmt: skip
    town = City(store, tmp_path, Watcher())
    result = town.areas(str(shared / VILLAGES), code="VILLCODE", name="VILLNAME")
    assert result["counts"]["inserted"] == 752 and result["counts"]["repaired"] == 1
    yield town
    store.close()


def adopt(town, shared):
    from digital_citymgmt_plugin.core.requests import AdoptGrids, Layer
    from digital_citymgmt_plugin.services.adoption import adopt_grids

    return adopt_grids(town.context, AdoptGrids(Layer(str(shared / UNITS))))


def reading_order(cells):
    """The documented rule, written anew: rows of half a median height from the north, west to east in a row."""
    points = shapely.get_coordinates(shapely.point_on_surface(cells))
    bounds = shapely.bounds(cells)
    reach = np.median(bounds[:, 3] - bounds[:, 1]) / 2
    left = sorted(range(len(cells)), key=lambda i: (-points[i, 1], points[i, 0]))
    order = []
    while left:
        top = points[left[0], 1]
        row = [i for i in left if points[i, 1] >= top - reach]
        order += sorted(row, key=lambda i: (points[i, 0], -points[i, 1]))
        left = [i for i in left if i not in row]
    return order


def test_units_are_numbered_inside_their_villages(tainan, shared):
    result = adopt(tainan, shared)
    assert (result["counts"]["read"], result["counts"]["inserted"], result["counts"]["rejected"]) == (6_102, 6_102, 0)
    rows = tainan.grids("code", "community_code", "geom")
    assert len({row["code"] for row in rows}) == 6_102
    assert all(row["code"].startswith(row["community_code"]) and len(row["code"]) == 14 for row in rows)

    areas = tainan.store.read("admin_area", ["code", "geom"])
    tree = shapely.STRtree(areas["geom"])
    by_village = defaultdict(list)
    for row in rows:  # the village with most of the unit, by brute force
        near = tree.query(row["geom"], predicate="intersects")
        shares = shapely.area(shapely.intersection(areas["geom"][near], row["geom"]))
        assert areas["code"][near[np.argmax(shares)]] == row["community_code"]
        by_village[row["community_code"]].append(row)
    differing = 0
    for members in by_village.values():
        cells = np.array([row["geom"] for row in members], dtype=object)
        assert sorted(int(row["code"][-3:]) for row in members) == list(range(1, len(members) + 1))
        expected = reading_order(cells)
        differing += [int(members[i]["code"][-3:]) for i in expected] != list(range(1, len(members) + 1))
    assert differing == 0

    again = adopt(tainan, shared)
    assert again["counts"]["unchanged"] == 6_102 and again["operation"] is None


def test_its_faults_are_listed_worst_first_and_traces_as_information(tainan, shared):
    adopt(tainan, shared)
    rows = tainan.rows("check_issue", "rule", "level", "params", where=[("table_name", "=", "unit_grid")])
    levels = Counter((row["rule"], row["level"]) for row in rows)
    assert sum(n for (rule, _), n in levels.items() if rule == "grid.crossing") == 2_829
    assert levels["grid.crossing", "info"] > 2 * levels["grid.crossing", "warning"]
    worst = [
        json.loads(row["params"])["area"] for row in rows if row["rule"] == "grid.gap" and row["level"] == "warning"
    ]
    assert worst == sorted(worst, reverse=True)


def test_a_merged_and_a_split_unit_keep_their_history(tainan, shared):
    adopt(tainan, shared)
    rows = tainan.grids("code", "uuid", "community_code", "geom")
    home = Counter(row["community_code"] for row in rows).most_common(1)[0][0]
    mine = [row for row in rows if row["community_code"] == home]
    pair = next(
        (a, b) for a in mine for b in mine
        if a["code"] < b["code"] and a["geom"].intersection(b["geom"]).length > 10
    )  # fmt: skip
    kept = [row["geom"] for row in mine if row not in pair]
    merged = shapely.union_all([row["geom"] for row in pair])
    result = tainan.adopt([*kept, merged], crs="EPSG:3826")
    larger, smaller = sorted(pair, key=lambda row: -row["geom"].area)
    assert (result["counts"]["kept"], result["counts"]["retired"], result["counts"]["unchanged"]) == (1, 1, len(kept))
    lineage = {
        (row["parent_uuid"], row["child_uuid"]) for row in tainan.rows("grid_lineage", "parent_uuid", "child_uuid")
    }
    assert lineage == {(larger["uuid"], larger["uuid"]), (smaller["uuid"], larger["uuid"])}
    assert len(tainan.grids("code")) == 6_101
