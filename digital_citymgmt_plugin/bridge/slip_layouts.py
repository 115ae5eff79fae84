# SPDX-License-Identifier: GPL-2.0-or-later
"""A city's own print layout (``.qpt``) for slips: checked, used for each slip; and the plugin's own to begin with."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsProject,
    QgsReadWriteContext,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtXml import QDomDocument

from digital_citymgmt_plugin.bridge.layouts import set_north_arrow, set_scale_bar
from digital_citymgmt_plugin.bridge.messages import templates
from digital_citymgmt_plugin.bridge.pictures import decoded, small_photo
from digital_citymgmt_plugin.bridge.slip_filling import IDS, FilledSlip
from digital_citymgmt_plugin.bridge.slips import SlipPrinter
from digital_citymgmt_plugin.bridge.styles import set_text, text_format
from digital_citymgmt_plugin.core.cases.slips import (
    DOSSIER,
    LINES,
    MOST_PHOTOS,
    PARKED_COLUMNS,
    PARKED_LIST,
    SIGNS,
    TIMELINE_COLUMNS,
    folded,
    stem_of,
)
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.slip_layout import MOST_BYTES, read_layout, with_pictures

_MOST_SIDE = 3_000  # pixels of a picture


class SlipTemplate:
    """A city's own layout, checked once and used for each slip of a run.

    Parameters
    ----------
    path : str
        The ``.qpt``.
    printer : SlipPrinter
        Is entered already: pictures of the template are decoded into its folder.

    Raises
    ------
    InputRefused
        As ``core.slip_layout.read_layout``.
    """

    def __init__(self, path: str, printer: SlipPrinter) -> None:
        self.path, self.name = path, Path(path).name
        try:
            with Path(path).open("rb") as stream:
                data = stream.read(MOST_BYTES + 1)
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputRefused("qpt.unreadable", file=self.name, detail=reason) from error
        found = read_layout(data, self.name)
        self.told = list(found.told)
        paths = {}
        for mark, (name, address) in found.pictures.items():
            paths[mark] = self._picture(address, Path(printer.folder) / f"{mark}.png") if address else ""
            if address and not paths[mark] and name != "north":  # that one is put there anyway
                self.told.append(("qpt.picture", {"item": name, "file": _shortened(address)}))
        self.document = QDomDocument()
        self.document.setContent(with_pictures(found, paths))
        self.missing: set[str] = set()  # as ``FilledSlip.unplaced`` and ``unknown``, of all slips
        self.unknown: set[str] = set()

    def __call__(
        self, printer: SlipPrinter, layout: QgsPrintLayout, sheet: Mapping[str, Any], words: Mapping[str, str]
    ) -> FilledSlip:
        """Load the template into an empty layout, to be filled with a sheet."""
        _items, loaded = layout.loadFromTemplate(self.document, QgsReadWriteContext())
        if not loaded or layout.pageCollection().pageCount() < 1:
            raise InputRefused("qpt.no_layout", file=self.name, what="-")
        slip = FilledSlip(printer, layout, sheet, words)
        slip.unplaced, slip.unknown = self.missing, self.unknown
        return slip

    def sentences(self) -> list[tuple[str, dict[str, Any]]]:
        """Return codes and values of what the user is to know after a run."""
        told = list(self.told)
        if self.missing:
            told.append(("qpt.missing", {"items": ", ".join(one for one in IDS if one in self.missing)}))
        if self.unknown:
            told.append(("qpt.unknown", {"names": ", ".join(sorted(self.unknown))[:200]}))
        return told

    def _picture(self, address: str, target: Path) -> str:
        """Decode a picture of the template's folder, or one that is embedded, into a PNG; "" for all others."""
        if address.startswith("base64:"):
            try:
                image = decoded(base64.b64decode(address[7:], validate=True), _MOST_SIDE)
            except (binascii.Error, ValueError):
                image = None
        else:
            folder = Path(self.path).parent
            try:
                if Path(address).is_absolute():  # as QGIS writes them; also by another name of the folder
                    address = str(Path(address).resolve().relative_to(folder.resolve()))
            except (OSError, ValueError, RuntimeError):
                return ""
            image = small_photo(str(folder), address, _MOST_SIDE)
        return target.as_posix() if image is not None and image.save(str(target), "PNG") else ""


def _shortened(address: str) -> str:
    return address if len(address) <= 60 else f"{address[:28]}…{address[-28:]}"


def save_layout(kind: str, folder: str) -> str:
    """Write the plugin's layout of a kind of slip as a ``.qpt`` to be edited; returns its path, never one in use.

    Raises
    ------
    InputRefused
        ``file.not_written``.
    """
    words = {code[5:]: text for code, text in templates("slip.").items()}
    project = QgsProject()
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    _Start(layout, kind, words).fill()
    Path(folder).mkdir(parents=True, exist_ok=True)
    taken = {folded(one.stem) for one in Path(folder).iterdir()}
    path = str(Path(folder) / f"{stem_of(words[f'title_{kind}'], taken)}.qpt")
    written = layout.saveAsTemplate(path, QgsReadWriteContext())
    del layout  # before its project
    if not written:
        raise InputRefused("file.not_written", file=path, reason="QPT")
    return path


class _Start:
    """Places the items of a layout to begin with: as the plugin's slips, in places that stay."""

    def __init__(self, layout: QgsPrintLayout, kind: str, words: Mapping[str, str]) -> None:
        self.layout, self.kind, self.words = layout, kind, words
        self.lying = kind == PARKED_LIST
        self.page = (297.0, 210.0) if self.lying else (210.0, 297.0)
        self.way = QgsLayoutItemPage.Orientation.Landscape if self.lying else QgsLayoutItemPage.Orientation.Portrait
        layout.pageCollection().page(0).setPageSize("A4", self.way)

    def fill(self) -> None:
        words, kind, wide, foot = self.words, self.kind, self.page[0] - 30, self.page[1] - 15
        title = self.label("title", words[f"title_{kind}"], 18, (15, 12), (wide, 12))
        title.setHAlign(Qt.AlignmentFlag.AlignHCenter)
        top = 28.0
        if LINES[kind]:
            high = 7.0 * len(LINES[kind]) + 10
            self.label("facts", "\n".join(words[f"line_{name}"] for name in LINES[kind]), 10, (15, top), (wide, high))
            top += high + 2
        signs = "    ".join(words[f"sign_{name}"] for name in SIGNS[kind])
        self.label("signature", signs, 10, (15, foot - 20), (wide, 20))
        self.label("footer", words["left_out"], 8, (15, foot - 30), (wide, 8))
        foot -= 32
        if MOST_PHOTOS[kind]:
            self.label("photos", words["photos"], 10, (15, foot - 34), (wide, 34))
            foot -= 36
            self.map(top, (wide, foot - top))
        heads = {PARKED_LIST: PARKED_COLUMNS, DOSSIER: TIMELINE_COLUMNS}.get(kind, ())
        text = " | ".join(words[f"column_{name}"] for name in heads)
        if kind == PARKED_LIST:
            self.label("table", text, 8.5, (15, top), (wide, foot - top))
        elif heads:
            page = QgsLayoutItemPage(self.layout)
            page.setPageSize("A4", self.way)
            self.layout.pageCollection().addPage(page)
            self.label("table", text, 8.5, (15, 15), (wide, self.page[1] - 30), 1)
        for number in range(self.layout.pageCollection().pageCount()):
            text = words["page_of"].format(page="[% @layout_page %]", pages="[% @layout_numpages %]")
            item = self.label("", text, 8, (15, self.page[1] - 12), (wide, 6), number)
            item.setHAlign(Qt.AlignmentFlag.AlignHCenter)

    def map(self, top: float, size: tuple[float, float]) -> None:
        sheet = QgsLayoutItemMap(self.layout)
        sheet.setFrameEnabled(True)
        self.place(sheet, "map", (15, top), size)
        bar = QgsLayoutItemScaleBar(self.layout)
        self.place(bar, "scalebar", (18, top + size[1] - 13), (60, 10))
        set_scale_bar(bar, sheet)
        bar.setBackgroundEnabled(True)
        north = QgsLayoutItemPicture(self.layout)
        self.place(north, "north", (15 + size[0] - 13, top + 2), (11, 13))
        set_north_arrow(north, sheet)

    def label(
        self, name: str, words: str, points: float, at: tuple[float, float], size: tuple[float, float], page: int = 0
    ) -> QgsLayoutItemLabel:
        item = QgsLayoutItemLabel(self.layout)
        style = text_format(points)
        style.buffer().setEnabled(False)
        set_text(item, style)
        item.setText(words)
        self.place(item, name, at, size, page)
        return item

    def place(self, item: Any, name: str, at: tuple[float, float], size: tuple[float, float], page: int = 0) -> None:
        item.setId(name)
        self.layout.addLayoutItem(item)
        item.attemptResize(QgsLayoutSize(*size))
        item.attemptMove(QgsLayoutPoint(*at), True, False, page)
