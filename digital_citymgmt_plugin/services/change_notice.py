# SPDX-License-Identifier: GPL-2.0-or-later
"""What one operation did to the unit grids, for a notice to those who work with them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.history import Node
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_history import ChangeNotice
from digital_citymgmt_plugin.core.undo import UNDO
from digital_citymgmt_plugin.services.beat_history import beats_changed
from digital_citymgmt_plugin.services.grid_history import GridHistory, read_history, step_told, version_told

LAST = "last"
_MOST = 3_000  # grids around that a map shows
_FAR = 0.25  # of the extent: what lies so far around is shown, too


def change_notice(context: Context, request: ChangeNotice) -> dict[str, Any]:
    """Tell what an operation did to the grids.

    Returns
    -------
    dict
        Counts ``before``, ``after`` (grids), ``retired``, ``new``, ``reshaped``; ``operation`` None (nothing is
        written); ``notice``: ``uuid``, ``kind``, ``at`` (UTC), ``day``, ``done_by``, ``reason``, ``moved`` (counts of
        the operation); ``before``, ``after``: versions as in ``grid_lineage``; ``beats``: as
        ``beats_changed`` has them; ``steps``; ``around``: WKB (hex) of the grids beside them on the day.

    Raises
    ------
    InputRefused
        ``notice.none`` (no operation changed grids), ``notice.unknown``, ``notice.undone``, ``notice.no_grids``.
    """
    store = context.need_store()
    context.progress(0.2, "progress.reading_grids")
    known = read_history(store)
    uuid = _operation(context, known, request.operation.strip())
    steps = [place for place, told in enumerate(known.operations) if told[0] == uuid]
    ends = known.history.ends(steps)
    before, after = (list(dict.fromkeys(end[side] for end in ends)) for side in (0, 1))
    old, new = {row for row, _ in before}, {row for row, _ in after}
    counts = {"before": len(before), "after": len(after), "retired": len(old - new), "new": len(new - old),
              "reshaped": len(old & new)}  # fmt: skip
    columns = ["kind", "at", "done_by", "params", "counts"]
    rows = store.read("operation", columns, [("uuid", "=", uuid)])
    params, moved = (_json(rows[name][0]) for name in ("params", "counts"))
    notice = {
        "uuid": uuid, **{name: rows[name][0] for name in columns[:3]}, "day": str(known.history.steps.day[steps[0]]),
        "reason": str(params.get("reason") or ""), "moved": moved,
    }  # fmt: skip
    told = [[version_told(known, node) for node in side] for side in (before, after)]
    return {
        "counts": counts, "operation": None, "tables": [], "notes": [], "notice": notice,
        "before": told[0], "after": told[1], "beats": beats_changed(store, uuid, notice["day"], *told),
        "steps": [step_told(known, step, *end) for step, end in zip(steps, ends)],
        "around": _around(known, [*before, *after], notice["day"]),
    }  # fmt: skip


def _operation(context: Context, known: GridHistory, asked: str) -> str:
    if asked.lower() == LAST:
        if not known.operations:
            raise InputRefused("notice.none")
        return known.operations[int(np.argmax(known.history.steps.order))][0]
    logged = context.need_store().logged(asked)
    if logged is None:
        raise InputRefused("notice.unknown", value=asked)
    if logged.undone_by is not None:
        raise InputRefused("notice.undone", value=logged.kind, at=logged.at)
    if logged.kind == UNDO or all(told[0] != asked for told in known.operations):
        raise InputRefused("notice.no_grids", value=logged.kind, at=logged.at)
    return asked


def _around(known: GridHistory, nodes: list[Node], day: str) -> list[str]:
    """Return the shapes that the grids beside those that changed had on the day."""
    changed = np.empty(len(nodes), dtype=object)
    changed[:] = [known.history.shape(node) for node in nodes]
    west, south, east, north = shapely.total_bounds(changed).tolist()
    far = _FAR * max(east - west, north - south)
    there, shapes = known.history.on(day)
    shapes = shapes[~np.isin(there, [row for row, _ in nodes])]
    near = shapely.intersects(shapes, shapely.box(west - far, south - far, east + far, north + far))
    found: list[str] = shapely.to_wkb(shapes[near][:_MOST], hex=True).tolist()
    return found


def _json(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}
