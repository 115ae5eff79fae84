# SPDX-License-Identifier: GPL-2.0-or-later
"""Places and tracks from the toolbox's side: real files, a mapping saved by name, layers of the store."""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsProcessingException, QgsProject, QgsVectorLayer, QgsWkbTypes

from digital_citymgmt_plugin.algorithms.provider import DcmProvider
from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.bridge.engines import pool
from tests.qgis.algorithms_help import STORE, Listener, two_communities, write_geojson

pytestmark = pytest.mark.qgis
X, Y = 500_000, 3_520_000


@pytest.fixture
def run(qgis_app, qgis_processing):
    import processing

    provider = DcmProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    yield lambda name, feedback=None, **given: processing.run(f"dcm:{name}", given, feedback=feedback or Listener())
    QgsApplication.processingRegistry().removeProvider(provider)
    pool().shutdown(2)


@pytest.fixture
def city(run, chinese_path):
    path = str(chinese_path / "城市.gpkg")
    run("createstore", STORE=path, **STORE)
    areas = two_communities(chinese_path)
    run("importareas", STORE=path, INPUT=areas, LEVEL="community", CODE_FIELD="code", NAME_FIELD="name")
    return path


def rows(city, table, field):
    layer = QgsVectorLayer(f"{city}|layername={table}", table, "ogr")
    return [feature[field] for feature in layer.getFeatures()]


def places(folder: Path):
    return write_geojson(
        folder / "兴趣点.geojson",
        [
            ("Point", [X + 10 * number, Y + 10], {"名称": f"店{number}", "地址": f"人民路{number + 1}号"})
            for number in range(5)
        ]
        + [("Point", [X, Y], {"名称": None, "地址": ""})],
    )


def test_places_come_in_and_a_second_time_nothing(run, city, chinese_path):
    given = {"STORE": city, "INPUT": places(chinese_path), "KIND": "poi", "CRS": "EPSG:4549"}
    found = run("importplaces", **given, REJECTS=str(chinese_path / "拒收.xlsx"))
    assert (found["READ"], found["INSERTED"], found["REJECTED"]) == (6, 5, 1)
    assert (chinese_path / "拒收.xlsx").is_file()
    assert sorted(rows(city, "place", "number_from")) == [1, 2, 3, 4, 5]
    assert set(rows(city, "place", "community_code")) == {"320681100001"}
    assert run("importplaces", **given)["UNCHANGED"] == 5


def test_tracks_come_in_cleaned_with_each_reason_counted(run, city, chinese_path):
    lines = ["车牌,时间,x,y"]
    lines += [f"苏F1,2026-01-05 08:00:{5 * number:02d},{X + 30 * number},{Y}" for number in range(12)]
    lines[5] = lines[5].replace(f",{Y}", f",{Y + 900}")
    lines.append(lines[3])
    path = chinese_path / "轨迹.csv"
    path.write_text("\n".join(lines), encoding="gb18030")
    listener = Listener()
    given = {"STORE": city, "INPUT": str(path), "CRS": "EPSG:4549", "KIND": "vehicle"}
    found = run("importtracks", listener, **given)
    assert (found["INSERTED"], found["JUMPS"], found["DUPLICATES"], found["DRIFT"]) == (11, 1, 1, 0)
    assert any("Asia/Shanghai" in words for words in listener.said)
    assert len(rows(city, "track_point", "at")) == 11
    assert run("importtracks", **given)["UNCHANGED"] == 11


def test_gpx_is_taken_and_a_document_type_refused(run, city, chinese_path):
    path = chinese_path / "t.gpx"
    head = '<?xml version="1.0"?>{}<gpx version="1.1" creator="t"><trk><name>张三</name><trkseg>'
    point = '<trkpt lat="31.80" lon="120.001"><time>2026-01-05T00:00:00Z</time></trkpt>'
    path.write_text(head.format("") + point + "</trkseg></trk></gpx>", encoding="utf-8")
    assert run("importtracks", STORE=city, INPUT=str(path))["INSERTED"] == 1
    path.write_text(head.format('<!DOCTYPE gpx [<!ENTITY a "b">]>') + point + "</trkseg></trk></gpx>", encoding="utf-8")
    with pytest.raises(QgsProcessingException, match="document type"):
        run("importtracks", STORE=city, INPUT=str(path))


def test_the_layers_of_places_show_each_geometry_by_itself(run, city, chinese_path):
    line = ("LineString", [[X, Y], [X + 90, Y]], {"名称": "人民路", "门牌范围": "1-99(单)"})
    run("importplaces", STORE=city, INPUT=places(chinese_path), KIND="poi", CRS="EPSG:4549")
    street = write_geojson(chinese_path / "街路巷.geojson", [line])
    run("importplaces", STORE=city, INPUT=street, KIND="street", CRS="EPSG:4549")
    project = QgsProject()
    layers.load_store(city, "城市", project)
    counts = {}
    for part in ("points", "lines", "areas"):
        layer = layers.find_layer(city, "place", part, project)
        counts[part] = (sum(1 for _ in layer.getFeatures()), layer.geometryType())
        assert layer.readOnly() and layer.renderer() is not None
        assert layer.attributeAlias(layer.fields().lookupField("street")) == "Road or lane"
    kinds = QgsWkbTypes.GeometryType
    assert counts == {
        "points": (5, kinds.PointGeometry), "lines": (1, kinds.LineGeometry), "areas": (0, kinds.PolygonGeometry)
    }  # fmt: skip
    assert all(layers.find_layer(city, table, "", project) is not None for table in ("camera", "track_point"))
    project.clear()
