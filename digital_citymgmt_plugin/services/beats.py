# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats (责任网格): listed with what they carry, drafted, exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, InputRefused
from digital_citymgmt_plugin.core.grids.beat_loads import MEASURES, checked_weights, loads_of
from digital_citymgmt_plugin.core.grids.beat_start import pieces_of
from digital_citymgmt_plugin.core.grids.beats import BeatDraft, BeatOptions
from digital_citymgmt_plugin.core.grids.beats import draft_beats as draft
from digital_citymgmt_plugin.core.ports import GEOM, Context, Sheet, Store
from digital_citymgmt_plugin.core.requests_beats import DraftBeats, ExportBeats, ListBeats
from digital_citymgmt_plugin.services.beat_rows import (
    GridFigures,
    grid_figures,
    outline,
    read_beats,
)
from digital_citymgmt_plugin.services.intake import objects


def list_beats(context: Context, request: ListBeats) -> dict[str, Any]:
    """Read beats, and all unit grids with their figures and neighbours.

    Returns
    -------
    dict
        ``grids``: ``code``, ``community``, ``beat`` (code or ""), ``area`` (m²), ``components``, ``cases``, ``road``
        (m), and with ``shapes`` ``shape`` (WKB hex), each a list; ``edges``: pairs of grids by number with a common
        edge; ``bridges``: pairs across a gap with its width in m; ``beats``: ``code``, ``name``; counts ``grids``,
        ``beats``, ``without``; ``next``: the code that a new beat would get.
    """
    store = context.need_store()
    found, beats = grid_figures(context, request.days), read_beats(store)
    codes = beats.code_of
    of = [codes.get(beats.beat_of.get(uuid, ""), "") for uuid in found.grids["uuid"].tolist()]
    grids: dict[str, list[Any]] = {
        "code": found.grids["code"].tolist(), "community": found.grids["community_code"].tolist(), "beat": of,
        **{name: [round(value, 1) for value in found.figures[name]] for name in MEASURES},
    }  # fmt: skip
    if request.shapes:
        grids["shape"] = shapely.to_wkb(found.grids[GEOM], hex=True).tolist()
    across = {(one, other) for one, other, _ in found.ground.bridges}
    edges = [
        [one, other] for one, row in enumerate(found.ground.near) for other, _ in row
        if one < other and (one, other) not in across
    ]  # fmt: skip
    listed = [
        {"code": code, "name": str(name or "")}
        for code, name in zip(beats.beats["code"].tolist(), beats.beats["name"].tolist())
    ]
    counts = {"grids": len(of), "beats": len(listed), "without": of.count("")}
    return {
        "counts": counts, "grids": grids, "edges": edges, "bridges": [list(row) for row in found.ground.bridges],
        "beats": listed, "next": next_codes(store, 1)[0], "tables": [], "notes": _outside(store),
    }  # fmt: skip


def _outside(store: Store) -> list[dict[str, Any]]:
    """Say how many components have no unit grid: no beat carries them."""
    count = store.count("component_point", [("grid_code", "is null", None), ("merged_uuid", "is null", None)])
    return [{"code": "beats.outside", "values": {"count": count}}] if count else []


def next_codes(store: Store, count: int) -> list[str]:
    """Return the next codes of beats: three digits, after the highest ever used."""
    used = [
        int(code)
        for code in store.read("beat", ["code"])["code"].tolist()
        if code and code.isascii() and code.isdigit()
    ]
    first = max(used, default=0) + 1
    return [f"{number:03d}" for number in range(first, first + count)]


def draft_beats(context: Context, request: DraftBeats) -> dict[str, Any]:
    """Divide the current unit grids into connected beats of even load, anew or from those of today.

    Beats of today keep their codes; new ones get the next, west to east and north to south. When the user stops it, the
    best so far comes out, and that is said.

    Returns
    -------
    dict
        Counts ``grids_in_beats``, ``beats``, ``moved``, ``uneven_beats`` (out of tolerance); ``uneven``: how far the
        beat that is farthest off lies from the even load, in percent; ``before``: the same of what it began with;
        ``members``: code of the grid → code of the beat; ``stopped``.

    Raises
    ------
    InputRefused
        ``beats.no_grids``, ``beats.weights``, ``beats.tolerance``, ``beats.moves``, ``beats.unknown`` (a locked beat or
        grid), and what ``core.grids.beats`` refuses.
    """
    if not 0 <= request.tolerance < 1:
        raise InputRefused("beats.tolerance", value=request.tolerance)
    if request.moves is not None and request.moves < 0:
        raise InputRefused("beats.moves", value=request.moves)
    weights = checked_weights(request.weights)
    store = context.need_store()
    found = _need_grids(context, request.days)
    loads = np.array(loads_of(found.figures, weights))
    codes: list[str] = []
    start = None
    if request.from_current or request.members is not None or request.locked or request.locked_grids:
        codes, start = _today(store, found, request.members)
    size, grids = len(codes), found.grids["code"].tolist()
    if not 1 <= request.count <= len(grids):  # before codes are made for so many
        raise InputRefused("beats.count", count=request.count, grids=len(grids))
    options = BeatOptions(
        request.tolerance, start if size else None, request.moves, _rows(request.locked, codes),
        _rows(request.locked_grids, grids), request.seed,
    )  # fmt: skip
    fresh = next_codes(store, request.count + size)
    crs = store.meta()["crs"]  # the store is not to be read any more once the user has stopped it
    result = draft(
        found.ground, loads, request.count, options, _stop(context),
        lambda share: context.progress(0.05 + 0.9 * share, "progress.drafting_beats"),
    )  # fmt: skip
    names = _names(found, result, options, codes, fresh)
    label = [names[beat] for beat in result.beat.tolist()]
    if request.output:
        _write(context, request.output, crs, found, label, loads, result.target, weights)
    over = int((np.abs(result.load / result.target - 1) > request.tolerance + 1e-9).sum())
    before = None
    if options.start is not None:
        inside = options.start >= 0
        held = np.bincount(options.start[inside], loads[inside], minlength=size)
        before = round(100 * float(np.abs(held / (held.sum() / size) - 1).max()), 2) if held.sum() > 0 else None
    notes = [*({"code": code, "values": _told(code, values, grids, names)} for code, values in result.notes)]
    if result.stopped:
        notes.append({"code": "beats.stopped", "values": {}})
    notes.append({"code": "beats.even", "values": {"uneven": f"{100 * result.uneven:.1f}", "moved": result.moved}})
    return {
        "counts": {"grids_in_beats": len(label), "beats": request.count, "moved": result.moved, "uneven_beats": over},
        "operation": None, "tables": [], "notes": notes, "members": dict(zip(grids, label)),
        "uneven": round(100 * result.uneven, 2), "before": before, "target": round(result.target, 3),
        "stopped": result.stopped, "output": request.output,
    }  # fmt: skip


def _need_grids(context: Context, days: int) -> GridFigures:
    found = grid_figures(context, days)
    if not len(found.grids["code"]):
        raise InputRefused("beats.no_grids")
    return found


def _stop(context: Context) -> Any:
    def stop() -> bool:
        try:
            context.cancel.check()
        except Cancelled:
            return True
        return False

    return stop


def _today(
    store: Store, found: GridFigures, members: Mapping[str, Any] | None
) -> tuple[list[str], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the codes of today's beats that have grids, and of each grid which one it is in (−1 none)."""
    if members is None:
        beats = read_beats(store)
        codes = beats.code_of
        of = [codes.get(beats.beat_of.get(uuid, ""), "") for uuid in found.grids["uuid"].tolist()]
    else:
        of = [str(members.get(code) or "") for code in found.grids["code"].tolist()]
    known = sorted({code for code in of if code})
    row_of = {code: row for row, code in enumerate(known)}
    return known, np.array([row_of.get(code, -1) for code in of], dtype=np.int64)


def _rows(wanted: list[str] | None, known: list[str]) -> list[int]:
    row_of = {code: row for row, code in enumerate(known)}
    for code in wanted or ():
        if code not in row_of:
            raise InputRefused("beats.unknown", code=code)
    return [row_of[code] for code in wanted or ()]


def _names(
    found: GridFigures, result: BeatDraft, options: BeatOptions, codes: list[str], fresh: list[str]
) -> list[str]:
    """Return the code of each beat of a draft: that of today, or the next, west to east and north to south."""
    count = len(result.load)
    names = [codes[beat] if beat is not None else "" for beat in _onward(result, options, len(codes), count)]
    place = [found.ground.place[result.beat == beat].mean(axis=0) for beat in range(count)]
    spare = iter(code for code in fresh if code not in set(codes))
    for beat in sorted(
        (beat for beat in range(count) if not names[beat]), key=lambda beat: (place[beat][0], -place[beat][1])
    ):
        names[beat] = next(spare)
    return names


def _onward(result: BeatDraft, options: BeatOptions, beats: int, count: int) -> list[int | None]:
    """Return which of today's beats each beat of a draft goes on from: those not dissolved, in their order."""
    kept = [beat for beat in range(beats) if beat not in set(result.dissolved)]
    return [kept[beat] if beat < len(kept) else None for beat in range(count)]


def _told(code: str, values: Mapping[str, Any], grids: list[str], names: list[str]) -> dict[str, Any]:
    """Return the values of a note with codes in the place of numbers."""
    told = dict(values)
    if "grid" in told:
        told["grid"] = grids[told["grid"]]
    if "beat" in told:
        told["beat"] = names[told["beat"]]
    return told


def figures_of(
    found: GridFigures, label: list[str], loads: Any, target: float | None = None
) -> dict[str, dict[str, Any]]:
    """Return by beat: grids, area in m², components, cases, road in m, load, off (share of the even load), pieces."""
    rows: dict[str, list[int]] = {}
    for row, code in enumerate(label):
        if code:
            rows.setdefault(code, []).append(row)
    if target is None:
        target = sum(float(loads[row]) for members in rows.values() for row in members) / max(len(rows), 1)
    table = {}
    for code in sorted(rows):
        members = rows[code]
        load = float(sum(float(loads[row]) for row in members))
        table[code] = {
            "grids": len(members), **{name: sum(found.figures[name][row] for row in members) for name in MEASURES},
            "load": load, "off": load / target - 1 if target > 0 else 0.0,
            "pieces": len(pieces_of(found.ground, members)),
        }  # fmt: skip
    return table


def _write(
    context: Context, path: str, crs: str, found: GridFigures, label: list[str], loads: Any, target: float,
    weights: Mapping[str, float],
) -> None:  # fmt: skip
    """Write the beats of a draft as a layer."""
    table = figures_of(found, label, loads, target)
    shapes = [outline(found.grids[GEOM][[of == code for of in label]]) for code in table]
    columns: dict[str, Any] = {"code": objects(table), **{
        name: np.array([row[name] for row in table.values()], dtype=kind)
        for name, kind in (("grids", np.int64), ("components", np.int64), ("cases", np.int64), ("pieces", np.int64))
    }}  # fmt: skip
    columns["area_m2"] = np.round([row["area"] for row in table.values()], 1)
    columns["road_m"] = np.round([row["road"] for row in table.values()], 1)
    columns["load"] = np.round([row["load"] for row in table.values()], 3)
    columns["off_pct"] = np.round([100 * row["off"] for row in table.values()], 2)
    columns["weights"] = objects([", ".join(f"{name}={value:g}" for name, value in weights.items())] * len(table))
    columns[GEOM] = objects(shapes)
    context.files.write_layer(path, "draft_beats", columns, crs, "MultiPolygon")


def export_beats(context: Context, request: ExportBeats) -> dict[str, Any]:
    """Write a workbook: the beats with what they carry, and which unit grids are in each; sums stand under them."""
    store = context.need_store()
    weights = checked_weights(request.weights)
    found = _need_grids(context, request.days)
    codes, start = _today(store, found, request.members)
    label = [codes[beat] if beat >= 0 else "" for beat in start.tolist()]
    loads = loads_of(found.figures, weights)
    beats = read_beats(store)
    names = {code: str(name or "") for code, name in zip(beats.beats["code"].tolist(), beats.beats["name"].tolist())}
    names.update((str(code), str(name or "")) for code, name in (request.names or {}).items())
    table = figures_of(found, label, loads)
    rows = [
        (
            code, names.get(code, ""), row["grids"], round(row["area"] / 1e6, 4), int(row["components"]),
            int(row["cases"]), round(row["road"] / 1000, 3), round(row["load"], 2), round(100 * row["off"], 2),
            row["pieces"],
        )
        for code, row in table.items()
    ]  # fmt: skip
    sums = np.array([row[2:8] for row in rows], dtype=np.float64).reshape(-1, 6).sum(axis=0)
    total = ("合计", "", *np.round(sums, 4).tolist(), "", "")
    head = (
        "责任网格编码", "名称", "单元网格数", "面积（平方千米）", "部件数", "案件数", "道路（千米）", "工作量",
        "偏离均值（%）", "片数",
    )  # fmt: skip
    members = [
        (code, names.get(code, ""), grid, community)
        for code, grid, community in sorted(
            zip(label, *(found.grids[name].tolist() for name in ("code", "community_code")))
        )
    ]
    sheets = [
        Sheet("责任网格", head, [*rows, total]),
        Sheet("单元网格", ("责任网格编码", "名称", "单元网格编码", "社区编码"), members),
    ]
    context.files.write_workbook(request.output, sheets)
    counts = {"beats": len(rows), "grids_in_beats": len(members)}
    return {"counts": counts, "operation": None, "tables": [], "notes": [], "output": request.output}
