# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs from outside against moves of our own: where one does not go on from the other, an issue says so."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.log_order import contradicting
from digital_citymgmt_plugin.core.cases.replay import events_of
from digital_citymgmt_plugin.core.cases.stages import STAGES, UNKNOWN
from digital_citymgmt_plugin.core.ports import GEOM, Action
from digital_citymgmt_plugin.services import issues
from digital_citymgmt_plugin.services.case_settling import Deriver, parts

RULE = "case_log_contradicts"


def tell_contradictions(deriver: Deriver, action: Action, fids: NDArray[np.int64]) -> int:
    """Bring the issues of cases in step with their logs; returns how many contradictions there are.

    Of each case the first one: what follows may come of it.
    """
    told = 0
    for part in parts(np.unique(fids)):
        rows = deriver.store.read("case_record", ["fid", "uuid", GEOM], [("fid", "in", part.tolist())], ["fid"])
        uuids = [str(uuid) for uuid in rows["uuid"].tolist()]
        found = [
            issues.Found(uuids[place], RULE, values, rows[GEOM][place])
            for place, values in _found(deriver, rows["fid"].astype(np.int64))
        ]
        issues.write(action, issues.compare(deriver.store, (RULE,), uuids, found))
        told += len(found)
    return told


def _found(deriver: Deriver, fids: NDArray[np.int64]) -> Iterator[tuple[int, dict[str, str]]]:
    events = events_of(deriver.logs(fids), fids)
    pairs = contradicting(events.case, events.before, events.after, events.own, events.logged, UNKNOWN)
    seen: set[int] = set()
    for first, second in pairs.tolist():
        place = int(events.case[first])
        if place in seen:
            continue
        seen.add(place)
        yield place, {
            "earlier": events.name(first), "earlier_at": str(events.at[first] or ""),
            "stage": STAGES[events.after[first]], "later": events.name(second),
            "later_at": str(events.at[second] or ""), "from_stage": STAGES[events.before[second]],
        }  # fmt: skip
