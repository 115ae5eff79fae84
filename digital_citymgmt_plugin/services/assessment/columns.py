# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of cases and their events as columns of numbers, from which a panel is made and kept up to date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.facts import PEOPLE, STAGE_RANK, TASKS, Cases, LogFacts, source_kind
from digital_citymgmt_plugin.core.assessment.logfacts import NUMBER, SETTING
from digital_citymgmt_plugin.core.cases.log_order import LOG
from digital_citymgmt_plugin.core.cases.names import UNKNOWN
from digital_citymgmt_plugin.core.cases.replay import json_object
from digital_citymgmt_plugin.core.cases.stages import STEPS
from digital_citymgmt_plugin.core.cases.times import NAT, from_text, to_local
from digital_citymgmt_plugin.core.cases.worktime import WorkCalendar
from digital_citymgmt_plugin.core.ports import Columns, Store
from digital_citymgmt_plugin.core.profile import LIMIT_UNITS

CODED = (
    "kind", "class_code", "source", "dept_code", "dept_name", "grid_code", "community_code", "street_code",
    "limit_unit",
)  # fmt: skip
NUMBERS = ("parked", "reworks", "extensions", "returns")
CASE_COLUMNS = (*STEPS, "due_at", "clock_from", "stage", "on_time", "on_time_basis", *NUMBERS, *CODED)
EVENT_COLUMNS = ("case_fid", "action", "from_stage", "to_stage", "at", "done_by", "dept_code", "payload", "source")
_LOG_FIELDS = tuple(name for name in LogFacts.__dataclass_fields__ if name != "people")
_DAY_HOURS = 24


class Words:
    """Texts by number, in the order in which they came; ``""`` is 0."""

    def __init__(self) -> None:
        self.texts: list[str] = [""]
        self._number: dict[str, int] = {"": 0}

    def numbers(self, values: Iterable[Any]) -> NDArray[np.int32]:
        """Return the numbers of texts."""
        listed = ["" if value is None else value for value in values]
        for text in dict.fromkeys(listed):
            if text not in self._number:
                self._number[text] = len(self.texts)
                self.texts.append(str(text))
        return np.fromiter(map(self._number.__getitem__, listed), dtype=np.int32, count=len(listed))


class Reader:
    """Makes columns of what the store gives; numbers of texts stay the same from part to part."""

    def __init__(self, store: Store) -> None:
        profile = store.profile()
        self.calendar: WorkCalendar = store.calendar()
        self.zone = store.meta().get("time_zone") or "Asia/Shanghai"
        self.allowed = {task: float(profile.setting(f"{task}_minutes")) for task in TASKS}
        self.words = {name: Words() for name in (*CODED, "person")}
        self._day = self.calendar.day_minutes / 60

    def cases(self, part: Columns) -> dict[str, NDArray[Any]]:
        """Return rows of ``case_record`` (``fid`` and ``CASE_COLUMNS``, packed or not) as numbers."""
        made: dict[str, NDArray[Any]] = {"fid": part["fid"].astype(np.int64)}
        for name in (*STEPS, "due_at", "clock_from"):
            made[name] = from_text(_nones(part[name]))
        made["stage"] = _mapped(part["stage"], lambda text: STAGE_RANK.get(text, 0), np.int8)
        stated = part["on_time_basis"] == "stated"
        said = _mapped(part["on_time"], lambda value: -1 if value in ("", None) else int(float(value)), np.int8)
        made["stated"] = np.where(stated, said, -1).astype(np.int8)
        made["blank"] = np.asarray(part["on_time_basis"] == "missing", dtype=bool)
        for name in NUMBERS:
            made[name] = _mapped(part[name], _number, np.int16)
        made["parked"] = made["parked"] > 0
        for name in CODED:
            made[name] = self.words[name].numbers(part[name].tolist())
        made["went_on"] = np.zeros(len(made["fid"]), dtype=bool)  # until they are taken back to a cut-off
        made["source_kind"] = _mapped(part["source"], source_kind, np.int8)
        return made

    def events(self, part: Columns) -> dict[str, NDArray[Any]]:
        """Return events as numbers, without those that set columns; ``case`` is the fid of the case."""
        action = _mapped(part["action"], lambda text: NUMBER.get(text, UNKNOWN), np.int16)
        rows = np.flatnonzero(~np.isin(action, [NUMBER[name] for name in SETTING]))
        if len(rows) < len(action):
            part, action = {name: values[rows] for name, values in part.items()}, action[rows]
        hours = np.full(len(rows), np.nan, dtype=np.float32)
        payloads = part["payload"]
        for row in np.flatnonzero(action == NUMBER["grant_extension"]).tolist():
            hours[row] = self._hours(payloads[row])
        return {
            "case": np.array(part["case_fid"].tolist(), dtype=np.int64), "action": action,
            "before": _mapped(part["from_stage"], lambda text: STAGE_RANK.get(text, UNKNOWN), np.int8),
            "after": _mapped(part["to_stage"], lambda text: STAGE_RANK.get(text, UNKNOWN), np.int8),
            "at": from_text(_nones(part["at"])), "hours": hours,
            "logged": np.asarray(part["source"] == LOG, dtype=bool),
            "who": self.words["person"].numbers(part["done_by"].tolist()) - 1,
            "dept": self.words["dept_code"].numbers(part["dept_code"].tolist()) - 1,
        }  # fmt: skip

    def _hours(self, payload: Any) -> float:
        """Return how many hours of its own clock an extension gives; a working day has its working hours."""
        given = json_object(payload)
        amount, unit = given.get("amount"), given.get("unit")
        if isinstance(amount, bool) or not isinstance(amount, (int, float)) or unit not in LIMIT_UNITS:
            return float("nan")
        hours = {"work_day": self._day, "calendar_day": _DAY_HOURS, "emergency_day": _DAY_HOURS}.get(str(unit), 1.0)
        return float(amount) * hours

    def minutes(self, made: Mapping[str, NDArray[Any]], verified: NDArray[np.datetime64] | None) -> dict[str, Any]:
        """Return the working minutes of tasks, and what disposals used and were allowed on the clock of their limit."""
        reported = made["reported_at"]
        moments = dict(made)
        moments["accepted_at"] = np.where(np.isnat(made["accepted_at"]), reported, made["accepted_at"])
        moments["verified_at"] = np.full(len(reported), NAT) if verified is None else verified
        worked: dict[str, NDArray[np.int64]] = {}

        def passed(name: str) -> NDArray[np.int64]:
            if name not in worked:
                worked[name] = self.calendar.worked(to_local(moments[name], self.zone))
            return worked[name]

        def between(start: str, end: str) -> NDArray[np.float32]:
            there = ~np.isnat(moments[start]) & ~np.isnat(moments[end])
            return np.where(there, (passed(end) - passed(start)) / 60_000, np.nan).astype(np.float32)

        found = {task: between(*ends) for task, ends in TASKS.items()}
        working = [number for number, text in enumerate(self.words["limit_unit"].texts) if text.startswith("work_")]
        on_work = np.isin(made["limit_unit"], [*working, 0])
        for name, end in (("used", "disposed_at"), ("limit", "due_at")):
            plain = (moments[end] - moments["clock_from"]) / np.timedelta64(1, "m")
            found[name] = np.where(on_work, between("clock_from", end), plain).astype(np.float32)
        return found

    def asked(self, made: Mapping[str, NDArray[Any]], log: LogFacts | None, *, minutes: bool = True) -> Cases:
        """Return columns as counts are asked of them; ``minutes``: with how long tasks took."""
        spent = self.minutes(made, None if log is None else log.verified_at) if minutes else {}
        return Cases(
            {name: made[name] for name in STEPS}, made["due_at"], made["stage"], made["stated"], made["blank"],
            made["parked"], made["reworks"], made["extensions"], made["source_kind"], made["returns"], log,
            spent, self.allowed, made["went_on"],
        )  # fmt: skip


def log_at(log: LogFacts, rows: NDArray[Any]) -> LogFacts:
    """Return the facts of some cases."""
    values = {name: getattr(log, name)[rows] for name in _LOG_FIELDS}
    return LogFacts(**values, people={name: log.people[name][rows] for name in PEOPLE})


def log_put(log: LogFacts, rows: NDArray[Any], part: LogFacts) -> None:
    """Write the facts of some cases over."""
    for name in _LOG_FIELDS:
        getattr(log, name)[rows] = getattr(part, name)
    for name in PEOPLE:
        log.people[name][rows] = part.people[name]


def joined(parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Return parts as one; the parts are emptied, so that not all is held twice."""
    made = {}
    for name in list(parts[0]):
        made[name] = np.concatenate([part.pop(name) for part in parts])
    return made


def _nones(values: NDArray[Any]) -> NDArray[Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = [value or None for value in values.tolist()]
    return made


def _mapped(values: NDArray[Any], of: Any, kind: Any) -> NDArray[Any]:
    listed = values.tolist()
    known = {value: of(value) for value in dict.fromkeys(listed)}
    return np.fromiter(map(known.__getitem__, listed), dtype=kind, count=len(listed))


def _number(value: Any) -> int:
    try:
        return max(0, min(int(float(value or 0)), 32_000))
    except (TypeError, ValueError):
        return 0
