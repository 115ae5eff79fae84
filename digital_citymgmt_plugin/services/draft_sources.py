# SPDX-License-Identifier: GPL-2.0-or-later
"""What the store holds that unit grids can be drafted from."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.ports import GEOM, Condition, Context
from digital_citymgmt_plugin.core.requests_draft import DraftSources

_COMMUNITIES: list[Condition] = [("level", "=", "community"), ("valid_to", "is null", None), (GEOM, "not null", None)]


def draft_sources(context: Context, request: DraftSources) -> dict[str, Any]:
    """Count what there is to draft from.

    Returns
    -------
    dict
        ``lines`` and ``areas``: theme of the base map → rows; ``classes``: ``code``, ``name``, ``count`` of the point
        components; ``communities``: ``code``, ``name``, ``box`` (store's CRS), ``area`` in m². Counts ``grids``,
        ``communities``, ``components``.
    """
    store = context.need_store()
    rows = store.read("admin_area", ["code", "name", GEOM], _COMMUNITIES, ["code"])
    boxes, areas = shapely.bounds(rows[GEOM]), shapely.area(rows[GEOM])
    communities = [
        {"code": str(code), "name": str(name or ""), "box": np.round(box, 2).tolist(), "area": round(float(area), 1)}
        for code, name, box, area in zip(rows["code"], rows["name"], boxes, areas)
    ]
    names = {code: entry.name for code, entry in store.profile().class_by_code("component").items()}
    # Also classes that the store has nothing of: components may come from a layer.
    tally = {str(code): int(count) for code, count in store.tally("component_point", ["class_code"])}
    classes = [
        {"code": code, "name": names.get(code, ""), "count": tally.get(code, 0)} for code in sorted({*names, *tally})
    ]
    lines, outlines = (
        {str(theme or "other"): int(count) for theme, count in store.tally(table, ["theme"])}
        for table in ("base_line", "base_area")
    )
    counts = {
        "grids": store.count("unit_grid", [("status", "=", "current")]), "communities": len(communities),
        "components": store.count("component_point"),
    }  # fmt: skip
    return {
        "lines": lines, "areas": outlines, "classes": classes, "communities": communities, "counts": counts,
        "tables": [], "notes": [],
    }  # fmt: skip
