# SPDX-License-Identifier: GPL-2.0-or-later
"""How the store's layers look: symbols and labels made in code, so that they are the same on every QGIS.

Unit grid boundaries are magenta, as GB/T 30428.1 and CJ/T 349 want them drawn. Kinds differ in shape as well as in
colour, so that they can be told apart in print and by the colour-blind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsFontUtils,
    QgsLineSymbol,
    QgsMarkerSymbol,
    QgsPalLayerSettings,
    QgsRendererCategory,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QColor, QFont, QFontInfo

MAGENTA = "#e5007f"
# Fonts that hold Chinese on the three platforms, in order; QGIS takes the first that exists.
FONTS = ("Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei")

# major class → colour, marker shape, English name for stores whose class table is empty
MAJORS: dict[str, tuple[str, str, str]] = {
    "01": ("#1f6fb4", "circle", "Public utilities"),
    "02": ("#6b4ea0", "square", "Road traffic"),
    "03": ("#b3592d", "triangle", "City appearance and sanitation"),
    "04": ("#2f8f3e", "diamond", "Parks and greenery"),
    "05": ("#8a6d00", "pentagon", "Houses and land, others"),
    "06": ("#4d4d4d", "star", "Other facilities"),
    "21": ("#008080", "cross_fill", "Local extension"),
}
_OTHER = ("#7f7f7f", "hexagon", "Other classes")


def tr(text: str) -> str:
    """Translate a word of the legend."""
    return QCoreApplication.translate("Styles", text)


def text_format(size: float, color: str = "#202020") -> QgsTextFormat:
    """Return a label format with a white halo, in a font that holds Chinese; ``size`` in points."""
    # A project keeps ``font.family()``, which ``QFont.setFamilies`` leaves alone: without a family that is there, QGIS
    # warns of every label when it opens the project. The others are what it falls back on elsewhere.
    there = (name for name in FONTS if QgsFontUtils.fontFamilyMatchOnSystem(name)[0])
    result = QgsTextFormat()
    result.setFont(QFont(next(there, QFontInfo(QFont()).family())))
    result.setFamilies(list(FONTS))
    result.setSize(size)
    result.setColor(QColor(color))
    halo = QgsTextBufferSettings()
    halo.setEnabled(True)
    halo.setSize(0.8)
    halo.setColor(QColor("#ffffff"))
    result.setBuffer(halo)
    return result


def set_text(item: Any, style: QgsTextFormat) -> None:
    """Set the text format of a label or a legend style of a layout.

    Before QGIS 3.24 (labels) and 3.30 (legends) they take no format: font and colour then, no halo.
    """
    if hasattr(item, "setTextFormat"):
        item.setTextFormat(style)
        return
    font = style.font()
    font.setPointSizeF(style.size())
    item.setFont(font)
    if hasattr(item, "setFontColor"):
        item.setFontColor(style.color())


def label(layer: QgsVectorLayer, expression: str, size: float, closer_than: float, color: str = "#202020") -> None:
    """Label a layer by an expression, only at scales larger than 1:``closer_than``."""
    settings = QgsPalLayerSettings()
    settings.fieldName = expression
    settings.isExpression = True
    settings.setFormat(text_format(size, color))
    settings.scaleVisibility = True
    settings.minimumScale = closer_than
    settings.maximumScale = 0
    if layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry:
        settings.placement = _placement("Horizontal")
        settings.fitInPolygonOnly = False
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def _placement(name: str) -> Any:
    """Find a label placement where this QGIS keeps it (``Qgis.LabelPlacement`` since 3.26)."""
    return getattr(getattr(Qgis, "LabelPlacement", QgsPalLayerSettings), name)


def outline(color: str, width: float, line: str = "solid", fill: str | None = None) -> QgsFillSymbol:
    """Return a polygon symbol: an outline, with a fill only when one is named; ``width`` in mm."""
    return QgsFillSymbol.createSimple(
        {
            "style": "solid" if fill else "no",
            "color": fill or "#ffffff",
            "outline_color": color,
            "outline_width": str(width),
            "outline_style": line,
            "joinstyle": "round",
        }
    )


def style_county(layer: QgsVectorLayer, majors: Mapping[str, str]) -> None:
    """Draw counties: a thick dash-dot line around a pale ground."""
    layer.setRenderer(QgsSingleSymbolRenderer(outline("#5a5a5a", 0.9, "dash dot", "#f7f5ef")))
    label(layer, '"name"', 12, 5_000_000)


def style_street(layer: QgsVectorLayer, majors: Mapping[str, str]) -> None:
    """Draw streets (街道): a dash-dot line."""
    layer.setRenderer(QgsSingleSymbolRenderer(outline("#5a5a5a", 0.7, "dash dot")))
    label(layer, '"name"', 11, 200_000, "#404040")


def style_community(layer: QgsVectorLayer, majors: Mapping[str, str]) -> None:
    """Draw communities: a dashed line and the name."""
    layer.setRenderer(QgsSingleSymbolRenderer(outline("#2f5d8a", 0.45, "dash", "245,248,251,255")))
    label(layer, '"name"', 9, 60_000, "#2f5d8a")


def style_grid(layer: QgsVectorLayer, majors: Mapping[str, str]) -> None:
    """Draw unit grids: magenta boundary, no fill, the code near by."""
    layer.setRenderer(QgsSingleSymbolRenderer(outline(MAGENTA, 0.3)))
    # The code is community and number: from afar the number alone, which the community's name makes whole.
    label(layer, 'if(@map_scale > 4000, right("code", 3), "code")', 7, 12_000, MAGENTA)


def style_points(layer: QgsVectorLayer, majors: Mapping[str, str]) -> None:
    """Draw point components by major class."""
    _by_major(
        layer,
        majors,
        lambda color, shape: QgsMarkerSymbol.createSimple(
            {"name": shape, "color": color, "size": "1.4", "outline_color": "#ffffff", "outline_width": "0.1"}
        ),
    )
    label(layer, '"name"', 6.5, 1_000)


def style_lines(layer: QgsVectorLayer, majors: Mapping[str, str]) -> None:
    """Draw line components by major class."""
    _by_major(layer, majors, lambda color, shape: QgsLineSymbol.createSimple({"color": color, "width": "0.5"}))
    label(layer, '"name"', 6.5, 1_000)


def style_polygons(layer: QgsVectorLayer, majors: Mapping[str, str]) -> None:
    """Draw area components by major class, half transparent."""

    def symbol(color: str, shape: str) -> QgsFillSymbol:
        made = outline(color, 0.26, "solid", color)
        made.setOpacity(0.55)
        return made

    _by_major(layer, majors, symbol)
    label(layer, '"name"', 6.5, 1_000)


def _by_major(layer: QgsVectorLayer, majors: Mapping[str, str], make: Callable[[str, str], QgsSymbol]) -> None:
    """One category per major class: those of the store's class table, else the usual ones."""
    names = dict(majors) or {code: tr(name) for code, (_, _, name) in MAJORS.items()}
    categories = []
    for code in sorted(names):
        color, shape, _ = MAJORS.get(code, _OTHER)
        categories.append(QgsRendererCategory(code, make(color, shape), f"{code} {names[code]}"))
    categories.append(QgsRendererCategory("", make(_OTHER[0], _OTHER[1]), tr("Other classes")))
    layer.setRenderer(QgsCategorizedSymbolRenderer('substr("class_code", 1, 2)', categories))


# What a case is at the moment: key, condition in the order of the questions, legend, shape, colour, size in mm.
CASE_STATES = (
    ("void", "\"stage\" = 'void'", "Void", "cross2", "#8c8c8c", "1.6"),
    ("closed", '"closed_at" is not null', "Closed", "circle", "#4f9a5b", "1.4"),
    ("parked", 'coalesce("parked", 0) = 1', "Parked", "square", "#7a5195", "2"),
    (
        "overdue",
        '"due_at" is not null and to_datetime("due_at") < now()',
        "Open, overdue",
        "triangle",
        "#c8102e",
        "2.4",
    ),
    ("open", "true", "Open", "diamond", "#e07b00", "2.2"),
)


def style_cases(layer: QgsVectorLayer, majors: Mapping[str, str]) -> None:
    """Draw cases by what they are at the moment: closed, parked, overdue, open, void."""
    categories = []
    for key, _, name, shape, color, size in CASE_STATES:
        symbol = QgsMarkerSymbol.createSimple(
            {
                "name": shape,
                "color": color,
                "size": size,
                # A cross is nothing but outline.
                "outline_color": color if shape == "cross2" else "#ffffff",
                "outline_width": "0.3" if shape == "cross2" else "0.15",
            }
        )
        categories.append(QgsRendererCategory(key, symbol, tr(name)))
    questions = " ".join(f"when {condition} then '{key}'" for key, condition, *_ in CASE_STATES)
    layer.setRenderer(QgsCategorizedSymbolRenderer(f"case {questions} end", categories))
    label(layer, '"case_no"', 6.5, 1_500)


def style_issues(layer: QgsVectorLayer, majors: Mapping[str, str]) -> None:
    """Draw issues as rings, so that what they are about stays in sight."""
    ring = {"name": "circle", "color": "255,255,255,0", "size": "4", "outline_color": "#c8102e", "outline_width": "0.5"}
    layer.setRenderer(QgsSingleSymbolRenderer(QgsMarkerSymbol.createSimple(ring)))
