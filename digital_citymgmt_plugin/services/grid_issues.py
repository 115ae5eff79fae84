# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of adopted unit grids as issues: the worst first, what is only a trace of two surveys as information."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.checks import GridIssue, check_cells
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Store
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import Found, compare, write

# All that ``check_cells`` and ``find_issues`` look for: only issues of these are settled here.
RULES = tuple(
    f"grid.{name}"
    for name in (
        "empty", "invalid", "multipart", "hole", "sliver", "duplicate", "overlap", "gap", "outside", "crossing",
        "wrong_community", "below_band", "above_band", "building_cut", "component_outside", "community_unknown",
        "code_replaced",
    )
)  # fmt: skip
_TRACE = 0.02  # of a grid's area: less comes from two surveys of one boundary rather than from a wrong grid
_ORDER = {"error": 0, "warning": 1, "info": 2}
_ERRORS = {"grid.duplicate", "grid.wrong_community", "grid.outside", "grid.community_unknown"}


def find_issues(taken: Columns, areas: Columns, with_codes: bool) -> list[tuple[str, GridIssue]]:
    """Find the faults of grids; level and issue, the worst first.

    Errors are duplicates, grids of another community than their code says or of none, overlaps of more than 2 % of a
    grid. What crosses, overlaps or leaves a gap of less than 2 % of a usual grid is information.
    """
    row_of = {code: index for index, code in enumerate(areas["code"].tolist())}
    stated = np.array([row_of.get(code, -1) for code in taken["community"].tolist()], dtype=np.int64)
    if len(row_of):
        found = check_cells(taken[GEOM], areas[GEOM], community_index=stated if with_codes else None)
    else:
        found = check_cells(taken[GEOM])
    if with_codes and row_of:
        unknown = np.flatnonzero(stated < 0)
        found += [
            GridIssue("grid.community_unknown", int(i), params={"community": taken["community"][i]}) for i in unknown
        ]
    for i, why in enumerate(taken["why"].tolist() if "why" in taken else ()):
        if why is not None:
            values = {"stated": taken["stated"][i] or "", "because": f"because.{why}"}
            found.append(GridIssue("grid.code_replaced", i, params=values, geometry=taken[GEOM][i]))
    sizes = shapely.area(taken[GEOM])
    usual = float(np.median(sizes)) if len(sizes) else 0.0
    told = [(_level(issue, sizes, usual), issue) for issue in found]
    return sorted(told, key=lambda item: (_ORDER[item[0]], item[1].rule, -float(item[1].params.get("area", 0.0))))


def _level(issue: GridIssue, sizes: NDArray[np.float64], usual: float) -> str:
    area = float(issue.params.get("area", 0.0))
    size = float(sizes[issue.index]) if issue.index >= 0 else usual
    if issue.rule in _ERRORS or (issue.rule == "grid.overlap" and area > _TRACE * size):
        return "error"
    trace = issue.rule in ("grid.crossing", "grid.gap", "grid.overlap") and area <= _TRACE * size
    return "info" if trace else "warning"


def list_issues(
    action: Action,
    store: Store,
    issues: list[tuple[str, GridIssue]],
    taken: Columns,
    uuids: NDArray[Any],
    retired: NDArray[Any],
) -> None:
    """List the faults found, and settle what an earlier adoption had listed about these grids and retired ones."""
    shapes = objects(_place(issue, taken) for _, issue in issues)
    places = shapely.point_on_surface(shapes)
    found = [
        Found(
            uuids[issue.index] if issue.index >= 0 else None, issue.rule, _params(issue, uuids, place), place,
            "unit_grid", level, None if shape is None or shape.is_empty else shape,
        )
        for (level, issue), place, shape in zip(issues, places, shapes)
    ]  # fmt: skip
    write(action, compare(store, RULES, [None, *uuids.tolist(), *retired.tolist()], found))


def _params(issue: GridIssue, uuids: NDArray[Any], place: Any) -> dict[str, Any]:
    if issue.index < 0:  # a gap is of no grid: its place tells which one it is
        return {**issue.params, "x": round(float(place.x), 2), "y": round(float(place.y), 2)}
    pair = issue.rule in ("grid.overlap", "grid.duplicate") and issue.other >= 0
    return {**issue.params, "other": uuids[issue.other]} if pair else dict(issue.params)


def _place(issue: GridIssue, taken: Columns) -> Any:
    if issue.geometry is not None:
        return issue.geometry
    return taken[GEOM][issue.index] if issue.index >= 0 else None
