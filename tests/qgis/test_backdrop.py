# SPDX-License-Identifier: GPL-2.0-or-later
"""Orthophotos: below all layers, pale, known again, placed by the city's reference system when they name none."""

from __future__ import annotations

import pytest
from osgeo import gdal, osr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge import backdrop
from digital_citymgmt_plugin.bridge.ground import fill_by_ground, note_ground
from digital_citymgmt_plugin.bridge.styles import outline
from digital_citymgmt_plugin.bridge.symbols import symbol_property
from digital_citymgmt_plugin.core.errors import InputRefused

pytestmark = pytest.mark.qgis

CITY = QgsCoordinateReferenceSystem("EPSG:4550")


def image(path, *, epsg=None, x=500_000.0, y=3_520_000.0, placed=True):
    made = gdal.GetDriverByName("GTiff").Create(str(path), 40, 30, 3)
    if placed:
        made.SetGeoTransform((x, 1.0, 0.0, y, 0.0, -1.0))
    if epsg:
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(epsg)
        made.SetProjection(reference.ExportToWkt())
    for band in (1, 2, 3):
        made.GetRasterBand(band).Fill(60 * band)
    made.FlushCache()
    return str(path)


@pytest.fixture
def project(qgis_app):
    QgsProject.instance().clear()
    QgsProject.instance().addMapLayer(QgsVectorLayer("Point?crs=EPSG:4550", "points", "memory"))
    yield QgsProject.instance()
    QgsProject.instance().clear()


def test_an_orthophoto_lies_below_all_and_is_pale(project, tmp_path):
    path = image(tmp_path / "影像.tif", epsg=4550)
    layer, assumed = backdrop.add_backdrop(path, CITY)
    assert not assumed and layer.crs() == CITY
    assert project.layerTreeRoot().layerOrder()[-1] == layer
    assert layer.brightnessFilter().brightness() > 0 and layer.hueSaturationFilter().saturation() < 0
    backdrop.suit_all(project, QColor("#1b2127"))
    assert layer.brightnessFilter().brightness() < 0  # a dark look: the map on it stays the brightest
    assert backdrop.add_backdrop(path, CITY)[0] is layer and len(project.mapLayers()) == 2
    assert not backdrop.is_beside(layer, QgsRectangle(500_000, 3_519_990, 500_010, 3_520_000), CITY)
    assert backdrop.is_beside(layer, QgsRectangle(600_000, 3_519_990, 600_010, 3_520_000), CITY)


def test_one_without_reference_system_is_taken_to_be_in_the_city_s(project, tmp_path):
    layer, assumed = backdrop.add_backdrop(image(tmp_path / "a.tif"), CITY)
    assert assumed and layer.crs() == CITY


def test_what_is_no_map_is_refused(project, tmp_path):
    (tmp_path / "text.tif").write_text("no picture")
    for path, code in (
        (tmp_path / "text.tif", "input.unreadable"), (tmp_path / "none.tif", "input.unreadable"),
        (image(tmp_path / "photo.tif", placed=False), "backdrop.no_place"),
    ):  # fmt: skip
        with pytest.raises(InputRefused, match=code):
            backdrop.add_backdrop(str(path), CITY)
    assert len(project.mapLayers()) == 1


def test_areas_give_up_their_ground_where_something_lies_below(project, tmp_path):
    symbol = fill_by_ground(outline("#000000", 0.4, "dash", "#f5f8fb"))
    (base,) = project.mapLayers().values()

    def filled():
        context = QgsExpressionContext()
        context.appendScope(QgsExpressionContextUtils.projectScope(project))
        properties = symbol.symbolLayer(0).dataDefinedProperties()
        return properties.property(symbol_property("FillStyle")).valueAsString(context, "")[0] == "solid"

    note_ground(project, [base], [])
    assert filled()  # an empty base map hides nothing
    feature = QgsFeature(base.fields())
    base.dataProvider().addFeature(feature)
    note_ground(project, [base], [])
    assert not filled()
    note_ground(project, [], [])
    assert filled()
    backdrop.add_backdrop(image(tmp_path / "a.tif", epsg=4550), CITY)
    note_ground(project, [], [])
    assert not filled()
