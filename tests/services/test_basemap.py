# SPDX-License-Identifier: GPL-2.0-or-later
"""The base map: drawings in and again, CRS found, exchanged coordinates, sheets, candidates and what is decided."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import ezdxf
import numpy as np
import pyogrio
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import (
    DecideCandidates,
    ImportBaseMap,
    MakeCandidates,
    PreviewBaseMap,
    UndoOperation,
)
from digital_citymgmt_plugin.services.basemap import import_base_map, preview_base_map
from digital_citymgmt_plugin.services.candidate_decisions import decide_candidates
from digital_citymgmt_plugin.services.candidates import make_candidates
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.files import CityFiles
from scripts.demo_city.dxf_sheets import write_sheets
from scripts.demo_city.dxf_symbols import SYMBOLS
from tests.services.cities import CRS, X0, Y0, box, point
from tests.support import Watcher, make_context

SHEET = "3520.0-360.0"


def draw(path, lamps=((10, 10), (20, 20)), shift=(X0, Y0), swap=False, trees=0):
    """A drawing with lamps (SOUTH code), a house, a name and trees by the name of their block."""
    document = ezdxf.new("R2000")
    document.encoding = "gbk"
    document.header["$DWGCODEPAGE"] = "ANSI_936"
    document.appids.new("SOUTH")
    space = document.modelspace()
    for name in ("GC155210", "行道树", "某物"):
        document.blocks.new(name).add_circle((0, 0), 0.5)

    def at(x, y):
        x, y = x + shift[0], y + shift[1]
        return (y, x) if swap else (x, y)

    for x, y in lamps:
        lamp = space.add_blockref("GC155210", at(x, y), dxfattribs={"layer": "DLDW"})
        lamp.set_xdata("SOUTH", [(1000, "155210")])
    for number in range(trees):
        space.add_blockref("行道树", at(5, number), dxfattribs={"layer": "树"})
    space.add_blockref("某物", at(1, 1), dxfattribs={"layer": "未知层"})
    house = space.add_lwpolyline([at(*xy) for xy in ((30, 30), (50, 30), (50, 50), (30, 50))], close=True)
    house.dxf.layer = "JMD"
    space.add_text("人民路", dxfattribs={"insert": at(60, 60), "layer": "DLSS"})
    document.saveas(path)
    return str(path)


def bring(city, path, **more):
    return import_base_map(city.context, ImportBaseMap(str(path), **more))


def test_a_drawing_comes_in_with_themes_and_its_sheet(town):
    result = bring(town, draw(town.folder / "a.dxf"))
    assert result["counts"]["entities"] == 5 and result["counts"]["sheets"] == 1
    assert town.rows("sheet", "number", "number_fine", "status") == [
        {"number": SHEET, "number_fine": "3520.00-360.00", "status": "open"}
    ]
    points = town.rows("base_point", "theme", "layer", "code", "block", "handle")
    assert [(row["theme"], row["code"], row["block"]) for row in points] == [
        ("facility", "155210", "GC155210"), ("facility", "155210", "GC155210"), ("other", None, "某物"),
    ]  # fmt: skip
    assert town.rows("base_area", "theme", "geom")[0]["geom"].equals(shapely.MultiPolygon([box(30, 30, 50, 50)]))
    assert town.rows("base_text", "text", "theme") == [{"text": "人民路", "theme": "road"}]
    (drawing,) = town.rows("drawing", "name", "encoding", "crs", "crs_evidence", "entities")
    assert drawing == {"name": "a", "encoding": "GBK", "crs": CRS, "crs_evidence": "crs.fits_city", "entities": 5}
    assert result["unknown"] == {"未知层": 1}


def test_the_same_drawing_again_changes_nothing_and_a_changed_one_takes_its_place(town):
    path = draw(town.folder / "a.dxf")
    bring(town, path)
    before = town.digest()
    again = bring(town, path)
    assert again["operation"] is None and again["counts"]["unchanged"] == 1 and town.digest() == before
    uuids = [row["uuid"] for row in town.rows("base_point", "uuid")]
    make_candidates(town.context, MakeCandidates())
    draw(path, lamps=((10, 10), (20, 20), (70, 70)))
    changed = bring(town, path)
    assert changed["counts"]["replaced"] == 1 and len(town.rows("drawing", "fid")) == 1
    assert set(uuids[:2]) < {row["uuid"] for row in town.rows("base_point", "uuid")}
    assert make_candidates(town.context, MakeCandidates())["counts"]["inserted"] == 1


def test_an_import_can_be_taken_back(town):
    path = draw(town.folder / "a.dxf")
    before = {table: town.rows(table, "uuid") for table in ("base_point", "drawing", "sheet")}
    done = bring(town, path)["operation"]
    make_candidates(town.context, MakeCandidates())
    decide_candidates(town.context, DecideCandidates("confirm"))
    undo_operation(town.context, UndoOperation(done, "undo"))
    assert {table: town.rows(table, "uuid") for table in before} == before
    assert town.rows("component_point", "uuid") == [] == town.rows("candidate", "uuid")


def test_an_import_that_took_a_place_is_taken_back_to_what_was_there(town):
    path = draw(town.folder / "a.dxf")
    bring(town, path)
    before = town.rows("base_point", "uuid", "geom", "layer")
    draw(path, lamps=((11, 10), (20, 20), (70, 70)))
    bring(town, path)
    undo_operation(town.context, UndoOperation("last"))
    assert town.rows("base_point", "uuid", "geom", "layer") == before


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("prefix", [0.0, 40_000_000.0])
def test_prefix_and_exchanged_coordinates_are_found(town, swap, prefix):
    """EPSG:4550 is central meridian 123°, zone 41; the drawing may be in zone 40 as well."""
    if prefix:
        shape = shapely.Point(X0, Y0)
        moved = town.context.projections.transform(np.array([shape], dtype=object), CRS, "EPSG:4528")[0]
        shift = (moved.x, moved.y)
    else:
        shift = (X0, Y0)
    result = bring(town, draw(town.folder / "a.dxf", shift=shift, swap=swap))
    assert result["drawings"][0]["swapped"] is swap
    assert result["drawings"][0]["crs"] == ("EPSG:4528" if prefix else CRS)
    place = town.rows("base_point", "geom")[0]["geom"]
    assert place.distance(point(10, 10)) < 1.0


def test_a_drawing_elsewhere_is_refused_until_its_crs_is_said(town):
    path = draw(town.folder / "a.dxf", shift=(100.0, 200.0))
    with pytest.raises(InputRefused, match=r"basemap.elsewhere"):
        bring(town, path)
    looked = preview_base_map(town.context, PreviewBaseMap(path))["drawings"][0]
    assert looked["problem"] == "basemap.elsewhere" and looked["layers"]
    assert town.rows("drawing", "fid") == []


def test_a_folder_lists_what_could_not_be_read(town):
    folder = town.folder / "图"
    folder.mkdir()
    draw(folder / "a.dxf")
    (folder / "b.dxf").write_bytes(b"0\nSECTION\n")
    (folder / "c.dwg").write_bytes(b"AC1032")
    result = bring(town, folder)
    counts = {name: result["counts"][name] for name in ("files", "drawings", "failed", "dwg")}
    assert counts == {"files": 2, "drawings": 1, "failed": 1, "dwg": 1}
    assert [note["code"] for note in result["notes"]][:2] == ["input.dxf_broken", "basemap.dwg_left"]


@pytest.mark.parametrize("ending", ["dxf", "shp"])
def test_a_base_map_of_5_gb_is_refused_before_it_is_read(town, ending):
    path = town.folder / f"large.{ending}"
    with path.open("wb") as file:
        file.write({"dxf": b"  0\nSECTION\n", "shp": b"\x00\x00\x27\x0a"}[ending])
        file.truncate(5 << 30)  # sparse: takes no room on the disk
    begun = time.perf_counter()
    with pytest.raises(InputRefused, match=r"input\.(dxf_too_big|unreadable)"):
        bring(town, path)
    assert time.perf_counter() - begun < 3


def test_layer_files_come_in_by_their_geometry(town):
    path = town.layer("建筑.shp", [box(0, 0, 10, 10)], 编码=["141101"], 名称=["一号楼"])
    result = bring(town, path)
    assert result["counts"]["base_area"] == 1
    (row,) = town.rows("base_area", "theme", "code", "attributes")
    assert row["theme"] == "building" and json.loads(row["attributes"])["名称"] == "一号楼"


def test_without_a_store_the_base_map_goes_into_a_geopackage(tmp_path):
    path = draw(tmp_path / "a.dxf")
    out = str(tmp_path / "base.gpkg")
    context = make_context(None, Watcher())
    with pytest.raises(InputRefused, match=r"basemap.no_crs"):
        import_base_map(context, ImportBaseMap(path, output=out))
    import_base_map(context, ImportBaseMap(path, crs=CRS, output=out))
    assert {name for name, _ in pyogrio.list_layers(out)} == {"base_point", "base_area", "base_text"}
    assert pyogrio.read_info(out, layer="base_point")["crs"] == CRS


def test_a_mapping_is_saved_used_by_name_and_refused_when_wrong(town):
    path = draw(town.folder / "a.dxf")
    mapping = {"name": "本市", "layers": {"未知层": {"theme": "pipe", "component": "消防设施"}}}
    bring(town, path, mapping=json.dumps(mapping))
    assert bring(town, path, mapping="本市")["counts"]["unchanged"] == 1
    assert town.rows("base_point", "theme")[-1]["theme"] == "pipe"
    made = make_candidates(town.context, MakeCandidates("本市"))
    assert made["counts"]["proposed"] == 3 and made["unknown"] == {}
    for wrong, code in (("{", "mapping.not_json"), ('{"layers": {"a": {"theme": "x"}}}', "basemap.theme"),
                        ("别的", "mapping.unknown_name"), ('{"layers": {"a": 1}}', "mapping.wrong")):  # fmt: skip
        with pytest.raises(InputRefused, match=code):
            bring(town, path, mapping=wrong)


def test_a_kept_mapping_is_proposed_and_heard_when_candidates_are_looked_for(town):
    path = draw(town.folder / "a.dxf")
    mapping = {"name": "本市", "layers": {"未知层": {"theme": "pipe", "component": "消防设施"}}}
    first = preview_base_map(town.context, PreviewBaseMap(path))
    assert first["suggested"] is None and first["mappings"] == {} and "未知层" in first["unknown"]
    extent = bring(town, path, mapping=json.dumps(mapping))["extent"]
    assert extent[0] < extent[2] and extent[1] < extent[3]
    second = preview_base_map(town.context, PreviewBaseMap(path))
    assert second["suggested"] == "本市" and second["mappings"]["本市"] == {**mapping, "blocks": {}, "codes": {}}
    layers = {row["layer"]: row for row in preview_base_map(
        town.context, PreviewBaseMap(path, mapping="本市"))["drawings"][0]["layers"]}  # fmt: skip
    assert layers["未知层"]["symbols"] and layers["未知层"]["component"]
    assert make_candidates(town.context, MakeCandidates())["counts"]["proposed"] == 3
    assert make_candidates(town.context, MakeCandidates())["operation"] is None  # none is taken away again


def test_all_drawings_of_a_folder_are_looked_at(town):
    folder = town.folder / "sheets"
    folder.mkdir()
    for name in "abcde":
        draw(folder / f"{name}.dxf")
    looked = preview_base_map(town.context, PreviewBaseMap(str(folder)))
    assert (looked["files"], looked["looked"], len(looked["drawings"])) == (5, 5, 5)


def test_candidates_are_confirmed_rejected_merged_and_reopened(town):
    bring(town, draw(town.folder / "a.dxf", lamps=((10, 10), (20, 20), (20.1, 20)), trees=3))
    made = make_candidates(town.context, MakeCandidates())
    assert made["counts"]["inserted"] == 6 and made["unknown"] == {"某物": 1}
    assert make_candidates(town.context, MakeCandidates())["operation"] is None
    rows = town.rows("candidate", "uuid", "class_code", "evidence", "drawing", "symbol_code")
    lamps = [row["uuid"] for row in rows if row["symbol_code"] == "155210"]
    assert json.loads(rows[0]["evidence"]) == {"by": "code", "word": "155210", "others": []}
    assert json.loads(rows[-1]["evidence"])["by"] == "name" and rows[0]["drawing"] == "a"
    decide_candidates(town.context, DecideCandidates("merge", ",".join(lamps[1:]), into=lamps[1]))
    decide_candidates(town.context, DecideCandidates("reject", lamps[0], reason="拆除"))
    assert Counter(row["state"] for row in town.rows("candidate", "state")) == {"open": 4, "merged": 1, "rejected": 1}
    decide_candidates(town.context, DecideCandidates("reopen", lamps[0]))
    done = decide_candidates(town.context, DecideCandidates("confirm", sheet="3520.00-360.00"))
    assert done["counts"] == {"chosen": 5, "changed": 5, "decided": 0}
    (first, *_) = town.rows("component_point", "class_code", "source", "community_code", "state", "attributes")
    assert (
        first["source"] == "底图" and first["state"] == "完好" and json.loads(first["attributes"])["code"] == "155210"
    )
    assert town.code()["counts"]
    for wrong, code in (
        (DecideCandidates("burn"), "candidate.decision"), (DecideCandidates("confirm", "x"), "candidate.none"),
        (DecideCandidates("merge"), "candidate.merge_all"),
        (DecideCandidates("merge", lamps[0]), "candidate.merge_few"),
        (DecideCandidates("confirm", class_code="9x"), "candidate.class"),
        (DecideCandidates("reject", drawing="b"), "candidate.drawing"),
        (DecideCandidates("reject", distance=101.0), "candidate.distance"),
        (DecideCandidates("confirm", sheet="1.0-1.0"), "sheets.unknown"),
    ):  # fmt: skip
        with pytest.raises(InputRefused, match=code):
            decide_candidates(town.context, wrong)


def test_candidates_are_decided_in_bulk_by_class_drawing_and_distance(town):
    lamps = ((10, 10), (10.4, 10), (10.8, 10), (60, 60), (90, 90))
    bring(town, draw(town.folder / "a.dxf", lamps=lamps, trees=2))
    bring(town, draw(town.folder / "b.dxf", lamps=((60.3, 60), (200, 200)), trees=0))
    make_candidates(town.context, MakeCandidates())
    rows = town.rows("candidate", "uuid", "class_code", "symbol_code", "drawing")
    lamp = next(row["class_code"] for row in rows if row["symbol_code"] == "155210")

    def decide(*given, **more):
        counts = decide_candidates(town.context, DecideCandidates(*given, **more))["counts"]
        return counts["chosen"], counts["changed"], counts["decided"]

    assert decide("merge", class_code=lamp, distance=0.5) == (7, 3, 0)
    assert decide("merge", class_code=lamp, distance=0.5) == (4, 0, 0)  # a second run finds nothing
    merged = town.rows("candidate", "state", "merged_uuid", "uuid")
    assert Counter(row["merged_uuid"] for row in merged if row["state"] == "merged") == {
        rows[0]["uuid"]: 2, rows[3]["uuid"]: 1,
    }  # fmt: skip
    assert decide("confirm", class_code=lamp, drawing="b") == (1, 1, 0)
    assert decide("reopen", class_code=lamp, distance=100.0) == (0, 0, 0)  # none is near the one at 200, 200
    assert decide("reopen", class_code=lamp) == (3, 3, 0)
    assert decide("confirm", drawing="a", class_code=lamp) == (5, 5, 0)
    assert decide("confirm", class_code=lamp, distance=1.0) == (0, 0, 0)  # what is left is in the census
    assert decide("reject", class_code=lamp, distance=1.0) == (1, 1, 0)
    assert decide("reject", class_code=lamp) == (0, 0, 0)
    states = Counter((row["class_code"] == lamp, row["state"]) for row in town.rows("candidate", "class_code", "state"))
    assert states == {(True, "confirmed"): 6, (True, "rejected"): 1, (False, "open"): 2}


def test_the_sheets_of_the_demo_city_give_back_every_symbol(city):
    xy = np.random.default_rng(5).uniform((X0, Y0), (X0 + 1400, Y0 + 900), (300, 2)).round(3)
    kinds = [kind for kind in SYMBOLS if kind != "围墙门"]
    kinds = np.array([kinds[number % len(kinds)] for number in range(len(xy))], object)
    base = city.folder / "base.gpkg"
    pyogrio.raw.write(base, shapely.to_wkb(shapely.points(xy)), [kinds], ["kind"], layer="symbols",
                      geometry_type="Point", crs=CRS, driver="GPKG")  # fmt: skip
    made = write_sheets(base, city.folder / "dxf")
    result = bring(city, city.folder / "dxf")
    assert result["counts"]["drawings"] == made["sheets"] == result["counts"]["sheets"]
    wanted = Counter((*place, SYMBOLS[kind].block, SYMBOLS[kind].code) for place, kind in zip(xy.tolist(), kinds))
    rows = city.rows("base_point", "geom", "block", "code")
    found = Counter((round(r["geom"].x, 3), round(r["geom"].y, 3), r["block"], r["code"]) for r in rows)
    assert found == wanted
    with (city.folder / "dxf" / "legend.csv").open(encoding="utf-8-sig") as file:
        legend = {row["block"]: row["kind"] for row in csv.DictReader(file)}
    names = [entry.name for entry in city.store.profile().classes if entry.kind == "component"]
    same = {"电话亭": "电话亭", "邮筒": "邮筒", "路名牌": "路名牌", "公交站牌": "公交立杆", "通信杆": "通信立杆",
            "监控器": "监控电子眼", "交通标志": "交通标志牌及标线", "交通信号灯": "交通信号灯", "古树名木": "古树名木",
            "电视检修井": "电视井盖", "电力设施": "电力设施", "变压器": "变压器（箱）"}  # fmt: skip
    mapping = {"blocks": {b: {"component": same[k]} for b, k in legend.items() if same.get(k) in names}}
    candidates = make_candidates(city.context, MakeCandidates(json.dumps(mapping)))
    assert candidates["counts"]["proposed"] == len(xy), candidates["unknown"]


def test_files_that_differ_in_their_ending_do_not_replace_each_other(town):
    folder = town.folder / "same"
    folder.mkdir()
    draw(folder / "a.dxf")
    pyogrio.raw.write(
        str(folder / "a.shp"), shapely.to_wkb(np.array([point(70, 70)], dtype=object)), [], [], geometry_type="Point",
        crs=CRS,
    )  # fmt: skip
    counts = bring(town, folder)["counts"]
    assert (counts["drawings"], counts["replaced"]) == (2, 0)
    assert sorted(row["name"] for row in town.rows("drawing", "name")) == ["a", "a.shp"]
    assert len(town.rows("base_point", "fid")) == 4
    again = bring(town, folder)
    assert again["counts"]["unchanged"] == 2 and again["operation"] is None


def test_empty_layers_beside_others_are_left_and_a_file_of_nothing_is_told(town):
    path = str(town.folder / "layers.gpkg")
    shapes = shapely.to_wkb(np.array([point(70, 70)], dtype=object))
    for name, rows in (("empty", shapes[:0]), ("full", shapes)):
        pyogrio.raw.write(path, rows, [], [], layer=name, geometry_type="Point", crs=CRS, append=name == "full")
    assert bring(town, path)["counts"]["drawings"] == 1
    bare = str(town.folder / "bare.gpkg")
    pyogrio.raw.write(bare, shapes[:0], [], [], layer="empty", geometry_type="Point", crs=CRS)
    with pytest.raises(InputRefused) as error:
        bring(town, bare)
    assert error.value.code == "basemap.empty"


def test_too_many_features_are_refused_before_memory_is_full(town, monkeypatch):
    monkeypatch.setattr("digital_citymgmt_plugin.services.basemap_reading.MOST", 2)
    path = str(town.folder / "many.gpkg")
    shapes = shapely.to_wkb(np.array([point(70, y) for y in range(5)], dtype=object))
    pyogrio.raw.write(path, shapes, [], [], layer="x", geometry_type="Point", crs=CRS)
    with pytest.raises(InputRefused) as error:
        bring(town, path)
    assert error.value.code == "basemap.too_many_entities"
    assert not town.rows("drawing", "name")


def test_the_open_store_in_the_folder_is_left_alone(town):
    """Its digest would open it a second time, and closing that drops the engine's locks."""
    files = CityFiles(town.store.path)
    folder = str(Path(town.store.path).parent)
    draw(town.folder / "a.dxf")
    assert town.store.path not in files.drawing_files(folder)[0]
    for attempt in (files.drawing_files, files.digest):
        with pytest.raises(InputRefused) as error:
            attempt(town.store.path)
        assert error.value.code == "input.is_store"


def test_a_preview_writes_no_file(town):
    output = town.folder / "out.gpkg"
    request = ImportBaseMap(draw(town.folder / "a.dxf"), output=str(output))
    counts = import_base_map(replace(town.context, preview=True), request)["counts"]
    assert counts["entities"] == 5 and not output.exists()
    assert import_base_map(town.context, request)["counts"] == counts and output.exists()
