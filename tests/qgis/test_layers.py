# SPDX-License-Identifier: GPL-2.0-or-later
"""The store's layers in the project: by property, read-only, styled, captioned; refreshed and taken away."""

from __future__ import annotations

import pytest
from qgis.core import QgsExpressionContext, QgsExpressionContextUtils, QgsProject, QgsRenderContext

from digital_citymgmt_plugin.bridge import layers, styles
from tests.qgis.make_city import make_city

CITY = "启东市"


@pytest.fixture(scope="module")
def city(tmp_path_factory, qgis_app):
    path = tmp_path_factory.mktemp("城 市") / "city.gpkg"
    make_city(str(path))
    return str(path)


@pytest.fixture
def project(qgis_app):
    project = QgsProject()
    yield project
    project.clear()


@pytest.fixture
def loaded(city, project):
    layers.load_store(city, CITY, project)
    return project


def titles(group):
    return [node.name() for node in group.children()]


def test_layers_stand_in_one_group_named_by_the_city_in_drawing_order(city, loaded):
    group = layers.store_group(city, loaded)
    assert group.name() == CITY
    assert titles(group) == [
        "Open issues", "Component candidates", "Cases", "Unit grids",
        "Components (points)", "Components (lines)", "Components (areas)",
        "Cameras", "Places", "Places (lines)", "Places (areas)", "Tracks", "Sheets",
        "Communities", "Streets", "Counties", "Base map", "Tables",
    ]  # fmt: skip


def test_tables_stand_in_a_group_of_their_own(city, loaded):
    tables = layers.store_group(city, loaded).findGroup("Tables")
    assert titles(tables) == ["Classes", "Departments", "Actions"]


def test_every_layer_is_read_only_and_tells_store_and_table(city, loaded):
    found = layers.store_layers(city, loaded)
    assert len(found) == len(layers.SPECS + layers.TABLES)
    assert all(layer.readOnly() and not layer.startEditing() for layer in found)
    assert {layer.customProperty(layers.TABLE) for layer in found} == {
        spec.table for spec in layers.SPECS + layers.TABLES
    }


def test_a_renamed_layer_is_still_found(city, loaded):
    layer = layers.find_layer(city, "unit_grid", project=loaded)
    layer.setName("my grids")
    assert layers.find_layer(city, "unit_grid", project=loaded) is layer


def test_loading_twice_adds_nothing(city, loaded):
    layers.load_store(city, CITY, loaded)
    assert len(loaded.mapLayers()) == len(layers.SPECS + layers.TABLES)
    assert len(loaded.layerTreeRoot().findGroups()) == 1


def test_areas_are_shown_by_level_and_only_valid_ones(city, loaded):
    counts = {
        part: sum(1 for _ in layers.find_layer(city, "admin_area", part, loaded).getFeatures())
        for part in ("county", "street", "community")
    }
    assert counts == {"county": 1, "street": 1, "community": 2}


def test_unit_grids_have_a_magenta_boundary_without_fill(city, loaded):
    symbol = layers.find_layer(city, "unit_grid", project=loaded).renderer().symbol().symbolLayer(0)
    assert symbol.strokeColor().name() == styles.MAGENTA
    assert symbol.properties()["style"] == "no"


def drawn(layer, feature, scale=1_000):
    """Return the labels of the legend entries under which a renderer draws a feature."""
    context = QgsRenderContext()
    context.setRendererScale(scale)
    context.setExpressionContext(QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer)))
    context.expressionContext().setFeature(feature)
    renderer = layer.renderer().clone()
    renderer.startRender(context, layer.fields())
    keys = renderer.legendKeysForFeature(feature, context)
    renderer.stopRender(context)
    return sorted(item.label() for item in renderer.legendSymbolItems() if item.ruleKey() in keys)


def test_components_are_drawn_by_the_classes_of_the_store(city, loaded):
    layer = layers.find_layer(city, "component_point", project=loaded)
    labels = [category.label() for category in layer.renderer().categories()]
    assert labels == ["01001 上水井盖", "04001 行道树", "Other classes"]
    names = {tuple(drawn(layer, feature)) for feature in layer.getFeatures()}
    assert names == {("01001 上水井盖",), ("04001 行道树",)}


@pytest.mark.parametrize(
    "number, words", [("C1", ["Closed, from 1:4000"]), ("C2", ["Dispatch", "Overdue (ring)"]), ("C3", ["Dispatch"])]
)
def test_a_case_is_drawn_by_its_stage_and_ringed_when_overdue(city, loaded, number, words):
    layer = layers.find_layer(city, "case_record", project=loaded)
    feature = next(feature for feature in layer.getFeatures() if feature["case_no"] == number)
    assert drawn(layer, feature) == words


def test_columns_have_captions_and_codes_have_words(city, loaded):
    layer = layers.find_layer(city, "case_record", project=loaded)
    fields = layer.fields()
    assert layer.attributeAlias(fields.lookupField("case_no")) == "Case number"
    setup = layer.editorWidgetSetup(fields.lookupField("stage"))
    assert setup.type() == "ValueMap"
    assert {"Filing": "filing"} in setup.config()["map"]
    assert layer.editorWidgetSetup(fields.lookupField("class_code")).type() == "ValueRelation"


def test_every_column_of_the_layers_has_a_caption(city, loaded):
    bare = {
        f"{layer.customProperty(layers.TABLE)}.{field.name()}"
        for layer in layers.store_layers(city, loaded)
        for field in layer.fields()
        if not field.alias() and field.name() != "fid"
    }
    assert bare == set()


def test_a_big_layer_is_drawn_from_its_scale_on(city, project, monkeypatch):
    monkeypatch.setattr(layers, "BIG", 10)
    layers.load_store(city, CITY, project)
    layer = layers.find_layer(city, "component_point", project=project)
    assert layer.hasScaleBasedVisibility() and layer.minimumScale() == 10_000
    assert not layers.find_layer(city, "unit_grid", project=project).hasScaleBasedVisibility()


def test_a_refresh_shows_rows_that_another_process_wrote(tmp_path, project):
    path = str(tmp_path / "city.gpkg")
    make_city(path, components=20)
    layers.load_store(path, CITY, project)
    layer = layers.find_layer(path, "component_point", project=project)
    assert layer.featureCount() == 20
    tmp_path.joinpath("city.gpkg").unlink()
    make_city(path, components=40)
    assert layers.refresh_store(path, ["component_point"], project) == 1
    assert layer.featureCount() == 40


def test_closing_takes_layers_and_group_away_and_leaves_the_others(city, loaded, tmp_path):
    other = str(tmp_path / "other.gpkg")
    make_city(other, components=2)
    layers.load_store(other, "别市", loaded)
    layers.remove_store(city, loaded)
    assert layers.store_layers(city, loaded) == [] and layers.store_group(city, loaded) is None
    assert len(layers.store_layers(other, loaded)) == len(layers.SPECS + layers.TABLES)
    layers.remove_store(other, loaded)
    assert loaded.layerTreeRoot().children() == []


def test_a_file_that_is_no_store_gives_no_layers(tmp_path, project):
    (tmp_path / "no.gpkg").write_text("no", encoding="utf-8")
    assert layers.load_store(str(tmp_path / "no.gpkg"), CITY, project) == []
