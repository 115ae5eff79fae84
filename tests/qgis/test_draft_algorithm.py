# SPDX-License-Identifier: GPL-2.0-or-later
"""`dcm:draftgrids` from the toolbox: water as an area, a load wanted, weights by class, compounds by their use."""

from __future__ import annotations

import json

import pytest
from qgis.core import QgsProcessingException, QgsVectorLayer

from tests.qgis.test_algorithms import provider, run  # noqa: F401  (fixtures)

X, Y = 360_000.0, 3_520_000.0
CRS = "urn:ogc:def:crs:EPSG::4550"


def layer(folder, name, shapes):
    """Write shapes, given as GeoJSON geometries with properties, as a file."""
    rows = [{"type": "Feature", "geometry": shape, "properties": values} for shape, values in shapes]
    crs = {"type": "name", "properties": {"name": CRS}}
    path = folder / f"{name}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": rows}), encoding="utf-8")
    return str(path)


def box(west, south, east, north):
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [[[X + x, Y + y] for x, y in ring]]}


def point(x, y):
    return {"type": "Point", "coordinates": [X + x, Y + y]}


@pytest.fixture
def ground(chinese_path):
    things = [(point(20 + 40 * (n % 20), 15 + 30 * (n // 20)), {"小类代码": "0101" if n % 2 else "0306"})
              for n in range(200)]  # fmt: skip
    return {
        "AREAS": layer(chinese_path, "社区", [(box(0, 0, 800, 800), {"code": "A"})]),
        "BARRIERS": [layer(chinese_path, "河流", [(box(-50, 350, 850, 450), {"rank": 1})])],
        "RANK_FIELD": "rank",
        "COMPONENTS": layer(chinese_path, "部件", things),
        "COMPOUNDS": layer(chinese_path, "用地", [(box(50, 520, 250, 700), {"landuse": "residential"}),
                                                (box(300, 500, 780, 780), {"landuse": "meadow"})]),
        "COMPOUND_CLASSES": True,
        "OUTPUT": str(chinese_path / "草案.gpkg"),
    }  # fmt: skip


def cells_of(path):
    found = QgsVectorLayer(path, "草案", "ogr")
    assert found.isValid()
    names = [field.name() for field in found.fields()]
    return [dict(zip(names, feature.attributes())) for feature in found.getFeatures()]


def test_water_is_a_cell_and_a_load_is_kept(run, ground):  # noqa: F811
    run("draftgrids", {**ground, "TARGET_LOAD": 30.0, "LOAD_WEIGHTS": "0101=2，*=0.5"})
    cells = cells_of(ground["OUTPUT"])
    wet = [cell for cell in cells if cell["reason"] == "draft.barrier_area"]
    assert [round(cell["area_m2"]) for cell in wet] == [80_000]
    land = [cell for cell in cells if cell not in wet]
    assert sum(cell["load"] for cell in cells) == 100 * 2 + 100 * 0.5
    # In the south lie all things; the north is cut by area alone.
    assert all(15 <= cell["load"] <= 60 for cell in land if cell["load"] > 5)
    assert all(cell["drafted_by"].startswith("GEOS ") for cell in cells)


def test_weights_that_cannot_be_read_are_refused_with_a_sentence(run, ground):  # noqa: F811
    with pytest.raises(QgsProcessingException) as caught:
        run("draftgrids", {**ground, "LOAD_WEIGHTS": "0101=many"})
    assert "0101=many" in str(caught.value)
