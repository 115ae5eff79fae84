# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written on the map at which scale, as QGIS's labelling engine reports it."""

from __future__ import annotations

import pytest
from qgis.core import (
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QSize

from digital_citymgmt_plugin.bridge import layers
from tests.qgis.make_city import make_city


@pytest.fixture(scope="module")
def city(tmp_path_factory, qgis_app):
    path = tmp_path_factory.mktemp("labels") / "city.gpkg"
    make_city(str(path), components=20)
    return str(path)


@pytest.fixture
def project(city):
    project = QgsProject()
    layers.load_store(city, "启东市", project)
    yield project
    project.clear()


def written(city, project, table, part, scale):
    """Return texts and boxes of the labels of one layer, with the whole map labelled."""
    found = [layers.find_layer(city, spec.table, spec.part, project) for spec in layers.SPECS]
    shown = [layer for layer in found if layer is not None]
    settings = QgsMapSettings()
    settings.setLayers(shown)
    settings.setDestinationCrs(shown[0].crs())
    settings.setOutputSize(QSize(1200, 1200))
    settings.setOutputDpi(96)
    half = 1200 / 96 * 0.0254 * scale / 2
    settings.setExtent(QgsRectangle(500200 - half, 3520200 - half, 500200 + half, 3520200 + half))
    context = QgsExpressionContext()
    context.appendScope(QgsExpressionContextUtils.globalScope())
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    labels = job.takeLabelingResults().allLabels()
    layer = layers.find_layer(city, table, part, project)
    boxes = [label.labelRect for label in labels]
    return sorted(label.labelText for label in labels if label.layerID == layer.id()), boxes


@pytest.mark.parametrize(
    "scale, texts",
    [
        (1_500, [f"320681 100\n001 00{n}" for n in range(1, 5)]),
        (5_000, [f"00{n}" for n in range(1, 5)]),
        (20_000, []),
    ],
)
def test_grid_codes_get_shorter_with_the_scale(city, project, scale, texts):
    assert written(city, project, "unit_grid", "current", scale)[0] == texts


def test_a_grid_too_small_for_its_code_has_none_rather_than_one_across_the_boundary(city, project):
    grid = layers.find_layer(city, "unit_grid", "current", project)
    settings = grid.labeling().settings()
    assert settings.fitInPolygonOnly
    letters = settings.format()  # its halo goes with it
    assert letters.buffer().enabled() and letters.buffer().size() >= 0.8


@pytest.mark.parametrize("scale, shown", [(800, True), (1_500, False)])
def test_components_are_named_from_near_by(city, project, scale, shown):
    texts, _ = written(city, project, "component_point", "", scale)
    assert bool(texts) is shown and set(texts) <= {"上水井盖", "行道树"}


@pytest.mark.parametrize("scale, shown", [(1_000, True), (40_000, True), (100_000, False)])
def test_communities_are_named(city, project, scale, shown):
    texts, _ = written(city, project, "admin_area", "community", scale)
    assert texts == (["紫薇社区"] if shown else [])


@pytest.mark.parametrize("scale, shown", [(1_000, False), (20_000, True)])
def test_streets_are_named_from_afar_only(city, project, scale, shown):
    texts, _ = written(city, project, "admin_area", "street", scale)
    assert texts == (["汇龙镇"] if shown else [])


def test_only_open_cases_carry_their_number(city, project):
    texts, _ = written(city, project, "case_record", "", 1_000)
    assert texts == ["C2"]


@pytest.mark.parametrize("scale", [800, 1_500, 5_000, 10_000])
def test_no_label_covers_another(city, project, scale):
    _, boxes = written(city, project, "unit_grid", "current", scale)
    for index, first in enumerate(boxes):
        for second in boxes[index + 1 :]:
            overlap = first.intersect(second)
            assert overlap.isEmpty() or overlap.area() < 0.02 * min(first.area(), second.area())
