# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of a case's moves: rows derived from known times, or read from a log file of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases import fields as known
from digital_citymgmt_plugin.core.cases.log_order import LOG
from digital_citymgmt_plugin.core.cases.stages import ACTION_OF, STAGES, STEPS, UNKNOWN, stage_rank
from digital_citymgmt_plugin.core.cases.times import parse_times, to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem, Rule, apply_mapping
from digital_citymgmt_plugin.core.ports import ROW, Columns, Context, RejectList, Source, Store
from digital_citymgmt_plugin.core.requests import EVENTS_TAIL, Layer
from digital_citymgmt_plugin.services.intake import Tally, base_name, find_mapping, objects, open_layer, source_name
from digital_citymgmt_plugin.services.rejecting import SOURCE, origin_of, reject_list

# column ``source``: told by the times of a case row, or by a log; found by linking, or after grids had changed
IMPORT, LINK, REHOME, MERGE = "import", "link", "rehome", "merge"
NAMES = ("case_fid", "action", "from_stage", "to_stage", "at", "done_by", "dept_code", "reason", "source")
CHUNK = 20_000
HALF = 0.5  # of the progress: cases first, then their log


def derived_events(fids: NDArray[np.int64], columns: Columns) -> Columns:
    """Return one event per known time of each case, in the order of a case's life; void cases end with ``void``."""
    fid_parts, place_parts, events = [], [], []
    departments = columns.get("dept_code")
    for place, (name, (action, before, after)) in enumerate(STEPS.items()):
        if name not in columns:
            continue
        there = np.flatnonzero(np.array([value is not None for value in columns[name].tolist()], dtype=bool))
        count = len(there)
        fid_parts.append(fids[there])
        place_parts.append(np.full(count, place))
        events.append(
            (
                [action] * count,
                [None if before == UNKNOWN else STAGES[before]] * count,
                [STAGES[after]] * count,
                columns[name][there].tolist(),
                departments[there].tolist() if departments is not None and action == "dispatch" else [None] * count,
            )
        )
    void = np.flatnonzero(columns["stage"] == "void")
    fid_parts.append(fids[void])
    place_parts.append(np.full(len(void), len(STEPS)))
    size = len(void)
    events.append((["void"] * size, [None] * size, ["void"] * size, [None] * size, [None] * size))
    order = np.lexsort((np.concatenate(place_parts), np.concatenate(fid_parts)))
    joined = [objects([value for part in events for value in part[column]])[order] for column in range(5)]
    total = len(order)
    empty = objects([None] * total)
    return {
        "case_fid": np.concatenate(fid_parts)[order], "action": joined[0], "from_stage": joined[1],
        "to_stage": joined[2], "at": joined[3], "done_by": empty, "dept_code": joined[4], "reason": empty,
        "source": objects([IMPORT] * total),
    }  # fmt: skip


def moved_text(change: dict[str, Any]) -> str:
    """Return old and new values by column as an ``amend`` event holds them."""
    return json.dumps(change, ensure_ascii=False, sort_keys=True)


def amendments(
    fids: NDArray[np.int64], stages: tuple[NDArray[Any], NDArray[Any]], changes: Sequence[dict[str, Any]], at: str,
    source: str,
) -> Columns:  # fmt: skip
    """Return an ``amend`` event per case whose ``reason`` holds the old and the new value of each changed column."""
    return amended(fids, stages, objects(moved_text(change) for change in changes), at, source)


def amended(
    fids: NDArray[np.int64], stages: tuple[NDArray[Any], NDArray[Any]], reasons: NDArray[np.object_], at: str,
    source: str,
) -> Columns:  # fmt: skip
    """Return an ``amend`` event per case, its values told as ``moved_text`` does."""
    size = len(fids)
    blank = objects([None] * size)
    return {
        "case_fid": fids, "action": objects(["amend"] * size), "from_stage": stages[0], "to_stage": stages[1],
        "at": objects([at] * size), "done_by": blank, "dept_code": blank, "reason": reasons,
        "source": objects([source] * size),
    }  # fmt: skip


def moves(fids: NDArray[np.int64], stages: NDArray[Any], old: Columns, new: Columns, at: str, source: str) -> Columns:
    """Return the amendments of cases that had a place and now have another; a first place has no value before it."""
    kept, changes = [], []
    for index in range(len(fids)):
        change = {name: [old[name][index], new[name][index]] for name in old if old[name][index] != new[name][index]}
        if any(before is not None for before, _ in change.values()):
            kept.append(index)
            changes.append(change)
    rows = np.array(kept, dtype=np.int64)
    return amendments(fids[rows], (stages[rows], stages[rows]), changes, at, source)


def only_new(store: Store, events: Columns) -> Columns:
    """Leave out the events that the store holds already (same case, action and moment)."""
    fids = np.unique(events["case_fid"]).tolist()
    held: set[tuple[int, str, str | None]] = set()
    for start in range(0, len(fids), CHUNK):
        rows = store.read("case_event", ["case_fid", "action", "at"], [("case_fid", "in", fids[start : start + CHUNK])])
        held.update(zip(rows["case_fid"].tolist(), rows["action"].tolist(), rows["at"].tolist()))
    keep = []
    for key in zip(events["case_fid"].tolist(), events["action"].tolist(), events["at"].tolist()):
        keep.append(key not in held)
        held.add(key)
    mask = np.array(keep, dtype=bool)
    return {name: column[mask] for name, column in events.items()}


class Marks:
    """Which rows of a table were met, by ``fid``: a byte a row, where a set of their keys would take a hundred.

    In pages, so that rows with numbers far apart cost no more than a page each.
    """

    _PAGE = 4096

    def __init__(self) -> None:
        self._pages: dict[int, NDArray[np.bool_]] = {}

    def add(self, fids: NDArray[np.int64]) -> None:
        """Mark rows."""
        for page, _, at in self._parts(fids):
            if page not in self._pages:
                self._pages[page] = np.zeros(self._PAGE, dtype=bool)
            self._pages[page][at] = True

    def of(self, fids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which rows are marked."""
        found = np.zeros(len(fids), dtype=bool)
        for page, rows, at in self._parts(fids):
            if page in self._pages:
                found[rows] = self._pages[page][at]
        return found

    def _parts(self, fids: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """Yield page, places in ``fids``, places in the page."""
        fids = np.asarray(fids, dtype=np.int64)
        pages = fids // self._PAGE
        order = np.argsort(pages, kind="stable")
        bounds = np.flatnonzero(np.diff(pages[order])) + 1
        for rows in np.split(order, bounds) if len(order) else ():
            page = int(pages[rows[0]])
            yield page, rows, fids[rows] - page * self._PAGE


class EventLog:
    """A log of moves in a file, read once; ``told`` marks the cases that it spoke of, be it in rows not taken.

    Parameters
    ----------
    context : Context
    layer : Layer
    mapping : Mapping or None
        Mapping of the cases: its option ``events`` maps the log's columns; else they are guessed by their names.
    rejects : str or None
        Path of the cases' reject list; that of the log stands beside it (``…_events``).
    """

    def __init__(self, context: Context, layer: Layer, options: Any, rejects: str | None, zone: str) -> None:
        self.context, self.layer, self.zone = context, layer, zone
        self.file = base_name(layer.path)
        self.rejects_path = context.files.beside(rejects, EVENTS_TAIL) if rejects else None
        self.rejects: RejectList | None = None
        source = open_layer(context, layer)
        try:
            text = None if not isinstance(options, dict) else _as_json(options)
            mapping = find_mapping(context, "case_events", text, source, known.EVENT_FIELDS, known.EVENT_SYNONYMS)
            self.mapping = _required(mapping, source)
            self.rows = source.info.rows or 0
        finally:
            source.close()
        self.told = Marks()

    def take(self, store: Store, write: Any, lists: ExitStack) -> dict[str, int]:
        """Read the log and hand new events to ``write`` chunk by chunk; returns the counts.

        The caller closes ``rejects`` inside the action; ``lists`` takes it away when that does not come to be.
        """
        source = open_layer(self.context, self.layer)
        try:
            self.rejects = lists.enter_context(reject_list(self.context, self.rejects_path, source))
            tally = Tally(self.rejects, {SOURCE: origin_of(source, source_name(source))})
            added = held = 0
            for chunk in source.chunks():
                self.context.cancel.check()
                tally.read += len(chunk[ROW])
                share = min(1.0, tally.read / self.rows) if self.rows else 0.5
                self.context.progress(HALF + 0.45 * share, "progress.reading", rows=tally.read)
                events = self._events(store, chunk, tally)
                fresh = only_new(store, events)
                held += len(events["case_fid"]) - len(fresh["case_fid"])
                added += len(fresh["case_fid"])
                if len(fresh["case_fid"]):
                    write(fresh)
        finally:
            source.close()
        return {
            "events_read": tally.read, "events_rejected": tally.rejected, "events_unchanged": held,
            "events_added": added,
        }  # fmt: skip

    def _events(self, store: Store, chunk: Columns, tally: Tally) -> Columns:
        mapped, problems = apply_mapping(self.mapping, chunk)
        size = len(chunk[ROW])
        zone, pattern = self.mapping.time_zone or self.zone, self.mapping.options.get("time_format")
        moments, bad = parse_times(mapped["at"], zone, pattern)
        column = self.mapping.fields["at"].columns[0]
        for index in np.flatnonzero(bad).tolist():
            values = {"field": "at", "column": column, "value": str(mapped["at"][index])}
            problems.append(RowProblem(index, "reject.time", values))
        numbers = [known.as_text(value) for value in mapped["case_no"].tolist()]
        listed = sorted({number for number in numbers if number is not None})
        rows = store.read("case_record", ["fid", "case_no"], [("case_no", "in", listed)])
        fid_of = dict(zip(rows["case_no"].tolist(), rows["fid"].tolist()))
        self.told.add(np.asarray(rows["fid"], dtype=np.int64))
        actions = [ACTION_OF.get(str(known.as_text(value)).lower()) for value in mapped["action"].tolist()]
        for index in range(size):
            if numbers[index] is not None and numbers[index] not in fid_of:
                problems.append(RowProblem(index, "reject.case_unknown", {"value": numbers[index]}))
            elif actions[index] is None and mapped["action"][index] is not None:
                values = {"field": "action", "column": "action", "value": str(mapped["action"][index])}
                problems.append(RowProblem(index, "reject.value_unknown", values))
        keep = np.flatnonzero(tally.reject(chunk, problems))
        blank = objects([None] * size)

        def part(name: str) -> NDArray[Any]:
            return objects(known.as_text(value) for value in mapped.get(name, blank)[keep].tolist())

        return {
            "case_fid": np.array([fid_of[numbers[index]] for index in keep], dtype=np.int64),
            "action": objects(actions[index] for index in keep),
            "from_stage": objects(_stage(value) for value in part("from_stage").tolist()),
            "to_stage": objects(_stage(value) for value in part("to_stage").tolist()),
            "at": to_text(moments[keep]),
            "done_by": part("done_by"),
            "dept_code": part("dept_code"),
            "reason": part("reason"),
            "source": objects([LOG] * len(keep)),
        }


def _stage(value: str | None) -> str | None:
    """Return a stage by our name; a word that is not known stays as it is: the log is evidence."""
    rank = None if value is None else stage_rank(value)
    return value if rank is None or rank == UNKNOWN else STAGES[rank]


def _required(mapping: Mapping, source: Source) -> Mapping:
    rules = dict(mapping.fields)
    for name in ("case_no", "action", "at"):
        rule = rules.get(name)
        if rule is None or not rule.columns:
            known = ", ".join(item.name for item in source.info.fields)
            raise InputRefused("mapping.missing_field", entry=name, file=base_name(source.info.path), known=known)
        rules[name] = Rule(rule.columns, rule.join, rule.const, rule.values, rule.default, rule.has_default, True)
    return Mapping(rules, None, None, None, mapping.null_values, mapping.time_zone, mapping.options)


def _as_json(options: dict[str, Any]) -> str:
    return json.dumps(options, ensure_ascii=False)
