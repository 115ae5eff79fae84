# SPDX-License-Identifier: GPL-2.0-or-later
"""Published reports, counted again from made cases: table and log imported, counted, divided, to the last digit."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest

from digital_citymgmt_plugin.core.assessment.question import Question
from digital_citymgmt_plugin.core.requests import ImportCases, Layer
from digital_citymgmt_plugin.core.requests_assessment import FreezeRun, WriteBrief
from digital_citymgmt_plugin.services.assessment.brief import write_brief
from digital_citymgmt_plugin.services.assessment.panel import panel_of
from digital_citymgmt_plugin.services.assessment.runs import freeze_run
from digital_citymgmt_plugin.services.cases import import_cases
from scripts.demo_city.report_cases import REPORTS, write_report
from tests.support import locked_numbers, make_context, new_store


@pytest.fixture(scope="module", params=["zhengzhou", "tianmen"])
def city(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    cases, events = write_report(request.param, folder)
    store = new_store(folder / "city.gpkg")
    context = make_context(store)
    told = import_cases(context, ImportCases(Layer(str(cases)), events=Layer(str(events))))["counts"]
    assert told["rejected"] == 0
    assert told["events"] == told["events_read"]
    yield request.param, context
    store.close()


def totals(panel, name, basis="flow", **more):
    report = REPORTS[name]
    counted = panel.counts(Question("department", "", basis, report.first, report.last, report.last, **more))
    return {code: values.sum() for code, values in counted.counts.items()}


@pytest.fixture
def panel(city):
    return panel_of(city[1])


def percent(above, below):
    return float((Decimal(100 * int(above)) / int(below)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def test_the_report_is_counted_again(city, panel):
    name = city[0]
    found = totals(panel, name)
    if name == "zhengzhou":
        assert [found[code] for code in ("accepted", "filed", "dispatched", "to_be_closed")] == [
            51_571, 51_229, 49_151, 52_434,
        ]  # fmt: skip
        assert percent(found["filed"], found["accepted"]) == 99.34
        assert percent(found["dispatched"], found["filed"]) == 95.94
        codes = ("closed", "closed_on_time", "reworked", "extended")
        rates = [percent(found[code], found["to_be_closed"]) for code in codes]
        assert rates == [83.01, 77.04, 0.53, 0.2]
    else:
        owed = found["to_be_closed_not_parked"]
        assert (percent(found["closed"], owed), percent(found["closed_on_time"], owed)) == (93.72, 75.82)
        assert found["parked"] == 300


def test_seen_at_the_end_of_the_log_the_period_is_another(city, panel):
    """What was done after the period would be told as if it had been done in it: hence the cut-off."""
    name = city[0]
    report = REPORTS[name]
    late = panel.counts(Question("department", "", "flow", report.first, report.last))
    known = totals(panel, name)
    for code in ("to_be_closed", "in_disposal_late", "disposed"):
        assert late.counts[code].sum() != known[code], code


def test_parts_of_the_period_add_up_to_it(city, panel):
    """Of a flow every moment lies on one day, and every case has one department and one source."""
    name = city[0]
    report = REPORTS[name]
    whole = totals(panel, name)
    days = panel.counts(Question("day", "source", "flow", report.first, report.last, report.last))
    for code, values in days.counts.items():
        assert values.sum() == whole[code], code


def test_a_brief_of_a_kept_run_says_what_was_published(city, tmp_path):
    name, context = city
    report = REPORTS[name]
    days = {"from_date": report.first, "to_date": report.last, "cut_off": report.last}
    freeze_run(context, FreezeRun("department", name, basis="flow", name="run", **days))
    path = tmp_path / "brief.docx"
    write_brief(context, WriteBrief(run="run", document=str(path), before="-", year="-"))
    published = {
        "zhengzhou": {"51571", "51229", "49151", "52434", "99.34%", "95.94%", "83.01%", "77.04%", "0.53%", "0.20%"},
        "tianmen": {"93.72%", "75.82%"},
    }
    assert published[name] <= set(locked_numbers(path))
