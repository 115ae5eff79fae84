# SPDX-License-Identifier: GPL-2.0-or-later
"""Sheets of collectors: days on the round, cover of the beat, and cases of the public that were walked past."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.assessment.facts import COLLECTOR, OTHERS, source_kind
from digital_citymgmt_plugin.core.assessment.indicators import NOTHING
from digital_citymgmt_plugin.core.assessment.scores import half_up
from digital_citymgmt_plugin.core.cases.times import from_text, to_local, to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Condition, Context, Sheet, Store
from digital_citymgmt_plugin.core.requests_fairness import CollectorSheets
from digital_citymgmt_plugin.services.assessment.collector_work import REPORTED, TASKS, WORK, Names, work_by_person
from digital_citymgmt_plugin.services.assessment.periods import read_day
from digital_citymgmt_plugin.services.assessment.said import headings, said
from digital_citymgmt_plugin.services.assessment.walks import Walk, Walks

COVER = (
    "days", "misses", "grids", "grids_seen", "grid_share", "grid_share_daily", "road_km", "road_share",
    "road_share_daily",
)  # fmt: skip
PEOPLE = (
    "carrier", "name", "beat", *REPORTED, "valid_share", *TASKS[:2], "verified_share", *TASKS[2:], "checked_share",
    *COVER,
)  # fmt: skip
DAYS = (
    "carrier", "day", "beat", "first", "last", "points", "grids", "grids_seen", "grid_share", "road_km", "road_seen_km",
    "road_share", "elsewhere", "misses",
)  # fmt: skip
MISSES = ("case_no", "carrier", "day", "grid", "class", "visited", "reported")
_CASES = ("fid", "case_no", "source", "grid_code", "class_code", "stage", "filed_at", "reported_at")


def collector_sheets(context: Context, request: CollectorSheets) -> dict[str, Any]:
    """Tell what collectors covered and what they walked past.

    A miss (漏报) is a case of the public or another source than collectors that was filed and not voided, reported on a
    day after a collector of the beat had been in its unit grid on that day, and whose class no collector had reported
    in that grid before on that day. Of several collectors it is counted for the one who had been there last. What came
    up after the collector had passed is counted, too: a share to compare, not a proof against one person.

    Returns
    -------
    dict
        ``counts`` (collectors, days, misses, unassigned), ``people``, ``days``, ``misses`` (each ``columns`` and
        ``rows``; misses with ``cases``, their fids), ``notes``, ``output``.

    Raises
    ------
    InputRefused
        ``assess.date``, ``assess.period``, ``assess.output``, ``collector.no_tracks``, ``collector.no_beats``,
        ``collector.reach``.
    """
    first, last = read_day(request.from_date, "from_date"), read_day(request.to_date, "to_date")
    if first is not None and last is not None and first > last:
        raise InputRefused("assess.period", from_date=request.from_date, to_date=request.to_date)
    if not 0 < request.reach <= 1000:
        raise InputRefused("collector.reach", value=request.reach)
    if request.output and PurePath(request.output).suffix.lower() != ".xlsx":
        raise InputRefused("assess.output", file=request.output, known=".xlsx")
    store = context.need_store()
    if not store.count("beat_member"):
        raise InputRefused("collector.no_beats")
    walks = Walks(context, request.from_date, request.to_date, request.reach)
    made = list(walks.each())
    if not made:
        raise InputRefused("collector.no_tracks")
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    missed = _missed(context, store, made, zone)
    by_walk: dict[int, int] = {}
    for walk, _case in missed:
        by_walk[id(walk)] = by_walk.get(id(walk), 0) + 1
    names = Names(store)
    context.progress(0.75, "progress.counting")
    work = work_by_person(context, names, request.from_date or made_first(made), request.to_date or made_last(made))
    people = _people(walks, made, by_walk, names, work)
    days = [_day(walk, by_walk.get(id(walk), 0), zone) for walk in made]
    listed = [
        [case["case_no"], walk.carrier, walk.day, case["grid_code"], case["class_code"],
         _clock(walk.visits[case["grid_code"]], zone), _clock(case["at"], zone)]
        for walk, case in missed
    ]  # fmt: skip
    notes = [
        said(context, "collector.definition_miss"),
        said(context, "collector.definition_cover", reach=f"{request.reach:g}"),
        said(context, "collector.definition_work"),
    ]
    if walks.assumed:
        notes.append(said(context, "collector.assumed", count=len(walks.assumed)))
    context.cancel.check()
    if request.output:
        context.progress(0.9, "progress.writing")
        sheets = [
            ("collector.sheet_people", PEOPLE, people), ("collector.sheet_days", DAYS, days),
            ("collector.sheet_misses", MISSES, listed),
        ]  # fmt: skip
        context.files.write_workbook(request.output, [
            Sheet(said(context, code), headings(context, "collector", columns), rows, (), tuple(notes))
            for code, columns, rows in sheets
        ])  # fmt: skip
    return {
        "counts": {
            "collectors": len(people), "days": len(days), "misses": len(missed), "unassigned": len(walks.assumed),
        },
        "operation": None, "tables": [], "notes": [], "remarks": notes, "output": request.output,
        "people": {"columns": list(PEOPLE), "rows": people}, "days": {"columns": list(DAYS), "rows": days},
        "misses": {"columns": list(MISSES), "rows": listed, "cases": [case["fid"] for _walk, case in missed]},
    }  # fmt: skip


def share(part: float, whole: float) -> float | str:
    """Return a share in percent with two decimals, ``–`` of nothing."""
    return float(half_up(100.0 * part / whole, 2)) if whole > 0 else NOTHING


def made_first(made: Iterable[Walk]) -> str:
    """Return the first day of walks."""
    return min(walk.day for walk in made)


def made_last(made: Iterable[Walk]) -> str:
    """Return the last day of walks."""
    return max(walk.day for walk in made)


def _people(
    walks: Walks, made: Iterable[Walk], missed: dict[int, int], names: Names, work: dict[str, dict[str, int]]
) -> list[list[Any]]:
    """Return a row for each collector with tracks or with work; what there is none of is left empty, not 0."""
    by_key: dict[str, list[Walk]] = {}
    for walk in made:
        by_key.setdefault(names.key(walk.carrier), []).append(walk)
    rows = []
    for key in sorted({*by_key, *work}):
        own, done = by_key.get(key, []), work.get(key, dict.fromkeys(WORK, 0))
        numbers = [done[code] for code in WORK]
        shares = [share(numbers[at + 1], numbers[at]) for at in (0, 2, 4)]
        beats = ", ".join(sorted({walk.beat for walk in own if walk.beat}))
        rows.append([
            key, names.name(key), beats, *numbers[:2], shares[0], *numbers[2:4], shares[1], *numbers[4:], shares[2],
            *_cover(walks, own, missed),
        ])  # fmt: skip
    return rows


def _cover(walks: Walks, own: list[Walk], missed: dict[int, int]) -> list[Any]:
    if not own:
        return [0, *[NOTHING] * (len(COVER) - 1)]
    # A collector who is told by code in one file and by name in another has two records; the longer one counts.
    records = [walks.covered[carrier] for carrier in sorted({walk.carrier for walk in own})]
    covered = max(records, key=lambda one: len(one.grids))
    return [
        len(own), sum(missed.get(id(walk), 0) for walk in own), len(covered.of),
        len(covered.grids), share(len(covered.grids), len(covered.of)),
        share(sum(walk.seen for walk in own), sum(walk.grids for walk in own)),
        NOTHING if covered.road_m is None else round(covered.road_m / 1000.0, 3),
        NOTHING if covered.road_m is None else share(covered.seen_m, covered.road_m),
        share(sum(walk.seen_m for walk in own), sum(walk.road_m for walk in own)),
    ]  # fmt: skip


def _day(walk: Walk, missed: int, zone: str) -> list[Any]:
    return [
        walk.carrier, walk.day, walk.beat, _clock(walk.first, zone), _clock(walk.last, zone), walk.points, walk.grids,
        walk.seen, share(walk.seen, walk.grids), round(walk.road_m / 1000.0, 3), round(walk.seen_m / 1000.0, 3),
        share(walk.seen_m, walk.road_m), walk.elsewhere, missed,
    ]  # fmt: skip


def _clock(moment: Any, zone: str) -> str:
    local = to_local(np.array([moment], dtype="datetime64[ms]"), zone)[0]
    return str(local.astype("datetime64[s]"))[11:]


def _missed(context: Context, store: Store, made: list[Walk], zone: str) -> list[tuple[Walk, dict[str, Any]]]:
    """Return walk and case of each miss, by day and number."""
    visited: dict[tuple[str, str], list[Walk]] = {}
    for walk in made:
        for grid in walk.visits:
            visited.setdefault((grid, walk.day), []).append(walk)
    day = np.timedelta64(1, "D")
    ends = to_text(np.array([min(walk.first for walk in made) - day, max(walk.last for walk in made) + day]))
    where: list[Condition] = [
        ("filed_at", "not null", None), ("stage", "!=", "void"), ("grid_code", "not null", None),
        ("reported_at", ">=", ends[0]), ("reported_at", "<=", ends[1]),
    ]  # fmt: skip
    reported: dict[tuple[str, str, str], np.datetime64] = {}  # grid, day, class → first report of a collector
    public: list[tuple[str, dict[str, Any]]] = []
    for part in store.chunks("case_record", _CASES, where):
        context.cancel.check()
        moments = from_text(part["reported_at"])
        days = to_local(moments, zone).astype("datetime64[D]").astype(str)
        for row in range(len(moments)):
            key = (part["grid_code"][row], str(days[row]))
            if key not in visited:
                continue
            case = {"at": moments[row], **{name: part[name][row] for name in _CASES}}
            kind = source_kind(case["source"])
            if kind == COLLECTOR:
                own = (*key, str(case["class_code"] or ""))
                reported[own] = min(reported.get(own, case["at"]), case["at"])
            elif kind == OTHERS:
                public.append((key[1], case))
    missed = []
    for at, case in public:
        own = (case["grid_code"], at, str(case["class_code"] or ""))
        known_before = own in reported and reported[own] <= case["at"]
        passed = None if known_before else _passed(visited[own[:2]], own[0], case["at"])
        if passed is not None:
            missed.append((passed, case))
    return sorted(missed, key=lambda one: (one[0].day, str(one[1]["case_no"])))


def _passed(walks: list[Walk], grid: str, at: np.datetime64) -> Walk | None:
    """Return the walk of a collector of the beat that had been in a grid last before a moment."""
    before = [walk for walk in walks if walk.visits[grid] < at and walk.has(grid)]
    return max(before, key=lambda walk: walk.visits[grid], default=None)
