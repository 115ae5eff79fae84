# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips as Word files (python-docx). Texts are runs of plain text: no field, link, style or path comes from them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.cases.slips import Sheet, column_widths, template_values
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.pictures import Picture
from digital_citymgmt_plugin.core.same_file import kept_inside
from digital_citymgmt_plugin.storage.documents import CONTROL
from digital_citymgmt_plugin.storage.photos import small_photo
from digital_citymgmt_plugin.storage.replacing import replacing
from digital_citymgmt_plugin.storage.word_template import render_docx

_LABEL_MM, _TEXT_MM = 38, 136
_LAMPS = {"green": "1A8F3C", "amber": "B97A00", "red": "C62828"}
_PHOTO_MM, _MAP_MM = (55.0, 42.0), 150  # a photo is put into the box
_ACROSS, _PHOTO_PIXELS = 3, 1_000


def write_slip(path: str, sheet: Sheet, words: Mapping[str, str], picture: str, photo_folder: str) -> dict[str, int]:
    """Write one slip; returns how many ``photos`` and whether a ``map`` (0, 1) could not be put into it.

    Raises
    ------
    InputRefused
        ``output.failed``, ``output.no_folder``.
    """
    made = _Word(sheet, words)
    left = made.fill(picture, photo_folder)
    with replacing(path) as temporary:
        made.document.save(temporary)
    return left


def fill_slip(template: str, path: str, sheet: Sheet, picture: str, photo_folder: str) -> dict[str, int]:
    """Write one slip on the city's own Word template (``core.cases.slips.template_values``); returns as ``write_slip``.

    Raises
    ------
    InputRefused
        As ``word_template.render_docx``.
    """
    photos = [data for data in (_photo(photo_folder, name) for name in sheet.photos) if data]
    mapped = bool(picture) and Path(picture).is_file()
    images: dict[str, Any] = {"photos": [Picture(data, _PHOTO_MM[0]) for data in photos]}
    values: dict[str, Any] = template_values(sheet)
    if mapped:
        images["map"] = Picture(picture, _MAP_MM)
    else:
        values["map"] = ""
    render_docx(template, values, images, path)
    return {"map": int(sheet.place is not None and not mapped), "photos": len(sheet.photos) - len(photos)}


def _photo(folder: str, name: str) -> bytes | None:
    """Return a photo of the city's folder, small and upright; None when it is none of it or cannot be read."""
    path = kept_inside(folder, name)
    try:
        return small_photo(path, _PHOTO_PIXELS) if path is not None else None
    except (InputRefused, ImportError):
        return None


class _Word:
    def __init__(self, sheet: Sheet, words: Mapping[str, str]) -> None:
        from docx import Document
        from docx.enum.section import WD_ORIENT
        from docx.oxml.ns import qn
        from docx.shared import Mm, Pt

        self.sheet, self.words = sheet, words
        self.mm, self.pt = Mm, Pt
        self.document = Document()
        page = self.document.sections[0]
        width, height = (Mm(297), Mm(210)) if sheet.rows and not sheet.fid else (Mm(210), Mm(297))
        if width > height:
            page.orientation = WD_ORIENT.LANDSCAPE
        page.page_width, page.page_height = width, height
        page.left_margin = page.right_margin = Mm(18)
        page.top_margin = page.bottom_margin = Mm(16)
        style = self.document.styles["Normal"]
        style.font.name, style.font.size = "SimSun", Pt(10.5)
        style.element.rPr.rFonts.set(qn("w:eastAsia"), "宋体")  # without it Word takes a Latin font's fall-back
        facts = self.document.core_properties
        facts.title, facts.author, facts.comments = _plain(sheet.title)[:200], "", ""

    def fill(self, picture: str, photo_folder: str) -> dict[str, int]:
        sheet = self.sheet
        self.heading(sheet.title)
        if sheet.lines:
            self.lines()
        left = {"map": self.map(picture), "photos": self.photos(photo_folder)}
        if sheet.header:
            self.table()
        for words in sheet.left_out:
            self.small(words)
        self.signs()
        return left

    def heading(self, words: str) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        paragraph = self.document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = paragraph.add_run(_plain(words))
        run.bold, run.font.size = True, self.pt(18)

    def title(self, words: str) -> None:
        paragraph = self.document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True  # a heading does not stand alone at the end of a page
        paragraph.add_run(_plain(words)).bold = True

    def small(self, words: str) -> None:
        run = self.document.add_paragraph().add_run(_plain(words))
        run.font.size, run.italic = self.pt(8.5), True

    def lines(self) -> None:
        from docx.shared import RGBColor

        table = self.document.add_table(rows=0, cols=2)
        table.style = "Table Grid"
        for label, text in self.sheet.lines:
            cells = table.add_row().cells
            cells[0].paragraphs[0].add_run(_plain(label)).bold = True
            run = cells[1].paragraphs[0].add_run(_plain(text))
            if self.sheet.lamp in _LAMPS and text.endswith("]"):
                run.font.color.rgb = RGBColor.from_string(_LAMPS[self.sheet.lamp])
        self.set_widths(table, (_LABEL_MM, _TEXT_MM))

    def map(self, picture: str) -> int:
        if self.sheet.place is None:
            return 0
        if not picture or not Path(picture).is_file():
            self.small(self.words["no_map"])
            return 1
        self.title(self.words["map"])
        self.document.add_picture(picture, width=self.mm(_MAP_MM))
        return 0

    def photos(self, folder: str) -> int:
        if not self.sheet.photos:
            return 0
        self.title(self.words["photos"])
        shown = [data for data in (_photo(folder, name) for name in self.sheet.photos) if data]
        if shown:
            rows = -(-len(shown) // _ACROSS)
            table = self.document.add_table(rows=rows, cols=_ACROSS)
            self.set_widths(table, [_PHOTO_MM[0] + 3.0] * _ACROSS)
            for at, data in enumerate(shown):
                run = table.cell(at // _ACROSS, at % _ACROSS).paragraphs[0].add_run()
                picture = run.add_picture(io.BytesIO(data))
                share = min(self.mm(_PHOTO_MM[0]) / picture.width, self.mm(_PHOTO_MM[1]) / picture.height)
                picture.width, picture.height = int(picture.width * share), int(picture.height * share)
        missing = len(self.sheet.photos) - len(shown)
        if missing:
            self.small(self.words["no_photo"].format(count=missing))
        return missing

    def table(self) -> None:
        if self.sheet.fid:
            self.title(self.words["timeline"])
        table = self.document.add_table(rows=1, cols=len(self.sheet.header))
        table.style = "Table Grid"
        for cell, words in zip(table.rows[0].cells, self.sheet.header):
            cell.paragraphs[0].add_run(_plain(words)).bold = True
        for row in self.sheet.rows:
            for cell, words in zip(table.add_row().cells, row):
                cell.paragraphs[0].add_run(_plain(words)).font.size = self.pt(9)
        self.mark(table.rows[0], "tblHeader")  # on every page
        for one in table.rows:
            self.mark(one, "cantSplit")
        page = self.document.sections[0]
        wide = (int(page.page_width or 0) - 2 * int(page.left_margin or 0)) / self.mm(1)
        self.set_widths(table, column_widths(self.sheet.header, self.sheet.rows, wide))

    def set_widths(self, table: Any, widths: Sequence[float]) -> None:
        """Give a table its columns in mm: Word goes by the cells, LibreOffice by the grid."""
        table.autofit = False
        for column, width in zip(table.columns, widths):
            column.width = self.mm(width)
        for row in table.rows:
            for cell, width in zip(row.cells, widths):
                cell.width = self.mm(width)

    def mark(self, row: Any, name: str) -> None:
        from docx.oxml import OxmlElement

        row._tr.get_or_add_trPr().append(OxmlElement(f"w:{name}"))

    def signs(self) -> None:
        self.document.add_paragraph()
        signs = self.sheet.signs
        table = self.document.add_table(rows=-(-len(signs) // 2), cols=2)
        for at, words in enumerate(signs):
            table.cell(at // 2, at % 2).paragraphs[0].add_run(f"{_plain(words)}  ____________________")


def _plain(text: Any) -> str:
    """Return a text that XML can hold; python-docx writes it as text and nothing else."""
    return CONTROL.sub("", str(text))
