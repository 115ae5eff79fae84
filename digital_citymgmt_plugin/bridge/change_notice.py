# SPDX-License-Identifier: GPL-2.0-or-later
"""The change notice as a PDF: maps of before and after, counts, sign lines, and the crosswalk of the codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFillSymbol,
    QgsGeometry,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPalLayerSettings,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QFont, QFontMetricsF, QGuiApplication

from digital_citymgmt_plugin.bridge.layout_tables import add_table
from digital_citymgmt_plugin.bridge.layouts import export
from digital_citymgmt_plugin.bridge.messages import template
from digital_citymgmt_plugin.bridge.plural import counted
from digital_citymgmt_plugin.bridge.styles import set_text, text_format

PAGE, MARGIN, GAP = (297.0, 210.0), 12.0, 6.0  # mm: A4 lying
_MAP = ((PAGE[0] - 2 * MARGIN - GAP) / 2, 118.0)
_TOP = 34.0  # mm, of the maps below one line of text
_BOTTOM = _TOP + _MAP[1]
_LINE, _MOST_LINES = 5.2, 8  # mm; lines that say what was done and why
_CELL_LINES = 3
_MOVED = ("components_moved", "cases_moved", "open_cases_moved", "beats_changed", "beats_moved")
_LOOKS = {
    "around": {"style": "no", "outline_color": "#9a9996", "outline_width": "0.2"},
    "before": {"color": "28,113,216,40", "outline_color": "#1c71d8", "outline_width": "0.6"},
    "after": {"color": "38,162,105,40", "outline_color": "#26a269", "outline_width": "0.6"},
}
_WIDTHS = (62.0, 62.0, 30.0, 38.0, 38.0)  # mm, of the columns of the crosswalk
_BEAT_WIDTHS = (42.0, 76.0, 24.0, 26.0, 26.0, 36.0, 36.0)  # mm, of those of the beats
_MOST_ROWS, _MOST_LABELS = 600, 500  # lines of a table: 20 pages; of more grids than that no map can be read
_FINE, _SPARE = 10.0, 0.97  # texts are measured ten times as large, and get a little less room than there is
_NAMED = 12  # beats that the first page names


def tr(text: str) -> str:
    """Translate a text of the notice."""
    return QCoreApplication.translate("Notice", text)


def wrapped(text: str, width: float, points: float, most: int) -> list[str]:
    """Cut a text into lines of a width in mm: labels of a layout do not break Chinese, which has no spaces."""
    letters = QFont(text_format(points).font())
    letters.setPointSizeF(points * _FINE)
    measure = QFontMetricsF(letters)
    most_wide = width / 25.4 * QGuiApplication.primaryScreen().logicalDotsPerInch() * _FINE * _SPARE
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most:
        size = len(rest)
        if measure.horizontalAdvance(rest) > most_wide:
            low, high = 1, len(rest)
            while low < high:  # the longest start that fits
                middle = (low + high + 1) // 2
                low, high = (
                    (middle, high) if measure.horizontalAdvance(rest[:middle]) <= most_wide else (low, middle - 1)
                )
            space = rest.rfind(" ", 0, low + 1)
            size = space if space > low // 2 else low
        lines.append(rest[:size].rstrip())
        rest = rest[size:].lstrip()
    if rest and lines:
        lines[-1] = lines[-1][:-1] + "…"
    return lines or [""]


def print_notice(answer: Mapping[str, Any], city: str, crs: QgsCoordinateReferenceSystem, path: str) -> int:
    """Write the notice; returns the number of pages.

    Raises
    ------
    InputRefused
        ``file.not_written``.
    """
    project = QgsProject()  # of its own: nothing of the user's is touched
    project.setCrs(crs)
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.pageCollection().page(0).setPageSize("A4", QgsLayoutItemPage.Orientation.Landscape)
    made = _Notice(layout, answer, city, crs)
    made.fill()
    export(layout, path, 200)
    return int(layout.pageCollection().pageCount())


class _Notice:
    """Puts the items on the page."""

    def __init__(
        self, layout: QgsPrintLayout, answer: Mapping[str, Any], city: str, crs: QgsCoordinateReferenceSystem
    ) -> None:
        self.layout, self.answer, self.city, self.crs = layout, answer, city, crs
        self.keep: list[Any] = []  # layers that no project holds
        self.top = _TOP

    def fill(self) -> None:
        notice, counts = self.answer["notice"], self.answer["counts"]
        kind = template(f"operation.{notice['kind']}") or str(notice["kind"])
        self.text(tr("{city}: change of unit grids").format(city=self.city), (MARGIN, 10), (190, 10), 18)
        words = tr("{kind} on {day}, by {who}.").format(kind=kind, day=notice["day"], who=notice["done_by"] or "–")
        if notice["reason"]:
            words += " " + tr("Reason: {reason}.").format(reason=str(notice["reason"]).rstrip("。. "))
        lines = wrapped(words, PAGE[0] - 2 * MARGIN, 10, _MOST_LINES)
        self.top += _LINE * (len(lines) - 1)  # a long reason takes from the maps
        self.text("\n".join(lines), (MARGIN, 21), (PAGE[0] - 2 * MARGIN, 1 + _LINE * len(lines)), 10)
        around = self.layer(self.answer["around"], (), "around")
        before, after = tr("Before: {count} [grid|grids]"), tr("After: {count} [grid|grids]")
        maps = (("before", before, 0.0), ("after", after, _MAP[0] + GAP))
        for part, title, aside in maps:
            versions = self.answer[part]
            layer = self.layer([one["wkb"] for one in versions], [one["code"] for one in versions], part)
            self.text(counted(title, count=len(versions)), (MARGIN + aside, self.top - 6), (_MAP[0], 6), 10)
            self.map([layer, around], aside)
        words = self.counts(counts, notice["moved"])
        lines = [line for part in words.split("\n") for line in wrapped(part, PAGE[0] - 2 * MARGIN, 10, 2)]
        self.text("\n".join(lines), (MARGIN, _BOTTOM + 3), (PAGE[0] - 2 * MARGIN, 2 + _LINE * len(lines)), 10)
        signs = tr("Drawn up by ____________   Checked by ____________   Approved by ____________   Date ____________")
        self.text(signs, (MARGIN, PAGE[1] - 24), (PAGE[0] - 2 * MARGIN, 8), 10)
        number = tr("Operation {uuid}. Codes of components do not change.").format(uuid=notice["uuid"])
        self.text(number, (MARGIN, PAGE[1] - 14), (PAGE[0] - 2 * MARGIN, 6), 7)
        self.tables()

    def counts(self, counts: Mapping[str, Any], moved: Mapping[str, Any]) -> str:
        words = tr("{retired} codes retired, {new} new, {reshaped} grids go on in another shape.").format(**counts)
        listed = [f"{template(f'count.{name}') or name}: {moved[name]}" for name in _MOVED if moved.get(name)]
        changed = [beat["code"] for beat in self.answer.get("beats") or () if beat["changed"]]
        if changed:
            named = ", ".join(changed[:_NAMED]) + (" …" if len(changed) > _NAMED else "")
            listed.append(tr("beats whose ground changed: {codes}").format(codes=named))
        return "\n".join([words, "; ".join(listed)])

    def layer(self, shapes: Sequence[str | None], codes: Sequence[str], look: str) -> QgsVectorLayer:
        layer = QgsVectorLayer("MultiPolygon?field=code:string", look, "memory")
        layer.setCrs(self.crs)
        features = []
        for number, text in enumerate(shapes):
            if not text:
                continue
            shape = QgsGeometry()
            shape.fromWkb(bytes.fromhex(str(text)))
            shape.convertToMultiType()
            feature = QgsFeature(layer.fields())
            feature.setGeometry(shape)
            feature.setAttributes([codes[number] if codes else None])
            features.append(feature)
        layer.dataProvider().addFeatures(features)
        layer.updateExtents()
        layer.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple(_LOOKS[look])))
        if codes and len(codes) <= _MOST_LABELS:
            settings = QgsPalLayerSettings()
            settings.setFormat(text_format(7))
            settings.fieldName, settings.isExpression = 'right("code", 6)', True
            layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
            layer.setLabelsEnabled(True)
        self.keep.append(layer)
        return layer

    def map(self, shown: list[QgsVectorLayer], aside: float) -> None:
        item = QgsLayoutItemMap(self.layout)
        item.setCrs(self.crs)
        item.setLayers(shown)
        item.setKeepLayerSet(True)
        item.setFrameEnabled(True)
        self.place(item, (MARGIN + aside, self.top), (_MAP[0], _BOTTOM - self.top))
        box = QgsRectangle()
        for version in (*self.answer["before"], *self.answer["after"]):
            if version["wkb"]:
                shape = QgsGeometry()
                shape.fromWkb(bytes.fromhex(str(version["wkb"])))
                box.combineExtentWith(shape.boundingBox())
        box.scale(1.15)
        item.zoomToExtent(box)

    def text(self, words: str, at: tuple[float, float], size: tuple[float, float], points: float) -> None:
        item = QgsLayoutItemLabel(self.layout)
        style = text_format(points)
        style.buffer().setEnabled(False)
        set_text(item, style)
        item.setText(words)
        self.place(item, at, size)

    def place(self, item: Any, at: tuple[float, float], size: tuple[float, float]) -> None:
        self.layout.addLayoutItem(item)
        item.attemptMove(QgsLayoutPoint(*at))
        item.attemptResize(QgsLayoutSize(*size))

    def tables(self) -> None:
        """Put the crosswalk on pages of its own, as many as it needs, and the beats of its grids on those behind."""
        head = (tr("Old code"), tr("New code"), tr("Share"), tr("Old area (m²)"), tr("New area (m²)"))
        self.table(head, self.few(self.rows(), len(head)), _WIDTHS)
        if self.answer.get("beats"):
            head = (tr("Beat"), tr("Name"), tr("Its ground"), tr("Grids before"), tr("Grids after"),
                    tr("Area before (m²)"), tr("Area after (m²)"))  # fmt: skip
            self.table(head, self.few(self.beats(), len(head)), _BEAT_WIDTHS)

    def few(self, rows: list[list[str]], width: int) -> list[list[str]]:
        """Return as many lines as are printed while the window waits, and one that says how many more there are."""
        if len(rows) <= _MOST_ROWS:
            return rows
        words = tr("{count} more: grid_lineage and beat_member of the city store have all")
        return [*rows[:_MOST_ROWS], [words.format(count=len(rows) - _MOST_ROWS), *[""] * (width - 1)]]

    def table(self, head: Sequence[str], rows: list[list[str]], widths: Sequence[float]) -> None:
        """Put a table on pages of its own."""
        cells = [[wrapped(text, width - 4, 9, _CELL_LINES) for text, width in zip(row, widths)] for row in rows]
        bottom = PAGE[1] - MARGIN
        self.keep += add_table(
            self.layout, head, cells, widths, 9, self.page(), bottom, lambda: self.page()[1:]
        )  # fmt: skip

    def page(self) -> tuple[float, float, int]:
        """Add a page; returns where a table begins on it."""
        page = QgsLayoutItemPage(self.layout)
        page.setPageSize("A4", QgsLayoutItemPage.Orientation.Landscape)
        pages = self.layout.pageCollection()
        pages.addPage(page)
        return MARGIN, MARGIN, pages.pageCount() - 1

    def beats(self) -> list[list[str]]:
        """Return a line for each beat that has or had one of the grids."""
        rows = []
        for beat in self.answer["beats"]:
            sides = (beat["before"], beat["after"])
            ground = tr("changed") if beat["changed"] else tr("the same")
            cells = [beat["code"], beat["name"], ground, *(str(len(side["grids"])) for side in sides)]
            cells += [f"{side['area_m2']:,.0f}" for side in sides]
            rows.append([str(cell) for cell in cells])
        return rows

    def rows(self) -> list[list[str]]:
        known = {one["id"]: one for one in (*self.answer["before"], *self.answer["after"])}
        rows = []
        for step in sorted(self.answer["steps"], key=lambda one: (known[one["parent"]]["code"], -one["share"])):
            old, new = known[step["parent"]], known[step["child"]]
            areas = (f"{one['area_m2']:,.0f}" for one in (old, new))
            cells = (old["code"], new["code"], f"{step['share']:.1%}", *areas)
            rows.append([str(cell) for cell in cells])
        return rows
