# SPDX-License-Identifier: GPL-2.0-or-later
"""Switching a city's map between its looks: light, dark, high contrast.

Each look is a named style of every layer and a map theme of the project, so that plain QGIS switches it, too, and what
a user changes in one look stays in that look. A look is made when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsLayerTreeModel, QgsMapLayer, QgsMapThemeCollection, QgsProject
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge import backdrop, layers
from digital_citymgmt_plugin.bridge.palette import LIGHT, LOOKS, TITLES, tr


def look_of(path: str, project: QgsProject | None = None) -> str:
    """Return the key of the look that a store's layers have."""
    group = layers.store_group(path, project)
    kept = str(group.customProperty(layers.LOOK, "") or "") if group is not None else ""
    return kept if kept in LOOKS else LIGHT.key


def set_look(path: str, key: str, project: QgsProject | None = None) -> None:
    """Give a store's layers a look and the project its background colour and map theme.

    Parameters
    ----------
    path : str
        The store; nothing happens when the project shows none of its layers.
    key : str
        ``light``, ``dark`` or ``contrast``.
    """
    project = project or QgsProject.instance()
    group = layers.store_group(path, project)
    if group is None:
        return
    before, look = look_of(path, project), LOOKS[key]
    given = layers.read_given(layers.find_layer(path, "class", project=project), look)
    for layer in layers.store_layers(path, project):
        spec = layers.spec_of(layer)
        if spec is None or spec.style is None:
            continue
        manager = layer.styleManager()
        if before not in manager.styles():
            manager.renameStyle(manager.currentStyle(), before)
        if key in manager.styles():
            manager.setCurrentStyle(key)
        else:
            manager.addStyleFromLayer(key)
            manager.setCurrentStyle(key)
            spec.style(layer, given)
        # A style brings back what was so when it was last left.
        layer.setReadOnly(True)
        layers.limit_scale(layer, spec)
        layer.triggerRepaint()
    group.setCustomProperty(layers.LOOK, key)
    project.setBackgroundColor(QColor(look.canvas))
    backdrop.suit_all(project, QColor(look.canvas))
    _keep_theme(project, tr(TITLES[key]))


def _keep_theme(project: QgsProject, name: str) -> None:
    """Keep what is shown, and how, as a map theme."""
    root = project.layerTreeRoot()
    themes = project.mapThemeCollection()
    model = QgsLayerTreeModel(root)
    record = themes.createThemeFromCurrentState(root, model)
    (themes.update if themes.hasMapTheme(name) else themes.insert)(name, record)


def print_theme(project: QgsProject, name: str, wanted: Sequence[QgsMapLayer]) -> str:
    """Keep these layers, ours in the light look, as a map theme for a sheet; returns its name."""
    records = []
    for layer in wanted:
        record = QgsMapThemeCollection.MapThemeLayerRecord(layer)
        record.isVisible = True
        record.usingCurrentStyle = True
        record.currentStyle = layer.styleManager().currentStyle()
        if LIGHT.key in layer.styleManager().styles():
            record.currentStyle = LIGHT.key
        records.append(record)
    theme = QgsMapThemeCollection.MapThemeRecord()
    theme.setLayerRecords(records)
    themes = project.mapThemeCollection()
    (themes.update if themes.hasMapTheme(name) else themes.insert)(name, theme)
    return name
