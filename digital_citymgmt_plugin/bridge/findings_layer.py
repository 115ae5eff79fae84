# SPDX-License-Identifier: GPL-2.0-or-later
"""What an analysis found as a layer of the project: a style that prints without colours, periods for QGIS's own time.

The layer reads the file that the engine wrote; its name and its legend tell the denominator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsDateTimeRange,
    QgsFillSymbol,
    QgsGraduatedSymbolRenderer,
    QgsPalLayerSettings,
    QgsProject,
    QgsRendererCategory,
    QgsRendererRange,
    QgsTemporalNavigationObject,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
    QgsVectorLayerTemporalProperties,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QTime

from digital_citymgmt_plugin.bridge.styles import text_format

FINDINGS = "dcm/findings"  # custom property: the store
# Light to dark, as print in grey keeps them apart.
_STEPS = ("#ffffd4", "#fee391", "#fec44f", "#fe9929", "#d95f0e", "#993404")
_MARKS = {
    "1": ("#d95f0e", "solid"), "0": ("#fee391", "b_diagonal"), "ours_only": ("#b2182b", "solid"),
    "ours": ("#ef8a62", "dense4"), "even": ("#f7f7f7", "solid"), "theirs": ("#67a9cf", "dense5"),
    "small": ("#bababa", "b_diagonal"), "none": ("#878787", "f_diagonal"),
}  # fmt: skip


def find_findings() -> QgsVectorLayer | None:
    """Return the layer that is shown now."""
    for layer in QgsProject.instance().mapLayers().values():
        if layer.customProperty(FINDINGS):
            return layer
    return None


def remove_findings() -> None:
    """Take the layer away."""
    layer = find_findings()
    if layer is not None:
        QgsProject.instance().removeMapLayer(layer.id())


def show_findings(
    store: str, file: str, name: str, title: str, marks: Sequence[tuple[str, str]], breaks: Sequence[float]
) -> QgsVectorLayer | None:
    """Show a layer of a file in the place of the one before.

    Parameters
    ----------
    store : str
        Path of the city.
    file, name : str
        The file and its layer: clusters, density, watchers.
    title : str
        Question, denominator.
    marks : sequence of (value, words)
        Classes of clusters (``certain``) or watchers (``kind``).
    breaks : sequence of float
        Upper bounds of the classes of a density, per km² and 30 days.

    Returns
    -------
    QgsVectorLayer or None
        None when the file has no such layer.
    """
    remove_findings()
    layer = QgsVectorLayer(f"{file}|layername={name}", title, "ogr")
    if not layer.isValid():
        return None
    layer.setCustomProperty(FINDINGS, store)
    if name == "density":
        layer.setRenderer(_graduated(breaks))
    else:
        layer.setRenderer(_categorized("certain" if name == "clusters" else "kind", marks))
    if name == "clusters":
        _label(layer, "number")
    set_times(layer)
    project = QgsProject.instance()
    project.addMapLayer(layer, False)
    project.layerTreeRoot().insertLayer(0, layer)
    return layer


def set_times(layer: QgsVectorLayer) -> None:
    """Tell QGIS on which days each feature is there; a copy of a layer does not know it of itself."""
    if layer.fields().indexOf("from_day") >= 0:
        times = layer.temporalProperties()
        times.setIsActive(True)
        times.setMode(QgsVectorLayerTemporalProperties.TemporalMode.ModeFeatureDateTimeStartAndEndFromExpressions)
        times.setStartExpression('to_datetime("from_day" || \' 00:00:00\', \'yyyy-MM-dd HH:mm:ss\')')
        times.setEndExpression('to_datetime("to_day" || \' 23:59:59\', \'yyyy-MM-dd HH:mm:ss\')')


def _symbol(colour: str, style: str = "solid") -> QgsFillSymbol:
    made = QgsFillSymbol.createSimple(
        {"color": colour, "style": style, "outline_color": "#5e5c64", "outline_width": "0.2"}
    )
    made.setOpacity(0.75)
    return made


def _categorized(field: str, marks: Sequence[tuple[str, str]]) -> QgsCategorizedSymbolRenderer:
    classes = []
    for value, words in marks:
        colour, style = _MARKS[value]
        classes.append(QgsRendererCategory(int(value) if value.isdigit() else value, _symbol(colour, style), words))
    return QgsCategorizedSymbolRenderer(field, classes)


def _graduated(breaks: Sequence[float]) -> QgsGraduatedSymbolRenderer:
    """Return classes up to each bound and one above the last: the same for every period."""
    bounds = [0.0, *(bound for bound in breaks if bound > 0)]
    ranges = []
    for at, low in enumerate(bounds):
        high = bounds[at + 1] if at + 1 < len(bounds) else 1e12
        words = f"{low:g} – {high:g}" if high < 1e12 else f"> {low:g}"
        colour = _STEPS[min(len(_STEPS) - 1, round(at * (len(_STEPS) - 1) / max(1, len(bounds) - 1)))]
        ranges.append(QgsRendererRange(low, high, _symbol(colour), words))
    return QgsGraduatedSymbolRenderer("density", ranges)


def _label(layer: QgsVectorLayer, field: str) -> None:
    settings = QgsPalLayerSettings()
    settings.setFormat(text_format(10))
    settings.fieldName = field
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def _moment(day: str, last: bool) -> QDateTime:
    time = QTime(23, 59, 59) if last else QTime(0, 0, 0)
    return QDateTime(QDate.fromString(day, "yyyy-MM-dd"), time)


def days_range(first: str, last: str) -> QgsDateTimeRange:
    """Return the range of some days, both included."""
    return QgsDateTimeRange(_moment(first, False), _moment(last, True))


def show_time(canvas: Any, first: str, last: str) -> None:
    """Let QGIS's temporal controller show these days (both included); "" for all times.

    The controller is set, not the canvas alone: its panel tells the same days, and its own buttons go on from there.
    """
    controller = canvas.temporalController() if hasattr(canvas, "temporalController") else None
    modes = getattr(QgsTemporalNavigationObject, "NavigationMode", QgsTemporalNavigationObject)
    days = days_range(first, last) if first else QgsDateTimeRange(QDateTime(), QDateTime())
    if controller is not None:
        off = getattr(modes, "NavigationOff", None)
        fixed = getattr(modes, "FixedRange", None)
        if first:
            controller.setNavigationMode(fixed)
            controller.setTemporalExtents(days)
        elif off is not None:
            controller.setNavigationMode(off)
    canvas.setTemporalRange(days)


def know_times(first: str, last: str) -> None:
    """Tell the project the days of all periods: what QGIS's animation goes over."""
    settings = QgsProject.instance().timeSettings()
    settings.setTemporalRange(days_range(first, last))
