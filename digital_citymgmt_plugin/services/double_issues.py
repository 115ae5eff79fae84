# SPDX-License-Identifier: GPL-2.0-or-later
"""One place for each pair: what *Find doubles* lists as a candidate is not told by the rules of the checks again.

The candidate shows more (evidence, score, merging) than ``near_double`` and ``same_spot``, so these give way: to an
open candidate while they are no errors (a contract that makes them errors counts them as such), to a waived one
always, since "two different things" answers both. ``code_double`` gives way to nothing: two things with one code are
wrong whether they are one or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.ports import Action, Condition, Store
from digital_citymgmt_plugin.core.undo import Written
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import CHUNK, OPEN, SETTLED

# One rule per kind of evidence: a pair goes under its strongest.
CANDIDATES = tuple(f"component.duplicate_{name}" for name in ("code", "near", "spot", "photo"))
YIELDING = ("component.near_double", "component.same_spot")
ERROR = "error"

Pair = frozenset[str]


def listed_pairs(store: Store, uuids: Iterable[str]) -> dict[Pair, str]:
    """Return the candidates of some components that are open or waived: pair → state."""
    asked = sorted(set(uuids))
    found: dict[Pair, str] = {}
    for start in range(0, len(asked), CHUNK):
        where: list[Condition] = [("object_uuid", "in", asked[start : start + CHUNK]), ("rule", "in", list(CANDIDATES)),
                                  ("state", "!=", SETTLED)]  # fmt: skip
        rows = store.read("check_issue", ["object_uuid", "params", "state"], where)
        for uuid, params, state in zip(*(rows[name].tolist() for name in ("object_uuid", "params", "state"))):
            found[_pair(uuid, params)] = state
    return found


def gives_way(level: str, state: str | None) -> bool:
    """Tell whether a rule of this level is silent about a pair whose candidate is in this state (None: has none)."""
    return state is not None and (state != OPEN or level != ERROR)


def covered(store: Store, pairs: Iterable[tuple[str, str]]) -> NDArray[np.int64]:
    """Return the open issues of the yielding rules that say of a pair what a candidate says now."""
    candidates = {frozenset(pair) for pair in pairs}
    where: list[Condition] = [("rule", "in", list(YIELDING)), ("state", "=", OPEN), ("level", "!=", ERROR)]
    fids: list[int] = []
    for rows in store.chunks("check_issue", ["fid", "object_uuid", "params"], where, CHUNK):
        listed = zip(*(rows[name].tolist() for name in ("fid", "object_uuid", "params")))
        fids += [fid for fid, uuid, params in listed if _pair(uuid, params) in candidates]
    return np.array(fids, dtype=np.int64)


def settle(action: Action, fids: NDArray[np.int64]) -> None:
    """Settle issues whose pair is a candidate now."""
    if len(fids):
        columns = {"state": objects([SETTLED] * len(fids)), "settled_at": objects([action.at] * len(fids))}
        action.update("check_issue", fids, columns)


def both_ends(store: Store, wrote: Written) -> set[str]:
    """Return the components of the candidates that an action changed or took away: both of each pair."""
    found: set[str] = set()
    if "rule" in wrote.old and "params" in wrote.old:  # of rows that are gone the journal has all columns
        rows = zip(wrote.old["rule"], wrote.old.get("object_uuid", ()), wrote.old["params"])
        pairs = (_pair(uuid, params) for rule, uuid, params in rows if rule in CANDIDATES)
        return {uuid for pair in pairs for uuid in pair if uuid}
    for start in range(0, len(wrote.fids), CHUNK):
        fids = wrote.fids[start : start + CHUNK].tolist()
        where: list[Condition] = [("fid", "in", fids), ("rule", "in", list(CANDIDATES))]
        part = store.read("check_issue", ["object_uuid", "params"], where)
        for uuid, params in zip(part["object_uuid"].tolist(), part["params"].tolist()):
            found |= _pair(uuid, params)
    return found - {""}


def _pair(uuid: Any, params: Any) -> Pair:
    try:
        values = json.loads(params or "{}")
    except ValueError:
        values = {}
    other = values.get("other") if isinstance(values, Mapping) else None
    return frozenset((str(uuid or ""), str(other or "")))
