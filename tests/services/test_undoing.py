# SPDX-License-Identifier: GPL-2.0-or-later
"""Taking actions back: tables equal by digest to before, codes never used again, later work never lost unasked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import zlib
from dataclasses import replace

import openpyxl
import pytest

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused, StoreError
from digital_citymgmt_plugin.core.requests import (
    ExportProfile,
    ImportCases,
    ImportProfile,
    Layer,
    LinkCases,
    ListOperations,
    UndoOperation,
)
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.linking import link_cases
from digital_citymgmt_plugin.services.profile import export_profile, import_profile
from digital_citymgmt_plugin.services.undoing import list_operations, undo_operation
from digital_citymgmt_plugin.storage import undo_plan
from digital_citymgmt_plugin.storage.blob import register_functions
from tests.services.cities import FIRST, LID, X0, Y0, point, squares
from tests.support import Watcher, lineage

LOGS = {"operation", "code_register", "component_change", "undo_journal", "grid_lineage"}
MAPPING = json.dumps({"fields": {"class_code": "cls", "source_id": "n", "name": "name"}})


def digests(town):
    """Digest of every row by table, of the lineage that holds, of the R-trees and extents; what only grows aside."""
    connection = town.store.connection
    found = {}
    names = [row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents ORDER BY 1")]
    for name in names:
        if name not in LOGS:
            rows = connection.execute(f'SELECT * FROM "{name}" ORDER BY fid').fetchall()
            found[name] = (len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
    for name in [row[0] for row in connection.execute("SELECT table_name FROM gpkg_geometry_columns")]:
        found["rtree " + name] = connection.execute(f'SELECT * FROM "rtree_{name}_geom" ORDER BY id').fetchall()
    extents = "SELECT table_name, min_x, min_y, max_x, max_y FROM gpkg_contents ORDER BY 1"
    found["lineage"] = lineage(town.store)
    found["extents"] = connection.execute(extents).fetchall()
    return found


def schema(town):
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
    return town.store.connection.execute(query).fetchall()


def register(town):
    return {row["code"]: row["status"] for row in town.rows("code_register", "code", "status")}


def undo(town, operation="last", dependents="refuse", preview=False):
    context = replace(town.context, preview=preview)
    town.store.preview = "drop" if preview else ""
    try:
        return undo_operation(context, UndoOperation(operation, dependents))
    finally:
        town.store.preview = ""


def whole(town):
    assert [finding for finding in town.store.verify() if finding] == []


def components(town, count=3, file="c.gpkg", name="a"):
    shapes = [point(100 + 150 * n, 100) for n in range(count)]
    path = town.layer(file, shapes, "Point", cls=[LID] * count, n=list(range(count)), name=[name] * count)
    return town.census(path, MAPPING)["operation"]


def cases(town, rows):
    lines = [
        {"案件编号": f"A{n}", "案件类型": "部件", "小类编码": LID, "上报时间": "2026-01-02 08:00:00", "X坐标": X0 + x,
         "Y坐标": Y0 + 100, "问题描述": text}
        for n, (x, text) in enumerate(rows)
    ]  # fmt: skip
    path = town.table("cases.csv", lines)
    return import_cases(town.context, ImportCases(Layer(path, crs="EPSG:4550")))["operation"]


def link(town):
    return link_cases(town.context, LinkCases(tolerance=30.0))["operation"]


def in_qgis(town, sql, *values):
    """Write as plain QGIS does: from another connection, outside any action."""
    with contextlib.closing(sqlite3.connect(town.store.path, timeout=20)) as connection:
        register_functions(connection)
        connection.execute(sql, values)
        connection.commit()


STEPS = {
    "areas": lambda town: town.communities() and town.rows("operation", "uuid")[-1]["uuid"],
    "grids": lambda town: town.adopt(squares(4, 2, 500))["operation"],
    "components": components,
    "again": lambda town: components(town, 4, name="b"),
    "codes": lambda town: town.code()["operation"],
    "cases": lambda town: cases(town, [(101, "x"), (252, "y"), (900, "z")]),
    "cases again": lambda town: cases(town, [(101, "x"), (252, "new"), (1500, "z"), (1700, "w")]),
    "links": link,
    "new grids": lambda town: town.adopt(squares(8, 2, 250), file="new.gpkg")["operation"],
}


def test_every_action_taken_back_leaves_the_tables_as_before(city):
    before, done = [], []
    for name, step in STEPS.items():
        before.append((name, digests(city), register(city)))
        uuid = step(city)
        assert uuid, name
        done.append(uuid)
        assert digests(city) != before[-1][1], name
    made, steps = schema(city), city.rows("grid_lineage", "fid", "operation_uuid", "parent_uuid", "child_uuid")
    for uuid, (name, tables, codes) in zip(reversed(done), reversed(before)):
        counts = undo(city, uuid)["counts"]
        assert digests(city) == tables, name
        assert codes.keys() <= register(city).keys(), name
        assert counts["operations_undone"] == 1 and counts["edits_lost"] == 0, name
        whole(city)
    assert schema(city) == made
    # The steps stay, each with its way back in a row of the undo.
    grown = city.rows("grid_lineage", "fid", "operation_uuid", "parent_uuid", "child_uuid", "share")
    assert [{**row, "share": 0} for row in grown[: len(steps)]] == [{**row, "share": 0} for row in steps]
    assert [(row["child_uuid"], row["parent_uuid"], row["share"]) for row in grown[len(steps) :]] == [
        (row["parent_uuid"], row["child_uuid"], None) for row in steps
    ]
    undone = {row["uuid"]: row["undone_by"] for row in city.rows("operation", "uuid", "undone_by")}
    assert {row["operation_uuid"] for row in grown[len(steps) :]} == {undone[row["operation_uuid"]] for row in steps}
    assert set(register(city).values()) == {"retired"}
    kinds = [row["kind"] for row in city.rows("operation", "kind")]
    assert kinds.count("undo_operation") == len(STEPS)


def test_an_undo_can_be_undone(city):
    for step in STEPS.values():
        step(city)
    after, codes, back = digests(city), register(city), []
    for _ in STEPS:
        standing = [("undone_by", "is null", None), ("kind", "not in", ["undo_operation", "create_store"])]
        newest = city.rows("operation", "uuid", where=standing)[-1]
        back.append(undo(city, newest["uuid"])["operation"])
    size = len(city.rows("grid_lineage", "fid"))
    for uuid in reversed(back):
        undo(city, uuid)
        whole(city)
    assert digests(city) == after  # no step doubled
    assert len(city.rows("grid_lineage", "fid")) == size // 2 * 3
    assert register(city) == codes


def test_codes_are_never_given_out_again(town):
    town.adopt(squares(4, 1, 500))
    components(town)
    town.code()
    first = {row["code"] for row in town.rows("component_point", "code")}
    undo(town)
    assert {row["code"] for row in town.rows("component_point", "code")} == {None}
    town.code()
    second = {row["code"] for row in town.rows("component_point", "code")}
    assert not first & second and min(second) > max(first)
    assert {register(town)[code] for code in first} == {"retired"}


def test_what_later_work_built_on_is_refused_and_named(town):
    town.adopt(squares(4, 1, 500))
    census = components(town)
    town.code()
    cases(town, [(101, "x")])
    linked = link(town)
    before = digests(town)
    with pytest.raises(InputRefused) as refused:
        undo(town, census)
    assert refused.value.code == "undo.dependents" and refused.value.values["count"] == 2
    assert "assign_codes" in refused.value.values["named"] and "link_cases" in refused.value.values["named"]
    assert digests(town) == before
    result = undo(town, census, "undo")
    assert [step["kind"] for step in result["steps"]] == ["link_cases", "assign_codes", "import_components"]
    assert town.store.count("component_point") == 0 and town.store.count("case_record") == 1
    whole(town)
    with pytest.raises(InputRefused) as refused:
        undo(town, linked)
    assert refused.value.code == "undo.already"


def test_independent_work_stays(town):
    first = components(town)
    components(town, 2, file="other.gpkg")
    kept = town.rows("component_point", "fid", "name", where=[("fid", ">", 3)])
    undo(town, first)
    assert town.rows("component_point", "fid", "name") == kept


def test_an_edit_in_qgis_is_not_lost_unasked(town):
    census = components(town)
    in_qgis(town, "UPDATE component_point SET name = 'by hand' WHERE fid = 2")
    with pytest.raises(InputRefused) as refused:
        undo(town, census)
    assert (refused.value.code, refused.value.values["fid"]) == ("undo.edited", 2)
    assert town.store.count("component_point") == 3
    counts = undo(town, census, "undo")["counts"]
    assert counts["edits_lost"] == 1 and town.store.count("component_point") == 0
    back = undo(town)  # the journal kept the edit
    assert back["counts"]["returned"] == 3
    assert [row["name"] for row in town.rows("component_point", "name")] == ["a", "by hand", "a"]


def test_a_row_deleted_in_qgis_is_gone_already(town):
    census = components(town)
    in_qgis(town, "DELETE FROM component_point WHERE fid = 2")
    assert undo(town, census)["counts"]["removed"] == 2


def test_rows_made_by_hand_that_name_a_grid_keep_it(town):
    grids = town.adopt(squares(4, 1, 500))["operation"]
    components(town)
    code = town.grids("code")[0]["code"]
    in_qgis(town, "UPDATE component_point SET grid_code = ? WHERE fid = 1", code)
    for dependents in ("refuse", "undo"):
        with pytest.raises(InputRefused) as refused:
            undo(town, grids, dependents)
        assert (refused.value.code, refused.value.values["table"]) == ("undo.named", "component_point")


def test_a_preview_writes_nothing_and_tells_what_would_be_done(town):
    town.adopt(squares(4, 1, 500))
    census = components(town)
    town.code()
    before, rows = digests(town), town.store.count("operation")
    seen = undo(town, census, preview=True)
    assert [item["code"] for item in seen["blocked"]] == ["undo.dependents"]
    assert seen["by_table"]["component_point"] == [3, 3, 0]
    assert (digests(town), town.store.count("operation")) == (before, rows)
    done = undo(town, census, "undo")
    assert done["by_table"] == seen["by_table"] and done["counts"] == seen["counts"]


def test_cancelled_it_leaves_everything(town):
    components(town)
    before = digests(town)
    town.watcher = Watcher(cancel_at=2)
    with pytest.raises(Cancelled):
        undo(town)
    assert digests(town) == before


def test_what_cannot_be_taken_back_is_refused(town):
    first = town.rows("operation", "uuid", "kind")[0]
    assert first["kind"] == "create_store"
    for asked, code in ((first["uuid"], "undo.not_this_kind"), ("no such thing", "undo.unknown")):
        with pytest.raises(InputRefused) as refused:
            undo(town, asked)
        assert refused.value.code == code


def test_what_returns_must_find_its_place_free(town):
    census = components(town)
    undo(town, census)
    back = town.rows("operation", "uuid")[-1]["uuid"]
    components(town)  # the same file once more
    with pytest.raises(InputRefused) as refused:
        undo(town, back)
    assert refused.value.code == "undo.dependents"


def test_the_log_is_listed(town):
    components(town)
    undo(town)
    listed = list_operations(town.context, ListOperations())["operations"]
    assert [item["kind"] for item in listed[:2]] == ["undo_operation", "import_components"]
    assert listed[1]["undone_by"] == listed[0]["uuid"] and not listed[1]["undoable"]
    assert listed[1]["counts"]["inserted"] == 3 and listed[0]["undoable"]
    for limit in (0, 1, 2, len(listed), len(listed) + 5):
        assert list_operations(town.context, ListOperations(limit))["operations"] == listed[:limit]
    assert FIRST


def test_what_returns_with_a_later_action_is_looked_at_again(town):
    first = town.adopt(squares(4, 1, 500))["operation"]
    components(town)
    coded = town.code()["operation"]
    town.adopt(squares(8, 1, 250), file="new.gpkg", policy="all_new")  # all components move to new grids
    steps = undo(town, first, "undo")["steps"]
    assert [step["kind"] for step in steps] == ["adopt_grids", "assign_codes", "adopt_grids"]
    assert steps[1]["uuid"] == coded
    assert {row["grid_code"] for row in town.rows("component_point", "grid_code")} == {None}
    whole(town)


def test_codes_that_a_file_brought_come_back_with_the_mended_file_only(town):
    mapping = json.dumps({"fields": {"class_code": "cls", "code": "bm", "name": "name"}})
    codes = ["3206810101000044", "3206810101000045"]

    def census(name):
        path = town.layer("own.gpkg", [point(10, 10), point(60, 10)], "Point", cls=[LID] * 2, bm=codes, name=name)
        return town.census(path, mapping)

    census(["wrong", "wrong"])
    undo(town)
    assert set(register(town).values()) == {"retired"}
    again = census(["right", "right"])
    assert again["counts"]["rejected"] == 0 and register(town) == dict.fromkeys(codes, "issued")
    whole(town)
    undo(town, again["operation"])
    assert register(town) == dict.fromkeys(codes, "retired") and town.store.count("component_point") == 0
    components(town)  # numbering goes on after them
    town.code()
    assert min(row["code"] for row in town.rows("component_point", "code")) > max(codes)
    undo(town)
    path = town.layer("own.gpkg", [point(10, 10)], "Point", cls=[LID], bm=["3206810101000046"], name=["given by us"])
    assert town.census(path, mapping)["reasons"] == {"reject.code_retired": 1}


def test_a_vendors_grids_come_back_with_their_codes(town):
    codes = [f"{FIRST}{n:03d}" for n in (1, 2)]
    shapes = squares(2, 1, 500)
    assert town.adopt(shapes, code_field="code", code=codes)["operation"]
    undo(town)
    counts = town.adopt(shapes, code_field="code", code=codes)["counts"]
    assert (counts["inserted"], counts["rejected"]) == (2, 0) and register(town) == dict.fromkeys(codes, "issued")
    whole(town)


def test_a_profile_taken_back_is_the_one_before_unless_someone_edited_it_since(city):
    path = str(city.folder / "profile.xlsx")
    export_profile(city.context, ExportProfile(path))
    book = openpyxl.load_workbook(path)
    sheet = next(sheet for sheet in book.worksheets if sheet.title.startswith("departments"))
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    at = next(number for number, row in enumerate(rows, 1) if row[0] == city.rows("department", "code")[0]["code"])
    sheet.cell(at, 2).value = "another name"
    sheet.append(["X99", "a new one", None, "other"])
    book.save(path)
    before = digests(city)
    import_profile(city.context, ImportProfile(path))
    first = city.rows("department", "code", "name")[0]
    assert first["name"] == "another name"
    in_qgis(city, "UPDATE department SET name = 'by hand' WHERE code = ?", first["code"])
    with pytest.raises(InputRefused) as refused:
        undo(city)
    assert (refused.value.code, refused.value.values["table"]) == ("undo.edited", "department")
    in_qgis(city, "UPDATE department SET name = ? WHERE code = ?", first["name"], first["code"])
    counts = undo(city)["counts"]
    assert (counts["removed"], counts["restored"]) == (1, 1) and digests(city) == before


@pytest.mark.parametrize("sql", ["UPDATE undo_journal SET size = 0", "DELETE FROM undo_journal"])
def test_nobody_else_writes_the_journal(town, sql):
    components(town)
    with pytest.raises(sqlite3.Error, match="append-only"):
        in_qgis(town, sql)
    assert undo(town)["counts"]["removed"] == 3


def test_what_builds_on_an_action_is_the_same_however_few_rows_are_looked_at_at_once(city, monkeypatch):
    done = [step(city) for step in STEPS.values()]

    def plans():
        return [repr(city.store.plan_undo(city.store.logged(uuid))) for uuid in done]

    at_once = plans()
    monkeypatch.setattr(undo_plan, "_SOME", 0)  # all tables gone through, none asked by index
    assert plans() == at_once
    monkeypatch.setattr(undo_plan, "_PART", 2)
    assert plans() == at_once
    assert any("case_event" in plan for plan in at_once)


@pytest.mark.parametrize("old", [b"", b"no zlib", zlib.compress(b"{"), zlib.compress(b"[]"), zlib.compress(b"{}"),
                                 zlib.compress(b"[" * 200_000), "text"])  # fmt: skip
def test_a_journal_that_cannot_be_read_is_told_and_nothing_is_taken_back(town, old):
    components(town)
    components(town, 4, name="b")
    connection = town.store.connection
    (trigger,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'dcm_undo_journal_update'").fetchone()
    connection.execute("DROP TRIGGER dcm_undo_journal_update")
    assert connection.execute("UPDATE undo_journal SET old = ? WHERE old IS NOT NULL", (old,)).rowcount
    connection.execute(trigger)
    before = digests(town)
    with pytest.raises(StoreError) as error:
        undo(town)
    assert error.value.code == "undo.damaged"
    assert digests(town) == before
