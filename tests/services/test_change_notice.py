# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operation did to the unit grids: before, after, which code went where, the grids beside them."""

from __future__ import annotations

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests_history import ChangeNotice
from digital_citymgmt_plugin.services.change_notice import change_notice
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
