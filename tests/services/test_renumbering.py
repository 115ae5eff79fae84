# SPDX-License-Identifier: GPL-2.0-or-later
"""Grids numbered anew: fresh codes in reading order, everything that names a grid follows, undo brings all back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digital_citymgmt_plugin.core.errors import CodeError, InputRefused
from digital_citymgmt_plugin.core.requests import ImportCases, Layer, UndoOperation
from digital_citymgmt_plugin.core.requests_history import GridLineage, RenumberGrids
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.grid_history import grid_lineage
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.linking import link_cases
from digital_citymgmt_plugin.services.renumbering import renumber_grids
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.services.cities import CRS, FIRST, SECOND, squares
from tests.support import lineage


@pytest.fixture
def mixed(census):
    """A hundred lids in grids whose numbers are out of order: the south-west one was split."""
    from digital_citymgmt_plugin.core.requests import LinkCases

    parts = squares(4, 2, 500.0)[1:] + squares(2, 1, 250.0) + squares(2, 1, 250.0, south=250.0)
    census.adopt(parts, policy="all_new")
    rows = [
        {"案件编号": f"n{n}", "x": str(360_100 + 400 * n), "y": "3520100", "上报时间": "2026-01-03 10:00"}
        for n in range(4)
    ]
    import_cases(census.context, ImportCases(Layer(census.table("cases.csv", rows), crs=CRS)))
    link_cases(census.context, LinkCases())
    grid = census.rows("unit_grid", "uuid", where=[("code", "=", FIRST + "005")])[0]["uuid"]
    with census.store.action("test") as action:
        action.insert("beat", {"uuid": objects(["b"]), "code": objects(["b"])})
        action.insert("beat_member", {"beat_uuid": objects(["b"]), "grid_uuid": objects([grid])})
    return census


def codes(town):
    return [row["code"][9:] for row in town.grids("code")]


def test_new_codes_come_in_reading_order_and_all_follow(mixed, tmp_path):
    parts = mixed.rows("component_point", "code", "grid_code")
    out = tmp_path / "crosswalk.csv"
    result = renumber_grids(mixed.context, RenumberGrids(reason="乱序", output=str(out)))
    counts = result["counts"]
    names = ("communities", "grids_renumbered", "unchanged", "beats_moved")
    assert [counts[name] for name in names] == [1, 7, 4, 1]
    assert codes(mixed) == [f"001{n:03d}" for n in range(9, 16)] + [f"002{n:03d}" for n in range(1, 5)]
    tops = [row["geom"].centroid for row in mixed.grids("code", "geom")][:7]
    assert [(round(p.x - 360_000), round(p.y - 3_520_000)) for p in tops] == [
        (250, 750), (750, 750), (125, 375), (375, 375), (750, 250), (125, 125), (375, 125)
    ]  # fmt: skip
    lines = next(iter(CityFiles().open_source(str(out)).chunks()))
    follow = dict(zip(lines["old_code"].tolist(), lines["new_code"].tolist()))
    assert len(follow) == 7 and sum(int(n) for n in lines["components"]) == counts["components_moved"] == 50
    for before, after in zip(parts, mixed.rows("component_point", "code", "grid_code")):
        assert after == {"code": before["code"], "grid_code": follow.get(before["grid_code"], before["grid_code"])}
    assert {row["grid_code"] for row in mixed.rows("case_record", "grid_code")} <= set(follow.values()) | {
        row["code"] for row in mixed.grids("code")
    }
    status = {row["code"]: row["status"] for row in mixed.rows("code_register", "code", "status")}
    assert all(status[old] == "retired" and status[new] == "issued" for old, new in follow.items())
    old = next(iter(follow))
    told = grid_lineage(mixed.context, GridLineage(old))
    assert [one["code"] for one in told["descendants"]] == [follow[old]] and told["became"][0]["share"] == 1.0
    members = mixed.rows("beat_member", "grid_uuid", "valid_to")
    now = {row["uuid"] for row in mixed.grids("uuid")}
    assert [row["grid_uuid"] in now for row in members] == [False, True] and members[0]["valid_to"]
    assert not mixed.store.verify()


def test_in_order_nothing_is_done_also_after_a_renumbering(mixed):
    renumber_grids(mixed.context, RenumberGrids())
    before = mixed.digest()
    again = renumber_grids(mixed.context, RenumberGrids())
    assert again["operation"] is None and again["counts"]["unchanged"] == 11 and mixed.digest() == before


def test_one_community_alone_and_a_preview_writes_no_file(mixed, tmp_path):
    assert renumber_grids(mixed.context, RenumberGrids([SECOND]))["operation"] is None
    out = tmp_path / "c.csv"
    context = replace(mixed.context, preview=True)
    assert renumber_grids(context, RenumberGrids([FIRST], output=str(out)))["files_wait"] and not out.exists()


def test_a_crosswalk_that_cannot_be_written_is_told_and_the_codes_stand(mixed, tmp_path):
    result = renumber_grids(mixed.context, RenumberGrids(output=str(tmp_path / "nowhere" / "c.csv")))
    assert [note["code"] for note in result["notes"]] == ["renumber.no_crosswalk", "output.no_folder"]
    assert result["operation"] and codes(mixed)[0] == "001009"


def test_undo_brings_back_codes_and_all_that_names_them(mixed):
    def state():
        tables = {
            "unit_grid": ("uuid", "code", "status", "valid_to", "retire_reason"),
            "check_issue": ("uuid", "object_uuid"),
            "component_point": ("uuid", "grid_code"),
            "case_record": ("uuid", "grid_code"),
            "beat_member": ("uuid", "grid_uuid", "valid_to"),
        }
        return {table: mixed.rows(table, *columns) for table, columns in tables.items()}, lineage(mixed.store)

    before = state()
    register = {row["code"] for row in mixed.rows("code_register", "code")}
    renumber_grids(mixed.context, RenumberGrids())
    assert state() != before
    undo_operation(mixed.context, UndoOperation("last"))
    assert state() == before and not mixed.store.verify()
    assert {row["code"] for row in mixed.rows("code_register", "code")} > register  # never given again
    renumber_grids(mixed.context, RenumberGrids())
    assert codes(mixed)[:7] == [f"001{n:03d}" for n in range(16, 23)]


def test_what_cannot_be_is_refused(mixed, city):
    with pytest.raises(InputRefused, match=r"renumber\.community"):
        renumber_grids(mixed.context, RenumberGrids(["320681009009"]))
    with mixed.store.action("test") as action:
        fids = mixed.store.read("code_register", ["fid"], [("scope", "=", FIRST)])["fid"][:1]
        action.update("code_register", fids, {"serial": objects([998])})
    before = mixed.digest()
    with pytest.raises(CodeError, match=r"codes\.exhausted"):
        renumber_grids(mixed.context, RenumberGrids())
    assert mixed.digest() == before
