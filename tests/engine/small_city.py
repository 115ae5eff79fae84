# SPDX-License-Identifier: GPL-2.0-or-later
"""A small store with one row of each kind that the rules protect, made through the store itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from tests.support import new_store

GRID = "320681100001001"
CODES = [f"3206810101{serial:06d}" for serial in range(1, 6)]


def column(*values):
    """Return an object array."""
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def make_small_city(path: Path, *, coded: int = 5, uncoded: int = 5) -> Path:
    """Write an area, two grids, coded and uncoded components and a case; returns the path of the closed store."""
    store = new_store(path)
    box = shapely.box(500_000, 3_520_000, 500_400, 3_520_200)
    halves = [shapely.box(500_000, 3_520_000, 500_200, 3_520_200), shapely.box(500_200, 3_520_000, 500_400, 3_520_200)]
    codes = [f"3206810101{serial:06d}" for serial in range(1, coded + 1)]
    size = coded + uncoded
    with store.action("test") as action:
        action.insert(
            "admin_area",
            {
                "level": column("county", "street", "community"),
                "code": column("320681", "320681100", "320681100001"),
                "name": column("启东市", "汇龙镇", "紫薇社区"),
                "geom": column(*[shapely.multipolygons([box])] * 3),
            },
        )
        action.insert(
            "unit_grid",
            {
                "code": column(GRID, "320681100001002"),
                "uuid": column("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"),
                "community_code": column(*["320681100001"] * 2),
                "geom": column(*[shapely.multipolygons([half]) for half in halves]),
            },
        )
        uuids = column(*[f"{row:08x}-0000-4000-8000-000000000000" for row in range(1, size + 1)])
        action.insert(
            "component_point",
            {
                "uuid": uuids,
                "code": column(*codes, *[None] * uncoded),
                "class_code": column(*["0101"] * size),
                "name": column(*[f"上水井盖{row}" for row in range(size)]),
                "geom": shapely.points(500_001.5 + np.arange(size) % 300, 3_520_001.5 + np.arange(size) % 190),
            },
        )
        registered = column(*codes, GRID, "320681100001002")
        action.insert(
            "code_register",
            {
                "code": registered,
                "kind": column(*["component"] * coded, "unit_grid", "unit_grid"),
                "scope": column(*["3206810101"] * coded, *["320681100001"] * 2),
                "serial": column(*range(1, coded + 1), 1, 2),
                "object_uuid": column(
                    *uuids[:coded], "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
                ),
            },
        )
        case = {"case_no": column("C1"), "kind": column("component"), "geom": column(shapely.Point(500_010, 3_520_010))}
        action.insert("case_event", {"case_fid": action.insert("case_record", case), "action": column("report")})
    store.close()
    return path
