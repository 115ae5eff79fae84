# SPDX-License-Identifier: GPL-2.0-or-later
"""Communities and counties give up their pale ground where a base map or an orthophoto lies below them.

Their boundaries must stand above the base map, and a filled area would hide it. The fill asks a variable of the project
when it is drawn: styles, looks and sheets need not be made anew, and a sheet in PDF keeps its lines as lines, which it
would not with a blend mode.
"""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import (
    QgsExpressionContextUtils,
    QgsFillSymbol,
    QgsMapLayer,
    QgsProject,
    QgsProperty,
    QgsVectorLayer,
)

from digital_citymgmt_plugin.bridge.symbols import symbol_property

VARIABLE = "dcm_ground"  # of the project: "no" where the ground is open
BACKDROP = "dcm/backdrop"  # on a raster that lies below the map
_FILL_STYLE = symbol_property("FillStyle")


def fill_by_ground(symbol: QgsFillSymbol) -> QgsFillSymbol:
    """Let a symbol be filled only while nothing lies below it."""
    expression = f"coalesce(@{VARIABLE}, 'solid')"
    symbol.symbolLayer(0).setDataDefinedProperty(_FILL_STYLE, QgsProperty.fromExpression(expression))
    return symbol


def note_ground(project: QgsProject, base: Iterable[QgsMapLayer], filled: Iterable[QgsMapLayer]) -> None:
    """Note whether anything lies below: base map layers with rows, or a backdrop; ``filled`` are drawn anew then."""
    shown = any(isinstance(layer, QgsVectorLayer) and layer.featureCount() != 0 for layer in base)
    is_open = shown or any(layer.customProperty(BACKDROP) for layer in project.mapLayers().values())
    before = QgsExpressionContextUtils.projectScope(project).variable(VARIABLE)
    if is_open == (before == "no"):
        return
    if is_open:
        QgsExpressionContextUtils.setProjectVariable(project, VARIABLE, "no")
    else:
        QgsExpressionContextUtils.removeProjectVariable(project, VARIABLE)
    for layer in filled:
        layer.triggerRepaint()
