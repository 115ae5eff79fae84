# SPDX-License-Identifier: GPL-2.0-or-later
"""When the lamps of open cases turn amber, by the clock of the limit and without the time in which it stood."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.derived import standing
from digital_citymgmt_plugin.core.cases.lamps import turns_at
from digital_citymgmt_plugin.core.cases.replay import EVENT_COLUMNS, events_of
from digital_citymgmt_plugin.core.cases.stages import ENDED
from digital_citymgmt_plugin.core.cases.times import NAT, from_text
from digital_citymgmt_plugin.core.cases.worktime import due_times
from digital_citymgmt_plugin.core.ports import Columns, Store
from digital_citymgmt_plugin.core.profile import LIMIT_UNITS

GIVEN = ("limit_value", "stated_due_at")  # read beside the columns of a board
_PART = 20_000


def amber(store: Store, rows: Columns, made: Columns) -> NDArray[np.datetime64]:
    """Return when the setting's share of the time of open cases is used up.

    By the clock of the limit; where no limit is known (a due time that a table stated), by all time. Pauses do not
    count, nor returns where they stop the clock. Only the logs of cases are read whose due time is another than limit
    or table alone give: of a million cases these are few.

    Parameters
    ----------
    rows : columns
        ``fid`` and ``GIVEN``; ``made``: the moments and words of a board, in the same order.
    """
    profile = store.profile()
    share = float(profile.setting("lamp_amber_percent")) / 100
    start = np.where(np.isnat(made["clock_from"]), made["filed_at"], made["clock_from"])
    start = np.where(np.isnat(start), made["reported_at"], start)
    due = made["due_at"]
    known = ~np.isnat(due) & ~np.isnat(start)
    at = np.full(len(due), NAT)
    span = (due[known] - start[known]).astype(np.int64)
    at[known] = start[known] + (span * share).astype(np.int64).astype("timedelta64[ms]")
    known &= ~np.isin(made["stage"].astype("U"), sorted(ENDED))
    if not known.any():
        return at
    zone, calendar = store.meta()["time_zone"], store.calendar()
    amount = np.array([float(value or "nan") for value in rows["limit_value"].tolist()], dtype=np.float64)
    units = made["limit_unit"].astype(object)
    limited = known & np.isin(units.astype("U"), list(LIMIT_UNITS))
    stated = np.full(len(due), NAT)
    stated[known] = from_text(_nones(rows["stated_due_at"][known]))
    plain = stated.copy()
    there = np.flatnonzero(limited & np.isnat(stated))
    if len(there):
        plain[there] = due_times(start[there], amount[there], units[there], calendar, zone)[0]
    touched = known & ~np.isnat(plain) & (plain != due)
    at_once = np.flatnonzero(limited & ~touched)
    if len(at_once):
        turned = turns_at(start[at_once], due[at_once], units[at_once], share, calendar, zone)
        at[at_once] = np.where(np.isnat(turned), at[at_once], turned)
    fids = np.asarray(rows["fid"], dtype=np.int64)
    late = np.flatnonzero(touched)
    late = late[np.argsort(fids[late], kind="stable")]
    for first in range(0, len(late), _PART):
        part = late[first : first + _PART]
        where = [("case_fid", "in", fids[part].tolist())]
        events = events_of(store.read("case_event", list(EVENT_COLUMNS), where, ["fid"]), fids[part])
        pauses, begin = standing(events, start[part], amount[part], profile.setting("after_return"))
        turned = turns_at(begin, due[part], units[part], share, calendar, zone, pauses)
        at[part] = np.where(np.isnat(turned), at[part], turned)
    return at


def _nones(values: NDArray[Any]) -> NDArray[Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = [value or None for value in values.tolist()]
    return made
