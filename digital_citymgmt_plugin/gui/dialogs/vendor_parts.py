# SPDX-License-Identifier: GPL-2.0-or-later
"""Pieces of the windows that look at a vendor's file: words of faults, tables."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import QTableWidget, QTableWidgetItem

from digital_citymgmt_plugin.bridge.messages import sentence, template

# Reasons for which a row that has its place may come in under another number.
CODE_REASONS = (
    "codes.missing", "codes.not_digits", "codes.wrong_length", "codes.other_county", "codes.other_edition",
    "codes.zero_sequence", "reject.duplicate_code", "reject.code_retired", "reject.code_number",
)  # fmt: skip
OUTSIDE = "reject.outside_communities"


def tr(text: str) -> str:
    """Translate a text of the windows."""
    return QCoreApplication.translate("VendorGrids", text)


def reason_words(code: str) -> str:
    """Return the reason of rows without their number."""
    short = template(f"because.{code}")
    if short:
        return tr("Code: {reason}").format(reason=short)
    told = sentence(code, {}).replace("?", "…")
    for sign in (": ", "："):  # the row is told in the reject list
        row, found, rest = told.partition(sign)
        if found and "…" in row:
            return rest
    return told


def fate(rule: str) -> str:
    """Say what becomes of a grid with a fault."""
    if rule == "grid.code_replaced":
        return tr("comes in under a new number, and is listed")
    return tr("comes in, and is listed to be mended")


def table(name: str) -> QTableWidget:
    """Return a table that is only looked at."""
    made = QTableWidget(0, 0)
    made.setAccessibleName(name)
    made.verticalHeader().hide()
    made.setAlternatingRowColors(True)
    return made


def item(text: str) -> QTableWidgetItem:
    """Return a cell that cannot be written in."""
    made = QTableWidgetItem(text)
    made.setFlags(made.flags() & ~Qt.ItemFlag.ItemIsEditable)
    made.setToolTip(text)
    return made
