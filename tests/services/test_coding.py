# SPDX-License-Identifier: GPL-2.0-or-later
"""Components get grid, community and code in one pass: in order, restarting per class, never twice."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.errors import Cancelled, CodeError, InputRefused
from digital_citymgmt_plugin.services.intake import objects
from tests.services.cities import FIRST, LID, RAIN, SECOND, X0, Y0, City, box, point, squares
from tests.support import Watcher, make_context, new_store

TABLES = ("component_point", "component_line", "component_area")
COLUMNS = ("fid", "code", "grid_code", "community_code", "class_code", "geom")


def components(town, *shapes, classes=None, file="c.gpkg"):
    return town.census(
        town.layer(file, list(shapes), "Unknown", cls=classes or [LID] * len(shapes), n=list(range(len(shapes)))),
        json.dumps({"fields": {"class_code": "cls", "source_id": "n"}}),
    )


def stored(town):
    return [row for table in TABLES for row in town.rows(table, *COLUMNS)]


def test_each_component_lies_in_its_grid_and_community(town):
    town.adopt(squares(4, 1, 500))
    components(town, point(1400, 10), point(10, 10), point(600, 10))
    counts = town.code()["counts"]
    assert (counts["read"], counts["coded"], counts["placed"], counts["outside"]) == (3, 3, 3, 0)
    west, middle, east, _ = (row["code"] for row in town.grids("code"))
    found = [
        (row["grid_code"], row["community_code"]) for row in town.rows("component_point", "grid_code", "community_code")
    ]
    assert found == [(east, SECOND), (west, FIRST), (middle, FIRST)]


def test_on_a_shared_edge_the_grid_with_the_lower_code_takes_it(town):
    town.adopt(squares(4, 1, 500))
    first, second, third, _ = (row["code"] for row in town.grids("code"))
    components(town, point(500, 100), point(1000, 100), point(500, 0))
    town.code()
    assert [row["grid_code"] for row in town.rows("component_point", "grid_code")] == [first, second, first]
    assert third[:12] == SECOND


def test_numbers_restart_per_class_and_follow_the_place(town):
    town.adopt(squares(2, 1, 500))
    places = [(700, 10), (10, 10), (20, 400), (10, 400), (720, 10)]
    components(town, *[point(*place) for place in places], classes=[LID, LID, LID, LID, RAIN])
    town.code()
    codes = [row["code"] for row in town.rows("component_point", "code")]
    # grid by grid, north to south, west to east; the rain cover counts for itself
    assert codes == [f"3206810101{n:06d}" for n in (4, 3, 2, 1)] + ["3206810103000001"]


def test_the_order_of_import_may_be_asked_for(town):
    town.adopt(squares(2, 1, 500))
    components(town, point(700, 10), point(10, 10), shapely.LineString([(X0, Y0), (X0 + 5, Y0)]))
    town.code("import")
    assert [row["code"][-1] for row in stored(town)] == ["1", "2", "3"]


def test_lines_and_areas_stand_at_their_point(town):
    town.adopt(squares(2, 1, 500))
    west, east = (row["code"] for row in town.grids("code"))
    line = shapely.LineString([(X0 + 400, Y0 + 10), (X0 + 900, Y0 + 10)])  # its middle is at 650
    components(town, line, box(300, 0, 450, 10))
    town.code()
    assert [row["grid_code"] for row in stored(town)] == [east, west]


def test_outside_every_grid_there_is_a_code_but_no_grid(town):
    town.adopt(squares(1, 1, 500))
    components(town, point(10, 10), point(1500, 10))
    counts = town.code()["counts"]
    assert (counts["coded"], counts["placed"], counts["outside"]) == (2, 1, 1)
    assert [row["grid_code"] is None for row in stored(town)] == [False, True]
    assert town.code()["operation"] is None


def test_a_second_run_writes_nothing(town):
    town.adopt(squares(2, 1, 500))
    components(town, point(10, 10), point(700, 10))
    town.code()
    before = town.digest()
    result = town.code()
    assert result["counts"]["coded"] == 0 and result["operation"] is None and town.digest() == before


def test_later_components_go_on_after_the_highest_number(town):
    town.adopt(squares(2, 1, 500))
    components(town, point(10, 10), point(700, 10))
    town.code()
    components(town, point(5, 5), file="more.gpkg")
    town.code()
    assert [row["code"][-6:] for row in stored(town)] == ["000001", "000002", "000003"]


def test_a_component_with_a_code_but_no_grid_only_gets_its_grid(town):
    town.adopt(squares(2, 1, 500))
    path = town.layer("old.gpkg", [point(10, 10)], "Point", cls=[LID], bm=["3206810101000044"])
    town.census(path, json.dumps({"fields": {"class_code": "cls", "code": "bm"}}))
    counts = town.code()["counts"]
    assert (counts["coded"], counts["placed"]) == (0, 1)
    assert (
        stored(town)[0]["code"] == "3206810101000044" and stored(town)[0]["grid_code"] == town.grids("code")[0]["code"]
    )


def test_without_grids_codes_are_given_all_the_same_and_that_is_said(town):
    components(town, point(10, 10), point(20, 20), classes=[LID, LID])
    result = town.code()
    assert (result["counts"]["coded"], result["counts"]["outside"], result["counts"]["placed"]) == (2, 2, 0)
    assert [note["code"] for note in result["notes"]] == ["codes.no_grids"]
    town.adopt(squares(1, 1, 500))
    assert town.code()["counts"]["placed"] == 2


def test_with_an_unknown_order_it_is_refused(town):
    with pytest.raises(InputRefused, match=r"input\.order"):
        town.code("alphabet")


def test_a_full_series_is_an_error_before_anything_is_written(town):
    town.adopt(squares(1, 1, 500))
    path = town.layer("last.gpkg", [point(10, 10)], "Point", cls=[LID], bm=["3206810101999999"])
    town.census(path, json.dumps({"fields": {"class_code": "cls", "code": "bm"}}))
    components(town, point(20, 20), point(30, 30), classes=[RAIN, LID])
    before = town.digest()
    with pytest.raises(CodeError, match=r"codes\.exhausted"):
        town.code()
    assert town.digest() == before


def test_numbers_lent_to_a_crew_are_not_given(town):
    town.adopt(squares(1, 1, 500))
    with town.store.action("lend") as action:
        action.insert(
            "code_block",
            {"scope": objects(["3206810101"]), "crew": objects(["甲"]), "from_no": objects([1]), "to_no": objects([50]),
             "state": objects(["lent"])},
        )  # fmt: skip
    components(town, point(10, 10))
    town.code()
    assert stored(town)[0]["code"] == "3206810101000051"


def test_cancelling_leaves_the_store_as_it_was(town):
    town.adopt(squares(2, 1, 500))
    components(town, point(10, 10), point(700, 10))
    before = town.digest()
    for moment in range(1, 30):
        town.watcher = Watcher(cancel_at=moment)
        try:
            town.code()
            break
        except Cancelled:
            assert town.digest() == before
    assert all(row["code"] for row in stored(town))


_PLACES = st.lists(
    st.tuples(st.integers(-2, 22), st.integers(-2, 12), st.sampled_from([LID, RAIN])), min_size=1, max_size=25
)


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(_PLACES, _PLACES)
def test_codes_equal_brute_force(tmp_path_factory, first, second):
    folder = tmp_path_factory.mktemp("brute")
    store = new_store(folder / "c.gpkg")
    town = City(store, folder, Watcher())
    try:
        town.communities()
        town.adopt(squares(4, 2, 500))
        grids = [(row["code"], row["geom"]) for row in town.grids("code", "geom")]
        numbers: Counter = Counter()
        expected: dict[int, tuple] = {}
        for batch, places in enumerate((first, second)):
            shapes = [point(100 * x, 100 * y) for x, y, _ in places]
            components(town, *shapes, classes=[c for _, _, c in places], file=f"{batch}.gpkg")
            fids = range(len(expected) + 1, len(expected) + len(places) + 1)
            known = []
            for fid, shape, (_, _, cls) in zip(fids, shapes, places):
                grid = next((code for code, cell in grids if cell.intersects(shape)), None)
                known.append((grid is None, grid or "", -shape.y, shape.x, fid, cls))
            for _, grid, _, _, fid, cls in sorted(known):
                numbers[cls] += 1
                expected[fid] = (f"320681{cls}{numbers[cls]:06d}", grid or None)
            town.code()
        assert {
            row["fid"]: (row["code"], row["grid_code"]) for row in town.rows("component_point", *COLUMNS)
        } == expected
        register = town.rows("code_register", "code", "object_uuid", where=[("kind", "=", "component")])
        owners = {row["code"]: row["uuid"] for row in town.rows("component_point", "code", "uuid")}
        assert {row["code"]: row["object_uuid"] for row in register} == owners
        assert make_context(store).need_store().verify() == []
    finally:
        store.close()
