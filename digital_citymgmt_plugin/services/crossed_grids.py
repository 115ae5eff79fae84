# SPDX-License-Identifier: GPL-2.0-or-later
"""Told after communities came in anew: unit grids that are crossed by their edges now, or lie in another one."""

from __future__ import annotations

from typing import Any

import shapely

from digital_citymgmt_plugin.core.grids.edit import Coverage
from digital_citymgmt_plugin.core.grids.edit_community import crossed
from digital_citymgmt_plugin.core.ports import GEOM, Condition, Store

_COMMUNITIES: list[Condition] = [
    ("level", "=", "community"), ("valid_to", "is null", None), (GEOM, "not null", None),
]  # fmt: skip
_GRIDS: list[Condition] = [("status", "=", "current"), (GEOM, "not null", None)]


def read_communities(store: Store) -> dict[str, Any]:
    """Return the shapes of the communities in force by code, in the CRS of the store."""
    areas = store.read("admin_area", ["code", GEOM], _COMMUNITIES, ["code"])
    usable = shapely.is_valid(areas[GEOM]) & ~shapely.is_empty(areas[GEOM])
    return dict(zip(areas["code"][usable].tolist(), areas[GEOM][usable].tolist()))


def crossed_grids(store: Store) -> list[dict[str, Any]]:
    """Return a note of how many current unit grids the communities in force cross or take over, empty if none.

    Edges within 2 m of each other count as the same.
    """
    grids = store.read("unit_grid", ["code", "community_code", GEOM], _GRIDS, ["code"])
    if not len(grids["code"]):
        return []
    cov = Coverage(grids["code"].tolist(), grids[GEOM], grids["community_code"].tolist())
    cases = [one for one in crossed(cov, read_communities(store)) if one.into != (one.group,)]
    if not cases:
        return []
    parted = sum(one.parted for one in cases)
    return [{"code": "areas.crossed_grids", "values": {"count": parted, "moved": len(cases) - parted}}]
