# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of candidates, page by page, with the numbers by class and state."""

from __future__ import annotations

from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.ports import XY, Condition, Context
from digital_citymgmt_plugin.core.requests_desk import ListCandidates
from digital_citymgmt_plugin.services.issue_desk import PAGE

CANDIDATES = "candidate"
_COLUMNS = ("fid", "uuid", "class_code", "name", "state", "layer", "block", "symbol_code", "drawing", "handle")


def list_candidates(context: Context, request: ListCandidates) -> dict[str, Any]:
    """List one page of candidates.

    Returns
    -------
    dict
        ``candidates``: dicts with ``class_name``, ``x`` and ``y`` (store's CRS); ``more``: whether there is another
        page; ``groups``: [class, state, count] of all; ``names``: class → name. Counts ``candidates``: those that the
        filter takes.
    """
    store = context.need_store()
    where: list[Condition] = []
    if request.classes:
        where.append(("class_code", "in", request.classes))
    if request.state:
        where.append(("state", "=", request.state))
    size = max(1, min(request.limit, PAGE))
    rows = next(store.chunks(CANDIDATES, (*_COLUMNS, XY), [*where, ("fid", ">", request.after)], size), None)
    names = {code: entry.name for code, entry in store.profile().class_by_code("component").items()}
    listed: list[dict[str, Any]] = []
    if rows is not None:
        for at, values in enumerate(zip(*(rows[name].tolist() for name in _COLUMNS))):
            item = dict(zip(_COLUMNS, values))
            x, y = rows[XY][at].tolist()
            item["x"], item["y"] = (x, y) if np.isfinite((x, y)).all() else (None, None)
            listed.append({**item, "class_name": names.get(item["class_code"])})
    groups = [list(group) for group in store.tally(CANDIDATES, ["class_code", "state"])]
    counts = {"candidates": store.count(CANDIDATES, where)}
    known = {str(group[0]): names.get(group[0], "") for group in groups}
    return {"candidates": listed, "more": len(listed) == size, "groups": groups, "counts": counts, "names": known,
            "tables": [], "notes": []}  # fmt: skip
