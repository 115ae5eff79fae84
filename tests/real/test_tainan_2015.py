# SPDX-License-Identifier: GPL-2.0-or-later
"""1,405 full records of Tainan's hotline: due times, status words, coordinates that are all 0, places by their text."""

from __future__ import annotations

import csv
import gzip
import json

import pytest

from digital_citymgmt_plugin.core.requests import ImportAreas, ImportCases, Layer
from digital_citymgmt_plugin.core.requests_intake import PlaceCases, PreviewCases
from digital_citymgmt_plugin.services.areas import import_areas
from digital_citymgmt_plugin.services.case_placing import place_cases
from digital_citymgmt_plugin.services.case_preview import preview_cases
from digital_citymgmt_plugin.services.cases import import_cases
from tests.real.test_tainan_cases import PROFILE
from tests.support import make_context, new_store

pytestmark = pytest.mark.real_data

FILE = "cases/tainan_1999_detail_2015.csv.gz"


@pytest.fixture(scope="module")
def rows(shared):
    with gzip.open(shared / FILE, "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def city(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tainan2015")
    profile = folder / "profile.json"
    profile.write_text(json.dumps(PROFILE, ensure_ascii=False), encoding="utf-8")
    store = new_store(
        folder / "臺南.gpkg", crs="EPSG:3826", county_code="67000", county_name="臺南市", profile=str(profile),
        time_zone="Asia/Taipei",
    )  # fmt: skip
    context = make_context(store)
    areas = Layer(str(shared / "admin" / "tainan_villages.gpkg"), crs="EPSG:4326")
    import_areas(context, ImportAreas(areas, "community", "VILLCODE", "VILLNAME"))
    seen = preview_cases(context, PreviewCases(Layer(str(shared / FILE), crs="EPSG:4326")))
    rejects = folder / "退回.xlsx"
    result = import_cases(context, ImportCases(Layer(str(shared / FILE), crs="EPSG:4326"), None, str(rejects)))
    yield store, seen, result
    store.close()


def test_columns_are_guessed_without_a_mapping(city):
    _, seen, _ = city
    guessed = seen["fields"]
    assert guessed["case_no"] == "service_request_id" and guessed["reported_at"] == "requested_datetime"
    assert guessed["due_at"] == "expected_datetime" and guessed["address"] == "address_string"
    assert guessed["stated_area"] == "area" and guessed["stage"] == "status"
    assert seen["places"]["none"] == seen["places"]["read"]  # all 0, 0


def test_no_row_is_lost_and_due_times_are_those_of_the_file(city, rows):
    store, _, result = city
    counts = result["counts"]
    assert counts["read"] == counts["accepted"] + counts["rejected"] == len(rows) == 1_405
    assert counts["accepted"] >= 0.99 * len(rows), result["reasons"]
    stated = {row["service_request_id"]: row["expected_datetime"] for row in rows}
    held = store.read("case_record", ["case_no", "due_at", "stage"])
    wrong = [
        number for number, due in zip(held["case_no"].tolist(), held["due_at"].tolist())
        if stated[number] not in ("", "null") and _utc(stated[number]) != due
    ]  # fmt: skip
    assert wrong == []
    assert sum(due is not None for due in held["due_at"].tolist()) >= 0.95 * counts["accepted"]
    assert "closed" in set(held["stage"].tolist())


def test_zero_coordinates_are_told_and_places_come_from_village_names_only_where_they_are_named(city):
    store, _, result = city
    assert store.count("case_record", [("geom", "not null", None)]) == 0
    assert store.count("check_issue", [("rule", "=", "case_coordinates")]) == result["counts"]["accepted"]
    counts = place_cases(make_context(store), PlaceCases())["counts"]
    assert counts["placed"] == 0 and counts["read"] == result["counts"]["accepted"]  # no gazetteer of streets here
    assert counts["stated"] + counts["nowhere"] + counts["several"] + counts["unsure"] == counts["read"]


def _utc(text):
    from datetime import datetime, timedelta

    local = datetime.strptime(text.split(".")[0], "%Y-%m-%d %H:%M:%S")
    return (local - timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
