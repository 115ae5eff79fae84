# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run of the checks found: gathered with bounded memory, counted, written as a layer or table."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.census.check_pack import LEVELS, split
from digital_citymgmt_plugin.core.census.checks import PAIRS, City, Hits, Part, Rule
from digital_citymgmt_plugin.core.census.checks.doubles import Everything
from digital_citymgmt_plugin.core.ports import GEOM, Action, Condition, Context, Store
from digital_citymgmt_plugin.services.double_issues import YIELDING, gives_way, listed_pairs
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import OPEN, SETTLED, Found

LISTED = 50_000  # issues of one rule: of more the count is told, the rest comes when these are mended
WAIVED = "waived"
_BAND = 1.0  # m


class Findings:
    """Findings of all rules; all are counted, of each rule ``LISTED`` are kept, and those that are issues already.

    An issue that is not among what is kept is settled, and its waiver with it: it has to be found, however many others
    were before it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.listed: list[Found] = []
        self.looked = 0
        self.as_doubles = 0  # pairs that are candidates already
        self._counts: Counter[str] = Counter()
        self._levels: Counter[str] = Counter()
        self._held: dict[str, set[Any]] = {}

    def add(self, rule: Rule, part: Part, hits: Hits) -> None:
        """Add what a rule found in a part."""
        room = max(LISTED - self._counts[rule.code], 0)
        self._count(rule, len(hits))
        uuids, xy = part.columns["uuid"], part.xy
        chosen = [*range(min(room, len(hits)))]
        if len(hits) > room:
            held = self._issues_of(rule.code)
            rest = uuids[hits.rows[room:]].tolist() if held else ()
            chosen += [index for index, uuid in enumerate(rest, room) if uuid in held]
        for index in chosen:
            row = int(hits.rows[index])
            place = shapely.Point(xy[row]) if np.isfinite(xy[row]).all() else None
            self.listed.append(Found(uuids[row], rule.code, hits.of(index), place, part.table, rule.level))

    def take(self, rule: Rule, items: Sequence[Found]) -> None:
        """Add findings that are made already."""
        room = max(LISTED - self._counts[rule.code], 0)
        self._count(rule, len(items))
        self.listed += items[:room]

    def add_pairs(self, context: Context, rules: Sequence[Rule], gathered: Gathered) -> None:
        """Apply the rules over pairs and add what they find."""
        every = gathered.everything()
        for rule in rules:
            context.cancel.check()
            pairs = PAIRS[rule.code](every, gathered.city.classes, rule.params)
            self._count(rule, len(pairs.rows))
            rows, others, apart = pairs.rows[:LISTED], pairs.others[:LISTED], pairs.metres[:LISTED]
            held = self._issues_of(rule.code) if len(pairs.rows) > LISTED else ()
            if held:
                rest = [uuid in held for uuid, _ in self._names(every, pairs.rows[LISTED:])]
                more = LISTED + np.flatnonzero(rest)
                rows, others = np.append(rows, pairs.rows[more]), np.append(others, pairs.others[more])
                apart = np.append(apart, pairs.metres[more])
            own, other = self._names(every, rows), self._names(every, others)
            doubles = listed_pairs(self._store, (one[0] for one in own + other)) if rule.code in YIELDING else {}
            for index, (row, metres) in enumerate(zip(rows.tolist(), apart.tolist())):
                if doubles and gives_way(rule.level, doubles.get(frozenset((own[index][0], other[index][0])))):
                    self._count(rule, -1)
                    self.as_doubles += 1
                    continue
                values = {"other": other[index][0], "other_code": other[index][1], "code": own[index][1]}
                if metres == metres:
                    values["metres"] = round(metres, 3)
                place = shapely.Point(every.xy[row]) if np.isfinite(every.xy[row]).all() else None
                table = TABLES[every.table[row]]
                self.listed.append(Found(own[index][0], rule.code, values, place, table, rule.level))

    def counts(self) -> dict[str, int]:
        """Return how many were found, by level, too."""
        named = zip(("errors", "warnings", "infos"), LEVELS)
        return {"found": sum(self._counts.values()), **{name: self._levels[level] for name, level in named}}

    def of_rule(self, code: str) -> int:
        """Return how many a rule found."""
        return self._counts[code]

    def cut(self) -> list[tuple[str, int]]:
        """Return the rules that found more than are listed."""
        return [(code, count) for code, count in sorted(self._counts.items()) if count > LISTED]

    def _count(self, rule: Rule, count: int) -> None:
        self._counts[rule.code] += count
        self._levels[rule.level] += count

    def _issues_of(self, code: str) -> set[Any]:
        """Return the objects of the issues of a rule that are not settled."""
        if code not in self._held:
            where: list[Condition] = [("rule", "=", code), ("state", "!=", SETTLED)]
            self._held[code] = set(self._store.read("check_issue", ["object_uuid"], where)["object_uuid"].tolist())
        return self._held[code]

    def _names(self, every: Everything, rows: NDArray[np.int64]) -> list[tuple[str, str | None]]:
        """Return uuid and code of components of the gathered arrays."""
        result: list[tuple[str, str | None]] = [("", None)] * len(rows)
        for number, table in enumerate(TABLES):
            mine = np.flatnonzero(every.table[rows] == number)
            for start in range(0, len(mine), 20_000):
                at = mine[start : start + 20_000]
                fids = every.fid[rows[at]]
                read = self._store.read(table, ["fid", "uuid", "code"], [("fid", "in", np.unique(fids).tolist())])
                named = dict(zip(read["fid"].tolist(), zip(read["uuid"].tolist(), read["code"].tolist())))
                for place, fid in zip(at.tolist(), fids.tolist()):
                    result[place] = named[fid]
        return result


class Gathered:
    """What rules over pairs need of every component, some 60 bytes each."""

    def __init__(self, city: City, fields: str) -> None:
        self.city = city
        self._fields = [(name, re.compile(re.escape(json.dumps(name, ensure_ascii=False)) + r": ?(\"[^\"]+\"|[\d.]+)"))
                        for name in split(fields)]  # fmt: skip
        self._classes: dict[str, int] = {}
        self._parts: list[tuple[NDArray[Any], ...]] = []

    def add(self, part: Part, *, asked: bool | NDArray[np.bool_]) -> None:
        """Remember a part."""
        columns, size = part.columns, part.size
        classes, places = part.distinct("class_code")
        number = np.array([self._classes.setdefault(code, len(self._classes)) for code in classes], dtype=np.int32)
        self._parts.append((
            np.full(size, TABLES.index(part.table), dtype=np.int8), columns["fid"],
            np.where(part.placed[:, None], part.xy, np.nan), number[places] if size else np.empty(0, dtype=np.int32),
            _keys(columns["code"]), _keys(columns["uuid"]), self._sources(columns), part.there,
            np.broadcast_to(np.asarray(asked, dtype=bool), size).copy(),
        ))  # fmt: skip

    def everything(self) -> Everything:
        """Return all parts as one."""
        kinds = (np.int8, np.int64, np.float64, np.int32, np.int64, np.int64, np.int64, bool, bool)
        empty = tuple(np.empty((0, 2) if at == 2 else 0, dtype=kind) for at, kind in enumerate(kinds))
        table, fid, xy, class_of, code, uuid, source, there, asked = (
            np.concatenate(column) for column in zip(empty, *self._parts)
        )
        return Everything(table, fid, xy, class_of, list(self._classes), code, uuid, source, there, asked)

    def _sources(self, columns: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
        """Return keys of the source: a number in a column that no mapping took, else the row of a layer."""
        keys = np.array([key if key is not None and key[:1] != "#" else None for key in columns["import_key"].tolist()],
                        dtype=object)  # fmt: skip
        for name, pattern in self._fields:
            for row, text in enumerate(columns["attributes"].tolist()):
                if text is not None and name in text:
                    match = pattern.search(text)
                    if match is not None:
                        keys[row] = f"{name}={match[1]}"
        return _keys(keys)


def _keys(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return 64-bit hashes of texts, 0 where there is none: two different ones of a million meet once in 30 million."""
    listed = values.tolist()
    return np.fromiter((0 if not value else hash(value) or 1 for value in listed), dtype=np.int64, count=len(listed))


def tallies(store: Store, codes: Sequence[str], found: Findings) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Return by rule what was found and the issues by state, and the sums of open and waived ones."""
    table = {code: {"found": found.of_rule(code), OPEN: 0, WAIVED: 0, SETTLED: 0} for code in codes}
    for rule, state, count in store.tally("check_issue", ["rule", "state"], [("rule", "in", list(codes))]):
        table[rule][state] = count
    sums = {state: sum(values[state] for values in table.values()) for state in (OPEN, WAIVED)}
    used = {code: values for code, values in table.items() if any(values.values())}
    return used, sums


def relevel(store: Store, action: Action, rules: Sequence[Rule]) -> None:
    """Give issues that stay as they are the level that their rule has now."""
    levels = {rule.code: rule.level for rule in rules}
    stands: list[Condition] = [("rule", "in", list(levels)), ("state", "!=", SETTLED)]
    for code, told, _ in store.tally("check_issue", ["rule", "level"], stands):
        if told != levels[code]:
            where: list[Condition] = [("rule", "=", code), ("level", "=", told), ("state", "!=", SETTLED)]
            fids = store.read("check_issue", ["fid"], where)["fid"]
            action.update("check_issue", fids, {"level": objects([levels[code]] * len(fids))})


def write_output(context: Context, path: str, rules: Sequence[Rule], found: Findings, *, shaped: bool = False) -> None:
    """Write the findings as a layer of points, or a table with their coordinates.

    ``shaped``: a layer of areas, each of the exact shape; lines and points are drawn ``_BAND`` wide.
    """
    by_code = {rule.code: rule for rule in rules}
    words = context.sentences or {}
    listed = found.listed
    columns: dict[str, NDArray[Any]] = {
        "rule": objects(item.rule for item in listed), "level": objects(item.level for item in listed),
        "family": objects(by_code[item.rule].family for item in listed),
        "title": objects(by_code[item.rule].title for item in listed),
        "title_zh": objects(by_code[item.rule].title_zh for item in listed),
        "text": objects(_filled(words.get(item.rule, by_code[item.rule].title), item.values) for item in listed),
        "table": objects(item.table for item in listed), "object": objects(item.uuid for item in listed),
        "values": objects(json.dumps(item.values, ensure_ascii=False, default=str) for item in listed),
    }  # fmt: skip
    if PurePath(path).suffix.lower() in (".xlsx", ".csv"):
        lost = shapely.Point(np.nan, np.nan)
        points = objects(lost if item.geometry is None else item.geometry for item in listed)
        xy = np.column_stack([shapely.get_x(points), shapely.get_y(points)]).reshape(-1, 2)
        for axis, name in enumerate("xy"):
            columns[name] = xy[:, axis]
        context.files.write_layer(path, "issues", columns, None, None)
        return
    crs = context.need_store().meta()["crs"]
    if shaped:
        columns[GEOM] = _areas(listed)
        context.files.write_layer(path, "issues", columns, crs, "MultiPolygon")
        return
    columns[GEOM] = objects(item.geometry for item in listed)
    context.files.write_layer(path, "issues", columns, crs, "Point")


def _areas(listed: Sequence[Found]) -> NDArray[Any]:
    shapes = objects(item.geometry if item.shape is None else item.shape for item in listed)
    thin = shapely.get_dimensions(shapes) < 2
    shapes[thin] = shapely.buffer(shapes[thin], _BAND / 2, quad_segs=4)
    parts = [shapely.get_parts(shapely.get_parts(shape)).tolist() for shape in shapes]
    areas = [[part for part in found if part.geom_type == "Polygon"] for found in parts]
    return objects(shapely.MultiPolygon(found) if found else None for found in areas)


def _filled(template: str, values: dict[str, Any]) -> str:
    for name, value in values.items():
        template = template.replace("{" + name + "}", "" if value is None else str(value))
    return template
