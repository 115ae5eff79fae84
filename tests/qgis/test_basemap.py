# SPDX-License-Identifier: GPL-2.0-or-later
"""The base map through the toolbox, and how its layers look."""

from __future__ import annotations

import ezdxf
import pytest
from qgis.core import QgsProcessingException, QgsProject

from digital_citymgmt_plugin.bridge import base_styles, layers
from digital_citymgmt_plugin.core.basemap.themes import THEMES
from tests.qgis.algorithms_help import STORE
from tests.qgis.make_city import make_city

pytestmark = pytest.mark.qgis


def test_every_theme_has_a_sign_in_every_kind_of_layer(tmp_path, qgis_app):
    make_city(str(tmp_path / "city.gpkg"))
    project = QgsProject()
    layers.load_store(str(tmp_path / "city.gpkg"), "x", project)
    for table in ("base_point", "base_line", "base_area"):
        categories = layers.find_layer(str(tmp_path / "city.gpkg"), table, project=project).renderer().categories()
        assert {category.value() for category in categories} == set(THEMES) == set(base_styles.SIGNS)
        assert not next(one for one in categories if one.value() == "frame").renderState()
    group = layers.store_group(str(tmp_path / "city.gpkg"), project).findGroup("Base map")
    assert [node.name() for node in group.children()] == ["Lettering", "Map symbols", "Map lines", "Map areas"]
    project.clear()


def test_a_drawing_goes_through_the_toolbox(tmp_path, qgis_app, qgis_processing):
    import processing
    from qgis.core import QgsApplication

    from digital_citymgmt_plugin.algorithms.provider import DcmProvider
    from digital_citymgmt_plugin.bridge.engines import pool

    provider = DcmProvider()
    registry = QgsApplication.processingRegistry()
    assert registry.addProvider(provider)
    try:
        document = ezdxf.new("R2010")
        document.blocks.new("路灯").add_circle((0, 0), 1)
        document.modelspace().add_blockref("路灯", (360_000, 3_520_000))
        document.saveas(tmp_path / "图.dxf")
        out = str(tmp_path / "底图.gpkg")
        given = {"INPUT": str(tmp_path / "图.dxf"), "CRS": "EPSG:4550", "OUTPUT": out}
        found = processing.run("dcm:importbasemap", given)
        assert (found["DRAWINGS"], found["BASE_POINT"], found["OUTPUT"]) == (1, 1, out)
        store = str(tmp_path / "城市.gpkg")
        processing.run("dcm:createstore", {"STORE": store, **STORE, "CRS": "EPSG:4550"})
        processing.run("dcm:importbasemap", {"STORE": store, **given, "OUTPUT": None})
        seen = processing.run("dcm:makecandidates", {"STORE": store, "PREVIEW": True})
        made = processing.run("dcm:makecandidates", {"STORE": store})
        assert seen["INSERTED"] == made["INSERTED"] == 1
        assert processing.run("dcm:makecandidates", {"STORE": store})["UNCHANGED"] == 1
        given = {"STORE": store, "DECISION": "confirm", "DRAWING": "图", "DISTANCE": 1.0}
        assert processing.run("dcm:decidecandidates", {**given, "PREVIEW": True})["CHANGED"] == 1
        assert processing.run("dcm:decidecandidates", given)["CHANGED"] == 1
        assert processing.run("dcm:decidecandidates", given)["CHANGED"] == 0
        with pytest.raises(QgsProcessingException, match="distance"):
            processing.run("dcm:decidecandidates", {"STORE": store, "DECISION": "merge"})
    finally:
        registry.removeProvider(provider)
        pool().shutdown(2)
