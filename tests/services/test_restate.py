# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of an old period on today's grids and back: totals to the last digit, the rule said in each row."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import ImportCases, Layer
from digital_citymgmt_plugin.core.requests_history import Restate
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.restate import restate
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.services.cities import CRS, FIRST, LID, box, point
from tests.services.test_grid_history import Years, changed, day, one_cell

A, B, C = (FIRST + number for number in ("001", "002", "003"))


def rows_of(path):
    columns = next(iter(CityFiles().open_source(str(path)).chunks()))
    names = [name for name in columns if name not in ("__row__", "geom")]
    return [dict(zip(names, values)) for values in zip(*(columns[name].tolist() for name in names))]


@pytest.fixture
def years(town):
    """One grid of 1 km²; on day 5 its western two fifths become a second one."""
    made = Years(town)
    made.adopt(0, one_cell())
    made.adopt(5, [frozenset(s for s in one_cell()[0] if (s[0] < 2) == left) for left in (True, False)])
    return made


def test_numbers_are_cut_by_area_and_come_back_whole(years, tmp_path):
    path = years.town.table("figures.csv", [{"网格编码": A, "cases": "7", "money": "10.25", "note": "x"}])
    request = Restate(str(tmp_path / "new.csv"), Layer(path), from_day=day(1), decimals=0)
    result = restate(years.at(9), request)
    found = {row["code"]: row for row in rows_of(tmp_path / "new.csv")}
    assert result["totals"] == {"cases": "7", "money": "10.25"} and result["counts"]["by_area"] == 2
    assert sum(Decimal(str(row["money"])) for row in found.values()) == Decimal("10.25")
    assert [Decimal(str(found[code]["cases"])) for code in (A, B)] == [Decimal("4.2"), Decimal("2.8")]
    assert found[B]["rule"] == "area" and found[B]["from_grids"] == f"{A} (40.00%)"
    back = Restate(str(tmp_path / "old.csv"), Layer(str(tmp_path / "new.csv")), "code", ["cases", "money"],
                   to_day=day(1))  # fmt: skip
    restate(years.at(9), back)
    row = rows_of(tmp_path / "old.csv")[0]
    assert (row["code"], float(row["cases"]), float(row["money"]), row["rule"]) == (A, 7.0, 10.25, "whole")


def test_whole_numbers_stay_whole(years, tmp_path):
    path = years.town.table("figures.csv", [{"code": A, "cases": "7"}])
    restate(years.at(9), Restate(str(tmp_path / "new.csv"), Layer(path), from_day=day(1), decimals=0))
    assert {row["code"]: int(row["cases"]) for row in rows_of(tmp_path / "new.csv")} == {A: 4, B: 3}


def test_cases_and_components_are_located_anew_and_cases_without_a_point_go_by_the_grid_they_name(years, tmp_path):
    town = years.town
    lids = town.layer(
        "lids.gpkg", [point(10, 10), point(390, 10), point(800, 10), point(5000, 0)], "Point", c=[LID] * 4
    )
    town.census(lids, class_field="c")
    rows = [
        {"案件编号": f"n{n}", "x": str(360_000 + x) if x else "", "y": "3520100" if x else "", "上报时间": when,
         "单元网格编码": grid}
        for n, (x, when, grid) in enumerate([(100, "2026-01-03 10:00", ""), (900, "2026-01-03 11:00", ""),
                                             (100, "2025-01-03 10:00", ""), (None, "2026-01-04 10:00", A)])
    ]  # fmt: skip
    import_cases(town.context, ImportCases(Layer(town.table("cases.csv", rows), crs=CRS)))
    fids = town.store.read("case_record", ["fid"], [("case_no", "=", "n3")])["fid"]
    with town.store.action("test") as action:
        action.update("case_record", fids, {"grid_code": np.array([A], dtype=object)})
    period = {"since": "2026-01-01", "until": "2026-01-31"}
    request = Restate(str(tmp_path / "new.gpkg"), figures=["cases", "components"], from_day=day(1), **period)
    result = restate(years.at(9), request)
    found = {row["code"]: row for row in rows_of(tmp_path / "new.gpkg")}
    assert {code: row["components"] for code, row in found.items()} == {A: 1, B: 2, None: 1}
    assert {code: row["cases"] for code, row in found.items()} == {A: 2, B: 1, None: 0}
    assert (found[A]["rule_cases"], found[B]["rule_cases"]) == ("mixed", "points")
    assert result["counts"]["without_point"] == 1 and result["totals"]["cases"] == "3"


def test_rows_that_cannot_be_restated_are_listed_with_their_reason(years, tmp_path):
    rows = [{"code": A, "n": "1"}, {"code": B, "n": "1"}, {"code": "x", "n": "1"}, {"code": A, "n": "many"}]
    path = years.town.table("figures.csv", rows)
    request = Restate(
        str(tmp_path / "o.csv"), Layer(path), fields=["n"], from_day=day(1), rejects=str(tmp_path / "r.csv")
    )
    result = restate(years.at(9), request)
    assert result["reasons"] == {"reject.grid_not_then": 1, "reject.grid_unknown": 1, "reject.no_figure": 1}
    assert (result["counts"]["accepted"], result["totals"]) == (1, {"n": "1"})


@pytest.mark.parametrize("seed", range(3))
def test_totals_stay_over_random_years_both_ways(town, tmp_path, seed):
    rng = np.random.default_rng(seed)
    years = Years(town)
    years.adopt(0, one_cell())
    for when in range(1, 6):
        before = years.now()
        parts = changed(rng, before.values())
        if set(parts) != set(before.values()):
            years.adopt(when, parts)
    for first in range(6):
        then = int(rng.integers(0, 6))
        codes = years.expected(day(first))
        values = [{"code": code, "n": int(rng.integers(0, 1000)), "km": float(rng.integers(0, 9999)) / 1000}
                  for code in codes]  # fmt: skip
        path = town.table(f"f{first}.csv", values)
        out = tmp_path / f"o{first}.csv"
        restate(years.at(9), Restate(str(out), Layer(path), fields=["n", "km"], from_day=day(first), to_day=day(then)))
        found = rows_of(out)
        for name in ("n", "km"):
            assert sum(Decimal(str(row[name])) for row in found) == sum(Decimal(str(row[name])) for row in values)
        new = years.expected(day(then))
        for row in found:
            exact = sum(v["n"] * len(new[row["code"]] & codes[v["code"]]) / len(codes[v["code"]]) for v in values)
            assert abs(float(row["n"]) - exact) < 0.01 * len(values) + 1e-9


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "restate.nothing_asked"), ({"figures": ["dogs"]}, "restate.figures"),
        ({"figures": ["cases"], "decimals": 12}, "restate.decimals"),
        ({"figures": ["cases"], "since": "2026-02-01", "until": "2026-01-01"}, "restate.period"),
        ({"figures": ["cases"], "from_day": "2020-01-01"}, "lineage.none_on"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(years, tmp_path, more, code):
    with pytest.raises(InputRefused) as caught:
        restate(years.at(9), Restate(str(tmp_path / "o.csv"), **more))
    assert caught.value.code == code


def test_shapes_of_the_store_are_not_needed_to_be_clean(town, tmp_path):
    assert box(0, 0, 1, 1).area == 1  # grids of one day that overlap: shares are scaled down, the total stays
    years = Years(town)
    years.adopt(0, one_cell())
    path = town.layer("over.gpkg", [box(0, 0, 600, 1000), box(400, 0, 1000, 1000)], code=[A, C])
    from digital_citymgmt_plugin.core.requests import AdoptGrids
    from digital_citymgmt_plugin.services.adoption import adopt_grids

    adopt_grids(years.at(5), AdoptGrids(Layer(path), "code"))
    table = town.table("f.csv", [{"code": A, "n": "101"}])
    result = restate(years.at(9), Restate(str(tmp_path / "o.csv"), Layer(table), from_day=day(1), decimals=0))
    assert result["totals"] == {"n": "101"} and [int(r["n"]) for r in rows_of(tmp_path / "o.csv")] == [51, 50]


def test_a_column_of_the_table_does_not_take_the_place_of_one_of_the_outputs(years, tmp_path):
    path = years.town.table("figures.csv", [{"grid": A, "cases": "7", "rule": "3", "code": "5"}])
    asked = {"from_day": day(1), "figures": ["cases"], "fields": ["cases", "rule", "code", "cases"]}
    for file in ("new.csv", "new.gpkg"):
        result = restate(years.at(9), Restate(str(tmp_path / file), Layer(path), "grid", **asked))
        assert result["totals"] == {"cases_2": "7", "rule_2": "3", "code_2": "5", "cases": "0"}
        found = {row["code"]: row for row in rows_of(tmp_path / file)}
        assert set(found) == {A, B} and {row["rule"] for row in found.values()} == {"area"}
        assert sum(Decimal(str(row["cases_2"])) for row in found.values()) == 7


def test_a_number_beyond_all_measure_is_rejected(years, tmp_path):
    path = years.town.table("figures.csv", [{"code": A, "n": "1e9999999"}, {"code": A, "n": "1e-9999999"}])
    result = restate(years.at(9), Restate(str(tmp_path / "new.csv"), Layer(path), fields=["n"], from_day=day(1)))
    assert result["counts"]["rejected"] == 1 and result["reasons"] == {"reject.no_figure": 1}
