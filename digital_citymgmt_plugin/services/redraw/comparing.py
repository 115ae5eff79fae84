# SPDX-License-Identifier: GPL-2.0-or-later
"""Two scenarios side by side: the cells in which they differ, and the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.grids.figures import VERDICTS
from digital_citymgmt_plugin.core.grids.identity import SAME_GROUND
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Context
from digital_citymgmt_plugin.core.requests_redraw import CompareScenarios
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.redraw.communities import know_communities
from digital_citymgmt_plugin.services.redraw.replaying import replay, scenario_entries
from digital_citymgmt_plugin.services.redraw.session import Figures, Session, digest
from digital_citymgmt_plugin.services.redraw.watching import need_session

DRAWN = "session"  # stands for what is drawn now
_COLUMNS = (
    "area_m2", "components", "cases", "open_cases", "road_m", "population", "load", "verdict", "compactness",
    "on_features",
)  # fmt: skip
_MEANS = ("area_m2", "load", "compactness", "on_features")


def compare_scenarios(context: Context, request: CompareScenarios) -> dict[str, Any]:
    """Compare two scenarios on the present grids, by the band, days and weights of the session.

    ``first`` and ``second``: the uuid of a scenario, ``""`` for the grids as they are, ``session`` for what is drawn
    now.

    Returns
    -------
    dict
        ``cells``: of each cell that is only in one: ``side`` (0, 1), ``id``, ``name``, ``community`` and its figures;
        ``totals``: per side ``cells``, ``green``, ``amber``, ``red``, the means of area, load, compactness and
        boundary on features, ``load_spread`` (standard deviation by mean); ``conflicts``: per side the edits that no
        longer fit; counts ``first``, ``second`` (cells only there), ``same``; ``output``.

    Raises
    ------
    InputRefused
        ``redraw.no_session``, ``redraw.no_scenario``.
    """
    store = context.need_store()
    session = need_session(context, request.session)
    sides, conflicts, notes = [], [], []
    for number, name in enumerate((request.first, request.second)):
        context.progress(0.1 + 0.4 * number, "progress.measuring")
        context.cancel.check()
        if name == DRAWN:
            entries = session.entries()
        else:
            entries = scenario_entries(store, name) if name else []
        know_communities(session, store, entries)
        side = session.fork()
        done = replay(side, entries, context.cancel.check)
        sides.append(side)
        conflicts.append(done["conflicts"])
        notes += done["notes"]
    own = _only_there(sides)
    cells: list[dict[str, Any]] = []
    totals = []
    for number, side in enumerate(sides):
        context.cancel.check()
        figures = side.figures(side.usable)
        totals.append(_totals(figures))
        for cell in own[number]:
            about = {"id": cell, "name": side.names.get(cell, ""), "community": side.coverage.group(cell)}
            cells.append({"side": number, **about, **figures[cell]})
    if request.output:
        context.progress(0.95, "progress.saving")
        layers = {f"scenario_{number + 1}": _layer(side, own[number]) for number, side in enumerate(sides)}
        crs = store.meta()["crs"]
        context.files.write_layers(request.output, layers, crs, dict.fromkeys(layers, "MultiPolygon"))
    counts = {"first": len(own[0]), "second": len(own[1]), "same": len(sides[0].usable) - len(own[0])}
    return {
        "cells": cells, "totals": totals, "conflicts": conflicts, "counts": counts, "output": request.output,
        "notes": notes, "operation": None, "tables": [],
    }  # fmt: skip


def _only_there(sides: list[Session]) -> list[list[str]]:
    """Return for both sides the cells that the other has not; a corner more on an edge is no difference."""
    shapes = [{digest(side.coverage.cell(cell)): cell for cell in side.usable} for side in sides]
    own = [[cell for key, cell in shapes[one].items() if key not in shapes[1 - one]] for one in (0, 1)]
    both = sorted(set(own[0]) & set(own[1]))
    one, other = (objects(side.coverage.cell(cell) for cell in both) for side in sides)
    apart = shapely.area(shapely.symmetric_difference(one, other))
    same = {cell for cell, area, whole in zip(both, apart, shapely.area(one)) if area <= SAME_GROUND * whole}
    return [[cell for cell in cells if cell not in same] for cells in own]


def _totals(figures: dict[str, Figures]) -> dict[str, Any]:
    told: dict[str, Any] = {"cells": len(figures)}
    rows = list(figures.values())
    for verdict in VERDICTS:
        told[verdict] = sum(row["verdict"] == verdict for row in rows)
    for name in _MEANS:
        known = [row[name] for row in rows if row[name] is not None]
        told[name] = round(float(np.mean(known)), 3) if known else None
    loads = np.array([row["load"] for row in rows], dtype=np.float64)
    told["load_spread"] = round(float(loads.std() / loads.mean()), 4) if len(loads) and loads.mean() > 0 else None
    return told


def _layer(side: Session, own: list[str]) -> Columns:
    cells = side.usable
    figures = side.figures(cells)
    alone = set(own)
    columns: Columns = {
        "cell": objects(cells), "name": objects(side.names.get(cell, "") for cell in cells),
        "community": objects(side.coverage.group(cell) for cell in cells),
        "differs": objects(int(cell in alone) for cell in cells),
    }  # fmt: skip
    for name in _COLUMNS:
        columns[name] = objects(figures[cell][name] for cell in cells)
    columns[GEOM] = objects(side.coverage.cell(cell) for cell in cells)
    return columns
