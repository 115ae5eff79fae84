# SPDX-License-Identifier: GPL-2.0-or-later
"""One period against another: counts and rates of rows, what rose and fell by more than chance, as table and layer."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.compare import (
    BEFORE,
    LEAST,
    YEAR,
    Period,
    count_change,
    other_period,
    rate_change,
    top_risers,
)
from digital_citymgmt_plugin.core.assessment.evaluation import Row, Selection
from digital_citymgmt_plugin.core.assessment.indicators import NOTHING, count_names
from digital_citymgmt_plugin.core.assessment.number_ids import NumberId
from digital_citymgmt_plugin.core.assessment.question import parted
from digital_citymgmt_plugin.core.assessment.scores import half_up, indicator_value
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.cases.times import from_text, to_local, to_text, to_utc
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Context, Sheet
from digital_citymgmt_plugin.core.requests_fairness import ComparePeriods
from digital_citymgmt_plugin.services.assessment.fairness import find_indicator, percent, zone_of
from digital_citymgmt_plugin.services.assessment.groups import shapes_of
from digital_citymgmt_plugin.services.assessment.periods import read_day
from digital_citymgmt_plugin.services.assessment.said import headings, said
from digital_citymgmt_plugin.services.assessment.tallies import Tally, tally
from digital_citymgmt_plugin.services.intake import objects

COUNTS = ("code", "name", "now", "before", "change", "percent", "p", "verdict", "riser")
RATES = ("code", "name", "now", "of_now", "rate_now", "before", "of_before", "rate_before", "change", "low", "high",
         "verdict")  # fmt: skip
RISEN, FALLEN, EVEN = "risen", "fallen", ""
AREAS = ("county", "street", "community", "grid")
_ENDINGS = (".xlsx", ".csv", ".gpkg")


def compare_periods(context: Context, request: ComparePeriods) -> dict[str, Any]:
    """Compare a count or an indicator of a period with that of the period before, or of the same days a year before.

    The earlier period is looked at as long after its end as this one is after its own (the cut-off): cases of last
    week had less time to be closed than those of a year ago. Days after the cut-off do not count as days.

    Returns
    -------
    dict
        ``counts`` (rows, risen, fallen), ``columns`` (``COUNTS`` or ``RATES``), ``rows``, ``total``; ``risers``: places
        of the top risers in ``rows``, the first first; ``periods``: first, last, cut_off and days of both;
        ``numbers``: texts of the numbers now and before by row; ``remarks``; ``output``.

    Raises
    ------
    InputRefused
        ``compare.kind``, ``compare.days``, ``compare.measure``, ``compare.least``, ``assess.output``; those of
        ``tally``.
    """
    if request.kind not in (BEFORE, YEAR):
        raise InputRefused("compare.kind", value=request.kind, known=f"{BEFORE}, {YEAR}")
    if request.least < 0:
        raise InputRefused("compare.least", value=request.least)
    if request.output and PurePath(request.output).suffix.lower() not in _ENDINGS:
        raise InputRefused("assess.output", file=request.output, known=", ".join(_ENDINGS))
    period = _period(request)
    earlier = other_period(period, request.kind)
    zone = zone_of(context)
    now = tally(context, _selection(request, period, request.cut_off, zone))
    at = from_text(objects([now.cut_off]))[0]
    at_before = _shifted(at, period, earlier, zone)
    context.progress(0.5, "progress.counting")
    before = tally(context, _selection(request, earlier, str(to_text(np.array([at_before]))[0]), zone))
    rows, mine, theirs = _aligned(now, before)
    days = _days(period, at, zone), _days(earlier, at_before, zone)
    if request.measure in now.counts:
        found = _counts(context, request, rows, mine[request.measure], theirs[request.measure], days)
    else:
        found = _rates(context, request, rows, mine, theirs)
    ends = [
        {"first": str(one.first), "last": str(one.last), "cut_off": cut_off, "days": number}
        for one, cut_off, number in zip((period, earlier), (now.cut_off, before.cut_off), days)
    ]
    found["periods"] = ends
    found["numbers"] = [
        [_number(request, row, one, cut_off) for one, cut_off in zip((period, earlier), (now.cut_off, before.cut_off))]
        for row in rows
        if request.measure in now.counts
    ]
    found["remarks"] = [
        said(context, "compare.periods", first=ends[0]["first"], last=ends[0]["last"],
             first_before=ends[1]["first"], last_before=ends[1]["last"], days=days[0], days_before=days[1]),
        *found["remarks"],
    ]  # fmt: skip
    context.cancel.check()
    if request.output:
        context.progress(0.9, "progress.writing")
        _write(context, request, found)
    return {**found, "operation": None, "tables": [], "notes": [], "output": request.output}


def _number(request: ComparePeriods, row: Row, period: Period, cut_off: str) -> str:
    basis = request.basis or "filed"
    number = NumberId(
        request.measure, {request.by: row.code}, basis, str(period.first), str(period.last), cut_off, request.where
    )
    return number.to_text()


def _period(request: ComparePeriods) -> Period:
    first, last = read_day(request.from_date, "from_date"), read_day(request.to_date, "to_date")
    if first is None or last is None:
        raise InputRefused("compare.days")
    if first > last:
        raise InputRefused("assess.period", from_date=request.from_date, to_date=request.to_date)
    return Period(date.fromisoformat(str(first)), date.fromisoformat(str(last)))


def _selection(request: ComparePeriods, period: Period, cut_off: str, zone: str) -> Selection:
    return Selection(
        request.by, "", request.basis or "filed", str(period.first), str(period.last), cut_off, zone,
        dict(request.where),
    )  # fmt: skip


def _shifted(at: np.datetime64, period: Period, earlier: Period, zone: str) -> np.datetime64:
    """Return the moment as long after the end of the earlier period as ``at`` is after that of this one."""
    ends = [np.datetime64(one.last + timedelta(days=1), "ms") for one in (period, earlier)]
    now, before = to_utc(np.array(ends), zone)
    result: np.datetime64 = before + (at - now)
    return result


def _days(period: Period, at: np.datetime64, zone: str) -> int:
    """Return how many days of a period had begun at a moment; at least 1."""
    last = to_local(np.array([at]), zone)[0].astype("datetime64[D]")
    end = min(np.datetime64(period.last, "D"), last)
    return max(int((end - np.datetime64(period.first, "D")).astype(int)) + 1, 1)


def _aligned(now: Tally, before: Tally) -> tuple[list[Row], dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Return the rows of both, and the counts of each for them: a department may have begun, or ended, between."""
    rows = {row.code: row for row in (*before.rows, *now.rows)}
    order = sorted(rows, key=lambda code: (not code, code))
    sides = []
    for side in (now, before):
        place = {row.code: at for at, row in enumerate(side.rows)}
        take = np.array([place.get(code, -1) for code in order], dtype=np.int64)
        sides.append({
            code: np.where(take >= 0, column[take] if len(column) else 0, 0) for code, column in side.counts.items()
        })  # fmt: skip
    return [rows[code] for code in order], sides[0], sides[1]


def _counts(
    context: Context, request: ComparePeriods, rows: list[Row], now: NDArray[Any], before: NDArray[Any],
    days: tuple[int, int],
) -> dict[str, Any]:  # fmt: skip
    change = count_change(now, before, *days, least=request.least or LEAST)
    risers = top_risers(change, *days, limit=max(request.limit, 0)).tolist()
    place = {row: at + 1 for at, row in enumerate(risers)}
    whole = count_change([now.sum()], [before.sum()], *days, least=request.least or LEAST)
    columns = [
        now.tolist(), before.tolist(), change.change.tolist(), _plain(half_up(change.percent, 2)),
        [float(f"{p:.4g}") for p in change.p.tolist()], _verdicts(change.risen, change.fallen),
        [place.get(row) for row in range(len(rows))],
    ]  # fmt: skip
    total = [
        "", "", int(now.sum()), int(before.sum()), int(whole.change[0]), _plain(half_up(whole.percent, 2))[0],
        float(f"{whole.p[0]:.4g}"), _verdicts(whole.risen, whole.fallen)[0], None,
    ]  # fmt: skip
    names = count_names(context.need_store().profile().counts, Words(context.sentences))
    return {
        "counts": {"rows": len(rows), "risen": int(change.risen.sum()), "fallen": int(change.fallen.sum())},
        "columns": list(COUNTS), "rows": _rows(rows, columns), "total": total, "risers": risers,
        "measure": {"code": request.measure, "name": names.get(request.measure, request.measure), "kind": "count"},
        "remarks": [said(context, "compare.test_counts", least=request.least or LEAST)],
    }  # fmt: skip


def _rates(
    context: Context, request: ComparePeriods, rows: list[Row], now: dict[str, Any], before: dict[str, Any]
) -> dict[str, Any]:
    indicator = find_indicator(context, request.measure)
    a, b = indicator_value(indicator, now), indicator_value(indicator, before)
    if not indicator.denominator or any((one.numerator > one.denominator).any() for one in (a, b)):
        raise InputRefused("fairness.no_share", value=indicator.code)
    parts = [
        np.append(column, column.sum()) for column in (a.numerator, a.denominator, b.numerator, b.denominator)
    ]
    change, low, high = rate_change(parts[0], parts[1], parts[2], parts[3])
    more, less = low > 0, high < 0
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = [np.where(below > 0, above / below, np.nan) for above, below in (parts[:2], parts[2:])]
    columns = [
        parts[0].tolist(), parts[1].tolist(), percent(rates[0]), parts[2].tolist(), parts[3].tolist(),
        percent(rates[1]), percent(change), percent(low), percent(high), _verdicts(more, less),
    ]  # fmt: skip
    made = _rows([*rows, Row("", "")], columns)
    words = Words(context.sentences)
    return {
        "counts": {"rows": len(rows), "risen": int(more[:-1].sum()), "fallen": int(less[:-1].sum())},
        "columns": list(RATES), "rows": made[:-1], "total": made[-1], "risers": [],
        "measure": {"code": indicator.code, "name": words.name(indicator.code, indicator.name), "kind": "rate"},
        "remarks": [said(context, "compare.test_rates")],
    }  # fmt: skip


def _verdicts(more: NDArray[Any], less: NDArray[Any]) -> list[str]:
    return [RISEN if up else FALLEN if down else EVEN for up, down in zip(more.tolist(), less.tolist())]


def _plain(values: NDArray[Any]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _rows(rows: list[Row], columns: list[list[Any]]) -> list[list[Any]]:
    return [[row.code, row.name, *values] for row, values in zip(rows, zip(*columns))]


def _write(context: Context, request: ComparePeriods, found: dict[str, Any]) -> None:
    """Write the table: xlsx with what was tested under it, csv, or a layer of the rows that have a place."""
    path, at = str(request.output), found["columns"].index("verdict")
    header = headings(context, "compare", found["columns"])
    title = said(context, "compare.title", measure=found["measure"]["name"])
    if path.lower().endswith(".gpkg"):
        _write_layer(context, request, found, path)
        return
    rows = []
    for row in [*found["rows"], ["", said(context, "table.total"), *found["total"][2:]]]:
        told = [NOTHING if value is None else value for value in row]
        told[at] = said(context, f"compare.{told[at]}") if told[at] else ""
        rows.append(told)
    if path.lower().endswith(".xlsx"):
        sheet = Sheet(said(context, "compare.sheet"), header, rows, (title,), tuple(found["remarks"]))
        context.files.write_workbook(path, [sheet])
        return
    columns = {name: objects(values) for name, values in zip(header, zip(*rows))}
    context.files.write_layer(path, "compare", columns, None, None)


def _write_layer(context: Context, request: ComparePeriods, found: dict[str, Any], path: str) -> None:
    store = context.need_store()
    shapes = shapes_of(store, request.by) if parted(request.by)[0] in AREAS else None
    columns: dict[str, NDArray[Any]] = {}
    for name, values in zip(found["columns"], zip(*found["rows"]) if found["rows"] else [[]] * len(found["columns"])):
        if name in ("code", "name", "verdict"):
            columns[name] = objects(values)
        else:
            columns[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    geometry = "MultiPolygon" if shapes is not None else None
    if shapes is not None:
        columns[GEOM] = objects(shapes.get(code) for code in columns["code"].tolist())
    context.files.write_layer(path, "compare", columns, store.meta()["crs"] if geometry else None, geometry)
