# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of an old period on today's grids, and back: counted anew where there are points, else by area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import GONE
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.grids.restate import AREA, NOTHING, SAME, Crosswalk, crosswalk, spread
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Context, Store
from digital_citymgmt_plugin.core.requests_history import Restate
from digital_citymgmt_plugin.services.grid_history import GridHistory, day_of, read_history
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issue_lists import told
from digital_citymgmt_plugin.services.local_days import local_days
from digital_citymgmt_plugin.services.restate_table import MOST_DECIMALS, Figures, read_figures

CASES, PARTS = "cases", "components"
POINTS, MIXED, OUTSIDE = "points", "mixed", "outside"
_LAYERS = (".gpkg", ".shp", ".geojson", ".json", ".fgb")
_NAMED = 12  # old grids that a row names


@dataclass
class _Column:
    """One column of figures: by new grid, and what lies in none."""

    name: str
    values: list[int]
    outside: int
    decimals: int = 0
    given: bool = False  # of the table: its name is what somebody called it
    rule: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))


def restate(context: Context, request: Restate) -> dict[str, Any]:
    """Tell figures of the grids of one day on the grids of another, and by which rule each grid got them.

    Numbers of a table are taken whole where an old grid lies whole in a new one, and cut by area where it does not; the
    parts of each number add up to it to the last decimal. Cases and components of the store are located anew by their
    points; a case without a point counts with the grid it names, like a number of the table. What lies in no grid of
    the day stands in a row without a code, so that every column has the total it had.

    The output has a row for each grid of ``to_day``: ``code``, ``community_code``, the columns, ``rule`` (of the
    table's numbers: same, whole, area, nothing), ``rule_cases``, ``from_grids`` (old grids with their shares).

    Returns
    -------
    dict
        Counts ``read``, ``accepted``, ``rejected``, ``grids_then`` (of ``to_day``), ``grids_before`` (of ``from_day``),
        ``by_same``, ``by_whole``, ``by_area``, ``by_nothing`` (grids by rule), ``points`` (located), ``without_point``;
        ``totals``: per column before, after (texts); ``output``.

    Raises
    ------
    InputRefused
        ``restate.nothing_asked``, ``restate.figures``, ``restate.decimals``, ``restate.period``, ``lineage.day``,
        ``lineage.none_on``; see ``restate_table.read_figures``.
    """
    store = context.need_store()
    since, until = _checked(context, request)
    first, then = day_of(context, request.from_day), day_of(context, request.to_day)
    context.progress(0.05, "progress.reading_grids")
    known = read_history(store)
    old, new = known.on(first), known.on(then)
    for day, grids in ((first, old), (then, new)):
        if not len(grids["code"]):
            raise InputRefused("lineage.none_on", day=day)
    walk = crosswalk(old[GEOM], new[GEOM])
    context.cancel.check()
    counts = dict.fromkeys(("read", "accepted", "rejected"), 0)
    columns: list[_Column] = []
    figures = None
    if request.input is not None:
        figures = read_figures(context, request, _times(known), set(old["code"].tolist()))
        columns += _by_area(figures, old, walk)
        counts.update(figures.tally.counts() if figures.tally else {})
    counts.update(grids_then=len(new["code"]), grids_before=len(old["code"]))
    rules = walk.rule.tolist()
    for rule in (SAME, "whole", AREA, NOTHING):
        counts[f"by_{rule}"] = rules.count(rule) if figures else 0
    counts.update(points=0, without_point=0)
    if CASES in request.figures:
        columns.append(_cases(context, store, known, old, new, since, until, counts))
    if PARTS in request.figures:
        columns.append(_components(context, store, new, counts))
    context.progress(0.9, "progress.writing")
    totals = _write(context, request, old, new, walk, columns, figures is not None)
    notes = [*(figures.notes if figures else []), {"code": "restate.days", "values": {"first": first, "then": then}}]
    notes += [{"code": "restate.total", "values": {"field": name, "total": total}} for name, total in totals.items()]
    return {
        "counts": counts, "operation": None, "tables": [], "notes": notes, "output": request.output, "totals": totals,
        "reasons": figures.tally.reasons if figures and figures.tally else {},
        "rejects": figures.rejects if figures else None,
    }  # fmt: skip


def _checked(context: Context, request: Restate) -> tuple[str, str]:
    if request.input is None and not request.figures:
        raise InputRefused("restate.nothing_asked")
    for name in request.figures:
        if name not in (CASES, PARTS):
            raise InputRefused("restate.figures", value=name, known=f"{CASES}, {PARTS}")
    if not 0 <= request.decimals <= MOST_DECIMALS:
        raise InputRefused("restate.decimals", value=request.decimals, most=MOST_DECIMALS)
    since, until = (day_of(context, text) if text.strip() else "" for text in (request.since, request.until))
    if since and until and since > until:
        raise InputRefused("restate.period", first=since, last=until)
    return since, until


def _times(known: GridHistory) -> dict[str, str]:
    """Return when each grid was there, in figures that need no words."""
    codes, born, gone = (known.grids[name].tolist() for name in ("code", "valid_from", "valid_to"))
    return {code: f"{first or '…'} – {last or '…'}" for code, first, last in zip(codes, born, gone) if code}


def _by_area(figures: Figures, old: Columns, walk: Crosswalk) -> Iterator[_Column]:
    codes = old["code"].tolist()
    for name in figures.fields:
        of = figures.values[name]
        values, outside = spread([of.get(code, 0) for code in codes], walk)
        yield _Column(name, values, sum(outside), figures.decimals, given=True)


def _cases(
    context: Context, store: Store, known: GridHistory, old: Columns, new: Columns, since: str, until: str,
    counts: dict[str, int],
) -> _Column:  # fmt: skip
    """Count the cases of a period (of filing, else of reporting) in the grids that hold their points."""
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    found = np.zeros(len(new["code"]), dtype=np.int64)
    outside, bare = 0, dict[str, int]()
    for part in store.chunks("case_record", ["fid", "filed_at", "reported_at", "grid_code", XY]):
        context.cancel.check()
        filed = np.array(
            [a or b for a, b in zip(part["filed_at"].tolist(), part["reported_at"].tolist())], dtype=object
        )
        keep = np.ones(len(filed), dtype=bool)
        if since or until:
            days = local_days(filed, zone).astype(str)
            keep = (days != "NaT") & (days >= since) & (days <= (until or "9999"))
        xy, codes = part[XY][keep], part["grid_code"][keep]
        there = np.isfinite(xy).all(axis=1)
        cell = locate_points(xy[there], new[GEOM])
        found += np.bincount(cell[cell >= 0], minlength=len(found))
        outside += int((cell < 0).sum())
        counts["points"] += int(there.sum())
        for code in codes[~there].tolist():
            bare[code or ""] = bare.get(code or "", 0) + 1
    rule = np.where(found > 0, POINTS, NOTHING).astype(object)
    counts["without_point"] = sum(bare.values())
    outside += bare.pop("", 0)
    values = found.tolist()
    if bare:
        outside += _bare(known, old, new, bare, values, rule)
    return _Column(CASES, values, outside, 0, rule=rule)


def _bare(
    known: GridHistory, old: Columns, new: Columns, bare: dict[str, int], values: list[int], rule: NDArray[np.object_]
) -> int:
    """Add cases without a point, whole ones, by the area of the grid they name (of the first day, else its last)."""
    last = dict(zip(known.grids["code"].tolist(), known.grids[GEOM]))
    shapes = {**last, **dict(zip(old["code"].tolist(), old[GEOM]))}
    named = [code for code in sorted(bare) if shapes.get(code) is not None]
    lost = sum(count for code, count in bare.items() if code not in named)
    if not named:
        return lost
    walk = crosswalk(objects([shapes[code] for code in named]), new[GEOM])
    added, outside = spread([bare[code] for code in named], walk)
    for place in np.flatnonzero(added).tolist():
        values[place] += added[place]
        rule[place] = MIXED if rule[place] == POINTS else AREA if walk.rule[place] == AREA else "whole"
    return lost + sum(outside)


def _components(context: Context, store: Store, new: Columns, counts: dict[str, int]) -> _Column:
    """Count the components that are there (none removed or abandoned) in the grids that hold their points."""
    found = np.zeros(len(new["code"]), dtype=np.int64)
    outside = 0
    for table in COMPONENTS:
        for part in store.chunks(table, ["fid", "state", XY]):
            context.cancel.check()
            there = ~np.isin(part["state"].astype(str), GONE)
            cell = locate_points(part[XY][there], new[GEOM])
            found += np.bincount(cell[cell >= 0], minlength=len(found))
            outside += int((cell < 0).sum())
            counts["points"] += int(np.isfinite(part[XY][there]).all(axis=1).sum())
    return _Column(PARTS, found.tolist(), outside, 0)


def _write(
    context: Context, request: Restate, old: Columns, new: Columns, walk: Crosswalk, columns: list[_Column], table: bool
) -> dict[str, str]:
    """Write a row for each grid, one for what lies in none; returns the totals as texts."""
    words = context.sentences or {}
    rest = any(column.outside for column in columns)
    tail: list[Any] = [None] if rest else []
    layer = PurePath(request.output).suffix.lower() in _LAYERS
    own = _set_apart(words, columns, layer, table)
    rows: Columns = {
        "code": objects([*new["code"].tolist(), *tail]),
        "community_code": objects([*new["community_code"].tolist(), *tail]),
    }
    totals = {}
    for column in columns:
        whole = [*column.values, *([column.outside] if rest else [])]
        rows[column.name] = np.array([_number(value, column.decimals) for value in whole])
        totals[column.name] = _text(sum(whole), column.decimals)
        if len(column.rule):
            rows[f"rule_{column.name}"] = _said(words, [*column.rule.tolist(), *([OUTSIDE] if rest else [])])
    if table:
        rows["rule"] = _said(words, [*walk.rule.tolist(), *([OUTSIDE] if rest else [])])
        rows["from_grids"] = objects([*_sources(old, walk), *tail])
    if layer:
        rows[GEOM] = objects([*new[GEOM].tolist(), *tail])
        rows[GEOM] = objects([shapely.multipolygons([one]) if isinstance(one, shapely.Polygon) else one
                              for one in rows[GEOM].tolist()])  # fmt: skip
    else:
        rows = {own.get(name, name): values for name, values in rows.items()}
    crs = context.need_store().meta().get("crs")
    context.files.write_layer(
        request.output, "restated", rows, crs if layer else None, "MultiPolygon" if layer else None
    )
    return totals


def _set_apart(words: Any, columns: list[_Column], layer: bool, table: bool) -> dict[str, str]:
    """Name columns of the table anew that are called as one of the output's own: one would take the other's place.

    Returns the own columns with what they are called in a table.
    """
    counted = [column for column in columns if not column.given]
    names = ["code", "community_code", *(["rule", "from_grids"] if table else [])]
    names += [name for column in counted for name in (column.name, f"rule_{column.name}")]
    own = {name: told(words, "restate", "column", name) for name in names}
    taken = {name.casefold() for name in (*own, *([GEOM, "fid"] if layer else own.values()))}
    for column in columns:
        if column.given:
            name, number = column.name, 2
            while name.casefold() in taken:
                name, number = f"{column.name}_{number}", number + 1
            taken.add(name.casefold())
            column.name = name
    return own


def _said(words: Any, rules: list[str]) -> NDArray[np.object_]:
    return objects([told(words, "restate", "rule", rule) for rule in rules])


def _sources(old: Columns, walk: Crosswalk) -> list[str | None]:
    """Name the old grids of each new one, with the share of each where it is not whole."""
    codes = old["code"].tolist()
    named: list[list[str]] = [[] for _ in walk.rule]
    for at, into, share in zip(walk.old.tolist(), walk.new.tolist(), walk.share.tolist()):
        named[into].append(codes[at] if share >= 0.99995 else f"{codes[at]} ({share:.2%})")
    return [", ".join(one[:_NAMED]) + (" …" if len(one) > _NAMED else "") or None for one in named]


def _number(value: int, decimals: int) -> float | int:
    return value / 10**decimals if decimals else value


def _text(value: int, decimals: int) -> str:
    if not decimals:
        return str(value)
    whole = f"{abs(value):0{decimals + 1}d}"
    return ("-" if value < 0 else "") + f"{whole[:-decimals]}.{whole[-decimals:]}".rstrip("0").rstrip(".")
