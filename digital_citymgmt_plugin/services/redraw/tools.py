# SPDX-License-Identifier: GPL-2.0-or-later
"""From what the window asks for to an edit of the coverage: tool, points, cells, options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids import edit as tools
from digital_citymgmt_plugin.core.grids.edit import Coverage, Edit
from digital_citymgmt_plugin.services.redraw.communities import MEND, mended
from digital_citymgmt_plugin.services.redraw.session import Session

TOOLS = ("split", "merge", "move_vertex", "move_edge", "reshape", "give", "carve", MEND)
MOST_SNAP = 50.0  # m: a pen that jumps farther is no help
_MOST = {"snap": MOST_SNAP, "tolerance": MOST_SNAP, "least": 1e9}
CELL_OPTIONS = ("giver", "taker")  # those that name a cell
_OPTIONS: dict[str, tuple[type, ...]] = {
    "snap": (int, float), "giver": (str,), "taker": (str,), "group": (str,), "community": (bool,),
    "tolerance": (int, float), "least": (int, float),
}  # fmt: skip


def entry_of(tool: str, points: list[float], cells: list[str], options: dict[str, Any] | None) -> dict[str, Any]:
    """Return an edit as lists and scenarios keep it.

    Raises
    ------
    InputRefused
        ``redraw.tool``, ``redraw.points``, ``redraw.option``.
    """
    if tool not in TOOLS:
        raise InputRefused("redraw.tool", value=tool, known=", ".join(TOOLS))
    if len(points) % 2 or not np.isfinite(np.asarray(points, dtype=np.float64)).all():
        raise InputRefused("redraw.points")
    entry: dict[str, Any] = {"tool": tool, "points": points, "cells": cells}
    given = {name: value for name, value in (options or {}).items() if value is not None}
    for name, value in given.items():
        right = name in _OPTIONS and isinstance(value, _OPTIONS[name])
        if right and name in _MOST:
            right = not isinstance(value, bool) and 0 <= value <= _MOST[name]
        if not right:
            raise InputRefused("redraw.option", name=name)
    if given:
        entry["options"] = given
    return entry


def plan(cov: Coverage, entry: dict[str, Any]) -> Edit:
    """Plan an edit; nothing is changed.

    Raises
    ------
    InputRefused
        What the tools of ``core.grids.edit`` refuse, in one sentence.
    """
    tool, cells, options = entry["tool"], entry["cells"], entry.get("options") or {}
    xy = np.asarray(entry["points"], dtype=np.float64).reshape(-1, 2)
    near = {"snap": float(options["snap"])} if "snap" in options else {}
    if tool == "split":
        return tools.split(cov, xy, cells or None, **near)
    if tool == "merge":
        return tools.merge(cov, cells or _under(cov, xy))
    if tool == "carve":
        return tools.carve(cov, xy, options.get("group"), **near)
    across = bool(options.get("community", False))
    if tool == "reshape":
        return tools.reshape(cov, xy, community=across, **near)
    if tool == "give":
        known = [options.get(name) or (cells[row] if row < len(cells) else "") for row, name in enumerate(CELL_OPTIONS)]
        giver, taker = known if all(known) else _from_and_to(cov, xy, *known)
        return tools.give(cov, xy, giver, taker, community=across, **near)
    if len(xy) != 2:
        raise InputRefused("redraw.points")
    if tool == "move_vertex":
        return tools.move_vertex(cov, xy[0], xy[1], community=across, **near)
    return tools.move_edge(cov, xy[0], xy[1] - xy[0], community=across, **near)


def planned(
    session: Session,
    entry: dict[str, Any],
    check: Callable[[], None] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Edit:
    """Plan an edit of a session; what is refused names cells as people do.

    Raises
    ------
    InputRefused
        What the tool raises (``core.grids.edit``), with codes of grids in place of ids.
    """
    try:
        return mended(session, entry, check, progress) if entry["tool"] == MEND else plan(session.coverage, entry)
    except InputRefused as error:
        raise InputRefused(error.code, **called(session, error.values)) from None


def called(session: Session, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a sentence with the names of cells in place of their ids."""
    return {key: session.names.get(value, value) if isinstance(value, str) else value for key, value in values.items()}


def _from_and_to(cov: Coverage, xy: NDArray[np.float64], giver: str, taker: str) -> tuple[str, str]:
    """Return who gives and who takes where that is not named: the pen begins in the taker and lies mostly in the giver.

    Raises
    ------
    InputRefused
        ``redraw.too_short``, ``redraw.outside``.
    """
    if len(xy) < 2:
        raise InputRefused("redraw.too_short")
    taker = taker or cov.at(*xy[0].tolist()) or ""
    pen = shapely.LineString(xy)
    around = shapely.Polygon(xy) if len(xy) > 2 else pen
    if around.is_valid and around.area > 0:
        pen = around
    shares = {cell: shapely.intersection(pen, cov.cell(cell)) for cell in cov.touched(pen) if cell != taker}
    sizes = {cell: part.area if pen is around else part.length for cell, part in shares.items()}
    giver = giver or max(sorted(sizes), key=lambda cell: sizes[cell], default="")
    if not giver or not taker:
        raise InputRefused("redraw.outside")
    return giver, taker


def _under(cov: Coverage, xy: NDArray[np.float64]) -> list[str]:
    """Return the cells under points, each once."""
    found = (cov.at(x, y) for x, y in xy.tolist())
    return list(dict.fromkeys(cell for cell in found if cell is not None))
