# SPDX-License-Identifier: GPL-2.0-or-later
"""Density of cases on hexagons along the streets, by period in one scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.hotspots import density as core
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_scan import Density
from digital_citymgmt_plugin.services.assessment.said import said
from digital_citymgmt_plugin.services.hotspots.picking import days_of, pick, roads, write_shapes
from digital_citymgmt_plugin.services.intake import objects

EVERY = {"day": "D", "week": "D", "month": "M", "quarter": "M", "year": "Y"}
_MOST = {"hexagons": 2_000_000, "periods": 120, "rows": 1_500_000}
_MONTHS = 3  # of a quarter


def density(context: Context, request: Density) -> dict[str, Any]:
    """Tell the density of cases, cases per km² and 30 days, and write it as hexagons where asked.

    The output has a row for each hexagon and period with cases near: ``period``, ``from_day``, ``to_day``, ``density``,
    ``class`` (1 … 6), ``near`` (cases nearer than the reach), ``cases`` (in the hexagon), ``label``.

    Returns
    -------
    dict
        ``counts`` (cases, unlocated, undated, hexagons, rows, periods, clipped: hexagons beyond the streets),
        ``breaks``, ``periods`` (period, from, to, days, cases, highest), ``remarks``, ``output``.

    Raises
    ------
    InputRefused
        ``scan.choice``, ``scan.number``, ``density.breaks``, ``scan.no_cases``, ``scan.too_much``; those of ``pick``.
    """
    _check(request)
    picked = pick(context, request)
    unlocated = int((~picked.located).sum())
    undated = picked.undated + int((picked.located & np.isnat(picked.local)).sum())
    picked = picked.at(picked.located & ~np.isnat(picked.local))
    if not len(picked.fid):
        raise InputRefused("scan.no_cases")
    across = request.across or request.reach / 2
    low, high = picked.xy.min(axis=0), picked.xy.max(axis=0)
    wide = np.prod((high - low + 2 * request.reach) / across + 3) * 1.16
    if wide > _MOST["hexagons"]:
        raise InputRefused("scan.too_much", count=int(wide), most=_MOST["hexagons"])
    ground = core.lattice(picked.xy, across, request.reach)
    day = picked.local.astype("datetime64[D]")
    edges = _edges(day, request)
    parts, told = [], []
    for nth, (start, end) in enumerate(zip(edges[:-1], edges[1:])):
        context.progress(0.3 + 0.4 * nth / (len(edges) - 1), "progress.counting")
        xy = picked.xy[(day >= start) & (day < end)]
        days = float((end - start).astype(np.int64))
        found, near, inside = core.spread(xy, ground, request.reach, context.cancel.check)
        rows = np.flatnonzero(near)
        values = core.per_month(found[rows], days)
        parts.append((rows, values, near[rows], inside[rows], np.full(len(rows), nth)))
        told.append({
            "period": f"{start} – {end - 1}", "from": str(start), "to": str(end - 1), "days": int(days),
            "cases": len(xy), "highest": round(float(values.max()), 2) if len(values) else 0.0,
        })  # fmt: skip
        if sum(len(part[0]) for part in parts) > _MOST["rows"]:
            raise InputRefused("scan.too_much", count=sum(len(part[0]) for part in parts), most=_MOST["rows"])
    rows, values, near, inside, period = (np.concatenate(columns) for columns in zip(*parts))
    shapes, streets = _shapes(context, request, ground, rows)
    kept = np.array([shapes[row] is not None for row in rows.tolist()], dtype=bool)
    outside = len({row for row, good in zip(rows.tolist(), kept.tolist()) if not good})
    rows, values, near, inside, period = (column[kept] for column in (rows, values, near, inside, period))
    bounds = list(request.breaks) or core.breaks(values)
    if request.output:
        context.progress(0.9, "progress.writing")
        label = [f"{count}" for count in near.tolist()]
        columns: dict[str, NDArray[Any]] = {
            "period": objects(told[nth]["period"] for nth in period.tolist()),
            "from_day": objects(told[nth]["from"] for nth in period.tolist()),
            "to_day": objects(told[nth]["to"] for nth in period.tolist()),
            "density": np.round(values, 3), "class": core.class_of(values, bounds), "near": near, "cases": inside,
            "label": objects(label),
        }  # fmt: skip
        write_shapes(context, request.output, "density", columns, objects(shapes[row] for row in rows.tolist()))
    counts = {
        "cases": len(picked.fid), "unlocated": unlocated, "undated": undated, "hexagons": len(set(rows.tolist())),
        "rows": len(rows), "periods": len(told), "clipped": outside,
    }  # fmt: skip
    remarks = [
        said(context, "density.kernel", reach=request.reach, across=across),
        said(context, "density.scale", breaks=", ".join(f"{bound:g}" for bound in bounds)),
        said(context, "density.clipped" if streets else "density.not_clipped", clip=request.clip, outside=outside),
        said(context, "density.unlocated", unlocated=unlocated, undated=undated),
    ]  # fmt: skip
    return {
        "counts": counts, "operation": None, "tables": [], "notes": [], "breaks": bounds, "periods": told,
        "remarks": remarks, "output": request.output,
    }  # fmt: skip


def _check(request: Density) -> None:
    if request.every and request.every not in EVERY:
        raise InputRefused("scan.choice", field="every", value=request.every, known=", ".join(EVERY))
    bounds: tuple[tuple[str, float, float], ...] = (("reach", 10, 20_000), ("across", 0, 20_000), ("clip", 0, 5_000))
    for name, least, most in bounds:
        if not least <= getattr(request, name) <= most:
            raise InputRefused("scan.number", field=name, value=getattr(request, name), least=least, most=most)
    if request.breaks and not core.check_breaks(request.breaks):
        raise InputRefused("density.breaks", value=", ".join(f"{bound:g}" for bound in request.breaks))
    least = request.reach / 20  # more hexagons in a kernel tell nothing more
    if request.across and not least <= request.across <= request.reach:
        raise InputRefused("scan.number", field="across", value=request.across, least=least, most=request.reach)


def _edges(day: NDArray[np.datetime64], request: Density) -> NDArray[np.datetime64]:
    """Return first days of the periods of the calendar (weeks from Monday), and the day after the last."""
    first, last = days_of(request)
    start = np.datetime64(first) if first else day.min()
    end = (np.datetime64(last) if last else day.max()) + 1
    if not request.every:
        return np.array([start, end], dtype="datetime64[D]")
    every = np.arange(start + 1, end)
    if request.every == "week":
        every = every[(every.astype(np.int64) + 3) % 7 == 0]
    elif request.every != "day":
        unit = EVERY[request.every]
        every = every[every == every.astype(f"datetime64[{unit}]").astype("datetime64[D]")]
        if request.every == "quarter":
            every = every[every.astype("datetime64[M]").astype(np.int64) % _MONTHS == 0]
    made = np.concatenate([[start], every, [end]]).astype("datetime64[D]")
    if len(made) - 1 > _MOST["periods"]:
        raise InputRefused("scan.number", field="every", value=len(made) - 1, least=1, most=_MOST["periods"])
    return made


def _shapes(
    context: Context, request: Density, ground: core.Hexagons, rows: NDArray[np.int64]
) -> tuple[dict[int, Any], bool]:
    """Return the shape of each hexagon, clipped to the streets where the store has them, and whether it has."""
    context.progress(0.7, "progress.reading_map")
    numbers = np.unique(rows)
    whole = ground.shapes(numbers)
    lines = roads(context.need_store()) if request.clip else np.empty(0, dtype=object)
    if len(lines):
        made = core.clipped(whole, lines, request.clip, context.cancel.check)
    else:
        made = core.many(whole)
    return dict(zip(numbers.tolist(), made.tolist())), bool(len(lines))
