# SPDX-License-Identifier: GPL-2.0-or-later
"""What the store holds that unit grids can be drafted from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.load_weights import parse_weights, weights_text
from digital_citymgmt_plugin.core.ports import GEOM, Condition, Context
from digital_citymgmt_plugin.core.profile import LOAD_WEIGHTS, Profile
from digital_citymgmt_plugin.core.requests_draft import DraftSources, KeepWeights

_COMMUNITIES: list[Condition] = [("level", "=", "community"), ("valid_to", "is null", None), (GEOM, "not null", None)]


def draft_sources(context: Context, request: DraftSources) -> dict[str, Any]:
    """Count what there is to draft from.

    Returns
    -------
    dict
        ``lines`` and ``areas``: theme of the base map → rows; ``classes``: ``code``, ``name``, ``count`` of the point
        components and the ``weight`` that the profile keeps; ``communities``: ``code``, ``name``, ``box`` (store's
        CRS), ``area`` in m². Counts ``grids``,
        ``communities``, ``components``.
    """
    store = context.need_store()
    rows = store.read("admin_area", ["code", "name", GEOM], _COMMUNITIES, ["code"])
    boxes, areas = shapely.bounds(rows[GEOM]), shapely.area(rows[GEOM])
    communities = [
        {"code": str(code), "name": str(name or ""), "box": np.round(box, 2).tolist(), "area": round(float(area), 1)}
        for code, name, box, area in zip(rows["code"], rows["name"], boxes, areas)
    ]
    weights = kept_weights(store.profile())
    rest = weights.get("", 1.0)
    names = {code: entry.name for code, entry in store.profile().class_by_code("component").items()}
    # Also classes that the store has nothing of: components may come from a layer.
    tally = {str(code): int(count) for code, count in store.tally("component_point", ["class_code"])}
    classes = [
        {"code": code, "name": names.get(code, ""), "count": tally.get(code, 0), "weight": weights.get(code, rest)}
        for code in sorted({*names, *tally})
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


def kept_weights(profile: Profile) -> dict[str, float]:
    """Return the weights that the profile keeps; what somebody wrote there that cannot be read counts as none."""
    try:
        return parse_weights(profile.setting(LOAD_WEIGHTS))
    except InputRefused:
        return {}


def keep_weights(context: Context, request: KeepWeights) -> dict[str, Any]:
    """Keep in the profile what components of each class count.

    Returns
    -------
    dict
        Counts ``classes``: those that count something else than 1.

    Raises
    ------
    InputRefused
        ``request.parameters`` for what is no number; ``input.weights`` for one out of bounds.
    """
    store = context.need_store()
    try:
        text = weights_text({str(name): float(weight) for name, weight in request.weights.items()})
    except (TypeError, ValueError):
        raise InputRefused("request.parameters", method=request.method, field="weights") from None
    answer: dict[str, Any] = {
        "counts": {"classes": len(parse_weights(text))}, "operation": None, "tables": [], "notes": [],
    }  # fmt: skip
    profile = store.profile()
    if text == profile.setting(LOAD_WEIGHTS):
        return answer
    settings = {**profile.settings, LOAD_WEIGHTS: text}
    if not text:
        del settings[LOAD_WEIGHTS]
    with store.action("keep_weights", weights=text) as action:
        store.save_profile(action, replace(profile, settings=settings))
        action.counts.update(answer["counts"])
        return {**answer, "operation": action.operation_uuid}
