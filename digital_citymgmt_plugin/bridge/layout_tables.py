# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of print layouts: one look, headings on top of every page, rows whole.

QGIS goes on with a table at the edge of the next page, over whatever is there; here each page gets a table of its own
with the rows that fit, and a row that is taller than a page is parted between its lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qgis.core import (
    QgsLayoutFrame,
    QgsLayoutItemManualTable,
    QgsLayoutMultiFrame,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLayoutTableColumn,
    QgsLayoutUtils,
    QgsPrintLayout,
    QgsTableCell,
)

from digital_citymgmt_plugin.bridge.styles import text_format

_HEAD, _LINE, _SPARE = 40.0, 0.62, 2.5  # mm: heading and margins; a line, for each point; margins of a column
Lines = Sequence[str]  # of a cell, wrapped by the caller: QGIS does not wrap a table of texts to its widths


def add_table(
    layout: QgsPrintLayout,
    head: Sequence[str],
    rows: Sequence[Sequence[Lines]],
    widths: Sequence[float],
    points: float,
    place: tuple[float, float, int],
    bottom: float | Callable[[int], float],
    new_page: Callable[[], tuple[float, int]],
) -> list[QgsLayoutItemManualTable]:
    """Put a table on as many pages as it needs.

    Parameters
    ----------
    layout : QgsPrintLayout
    head : sequence of str
        Headings, as many as columns.
    rows : sequence of rows of cells of lines
    widths : sequence of float
        Of the columns, mm.
    points : float
        Size of letters.
    place : left, top, page
        Where it begins, mm from the corner of the page.
    bottom : float or callable
        How far down a page it may go, mm; or what tells it of the number of a page.
    new_page : callable
        Adds a page; returns the top there and its number.

    Returns
    -------
    list of tables
        To be kept while the layout lives.
    """
    left, top, page = place
    floor = bottom if callable(bottom) else lambda _page: bottom
    most = max(1, int((floor(-1) - _HEAD) / (points * _LINE)))  # lines of a row on a page of its own
    rest = [part for row in rows for part in _parted(row, most)]
    measure = _made(layout, head, rest, widths, points)
    context = QgsLayoutUtils.createRenderContextForLayout(layout, None)
    tables: list[QgsLayoutItemManualTable] = []
    start, fresh = 0, False  # whether the page has nothing else yet
    while start < len(rest) or not tables:
        taken = measure.rowsVisible(context, float(floor(page) - top), start, True, False)
        if taken < 1 and start < len(rest) and not fresh:
            (top, page), fresh = new_page(), True
            continue
        taken = max(taken, 1)
        table = _made(layout, head, rest[start : start + taken], widths, points)
        frame = QgsLayoutFrame(layout, table)
        table.addFrame(frame, False)
        frame.attemptResize(QgsLayoutSize(sum(widths) + _SPARE * len(widths), floor(page) - top))
        frame.attemptMove(QgsLayoutPoint(left, top), True, False, page)
        tables.append(table)
        start += taken
        if start < len(rest):
            (top, page), fresh = new_page(), True
    layout.removeMultiFrame(measure)
    return tables


def _parted(row: Sequence[Lines], most: int) -> list[list[list[str]]]:
    size = max(map(len, row), default=1)
    return [[list(cell[start : start + most]) for cell in row] for start in range(0, max(size, 1), most)]


def _made(
    layout: QgsPrintLayout, head: Sequence[str], rows: Sequence[Sequence[Lines]], widths: Sequence[float], points: float
) -> QgsLayoutItemManualTable:
    table = QgsLayoutItemManualTable.create(layout)
    layout.addMultiFrame(table)
    letters = text_format(points)
    letters.buffer().setEnabled(False)
    table.setContentTextFormat(letters)
    table.setHeaderTextFormat(letters)
    headings = []
    for word in head:
        heading = QgsLayoutTableColumn()
        heading.setHeading(word)
        headings.append(heading)
    table.setHeaders(headings)
    table.setIncludeTableHeader(True)
    table.setTableContents([[QgsTableCell("\n".join(cell)) for cell in row] for row in rows])
    table.setColumnWidths(list(widths))
    table.setGridStrokeWidth(0.2)
    table.setResizeMode(QgsLayoutMultiFrame.ResizeMode.UseExistingFrames)
    return table
