# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats from outside: a vendor's polygons, a table of unit grids with their beat, or a draft that was adopted."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.rows import text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.checks import assign_community
from digital_citymgmt_plugin.core.mapping import RowProblem
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Context, Source
from digital_citymgmt_plugin.core.requests_beats import ImportBeats
from digital_citymgmt_plugin.services.beat_rows import CURRENT
from digital_citymgmt_plugin.services.beat_saving import CODE_LENGTH, store_members
from digital_citymgmt_plugin.services.intake import (
    Placer,
    Tally,
    base_name,
    notes_of,
    objects,
    open_layer,
    source_crs,
)
from digital_citymgmt_plugin.services.placing import multipolygons
from digital_citymgmt_plugin.services.rejecting import CRS, SOURCE, origin_of, reject_list

_CLEAR = 0.5  # of a unit grid: what its beat must hold so that nothing has to be said
_LISTED = 20


def import_beats(context: Context, request: ImportBeats) -> dict[str, Any]:
    """Bring beats in: their codes, names and unit grids. All grids that the file does not name have no beat afterwards.

    With ``grid_field`` each row names a unit grid (by its code) and its beat. Else rows are polygons of beats: each
    current grid goes to the one that holds most of it, and grids that lie in two are named in the notes. A beat may
    consist of several rows.

    Returns
    -------
    dict
        Counts ``read`` = ``accepted`` + ``rejected``, those of ``save_beats``, ``beats``, ``grids_without``.

    Raises
    ------
    InputRefused
        No geometry, no CRS, wrong CRS, empty, no such field; ``beats.nothing_left``; ``beats.no_grids``;
        ``beats.code_used``.
    """
    store = context.need_store()
    grids = store.read("unit_grid", ["uuid", "code", GEOM], CURRENT, ["code"])
    if not len(grids["code"]):
        raise InputRefused("beats.no_grids")
    file = base_name(request.input.path)
    taken, tally, notes, path = _taken(context, request, file, set(grids["code"].tolist()))
    if not tally.read:
        raise InputRefused("input.empty", file=file, layer=request.input.layer or "")
    if not len(taken["code"]):
        raise InputRefused("beats.nothing_left", file=file, count=tally.read, reason=next(iter(tally.reasons)))
    members = dict.fromkeys(grids["code"].tolist(), "")
    if request.grid_field:
        members.update(zip(taken["grid"].tolist(), taken["code"].tolist()))
    else:
        members.update(_by_place(grids, taken, notes))
    names = {code: name for code, name in zip(taken["code"].tolist(), taken["name"].tolist()) if name}
    without = sorted(grid for grid, code in members.items() if not code)
    if without:
        listed = ", ".join(without[:_LISTED]) + (" …" if len(without) > _LISTED else "")
        notes.append({"code": "beats.without", "values": {"count": len(without), "codes": listed}})
    result = store_members(context, "import_beats", members, names, file=file)
    held = {code for code in members.values() if code}
    result["counts"] = {**tally.counts(), **result["counts"], "beats": len(held), "grids_without": len(without)}
    return {**result, "notes": notes, "reasons": tally.reasons, "rejects": path}


def _taken(
    context: Context, request: ImportBeats, file: str, known: set[str]
) -> tuple[Columns, Tally, list[dict[str, Any]], str | None]:
    """Open and read the file: the good rows, their tally, what is to be said, the reject list if there is one."""
    source = open_layer(context, request.input)
    try:
        fields = [item.name for item in source.info.fields]
        for wanted in (request.code_field, request.name_field, request.grid_field):
            if wanted and wanted not in fields:
                raise InputRefused("input.no_field", field=wanted, file=file, known=", ".join(fields))
        placer, origin = None, {SOURCE: origin_of(source, file)}
        if not request.grid_field:
            if source.info.geometry is None:
                raise InputRefused("input.no_geometry", file=file, layer=request.input.layer or "")
            origin[CRS] = source_crs(context, request.input, source)
            placer = Placer(context, origin[CRS], file, strict=True)
        with reject_list(context, request.rejects, source) as rejects:
            tally = Tally(rejects, origin)
            taken = _read(context, request, source, placer, tally, known)
            rejects.close()
            path = request.rejects if rejects.count else None
    finally:
        source.close()
    return taken, tally, notes_of(placer, source), path


def _read(
    context: Context, request: ImportBeats, source: Source, placer: Placer | None, tally: Tally, known: set[str]
) -> Columns:
    """Read the good rows: code, name, and grid or shape."""
    parts: list[Columns] = []
    seen: set[str] = set()
    for chunk in source.chunks():
        context.cancel.check()
        tally.read += len(chunk[ROW])
        codes = objects(text(value) for value in chunk[request.code_field].tolist())
        problems = _code_problems(codes, request.code_field)
        part: Columns = {"code": codes, "name": objects([None] * len(codes))}
        if request.name_field:
            part["name"] = objects(text(value) for value in chunk[request.name_field].tolist())
        if placer is not None:
            shapes, reasons = placer.place(chunk[GEOM])
            shapes, _repaired, wrong = multipolygons(shapes)
            for index in np.flatnonzero(wrong).tolist():
                reasons.setdefault(index, "reject.not_polygon")
            problems += [RowProblem(index, reason, {}) for index, reason in sorted(reasons.items())]
            part[GEOM] = shapes
        else:
            part["grid"] = objects(text(value) for value in chunk[str(request.grid_field)].tolist())
            problems += _grid_problems(part["grid"], str(request.grid_field), known, seen)
        keep = tally.reject(chunk, problems)
        parts.append({name: column[keep] for name, column in part.items()})
        context.progress(0.3, "progress.reading", rows=tally.read)
    names = ("code", "name", GEOM if placer is not None else "grid")
    return {name: np.concatenate([np.empty(0, dtype=object), *(part[name] for part in parts)]) for name in names}


def _code_problems(codes: NDArray[Any], field: str) -> list[RowProblem]:
    problems = []
    for index, code in enumerate(codes.tolist()):
        if not code:
            problems.append(RowProblem(index, "reject.missing", {"field": field, "column": field}))
        elif len(code) > CODE_LENGTH:
            problems.append(RowProblem(index, "reject.beat_code", {"value": code, "most": CODE_LENGTH}))
    return problems


def _grid_problems(grids: NDArray[Any], field: str, known: set[str], seen: set[str]) -> list[RowProblem]:
    problems = []
    for index, grid in enumerate(grids.tolist()):
        if not grid:
            problems.append(RowProblem(index, "reject.missing", {"field": field, "column": field}))
        elif grid not in known:
            problems.append(RowProblem(index, "reject.no_such_grid", {"value": grid}))
        elif grid in seen:
            problems.append(RowProblem(index, "reject.duplicate_code", {"value": grid, "field": field}))
        else:
            seen.add(grid)
    return problems


def _by_place(grids: Columns, taken: Columns, notes: list[dict[str, Any]]) -> dict[str, str]:
    """Give each grid to the beat that holds most of it."""
    codes = sorted(set(taken["code"].tolist()))
    shapes = objects(shapely.union_all(taken[GEOM][taken["code"] == code]) for code in codes)
    best, share = assign_community(grids[GEOM], shapes)
    split = [grids["code"][row] for row in np.flatnonzero((best >= 0) & (share < 1 - 1e-3)).tolist()]
    doubtful = [grids["code"][row] for row in np.flatnonzero((best >= 0) & (share < _CLEAR)).tolist()]
    if split:
        values = {"count": len(split), "codes": ", ".join([*doubtful, *split][:_LISTED]), "half": len(doubtful)}
        notes.append({"code": "beats.across", "values": values})
    return {code: codes[row] for code, row in zip(grids["code"].tolist(), best.tolist()) if row >= 0}
