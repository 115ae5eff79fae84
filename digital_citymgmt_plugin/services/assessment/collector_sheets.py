# SPDX-License-Identifier: GPL-2.0-or-later
"""Sheets of collectors: days on the round, cover of the beat, and cases of the public that were walked past."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.cases.times import from_text, to_local
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Condition, Context, Sheet, Store
from digital_citymgmt_plugin.core.requests_fairness import CollectorSheets
from digital_citymgmt_plugin.services.assessment.periods import read_day
from digital_citymgmt_plugin.services.assessment.said import headings, said
from digital_citymgmt_plugin.services.assessment.walks import Walk, Walks

PEOPLE = (
    "carrier", "beat", "days", "misses", "grids", "grids_seen", "grid_share", "grid_share_daily", "road_km",
    "road_share", "road_share_daily",
)  # fmt: skip
DAYS = (
    "carrier", "day", "beat", "first", "last", "points", "grids", "grids_seen", "grid_share", "road_km", "road_seen_km",
    "road_share", "elsewhere", "misses",
)  # fmt: skip
MISSES = ("case_no", "carrier", "day", "grid", "class", "visited", "reported")
_CASES = ("fid", "case_no", "source", "grid_code", "class_code", "stage", "filed_at", "reported_at")
_COLLECTORS = ("监督员", "采集员", "信息员", "巡查", "collector", "patrol")


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
    people = _people(walks, made, by_walk)
    days = [_day(walk, by_walk.get(id(walk), 0), zone) for walk in made]
    listed = [
        [case["case_no"], walk.carrier, walk.day, case["grid_code"], case["class_code"],
         _clock(walk.visits[case["grid_code"]], zone), _clock(case["at"], zone)]
        for walk, case in missed
    ]  # fmt: skip
    notes = [said(context, "collector.definition_miss"),
             said(context, "collector.definition_cover", reach=f"{request.reach:g}")]  # fmt: skip
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
    return round(100.0 * part / whole, 2) if whole > 0 else "–"


def _people(walks: Walks, made: Iterable[Walk], missed: dict[int, int]) -> list[list[Any]]:
    by_carrier: dict[str, list[Walk]] = {}
    for walk in made:
        by_carrier.setdefault(walk.carrier, []).append(walk)
    rows = []
    for carrier, own in sorted(by_carrier.items()):
        covered = walks.covered[carrier]
        beats = ", ".join(sorted({walk.beat for walk in own if walk.beat}))
        rows.append([
            carrier, beats, len(own), sum(missed.get(id(walk), 0) for walk in own), len(covered.of),
            len(covered.grids), share(len(covered.grids), len(covered.of)),
            share(sum(walk.seen for walk in own), sum(walk.grids for walk in own)),
            "–" if covered.road_m is None else round(covered.road_m / 1000.0, 3),
            "–" if covered.road_m is None else share(covered.seen_m, covered.road_m),
            share(sum(walk.seen_m for walk in own), sum(walk.road_m for walk in own)),
        ])  # fmt: skip
    return rows


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
    where: list[Condition] = [("filed_at", "not null", None), ("stage", "!=", "void"), ("grid_code", "not null", None)]
    first, last = min(walk.first for walk in made), max(walk.last for walk in made)
    reported: dict[tuple[str, str, str], np.datetime64] = {}  # grid, day, class → first report of a collector
    public: list[tuple[str, dict[str, Any]]] = []
    day = np.timedelta64(1, "D")
    for part in store.chunks("case_record", _CASES, where):
        context.cancel.check()
        moments = from_text(part["reported_at"])
        days = to_local(moments, zone).astype("datetime64[D]").astype(str)
        rows = np.flatnonzero((moments >= first - day) & (moments <= last + day))
        for row in rows.tolist():
            key = (part["grid_code"][row], str(days[row]))
            if key not in visited:
                continue
            case = {"at": moments[row], **{name: part[name][row] for name in _CASES}}
            if any(word in str(case["source"] or "").lower() for word in _COLLECTORS):
                own = (*key, str(case["class_code"] or ""))
                reported[own] = min(reported.get(own, case["at"]), case["at"])
            elif case["source"]:
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
