# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold of a store after a redraw, asked of its tables by other means than those that wrote them.

Where a thing lies is found by shapely's tree over places that are kept here, shares by the areas in common, edges by
their corners. What a redraw touched is looked at after every one, the whole city when asked for.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.services.intake import objects
from tests.redraw_ground import Outline, shapes_of

CURRENT = [("status", "=", "current")]
HOLDING = (*COMPONENTS, "place", "camera", "case_record")
ENDED = ("closed", "void")


def stands_for(geoms):
    """One point for each thing: itself, the middle of a line, a point on an area."""
    return np.array([
        one if one.geom_type == "Point" else one.interpolate(0.5, normalized=True)
        if "Line" in one.geom_type else shapely.point_on_surface(one) for one in geoms.tolist()
    ], dtype=object)  # fmt: skip


def holders(points, cells):
    """The first cell (by code) that holds each point, found by a tree."""
    point, cell = shapely.STRtree(cells).query(points, predicate="intersects")
    found = np.full(len(points), len(cells))
    np.minimum.at(found, point, cell)
    assert (found < len(cells)).all()
    return found


class Things:
    """All rows of a table that lie in a grid: their places, and the grid that each is in."""

    def __init__(self, store, table):
        self.store, self.table = store, table
        where = [("grid_code", "not null", None), (GEOM, "not null", None)]
        rows = store.read(table, ["fid", GEOM, "grid_code", "community_code"], where, ["fid"])
        self.fid, self.points = rows["fid"], stands_for(rows[GEOM])
        self.tree = shapely.STRtree(self.points)
        self.code, self.home = rows["grid_code"], rows["community_code"]

    def follow(self, ground, grids):
        """Look at what lies on some ground; returns the rows that have moved."""
        rows = np.unique(self.tree.query(ground, predicate="intersects")[1])
        if not len(rows):
            return rows
        cell = holders(self.points[rows], grids[GEOM])
        where = [("fid", "in", self.fid[rows].tolist())]
        found = self.store.read(self.table, ["grid_code", "community_code"], where, ["fid"])
        code, home = found["grid_code"], found["community_code"]
        assert grids["code"][cell].tolist() == code.tolist(), self.table
        assert grids["community_code"][cell].tolist() == home.tolist(), self.table
        moved = rows[code != self.code[rows]]
        self.code[rows], self.home[rows] = code, home
        return moved

    def all_there(self, grids):
        """Every thing is in the grid that holds it, and where it was last seen."""
        cell = holders(self.points, grids[GEOM])
        where = [("grid_code", "not null", None), (GEOM, "not null", None)]
        found = self.store.read(self.table, ["fid", "grid_code", "community_code"], where, ["fid"])
        code, home = found["grid_code"], found["community_code"]
        assert (self.fid == found["fid"]).all(), self.table
        assert (grids["code"][cell] == code).all(), self.table
        assert (grids["community_code"][cell] == home).all(), self.table
        assert (self.code == code).all(), f"{self.table}: something moved that no redraw touched"
        assert (self.home == home).all(), self.table


class Oracle:
    """Follows a store from redraw to redraw."""

    def __init__(self, store):
        self.store = store
        self.grids = self._grids()
        self.whole = math.fsum(shapely.area(self.grids[GEOM]).tolist())
        self.outline = Outline(shapely.get_parts(self.grids[GEOM]))
        self.things = [Things(store, table) for table in HOLDING if store.count(table)]
        self.beats = store.count("beat") > 0
        self.lodgers = self._lodgers([("place_method", "=", "component")])
        self.events = store.connection.execute("SELECT coalesce(max(fid), 0) FROM case_event").fetchone()[0]
        self.all_holds()

    def _grids(self):
        return self.store.read("unit_grid", ["uuid", "code", "community_code", GEOM], CURRENT, ["code"])

    def _lodgers(self, where):
        """Cases that lie where their component does (fid → grid, grid of the component)."""
        rows = self.store.read("case_record", ["fid", "grid_code", "component_uuid"], where, ["fid"])
        wanted, home = [("uuid", "in", rows["component_uuid"].tolist())], {}
        for table in COMPONENTS:
            found = self.store.read(table, ["uuid", "grid_code"], wanted)
            home.update(zip(found["uuid"].tolist(), found["grid_code"].tolist()))
        return {fid: (code, home[uuid]) for fid, code, uuid in zip(*(column.tolist() for column in rows.values()))}

    def written(self, result, whole=False):
        """Look at what a redraw wrote, and at the whole city if asked to."""
        before, after = self.grids, self._grids()
        was, now = (rows_of(one) for one in (before, after))
        changed = {uuid for uuid in was.keys() | now.keys() if was.get(uuid) != now.get(uuid)}
        assert changed
        self.grids = after
        self.codes_are_good()
        lineage_is_complete(self.store, was.keys() - now.keys(), now.keys() - was.keys(), result["operation"])
        if self.beats:
            beats_are_whole(self.store, after)
        ground = [one[GEOM][[uuid in changed for uuid in one["uuid"].tolist()]] for one in (before, after)]
        assert shapely.union_all(ground[0]).symmetric_difference(shapely.union_all(ground[1])).area < 1e-5
        moved = {one.table: one.follow(np.concatenate(ground), after) for one in self.things}
        counts = result["counts"]
        assert counts["components_moved"] == sum(len(moved.get(table, ())) for table in COMPONENTS)
        self.cases_are_told(counts, moved.get("case_record"))
        if whole:
            self.all_holds()

    def cases_are_told(self, counts, moved):
        """The counts of cases are right, and each case that moved has an event that says so."""
        fids = [] if moved is None else self.things[-1].fid[moved].tolist()
        was, self.lodgers = self.lodgers, self._lodgers([("fid", "in", list(self.lodgers))])
        fids = sorted([*fids, *(fid for fid, (code, _) in self.lodgers.items() if code != was[fid][0])])
        assert all(code == home for code, home in self.lodgers.values())
        stages = self.store.read("case_record", ["stage"], [("fid", "in", fids)], ["fid"])["stage"].tolist()
        assert counts["cases_moved"] == len(fids)
        assert counts["open_cases_moved"] == sum(stage not in ENDED for stage in stages)
        events = self.store.read("case_event", ["fid", "case_fid", "action"], [("fid", ">", self.events)], ["fid"])
        assert sorted(events["case_fid"].tolist()) == fids
        assert set(events["action"].tolist()) <= {"amend"}
        self.events = max(events["fid"].tolist(), default=self.events)

    def codes_are_good(self):
        """Each code is there once, is of its community, and is the only one issued; the ground is as large as ever."""
        codes, homes = self.grids["code"].tolist(), self.grids["community_code"].tolist()
        assert len(set(codes)) == len(codes) and all(codes)
        assert all(code[:12] == home for code, home in zip(codes, homes))
        assert len(shapely.get_parts(self.grids[GEOM])) == len(codes)
        assert abs(math.fsum(shapely.area(self.grids[GEOM]).tolist()) - self.whole) <= 1e-6
        register = self.store.read("code_register", ["code", "status"], [("kind", "=", "unit_grid")])
        known, status = register["code"].tolist(), register["status"].tolist()
        assert len(set(known)) == len(known)
        assert {code for code, one in zip(known, status) if one == "issued"} == set(codes)

    def all_holds(self):
        """Look at every grid, component and case."""
        self.codes_are_good()
        singles = shapely.get_parts(self.grids[GEOM])
        assert shapely.is_valid(singles).all()
        assert shapely.coverage_is_valid(singles)
        self.outline.holds(singles)
        for one in self.things:
            one.all_there(self.grids)
        dangling = self.store.read("case_record", ["fid", "grid_code"], [("grid_code", "not null", None)])
        held = set(self.grids["code"].tolist())
        wrong = [fid for fid, code in zip(*(column.tolist() for column in dangling.values())) if code not in held]
        assert not wrong, f"{len(wrong)} cases in grids that are no more, the first of row {wrong[0]}"


def rows_of(grids):
    """All that is told of each grid, by uuid."""
    listed = zip(*(grids[name].tolist() for name in ("uuid", "code", "community_code")), shapely.to_wkb(grids[GEOM]))
    return {uuid: rest for uuid, *rest in listed}


def edit_holds(cov, edit, before, outline):
    """Look at the neighbourhood of an edit just done; ``before``: what its cells were, as stored."""
    old = objects(before.values())
    new = objects(cov.stored(name) for name in edit.after)
    assert shapely.is_valid(new).all() and (shapely.area(new) > 0).all()
    assert abs(math.fsum(shapely.area(old).tolist()) - math.fsum(shapely.area(new).tolist())) <= 1e-6
    Outline(shapely.get_parts(old)).holds(shapely.get_parts(new))
    around = objects(cov.stored(name) for name in sorted({*cov.near(new), *edit.after}))
    assert shapely.coverage_is_valid(shapely.get_parts(around))
    outline.joins(new, around)


def cells_hold(cov, whole, outline):
    """Look at all cells of a session."""
    now = shapely.get_parts(shapes_of(cov))
    assert shapely.is_valid(now).all() and shapely.coverage_is_valid(now)
    assert abs(math.fsum(shapely.area(now).tolist()) - whole) <= 1e-6
    outline.holds(now)


def beats_are_whole(store, grids):
    """Every grid is in one beat, and the beats' outlines are those of their grids."""
    valid = [("valid_to", "is null", None)]
    members = store.read("beat_member", ["beat_uuid", "grid_uuid"], valid)
    assert sorted(members["grid_uuid"].tolist()) == sorted(grids["uuid"].tolist())
    beats = store.read("beat", ["uuid", GEOM], valid)
    shape = dict(zip(grids["uuid"].tolist(), grids[GEOM].tolist()))
    own = defaultdict(list)
    for beat, grid in zip(*(column.tolist() for column in members.values())):
        own[beat].append(shape[grid])
    assert own.keys() == set(beats["uuid"].tolist())
    for uuid, outline in zip(beats["uuid"].tolist(), beats[GEOM].tolist()):
        assert shapely.area(outline) == pytest.approx(shapely.area(own[uuid]).sum(), abs=1e-3)


def lineage_is_complete(store, gone, came, operation):
    """Of each retired grid it is known where its ground went, of each new one where all of its ground was."""
    rows = store.read(
        "grid_lineage", ["parent_uuid", "child_uuid", "share", "old_geom"], [("operation_uuid", "=", operation)]
    )
    listed = list(zip(*(rows[name].tolist() for name in ("parent_uuid", "child_uuid", "share"))))
    touched = sorted({*gone, *came, *rows["parent_uuid"].tolist(), *rows["child_uuid"].tolist()})
    every = store.read("unit_grid", ["uuid", "valid_to", "retire_reason", GEOM], [("uuid", "in", touched)])
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
