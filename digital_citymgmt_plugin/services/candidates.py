# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols of the base map become candidates: what may be a component, for a person to decide."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from digital_citymgmt_plugin.core.basemap.candidates import Proposer
from digital_citymgmt_plugin.core.ports import GEOM, Action, Context, Store
from digital_citymgmt_plugin.core.requests_basemap import MakeCandidates
from digital_citymgmt_plugin.services.basemap_mappings import KIND, candidate_mapping
from digital_citymgmt_plugin.services.intake import mapping_is_new, objects, save_mapping

OPEN, CONFIRMED, REJECTED, MERGED = "open", "confirmed", "rejected", "merged"
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
    mapping = candidate_mapping(context, given)
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
    size = max(store.count("base_point"), 1)
    for chunk in store.chunks("base_point", list(_READ)):
        context.cancel.check()
        context.progress(counts["symbols"] / size, "progress.looking")
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
    result: dict[str, Any] = {"counts": dict(counts), "classes": dict(classes), "notes": _notes(unknown)}
    result["unknown"] = dict(unknown.most_common(200))
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


def _notes(unknown: Counter[str]) -> list[dict[str, Any]]:
    """Name the most frequent of the symbols that nothing speaks for."""
    few = ", ".join(name for name, _ in unknown.most_common(5))
    values = {"count": sum(unknown.values()), "few": few}
    return [{"code": "candidate.unknown", "values": values}] if unknown else []


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
