# SPDX-License-Identifier: GPL-2.0-or-later
"""The queues of a dispatcher's desk: which cases wait for what.

A queue looks at cases that are not ended, but for ``all``. Near due and overdue are those whose clock runs: a parked
case has none. Lamps: green, amber (a share of the limit is used up: setting ``lamp_amber_percent``), red (time is up).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.board import AMBER, NEVER, PLACED, Board
from digital_citymgmt_plugin.core.cases.names import ENDED, LAMPS, QUEUES, STAGES
from digital_citymgmt_plugin.core.requests_dispatch import CaseFilter

GREEN, GREY, YELLOW, RED = 1, 0, 2, 3
OPEN_STAGES = tuple(stage for stage in STAGES if stage not in ENDED)
Mask = NDArray[np.bool_]


def lamps(board: Board, now: np.datetime64) -> NDArray[np.int8]:
    """Return the lamp of every case: an index into ``LAMPS``; none where no clock runs."""
    moment = int(now.astype("datetime64[ms]").astype(np.int64))
    values = board.values
    runs = (values["due_at"] != NEVER) & (values["parked"] == 0) & ~board.having("stage", sorted(ENDED))
    lamp = np.where(values[AMBER] <= moment, YELLOW, GREEN)
    lamp = np.where(values["due_at"] < moment, RED, lamp)
    return np.asarray(np.where(runs, lamp, GREY).astype(np.int8))


def _review(board: Board, moment: int) -> Mask:
    """Return parked cases whose day of review has come or was never set."""
    until = board.values["parked_until"]
    return np.asarray((board.values["parked"] != 0) & ((until == NEVER) | (until <= moment)))


_BY_STAGE: Mapping[str, tuple[str, ...]] = {
    "new": ("collection", "filing"),
    "to_dispatch": ("dispatch",),
    "with_departments": ("disposal", "feedback"),
    "to_check": ("check",),
}
_BY_VALUE: Mapping[str, Callable[[Board, int], Mask]] = {
    "returned_twice": lambda board, _moment: board.values["returns"] >= 2,
    "extension_asked": lambda board, _moment: board.values["extension_asked"] != 0,
    "parked": lambda board, _moment: board.values["parked"] != 0,
    "parked_review": _review,
    "supervised": lambda board, _moment: board.values["supervised"] != 0,
    "appeals": lambda board, _moment: board.values["appeal_open"] != 0,
    "unowned": lambda board, _moment: board.values["unowned"] != 0,
    "remediation": lambda board, _moment: board.values["remediated"] != 0,
    "unplaced": lambda board, _moment: ~board.values[PLACED],
}


def in_queue(board: Board, queue: str, now: np.datetime64, lamp: NDArray[np.int8] | None = None) -> Mask:
    """Return which cases stand in a queue.

    Raises
    ------
    KeyError
        A queue that is not one of ``QUEUES``.
    """
    if queue == "all":
        return np.ones(len(board), dtype=bool)
    going = ~board.having("stage", sorted(ENDED))
    if queue == "open":
        return np.asarray(going)
    if queue in _BY_STAGE:
        return np.asarray(board.having("stage", _BY_STAGE[queue]))
    if queue in ("near_due", "overdue"):
        lit = lamps(board, now) if lamp is None else lamp
        return np.asarray(lit == (YELLOW if queue == "near_due" else RED))
    return np.asarray(going & _BY_VALUE[queue](board, int(now.astype("datetime64[ms]").astype(np.int64))))


def counts(board: Board, now: np.datetime64) -> dict[str, int]:
    """Return how many cases stand in each queue but ``all``, which closed ones belong to."""
    lamp = lamps(board, now)
    return {queue: int(np.count_nonzero(in_queue(board, queue, now, lamp))) for queue in QUEUES if queue != "all"}


def chosen(
    board: Board,
    asked: CaseFilter,
    now: np.datetime64,
    days: tuple[np.datetime64, np.datetime64],
    beat_grids: list[str],
) -> NDArray[np.int64]:
    """Return the rows of the cases that a filter takes, by entry.

    Parameters
    ----------
    days : (datetime64[ms], datetime64[ms])
        From when and before when cases were reported, UTC; NaT for any.
    beat_grids : list of str
        Codes of the unit grids of the beats that are asked for.
    """
    lamp = lamps(board, now) if asked.lamps or asked.queue in ("near_due", "overdue") else None
    mask = in_queue(board, asked.queue, now, lamp)
    for name, words in (
        ("kind", asked.kinds), ("dept_code", asked.departments), ("source", asked.sources), ("stage", asked.stages),
    ):  # fmt: skip
        if words:
            mask &= board.having(name, words)
    if asked.classes:
        mask &= _by_prefix(board, "class_code", asked.classes)
    if asked.areas:
        mask &= _inside(board, asked.areas)
    if asked.beats:
        mask &= board.having("grid_code", beat_grids)
    if lamp is not None and asked.lamps:
        mask &= np.isin(lamp, [LAMPS.index(word) for word in asked.lamps if word in LAMPS])
    mask &= _reported(board, days)
    if asked.fids:
        only = np.zeros(len(board), dtype=bool)
        only[board.rows_of(np.array(sorted(set(asked.fids)), dtype=np.int64))] = True
        mask &= only
    return np.flatnonzero(mask & board.find(asked.text) if asked.text.strip() else mask)


def _inside(board: Board, areas: list[str]) -> Mask:
    """Return cases in streets, communities or unit grids; "" those in no unit grid."""
    wanted = [area for area in areas if area]
    found = board.having("street_code", wanted) | board.having("community_code", wanted)
    return np.asarray(found | board.having("grid_code", areas))


def _reported(board: Board, days: tuple[np.datetime64, np.datetime64]) -> Mask:
    """Return cases reported within days."""
    at = board.values["reported_at"]
    found = np.ones(len(board), dtype=bool)
    first, last = (day.astype("datetime64[ms]").astype(np.int64) for day in days)
    if not np.isnat(days[0]):
        found &= (at >= first) & (at != NEVER)
    if not np.isnat(days[1]):
        found &= at < last
    return found


def _by_prefix(board: Board, name: str, starts: list[str]) -> Mask:
    """Return cases of classes; a major class takes its minor classes with it."""
    begun = tuple(start for start in starts if start)
    words = [word for word in board.words[name] if (word.startswith(begun) if word else "" in starts)]
    return board.having(name, words)
