# SPDX-License-Identifier: GPL-2.0-or-later
"""105,339 cases of Tainan in 752 villages: placed, compared with the stated district, counts that add up."""

from __future__ import annotations

import csv
import gzip
import json

import numpy as np
import pyogrio
import pytest
import shapely

from digital_citymgmt_plugin.core.requests import Assess, ImportAreas, ImportCases, Layer, LinkCases
from digital_citymgmt_plugin.core.requests_scan import ScanClusters, WatcherBias
from digital_citymgmt_plugin.services.areas import import_areas
from digital_citymgmt_plugin.services.assessment import assess
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.hotspots.bias import watcher_bias
from digital_citymgmt_plugin.services.hotspots.scan import scan_clusters
from digital_citymgmt_plugin.services.linking import link_cases
from tests.support import make_context, new_store

pytestmark = pytest.mark.real_data

TOTAL = 105_339
# Village codes are county 5 + town 3 + village 3.
PROFILE = {
    "settings": {"base": "2013", "name": "臺南"},
    "schemes": [
        {
            "kind": "unit_grid", "name": "臺南 5+3+3+4",
            "segments": [["county", 5], ["street", 3], ["community", 3], ["sequence", 4]],
        },
        {
            "kind": "component", "name": "臺南 5+2+2+6",
            "segments": [["county", 5], ["major", 2], ["minor", 2], ["sequence", 6]],
        },
    ],
}  # fmt: skip
MAPPING = {
    "fields": {
        "case_no": "case_no", "reported_at": "reported_at", "stated_area": "district", "class_name": "subcategory",
        "description": "description", "address": "address",
    },
    "x": "lon", "y": "lat", "crs": "EPSG:4326",
}  # fmt: skip


@pytest.fixture(scope="module")
def villages(shared):
    return pyogrio.read_dataframe(shared / "admin" / "tainan_villages.gpkg")


@pytest.fixture(scope="module")
def city(shared, villages, tmp_path_factory):
    """The store with towns as streets, villages as communities, all cases imported and linked; what both said."""
    folder = tmp_path_factory.mktemp("tainan")
    profile = folder / "profile.json"
    profile.write_text(json.dumps(PROFILE, ensure_ascii=False), encoding="utf-8")
    store = new_store(
        folder / "臺南.gpkg", crs="EPSG:3826", county_code="67000", county_name="臺南市", profile=str(profile),
        time_zone="Asia/Taipei",
    )  # fmt: skip
    context = make_context(store)
    towns = folder / "towns.csv"
    villages[["TOWNCODE", "TOWNNAME"]].drop_duplicates().to_csv(towns, index=False)
    import_areas(context, ImportAreas(Layer(str(towns)), "street", "TOWNCODE", "TOWNNAME"))
    layer = Layer(str(shared / "admin" / "tainan_villages.gpkg"))
    import_areas(context, ImportAreas(layer, "community", "VILLCODE", "VILLNAME"))
    source = Layer(str(shared / "cases" / "tainan_1999_2015_2019.csv.gz"))
    imported = import_cases(context, ImportCases(source, json.dumps(MAPPING)))
    linked = link_cases(context, LinkCases())
    yield store, imported, linked
    store.close()


def test_every_row_is_accounted_for(city):
    counts = city[1]["counts"]
    assert counts["read"] == TOTAL == counts["accepted"] + counts["rejected"]


def test_nearly_all_cases_lie_in_a_village(city):
    counts = city[2]["counts"]
    assert counts["placed"] == counts["community"] == 105_292  # 99.96 %
    assert city[0].count("case_record", [("community_code", "is null", None)]) == TOTAL - 105_292


def test_a_sample_lies_where_brute_force_in_degrees_says(city, villages):
    store, _, _ = city
    rng = np.random.default_rng(5)
    fids = rng.integers(1, TOTAL, 300)
    rows = store.read("case_record", ["geom", "community_code"], [("fid", "in", fids.tolist())])
    shapes = villages.to_crs(3826)
    for point, code in zip(rows["geom"], rows["community_code"]):
        holding = set(shapes.VILLCODE[shapely.intersects(shapes.geometry.to_numpy(), point)])
        assert code in holding if holding else code is None


def test_disagreements_with_the_stated_district_are_listed_with_both_names(city, shared, villages):
    store, _, linked = city
    town_of = dict(zip(villages.VILLCODE, villages.TOWNNAME))
    placed = store.read("case_record", ["case_no", "community_code"], [("community_code", "not null", None)])
    code_of = dict(zip(placed["case_no"], placed["community_code"]))
    equal = different = 0
    with gzip.open(shared / "cases" / "tainan_1999_2015_2019.csv.gz", "rt", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["case_no"] in code_of and row["district"]:
                town = town_of[code_of[row["case_no"]]]
                same = row["district"].replace(" ", "").strip(":").rstrip("區") == town.rstrip("區")
                equal, different = equal + same, different + (not same)
    assert linked["counts"]["disagreements"] == different == 7_658
    assert store.count("check_issue", [("rule", "=", "stated_area_differs")]) == different
    one = store.read("check_issue", ["params"], [("rule", "=", "stated_area_differs")])["params"][0]
    assert {"stated", "found", "areas"} == set(json.loads(one))


def test_counts_add_up_by_village_and_by_town(city):
    store, _, _ = city
    for by, level in (("community", 752), ("street", 37)):
        table = assess(make_context(store), Assess(by))["table"]
        assert len(table["rows"]) == level + 2  # 未定 and 合计
        reported = [row[table["columns"].index("reported")] for row in table["rows"]]
        assert sum(reported[:-1]) == reported[-1] == TOTAL
        assert reported[-2] == TOTAL - 105_292


def test_linking_again_writes_nothing(city):
    store, _, _ = city
    assert link_cases(make_context(store), LinkCases())["operation"] is None


def test_villages_have_clusters_with_dates_and_all_cases_are_counted(city):
    context = make_context(city[0])
    asked = ScanClusters(by="community", model="permutation", period="month", longest=6, radius=3000, simulations=19)
    found = scan_clusters(context, asked)
    counts = found["counts"]
    assert counts["cases"] == 105_292 and counts["elsewhere"] + counts["undated"] == TOTAL - 105_292
    first = found["clusters"][0]
    assert first["p"] == 0.05 and first["cases"] > first["expected"] and first["from"] < first["to"]
    watchers = watcher_bias(context, WatcherBias(by="community"))
    assert watchers["counts"]["unknown"] == 105_292 and watchers["city"] is None
