# SPDX-License-Identifier: GPL-2.0-or-later
"""One slip on the items of a city's own print layout, which are found by id; all others stay as they are.

Texts too long for their item, and tables, go on over pages that are added at the end, none is cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import (
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsTextFormat,
)
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge.layout_tables import add_table
from digital_citymgmt_plugin.bridge.layouts import set_north_arrow, set_scale_bar
from digital_citymgmt_plugin.bridge.slips import CELL, LAMPS, SlipPrinter, lines_of
from digital_citymgmt_plugin.core.cases.slips import Sheet, column_widths, template_values
from digital_citymgmt_plugin.core.slip_layout import filled, names_in

IDS = ("title", "facts", "map", "scalebar", "north", "photos", "table", "signature", "footer")
_MARGIN, _LABEL, _LINE, _GAP = 15.0, 3.4, 0.5, 2.0  # mm; a label and a line for each point; between two facts
_SMALLEST = 6.0  # points that a text may shrink to
_TOGETHER = 20  # lines of a text that are not parted between pages


class FilledSlip:
    """Fills a loaded template with a sheet.

    Parameters
    ----------
    printer : SlipPrinter
        Whose layers and photos are shown.
    layout : QgsPrintLayout
        Loaded from the template already.
    sheet : mapping
        ``core.cases.slips.Sheet`` as a dict.
    words : mapping
        The few words around it.
    """

    def __init__(
        self, printer: SlipPrinter, layout: QgsPrintLayout, sheet: Mapping[str, Any], words: Mapping[str, str]
    ) -> None:
        self.printer, self.layout, self.sheet, self.words = printer, layout, sheet, words
        self.unplaced: set[str] = set()  # ids that there is no item of, though there is something for it
        self.unknown: set[str] = set()  # names in double braces that there are not
        self.used: set[str] = set()  # and those that there are
        self.missing = 0  # photos
        self.keep: list[Any] = []
        self.items: dict[str, QgsLayoutItem] = {}
        for item in layout.items():
            if isinstance(item, QgsLayoutItem) and item.id() in IDS:
                self.items.setdefault(item.id(), item)
        page = layout.pageCollection().page(0).pageSize()
        self.page = (page.width(), page.height())
        self.given = layout.pageCollection().pageCount()
        self.number, self.top = -1, _MARGIN  # of the page that texts go on over; none yet

    def fill(self) -> None:
        """Fill all items."""
        sheet = self.sheet
        values = template_values(Sheet(**sheet))
        self.names(values)
        self.text("title", [sheet["title"]] if sheet["title"] else [])
        self.facts()
        self.map()
        self.photos()
        left = list(sheet["left_out"])
        if self.missing:
            left.append(self.words["no_photo"].format(count=self.missing))
        self.text("footer", left)
        self.text("signature", [f"{words}  ____________________" for words in sheet["signs"]], columns=2)
        self.table()

    def item(self, name: str, wanted: bool, kind: type = QgsLayoutItem) -> Any:
        """Return an item of an id; notes that there is none though it is wanted, empties it where it is not."""
        item = self.items.get(name)
        fits = isinstance(item, kind)
        if wanted and not fits:
            self.unplaced.add(name)
        if isinstance(item, QgsLayoutItemLabel) and not (wanted and fits):
            item.setText("")
        elif item is not None and not wanted:
            self.layout.removeLayoutItem(item)
        return item if wanted and fits else None

    def names(self, values: Mapping[str, Any]) -> None:
        """Put texts for names in double braces on all other labels, smaller where they do not fit."""
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        for item in list(self.layout.items()):
            if not isinstance(item, QgsLayoutItemLabel) or item.id() in IDS:
                continue
            asked = names_in(item.text())
            if not asked:
                continue
            self.used.update(name for name in asked if name in texts)
            self.unknown.update(name for name in asked if name not in texts)
            self.put(item, [filled(item.text(), texts)])

    def put(self, item: QgsLayoutItemLabel, texts: Sequence[str]) -> None:
        """Write texts into a label, shrunk to fit; what does not fit even so goes on over an added page."""
        style, points = _style(item)
        wide, high = item.rect().width() - 2 * item.marginX() - 1, item.rect().height()
        while True:
            cut = [line for text in texts for line in lines_of(text, wide, points)]
            if len(cut) * points * _LINE + 0.5 <= high or points <= _SMALLEST:
                break
            points = max(_SMALLEST, points - 0.5)
        most = max(1, int(high / (points * _LINE)))
        style.setSize(points)
        item.setTextFormat(style)
        item.setText("\n".join(cut[:most]))
        if cut[most:]:
            self.flow(None, [("", cut[most:])], style, points, (item.pagePos().x(), wide))

    def text(self, name: str, texts: Sequence[str], columns: int = 1) -> None:
        """Write sentences into a label by its id."""
        item = self.item(name, bool(texts), QgsLayoutItemLabel)
        if item is None:
            return
        harmless = [text.replace("[%", "[ %") for text in texts]
        if columns == 1:
            self.put(item, harmless)
            return
        style, points = _style(item)
        item.setText("")
        wide = item.rect().width() / columns
        for at, words in enumerate(harmless):  # beside each other, evenly over the height
            rows = -(-len(harmless) // columns)
            high = max(points * _LINE, item.rect().height() / rows)
            place = (item.pagePos().x() + (at % columns) * wide, item.pagePos().y() + (at // columns) * high)
            self.label(words, style, place, (wide, high), item.page())

    def facts(self) -> None:
        """Put the lines of the sheet into the place of the facts."""
        lines = self.sheet["lines"]
        named = "facts" not in self.items and self.used  # one by one, as the city chose
        item = self.item("facts", bool(lines) and not named, QgsLayoutItemLabel)
        if item is None:
            return
        style, points = _style(item)
        item.setText("")
        wide = item.rect().width() - _LABEL * points
        pieces = [(label, lines_of(words.replace("[%", "[ %"), wide, points)) for label, words in lines]
        self.flow(item, pieces, style, points, (item.pagePos().x(), item.rect().width()))

    def flow(
        self, item: QgsLayoutItem | None, pieces: Sequence[tuple[str, list[str]]], style: QgsTextFormat, points: float,
        across: tuple[float, float],
    ) -> None:  # fmt: skip
        """Write labels and their texts one below the other, from an item on over pages that are added."""
        left, wide = across
        line, beside = points * _LINE, _LABEL * points
        if item is None:
            top, page = self.going_on()
        else:
            top, page = item.pagePos().y(), item.page()
        for label, rest in pieces:
            indent, tone = (beside if label else 0.0), style
            if label and rest[-1].endswith("]") and self.sheet["lamp"] in LAMPS:
                tone = QgsTextFormat(style)
                tone.setColor(QColor(LAMPS[self.sheet["lamp"]]))
            while rest:
                room = int((self.floor(page, item) - top - _GAP) / line)
                fresh = page >= self.given and top <= _MARGIN
                if room < (1 if fresh else min(len(rest), _TOGETHER)):
                    top, page = self.going_on() if page < self.given else self.turn()
                    continue
                part, rest = rest[:room], rest[room:]
                high = line * len(part) + _GAP
                if label:
                    self.label(label, style, (left, top), (indent, high), page)
                self.label("\n".join(part), tone, (left + indent, top), (wide - indent, high), page)
                label, top = "", top + high
                if page >= self.given:
                    self.top = top

    def floor(self, page: int, item: QgsLayoutItem | None) -> float:
        """Return how far down a page may be written on: to the end of the item, or of a page that was added."""
        if item is not None and page == item.page():
            return float(item.pagePos().y() + item.rect().height() + _GAP)
        return self.page[1] - _MARGIN

    def going_on(self) -> tuple[float, int]:
        """Return where on an added page there is room: its top and number."""
        return (self.top, self.number) if self.number >= 0 and self.top < self.page[1] - 40 else self.turn()

    def turn(self) -> tuple[float, int]:
        """Add a page like the first one at the end."""
        page = QgsLayoutItemPage(self.layout)
        page.setPageSize(self.layout.pageCollection().page(0).pageSize())
        self.layout.pageCollection().addPage(page)
        self.number, self.top = self.layout.pageCollection().pageCount() - 1, _MARGIN
        return self.top, self.number

    def label(
        self, words: str, style: QgsTextFormat, at: tuple[float, float], size: tuple[float, float], page: int
    ) -> None:
        """Put a text somewhere on a page, mm."""
        item = QgsLayoutItemLabel(self.layout)
        item.setTextFormat(style)
        item.setText(words.replace("[%", "[ %"))
        self.place(item, at, size, page)

    def place(self, item: Any, at: tuple[float, float], size: tuple[float, float], page: int) -> None:
        """Put an item somewhere on a page, mm."""
        self.layout.addLayoutItem(item)
        item.attemptResize(QgsLayoutSize(*size))
        item.attemptMove(QgsLayoutPoint(*at), True, False, page)

    def map(self) -> None:
        """Show the case on the map; scale bar and north arrow go by it."""
        shown = bool(self.sheet["place"])
        item = self.item("map", shown, QgsLayoutItemMap)
        bar = self.item("scalebar", False) if item is None else self.items.get("scalebar")
        north = self.item("north", False) if item is None else self.items.get("north")
        if item is None:
            return
        self.printer.mark(self.sheet["place"])
        item.setCrs(self.printer.crs)
        item.setLayers(self.printer.layers)
        item.setKeepLayerSet(True)
        size = (item.rect().width(), item.rect().height())
        item.zoomToExtent(self.printer.extent(self.sheet["place"], size))
        if isinstance(bar, QgsLayoutItemScaleBar):
            set_scale_bar(bar, item)
        if isinstance(north, QgsLayoutItemPicture):
            set_north_arrow(north, item)

    def photos(self) -> None:
        """Put the photos into the place of an item: as many columns as make them largest."""
        names = self.sheet["photos"]
        item = self.item("photos", bool(names))
        if item is None:
            return
        shown = [self.printer.photo(name, at) for at, name in enumerate(names)]
        self.missing = shown.count("")
        there = [path for path in shown if path]
        if isinstance(item, QgsLayoutItemLabel):
            item.setText("")
        if not there:
            return
        wide, high = item.rect().width(), item.rect().height()
        columns = max(
            range(1, len(there) + 1), key=lambda n: min(wide / n / 4, high / -(-len(there) // n) / 3)
        )  # of photos 4 to 3
        cell = (wide / columns, high / -(-len(there) // columns))
        for at, path in enumerate(there):
            picture = QgsLayoutItemPicture(self.layout)
            picture.setPicturePath(path)
            place = (item.pagePos().x() + (at % columns) * cell[0], item.pagePos().y() + (at // columns) * cell[1])
            self.place(picture, place, (cell[0] - 2, cell[1] - 2), item.page())

    def table(self) -> None:
        """Put the table into its place, and on added pages."""
        heads, rows = self.sheet["header"], self.sheet["rows"]
        item = self.item("table", bool(heads))
        if item is None:
            return
        points = 8.5
        if isinstance(item, QgsLayoutItemLabel):
            points = min(_style(item)[1], 14.0)
            item.setText("")
        widths = column_widths(heads, rows, max(item.rect().width(), 14.0 * len(heads)) - CELL * len(heads))
        cells = [
            [lines_of(text.replace("[%", "[ %"), width - 1, points) for text, width in zip(row, widths)] for row in rows
        ]
        place = (item.pagePos().x(), item.pagePos().y(), item.page())

        def floor(page: int) -> float:
            return self.floor(page, item)

        self.keep += add_table(self.layout, heads, cells, widths, points, place, floor, self.turn)


def _style(item: QgsLayoutItemLabel) -> tuple[QgsTextFormat, float]:
    """Return the letters of a label, and their size in points."""
    style = QgsTextFormat(item.textFormat())
    return style, max(4.0, float(style.size() or 10.0))
