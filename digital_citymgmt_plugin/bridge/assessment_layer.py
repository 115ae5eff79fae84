# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of an assessment as a coloured layer of the project, out of what the engine answered.

Areas are taken from the city's own layers, through QGIS's provider; the layer lives in memory and nothing is saved of
it. Its classes are those of the table: an edge belongs to the class below it, as QGIS's graduated renderer has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsFillSymbol,
    QgsGeometry,
    QgsGraduatedSymbolRenderer,
    QgsPalLayerSettings,
    QgsProject,
    QgsRendererRange,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QCoreApplication, QLocale

from digital_citymgmt_plugin.bridge.layers import find_layer
from digital_citymgmt_plugin.bridge.styles import text_format

Shapes = tuple[QgsCoordinateReferenceSystem, dict[str, QgsGeometry]]  # by code of the row
ASSESSED = "dcm/assessment"  # custom property: the store
_LAYERS = {
    "county": ("admin_area", "county"), "street": ("admin_area", "street"), "community": ("admin_area", "community"),
    "grid": ("unit_grid", "current"),
}  # fmt: skip
_HIDDEN = "dcm/assessment_hid"  # on our layer: ids of those that are not shown meanwhile
_BESIDE = (("check_issue", "open"), ("candidate", "open"), ("sheet", ""))  # thousands of signs over the colours
_NO_VALUE = {"color": "#ffffff", "style": "b_diagonal", "outline_color": "#77767b", "outline_width": "0.2"}


def tr(text: str) -> str:
    """Translate a text of the layer."""
    return QCoreApplication.translate("AssessmentLayer", text)


def can_show(by: str) -> bool:
    """Tell whether rows have a place on the map."""
    return by in _LAYERS or needs_shapes(by)


def needs_shapes(by: str) -> bool:
    """Tell whether the shapes of rows are in no layer of the city: beats, and what is of another day's grids."""
    return by == "beat" or "@" in by


def shapes_from(answer: Mapping[str, Any]) -> Shapes:
    """Return the shapes of an answer to ``RowShapes``."""
    shapes = {}
    for code, text in answer["shapes"].items():
        shapes[code] = QgsGeometry()
        shapes[code].fromWkb(bytes.fromhex(text))
    return QgsCoordinateReferenceSystem(answer["crs"]), shapes


def shapes_of(store: str, by: str) -> tuple[QgsVectorLayer | None, dict[str, QgsGeometry]]:
    """Return the layer of areas or grids in the project (None when it is not loaded) and their shapes by code."""
    table, part = _LAYERS[by]
    source = find_layer(store, table, part)
    if source is None:
        return None, {}
    request = QgsFeatureRequest().setSubsetOfAttributes(["code"], source.fields())
    return source, {str(feature["code"]): feature.geometry() for feature in source.getFeatures(request)}


def find_assessed() -> QgsVectorLayer | None:
    """Return the layer that is shown now."""
    for layer in QgsProject.instance().mapLayers().values():
        if layer.customProperty(ASSESSED):
            return layer
    return None


def show_assessed(
    store: str, by: str, title: str, names: Mapping[str, str], values: Mapping[str, float | None],
    edges: Sequence[float], colours: Sequence[str], digits: int, own: Shapes | None = None,
) -> QgsVectorLayer | None:  # fmt: skip
    """Colour the areas by a figure; the layer of before is filled anew and stays where it is.

    Parameters
    ----------
    store : str
        Path of the city.
    by : str
        county, street, community, grid; beat, or rows of a day, with ``own``.
    title : str
        Name of the layer: figure, rows, period.
    names, values : mapping
        By code of the area; a value that is None is hatched.
    edges : sequence of float
        Of ``core.assessment.classes.breaks``.
    colours : sequence of str
        One for each class.
    digits : int
        Behind the point, in the legend.
    own : tuple of CRS and shapes by code, or None
        Of rows that ``needs_shapes``.

    Returns
    -------
    QgsVectorLayer or None
        None when the city's areas are not loaded.
    """
    if own is None:
        source, shapes = shapes_of(store, by)
        if source is None:
            return None
        own = source.crs(), shapes
    crs, shapes = own
    layer = find_assessed()
    fresh = layer is None
    if layer is None or layer.crs() != crs:
        remove_assessed()
        fresh = True
        layer = QgsVectorLayer(
            "MultiPolygon?field=code:string(30)&field=name:string(120)&field=value:double", title, "memory"
        )
        layer.setCrs(crs)
        layer.setCustomProperty(ASSESSED, store)
        layer.setCustomProperty("skipMemoryLayersCheck", 1)  # nobody is asked to save it
    layer.setName(title)
    provider = layer.dataProvider()
    provider.truncate()
    features = []
    for code, shape in shapes.items():
        if code not in values:
            continue
        whole = QgsGeometry(shape)
        whole.convertToMultiType()
        feature = QgsFeature(layer.fields())
        feature.setGeometry(whole)
        feature.setAttributes([code, names.get(code, ""), values[code]])
        features.append(feature)
    provider.addFeatures(features)
    layer.updateExtents()
    layer.setRenderer(_renderer(edges, colours, digits, any(value is None for value in values.values())))
    _label(layer, digits)
    project = QgsProject.instance()
    if fresh:
        project.addMapLayer(layer, False)
        _put_in(layer, store, project)
        _hide_beside(layer, store, project)
    layer.triggerRepaint()
    return layer


def _put_in(layer: QgsVectorLayer, store: str, project: QgsProject) -> None:
    """Put the layer right above the city's areas: cases, components and outlines of grids stay in sight."""
    areas = find_layer(store, "admin_area", "community")
    node = project.layerTreeRoot().findLayer(areas.id()) if areas is not None else None
    group = node.parent() if node is not None else project.layerTreeRoot()
    group.insertLayer(group.children().index(node) if node is not None else 0, layer)


def _hide_beside(layer: QgsVectorLayer, store: str, project: QgsProject) -> None:
    hidden = []
    for table, part in _BESIDE:
        other = find_layer(store, table, part)
        node = project.layerTreeRoot().findLayer(other.id()) if other is not None else None
        if node is not None and node.itemVisibilityChecked():
            node.setItemVisibilityChecked(False)
            hidden.append(node.layerId())
    layer.setCustomProperty(_HIDDEN, ",".join(hidden))


def _renderer(edges: Sequence[float], colours: Sequence[str], digits: int, gaps: bool) -> QgsGraduatedSymbolRenderer:
    number = QLocale()
    ranges = []
    for at, (low, high, colour) in enumerate(zip(edges, edges[1:], colours)):
        symbol = QgsFillSymbol.createSimple({"color": colour, "outline_color": "#5e5c64", "outline_width": "0.2"})
        words = f"{number.toString(low, 'f', digits)} – {number.toString(high, 'f', digits)}"
        if low == high:
            words = number.toString(high, "f", digits)
        elif at:
            words = f"> {words}"
        ranges.append(QgsRendererRange(low, high, symbol, words))
    if gaps:  # last: the classes above are tried first
        symbol = QgsFillSymbol.createSimple(_NO_VALUE)
        ranges.append(QgsRendererRange(_GAP, _GAP, symbol, tr("no value (–)")))
    return QgsGraduatedSymbolRenderer(f'coalesce("value", {_GAP:.0f})', ranges)


_GAP = -1e9  # stands for no value: the renderer would leave such areas out


def _label(layer: QgsVectorLayer, digits: int) -> None:
    settings = QgsPalLayerSettings()
    settings.setFormat(text_format(8))
    # The city's own layers have the names.
    settings.fieldName = f"coalesce(format_number(\"value\", {digits}), '–')"
    settings.isExpression = True
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(layer.featureCount() <= 400)


def remove_assessed() -> None:
    """Take the layer away; what it hid is shown again."""
    layer = find_assessed()
    if layer is not None:
        for hidden in str(layer.customProperty(_HIDDEN) or "").split(","):
            node = QgsProject.instance().layerTreeRoot().findLayer(hidden) if hidden else None
            if node is not None:
                node.setItemVisibilityChecked(True)
        QgsProject.instance().removeMapLayer(layer.id())
