# SPDX-License-Identifier: GPL-2.0-or-later
"""Grids in time on real ground: Tainan's statistical units, joined and parted on day 30, and real cases.

The oracles know nothing of the plugin: a ray cast through polygons by numpy, areas by the shoelace formula, JSON and
the package of another reader, sets of codes compared by hand.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import random
from collections import defaultdict

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.requests import AdoptGrids, ImportCases, Layer
from digital_citymgmt_plugin.core.requests_history import ChangeNotice, ExportGrids, GridLineage, GridsOn, Restate
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.cases import import_cases
from digital_citymgmt_plugin.services.change_notice import change_notice
from digital_citymgmt_plugin.services.grid_export import export_grids
from digital_citymgmt_plugin.services.grid_history import grid_lineage, grids_on
from digital_citymgmt_plugin.services.restate import restate
from tests.real.test_tainan_grids import SCHEMES, UNITS, VILLAGES
from tests.services.cities import City
from tests.services.test_grid_history import Years, day
from tests.services.test_restate import rows_of
from tests.support import Watcher, new_store

pytestmark = pytest.mark.real_data

CASES, COUNT, CRS = "cases/tainan_1999_2015_2019.csv.gz", 20_000, "EPSG:3826"
REAL = 1e-3  # of a grid: what two real surveys may differ by without being other grids


def shoelace(polygon):
    """Return the area of a polygon or multipolygon."""
    total = 0.0
    for part in shapely.get_parts(polygon):
        for number, ring in enumerate((part.exterior, *part.interiors)):
            x, y = np.array(ring.coords)[:, :2].T - np.array(ring.coords)[0, :2, None]
            area = abs(float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))) / 2
            total += area if number == 0 else -area
    return total


def inside(polygon, x, y):
    """Cast a ray from each point: an odd number of edges is inside; holes are rings like others."""
    odd = np.zeros(len(x), dtype=bool)
    for part in shapely.get_parts(polygon):
        for ring in (part.exterior, *part.interiors):
            xy = np.array(ring.coords)[:, :2]
            for (x1, y1), (x2, y2) in itertools.pairwise(xy.tolist()):
                if y1 != y2:
                    odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return odd


def counted(shapes, xy):
    """Count points in each polygon, and those that lie in no other."""
    hits, owners = [], np.zeros(len(xy), dtype=int)
    for shape in shapes:
        west, south, east, north = shape.bounds
        near = np.flatnonzero((xy[:, 0] >= west) & (xy[:, 0] <= east) & (xy[:, 1] >= south) & (xy[:, 1] <= north))
        near = near[inside(shape, xy[near, 0], xy[near, 1])]
        hits.append(near)
        owners[near] += 1
    return [len(one) for one in hits], [int((owners[one] == 1).sum()) for one in hits], owners


def halves(shape):
    x = shape.centroid.x
    west, south, east, north = shape.bounds
    return [shape.intersection(shapely.box(*box)) for box in ((west, south, x, north), (x, south, east, north))]


class Tainan:
    """The store, its grids before and after, the points of its cases."""

    def __init__(self, years, folder):
        self.years, self.folder = years, folder
        self.xy = None
        self.before = self.now()

    def now(self):
        return {row["code"]: row["geom"] for row in self.years.town.grids("code", "geom")}


@pytest.fixture(scope="module")
def tainan(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tainan")
    profile = folder / "tainan.json"
    profile.write_text(json.dumps({"settings": {"base": "2013", "name": "T"}, "schemes": SCHEMES}), encoding="utf-8")
    store = new_store(
        folder / "t.gpkg", crs=CRS, county_code="67000", county_name="臺南市", profile=str(profile),
        time_zone="Asia/Taipei",
    )  # fmt: skip
    town = City(store, folder, Watcher())
    years = Years(town)
    years.at(0)
    town.areas(str(shared / VILLAGES), code="VILLCODE", name="VILLNAME")
    adopt_grids(years.at(0), AdoptGrids(Layer(str(shared / UNITS))))
    made = Tainan(years, folder)
    redraw(made, town)
    take_cases(made, town, shared / CASES)
    yield made
    store.close()


def redraw(made, town):
    """Join two neighbours and part a third one in every sixth village that has them."""
    by_village = defaultdict(list)
    for row in town.grids("code", "community_code", "geom"):
        by_village[row["community_code"]].append((row["code"], row["geom"]))
    shapes = dict(made.before)
    made.joined, made.parted = [], []
    for _, grids in sorted(by_village.items())[::6]:
        sound = [one for one in grids if one[1].is_valid and len(shapely.get_parts(one[1])) == 1]
        pairs = ((a, b) for a, b in itertools.combinations(sound, 2) if a[1].intersection(b[1]).length > 5)
        pair = next(pairs, None)
        others = [one for one in sound if pair and one not in pair]
        if not others:
            continue
        joined = pair[0][1].union(pair[1][1])
        pieces = halves(others[0][1])
        if joined.geom_type != "Polygon" or any(piece.geom_type != "Polygon" for piece in pieces):
            continue
        made.joined.append((pair[0][0], pair[1][0]))
        made.parted.append(others[0][0])
        for code in (pair[0][0], pair[1][0], others[0][0]):
            del shapes[code]
        shapes[f"{pair[0][0]}+"] = joined
        shapes.update({f"{others[0][0]}/{number}": piece for number, piece in enumerate(pieces)})
    assert len(made.joined) > 40
    path = town.layer("second.gpkg", list(shapes.values()), "MultiPolygon", crs=CRS, n=list(range(len(shapes))))
    made.operation = adopt_grids(made.years.at(30), AdoptGrids(Layer(path)))["operation"]
    made.after = made.now()


def take_cases(made, town, path):
    from pyproj import Transformer

    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = list(itertools.islice(csv.DictReader(lines), COUNT))
    rows = [{"no": str(number), "at": row["reported_at"], "x": row["lon"], "y": row["lat"]}
            for number, row in enumerate(rows) if float(row["lat"] or 0) > 20]  # fmt: skip
    file = town.table("cases.csv", rows)
    mapping = {"fields": {"case_no": "no", "reported_at": "at"}, "x": "x", "y": "y", "crs": "EPSG:4326"}
    import_cases(made.years.at(31), ImportCases(Layer(file), json.dumps(mapping)))
    degrees = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    made.xy = np.column_stack(Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform(*degrees.T))


@pytest.mark.parametrize("then", [1, 35])
def test_cases_are_counted_as_a_ray_cast_counts_them(tainan, then):
    path = tainan.folder / f"cases{then}.csv"
    result = restate(tainan.years.at(40), Restate(str(path), figures=["cases"], to_day=day(then)))
    shapes = tainan.before if then < 30 else tainan.after
    found = {row["code"] or "": int(row["cases"]) for row in rows_of(path)}
    assert found.keys() - {""} == shapes.keys()
    assert sum(found.values()) == len(tainan.xy) == int(result["totals"]["cases"])
    most, least, owners = counted(list(shapes.values()), tainan.xy)
    assert sum(found[code] for code in shapes) == int((owners > 0).sum())
    # Real units overlap here and there: a case in two of them counts in one.
    assert all(low <= found[code] <= high for code, low, high in zip(shapes, least, most))
    assert sum(most) > 5_000


def test_numbers_go_whole_where_units_were_joined_and_by_area_where_they_were_parted(tainan):
    lot = random.Random(4)
    people = {code: lot.randrange(2_000) for code in tainan.before}
    table = tainan.years.town.table("people.csv", [{"code": code, "people": n} for code, n in people.items()])
    path = tainan.folder / "people_now.csv"
    restate(tainan.years.at(40), Restate(str(path), Layer(table), from_day=day(1), to_day=day(35), decimals=0))
    found = {row["code"] or "": int(row["people"] or 0) for row in rows_of(path)}
    assert sum(found.values()) == sum(people.values())
    taken = set(itertools.chain(tainan.parted, *tainan.joined))
    untouched = [code for code in tainan.before if code not in taken and code in tainan.after]
    same = [code for code in untouched if found[code] == people[code]]
    assert len(same) > 0.99 * len(untouched)  # units that overlap share what lies in both
    for one, other in tainan.joined:
        kept = one if one in tainan.after else other
        assert abs(found[kept] - people[one] - people[other]) <= REAL * (people[one] + people[other]) + 1
    for code in tainan.parted:
        old = tainan.before[code]
        share = shoelace(tainan.after[code]) / shoelace(old)
        assert abs(found[code] - people[code] * share) <= REAL * people[code] + 1


def test_lineage_both_ways_is_what_the_ground_says(tainan):
    for one, other in tainan.joined[:25]:
        kept = one if one in tainan.after else other
        told = grid_lineage(tainan.years.at(40), GridLineage(kept))
        assert {version["code"] for version in told["ancestors"]} == {one, other}
        gone = other if kept == one else one
        told = grid_lineage(tainan.years.at(40), GridLineage(gone))
        assert {version["code"] for version in told["descendants"]} == {kept}
        shares = {version["code"]: version["given"] for version in told["descendants"]}
        assert shares[kept] == pytest.approx(1.0, abs=REAL)
    for code in tainan.parted[:25]:
        told = grid_lineage(tainan.years.at(40), GridLineage(code, day=day(1)))
        named = {version["code"]: version["given"] for version in told["descendants"]}
        assert code in named and len(named) == 2 and sum(named.values()) == pytest.approx(1.0, abs=REAL)
        for child, share in named.items():
            assert share == pytest.approx(shoelace(tainan.after[child]) / shoelace(tainan.before[code]), abs=REAL)


def test_grids_of_a_day_are_those_that_were_there(tainan):
    for then, shapes in ((1, tainan.before), (35, tainan.after)):
        told = grids_on(tainan.years.at(40), GridsOn(day(then)))
        found = {one["code"]: shapely.from_wkb(one["wkb"]) for one in told["grids"]}
        assert found.keys() == shapes.keys()
        assert all(found[code].equals_exact(shape, 0.0, normalize=True) for code, shape in shapes.items())


def test_the_notice_names_every_grid_that_changed_and_no_other(tainan):
    told = change_notice(tainan.years.at(40), ChangeNotice(tainan.operation))
    before, after = ({one["code"]: one for one in told[side]} for side in ("before", "after"))
    gone = tainan.before.keys() - tainan.after.keys()
    new = tainan.after.keys() - tainan.before.keys()
    assert gone <= before.keys() and new <= after.keys()
    assert (told["counts"]["retired"], told["counts"]["new"]) == (len(gone), len(new))
    other = {code for code in tainan.before.keys() & tainan.after.keys()
             if abs(shoelace(tainan.before[code]) - shoelace(tainan.after[code])) > 1.0}  # fmt: skip
    assert other <= before.keys() & after.keys()
    areas = [sum(shoelace(shapely.from_wkb(one["wkb"])) for one in told[side]) for side in ("before", "after")]
    assert areas[0] == pytest.approx(areas[1], rel=1e-9)
    assert areas[0] == pytest.approx(sum(one["area_m2"] for one in told["before"]), rel=1e-6)


@pytest.mark.parametrize("ending", ["geojson", "shp"])
def test_an_export_is_read_by_others_as_it_stands_in_the_store(tainan, ending):
    from pyproj import Transformer

    code = {"geojson": "geojson_full", "shp": "shp_objid"}[ending]
    path = tainan.folder / f"out.{ending}"
    result = export_grids(tainan.years.at(40), ExportGrids(code, str(path), report=str(tainan.folder / "lost.csv")))
    assert result["counts"]["differs"] == 0 and result["counts"]["grids_then"] == len(tainan.after)
    if ending == "geojson":
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        shapes = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in features]
        texts = [feature["properties"] for feature in features]
        to_store = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
        shapes = [shapely.transform(one, lambda xy: np.column_stack(to_store.transform(*xy.T))) for one in shapes]
    else:
        fiona = pytest.importorskip("fiona")
        with fiona.open(path) as layer:
            records = list(layer)
        shapes = [shapely.geometry.shape(record["geometry"]) for record in records]
        texts = [dict(record["properties"]) for record in records]
    named = {str(value) for row in texts for value in row.values() if value is not None}
    assert tainan.after.keys() <= named
    assert sum(map(shoelace, shapes)) == pytest.approx(sum(map(shoelace, tainan.after.values())), rel=1e-6)
