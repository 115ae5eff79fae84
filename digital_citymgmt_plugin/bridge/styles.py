# SPDX-License-Identifier: GPL-2.0-or-later
"""How the store's layers look: symbols and labels made in code, so that they are the same on every QGIS.

Unit grid boundaries are magenta, as GB/T 30428.1 and CJ/T 349 want them drawn. Kinds differ in shape as well as in
colour, so that they can be told apart in print and by the colour-blind. Layers that may hold a million rows are drawn
by plain columns: an expression for every row costs more than the drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsFontUtils,
    QgsLineSymbol,
    QgsMarkerSymbol,
    QgsPalLayerSettings,
    QgsProperty,
    QgsRendererCategory,
    QgsRuleBasedRenderer,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
    QgsVectorSimplifyMethod,
    QgsWkbTypes,
)
from qgis.PyQt.QtGui import QColor, QFont, QFontInfo

from digital_citymgmt_plugin.bridge.captions import value_captions
from digital_citymgmt_plugin.bridge.ground import fill_by_ground
from digital_citymgmt_plugin.bridge.palette import (
    LATE,
    LIGHT,
    MAGENTA,
    MAJORS,
    NEAR,
    NO_STAGE,
    OTHER,
    PLACES,
    STAGES,
    Look,
    tr,
)
from digital_citymgmt_plugin.bridge.symbols import (
    area_symbol,
    first_layer,
    line_symbol,
    point_symbol,
    scaled,
    symbol_of,
    symbol_property,
)

__all__ = ["MAGENTA", "ComponentClass", "Given"]

# Fonts that hold Chinese on the three platforms, in order; QGIS takes the first that exists.
FONTS = ("Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei")
DONE = "('closed', 'void')"
CLOSED_FROM = 4_000  # 1:n from which on closed cases are drawn: there are a hundred times as many as open ones
CASE_M = 4.0  # metres on the ground to a mm of a case's marker: full size up to 1:4,000
MOST_LABELS = 400  # of one layer at a time: more than that nobody reads, and placing them takes the time of drawing
_ANGLE, _ENABLED = (symbol_property(name) for name in ("Angle", "LayerEnabled"))


@dataclass(frozen=True)
class ComponentClass:
    """A class of components as the store's class table has it."""

    code: str
    name: str
    major: str
    geometry: str = ""
    symbol: str = ""  # named in the class catalogue; empty: by the name

    @property
    def sign(self) -> str:
        """Name of its symbol."""
        return symbol_of(self.name, self.major, self.symbol)


@dataclass(frozen=True)
class Given:
    """What a style may know of the store it draws, and the look it is to have."""

    majors: Mapping[str, str] = field(default_factory=dict)
    classes: Sequence[ComponentClass] = ()
    look: Look = LIGHT


def text_format(size: float, color: str = "#202020", halo: str = "#ffffff") -> QgsTextFormat:
    """Return a label format with a halo, in a font that holds Chinese; ``size`` in points."""
    # A project keeps ``font.family()``, which ``QFont.setFamilies`` leaves alone: without a family that is there, QGIS
    # warns of every label when it opens the project. The others are what it falls back on elsewhere.
    there = (name for name in FONTS if QgsFontUtils.fontFamilyMatchOnSystem(name)[0])
    result = QgsTextFormat()
    result.setFont(QFont(next(there, QFontInfo(QFont()).family())))
    result.setFamilies(list(FONTS))
    result.setSize(size)
    result.setColor(QColor(color))
    ring = QgsTextBufferSettings()
    ring.setEnabled(True)
    ring.setSize(0.8)
    ring.setColor(QColor(halo))
    result.setBuffer(ring)
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


def label(
    layer: QgsVectorLayer,
    text: str,
    size: float,
    closer_than: float,
    look: Look = LIGHT,
    color: str = "",
    *,
    farther_than: float = 0.0,
    inside: bool = False,
) -> None:
    """Label a layer by a column or expression, only at scales between 1:``farther_than`` and 1:``closer_than``.

    ``inside`` leaves out a label that its polygon cannot hold; labels never cover each other.
    """
    settings = QgsPalLayerSettings()
    plain = layer.fields().lookupField(text) >= 0
    settings.fieldName = text
    settings.isExpression = not plain
    settings.setFormat(text_format(size * look.letters, color or look.text, look.halo))
    settings.scaleVisibility = True
    settings.minimumScale = closer_than
    settings.maximumScale = farther_than
    _limit(settings)
    kind = layer.geometryType()
    if kind == QgsWkbTypes.GeometryType.PolygonGeometry:
        settings.placement = _placement("Horizontal")
        settings.fitInPolygonOnly = inside
    elif kind == QgsWkbTypes.GeometryType.LineGeometry:
        settings.placement = _placement("Line")
    else:
        # Beside the symbol, on the first side that is free.
        settings.placement = _placement("OrderedPositionsAroundPoint")
        settings.dist = 2.2
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def _limit(settings: QgsPalLayerSettings) -> None:
    """Let a layer set ``MOST_LABELS`` labels at most; the setting moved in QGIS 3.42."""
    if hasattr(settings, "thinningSettings"):
        thin = settings.thinningSettings()
        if hasattr(thin, "setLimitNumberLabelsEnabled"):
            thin.setLimitNumberLabelsEnabled(True)
            thin.setMaximumNumberLabels(MOST_LABELS)
            settings.setThinningSettings(thin)
            return
    settings.limitNumLabels = True
    settings.maxNumLabels = MOST_LABELS


def _placement(name: str) -> Any:
    """Find a label placement where this QGIS keeps it (``Qgis.LabelPlacement`` since 3.26)."""
    return getattr(getattr(Qgis, "LabelPlacement", QgsPalLayerSettings), name)


def simplify(layer: QgsVectorLayer) -> None:
    """Let QGIS leave out vertices that fall on one pixel."""
    method = QgsVectorSimplifyMethod()
    hints = getattr(Qgis, "VectorRenderingSimplificationFlag", QgsVectorSimplifyMethod)
    method.setSimplifyHints(hints.GeometrySimplification)
    method.setThreshold(1.0)
    method.setForceLocalOptimization(True)
    layer.setSimplifyMethod(method)


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


def style_county(layer: QgsVectorLayer, given: Given) -> None:
    """Draw counties: a thick dash-dot line around a pale ground."""
    look = given.look
    symbol = outline(look.street, 0.9 * look.weight, "dash dot", look.county_fill)
    layer.setRenderer(QgsSingleSymbolRenderer(fill_by_ground(symbol)))
    label(layer, "name", 12, 5_000_000, look, farther_than=25_000)


def style_street(layer: QgsVectorLayer, given: Given) -> None:
    """Draw streets (街道): a dash-dot line."""
    look = given.look
    layer.setRenderer(QgsSingleSymbolRenderer(outline(look.street, 0.7 * look.weight, "dash dot")))
    label(layer, "name", 11, 200_000, look, look.street, farther_than=4_000)


def style_community(layer: QgsVectorLayer, given: Given) -> None:
    """Draw communities: a dashed line and the name."""
    look = given.look
    symbol = outline(look.community, 0.45 * look.weight, "dash", look.community_fill)
    layer.setRenderer(QgsSingleSymbolRenderer(fill_by_ground(symbol)))
    label(layer, "name", 9, 60_000, look, look.community)


def style_grid(layer: QgsVectorLayer, given: Given) -> None:
    """Draw unit grids: magenta boundary, no fill, the code inside."""
    look = given.look
    layer.setRenderer(QgsSingleSymbolRenderer(outline(look.grid, 0.3 * look.weight)))
    # The code is community and number: from afar the number alone, which the community's name makes whole; from near
    # by the code in its parts, county and street over community and number.
    parts = "left(\"code\", 6) || ' ' || substr(\"code\", 7, 3) || '\\n' || substr(\"code\", 10, 3) || ' ' || number"
    whole = f"with_variable('number', substr(\"code\", 13), {parts.replace('number', '@number')})"
    label(layer, f'if(@map_scale > 2500, substr("code", 13), {whole})', 7.5, 12_000, look, look.grid, inside=True)


def style_points(layer: QgsVectorLayer, given: Given) -> None:
    """Draw point components: dots by major class from afar, the class's sign from near by."""
    _by_class(layer, given, "point", lambda one: point_symbol(one.sign, one.major, given.look))
    label(layer, "name", 6.5, 1_200, given.look)


def style_lines(layer: QgsVectorLayer, given: Given) -> None:
    """Draw line components by class."""
    _by_class(layer, given, "line", lambda one: line_symbol(one.name, one.major, given.look))
    label(layer, "name", 6.5, 1_200, given.look)
    simplify(layer)


def style_polygons(layer: QgsVectorLayer, given: Given) -> None:
    """Draw area components by class, half transparent."""
    _by_class(layer, given, "area", lambda one: area_symbol(one.sign, one.major, given.look))
    label(layer, "name", 6.5, 1_200, given.look)
    simplify(layer)


def _by_class(layer: QgsVectorLayer, given: Given, geometry: str, make: Callable[[ComponentClass], QgsSymbol]) -> None:
    """One category per class that has this geometry, one per major class for its other classes, one for the rest.

    By the plain class code. A store without a class table is drawn by major classes.
    """
    other = ComponentClass("", "", "")
    if not given.classes:
        majors = [ComponentClass(code, "", code) for code in MAJORS]
        categories = [
            QgsRendererCategory(one.code, make(one), f"{one.code} {tr(MAJORS[one.code][1])}") for one in majors
        ]
        categories.append(QgsRendererCategory("", make(other), tr(OTHER[1])))
        layer.setRenderer(QgsCategorizedSymbolRenderer('substr("class_code", 1, 2)', categories))
        return
    own = [one for one in given.classes if one.geometry in (geometry, "")]
    rest: dict[str, list[str]] = {}
    for one in given.classes:
        if one not in own:
            rest.setdefault(one.major, []).append(one.code)
    categories = [QgsRendererCategory(one.code, make(one), f"{one.code} {one.name}") for one in own]
    for major, codes in sorted(rest.items()):
        words = tr("{major} {name}, others").format(major=major, name=given.majors.get(major, ""))
        categories.append(QgsRendererCategory(codes, make(ComponentClass("", "", major)), words))
    categories.append(QgsRendererCategory("", make(other), tr(OTHER[1])))
    layer.setRenderer(QgsCategorizedSymbolRenderer("class_code", categories))


def stage_symbol(stage: str, look: Look) -> QgsMarkerSymbol:
    """Return the symbol of cases in a stage."""
    _, shape, size = STAGES.get(stage, ("", "hexagon", 2.0))
    color = look.stages.get(stage, look.other)
    made = QgsMarkerSymbol.createSimple(
        {
            "name": shape,
            "color": color,
            # A cross is nothing but outline.
            "outline_color": color if shape == "cross2" else look.rim,
            "outline_width": "0.4" if shape == "cross2" else "0.2",
            "outline_style": "no" if stage == "closed" else "solid",
        }
    )
    scaled(made.symbolLayer(0), CASE_M * size, 0.65 * size, size)
    return made


def _ring(look: Look, size: float, color: str = "") -> QgsMarkerSymbol:
    made = QgsMarkerSymbol.createSimple(
        {
            "name": "circle",
            "color": "255,255,255,0",
            "outline_color": color or look.late,
            "outline_width": str(0.5 * look.weight),
        }
    )
    scaled(made.symbolLayer(0), CASE_M * size, 0.65 * size, size)
    return made


def style_cases(layer: QgsVectorLayer, given: Given) -> None:
    """Draw cases by their stage, with a ring around open ones whose time is up or soon will be.

    Rules and not categories: QGIS hands the filters of the rules that a scale shows to the database, so from afar the
    many closed cases are not even read.
    """
    look = given.look
    root = QgsRuleBasedRenderer.Rule(None)
    known = ", ".join(f"'{stage}'" for stage in STAGES)
    shown = [(f"\"stage\" = '{stage}'", words, stage_symbol(stage, look)) for stage, (words, _, _) in STAGES.items()]
    shown.append((f'"stage" is null or "stage" not in ({known})', NO_STAGE, stage_symbol("", look)))
    # Compared with moments alone, so that the database can: the lamp's own share of working time is told by the dock.
    soon = f'"stage" not in {DONE} and "due_at" >= now() and "due_at" < now() + to_interval(\'1 day\')'
    shown.append((soon, NEAR, _ring(look, 4.2, look.near)))
    shown.append((f'"stage" not in {DONE} and "due_at" < now()', LATE, _ring(look, 4.2)))
    for condition, words, symbol in shown:
        rule = QgsRuleBasedRenderer.Rule(symbol)
        rule.setFilterExpression(condition)
        rule.setLabel(tr(words))
        if condition in [f"\"stage\" = '{stage}'" for stage in ("closed", "void")]:
            rule.setMinimumScale(CLOSED_FROM)
            rule.setLabel(tr("{stage}, from 1:{scale}").format(stage=tr(words), scale=CLOSED_FROM))
        root.appendChild(rule)
    layer.setRenderer(QgsRuleBasedRenderer(root))
    label(layer, f'if("stage" in {DONE}, null, "case_no")', 6.5, 1_500, look)


def style_issues(layer: QgsVectorLayer, given: Given) -> None:
    """Draw issues as rings, so that what they are about stays in sight."""
    layer.setRenderer(QgsSingleSymbolRenderer(_ring(given.look, 4)))


def style_sheets(layer: QgsVectorLayer, given: Given) -> None:
    """Draw sheets by their status: the line tells it (dotted, dashed, solid, thick), the number stands inside."""
    words = value_captions("sheet", "status")
    lines = {"open": ("dot", 0.3), "field": ("dash", 0.5), "back": ("dash dot", 0.5), "checked": ("solid", 0.5),
             "accepted": ("solid", 1.0)}  # fmt: skip
    look = given.look
    categories = [
        QgsRendererCategory(status, outline(look.place, width * look.weight, line), words.get(status, status))
        for status, (line, width) in lines.items()
    ]
    layer.setRenderer(QgsCategorizedSymbolRenderer("status", categories))
    label(layer, '"number"', 7, 25_000, look, look.place)


def style_places(layer: QgsVectorLayer, given: Given) -> None:
    """Draw places by their kind: a star for a landmark, a ring for a point of interest, a door plate as its number."""
    look = given.look
    shapes = {"poi": ("circle", "1.6"), "landmark": ("star", "4"), "plate": ("square", "0.9"), "street": ("line", "2")}
    categories = [
        QgsRendererCategory(kind, _place_symbol(layer, *shapes[kind], look), tr(words))
        for kind, words in PLACES.items()
    ]
    layer.setRenderer(QgsCategorizedSymbolRenderer("kind", categories))
    label(layer, 'if("kind" = \'plate\', coalesce("number", "name"), "name")', 6.5, 4_000, look, look.place)


def _place_symbol(layer: QgsVectorLayer, shape: str, size: str, look: Look) -> QgsSymbol:
    kind, color = layer.geometryType(), look.place
    if kind == QgsWkbTypes.GeometryType.LineGeometry:
        return QgsLineSymbol.createSimple({"line_color": color, "line_width": str(0.4 * look.weight)})
    if kind == QgsWkbTypes.GeometryType.PolygonGeometry:
        return outline(color, 0.3 * look.weight)
    return QgsMarkerSymbol.createSimple(
        {"name": shape, "color": color, "size": size, "outline_color": look.mark, "outline_width": "0.2"}
    )


def style_cameras(layer: QgsVectorLayer, given: Given) -> None:
    """Draw cameras with the sign of the class, turned where the camera looks when that is known."""
    look = given.look
    made = point_symbol("camera", "01", look)
    made.symbolLayer(0).setColor(QColor(look.place))
    made.symbolLayer(1).setFillColor(QColor(look.place))
    beam = {"name": "triangle", "color": look.place, "size": "1.8", "outline_style": "no", "offset": "0,-2.6"}
    made.appendSymbolLayer(first_layer(QgsMarkerSymbol.createSimple(beam)))
    turned = made.symbolLayer(made.symbolLayerCount() - 1)
    turned.setDataDefinedProperty(_ANGLE, QgsProperty.fromField("direction"))
    turned.setDataDefinedProperty(_ENABLED, QgsProperty.fromExpression('"direction" is not null'))
    layer.setRenderer(QgsSingleSymbolRenderer(made))
    label(layer, "name", 6.5, 2_000, look, look.place)


def style_tracks(layer: QgsVectorLayer, given: Given) -> None:
    """Draw the points of collectors' and vehicles' tracks as small dots."""
    look = given.look
    dot = {"name": "circle", "color": look.track, "size": str(0.9 * look.weight), "outline_style": "no"}
    layer.setRenderer(QgsSingleSymbolRenderer(QgsMarkerSymbol.createSimple(dot)))
