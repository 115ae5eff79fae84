# SPDX-License-Identifier: GPL-2.0-or-later
"""The legend of a sheet: layers that hold something, with their numbers, components under their major classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFeatureRequest,
    QgsGraduatedSymbolRenderer,
    QgsLayerTreeGroup,
    QgsLayoutItemLegend,
    QgsLegendRenderer,
    QgsLegendStyle,
    QgsMapLayerLegendUtils,
    QgsRuleBasedRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QLocale

from digital_citymgmt_plugin.bridge.styles import set_text, text_format

SIZES = {"Title": 13.0, "Group": 10.0, "Subgroup": 9.0, "Symbol": 8.5, "SymbolLabel": 8.5}  # points
# Columns and letters to try in turn.
FITS = ((1, 1.0), (1, 0.8), (2, 0.8), (2, 0.7), (2, 0.6), (3, 0.6), (3, 0.5), (4, 0.45))


def set_letters(item: QgsLayoutItemLegend, factor: float = 1.0) -> None:
    """Give a legend fonts that hold Chinese."""
    for name, size in SIZES.items():
        kind = getattr(QgsLegendStyle.Style, name)
        wanted = text_format(size * factor)
        wanted.buffer().setEnabled(False)
        style = item.style(kind)
        set_text(style, wanted)
        item.setStyle(kind, style)
    item.setSymbolHeight(4 * factor)
    item.setSymbolWidth(6 * factor)
    for name, side, space in (("Symbol", "Top", 1.6), ("Group", "Top", 2.4), ("Subgroup", "Top", 2.0)):
        item.setStyleMargin(getattr(QgsLegendStyle.Style, name), getattr(QgsLegendStyle.Side, side), space * factor)


def fit_legend(item: QgsLayoutItemLegend, width: float, height: float, factor: float = 1.0) -> bool:
    """Set a filled legend in as many columns and letters as small as its place asks for; returns whether it fits.

    Parameters
    ----------
    item : QgsLayoutItemLegend
        Filled; its fonts, symbols and columns are set.
    width, height : float
        Of the place, mm.
    factor : float
        The largest letters, of the usual ones. Smaller than 0.45 of them, under 4 points, they are not set: then the
        legend keeps the smallest and does not fit.
    """
    item.setSplitLayer(True)
    for columns, smaller in FITS:
        item.setColumnCount(columns)
        set_letters(item, factor * smaller)
        size = QgsLegendRenderer(item.model(), item.legendSettings()).minimumSize()
        if size.width() <= width and size.height() <= height:
            return True
    return False


def fill_legend(
    item: QgsLayoutItemLegend, found: Sequence[QgsVectorLayer], majors: Mapping[str, str], *, counts: bool = True
) -> int:
    """Fill a legend with the layers that hold something, top to bottom; returns how many those are.

    Parameters
    ----------
    item : QgsLayoutItemLegend
        What it held before is taken out; it no longer follows the layer tree.
    found : sequence of QgsVectorLayer
        In the order of the legend.
    majors : mapping
        Code → name of the major classes, the headings among the components.
    counts : bool
        Whether the numbers of objects stand behind the names.
    """
    item.setAutoUpdateModel(False)
    root = item.model().rootGroup()
    root.removeAllChildren()
    shown = 0
    for layer in found:
        count = count_rows(layer)
        if not count:
            continue
        shown += 1
        words = f"{layer.name()} ({QLocale().toString(count)})" if counts else layer.name()
        renderer = layer.renderer()
        if isinstance(renderer, QgsCategorizedSymbolRenderer):
            group = root.addGroup(words)
            for heading, entries in by_major(renderer, used_categories(layer), majors):
                _add(item, group, layer, heading, entries)
        elif isinstance(renderer, QgsRuleBasedRenderer):
            _add(item, root.addGroup(words), layer, "", used_rules(layer))
        elif isinstance(renderer, QgsGraduatedSymbolRenderer):  # every class: the same scale on every page
            _add(item, root.addGroup(words), layer, "", list(range(len(renderer.ranges()))))
        else:
            # A layer with one symbol shows that symbol's label and no heading.
            node = root.addLayer(layer)
            QgsMapLayerLegendUtils.setLegendNodeUserLabel(node, 0, words)
            item.model().refreshLayerLegend(node)
    return shown


def _add(
    item: QgsLayoutItemLegend, group: QgsLayerTreeGroup, layer: QgsVectorLayer, heading: str, entries: list[int]
) -> None:
    node = group.addLayer(layer)
    node.setCustomProperty("legend/title-label", heading)
    if not heading:
        node.setCustomProperty("legend/title-style", "hidden")
    QgsMapLayerLegendUtils.setLegendNodeOrder(node, entries)
    item.model().refreshLayerLegend(node)


def by_major(
    renderer: QgsCategorizedSymbolRenderer, used: Sequence[int], majors: Mapping[str, str]
) -> list[tuple[str, list[int]]]:
    """Sort used categories under the headings of their major classes; those without come last, without a heading."""
    groups: dict[str, list[int]] = {}
    categories = renderer.categories()
    for index in used:
        value = categories[index].value()
        first = str(value[0] if isinstance(value, list) and value else value or "")
        groups.setdefault(first[:2] if first[:2] in majors else "", []).append(index)
    order = sorted(groups, key=lambda code: (code == "", code))
    return [(f"{code} {majors[code]}" if code else "", groups[code]) for code in order]


def count_rows(layer: QgsVectorLayer) -> int:
    """Count what a layer shows; ``featureCount`` leaves the provider's filter out of account."""
    if not layer.subsetString():
        return max(0, layer.featureCount())
    return sum(1 for _ in layer.getFeatures(QgsFeatureRequest().setNoAttributes()))


def used_categories(layer: QgsVectorLayer) -> list[int]:
    """Tell which categories of a layer's legend have objects."""
    renderer = layer.renderer()
    column = layer.fields().lookupField(renderer.classAttribute())
    values = [category.value() for category in renderer.categories()]
    if column < 0:
        # Drawn by an expression of the class code: by its first two digits.
        column, cut = layer.fields().lookupField("class_code"), 2
    else:
        cut = 99
    found = {str(value or "")[:cut] for value in layer.uniqueValues(column)} if column >= 0 else set()
    listed: set[str] = set()
    used = []
    for index, value in enumerate(values):
        here = {str(one) for one in value} if isinstance(value, list) else {str(value or "")} - {""}
        listed |= here
        if here & found:
            used.append(index)
    if found - listed:
        used += [index for index, value in enumerate(values) if value in ("", None)]
    return used


def used_rules(layer: QgsVectorLayer) -> list[int]:
    """Tell which rules of a layer's legend have objects."""
    used = []
    for index, rule in enumerate(layer.renderer().rootRule().children()):
        request = QgsFeatureRequest().setFilterExpression(rule.filterExpression()).setLimit(1).setNoAttributes()
        if next(layer.getFeatures(request), None) is not None:
            used.append(index)
    return used
