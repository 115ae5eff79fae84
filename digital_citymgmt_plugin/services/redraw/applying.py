# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing a redraw: shapes, codes, lineage, components, cases and beats, in one action."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.identity import identities
from digital_citymgmt_plugin.core.grids.lineage import Succession, succeed
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Context, Store
from digital_citymgmt_plugin.core.profile import POLICIES
from digital_citymgmt_plugin.core.requests_redraw import ApplyRedraw
from digital_citymgmt_plugin.services.grid_issues import RULES
from digital_citymgmt_plugin.services.grid_rows import drafted_by
from digital_citymgmt_plugin.services.grid_writing import give_codes, store_grids
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import compare, write
from digital_citymgmt_plugin.services.placing import multipolygons
from digital_citymgmt_plugin.services.redraw.replaying import ADOPTED
from digital_citymgmt_plugin.services.redraw.session import Session
from digital_citymgmt_plugin.services.redraw.watching import need_session, refuse_changes
from digital_citymgmt_plugin.services.rehoming import rehome

KIND = "redraw"
_REASON = 200  # characters of a reason
TABLES = [
    "unit_grid", "grid_lineage", "code_register", "check_issue", "component_point", "component_line", "component_area",
    "component_change", "case_record", "case_event", "place", "camera", "beat", "beat_member", "scenario",
]  # fmt: skip
COUNTS = (
    "cells_new", "retired", "cells_changed", "components_moved", "cases_moved", "open_cases_moved", "beats_changed",
)  # fmt: skip


def apply_redraw(context: Context, request: ApplyRedraw) -> dict[str, Any]:
    """Write what all edits of a session together changed; the session goes on from there, without edits.

    By ``policy`` the largest part of a grid goes on with its code (and a grid whose boundary was moved keeps its own),
    or all cells of other ground get new codes. Retired codes stay in the register with date and reason; new ones are
    the next of the community. Components, cases, places and cameras are put into the grid that now holds them; codes of
    components do not change.

    Returns
    -------
    dict
        Counts ``cells_new``, ``retired``, ``cells_changed``, ``components_moved``, ``cases_moved``,
        ``open_cases_moved``,
        ``beats_changed``; ``renamed``: of each cell written its ``uuid`` and ``code``.

    Raises
    ------
    InputRefused
        ``redraw.no_session``, ``input.policy``, ``redraw.changed`` when somebody changed grids since the redraw began.
    CodeError
        ``codes.exhausted`` before anything is written.
    """
    store = context.need_store()
    policy = policy_of(store) if request.policy is None else request.policy
    if policy not in POLICIES:
        raise InputRefused("input.policy", value=policy, known=", ".join(POLICIES))
    session = need_session(context, request.session)
    refuse_changes(session, store)
    rows, cells = session.net()
    counts = dict.fromkeys(COUNTS, 0)
    result: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": [], "renamed": {}}
    if not len(rows) and not cells:
        return result
    old = {name: column[rows] for name, column in session.base.items()}
    taken, family = _family(session, old, cells, policy == POLICIES[0])
    codes, uuids = give_codes(store, taken, old, family)
    counts.update(
        cells_new=int((family.keeps < 0).sum()),
        retired=len(family.retired),
        cells_changed=int(family.changed.sum()),
    )
    reason = request.reason.strip()[:_REASON] or KIND
    edits = Counter(entry["tool"] for entry in session.entries())
    with store.action(KIND, policy=policy, reason=reason, edits=dict(edits), computed_by=drafted_by()) as action:
        counts["beats_changed"] = store_grids(action, store, context, taken, codes, uuids, old, family, reason)
        write(action, compare(store, RULES, old["uuid"][family.retired].tolist(), []))
        context.progress(0.4, "progress.rehoming")
        near = shapely.bounds(np.concatenate([old[GEOM], taken[GEOM]]))
        counts.update(rehome(context, store, action, near))
        context.cancel.check()
        if session.scenario is not None:
            fids = store.read("scenario", ["fid"], [("uuid", "=", session.scenario)])["fid"]
            action.update("scenario", fids, {"status": objects([ADOPTED] * len(fids))})
        action.counts.update(counts)
        result["operation"] = action.operation_uuid
        session.applied = action.operation_uuid, dict(zip(cells, uuids.tolist()))
    result["tables"] = TABLES
    result["renamed"] = {
        cell: {"uuid": uuid, "code": code} for cell, uuid, code in zip(cells, uuids.tolist(), codes.tolist())
    }
    return result


def policy_of(store: Store) -> str:
    """Return who keeps the code where nothing else is asked for: the city's setting, else the largest part."""
    return store.profile().setting("redraw_policy") or POLICIES[0]


def _family(session: Session, old: Columns, cells: list[str], keep: bool) -> tuple[Columns, Succession]:
    """Return the cells to be written and who becomes whom."""
    shapes, _repaired, wrong = multipolygons(objects(session.coverage.stored(cell) for cell in cells))
    if wrong.any():
        raise InputRefused("redraw.unusable", cell=session.names.get(cells[int(np.flatnonzero(wrong)[0])], ""))
    communities = objects(session.coverage.group(cell) for cell in cells)
    row_of = {uuid: row for row, uuid in enumerate(old["uuid"].tolist())}
    stayed = np.array([row_of.get(cell, -1) for cell in cells], dtype=np.int64)
    found = identities(shapes, communities, old[GEOM], old["community_code"], stayed, keep=keep)
    family = succeed(shapes, communities, old[GEOM], old["community_code"], identity=found)
    none: NDArray[Any] = objects([None] * len(cells))
    return {GEOM: shapes, "community": communities, "code": none}, family
