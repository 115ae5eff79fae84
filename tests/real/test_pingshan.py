# SPDX-License-Identifier: GPL-2.0-or-later
"""10,000 mainland cases without coordinates: communities by name, sums per department against the file's own flags."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.assessment.question import Question
from digital_citymgmt_plugin.core.requests import Assess, ImportAreas, ImportCases, Layer, LinkCases
from digital_citymgmt_plugin.services.areas import import_areas
from digital_citymgmt_plugin.services.assessment import assess
from digital_citymgmt_plugin.services.assessment.panel import panel_of
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.linking import link_cases
from tests.support import make_context, new_store

pytestmark = pytest.mark.real_data

MAPPING = {
    "fields": {
        "case_no": "REC_ID", "class_name": "SUB_TYPE_NAME", "source": "EVENT_SRC_NAME", "stated_area": "STREET_NAME",
        "community_name": "COMMUNITY_NAME", "dept_code": "DISPOSE_UNIT_ID", "dept_name": "DISPOSE_UNIT_NAME",
        "reported_at": "CREATE_TIME", "filed_at": "CREATE_TIME",
        # Closed in time or late: the file knows no other state; "-" is in neither.
        "on_time": {"column": "INTIME_ARCHIVE_NUM", "values": {"1": 1, "0": 0}, "required": True},
        "stage": {"const": "closed"},
    },
    "null_values": ["-"],
}  # fmt: skip


@pytest.fixture(scope="module")
def rows(shared):
    """The file as the standard library reads it."""
    with gzip.open(shared / "cases" / "shenzhen_pingshan_2018.csv.gz", "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def city(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pingshan")
    store = new_store(folder / "坪山.gpkg", crs="EPSG:4547", county_code="440310", county_name="坪山区")
    context = make_context(store)
    lists = (("street", "cn_street_codes.csv.gz"), ("community", "cn_community_codes_nantong_beijing_shenzhen.csv.gz"))
    for level, name in lists:
        path = folder / f"{level}.csv"
        with gzip.open(shared / "admin" / name, "rt", encoding="utf-8") as file:
            lines = file.readlines()
        path.write_text("".join([lines[0], *(line for line in lines if line.startswith("440310"))]), encoding="utf-8")
        import_areas(context, ImportAreas(Layer(str(path)), level, "code", "name"))
    rejects = folder / "退回.csv"
    source = Layer(str(shared / "cases" / "shenzhen_pingshan_2018.csv.gz"))
    result = import_cases(context, ImportCases(source, json.dumps(MAPPING), str(rejects)))
    yield store, result
    store.close()


def table(store, by, **options):
    result = assess(make_context(store), Assess(by, **options))
    return [dict(zip(result["table"]["columns"], row)) for row in result["table"]["rows"]]


def test_five_rows_with_a_dash_for_a_flag_are_rejected_with_their_reason(city, rows):
    _, result = city
    dashes = [number for number, row in enumerate(rows, 2) if row["INTIME_ARCHIVE_NUM"] == "-"]
    assert result["counts"]["rejected"] == len(dashes) == 5
    assert result["counts"]["accepted"] == 9_995
    with Path(result["rejects"]).open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file))
    assert sorted(int(row["row"]) for row in listed) == dashes
    assert {row["reason"] for row in listed} == {"reject.missing"}


def test_every_named_community_is_found(city, rows):
    store, _ = city
    named = sum(row["COMMUNITY_NAME"] != "-" and row["INTIME_ARCHIVE_NUM"] != "-" for row in rows)
    assert store.count("case_record", [("place_method", "=", "community_name")]) == named
    assert store.count("check_issue") == 0
    assert len(set(store.read("case_record", ["community_code"])["community_code"].tolist()) - {None}) == 23


def test_counts_per_department_are_the_sums_of_the_files_flags(city, rows):
    store, _ = city
    closed, in_time, late = Counter(), Counter(), Counter()
    for row in rows:
        if row["INTIME_ARCHIVE_NUM"] == "-":
            continue
        unit = row["DISPOSE_UNIT_ID"].replace("-", "")
        closed[unit] += 1
        in_time[unit] += int(row["INTIME_ARCHIVE_NUM"])
        late[unit] += int(row["OVERTIME_ARCHIVE_NUM"])
    found = table(store, "department")
    assert {row["code"]: row["closed"] for row in found[:-1]} == dict(closed)
    assert {row["code"]: row["closed_on_time"] for row in found[:-1]} == {unit: in_time[unit] for unit in closed}
    assert {row["code"]: row["overdue"] for row in found[:-1]} == {unit: late[unit] for unit in closed}
    assert (found[-1]["closed"], found[-1]["closed_on_time"]) == (9_995, 9_071)
    counted = panel_of(make_context(store)).counts(Question("department"))
    for code, sums in (("closed", closed), ("closed_on_time", in_time), ("closed_late", late)):
        told = dict(zip(counted.codes, counted.counts[code].tolist()))
        assert {unit: told[unit] for unit in closed} == {unit: sums[unit] for unit in closed}


def test_counts_per_community_and_street_add_up_with_those_that_have_none(city, rows):
    store, _ = city
    link_cases(make_context(store), LinkCases())
    names = Counter(row["COMMUNITY_NAME"] for row in rows if row["INTIME_ARCHIVE_NUM"] != "-")
    found = {row["name"]: row["reported"] for row in table(store, "community")}
    assert found["六联社区居委会"] == names["六联社区"]
    assert found["未定"] == names["-"]
    streets = table(store, "street")
    assert sum(row["reported"] for row in streets[:-1]) == streets[-1]["reported"] == 9_995
