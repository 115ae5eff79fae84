# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats as the store has them, the figures of unit grids, and beats written: members, outlines, retired ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import last_days, newest_text
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.grids.beat_ground import Ground, ground_of
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Condition, Context, Store
from digital_citymgmt_plugin.services.intake import objects

TABLES = ["beat", "beat_member"]
ROAD = "road"  # theme of the base map whose lines are walked
CURRENT: list[Condition] = [("status", "=", "current")]
VALID: list[Condition] = [("valid_to", "is null", None)]


@dataclass
class Beats:
    """Beats that are valid (``beats``: fid, uuid, code, name), and of each grid (uuid) the row of ``members``."""

    beats: Columns
    beat_of: dict[str, str]  # uuid of the grid → uuid of the beat
    member: dict[str, int]  # uuid of the grid → fid of its row

    @property
    def code_of(self) -> dict[str, str]:
        """Codes by uuid."""
        return dict(zip(self.beats["uuid"].tolist(), self.beats["code"].tolist()))


@dataclass(frozen=True)
class GridFigures:
    """Current unit grids by code with what beats are measured by, and how they lie; of one moment of the store."""

    moment: tuple[int, int]
    days: int
    grids: Columns
    figures: dict[str, list[float]]  # area m², components, cases, road m
    ground: Ground


_last: WeakKeyDictionary[Store, GridFigures] = WeakKeyDictionary()


def read_beats(store: Store) -> Beats:
    """Read the valid beats and their members."""
    beats = store.read("beat", ["fid", "uuid", "code", "name"], VALID, ["code"])
    known = set(beats["uuid"].tolist())
    rows = store.read("beat_member", ["fid", "beat_uuid", "grid_uuid"], VALID, ["fid"])
    of, member = {}, {}
    for fid, beat, grid in zip(rows["fid"].tolist(), rows["beat_uuid"].tolist(), rows["grid_uuid"].tolist()):
        if beat in known:
            of[grid], member[grid] = beat, fid
    return Beats(beats, of, member)


def grid_figures(context: Context, days: int) -> GridFigures:
    """Count what lies in each current unit grid; again only after the store has changed.

    Components (merged ones left out) and cases count by the grid they were given; ``days`` before the newest case, 0
    for all of them. Roads are the lines of the base map's theme.
    """
    store = context.need_store()
    moment, found = store.moment(), _last.get(store)
    if found is not None and (found.moment, found.days) == (moment, days):
        return found
    grids = store.read("unit_grid", ["uuid", "code", "community_code", GEOM], CURRENT, ["code"])
    row_of = {code: row for row, code in enumerate(grids["code"].tolist())}
    components, cases = [0.0] * len(row_of), [0.0] * len(row_of)
    for table in COMPONENTS:
        for code, count in store.tally(table, ["grid_code"], [("merged_uuid", "is null", None)]):
            if code in row_of:
                components[row_of[code]] += count
    context.progress(0.2, "progress.reading_cases")
    context.cancel.check()
    for code, count in store.tally("case_record", ["grid_code"], _since(context, store, days)):
        if code in row_of:
            cases[row_of[code]] += count
    context.progress(0.4, "progress.reading_map")
    figures = {
        "area": shapely.area(grids[GEOM]).tolist(), "components": components, "cases": cases,
        "road": _road(context, store, grids[GEOM]).tolist(),
    }  # fmt: skip
    found = GridFigures(moment, days, grids, figures, ground_of(grids[GEOM]))
    _last[store] = found
    return found


def _since(context: Context, store: Store, days: int) -> list[Condition]:
    if days <= 0:
        return []
    newest = ""
    for chunk in store.packed("case_record", ["reported_at"]):
        context.cancel.check()
        newest = newest_text([newest, *chunk["reported_at"].tolist()])
    since, until = last_days(newest, days)
    return [("reported_at", ">=", since), ("reported_at", "<=", until)] if newest else []


def _road(context: Context, store: Store, shapes: NDArray[Any]) -> NDArray[np.float64]:
    """Return the metres of road in each grid; along a common edge each side has its half."""
    found = np.zeros(len(shapes))
    if not len(shapes):
        return found
    tree = shapely.STRtree(shapes)
    for chunk in store.packed("base_line", [GEOM], [("theme", "=", ROAD), (GEOM, "not null", None)]):
        context.cancel.check()
        lines = shapely.force_2d(chunk[GEOM])
        lines = lines[np.isfinite(shapely.bounds(lines)).all(axis=1)]
        line, grid = tree.query(lines, predicate="intersects")
        inside = shapely.intersection(lines[line], shapes[grid])
        length = shapely.length(inside)
        edge = shapely.length(shapely.intersection(lines[line], shapely.boundary(shapes[grid])))
        np.add.at(found, grid, length - edge / 2)
    return found


def outline(shapes: NDArray[Any]) -> Any:
    """Return the union of unit grids as one multipolygon."""
    joined = shapely.union_all(shapes)
    return shapely.multipolygons([part for part in shapely.get_parts(joined) if part.geom_type == "Polygon"])


def write_beats(
    action: Action, store: Store, day: str, now: Beats, wanted: Mapping[str, str], names: Mapping[str, str],
    reshaped: set[str] | None = None,
) -> dict[str, int]:  # fmt: skip
    """Write the beats wanted, inside an action.

    Parameters
    ----------
    wanted : mapping
        Uuid of each current grid that has a beat → code of the beat; all other members end.
    names : mapping
        Code of a beat → name; beats that are not named keep theirs.
    reshaped : set, optional
        Uuids of grids whose boundary changed: the outlines of their beats are drawn anew.

    Returns
    -------
    dict
        ``beats_new``, ``beats_retired``, ``beats_changed`` (members, outline or name), ``grids_moved`` (from beat to
        beat), ``grids_given`` (had none), ``grids_freed`` (have none now).
    """
    uuid_of = {code: uuid for uuid, code in now.code_of.items()}
    fresh = sorted(set(wanted.values()) - set(uuid_of))
    uuid_of.update((code, str(uuid4())) for code in fresh)
    goal = {grid: uuid_of[code] for grid, code in wanted.items()}
    touched = {goal[grid] for grid in reshaped or () if grid in goal}
    ended, begun, counts = _hands(now, goal, touched)
    held = set(goal.values())
    row_of = {uuid: row for row, uuid in enumerate(now.beats["uuid"].tolist())}
    gone = [row_of[uuid] for uuid in sorted(touched) if uuid in row_of and uuid not in held]
    new = {uuid_of[code] for code in fresh}
    shapes = _outlines(store, goal, touched & held)
    changed = sorted(uuid for uuid in shapes if uuid not in new)
    renamed = [
        uuid for uuid, code in now.code_of.items()
        if uuid in held and code in names and names[code] != (now.beats["name"][row_of[uuid]] or "")
    ]  # fmt: skip
    _end(action, day, now, ended, [now.beats["uuid"][row] for row in gone])
    if changed:
        fids = now.beats["fid"][[row_of[uuid] for uuid in changed]]
        action.update("beat", fids, {GEOM: objects(shapes[uuid] for uuid in changed)})
    if renamed:
        fids = now.beats["fid"][[row_of[uuid] for uuid in renamed]]
        action.update("beat", fids, {"name": objects(names[now.code_of[uuid]] or None for uuid in renamed)})
    if fresh:
        columns = {
            GEOM: objects(shapes[uuid_of[code]] for code in fresh), "uuid": objects(uuid_of[code] for code in fresh),
            "code": objects(fresh), "name": objects(names.get(code) or None for code in fresh),
            "valid_from": objects([day] * len(fresh)),
        }  # fmt: skip
        action.insert("beat", columns)
    if begun:  # in the order of codes: uuids of new grids are of no order, and two runs would differ
        rows = store.read("unit_grid", ["uuid", "code"], [("uuid", "in", [grid for _, grid in begun])])
        code_of = dict(zip(rows["uuid"].tolist(), rows["code"].tolist()))
        begun.sort(key=lambda pair: str(code_of.get(pair[1], "")))
        columns = {
            "beat_uuid": objects(beat for beat, _ in begun), "grid_uuid": objects(grid for _, grid in begun),
            "valid_from": objects([day] * len(begun)),
        }  # fmt: skip
        action.insert("beat_member", columns)
    return {
        "beats_new": len(fresh), "beats_retired": len(gone), "beats_changed": len({*changed, *renamed}), **counts,
    }  # fmt: skip


def _hands(
    now: Beats, goal: Mapping[str, str], touched: set[str]
) -> tuple[list[int], list[tuple[str, str]], dict[str, int]]:
    """Compare members: rows that end, (beat, grid) that begin, counts; beats that are touched are added to the set."""
    ended: list[int] = []
    begun: list[tuple[str, str]] = []
    counts = dict.fromkeys(("grids_moved", "grids_given", "grids_freed"), 0)
    for grid in sorted(set(goal) | set(now.beat_of)):
        was, is_now = now.beat_of.get(grid), goal.get(grid)
        if was == is_now:
            continue
        counts["grids_given" if was is None else "grids_freed" if is_now is None else "grids_moved"] += 1
        if was is not None:
            ended.append(now.member[grid])
            touched.add(was)
        if is_now is not None:
            begun.append((is_now, grid))
            touched.add(is_now)
    return ended, begun, counts


def _end(action: Action, day: str, now: Beats, members: list[int], gone: list[str]) -> None:
    """Let memberships and beats end with a day."""
    if members:
        action.update("beat_member", np.array(members), {"valid_to": objects([day] * len(members))})
    if gone:
        fids = now.beats["fid"][np.isin(now.beats["uuid"].astype(str), gone)]
        action.update("beat", fids, {"valid_to": objects([day] * len(gone))})


def _outlines(store: Store, goal: Mapping[str, str], beats: set[str]) -> dict[str, Any]:
    """Return the outlines of some beats, from the grids as the store has them now."""
    grids = [grid for grid, beat in goal.items() if beat in beats]
    rows = store.read("unit_grid", ["uuid", GEOM], [("uuid", "in", grids)], ["code"])
    parts: dict[str, list[Any]] = {}
    for uuid, shape in zip(rows["uuid"].tolist(), rows[GEOM].tolist()):
        parts.setdefault(goal[uuid], []).append(shape)
    return {beat: outline(objects(shapes)) for beat, shapes in parts.items()}


def beats_follow(
    action: Action, store: Store, day: str, old: Columns, retired: NDArray[Any], descent: list[tuple[int, str, float]],
    reshaped: NDArray[Any],
) -> int:  # fmt: skip
    """Let beats follow a redraw of unit grids, inside its action; the grids must be written already.

    New grids join the beat that held most of the ground that they were made of; grids of ground that had no beat have
    none. A beat left without a grid is retired.

    Parameters
    ----------
    old : columns
        The grids before: ``uuid`` and ``geom``.
    retired, reshaped : arrays of uuid
        Grids that are no more, and grids that go on in another shape.
    descent : list of (row of ``old``, uuid of the child, share)
        Which share of an old grid's area went into which new one.

    Returns
    -------
    int
        How many beats changed.
    """
    now = read_beats(store)
    if not len(now.beats["uuid"]):
        return 0
    areas = shapely.area(old[GEOM])
    wanted = {grid: beat for grid, beat in now.beat_of.items() if grid not in set(retired.tolist())}
    held: dict[str, dict[str, float]] = {}
    for row, child, share in descent:
        if child in now.beat_of:
            continue
        sums = held.setdefault(child, {})
        beat = now.beat_of.get(str(old["uuid"][row]), "")
        sums[beat] = sums.get(beat, 0.0) + float(areas[row]) * share
    for child, sums in held.items():
        best = max(sorted(sums), key=lambda beat: sums[beat])
        if best:
            wanted[child] = best
    codes = now.code_of
    goal = {grid: codes[beat] for grid, beat in wanted.items()}
    done = write_beats(action, store, day, now, goal, {}, set(reshaped.tolist()))
    return done["beats_changed"] + done["beats_retired"]
