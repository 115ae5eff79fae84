# SPDX-License-Identifier: GPL-2.0-or-later
"""Large demo cities, at their smallest size: exact counts, the same bytes, valid geometry, everything in its place."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from digital_citymgmt_plugin.core.tracks import cleaning
from scripts.demo_city.__main__ import main
from scripts.demo_city.curves import longest_straight_run
from scripts.demo_city.network import build_network
from scripts.demo_city.partition import build_division, shares
from scripts.demo_city.sizes import SIZES

TINY = SIZES["tiny"]
SHAPES = {"Point": 0, "LineString": 1, "Polygon": 3, "MultiPolygon": 6}


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("大 城市")
    assert main(["--size", "tiny", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("other")
    assert main(["--size", "tiny", "--out", str(folder), "--seed", "7"]) == 0
    return folder


def layer(city: Path, file: str, name: str):
    meta, _, geometry, columns = pyogrio.raw.read(str(city / file), layer=name)
    return shapely.from_wkb(geometry), dict(zip(meta["fields"], columns))


def layers(city: Path) -> list[tuple[str, str, str]]:
    files = sorted(str(path.relative_to(city)) for path in city.rglob("*.gpkg"))
    return [(file, name, kind) for file in files for name, kind in pyogrio.list_layers(city / file)]


def table(path: Path, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as handle:
        return list(csv.DictReader(handle))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def census(city: Path):
    parts = [
        layer(city, f"components/components_{kind}.gpkg", f"components_{kind}") for kind in ("point", "line", "area")
    ]
    return np.concatenate([p[0] for p in parts]), {n: np.concatenate([p[1][n] for p in parts]) for n in parts[0][1]}


def inside_of_its_community(city: Path, shapes, columns) -> bool:
    communities, names = layer(city, "areas.gpkg", "communities")
    grown = dict(zip(names["code"], shapely.buffer(communities, 0.01)))
    return all(shapely.covers(grown[code], shape) for code, shape in zip(columns["community"], shapes))


def test_counts_are_exact(city):
    geometry, columns = census(city)
    assert len(geometry) == len(set(columns["SRC_ID"])) == TINY.components
    assert {shapely.get_dimensions(shape) for shape in geometry} == {0, 1, 2}
    assert len(set(columns["CLASS"])) > 60
    grids, columns = layer(city, "grids.gpkg", "unit_grids")
    assert len(grids) == len(set(columns["code"])) == TINY.grids
    for name in ("pois", "landmarks", "plates", "cameras"):
        assert len(layer(city, "places.gpkg", name)[0]) == getattr(TINY, name)
    assert len(table(city / "components" / "components_old.csv")) == TINY.old_codes
    assert len({row["采集员编号"] for row in table(city / "tracks" / "collectors.csv")}) == TINY.collectors
    about = json.loads((city / "about.json").read_text(encoding="utf-8"))
    assert about["rows"]["grids.gpkg|unit_grids"] == TINY.grids


def test_published_sizes_are_those_of_the_reports():
    qidong, qingdao = SIZES["qidong"], SIZES["qingdao"]
    assert (qidong.area, qidong.components, qidong.grids, len(qidong.towns)) == (25e6, 103_334, 583, 2)
    assert qidong.pois + qidong.landmarks + qidong.plates == 6_000
    assert (qingdao.area, qingdao.components, qingdao.grids) == (190e6, 776_143, 4_737)
    assert (qingdao.pois, qingdao.landmarks) == (56_642, 1_457)


def test_another_seed_gives_another_city_of_the_same_size(city, other):
    those = digests(other)
    assert [name for name, digest in digests(city).items() if those[name] == digest] == ["departments.csv"]
    assert len(census(other)[0]) == TINY.components


def test_the_same_seed_gives_the_same_bytes_also_over_another_city_and_other_files_stay(city, other, tmp_path):
    folder = shutil.copytree(other, tmp_path / "again")
    (folder / "mine.txt").write_text("mine")
    assert main(["--size", "tiny", "--out", str(folder)]) == 0
    assert (folder / "mine.txt").read_text() == "mine"
    (folder / "mine.txt").unlink()
    assert digests(folder) == digests(city)


@pytest.mark.parametrize("which", ["city", "other"])
def test_all_shapes_are_valid_and_of_the_kind_of_their_layer(which, request):
    city = request.getfixturevalue(which)
    seen = layers(city)
    assert {"roads", "road_areas", "road_edges", "rivers", "river_areas", "buildings", "compounds", "walls", "gates",
            "green", "drives", "symbols"} <= {name for _, name, _ in seen}  # fmt: skip
    for file, name, kind in seen:
        geometry, _ = layer(city, file, name)
        assert len(geometry), name
        assert (shapely.get_type_id(geometry) == SHAPES[kind]).all(), name
        assert shapely.is_valid(geometry).all(), name
        assert not shapely.is_empty(geometry).any(), name


def test_towns_hold_communities_and_these_hold_unit_grids(city):
    grids, of_grid = layer(city, "grids.gpkg", "unit_grids")
    communities, of = layer(city, "areas.gpkg", "communities")
    towns, of_town = layer(city, "areas.gpkg", "streets")
    assert shapely.coverage_is_valid(grids)
    assert (shapely.get_num_interior_rings(grids) == 0).all()
    assert (shapely.get_num_geometries(communities) == 1).all()
    assert shapely.area(towns).sum() == pytest.approx(TINY.area, rel=2e-3)
    assert all(
        code[:12] == home and code[:9] in of_town["code"] for code, home in zip(of_grid["code"], of_grid["community"])
    )
    for community, code in zip(communities, of["code"]):
        own = shapely.union_all(grids[of_grid["community"] == code])
        assert shapely.area(shapely.symmetric_difference(own, community)) < 1.0
    for town, code in zip(towns, of_town["code"]):
        own = shapely.union_all(communities[of["street_code"] == code])
        assert shapely.area(shapely.symmetric_difference(own, town)) < 1.0
    mean = shapely.area(grids).mean()
    assert ((shapely.area(grids) > mean / 2) & (shapely.area(grids) < mean * 2)).mean() > 0.85


def test_everything_lies_in_its_community(city):
    for name in ("buildings", "gates", "compounds", "green", "walls", "road_areas", "symbols"):
        shapes, columns = layer(city, "base_map.gpkg", name)
        assert inside_of_its_community(city, shapes, columns), name
    for name in ("pois", "landmarks", "plates", "cameras"):
        shapes, columns = layer(city, "places.gpkg", name)
        assert inside_of_its_community(city, shapes, columns), name
    geometry, columns = census(city)
    communities, _ = layer(city, "areas.gpkg", "communities")
    whole = shapely.buffer(shapely.union_all(communities), 0.01)
    assert shapely.covers(whole, geometry).all()
    # Only a bridge may reach from one community into the next.
    count = np.bincount(shapely.STRtree(shapely.buffer(communities, -0.01)).query(geometry, "intersects")[0])
    assert set(columns["CLASS"][: len(count)][count > 1]) <= {"0209", "0156"}


def test_no_street_is_straight_for_over_800_metres_and_angles_differ(city):
    roads, columns = layer(city, "base_map.gpkg", "roads")
    assert max(map(longest_straight_run, roads)) < 800.0
    step = np.concatenate([np.diff(shapely.get_coordinates(road), axis=0) for road in roads[columns["rank"] <= 4]])
    angle = np.degrees(np.arctan2(step[:, 1], step[:, 0])) % 90.0
    share, _ = np.histogram(angle, bins=18, range=(0.0, 90.0), weights=np.hypot(*step.T))
    assert (share / share.sum()).max() < 0.3


@pytest.mark.parametrize("seed", [1, 6])
def test_streets_bend_and_communities_hold_together_at_qidongs_size_too(seed):
    size = SIZES["qidong"]
    network = build_network(size, seed)
    division = build_division(network, size, seed)
    assert max(map(longest_straight_run, network.roads)) < 800.0
    assert network.outline.area == pytest.approx(size.area, rel=2e-3)
    assert len(division.grid) == size.grids
    assert len(division.town) == 2
    assert (shapely.get_num_geometries(division.community) == 1).all()
    assert shapely.coverage_is_valid(division.grid)


def test_buildings_keep_off_streets_water_and_each_other(city):
    buildings, _ = layer(city, "base_map.gpkg", "buildings")
    tree = shapely.STRtree(buildings)
    for name in ("road_areas", "river_areas"):
        others, _ = layer(city, "base_map.gpkg", name)
        one, other = tree.query(others, predicate="intersects")
        assert shapely.area(shapely.intersection(others[one], buildings[other])).max(initial=0.0) < 0.5
    one, other = tree.query(buildings, predicate="intersects")
    apart = one != other
    assert shapely.area(shapely.intersection(buildings[one[apart]], buildings[other[apart]])).max(initial=0.0) < 0.5
    points, columns = census(city)
    point = (shapely.get_type_id(points) == 0) & (columns["CLASS"] != "0145")
    assert len(tree.query(points[point], predicate="intersects")[0]) == 0


def test_symbols_stand_where_components_do(city):
    symbols, columns = layer(city, "base_map.gpkg", "symbols")
    geometry, census_columns = census(city)
    known = set(zip(census_columns["CLASS"], map(tuple, shapely.get_coordinates(shapely.point_on_surface(geometry)))))
    assert set(zip(columns["class"], map(tuple, shapely.get_coordinates(symbols)))) <= known
    assert {"路灯", "行道树", "雨水检修井"} <= set(columns["kind"])
    assert ((columns["angle"] >= 0.0) & (columns["angle"] < 360.0)).all()


def test_door_plates_are_unique_and_in_the_range_of_their_street(city):
    streets, columns = layer(city, "places.gpkg", "streets")
    assert len(set(columns["name"])) == len(streets)
    ends = {name: (odd, even) for name, odd, even in zip(columns["name"], columns["left_to"], columns["right_to"])}
    _, plates = layer(city, "places.gpkg", "plates")
    assert len(set(plates["address"])) == TINY.plates
    for street, number, address in zip(plates["street"], plates["number"], plates["address"]):
        assert 1 <= number <= ends[street][0 if number % 2 else 1]
        assert address == f"{street}{number}号"
    rows = table(city / "places" / "plates.csv")
    assert [row["详细地址"] for row in rows] == plates["address"].tolist()
    assert len(table(city / "places" / "landmarks.csv", "gb18030")) == TINY.landmarks


def test_seeded_faults_of_tracks_are_those_that_cleaning_finds(city):
    rows = table(city / "tracks" / "collectors.csv")
    faults = {int(entry["row"]) - 1: entry["fault"] for entry in table(city / "truth" / "track_faults.csv")}
    assert {"duplicate", "jump", "zero", "unordered", "drift"} <= set(faults.values())
    told = {
        cleaning.DUPLICATE: "duplicate",
        cleaning.SAME_TIME: "same_time",
        cleaning.FAR: "zero",
        cleaning.JUMP: "jump",
    }
    for collector in sorted({row["采集员编号"] for row in rows}):
        own = [number for number, row in enumerate(rows) if row["采集员编号"] == collector]
        at = np.array([np.datetime64(rows[n]["定位时间"].replace(" ", "T"), "ms").astype(np.int64) for n in own])
        lon, lat = (np.array([float(rows[n][name]) for n in own]) for name in ("经度", "纬度"))
        xy = np.stack([(lon - 121.6) * 94_700.0, (lat - 31.8) * 110_900.0], axis=1)
        found = cleaning.clean(at, xy, lon < 1.0, cleaning.Cleaning(max_speed=40.0))
        for place, fate in zip(found.order, found.fate):
            fault = faults.get(own[place], "")
            assert told.get(int(fate), fault) == fault, (collector, own[place] + 1)
        assert found.unordered == sum(faults.get(n) == "unordered" for n in own)


def test_numbers_are_parted_exactly_and_within_bounds():
    rng = np.random.default_rng(5)
    for _ in range(200):
        weight = rng.random(int(rng.integers(1, 30))) + 0.01
        low = rng.integers(0, 3, len(weight))
        high = low + rng.integers(0, 9, len(weight))
        total = int(rng.integers(low.sum(), high.sum() + 1))
        found = shares(weight, total, low, high)
        assert found.sum() == total
        assert ((found >= low) & (found <= high)).all()
    with pytest.raises(ValueError, match="do not fit"):
        shares(np.ones(3), 4, 0, np.ones(3))
