# SPDX-License-Identifier: GPL-2.0-or-later
"""Edges of communities moved: the import tells what they cross, one edit of a redraw mends it, all is taken back."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_redraw import SaveScenario
from digital_citymgmt_plugin.services.redraw import communities
from digital_citymgmt_plugin.services.redraw.scenarios import save_scenario
from digital_citymgmt_plugin.services.redraw.session import find
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.redraw_ground import Pen, digest
from tests.redraw_oracle import CURRENT, Oracle
from tests.services.cities import FIRST, SECOND, X0, Y0, box, squares
from tests.services.test_redraw import Bench, at
from tests.services.test_redraw_apply import apply, check, state
from tests.services.test_redraw_random import build

TOLERANCE = 2.0


def moved(city, x):
    """Import the two communities with their edge at x metres."""
    return city.communities(box(0, 0, x, 1000), box(x, 0, 2000, 1000))


def note_of(result, code):
    return next((note["values"] for note in result["notes"] if note["code"] == code), None)


def test_an_import_tells_which_grids_are_crossed_and_which_have_changed_sides(census):
    assert note_of(moved(census, 1000.5), "areas.crossed_grids") is None
    assert note_of(moved(census, 1200), "areas.crossed_grids") == {"count": 2, "moved": 0}
    assert note_of(moved(census, 1500), "areas.crossed_grids") == {"count": 0, "moved": 2}


def test_the_crossed_grids_are_shown_parted_and_written(census):
    bench = Bench(census, target_area=250_000.0)
    before, start = census.digest(), digest(find(census.store, bench.id).coverage)
    assert bench.probe("mend")["error"]["code"] == "redraw.nothing_to_mend"
    moved(census, 1200)
    at_import = census.digest()
    assert at_import != before
    told = bench.probe("mend")
    assert told["error"] is None
    assert told["counts"] == {"parted": 2, "moved": 0, "cells_new": 4, "slivers": 0, "not_mended": 0, "joined": 0}
    gone = [cell for cell in told["cells"] if cell["state"] == "gone"]
    new = [cell for cell in told["cells"] if cell["state"] == "new"]
    assert {cell["community"] for cell in gone} == {SECOND}
    assert sorted((cell["community"], cell["after"]["area_m2"]) for cell in new) == [
        (FIRST, 100_000), (FIRST, 100_000), (SECOND, 150_000), (SECOND, 150_000),
    ]  # fmt: skip
    assert sum(cell["before"]["components"] for cell in gone) == sum(cell["after"]["components"] for cell in new)
    done = bench.edit("mend")
    assert done["counts"]["parted"] == 2
    assert done["entry"]["tool"] == "mend"
    assert len(done["entry"]["made"]) == 4
    bench.step()
    assert digest(find(census.store, bench.id).coverage) == start
    bench.step(back=False)
    assert bench.probe("mend")["error"]["code"] == "redraw.nothing_to_mend"
    assert census.digest() == at_import
    was = state(census.store)
    result = apply(bench)
    assert result["counts"]["cells_new"] == 2  # the larger parts keep their codes
    check(census.store, 2_000_000.0)
    grids = census.grids("code", "community_code")
    assert [row["community_code"] for row in grids].count(FIRST) == 6
    for row in census.rows("component_point", "community_code", GEOM):
        assert row["community_code"] == (FIRST if row[GEOM].x < box(1200, 0, 1201, 1).bounds[0] else SECOND)
    undo_operation(census.context, UndoOperation(result["operation"]))
    assert state(census.store) == was


def test_a_grid_that_changes_sides_as_a_whole_gets_a_code_there(census):
    moved(census, 1500)
    bench = Bench(census, target_area=250_000.0)
    old = {row["code"] for row in census.grids("code")}
    told = bench.edit("mend")
    assert (told["counts"]["parted"], told["counts"]["moved"], told["counts"]["cells_new"]) == (0, 2, 2)
    result = apply(bench)
    assert (result["counts"]["cells_new"], result["counts"]["retired"]) == (2, 2)
    check(census.store, 2_000_000.0)
    now = {row["code"] for row in census.grids("code")}
    assert sorted(code[:12] for code in old - now) == [SECOND] * 2
    assert sorted(code[:12] for code in now - old) == [FIRST] * 2


def test_a_community_that_was_merged_ends_and_its_grids_follow(census):
    whole = box(0, 0, 2000, 1000)
    told = census.communities(whole, codes=(FIRST,), complete=True)
    assert (told["counts"]["updated"], told["counts"]["ended"]) == (1, 1)
    assert note_of(told, "areas.crossed_grids") == {"count": 0, "moved": 4}
    assert census.store.count("admin_area", [("code", "=", SECOND), ("valid_to", "is null", None)]) == 0
    bench = Bench(census, target_area=250_000.0)
    assert bench.edit("mend")["counts"]["moved"] == 4
    apply(bench)
    check(census.store, 2_000_000.0)
    assert {row["community_code"] for row in census.grids("community_code")} == {FIRST}
    assert {row["community_code"] for row in census.rows("component_point", "community_code")} == {FIRST}


def test_no_community_ends_where_rows_were_rejected_or_it_was_not_said(census):
    assert "ended" not in census.communities(box(0, 0, 1000, 1000), codes=(FIRST,))["counts"]
    told = census.communities(box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000), codes=(FIRST, "99"), complete=True)
    assert told["counts"]["ended"] == 0
    assert note_of(told, "areas.stay") == {"count": 1}
    assert census.store.count("admin_area", [("code", "=", SECOND), ("valid_to", "is null", None)]) == 1


def test_the_mending_is_done_again_after_a_restart_and_from_a_scenario(census):
    moved(census, 1200)
    bench = Bench(census, target_area=250_000.0)
    first = bench.edit("mend")
    second = bench.edit("split", at((1100, -10), (1100, 510)))
    cov = digest(find(census.store, bench.id).coverage)
    kept = save_scenario(census.context, SaveScenario(bench.id, "new edges"))
    for given in ({"edits": json.dumps([first["entry"], second["entry"]])}, {"scenario": kept["scenario"]}):
        again = Bench(census, target_area=250_000.0, **given)
        assert (again.opened["counts"]["edits"], again.opened["conflicts"]) == (2, [])
        assert digest(find(census.store, again.id).coverage) == cov
    moved(census, 1000)
    back = Bench(census, target_area=250_000.0, scenario=kept["scenario"])
    assert back.opened["conflicts"][0]["code"] == "redraw.nothing_to_mend"


def test_what_cannot_be_used_is_refused_in_a_sentence(census):
    bench = Bench(census, target_area=250_000.0)
    for options in ({"tolerance": -1.0}, {"tolerance": True}, {"tolerance": "2"}, {"least": -1.0}, {"leest": 1.0}):
        with pytest.raises(InputRefused) as error:
            bench.edit("mend", **options)
        assert error.value.code == "redraw.option"


def test_what_was_looked_at_is_done_without_drafting_it_again_but_never_on_other_ground(census, monkeypatch):
    drafts, real = [], communities.mend_crossings
    monkeypatch.setattr(communities, "mend_crossings", lambda *given: drafts.append(given) or real(*given))
    moved(census, 1200)
    bench = Bench(census, target_area=250_000.0)
    seen = bench.probe("mend")
    done = bench.edit("mend")
    assert (len(drafts), done["shapes"]) == (1, seen["shapes"])
    bench.step()
    bench.probe("mend")
    assert len(drafts) == 1
    moved(census, 1300)
    assert bench.probe("mend")["shapes"] != seen["shapes"]
    bench.edit("split", at((1100, -10), (1100, 510)))
    assert bench.probe("mend")["counts"]["parted"] == 2
    bench.probe("mend", tolerance=1.0)
    assert len(drafts) == 4
    apply(bench)
    bench.steps = 0
    assert bench.edit("mend")["counts"]["parted"] == 2
    assert len(drafts) == 5


def test_what_is_said_of_many_grids_is_said_in_one_sentence(city):
    city.communities(box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000))
    city.adopt(squares(20, 10, 100.0))
    city.communities(box(0, 0, 1001, 1000), box(1001, 0, 2000, 1000))
    bench = Bench(city, target_area=10_000.0)
    assert bench.probe("mend")["error"]["code"] == "redraw.nothing_to_mend"
    edge = [(0, 0), (1001, 0), (1001, 900), (1300, 900), (1300, 1000), (0, 1000)]
    west = shapely.Polygon([(X0 + x, Y0 + y) for x, y in edge])
    city.communities(west, shapely.difference(box(0, 0, 2000, 1000), west))
    told = bench.probe("mend")
    assert [note["code"] for note in told["notes"]] == ["redraw.slivers_snapped"]
    assert told["notes"][0]["values"]["count"] == told["counts"]["slivers"] == 9
    assert told["counts"]["moved"] == 3


def test_areas_that_ended_are_in_force_again_when_the_import_is_taken_back(census):
    told = census.communities(box(0, 0, 2000, 1000), codes=(FIRST,), complete=True)
    undo_operation(census.context, UndoOperation(told["operation"]))
    there = census.rows("admin_area", "code", GEOM, where=[("level", "=", "community"), ("valid_to", "is null", None)])
    assert {row["code"]: row[GEOM].area for row in there} == {FIRST: 1_000_000.0, SECOND: 1_000_000.0}


def edges_by_lot(lot, shapes, old):
    """Nine areas by four lines drawn by lot across a board, in part from corner to corner; codes by most land."""
    west, south, east, north = shapely.total_bounds(shapes)
    corners = np.unique(shapely.get_coordinates(shapes), axis=0)

    def line(part, turned):
        low, high, left, right = (west, east, south, north) if turned else (south, north, west, east)
        middle = left + part * (right - left) + lot.uniform(-40, 40)
        out = []
        for step in range(8):
            along = low - 20 + step * (high - low + 40) / 7
            across = middle + (lot.uniform(-40, 40) if 0 < step < 7 else 0.0)
            place = np.array([along, across] if turned else [across, along])
            if 0 < step < 7 and lot.random() < 0.4:
                place = corners[np.abs(corners - place).sum(axis=1).argmin()]
            out.append(place)
        return shapely.LineString(out)

    frame = shapely.box(west - 20, south - 20, east + 20, north + 20).exterior
    while True:
        lines = [line(part, turned) for part in (1 / 3, 2 / 3) for turned in (False, True)]
        pieces = shapely.get_parts(shapely.node(shapely.union_all([frame, *lines])))
        faces = shapely.get_parts(shapely.polygonize(pieces))
        found: dict[str, list] = {}
        for face in faces.tolist():
            code = max(sorted(old), key=lambda each, face=face: shapely.intersection(face, old[each]).area)
            found.setdefault(code, []).append(face)
        if len(found) == len(old):
            return {code: shapely.union_all(parts) for code, parts in found.items()}


@pytest.mark.parametrize("seed", range(8))
def test_edges_by_lot_are_mended_written_and_taken_back(city, seed):
    build(city, seed, 6, 6)
    store, lot = city.store, random.Random(seed)
    oracle = Oracle(store)
    tolerance, least = ((TOLERANCE, 200.0), (0.05, 0.0))[seed % 2]
    grids = store.read("unit_grid", ["uuid", "code", "community_code", GEOM], CURRENT, ["code"])
    homes = grids["community_code"].tolist()
    old = {home: shapely.union_all(grids[GEOM][[one == home for one in homes]]) for home in sorted(set(homes))}
    areas = edges_by_lot(lot, grids[GEOM], old)
    told = city.communities(*areas.values(), codes=list(areas))
    start = state(store)
    bench = Bench(city, target_area=10_000.0)
    cov = find(store, bench.id).coverage
    first, pen = digest(cov), Pen(seed)
    for _ in range(4 * (seed > 3)):  # the hand had been at work before
        edit = pen.draw(cov)
        find(store, bench.id).do({"tool": edit.tool, "points": [], "cells": []}, edit)
        bench.steps += 1
    before = {cell: cov.cell(cell) for cell in cov.ids}
    done = bench.edit("mend", tolerance=tolerance, least=least)
    assert done["counts"]["not_mended"] == 0
    if tolerance == TOLERANCE and seed <= 3:  # else it is told of other cells than are there
        values = note_of(told, "areas.crossed_grids")
        assert values["count"] + values["moved"] >= done["counts"]["parted"] > 0
    made = {cell["id"]: cell["parents"] for cell in done["cells"] if cell["state"] == "new"}
    parts_are_as_few_as_can_be(made, before, areas)
    result = apply(bench, lot.choice(("largest_keeps", "all_new")))
    oracle.written(result, whole=True)
    lie_in_their_communities(store, areas, tolerance)
    undo_operation(city.context, UndoOperation(result["operation"]))
    assert state(store) == start
    again = Bench(city, target_area=10_000.0)
    assert digest(find(store, again.id).coverage) == first


def parts_are_as_few_as_can_be(made, before, areas):
    """No grid becomes more parts than it has pieces of land in the communities, and none is split that has one."""
    for uuid, shape in before.items():
        pieces = sum(
            int((shapely.area(shapely.get_parts(shapely.intersection(shape, area))) > 1e-6).sum())
            for area in areas.values()
        )
        assert sum(uuid in parents for parents in made.values()) <= pieces


def lie_in_their_communities(store, areas, tolerance):
    """No grid has land of another community but by its edge; none at all where the new edge keeps off corners."""
    grids = store.read("unit_grid", ["code", "community_code", GEOM], CURRENT, ["code"])
    edges = shapely.union_all([area.boundary for area in areas.values()])
    corners = shapely.points(shapely.get_coordinates(edges))
    exact = 0
    for home, shape in zip(grids["community_code"].tolist(), grids[GEOM].tolist()):
        within = shapely.buffer(shape, -tolerance)
        for code, area in areas.items():
            if code == home:
                continue
            assert shapely.intersection(within, area).area <= 1.0
            own = shapely.distance(shapely.points(shapely.get_coordinates(shape)), edges)
            near = np.concatenate([own, shapely.distance(corners, shape.boundary)])
            if not ((near > 1e-6) & (near <= tolerance)).any():
                assert shapely.intersection(shape, area).area <= 1e-6 * shape.area
                exact += 1
    assert exact > len(grids["code"])
