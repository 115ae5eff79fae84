# SPDX-License-Identifier: GPL-2.0-or-later
"""The unit grids of a day as a layer of the project, out of what the engine answered: nothing is saved of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFillSymbol,
    QgsGeometry,
    QgsPalLayerSettings,
    QgsProject,
    QgsRendererCategory,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge.layers import find_layer

DAY = "dcm/grids_on"  # custom property: the day
_FIELDS = ("code", "name", "community_code", "beat", "valid_from", "valid_to", "state")
_LOOKS = {
    "same": {"style": "no", "outline_color": "#5e5c64", "outline_width": "0.4"},
    "reshaped": {"color": "230,97,0,40", "outline_color": "#e66100", "outline_width": "0.6"},
    "recoded": {"color": "28,113,216,30", "outline_color": "#1c71d8", "outline_width": "0.4"},
    "retired": {"color": "200,16,46,40", "outline_color": "#c8102e", "outline_width": "0.6", "outline_style": "dash"},
}


def tr(text: str) -> str:
    """Translate a text of the layer."""
    return QCoreApplication.translate("Lineage", text)


def add_day(
    day: str, grids: Sequence[Mapping[str, Any]], crs: QgsCoordinateReferenceSystem, store: str
) -> QgsVectorLayer:
    """Put the grids of a day on top of the project's layers; those of today are not shown meanwhile."""
    remove_days(store)
    fields = "&".join([*(f"field={name}:string" for name in _FIELDS), "field=area_m2:double"])
    layer = QgsVectorLayer(f"MultiPolygon?{fields}", tr("Unit grids on {day}").format(day=day), "memory")
    layer.setCrs(crs)
    features = []
    for grid in grids:
        shape = QgsGeometry()
        shape.fromWkb(bytes.fromhex(str(grid["wkb"])))
        shape.convertToMultiType()
        feature = QgsFeature(layer.fields())
        feature.setGeometry(shape)
        feature.setAttributes([*(grid.get(name) for name in _FIELDS), float(grid.get("area_m2") or 0)])
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    layer.updateExtents()
    layer.setCustomProperty(DAY, day)
    layer.setCustomProperty("skipMemoryLayersCheck", 1)  # nobody is asked to save it
    words = {
        "same": tr("the same today"), "reshaped": tr("another shape since"), "recoded": tr("another code since"),
        "retired": tr("retired since"),
    }  # fmt: skip
    categories = [
        QgsRendererCategory(state, QgsFillSymbol.createSimple(look), words[state]) for state, look in _LOOKS.items()
    ]
    layer.setRenderer(QgsCategorizedSymbolRenderer("state", categories))
    _label(layer)
    project = QgsProject.instance()
    project.addMapLayer(layer, False)
    project.layerTreeRoot().insertLayer(0, layer)
    _show_today(store, False)
    return layer


def _label(layer: QgsVectorLayer) -> None:
    settings, text = QgsPalLayerSettings(), QgsTextFormat()
    text.setSize(8)
    around = QgsTextBufferSettings()
    around.setEnabled(True)
    text.setBuffer(around)
    settings.setFormat(text)
    settings.fieldName = 'right("code", 6)'
    settings.isExpression = True
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def remove_days(store: str) -> bool:
    """Take the grids of a day away and show those of today again; tells whether there were any."""
    project = QgsProject.instance()
    found = [key for key, layer in project.mapLayers().items() if layer.customProperty(DAY)]
    if found:
        project.removeMapLayers(found)
        _show_today(store, True)
    return bool(found)


def _show_today(store: str, shown: bool) -> None:
    layer = find_layer(store, "unit_grid", "current") if store else None
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id()) if layer is not None else None
    if node is not None:
        node.setItemVisibilityChecked(shown)
