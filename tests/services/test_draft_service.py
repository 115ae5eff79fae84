# SPDX-License-Identifier: GPL-2.0-or-later
"""Drafting from files: every layer into one metric CRS, barriers with ranks, a layer out that QGIS can read."""

from __future__ import annotations

import json
from dataclasses import replace

import geopandas
import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import AdoptGrids, DraftGrids, DraftSources, Layer
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.draft_sources import draft_sources
from digital_citymgmt_plugin.services.grids import draft_grids
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.load_places import point_places
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.projections import Projected
from digital_citymgmt_plugin.storage.workers import Workers
from tests.services.cities import CRS, X0, Y0, as_array, box, point
from tests.support import Watcher, make_context

AREA = box(0, 0, 800, 400)


def street(*xy):
    return shapely.LineString([(X0 + x, Y0 + y) for x, y in xy])


STREETS = [street((400, -10), (400, 410)), street((-10, 200), (810, 200))]


@pytest.fixture
def write(tmp_path):
    def layer(file, shapes, kind, crs=CRS, **columns):
        table = {name: objects(values) for name, values in columns.items()}
        shapes = as_array(shapes)
        if crs == "EPSG:4490":
            shapes = Projected().transform(shapes, CRS, crs)
        path = str(tmp_path / file)
        CityFiles().write_layer(path, file.split(".")[0], {**table, GEOM: shapes}, crs, kind)
        return Layer(path)

    return layer


def draft(tmp_path, areas, barriers, watcher=None, **more):
    request = DraftGrids(areas, str(tmp_path / "草案.gpkg"), barriers, **{"target_area": 80_000.0, **more})
    return draft_grids(make_context(None, watcher), request)


def read(tmp_path):
    return geopandas.read_file(tmp_path / "草案.gpkg")


def test_barriers_part_the_area_and_the_output_tells_its_crs(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon", code=["A"])
    result = draft(tmp_path, areas, [write("s.gpkg", STREETS, "LineString")],
                   area_code_field="code")  # fmt: skip
    frame = read(tmp_path)
    assert result["counts"]["cells"] == len(frame) == 4 and result["crs"] == CRS
    assert frame.crs.to_epsg() == 4550 and set(frame["area_code"]) == {"A"}
    assert frame.union_all().symmetric_difference(AREA).area < 1
    assert frame["area_m2"].tolist() == pytest.approx([80_000] * 4, rel=0.01)


def test_without_barriers_there_is_a_draft_all_the_same(tmp_path, write):
    result = draft(tmp_path, write("areas.gpkg", [AREA], "Polygon"), [])
    assert result["counts"]["barriers"] == 0
    assert shapely.area(read(tmp_path).geometry.values).sum() == pytest.approx(AREA.area)


def test_layers_in_degrees_are_reprojected_and_that_is_said(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon", crs="EPSG:4490")
    result = draft(tmp_path, areas, [write("s.gpkg", STREETS, "LineString", crs="EPSG:4490")])
    assert result["crs"] == CRS  # the 3-degree zone of 121.52 east
    assert [note["code"] for note in result["notes"]][:2] == ["note.reprojected_to"] * 2
    frame = read(tmp_path)
    assert frame.crs.to_epsg() == 4550 and frame.area.sum() == pytest.approx(AREA.area, rel=1e-6)


def test_what_was_mended_is_said_with_the_names_of_the_communities(tmp_path, write):
    areas = write("areas.gpkg", [box(0, 0, 400, 400), box(400.5, 0, 800, 400)], "Polygon", code=["A", "B"])
    result = draft(tmp_path, areas, [], area_code_field="code", target_area=40_000.0)
    told = {note["code"]: note["values"] for note in result["notes"]}
    assert {told["draft.areas_gap"][name] for name in ("area_index", "other")} == {"A", "B"}
    assert told["draft.no_features"]["count"] == told["draft.no_features"]["of"] == 2
    assert shapely.area(read(tmp_path).geometry.values).sum() == pytest.approx(AREA.area)
    nameless = write("plain.gpkg", [box(0, 0, 400, 400), box(400.5, 0, 800, 400)], "Polygon")
    told = {note["code"]: note["values"] for note in draft(tmp_path, nameless, [])["notes"]}
    assert {told["draft.areas_gap"][name] for name in ("area_index", "other")} == {"1", "2"}


def test_a_crs_may_be_asked_for_but_not_one_in_degrees(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon")
    assert draft(tmp_path, areas, [], crs="EPSG:32651")["crs"] == "EPSG:32651"
    with pytest.raises(InputRefused, match=r"input\.crs_not_metric"):
        draft(tmp_path, areas, [], crs="EPSG:4490")


def test_the_rank_field_decides_which_barrier_stays(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon")
    lines = [street((300, -10), (300, 410)), street((400, -10), (400, 410)), street((500, -10), (500, 410))]
    kept = {}
    for name, ranks in (("a", [1, 5, 1]), ("b", [5, 1, 5])):
        barriers = [write(f"{name}.gpkg", lines, "LineString", rank=ranks)]
        draft(tmp_path, areas, barriers, rank_field="rank", target_area=160_000.0)
        borders = shapely.get_coordinates(read(tmp_path).geometry.values)[:, 0] - X0
        kept[name] = {x for x in (300, 400, 500) if np.isclose(borders, x, atol=0.5).any()}
    assert 400 not in kept["a"] or 400 in kept["b"]


def test_road_classes_are_known_by_name(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon")
    lines = [street((300, -10), (300, 410)), street((400, -10), (400, 410)), street((500, -10), (500, 410))]
    drafts = []
    for name, classes in (("words", ["footway", "主干路", "PATH"]), ("numbers", ["5", "1", "5"])):
        draft(
            tmp_path, areas, [write(f"{name}.gpkg", lines, "LineString", rank=classes)], rank_field="rank",
            target_area=160_000.0,
        )  # fmt: skip
        drafts.append(shapely.union_all(shapely.boundary(read(tmp_path).geometry.values)))
    assert drafts[0].equals(drafts[1])


def test_a_rank_field_that_no_layer_has_is_refused(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon")
    with pytest.raises(InputRefused, match=r"input\.no_field"):
        draft(tmp_path, areas, [write("a.gpkg", STREETS, "LineString", class_=[1] * len(STREETS))], rank_field="rank")


def test_a_layer_without_the_rank_field_and_bad_ranks_count_as_default(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon")
    barriers = [write("a.gpkg", STREETS[:1], "LineString", rank=["高"]), write("b.gpkg", STREETS[1:], "LineString")]
    assert draft(tmp_path, areas, barriers, rank_field="rank")["counts"]["cells"] == 4


@pytest.mark.parametrize("band", ["", "1", "a,b", "2,1", "-1,2", "1,2,3", "1,1"])
def test_a_band_that_is_none_is_refused(tmp_path, write, band):
    with pytest.raises(InputRefused, match=r"input\.band"):
        draft(tmp_path, write("areas.gpkg", [AREA], "Polygon"), [], band=band)


def test_unusable_geometries_are_left_out_and_codes_stay_with_their_areas(tmp_path, write):
    areas = write("areas.gpkg", [None, AREA, box(800, 0, 1600, 400)], "Polygon", code=["X", "A", "B"])
    result = draft(tmp_path, areas, [], area_code_field="code", target_area=40_000.0)
    assert {"code": "note.unusable", "values": {"count": 1, "file": "areas"}} in result["notes"]
    frame = read(tmp_path)
    assert {code: round(part.area.sum()) for code, part in frame.groupby("area_code")} == {"A": 320_000, "B": 320_000}


def test_components_buildings_and_locked_cells_are_heeded(tmp_path, write):
    locked = box(0, 0, 200, 200)
    result = draft(
        tmp_path, write("areas.gpkg", [AREA], "Polygon"), [write("s.gpkg", STREETS, "LineString")],
        buildings=write("b.gpkg", [box(390, 50, 395, 60)], "Polygon"), locked=write("l.gpkg", [locked], "Polygon"),
        components=write("c.gpkg", [point(10, 10), point(600, 300)], "Point", load=[2.5, "x"]), load_field="load",
    )  # fmt: skip
    frame = read(tmp_path)
    assert result["counts"]["buildings"] == 1 and frame["load"].sum() == pytest.approx(2.5)
    assert any(cell.symmetric_difference(locked).area < 0.1 for cell in frame.geometry)


def test_a_table_and_a_missing_field_are_refused(tmp_path, write):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputRefused, match=r"input\.no_geometry"):
        draft(tmp_path, Layer(str(tmp_path / "t.csv")), [])
    with pytest.raises(InputRefused, match=r"input\.no_field"):
        draft(tmp_path, write("areas.gpkg", [AREA], "Polygon"), [], area_code_field="code")


def test_cancelling_leaves_no_output(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon")
    with pytest.raises(Cancelled):
        draft(tmp_path, areas, [], Watcher(cancel_at=2))
    assert not (tmp_path / "草案.gpkg").exists()


def test_cells_tell_where_they_come_from(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon", code=["A"])
    barriers = [write("s.gpkg", STREETS, "LineString", rank=[1, 4])]
    result = draft(tmp_path, areas, barriers, rank_field="rank")
    frame = read(tmp_path)
    assert set(frame["why"]) == {"draft.block"} and set(frame["blocks"]) == {1}
    assert frame["block_ha"].tolist() == pytest.approx([8.0] * 4)
    shares = frame[["on_edge", *(f"on_rank{rank}" for rank in range(1, 6))]].sum(axis=1)
    assert shares.tolist() == pytest.approx([1.0] * 4, abs=1e-3)
    assert frame["on_rank1"].gt(0).all() and frame["on_rank4"].gt(0).all()
    near = {row.cell: set(map(int, row.neighbours.split(","))) for row in frame.itertuples()}
    assert all(len(cells) == 2 and all(cell in near[other] for other in cells) for cell, cells in near.items())
    assert result["counts"]["doubtful"] == 0 == len(result["doubtful"])
    assert result["geos"] == shapely.geos_version_string


def test_one_community_alone_is_drafted_as_it_is_among_others(tmp_path, write):
    left, right = box(0, 0, 800, 400), box(800, 0, 1200, 400)
    areas = write("areas.gpkg", [left, right], "Polygon", code=["A", "B"])
    things = write("c.gpkg", [point(x, y) for x in range(10, 1200, 40) for y in range(10, 400, 60)], "Point")
    streets = [write("s.gpkg", STREETS, "LineString")]
    more = {"area_code_field": "code", "components": things, "target_area": 40_000.0}
    draft(tmp_path, areas, streets, **more)
    whole = read(tmp_path).query("area_code == 'A'")
    (tmp_path / "草案.gpkg").unlink()
    draft(tmp_path, areas, streets, only=["A"], **more)
    alone = read(tmp_path)
    assert set(alone["area_code"]) == {"A"} and len(alone) == len(whole)
    both = [shapely.union_all(shapely.boundary(frame.geometry.values)).length for frame in (whole, alone)]
    assert both[0] == pytest.approx(both[1], abs=0.01)
    with pytest.raises(InputRefused, match=r"draft\.no_such_area"):
        draft(tmp_path, areas, streets, only=["C"], **more)


def test_other_processes_draft_the_same(tmp_path, write):
    parts = [box(x, y, x + 300, y + 200) for x in range(0, 1200, 300) for y in range(0, 400, 200)]
    areas, streets = write("areas.gpkg", parts, "Polygon"), [write("s.gpkg", STREETS, "LineString")]
    found = []
    for processes in (1, 2):
        context = replace(make_context(None), spread=Workers(processes))
        draft_grids(context, DraftGrids(areas, str(tmp_path / f"{processes}.gpkg"), streets, target_area=10_000.0))
        found.append(geopandas.read_file(tmp_path / f"{processes}.gpkg").to_wkb())
    assert found[0].equals(found[1])


def test_codes_that_are_numbers_are_asked_for_and_written_as_text(tmp_path, write):
    """A column of numbers with a gap is read with fractions: 320681100004.0."""
    parts = [AREA, box(800, 0, 1600, 400), box(1600, 0, 2400, 400)]
    areas = write("areas.gpkg", parts, "Polygon", code=np.array([320681100004.0, np.nan, 320681100005.0]))
    lines = write("lines.gpkg", STREETS, "LineString")
    draft(tmp_path, areas, [lines], area_code_field="code", only=["320681100004"])
    assert set(read(tmp_path)["area_code"]) == {"320681100004"}


def test_rows_ranks_and_weights_are_said_by_the_request(tmp_path, write):
    areas = write("areas.gpkg", [AREA, box(800, 0, 1600, 400)], "Polygon", code=["A", "B"], level=["1", "2"])
    lines = write("lines.gpkg", STREETS, "LineString", theme=["road", "contour"])
    ranks = ['{"field": "theme", "ranks": {"road": 1}}']
    result = draft(tmp_path, areas, [lines], barrier_ranks=ranks, area_code_field="code", only=["A"])
    assert result["counts"]["barriers"] == 1 and set(read(tmp_path)["area_code"]) == {"A"}
    for bad in (["{"], [], ['{"ranks": 3}']):
        with pytest.raises(InputRefused, match=r"request\.parameters"):
            draft(tmp_path, areas, [lines], barrier_ranks=bad)
    with pytest.raises(InputRefused, match=r"draft\.no_such_area"):
        draft(tmp_path, areas, [lines], area_code_field="code", only=["X"])
    result = draft(tmp_path, areas, [lines], area_code_field="code", rows={"areas": {"level": ["2"]}})
    assert result["counts"]["areas"] == 1 and set(read(tmp_path)["area_code"]) == {"B"}


def test_a_load_wanted_comes_down_to_an_area(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon", code=["A"])
    things = write("things.gpkg", [point(50 + 70 * n, 60) for n in range(10)], "Point", cls=["a", "b"] * 5)
    result = draft(tmp_path, areas, [], components=things, load_field="cls", load_weights={"a": 3, "": 1},
                   target_load=5)  # fmt: skip
    assert result["target_area"] == pytest.approx(AREA.area / 4) and sum(read(tmp_path)["load"]) == 20
    with pytest.raises(InputRefused, match=r"draft\.no_load"):
        draft(tmp_path, areas, [], target_load=5)


def test_tables_of_the_open_store_are_read_and_listed(town, tmp_path):
    context = town.context
    found = draft_sources(context, DraftSources())
    assert [one["area"] for one in found["communities"]] == pytest.approx([1e6, 1e6]) and not found["lines"]
    request = DraftGrids(Layer("", "admin_area"), str(tmp_path / "草案.gpkg"), [Layer("", "base_line")],
                         area_code_field="code", barrier_ranks=['{"rank": 2}'],
                         locked=Layer("", "unit_grid"))  # fmt: skip
    result = draft_grids(context, request)
    assert result["counts"]["cells"] >= 2
    assert set(read(tmp_path)["area_code"]) == {one["code"] for one in found["communities"]}
    with pytest.raises(InputRefused, match=r"request\.parameters"):
        draft_grids(context, DraftGrids(Layer("", "meta"), str(tmp_path / "x.gpkg"), []))


def test_a_preview_reads_the_base_map_of_its_community_alone(town, tmp_path):
    store = town.store
    uuids, lines = objects(["near", "far"]), [street((500, 100), (500, 900)), street((1500, 100), (1500, 900))]
    with store.action("test") as action:
        columns = {"uuid": uuids, "theme": objects(["road"] * 2), GEOM: as_array([shapely.multilinestrings([line])
                                                                                  for line in lines])}  # fmt: skip
        action.insert("base_line", columns)
    codes = [one["code"] for one in draft_sources(town.context, DraftSources())["communities"]]
    found = []
    for only in (None, [codes[0]]):
        request = DraftGrids(Layer("", "admin_area"), str(tmp_path / "草案.gpkg"), [Layer("", "base_line")],
                             area_code_field="code", only=only)  # fmt: skip
        found.append(draft_grids(town.context, request)["counts"]["barriers"])
        (tmp_path / "草案.gpkg").unlink()
    assert found == [2, 1]


def test_rivers_drawn_as_areas_count_in_the_mean_load_of_a_community_drafted_alone(tmp_path, write):
    """The mean load is that of the land: a preview of one community sees rivers of others, too."""
    areas = write("areas.gpkg", [box(0, 0, 800, 400), box(800, 0, 1600, 400)], "Polygon", code=["A", "B"])
    river = write("river.gpkg", [box(1100, -50, 1300, 450)], "Polygon")
    rng = np.random.default_rng(3)
    there = rng.uniform((0, 0), (1600, 400), (1500, 2))
    there = there[(there[:, 0] < 1100) | (there[:, 0] > 1300)]
    components = write("components.gpkg", [point(x, y) for x, y in there], "Point")
    more = {"components": components, "area_code_field": "code", "target_area": 40_000.0}
    ranks = ['{"rank": 1}']
    draft(tmp_path, areas, [river], barrier_ranks=ranks, **more)
    whole = read(tmp_path)
    result = draft(tmp_path, areas, [river], barrier_ranks=ranks, only=["A"], **more)
    alone = read(tmp_path)
    own = whole[whole["area_code"] == "A"]
    # The neighbour's cells put corners into the common edge, no more.
    assert len(own) == len(alone)
    assert all(any(one.equals(other) for other in alone.geometry) for one in own.geometry)
    assert result["counts"]["cells"] == len(alone)
    wet = whole[whole["reason"] == "draft.barrier_area"]
    assert len(wet) == 1 and wet.geometry.values[0].area == pytest.approx(200 * 400, rel=1e-3)


def test_the_versions_of_the_libraries_stay_with_the_draft_and_go_into_the_log(town, tmp_path):
    request = DraftGrids(Layer("", "admin_area"), str(tmp_path / "draft.gpkg"), [], area_code_field="code")
    result = draft_grids(town.context, request)
    words = f"GEOS {shapely.geos_version_string}, shapely {shapely.__version__}"
    assert (result["geos"], result["shapely"]) == (shapely.geos_version_string, shapely.__version__)
    assert set(geopandas.read_file(request.output)["drafted_by"]) == {words}
    adopt_grids(town.context, AdoptGrids(Layer(request.output)))
    (row,) = town.rows("operation", "params", where=[("kind", "=", "adopt_grids")])[-1:]
    told = json.loads(row["params"])
    assert told["drafted_by"] == words == told["adopted_by"]


def test_weights_count_by_the_field_that_looks_like_the_class(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon")
    things = write("things.gpkg", [point(50 + 70 * n, 60) for n in range(10)], "Point", 类别=["0101", "0306"] * 5)
    draft(tmp_path, areas, [], components=things, load_weights={"0101": 3.0, "": 0.0})
    assert sum(read(tmp_path)["load"]) == 15
    bare = write("bare.gpkg", [point(50, 60)], "Point", note=["x"])
    with pytest.raises(InputRefused, match=r"draft\.no_class_field"):
        draft(tmp_path, areas, [], components=bare, load_weights={"0101": 3.0})


def test_a_band_of_loads_is_kept_where_things_stand_close(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon")
    rng = np.random.default_rng(7)
    there = np.concatenate([rng.uniform((0, 0), (200, 400), (900, 2)), rng.uniform((200, 0), (800, 400), (300, 2))])
    things = write("things.gpkg", [point(x, y) for x, y in there], "Point")
    result = draft(tmp_path, areas, [], components=things, target_load=100)
    loads = read(tmp_path)["load"]
    assert ((loads >= 50) & (loads <= 200)).all() and loads.sum() == 1200
    assert result["target_area"] == pytest.approx(AREA.area / 12, abs=0.1)


def test_compounds_are_found_by_what_areas_are_used_for(tmp_path, write):
    areas = write("areas.gpkg", [AREA], "Polygon")
    estate, meadow = box(150, 100, 330, 260), box(420, 20, 780, 380)
    uses = write("uses.gpkg", [estate, meadow], "Polygon", landuse=["residential", "meadow"], amenity=[None, None])
    rows = {"compounds": {"*": ["residential", "school"]}}
    draft(tmp_path, areas, [], compounds=uses, rows=rows, target_area=40_000.0)
    cells = np.asarray(read(tmp_path).geometry.values)
    share = shapely.area(shapely.intersection(cells, estate)).max() / estate.area
    assert share > 0.97
    plain = write("plain.gpkg", [estate], "Polygon", name=["x"])  # tells nothing of use: all of it counts
    draft(tmp_path, areas, [], compounds=plain, rows=rows, target_area=40_000.0)
    cells = np.asarray(read(tmp_path).geometry.values)
    assert shapely.area(shapely.intersection(cells, estate)).max() / estate.area > 0.97


def test_places_of_components_are_read_again_when_the_store_has_changed(town):
    before = point_places(town.context)
    assert point_places(town.context) is before
    with town.store.action("test") as action:
        shapes = as_array([point(11, 12), point(13, 14)])
        action.insert("component_point", {"class_code": objects(["0101", "0402"]), GEOM: shapes})
    after = point_places(town.context)
    assert len(after.xy) == len(before.xy) + 2
    assert after.xy[-1].tolist() == [X0 + 13, Y0 + 14] and after.classes[-2:].tolist() == ["0101", "0402"]
