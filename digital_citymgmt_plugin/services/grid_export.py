# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids to another platform: what it loses is told first, then the file is written, read back and compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.platforms import (
    WHOLE_FILE,
    file_losses,
    fill_fields,
    fit_shapes,
    read_back,
)
from digital_citymgmt_plugin.core.platform_profile import SHP, SOURCES, Platform
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_history import CODE_TABLE, ExportGrids, ListPlatforms
from digital_citymgmt_plugin.core.shifted import shift
from digital_citymgmt_plugin.services.grid_history import day_of, read_history
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issue_lists import told

_WGS84 = "EPSG:4326"
_TOLD = 200  # sentences that an answer carries; the report has all


def list_platforms(context: Context, request: ListPlatforms) -> dict[str, Any]:
    """List the profiles, each as its JSON form."""
    found = [asdict(one) for one in context.files.platforms(request.profile)]
    return {"counts": {"platforms": len(found)}, "platforms": found, "operation": None, "tables": [], "notes": []}


def export_grids(context: Context, request: ExportGrids) -> dict[str, Any]:
    """Write the unit grids of a day as a platform wants them.

    What the file or the platform's importer loses is found before anything is written: parts, holes, codes, columns,
    signs, lengths, decimals, shifted coordinates. The file is read back by the reader that census files come in by, and
    compared with what was to be in it: number of features, every field, every shape.

    Returns
    -------
    dict
        Counts ``grids_then``, ``features``, ``losses``, ``grids_hit`` (grids with a loss of their own), ``differs``;
        ``losses``: code → count; ``told``: dicts of code, values and grid (the first 200); ``output``, ``table``,
        ``report``: files written.

    Raises
    ------
    InputRefused
        ``handover.unknown``, ``handover.no_output``, ``handover.ending``, ``lineage.none_on``,
        ``handover.no_profile_file``, ``output.beside``; what writing refuses.
    ProfileError
        ``handover.profile``.
    """
    store = context.need_store()
    known = context.files.platforms(request.profile)
    # Of a file of one's own the first profile is meant, unless another is named.
    first = bool(request.profile) and not request.platform
    platform = next((one for one in known if first or one.code == request.platform), None)
    if platform is None:
        listed = ", ".join(one.code for one in known)
        raise InputRefused("handover.unknown", value=request.platform, known=listed)
    if not request.output and not request.check:
        raise InputRefused("handover.no_output")
    table = context.files.beside(request.output, *CODE_TABLE) if platform.code_table and not request.check else ""
    context.progress(0.1, "progress.reading_grids")
    grids = _grids(context, store, day_of(context, request.day))
    crs = platform.crs or store.meta()["crs"]
    columns, losses = fill_fields(platform, grids)
    context.cancel.check()
    there = _moved(context, platform, grids[GEOM], store.meta()["crs"], crs)
    shapes, rows, lost = fit_shapes(platform, there)
    losses = [*file_losses(platform, [name for name in SOURCES if _filled(grids[name])]), *losses, *lost]
    context.cancel.check()
    made: Columns = {name: column[rows] for name, column in columns.items()}
    made[GEOM] = shapes
    result: dict[str, Any] = {"operation": None, "tables": [], "notes": _notes(platform)}
    differs: list[tuple[int, str, dict[str, Any]]] = []
    if not request.check:
        context.progress(0.4, "progress.writing")
        context.files.write_platform_file(request.output, platform, made, crs)
        context.progress(0.6, "progress.reading_back")
        differs = _compared(context, platform, request.output, made)
        result["output"] = request.output
        if table:
            result["table"] = _code_table(context, table, grids)
    codes = [str(code) for code in grids["code"].tolist()]
    told_of = [_told(one.row, one.code, one.values, codes) for one in losses]
    told_of += [_told(row if row == WHOLE_FILE else int(rows[row]), code, values, codes)
                for row, code, values in differs]  # fmt: skip
    if request.report:
        _report(context, request.report, told_of)
        result["report"] = request.report
    hit = {one.row for one in losses if one.row != WHOLE_FILE}
    counts = {"grids_then": len(codes), "features": len(rows), "losses": len(losses), "grids_hit": len(hit),
              "differs": len(differs)}  # fmt: skip
    result["notes"] += _summed(told_of)
    return {**result, "counts": counts, "losses": dict(Counter(one["code"] for one in told_of)),
            "told": told_of[:_TOLD]}  # fmt: skip


def _grids(context: Context, store: Store, day: str) -> Columns:
    """Read the grids of a day with the names of their communities and streets."""
    found = read_history(store).on(day)
    if not len(found["code"]):
        raise InputRefused("lineage.none_on", day=day)
    remarks = store.read("unit_grid", ["uuid", "remark"])
    remark = dict(zip(remarks["uuid"].tolist(), remarks["remark"].tolist()))
    where: list[Condition] = [("valid_to", "is null", None)]
    areas = store.read("admin_area", ["level", "code", "name", "parent_code"], where)
    named = {
        (level, code): (name, parent)
        for level, code, name, parent in zip(*(areas[key].tolist() for key in ("level", "code", "name", "parent_code")))
    }
    communities = found["community_code"].tolist()
    of = [named.get(("community", code), (None, None)) for code in communities]
    streets = [parent or (code[:9] if code else None) for code, (_, parent) in zip(communities, of)]
    found["community_name"] = objects(name for name, _ in of)
    found["street_code"] = objects(streets)
    found["street_name"] = objects(named.get(("street", code), (None, None))[0] for code in streets)
    found["remark"] = objects(remark.get(uuid) for uuid in found["uuid"].tolist())
    return found


def _filled(column: NDArray[Any]) -> bool:
    return any(value not in (None, "") for value in column.tolist())


def _moved(context: Context, platform: Platform, shapes: NDArray[Any], source: str, crs: str) -> NDArray[np.object_]:
    """Bring shapes into the CRS of the file; shifted degrees as online maps have them."""
    there = shapes if context.projections.same(source, crs) else context.projections.transform(shapes, source, crs)
    if platform.shift == "none":
        return there

    def shifted(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(shift(platform.shift, xy[:, 0], xy[:, 1]))

    moved: NDArray[np.object_] = shapely.transform(there, shifted)
    return moved


def _compared(context: Context, platform: Platform, path: str, made: Columns) -> list[tuple[int, str, dict[str, Any]]]:
    source = context.files.open_source(path, encoding=platform.encoding if platform.format == SHP else None)
    try:
        names = [name for name in made if name != GEOM]
        parts: dict[str, list[Any]] = {name: [] for name in [*names, GEOM]}
        for chunk in source.chunks():
            context.cancel.check()
            for name in parts:
                if name in chunk:
                    parts[name] += chunk[name].tolist()
    finally:
        source.close()
    found = {name: objects(values) for name, values in parts.items() if values or name == GEOM}
    return read_back(made, found, platform.decimals)


def _code_table(context: Context, target: str, grids: Columns) -> str:
    """Write the codes beside the file, since the importer drops them or has no room for them."""
    words = context.sentences or {}
    table = {told(words, "handover", "column", name): grids[name] for name in SOURCES}
    context.files.write_layer(target, "codes", table, None, None)
    return target


def _told(row: int, code: str, values: Any, codes: list[str]) -> dict[str, Any]:
    grid = "" if row == WHOLE_FILE else codes[row]
    return {"code": code, "values": {"grid": grid, **values}, "grid": grid}


def _summed(told_of: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return notes: what concerns the whole file, and of each kind that concerns grids the first and how many more."""
    notes = [{"code": one["code"], "values": one["values"]} for one in told_of if not one["grid"]]
    kinds: dict[str, list[dict[str, Any]]] = {}
    for one in told_of:
        if one["grid"]:
            kinds.setdefault(one["code"], []).append(one)
    for code, alike in kinds.items():
        notes.append({"code": code, "values": alike[0]["values"]})
        more = len({one["grid"] for one in alike}) - 1
        if more:
            notes.append({"code": "handover.alike", "values": {"count": more}})
    return notes


def _notes(platform: Platform) -> list[dict[str, Any]]:
    return [{"code": "handover.evidence", "values": {"evidence": platform.evidence}}] if platform.evidence else []


def _report(context: Context, path: str, told_of: list[dict[str, Any]]) -> None:
    words = context.sentences or {}
    names = ("grid", "kind", "sentence")
    columns: Columns = {
        "grid": objects(one["grid"] for one in told_of), "kind": objects(one["code"] for one in told_of),
        "sentence": objects(_sentence(words, one) for one in told_of),
    }  # fmt: skip
    table = {told(words, "handover", "column", name): columns[name] for name in names}
    context.files.write_layer(path, "losses", table, None, None)


def _sentence(words: Any, one: dict[str, Any]) -> str:
    text = str(words.get(one["code"], one["code"]))
    for name, value in one["values"].items():
        text = text.replace("{" + name + "}", str(value))
    return text
