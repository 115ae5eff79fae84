# SPDX-License-Identifier: GPL-2.0-or-later
"""Words and signs of totals: what was counted, whether it ties, and what needs a look although it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale, QPointF, Qt
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from digital_citymgmt_plugin.bridge.messages import template

TIES, LOOK, DIFFERS = "ties", "look", "differs"
# Told by the form of the sign as well as by its colour.
_COLOURS = {TIES: "#2e7d32", LOOK: "#b26a00", DIFFERS: "#c62828"}
_FORMS = {
    TIES: (((4.0, 8.5), (7.0, 11.5), (12.0, 5.0)),),
    LOOK: (((8.0, 3.5), (8.0, 9.0)), ((8.0, 12.0), (8.0, 12.4))),
    DIFFERS: (((4.8, 4.8), (11.2, 11.2)), ((11.2, 4.8), (4.8, 11.2))),
}
# Optional in the standard, or outside any sheet that was made: stating nothing is no fault.
_MAY_BE_EMPTY = ("owner", "sheet")


def tr(text: str) -> str:
    """Translate a text of the totals."""
    return QCoreApplication.translate("Totals", text)


def counted_words(tie: Mapping[str, Any]) -> str:
    """Return how something was counted, with the part of it."""
    key = str(tie["key"])
    if not key and tie["by"] == "grid_community" and not tie["ties"]:  # the part that belongs to no community
        key = template("totals.nothing") or ""
    return " ".join(word for word in (template(f"totals.{tie['by']}") or str(tie["by"]), key) if word)


def meaning_words(tie: Mapping[str, Any]) -> str:
    """Return what is held against what."""
    by = str(tie["by"])
    return template(f"totals.is_{by}") or template("totals.is_sum") or ""


def verdict(tie: Mapping[str, Any]) -> str:
    """Tell whether a total ties, ties with something to look at, or differs."""
    if not tie["ties"]:
        return DIFFERS
    return LOOK if tie.get("unknown") or (tie.get("blank") and tie["by"] not in _MAY_BE_EMPTY) else TIES


def verdict_words(tie: Mapping[str, Any]) -> str:
    """Return the verdict in words."""
    number = QLocale().toString
    if not tie["ties"]:
        more = int(tie["total"]) - int(tie["expected"])
        words = tr("does not tie: {count} too many") if more > 0 else tr("does not tie: {count} are missing")
        return words.format(count=number(abs(more)))
    parts = [tr("ties")]
    if tie.get("blank"):
        words = tr("{count} lie in no sheet") if tie["by"] == "sheet" else tr("{count} state nothing")
        parts.append(words.format(count=number(int(tie["blank"]))))
    if tie.get("unknown"):
        parts.append(tr("{count} are not in the catalogue").format(count=number(int(tie["unknown"]))))
    return " · ".join(parts)


def sign(kind: str) -> QIcon:
    """Return the sign of a verdict: a tick, an exclamation mark or a cross on a disc."""
    picture = QPixmap(32, 32)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(_COLOURS[kind]))
    painter.drawEllipse(QPointF(8, 8), 7.0, 7.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    painter.setPen(QPen(QColor("#ffffff"), 2.0, Qt.PenStyle.SolidLine, cap, join))
    for line in _FORMS[kind]:
        painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in line]))
    painter.end()
    return QIcon(picture)
