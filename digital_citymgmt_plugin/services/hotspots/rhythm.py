# SPDX-License-Identifier: GPL-2.0-or-later
"""When cases of a place, of beats, grids or a selection are reported, and when a patrol would meet most of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.hotspots import rhythm as core
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_scan import Rhythm
from digital_citymgmt_plugin.services.assessment.said import said
from digital_citymgmt_plugin.services.beat_rows import read_beats
from digital_citymgmt_plugin.services.hotspots.picking import Picked, cell_of, cells_of, days_of, pick

_LEVEL = 0.05
DAYS = (
    "rhythm.day_0", "rhythm.day_1", "rhythm.day_2", "rhythm.day_3", "rhythm.day_4", "rhythm.day_5", "rhythm.day_6",
)  # fmt: skip


def rhythm(context: Context, request: Rhythm) -> dict[str, Any]:
    """Count the cases by weekday and hour of the city's own time.

    Returns
    -------
    dict
        ``counts`` (cases, no_hour, no_time, midnight), ``table`` (7 rows from Monday, 24 hours), ``days`` (how many of
        each weekday), ``weekday`` (cases, those without an hour too), ``windows`` (weekdays, start, end, cases, share,
        lift, p, certain), ``remarks``, ``zone``.

    Raises
    ------
    InputRefused
        ``scan.number`` (hours, within), ``rhythm.place``, ``rhythm.unknown``; those of ``pick``.
    """
    if not 1 <= request.hours <= core.HOURS // 2:
        raise InputRefused("scan.number", field="hours", value=request.hours, least=1, most=core.HOURS // 2)
    if (request.x is None) != (request.y is None) or (request.x is not None and not request.within > 0):
        raise InputRefused("rhythm.place")
    if any(value is not None and not math.isfinite(value) for value in (request.x, request.y, request.within)):
        raise InputRefused("rhythm.place")
    picked = pick(context, request)
    picked = picked.at(_asked(context, request, picked))
    first, last = (np.datetime64(text) if text else None for text in days_of(request))
    found = core.rhythm(picked.local, first, last)
    hints = core.windows(found, request.hours)
    told = [
        {
            "weekdays": list(one.weekdays), "start": one.start, "end": one.end, "cases": one.cases,
            "share": round(one.share, 4), "lift": round(one.lift, 3), "p": one.p,
            "certain": bool(one.p <= _LEVEL and one.lift > 1),
        }
        for one in hints
    ]  # fmt: skip
    zone = context.need_store().meta().get("time_zone") or "Asia/Shanghai"
    counts = {
        "cases": len(picked.fid), "no_hour": found.no_hour, "no_time": found.no_time, "midnight": found.midnight,
    }  # fmt: skip
    return {
        "counts": counts, "operation": None, "tables": [], "notes": [], "table": found.counts.tolist(),
        "days": found.days.tolist(), "weekday": found.weekday.tolist(), "windows": told, "zone": zone,
        "remarks": _remarks(context, request, counts, told, zone),
    }  # fmt: skip


def _asked(context: Context, request: Rhythm, picked: Picked) -> NDArray[np.bool_]:
    """Tell which cases are of the place, beats, grids and selection."""
    keep = np.ones(len(picked.fid), dtype=bool)
    if request.fids:
        keep &= np.isin(picked.fid, request.fids)
    if request.x is not None and request.y is not None:
        away = np.hypot(picked.xy[:, 0] - request.x, picked.xy[:, 1] - request.y)
        keep &= np.nan_to_num(away, nan=np.inf) <= request.within
    if not request.beats and not request.grids:
        return keep
    store = context.need_store()
    wanted = set(request.grids)
    if request.beats:
        beats = read_beats(store)
        lacking = sorted(set(request.beats) - set(beats.code_of.values()))
        if lacking:
            raise InputRefused("rhythm.unknown", value=lacking[0])
        chosen = {uuid for uuid, code in beats.code_of.items() if code in request.beats}
        rows = store.read("unit_grid", ["uuid", "code"], [("status", "=", "current")])
        codes = zip(rows["uuid"].tolist(), rows["code"].tolist())
        wanted |= {code for uuid, code in codes if beats.beat_of.get(uuid) in chosen}
    cells = cells_of(store, "grid")
    lacking = sorted(set(request.grids) - set(cells.codes.tolist()))
    if lacking:
        raise InputRefused("rhythm.unknown", value=lacking[0])
    row = cell_of(cells, picked, "grid")
    held = np.append(np.isin(cells.codes.astype(str), sorted(wanted)), False)  # −1: in no grid
    return np.asarray(keep & held[row], dtype=bool)


def _remarks(
    context: Context, request: Rhythm, counts: dict[str, int], hints: list[dict[str, Any]], zone: str
) -> list[str]:
    lines = [said(context, "rhythm.zone", zone=zone)]
    if counts["no_hour"]:
        lines.append(said(context, "rhythm.no_hour", no_hour=counts["no_hour"]))
    if counts["no_time"]:
        lines.append(said(context, "rhythm.no_time", no_time=counts["no_time"]))
    for one in hints:
        if one["certain"]:
            days = "、".join(said(context, DAYS[day]) for day in one["weekdays"])
            share, lift = f"{100 * one['share']:.0f}", f"{one['lift']:.1f}"
            lines.append(said(
                context, "rhythm.hint", days=days, start=one["start"], end=one["end"], share=share, lift=lift,
            ))  # fmt: skip
    if not any(one["certain"] for one in hints):
        lines.append(said(context, "rhythm.no_hint", small=core.SMALL))
    if request.sources != ["citizen"]:
        lines.append(said(context, "rhythm.watchers"))
    return lines
