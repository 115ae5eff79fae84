# SPDX-License-Identifier: GPL-2.0-or-later
"""Hot and cold spots: cells around which there are more, or fewer, cases than chance gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.hotspots import gistar
from digital_citymgmt_plugin.core.hotspots.fdr import certain
from digital_citymgmt_plugin.core.hotspots.neighbours import Neighbours, queen, within
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_hotspots import Hotspots
from digital_citymgmt_plugin.core.requests_scan import ScanClusters
from digital_citymgmt_plugin.services.assessment.said import said
from digital_citymgmt_plugin.services.hotspots.picking import Cells, cell_of, cells_of, pick, write_shapes
from digital_citymgmt_plugin.services.hotspots.scan import EXPOSURE_SAID, exposures

NEIGHBOURS = ("queen", "distance")
LEVELS = ((0.01, 99), (0.05, 95), (0.10, 90))  # share of false ones that is borne, and the band's name
_FEWEST = 30  # cells; a default of the plugin: with fewer the curve of chance is a guess
_MOST_PAIRS = 20_000_000
_UNITS = {"area": 1e6, "road_km": 1e3}  # square metres of a km², metres of a km


def hotspots(context: Context, request: Hotspots) -> dict[str, Any]:
    """Find hot and cold spots and write them, where asked, as a layer; nothing is written into the store.

    Cells without exposure, or with hardly any, are left out of the statistic: their rates are noise. Cases without a
    point count by the cell that they name.

    Returns
    -------
    dict
        ``counts`` (cases, elsewhere, cells, left_out, islands, hot, cold), ``cells`` (code, name, cases, exposure in
        km², km, components or 1, value: cases per unit of it, neighbours, z, chance and pseudo_p as shares of 1, band:
        99, 95, 90, 0, −90 …; None where left out), ``remarks``, ``output``.

    Raises
    ------
    InputRefused
        ``scan.choice``, ``scan.number``, ``scan.by``, ``scan.no_cells``, ``scan.no_cases``, ``scan.exposure``,
        ``hotspot.few_cells``, ``hotspot.alike``, ``hotspot.too_many``; those of ``pick``.
    """
    _check(request)
    cells = cells_of(context.need_store(), request.by)
    picked = pick(context, request)
    row = cell_of(cells, picked, request.by)
    if not (row >= 0).any():
        raise InputRefused("scan.no_cases")
    cases = np.bincount(row[row >= 0], minlength=len(cells.codes)).astype(np.float64)
    weight = exposures(context, cells, ScanClusters(by=request.by, model="poisson", exposure=request.exposure))
    weight = weight / _UNITS.get(request.exposure, 1.0)
    judged = np.flatnonzero(weight > request.least * weight.mean() * (request.exposure != "even"))
    if len(judged) < _FEWEST:
        raise InputRefused("hotspot.few_cells", count=len(judged), least=_FEWEST)
    value = cases[judged] / weight[judged]
    if np.ptp(value) == 0:
        raise InputRefused("hotspot.alike", count=len(judged))
    context.progress(0.4, "progress.counting")
    part = Cells(cells.codes[judged], cells.names[judged], cells.shapes[judged])
    near = _neighbours(part, request)
    context.cancel.check()
    figures = _figures(context, request, value, near)
    whole = {name: np.full(len(cells.codes), np.nan) for name in (*figures, "value")}
    for name, values in {**figures, "value": value}.items():
        whole[name][judged] = values
    band = np.nan_to_num(whole["band"]).astype(np.int64)
    counted = {
        "cases": int(cases.sum()), "elsewhere": int((row < 0).sum()), "cells": len(cells.codes),
        "left_out": len(cells.codes) - len(judged), "islands": len(near.islands), "hot": int((band > 0).sum()),
        "cold": int((band < 0).sum()),
    }  # fmt: skip
    columns = {"cases": cases.astype(np.int64), "exposure": weight, **whole}
    if request.output:
        context.progress(0.95, "progress.writing")
        table = {"code": cells.codes, "name": cells.names, **columns}
        write_shapes(context, request.output, "hotspots", table, cells.shapes)
    return {
        "counts": counted, "operation": None, "tables": [], "notes": [], "cells": _listed(cells, columns),
        "output": request.output, "remarks": _remarks(context, request, counted),
    }  # fmt: skip


def _check(request: Hotspots) -> None:
    for name, known in (("neighbours", NEIGHBOURS), ("exposure", tuple(EXPOSURE_SAID))):
        if getattr(request, name) not in known:
            raise InputRefused("scan.choice", field=name, value=getattr(request, name), known=", ".join(known))
    bounds: tuple[tuple[str, float, float], ...] = (
        ("metres", 1, 1e6), ("permutations", 0, 99_999), ("seed", 0, 2**32), ("least", 0, 1)
    )  # fmt: skip
    for name, least, most in bounds:
        if not least <= getattr(request, name) <= most:
            raise InputRefused("scan.number", field=name, value=getattr(request, name), least=least, most=most)


def _neighbours(cells: Cells, request: Hotspots) -> Neighbours:
    if request.neighbours == "queen":
        return queen(cells.shapes)
    near = within(cells.centre, request.metres)
    if int(near.count.sum()) > _MOST_PAIRS:
        raise InputRefused("hotspot.too_many", count=int(near.count.sum()), most=_MOST_PAIRS)
    return near


def _figures(
    context: Context, request: Hotspots, value: NDArray[np.float64], near: Neighbours
) -> dict[str, NDArray[np.float64]]:
    def tell(done: float) -> None:
        context.progress(0.4 + 0.5 * done, "progress.simulating", rows=round(done * request.permutations))
        context.cancel.check()

    z = gistar.local_g(value, near, star=request.star)
    chance = gistar.chances(value, near)
    pseudo = np.full(len(value), np.nan)
    if request.permutations:
        pseudo = gistar.permuted(value, near, request.permutations, request.seed, tell)
    side = np.sign(gistar.local_g(value, near, star=False))
    band = np.zeros(len(value))
    for level, name in reversed(LEVELS):
        band = np.where(certain(chance, level), side * name, band)
    return {"neighbours": near.count.astype(np.float64), "z": z, "chance": chance, "pseudo_p": pseudo, "band": band}


def _listed(cells: Cells, columns: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    figures = {
        name: [None if value != value else value for value in values.tolist()] for name, values in columns.items()
    }
    return [
        {"code": code, "name": name, **dict(zip(figures, row))}
        for code, name, *row in zip(cells.codes.tolist(), cells.names.tolist(), *figures.values())
    ]


def _remarks(context: Context, request: Hotspots, counts: dict[str, int]) -> list[str]:
    lines = [
        said(context, "hotspot.statistic_star" if request.star else "hotspot.statistic"),
        said(context, EXPOSURE_SAID[request.exposure]),
        said(context, f"hotspot.{request.neighbours}", metres=request.metres),
        said(context, "hotspot.chance"),
        said(context, "hotspot.left_out", left_out=counts["left_out"], islands=counts["islands"]),
        said(context, "hotspot.elsewhere", elsewhere=counts["elsewhere"]),
    ]
    if request.permutations:
        lines.append(said(context, "hotspot.permutations", count=request.permutations, seed=request.seed))
    return lines
