# SPDX-License-Identifier: GPL-2.0-or-later
"""Drafts of unit grids in the project: their look, their cells, what a person decided on each of them.

A draft is a file of its own beside the store and may be edited in QGIS. What was decided stands in its column
``review``, so that a review goes on another day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsFillSymbol,
    QgsGeometry,
    QgsMapLayer,
    QgsProject,
    QgsRectangle,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)

from digital_citymgmt_plugin.core.errors import InputRefused

LAYER = "draft_grids"  # its name in the file
DRAFT = "dcm/draft"  # custom property of the layer: how it was made, as JSON
REVIEW = "review"
STATES = ("", "accepted", "edited", "locked")
_COLUMNS = ("area_code", "on_barrier", "reason", "load")
_LOOK = {"style": "no", "outline_color": "#c2187c", "outline_style": "dash", "outline_width": "0.5"}


def draw_as_draft(layer: QgsVectorLayer) -> None:
    """Draw a draft as what it is: dashed outlines in the colour of unit grids, nothing that hides the map."""
    layer.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(_LOOK)))
    layer.triggerRepaint()


def open_draft(path: str, name: str) -> QgsVectorLayer:
    """Return the layer of a draft's file.

    Raises
    ------
    InputRefused
        ``input.not_loaded``.
    """
    layer = QgsVectorLayer(f"{path}|layername={LAYER}", name, "ogr")
    if not layer.isValid():
        raise InputRefused("input.not_loaded", file=path)
    return layer


def add_draft(path: str, name: str, made: Mapping[str, Any]) -> QgsVectorLayer:
    """Load a draft on top of the project's layers, ready to be reviewed; ``made`` tells how it came about.

    Raises
    ------
    InputRefused
        ``input.not_loaded``; ``file.not_written`` when the column of the review cannot be added.
    """
    layer = open_draft(path, name)
    ready(layer)
    layer.setCustomProperty(DRAFT, json.dumps(dict(made), ensure_ascii=False))
    draw_as_draft(layer)
    project = QgsProject.instance()
    project.addMapLayer(layer, False)
    project.layerTreeRoot().insertLayer(0, layer)
    return layer


def ready(layer: QgsVectorLayer) -> None:
    """Add the column of the review where a draft lacks it.

    Raises
    ------
    InputRefused
        ``file.not_written``.
    """
    if layer.fields().indexOf(REVIEW) < 0:
        # A field's constructor wants another kind of type from QGIS 3.38 on; a layer makes one in all versions.
        column = QgsVectorLayer(f"None?field={REVIEW}:string(20)", "", "memory").fields().at(0)
        if not layer.dataProvider().addAttributes([column]):
            raise InputRefused("file.not_written", file=layer.source(), reason=REVIEW)
        layer.updateFields()


def drafts(project: QgsProject | None = None) -> list[QgsVectorLayer]:
    """List the drafts in the project, by name: also files of drafts that somebody dragged into it."""
    found = (project or QgsProject.instance()).mapLayers().values()
    return sorted((layer for layer in found if is_draft(layer)), key=lambda layer: layer.name())


def is_draft(layer: QgsMapLayer) -> bool:
    """Tell whether a layer is a draft, made here or by the algorithm: by what is noted of it, else by its columns."""
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        return False
    return bool(layer.customProperty(DRAFT)) or (
        layer.providerType() == "ogr" and all(layer.fields().indexOf(name) >= 0 for name in _COLUMNS)
    )


def made_of(layer: QgsVectorLayer) -> dict[str, Any]:
    """Return how a draft came about."""
    try:
        made = json.loads(str(layer.customProperty(DRAFT) or "{}"))
    except ValueError:
        return {}
    return made if isinstance(made, dict) else {}


def cells_of(layer: QgsVectorLayer) -> list[dict[str, Any]]:
    """Return the cells with their columns, ``fid`` (of QGIS) and ``geometry``, ``area_m2`` as it is drawn now."""
    names = [field.name() for field in layer.fields()]
    cells = []
    for feature in layer.getFeatures():
        values = {name: None if value == NULL else value for name, value in zip(names, feature.attributes())}
        geometry = QgsGeometry(feature.geometry())
        cells.append({**values, "fid": feature.id(), "geometry": geometry, "area_m2": geometry.area()})
    return cells


def decide(layer: QgsVectorLayer, fid: int, state: str) -> None:
    """Write what was decided on a cell; within the editing session where the layer is being edited.

    Raises
    ------
    InputRefused
        ``file.not_written``.
    """
    column = layer.fields().indexOf(REVIEW)
    value = state or None
    if layer.isEditable():
        done = column >= 0 and layer.changeAttributeValue(fid, column, value)
    else:
        done = column >= 0 and layer.dataProvider().changeAttributeValues({fid: {column: value}})
    if not done:
        raise InputRefused("file.not_written", file=layer.source(), reason=REVIEW)


def codes_in(layer: QgsVectorLayer, field: str, most: int = 2000) -> list[tuple[str, list[float]]]:
    """Return the values of a field, each once, with the extent of all its polygons; of ``most`` rows at the most."""
    column = layer.fields().indexOf(field)
    found: dict[str, QgsRectangle] = {}
    for number, feature in enumerate(layer.getFeatures()):
        if number >= most or column < 0:
            break
        code = _text(feature, column)
        box = feature.geometry().boundingBox()
        if code and not box.isNull():
            found.setdefault(code, QgsRectangle(box)).combineExtentWith(box)
    return [
        (code, [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]) for code, box in sorted(found.items())
    ]


def names_in(layer: QgsVectorLayer) -> dict[str, str]:
    """Return code → name of the areas of a layer of the store."""
    code, name = (layer.fields().indexOf(column) for column in ("code", "name"))
    if min(code, name) < 0:
        return {}
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry).setSubsetOfAttributes([code, name])
    return {_text(feature, code): _text(feature, name) for feature in layer.getFeatures(request)}


def _text(feature: QgsFeature, column: int) -> str:
    value = feature.attributes()[column]
    if value == NULL or value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def crs_of(layer: QgsVectorLayer) -> QgsCoordinateReferenceSystem:
    """Return a copy of a layer's CRS, which outlives the layer."""
    return QgsCoordinateReferenceSystem(layer.crs())


def ring_of(layer: QgsVectorLayer, fid: int) -> QgsGeometry:
    """Return the shape of a cell as it is drawn now."""
    return QgsGeometry(layer.getFeature(fid).geometry())
