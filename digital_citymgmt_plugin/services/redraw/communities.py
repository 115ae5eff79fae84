# SPDX-License-Identifier: GPL-2.0-or-later
"""Edges of communities that moved: which unit grids they cross now, and one edit of a session that mends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit import Coverage, Edit
from digital_citymgmt_plugin.core.grids.edit_community import LEAST, TOLERANCE, mend_crossings
from digital_citymgmt_plugin.core.ports import Store
from digital_citymgmt_plugin.services.crossed_grids import read_communities
from digital_citymgmt_plugin.services.redraw.session import Session

MEND = "mend"
_EACH = 3  # notes of one kind that are told one by one
_NAMED = 10  # cells that a sentence names
_MANY = {  # a kind of note → what is said of many
    "redraw.sliver_snapped": "redraw.slivers_snapped", "redraw.part_joined": "redraw.parts_joined",
    "redraw.not_mended": "redraw.many_not_mended",
}  # fmt: skip

Note = tuple[str, dict[str, Any]]


def know_communities(session: Session, store: Store, entries: list[dict[str, Any]]) -> None:
    """Read the communities in force into a session when one of the edits that are to be done needs them."""
    if any(entry["tool"] == MEND for entry in entries):
        session.communities = read_communities(store)


def mended(
    session: Session,
    entry: dict[str, Any],
    check: Callable[[], None] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Edit:
    """Plan the fewest splits after which each cell lies in one community; nothing is changed.

    Options: ``tolerance`` (m: a community's edge so near to a cell's is meant to be that) and ``least`` (m²: a smaller
    part goes to its neighbour in the new community). What is said of many cells is said in one sentence. ``check`` ends
    it when the user stops, ``progress`` is told which share is done.

    Raises
    ------
    InputRefused
        ``redraw.no_communities``; ``redraw.nothing_to_mend``.
    """
    if not session.communities:
        raise InputRefused("redraw.no_communities")
    options = entry.get("options") or {}
    tolerance = float(options.get("tolerance", TOLERANCE))
    least = float(options.get("least", LEAST))
    edit = _drafted(session, tolerance, least, check, progress)
    if not edit.after:
        left = [values for code, values in edit.notes if code == "redraw.not_mended"]
        if left:
            cells, reasons = [values["cell"] for values in left], sorted({values["why"] for values in left})
            raise InputRefused("redraw.many_not_mended", count=len(left), codes=_named(session, cells), why=reasons)
        raise InputRefused("redraw.nothing_to_mend", tolerance=tolerance)
    return replace(edit, notes=_in_few_words(session, edit.notes, tolerance))


@dataclass(frozen=True)
class _Draft:
    """What was drafted last and on what: who has looked at it and says yes need not wait for it once more."""

    edits: tuple[Edit, ...]
    wished: tuple[Any, ...]
    edit: Edit


_last: WeakKeyDictionary[Coverage, _Draft] = WeakKeyDictionary()


def _drafted(
    session: Session,
    tolerance: float,
    least: float,
    check: Callable[[], None] | None,
    progress: Callable[[float], None] | None,
) -> Edit:
    edits = tuple(step.edit for step in session.steps[: session.done])
    shapes = shapely.to_wkb(list(session.communities.values())).tolist()
    wished = (tolerance, least, *zip(session.communities, shapes))
    last = _last.get(session.coverage)
    if last is None or not (
        len(last.edits) == len(edits)
        and all(one is other for one, other in zip(last.edits, edits))
        and last.wished == wished
    ):
        edit = mend_crossings(session.coverage, session.communities, tolerance, least, check, progress)
        last = _last[session.coverage] = _Draft(edits, wished, edit)
    return last.edit


def mending_counts(session: Session, edit: Edit) -> dict[str, int]:
    """Return what an edit that mends does, counted.

    ``parted``: cells split; ``moved``: cells that lie in another community as a whole; ``slivers``: where a community's
    edge only strays into a cell; ``joined``: small parts given to a neighbour; ``not_mended``; ``cells_new``.
    """
    children: dict[str, list[str]] = {}
    for cell, parents in edit.parents.items():
        for parent in parents:
            children.setdefault(parent, []).append(cell)
    told: dict[str, int] = {}
    for name, one in (("slivers", "redraw.sliver_snapped"), ("joined", "redraw.part_joined"),
                      ("not_mended", "redraw.not_mended")):  # fmt: skip
        told[name] = sum(int(values.get("count", 1)) for code, values in edit.notes if code in (one, _MANY[one]))
    gone = [cell for cell in edit.before if cell not in edit.after]
    moved = 0
    for cell in gone:
        parts = children.get(cell, [])
        whole = len(parts) == 1 and np.isclose(edit.after[parts[0]].area, edit.before[cell].area, rtol=1e-6)
        moved += int(not parts or whole)
    return {"parted": len(gone) - moved, "moved": moved, "cells_new": len(edit.parents), **told}


def _in_few_words(session: Session, notes: tuple[Note, ...], tolerance: float) -> tuple[Note, ...]:
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for code, values in notes:
        kinds.setdefault((code, str(values.get("why", ""))), []).append(values)
    found: list[Note] = []
    for (code, why), listed in kinds.items():
        if len(listed) <= _EACH or code not in _MANY:
            found += [(code, values) for values in listed]
            continue
        area = round(sum(float(values.get("area", 0.0)) for values in listed))
        cells = _named(session, [str(values["cell"]) for values in listed])
        told: dict[str, Any] = {"count": len(listed), "area": area, "tolerance": tolerance, "codes": cells}
        found.append((_MANY[code], {**told, "why": why} if why else told))
    return tuple(found)


def _named(session: Session, cells: list[str]) -> str:
    names = [session.names.get(cell, cell) for cell in dict.fromkeys(cells)]
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
