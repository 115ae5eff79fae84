# SPDX-License-Identifier: GPL-2.0-or-later
"""Rates judged and periods compared, from cases to the table."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely

from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.core.assessment.evaluation import Row
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests_fairness import ComparePeriods, JudgeRates, RateSeries
from digital_citymgmt_plugin.services.assessment import compare, fairness
from digital_citymgmt_plugin.services.assessment.tallies import Tally
from digital_citymgmt_plugin.services.intake import objects
from tests.support import make_context, new_store


@pytest.fixture
def store(tmp_path):
    """Cases of two streets, filed in January and February 2021 and in January 2020, closed the day after or never."""
    opened = new_store(tmp_path / "c.gpkg")
    rows = []

    def add(street, first, count, closed):
        for number in range(count):
            day = date.fromisoformat(first) + timedelta(days=number % 28)
            rows.append((street, day, day + timedelta(days=1) if number < closed else None))

    add("S1", "2020-01-01", 30, 30)
    add("S1", "2021-01-01", 31, 10)
    add("S1", "2021-02-01", 90, 81)
    add("S2", "2021-01-01", 28, 20)
    add("S2", "2021-02-01", 30, 20)
    with opened.action("set up") as action:
        shapes = [shapely.multipolygons([[shapely.box(x, 0, x + 1, 1)]])[0] for x in (0, 1)]
        action.insert("admin_area", {
            "level": objects(["street"] * 2), "code": objects(["S1", "S2"]), "name": objects(["甲街道", "乙街道"]),
            GEOM: objects(shapes),
        })  # fmt: skip

        def text(day):
            return None if day is None else f"{day}T04:00:00.000Z"

        action.insert("case_record", {
            "case_no": objects(str(number) for number in range(len(rows))),
            "street_code": objects(row[0] for row in rows),
            **{name: objects(text(row[1]) for row in rows) for name in ("reported_at", "filed_at", "dispatched_at")},
            **{name: objects(text(row[2]) for row in rows) for name in ("disposed_at", "closed_at")},
            "stage": objects("closed" if row[2] else "disposal" for row in rows),
        })  # fmt: skip
    yield opened
    opened.close()


def context(store):
    return make_context(store, sentences=templates())


FEBRUARY = {"from_date": "2021-02-01", "to_date": "2021-02-28"}


def dicts(found):
    return {row[0]: dict(zip(found["columns"], row)) for row in found["rows"]}


def test_a_period_against_the_one_before_and_the_year_before(store):
    found = compare.compare_periods(context(store), ComparePeriods(**FEBRUARY))
    rows = dicts(found)
    names = ("now", "before", "change", "percent")
    assert [rows["S1"][name] for name in names] == [90, 31, 59, 190.32]
    assert (rows["S1"]["verdict"], rows["S1"]["riser"], rows["S2"]["verdict"]) == ("risen", 1, "")
    assert found["total"][2:5] == [120, 59, 61]
    assert [one["first"] for one in found["periods"]] == ["2021-02-01", "2021-01-01"]
    assert [one["days"] for one in found["periods"]] == [28, 31]
    assert found["numbers"][0][1].startswith("filed|street=S1|filed|2021-01-01|2021-01-31|")
    year = compare.compare_periods(
        context(store), ComparePeriods(kind="year", from_date="2021-01-01", to_date="2021-01-31")
    )
    assert (dicts(year)["S1"]["now"], dicts(year)["S1"]["before"]) == (31, 30)


def test_rates_are_compared_at_the_same_age(store):
    cut_off = "2021-02-28"
    found = compare.compare_periods(
        context(store), ComparePeriods("disposal_rate", cut_off=cut_off, **FEBRUARY)
    )
    rows = dicts(found)
    assert (rows["S1"]["now"], rows["S1"]["of_now"], rows["S1"]["rate_now"]) == (79, 90, 87.78)
    assert (rows["S1"]["before"], rows["S1"]["of_before"], rows["S1"]["rate_before"]) == (10, 31, 32.26)
    assert rows["S1"]["verdict"] == "risen" and rows["S1"]["low"] > 0
    assert found["periods"][1]["cut_off"].startswith("2021-01-31T15:59:59")


def test_tables_and_layers_of_a_comparison(store, tmp_path):
    for ending in ("xlsx", "csv", "gpkg"):
        path = str(tmp_path / f"compare.{ending}")
        compare.compare_periods(context(store), ComparePeriods(output=path, **FEBRUARY))
    layer = pyogrio.read_dataframe(tmp_path / "compare.gpkg")
    assert layer.set_index("code").loc["S1", "now"] == 90 and layer.geometry.notna().all()
    with (tmp_path / "compare.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == 4
    sheet = openpyxl.load_workbook(tmp_path / "compare.xlsx").worksheets[0]
    assert any(cell.value == 90 for row in sheet.iter_rows() for cell in row)


def test_what_cannot_be_compared_is_refused(store):
    for options, code in (
        ({"kind": "century", **FEBRUARY}, "compare.kind"),
        ({"from_date": "2021-02-01"}, "compare.days"),
        ({"from_date": "2021-02-02", "to_date": "2021-02-01"}, "assess.period"),
        ({"measure": "nothing", **FEBRUARY}, "fairness.indicator"),
        ({"least": -1, **FEBRUARY}, "compare.least"),
        ({"output": "/tmp/x.docx", **FEBRUARY}, "assess.output"),
    ):
        with pytest.raises(InputRefused) as caught:
            compare.compare_periods(context(store), ComparePeriods(**options))
        assert caught.value.code == code


def counted(**cells):
    """A tally of two departments by two classes; the third row has cases of no department."""
    rows = (Row("D1", "甲"), Row("D2", "乙"), Row("", "未定"))
    cells = {code: np.array(values) for code, values in cells.items()}
    counts = {code: values.sum(axis=1) for code, values in cells.items()}
    exempt = {"closed": np.array([0, 0, 0]), "to_be_closed": np.array([15, 0, 0])}
    return Tally(rows, counts, "2021-03-01T00:00:00.000Z", 0, (Row("1", ""), Row("2", "")), cells, exempt)


def test_same_skill_has_the_same_adjusted_rank(store, monkeypatch):
    table = counted(closed=[[90, 5], [18, 40], [0, 0]], to_be_closed=[[100, 10], [20, 80], [0, 0]])
    monkeypatch.setattr(fairness, "tally", lambda context, selection: table)
    found = fairness.judge_rates(context(store), JudgeRates("closing_rate", small=105))
    rows = dicts(found)
    assert (rows["D1"]["rate"], rows["D2"]["rate"]) == (86.36, 58.0)
    assert (rows["D1"]["rank"], rows["D2"]["rank"], rows[""]["rank"]) == (1, 2, None)
    assert rows["D1"]["adjusted_rank"] == rows["D2"]["adjusted_rank"] == 1
    assert rows["D1"]["adjusted"] == rows["D2"]["adjusted"] == rows["D1"]["direct"] == 72.86
    assert (rows["D1"]["small"], rows["D2"]["small"]) == (False, True)
    assert (rows["D1"]["total_not_exempt"], rows["D1"]["rate_not_exempt"]) == (95, 100.0)
    assert found["total"][2:5] == [153, 210, 72.86] and found["counts"]["small"] == 2
    assert len(found["remarks"]) == 6 and not any(line.startswith("fairness.") for line in found["remarks"])


def test_a_series_tells_what_the_cumulative_rate_hides(store, monkeypatch):
    # Qidong, published: 61.99 % of 27,844 at the end; 89.45 % of the 12,414 of the second part.
    table = Tally(
        (Row("D1", "甲"),), {}, "", 0, (Row("2015-Q1", ""), Row("2014-Q4", ""), Row("", "")),
        {"closed_on_time": np.array([[11_104, 6_157, 0]]), "filed": np.array([[12_414, 15_430, 0]])},
    )  # fmt: skip
    monkeypatch.setattr(fairness, "tally", lambda context, selection: table)
    found = fairness.rate_series(context(store), RateSeries("closing_on_time_rate_of_filed", "quarter"))
    rows = dicts(found)
    assert [row[0] for row in found["rows"]] == ["2014-Q4", "2015-Q1"]
    assert (rows["2014-Q4"]["rate"], rows["2015-Q1"]["rate"], rows["2015-Q1"]["rate_so_far"]) == (39.9, 89.45, 61.99)


def test_what_is_no_share_is_refused(store, monkeypatch):
    table = counted(closed=[[9, 0], [1, 0], [0, 0]], to_be_closed=[[8, 0], [1, 0], [0, 0]])
    monkeypatch.setattr(fairness, "tally", lambda context, selection: table)
    for call, request, code in (
        (fairness.judge_rates, JudgeRates("closing_rate"), "fairness.no_share"),
        (fairness.judge_rates, JudgeRates("nothing"), "fairness.indicator"),
        (fairness.judge_rates, JudgeRates("closing_rate", small=-1), "fairness.small"),
        (fairness.rate_series, RateSeries(every="century"), "fairness.period"),
    ):
        with pytest.raises(InputRefused) as caught:
            call(context(store), request)
        assert caught.value.code == code


def test_rates_and_series_are_counted_from_the_cases(store):
    """By plain loops over what the fixture wrote: S1 has 30, 31 and 90 cases, of which 30, 10 and 81 were closed."""
    found = fairness.judge_rates(context(store), JudgeRates("disposal_rate", "street", cut_off="2021-12-31"))
    rows = dicts(found)
    assert (rows["S1"]["hits"], rows["S1"]["total"], rows["S1"]["rate"]) == (121, 151, 80.13)
    assert (rows["S2"]["hits"], rows["S2"]["total"], rows["S2"]["rate"]) == (40, 58, 68.97)
    # All cases are of one class: nothing to adjust.
    assert [rows[code]["adjusted_rank"] for code in ("S1", "S2")] == [1, 2]
    assert rows["S1"]["direct"] == rows["S1"]["rate"] and rows["S1"]["rate_not_exempt"] == 80.13
    series = fairness.rate_series(context(store), RateSeries("disposal_rate", "month", "street", "S1"))
    told = dicts(series)
    assert [row[0] for row in series["rows"]] == ["2020-01", "2021-01", "2021-02"]
    assert [told[month]["rate"] for month in ("2020-01", "2021-01", "2021-02")] == [100.0, 32.26, 90.0]
    assert told["2021-02"]["rate_so_far"] == 80.13
    with pytest.raises(InputRefused) as caught:
        fairness.judge_rates(context(store), JudgeRates(by="class"))
    assert caught.value.code == "fairness.by"


def test_a_department_that_alone_has_its_classes_is_not_ranked_against_itself(store, monkeypatch):
    table = counted(closed=[[90, 0], [0, 40], [0, 0]], to_be_closed=[[100, 0], [1, 80], [0, 0]])
    monkeypatch.setattr(fairness, "tally", lambda context, selection: table)
    found = fairness.judge_rates(context(store), JudgeRates("closing_rate"))
    rows = dicts(found)
    assert (rows["D1"]["rank"], rows["D2"]["rank"]) == (1, 2)
    assert [rows[code][name] for code in ("D1", "D2") for name in ("adjusted", "adjusted_rank", "direct")] == [None] * 6
    assert (rows["D1"]["own"], found["counts"]["alone"]) == (99.01, 2)
