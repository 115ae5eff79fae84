# SPDX-License-Identifier: GPL-2.0-or-later
"""The assessment table: counts and rates by area, grid or department over a period, with the formula under it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.counts import KNOWN, STAGE_RANK, Cases, case_counts, first_known, latest
from digital_citymgmt_plugin.core.assessment.indicators import (
    NOTHING,
    choose_indicators,
    count_names,
    formula_lines,
    rate,
    shown_counts,
)
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.cases.stages import STEPS
from digital_citymgmt_plugin.core.cases.times import from_text, parse_times, to_local, to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Context, Sheet, Store
from digital_citymgmt_plugin.core.profile import CountDefinition, Indicator
from digital_citymgmt_plugin.core.requests import Assess
from digital_citymgmt_plugin.services.intake import objects

BY = ("county", "street", "community", "grid", "department")
LEVELS = ("county", "street", "community")
ENDINGS = (".xlsx", ".csv", ".gpkg")
_GROUP_COLUMNS = {
    "county": ("community_code", "street_code"), "street": ("street_code", "community_code"),
    "community": ("community_code",), "grid": ("grid_code",), "department": ("dept_code", "dept_name"),
}  # fmt: skip


def assess(context: Context, request: Assess) -> dict[str, Any]:
    """Count cases and compute rates by area or department.

    The period is of local days (the store's time zone), both included, of filing (of reporting where a case was not
    filed); without dates all cases count. The cut-off is the given moment (a day alone means its end), else the latest
    time of any case in the store: what happened later is unknown, open cases past their target by then are overdue.
    Areas and grids without cases are listed with zeros; cases without a value are in the row 未定, so that the rows
    always sum up to the total. Nothing is written into the store.

    Returns
    -------
    dict
        ``counts`` (rows, cases), ``output``, ``table`` (header, columns, rows, formulas), ``cut_off``.

    Raises
    ------
    InputRefused
        ``assess.by``, ``assess.scheme``, ``assess.indicator``, ``assess.date``, ``assess.period``,
        ``assess.output``.
    """
    if request.by not in BY:
        raise InputRefused("assess.by", value=request.by, known=", ".join(BY))
    if request.output and PurePath(request.output).suffix.lower() not in ENDINGS:
        raise InputRefused("assess.output", file=request.output, known=", ".join(ENDINGS))
    store = context.need_store()
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    start, stop = _day(request.from_date, "from_date"), _day(request.to_date, "to_date")
    if start is not None and stop is not None and start > stop:
        raise InputRefused("assess.period", from_date=request.from_date, to_date=request.to_date)
    profile = store.profile()
    indicators = choose_indicators(request.scheme, profile.indicators, _own_schemes(store))
    words = Words(context.sentences)
    groups = _Groups(store, request.by, words.say("table.nowhere"))
    cases, group = _read(context, store, groups)
    cut_off = _cut_off(request.cut_off, zone)
    if cut_off is None:
        cut_off = latest(cases)
    if np.isnat(cut_off):
        cut_off = np.datetime64(context.clock().replace(tzinfo=None), "ms")
    context.progress(0.7, "progress.counting")
    inside, undated = _inside(cases, zone, start, stop)
    counts = case_counts(cases, cut_off)
    sums = {code: _sums(column, inside, group, len(groups)) for code, column in counts.items()}
    table = _table(groups, sums, indicators, profile.counts, words)
    local = str(to_local(np.array([cut_off]), zone)[0]).replace("T", " ")[:19]
    notes = [
        *table["formulas"],
        words.say("table.period", period=_period(request, words)),
        words.say("table.cut_off", moment=local, zone=zone),
    ]
    if int(sums["timeliness_missing"].sum()):
        notes.append(words.say("table.timeliness_missing", count=int(sums["timeliness_missing"].sum())))
    if undated:
        notes.append(words.say("table.undated", count=undated))
    table["formulas"] = notes
    context.cancel.check()
    if request.output:
        context.progress(0.9, "progress.writing")
        _write(context, store, request, table, words)
    return {
        "counts": {"rows": len(table["rows"]) - 1, "cases": int(sums["reported"].sum())},
        "operation": None,
        "tables": [],
        "notes": [],
        "output": request.output,
        "table": table,
        "cut_off": to_text(np.array([cut_off]))[0],
    }


@dataclass
class _Groups:
    """The rows of the table: codes found among the cases, after those of all areas or grids."""

    store: Store
    by: str
    nowhere: str  # row of the cases without a value in the column that the table is made by
    codes: list[str | None] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._place: dict[Any, int] = {}
        self._parents: dict[str, Any] = {}
        self._county = self.store.meta().get("county_code", "")
        current = [("valid_to", "is null", None)]
        areas = self.store.read("admin_area", ["level", "code", "name", "parent_code"], current, order=["code"])
        for level, code, name, parent in zip(*(column.tolist() for column in areas.values())):
            self._parents[code] = parent
            if level == self.by:
                self.names[code] = name
                self.place(code)
        if self.by == "county":
            self.names.setdefault(self._county, self.store.meta().get("county_name", ""))
            self.place(self._county)
        if self.by == "grid":
            status = [("status", "=", "current")]
            grids = self.store.read("unit_grid", ["code", "name"], status, order=["code"])
            for code, name in zip(grids["code"].tolist(), grids["name"].tolist()):
                self.names[code] = name or ""
                self.place(code)
        if self.by == "department":
            departments = self.store.read("department", ["code", "name"])
            self._departments = dict(zip(departments["code"].tolist(), departments["name"].tolist()))

    def __len__(self) -> int:
        return len(self.codes)

    def place(self, code: str | None) -> int:
        """Return the row of a code."""
        if code not in self._place:
            self._place[code] = len(self.codes)
            self.codes.append(code)
        return self._place[code]

    def of(self, part: Columns) -> NDArray[np.int64]:
        """Return the row of each case."""
        columns = [part[name].tolist() for name in _GROUP_COLUMNS[self.by]]
        known: dict[Any, int] = {}
        result = np.empty(len(columns[0]), dtype=np.int64)
        for index, key in enumerate(zip(*columns)):
            row = known.get(key)
            if row is None:
                row = known[key] = self.place(self._code(*key))
            result[index] = row
        return result

    def _code(self, first: str | None, second: str | None = None) -> str | None:
        if self.by == "street":
            return first or self._parents.get(second or "")
        if self.by == "county":
            return self._county if first or second else None
        if self.by == "department":
            if first and (second or first in self._departments):
                # The first name that a code comes with stands for it: sources spell one office in several ways.
                self.names.setdefault(first, self._departments.get(first) or str(second))
            elif second and not first:
                self.names.setdefault(second, second)
                return second
        return first or None

    def name(self, code: str | None) -> str:
        """Return what a row is called."""
        return self.nowhere if code is None else self.names.get(code, code if self.by == "department" else "")

    def order(self) -> list[int]:
        """Return the rows in the order of the table: by code, 未定 last."""
        return sorted(range(len(self.codes)), key=lambda row: (self.codes[row] is None, str(self.codes[row])))


def _read(context: Context, store: Store, groups: _Groups) -> tuple[Cases, NDArray[np.int64]]:
    """Read what is counted of all cases: numbers and moments only, some 100 bytes a case."""
    columns = (
        *STEPS, "due_at", "stage", "on_time", "on_time_basis", "parked", "reworks", "extensions",
        *_GROUP_COLUMNS[groups.by],
    )  # fmt: skip
    total = store.count("case_record") or 1
    parts: dict[str, list[NDArray[Any]]] = {}
    done = 0
    for part in store.chunks("case_record", columns):
        context.cancel.check()
        row: dict[str, NDArray[Any]] = {name: from_text(part[name]) for name in (*STEPS, "due_at")}
        stages = [STAGE_RANK.get(value, 0) for value in part["stage"].tolist()]
        row["stage"] = np.array(stages, dtype=np.int8)
        basis = part["on_time_basis"]
        stated = basis == "stated"
        row["stated"] = np.where(stated, _numbers(part["on_time"], -1), -1).astype(np.int8)
        row["blank"] = np.asarray(basis == "missing", dtype=bool)
        row["parked"] = _numbers(part["parked"], 0) > 0
        row["reworks"], row["extensions"] = _numbers(part["reworks"], 0), _numbers(part["extensions"], 0)
        row["group"] = groups.of(part)
        for name, values in row.items():
            parts.setdefault(name, []).append(values)
        done += len(stages)
        context.progress(0.65 * done / total, "progress.reading", rows=done)

    def joined(name: str, kind: str) -> NDArray[Any]:
        return np.concatenate(parts[name]) if name in parts else np.empty(0, dtype=kind)

    times = {name: joined(name, "datetime64[ms]") for name in STEPS}
    cases = Cases(
        times, joined("due_at", "datetime64[ms]"), joined("stage", "int8"), joined("stated", "int8"),
        joined("blank", "bool"), joined("parked", "bool"), joined("reworks", "int64"), joined("extensions", "int64"),
    )  # fmt: skip
    return cases, joined("group", "int64")


def _numbers(values: NDArray[Any], missing: int) -> NDArray[np.int64]:
    return np.array([missing if value is None else int(value) for value in values.tolist()], dtype=np.int64)


def _sums(column: NDArray[Any], inside: NDArray[np.bool_], group: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    sums = np.bincount(group[inside], weights=column[inside].astype(np.float64), minlength=size)
    return np.rint(sums).astype(np.int64)


def _inside(cases: Cases, zone: str, start: Any, stop: Any) -> tuple[NDArray[np.bool_], int]:
    """Return which cases belong to the period, and how many have no date to tell by."""
    if start is None and stop is None:
        return np.ones(len(cases), dtype=bool), 0
    at = np.where(np.isnat(cases.times["filed_at"]), cases.times["reported_at"], cases.times["filed_at"])
    at = np.where(np.isnat(at), first_known(cases), at)
    days = to_local(at, zone).astype("datetime64[D]")
    undated = np.isnat(days)
    inside = ~undated
    if start is not None:
        inside &= days >= start
    if stop is not None:
        inside &= days <= stop
    return inside, int(undated.sum())


def _day(text: str | None, name: str) -> np.datetime64 | None:
    if not text:
        return None
    try:
        return np.datetime64(date.fromisoformat(text.strip()[:10]), "D")
    except ValueError:
        raise InputRefused("assess.date", field=name, value=text) from None


def _cut_off(text: str | None, zone: str) -> np.datetime64 | None:
    if not text:
        return None
    moments, bad = parse_times(objects([text]), zone)
    if bad[0]:
        raise InputRefused("assess.date", field="cut_off", value=text)
    moment: np.datetime64 = moments[0]
    if len(text.strip()) <= 10:  # a day alone: its last moment
        moment = moment + np.timedelta64(86_399_999, "ms")
    return moment


def _own_schemes(store: Store) -> dict[str, list[str]]:
    rows = store.read("score_scheme", ["name", "payload"])
    result: dict[str, list[str]] = {}
    for name, payload in zip(rows["name"].tolist(), rows["payload"].tolist()):
        try:
            listed = json.loads(payload or "{}").get("indicators")
        except (ValueError, AttributeError):
            continue
        if isinstance(listed, list):
            result[str(name)] = [str(code) for code in listed]
    return result


def _table(
    groups: _Groups,
    sums: dict[str, NDArray[np.int64]],
    indicators: tuple[Indicator, ...],
    definitions: Sequence[CountDefinition],
    words: Words,
) -> dict[str, Any]:
    """Return header, column codes, rows (the last one is the total) and formula lines."""
    names = count_names(definitions, words)
    shown = shown_counts(indicators)
    order = groups.order()
    if not any(int(column[row]) for column in sums.values() for row in order if groups.codes[row] is None):
        order = [row for row in order if groups.codes[row] is not None]
    columns: list[list[Any]] = [[groups.codes[row] or "" for row in order] + [""]]
    columns.append([groups.name(groups.codes[row]) for row in order] + [words.say("table.total")])
    with_total = {code: np.append(column[order], column.sum()) for code, column in sums.items()}
    columns += [with_total[code].tolist() for code in shown]
    for indicator in indicators:
        if indicator.numerator in KNOWN and indicator.denominator in KNOWN:
            columns.append(rate(with_total[indicator.numerator], with_total[indicator.denominator], indicator.unit))
        else:
            columns.append([NOTHING] * (len(order) + 1))
    rates = [words.name(item.code, item.name) + ("(%)" if item.unit == "%" else "") for item in indicators]
    by = words.say(f"table.{groups.by}")
    return {
        "header": [words.say("table.code", by=by), by, *(names[code] for code in shown), *rates],
        "columns": ["code", "name", *shown, *(item.code for item in indicators)],
        "rows": [list(row) for row in zip(*columns)],
        "formulas": formula_lines(indicators, definitions, words),
    }


def _write(context: Context, store: Store, request: Assess, table: dict[str, Any], words: Words) -> None:
    path = str(request.output)
    kind = PurePath(path).suffix.lower()
    title = words.say("table.title", by=words.say(f"table.{request.by}"))
    if kind == ".xlsx":
        sheet = Sheet(title, tuple(table["header"]), table["rows"], (title,), tuple(table["formulas"]))
        context.files.write_workbook(path, [sheet])
        return
    if kind == ".csv":
        columns = {name: objects(values) for name, values in zip(table["header"], zip(*table["rows"]))}
        context.files.write_layer(path, "assessment", columns, None, None)
        return
    rows = table["rows"][:-1]  # the total has no place on a map
    columns = {name: objects(values) for name, values in zip(table["columns"], zip(*rows))}
    for name in table["columns"][2:]:
        values = [None if value == NOTHING else value for value in columns[name].tolist()]
        columns[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        if not any(value is None or isinstance(value, float) for value in values):
            columns[name] = columns[name].astype(np.int64)
    shapes = _shapes(store, request.by)
    geometry = "MultiPolygon" if shapes is not None else None
    if shapes is not None:
        columns[GEOM] = objects(shapes.get(code) for code in columns["code"].tolist())
    context.files.write_layer(path, "assessment", columns, store.meta()["crs"] if geometry else None, geometry)


def _shapes(store: Store, by: str) -> dict[str, Any] | None:
    if by == "department":
        return None
    if by == "grid":
        rows = store.read("unit_grid", ["code", GEOM], [("status", "=", "current")])
    else:
        rows = store.read("admin_area", ["code", GEOM], [("level", "=", by), ("valid_to", "is null", None)])
    return dict(zip(rows["code"].tolist(), rows[GEOM].tolist()))


def _period(request: Assess, words: Words) -> str:
    """Return the period in words; an open end is said as such."""
    if not request.from_date and not request.to_date:
        return words.say("table.always")
    first, last = request.from_date or words.say("table.earliest"), request.to_date or words.say("table.latest")
    return words.say("table.between", first=first, last=last)
