# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layer of a file is meant, and files that are refused in one sentence."""

from __future__ import annotations

import geopandas
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.storage.vector_rows import refused


@pytest.fixture
def two_layers(tmp_path):
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(0, 0)], crs=4549)
    frame.to_file(tmp_path / "two.gpkg", layer="一")
    frame.to_file(tmp_path / "two.gpkg", layer="二")
    return tmp_path / "two.gpkg"


def test_layers_are_named_and_chosen(two_layers):
    assert CityFiles().layers(str(two_layers)) == ("一", "二")
    assert CityFiles().open_source(f"{two_layers}|layername=二").info.layer == "二"
    assert CityFiles().open_source(str(two_layers), layer="一").info.layer == "一"
    assert refused(two_layers).values["layers"] == ["一", "二"]
    error = refused(two_layers, layer="三")
    assert (error.code, error.values["layers"]) == ("input.layer_missing", ["一", "二"])


def test_a_filter_set_in_qgis_is_not_ignored(two_layers):
    assert refused(f"{two_layers}|layername=一|subset=a > 1").code == "input.subset"


def test_an_empty_layer_is_refused(tmp_path):
    frame = geopandas.GeoDataFrame({"a": ["x"]}, geometry=[shapely.Point(0, 0)], crs=4549)
    frame.iloc[:0].to_file(tmp_path / "e.gpkg", layer="空")
    error = refused(tmp_path / "e.gpkg")
    assert (error.code, error.values["layer"]) == ("input.empty", "空")


def test_the_city_store_itself_is_never_opened(two_layers, tmp_path):
    (tmp_path / "link.gpkg").symlink_to(two_layers)
    files = CityFiles(store_path=str(two_layers))
    for call in (files.layers, files.open_source):
        with pytest.raises(InputRefused) as caught:
            call(str(tmp_path / "link.gpkg"))
        assert caught.value.code == "input.is_store"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.gpkg", b"", "input.empty_file"),
        ("a.shp", b"", "input.empty_file"),
        ("a.geojson", b"\x89PNG\r\n\x1a\n", "input.unknown_format"),
        ("a.gpkg", b"\x89PNG\r\n\x1a\n" + bytes(99), "input.unknown_format"),
        ("a.shp", b"\x89PNG" + bytes(99), "input.unknown_format"),
        ("a.dwg", b"AC1032" + bytes(99), "input.dwg"),
        ("a.shp", b"AC1015" + bytes(99), "input.dwg"),
        ("a.vrt", b"<x/>", "input.unknown_format"),
        ("a.gpkg", b"SQLite format 3\x00" + bytes(900), "input.unreadable"),
        ("a.png", b"\x89PNG", "input.unknown_format"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[{"type":"Fea', "input.unreadable"),
        ("a.geojson", '{"type":"Feature","properties":{"a":"井盖"},"geometry":null}'.encode("gbk"), "input.encoding"),
        ("a", b"x", "input.unknown_format"),
    ],
)
def test_files_that_are_no_layers_are_refused(tmp_path, name, data, code):
    (tmp_path / name).write_bytes(data)
    error = refused(tmp_path / name)
    assert (error.code, error.values["file"]) == (code, str(tmp_path / name))


@pytest.mark.parametrize(
    "path", ["/nowhere/x.gpkg", "http://example.org/x.geojson", "/vsicurl/http://example.org/x.geojson", "PG:dbname=x"]
)
def test_only_files_on_this_machine_are_opened(path):
    assert refused(path).code == "input.missing"


def test_a_folder_is_refused(tmp_path):
    assert refused(tmp_path).code == "input.folder"
