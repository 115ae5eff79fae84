# SPDX-License-Identifier: GPL-2.0-or-later
"""How the base map looks: quiet line work in the spirit of a 1:1000 sheet, so that components stand out before it.

Colours follow the layer table of CASS where they can be seen on white (JMD magenta, SXSS blue, ZBTZ green, DLSS cyan);
kinds differ in line style as well. Everything is told apart by the plain column ``theme``.
"""

from __future__ import annotations

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsLineSymbol,
    QgsMarkerSymbol,
    QgsProperty,
    QgsRendererCategory,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QCoreApplication

from digital_citymgmt_plugin.bridge.palette import Look
from digital_citymgmt_plugin.bridge.styles import Given, label

# theme → (title, colour on light paper, colour on dark, line width in mm, line style, fill or "", marker)
_Sign = tuple[str, str, str, float, str, str, str]
SIGNS: dict[str, _Sign] = {
    "building": ("Buildings", "#8a4f7d", "#c79bbd", 0.26, "solid", "#f2e8ef", "square"),
    "road": ("Roads", "#5b7f8c", "#8fb6c4", 0.22, "solid", "", "diamond"),
    "wall": ("Walls and fences", "#7d6f3f", "#c4b57e", 0.3, "dash dot", "", "cross"),
    "water": ("Water", "#2f74b5", "#7fb4e6", 0.26, "solid", "#e3eff9", "circle"),
    "vegetation": ("Vegetation", "#4e8a4e", "#8fc98f", 0.2, "dot", "#eaf4e6", "triangle"),
    "pipe": ("Pipes and poles", "#8c6d1f", "#d1b25f", 0.24, "dash", "", "circle"),
    "facility": ("Facilities", "#6e5646", "#c4a893", 0.22, "solid", "", "pentagon"),
    "contour": ("Contours", "#b08a5a", "#c9a97e", 0.13, "solid", "", "circle"),
    "terrain": ("Terrain", "#a06a3a", "#c99a6e", 0.18, "dash", "", "triangle"),
    "boundary": ("Boundaries", "#7a5a9a", "#b79bd6", 0.35, "dash dot dot", "", "circle"),
    "control": ("Control points", "#c0392b", "#ef8377", 0.3, "solid", "", "triangle"),
    "elevation": ("Spot heights", "#8a8a8a", "#a8a8a8", 0.2, "solid", "", "circle"),
    "text": ("Lettering", "#606060", "#c0c0c0", 0.15, "dot", "", "circle"),
    "frame": ("Sheet frames", "#b0b0b0", "#6a6a6a", 0.15, "solid", "", "circle"),
    "survey": ("Survey points", "#b0b0b0", "#6a6a6a", 0.15, "dot", "", "x"),
    "other": ("No theme", "#9a9a9a", "#8c8c8c", 0.18, "solid", "", "circle"),
}
_HIDDEN = ("frame", "survey")  # there, but not drawn until somebody wants them
_STATES = {"open": ("Open", "#e67e22"), "confirmed": ("Confirmed", "#2e8b57"), "rejected": ("Rejected", "#999999"),
           "merged": ("Merged", "#6c5ce7")}  # fmt: skip


def tr(text: str) -> str:
    """Translate a word of the legend."""
    return QCoreApplication.translate("Styles", text)


def _color(sign: _Sign, look: Look) -> str:
    return sign[2] if look.key == "dark" else sign[1] if look.key == "light" else look.text


def style_base(layer: QgsVectorLayer, given: Given) -> None:
    """Draw points, lines or areas of the base map by theme."""
    look, kind = given.look, layer.geometryType()
    categories = []
    for theme, sign in SIGNS.items():
        symbol = _symbol(kind, sign, look)
        categories.append(QgsRendererCategory(theme, symbol, tr(sign[0]), theme not in _HIDDEN))
    layer.setRenderer(QgsCategorizedSymbolRenderer("theme", categories))


def _symbol(kind: QgsWkbTypes.GeometryType, sign: _Sign, look: Look) -> QgsSymbol:
    _, _, _, width, line, fill, marker = sign
    color = _color(sign, look)
    if kind == QgsWkbTypes.GeometryType.LineGeometry:
        return QgsLineSymbol.createSimple(
            {"line_color": color, "line_width": str(width * look.weight), "line_style": line}
        )
    if kind == QgsWkbTypes.GeometryType.PolygonGeometry:
        return QgsFillSymbol.createSimple(
            {
                "style": "solid" if fill and look.key == "light" else "no", "color": fill or "#ffffff",
                "outline_color": color, "outline_width": str(width * look.weight), "outline_style": line,
            }
        )  # fmt: skip
    made = QgsMarkerSymbol.createSimple(
        {"name": marker, "color": "#00000000", "outline_color": color, "outline_width": "0.2", "size": "1.4"}
    )
    made.setDataDefinedAngle(QgsProperty.fromExpression('-coalesce("angle", 0)'))  # drawings turn the other way round
    return made


def style_base_text(layer: QgsVectorLayer, given: Given) -> None:
    """Write the lettering of the base map where it stands, small and grey."""
    look = given.look
    unseen = {"name": "circle", "color": "#00000000", "outline_style": "no", "size": "0.1"}
    symbol = QgsMarkerSymbol.createSimple(unseen)
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    label(layer, "text", 6.0, 2_500, look, _color(SIGNS["text"], look))


def style_strays(layer: QgsVectorLayer, given: Given) -> None:
    """Draw what was set apart plainly, in the colour of what is wrong."""
    look, kind = given.look, layer.geometryType()
    layer.setRenderer(QgsSingleSymbolRenderer(_symbol(kind, ("", look.late, look.late, 0.3, "dot", "", "x"), look)))


def style_candidates(layer: QgsVectorLayer, given: Given) -> None:
    """Draw candidates by their state: a ring that leaves the symbol under it to be seen."""
    categories = [
        QgsRendererCategory(
            state,
            QgsMarkerSymbol.createSimple(
                {"name": "circle", "color": "#00000000", "outline_color": color, "outline_width": "0.5", "size": "3.6",
                 "outline_style": "solid" if state == "open" else "dot"}
            ),
            tr(words),
        )
        for state, (words, color) in _STATES.items()
    ]  # fmt: skip
    layer.setRenderer(QgsCategorizedSymbolRenderer("state", categories))
