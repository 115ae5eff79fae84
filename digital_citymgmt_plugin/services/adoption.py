# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids into the store: own numbering or the vendor's codes, lineage to the grids before, faults listed."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.lineage import Succession, succeed
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Condition, Context
from digital_citymgmt_plugin.core.profile import POLICIES
from digital_citymgmt_plugin.core.requests_draft import AdoptGrids
from digital_citymgmt_plugin.core.stoppable import stoppable
from digital_citymgmt_plugin.services.grid_issues import find_issues, list_issues
from digital_citymgmt_plugin.services.grid_rows import DRAFTED_BY, GridRows, drafted_by, read_grids
from digital_citymgmt_plugin.services.grid_writing import give_codes, store_grids
from digital_citymgmt_plugin.services.intake import base_name
from digital_citymgmt_plugin.services.rehoming import rehome

WRONG_CODES = ("reject", "number")
TABLES = [
    "unit_grid", "grid_lineage", "code_register", "check_issue", *COMPONENTS, "component_change",
    "case_record", "case_event",
]  # fmt: skip
_SUCCEEDED = 0.5  # share of an old grid that new ones must hold so that it is theirs
_NAMED = 20  # old grids that a note names
_CURRENT: list[Condition] = [("level", "=", "community"), ("valid_to", "is null", None), (GEOM, "not null", None)]


def adopt_grids(context: Context, request: AdoptGrids) -> dict[str, Any]:
    """Number unit grids and store them, or keep the codes of a vendor's.

    Without ``code_field`` each grid belongs to the community that holds most of it and is numbered there west to east,
    north to south (``core.grids.numbering``), after the highest number ever used. With it the codes are validated,
    kept and registered, and a code says which grid goes on.

    Grids that are there already with the same shape stay; others are succeeded: by ``policy`` the largest part keeps
    the code or all parts get new ones, retired codes stay in the register, lineage is written, and components and
    cases are put into their new grids. An old grid that the file does not touch stays when its community has no grid
    in the file, or when rows were rejected, since one of these may be it. Faults of shape are listed as issues, not
    repaired (but for invalid polygons).

    Returns
    -------
    dict
        Counts ``read`` = ``accepted`` + ``rejected``, ``inserted``, ``kept``, ``unchanged``, ``retired``,
        ``renumbered`` (wrong codes), ``issues``, ``components_moved``, ``cases_moved``; ``by_rule``: the issues.

    Raises
    ------
    InputRefused
        No CRS, wrong CRS, empty layer, no communities to number in, no row left; ``adopt.codes_used`` when grids of
        new shape have their old codes though ``policy`` wants new ones.
    CodeError
        ``codes.exhausted`` before anything is written.
    """
    if request.policy not in POLICIES:
        raise InputRefused("input.policy", value=request.policy, known=", ".join(POLICIES))
    if request.wrong_codes not in WRONG_CODES:
        raise InputRefused("input.policy", value=request.wrong_codes, known=", ".join(WRONG_CODES))
    store = context.need_store()
    areas = store.read("admin_area", ["code", GEOM], _CURRENT, ["code"])
    if not len(areas["code"]) and (request.code_field is None or request.wrong_codes == "number"):
        raise InputRefused("adopt.no_communities")
    rows = read_grids(context, request, store, areas)
    taken = rows.taken
    context.progress(0.4, "progress.numbering")
    old = store.read(
        "unit_grid", ["fid", "uuid", "code", "community_code", GEOM], [("status", "=", "current")], ["code"]
    )
    family = stoppable(partial(_family, request, rows, old), context.cancel.check)
    codes, uuids = give_codes(store, taken, old, family)
    counts = {
        **rows.tally.counts(), "inserted": int((family.keeps < 0).sum()), "kept": int(family.changed.sum()),
        "unchanged": int(family.same.sum()), "retired": len(family.retired),
        "renumbered": sum(one is not None for one in taken["why"].tolist()), "issues": 0, "components_moved": 0,
        "cases_moved": 0,
    }  # fmt: skip
    result: dict[str, Any] = {
        "counts": counts, "operation": None, "tables": [], "notes": rows.notes, "reasons": rows.tally.reasons,
        "rejects": rows.rejects, "by_rule": {},
    }  # fmt: skip
    if bool(family.same.all()) and not len(family.retired):
        return result
    context.progress(0.5, "progress.checking")
    issues = stoppable(partial(find_issues, taken, areas, request.code_field is not None), context.cancel.check)
    counts["issues"] = len(issues)
    result["by_rule"] = dict(Counter(issue.rule for _level, issue in issues))
    context.cancel.check()
    with store.action("adopt_grids", **_told(request, rows.drafted_by)) as action:
        store_grids(action, store, context, taken, codes, uuids, old, family, "adopt_grids")
        list_issues(action, store, issues, taken, uuids, old["uuid"][family.retired])
        context.progress(0.8, "progress.rehoming")
        moved = rehome(context, store, action)
        counts.update({name: moved[name] for name in ("components_moved", "cases_moved")})
        context.cancel.check()
        action.counts.update(counts)
        result["operation"] = action.operation_uuid
    result["tables"] = TABLES
    return result


def _told(request: AdoptGrids, drawn: str | None) -> dict[str, Any]:
    """Return what the operation row says: with a ``code_field`` the codes are the file's own.

    ``drafted_by`` are the libraries that drew the draft, ``adopted_by`` those that measured it here.
    """
    return {
        "file": base_name(request.input.path), "policy": request.policy, "code_field": request.code_field,
        DRAFTED_BY: drawn, "adopted_by": drafted_by(),
    }  # fmt: skip


def _family(request: AdoptGrids, rows: GridRows, old: Columns) -> Succession:
    """Find who became whom, and which old grids the file says nothing about."""
    taken, identity = rows.taken, None
    if request.code_field:
        row_of = {code: index for index, code in enumerate(old["code"].tolist())}
        identity = np.array([row_of.get(code, -1) for code in taken["code"].tolist()], dtype=np.int64)
        _same_again(taken, old, identity)
    family = succeed(
        taken[GEOM], taken["community"], old[GEOM], old["community_code"], keep=request.policy == "largest_keeps",
        identity=identity,
    )  # fmt: skip
    if request.code_field and request.policy == "all_new" and family.changed.any():
        used = taken["code"][family.changed]
        raise InputRefused("adopt.codes_used", code=used[0], count=len(used))
    meant = np.isin(old["community_code"].astype(str), np.unique(taken["community"].astype(str)))
    silent = family.covered < _SUCCEEDED
    stays = silent & (~meant | (rows.tally.rejected > 0)) if len(old[GEOM]) else np.zeros(0, dtype=bool)
    staying = family.retired[stays[family.retired]]
    family.retired = family.retired[~stays[family.retired]]
    spared = old["code"][staying[meant[staying]]].tolist()  # of communities that the file is about
    if spared:
        codes = ", ".join(spared[:_NAMED]) + (" …" if len(spared) > _NAMED else "")
        rows.notes.append({"code": "adopt.stay", "values": {"count": len(spared), "codes": codes}})
    listed = ~np.isin(family.parent, staying)
    family.parent, family.child, family.share = family.parent[listed], family.child[listed], family.share[listed]
    return family


def _same_again(taken: Columns, old: Columns, identity: NDArray[np.int64]) -> None:
    """Let grids that were numbered for their wrong code go on with that number when the same file comes again."""
    anew = np.flatnonzero([why is not None for why in taken["why"].tolist()])
    if not len(anew) or not len(old[GEOM]):
        return
    there = {shape: row for row, shape in enumerate(shapely.to_wkb(shapely.normalize(old[GEOM])).tolist())}
    used = set(identity[identity >= 0].tolist())
    for index, shape in zip(anew.tolist(), shapely.to_wkb(shapely.normalize(taken[GEOM][anew])).tolist()):
        row = there.get(shape, -1)
        if row >= 0 and row not in used and old["community_code"][row] == taken["community"][index]:
            identity[index] = row
            used.add(row)
