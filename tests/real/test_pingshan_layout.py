# SPDX-License-Identifier: GPL-2.0-or-later
"""10,000 real cases written in the layout of the file that they came from, and read back: nothing changes."""

from __future__ import annotations

import csv
import json

import pytest

from digital_citymgmt_plugin.core.requests import ImportCases, Layer
from digital_citymgmt_plugin.core.requests_slips import ExportPlatformCases
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.handover import export_platform_cases
from tests.real.test_pingshan import MAPPING
from tests.support import make_context, new_store

pytestmark = pytest.mark.real_data
KEPT = ("case_no", "class_code", "class_name", "source", "dept_code", "dept_name", "reported_at", "filed_at", "stage",
        "on_time", "community_code")  # fmt: skip


def test_written_as_the_platform_did_and_read_back_nothing_changes(shared, tmp_path):
    sample = Layer(str(shared / "cases" / "shenzhen_pingshan_2018.csv.gz"))
    store = new_store(tmp_path / "city.gpkg")
    context = make_context(store)
    mapping = json.dumps(MAPPING)
    import_cases(context, ImportCases(sample, mapping=mapping))
    before = store.read("case_record", KEPT, [], ["case_no"])
    out = tmp_path / "out.csv"
    request = ExportPlatformCases(sample, str(out), mapping=mapping, chosen='{"queue": "all"}')
    told = export_platform_cases(context, request)
    assert told["counts"]["cases"] == len(before["case_no"]) > 9_000
    assert not [one for one in told["differences"] if one["code"] in ("layout.headings", "layout.time")]
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == list(told["columns"]) or told["counts"]["without_field"] > 0
    import_cases(context, ImportCases(Layer(str(out)), mapping=mapping))
    after = store.read("case_record", KEPT, [], ["case_no"])
    for name in KEPT:
        assert after[name].tolist() == before[name].tolist(), name
