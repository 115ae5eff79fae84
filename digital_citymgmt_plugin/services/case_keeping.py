# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a case is ours and stays when its row comes in again: places, corrections, moves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.fields import CLASSES, PLACES
from digital_citymgmt_plugin.core.cases.placing import BY_HAND, BY_TEXT, COMPONENT
from digital_citymgmt_plugin.core.cases.stages import STEPS
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Store
from digital_citymgmt_plugin.services.intake import is_none

MOVED = "move"  # source of events that somebody here made
SPOKEN = ("address", "description", "component_code")  # what a place was found by: when it changes, so may the place
# What a case's log tells: of a case that was moved here, the table does not know the latest.
LOGGED = ("stage", *STEPS, "parked", "appealed", "returns", "reworks", "extensions", "dept_code", "dept_name")
LIMIT = ("limit_value", "limit_unit")
LIMITED = frozenset(("kind", "class_code", "condition"))  # by these a limit is found
# What tells the stage of a case: the time of its report alone does not.
_STAGED = ("stage", *(name for name in STEPS if name != "reported_at"), "parked", "void")
PLACE = ("grid_code", "community_code", "street_code", "place_method", GEOM)


@dataclass
class Kept:
    """What was kept of the cases met so far: counts by kind, and the differences that were not taken."""

    counts: Counter[str] = field(default_factory=Counter)

    def notes(self) -> list[dict[str, Any]]:
        """Return what is to be told."""
        return [
            {"code": f"note.kept_{kind}", "values": {"count": count}} for kind, count in sorted(self.counts.items())
        ]


def keep_untold(old: Columns, fresh: Columns, told: Container[str], *, located: bool) -> bool:
    """Put back what a table has no column for at all: a list with fewer columns takes nothing away from a case.

    Class, stage and place are found from several columns; each is kept where none of these is there.

    Parameters
    ----------
    told : names
        Fields that the mapping reads.
    located : bool
        Whether the table has coordinates.

    Returns
    -------
    bool
        Whether the places are kept.
    """
    for group, names in ((CLASSES, CLASSES), (_STAGED, ("stage",))):
        if not any(name in told for name in group):
            fresh.update({name: old[name].copy() for name in names if name in fresh and name in old})
    return not located and not any(name in told for name in PLACES)


def keep_ours(
    store: Store, fids: NDArray[np.int64], old: Columns, fresh: Columns, kept: Kept, *, placeless: bool = False
) -> NDArray[np.bool_]:
    """Put back into the columns of a repeated import what was set here; return the cases whose place is kept.

    A place set by hand stays. One found by address or component stays as long as the table gives no coordinates and
    says the same of the place. A column that somebody corrected here stays corrected. Of a case that was moved here,
    stage and department stay with its log. ``placeless``: the table says nothing of places.
    """
    size = len(fids)
    moved, corrected = _ours(store, fids)
    method = old["place_method"].astype(str)
    without = shapely.is_missing(fresh[GEOM])
    same = np.ones(size, dtype=bool)
    for name in SPOKEN:
        if name in fresh and name in old:
            same &= np.asarray(fresh[name] == old[name], dtype=bool)
    by_hand = method == BY_HAND
    found = np.isin(method, (*BY_TEXT, COMPONENT)) & ~shapely.is_missing(old[GEOM]) & without & same
    place: NDArray[np.bool_] = by_hand | found | placeless
    kept.counts["hand"] += int((by_hand & ~_equal(old[GEOM], fresh[GEOM])).sum())
    for index, names in corrected.items():
        for name in names:
            if name in fresh and name != GEOM:
                kept.counts["corrected"] += int(fresh[name][index] != old[name][index])
                fresh[name][index] = old[name][index]
        place[index] |= GEOM in names
    rows = np.flatnonzero(moved)
    for name in LOGGED:
        if name in fresh and name in old and len(rows):
            fresh[name][rows] = old[name][rows]
    kept.counts["moved"] += len(rows)
    _keep_limits(old, fresh, moved, corrected)
    for name in PLACE:
        if name in fresh and name in old:
            fresh[name] = fresh[name].copy()
            fresh[name][place] = old[name][place]
    kept.counts = +kept.counts
    return place


def _keep_limits(old: Columns, fresh: Columns, moved: NDArray[np.bool_], corrected: dict[int, set[str]]) -> None:
    """Put limits back that follow from what was set here, unless the table now states a due time."""
    if not all(name in columns for name in LIMIT for columns in (old, fresh)) or "stated_due_at" not in fresh:
        return
    ours = moved & is_none(fresh["limit_value"])
    ours[[index for index, names in corrected.items() if names & LIMITED]] = True
    ours &= is_none(fresh["stated_due_at"])
    for name in (*LIMIT, "due_at"):
        if name in fresh and name in old:
            fresh[name] = np.where(ours, old[name], fresh[name])


def _ours(store: Store, fids: NDArray[np.int64]) -> tuple[NDArray[np.bool_], dict[int, set[str]]]:
    """Return which cases were moved here, and which columns were corrected in which case."""
    moved, corrected = np.zeros(len(fids), dtype=bool), dict[int, set[str]]()
    where = [("case_fid", "in", fids.tolist()), ("source", "=", MOVED)]
    events = store.read("case_event", ["case_fid", "action", "reason"], where)
    place_of = {fid: place for place, fid in enumerate(fids.tolist())}
    for fid, action, reason in zip(*(events[name].tolist() for name in ("case_fid", "action", "reason"))):
        if action != "amend":
            moved[place_of[fid]] = True
            continue
        corrected.setdefault(place_of[fid], set()).update(_names(reason))
    return moved, corrected


def _names(reason: Any) -> set[str]:
    try:
        told = json.loads(reason or "{}")
    except ValueError:
        return set()
    return set(told) if isinstance(told, dict) else set()


def _equal(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    missing = shapely.is_missing(one), shapely.is_missing(other)  # a table without coordinates contradicts nothing
    result: NDArray[np.bool_] = np.asarray(shapely.equals(one, other), dtype=bool) | missing[1]
    return result
