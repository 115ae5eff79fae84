# SPDX-License-Identifier: GPL-2.0-or-later
"""Layouts from templates: they load, are filled, go over communities and sheets, and come out as PDF and PNG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutSize,
    QgsLegendRenderer,
    QgsMapLayerLegendUtils,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QImage

from digital_citymgmt_plugin.bridge import layers, layouts, looks, palette, sheets
from digital_citymgmt_plugin.bridge.legends import fit_legend
from digital_citymgmt_plugin.core.errors import InputRefused
from tests.qgis.make_city import CRS, make_city

TEMPLATES = sorted(layouts.FOLDER.glob("*.qpt"))
# Read by QGIS 3.22: its item types, and fonts as a description (``text-style`` of labels came with 3.24).
TYPES_322 = {"65638", "65639", "65640", "65641", "65642", "65646"}


@pytest.fixture(scope="module")
def city(tmp_path_factory, qgis_app):
    path = tmp_path_factory.mktemp("图 幅") / "city.gpkg"
    make_city(str(path))
    return str(path)


@pytest.fixture
def project(city):
    project = QgsProject()
    project.setCrs(QgsCoordinateReferenceSystem(CRS))
    layers.load_store(city, "启东市", project)
    yield project
    project.clear()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_spelt_as_qgis_3_22_reads_it(path):
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    items = list(root.iter("LayoutItem"))
    assert {item.get("type") for item in items} <= TYPES_322
    assert not list(root.iter("text-style"))
    named = [item.get("id") for item in items if item.get("type") != "65638"]
    assert len(named) == len(set(named)) and {"map", "title", "legend", "scale bar", "north arrow", "date"} <= set(
        named
    )
    page = [float(part) for part in items[0].get("size").split(",")[:2]]
    for item in items[1:]:
        x, y = (float(part) for part in item.get("position").split(",")[:2])
        width, height = (float(part) for part in item.get("size").split(",")[:2])
        assert x >= 0 and y >= 0 and x + width <= page[0] and y + height <= page[1], item.get("id")


def test_every_template_is_offered():
    assert {template.file for template in layouts.TEMPLATES.values()} == {path.stem for path in TEMPLATES}


@pytest.mark.parametrize("key", layouts.TEMPLATES)
def test_a_layout_is_filled(city, project, key):
    layout = layouts.new_layout(project, city, key, "启东市")
    assert project.layoutManager().layoutByName(layout.name()) is layout
    assert "启东市" in layout.itemById("title").text()
    assert "city.gpkg" in layout.itemById("source").text() and CRS in layout.itemById("source").text()
    assert layout.itemById("legend").model().rootGroup().children()
    assert layout.itemById("north arrow").picturePath().startswith("base64:")
    assert layout.itemById("scale bar").linkedMap() is layout.itemById("map")
    assert layout.itemById("map").scale() > 100
    second = layouts.new_layout(project, city, key, "启东市")
    assert second.name() == f"{layout.name()} 2"


@pytest.mark.parametrize("key", ["grids", "cases"])
@pytest.mark.parametrize("ending", ["pdf", "png"])
def test_a_layout_is_exported(city, project, tmp_path, key, ending):
    layout = layouts.new_layout(project, city, key, "启东市")
    written = layouts.export(layout, str(tmp_path / f"图.{ending}"), dpi=60)
    assert written == [str(tmp_path / f"图.{ending}")]
    if ending == "pdf":
        assert (tmp_path / "图.pdf").read_bytes()[:5] == b"%PDF-"
    else:
        image = QImage(written[0])
        assert not image.isNull() and image.width() > image.height() > 400


def colours(path):
    image = QImage(path)
    return {image.pixelColor(x, y).name() for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}


def test_a_sheet_is_light_although_the_canvas_is_dark(city, project, tmp_path):
    looks.set_look(city, "dark", project)
    layout = layouts.new_layout(project, city, "grids", "启东市")
    (path,) = layouts.export(layout, str(tmp_path / "map.png"), dpi=60)
    found = colours(path)
    assert palette.LIGHT.community_fill in found
    assert palette.DARK.community_fill not in found and palette.DARK.county_fill not in found


def test_pages_go_over_the_communities(city, project, tmp_path):
    layout = layouts.new_layout(project, city, "grids_by_community", "启东市")
    written = layouts.export(layout, str(tmp_path / "pages.png"), dpi=40)
    # One of the two communities has no boundary.
    assert 1 <= len(written) <= 2
    atlas = layout.atlas()
    atlas.updateFeatures()
    atlas.first()
    assert "紫薇社区" in layout.itemById("title").currentText()
    assert layout.itemById("counts").currentText().endswith("4")


def test_census_sheets_lie_on_the_500_m_lines_with_their_neighbours(city, project, tmp_path):
    layout = layouts.new_layout(project, city, "census", "启东市")
    atlas = layout.atlas()
    assert atlas.updateFeatures() == 1  # the town is 400 m wide and begins on a line
    atlas.beginRender()
    atlas.first()
    box = layout.itemById("map").extent()
    assert (round(box.xMinimum()), round(box.yMinimum())) == (500000, 3520000)
    assert round(box.width()) == round(box.height()) == 500
    assert "3520.0-500.0" in layout.itemById("title").currentText()
    assert layout.itemById("number").currentText() == "3520.0-500.0"
    assert layout.itemById("n").currentText() == ""
    atlas.endRender()
    (path,) = layouts.export(layout, str(tmp_path / "sheets.pdf"), dpi=40)
    assert path.endswith(".pdf")


def test_sheets_are_those_that_share_ground_with_an_area(qgis_app):
    """Against brute force over all squares around."""
    shape = QgsGeometry.fromWkt("POLYGON((120 80, 1490 300, 1000 1000, 900 1900, 120 80))")
    found = sheets.find_sheets([shape])
    brute = [
        (column, row)
        for row in range(6, -3, -1)
        for column in range(-2, 6)
        if QgsGeometry.fromRect(QgsRectangle(column * 500, row * 500, column * 500 + 500, row * 500 + 500))
        .intersection(shape)
        .area()
        > 0
    ]
    assert found == brute


def test_neighbours_are_told_where_there_is_a_sheet(qgis_app):
    places = [(1000, 7041), (1001, 7041), (1000, 7040)]
    layer = sheets.sheet_layer(places, QgsCoordinateReferenceSystem(CRS), "sheets")
    assert layer.isValid() and layer.crs().authid() == CRS
    rows = {feature["number"]: feature for feature in layer.getFeatures()}
    assert set(rows) == {"3520.5-500.0", "3520.5-500.5", "3520.0-500.0"}
    middle = rows["3520.5-500.0"]
    assert (middle["e"], middle["s"], middle["n"], middle["se"]) == ("3520.5-500.5", "3520.0-500.0", "", "")
    assert middle.geometry().area() == pytest.approx(250_000)


def test_a_project_with_sheets_can_be_moved(city, project, tmp_path):
    layouts.new_layout(project, city, "census", "启东市")
    project.write(str(tmp_path / "city.qgs"))
    text = (tmp_path / "city.qgs").read_text(encoding="utf-8")
    assert "base64:" in text and not re.search(r"resources/(symbols|layouts)", text)
    again = QgsProject()
    assert again.read(str(tmp_path / "city.qgs"))
    (layout,) = again.layoutManager().printLayouts()
    assert layout.atlas().coverageLayer().isValid() and layout.atlas().updateFeatures() == 1
    again.clear()


def test_a_city_without_ground_gets_a_sentence(tmp_path, qgis_app):
    project = QgsProject()
    with pytest.raises(InputRefused) as refusal:
        layouts.new_layout(project, str(tmp_path / "none.gpkg"), "census", "启东市")
    assert refusal.value.code == "layout.nothing_to_show"


def test_a_long_legend_takes_columns_and_smaller_letters(city, project):
    """One entry per place: as many as a city has classes, on a sheet's strip of 80 by 200 mm, then on a stamp."""
    layout = QgsPrintLayout(project)
    item = QgsLayoutItemLegend(layout)
    item.setAutoUpdateModel(False)
    root = item.model().rootGroup()
    root.removeAllChildren()
    layer = layers.find_layer(city, "admin_area", project=project)
    for number in range(90):
        node = root.addLayer(layer)
        QgsMapLayerLegendUtils.setLegendNodeUserLabel(node, 0, f"{number:04d} 井盖")
        item.model().refreshLayerLegend(node)
    assert fit_legend(item, 80, 200) and item.columnCount() > 1
    size = QgsLegendRenderer(item.model(), item.legendSettings()).minimumSize()
    assert size.width() <= 80 and size.height() <= 200
    assert not fit_legend(item, 20, 20)
    assert fit_legend(item, 1_000, 1_000) and item.columnCount() == 1


def test_a_case_far_away_does_not_shrink_the_city(city, project):
    """A mistyped place of a case: the grids alone say what the sheet shows."""
    areas = layers.find_layer(city, "unit_grid", "current", project)
    areas.updateExtents(True)
    far = QgsFeature()
    far.setGeometry(QgsGeometry.fromWkt("POINT (9000000 9000000)"))
    aside = QgsVectorLayer(f"Point?crs={CRS}", "cases", "memory")
    aside.dataProvider().addFeatures([far])
    layout = QgsPrintLayout(project)
    sheet = QgsLayoutItemMap(layout)
    sheet.attemptResize(QgsLayoutSize(200, 100))
    sheet.setExtent(QgsRectangle(0, 0, 200, 100))
    layouts._set_map(sheet, project, "cases", [aside, areas], None)
    shown = sheet.extent()
    assert shown.contains(areas.extent()) and shown.width() < 5 * areas.extent().width()
    layouts._set_map(sheet, project, "cases alone", [aside], QgsRectangle(0, 0, 10, 10))
    assert sheet.extent().contains(QgsRectangle(0, 0, 10, 10)) and sheet.extent().width() < 100
