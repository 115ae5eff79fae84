# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows and columns that cases are counted by: areas, grids, beats, departments, classes, sources, people, periods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.facts import PEOPLE, LogFacts
from digital_citymgmt_plugin.core.assessment.flows import NO_DAY
from digital_citymgmt_plugin.core.assessment.question import PERIODS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Store
from digital_citymgmt_plugin.services.assessment.columns import Words as Texts
from digital_citymgmt_plugin.services.assessment.groups import BY as AREAS
from digital_citymgmt_plugin.services.assessment.groups import GROUP_COLUMNS, Groups
from digital_citymgmt_plugin.services.beat_rows import read_beats
from digital_citymgmt_plugin.services.intake import objects

SIDES = (*AREAS, "beat", "class", "major", "kind", "source", *PEOPLE, *PERIODS)
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **GROUP_COLUMNS, "beat": ("grid_code",), "class": ("kind", "class_code"), "major": ("kind", "class_code"),
    "kind": ("kind",), "source": ("source",),
}  # fmt: skip
Ints = NDArray[np.int64]
_SORTED = 16_000_000  # pairs of texts from which on sorting takes less room than a table of all


@dataclass
class Side:
    """What cases are counted by: ``codes`` and ``names`` in order, ``""`` (not known) last.

    ``of``: the place of each case, by the columns that tell it.
    """

    codes: list[str]
    names: list[str]
    of: Callable[[Mapping[str, NDArray[Any]], LogFacts | None], NDArray[np.int32]]
    past: frozenset[str] = frozenset()  # codes that no case has today: of logs
    parents: Mapping[str, str] = field(default_factory=dict)  # of rows of a day: code → code of the area around


def make_side(
    store: Store, by: str, words: Mapping[str, Texts], data: Mapping[str, NDArray[Any]], nowhere: str
) -> Side:
    """Return a side, periods left out; raises ``assess.by``."""
    if by in PEOPLE:
        return _person(by, words["person"].texts, nowhere)
    if by not in _COLUMNS:
        raise InputRefused("assess.by", value=by, known=", ".join(SIDES))
    namer = _Areas(store, by, nowhere) if by in AREAS else _Plain(store, by, nowhere)
    names = _COLUMNS[by]
    known: dict[int, Any] = {}

    def keys(columns: Mapping[str, NDArray[Any]]) -> tuple[Ints, Ints]:
        """Return the texts that stand together, as numbers, and which of them each case has."""
        size = len(words[names[-1]].texts)
        key = columns[names[0]].astype(np.int64)
        for name in names[1:]:
            key = key * size + columns[name]
        many = size if len(names) == 1 else size * len(words[names[0]].texts)
        if many > _SORTED:
            found, inverse = np.unique(key, return_inverse=True)
            return (found // size << 31) + found % size if len(names) > 1 else found, inverse
        met = np.zeros(many, dtype=bool)
        met[key] = True
        found = np.flatnonzero(met)
        inverse = np.zeros(many, dtype=np.int64)
        inverse[found] = np.arange(len(found))
        return (found // size << 31) + found % size if len(names) > 1 else found, inverse[key]

    def code_of(key: int) -> Any:
        if key not in known:
            parts = (key,) if len(names) == 1 else (key >> 31, key & 0x7FFFFFFF)
            known[key] = namer.code([words[name].texts[part] for name, part in zip(names, parts)])
        return known[key]

    for key in keys(data)[0].tolist():
        code_of(key)
    now = {code for code in [*namer.all(), *known.values()] if code}
    past = {code for code in words[names[0]].texts if code} - now if by == "department" else set()
    codes = sorted(now | past)
    place = {code: number for number, code in enumerate(codes)}

    def of(columns: Mapping[str, NDArray[Any]], _log: LogFacts | None) -> NDArray[np.int32]:
        found, inverse = keys(columns)
        at = np.array([place.get(code_of(key), len(codes)) for key in found.tolist()], dtype=np.int32)
        return at[inverse] if len(at) else np.empty(0, dtype=np.int32)

    return Side([*codes, ""], [*(namer.name(code) for code in codes), nowhere], of, frozenset(past))


def _person(by: str, texts: list[str], nowhere: str) -> Side:
    names = sorted(texts[1:])
    place = {name: number for number, name in enumerate(names)}
    at = np.array([*(place[name] for name in texts[1:]), len(names)], dtype=np.int32)

    def of(columns: Mapping[str, NDArray[Any]], log: LogFacts | None) -> NDArray[np.int32]:
        if log is None:
            return np.full(len(columns["fid"]), len(names), dtype=np.int32)
        return at[log.people[by]]  # −1, nobody, is the last

    return Side([*names, ""], [*names, nowhere], of)


class _Areas:
    def __init__(self, store: Store, by: str, nowhere: str) -> None:
        self._groups, self._columns = Groups(store, by, nowhere), GROUP_COLUMNS[by]

    def code(self, texts: list[str]) -> str | None:
        part = {name: objects([text or None]) for name, text in zip(self._columns, texts)}
        return self._groups.codes[int(self._groups.of(part)[0])]

    def all(self) -> list[str | None]:
        return list(self._groups.codes)

    def name(self, code: str) -> str:
        return str(self._groups.name(code) or "")


class _Plain:
    """Beats by the grid, classes and sources."""

    def __init__(self, store: Store, by: str, nowhere: str) -> None:
        self.by, self.nowhere, self.names = by, nowhere, {}
        self._beat: dict[str, str] = {}
        self._major: dict[tuple[str, str], str] = {}
        if by == "beat":
            beats = read_beats(store)
            self.names = dict(zip(beats.beats["code"].tolist(), beats.beats["name"].tolist()))
            grids = store.read("unit_grid", ["uuid", "code"], (), ["fid"])
            code_of = beats.code_of
            for uuid, code in zip(grids["uuid"].tolist(), grids["code"].tolist()):
                if uuid in beats.beat_of:
                    self._beat[code] = code_of[beats.beat_of[uuid]]
        profile = store.profile()
        if by in ("class", "major"):
            for entry in profile.classes:
                self._major[entry.kind, entry.code] = f"{entry.kind}:{entry.major_code}"
                if by == "class":
                    self.names[f"{entry.kind}:{entry.code}"] = entry.name
                else:
                    self.names[f"{entry.kind}:{entry.major_code}"] = entry.major_name
        if by == "kind":
            self.names = {"component": "部件", "event": "事件", **profile.extra_kinds}

    def code(self, texts: list[str]) -> str | None:
        if self.by == "beat":
            return self._beat.get(texts[0])
        if self.by == "class":
            return f"{texts[0]}:{texts[1]}" if texts[1] else None
        if self.by == "major":
            return self._major.get((texts[0], texts[1]))
        return texts[0] or None

    def all(self) -> list[str]:
        return list(self.names) if self.by == "beat" else []

    def name(self, code: str) -> str:
        return self.names.get(code) or (code if self.by == "source" else "")


def period_side(by: str, days: NDArray[np.int32]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the periods that days lie in, in their order, and the place of each; days that are none come last."""
    there = days != NO_DAY
    if by == "day":
        number = days.astype(np.int64)
    elif by == "week":
        number = (days.astype(np.int64) + 3) // 7  # weeks begin on Monday; 1970-01-01 was a Thursday
    else:
        months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        number = months // {"month": 1, "quarter": 3, "year": 12}[by]
    if not there.any():
        return [""], np.zeros(len(days), dtype=np.int64)
    first, last = int(number[there].min()), int(number[there].max())
    codes = [period_code(by, value) for value in range(first, last + 1)]
    place = np.where(there, number - first, len(codes)).astype(np.int64)
    return [*codes, ""], place


def period_code(by: str, number: int) -> str:
    """Return the text of a period: 2024-05-06 (a day, or the Monday of a week), 2024-05, 2024Q2, 2024."""
    if by == "day":
        return str(np.datetime64(number, "D"))
    if by == "week":
        return str(np.datetime64(number * 7 - 3, "D"))
    if by == "month":
        return str(np.datetime64(number, "M"))
    if by == "quarter":
        return f"{1970 + number // 4}Q{number % 4 + 1}"
    return str(1970 + number)


class Axis:
    """Rows or columns of one question; periods reach as far as the days that were selected."""

    def __init__(self, by: str, side: Callable[[str], tuple[Side, NDArray[np.int32]]]) -> None:
        self._by, self.codes, self.names = by, [""], [""]
        self._place: NDArray[np.int32] | None = None
        self._days: list[NDArray[np.int32]] = []
        if by and by not in PERIODS:
            found, self._place = side(by)
            self.codes, self.names = found.codes, found.names

    def __len__(self) -> int:
        return len(self.codes)

    def reach(self, days: NDArray[np.int32]) -> None:
        """Take days into account, before any is asked for."""
        there = days[days != NO_DAY]
        if self._by in PERIODS and len(there):
            self._days.append(np.array([there.min(), there.max()], dtype=np.int32))
            self.codes, _ = period_side(self._by, np.concatenate(self._days))
            self.names = self.codes

    def of(self, days: NDArray[np.int32], rows: Ints) -> Ints:
        """Return the place of each of some cases."""
        if self._place is not None:
            return self._place[rows].astype(np.int64)
        if self._by not in PERIODS or not self._days:
            return np.zeros(len(rows), dtype=np.int64)
        ends = np.concatenate(self._days)
        _, place = period_side(self._by, np.concatenate([ends, days]))
        return place[len(ends) :]
