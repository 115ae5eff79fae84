# SPDX-License-Identifier: GPL-2.0-or-later
"""Vector layers in and out: values as they were, text never garbled, files whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import fiona
import geopandas
import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, ROW
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.vectors import VectorSource
from tests.storage.vector_rows import obj, refused, rows_of

NAMES = ["井盖", "路灯；'quoted'; \"x\"", "行道树", None]


def columns(**extra):
    return {
        "name": obj(NAMES),
        "n": obj([1, None, 2**60 + 1, -5]),
        "x": obj([1.5, None, float("nan"), -0.25]),
        "ok": obj([True, False, None, True]),
        "day": obj([date(2024, 2, 29), None, date(1999, 12, 31), date(2024, 1, 1)]),
        "at": obj([datetime(2024, 2, 29, 23, 59, 58), None, datetime(1999, 1, 1), datetime(2030, 1, 1, 8)]),
        GEOM: obj([shapely.Point(1, 2), None, shapely.Point(3, 4), shapely.Point(5, 6)]),
        **extra,
    }


@pytest.fixture
def gbk(chinese_path):
    """A shapefile in GBK as a GIS of another maker writes it; returns a function of the .cpg's text (None: no .cpg)."""

    def write(cpg, codec="GBK", values=("井盖", "人民中路路灯", "自来水公司阀门"), field="名称"):
        path = chinese_path / "部件 点.shp"
        schema = {"geometry": "Point", "properties": {field: "str:40", "n": "int"}}
        with fiona.open(path, "w", driver="ESRI Shapefile", schema=schema, crs="EPSG:4549", encoding=codec) as out:
            for index, value in enumerate(values):
                out.write(
                    {
                        "geometry": {"type": "Point", "coordinates": (index, index)},
                        "properties": {field: value, "n": index},
                    }
                )
        beside = path.with_suffix(".cpg")
        beside.unlink(missing_ok=True)
        if cpg is not None:
            beside.write_text(cpg)
        if codec == "GBK":  # Fiona writes no language id for GBK; none at all is the usual case
            raw = bytearray(path.with_suffix(".dbf").read_bytes())
            raw[29] = 0
            path.with_suffix(".dbf").write_bytes(raw)
        return path

    return write


@pytest.mark.parametrize(
    ("cpg", "why"),
    [
        (None, "content"),
        ("GBK", "stated"),
        ("936", "stated"),
        ("UTF-8", "stated_wrong"),
        ("88591", "stated_wrong"),
        ("??", "content"),
    ],
)
def test_gbk_shapefile_is_read_whatever_its_cpg_says(gbk, cpg, why):
    source = CityFiles().open_source(str(gbk(cpg)))
    assert (source.info.encoding, source.info.encoding_evidence) == ("GBK", f"encoding.{why}")
    assert [row["名称"] for row in rows_of(source)] == ["井盖", "人民中路路灯", "自来水公司阀门"]


def test_utf8_shapefile_with_a_gbk_cpg_is_read(gbk):
    source = CityFiles().open_source(str(gbk("GBK", codec="UTF-8")))
    assert source.info.encoding == "UTF-8"
    assert rows_of(source)[1]["名称"] == "人民中路路灯"


def test_big5_shapefile_is_read(gbk):
    source = CityFiles().open_source(
        str(gbk(None, codec="CP950", values=("臺南市永康區", "污水下水道", "路燈"), field="name"))
    )
    assert source.info.encoding == "Big5"
    assert rows_of(source)[0]["name"] == "臺南市永康區"


def test_a_wrong_code_page_given_for_a_shapefile_is_refused_with_row_and_field(gbk):
    path = gbk("GBK", field="name")
    error = refused(path, encoding="UTF-8")
    assert (error.code, error.values["encoding"], error.values["row"], error.values["field"]) == (
        "input.encoding",
        "UTF-8",
        1,
        "name",
    )


def test_a_shapefile_that_mixes_code_pages_is_refused(gbk):
    path = gbk(None, field="name")
    table = path.with_suffix(".dbf")
    raw = table.read_bytes()
    at = raw.index("人民".encode("gbk"))
    table.write_bytes(raw[:at] + b"\xff\xff\xff\xff" + raw[at + 4 :])
    error = refused(path)
    assert error.code == "input.encoding_unknown" and error.values["row"] == 2


def test_a_character_cut_by_the_column_width_does_not_stop_the_import(gbk):
    whole = "A" + "路灯" * 9 + "路"  # 39 bytes of 40
    path = gbk(None, field="name", values=("井盖", whole, "阀门"))
    table = path.with_suffix(".dbf")
    raw = bytearray(table.read_bytes())
    raw[raw.index(whole.encode("gbk")) + 39] = "灯".encode("gbk")[0]
    table.write_bytes(raw)
    assert [row["name"] for row in rows_of(CityFiles().open_source(str(path)))] == ["井盖", whole, "阀门"]


def test_gbk_in_gdal_is_gbk_in_python(gbk):
    """Every GB 2312 character (rows 16–87) and the middle dot and dashes read alike: GDAL's table against Python's."""
    texts = [
        "".join(bytes([row, cell]).decode("gbk", "ignore") for cell in range(0xA1, 0xB5))
        for row in (0xA1, *range(0xB0, 0xF8))
    ]
    texts = [text.replace("\u3000", "") for text in texts]
    assert [row["t"] for row in rows_of(CityFiles().open_source(str(gbk("GBK", values=texts, field="t"))))] == texts


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".geojson"])
def test_what_is_written_is_read_again(chinese_path, ending):
    path = str(chinese_path / f"层{ending}")
    files = CityFiles()
    files.write_layer(path, "部件", columns(), "EPSG:4549", "Point")
    source = files.open_source(path)
    got = rows_of(source)
    assert source.info.crs == "EPSG:4549" and source.info.geometry == "Point" and source.info.rows == 4
    assert [row[ROW] for row in got] == [1, 2, 3, 4]
    assert [row["name"] for row in got] == NAMES
    assert [row["n"] for row in got] == [1, None, 2**60 + 1, -5]
    assert [row["x"] for row in got] == [1.5, None, None, -0.25]
    assert [row["day"] for row in got] == [date(2024, 2, 29), None, date(1999, 12, 31), date(2024, 1, 1)]
    assert [row[GEOM] and row[GEOM].wkt for row in got] == ["POINT (1 2)", None, "POINT (3 4)", "POINT (5 6)"]
    if ending == ".shp":
        assert [row["ok"] for row in got] == [1, 0, None, 1] and got[0]["at"] == "2024-02-29 23:59:58"
    else:
        assert [row["ok"] for row in got] == [True, False, None, True]
        assert [row["at"] for row in got] == list(columns()["at"])
    assert all(
        type(value) in (str, int, float, bool, date, datetime, type(None))
        for row in got
        for key, value in row.items()
        if key not in (ROW, GEOM)
    )


def test_geopandas_reads_what_we_write(tmp_path):
    CityFiles().write_layer(str(tmp_path / "a.gpkg"), "a", columns(), "EPSG:4549", "Point")
    frame = geopandas.read_file(tmp_path / "a.gpkg")
    assert frame.crs.to_epsg() == 4549 and list(frame["name"]) == NAMES and frame.geometry[1] is None


def test_times_with_an_offset_keep_their_moment(tmp_path):
    china = timezone(timedelta(hours=8))
    data = {"at": obj([datetime(2024, 1, 1, 8, tzinfo=china), None]), GEOM: obj([shapely.Point(0, 0)] * 2)}
    CityFiles().write_layer(str(tmp_path / "t.gpkg"), "t", data, "EPSG:4549", "Point")
    assert rows_of(CityFiles().open_source(str(tmp_path / "t.gpkg")))[0]["at"] == datetime(
        2024, 1, 1, tzinfo=timezone.utc
    )


def test_single_and_multi_parts_become_multi(tmp_path):
    one, two = shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(2, 2, 3, 3)])
    CityFiles().write_layer(
        str(tmp_path / "m.gpkg"), "m", {"i": np.arange(3), GEOM: obj([one, None, two])}, "EPSG:4549", "Polygon"
    )
    source = CityFiles().open_source(str(tmp_path / "m.gpkg"))
    assert source.info.geometry == "MultiPolygon"
    assert [row[GEOM] and row[GEOM].geom_type for row in rows_of(source)] == ["MultiPolygon", None, "MultiPolygon"]


def test_heights_are_kept(tmp_path):
    CityFiles().write_layer(
        str(tmp_path / "z.gpkg"), "z", {GEOM: obj([shapely.Point(1, 2, 3)]), "i": np.arange(1)}, None, "Point"
    )
    source = CityFiles().open_source(str(tmp_path / "z.gpkg"))
    assert source.info.geometry == "Point" and source.info.crs is None
    assert rows_of(source)[0][GEOM].z == 3


@pytest.mark.parametrize("wanted", [True, False])
def test_spatial_index(tmp_path, wanted):
    CityFiles().write_layer(str(tmp_path / "i.gpkg"), "i", columns(), "EPSG:4549", "Point", spatial_index=wanted)
    with fiona.open(tmp_path / "i.gpkg") as layer:
        assert len(list(layer.filter(bbox=(0, 0, 2, 3)))) == 1
    tables = {row[0] for row in sqlite3.connect(tmp_path / "i.gpkg").execute("select name from sqlite_master")}
    assert ("rtree_i_geom" in tables) is wanted


def test_a_field_called_fid_is_kept(tmp_path):
    data = {"fid": obj(["a", "b"]), GEOM: obj([shapely.Point(0, 0)] * 2)}
    CityFiles().write_layer(str(tmp_path / "f.gpkg"), "f", data, "EPSG:4549", "Point")
    assert [row["fid"] for row in rows_of(CityFiles().open_source(str(tmp_path / "f.gpkg")))] == ["a", "b"]


def test_a_table_without_geometry(tmp_path):
    CityFiles().write_layer(str(tmp_path / "t.gpkg"), "t", {"a": obj(["x", None])}, None, None)
    source = CityFiles().open_source(str(tmp_path / "t.gpkg"))
    assert source.info.geometry is None
    assert rows_of(source) == [{ROW: 1, "a": "x"}, {ROW: 2, "a": None}]


def test_shapefile_names_are_shortened_without_becoming_equal_and_said(tmp_path):
    files = CityFiles()
    data = {"主管部门名称": obj(["a"]), "主管部门代码": obj(["b"]), GEOM: obj([shapely.Point(0, 0)])}
    files.write_layer(str(tmp_path / "s.shp"), "s", data, "EPSG:4549", "Point")
    assert files.notes[0][0] == "vector.renamed"
    row = rows_of(files.open_source(str(tmp_path / "s.shp")))[0]
    assert list(row.values())[1:3] == ["a", "b"]
    assert files.notes[0][1]["fields"] == dict(zip(["主管部门名称", "主管部门代码"], list(row)[1:3]))


def test_text_too_long_for_a_shapefile_is_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "s.shp"
    CityFiles().write_layer(str(path), "s", {"a": obj(["old"]), GEOM: obj([shapely.Point(0, 0)])}, "EPSG:4549", "Point")
    with pytest.raises(InputRefused) as caught:
        CityFiles().write_layer(
            str(path), "s", {"a": obj(["街" * 85]), GEOM: obj([shapely.Point(0, 0)])}, "EPSG:4549", "Point"
        )
    assert (caught.value.code, caught.value.values["field"], caught.value.values["row"]) == (
        "output.text_too_long",
        "a",
        1,
    )
    assert rows_of(CityFiles().open_source(str(path)))[0]["a"] == "old"


def test_writing_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    import pyogrio.raw

    path = tmp_path / "w.gpkg"
    path.write_bytes(b"old")

    def full(target, *args, **options):
        Path(target).write_bytes(b"half")
        raise RuntimeError("disk full")

    monkeypatch.setattr(pyogrio.raw, "write", full)
    with pytest.raises(InputRefused) as caught:
        CityFiles().write_layer(str(path), "w", columns(), "EPSG:4549", "Point")
    assert caught.value.code == "output.failed"
    assert path.read_bytes() == b"old" and [item.name for item in tmp_path.iterdir()] == ["w.gpkg"]


def test_writing_over_a_shapefile_removes_its_old_index(tmp_path):
    (tmp_path / "s.qix").write_bytes(b"old")
    CityFiles().write_layer(str(tmp_path / "s.shp"), "s", columns(), "EPSG:4549", "Point")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["s.cpg", "s.dbf", "s.prj", "s.shp", "s.shx"]


def test_a_shapefile_without_shx_is_read_and_the_folder_left_as_it_was(gbk):
    path = gbk("GBK")
    path.with_suffix(".shx").unlink()
    before = sorted(item.name for item in path.parent.iterdir())
    source = CityFiles().open_source(str(path))
    assert source.notes[0][0] == "vector.shx_restored" and source.info.crs == "EPSG:4549"
    assert [row["n"] for row in rows_of(source)] == [0, 1, 2]
    assert sorted(item.name for item in path.parent.iterdir()) == before


def test_a_shapefile_without_dbf_is_refused(gbk):
    path = gbk("GBK")
    path.with_suffix(".dbf").unlink()
    assert refused(path).code == "input.no_dbf"


def test_parts_of_different_shapefiles_are_refused(gbk, tmp_path):
    path = gbk("GBK", values=("a", "b"))
    shutil.copy(path.with_suffix(".dbf"), tmp_path / "two.dbf")
    path = gbk("GBK", values=("a", "b", "c"))
    shutil.copy(tmp_path / "two.dbf", path.with_suffix(".dbf"))
    error = refused(path)
    assert (error.code, error.values["shapes"], error.values["rows"]) == ("input.parts_differ", 3, 2)


def test_a_truncated_dbf_is_refused(gbk):
    table = gbk("GBK").with_suffix(".dbf")
    table.write_bytes(table.read_bytes()[:-60])
    assert refused(table.with_suffix(".shp")).code == "input.truncated"


def test_deleted_rows_of_a_shapefile_are_left_out_and_none_comes_twice(gbk):
    path = gbk("GBK", values=[str(i) for i in range(10)], field="t")
    table = path.with_suffix(".dbf")
    raw = bytearray(table.read_bytes())
    head, width = int.from_bytes(raw[8:10], "little"), int.from_bytes(raw[10:12], "little")
    for row in (0, 4, 5):
        raw[head + row * width] = 0x2A
    table.write_bytes(raw)
    assert [row["t"] for row in rows_of(CityFiles().open_source(str(path)), size=2)] == list("1236789")


def test_geojson_and_kml_and_gml_stream_alike(tmp_path, monkeypatch):
    frame = geopandas.GeoDataFrame(
        {"name": [f"名{i}" for i in range(50)]}, geometry=shapely.points(np.arange(100).reshape(50, 2) / 9), crs=4326
    )
    monkeypatch.setattr("digital_citymgmt_plugin.storage.vectors._AT_ONCE", 10)
    for ending, driver in ((".geojson", "GeoJSON"), (".gml", "GML"), (".fgb", "FlatGeobuf")):
        frame.to_file(tmp_path / f"s{ending}", driver=driver, engine="pyogrio")
        (tmp_path / "s.gfs").unlink(missing_ok=True)
        before = sorted(item.name for item in tmp_path.iterdir())
        got = rows_of(CityFiles().open_source(str(tmp_path / f"s{ending}")), size=7)
        assert sorted(row["name"] for row in got) == sorted(frame["name"])
        assert [row[ROW] for row in got] == list(range(1, 51))
        assert sorted(item.name for item in tmp_path.iterdir()) == before, "nothing may be written beside an input"


def test_kml_is_read(tmp_path):
    (tmp_path / "k.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>d</name><Placemark><name>井盖</name>'
        "<Point><coordinates>120,31</coordinates></Point></Placemark></Document></kml>",
        encoding="utf-8",
    )
    row = rows_of(CityFiles().open_source(str(tmp_path / "k.kml")))[0]
    assert row["Name"] == "井盖" and shapely.force_2d(row[GEOM]).wkt == "POINT (120 31)"


def test_mapinfo_goes_by_its_own_charset(tmp_path):
    frame = geopandas.GeoDataFrame({"name": ["井盖", "路灯"]}, geometry=shapely.points([[0, 0], [1, 1]]), crs=4326)
    frame.to_file(tmp_path / "m.mif", driver="MapInfo File", encoding="CP936", engine="fiona")
    assert "WindowsSimpChinese" in (tmp_path / "m.mif").read_text("latin-1")
    assert [row["name"] for row in rows_of(CityFiles().open_source(str(tmp_path / "m.mif")))] == ["井盖", "路灯"]


def test_odd_geometries_come_as_they_are(tmp_path):
    shapes = [
        "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
        "POINT EMPTY",
        "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))",
        "POINT (NaN NaN)",
    ]
    given = obj([shapely.from_wkt(one) for one in shapes] + [None])
    CityFiles().write_layer(str(tmp_path / "o.gpkg"), "o", {"i": np.arange(6), GEOM: given}, "EPSG:4549", "Unknown")
    got = [row[GEOM] for row in rows_of(CityFiles().open_source(str(tmp_path / "o.gpkg")))]
    assert [one.wkt for one in got[:4]] == [one.wkt for one in given[:4]]
    assert got[4].is_empty and got[5] is None


def test_chunks_meet_without_gap_or_overlap(tmp_path):
    data = {"i": np.arange(1001), GEOM: np.asarray(shapely.points(np.zeros((1001, 2))), dtype=object)}
    for ending in (".gpkg", ".shp"):
        CityFiles().write_layer(str(tmp_path / f"c{ending}"), "c", data, "EPSG:4549", "Point")
        sizes = [
            (len(chunk[ROW]), int(chunk["i"][0]))
            for chunk in CityFiles().open_source(str(tmp_path / f"c{ending}")).chunks(250)
        ]
        assert sizes == [(250, 0), (250, 250), (250, 500), (250, 750), (1, 1000)]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "rows", "crs", "kind"),
    [
        ("components/windsor_sewer_access_points.gpkg", 47_539, "EPSG:26917", "Point"),
        ("admin/tainan_villages.gpkg", 752, "EPSG:4326", "MultiPolygon"),
    ],
)
def test_real_layers_are_read_as_geopandas_reads_them(shared, name, rows, crs, kind):
    source = CityFiles().open_source(str(shared / name))
    assert (source.info.rows, source.info.crs, source.info.geometry) == (rows, crs, kind)
    got = rows_of(source)
    frame = geopandas.read_file(shared / name)
    assert len(got) == rows
    assert shapely.equals_exact(np.array([row[GEOM] for row in got], dtype=object), frame.geometry.values).all()
    for field in source.info.fields:
        expected = frame[field.name].astype(object).where(frame[field.name].notna(), None)
        if field.kind not in ("date", "datetime"):
            assert [row[field.name] for row in got] == list(expected)


@pytest.mark.real_data
def test_real_villages_survive_a_gbk_shapefile_with_and_without_cpg(shared, tmp_path):
    """Traditional characters in GBK, as a mainland vendor would deliver them."""
    frame = geopandas.read_file(shared / "admin/tainan_villages.gpkg")
    text = next(
        name for name in frame.columns if name != "geometry" and frame[name].astype(str).str.contains("里").any()
    )
    frame = frame[["geometry", text]]
    frame = frame[[str(value).encode("gbk", "replace").decode("gbk") == value for value in frame[text]]]
    path = tmp_path / "villages.shp"
    frame.to_file(path, encoding="GBK", engine="fiona")
    for cpg in ("GBK", None, "UTF-8", "ISO-8859-1"):
        path.with_suffix(".cpg").unlink(missing_ok=True)
        if cpg:
            path.with_suffix(".cpg").write_text(cpg)
        source = CityFiles().open_source(str(path))
        assert source.info.encoding == "GBK", cpg
        assert [row[text[:10]] for row in rows_of(source)] == list(frame[text])


@pytest.mark.real_data
def test_a_real_dwg_is_refused(shared):
    assert refused(shared / "dxf/windsor_playgrounds_AC1032.dwg").code == "input.dwg"


def test_a_source_may_be_closed_twice(gbk):
    path = gbk("GBK")
    path.with_suffix(".shx").unlink()
    source = VectorSource(str(path), ".shp")
    made = Path(source._folder)
    assert (made / "layer.shx").exists()
    source.close()
    source.close()
    assert not made.exists()
    assert path.exists() and not path.with_suffix(".shx").exists(), "the input is as it was"
