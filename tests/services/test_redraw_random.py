# SPDX-License-Identifier: GPL-2.0-or-later
"""Redraws by lot, each written: what must hold after each of them, and after all were taken back.

A hundred edits here, a thousand in the soak. What holds is asked of the store's tables by other means than those that
wrote them: a point in a polygon by shapely's tree, shares by the areas in common.
"""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.redraw.session import find
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.redraw_ground import Outline, Pen, board
from tests.services.cities import LID
from tests.services.test_redraw import Bench
from tests.services.test_redraw_apply import apply, sizes, state

STAGES = ("disposal", "closed", "check", "void")
CURRENT = [("status", "=", "current")]


def build(city, seed, wide, high):
    """Fill a store: communities, grids, components of all kinds (some on corners and edges), cases, cameras."""
    lot = random.Random(seed)
    ids, shapes, groups = board(wide, high, west=360_000.0, south=3_520_000.0, bent=6.0, seed=seed)
    homes = {home: f"320681001{number + 1:03d}" for number, home in enumerate(sorted(set(groups)))}
    parts = [shapely.coverage_union_all([shape for shape, one in zip(shapes, groups) if one == home]) for home in homes]
    city.communities(*parts, codes=list(homes.values()))
    city.adopt(list(shapes))
    assert len(city.grids("code")) == len(ids)
    west, south, east, north = shapely.total_bounds(shapes)
    corners = shapely.get_coordinates(shapes)
    places = [
        *(
            shapely.Point(lot.uniform(west, east - 15), lot.uniform(south, north - 15))
            for _ in range(60 * len(ids) // 9)
        ),
        *(shapely.Point(*lot.choice(corners.tolist())) for _ in range(20)),
        *(shapely.Point((one + two) / 2) for one, two in zip(corners[::17], corners[1::17])),
    ]
    lines = [shapely.LineString([(p.x, p.y), (p.x + 9, p.y + 4)]) for p in places[:30]]
    areas = [shapely.multipolygons([shapely.box(p.x, p.y, p.x + 9, p.y + 4)]) for p in places[30:50]]
    day, store = "2014-05-01T00:00:00.000Z", city.store

    def rows(count, **columns):
        return {name: objects(value if isinstance(value, list) else [value] * count) for name, value in columns.items()}

    with store.action("test") as action:
        for table, geoms in zip(COMPONENTS, (places, lines, areas)):
            action.insert(table, rows(len(geoms), geom=list(geoms), class_code=LID, state="完好"))
        seen = places[::2]
        action.insert(
            "case_record",
            rows(len(seen), geom=list(seen), case_no=[f"A{n}" for n in range(len(seen))], reported_at=day,
                 stage=[STAGES[n % 4] for n in range(len(seen))], place_method="grid"),
        )  # fmt: skip
        action.insert("camera", rows(9, geom=list(places[:9]), code=[f"C{n}" for n in range(9)]))
    grids = store.read("unit_grid", ["uuid", "code", "community_code", GEOM], CURRENT, ["code"])
    squads = [f"{number // 5}" for number in range(len(ids))]
    with store.action("test") as action:
        known = sorted(set(squads))
        outlines = [shapely.multipolygons(shapely.get_parts(shapely.coverage_union_all(
            [shape for shape, one in zip(grids[GEOM], squads) if one == name]))) for name in known]  # fmt: skip
        action.insert(
            "beat", rows(len(known), geom=outlines, uuid=[f"b{n}" for n in known], code=known, name="责任网格")
        )
        beats = [f"b{one}" for one in squads]
        action.insert("beat_member", rows(len(ids), beat_uuid=beats, grid_uuid=grids["uuid"].tolist()))
        for table in (*COMPONENTS, "case_record", "camera"):
            found = store.read(table, ["fid", GEOM], [], ["fid"])
            cell = holders(found[GEOM], grids[GEOM])
            columns = {name: grids[name][cell] for name in ("code", "community_code")}
            action.update(
                table, found["fid"], {"grid_code": columns["code"], "community_code": columns["community_code"]}
            )
    return float(math.fsum(shapely.area(shapes).tolist())), Outline(shapes)


def holders(geoms, cells):
    """The first cell (by code) that holds each place, found by a tree."""
    points = np.array([
        one if one.geom_type == "Point" else one.interpolate(0.5, normalized=True)
        if "Line" in one.geom_type else shapely.point_on_surface(one) for one in geoms.tolist()
    ], dtype=object)  # fmt: skip
    point, cell = shapely.STRtree(cells).query(points, predicate="intersects")
    found = np.full(len(points), len(cells))
    np.minimum.at(found, point, cell)
    assert (found < len(cells)).all()
    return found


def look(store, whole, outline, was, operation):
    """Ask the store for all that must hold; ``was``: the grids that were in force before (uuid → code)."""
    grids = store.read("unit_grid", ["uuid", "code", "community_code", GEOM], CURRENT, ["code"])
    codes = grids["code"].tolist()
    assert len(set(codes)) == len(codes) and all(codes)
    assert all(code[:12] == home for code, home in zip(codes, grids["community_code"].tolist()))
    singles = shapely.get_parts(grids[GEOM])
    assert len(singles) == len(codes)
    assert shapely.coverage_is_valid(singles)
    outline.holds(singles)
    assert math.fsum(shapely.area(singles).tolist()) == pytest.approx(whole, abs=1e-6)
    for table in (*COMPONENTS, "case_record", "camera"):
        found = store.read(table, ["grid_code", "community_code", GEOM], [], ["fid"])
        cell = holders(found[GEOM], grids[GEOM])
        assert grids["code"][cell].tolist() == found["grid_code"].tolist(), table
        assert grids["community_code"][cell].tolist() == found["community_code"].tolist(), table
    register = store.read("code_register", ["code", "status", "object_uuid"], [("kind", "=", "unit_grid")])
    issued = {
        code for code, status in zip(register["code"].tolist(), register["status"].tolist()) if status == "issued"
    }
    assert issued == set(codes)
    assert len(set(register["code"].tolist())) == len(register["code"])
    now = dict(zip(grids["uuid"].tolist(), codes))
    beats_are_whole(store, grids)
    lineage_is_complete(store, set(was) - set(now), set(now) - set(was), operation)
    return now


def beats_are_whole(store, grids):
    """Every grid is in one beat, and the beats' outlines are those of their grids."""
    valid = [("valid_to", "is null", None)]
    members = store.read("beat_member", ["beat_uuid", "grid_uuid"], valid)
    assert sorted(members["grid_uuid"].tolist()) == sorted(grids["uuid"].tolist())
    beats = store.read("beat", ["uuid", GEOM], valid)
    shape = dict(zip(grids["uuid"].tolist(), grids[GEOM].tolist()))
    for uuid, outline in zip(beats["uuid"].tolist(), beats[GEOM].tolist()):
        own = [shape[grid] for beat, grid in zip(*(column.tolist() for column in members.values())) if beat == uuid]
        assert own and shapely.area(outline) == pytest.approx(shapely.area(own).sum(), abs=1e-3)


def lineage_is_complete(store, gone, came, operation):
    """Of each retired grid it is known where its ground went, of each new one where all of its ground was."""
    rows = store.read(
        "grid_lineage", ["parent_uuid", "child_uuid", "share", "old_geom"], [("operation_uuid", "=", operation)]
    )
    listed = list(zip(*(rows[name].tolist() for name in ("parent_uuid", "child_uuid", "share"))))
    every = store.read("unit_grid", ["uuid", "valid_to", "retire_reason", GEOM])
    area = dict(zip(every["uuid"].tolist(), shapely.area(every[GEOM]).tolist()))
    before = dict(area)
    for (parent, child, _share), shape in zip(listed, rows["old_geom"].tolist()):
        if parent == child:
            before[parent] = shapely.area(shapely.from_wkb(shape))
    about = {u: (day, why) for u, day, why in zip(*(every[n].tolist() for n in ("uuid", "valid_to", "retire_reason")))}
    for uuid in gone:
        assert sum(share for parent, _child, share in listed if parent == uuid) == pytest.approx(1.0, abs=1e-4)
        assert all(about[uuid])
    for uuid in came:
        ground = sum(share * before[parent] for parent, child, share in listed if child == uuid)
        assert ground == pytest.approx(area[uuid], rel=1e-3, abs=0.1)


def run(city, seed, edits, wide=6, high=6):
    whole, outline = build(city, seed, wide, high)
    store, lot, pen = city.store, random.Random(seed), Pen(seed)
    start, logs = state(store), sizes(store)
    was = dict(zip(*(store.read("unit_grid", ["uuid", "code"], CURRENT)[name].tolist() for name in ("uuid", "code"))))
    bench, operations, done = Bench(city, target_area=10_000.0), [], 0
    session = find(store, bench.id)
    while done < edits:
        for _ in range(lot.choice((1, 1, 1, 2, 3))):
            edit = pen.draw(session.coverage)
            session.do({"tool": edit.tool, "points": [], "cells": []}, edit)
            done += 1
            if lot.random() < 0.1:
                session.back()
                if lot.random() < 0.5:
                    session.again()
        result = apply(bench, lot.choice(("largest_keeps", "all_new")))
        if result["operation"] is None:
            continue
        operations.append(result["operation"])
        bench.probe("merge")  # lets the session begin anew on what was written
        was = look(store, whole, outline, was, result["operation"])
    assert len(operations) > edits / 4
    grown = sizes(store)
    assert all(grown[name] >= size for name, size in logs.items())
    for number, operation in enumerate(reversed(operations)):
        undo_operation(city.context, UndoOperation(operation))
        assert store.count("operation", [("kind", "=", "undo_operation")]) == number + 1
    assert state(store) == start
    final = sizes(store)
    for name in ("code_register", "operation", "component_change"):
        assert final[name] >= grown[name], name
    return operations


@pytest.mark.parametrize("seed", [1, 2])
def test_fifty_edits_by_lot_written_and_taken_back(city, seed):
    run(city, seed, 50)


@pytest.mark.soak
def test_a_thousand_edits_by_lot_written_and_taken_back(city):
    run(city, 3, 1_000, 9, 9)
