# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapping of pens while layers are read anew and go: QGIS fills its index in another thread."""

from __future__ import annotations

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsRectangle, QgsVectorFileWriter, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtTest import QTest

from digital_citymgmt_plugin.gui.map_tools.snapping import PenSnapping

SIDE = 60  # cells to a side: enough that an index is not made in one turn
CORNER = QgsPointXY(10, 10)


def squares(side):
    layer = QgsVectorLayer("Polygon?crs=EPSG:4549", "cells", "memory")
    made = []
    for x in range(side):
        for y in range(side):
            one = QgsFeature(layer.fields())
            one.setGeometry(QgsGeometry.fromRect(QgsRectangle(x * 10, y * 10, x * 10 + 10, y * 10 + 10)))
            made.append(one)
    layer.dataProvider().addFeatures(made)
    return layer


def write(layer, path):
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", "cells"
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), QgsProject.instance().transformContext(), options)


@pytest.fixture
def shown(qgis_app, tmp_path):
    """Yield a canvas, its layer and a snapping that uses it."""
    path = tmp_path / "cells.gpkg"
    write(squares(SIDE), path)
    layer = QgsVectorLayer(f"{path}|layername=cells", "cells", "ogr")
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer, False)
    key = layer.id()
    canvas = QgsMapCanvas()
    canvas.resize(400, 400)
    canvas.setDestinationCrs(layer.crs())
    canvas.setExtent(QgsRectangle(0, 0, 100, 100))
    snapping = PenSnapping(canvas)
    snapping.use([layer], [])
    yield canvas, layer, snapping
    snapping.let_go()
    QTest.qWait(20)
    if key in QgsProject.instance().mapLayers():
        QgsProject.instance().removeMapLayer(key)
    canvas.deleteLater()


def match(snapping, place=CORNER):
    """Ask until the index is there."""
    for _ in range(200):
        found = snapping.match(place)
        if found.isValid():
            return found
        QTest.qWait(10)
    return found


def test_drawn_to_a_corner_of_its_own_copy(shown):
    _canvas, layer, snapping = shown
    found = match(snapping)
    assert found.isValid() and found.point() == CORNER
    assert found.layer() is not layer
    assert snapping.grid_match(CORNER, edge=True).isValid()


def test_layers_read_anew_while_an_index_is_made(shown):
    """QGIS would throw away the index that another thread is filling: the copy waits until that is done."""
    canvas, layer, snapping = shown
    match(snapping)
    held, told = snapping.held, []
    held.grids[0].dataChanged.connect(lambda: told.append(held.indexing()))
    for turn in range(30):
        canvas.setExtent(QgsRectangle(turn * 10, 0, turn * 10 + 100, 100))
        snapping.match(CORNER)
        layer.dataProvider().reloadData()
        assert held.stale or told
        snapping.match(CORNER)
        QTest.qWait(turn % 3)
    canvas.setExtent(QgsRectangle(0, 0, 100, 100))
    assert match(snapping).isValid()
    QTest.qWait(100)
    snapping.match(CORNER)
    assert told and not any(told)
    assert not held.stale


def test_what_was_written_is_snapped_to(shown):
    _canvas, layer, snapping = shown
    place = QgsPointXY(13, 13)
    match(snapping)
    assert not snapping.grid_match(place, edge=False).isValid() or snapping.reach() > 4
    layer.dataProvider().changeGeometryValues({1: QgsGeometry.fromWkt("Polygon ((13 13, 17 13, 17 17, 13 17, 13 13))")})
    layer.dataProvider().reloadData()
    for _ in range(100):
        found = snapping.grid_match(place, edge=False)
        if found.isValid() and found.point() == place:
            break
        QTest.qWait(10)
    assert found.point() == place


def test_a_layer_that_goes_leaves_no_dangling_pointer(shown):
    canvas, layer, snapping = shown
    match(snapping)
    QgsProject.instance().removeMapLayer(layer.id())
    canvas.setExtent(QgsRectangle(200, 200, 300, 300))
    assert match(snapping, QgsPointXY(210, 210)).isValid()
    snapping.use([], [])
    assert not snapping.match(CORNER).isValid()


def test_let_go_closes_the_file_when_its_index_is_done(shown):
    canvas, layer, snapping = shown
    held = snapping.held
    canvas.setExtent(QgsRectangle(0, 0, 400, 400))
    snapping.match(CORNER)
    snapping.let_go()
    for _ in range(100):
        if not held.layers():
            break
        QTest.qWait(10)
    assert not held.layers()
    assert not snapping.match(CORNER).isValid()
    assert not snapping.grid_match(CORNER, edge=True).isValid()
    assert layer.isValid()


def test_the_same_layers_are_opened_once(shown):
    _canvas, layer, snapping = shown
    held = snapping.held
    snapping.use([layer], [])
    assert snapping.held is held
    snapping.use([], [layer])
    assert snapping.held is not held
