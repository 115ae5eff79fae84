# SPDX-License-Identifier: GPL-2.0-or-later
"""A brief as a workbook: the sentences, the assessment with its live formulas, changes, charts, origin of the numbers.

Charts are Excel's own and read the cells; what changes in a cell changes in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from digital_citymgmt_plugin.core.assessment.brief import BARS, MAP, Brief, noted
from digital_citymgmt_plugin.core.assessment.brief_texts import COLUMNS
from digital_citymgmt_plugin.core.assessment.evaluation import Evaluation
from digital_citymgmt_plugin.storage.assessment_book import _Book
from digital_citymgmt_plugin.storage.documents import BookWriter, sheet_name

_TOP = 2  # first row of the figures of changes
_MAP_WIDE = 760  # pixels of the map on its sheet


def write_brief_book(
    path: str, brief: Brief, evaluation: Evaluation, said: Mapping[str, Any], pictures: Mapping[str, bytes]
) -> None:
    """Write the workbook to ``path``; the caller sees to it that it is written whole or not at all."""
    writer = BookWriter()
    try:
        _sentences(writer, brief)
        _Book(writer, evaluation, said).write()
        _changes(writer, brief, str(said["by"]))
        _charts(writer, brief, pictures)
        words = brief.words
        rows = [[one.mark, one.what, one.text, number] for one in brief.figures for number in one.numbers]
        _table(writer, words["numbers"], [words["mark"], words["what"], words["value"], words["number"]], rows)
        _table(writer, words["texts_sheet"], list(COLUMNS), [list(row) for row in brief.texts])
        writer.save(path)
    except BaseException:
        writer.discard()
        raise


def _sentences(writer: BookWriter, brief: Brief) -> None:
    from openpyxl.styles import Alignment

    sheet = writer.book.create_sheet(sheet_name(brief.words["sheet"]))
    sheet.column_dimensions["A"].width = 110
    sheet.append([writer._styled(sheet, brief.values["title"], writer._title)])
    sheet.append([writer._styled(sheet, brief.values["subtitle"], None)])
    lines: list[tuple[str, bool]] = []
    for heading, texts in brief.sections:
        lines += [("", False), (heading, True), *((noted(text), False) for text in texts)]
    lines += [("", False), *((noted(text), False) for text in (*brief.formulas, *brief.notes))]
    for text, bold in lines:
        if bold:
            sheet.append([writer._styled(sheet, text, writer._bold)])
            continue
        cell = writer._styled(sheet, text, None)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.append([cell])


def _table(writer: BookWriter, name: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    writer.table(sheet_name(name, writer.book.sheetnames), head, rows, (), ())


def _changes(writer: BookWriter, brief: Brief, by: str) -> None:
    """Write the counts by row beside those of the periods before; differences are formulas."""
    from openpyxl.cell import WriteOnlyCell

    words = brief.words
    sheet = writer.book.create_sheet(sheet_name(words["changes"], writer.book.sheetnames))
    head = [
        words["code"], by, words["now"], words["before"], words["change"], f"{words['change']}(%)", words["year"],
        words["change"], f"{words['change']}(%)", words["number"], words["number"], words["number"],
    ]  # fmt: skip
    for letter, width in zip("ABCDEFGHIJKL", (14, 22, 10, 10, 10, 10, 10, 10, 10, 50, 50, 50)):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "C2"
    sheet.append([writer._styled(sheet, text, writer._bold, head=True) for text in head])
    for line, (code, name, now, before, year, *ids) in enumerate(brief.changes, _TOP):
        cells: list[Any] = [writer.cell(sheet, code), writer.cell(sheet, name), now]
        for column, value in (("D", before), ("G", year)):
            cells += [value if value is not None else "–"]
            for formula in (
                f'=IF(ISNUMBER({column}{line}),C{line}-{column}{line},"–")',
                f'=IF(N({column}{line})>0,ROUND(ROUND(100*(C{line}-{column}{line})/{column}{line},11),2),"–")',
            ):
                cells.append(WriteOnlyCell(sheet, formula))
        sheet.append([*cells, *(writer.cell(sheet, text) for text in ids)])


def _charts(writer: BookWriter, brief: Brief, pictures: Mapping[str, bytes]) -> None:
    """Write the figures of the charts, Excel's charts of them, and the map as a picture."""
    import io

    from openpyxl.chart import BarChart, LineChart, Reference
    from openpyxl.drawing.image import Image

    if not brief.charts:
        return
    sheet = writer.book.create_sheet(sheet_name(brief.words["charts"], writer.book.sheetnames))
    sheet.column_dimensions["A"].width = 24
    line, anchor = 1, 1
    for name, chart in brief.charts.items():
        if chart.kind == MAP:
            data = pictures.get(name)
            if data is not None:
                image = Image(io.BytesIO(data))
                image.height, image.width = round(image.height * _MAP_WIDE / image.width), _MAP_WIDE
                image.anchor = f"D{anchor}"
                sheet.add_image(image)
                anchor += image.height // 20 + 3
            continue
        sheet.append([writer._styled(sheet, chart.title, writer._bold), chart.unit])
        for label, value in zip(chart.labels, chart.values):
            sheet.append([writer.cell(sheet, label), value])
        made: Any = BarChart() if chart.kind == BARS else LineChart()
        if chart.kind == BARS:
            made.type = "bar"
            made.y_axis.scaling.min = 0
            made.x_axis.scaling.orientation = "maxMin"
        first, last = line + 1, line + len(chart.labels)
        made.add_data(Reference(sheet, min_col=2, min_row=first, max_row=last), titles_from_data=False)
        made.set_categories(Reference(sheet, min_col=1, min_row=first, max_row=last))
        made.title, made.legend = chart.title, None
        made.x_axis.delete = made.y_axis.delete = False
        made.width, made.height = 20, max(8.0, min(0.7 * len(chart.labels) + 3, 24.0))
        sheet.add_chart(made, f"D{anchor}")
        anchor += int(made.height * 2) + 3
        sheet.append([])
        line = last + 2
