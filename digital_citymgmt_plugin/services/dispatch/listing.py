# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of a queue, page by page in one order, with the counts of all queues and what can be filtered by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases import queues
from digital_citymgmt_plugin.core.cases.board import SORTS, Board
from digital_citymgmt_plugin.core.cases.names import ENDED, LAMPS, QUEUES
from digital_citymgmt_plugin.core.cases.times import to_utc
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import XY, Context, Store
from digital_citymgmt_plugin.core.requests_assessment import CasesOfNumber
from digital_citymgmt_plugin.core.requests_dispatch import CaseFilter, CaseQueue, WarmCases
from digital_citymgmt_plugin.services.assessment.panel import cases_of_number
from digital_citymgmt_plugin.services.beat_rows import read_beats
from digital_citymgmt_plugin.services.dispatch.holding import CASES, Held, Order, boards, whole

COLUMNS = (
    "fid", "uuid", "case_no", "kind", "class_code", "class_name", "condition", "source", "description", "address",
    "component_code", "component_uuid", "grid_code", "community_code", "street_code", "dept_code", "dept_name", "stage",
    "reported_at", "filed_at", "dispatched_at", "due_at", "closed_at", "emergency", "parked", "parked_until", "returns",
    "reworks", "extensions", "supervised", "extension_asked", "unowned", "remediated", XY,
)  # fmt: skip
PAGE = 1_000
MANY = 100_000  # numbers of cases in one answer
LISTS = 6  # how many orders are kept
_FRESH = timedelta(seconds=30)  # a list asked for anew after this is made anew: lamps change with the time
Ints = NDArray[np.int64]


def moment_of(context: Context) -> np.datetime64:
    """Return now as UTC milliseconds."""
    return np.datetime64(context.clock().replace(tzinfo=None), "ms")


def case_queue(context: Context, request: CaseQueue) -> dict[str, Any]:
    """List cases of a queue.

    Returns
    -------
    dict
        ``cases``: a page of dicts with the columns of ``COLUMNS`` (``x``, ``y`` in the store's CRS for the place, None
        without one) and ``lamp``; ``offset`` of its first, ``total``, ``at``: the place of the case that was sought (-1
        when it is not in the list), ``token``: changes when the order may have; ``queues``: number of cases by queue;
        ``choices`` when asked for: departments, classes, streets, communities, beats, sources as [code, name, number];
        ``full``: how much of the closed cases is in memory (0 to 1).

    Raises
    ------
    InputRefused
        ``dispatch.unknown_queue``, ``dispatch.unknown_column``, ``dispatch.day``.
    """
    store, held = context.need_store(), boards(context)
    board, rows, token = ordered(context, held, request, anew=request.counts and not request.offset)
    at = -1
    offset, size = max(0, request.offset), max(1, min(request.limit, PAGE))
    if request.seek:
        found = np.flatnonzero(board.fids[rows] == request.seek)
        at = int(found[0]) if len(found) else -1
        offset = at // size * size if at >= 0 else offset
    now = moment_of(context)
    shown = board.fids[rows[offset : offset + size]]
    answer: dict[str, Any] = {
        "cases": read_cases(store, shown, now, board), "offset": offset, "total": len(rows), "at": at, "token": token,
        "full": held.fraction, "counts": {}, "tables": [], "notes": [],
    }  # fmt: skip
    if request.counts:
        answer["queues"] = queues.counts(held.open, now)
    if request.every > 0:
        answer["fids"] = board.fids[rows[: min(request.every, MANY)]].tolist()
    if request.choices:
        answer["choices"] = _choices(store, board)
    return answer


def warm_cases(context: Context, request: WarmCases) -> dict[str, Any]:
    """Read on for some time; tells ``full``: 0 to 1, how much of the closed cases is in memory."""
    held = boards(context)
    held.warm(context, max(1, min(request.milliseconds, 1_000)))
    return {"full": held.fraction, "counts": {}, "tables": [], "notes": []}


def board_for(context: Context, held: Held, asked: CaseFilter) -> Board:
    """Return the board that a filter needs: that of all cases only when closed ones are meant."""
    closed = asked.queue == "all" and not (asked.stages and not ENDED & {*asked.stages})
    return whole(context, held) if closed else held.open


def ordered(context: Context, held: Held, asked: CaseFilter, *, anew: bool) -> tuple[Board, Ints, str]:
    """Return the board, its rows that a filter takes in their order, and the token of this order."""
    if asked.queue not in QUEUES:
        raise InputRefused("dispatch.unknown_queue", value=asked.queue)
    if asked.sort and asked.sort not in SORTS and asked.sort != "lamp":
        raise InputRefused("dispatch.unknown_column", value=asked.sort)
    board = board_for(context, held, asked)
    key = json.dumps([getattr(asked, item.name) for item in fields(CaseFilter)])
    kept = held.lists.get(key)
    same = kept is not None and kept.board is board and kept.version == board.version
    if kept is not None and same and (not anew or context.clock() - kept.made < _FRESH):
        held.lists.move_to_end(key)
        return board, kept.rows, kept.token
    store, now = context.need_store(), moment_of(context)
    taken = queues.chosen(board, asked, now, _days(store, asked), _beat_grids(store, asked.beats))
    if asked.number:
        counted = cases_of_number(context, CasesOfNumber(asked.number))["fids"]
        taken = taken[np.isin(board.fids[taken], np.array(counted, dtype=np.int64), assume_unique=True)]
    begins, falls = QUEUES[asked.queue]
    if asked.sort == "lamp":
        rows = board.ordered(taken, "due_at", descending=False)
        lit = queues.lamps(board, now)[rows]
        rows = rows[np.argsort(-lit if not asked.descending else lit, kind="stable")]
    else:
        descending = asked.descending if asked.sort else falls
        rows = board.ordered(taken, asked.sort or begins, descending=descending)
    held.numbered += 1
    held.lists[key] = Order(f"{id(held):x}-{held.numbered}", context.clock(), board, board.version, rows)
    held.lists.move_to_end(key)
    while len(held.lists) > LISTS:
        held.lists.popitem(last=False)
    return board, rows, held.lists[key].token


def _days(store: Store, asked: CaseFilter) -> tuple[np.datetime64, np.datetime64]:
    zone = store.meta()["time_zone"]
    found = []
    for text, more in ((asked.reported_from, 0), (asked.reported_to, 1)):
        try:
            day = np.datetime64(text or "NaT", "D") + more
        except ValueError as error:
            raise InputRefused("dispatch.day", value=text) from error
        found.append(to_utc(np.array([day.astype("datetime64[ms]")]), zone)[0] if text else np.datetime64("NaT", "ms"))
    return found[0], found[1]


def _beat_grids(store: Store, codes: Sequence[str]) -> list[str]:
    if not codes:
        return []
    beats = read_beats(store)
    wanted = {uuid for uuid, code in beats.code_of.items() if code in codes}
    members = [grid for grid, beat in beats.beat_of.items() if beat in wanted]
    grids = store.read("unit_grid", ["code"], [("uuid", "in", members)])["code"]
    return [str(code) for code in grids.tolist()]


def read_cases(store: Store, fids: Ints, now: np.datetime64, board: Board | None = None) -> list[dict[str, Any]]:
    """Read cases in the order of ``fids``."""
    rows = store.read(CASES, COLUMNS, [("fid", "in", fids.tolist())])
    places = rows.pop(XY)
    listed: dict[int, dict[str, Any]] = {}
    names = list(rows)
    departments = store.profile().department_by_code()
    for at, values in enumerate(zip(*(rows[name].tolist() for name in names))):
        item = dict(zip(names, values))
        x, y = places[at].tolist()
        item["x"], item["y"] = (x, y) if np.isfinite((x, y)).all() else (None, None)
        known = departments.get(str(item["dept_code"])) if not item["dept_name"] else None
        item["dept_name"] = known.name if known else item["dept_name"]
        listed[item["fid"]] = item
    found = [listed[fid] for fid in fids.tolist() if fid in listed]
    if board is not None and found:
        at_rows = board.rows_of(np.array([item["fid"] for item in found], dtype=np.int64))
        lit = queues.lamps(board, now)[at_rows]
        for item, lamp in zip(found, lit.tolist()):
            item["lamp"] = LAMPS[lamp]
    return found


def _choices(store: Store, board: Board) -> dict[str, list[list[Any]]]:
    profile = store.profile()
    areas = store.read("admin_area", ["code", "name", "level"])
    area_names = dict(zip(areas["code"].tolist(), areas["name"].tolist()))
    classes = {entry.code: entry.name for entry in profile.classes}
    majors = {entry.major_code: entry.major_name for entry in profile.classes}
    names: dict[str, dict[Any, Any]] = {
        "dept_code": {code: one.name for code, one in profile.department_by_code().items()}, "class_code": classes,
        "street_code": area_names, "community_code": area_names, "source": {},
    }  # fmt: skip
    keys = {"dept_code": "departments", "class_code": "classes", "street_code": "streets",
            "community_code": "communities", "source": "sources"}  # fmt: skip
    found: dict[str, list[list[Any]]] = {}
    for column, key in keys.items():
        tally = sorted(board.tally(column).items())
        found[key] = [[word, names[column].get(word) or "", count] for word, count in tally]
    found["majors"] = [[code, name, 0] for code, name in sorted(majors.items()) if code]
    found["every_department"] = [[code, name] for code, name in sorted(names["dept_code"].items())]
    beats = read_beats(store).beats
    found["beats"] = [[code, name or "", 0] for code, name in zip(beats["code"].tolist(), beats["name"].tolist())]
    return found
