# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids numbered anew in reading order: new codes, the old ones retired, and a crosswalk that ties them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.allocation import allocate
from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.codes import UNIT_GRID, CodeScheme
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.numbering import number_cells
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_history import RenumberGrids
from digital_citymgmt_plugin.services.case_events import REHOME, amended, moved_text
from digital_citymgmt_plugin.services.census_write import register_codes
from digital_citymgmt_plugin.services.intake import objects, today
from digital_citymgmt_plugin.services.issue_lists import told

KIND = "renumber_grids"
TABLES = [
    "unit_grid", "grid_lineage", "code_register", "check_issue", *COMPONENTS, "component_change", "case_record",
    "case_event", "place", "camera", "beat_member",
]  # fmt: skip
_CARRIED = ("name", "community_code", "area_m2", "remark")  # of the grid, not of its code
_FEW = 2_000  # codes that a condition names
_PART = 100_000  # events written at once


def renumber_grids(context: Context, request: RenumberGrids) -> dict[str, Any]:
    """Number the grids of communities anew, west to east, north to south, after the highest number ever used.

    A grid's code is its identity: each grid gets a successor of the same shape, with its whole area in the lineage.
    Codes of components carry no grid and stay; the grid that components, cases, places, cameras, beats and issues name
    follows. Communities whose grids stand in reading order without a gap are left alone.

    Returns
    -------
    dict
        Counts ``communities``, ``grids_renumbered``, ``unchanged`` (grids of communities in order),
        ``components_moved``, ``cases_moved``, ``beats_moved``; ``output``.

    Raises
    ------
    InputRefused
        ``renumber.community`` (no grids of that code), ``renumber.no_grids``.
    CodeError
        ``codes.exhausted`` before anything is written.
    """
    store = context.need_store()
    where: list[Condition] = [("status", "=", "current"), ("community_code", "not null", None)]
    grids = store.read("unit_grid", ["fid", "uuid", "code", *_CARRIED, GEOM], where, ["code"])
    communities = grids["community_code"].astype(str)
    scheme = store.profile().grid_scheme
    for asked in request.communities:
        if asked not in communities:
            raise InputRefused("renumber.community", value=asked)
    if not len(communities):
        raise InputRefused("renumber.no_grids")
    meant = np.isin(communities, request.communities or communities)
    meant &= np.char.str_len(communities) == scheme.scope_length  # a vendor's may be of another form
    context.progress(0.1, "progress.numbering")
    rows = _out_of_order(grids, scheme, np.flatnonzero(meant))
    counts = {
        "communities": len(set(communities[rows].tolist())), "grids_renumbered": len(rows),
        "unchanged": int(meant.sum()) - len(rows), "components_moved": 0, "cases_moved": 0, "beats_moved": 0,
    }  # fmt: skip
    result: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": []}
    if not len(rows):
        return result
    old = {name: column[rows] for name, column in grids.items()}
    codes, _last = allocate(scheme, old["community_code"].astype(str), store.max_serials())
    new = objects(codes.tolist())
    context.cancel.check()
    with store.action(KIND, reason=request.reason.strip(), communities=request.communities) as action:
        uuids = _store_grids(context, store, action, old, new)
        follow = dict(zip(old["code"].tolist(), new.tolist()))
        context.progress(0.4, "progress.rehoming")
        held = _followers(context, store, action, follow, counts)
        counts["beats_moved"] = _beats(context, store, action, dict(zip(old["uuid"].tolist(), uuids.tolist())))
        context.cancel.check()
        action.counts.update(counts)
        result["operation"] = action.operation_uuid
    if request.output:
        # Only now: a crosswalk of what was not done would mislead whoever gets it.
        result["notes"] += _crosswalk(context, request.output, old, new, held)
        result.update(output=request.output, files_wait=context.preview)
    result["tables"] = TABLES
    return result


def _out_of_order(grids: Columns, scheme: CodeScheme, meant: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows to number anew, in the order of their new numbers, community by community."""
    community = grids["community_code"][meant].astype(str)
    place = number_cells(grids[GEOM][meant], community)
    order = np.lexsort((place, community))
    community, rows = community[order], meant[order]
    found: list[NDArray[np.int64]] = []
    for one in np.unique(community):
        own = rows[community == one]
        codes = grids["code"][own].tolist()
        # A vendor's code may be of another form or name another community.
        valid = all(not scheme.check(code) and scheme.scope(code) == one for code in codes)
        if not valid or np.any(np.diff([scheme.serial(code) for code in codes]) != 1):
            found.append(own)
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _store_grids(
    context: Context, store: Store, action: Action, old: Columns, new: NDArray[np.object_]
) -> NDArray[np.object_]:
    day, size = today(context), len(new)
    uuids = objects(str(uuid4()) for _ in range(size))
    retired = {"status": "retired", "valid_to": day, "retire_reason": KIND}
    action.update("unit_grid", old["fid"], {name: objects([value] * size) for name, value in retired.items()})
    there = store.read("code_register", ["fid"], [("code", "in", old["code"].tolist())])["fid"]
    action.update("code_register", there, {"status": objects(["retired"] * len(there))})
    action.insert(
        "unit_grid",
        {
            GEOM: old[GEOM], "uuid": uuids, "code": new, **{name: old[name] for name in _CARRIED},
            "status": objects(["current"] * size), "valid_from": objects([day] * size),
        },
    )  # fmt: skip
    register_codes(action, store.profile().grid_scheme, UNIT_GRID, new, uuids)
    action.insert("grid_lineage", {"parent_uuid": old["uuid"], "child_uuid": uuids, "share": np.ones(size)})
    issues = store.read("check_issue", ["fid", "object_uuid"], [("object_uuid", "in", old["uuid"].tolist())])
    into = dict(zip(old["uuid"].tolist(), uuids.tolist()))
    action.update(
        "check_issue", issues["fid"], {"object_uuid": objects(into[uuid] for uuid in issues["object_uuid"].tolist())}
    )
    return uuids


def _followers(
    context: Context, store: Store, action: Action, follow: dict[str, str], counts: dict[str, int]
) -> dict[str, list[int]]:
    """Let everything that names a grid name its successor; returns components and cases by old code."""
    held = {code: [0, 0] for code in follow}
    named: Condition = ("grid_code", "in", sorted(follow)) if len(follow) <= _FEW else ("grid_code", "not null", None)
    for table in (*COMPONENTS, "place", "camera"):
        # A table at once: most of its rows may change, and its indexes are then filled anew.
        fids, codes, _ = _mine(context, store.chunks(table, ["fid", "grid_code"], [named]), follow)
        action.update(table, fids, {"grid_code": objects(follow[code] for code in codes)})
        context.cancel.check()
        if table in COMPONENTS:
            counts["components_moved"] += len(codes)
            for code, size in Counter(codes).items():
                held[code][0] += size
    chunks = store.chunks("case_record", ["fid", "stage", "grid_code"], [named])
    fids, codes, stages = _mine(context, chunks, follow)
    action.update("case_record", fids, {"grid_code": objects(follow[code] for code in codes)})
    context.progress(0.7, "progress.rehoming")
    said = {code: moved_text({"grid_code": [code, new]}) for code, new in follow.items()}
    at, reasons = moment_text(context.clock()), objects(said[code] for code in codes)
    for start in range(0, len(fids), _PART):
        context.cancel.check()
        part = slice(start, start + _PART)
        action.insert("case_event", amended(fids[part], (stages[part], stages[part]), reasons[part], at, REHOME))
    counts["cases_moved"] = len(codes)
    for code, size in Counter(codes).items():
        held[code][1] += size
    return held


def _mine(
    context: Context, chunks: Iterable[Columns], follow: dict[str, str]
) -> tuple[NDArray[np.int64], list[str], NDArray[Any]]:
    """Return the rows that name a grid of those: their ``fid``, the grid's code, their stage (of cases)."""
    fids: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    stages: list[NDArray[Any]] = [np.empty(0, dtype=object)]
    same = {code: code for code in follow}  # one text for all rows of a grid
    codes: list[str] = []
    for chunk in chunks:
        context.cancel.check()
        found = [same.get(code) for code in chunk["grid_code"].tolist()]
        rows = np.array([code is not None for code in found], dtype=bool)
        fids.append(chunk["fid"][rows])
        codes += [code for code in found if code is not None]
        if "stage" in chunk:
            stages.append(chunk["stage"][rows])
    return np.concatenate(fids), codes, np.concatenate(stages)


def _beats(context: Context, store: Store, action: Action, into: dict[str, str]) -> int:
    """Let the successors take their grids' places in the beats; the old memberships end today."""
    members = store.read("beat_member", ["fid", "beat_uuid", "grid_uuid"], [("valid_to", "is null", None)], ["fid"])
    rows = np.array([row for row, uuid in enumerate(members["grid_uuid"].tolist()) if uuid in into], dtype=np.int64)
    day, size = today(context), len(rows)
    if size:
        action.update("beat_member", members["fid"][rows], {"valid_to": objects([day] * size)})
        successors = objects(into[uuid] for uuid in members["grid_uuid"][rows].tolist())
        begun = objects([day] * size)
        columns = {"beat_uuid": members["beat_uuid"][rows], "grid_uuid": successors, "valid_from": begun}
        action.insert("beat_member", columns)
    return size


def _crosswalk(
    context: Context, path: str, old: Columns, new: NDArray[np.object_], held: dict[str, list[int]]
) -> list[dict[str, Any]]:
    """Write old and new codes; what keeps the file from being written is a note, since the codes are given."""
    if context.preview:
        return []
    words = context.sentences or {}
    counts = [held[code] for code in old["code"].tolist()]
    columns: Columns = {
        "community_code": old["community_code"], "old_code": old["code"], "new_code": new, "name": old["name"],
        "area_m2": old["area_m2"], "components": np.array([one for one, _ in counts], dtype=np.int64),
        "cases": np.array([other for _, other in counts], dtype=np.int64), "day": objects([today(context)] * len(new)),
    }  # fmt: skip
    named = {told(words, "renumber", "column", name): column for name, column in columns.items()}
    try:
        context.files.write_layer(path, "crosswalk", named, None, None)
    except InputRefused as error:
        return [{"code": "renumber.no_crosswalk", "values": {}}, {"code": error.code, "values": error.values}]
    return []
