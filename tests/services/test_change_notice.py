# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operation did to the unit grids: before, after, which code went where, the grids beside them."""

from __future__ import annotations

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import SaveBeats
from digital_citymgmt_plugin.core.requests_history import ChangeNotice, GridsOn
from digital_citymgmt_plugin.services.beat_saving import save_beats
from digital_citymgmt_plugin.services.change_notice import change_notice
from digital_citymgmt_plugin.services.grid_history import grids_on
from tests.services.cities import FIRST
from tests.services.test_grid_history import Years, day, one_cell

A, B, C = (FIRST + number for number in ("001", "002", "003"))


def strip(*columns):
    return frozenset(square for square in one_cell()[0] if square[0] in columns)


@pytest.fixture
def years(town):
    """Two grids; on day 5 the eastern one was split; on day 9 both halves were taken together again."""
    made = Years(town)
    made.adopt(0, [strip(0, 1), strip(2, 3, 4)])
    made.adopt(5, [strip(0, 1), strip(2), strip(3, 4)])
    made.adopt(9, [strip(0, 1), strip(2, 3, 4)], "all_new")
    return made


def operations(years):
    return [row["uuid"] for row in years.town.rows("operation", "uuid", where=[("kind", "=", "adopt_grids")])]


def test_a_split_is_told_with_both_maps_and_the_crosswalk(years):
    told = change_notice(years.at(20), ChangeNotice(operations(years)[1]))
    assert told["counts"] == {"before": 1, "after": 2, "retired": 0, "new": 1, "reshaped": 1}
    assert [one["code"] for one in told["before"]] == [B] and {one["code"] for one in told["after"]} == {B, C}
    codes = {one["id"]: one["code"] for one in (*told["before"], *told["after"])}
    steps = {(codes[step["parent"]], codes[step["child"]]): step["share"] for step in told["steps"]}
    assert steps == {(B, B): pytest.approx(2 / 3, abs=1e-5), (B, C): pytest.approx(1 / 3, abs=1e-5)}
    assert [shapely.from_wkb(one).area for one in told["around"]] == [pytest.approx(400_000)]
    assert (told["notice"]["kind"], told["notice"]["day"]) == ("adopt_grids", day(5))


def test_the_last_one_is_the_last_that_stands(years):
    told = change_notice(years.at(20), ChangeNotice())
    assert told["notice"]["uuid"] == operations(years)[2] and told["counts"]["retired"] == 2
    taken = operations(years)[2]
    years.undo(20)
    assert change_notice(years.at(21), ChangeNotice())["notice"]["uuid"] == operations(years)[1]
    with pytest.raises(InputRefused, match=r"notice\.undone"):
        change_notice(years.at(21), ChangeNotice(taken))


def test_what_did_nothing_to_grids_has_no_notice(years, city):
    first = years.town.rows("operation", "uuid", where=[("kind", "=", "import_areas")])[0]["uuid"]
    for asked, code in ((first, "notice.no_grids"), (operations(years)[0], "notice.no_grids"), ("x", "notice.unknown")):
        with pytest.raises(InputRefused) as caught:
            change_notice(years.at(20), ChangeNotice(asked))
        assert caught.value.code == code


def test_beats_of_the_grids_are_told_before_and_after_and_on_their_days(town):
    years = Years(town)
    years.adopt(0, [strip(0, 1), strip(2, 3, 4)])
    save_beats(years.at(1), SaveBeats({A: "西", B: "东"}, {"东": "东责任网格"}))
    years.adopt(5, [strip(0, 1), strip(2), strip(3, 4)])
    split = operations(years)[1]
    save_beats(years.at(6), SaveBeats({B: "西"}))
    years.adopt(9, [strip(0, 1), strip(2, 3, 4)], "all_new")
    told = change_notice(years.at(20), ChangeNotice(split))["beats"]
    assert [(one["code"], one["name"], one["changed"]) for one in told] == [("东", "东责任网格", False)]
    assert (told[0]["before"]["grids"], sorted(told[0]["after"]["grids"])) == ([B], [B, C])
    last = change_notice(years.at(20), ChangeNotice())
    new = [one["code"] for one in last["after"]]
    beats = {one["code"]: one for one in last["beats"]}
    assert {code: one["changed"] for code, one in beats.items()} == {"东": True, "西": True}
    assert [sorted(beats[code]["before"]["grids"]) for code in ("东", "西")] == [[C], [B]]
    assert sorted(beats["东"]["after"]["grids"] + beats["西"]["after"]["grids"]) == new
    areas = [sum(one[side]["area_m2"] for one in beats.values()) for side in ("before", "after")]
    assert areas[0] == pytest.approx(areas[1]) == pytest.approx(600_000)
    of = {n: {one["code"]: one["beat"] for one in grids_on(years.at(20), GridsOn(day(n)))["grids"]} for n in (0, 2, 7)}
    assert of == {0: {A: None, B: None}, 2: {A: "西", B: "东"}, 7: {A: "西", B: "西", C: "东"}}
