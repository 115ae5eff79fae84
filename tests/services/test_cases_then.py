# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluations on the unit grids of another day: each case where its point lies, held against squares of a board."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.evaluation import evaluation_from_payload
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import ImportCases, Layer
from digital_citymgmt_plugin.core.requests_assessment import (
    CasesOfNumber,
    Evaluate,
    ExportEvaluation,
    FreezeRun,
    OpenRun,
)
from digital_citymgmt_plugin.core.requests_fairness import ComparePeriods
from digital_citymgmt_plugin.services.assessment import evaluate
from digital_citymgmt_plugin.services.assessment.compare import compare_periods
from digital_citymgmt_plugin.services.assessment.exporting import export_evaluation
from digital_citymgmt_plugin.services.assessment.panel import cases_of_number
from digital_citymgmt_plugin.services.assessment.runs import freeze_run, open_run
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.services.cities import CRS, FIRST
from tests.services.test_grid_history import ACROSS, SIDE, X0, Y0, Years, changed, day, one_cell

A = FIRST + "001"


def add_cases(years, squares, grids):
    """Report and file a case in the middle of each square (None: without a point, in a grid)."""
    rows = [
        {
            "案件编号": f"n{n}", "x": "" if square is None else str(X0 + (square[0] + 0.5) * SIDE),
            "y": "" if square is None else str(Y0 + (square[1] + 0.5) * SIDE),
            "上报时间": f"2026-01-0{n % 9 + 1} 10:00",
            "立案时间": f"2026-01-0{n % 9 + 1} 11:00",
        }
        for n, square in enumerate(squares)
    ]  # fmt: skip
    import_cases(years.town.context, ImportCases(Layer(years.town.table("cases.csv", rows), crs=CRS)))
    store = years.town.store
    held = store.read("case_record", ["fid", "case_no"], [])
    fid_of = dict(zip(held["case_no"].tolist(), held["fid"].tolist()))
    for n, grid in grids.items():
        with store.action("test") as action:
            action.update("case_record", np.array([fid_of[f"n{n}"]]), {"grid_code": np.array([grid], dtype=object)})
    return fid_of


def counts_of(answer, code="filed"):
    made = evaluation_from_payload(answer["evaluation"])
    return {row.code: int(value) for row, value in zip(made.rows, made.counts[code]) if value}


@pytest.mark.parametrize("seed", range(3))
def test_each_case_lies_where_it_lay_on_the_board_of_that_day(town, seed):
    rng = np.random.default_rng(seed)
    years = Years(town)
    years.adopt(0, one_cell())
    for when in range(1, 5):
        before = years.now()
        parts = changed(rng, before.values())
        if set(parts) != set(before.values()):
            years.adopt(when, parts)
    squares = [tuple(rng.integers(0, ACROSS, 2).tolist()) for _ in range(40)]
    fid_of = add_cases(years, squares, {})
    for when in range(5):
        by = f"grid@{day(when)}"
        answer = evaluate(years.at(9), Evaluate(by=by))
        cells = years.expected(day(when))
        placed = [next(code for code, part in cells.items() if square in part) for square in squares]
        assert counts_of(answer) == Counter(placed)
        made = evaluation_from_payload(answer["evaluation"])
        assert [row.code for row in made.rows] == sorted(cells) and made.totals["filed"] == 40
        told = cases_of_number(years.at(9), CasesOfNumber(f"filed|{by}={placed[0]}|filed|||"))
        assert set(told["fids"]) == {fid_of[f"n{n}"] for n, code in enumerate(placed) if code == placed[0]}
        community = evaluate(years.at(9), Evaluate(by=f"community@{day(when)}"))
        assert sum(counts_of(community).values()) == 40


@pytest.fixture
def parted_years(town):
    """One grid; on day 5 its western part becomes one of its own, and three cases: west, east, without a point."""
    years = Years(town)
    years.adopt(0, one_cell())
    years.adopt(5, [frozenset(s for s in one_cell()[0] if (s[0] < 2) == left) for left in (True, False)])
    kept = next(code for code, part in years.now().items() if (0, 0) not in part)
    add_cases(years, [(0, 0), (ACROSS - 1, 0), None], {2: kept})
    return years


def test_a_case_without_a_point_counts_where_its_grid_lies_whole(parted_years):
    years = parted_years
    first, then = years.expected(day(1)), years.expected(day(6))
    assert counts_of(evaluate(years.at(9), Evaluate(by=f"grid@{day(1)}"))) == {next(iter(first)): 3}
    found = counts_of(evaluate(years.at(9), Evaluate(by=f"grid@{day(6)}")))
    assert sorted(found.values()) == [1, 2] and set(found) == set(then)
    with years.town.store.action("test") as action:  # it names a grid that is not there any more, and was never whole
        fids = years.town.store.read("case_record", ["fid"], [("case_no", "=", "n2")])["fid"]
        action.update("case_record", fids, {"grid_code": np.array(["371000000000999"], dtype=object)})
    assert counts_of(evaluate(years.at(9), Evaluate(by=f"grid@{day(6)}")))[""] == 1


def test_a_kept_table_keeps_its_grids_and_says_so(parted_years):
    years = parted_years
    by = f"grid@{day(1)}"
    freeze_run(years.at(9), FreezeRun(by=by, name="before"))
    answer = open_run(years.at(9), OpenRun("before"))
    assert counts_of(answer) == {A: 3}
    assert answer["said"]["by"] == f"单元网格（{day(1)} 的网格）"
    assert any(day(1) in note for note in answer["said"]["notes"])


def test_periods_are_compared_on_the_same_grids(parted_years):
    asked = ComparePeriods(measure="filed", by=f"grid@{day(1)}", from_date="2026-01-02", to_date="2026-01-03", least=0)
    answer = compare_periods(parted_years.at(9), asked)
    assert [row[:4] for row in answer["rows"]] == [[A, "", 2, 1]]


@pytest.mark.parametrize(
    ("by", "code"),
    [
        ("department@2026-01-01", "assess.by"), ("grid@someday", "assess.date"), ("grid@", "assess.date"),
        ("moon@2026-01-01", "assess.by"), ("grid@1999-01-01", "lineage.none_on"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(parted_years, by, code):
    with pytest.raises(InputRefused) as refused:
        evaluate(parted_years.at(9), Evaluate(by=by))
    assert refused.value.code == code


def test_a_table_of_a_day_is_written_with_the_shapes_of_that_day(parted_years, tmp_path):
    for by, parts in ((f"grid@{day(1)}", 1), (f"grid@{day(6)}", 2), (f"community@{day(6)}", 1)):
        path = tmp_path / f"{by.replace('@', '_')}.gpkg"
        export_evaluation(parted_years.at(9), ExportEvaluation(by=by, output=str(path)))
        rows = next(iter(CityFiles().open_source(str(path)).chunks()))
        areas = [shape.area for shape in rows["geom"].tolist()]
        assert len(areas) == parts and abs(sum(areas) - (ACROSS * SIDE) ** 2) < 1
