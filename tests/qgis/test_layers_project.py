# SPDX-License-Identifier: GPL-2.0-or-later
"""The project file of a city: relative paths, the layers styled, the overview sheet drawn."""

from __future__ import annotations

import re
import shutil
import zipfile

import pytest
from qgis.core import QgsFontUtils, QgsProject
from qgis.PyQt.QtGui import QImage

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.bridge.project import LAYOUT, render_map, write_project
from tests.qgis.make_city import CRS, make_city


@pytest.fixture(scope="module")
def folder(tmp_path_factory, qgis_app):
    folder = tmp_path_factory.mktemp("工程")
    make_city(str(folder / "city.gpkg"))
    project = write_project(str(folder / "city.gpkg"), str(folder / "city.qgz"), "启东市", CRS)
    render_map(project, str(folder / "map.png"), dpi=50)
    project.clear()
    return folder


def test_the_project_names_no_folder_of_this_machine(folder, root):
    with zipfile.ZipFile(folder / "city.qgz") as archive:
        text = "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    assert str(folder) not in text and str(root) not in text
    assert "./city.gpkg|layername=unit_grid" in text


def test_every_font_of_the_project_is_there_or_has_families_to_fall_back_on(folder):
    """QGIS warns in the message bar, layer by layer, of a font that it cannot replace."""
    with zipfile.ZipFile(folder / "city.qgz") as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".qgs"))
    styles = re.findall(r"<text-style.*?</text-style>", text, re.S)
    assert len(styles) > 10
    for style in styles:
        family = re.search('fontFamily="([^"]*)"', style).group(1)
        assert QgsFontUtils.fontFamilyMatchOnSystem(family)[0]
        assert '<family name="Microsoft YaHei"' in style


def test_a_moved_project_finds_its_layers_and_its_store(folder, tmp_path):
    for name in ("city.gpkg", "city.qgz"):
        shutil.copy(folder / name, tmp_path / name)
    project = QgsProject()
    assert project.read(str(tmp_path / "city.qgz"))
    assert layers.stores_in(project) == [str(tmp_path / "city.gpkg")]
    found = layers.store_layers(str(tmp_path / "city.gpkg"), project)
    assert len(found) == len(layers.SPECS + layers.TABLES)
    assert all(layer.isValid() and layer.readOnly() for layer in found)
    assert layers.store_group(str(tmp_path / "city.gpkg"), project).name() == "启东市"
    assert project.layoutManager().layoutByName(LAYOUT) is not None
    project.clear()


def test_opening_the_store_of_a_project_adds_no_layer_twice(folder):
    project = QgsProject()
    assert project.read(str(folder / "city.qgz"))
    before = sorted(layer.name() for layer in project.mapLayers().values())
    layers.load_store(str(folder / "city.gpkg"), "启东市", project)
    assert sorted(layer.name() for layer in project.mapLayers().values()) == before
    project.clear()


def test_the_map_shows_magenta_grid_boundaries(folder):
    image = QImage(str(folder / "map.png"))
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
    reds = [name for name in colours if int(name[1:3], 16) > 190 and int(name[3:5], 16) < 80 and int(name[5:], 16) > 90]
    assert image.width() > 700 and reds
