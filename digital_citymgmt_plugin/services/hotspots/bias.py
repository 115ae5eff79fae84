# SPDX-License-Identifier: GPL-2.0-or-later
"""What collectors found and citizens reported, by cell, with the hours that patrols were there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.facts import COLLECTOR, OTHERS
from digital_citymgmt_plugin.core.cases.times import from_text, to_local
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.hotspots import bias as core
from digital_citymgmt_plugin.core.ports import XY, Columns, Context
from digital_citymgmt_plugin.core.requests_scan import WatcherBias
from digital_citymgmt_plugin.services.assessment.said import said
from digital_citymgmt_plugin.services.hotspots.picking import Cells, cell_of, cells_of, days_of, pick, write_shapes
from digital_citymgmt_plugin.services.intake import objects

COLUMNS = (
    "code", "name", "collector", "citizen", "unknown", "share", "low", "high", "p", "kind", "patrol_hours", "per_hour",
    "told",
)  # fmt: skip


def watcher_bias(context: Context, request: WatcherBias) -> dict[str, Any]:
    """Tell by cell who sees its cases, and write it, where asked, as a layer of the cells.

    Returns
    -------
    dict
        ``counts`` (cells, cases, collector, citizen, unknown, elsewhere, and cells by kind), ``columns``
        (``COLUMNS``), ``rows`` (cells with cases or patrols), ``city`` (share of collectors, None without cases),
        ``remarks``, ``output``.

    Raises
    ------
    InputRefused
        ``scan.by``, ``scan.no_cells``, ``scan.number`` (least); those of ``pick``.
    """
    if not 1 <= request.least <= 1_000_000:
        raise InputRefused("scan.number", field="least", value=request.least, least=1, most=1_000_000)
    cells = cells_of(context.need_store(), request.by)
    picked = pick(context, request)
    row, size = cell_of(cells, picked, request.by), len(cells.codes)

    def counted(kind: int) -> NDArray[np.int64]:
        return np.bincount(row[(row >= 0) & (picked.source_kind == kind)], minlength=size)

    ours, theirs = counted(COLLECTOR), counted(OTHERS)
    unknown = np.bincount(row[row >= 0], minlength=size) - ours - theirs
    hours = patrol_hours(context, cells, *days_of(request))
    found = core.bias(ours, theirs, hours, request.least)
    told = [
        "" if kind == core.NONE and not (hours is not None and hours[place]) else said(context, f"bias.{kind}")
        for place, kind in enumerate(found.kind.tolist())
    ]
    columns: Columns = {
        "code": cells.codes, "name": cells.names, "collector": ours, "citizen": theirs, "unknown": unknown,
        "share": np.round(found.share, 4), "low": np.round(found.low, 4), "high": np.round(found.high, 4),
        "p": found.adjusted, "kind": found.kind,
        "patrol_hours": np.round(np.full(size, np.nan) if hours is None else hours, 3),
        "per_hour": np.round(found.per_hour, 3), "told": objects(told),
    }  # fmt: skip
    counts = {
        "cells": size, "cases": len(picked.fid), "collector": int(ours.sum()), "citizen": int(theirs.sum()),
        "unknown": int(unknown.sum()), "elsewhere": int((row < 0).sum()),
        **{kind: int((found.kind == kind).sum()) for kind in core.KINDS},
    }  # fmt: skip
    if request.output:
        context.progress(0.9, "progress.writing")
        write_shapes(context, request.output, "watchers", columns, cells.shapes)
    shown = np.flatnonzero(np.array([bool(text) for text in told], dtype=bool))
    lists = [_plain(columns[name][shown]) for name in COLUMNS]
    city = None if math.isnan(found.city) else round(found.city, 4)
    remarks = [
        said(context, "bias.city", share="—" if city is None else f"{100 * city:.1f}"),
        said(context, "bias.how", least=request.least),
        said(context, "bias.patrols" if hours is not None else "bias.no_patrols", gap=int(core.GAP)),
        said(context, "bias.unknown", unknown=counts["unknown"], elsewhere=counts["elsewhere"]),
    ]  # fmt: skip
    return {
        "counts": counts, "operation": None, "tables": [], "notes": [], "columns": list(COLUMNS),
        "rows": [list(values) for values in zip(*lists)], "city": city, "remarks": remarks, "output": request.output,
    }  # fmt: skip


def patrol_hours(context: Context, cells: Cells, first: str, last: str) -> NDArray[np.float64] | None:
    """Return the hours that carriers of tracks spent in each cell on the days asked; None without any track."""
    store = context.need_store()
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    total, done = store.count("track_point"), 0
    if not total:
        return None
    hours = np.zeros(len(cells.codes))
    carriers = store.tally("track_point", ["carrier"])
    for carrier, count in carriers:
        context.progress(0.4 + 0.4 * done / total, "progress.reading_tracks", rows=done)
        context.cancel.check()
        done += count
        where = [("carrier", "is null", None)] if carrier is None else [("carrier", "=", carrier)]
        points = store.read("track_point", ["track", "at", XY], where, ["track", "at"])
        moments = from_text(points["at"])
        xy = np.array(points[XY].tolist(), dtype=np.float64).reshape(-1, 2)
        there = np.isfinite(xy).all(axis=1) & ~np.isnat(moments)
        day = to_local(moments, zone).astype("datetime64[D]")
        there &= (day >= np.datetime64(first)) if first else True
        there &= (day <= np.datetime64(last)) if last else True
        if there.any():
            cell = locate_points(xy[there], cells.shapes)
            track = np.unique(points["track"][there].astype(str), return_inverse=True)[1]
            hours += core.hours_in(cell, moments[there].astype(np.int64) / 1000.0, track, len(hours))
    return hours


def _plain(values: NDArray[Any]) -> list[Any]:
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values.tolist()]
