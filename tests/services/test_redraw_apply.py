# SPDX-License-Identifier: GPL-2.0-or-later
"""A redraw written: codes, lineage, register, what lies in the cells, and all of it taken back."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_redraw import ApplyRedraw
from digital_citymgmt_plugin.services.redraw.applying import apply_redraw
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.services.cities import box
from tests.services.test_redraw import Bench, at

LOGS = ("code_register", "grid_lineage", "operation", "component_change", "case_event")


def apply(bench, policy="largest_keeps", reason="test"):
    return apply_redraw(bench.city.context, ApplyRedraw(bench.id, policy, reason))


def state(store):
    """A digest of what must come back: active grids, grid codes of components and cases, beats."""
    mixed = hashlib.sha256()
    grids = store.read("unit_grid", ["uuid", "code", "community_code", GEOM], [("status", "=", "current")], ["code"])
    for row in zip(*(grids[name].tolist() for name in ("uuid", "code", "community_code")), shapely.to_wkb(grids[GEOM])):
        mixed.update(repr(row).encode())
    for table in (*COMPONENTS, "case_record", "place", "camera"):
        rows = store.read(table, ["uuid", "grid_code", "community_code"], [], ["uuid"])
        mixed.update(repr([column.tolist() for column in rows.values()]).encode())
    members = ["uuid", "beat_uuid", "grid_uuid", "valid_from", "valid_to"]
    mixed.update(repr(shapely.to_wkb(store.read("beat", [GEOM], [], ["uuid"])[GEOM]).tolist()).encode())
    for table, columns in (("beat", ["uuid", "code", "valid_from", "valid_to"]), ("beat_member", members)):
        rows = store.read(table, columns, [], ["uuid"])
        mixed.update(repr([column.tolist() for column in rows.values()]).encode())
    return mixed.hexdigest()


def sizes(store):
    return {table: store.count(table) for table in LOGS}


def check(store, whole):
    """What must hold after every redraw."""
    grids = store.read("unit_grid", ["uuid", "code", "community_code", GEOM], [("status", "=", "current")], ["code"])
    codes = grids["code"].tolist()
    assert len(set(codes)) == len(codes)
    assert all(code.startswith(home) for code, home in zip(codes, grids["community_code"].tolist()))
    assert shapely.coverage_is_valid(np.array([shapely.get_parts(one)[0] for one in grids[GEOM]], dtype=object))
    assert shapely.area(grids[GEOM]).sum() == pytest.approx(whole, abs=1e-6)
    register = store.read("code_register", ["code", "status"], [("kind", "=", "unit_grid")])
    status = dict(zip(register["code"].tolist(), register["status"].tolist()))
    assert {code for code, one in status.items() if one == "issued"} == set(codes)
    for table in (*COMPONENTS, "case_record"):
        rows = store.read(table, ["grid_code", GEOM], [(GEOM, "not null", None)])
        cell = locate_points(rows[GEOM], grids[GEOM])
        assert [codes[one] for one in cell.tolist()] == rows["grid_code"].tolist()
    every = store.read("unit_grid", ["uuid", "status", "valid_to", "retire_reason"])
    rows = store.read("grid_lineage", ["parent_uuid", "child_uuid", "share"])
    share = {}
    for parent, part in zip(rows["parent_uuid"].tolist(), rows["share"].tolist()):
        share[parent] = share.get(parent, 0.0) + part
    for uuid, one, day, reason in zip(*(column.tolist() for column in every.values())):
        if one == "retired":
            assert day and reason
            assert share[uuid] == pytest.approx(1.0, abs=1e-4)


@pytest.fixture
def bench(census):
    return Bench(census, target_area=250_000.0)


def test_a_split_keeps_the_code_of_the_largest_part(census, bench):
    before, logs = census.grids("code", "uuid"), sizes(census.store)
    start = state(census.store)
    told = bench.edit("split", at((200, -10), (200, 510)))
    gone = next(cell for cell in told["cells"] if cell["state"] == "gone")
    done = apply(bench)
    after = census.grids("code", "uuid", "area_m2")
    check(census.store, 2_000_000.0)
    assert (done["counts"]["cells_new"], done["counts"]["retired"]) == (1, 0)
    assert done["counts"]["cells_changed"] >= 1
    kept = next(row for row in after if row["code"] == gone["code"])
    assert kept["area_m2"] == 150_000.0
    new = next(row for row in after if row["uuid"] not in {one["uuid"] for one in before})
    assert int(new["code"][-3:]) == 5  # four were there in the community
    assert new["code"] in {one["code"] for one in done["renamed"].values()}
    there = census.store.count("component_point", [("grid_code", "=", new["code"])])
    assert done["counts"]["components_moved"] == there
    undo_operation(census.context, UndoOperation(done["operation"]))
    assert state(census.store) == start
    assert all(census.store.count(table) >= size for table, size in logs.items())
    assert census.store.count("code_register", [("code", "=", new["code"])]) == 1


def test_all_new_gives_new_codes_but_not_for_a_corner(census, bench):
    told = bench.edit("split", at((200, -10), (200, 510)))
    gone = next(cell for cell in told["cells"] if cell["state"] == "gone")
    done = apply(bench, "all_new", "旧区改造")
    check(census.store, 2_000_000.0)
    assert (done["counts"]["cells_new"], done["counts"]["retired"]) == (2, 1)
    retired = census.rows("unit_grid", "code", "retire_reason", "valid_to", where=[("status", "=", "retired")])
    assert [(row["code"], row["retire_reason"]) for row in retired] == [(gone["code"], "旧区改造")]
    for row in census.rows("component_point", "grid_code"):
        assert row["grid_code"] != gone["code"]


def test_a_preview_writes_nothing_and_the_session_goes_on(census, bench):
    bench.edit("split", at((200, -10), (200, 510)))
    before = census.digest()
    census.store.preview = "drop"
    seen = apply(bench)
    census.store.preview = ""
    assert census.digest() == before
    second = bench.edit("split", at((700, -10), (700, 510)))
    assert second["steps"] == 2
    done = apply(bench)
    assert seen["counts"]["cells_new"] == 1
    assert done["counts"]["cells_new"] == 2
    check(census.store, 2_000_000.0)


def test_what_a_preview_held_is_known_once_it_was_confirmed(census, bench):
    told = bench.edit("split", at((200, -10), (200, 510)))
    census.store.preview = "hold"
    done = apply(bench)
    census.store.preview = ""
    census.store.settle(keep=True)
    bench.steps = 0
    part = next(cell["id"] for cell in told["cells"] if cell["state"] == "new")
    assert bench.probe("merge", cells=[part])["error"]["code"] == "redraw.merge_one"
    uuids = [one["uuid"] for cell, one in done["renamed"].items() if "/" in cell]
    assert bench.edit("merge", cells=uuids)["steps"] == 1
    apply(bench)
    check(census.store, 2_000_000.0)


def test_edits_that_end_where_they_began_write_nothing(census, bench):
    before = census.digest()
    bench.edit("split", at((200, -10), (200, 510)))
    bench.step()
    done = apply(bench)
    assert (done["operation"], set(done["counts"].values())) == (None, {0})
    assert census.digest() == before


def test_somebody_elses_change_is_told_and_nothing_is_written(census, bench):
    bench.edit("split", at((200, -10), (200, 510)))
    census.adopt([box(0, 0, 500, 500), box(500, 0, 900, 500), box(900, 0, 1000, 500)])
    before = census.digest()
    with pytest.raises(InputRefused) as caught:
        apply(bench)
    assert caught.value.code == "redraw.changed"
    assert caught.value.values["kind"] == "adopt_grids"
    assert caught.value.values["done_by"] == "tester"
    assert caught.value.values["count"] >= 2
    assert census.digest() == before


def test_a_change_that_is_none_of_grids_is_no_hindrance(census, bench):
    bench.edit("split", at((200, -10), (200, 510)))
    fids = census.store.read("component_point", ["fid"], [], ["fid"])["fid"][:3]
    with census.store.action("test") as action:
        action.update("component_point", fids, {"remark": np.array(["x"] * 3, dtype=object)})
    assert apply(bench)["operation"]


def test_a_component_without_a_grid_stays_without(census, bench):
    fids = census.store.read("component_point", ["fid"], [], ["fid"])["fid"][:3]
    with census.store.action("test") as action:
        action.update("component_point", fids, {"grid_code": np.array([None] * 3, dtype=object)})
    bench.edit("split", at((200, -10), (200, 510)))
    apply(bench)
    assert [row["grid_code"] for row in census.rows("component_point", "grid_code")[:3]] == [None] * 3


def test_a_case_that_is_where_its_component_is_goes_with_it(census, bench):
    store, far = census.store, ("grid_code", "community_code", "street_code", "place_method")
    lids = store.read("component_point", ["uuid", "grid_code", "community_code"], [], ["fid"])
    size = len(lids["uuid"])
    rows = {"component_uuid": lids["uuid"], "grid_code": lids["grid_code"], "community_code": lids["community_code"]}
    told = {"case_no": [f"L{n}" for n in range(size)], "stage": ["disposal", "closed"] * (size // 2)}
    with store.action("test") as action:
        rows.update({name: np.array(value, dtype=object) for name, value in told.items()})
        rows.update({name: np.array([one] * size, dtype=object) for name, one in (
            ("place_method", "component"), ("reported_at", "2026-01-01T00:00:00.000Z"))})  # fmt: skip
        action.insert("case_record", rows)
    before, start = census.rows("case_record", *far), state(store)
    bench.edit("split", at((200, -10), (200, 510)))
    done = apply(bench, "all_new")
    counts = done["counts"]
    assert counts["cases_moved"] == counts["components_moved"] > counts["open_cases_moved"] > 0
    home = {row["uuid"]: row["grid_code"] for row in census.rows("component_point", "uuid", "grid_code")}
    for row in census.rows("case_record", "component_uuid", *far):
        assert row["grid_code"] == home[row["component_uuid"]]
        assert row["community_code"] == row["grid_code"][:12]
        assert row["place_method"] == "component"
    assert store.count("case_event", [("action", "=", "amend")]) == counts["cases_moved"]
    undo_operation(census.context, UndoOperation(done["operation"]))
    assert (census.rows("case_record", *far), state(store)) == (before, start)


def test_an_unknown_policy_is_refused(bench):
    with pytest.raises(InputRefused, match=r"input\.policy"):
        apply(bench, "smallest_keeps")


def test_what_lies_in_the_cells_is_read_anew_only_where_it_may_have_changed(census, bench, monkeypatch):
    read = []
    whole = type(census.store).packed
    monkeypatch.setattr(type(census.store), "packed", lambda *a, **k: read.append(a[1]) or whole(*a, **k))
    bench.edit("split", at((200, -10), (200, 510)))
    done = apply(bench)
    again = Bench(census, target_area=250_000.0)
    assert "component_point" not in read
    assert sum(again.opened["cells"]["components"]) == 100
    undo_operation(census.context, UndoOperation(done["operation"]))
    Bench(census, target_area=250_000.0)
    assert "component_point" in read
