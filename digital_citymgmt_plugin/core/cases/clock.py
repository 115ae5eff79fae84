# SPDX-License-Identifier: GPL-2.0-or-later
"""The clock of a case: when its limit runs out with pauses, extensions and returns, how much is used, which lamp burns.

Every limit runs on its own clock (``worktime``). A pause (挂账) stops it: the time of that clock that passed in the
pause is added behind. An extension (延期) runs on its own unit from the moment when the limit would have ended. The
deadline that counts is the bundled one (捆绑截止时间: with extensions and returns); what a return (回退) does to it is
a setting, for no source says it:

==========  ==============================================================================
``pause``    the clock stands from the return to the next dispatch (default of the plugin)
``restart``  the next dispatch begins the limit anew
``run_on``   nothing: the clock runs on
==========  ==============================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.clock_hands import FAR, Clock, Moments, SortedSpans, Spans, sorted_spans
from digital_citymgmt_plugin.core.cases.times import NAT, to_local
from digital_citymgmt_plugin.core.cases.worktime import LONGEST_LIMIT, WorkCalendar, due_times, unit_lengths

RETURNS = ("pause", "restart", "run_on")

# (place of the case, amount, unit), in the order in which they were granted.
Extensions = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[Any]]


def deadlines(
    start: Moments,
    amount: NDArray[np.float64],
    unit: NDArray[Any],
    calendar: WorkCalendar,
    zone: str,
    *,
    pauses: Spans | None = None,
    extensions: Extensions | None = None,
    returns: Spans | None = None,
    after_return: str = "pause",
    stated: Moments | None = None,
) -> Moments:
    """Return when limits run out, all cases at once.

    Parameters
    ----------
    start : datetime64[ms] array
        UTC; when the clock starts.
    amount : float array
        The limits, NaN where there is none.
    unit : array of text
        See ``worktime``; anything else has no limit.
    calendar : WorkCalendar
    zone : str
        Time zone of the working hours.
    pauses, returns : spans, optional
        When cases were parked, and when they lay between a return and the next dispatch.
    extensions : extensions, optional
        A unit of None or '' is the limit's own.
    after_return : str
        One of ``RETURNS``.
    stated : datetime64[ms] array, optional
        Due times that a table states; they stand in the place of what the limit says, NaT where none is stated.

    Returns
    -------
    datetime64[ms] array
        UTC. NaT where start, amount or unit is missing and nothing is stated, where a pause that came in time still
        lasts (the clock stands), where an extension has no amount, and beyond 2199.
    """
    size = len(start)
    start = start.astype("datetime64[ms]")
    stated = np.full(size, NAT) if stated is None else stated.astype("datetime64[ms]")
    pauses, start, stated = after_returns(pauses, returns, after_return, start, amount, stated)
    touched = ~np.isnat(stated)
    for spans in (pauses, extensions):
        if spans is not None:
            touched[spans[0]] = True
    due = np.full(size, NAT)
    plain = np.flatnonzero(~touched)
    due[plain] = due_times(start[plain], amount[plain], unit[plain], calendar, zone)[0]
    rows = np.flatnonzero(touched)
    if not len(rows):
        return due
    place = np.full(size, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    clock = Clock(calendar, zone, sorted_spans(pauses, place, len(rows)))
    due[rows] = _limits(clock, start[rows], amount[rows], unit[rows], stated[rows])
    if extensions is not None:
        due[rows] = _extended(clock, due[rows], unit[rows], (place[extensions[0]], extensions[1], extensions[2]))
    return due


def after_returns(
    pauses: Spans | None,
    returns: Spans | None,
    rule: str,
    start: Moments,
    amount: NDArray[np.float64],
    stated: Moments,
) -> tuple[Spans | None, Moments, Moments]:
    """Turn returns into pauses, or into a later start of the clock; returns pauses, start and stated due times."""
    if returns is None or rule == "run_on" or not len(returns[0]):
        return pauses, start, stated
    if rule == "restart":
        latest = start.copy()
        there = ~np.isnat(returns[2])
        ends = np.where(np.isnat(start), np.int64(0), start.astype(np.int64))
        np.maximum.at(ends, returns[0][there], returns[2][there].astype(np.int64))
        begun = ~np.isnat(start)
        latest[begun] = ends[begun].astype("datetime64[ms]")
        anew = np.zeros(len(start), dtype=bool)
        anew[returns[0][there]] = True
        anew &= begun & np.isfinite(amount)
        # What a table stated ran from the first dispatch: the new one has the limit instead.
        stated = np.where(anew, NAT, stated)
        start = np.where(anew, latest, start)
        keep = ~there | ~anew[returns[0]]
        returns = (returns[0][keep], returns[1][keep], returns[2][keep])
    if pauses is None:
        return returns, start, stated
    joined = (
        np.concatenate([pauses[0], returns[0]]),
        np.concatenate([pauses[1], returns[1]]),
        np.concatenate([pauses[2], returns[2]]),
    )
    return joined, start, stated


def _limits(clock: Clock, start: Moments, amount: NDArray[np.float64], unit: NDArray[Any], stated: Moments) -> Moments:
    """Return the ends of the limits themselves."""
    known = ~np.isnat(start) & np.isfinite(amount) & (amount > 0) & (amount <= LONGEST_LIMIT)
    lengths, working = unit_lengths(unit, to_local(start, clock.zone), clock.calendar)
    known &= lengths > 0
    said = ~np.isnat(stated)
    begin = np.where(np.isnat(start) & said, np.datetime64("1900-01-02", "ms"), start)
    needed = np.zeros(len(start), dtype=np.int64)
    needed[known] = np.maximum(np.round(amount[known] * lengths[known]), 1).astype(np.int64)
    target = clock.hand(np.where(said, stated, NAT), working)
    from_limit = known & ~said
    hand = clock.hand(begin, working)
    target[from_limit] = hand[from_limit] + needed[from_limit]
    good = said | known
    moved = clock.push(begin, target, working, good)
    shifted = moved != target
    due = np.full(len(start), NAT)
    rows = np.flatnonzero(from_limit | (said & shifted))
    due[rows] = clock.moment(moved[rows], working[rows])
    due[said & ~shifted] = stated[said & ~shifted]
    due[moved >= FAR] = NAT
    # The end of time is local midnight, as for limits without pauses.
    beyond = ~np.isnat(due) & (due > np.datetime64("2199-12-30", "ms"))
    rows = np.flatnonzero(beyond)
    due[rows[to_local(due[rows], clock.zone) >= np.datetime64("2200-01-01", "ms")]] = NAT
    return due


def _extended(clock: Clock, due: Moments, unit: NDArray[Any], extensions: Extensions) -> Moments:
    """Let the extensions run one after the other from where the limit ended."""
    where, amount, units = extensions
    order = np.argsort(where, kind="stable")
    where, amount = where[order], np.asarray(amount, dtype=np.float64)[order]
    blank = np.array([value is None or value == "" for value in units.tolist()], dtype=bool)[order]
    units = np.where(blank, unit[where], units[order])
    count = np.bincount(where, minlength=len(due))
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    due = due.copy()
    for number in range(int(count.max(initial=0))):
        rows = np.flatnonzero((count > number) & ~np.isnat(due))
        at = first[rows] + number
        begin, more, its_unit = due[rows], amount[at], units[at]
        lengths, working = unit_lengths(its_unit, to_local(begin, clock.zone), clock.calendar)
        good = np.isfinite(more) & (more > 0) & (more <= LONGEST_LIMIT) & (lengths > 0)
        needed = np.zeros(len(rows), dtype=np.int64)
        needed[good] = np.maximum(np.round(more[good] * lengths[good]), 1).astype(np.int64)
        own = clock.pauses
        part = Clock(clock.calendar, clock.zone, SortedSpans(own.start, own.end, own.first[rows], own.number[rows]))
        target = part.push(begin, part.hand(begin, working) + needed, working, good)
        good &= target < FAR
        end = np.full(len(rows), NAT)
        end[good] = part.moment(target[good], working[good])
        due[rows] = end
    return due
