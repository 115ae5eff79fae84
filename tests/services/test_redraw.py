# SPDX-License-Identifier: GPL-2.0-or-later
"""The redraw session: opening, figures at a pen move, edits, undo and redo; nothing of it is written."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.cases.times import last_days
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import Layer
from digital_citymgmt_plugin.core.requests_redraw import (
    CloseRedraw,
    EditRedraw,
    OpenRedraw,
    ProbeRedraw,
    StepRedraw,
)
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.redraw.editing import edit_redraw, probe_redraw, step_redraw
from digital_citymgmt_plugin.services.redraw.opening import close_redraw, open_redraw
from digital_citymgmt_plugin.services.redraw.session import find
from digital_citymgmt_plugin.services.redraw.watching import changes
from tests.services.cities import FIRST, X0, Y0, point


def at(*places):
    """Points in metres from the corner of the first community, as requests have them."""
    return [float(number) for x, y in places for number in (X0 + x, Y0 + y)]


class Bench:
    """A session and its requests."""

    def __init__(self, city, **options):
        self.city = city
        self.opened = open_redraw(city.context, OpenRedraw(**options))
        self.id = self.opened["session"]
        self.steps = self.opened["steps"]

    def probe(self, tool, points=(), cells=(), **options):
        return probe_redraw(self.city.context, ProbeRedraw(self.id, tool, list(points), list(cells), options))

    def edit(self, tool, points=(), cells=(), **options):
        done = edit_redraw(self.city.context, EditRedraw(self.id, tool, self.steps, list(points), list(cells), options))
        self.steps = done["steps"]
        return done

    def step(self, back=True):
        done = step_redraw(self.city.context, StepRedraw(self.id, back))
        self.steps = done["steps"]
        return done

    def cells(self):
        return self.opened["cells"]["id"]


@pytest.fixture
def bench(census):
    return Bench(census, target_area=250_000.0)


def test_opening_tells_all_cells_and_what_lies_in_them(census, bench):
    columns = bench.opened["cells"]
    assert columns["code"] == [row["code"] for row in census.grids("code")]
    assert columns["id"] == [row["uuid"] for row in census.grids("uuid")]
    by_grid = {row["code"]: 0 for row in census.grids("code")}
    for row in census.rows("component_point", "grid_code"):
        by_grid[row["grid_code"]] += 1
    assert columns["components"] == list(by_grid.values())
    assert columns["area_m2"] == [250_000.0] * 8
    assert set(columns["verdict"]) == {"green"}
    assert bench.opened["counts"]["components"] == 100
    assert list(bench.opened["majors"]) == ["01"]
    assert bench.opened["majors"]["01"]


def test_a_probe_tells_before_and_after_and_changes_nothing(census, bench):
    before = census.digest()
    told = bench.probe("split", at((250, -10), (250, 510)))
    assert told["error"] is None
    gone = [cell for cell in told["cells"] if cell["state"] == "gone"]
    new = [cell for cell in told["cells"] if cell["state"] == "new"]
    assert (len(gone), len(new)) == (1, 2)
    assert sum(cell["after"]["components"] for cell in new) == gone[0]["before"]["components"]
    assert sum(cell["after"]["area_m2"] for cell in new) == pytest.approx(gone[0]["before"]["area_m2"])
    assert {cell["community"] for cell in new} == {FIRST}
    assert told == bench.probe("split", at((250, -10), (250, 510)))
    assert census.digest() == before


def test_a_pen_that_cannot_be_used_is_an_answer_of_a_probe_and_an_error_of_an_edit(bench):
    told = bench.probe("split", at((250, 100), (250, 200)))
    assert told["error"]["code"].startswith("redraw.")
    assert told["cells"] == []
    with pytest.raises(InputRefused) as caught:
        bench.edit("split", at((250, 100), (250, 200)))
    assert caught.value.code == told["error"]["code"]
    for tool, points, code in (
        ("paint", [], "redraw.tool"),
        ("split", [1.0], "redraw.points"),
        ("split", [1.0, float("nan")], "redraw.points"),
    ):
        assert bench.probe(tool, points)["error"]["code"] == code
    for options in ({"other": 1}, {"snap": "1"}, {"snap": True}, {"snap": -1}, {"snap": 1e9}, {"taker": 1}):
        assert bench.probe("split", [], **options)["error"]["code"] == "redraw.option"


def test_edits_steps_back_and_again(census, bench):
    before = census.digest()
    first = bench.edit("split", at((250, -10), (250, 510)))
    parts = [cell["id"] for cell in first["cells"] if cell["state"] == "new"]
    second = bench.edit("merge", cells=parts)
    assert (first["steps"], second["steps"]) == (1, 2)
    merged = next(cell for cell in second["cells"] if cell["state"] == "new")
    start = next(cell for cell in first["cells"] if cell["state"] == "gone")
    for name in ("area_m2", "components", "by_major", "cases", "load"):
        assert merged["after"][name] == start["before"][name]
    back = bench.step()
    assert sorted(back["shapes"]) == sorted(parts)
    assert back["gone"] == [merged["id"]]
    told = {cell["id"]: cell for cell in back["cells"]}
    assert told[merged["id"]]["before"] == merged["after"] and told[merged["id"]]["after"] is None
    assert all(told[part]["before"] is None and told[part]["after"]["area_m2"] > 0 for part in parts)
    back = bench.step()
    assert all(cell["before"] or cell["state"] == "new" for cell in back["cells"])
    assert list(back["shapes"]) == [cell for cell in back["shapes"] if cell in bench.cells()]
    assert (back["steps"], back["ahead"]) == (0, 2)
    with pytest.raises(InputRefused, match="nothing_back"):
        bench.step()
    again = bench.step(back=False)
    assert again["shapes"] == first["shapes"]
    bench.step(back=False)
    with pytest.raises(InputRefused, match="nothing_forward"):
        bench.step(back=False)
    assert census.digest() == before


def test_an_edit_out_of_step_is_refused(bench):
    bench.edit("split", at((250, -10), (250, 510)))
    bench.steps = 0
    with pytest.raises(InputRefused, match="out_of_step"):
        bench.edit("split", at((750, -10), (750, 510)))


def test_the_list_of_edits_done_again_gives_the_same(census, bench):
    answers = [
        bench.edit("split", at((250, -10), (250, 1010))), bench.edit("split", at((-10, 250), (2010, 250))),
    ]  # fmt: skip
    parts = [cell["id"] for cell in answers[-1]["cells"] if cell["state"] == "new"]
    answers.append(bench.edit("merge", cells=parts[:2]))
    entries = [answer["entry"] for answer in answers]
    again = Bench(census, target_area=250_000.0, edits=json.dumps(entries))
    assert again.opened["conflicts"] == []
    assert again.opened["entries"] == entries
    assert again.steps == 3
    assert set(answers[-1]["shapes"].items()) <= set(again.opened["shapes"].items())
    with pytest.raises(InputRefused, match="no_session"):
        bench.probe("merge")


def test_a_piece_goes_to_the_cell_in_which_the_pen_began(census, bench):
    by_code = dict(zip(bench.opened["cells"]["code"], bench.cells()))
    where = {uuid: find(census.store, bench.id).coverage.cell(uuid) for uuid in by_code.values()}
    west, east = sorted([by_code[code] for code in sorted(by_code)[:2]], key=lambda uuid: where[uuid].centroid.x)
    edge, middle = where[west].bounds[2] - X0, where[west].centroid.y - Y0
    ring = [(edge + 5, middle - 40), (edge - 60, middle - 40), (edge - 60, middle + 40), (edge + 5, middle + 40)]
    told = {cell["id"]: cell for cell in bench.probe("give", at(*ring, ring[0]))["cells"]}
    assert told[east]["after"]["area_m2"] - told[east]["before"]["area_m2"] == pytest.approx(60 * 80, abs=1)
    assert told[west]["state"] == "kept" and bench.probe("give", at((-900, -900), (-800, -900)))["error"]


def test_every_tool_has_its_figures_and_is_done_again_from_the_list(census, bench):
    by_code = dict(zip(bench.opened["cells"]["code"], bench.cells()))
    near, far = (by_code[code] for code in sorted(by_code)[:2])
    where = {uuid: find(census.store, bench.id).coverage.cell(uuid) for uuid in (near, far)}
    assert where[near].touches(where[far])
    giver, taker = sorted(where, key=lambda uuid: where[uuid].centroid.x)
    edge = where[giver].bounds[2] - X0, where[giver].centroid.y - Y0
    west, south = where[giver].bounds[0] - X0, where[giver].bounds[1] - Y0
    answers = [
        bench.edit("move_edge", at(edge, (edge[0] + 40, edge[1]))),
        bench.edit(
            "reshape", at((edge[0] + 40, south + 100), (edge[0] - 30, south + 250), (edge[0] + 40, south + 400))
        ),
        bench.edit("move_vertex", at((edge[0] - 30, south + 250), (edge[0] - 60, south + 240))),
        bench.edit("give", at((west + 300, south - 5), (west + 300, south + 505)), [], giver=giver, taker=taker),
        bench.edit("carve", at((west + 50, south + 50), (west + 150, south + 60), (west + 90, south + 200))),
        bench.edit("split", at((-10, south + 33), (2010, south + 301))),
        bench.edit("merge", at((west + 20, south + 400), (west + 100, south + 100))),
    ]
    for answer in answers:
        told = answer["cells"]
        for name in ("components", "area_m2", "cases"):
            before = sum(cell["before"][name] for cell in told if cell["before"])
            assert before == pytest.approx(sum(cell["after"][name] for cell in told if cell["after"]), abs=0.05)
    entries = [answer["entry"] for answer in answers]
    drawn = dict(answers[-1]["shapes"])
    again = Bench(census, target_area=250_000.0, edits=json.dumps(entries))
    assert again.opened["conflicts"] == []
    assert drawn.items() <= again.opened["shapes"].items()
    for _ in answers:
        again.step()
    session = find(census.store, again.id)
    for uuid, shape in zip(session.base["uuid"].tolist(), session.base[GEOM].tolist()):
        assert shapely.to_wkb(session.coverage.stored(uuid)) == shapely.to_wkb(shape)


def test_a_session_that_is_closed_is_gone(census, bench):
    assert close_redraw(census.context, CloseRedraw(bench.id))["counts"] == {"closed": 1}
    assert close_redraw(census.context, CloseRedraw(bench.id))["counts"] == {"closed": 0}
    with pytest.raises(InputRefused, match="no_session"):
        bench.probe("merge")


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '[{"tool": "split"}]', '[{"tool": "x", "points": []}]'])
def test_what_is_no_list_of_edits_is_refused(census, text):
    with pytest.raises(InputRefused) as caught:
        Bench(census, edits=text)
    assert caught.value.code in ("redraw.entries", "redraw.tool")


def test_weights_roads_and_people(census):
    store = census.store
    lines = [shapely.MultiLineString([[(X0, Y0 + y), (X0 + 2000, Y0 + y)]]) for y in (100, 200, 700)]
    with store.action("test") as action:
        rows = {"theme": ["road", "road", "wall"], "layer": ["中线", "边线", "围墙"]}
        action.insert("base_line", {GEOM: objects(lines), **{name: objects(one) for name, one in rows.items()}})
    people = census.layer("people.gpkg", [point(100, 100), point(100, 120)], "Point", number=[12, 30])
    layer = {"population": Layer(people), "population_field": "number"}
    weighed = Bench(census, target_load=20.0, load_weights={"0101": 2.0}, road_layers=["中线"], **layer)
    assert (weighed.opened["wanted"], weighed.opened["by_load"], weighed.opened["policy"]) == (
        20.0,
        True,
        "largest_keeps",
    )
    assert weighed.opened["cells"]["load"] == [2.0 * count for count in weighed.opened["cells"]["components"]]
    told = weighed.probe("split", at((250, -10), (250, 510)))["cells"]
    gone = next(cell for cell in told if cell["state"] == "gone")["before"]
    assert (gone["road_m"], gone["population"], gone["by_major"]) == (500.0, 42.0, {"01": gone["components"]})
    assert sorted(cell["after"]["road_m"] for cell in told if cell["state"] == "new") == [250.0, 250.0]
    both = Bench(census).probe("split", at((250, -10), (250, 510)))["cells"]
    assert next(cell for cell in both if cell["state"] == "gone")["before"]["road_m"] == 1000.0
    assert next(cell for cell in both if cell["state"] == "gone")["before"]["population"] is None
    for wrong, code in (
        ({"target_area": 0.0}, "redraw.target"), ({"band": "x"}, "input.band"),
        ({"population": Layer(people)}, "redraw.population_field"),
    ):  # fmt: skip
        with pytest.raises(InputRefused) as caught:
            Bench(census, **wrong)
        assert caught.value.code == code


def test_a_city_without_grids_is_refused(town):
    with pytest.raises(InputRefused, match="no_grids"):
        Bench(town)


def test_figures_after_many_edits_are_those_of_counting_anew(bench, census):
    for west in (120, 380, 620, 880):
        bench.edit("split", at((west, -10), (west + 30, 1010)))
    bench.edit("split", at((-10, 333), (2010, 301)))
    session = find(census.store, bench.id)
    cells = session.usable
    shapes = np.array([session.coverage.cell(cell) for cell in cells], dtype=object)
    assert shapely.coverage_is_valid(shapes)
    told = session.figures(cells)
    for cell, shape in zip(cells, shapes):
        inside = shapely.intersects_xy(shape, session.ground.xy).sum()
        assert told[cell]["components"] == inside
        assert told[cell]["area_m2"] == pytest.approx(shape.area, abs=0.01)
    assert sum(one["components"] for one in told.values()) == 100


@pytest.mark.parametrize("text", ["[" * 100_000, '[{"tool": "split", "points": [1%s, 2]}]' % ("0" * 400)])
def test_lists_beyond_all_measure_are_refused(census, text):
    with pytest.raises(InputRefused) as caught:
        open_redraw(census.context, OpenRedraw(edits=text))
    assert caught.value.code == "redraw.entries"


def test_weights_and_days_beyond_all_measure_do_no_harm(census):
    opened = open_redraw(census.context, OpenRedraw(days=10**30, load_weights={"": 10**400}))
    assert opened["counts"]["cells"] == 8
    # No case is that old; numpy cannot take so many days off a moment.
    assert last_days("2026-01-01T00:00:00.000Z", 10**30)[0].startswith("1926-")


def test_a_grid_without_a_community_can_be_worked_beside(census):
    rows = census.store.read("unit_grid", ["fid"], [], ["code"])
    with census.store.action("test") as action:
        action.update("unit_grid", rows["fid"][:1], {"community_code": objects([None])})
    bench = Bench(census)
    assert bench.probe("merge", cells=bench.cells()[:2])["error"]["code"] == "redraw.merge_across"
    shown = bench.probe("split", at((250, -10), (250, 1010)))
    assert shown["error"] is None and "" in {cell["community"] for cell in shown["cells"]}
    session = find(census.store, bench.id)
    assert changes(session, census.store) is None  # that nobody changed the grids is seen all the same
