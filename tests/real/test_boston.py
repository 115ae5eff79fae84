# SPDX-License-Identifier: GPL-2.0-or-later
"""58,251 cases of Boston with targets: timeliness as the file states it, and as the clock does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.question import Question
from digital_citymgmt_plugin.core.requests import Assess, ImportCases, Layer
from digital_citymgmt_plugin.core.requests_scan import Density, Rhythm, ScanClusters
from digital_citymgmt_plugin.services.assessment import assess
from digital_citymgmt_plugin.services.assessment.panel import panel_of
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.hotspots.density import density
from digital_citymgmt_plugin.services.hotspots.rhythm import rhythm
from digital_citymgmt_plugin.services.hotspots.scan import scan_clusters
from tests.support import make_context, new_store

pytestmark = pytest.mark.real_data

FIELDS = {
    "case_no": "case_enquiry_id", "class_name": "type", "source": "source", "address": "location",
    "stated_area": "neighborhood", "dept_name": "department", "reported_at": "open_dt", "filed_at": "open_dt",
    "due_at": "target_dt", "closed_at": "closed_dt",
    "stage": {"column": "case_status", "values": {"Open": "disposal", "Closed": "closed"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def city(shared, tmp_path_factory):
    """The store with the file in it once, with the file's own word on timeliness; and what the import said."""
    store = new_store(
        tmp_path_factory.mktemp("boston") / "boston.gpkg", crs="EPSG:26986", county_name="Boston",
        time_zone="America/New_York",
    )  # fmt: skip
    result = _import(store, shared, {**FIELDS, "on_time": "ontime"})
    yield store, result
    store.close()


def _import(store, shared, fields):
    mapping = json.dumps({"fields": fields, "x": "longitude", "y": "latitude", "crs": "EPSG:4326"})
    request = ImportCases(Layer(str(shared / "cases" / "boston_311_2011H2.csv.gz")), mapping)
    return import_cases(make_context(store), request)


def total(result):
    return dict(zip(result["table"]["columns"], result["table"]["rows"][-1]))


def test_every_row_is_accounted_for(city):
    counts = city[1]["counts"]
    assert counts["read"] == counts["accepted"] + counts["rejected"] == 58_251
    assert counts["inserted"] == 58_251


def test_on_time_overdue_and_blank_are_those_of_the_file(city):
    store, _ = city
    found = total(assess(make_context(store), Assess("department")))
    assert (found["on_time"], found["overdue"], found["timeliness_missing"]) == (46_572, 11_521, 158)
    assert (found["closed"], found["pending"]) == (58_251 - 3_681, 3_681)


def test_the_panel_counts_the_same_through_the_log(city):
    """Also at the end of 2011: what was closed by then, and what was open and past its target, told by plain loops."""
    store, _ = city
    panel = panel_of(make_context(store))
    counts = {code: int(values.sum()) for code, values in panel.counts(Question("department")).counts.items()}
    assert (counts["on_time"], counts["overdue"], counts["timeliness_missing"]) == (46_572, 11_521, 158)
    rows = store.read("case_record", ["reported_at", "closed_at"])
    end = "2011-12-01T04:59:59.999Z"  # of 30 November in Boston
    there = sum(at is not None and at <= end for at in rows["reported_at"].tolist())
    closed = sum(at is not None and at <= end for at in rows["closed_at"].tolist())
    then = panel.counts(Question("department", cut_off="2011-11-30")).counts
    assert (int(then["reported"].sum()), int(then["closed"].sum())) == (there, closed)


def test_the_blank_rows_are_listed_and_no_stated_flag_contradicts_the_clock(city):
    store, _ = city
    rules, counts = np.unique(store.read("check_issue", ["rule"])["rule"].astype(str), return_counts=True)
    assert dict(zip(rules.tolist(), counts.tolist())) == {"timeliness_missing": 158}


def test_local_summer_time_becomes_utc(city):
    store, _ = city
    row = store.read("case_record", ["reported_at"], [("case_no", "=", "101000295613")])
    assert row["reported_at"][0] == "2011-07-01T05:32:33.000Z"  # 01:32:33 in Boston


def test_a_second_import_changes_nothing(city, shared):
    store, _ = city
    again = _import(store, shared, {**FIELDS, "on_time": "ontime"})
    assert again["operation"] is None and again["counts"]["unchanged"] == 58_251


def test_without_the_flag_the_clock_gives_the_same_and_judges_the_blank_rows_too(shared, tmp_path):
    store = new_store(tmp_path / "b.gpkg", crs="EPSG:26986", time_zone="America/New_York")
    try:
        _import(store, shared, FIELDS)
        found = total(assess(make_context(store), Assess("county")))
        # All 158 blank cases were closed after their target, or are open past it.
        assert (found["on_time"], found["overdue"]) == (46_572, 11_521 + 158)
    finally:
        store.close()


def test_a_snowless_half_year_has_clusters_in_time_and_a_rhythm(city):
    context = make_context(city[0])
    asked = ScanClusters(by="hexagon", model="permutation", radius=1500, simulations=19)
    found = scan_clusters(context, asked)
    counts = found["counts"]
    assert counts["cases"] + counts["elsewhere"] + counts["undated"] == city[1]["counts"]["accepted"]
    assert found["clusters"][0]["p"] == 0.05
    hours = rhythm(context, Rhythm())
    assert (
        np.sum(hours["table"]) + hours["counts"]["no_hour"] + hours["counts"]["no_time"]
        == counts["cases"] + counts["elsewhere"] + counts["undated"]
    )
    assert hours["zone"] == "America/New_York" and np.argmax(np.sum(hours["table"], axis=0)) in range(8, 12)
    dense = density(context, Density(every="quarter", reach=400))
    assert [one["from"] for one in dense["periods"]][1:] == ["2011-10-01"] and dense["counts"]["clipped"] == 0
    assert dense["counts"]["cases"] + dense["counts"]["unlocated"] == city[1]["counts"]["accepted"]
