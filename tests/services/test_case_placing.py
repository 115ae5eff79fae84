# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases without coordinates get a place, once, with how it was found; the rest waits in a queue."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import ImportCases, ImportPlaces, Layer, LinkCases, UndoOperation
from digital_citymgmt_plugin.core.requests_intake import AmendCases, PlaceCases, PlaceQueue, SuggestPlaces
from digital_citymgmt_plugin.services.case_amending import amend_cases
from digital_citymgmt_plugin.services.case_placing import place_cases
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.gazetteer import gazetteer_of
from digital_citymgmt_plugin.services.linking import link_cases
from digital_citymgmt_plugin.services.place_queue import place_queue, suggest_places
from digital_citymgmt_plugin.services.places import import_places
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import CRS, FIRST, LID, SECOND, X0, Y0, City, box, point, squares
from tests.support import Watcher, make_context, new_store

CASES = [
    {"案件编号": "N1", "地址": "人民路101号", "社区": ""},
    {"案件编号": "N2", "地址": "人民路与和平路交叉口以北100米", "社区": ""},
    {"案件编号": "N3", "地址": "市民广场西侧", "社区": "社区001"},
    {"案件编号": "N4", "地址": "工商银行", "社区": ""},
    {"案件编号": "N5", "地址": "说不清的地方", "社区": "社区002"},
    {"案件编号": "N6", "地址": "", "社区": ""},
    {"案件编号": "N7", "地址": "社区002某处", "社区": ""},
    {"案件编号": "N8", "地址": "人民路101号", "社区": "社区002"},
]

WAYS = ("placed", "place_kept", "several", "unsure", "stated", "nowhere")


@pytest.fixture
def city(tmp_path):
    store = new_store(tmp_path / "城.gpkg", crs=CRS)
    made = City(store, tmp_path, Watcher())
    made.communities()
    made.adopt(squares(4, 2, 500))
    lines = [
        shapely.LineString([(X0, Y0 + 250), (X0 + 1000, Y0 + 250)]),
        shapely.LineString([(X0 + 600, Y0), (X0 + 600, Y0 + 900)]),
    ]
    streets = made.layer(
        "streets.gpkg", lines, "LineString", name=["人民路", "和平路"], odd_from=["1", None], odd_to=["199", None],
        even_from=["2", None], even_to=["200", None],
    )  # fmt: skip
    spots = [point(700, 700), point(300, 300), point(1600, 300)]
    points = made.layer("poi.gpkg", spots, "Point", name=["市民广场", "工商银行", "工商银行"])
    for path, kind in ((streets, "street"), (points, "poi")):
        import_places(made.context, ImportPlaces(Layer(path), kind))
    import_cases(made.context, ImportCases(Layer(made.table("案件.csv", CASES)), None))
    yield made
    store.close()


def placed(city):
    columns = (GEOM, "place_method", "place_score", "community_code", "grid_code")
    rows = city.rows("case_record", "case_no", *columns)
    return {row["case_no"]: row for row in rows}


def test_each_case_is_placed_by_what_it_says_with_method_and_score(city):
    result = place_cases(city.context, PlaceCases())
    rows = placed(city)
    assert shapely.distance(rows["N1"][GEOM], point(100 / 198 * 1000, 250)) < 1
    assert rows["N1"]["place_method"] == "number" and rows["N1"]["place_score"] == pytest.approx(0.85)
    assert shapely.distance(rows["N2"][GEOM], point(600, 350)) < 1 and rows["N2"]["place_method"] == "crossing"
    assert shapely.equals(rows["N3"][GEOM], point(700, 700)) and rows["N3"]["place_method"] == "poi"
    assert rows["N1"]["community_code"] == FIRST and rows["N1"]["grid_code"] is not None
    assert rows["N4"][GEOM] is None  # two of that name
    assert (rows["N5"]["place_method"], rows["N5"]["community_code"]) == ("community_name", SECOND)
    assert (rows["N7"]["place_method"], rows["N7"]["community_code"]) == ("community_name", SECOND)
    assert rows["N8"][GEOM] is None and rows["N8"]["community_code"] == SECOND  # the address lies in the other one
    counts = result["counts"]
    assert (counts["read"], counts["placed"], counts["several"], counts["unsure"]) == (8, 3, 1, 1)
    assert counts["stated"] == 2  # N8 is told as unsure
    assert counts["read"] == sum(counts[name] for name in WAYS)
    assert counts["by_number"] == counts["by_crossing"] == counts["by_poi"] == 1
    assert counts["nowhere"] == 1


def test_a_second_run_writes_nothing_and_linking_keeps_the_method(city):
    place_cases(city.context, PlaceCases())
    link_cases(city.context, LinkCases())
    before = city.digest()
    again = place_cases(city.context, PlaceCases())
    assert again["operation"] is None and again["counts"]["placed"] == 0
    assert placed(city)["N1"]["place_method"] == "number"
    link_cases(city.context, LinkCases())
    assert city.digest() == before


def again(city, **more):
    told = place_cases(city.context, PlaceCases(again=True, **more))
    assert told["counts"]["read"] == sum(told["counts"][name] for name in WAYS)
    return told


def events(city):
    found = city.rows("case_event", "case_fid", "source", "reason", where=[("source", "=", "place")])
    return [json.loads(row["reason"]) for row in found]


def test_looked_up_again_without_a_change_nothing_is_written_and_scores_stay(city):
    place_cases(city.context, PlaceCases(least=0.4))  # N8, though it states another community
    before, digest = placed(city), city.digest()
    told = again(city, least=0.4)
    assert told["operation"] is None and city.digest() == digest and placed(city) == before
    assert (told["counts"]["place_kept"], told["counts"]["placed"]) == (4, 0)


def test_a_place_found_otherwise_takes_the_old_one_s_as_a_whole_and_is_told(city):
    place_cases(city.context, PlaceCases())
    before, told_before = placed(city), len(events(city))
    path = city.layer("neu.gpkg", [point(1700, 720)], "Point", name=["市民广场西侧"])
    import_places(city.context, ImportPlaces(Layer(path), "poi"))
    told = again(city, least=0.2)  # it lies elsewhere than the case states; so does N8, which waited
    assert (told["counts"]["placed"], told["counts"]["by_poi"], told["counts"]["place_kept"]) == (2, 1, 2)
    after = placed(city)
    assert shapely.distance(after["N3"][GEOM], point(1700, 720)) < 60 and after["N3"]["community_code"] == SECOND
    assert after["N3"]["grid_code"] != before["N3"]["grid_code"]
    told_now = events(city)
    assert len(told_now) == told_before + 2
    moved = next(one for one in told_now[told_before:] if one["community_code"] == [FIRST, SECOND])
    assert {"geom", "grid_code", "place_score"} <= set(moved) and moved["place_score"][1] < moved["place_score"][0]
    assert [finding.rule for finding in city.store.verify()] == []
    undo_operation(city.context, UndoOperation(told["operation"]))
    assert placed(city) == before


def test_after_links_and_corrections_places_are_what_the_log_says(city):
    place_cases(city.context, PlaceCases())
    link_cases(city.context, LinkCases())
    path = city.layer("neu.gpkg", [point(1700, 720)], "Point", name=["市民广场西侧"])
    import_places(city.context, ImportPlaces(Layer(path), "poi"))
    again(city, least=0.2)
    link_cases(city.context, LinkCases())
    fids = {row["case_no"]: row["fid"] for row in city.rows("case_record", "fid", "case_no")}
    amend_cases(city.context, AmendCases([fids["N1"]], x=X0 + 1200, y=Y0 + 200, role="dispatcher", reason="核实"))
    assert [finding.rule for finding in city.store.verify()] == []


def test_where_nothing_is_found_any_more_the_old_place_stays_as_a_whole(city):
    place_cases(city.context, PlaceCases())
    before = placed(city)
    with city.store.action("test") as action:
        fids = city.store.read("place", ["fid"])["fid"]
        action.delete("place", fids)
    told = again(city)
    assert told["counts"]["place_kept"] == 3 and told["counts"]["placed"] == 0
    assert told["operation"] is None and placed(city) == before
    told = again(city, least=0.99)
    assert told["counts"]["place_kept"] == 3 and placed(city) == before


def test_a_place_chosen_among_several_is_written_once(city):
    rows = [{"案件编号": f"M{n}", "地址": "工商银行", "社区": "", "所在街道": "社区002"} for n in range(2)]
    import_cases(city.context, ImportCases(Layer(city.table("m.csv", rows)), None))
    told = place_cases(city.context, PlaceCases())["counts"]
    assert told["read"] == sum(told[name] for name in WAYS)
    assert told["updated"] == len({row["case_no"] for row in placed(city).values() if row["place_score"] is not None})


def test_placing_is_taken_back_as_a_whole(city):
    before = placed(city)
    result = place_cases(city.context, PlaceCases())
    undo_operation(city.context, UndoOperation(result["operation"]))
    assert placed(city) == before


@pytest.mark.parametrize("at", [1, 4, 6])
def test_a_cancelled_run_leaves_the_store_as_it_was(city, at):
    before = city.digest()
    with pytest.raises(Cancelled):
        place_cases(make_context(city.store, Watcher(cancel_at=at)), PlaceCases())
    assert city.digest() == before


def test_a_lower_bound_lets_unsure_places_in_and_a_silly_one_is_refused(city):
    place_cases(city.context, PlaceCases(least=0.4))
    assert placed(city)["N8"]["place_score"] == pytest.approx(0.425)
    with pytest.raises(InputRefused, match=r"place\.least"):
        place_cases(city.context, PlaceCases(least=1.5))


def test_a_component_code_places_a_case_before_its_address(city):
    path = city.layer("c.gpkg", [point(1700, 700)], "Point", 类别=[LID], id=["a"])
    city.census(path, class_field="类别")
    city.code()
    code = city.rows("component_point", "code")[0]["code"]
    row = {"案件编号": "K1", "部件编码": code, "地址": "人民路101号"}
    import_cases(city.context, ImportCases(Layer(city.table("k.csv", [row])), None))
    assert place_cases(city.context, PlaceCases())["counts"]["by_component"] == 1
    found = placed(city)["K1"]
    assert shapely.equals(found[GEOM], point(1700, 700)) and found["place_method"] == "component"


def test_the_queue_lists_what_waits_and_proposals_name_their_places(city):
    place_cases(city.context, PlaceCases())
    queue = place_queue(city.context, PlaceQueue("nowhere"))
    assert [row["case_no"] for row in queue["rows"]] == ["N4", "N6"]
    assert queue["counts"] == {"nowhere": 2, "coarse": 3, "unsure": 0}
    first = queue["rows"][0]
    found = suggest_places(city.context, SuggestPlaces(case=first["fid"]))["places"]
    assert len(found) == 2 and {place["method"] for place in found} == {"poi"}
    by_text = suggest_places(city.context, SuggestPlaces(text="人民路101号"))
    assert by_text["places"][0]["score"] == pytest.approx(0.85)
    assert by_text["from"] == "" and by_text["places"][0]["distance"] is None  # of no case: from nowhere
    coarse = place_queue(city.context, PlaceQueue("coarse"))["rows"][0]
    near = suggest_places(city.context, SuggestPlaces(case=coarse["fid"], text="人民路101号"))
    assert near["from"] in ("grid", "community") and near["text"] == "人民路101号"
    assert all(place["distance"] >= 0.0 for place in near["places"]) and near["places"]
    page = place_queue(city.context, PlaceQueue("coarse", limit=2))
    assert len(page["rows"]) == 2 and page["last"] == page["rows"][-1]["fid"]
    assert len(place_queue(city.context, PlaceQueue("coarse", page["last"], 2))["rows"]) == 1


def test_placing_one_case_does_not_have_all_places_read_again(city):
    held = gazetteer_of(city.context)
    fid = place_queue(city.context, PlaceQueue("nowhere", counts=False))["rows"][0]["fid"]
    done = amend_cases(city.context, AmendCases([fid], x=X0 + 1500.0, y=Y0 + 500.0))
    assert done["operation"] and gazetteer_of(city.context) is held
    undo_operation(city.context, UndoOperation(done["operation"]))
    assert gazetteer_of(city.context) is held
    with city.store.action("test") as action:
        row = city.store.read("place", ["fid"])["fid"][:1]
        action.update("place", row, {"name": np.array(["新名"], dtype=object)})
    assert gazetteer_of(city.context) is not held
    assert place_queue(city.context, PlaceQueue("nowhere", counts=False))["counts"] == {}


def test_an_empty_gazetteer_is_said(tmp_path):
    store = new_store(tmp_path / "leer.gpkg", crs=CRS)
    try:
        made = City(store, tmp_path, Watcher())
        made.communities(box(0, 0, 1000, 1000))
        import_cases(made.context, ImportCases(Layer(made.table("案件.csv", CASES[:2])), None))
        result = place_cases(made.context, PlaceCases())
        assert [note["code"] for note in result["notes"]] == ["note.no_gazetteer"]
    finally:
        store.close()
