# SPDX-License-Identifier: GPL-2.0-or-later
"""Clusters of cases in space and time, with their dates, cells and cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.hotspots import scan as core
from digital_citymgmt_plugin.core.ports import GEOM, Context
from digital_citymgmt_plugin.core.requests_scan import ScanClusters
from digital_citymgmt_plugin.services.assessment.said import said
from digital_citymgmt_plugin.services.beat_rows import grid_figures, outline
from digital_citymgmt_plugin.services.hotspots.picking import (
    HEXAGON,
    Cells,
    cell_of,
    cells_of,
    days_of,
    hexagons,
    pick,
    write_shapes,
)
from digital_citymgmt_plugin.services.intake import objects

EXPOSURE_SAID = {
    "even": "scan.exposure_even", "area": "scan.exposure_area", "road_km": "scan.exposure_road_km",
    "components": "scan.exposure_components",
}  # fmt: skip
MODEL_SAID = {core.POISSON: "scan.model_poisson", core.PERMUTATION: "scan.model_permutation"}
PERIODS = ("day", "week", "month")
_MOST = {"cylinders": 400_000_000, "simulations": 9_999, "periods": 1_500}
_FIGURES = {"area": "area", "road_km": "road", "components": "components"}


def scan_clusters(context: Context, request: ScanClusters) -> dict[str, Any]:
    """Find clusters and write them, where asked, as a layer of their cells; nothing is written into the store.

    Returns
    -------
    dict
        ``counts`` (cases, elsewhere: in no cell or in cells without exposure, undated, cells, periods, clusters,
        certain, cylinders), ``clusters`` (number, from, to, cells, cases, expected, ratio, relative, p, radius,
        certain), ``remarks``, ``output``.

    Raises
    ------
    InputRefused
        ``scan.choice``, ``scan.number``, ``scan.hexagon`` (they have no denominator),
        ``scan.by``, ``scan.no_cells``, ``scan.no_cases``, ``scan.exposure``,
        ``scan.one_period``, ``scan.too_much``; those of ``pick``.
    """
    _check(request)
    cells = None if request.by == HEXAGON else cells_of(context.need_store(), request.by)
    picked = pick(context, request)
    undated = picked.undated + int(np.isnat(picked.local).sum())
    picked = picked.at(~np.isnat(picked.local))
    if cells is None:
        cells, row = hexagons(picked, request.across)
    else:
        row = cell_of(cells, picked, request.by)
    weight = exposures(context, cells, request)
    inside = row >= 0
    if request.model == core.POISSON:
        inside[inside] &= weight[row[inside]] > 0
    if not inside.any():
        raise InputRefused("scan.no_cases")
    edges = period_edges(picked.local, request)
    periods = len(edges) - 1
    if request.model == core.PERMUTATION and periods == 1:
        raise InputRefused("scan.one_period")
    period = np.searchsorted(edges, picked.local[inside].astype("datetime64[D]"), side="right") - 1
    size = len(cells.codes)
    counts = np.bincount(row[inside] * periods + period, minlength=size * periods).reshape(size, periods)
    lengths = np.diff(edges).astype(np.float64)
    exposure = np.outer(weight, lengths)
    expected = core.expected_cases(counts, request.model, exposure, request.trend)
    longest = min(request.longest or max(1, periods // 2), periods)
    spans = core.windows(periods, longest, request.prospective)
    ground = core.zones(cells.centre, expected.sum(axis=1), request.radius, request.most)
    if int(ground.size.sum()) * len(spans.first) > _MOST["cylinders"]:
        raise InputRefused("scan.too_much", count=int(ground.size.sum()) * len(spans.first), most=_MOST["cylinders"])

    def tell(done: float) -> None:
        context.progress(0.35 + 0.6 * done, "progress.simulating", rows=round(done * (request.simulations + 1)))
        context.cancel.check()

    found = core.scan(
        counts, expected, ground, spans, model=request.model, simulations=request.simulations, seed=request.seed,
        limit=request.limit, tell=tell,
    )  # fmt: skip
    listed = [_told(number, one, cells, edges, request) for number, one in enumerate(found.clusters, start=1)]
    certain = sum(one["certain"] for one in listed)
    counted = {
        "cases": found.cases, "elsewhere": int((~inside).sum()), "undated": undated, "cells": size, "periods": periods,
        "clusters": len(listed), "certain": certain, "cylinders": found.cylinders,
    }  # fmt: skip
    if request.output:
        context.progress(0.97, "progress.writing")
        _write(context, request.output, found.clusters, listed, cells)
    return {
        "counts": counted, "operation": None, "tables": [], "notes": [], "clusters": listed, "output": request.output,
        "remarks": _remarks(context, request, counted, edges),
    }  # fmt: skip


def _check(request: ScanClusters) -> None:
    for name, known in (
        ("model", core.MODELS), ("exposure", tuple(EXPOSURE_SAID)), ("period", PERIODS)
    ):  # fmt: skip
        if getattr(request, name) not in known:
            raise InputRefused("scan.choice", field=name, value=getattr(request, name), known=", ".join(known))
    if request.by == HEXAGON and request.model != core.PERMUTATION:
        raise InputRefused("scan.hexagon")
    bounds: tuple[tuple[str, float, float], ...] = (
        ("across", 20, 20_000), ("longest", 0, _MOST["periods"]), ("radius", 0, 1e6), ("most", 1, 5_000),
        ("seed", 0, 2**32), ("simulations", 0, _MOST["simulations"]), ("level", 0, 1), ("limit", 1, 1_000),
    )  # fmt: skip
    for name, least, most in bounds:
        if not least <= getattr(request, name) <= most:
            raise InputRefused("scan.number", field=name, value=getattr(request, name), least=least, most=most)


def exposures(context: Context, cells: Cells, request: ScanClusters) -> NDArray[np.float64]:
    """Return what cases could come of, by cell; ``scan.exposure`` where the store knows none."""
    if request.exposure == "even" or request.model == core.PERMUTATION:
        return np.ones(len(cells.codes))
    if request.exposure == "area":
        return np.asarray(shapely.area(cells.shapes), dtype=np.float64)
    figures = grid_figures(context, 0)
    values = np.array(figures.figures[_FIGURES[request.exposure]])
    if request.by == "grid":
        of = dict(zip(figures.grids["code"].tolist(), values.tolist()))
        weight = np.array([of.get(code, 0.0) for code in cells.codes.tolist()])
    else:  # areas have the sum of the grids that lie in them
        tree = shapely.STRtree(shapely.point_on_surface(figures.grids[GEOM]))
        area, grid = tree.query(cells.shapes, predicate="intersects")
        weight = np.bincount(area, values[grid], minlength=len(cells.codes))
    if not weight.sum() > 0:
        raise InputRefused("scan.exposure", value=request.exposure)
    return weight


def period_edges(local: NDArray[np.datetime64], request: ScanClusters) -> NDArray[np.datetime64]:
    """Return first days of periods and the day after the last: weeks end with the last day, the first may be shorter.

    Weeks counted back from the end leave no broken week there, which would always look quiet.
    """
    first, last = days_of(request)
    day = local.astype("datetime64[D]")
    start = np.datetime64(first) if first else day.min()
    end = (np.datetime64(last) if last else day.max()) + 1
    if request.period == "month":
        months = np.arange(start.astype("datetime64[M]") + 1, (end - 1).astype("datetime64[M]") + 1)
        edges = [start, *months.astype("datetime64[D]").tolist(), end]
        made = np.array(edges, dtype="datetime64[D]")
    else:
        step = 7 if request.period == "week" else 1
        made = np.arange(end, start, -step)[::-1]
        made = np.concatenate([[start], made]).astype("datetime64[D]")
    if len(made) - 1 > _MOST["periods"]:
        raise InputRefused("scan.number", field="period", value=len(made) - 1, least=1, most=_MOST["periods"])
    return made


def _told(number: int, one: core.Cluster, cells: Cells, edges: NDArray[Any], request: ScanClusters) -> dict[str, Any]:
    return {
        "number": number, "from": str(edges[one.first]), "to": str(edges[one.last + 1] - 1),
        "cells": cells.codes[one.cells].tolist(), "cases": one.cases, "expected": round(one.expected, 3),
        "ratio": round(one.ratio, 4), "relative": round(one.relative, 3) if np.isfinite(one.relative) else None,
        "p": one.p, "radius": round(one.radius, 1), "certain": bool(one.p <= request.level),
    }  # fmt: skip


def _remarks(context: Context, request: ScanClusters, counts: dict[str, int], edges: NDArray[Any]) -> list[str]:
    lines = [
        said(context, MODEL_SAID[request.model]),
        said(context, "scan.period", first=edges[0], last=edges[-1] - 1, count=counts["periods"]),
        said(context, "scan.monte_carlo", simulations=request.simulations, seed=request.seed),
        said(context, "scan.circles", most=request.most, radius=request.radius),
        said(context, "scan.elsewhere", elsewhere=counts["elsewhere"], undated=counts["undated"]),
    ]  # fmt: skip
    if request.model == core.POISSON:
        lines.insert(1, said(context, EXPOSURE_SAID[request.exposure]))
    return lines


def _write(
    context: Context, path: str, clusters: tuple[core.Cluster, ...], listed: list[dict[str, Any]], cells: Cells
) -> None:
    """Write one shape for each cluster: the union of its cells."""
    names = ("number", "from", "to", "cases", "expected", "ratio", "relative", "p", "radius", "certain")
    columns: dict[str, NDArray[Any]] = {}
    for name in names:
        values = [one[name] for one in listed]
        if name in ("from", "to"):
            columns[f"{name}_day"] = objects(values)
        elif name in ("number", "cases", "certain"):
            columns[name] = np.array(values, dtype=np.int64)
        else:
            columns[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    columns["cells"] = np.array([len(one["cells"]) for one in listed], dtype=np.int64)
    columns["codes"] = objects(",".join(one["cells"]) for one in listed)
    shapes = objects(outline(cells.shapes[one.cells]) for one in clusters)
    write_shapes(context, path, "clusters", columns, shapes)
