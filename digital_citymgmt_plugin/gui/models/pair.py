# SPDX-License-Identifier: GPL-2.0-or-later
"""Two components side by side: a line per column, those that differ marked by an icon and a word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QModelIndex, QObject, Qt
from qgis.PyQt.QtWidgets import QApplication, QStyle

from digital_citymgmt_plugin.bridge.captions import column_caption
from digital_citymgmt_plugin.gui.models.rows import RowsModel

REASONS = {
    "code": "same code",
    "near": "near, same class",
    "spot": "other class, same spot",
    "photo": "same photo",
    "look": "photos look alike",
}
MARKS = {"differs": "differs", "one": "one side only"}


def tr(text: str) -> str:
    """Translate a text of the dock."""
    return QCoreApplication.translate("DuplicatesDock", text)


def reason_words(reasons: Sequence[str]) -> str:
    """Return the kinds of evidence in the user's language."""
    return ", ".join(tr(REASONS[name]) if name in REASONS else name for name in reasons)


def pair_row(pair: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the line of a pair: class, distance, evidence, score, both codes."""
    names = [str(pair.get(name) or "") for name in ("class_name", "other_class_name")]
    distance = pair.get("distance")
    return (
        names[0] if names[0] == names[1] else " / ".join(names),
        "" if distance is None else f"{float(distance):.2f}",
        reason_words(pair.get("reasons") or []),
        f"{float(pair.get('score') or 0):.2f}",
        str(pair.get("code") or ""),
        str(pair.get("other_code") or ""),
    )


def pair_header() -> list[str]:
    """Return the headings of the list of pairs."""
    return [tr("Class"), tr("Distance (m)"), tr("Evidence"), tr("Score"), tr("Left code"), tr("Right code")]


class PairModel(RowsModel):
    """The values of two components; what one of them alone has is marked, too."""

    def __init__(self, rows: Sequence[Sequence[Any]], table: str, parent: QObject | None = None) -> None:
        self.marks = [_mark(one, two) for _name, one, two in _spread(rows)]
        lines = [
            (column_caption(table, name) or name, one, two, tr(MARKS[mark]) if mark else "")
            for (name, one, two), mark in zip(_spread(rows), self.marks)
        ]
        super().__init__([tr("Column"), tr("Left"), tr("Right"), tr("Comparison")], lines, parent)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell; a difference has an icon beside its word, so that no colour is needed to see it."""
        mark = self.marks[index.row()] if index.isValid() else ""
        if mark and index.column() == 3 and role == Qt.ItemDataRole.DecorationRole:
            name = QStyle.StandardPixmap.SP_ArrowForward
            if mark == "differs":
                name = QStyle.StandardPixmap.SP_MessageBoxWarning
            return QApplication.style().standardIcon(name)
        return super().data(index, role)


def _spread(rows: Sequence[Sequence[Any]]) -> list[tuple[str, Any, Any]]:
    """Give each further column of the source a line of its own."""
    result: list[tuple[str, Any, Any]] = []
    for name, one, two in rows:
        if name != "attributes":
            result.append((str(name), one, two))
            continue
        left, right = _object(one), _object(two)
        result += [(key, left.get(key), right.get(key)) for key in dict.fromkeys([*left, *right])]
    return [row for row in result if row[1] not in (None, "") or row[2] not in (None, "")]


def _object(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {"": text}
    return found if isinstance(found, dict) else {"": text}


def _mark(one: Any, two: Any) -> str:
    if one == two:
        return ""
    if one in (None, "") or two in (None, ""):
        return "one"
    return "differs"
