# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of print layouts: one look, headings on top of every page."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    QgsLayoutItemManualTable,
    QgsLayoutMultiFrame,
    QgsLayoutTableColumn,
    QgsPrintLayout,
    QgsTableCell,
)

from digital_citymgmt_plugin.bridge.styles import text_format


def add_table(
    layout: QgsPrintLayout,
    head: Sequence[str],
    cells: Sequence[Sequence[QgsTableCell]],
    widths: Sequence[float],
    points: float,
) -> QgsLayoutItemManualTable:
    """Add a table that goes on from page to page; the caller gives it its first frame and keeps it.

    Parameters
    ----------
    layout : QgsPrintLayout
    head : sequence of str
        Headings, as many as columns.
    cells : sequence of rows of QgsTableCell
        Texts wrapped by the caller: QGIS does not wrap a table of texts to the widths.
    widths : sequence of float
        Of the columns, mm.
    points : float
        Size of letters.
    """
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
    table.setTableContents([list(row) for row in cells])
    table.setColumnWidths(list(widths))
    table.setGridStrokeWidth(0.2)
    table.setResizeMode(QgsLayoutMultiFrame.ResizeMode.RepeatUntilFinished)
    return table
