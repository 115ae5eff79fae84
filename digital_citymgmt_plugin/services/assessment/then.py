# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases on the unit grids as they were on a day: old cases on today's grids, or those of today on old ones.

What a case names (``grid_code``) follows the grids through every redraw; to compare with a table of before a redraw,
or two periods with a redraw between them, both have to be counted on the same grids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.question import parted
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.grids.restate import WHOLE, crosswalk
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Store
from digital_citymgmt_plugin.services.beat_rows import outline
from digital_citymgmt_plugin.services.grid_history import GridHistory, read_history
from digital_citymgmt_plugin.services.intake import objects

_PART = 100_000  # cases read between two looks at the wish to stop


@dataclass(frozen=True)
class Then:
    """Rows of a day: ``codes`` in order, ``""`` (in none of them) last; ``place`` of each case; ``parents`` by code."""

    codes: list[str]
    names: list[str]
    place: NDArray[np.int32]
    parents: dict[str, str]


def cases_then(
    store: Store, by: str, fids: NDArray[np.int64], nowhere: str, look: Callable[[], None] = lambda: None
) -> Then:
    """Return on which grid (community, street) of a day each case lies.

    A case lies where its point lies. Without a point it lies on the grid of that day that holds the whole of the grid
    it names, by the last shape that this one had; where there is none it is not known: a guess by area would give
    parts of cases, and every number has to open whole ones.

    Parameters
    ----------
    by : str
        ``grid@2025-06-01``, ``community@…``, ``street@…``: communities are unions of that day's grids.
    fids : int64 array
        Cases, ascending.
    look : callable
        Called now and then; raises when the user wants to stop.

    Raises
    ------
    InputRefused
        ``assess.by``, ``assess.date``, ``lineage.none_on`` where no grid was there that day.
    """
    level, day = parted(by)
    known = read_history(store)
    grids = _grids(known, day)
    on_grid = _located(store, known, grids, fids, look)
    codes, names, row_of, parents = _rows(store, grids, level)
    at = np.array([*(row_of.get(code, len(codes)) for code in _codes(store, grids, level)), len(codes)], dtype=np.int32)
    return Then([*codes, ""], [*names, nowhere], at[on_grid], parents)


def shapes_then(store: Store, by: str) -> dict[str, Any]:
    """Return the shape of each row of a day by its code, in the CRS of the store; errors as ``cases_then``."""
    level, day = parted(by)
    grids = _grids(read_history(store), day)
    if level == "grid":
        return dict(zip(grids["code"].tolist(), grids[GEOM].tolist()))
    return united(_codes(store, grids, level), grids[GEOM])


def united(codes: Sequence[str], shapes: NDArray[np.object_]) -> dict[str, Any]:
    """Return the outline of the shapes of each code, in their CRS; those of "" and what has no shape are left out."""
    parts: dict[str, list[Any]] = {}
    for code, shape in zip(codes, shapes.tolist()):
        if code and shape is not None:
            parts.setdefault(code, []).append(shape)
    return {code: outline(objects(some)) for code, some in parts.items()}


def _grids(known: GridHistory, day: str) -> Columns:
    grids = known.on(day)
    if not len(grids["code"]):
        raise InputRefused("lineage.none_on", day=day)
    return grids


def _located(
    store: Store, known: GridHistory, grids: Columns, fids: NDArray[np.int64], look: Callable[[], None]
) -> NDArray[np.int64]:
    """Return the row in ``grids`` of each case, -1 for none."""
    found = np.full(len(fids), -1, dtype=np.int64)
    named = np.full(len(fids), "", dtype=object)
    for part in store.chunks("case_record", ["fid", "grid_code", XY], size=_PART):
        look()
        at = np.searchsorted(fids, part["fid"].astype(np.int64))
        there = np.isfinite(part[XY]).all(axis=1)
        found[at[there]] = locate_points(part[XY][there], grids[GEOM])
        named[at[~there]] = [code or "" for code in part["grid_code"][~there].tolist()]
    whole = _whole(known, grids, {*named.tolist()} - {""})
    for place in np.flatnonzero(named != "").tolist():
        found[place] = whole.get(named[place], -1)
    return found


def _whole(known: GridHistory, grids: Columns, codes: set[str]) -> dict[str, int]:
    """Return for codes of grids the row in ``grids`` that holds the whole of the grid."""
    shapes = dict(zip(known.grids["code"].tolist(), known.grids[GEOM].tolist()))
    listed = sorted(code for code in codes if shapes.get(code) is not None)
    if not listed:
        return {}
    walk = crosswalk(objects(shapes[code] for code in listed), grids[GEOM])
    inside = walk.share >= 1 - WHOLE
    inside &= walk.outside[walk.old] == 0
    return {listed[old]: new for old, new in zip(walk.old[inside].tolist(), walk.new[inside].tolist())}


def _codes(store: Store, grids: Columns, level: str) -> list[str]:
    """Return by grid the code of the row that it lies in."""
    if level == "grid":
        return [str(code or "") for code in grids["code"].tolist()]
    communities = [str(code or "") for code in grids["community_code"].tolist()]
    if level == "community":
        return communities
    parent = _areas(store)[1]
    return [parent.get(code, "") for code in communities]


def _rows(store: Store, grids: Columns, level: str) -> tuple[list[str], list[str], Mapping[str, int], dict[str, str]]:
    codes = sorted({*_codes(store, grids, level)} - {""})
    names, parents = _areas(store)
    if level == "grid":
        names = {code: str(name or "") for code, name in zip(grids["code"].tolist(), grids["name"].tolist())}
        parents = dict(zip(_codes(store, grids, "grid"), _codes(store, grids, "community")))
    return (
        codes, [names.get(code, "") for code in codes], {code: row for row, code in enumerate(codes)},
        {code: parents.get(code, "") for code in codes},
    )  # fmt: skip


def _areas(store: Store) -> tuple[dict[str, str], dict[str, str]]:
    """Return names and parents of all areas by code; of one that was drawn anew those of today."""
    rows = store.read("admin_area", ["code", "name", "parent_code", "valid_to"], (), ["fid"])
    listed = list(zip(*(rows[name].tolist() for name in ("code", "name", "parent_code", "valid_to"))))
    listed.sort(key=lambda row: row[3] is None)  # those that stand come last and win
    return {row[0]: str(row[1] or "") for row in listed}, {row[0]: str(row[2] or "") for row in listed}
