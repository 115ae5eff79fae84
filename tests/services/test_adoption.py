# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids are numbered or keep a vendor's codes; a changed set succeeds the old one and no code comes twice."""

from __future__ import annotations

import json

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.errors import Cancelled, CodeError, InputRefused
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.storage.projections import Projected
from tests.services.cities import CRS, FIRST, LID, SECOND, X0, Y0, City, as_array, box, point, squares
from tests.support import Watcher, new_store

LEFT, RIGHT, WHOLE = box(0, 0, 500, 500), box(500, 0, 1000, 500), box(0, 0, 1000, 500)


def by_code(town):
    return {row["code"]: row["geom"] for row in town.grids("code", "geom")}


def codes(town):
    return [row["code"] for row in town.grids("code")]


def status(town):
    rows = town.rows("code_register", "code", "status", where=[("kind", "=", "unit_grid")])
    return {row["code"]: row["status"] for row in rows}


# -- own numbering -----------------------------------------------------------------------------------------------------


def test_numbers_run_west_to_east_north_to_south_and_restart_per_community(town):
    result = town.adopt(squares(4, 2, 500))
    assert (result["counts"]["inserted"], result["counts"]["issues"]) == (8, 0)
    places = {code[9:]: tuple(int(v) for v in geom.centroid.coords[0]) for code, geom in by_code(town).items()}
    assert {code: (x - int(X0), y - int(Y0)) for code, (x, y) in places.items()} == {
        "001001": (250, 750), "001002": (750, 750), "001003": (250, 250), "001004": (750, 250),
        "002001": (1250, 750), "002002": (1750, 750), "002003": (1250, 250), "002004": (1750, 250),
    }  # fmt: skip
    assert set(status(town).values()) == {"issued"}


def test_a_grid_across_a_border_belongs_where_most_of_it_lies_and_is_told(town):
    result = town.adopt([box(800, 0, 1100, 500)])
    assert [code[:12] for code in codes(town)] == [FIRST]
    told = town.rows("check_issue", "rule", "level", "params", where=[("rule", "=", "grid.crossing")])
    assert told[0]["level"] == "warning" and json.loads(told[0]["params"])["area"] == 50_000
    assert result["counts"]["issues"] == town.store.count("check_issue")


def test_outside_all_communities_rows_without_shape_and_lines_are_rejected(town):
    line = shapely.LineString([(X0, Y0), (X0 + 5, Y0)])
    path = town.layer("g.gpkg", [LEFT, None, line, box(3000, 0, 3100, 100)], "Unknown", n=[1, 2, 3, 4])
    from digital_citymgmt_plugin.core.requests import AdoptGrids, Layer
    from digital_citymgmt_plugin.services.adoption import adopt_grids

    result = adopt_grids(town.context, AdoptGrids(Layer(path)))
    assert result["reasons"] == {"reject.no_geometry": 1, "reject.not_polygon": 1, "reject.outside_communities": 1}
    assert result["counts"]["inserted"] == 1


def test_a_layer_in_degrees_is_reprojected_and_known_again(town):
    degrees = Projected().transform(as_array([LEFT]), CRS, "EPSG:4490")[0]
    result = town.adopt([degrees], crs="EPSG:4490")
    assert [note["code"] for note in result["notes"]] == ["note.reprojected"]
    assert town.adopt([degrees], crs="EPSG:4490")["counts"]["unchanged"] == 1


def test_without_communities_and_without_codes_it_is_refused(city):
    with pytest.raises(InputRefused, match=r"adopt\.no_communities"):
        city.adopt([LEFT])


def test_1000_grids_in_a_community_are_an_error_before_anything_is_written(town):
    before = town.digest()
    with pytest.raises(CodeError, match=r"codes\.exhausted") as caught:
        town.adopt(squares(40, 25, 20))
    assert caught.value.values["capacity"] == 999 and town.digest() == before
    assert town.adopt(squares(37, 27, 20))["counts"]["inserted"] == 999


def test_nothing_left_is_refused_and_retires_nothing(town):
    town.adopt([LEFT, RIGHT])
    before = town.digest()
    with pytest.raises(InputRefused, match=r"adopt\.nothing_left"):
        town.adopt([LEFT, RIGHT], code=["x", "y"], code_field="code")
    assert town.digest() == before


def test_cancelling_leaves_the_store_as_it_was(town):
    town.adopt([WHOLE])
    town.census(town.layer("c.gpkg", [point(700, 10)], "Point", cls=[LID]), class_field="cls")
    town.code()
    before = town.digest()
    for moment in range(1, 20):
        town.watcher = Watcher(cancel_at=moment)
        try:
            town.adopt([LEFT, RIGHT])
            break
        except Cancelled:
            assert town.digest() == before
    assert len(codes(town)) == 2


# -- a vendor's codes --------------------------------------------------------------------------------------------------

ONE, TWO, THREE = FIRST + "007", FIRST + "012", SECOND + "001"


def vendor(town, shapes, given, **more):
    return town.adopt(shapes, code=list(given), code_field="code", **more)


def test_a_vendors_codes_are_kept_registered_and_not_given_again(town):
    vendor(town, [LEFT, RIGHT], [ONE, TWO])
    assert codes(town) == [ONE, TWO]
    assert [row["community_code"] for row in town.grids("community_code")] == [FIRST, FIRST]
    town.adopt([LEFT, RIGHT, box(0, 500, 500, 1000)], file="all.gpkg")
    assert codes(town) == [ONE, TWO, FIRST + "013"]


def test_a_vendors_faults_are_listed_and_not_mended(town):
    vendor(town, [LEFT, box(400, 0, 1000, 500), box(1200, 0, 1300, 100)], [ONE, TWO, FIRST + "020"])
    told = {row["rule"]: row["level"] for row in town.rows("check_issue", "rule", "level")}
    assert told["grid.overlap"] == "error" and told["grid.wrong_community"] == "error" and told["grid.gap"] == "warning"
    assert by_code(town)[TWO].equals(box(400, 0, 1000, 500))


def test_a_code_of_an_unknown_community_is_kept_and_told(town):
    vendor(town, [LEFT], ["320681009001001"])
    told = town.rows("check_issue", "rule", "params", where=[("rule", "=", "grid.community_unknown")])
    assert json.loads(told[0]["params"]) == {"community": "320681009001"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, "codes.missing"), ("320602001001001", "codes.other_county"), (FIRST + "000", "codes.zero_sequence"),
        (FIRST + "0A1", "codes.not_digits"), (FIRST + "01", "codes.other_edition"), (ONE, "reject.duplicate_code"),
    ],
)  # fmt: skip
def test_bad_and_double_codes_are_rejected(town, code, reason):
    result = vendor(town, [LEFT, RIGHT], [ONE, code])
    assert result["reasons"] == {reason: 1} and codes(town) == [ONE]


def test_the_worst_faults_come_first(town):
    vendor(town, [LEFT, box(499, 0, 1000, 500), box(300, 500, 900, 1000), box(200, 500, 700, 1000)],
           [ONE, TWO, FIRST + "001", FIRST + "002"])  # fmt: skip
    rows = town.rows("check_issue", "level", "rule", "params", order=("fid",))
    rank = {"error": 0, "warning": 1, "info": 2}
    keys = [(rank[row["level"]], row["rule"], -json.loads(row["params"]).get("area", 0)) for row in rows]
    assert keys == sorted(keys) and {row["level"] for row in rows} == {"error", "warning", "info"}


def test_a_second_adoption_of_the_same_changes_nothing(town):
    for more in ({}, {"code": [ONE, TWO], "code_field": "code", "file": "v.gpkg"}):
        shapes = [LEFT, RIGHT] if not more else [box(0, 500, 500, 1000), box(500, 500, 1000, 1000)]
        town.adopt(shapes, **more)
        before = town.digest()
        result = town.adopt(shapes, **more)
        assert result["counts"]["unchanged"] == 2 and result["operation"] is None and town.digest() == before


def test_a_vendors_grid_keeps_code_and_uuid_in_a_new_shape(town):
    vendor(town, [LEFT, RIGHT], [ONE, TWO])
    before = {row["code"]: row["uuid"] for row in town.grids("code", "uuid")}
    result = vendor(town, [box(0, 0, 600, 500), box(600, 0, 1000, 500)], [ONE, TWO])
    assert (result["counts"]["kept"], result["counts"]["retired"]) == (2, 0)
    assert {row["code"]: row["uuid"] for row in town.grids("code", "uuid")} == before


def test_a_vendors_retired_code_does_not_come_back(town):
    vendor(town, [LEFT, RIGHT], [ONE, TWO])
    vendor(town, [WHOLE], [ONE])
    assert status(town) == {ONE: "issued", TWO: "retired"}
    result = vendor(town, [LEFT, RIGHT], [ONE, TWO])
    assert result["reasons"] == {"reject.code_retired": 1}


def test_old_codes_in_new_shapes_are_refused_when_all_shall_be_new(town):
    vendor(town, [LEFT, RIGHT], [ONE, TWO])
    before = town.digest()
    with pytest.raises(InputRefused, match=r"adopt\.codes_used"):
        vendor(town, [box(0, 0, 600, 500), box(600, 0, 1000, 500)], [ONE, TWO], policy="all_new")
    assert town.digest() == before


# -- a changed set -----------------------------------------------------------------------------------------------------


def test_of_a_split_grid_the_largest_part_keeps_the_code(town):
    town.adopt([WHOLE])
    uuid = town.grids("uuid")[0]["uuid"]
    town.adopt([box(0, 0, 300, 500), box(300, 0, 1000, 500)])
    grids = {row["code"][-3:]: row for row in town.grids("code", "uuid", "geom")}
    assert set(grids) == {"001", "002"} and grids["001"]["uuid"] == uuid
    assert grids["001"]["geom"].equals(box(300, 0, 1000, 500))
    shares = {
        row["child_uuid"]: row["share"] for row in town.rows("grid_lineage", "parent_uuid", "child_uuid", "share")
    }
    assert shares == {uuid: 0.7, grids["002"]["uuid"]: 0.3}


def test_a_waived_fault_stays_waived_and_one_that_is_gone_is_settled(town):
    over = [box(0, 0, 600, 500), RIGHT]
    town.adopt([*over, box(0, 500, 300, 1000)])
    overlap = [("rule", "=", "grid.overlap")]
    fids = town.store.read("check_issue", ["fid"], overlap)["fid"]
    with town.store.action("waive") as action:
        action.update("check_issue", fids, {"state": objects(["waived"] * len(fids))})
    town.adopt([*over, box(0, 500, 400, 1000)])
    assert [row["state"] for row in town.rows("check_issue", "state", where=overlap)] == ["waived"]
    shapes = [row["shape"] for row in town.rows("check_issue", "shape")]
    assert shapes and all(not shapely.from_wkb(shape).is_empty for shape in shapes)  # to be seen, not only pointed at
    gaps = town.rows("check_issue", "state", "params", where=[("rule", "=", "grid.gap")])
    assert {row["state"] for row in gaps} == {"open", "settled"}
    town.adopt([LEFT, RIGHT, box(0, 500, 400, 1000)])
    assert [row["state"] for row in town.rows("check_issue", "state", where=overlap)] == ["settled"]


def test_faults_of_grids_that_a_file_does_not_speak_of_stay_open(town):
    town.adopt([box(0, 0, 600, 500), RIGHT, box(1000, 0, 1600, 500), box(1500, 0, 2000, 500)])
    town.adopt([LEFT, RIGHT], file="first.gpkg")
    states = [row["state"] for row in town.rows("check_issue", "state", where=[("rule", "=", "grid.overlap")])]
    assert sorted(states) == ["open", "settled"]


def test_the_boundary_that_a_grid_had_is_kept_with_its_descent(town):
    town.adopt([WHOLE])
    uuid = town.grids("uuid")[0]["uuid"]
    town.adopt([box(0, 0, 300, 500), box(300, 0, 1000, 500)])
    kept = town.rows("grid_lineage", "parent_uuid", "old_geom", where=[("child_uuid", "=", uuid)])
    assert [row["parent_uuid"] for row in kept] == [uuid]
    assert shapely.from_wkb(kept[0]["old_geom"]).equals(WHOLE)


def test_a_code_that_goes_on_elsewhere_keeps_its_old_boundary_too(town):
    vendor(town, [LEFT], [ONE])
    vendor(town, [RIGHT], [ONE])
    (kept,) = town.rows("grid_lineage", "share", "old_geom")
    assert kept["share"] == 0 and shapely.from_wkb(kept["old_geom"]).equals(LEFT)


def test_cases_that_new_grids_move_keep_their_old_place_in_their_log(town):
    town.adopt([WHOLE])
    old = {"grid_code": FIRST + "001", "community_code": FIRST, "street_code": None, "place_method": "grid"}
    row = {**old, "case_no": "A", "stage": "dispatch", "geom": point(100, 100)}
    with town.store.action("set up") as action:
        action.insert("case_record", {name: objects([value]) for name, value in row.items()})
    town.adopt([box(0, 0, 300, 500), box(300, 0, 1000, 500)])
    (case,) = town.rows("case_record", "grid_code", "community_code", "street_code", "place_method")
    assert case == {**old, "grid_code": FIRST + "002", "street_code": FIRST[:9]}
    (event,) = town.rows("case_event", "action", "source", "from_stage", "to_stage", "reason")
    assert json.loads(event.pop("reason")) == {
        "grid_code": [FIRST + "001", FIRST + "002"], "street_code": [None, FIRST[:9]],
    }  # fmt: skip
    assert event == {"action": "amend", "source": "rehome", "from_stage": "dispatch", "to_stage": "dispatch"}
    town.adopt([box(300, 0, 1000, 500)], policy="all_new")
    (case,) = town.rows("case_record", "grid_code", "community_code", "place_method")
    assert case == {"grid_code": None, "community_code": FIRST, "place_method": "area"}


def test_all_parts_may_get_new_codes(town):
    town.adopt([WHOLE])
    result = town.adopt([box(0, 0, 300, 500), box(300, 0, 1000, 500)], policy="all_new")
    assert (result["counts"]["inserted"], result["counts"]["retired"]) == (2, 1)
    assert [code[-3:] for code in codes(town)] == ["002", "003"] and status(town)[FIRST + "001"] == "retired"
    retired = town.rows("unit_grid", "code", "valid_to", "retire_reason", where=[("status", "=", "retired")])
    assert retired == [{"code": FIRST + "001", "valid_to": "2026-01-15", "retire_reason": "adopt_grids"}]


def test_other_communities_and_what_the_file_says_nothing_about_stay(town):
    town.adopt(squares(4, 2, 500))
    result = town.adopt([box(0, 0, 1000, 500), *squares(2, 1, 500, south=500)], file="first.gpkg")
    assert result["counts"]["retired"] == 1
    assert [code[-3:] for code in codes(town) if code.startswith(SECOND)] == ["001", "002", "003", "004"]


def test_a_rejected_row_retires_no_grid(town):
    town.adopt([LEFT, RIGHT])
    result = town.adopt([LEFT, None])
    assert result["counts"]["rejected"] == 1 and result["counts"]["retired"] == 0 and len(codes(town)) == 2
    told = [note["values"] for note in result["notes"] if note["code"] == "adopt.stay"]
    assert [one["count"] for one in told] == [1] and told[0]["codes"] in codes(town)


def test_a_grid_that_is_taken_away_retires(town):
    town.adopt([LEFT, RIGHT])
    assert town.adopt([LEFT])["counts"]["retired"] == 1
    assert codes(town) == [FIRST + "001"]


def test_components_and_cases_go_to_their_new_grids(town):
    town.adopt([WHOLE])
    town.census(town.layer("c.gpkg", [point(10, 10), point(700, 10)], "Point", cls=[LID] * 2), class_field="cls")
    town.code()
    old = codes(town)[0]
    with town.store.action("case") as action:
        action.insert(
            "case_record",
            {"case_no": objects("123"), "kind": objects(["event"] * 3), "grid_code": objects([old, old, None]),
             "geom": objects([point(20, 20), None, point(20, 20)])},
        )  # fmt: skip
    before = [row["code"] for row in town.rows("component_point", "code")]
    result = town.adopt([LEFT, box(500, 0, 1000, 500)], policy="all_new")
    left, right = codes(town)
    assert (result["counts"]["components_moved"], result["counts"]["cases_moved"]) == (2, 1)
    components = town.rows("component_point", "code", "grid_code")
    assert [row["grid_code"] for row in components] == [left, right] and [row["code"] for row in components] == before
    assert [row["grid_code"] for row in town.rows("case_record", "grid_code")] == [left, old, None]
    changes = town.rows("component_change", "field", "old", "new", where=[("field", "=", "grid_code")])
    assert [(row["old"], row["new"]) for row in changes] == [(old, left), (old, right)]


def test_a_component_that_no_grid_holds_any_more_has_none(town):
    town.adopt([LEFT, RIGHT])
    town.census(town.layer("c.gpkg", [point(700, 10)], "Point", cls=[LID]), class_field="cls")
    town.code()
    town.adopt([LEFT])
    assert [row["grid_code"] for row in town.rows("component_point", "grid_code")] == [None]


_CUTS = st.sets(st.integers(1, 19), max_size=5)


@settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(_CUTS, st.sampled_from(["largest_keeps", "all_new"])), min_size=2, max_size=5))
def test_after_any_rounds_no_code_refers_to_two_grids(tmp_path_factory, rounds):
    folder = tmp_path_factory.mktemp("rounds")
    store = new_store(folder / "c.gpkg")
    town = City(store, folder, Watcher())
    try:
        town.communities()
        owner: dict[str, str] = {}
        highest = {FIRST: 0, SECOND: 0}
        shape_of: dict[str, set] = {}
        for cuts, policy in rounds:
            edges = sorted({0, 10, 20} | cuts)  # the border of the communities stays
            strips = [box(100 * a, 0, 100 * b, 1000) for a, b in zip(edges, edges[1:])]
            before = set(codes(town))
            town.adopt(strips, policy=policy)
            now = town.grids("code", "uuid", "geom", "community_code")
            assert len({row["code"] for row in now}) == len(now) == len(strips)
            assert shapely.union_all([row["geom"] for row in now]).area == pytest.approx(2_000_000)
            for row in now:
                assert owner.setdefault(row["code"], row["uuid"]) == row["uuid"]
                assert row["code"].startswith(row["community_code"])
                shape_of.setdefault(row["uuid"], set()).add(row["geom"].wkb)
            for community, high in highest.items():
                fresh = sorted(int(row["code"][-3:]) for row in now
                               if row["code"].startswith(community) and row["code"] not in before)  # fmt: skip
                assert fresh == list(range(high + 1, high + 1 + len(fresh)))
                highest[community] = high + len(fresh)
        register = status(town)
        assert {code for code, state in register.items() if state == "issued"} == set(codes(town))
        assert set(register) == set(owner)
        lineage = town.rows("grid_lineage", "operation_uuid", "parent_uuid", "child_uuid", "share")
        totals: dict[tuple, float] = {}
        for row in lineage:
            key = (row["operation_uuid"], row["parent_uuid"])
            totals[key] = totals.get(key, 0.0) + row["share"]
        assert all(1 - 1e-4 < total <= 1 + 1e-9 for total in totals.values())
        assert store.verify() == []
    finally:
        store.close()
