# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo city: the same for the same seed, of the promised size, a town and no toy, its cases consistent."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from scripts.demo_city.__main__ import main
from scripts.demo_city.city import build_city, cut
from scripts.demo_city.config import SCALES
from scripts.demo_city.write import write_city

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data"
STEPS = {"上报时间": "上报", "受理时间": "受理", "立案时间": "立案", "派遣时间": "派遣", "处置时间": "处置",
         "反馈时间": "反馈", "核查时间": "核查", "结案时间": "结案"}  # fmt: skip


@pytest.fixture(scope="module")
def built():
    return build_city(SCALES["small"], 2014)


@pytest.fixture(scope="module")
def city(built, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("演示 城市")
    write_city(built, folder)
    return folder


def shapes(path: Path, layer: str | None = None):
    meta, _, geometry, columns = pyogrio.raw.read(
        str(path), layer=layer, encoding="GBK" if path.suffix == ".shp" else None
    )
    return shapely.from_wkb(geometry), dict(zip(meta["fields"], columns))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def census(folder: Path):
    parts = [shapes(folder / "components" / f"components_{name}") for name in ("point.shp", "line.gpkg", "area.gpkg")]
    names = parts[0][1]
    return np.concatenate([p[0] for p in parts]), {n: np.concatenate([p[1][n] for p in parts]) for n in names}


def common_area(these, those) -> float:
    one, other = shapely.STRtree(these).query(those, predicate="intersects")
    return float(shapely.area(shapely.intersection(those[one], these[other])).max(initial=0.0))


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # local time without a zone


def test_the_same_seed_gives_the_same_bytes(city, tmp_path):
    assert main(["--out", str(tmp_path / "again"), "--seed", "2014", "--scale", "small"]) == 0
    assert digests(tmp_path / "again") == digests(city)


def test_sizes_are_those_promised(city):
    geometry, columns = census(city)
    assert len(geometry) == 10_000
    assert len(set(columns["SRC_ID"])) == 10_000
    assert len(set(columns["CLASS"])) >= 60
    assert {shapely.get_dimensions(g) for g in geometry} == {0, 1, 2}
    cases = table(city / "cases.csv")
    assert len({case["案件编号"] for case in cases}) == len(cases) == 3_000
    assert 0.2 < sum(case["问题类型"] == "部件" for case in cases) / 3_000 < 0.3
    area = shapely.area(shapes(city / "areas.gpkg", "streets")[0]).sum()
    assert 4.5e6 < area < 5.5e6


def test_classes_and_names_are_those_of_the_2013_table(city):
    path = ROOT / "digital_citymgmt_plugin" / "resources" / "profiles" / "classes_2013.csv"
    with path.open(encoding="utf-8-sig") as handle:
        known = {(row["kind"], row["code"]): row["name"] for row in csv.DictReader(handle)}
    _, columns = census(city)
    assert all(known["component", code] == name for code, name in set(zip(columns["CLASS"], columns["NAME"])))
    kinds = {"部件": "component", "事件": "event"}
    told = {(kinds[case["问题类型"]], case["小类代码"], case["小类名称"]) for case in table(city / "cases.csv")}
    assert all(known[kind, code] == name for kind, code, name in told)


def test_the_shapefile_is_in_gbk_and_does_not_say_so(city):
    folder = city / "components"
    assert not (folder / "components_point.cpg").exists()
    assert "雨水井盖".encode("gbk") in (folder / "components_point.dbf").read_bytes()


def test_communities_have_official_codes_and_tile_their_streets(city):
    communities, columns = shapes(city / "areas.gpkg", "communities")
    streets, names = shapes(city / "areas.gpkg", "streets")
    assert len(streets) == 2
    assert 8 <= len(communities) <= 10
    assert all(code.startswith("320681") and len(code) == 12 for code in columns["code"])
    assert set(columns["street_code"]) == set(names["code"])
    assert all(code.startswith(street) for code, street in zip(columns["code"], columns["street_code"]))
    assert shapely.area(shapely.union_all(communities)) == pytest.approx(shapely.area(communities).sum(), abs=1.0)
    for street, code in zip(streets, names["code"]):
        own = shapely.union_all(communities[columns["street_code"] == code])
        assert shapely.area(shapely.symmetric_difference(own, street)) < 1.0


def test_no_building_stands_on_a_road_in_water_or_on_another(city):
    base = city / "base_map.gpkg"
    buildings, _ = shapes(base, "buildings")
    assert len(buildings) > 2_000
    assert shapely.is_valid(buildings).all()
    roads, columns = shapes(base, "roads")
    assert common_area(buildings, shapes(base, "road_areas")[0]) < 0.5
    assert common_area(buildings, shapely.buffer(roads, columns["width"] / 2.0, cap_style="flat")) < 0.5
    assert common_area(buildings, shapes(base, "river_areas")[0]) < 0.5
    one, other = shapely.STRtree(buildings).query(buildings, predicate="intersects")
    apart = one != other
    assert shapely.area(shapely.intersection(buildings[one[apart]], buildings[other[apart]])).max(initial=0.0) < 0.5


def test_no_street_is_straight_for_over_800_metres(city):
    roads, _ = shapes(city / "base_map.gpkg", "roads")
    # What is left of a street after a generalisation by 5 m are its straight runs.
    runs = [np.hypot(*np.diff(shapely.get_coordinates(road), axis=0).T).max() for road in shapely.simplify(roads, 5.0)]
    assert max(runs) < 800.0
    assert shapely.length(roads).max() > 1_500.0


def test_streets_run_at_many_angles(city):
    roads, columns = shapes(city / "base_map.gpkg", "roads")
    way = [np.diff(shapely.get_coordinates(road), axis=0) for road in roads[columns["rank"] <= 4]]
    step = np.concatenate(way)
    angle = np.degrees(np.arctan2(step[:, 1], step[:, 0])) % 90.0
    share, _ = np.histogram(angle, bins=18, range=(0.0, 90.0), weights=np.hypot(*step.T))
    assert (share / share.sum()).max() < 0.25


def test_components_lie_in_communities_and_where_their_class_belongs(city):
    geometry, columns = census(city)
    communities, _ = shapes(city / "areas.gpkg", "communities")
    assert shapely.covers(shapely.buffer(shapely.union_all(communities), 0.01), geometry).all()
    roads = shapely.union_all(shapes(city / "base_map.gpkg", "road_areas")[0])
    shapely.prepare(roads)
    on_road = shapely.intersects(roads, geometry)
    assert on_road[columns["CLASS"] == "0103"].mean() > 0.95  # rain-water covers lie in the carriageway
    assert not on_road[columns["CLASS"] == "0402"].any()  # street trees beside it
    buildings = shapely.STRtree(shapes(city / "base_map.gpkg", "buildings")[0])
    point = shapely.get_type_id(geometry) == 0
    assert len(buildings.query(geometry[point], predicate="intersects")[0]) == 0


def test_old_codes_are_those_of_the_county_and_the_class(city):
    rows = table(city / "components" / "components_old.csv")
    assert len({row["标识码"] for row in rows}) == len(rows) == 50
    assert all(len(row["标识码"]) == 16 and row["标识码"].startswith(f"320681{row['CLASS']}") for row in rows)


def test_cases_add_up_to_a_tenth_of_the_published_report(city):
    filed = [case for case in table(city / "cases.csv") if case["立案时间"]]

    def counts(rows):
        closed = [row for row in rows if row["结案时间"]]
        timely = [row for row in closed if row["处置时间"] <= row["截止时间"]]
        return len(rows), sum(bool(row["处置时间"]) for row in rows), len(closed), len(timely)

    assert counts(filed) == (2_784, 2_678, 2_675, 1_726)
    assert counts([row for row in filed if row["立案时间"] >= "2015"]) == (1_241, 1_208, 1_207, 1_110)


def test_the_log_agrees_with_the_cases(city):
    log: dict[str, list[dict[str, str]]] = {}
    for row in table(city / "case_events.csv"):
        log.setdefault(row["案件编号"], []).append(row)
    cases = table(city / "cases.csv")
    assert set(log) == {case["案件编号"] for case in cases}
    for case in cases:
        rows = log[case["案件编号"]]
        assert [int(row["序号"]) for row in rows] == list(range(1, len(rows) + 1))
        times = [row["操作时间"] for row in rows]
        assert times == sorted(set(times))
        assert all(after["原阶段"] == before["新阶段"] for before, after in zip(rows, rows[1:]))
        assert rows[-1]["新阶段"] == case["当前阶段"]
        last = {row["操作类型"]: row["操作时间"] for row in rows}
        done = [column for column, action in STEPS.items() if case[column]]
        assert all(case[column] == last[STEPS[column]] for column in done)
        assert [case[column] for column in done] == sorted(case[column] for column in done)
        actions = Counter(row["操作类型"] for row in rows)
        assert (actions["回退"], actions["延期"], actions["返工"]) == tuple(
            int(case[column]) for column in ("回退次数", "延期次数", "返工次数")
        )
        assert all(row["原因"] for row in rows if row["操作类型"] in ("回退", "延期", "挂账", "返工", "作废"))
        assert times[0] >= "2014-08-01"
        assert times[-1] < "2015-05-08"


def test_due_times_count_working_hours(city):
    free = {f"2014-10-{day:02d}" for day in range(1, 8)} | {f"2015-02-{day}" for day in range(18, 25)}
    free |= {"2014-09-08", "2015-01-01", "2015-01-02", "2015-01-03", "2015-04-06", "2015-05-01"}
    extra = {"2014-09-28", "2014-10-11", "2015-01-04", "2015-02-15", "2015-02-28"}

    def works(at: datetime) -> bool:
        day = at.strftime("%Y-%m-%d")
        return ((at.weekday() < 5 and day not in free) or day in extra) and at.hour in (8, 9, 10, 11, 14, 15, 16, 17)

    plain = [case for case in table(city / "cases.csv") if case["结案时间"] and case["延期次数"] == "0"]
    log = {row["案件编号"] for row in table(city / "case_events.csv") if row["操作类型"] == "挂账"}
    for case in [case for case in plain if case["案件编号"] not in log][::25]:
        at, due, counted = moment(case["派遣时间"]).replace(second=0), moment(case["截止时间"]), 0
        while at < due.replace(second=0):
            counted += case["时限单位"] == "紧急工作时" or works(at)
            at += timedelta(minutes=1)
        assert abs(counted - int(case["处置时限"]) * (480 if case["时限单位"] == "工作日" else 60)) <= 1, case
        assert case["时限单位"] == "紧急工作时" or works(due) or due.strftime("%H:%M:%S") in ("12:00:00", "18:00:00")


def test_component_cases_lie_within_three_metres_of_their_component(city):
    geometry, columns = census(city)
    row = {source: number for number, source in enumerate(columns["SRC_ID"])}
    truth = {entry["case_no"]: entry for entry in table(city / "truth" / "case_truth.csv")}
    named = 0
    for case in table(city / "cases.csv"):
        true = truth[case["案件编号"]]
        assert bool(true["component_source_id"]) == (case["问题类型"] == "部件")
        assert case["部件编码"] in ("", true["component_source_id"])
        named += bool(case["部件编码"])
        if true["component_source_id"]:
            number = row[true["component_source_id"]]
            assert columns["CLASS"][number] == case["小类代码"]
            if shapely.get_type_id(geometry[number]) == 0:
                assert shapely.distance(geometry[number], shapely.Point(float(true["x"]), float(true["y"]))) < 3.01
    assert 250 < named < 450


def test_other_files_in_the_folder_stay(built, tmp_path):
    (tmp_path / "components").mkdir()
    mine = [tmp_path / "notes.csv", tmp_path / "components" / "photo.jpg"]
    for path in mine:
        path.write_text("mine")
    write_city(built, tmp_path)
    write_city(built, tmp_path)
    assert all(path.read_text() == "mine" for path in mine)


def test_the_committed_part_is_small_and_comes_from_the_script(built, tmp_path):
    size = sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file())
    assert size <= 5_000_000
    about = json.loads((SAMPLE / "about.json").read_text(encoding="utf-8"))
    write_city(cut(built, about["communities"]), tmp_path)
    assert {path.name for path in tmp_path.rglob("*")} | {"README.md"} == {path.name for path in SAMPLE.rglob("*")}
    assert json.loads((tmp_path / "about.json").read_text(encoding="utf-8")) == about
    ours, theirs = ([case["案件编号"] for case in table(folder / "cases.csv")] for folder in (tmp_path, SAMPLE))
    assert ours == theirs
