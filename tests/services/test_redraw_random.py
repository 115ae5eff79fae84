# SPDX-License-Identifier: GPL-2.0-or-later
"""Redraws by lot on a small town, each written: what must hold after each of them, and after all were taken back.

A hundred edits here, a thousand in the soak; on a city of Qingdao's size in ``test_redraw_city.py``.
"""

from __future__ import annotations

import random

import pytest
import shapely

from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.ports import GEOM
from tests.redraw_ground import board
from tests.redraw_oracle import CURRENT, holders, stands_for
from tests.redraw_soak import Plan, Soak, columns, give_beats, rivals
from tests.services.cities import LID

STAGES = ("disposal", "closed", "check", "void")


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

    with store.action("test") as action:
        for table, geoms in zip(COMPONENTS, (places, lines, areas)):
            action.insert(table, columns(len(geoms), geom=list(geoms), class_code=LID, state="完好"))
        seen = places[::2]
        action.insert(
            "case_record",
            columns(len(seen), geom=list(seen), case_no=[f"A{n}" for n in range(len(seen))], reported_at=day,
                 stage=[STAGES[n % 4] for n in range(len(seen))], place_method="grid"),
        )  # fmt: skip
        action.insert("camera", columns(9, geom=list(places[:9]), code=[f"C{n}" for n in range(9)]))
    lodgers = store.read("component_point", ["uuid"], [("fid", "<", 30)])["uuid"].tolist()
    size = len(lodgers)
    with store.action("test") as action:  # cases without coordinates, known to be at a component
        told = columns(size, case_no=[f"L{n}" for n in range(size)], reported_at=day, component_uuid=lodgers,
                       stage=[STAGES[n % 4] for n in range(size)], place_method="component")  # fmt: skip
        action.insert("case_record", told)
    give_beats(store)
    grids = store.read("unit_grid", ["code", "community_code", GEOM], CURRENT, ["code"])
    with store.action("test") as action:
        for table in (*COMPONENTS, "case_record", "camera"):
            found = store.read(table, ["fid", GEOM], [(GEOM, "not null", None)], ["fid"])
            cell = holders(stands_for(found[GEOM]), grids[GEOM])
            held = {"grid_code": grids["code"][cell], "community_code": grids["community_code"][cell]}
            action.update(table, found["fid"], held)
    home = store.read("component_point", ["grid_code", "community_code"], [("fid", "<", 30)])
    fids = store.read("case_record", ["fid"], [("place_method", "=", "component")], ["fid"])["fid"]
    with store.action("test") as action:
        action.update("case_record", fids, home)


def run(city, plan, wide=6, high=6):
    build(city, plan.seed, wide, high)
    soak = Soak(city, plan, target_area=10_000.0)
    soak.run()
    return soak


@pytest.mark.parametrize("seed", [1, 2])
def test_fifty_edits_by_lot_written_and_taken_back(city, seed):
    run(city, Plan(seed, 50))


def test_two_people_who_redraw_one_town(city):
    build(city, 7, 6, 6)
    rivals(city, 7)


@pytest.mark.soak
def test_a_thousand_edits_by_lot_written_and_taken_back(city):
    run(city, Plan(3, 1_000), 9, 9)
