# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols of the base map become candidates; a person confirms, rejects or merges them, singly or in bulk."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.basemap.candidates import Proposer
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Context, Store
from digital_citymgmt_plugin.core.requests_basemap import DecideCandidates, MakeCandidates
from digital_citymgmt_plugin.services.basemap import KIND, base_mapping
from digital_citymgmt_plugin.services.intake import mapping_is_new, objects, save_mapping, today, with_none

OPEN, CONFIRMED, REJECTED, MERGED = "open", "confirmed", "rejected", "merged"
DECISIONS = ("confirm", "reject", "merge", "reopen")
SOURCE = "底图"  # source of a component that a candidate became
_READ = ("uuid", "layer", "block", "code", "angle", "handle", "drawing_uuid", GEOM)
_KNOWN = ("fid", "import_key", "class_code", "state")


def make_candidates(context: Context, request: MakeCandidates) -> dict[str, Any]:
    """Make candidates of the symbols of the base map that may be components.

    A second run adds those of new symbols, brings open ones to the class that is proposed now and takes open ones away
    whose symbol is gone; what was decided stays.

    Returns
    -------
    dict
        Counts ``symbols``, ``proposed``, ``inserted``, ``updated``, ``unchanged``, ``removed``, ``ambiguous``;
        ``classes``: candidates by class; ``unknown``: blocks (else layers) that nothing speaks for, with their numbers.
    """
    store = context.need_store()
    given = request.mapping
    mapping = base_mapping(context, given)
    proposer = Proposer(store.profile().class_by_name("component"), context.files.cass(), mapping)
    names = store.read("drawing", ["uuid", "name"])
    drawing = dict(zip(names["uuid"].tolist(), names["name"].tolist()))
    known = _known(store)
    counts = Counter(
        dict.fromkeys(("symbols", "proposed", "inserted", "updated", "unchanged", "removed", "ambiguous"), 0)
    )
    classes: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    new: list[tuple[Any, ...]] = []
    changed: list[tuple[int, str, str]] = []
    for chunk in store.chunks("base_point", list(_READ)):
        context.cancel.check()
        for row in zip(*(chunk[name].tolist() for name in _READ)):
            uuid, layer, block, code, angle, handle, of, shape = row
            counts["symbols"] += 1
            found = proposer.propose(layer, block, code)
            if found is None:
                unknown[block or layer or ""] += 1
                continue
            counts["proposed"] += 1
            counts["ambiguous"] += bool(found.others)
            classes[found.class_code] += 1
            there = known.pop(uuid, None)
            evidence = json.dumps(
                {"by": found.by, "word": found.word, "others": list(found.others)}, ensure_ascii=False
            )
            if there is None:
                new.append(
                    (uuid, layer, block, code, angle, handle, drawing.get(of), shape, found.class_code, evidence)
                )
            elif there[2] == OPEN and there[1] != found.class_code:
                changed.append((there[0], found.class_code, evidence))
            else:
                counts["unchanged"] += 1
    gone = [fid for fid, _, state in known.values() if state == OPEN]
    counts.update(inserted=len(new), updated=len(changed), removed=len(gone))
    result = {"counts": dict(counts), "classes": dict(classes), "unknown": dict(unknown.most_common(200))}
    if not new and not changed and not gone and not mapping_is_new(store, KIND, given):
        return {**result, "operation": None, "tables": []}
    with store.action("make_candidates") as action:
        save_mapping(store, action, KIND, given)
        if gone:
            action.delete("candidate", np.array(gone, dtype=np.int64))
        if changed:
            fids, codes, evidence_of = zip(*changed)
            values = {"class_code": objects(codes), "evidence": objects(evidence_of)}
            action.update("candidate", np.array(fids, dtype=np.int64), values)
        for start in range(0, len(new), 50_000):
            _insert(action, new[start : start + 50_000])
        action.counts.update(counts)
    return {**result, "operation": action.operation_uuid, "tables": ["candidate", "mapping"]}


def _known(store: Store) -> dict[str, tuple[int, str, str]]:
    """Return the candidates made of symbols: uuid of the symbol → fid, class, state."""
    rows = store.read("candidate", list(_KNOWN), [("import_key", "not null", None)])
    return {key: (fid, code, state) for fid, key, code, state in zip(*(rows[name].tolist() for name in _KNOWN))}


def _insert(action: Action, rows: list[tuple[Any, ...]]) -> None:
    uuid, layer, block, code, angle, handle, drawing, shape, class_code, evidence = zip(*rows)
    action.insert(
        "candidate",
        {
            "uuid": objects(str(uuid5(NAMESPACE_URL, f"dcm:candidate:{one}")) for one in uuid),
            "import_key": objects(uuid), "base_uuid": objects(uuid), "layer": objects(layer), "block": objects(block),
            "symbol_code": objects(code), "angle": objects(angle), "handle": objects(handle),
            "drawing": objects(drawing), "class_code": objects(class_code), "evidence": objects(evidence),
            "state": objects([OPEN] * len(rows)), GEOM: objects(shape),
        },
    )  # fmt: skip


def decide_candidates(context: Context, request: DecideCandidates) -> dict[str, Any]:
    """Confirm, reject, merge or reopen candidates.

    Confirming makes a component of each, with class and place of the candidate and the base map as source; it gets its
    code when codes are assigned. Merging leaves one open and points the others to it. A confirmed candidate can only
    be reopened by taking the action back.

    Returns
    -------
    dict
        Counts ``chosen``, ``changed``, ``left`` (already decided); ``components``: uuids made.

    Raises
    ------
    InputRefused
        ``candidate.decision``, ``candidate.none``, ``candidate.class``, ``candidate.merge_few``.
    """
    if request.decision not in DECISIONS:
        raise InputRefused("candidate.decision", decision=request.decision, known=", ".join(DECISIONS))
    store = context.need_store()
    rows = _chosen(store, request)
    size = len(rows["fid"])
    if not size:
        raise InputRefused("candidate.none")
    wanted = (OPEN,) if request.decision != "reopen" else (REJECTED, MERGED)
    can = np.array([state in wanted for state in rows["state"].tolist()], dtype=bool)
    rows = {name: values[can] for name, values in rows.items()}
    counts = {"chosen": size, "changed": int(can.sum()), "left": int((~can).sum())}
    if not can.any():
        return {"counts": counts, "components": [], "operation": None, "tables": []}
    made: list[str] = []
    with store.action("decide_candidates", decision=request.decision) as action:
        if request.decision == "confirm":
            made = _confirm(context, store, action, rows, request.as_class)
        elif request.decision == "merge":
            counts["changed"] = _merge(action, rows, request)
        else:
            state = REJECTED if request.decision == "reject" else OPEN
            values = {"state": objects([state] * len(rows["fid"])), "merged_uuid": objects([None] * len(rows["fid"]))}
            if request.reason is not None:
                values["remark"] = objects([request.reason] * len(rows["fid"]))
            action.update("candidate", rows["fid"], values)
        action.counts.update(counts)
    tables = ["candidate", "component_point"] if made else ["candidate"]
    return {"counts": counts, "components": made[:10_000], "operation": action.operation_uuid, "tables": tables}


def _chosen(store: Store, request: DecideCandidates) -> Columns:
    names = ("fid", "uuid", "class_code", "name", "state", "drawing", "handle", "layer", "symbol_code", GEOM)
    uuids = [one.strip() for one in request.candidates.split(",") if one.strip()]
    if uuids:
        return store.read("candidate", list(names), [("uuid", "in", uuids)], ["fid"])
    where: list[tuple[str, str, Any]] = [("state", "=", OPEN)]
    if request.class_code:
        where.append(("class_code", "=", request.class_code))
    rows = store.read("candidate", list(names), where, ["fid"])
    if request.sheet:
        frames = store.read("sheet", [GEOM], [("number", "=", request.sheet)])[GEOM]
        if not len(frames):
            raise InputRefused("sheets.unknown", value=request.sheet)
        inside: NDArray[np.bool_] = shapely.intersects(rows[GEOM], frames[0])
        rows = {name: values[inside] for name, values in rows.items()}
    return rows


def _confirm(context: Context, store: Store, action: Action, rows: Columns, as_class: str | None) -> list[str]:
    """Make components; returns their uuids."""
    size = len(rows["fid"])
    codes = [as_class] * size if as_class else rows["class_code"].tolist()
    there = store.profile().class_by_code("component")
    wrong = next((code for code in codes if code not in there), None)
    if wrong is not None or any(code is None for code in codes):
        raise InputRefused("candidate.class", value=str(wrong or ""))
    uuids = [str(uuid4()) for _ in range(size)]
    grids = store.read("unit_grid", ["code", "community_code", GEOM], [("status", "=", "current")], ["code"])
    cell = locate_points(rows[GEOM], grids[GEOM])
    day = today(context)
    origin = (
        json.dumps({"drawing": drawing, "handle": handle, "layer": layer, "code": code}, ensure_ascii=False)
        for drawing, handle, layer, code in zip(
            *(rows[name].tolist() for name in ("drawing", "handle", "layer", "symbol_code"))
        )
    )
    action.insert(
        "component_point",
        {
            "uuid": objects(uuids), "class_code": objects(codes), "name": rows["name"],
            "state": objects(["完好"] * size), "first_on": objects([day] * size), "source": objects([SOURCE] * size),
            "attributes": objects(origin), "grid_code": with_none(grids["code"])[cell],
            "community_code": with_none(grids["community_code"])[cell], GEOM: rows[GEOM],
        },
    )  # fmt: skip
    values = {
        "state": objects([CONFIRMED] * size),
        "component_uuid": objects(uuids),
        "class_code": objects(codes),
    }
    action.update("candidate", rows["fid"], values)
    return uuids


def _merge(action: Action, rows: Columns, request: DecideCandidates) -> int:
    """Point all but one to the one that goes on; returns how many."""
    uuids = rows["uuid"].tolist()
    into = request.into or (uuids[0] if uuids else "")
    if len(uuids) < 2 or into not in uuids:
        raise InputRefused("candidate.merge_few")
    others = np.array([uuid != into for uuid in uuids], dtype=bool)
    values = {"state": objects([MERGED] * int(others.sum())), "merged_uuid": objects([into] * int(others.sum()))}
    return action.update("candidate", rows["fid"][others], values)
