# SPDX-License-Identifier: GPL-2.0-or-later
"""A store that has something of everything, made by the use cases: areas, grids before and after, census, cases."""

from __future__ import annotations

import shapely

from digital_citymgmt_plugin.core.requests import ImportCases, Layer, LinkCases
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.linking import link_cases
from tests.services.cities import LID, RAIN, City, box, point
from tests.support import Watcher, new_store

STREET = "320681001"


def make_rich_city(folder, after=lambda store: None, *, photos=True):
    """Return the path of a closed store; ``after`` is called with the open one after each action."""
    store = new_store(folder / "city.gpkg")
    town = City(store, folder, Watcher())
    after(store)
    street = town.layer("streets.gpkg", [box(0, 0, 2000, 1000)], code=[STREET], name=["汇龙镇"])
    town.areas(street, "street")
    after(store)
    town.communities()
    after(store)
    town.adopt([box(250 * at, 0, 250 * (at + 1), 1000) for at in range(8)])
    after(store)
    places = [(40 + 95 * at, 30 + 47 * at) for at in range(20)]
    town.census(town.layer("lids.gpkg", [point(*place) for place in places], "Point", no=list(range(20)),
                           cls=[LID, RAIN] * 10), class_field="cls")  # fmt: skip
    after(store)
    lines = [shapely.LineString([point(60, 60).coords[0], point(200, 90).coords[0]])]
    town.census(town.layer("fences.gpkg", lines, "LineString", no=[1], cls=["0502"]), class_field="cls")
    after(store)
    town.code()
    after(store)
    rows = [
        {"案卷号": f"C{at}", "小类代码": LID, "问题类型": "部件", "x": point(*place).x + 0.5, "y": point(*place).y,
         "上报时间": f"2015-03-{at + 1:02d} 08:00:00", "立案时间": f"2015-03-{at + 1:02d} 09:00:00",
         "结案时间": f"2015-03-{at + 2:02d} 09:00:00" if at % 2 else ""}
        for at, place in enumerate(places)
    ]  # fmt: skip
    file = town.table("cases.csv", rows)
    mapping = (
        '{"name": "cases", "fields": {"case_no": "案卷号", "class_code": "小类代码", "kind": "问题类型", '
        '"reported_at": "上报时间", "filed_at": "立案时间", "closed_at": "结案时间"}, "x": "x", "y": "y", '
        '"crs": "EPSG:4550"}'
    )
    import_cases(town.context, ImportCases(Layer(file), mapping))
    after(store)
    link_cases(town.context, LinkCases())
    after(store)
    # Two grids become one, another is cut: lineage, retired codes, components and cases that move house.
    town.adopt([box(0, 0, 500, 1000), box(500, 0, 750, 1000), box(750, 0, 1000, 400), box(750, 400, 1000, 1000)],
               file="redrawn.gpkg")  # fmt: skip
    after(store)
    if photos:
        with store.action("test") as action:
            uuid = store.read("component_point", ["uuid"], [("fid", "=", 3)])["uuid"]
            action.insert("photo", {"object_uuid": uuid, "path": objects(["a.jpg"])})
            fid = store.read("component_point", ["fid"], [("fid", "=", 3)])["fid"]
            action.update("component_point", fid, {"photo_count": objects([1]), "remark": objects(["已拍照"])})
    for row in rows[:3]:
        row["立案时间"] = row["立案时间"].replace("09:00", "10:30")
    import_cases(town.context, ImportCases(Layer(town.table("again.csv", rows)), "cases"))
    after(store)
    store.close()
    return folder / "city.gpkg"
