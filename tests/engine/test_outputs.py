# SPDX-License-Identifier: GPL-2.0-or-later
"""What an action writes never replaces what it reads, nor a city store."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import (
    Assess,
    CheckGrids,
    CloseStore,
    DraftGrids,
    ImportCases,
    ImportComponents,
    Layer,
    OpenStore,
    SaveBeats,
    VerifyStore,
    request_from_params,
)
from digital_citymgmt_plugin.core.requests_history import ExportGrids, Restate
from digital_citymgmt_plugin.core.same_file import same_file
from digital_citymgmt_plugin.engine.outputs import check_outputs
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.engine.small_city import GRID, column, make_small_city

BOX = shapely.box(500_000, 3_520_000, 500_400, 3_520_200)


def areas(path: Path) -> Layer:
    """Write an area to draft grids in."""
    CityFiles().write_layer(str(path), "社区", {"name": column("紫薇"), "geom": column(BOX)}, "EPSG:4550", "Polygon")
    return Layer(str(path))


def refused(engine, request) -> str:
    with pytest.raises(InputRefused) as caught:
        engine.call(request)
    return caught.value.code


@pytest.mark.parametrize("text", ["cls,x,y\n0101,500010,3520010\n", "cls,x,y\n9999,500010,3520010\n"])
def test_rejects_are_not_written_over_the_input(client, city, chinese_path, text):
    source = chinese_path / "部件.csv"
    source.write_text(text, encoding="utf-8")
    engine = client()
    engine.call(OpenStore(str(city)))
    mapping = json.dumps({"fields": {"class_code": "cls", "x": "x", "y": "y"}, "crs": "EPSG:4550"})
    request = ImportComponents(Layer(str(source)), mapping=mapping, rejects=str(source))
    assert refused(engine, request) == "output.is_input"
    assert source.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson"])
def test_a_draft_is_not_written_over_its_areas(client, chinese_path, ending):
    layer = areas(chinese_path / f"社区{ending}")
    before = Path(layer.path).read_bytes()
    assert refused(client(), DraftGrids(layer, layer.path, [])) == "output.is_input"
    assert Path(layer.path).read_bytes() == before


def test_a_file_is_known_under_every_name(chinese_path, monkeypatch):
    path = chinese_path / "a.csv"
    path.touch()
    (chinese_path / "link.csv").symlink_to(path)
    os.link(path, chinese_path / "hard.csv")
    monkeypatch.chdir(chinese_path)
    for name in ("link.csv", "hard.csv", "a.csv", "./a.csv"):
        with pytest.raises(InputRefused) as caught:
            check_outputs(ImportCases(Layer(str(path)), rejects=name))
        assert (caught.value.code, caught.value.values) == ("output.is_input", {"file": name})


@pytest.mark.parametrize(
    "request_",
    [
        ImportCases(Layer("/d/a.csv"), events=Layer("/d/b.csv"), rejects="/d/b.csv"),
        ImportCases(Layer("/d/a.csv"), mapping="/d/m.csv", rejects="/d/m.csv"),
        DraftGrids(Layer("/d/a.gpkg"), "/d/b.gpkg", [Layer("/d/c.gpkg"), Layer("/d/b.gpkg|layername=x")]),
        DraftGrids(Layer("/d/a.dbf"), "/d/a.shp", []),
        DraftGrids(Layer("/d/a.SHP"), "/d/a.shp", []),
        ExportGrids("", "/d/a.shp", profile="/d/p.json", report="/d/p.json"),
    ],
)
def test_every_input_of_a_request_is_looked_at(request_):
    with pytest.raises(InputRefused) as caught:
        check_outputs(request_)
    assert caught.value.code == "output.is_input"


@pytest.mark.parametrize(
    "request_",
    [
        ExportGrids("", "/d/a.shp", report="/d/a.dbf"),
        ExportGrids("", "/d/a.shp", report="/d/a_codes.xlsx"),
        ImportCases(Layer("/d/a.csv"), events=Layer("/d/b.csv"), rejects="/d/a.csv.xlsx"),
        CheckGrids(Layer("/d/a.gpkg"), output="/d/b.gpkg", mended="/d/b.gpkg"),
        Restate("/d/t.xlsx", Layer("/d/a.csv"), rejects="/d/../d/t.xlsx"),
    ],
)
def test_two_outputs_of_one_name_are_refused(request_):
    if isinstance(request_, ImportCases):  # the log's list has a name of its own
        check_outputs(request_)
        return
    with pytest.raises(InputRefused) as caught:
        check_outputs(request_)
    assert caught.value.code == "output.twice"


def test_a_file_that_nobody_named_is_written_over_only_with_its_own(tmp_path):
    files, main, side = CityFiles(), tmp_path / "x.shp", tmp_path / "x_codes.xlsx"
    assert files.beside(str(main), "_codes", ".xlsx") == str(side)
    side.write_bytes(b"mine")
    with pytest.raises(InputRefused) as caught:
        files.beside(str(main), "_codes", ".xlsx")
    assert (caught.value.code, caught.value.values) == ("output.beside", {"file": str(side), "other": str(main)})
    main.touch()
    assert files.beside(str(main), "_codes", ".xlsx") == str(side)


def test_half_a_character_in_what_is_asked_is_one_sentence(client, city):
    engine = client()
    engine.call(OpenStore(str(city)))
    before = engine.call(VerifyStore())["counts"]
    asked = SaveBeats({GRID: "b"}, {"b": "名\ud83d"})
    assert refused(engine, asked) == "request.half_character"
    assert engine.call(VerifyStore())["counts"] == before


def test_other_files_are_not_the_same():
    check_outputs(DraftGrids(Layer("/d/a.shp"), "/d/b.shp", [Layer("/d/a.geojson")]))
    assert not same_file("/d/a.shp", "/d/a.gpkg")
    assert not same_file("/d/a\0", "/d/a")


def test_a_draft_is_not_written_over_a_closed_store(client, city, chinese_path):
    before = city.read_bytes()
    layer = areas(chinese_path / "a.gpkg")
    assert refused(client(), DraftGrids(layer, str(city), [])) == "output.is_store"
    assert city.read_bytes() == before


def test_a_table_is_not_written_over_another_city_even_when_it_is_open_elsewhere(client, city, tmp_path):
    other = make_small_city(tmp_path / "other.gpkg")
    engine, elsewhere = client(), client()
    engine.call(OpenStore(str(city)))
    before = other.read_bytes()
    assert refused(engine, Assess("community", output=str(other))) == "output.is_store"
    assert other.read_bytes() == before
    elsewhere.call(OpenStore(str(other)))
    assert refused(engine, Assess("community", output=str(other))) == "output.is_store"
    assert elsewhere.call(VerifyStore())["counts"]["findings"] == 0
    elsewhere.call(CloseStore())


def test_another_geopackage_is_replaced(chinese_path):
    path = chinese_path / "draft.gpkg"
    areas(path)
    areas(path)
    assert CityFiles().layers(str(path)) == ("社区",)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("probe_redraw", {"session": "x", "tool": "split", "points": [10**400, 1]}),
        ("draft_beats", {"count": 2, "tolerance": 10**400}),
    ],
)
def test_a_whole_number_that_no_float_holds_is_refused(method, params):
    with pytest.raises(InputRefused) as caught:
        request_from_params(method, params)
    assert caught.value.code == "request.parameters"
