# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of unit grids are mended one by one or all alike; what is left says why; all of it can be taken back."""

from __future__ import annotations

import json

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.grids.mending import RULES
from digital_citymgmt_plugin.core.requests import AdoptGrids, CheckGrids, Layer, UndoOperation
from digital_citymgmt_plugin.core.requests_beats import SaveBeats
from digital_citymgmt_plugin.core.requests_desk import MendGrids, WaiveIssues
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.beat_saving import save_beats
from digital_citymgmt_plugin.services.grid_checks import check_grids
from digital_citymgmt_plugin.services.grid_mending import mend_grids
from digital_citymgmt_plugin.services.issue_desk import waive_issues
from digital_citymgmt_plugin.services.undoing import undo_operation
from scripts.vendor_grids import make_vendor
from tests.services.cities import FIRST, LID, SECOND, box, point, squares


def issues(town, rule="", state="open"):
    where = [("state", "=", state), *([("rule", "=", rule)] if rule else [])]
    return town.rows("check_issue", "uuid", "rule", "params", "object_uuid", where=where)


def mend(town, *rules, uuids=()):
    return mend_grids(town.context, MendGrids(list(uuids), list(rules)))


def with_codes(town, shapes, codes):
    path = town.layer("g.gpkg", shapes, NO=codes)
    return adopt_grids(town.context, AdoptGrids(Layer(path), "NO"))


def first(*numbers):
    return [f"{FIRST}{number:03d}" for number in numbers]


def shape_of(town, code):
    return next(row["geom"] for row in town.grids("code", "geom") if row["code"] == code)


def sound(town):
    cells = [row["geom"] for row in town.grids("geom")]
    return bool(shapely.coverage_is_valid(cells))


def test_a_gap_goes_to_the_grid_with_the_longest_edge_and_components_follow(town):
    with_codes(town, [box(0, 0, 500, 1000), box(530, 0, 1000, 500), box(500, 500, 1000, 1000)], first(1, 2, 3))
    town.census(town.layer("c.gpkg", [point(510, 100), point(600, 100)], "Point", cls=[LID, LID]), class_field="cls")
    town.code()
    gap = next(row for row in issues(town, "grid.gap") if json.loads(row["params"])["area"] == 15_000)
    result = mend(town, uuids=[gap["uuid"]])
    assert (result["counts"]["mended"], result["counts"]["left"]) == (1, 0)
    assert shape_of(town, f"{FIRST}001").area + shape_of(town, f"{FIRST}002").area == 500_000 + 250_000
    assert gap["uuid"] in [row["uuid"] for row in issues(town, "grid.gap", "settled")]
    assert sound(town)
    homes = {row["grid_code"] for row in town.rows("component_point", "grid_code")}
    assert None not in homes or result["counts"]["components_moved"] == 0


def test_an_overlap_goes_to_the_smaller_grid_and_all_alike_are_mended_at_once(town):
    shapes = [box(0, 0, 520, 500), box(500, 0, 1000, 500), box(0, 490, 500, 1000), box(500, 500, 1000, 1000)]
    with_codes(town, shapes, first(1, 2, 3, 4))
    assert len(issues(town, "grid.overlap")) == 2
    result = mend(town, "grid.overlap")
    assert (result["counts"]["mended"], result["counts"]["left"]) == (2, 0)
    assert not issues(town, "grid.overlap")
    assert sound(town)
    assert sum(row["geom"].area for row in town.grids("geom")) == pytest.approx(1_000_000)


def test_of_two_equal_grids_one_goes_with_its_code_and_lineage(town):
    with_codes(town, [*squares(2, 2, 500), box(0, 0, 500, 500)], first(1, 2, 3, 4, 9))
    result = mend(town, "grid.duplicate")
    assert result["counts"]["retired"] == 1
    assert [row["code"] for row in town.grids("code")] == first(1, 2, 3, 4)
    assert town.rows("code_register", "status", where=[("code", "=", f"{FIRST}009")]) == [{"status": "retired"}]
    assert town.rows("grid_lineage", "share") == [{"share": 1.0}]
    assert not [row for row in issues(town) if row["rule"] in ("grid.duplicate", "grid.overlap")]


def test_parts_holes_splinters_and_what_crosses_a_community_are_mended(town):
    hole = box(0, 0, 500, 500).difference(box(200, 200, 260, 260))
    parts = shapely.MultiPolygon([box(500, 0, 900, 500), box(100, 500, 200, 560)])
    rest = box(0, 500, 500, 1000).difference(box(100, 500, 200, 560))
    crossing = box(500, 500, 1040, 1000)
    shapes = [hole, parts, rest, crossing, box(900, 0, 997, 500), box(997, 0, 1000, 500),
              box(1000, 0, 2000, 500), box(1040, 500, 2000, 1000)]  # fmt: skip
    with_codes(town, shapes, [*first(1, 2, 3, 4, 5, 6), f"{SECOND}001", f"{SECOND}002"])
    result = mend(town, *RULES)
    assert result["counts"]["left"] == 0
    assert not issues(town)
    assert sound(town)
    assert sum(row["geom"].area for row in town.grids("geom")) == pytest.approx(2_000_000)
    assert len(town.grids("code")) == 7  # the splinter went into its neighbour


def test_what_is_left_says_why_and_keeps_its_waiver(town):
    shapes = [box(0, 0, 300, 300), box(700, 700, 1000, 1000), box(1100, 0, 1400, 500)]
    with_codes(town, shapes, [*first(1, 2), f"{SECOND}001"])
    gaps = issues(town, "grid.gap")
    waive_issues(town.context, WaiveIssues([gaps[0]["uuid"]], reason="河道"))
    result = mend(town, "grid.gap")
    assert result["counts"]["mended"] == 0
    assert result["left"] == {"because.mend_large": 1}
    assert result["notes"][0]["values"]["because"] == "because.mend_large"
    said = [json.loads(row["params"]) for row in issues(town, "grid.gap")]
    assert [one["why_left"] for one in said] == ["because.mend_large"]
    check_grids(town.context, CheckGrids())  # found again: the same issues, with what was said of them
    assert [json.loads(row["params"]).get("why_left") for row in issues(town, "grid.gap")] == ["because.mend_large"]
    assert [row["uuid"] for row in issues(town, "grid.gap", "waived")] == [gaps[0]["uuid"]]


def test_a_hole_around_another_grid_and_codes_are_left(town):
    ring = box(0, 0, 1000, 1000).difference(box(400, 400, 600, 600))
    with_codes(town, [ring, box(400, 400, 600, 600)], first(1, 2))
    assert mend(town, "grid.hole")["left"] == {"because.mend_hole_filled": 1}
    nothing = mend(town, "grid.overlap")
    assert nothing["operation"] is None and nothing["counts"]["asked"] == 0
    assert [note["code"] for note in nothing["notes"]] == ["mend.nothing"]


def test_it_is_taken_back_and_a_cancel_leaves_nothing(town):
    with_codes(town, [box(0, 0, 520, 500), box(500, 0, 1000, 500), *squares(2, 1, 500, 0, 500)], first(1, 2, 3, 4))
    before = [(row["code"], row["geom"].wkb) for row in town.grids("code", "geom")]
    done = mend(town, "grid.overlap")
    assert [(row["code"], row["geom"].wkb) for row in town.grids("code", "geom")] != before
    undo_operation(town.context, UndoOperation(done["operation"]))
    assert [(row["code"], row["geom"].wkb) for row in town.grids("code", "geom")] == before
    assert len(issues(town, "grid.overlap")) == 1
    digest = town.digest()
    town.watcher.cancel_at = town.watcher.checks + 1
    with pytest.raises(Cancelled):
        mend(town, "grid.overlap")
    town.watcher.cancel_at = None
    assert town.digest() == digest


@pytest.mark.parametrize("at", [0, 1], ids=["SHP", "GeoJSON"])
def test_a_vendors_faults_are_mended_or_say_why(city, root, at):
    data = root / "sample_data"
    path = str(make_vendor(city.folder / "vendor", data)[at])
    city.areas(str(data / "areas.gpkg"), layer="communities")
    layer = Layer(path, crs=("EPSG:4550", None)[at])
    adopt_grids(city.context, AdoptGrids(layer, "网格编码", wrong_codes="number"))
    before = {rule: len(issues(city, rule)) for rule in RULES}
    for rule in RULES:
        if issues(city, rule):
            mend(city, rule)
    left = [row for row in issues(city) if row["rule"] in RULES]
    silent = [row["rule"] for row in left if "why_left" not in json.loads(row["params"])]
    assert not silent
    assert len(left) < sum(before.values()) / 2
    cells = [row["geom"] for row in city.grids("geom")]
    assert all(shapely.is_valid(cells))
    again = check_grids(city.context, CheckGrids())
    assert not {rule for rule in ("grid.overlap", "grid.duplicate", "grid.multipart") if again["by_rule"].get(rule)}


def test_beats_follow_a_mending(town):
    with_codes(town, [box(0, 0, 520, 500), box(500, 0, 1000, 500), box(0, 0, 520, 500)], first(1, 2, 3))
    save_beats(town.context, SaveBeats({f"{FIRST}001": "甲", f"{FIRST}002": "乙", f"{FIRST}003": "丙"}))
    result = mend(town, "grid.duplicate", "grid.overlap")
    assert result["counts"]["beats_changed"] == 3
    valid = [("valid_to", "is null", None)]
    outlines = {row["code"]: row["geom"] for row in town.rows("beat", "code", "geom", where=valid)}
    assert set(outlines) == {"甲", "乙"}
    assert sum(shape.area for shape in outlines.values()) == pytest.approx(500_000)
    assert town.store.count("beat_member", valid) == 2
    undo_operation(town.context, UndoOperation(result["operation"]))
    assert town.store.count("beat_member", valid) == 3
