# SPDX-License-Identifier: GPL-2.0-or-later
"""A new city is built whole or not at all; what is missing is made of what there is."""

from __future__ import annotations

import csv
import sys

import openpyxl
import pytest

from digital_citymgmt_plugin.bridge.building import CityPlan, Part, build, build_demo, plan_steps, sample_folder
from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.bridge.engine_pool import EnginePool
from digital_citymgmt_plugin.core import guesses
from digital_citymgmt_plugin.core.errors import Cancelled, CityError
from digital_citymgmt_plugin.core.requests import CheckComponents, CreateStore, Health, Layer, ListIssues
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.services.cities import CRS, FIRST, SECOND, squares


@pytest.fixture(scope="module")
def pool():
    engines = EnginePool(lambda: EngineClient(sys.executable))
    yield engines
    engines.shutdown()


@pytest.fixture
def grids(tmp_path):
    """A vendor's grids with codes, one of them twice."""
    path = str(tmp_path / "in" / "网格.gpkg")
    (tmp_path / "in").mkdir()
    codes = [f"{FIRST}001", f"{FIRST}002", f"{SECOND}001", f"{SECOND}001"]
    columns = {"code": objects(codes), "geom": objects(squares(4, 1, 200))}
    CityFiles().write_layer(path, "g", columns, CRS, "Polygon")
    return Part(guesses.GRIDS, Layer(path), "code", rows=4)


def plan(tmp_path, *parts, name="city"):
    store = CreateStore(str(tmp_path / "out" / f"{name}.gpkg"), "2013", "320681", "启东市", CRS)
    return CityPlan(store, parts)


def keys(*roles):
    parts = [Part(role, Layer("/x/y.gpkg"), "code" if role == guesses.GRIDS else "") for role in roles]
    return [step.key for step in plan_steps(CityPlan(CreateStore("a.gpkg", "2013", "320681", "x", CRS), tuple(parts)))]


@pytest.mark.parametrize(
    ("cases", "logs", "wanted"),
    [
        (["/x/cases_2023.csv", "/x/cases_2024.csv"], ["/x/log_2024.csv", "/x/log_2023.csv"], [1, 0]),
        (["/x/2023/cases.csv", "/x/2024/cases.csv"], ["/x/2024/log.csv", "/x/2023/log.csv"], [1, 0]),
        (["/x/案件2023.csv", "/x/案件2024.csv"], ["/x/流转2024.csv"], [None, 0]),
        (["/x/a.csv", "/x/b.csv"], ["/x/y.csv", "/x/z.csv"], [0, 1]),
        (["/x/a.csv", "/x/b.csv"], ["/x/y.csv"], [0, None]),
        (["/x/a.csv"], [], [None]),
        (["/x/a.csv"], ["/y/z.csv"], [0]),
    ],
)
def test_each_table_of_cases_gets_the_log_of_its_folder_and_of_a_like_name(cases, logs, wanted):
    tables = [Part(guesses.CASES, Layer(path)) for path in cases]
    moves = [Part(guesses.EVENTS, Layer(path)) for path in logs]
    made = plan_steps(CityPlan(CreateStore("a.gpkg", "2013", "320681", "x", CRS), (*moves, *tables)))
    found = [step.request.events for step in made if step.key == "cases"]
    assert found == [None if at is None else Layer(logs[at]) for at in wanted]


@pytest.mark.parametrize(
    ("roles", "steps"),
    [
        ((guesses.CASES,), ["create", "cases"]),
        ((guesses.COMMUNITIES,), ["create", "communities"]),
        ((guesses.GRIDS,), ["create", "areas_made", "grids"]),
        ((guesses.GRIDS, guesses.COMMUNITIES), ["create", "communities", "grids"]),
        ((guesses.COMPONENTS, guesses.STREETS), ["create", "streets", "components"]),
        (
            (guesses.CASES, guesses.COMPONENTS, guesses.GRIDS),
            ["create", "areas_made", "grids", "components", "codes", "cases", "links"],
        ),
    ],
)
def test_the_steps_follow_from_what_there_is(roles, steps):
    assert keys(*roles) == steps


def test_a_vendors_grids_alone_make_a_city_with_communities_and_a_reject_list(pool, tmp_path, grids):
    said = []
    built = build(pool, plan(tmp_path, grids), lambda *told: said.append(told), lambda: False)
    folder = tmp_path / "out"
    assert sorted(one.name for one in folder.iterdir()) == ["city.gpkg", "city_rejects"]
    assert [one.name for one in (folder / "city_rejects").iterdir()] == ["网格.xlsx"]
    counts = {step["key"]: step["counts"] for step in built.steps}
    assert (counts["areas_made"]["inserted"], counts["grids"]["accepted"], counts["grids"]["rejected"]) == (2, 3, 1)
    shares = [share for share, _, _ in said]
    assert shares == sorted(shares) and shares[-1] == 1.0
    with pool.lease(built.path) as lease:
        items = {item["key"]: item["count"] for item in lease.call(Health())["items"]}
    assert (items["communities"], items["grids"]) == (2, 3)


def test_files_of_one_name_have_reject_lists_of_their_own(pool, tmp_path):
    parts = []
    for folder, bad in (("井盖", "甲"), ("路灯", "乙"), ("树", "丙")):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "data.csv"
        path.write_text(f"小类代码,X坐标,Y坐标\n0101,500000,3530000\n{bad},500010,3530000\n", encoding="utf-8")
        parts.append(Part(guesses.COMPONENTS, Layer(str(path), crs=CRS), rows=2))
    built = build(pool, plan(tmp_path, *parts), lambda *_: None, lambda: False)
    lists = [step["rejects"] for step in built.steps if step["key"] == "components"]
    assert [path.rpartition("data")[2] for path in lists] == [".xlsx", "_2.xlsx", "_3.xlsx"]
    for path, bad in zip(lists, "甲乙丙"):
        rows = list(openpyxl.load_workbook(path).active.iter_rows(min_row=2, values_only=True))
        assert len(rows) == 1 and bad in rows[0]


def test_a_stop_at_any_step_leaves_nothing(pool, tmp_path, grids):
    for stop_at in (1, 2, 3):
        seen = []

        def told(share, message, values, seen=seen):
            seen.append(message)

        def wish(seen=seen, stop_at=stop_at):
            return sum(message.startswith("step:") for message in seen) >= stop_at

        with pytest.raises(Cancelled):
            build(pool, plan(tmp_path, grids), told, wish)
        assert list((tmp_path / "out").iterdir()) == []


def test_a_refusal_in_the_middle_leaves_nothing(pool, tmp_path, grids):
    broken = tmp_path / "in" / "案件.csv"
    broken.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(CityError) as refused:
        build(pool, plan(tmp_path, grids, Part(guesses.CASES, Layer(str(broken)))), lambda *_: None, lambda: False)
    assert "案件" in str(refused.value.values)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_there_is_never_overwritten(pool, tmp_path, grids):
    there = tmp_path / "out" / "city.gpkg"
    there.parent.mkdir()
    there.write_bytes(b"mine")
    with pytest.raises(CityError) as refused:
        build(pool, plan(tmp_path, grids), lambda *_: None, lambda: False)
    assert refused.value.code == "store.exists" and there.read_bytes() == b"mine"


def test_a_file_that_comes_up_while_building_is_left_alone(pool, tmp_path, grids):
    there = tmp_path / "out" / "city.gpkg"

    def told(share, message, values):
        if message == "step:grids":
            there.write_bytes(b"mine")

    with pytest.raises(CityError) as refused:
        build(pool, plan(tmp_path, grids), told, lambda: False)
    assert refused.value.code == "store.exists" and there.read_bytes() == b"mine"
    assert [one.name for one in there.parent.iterdir()] == ["city.gpkg"]


def test_a_folder_that_cannot_be_made_is_told(pool, tmp_path, grids):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(CityError) as refused:
        build(pool, plan(tmp_path, grids), lambda *_: None, lambda: False)
    assert refused.value.code == "file.not_written"


def test_the_demo_city_is_built_beside_one_that_is_there(pool, tmp_path):
    assert sample_folder() is not None
    (tmp_path / "demo_city.gpkg").write_bytes(b"mine")
    built = build_demo(pool, tmp_path, lambda *_: None, lambda: False)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["demo_city.gpkg", "demo_city_2.gpkg"]
    with pool.lease(built.path) as lease:
        items = {item["key"]: item["count"] for item in lease.call(Health())["items"]}
        lease.call(CheckComponents())
        issues = lease.call(ListIssues())["issues"]
    assert min(items[key] for key in ("streets", "communities", "grids", "components", "cases")) > 0
    assert (items["components_uncoded"], items["components_outside"]) == (0, 0)
    # Every issue has its reason in what the demo city was made with (docs/demo-city.md).
    with (sample_folder() / "truth" / "case_truth.csv").open(encoding="utf-8-sig", newline="") as file:
        truth = {row["case_no"]: row for row in csv.DictReader(file)}
    found = {rule: {one["code"] for one in issues if one["rule"] == rule} for rule in {one["rule"] for one in issues}}
    near = {"component.same_spot", "link_ambiguous"}  # things that happen to stand within 5 cm, or beside each other
    assert {one["rule"] for one in issues} <= {"case_coordinates", "stated_area_differs", *near}
    assert sum(one["rule"] in near for one in issues) < 10
    made = {name for name, row in truth.items() if row["coordinates"] in ("zero", "digit")}
    zero = {name for name in made if truth[name]["coordinates"] == "zero"}
    assert zero <= found["case_coordinates"] <= made
    assert found["stated_area_differs"] <= {name for name, row in truth.items() if row["stated_area"] != "right"}
    assert items["cases_unplaced"] * 20 < items["cases"]
