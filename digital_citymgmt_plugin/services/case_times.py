# SPDX-License-Identifier: GPL-2.0-or-later
"""The values of case rows: times, stage, timeliness, flags and numbers, checked column by column."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases import fields as known
from digital_citymgmt_plugin.core.cases.limits import Limits
from digital_citymgmt_plugin.core.cases.stages import (
    PARKED,
    STAGES,
    UNKNOWN,
    VOID,
    derive_stages,
    on_time_by_clock,
    out_of_order,
    stage_rank,
)
from digital_citymgmt_plugin.core.cases.times import NAT, parse_times, to_text
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar, due_times
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem
from digital_citymgmt_plugin.core.ports import Columns
from digital_citymgmt_plugin.services.intake import objects

# (index in the chunk, rule, values)
Finding = tuple[int, str, dict[str, Any]]


@dataclass
class Checked:
    """What was read from the rows of a chunk: our columns, times as moments, problems and findings."""

    columns: Columns = field(default_factory=dict)
    times: dict[str, NDArray[np.datetime64]] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    beside: Columns = field(default_factory=dict)  # columns that no digest of a row counts: the clock's


def read_times(mapped: Columns, mapping: Mapping, zone: str, checked: Checked) -> None:
    """Read the time columns; a row with a time that cannot be read is a problem (``reject.time``)."""
    pattern = mapping.options.get("time_format")
    for name in known.TIMES:
        if name not in mapped:
            continue
        moments, bad = parse_times(mapped[name], zone, pattern)
        checked.times[name] = moments
        checked.columns[name] = to_text(moments)
        for index in np.flatnonzero(bad).tolist():
            checked.problems.append(_problem(index, "reject.time", mapping, name, mapped[name][index]))


def read_values(
    mapped: Columns, mapping: Mapping, checked: Checked, kinds: MappingType[str, str] | None = None
) -> None:
    """Read texts, flags and numbers; a word that is none of these is a problem, not a 0.

    ``kinds``: the city's own kinds of classes, code → name, beside components and events.
    """
    own = {word: kind for kind, name in (kinds or {}).items() for word in (kind, name)}
    size = len(mapped["case_no"])
    for name in ("case_no", *known.TEXTS, *known.PLACES, "class_code", "class_name"):
        if name in mapped:
            checked.columns[name] = objects(known.as_text(value) for value in mapped[name].tolist())
    for name in known.FLAGS:
        checked.columns[name] = _words(mapped, mapping, name, known.as_flag, 0, checked, size)
    for name in known.NUMBERS:
        checked.columns[name] = _words(mapped, mapping, name, known.as_number, 0, checked, size)
    if "kind" in mapped:

        def as_kind(value: Any) -> str | None:
            return own.get(str(known.as_text(value))) or known.as_kind(value)

        checked.columns["kind"] = _words(mapped, mapping, "kind", as_kind, None, checked, size)


@dataclass
class Deadlines:
    """Due times from the filing standard, for cases whose table states neither them nor whether they were on time.

    The clock starts with the dispatch, of a case that has no time of dispatch with the filing (both defaults of the
    plugin). A due time that the table states is kept. Parking and extensions are not added: what the table does
    not state is not known.
    """

    limits: Limits
    calendar: WorkCalendar
    zone: str
    computed: int = 0
    weekends_only: int = 0

    def fill(self, mapped: Columns, checked: Checked) -> None:
        """Set ``due_at`` where it is not stated; classes must be known by now."""
        size = len(mapped["case_no"])
        columns = checked.columns
        blank = objects([None] * size)
        checked.beside.update(limit_value=blank, limit_unit=blank, stated_due_at=columns.get("due_at", blank))
        never = np.full(size, NAT)
        dispatched, filed = (checked.times.get(name, never) for name in ("dispatched_at", "filed_at"))
        start = np.where(np.isnat(dispatched), filed, dispatched)
        if np.isnat(start).all() or "on_time" in mapped or not self.limits:
            return
        names = ("kind", "class_code", "condition")
        given = [columns[name].tolist() if name in columns else [None] * size for name in names]
        found = [self.limits.of(*key) for key in zip(*given)]
        amount = np.array([np.nan if limit is None else limit[0] for limit in found], dtype=np.float64)
        unit = objects("" if limit is None else limit[1] for limit in found)
        stated = checked.times.get("due_at", np.full(size, NAT))
        amount[~np.isnat(stated)] = np.nan
        ours = np.isfinite(amount)
        checked.beside["limit_value"] = objects(value if mine else None for value, mine in zip(amount.tolist(), ours))
        checked.beside["limit_unit"] = objects(name if mine else None for name, mine in zip(unit.tolist(), ours))
        due, weekends = due_times(start, amount, unit, self.calendar, self.zone)
        self.computed += int((~np.isnat(due)).sum())
        self.weekends_only += int(weekends.sum())
        checked.times["due_at"] = np.where(np.isnat(stated), due, stated)
        columns["due_at"] = to_text(checked.times["due_at"])

    def notes(self) -> list[dict[str, Any]]:
        """Return what the user should know of the due times."""
        notes: list[dict[str, Any]] = []
        if self.computed:
            notes.append({"code": "note.due_computed", "values": {"count": self.computed}})
        if self.weekends_only:
            first, last = self.calendar.years
            code = "note.weekends_only" if last >= first else "note.no_holidays"
            notes.append({"code": code, "values": {"count": self.weekends_only, "first": first, "last": last}})
        return notes


def read_stages(mapped: Columns, mapping: Mapping, checked: Checked) -> None:
    """Give each case its stage, and judge whether it was on time.

    Findings: ``case_time_order``, ``timeliness_missing``, ``timeliness_differs``.
    """
    columns, times = checked.columns, checked.times
    size = len(mapped["case_no"])
    explicit = None
    if "stage" in mapped:
        ranks = _words(mapped, mapping, "stage", stage_rank, UNKNOWN, checked, size)
        explicit = ranks.astype(np.int8)
    void, parked = columns.pop("void").astype(bool), columns["parked"].astype(bool)
    rank = derive_stages(times, size, explicit, void, parked)
    columns["stage"] = objects(STAGES[place] for place in rank.tolist())
    columns["parked"] = np.where(rank == PARKED, 1, columns["parked"]).astype(object)
    voided = rank == VOID
    for mask, before, after in out_of_order(times, size):
        for index in np.flatnonzero(mask & ~voided).tolist():
            values = {
                "earlier": before, "earlier_at": columns[before][index],
                "later": after, "later_at": columns[after][index],
            }  # fmt: skip
            checked.findings.append((index, "case_time_order", values))
    _timeliness(mapped, mapping, checked, size)


def _timeliness(mapped: Columns, mapping: Mapping, checked: Checked, size: int) -> None:
    times, columns = checked.times, checked.columns
    clock, finished = on_time_by_clock(times.get("due_at"), times.get("disposed_at"), times.get("closed_at"), size)
    judged = objects(int(value) if done else None for value, done in zip(clock.tolist(), finished.tolist()))
    if "on_time" not in mapped:
        columns["on_time"] = judged
        columns["on_time_basis"] = objects("clock" if done else None for done in finished.tolist())
        return
    stated = _words(mapped, mapping, "on_time", known.as_on_time, None, checked, size)
    blank = np.array([value is None for value in stated.tolist()], dtype=bool)
    columns["on_time"] = stated
    columns["on_time_basis"] = np.where(blank, "missing", "stated").astype(object)
    for index in np.flatnonzero(blank).tolist():
        checked.findings.append((index, "timeliness_missing", {}))
    # Without a target the clock has nothing to say against the table.
    target = ~np.isnat(times["due_at"]) if "due_at" in times else np.zeros(size, dtype=bool)
    for index in np.flatnonzero(~blank & finished & target).tolist():
        if stated[index] != judged[index]:
            end = columns.get("disposed_at", np.full(size, None))[index] or columns["closed_at"][index]
            values = {"stated": stated[index], "due_at": columns["due_at"][index], "finished_at": end}
            checked.findings.append((index, "timeliness_differs", values))


def _words(
    mapped: Columns, mapping: Mapping, name: str, read: Callable[[Any], Any], empty: Any, checked: Checked, size: int
) -> NDArray[Any]:
    """Read a column of words with each word read once; a word that is not understood is a problem."""
    if name not in mapped:
        return objects([empty] * size)
    meanings: dict[Any, Any] = {}
    result = []
    for index, value in enumerate(mapped[name].tolist()):
        if value is None:
            result.append(empty)
            continue
        if value not in meanings:
            meanings[value] = read(value)
        meaning = meanings[value]
        if meaning is None:
            checked.problems.append(_problem(index, "reject.value_unknown", mapping, name, value))
            meaning = empty
        result.append(meaning)
    return objects(result)


def _problem(index: int, reason: str, mapping: Mapping, name: str, value: Any) -> RowProblem:
    rule = mapping.fields[name]
    column = rule.columns[0] if rule.columns else name
    return RowProblem(index, reason, {"field": name, "column": column, "value": known.as_text(value)})
