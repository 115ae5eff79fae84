# SPDX-License-Identifier: GPL-2.0-or-later
"""32,594 service requests of Windsor without coordinates, placed by street and block through address ranges."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import ImportCases, ImportPlaces, Layer
from digital_citymgmt_plugin.core.requests_intake import PlaceCases
from digital_citymgmt_plugin.services.case_placing import place_cases
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.places import import_places
from tests.support import make_context, new_store

pytestmark = pytest.mark.real_data

STREETS = {
    "fields": {
        "name": "FULL_NAME", "left_from": "L_ADDR_FRO", "left_to": "L_ADDR_TO", "right_from": "R_ADDR_FRO",
        "right_to": "R_ADDR_TO",
    }
}  # fmt: skip
CASES = {
    "fields": {
        "case_no": "no", "class_name": "Service Request Description", "dept_name": "Department",
        "address": {"columns": ["Block/Address", "Street"], "join": " "}, "stated_area": "Ward",
        "source": "Method Received", "reported_at": "Created Date",
    }
}  # fmt: skip


@pytest.fixture(scope="module")
def requests(shared):
    with gzip.open(shared / "cases" / "windsor_service_requests_2025.csv.gz", "rt", encoding="utf-8") as file:
        return [{"no": f"W{number}", **row} for number, row in enumerate(csv.DictReader(file))]


@pytest.fixture(scope="module")
def windsor(shared, requests, tmp_path_factory):
    folder = tmp_path_factory.mktemp("windsor")
    store = new_store(
        folder / "w.gpkg", crs="EPSG:26917", county_code="353703", county_name="Windsor", time_zone="America/Toronto"
    )
    context = make_context(store)
    base = Layer(str(shared / "basemap" / "windsor_base.gpkg"), "street_centreline")
    import_places(context, ImportPlaces(base, "street", json.dumps(STREETS)))
    path = folder / "requests.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(requests[0]))
        writer.writeheader()
        writer.writerows(requests)
    brought = import_cases(context, ImportCases(Layer(str(path)), json.dumps(CASES)))["counts"]
    placed = place_cases(context, PlaceCases())
    yield store, brought, placed
    store.close()


def test_no_row_is_lost(windsor, requests):
    _, counts, _ = windsor
    assert counts["read"] == counts["accepted"] + counts["rejected"] == len(requests) == 32_594


def test_nine_tenths_of_all_and_nineteen_twentieths_of_those_with_an_address_are_placed(windsor, requests):
    _, _, placed = windsor
    addressed = sum(bool(row["Block/Address"].strip() and row["Street"].strip()) for row in requests)
    assert addressed < len(requests)  # some say nothing of their place
    assert placed["counts"]["placed"] >= 0.90 * len(requests)
    assert placed["counts"]["placed"] >= 0.95 * addressed


def test_each_lies_on_a_segment_of_its_street_whose_numbers_meet_the_block(windsor, requests, shared):
    import geopandas

    store, _, _ = windsor
    frame = geopandas.read_file(shared / "basemap" / "windsor_base.gpkg", layer="street_centreline")
    by_name = defaultdict(list)
    for name, whole, shape, *ends in zip(
        frame["ST_NAME"], frame["FULL_NAME"], frame.geometry, frame["L_ADDR_FRO"], frame["L_ADDR_TO"],
        frame["R_ADDR_FRO"], frame["R_ADDR_TO"],
    ):  # fmt: skip
        words = str(whole).upper().split()  # of CABANA RD E the short name is CABANA in one row and CABANA RD in others
        for known in {str(name).upper(), *(" ".join(words[:count]) for count in range(1, len(words) + 1))}:
            by_name[known].append((shape, ends))
    stated = {row["no"]: (row["Block/Address"].strip(), row["Street"].strip().upper()) for row in requests}
    rows = store.read("case_record", ["case_no", "place_score", GEOM], [(GEOM, "not null", None)])
    checked = wrong = 0
    for number, score, place in zip(*(rows[name].tolist() for name in ("case_no", "place_score", GEOM))):
        block, street = stated[number]
        if street not in by_name or score < 0.6:  # written otherwise, or beyond the numbers of the street
            continue
        scale = 10 ** block.count("#")
        first = int(block.replace("#", "")) * scale
        good = [
            shape for shape, (a, b, c, d) in by_name[street]
            if any(min(ends) < first + scale and max(ends) >= max(first, 1) for ends in ((a, b), (c, d)))
        ]  # fmt: skip
        checked += 1
        bad = not (len(good) and float(np.min(shapely.distance(np.array(good), place))) <= 11.0)
        wrong += bad
    assert checked > 25_000
    assert wrong <= checked * 0.002


def test_a_second_run_changes_nothing(windsor):
    store, _, placed = windsor
    again = place_cases(make_context(store), PlaceCases())
    assert again["operation"] is None
    assert again["counts"]["read"] == 32_594 - placed["counts"]["placed"]
