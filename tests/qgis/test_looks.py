# SPDX-License-Identifier: GPL-2.0-or-later
"""Light, dark, high contrast: every layer changes, nothing else does, and plain QGIS can switch, too."""

from __future__ import annotations

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge import layers, looks, palette
from tests.qgis.make_city import make_city


@pytest.fixture(scope="module")
def city(tmp_path_factory, qgis_app):
    path = tmp_path_factory.mktemp("looks") / "city.gpkg"
    make_city(str(path))
    return str(path)


@pytest.fixture
def project(city):
    project = QgsProject()
    layers.load_store(city, "启东市", project)
    yield project
    project.clear()


def grid_colour(city, project):
    layer = layers.find_layer(city, "unit_grid", project=project)
    renderer = layer.renderer()
    return renderer.symbol().symbolLayer(0).strokeColor().name()


def test_a_look_changes_symbols_labels_and_canvas_and_back(city, project):
    assert looks.look_of(city, project) == "light"
    for key in ("dark", "contrast", "light", "dark"):
        look = palette.LOOKS[key]
        looks.set_look(city, key, project)
        assert looks.look_of(city, project) == key
        assert grid_colour(city, project) == look.grid
        assert project.backgroundColor() == QColor(look.canvas)
        grid = layers.find_layer(city, "unit_grid", project=project)
        settings = grid.labeling().settings()
        letters = settings.format()  # its halo goes with it
        assert letters.buffer().color() == QColor(look.halo)
        categories = layers.find_layer(city, "component_point", project=project).renderer().categories()
        point = categories[0].symbol()  # goes with its category
        assert point.symbolLayer(1).fillColor().name() == look.majors["01"]
        assert point.symbolLayer(1).strokeColor().name() == look.mark


def test_a_look_leaves_captions_lock_and_marks_of_the_layers_alone(city, project):
    looks.set_look(city, "dark", project)
    looks.set_look(city, "light", project)
    found = layers.store_layers(city, project)
    assert len(found) == len(layers.SPECS) + len(layers.TABLES)
    assert all(layer.readOnly() and layer.customProperty(layers.TABLE) for layer in found)
    cases = layers.find_layer(city, "case_record", project=project)
    assert cases.attributeAlias(cases.fields().lookupField("case_no")) == "Case number"
    assert layers.find_layer(city, "unit_grid", "current", project).subsetString()


def test_a_look_is_a_map_theme_that_plain_qgis_applies(city, project, tmp_path):
    for key in ("dark", "light"):
        looks.set_look(city, key, project)
    themes = project.mapThemeCollection()
    assert sorted(themes.mapThemes()) == ["Dark", "Light"]
    assert project.write(str(tmp_path / "city.qgz"))
    again = QgsProject()
    assert again.read(str(tmp_path / "city.qgz"))
    overrides = again.mapThemeCollection().mapThemeStyleOverrides("Dark")
    grid = layers.find_layer(city, "unit_grid", project=again)
    assert palette.DARK.grid[1:] in overrides[grid.id()].lower() or "255,92,180" in overrides[grid.id()]
    looks.set_look(city, "dark", again)
    assert grid_colour(city, again) == palette.DARK.grid
    again.clear()


def test_what_a_user_changes_in_one_look_stays_in_it(city, project):
    grid = layers.find_layer(city, "unit_grid", project=project)
    grid.renderer().symbol().symbolLayer(0).setStrokeColor(QColor("#123456"))
    looks.set_look(city, "dark", project)
    looks.set_look(city, "light", project)
    assert grid_colour(city, project) == "#123456"


def test_layers_loaded_later_take_the_look_of_their_group(city, project):
    looks.set_look(city, "dark", project)
    project.removeMapLayer(layers.find_layer(city, "unit_grid", project=project).id())
    layers.load_store(city, "启东市", project)
    assert grid_colour(city, project) == palette.DARK.grid


def test_a_big_layer_keeps_its_scale_in_every_look(city, project, monkeypatch):
    looks.set_look(city, "dark", project)
    monkeypatch.setattr(layers, "BIG", 10)
    looks.set_look(city, "light", project)
    assert layers.find_layer(city, "component_point", project=project).hasScaleBasedVisibility()


def test_new_classes_are_drawn_after_a_change_of_the_profile(city, project):
    points = layers.find_layer(city, "component_point", project=project)
    points.setRenderer(layers.find_layer(city, "unit_grid", project=project).renderer().clone())
    layers.refresh_store(city, ["class"], project)
    assert [category.value() for category in points.renderer().categories()] == ["01001", "04001", ""]
