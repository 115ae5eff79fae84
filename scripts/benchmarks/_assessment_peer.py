# SPDX-License-Identifier: GPL-2.0-or-later
"""The same counts in plain pandas: ``groupby([department, month]).apply`` with one sum per count, and equal results.

The columns are those that the panel holds; both begin with them in memory.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd

from digital_citymgmt_plugin.core.assessment.flows import NO_DAY
from digital_citymgmt_plugin.core.cases.stages import STEPS, rank_by_times
from digital_citymgmt_plugin.services.assessment.panel import Panel


def frame_of(panel: Panel) -> pd.DataFrame:
    """Return the cases with department, month of filing, stage, times and target."""
    data = panel.held.data
    view = panel.view()
    side, place = panel.side("department", view)
    days = view.day("filed")
    months = np.where(days == NO_DAY, 0, days).astype("datetime64[D]").astype("datetime64[M]")
    columns: dict[str, Any] = {name: data[name] for name in (*STEPS, "due_at")}
    columns["dept"] = np.array(side.codes, dtype=object)[place]
    columns["month"] = months.astype("datetime64[ns]")
    columns["stage"] = data["stage"]
    columns["rank"] = np.where(data["stage"] <= 6, data["stage"], rank_by_times(data, len(days)))
    columns.update((name, data[name]) for name in ("stated", "blank", "parked", "reworks", "extensions"))
    return pd.DataFrame(columns)


def counts_of(group: pd.DataFrame, cut_off: Any) -> pd.Series:
    """Count one department in one month: what ``definitions`` says of rows of cases, once more and plain."""
    void = group["stage"] == 7
    alive, rank = ~void, group["rank"]
    parked = alive & (group["parked"] | (group["stage"] == 8)) & (rank < 6)
    end = group["disposed_at"].fillna(group["closed_at"])
    finished = (rank >= 4) & end.notna()
    late = (end.where(finished, cut_off) > group["due_at"]) & (finished | ((rank < 4) & ~parked))
    late = late.where(group["stated"] < 0, group["stated"] == 0) & ~group["blank"]
    good = ~late & ~group["blank"]
    filed, disposed, closed = rank >= 2, alive & (rank >= 4), alive & (rank == 6)
    waiting = alive & (rank == 3) & ~parked
    owed = disposed | (waiting & late)
    reworked = alive & (group["reworks"] > 0)
    return pd.Series(
        {
            "reported": len(group), "valid_reported": (alive & filed).sum(), "filed": filed.sum(),
            "filed_accurately": (filed & alive).sum(), "dispatched": (alive & (rank >= 3)).sum(),
            "dispatched_accurately": (alive & (rank >= 3) & ~reworked).sum(),
            "to_be_disposed": (alive & (rank >= 3)).sum(), "disposed": disposed.sum(),
            "disposed_on_time": (disposed & good).sum(), "disposed_late": (disposed & late).sum(),
            "in_disposal": waiting.sum(), "in_disposal_late": (waiting & late).sum(), "to_be_closed": owed.sum(),
            "to_be_closed_not_parked": (owed & ~parked).sum(), "closed": closed.sum(),
            "closed_on_time": (closed & good).sum(), "closed_late": (closed & late).sum(), "reworked": reworked.sum(),
            "rework_times": group["reworks"].where(reworked, 0).sum(),
            "extended": (alive & (group["extensions"] > 0)).sum(), "parked": parked.sum(),
            "pending": (alive & ~closed).sum(), "overdue": (alive & late).sum(),
        }
    )  # fmt: skip


def timed(panel: Panel) -> tuple[float, pd.DataFrame]:
    """Return the CPU seconds of pandas, and its counts by department and month."""
    frame = frame_of(panel)
    cut_off = pd.Timestamp(panel.held.latest)
    began = time.process_time()
    counted = frame.groupby(["dept", "month"]).apply(counts_of, cut_off=cut_off, include_groups=False)
    return time.process_time() - began, counted
