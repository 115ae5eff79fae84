# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols of components: our own SVG set, chosen by the class's name, coloured by its major class.

From afar a component is a dot in the shape and colour of its major class, from near by its class's sign on a ground of
that colour. A file goes into the project as text (``base64:``), so a project names no folder of this machine.
"""

from __future__ import annotations

import base64
import functools
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCentroidFillSymbolLayer,
    QgsFillSymbol,
    QgsLineSymbol,
    QgsMapUnitScale,
    QgsMarkerSymbol,
    QgsMarkerSymbolLayer,
    QgsProperty,
    QgsSvgMarkerSymbolLayer,
    QgsSymbol,
    QgsSymbolLayer,
    QgsUnitTypes,
)
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge.palette import MAJORS, OTHER, Look

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "symbols"
SIGNS_FROM = 3_050  # 1:n, a little over 1:3000, at which a dot becomes a sign
GROUND_M = 3.0  # a sign's size on the ground, within these in print:
LEAST_MM, MOST_MM = 2.8, 5.5
DOT_M, DOT_LEAST_MM, DOT_MM = 6.0, 0.8, 1.3
_MAP_UNITS = (
    QgsUnitTypes.RenderUnit.RenderMapUnits if hasattr(QgsUnitTypes, "RenderUnit") else QgsUnitTypes.RenderMapUnits
)
# How lines differ beside their colour: word in the class's name → pattern.
LINES = (
    ("护栏", "rail"),
    ("管道", "pipe"),
    ("隔音", "wall"),
    ("防汛墙", "wall"),
    ("减速带", "dash"),
)


def symbol_property(name: str) -> Any:
    """Find what of a symbol follows an expression, where this QGIS keeps it (an enumeration of its own since 3.36)."""
    return getattr(QgsSymbolLayer, f"Property{name}", None) or getattr(QgsSymbolLayer.Property, name)


def first_layer(symbol: QgsSymbol) -> QgsSymbolLayer:
    """Take a symbol's first layer for another symbol: the one returned by ``symbolLayer`` goes with its symbol."""
    return symbol.takeSymbolLayer(0)


_ENABLED = symbol_property("LayerEnabled")


@functools.lru_cache(maxsize=1)
def words() -> dict[str, str]:
    """Return word in a class's name → symbol, from ``classes.tsv``."""
    found: dict[str, str] = {}
    for line in (FOLDER / "classes.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            symbol, _, names = line.partition("\t")
            found.update(dict.fromkeys(names.split(), symbol))
    return found


def symbol_of(name: str, major: str, chosen: str = "") -> str:
    """Return the symbol of a class of components: by the longest known word in its name, else its major class's.

    The one that the class catalogue names (``chosen``) goes before both, if there is such a file.

    Parameters
    ----------
    name : str
        The class's name, in any edition's wording; local extensions, too.
    major : str
        Code of its major class.
    """
    if chosen and chosen in symbol_names():
        return chosen
    known = [word for word in words() if word in name]
    if known:
        return words()[max(known, key=len)]
    return f"major_{major}" if major in MAJORS else "other"


def symbol_names() -> list[str]:
    """List the symbols that a class may be given."""
    return sorted(path.stem for path in FOLDER.glob("*.svg"))


def symbol_words(symbol: str) -> str:
    """Return the name of a symbol with the first class that it stands for by itself, as users know it."""
    first = next((word for word, name in words().items() if name == symbol), "")
    return f"{symbol} – {first}" if first else symbol


def symbol_file(symbol: str) -> str:
    """Return where the drawing of a symbol is."""
    return str(FOLDER / f"{symbol}.svg")


@functools.lru_cache(maxsize=256)
def svg(symbol: str) -> str:
    """Return a symbol of ours as QGIS keeps it inside a project."""
    return "base64:" + base64.b64encode((FOLDER / f"{symbol}.svg").read_bytes()).decode()


def scaled(layer: QgsMarkerSymbolLayer, ground: float, least: float, most: float) -> None:
    """Let a marker's size go with the scale: ``ground`` metres, within bounds in mm.

    Unlike a size by expression this costs nothing for each feature.
    """
    bounds = QgsMapUnitScale()
    bounds.minSizeMMEnabled = bounds.maxSizeMMEnabled = True
    bounds.minSizeMM, bounds.maxSizeMM = least, most
    layer.setSize(ground)
    layer.setSizeUnit(_MAP_UNITS)
    layer.setSizeMapUnitScale(bounds)


def _sign(symbol: str, color: str, look: Look) -> QgsSvgMarkerSymbolLayer:
    """Return the sign that takes a dot's place from near by; its size goes with the scale, within bounds."""
    layer = QgsSvgMarkerSymbolLayer(svg(symbol), GROUND_M)
    scaled(layer, GROUND_M, LEAST_MM, MOST_MM)
    layer.setFillColor(QColor(color))
    layer.setStrokeColor(QColor(look.mark))
    # Of the scale alone, so QGIS evaluates it once and not for every feature.
    layer.setDataDefinedProperty(_ENABLED, QgsProperty.fromExpression(f"@map_scale <= {SIGNS_FROM}"))
    return layer


def colour(major: str, look: Look) -> str:
    """Return the colour of a major class in a look."""
    return look.majors.get(major, look.other)


def point_symbol(symbol: str, major: str, look: Look) -> QgsMarkerSymbol:
    """Return the symbol of point components of a class."""
    shape = MAJORS.get(major, OTHER)[0]
    color = colour(major, look)
    made = QgsMarkerSymbol.createSimple(
        {"name": shape, "color": color, "size": str(DOT_MM), "outline_style": "no", "outline_color": color}
    )
    scaled(made.symbolLayer(0), DOT_M, DOT_LEAST_MM, DOT_MM)
    made.appendSymbolLayer(_sign(symbol, color, look))
    return made


def line_symbol(name: str, major: str, look: Look) -> QgsLineSymbol:
    """Return the symbol of line components of a class: railings dashed and dotted, pipes double, walls thick."""
    color = colour(major, look)
    pattern = next((kind for word, kind in LINES if word in name), "plain")
    width = {"wall": 0.9, "pipe": 1.0, "plain": 0.5}.get(pattern, 0.6) * look.weight
    line: dict[str, Any] = {"line_color": color, "line_width": str(width), "capstyle": "flat", "joinstyle": "round"}
    if pattern in ("rail", "dash"):
        line.update(use_custom_dash="1", customdash="2.4;0.8;0.5;0.8" if pattern == "rail" else "1;0.7")
    made = QgsLineSymbol.createSimple(line)
    if pattern == "pipe":
        inner = QgsLineSymbol.createSimple({"line_color": look.mark, "line_width": "0.4", "capstyle": "flat"})
        made.appendSymbolLayer(first_layer(inner))
    return made


def area_symbol(symbol: str, major: str, look: Look) -> QgsFillSymbol:
    """Return the symbol of area components of a class: a tinted area, its sign in the middle from near by."""
    color = colour(major, look)
    made = QgsFillSymbol.createSimple(
        {
            "color": ",".join(str(part) for part in (*QColor(color).getRgb()[:3], 70)),
            "outline_color": color,
            "outline_width": str(0.3 * look.weight),
            "joinstyle": "round",
        }
    )
    marker = QgsMarkerSymbol()
    marker.changeSymbolLayer(0, _sign(symbol, color, look))
    middle = QgsCentroidFillSymbolLayer()
    middle.setSubSymbol(marker)
    middle.setPointOnSurface(True)
    middle.setDataDefinedProperty(_ENABLED, QgsProperty.fromExpression(f"@map_scale <= {SIGNS_FROM}"))
    made.appendSymbolLayer(middle)
    return made
