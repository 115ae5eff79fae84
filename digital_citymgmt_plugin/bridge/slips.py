# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips of cases as PDF, and the location maps for Word files. Main thread only: layouts belong there.

Texts come from outside. A label of a layout evaluates ``[% … %]`` and a picture follows any address, so texts lose that
sign and pictures are only what was decoded here.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsMarkerSymbol,
    QgsPointXY,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

from digital_citymgmt_plugin.bridge import layers
from digital_citymgmt_plugin.bridge.change_notice import wrapped
from digital_citymgmt_plugin.bridge.layout_tables import add_table
from digital_citymgmt_plugin.bridge.layouts import export, set_north_arrow, set_scale_bar
from digital_citymgmt_plugin.bridge.pictures import small_photo
from digital_citymgmt_plugin.bridge.styles import set_text, text_format
from digital_citymgmt_plugin.core.cases.slips import column_widths
from digital_citymgmt_plugin.core.errors import InputRefused

_MARGIN, _LABEL, _LINE = 15.0, 34.0, 5.0  # mm
_MAP = (180.0, 78.0)
_PHOTO = (43.5, 34.0)
_AROUND = 120.0  # metres to each side of a case in the middle of its map (east and west)
_SHOWN = (
    "unit_grid/current", "component_point/", "component_line/", "component_area/", "base_text/", "base_point/",
    "base_line/", "base_area/", "admin_area/community", "admin_area/street", "admin_area/county",
)  # fmt: skip
LAMPS = {"green": "#1a8f3c", "amber": "#b97a00", "red": "#c62828"}
CELL = 2.2  # mm that a cell takes beside its text: margins and line
_TOGETHER = 20  # lines of a text that are not parted between pages
_MOST_LINES = 2_000


def harmless(text: Any) -> str:
    """Return a text for a label of a layout: what QGIS would evaluate is parted."""
    return str(text).replace("[%", "[ %")


class SlipPrinter:
    """Prints slips of one store; its layers are opened once. Use as a context.

    Parameters
    ----------
    store : str
        The city store; read through QGIS's provider.
    crs : QgsCoordinateReferenceSystem
        The store's.
    between : callable, optional
        Called between steps that take time, so that a window may answer.
    """

    def __init__(self, store: str, crs: QgsCoordinateReferenceSystem, between: Callable[[], Any] | None = None) -> None:
        self.store, self.crs = store, crs
        self.between = between or (lambda: None)
        self.project = QgsProject()  # of its own: nothing of the user's is touched
        self.project.setCrs(crs)
        self.photos = str(Path(store).with_name(f"{Path(store).stem}_photos"))
        self.folder = ""
        self.layers: list[QgsMapLayer] = []
        self.pin = QgsVectorLayer("Point", "case", "memory")
        self.photos_missing = 0
        self.filler: Callable[..., Any] | None = None  # on a city's own layout (``slip_layouts``)

    def __enter__(self) -> SlipPrinter:
        self.folder = tempfile.mkdtemp(prefix="dcm_slips_")
        self.pin.setCrs(self.crs)
        sign = {"name": "cross2", "size": "7", "outline_color": "#c62828", "outline_width": "1"}
        around = {"name": "circle", "size": "9", "color": "0,0,0,0", "outline_color": "#c62828", "outline_width": "0.8"}
        symbol = QgsMarkerSymbol.createSimple(sign)
        ring = QgsMarkerSymbol.createSimple(around)
        symbol.appendSymbolLayer(ring.takeSymbolLayer(0))
        self.pin.setRenderer(QgsSingleSymbolRenderer(symbol))
        specs = {f"{spec.table}/{spec.part}": spec for spec in (*layers.SPECS, *layers.TABLES)}
        classes = layers.open_layer(self.store, specs["class/"])
        given = layers.read_given(classes)
        self.layers = [self.pin]
        for name in _SHOWN:
            opened = layers.open_layer(self.store, specs[name], given)
            self.layers += [] if opened is None else [opened]
            self.between()
        return self

    def __exit__(self, *_: object) -> None:
        self.layers = []  # now: a layer that outlives QGIS's providers takes the program with it
        shutil.rmtree(self.folder, ignore_errors=True)

    def extent(self, place: Sequence[float], size: tuple[float, float]) -> QgsRectangle:
        """Return what a map of a size (any unit) shows around a case."""
        x, y = place
        high = _AROUND * size[1] / size[0]
        return QgsRectangle(x - _AROUND, y - high, x + _AROUND, y + high)

    def mark(self, place: Sequence[float]) -> None:
        """Put the pin on a case."""
        provider = self.pin.dataProvider()
        provider.truncate()
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(*place)))
        provider.addFeatures([feature])
        self.pin.updateExtents()

    def picture(self, sheet: Mapping[str, Any]) -> str:
        """Draw the location map of a case into the printer's folder; "" without a place."""
        if not sheet["place"]:
            return ""
        self.mark(sheet["place"])
        wanted = QgsMapSettings()
        wanted.setLayers(self.layers)
        wanted.setDestinationCrs(self.crs)
        wanted.setOutputSize(QSize(1_400, round(1_400 * _MAP[1] / _MAP[0])))
        wanted.setOutputDpi(200)
        wanted.setBackgroundColor(QColor("#ffffff"))
        wanted.setExtent(self.extent(sheet["place"], _MAP))
        job = QgsMapRendererParallelJob(wanted)
        job.start()
        job.waitForFinished()
        path = str(Path(self.folder) / f"{int(sheet['fid'])}.png")
        if not job.renderedImage().save(path):
            raise InputRefused("file.not_written", file=path, reason="PNG")
        return path

    def photo(self, name: str, number: int) -> str:
        """Decode a photo of the city's folder into a small one of the printer's; "" when it is none of the folder's."""
        image = small_photo(self.photos, name, 1_000)
        small = str(Path(self.folder) / f"photo_{number}.jpg")
        return small if image is not None and image.save(small, "JPEG", 85) else ""

    def print(self, sheet: Mapping[str, Any], words: Mapping[str, str], folder: str) -> tuple[str, int]:
        """Write the PDF of a slip, whole or not at all; returns its path and number of pages.

        Raises
        ------
        InputRefused
            ``file.not_written``.
        """
        layout = QgsPrintLayout(self.project)
        page = _Page(self, layout, sheet, words) if self.filler is None else self.filler(self, layout, sheet, words)
        page.fill()
        self.photos_missing += page.missing
        target = Path(folder) / f"{sheet['stem']}.pdf"
        aside = target.with_name(f".dcm_{target.name}")
        try:
            export(layout, str(aside), 200, texts=True)
            aside.replace(target)
        except OSError as error:
            raise InputRefused("file.not_written", file=str(target), reason=error.strerror or str(error)) from error
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()
        return str(target), int(layout.pageCollection().pageCount())


class _Page:
    """Puts the items of one slip on its pages, top to bottom."""

    def __init__(
        self, printer: SlipPrinter, layout: QgsPrintLayout, sheet: Mapping[str, Any], words: Mapping[str, str]
    ) -> None:
        self.printer, self.layout, self.sheet, self.words = printer, layout, sheet, words
        layout.initializeDefaults()
        lying = bool(sheet["rows"]) and not sheet["fid"]
        self.page = (297.0, 210.0) if lying else (210.0, 297.0)
        self.wide = self.page[0] - 2 * _MARGIN
        self.way = QgsLayoutItemPage.Orientation.Landscape if lying else QgsLayoutItemPage.Orientation.Portrait
        layout.pageCollection().page(0).setPageSize("A4", self.way)
        self.number, self.top, self.missing = 0, 12.0, 0
        self.keep: list[Any] = []

    def fill(self) -> None:
        sheet = self.sheet
        self.text(sheet["title"], 18, _MARGIN, self.wide, middle=True)
        self.top += 4
        for label, words in sheet["lines"]:
            self.line(label, words)
        if sheet["place"]:
            self.map()
        if sheet["photos"]:
            self.photos()
        for words in sheet["left_out"]:
            self.text(words, 8, _MARGIN, self.wide)
        if self.missing:
            self.text(self.words["no_photo"].format(count=self.missing), 8, _MARGIN, self.wide)
        if sheet["header"]:
            self.signs()
            self.table()
        else:
            self.signs()

    def room(self, high: float) -> None:
        """Go on to a new page when there is too little room on this one."""
        if self.top + high > self.page[1] - _MARGIN:
            self.turn()

    def turn(self) -> tuple[float, int]:
        """Go on to a new page; returns its top and number."""
        page = QgsLayoutItemPage(self.layout)
        page.setPageSize("A4", self.way)
        self.layout.pageCollection().addPage(page)
        self.number += 1
        self.top = _MARGIN
        return self.top, self.number

    def line(self, label: str, words: str) -> None:
        rest = lines_of(words, self.wide - _LABEL, 10)
        color = LAMPS.get(self.sheet["lamp"], "#202020") if words.endswith("]") else "#202020"
        self.room(2 + _LINE * min(len(rest), _TOGETHER))
        while rest:
            most = max(1, int((self.page[1] - _MARGIN - self.top - 2) / _LINE))
            part, rest = rest[:most], rest[most:]
            high, top = 2 + _LINE * len(part), self.top
            self.label(label, 10, (_MARGIN, top), (_LABEL, high), "#606060")
            self.label("\n".join(part), 10, (_MARGIN + _LABEL, top), (self.wide - _LABEL, high), color)
            label, self.top = "", top + high
            if rest:
                self.turn()

    def text(self, words: str, points: float, left: float, wide: float, *, middle: bool = False) -> None:
        cut = wrapped(words, wide, points, 4)
        high = points * 0.5 * len(cut) + 1
        self.room(high)
        item = self.label("\n".join(cut), points, (left, self.top), (wide, high))
        if middle:
            from qgis.PyQt.QtCore import Qt

            item.setHAlign(Qt.AlignmentFlag.AlignHCenter)
        self.top += high + 1

    def label(
        self, words: str, points: float, at: tuple[float, float], size: tuple[float, float], color: str = "#202020"
    ) -> QgsLayoutItemLabel:
        item = QgsLayoutItemLabel(self.layout)
        style = text_format(points, color)
        style.buffer().setEnabled(False)
        set_text(item, style)
        item.setText(harmless(words))
        self.place(item, at, size)
        return item

    def place(self, item: Any, at: tuple[float, float], size: tuple[float, float]) -> None:
        self.layout.addLayoutItem(item)
        item.attemptResize(QgsLayoutSize(*size))
        item.attemptMove(QgsLayoutPoint(*at), True, False, self.number)

    def map(self) -> None:
        self.room(_MAP[1] + 4)
        self.printer.mark(self.sheet["place"])
        item = QgsLayoutItemMap(self.layout)
        item.setCrs(self.printer.crs)
        item.setLayers(self.printer.layers)
        item.setKeepLayerSet(True)
        item.setFrameEnabled(True)
        self.top += 2
        self.place(item, (_MARGIN, self.top), _MAP)
        item.zoomToExtent(self.printer.extent(self.sheet["place"], _MAP))
        bar = QgsLayoutItemScaleBar(self.layout)
        bar.setReferencePoint(QgsLayoutItem.ReferencePoint.LowerLeft)  # it grows upwards: its ground hides no frame
        self.place(bar, (_MARGIN + 2, self.top + _MAP[1] - 2), (60, 10))
        set_scale_bar(bar, item)
        bar.setBackgroundEnabled(True)
        north = QgsLayoutItemPicture(self.layout)
        self.place(north, (_MARGIN + _MAP[0] - 13, self.top + 2), (11, 13))
        set_north_arrow(north, item)
        self.top += _MAP[1] + 2

    def photos(self) -> None:
        shown = [self.printer.photo(name, at) for at, name in enumerate(self.sheet["photos"])]
        self.missing = shown.count("")
        across = 4
        there = [path for path in shown if path]
        for start in range(0, len(there), across):
            self.room(_PHOTO[1] + 2)
            for at, path in enumerate(there[start : start + across]):
                item = QgsLayoutItemPicture(self.layout)
                item.setPicturePath(path)
                self.place(item, (_MARGIN + at * (_PHOTO[0] + 2), self.top), _PHOTO)
            self.top += _PHOTO[1] + 2

    def signs(self) -> None:
        self.room(8.0 * ((len(self.sheet["signs"]) + 1) // 2) + 4)
        self.top += 4
        half = self.wide / 2
        for at, words in enumerate(self.sheet["signs"]):
            place = (_MARGIN + (at % 2) * half, self.top + 8 * (at // 2))
            self.label(f"{words}  ____________________", 10, place, (half, 7))
        self.top += 8 * ((len(self.sheet["signs"]) + 1) // 2)

    def table(self) -> None:
        """Put the table below, and on as many pages as it needs."""
        heads = self.sheet["header"]
        widths = column_widths(heads, self.sheet["rows"], self.wide - CELL * len(heads))
        cells = [
            [lines_of(harmless(text), width - 1, 8.5) for text, width in zip(row, widths)] for row in self.sheet["rows"]
        ]
        self.top += 4
        self.room(24)
        place = (_MARGIN, self.top, self.number)
        self.keep += add_table(self.layout, heads, cells, widths, 8.5, place, self.page[1] - _MARGIN, self.turn)


def lines_of(words: str, wide: float, points: float) -> list[str]:
    """Return a text in lines of a width, all of it."""
    return [part for line in words.split("\n") for part in wrapped(line, wide, points, _MOST_LINES)]
