# SPDX-License-Identifier: GPL-2.0-or-later
"""The cells of a draft as a list of places to look at: the worst first, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale

from digital_citymgmt_plugin.bridge.messages import SENTENCES, sentence
from digital_citymgmt_plugin.bridge.plural import counted

DOUBTFUL = 0.5  # cells of which the draft is less sure are places to look at, unless the draft says its own limit
_OUT = ("draft.below_band", "draft.above_band", "draft.below_load", "draft.above_load")


def tr(text: str) -> str:
    """Translate a text of the drafts of unit grids."""
    return QCoreApplication.translate("DraftGrids", text)


def sureness(cell: Mapping[str, Any]) -> float:
    """Return how sure the draft is of a cell, 0 to 1; of a draft that does not say so, by band and barriers."""
    if cell.get("confidence") is not None:
        return float(cell["confidence"])
    if cell.get("reason") == "draft.locked":
        return 1.0
    free = 1.0 - float(cell.get("on_barrier") or 0.0)
    return max(0.0, (0.45 if cell.get("reason") in _OUT else 1.0) - 0.6 * free)


def is_doubtful(cell: Mapping[str, Any], made: Mapping[str, Any]) -> bool:
    """Tell whether a person should look at a cell; ``made`` tells how the draft came about."""
    return sureness(cell) < float(made.get("doubtful_below") or DOUBTFUL) or cell.get("reason") in _OUT


def worst_first(
    cells: Sequence[Mapping[str, Any]], made: Mapping[str, Any], *, every: bool, only_open: bool
) -> list[Mapping[str, Any]]:
    """Return the places to look at (``every``: all cells), the worst first; ``only_open``: not decided yet."""
    chosen = [cell for cell in cells if (every or is_doubtful(cell, made)) and not (only_open and cell.get("review"))]
    return sorted(chosen, key=lambda cell: (round(sureness(cell), 6), str(cell.get("area_code") or ""), cell["fid"]))


def state_words(state: str) -> str:
    """Return the word of a decision."""
    words = {"accepted": tr("accepted"), "edited": tr("edited"), "locked": tr("locked")}
    return words.get(state, tr("open"))


def why_words(cell: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    """Return why a cell is as it is and what is doubtful about it; ``made`` tells target and band of the draft."""
    target, band = float(made.get("target_area") or 0), made.get("band") or [0, 0]
    values = {
        "area": round(float(cell.get("area_m2") or 0)), "load": round(float(cell.get("load") or 0), 1),
        "block": cell.get("block_ha"), "count": cell.get("blocks"),
        "largest": round(band[1] * target / 1e4, 2), "smallest": round(band[0] * target / 1e4, 2),
    }  # fmt: skip
    parts = []
    if cell.get("reason") in SENTENCES and cell.get("reason") != "draft.in_band":
        parts.append(sentence(str(cell["reason"]), values))
    if cell.get("why") in SENTENCES and target > 0:  # its sentence counts in hectares
        parts.append(sentence(str(cell["why"]), {**values, "area": round(float(cell.get("area_m2") or 0) / 1e4, 2)}))
    free = round(100 * (1 - float(cell.get("on_barrier") or 0)))
    if free >= 30:
        parts.append(tr("{share} % of its outline follows nothing.").format(share=free))
    return " ".join(parts)


def header() -> list[str]:
    """Return the headings of the list."""
    return [tr("Community"), tr("Sure"), tr("Decision"), tr("Area (m²)"), tr("Load"), tr("Why look")]


def cells_row(cell: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """Return the texts of a row of the list."""
    number = QLocale().toString
    return [
        str(cell.get("area_name") or cell.get("area_code") or ""), f"{round(100 * sureness(cell))} %",
        state_words(str(cell.get("review") or "")), number(round(float(cell.get("area_m2") or 0))),
        number(round(float(cell.get("load") or 0), 1)), why_words(cell, made),
    ]  # fmt: skip


def summary_words(cells: Sequence[Mapping[str, Any]], limits: Sequence[float]) -> str:
    """Return a line on a draft: how many cells, their mean area, how many out of the band, the spread of the load."""
    if not cells:
        return ""
    # Water and squares that are cells of their own count neither in the mean nor against the band.
    cells = [cell for cell in cells if cell.get("reason") != "draft.barrier_area"] or cells
    areas = [float(cell.get("area_m2") or 0) for cell in cells]
    loads = [float(cell.get("load") or 0) for cell in cells]
    low, high = limits[0], limits[1]
    number = QLocale().toString
    if high > 0:
        out = sum(not low <= area <= high for area in areas)
    else:  # a file that does not tell what was wanted
        out = sum(cell.get("reason") in _OUT for cell in cells)
    words = counted(
        tr("{count} [cell|cells], mean {area} m², {out} out of the band."),
        count=number(len(cells)),
        area=number(round(sum(areas) / len(areas))),
        out=number(out),
    )
    mean = sum(loads) / len(loads)
    if mean > 0:
        spread = (sum((load - mean) ** 2 for load in loads) / len(loads)) ** 0.5 / mean
        words += " " + tr("Load: mean {mean}, spread {spread} %.").format(
            mean=number(round(mean, 1)), spread=number(round(100 * spread))
        )
    return words
