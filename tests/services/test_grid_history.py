# SPDX-License-Identifier: GPL-2.0-or-later
"""Grids as of a day and lineage both ways, against bookkeeping in sets of squares over random changes and undos."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import AdoptGrids, Layer, UndoOperation
from digital_citymgmt_plugin.core.requests_history import GridLineage, GridsOn
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.grid_history import grid_lineage, grids_on
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.services.cities import FIRST, X0, Y0, box

SIDE, ACROSS = 200, 5  # squares of 200 m, 5 x 5 in the first community
START = datetime(2026, 1, 1, 16, 30, tzinfo=timezone.utc)  # the 2nd in Qidong


class Years:
    """A town whose grids change on days that the test sets, and what they were after each change."""

    def __init__(self, town):
        self.town, self.number = town, 0
        self.states = []  # (day, {code: squares})

    def at(self, days):
        moment = START + timedelta(days=days, minutes=self.number)
        self.town.store.clock = lambda: moment
        return replace(self.town.context, clock=lambda: moment)

    def adopt(self, days, parts, policy="largest_keeps"):
        self.number += 1
        path = self.town.layer(f"cells{self.number}.gpkg", [shape(part) for part in parts], n=list(range(len(parts))))
        adopt_grids(self.at(days), AdoptGrids(Layer(path), None, policy))
        self.states.append((day(days), self.now()))

    def undo(self, days):
        self.number += 1
        undo_operation(self.at(days), UndoOperation("last"))
        self.states.pop()

    def now(self):
        return {row["code"]: squares_of(row["geom"]) for row in self.town.grids("code", "geom")}

    def expected(self, asked):
        known = [state for when, state in self.states if when <= asked]
        return known[-1] if known else {}


def day(days):
    return (START + timedelta(days=days, hours=8)).date().isoformat()


def shape(squares):
    return shapely.union_all([box(x * SIDE, y * SIDE, (x + 1) * SIDE, (y + 1) * SIDE) for x, y in squares])


def squares_of(geometry):
    middles = [(x, y) for x in range(ACROSS) for y in range(ACROSS)]
    xy = np.array([[X0 + (x + 0.5) * SIDE, Y0 + (y + 0.5) * SIDE] for x, y in middles])
    return frozenset(middles[i] for i in np.flatnonzero(shapely.contains_xy(geometry, xy[:, 0], xy[:, 1])))


def one_cell():
    return [frozenset((x, y) for x in range(ACROSS) for y in range(ACROSS))]


def changed(rng, parts):
    """Split some cells by a line and merge some neighbours."""
    parts = list(parts)
    for _ in range(int(rng.integers(1, 4))):
        place = int(rng.integers(len(parts)))
        part = sorted(parts[place])
        if rng.random() < 0.6 and len(part) > 1:
            axis = int(rng.integers(2))
            values = sorted({square[axis] for square in part})
            if len(values) > 1:
                cut = values[int(rng.integers(1, len(values)))]
                parts[place] = frozenset(s for s in part if s[axis] < cut)
                parts.append(frozenset(s for s in part if s[axis] >= cut))
        else:
            near = [i for i, other in enumerate(parts) if i != place and touch(part, other)]
            if near:
                other = near[int(rng.integers(len(near)))]
                parts[place] = parts[place] | parts[other]
                parts.pop(other)
    return parts


def touch(one, other):
    return any(abs(x - a) + abs(y - b) == 1 for x, y in one for a, b in other)


def answered(version):
    return version["code"], squares_of(shapely.from_wkb(version["wkb"]))


def met(states, code, squares, forward):
    """Walk through the states by hand: who holds a square of a cell that changed is its kin."""
    found, edge = set(), {(code, squares)}
    for state in states:
        fresh = set(state.items())
        moved = {node for node in edge if node not in fresh}
        kin = {node for node in fresh if any(node[1] & old[1] for old in moved)}
        found |= kin
        edge = (edge - moved) | kin
    return found


@pytest.mark.parametrize("seed", range(6))
def test_random_years_equal_the_bookkeeping(town, seed):
    rng = np.random.default_rng(seed)
    years = Years(town)
    years.adopt(0, one_cell())
    when = 0
    for _ in range(7):
        when += int(rng.integers(0, 4))  # sometimes two changes on one day
        if rng.random() < 0.2 and len(years.states) > 1:
            years.undo(when)
            continue
        before = years.now()
        parts = changed(rng, before.values())
        if set(parts) != set(before.values()):
            years.adopt(when, parts, "largest_keeps" if rng.random() < 0.7 else "all_new")
    for days in range(when + 2):
        expected = years.expected(day(days))
        found = grids_on(years.at(when + 9), GridsOn(day(days)))
        assert {row["code"]: squares_of(shapely.from_wkb(row["wkb"])) for row in found["grids"]} == expected
        now = years.now()
        for row in found["grids"]:
            shape = expected[row["code"]]
            gone = "recoded" if shape in now.values() else "retired"
            kept = "same" if now.get(row["code"]) == shape else "reshaped"
            assert row["state"] == (kept if row["code"] in now else gone)
        later = [state for moment, state in years.states if moment > day(days)]
        earlier = [state for moment, state in years.states if moment <= day(days)][:-1][::-1]
        for code, squares in expected.items():
            told = grid_lineage(years.at(when + 9), GridLineage(code, day=day(days)))
            assert answered(told["grid"]) == (code, squares)
            for kin, states, forward in (("descendants", later, True), ("ancestors", earlier, False)):
                assert {answered(one) for one in told[kin]} == met(states, code, squares, forward)
                for one in told[kin]:
                    common, theirs = len(squares & answered(one)[1]), len(answered(one)[1])
                    older, younger = (len(squares), theirs) if forward else (theirs, len(squares))
                    assert one["given"] == pytest.approx(common / older, abs=2e-6)
                    assert one["taken"] == pytest.approx(common / younger, abs=2e-6)
            ids = {one["id"] for one in [told["grid"], *told["ancestors"], *told["descendants"]]}
            assert all({step["parent"], step["child"]} <= ids for step in told["came"] + told["became"])


def test_a_grid_is_found_by_its_place_and_written_to_a_layer(town, tmp_path):
    years = Years(town)
    years.adopt(0, one_cell())
    halves = [frozenset(s for s in one_cell()[0] if (s[0] < 2) == left) for left in (True, False)]
    years.adopt(5, halves)
    place = [X0 + 100.0, Y0 + 100.0]
    told = grid_lineage(years.at(9), GridLineage(place=place))
    assert told["grid"]["code"] == FIRST + "002" and told["ancestors"][0]["code"] == FIRST + "001"
    assert told["ancestors"][0]["given"] == 0.4 and told["came"][0]["kind"] == "adopt_grids"
    assert grid_lineage(years.at(9), GridLineage(place=place, day=day(4)))["grid"]["code"] == FIRST + "001"
    out = tmp_path / "then.gpkg"
    counts = grids_on(years.at(9), GridsOn(day(4), str(out)))["counts"]
    assert counts == {"grids_then": 1, "unchanged": 0, "reshaped": 1, "recoded": 0, "retired": 0}
    rows = next(iter(CityFiles().open_source(str(out)).chunks()))
    assert rows["code"].tolist() == [FIRST + "001"] and rows["geom"][0].area == pytest.approx(1e6)


def test_the_end_of_a_code_will_do_while_it_is_the_only_one(town):
    years = Years(town)
    years.adopt(0, one_cell())
    halves = [frozenset(s for s in one_cell()[0] if (s[0] < 2) == left) for left in (True, False)]
    years.adopt(5, halves)
    assert grid_lineage(years.at(9), GridLineage("1002"))["grid"]["code"] == FIRST + "002"
    with pytest.raises(InputRefused, match=r"lineage\.ambiguous"):
        years.adopt(6, [*halves[:1], *[frozenset([s]) for s in sorted(halves[1])]])
        grid_lineage(years.at(9), GridLineage("3"))


@pytest.mark.parametrize(
    ("request_made", "code"),
    [
        (GridLineage("3206810010019"), "lineage.unknown_code"),
        (GridLineage(), "lineage.unknown_code"),
        (GridLineage(place=[0.0, 0.0]), "lineage.nothing_here"),
        (GridLineage(FIRST + "001", day="31.1."), "lineage.day"),
        (GridLineage(FIRST + "001", day="2020-01-01"), "lineage.not_on"),
        (GridsOn("2020-01-01"), "lineage.none_on"),
    ],
)
def test_what_cannot_be_told_is_refused_in_one_sentence(town, request_made, code):
    years = Years(town)
    years.adopt(0, one_cell())
    with pytest.raises(InputRefused) as caught:
        (grids_on if isinstance(request_made, GridsOn) else grid_lineage)(years.at(3), request_made)
    assert caught.value.code == code
