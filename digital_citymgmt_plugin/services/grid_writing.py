# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids that take the place of others, written: codes, retired ones, register, lineage."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.allocation import allocate
from digital_citymgmt_plugin.core.codes import UNIT_GRID
from digital_citymgmt_plugin.core.grids.lineage import Succession
from digital_citymgmt_plugin.core.grids.numbering import number_cells
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Context, Store
from digital_citymgmt_plugin.services.beat_rows import beats_follow
from digital_citymgmt_plugin.services.census_write import register_codes
from digital_citymgmt_plugin.services.intake import objects, today
from digital_citymgmt_plugin.services.withdrawn import bring_back, withdrawn


def give_codes(store: Store, taken: Columns, old: Columns, family: Succession) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return code and uuid of every grid: kept, given by the vendor, or the next numbers of the community."""
    codes = taken["code"].copy()
    uuids = objects(str(uuid4()) for _ in range(len(codes)))
    kept = family.keeps >= 0
    codes[kept], uuids[kept] = old["code"][family.keeps[kept]], old["uuid"][family.keeps[kept]]
    new = np.flatnonzero(np.array([code is None for code in codes.tolist()], dtype=bool))
    if len(new):
        community = taken["community"][new].astype(str)
        order = np.lexsort((number_cells(taken[GEOM][new], community), community))
        scheme, last = store.profile().grid_scheme, dict(store.max_serials())
        stated = [code for code in codes.tolist() if code is not None]  # of a file, not in the register yet
        for scope, serial in zip(*(part.tolist() for part in scheme.split_many(np.array(stated, dtype=str)))):
            last[scope] = max(last.get(scope, 0), serial)
        given, _last = allocate(scheme, community[order], last)
        codes[new[order]] = given
    return codes, uuids


def store_grids(
    action: Action, store: Store, context: Context, taken: Columns, codes: NDArray[Any], uuids: NDArray[Any],
    old: Columns, family: Succession, reason: str,
) -> int:  # fmt: skip
    """Write the grids of a succession, inside an action: retired, reshaped and new ones, the register, the lineage.

    ``reason`` stays with what is retired. Beats follow the grids; returns how many of them changed.
    """
    day = today(context)
    size = len(family.retired)
    if size:
        rows = {"status": "retired", "valid_to": day, "retire_reason": reason}
        action.update(
            "unit_grid", old["fid"][family.retired], {name: objects([value] * size) for name, value in rows.items()}
        )
        there = store.read("code_register", ["fid"], [("code", "in", old["code"][family.retired].tolist())])["fid"]
        action.update("code_register", there, {"status": objects(["retired"] * len(there))})
    changed = np.flatnonzero(family.changed)
    if len(changed):
        shapes = taken[GEOM][changed]
        areas = np.round(shapely.area(shapes), 2)
        action.update("unit_grid", old["fid"][family.keeps[changed]], {GEOM: shapes, "area_m2": areas})
    new = np.flatnonzero(family.keeps < 0)
    if len(new):
        shapes = taken[GEOM][new]
        action.insert(
            "unit_grid",
            {
                GEOM: shapes, "uuid": uuids[new], "code": codes[new], "community_code": taken["community"][new],
                "area_m2": np.round(shapely.area(shapes), 2), "status": objects(["current"] * len(new)),
                "valid_from": objects([day] * len(new)),
            },
        )  # fmt: skip
        again = bring_back(action, withdrawn(store, codes[new]), codes[new], uuids[new])
        register_codes(action, store.profile().grid_scheme, UNIT_GRID, codes[new][~again], uuids[new][~again])
    _store_lineage(action, old, uuids, family)
    descent = list(zip(family.parent.tolist(), uuids[family.child].tolist(), family.share.tolist()))
    return beats_follow(action, store, day, old, old["uuid"][family.retired], descent, uuids[changed])


def _store_lineage(action: Action, old: Columns, uuids: NDArray[Any], family: Succession) -> None:
    """Write who came from whom; a grid that goes on in a new shape keeps its old one here, where nothing is lost."""
    on = np.flatnonzero(family.changed & ~np.isin(np.arange(len(uuids)), family.child[_own(family)]))
    if len(on):  # a vendor's code may go on in quite another place
        family.parent = np.concatenate([family.parent, family.keeps[on]])
        family.child, family.share = np.concatenate([family.child, on]), np.append(family.share, np.zeros(len(on)))
    if len(family.parent):
        before = np.full(len(family.parent), None, dtype=object)
        own = _own(family)
        before[own] = shapely.to_wkb(old[GEOM][family.parent[own]])
        shares = np.floor(family.share * 1e6) / 1e6  # rounded down: the parts of a grid are never more than the grid
        action.insert(
            "grid_lineage",
            {
                "parent_uuid": old["uuid"][family.parent], "child_uuid": uuids[family.child], "share": shares,
                "old_geom": before,
            },
        )  # fmt: skip


def _own(family: Succession) -> NDArray[np.bool_]:
    """Tell which rows of the descent are of a grid from itself."""
    return np.asarray(family.keeps[family.child] == family.parent, dtype=bool)
