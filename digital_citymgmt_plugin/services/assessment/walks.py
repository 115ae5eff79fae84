# SPDX-License-Identifier: GPL-2.0-or-later
"""Walks of collectors: what each covered of the beat, day by day, read from the tracks of the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.coverage import REACH, Roads, cut_roads, runs, walked, way_points
from digital_citymgmt_plugin.core.cases.times import from_text, to_local, to_text, to_utc
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Condition, Context, Store
from digital_citymgmt_plugin.services.beat_history import beats_on

ROAD = "road"  # theme of the base map


@dataclass
class Walk:
    """One collector on one day of the city.

    ``beat``: code, "" for none; ``assumed``: no collector of the store is called so, the beat is the one that holds
    most points of the day. ``grids`` and ``road_m`` (metres) are those of the beat, ``seen`` and ``seen_m`` what was
    covered of them; ``elsewhere``: grids of other beats that were visited. ``first``, ``last``: moments (UTC).
    ``visits``: code of each grid that was visited → moment of the first point in it.
    """

    carrier: str
    day: str
    beat: str
    assumed: bool
    points: int
    first: np.datetime64
    last: np.datetime64
    grids: int = 0
    seen: int = 0
    elsewhere: int = 0
    road_m: float = 0.0
    seen_m: float = 0.0
    visits: dict[str, np.datetime64] = field(default_factory=dict)
    own: frozenset[str] = frozenset()

    def has(self, grid: str) -> bool:
        """Tell whether a grid (code) is of the beat on that day."""
        return grid in self.own


@dataclass
class Covered:
    """What a collector covered on all days together: codes of grids of the beat, metres of its road.

    ``road_m`` is None where grids or beat changed within the period: pieces of road of the days are then not the same.
    """

    grids: set[str] = field(default_factory=set)
    of: set[str] = field(default_factory=set)
    road_m: float | None = 0.0
    seen_m: float = 0.0


@dataclass
class _Ground:
    """Grids that were valid together, their roads, and which of both each beat has."""

    codes: NDArray[np.object_]
    uuids: list[str]
    shapes: NDArray[np.object_]
    roads: Roads
    beat_of: NDArray[np.object_]
    order: NDArray[np.int64] = field(init=False)  # pieces of road by grid
    starts: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.order = np.argsort(self.roads.grid, kind="stable").astype(np.int64)
        self.starts = np.searchsorted(self.roads.grid[self.order], np.arange(len(self.codes) + 1))
        self._of: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def beat(self, code: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows of the grids of a beat, and of the pieces of road in them."""
        if code not in self._of:
            rows = np.flatnonzero(self.beat_of == code)
            parts = [self.order[self.starts[row] : self.starts[row + 1]] for row in rows.tolist()]
            self._of[code] = rows, np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
        return self._of[code]


class Walks:
    """Reads the tracks of a period, collector by collector."""

    def __init__(self, context: Context, first: str, last: str, reach: float = REACH) -> None:
        """Take the days ``first`` to ``last`` (YYYY-MM-DD, "" for open); ``reach`` in metres."""
        self._context, self._store, self.reach = context, context.need_store(), reach
        self._zone = self._store.meta().get("time_zone") or "Asia/Shanghai"
        self._where: list[Condition] = []
        if first:
            self._where.append(("at", ">=", self._moment(first, 0)))
        if last:
            self._where.append(("at", "<", self._moment(last, 1)))
        self._grids = self._store.read("unit_grid", ["uuid", "code", "valid_from", "valid_to", GEOM], [], ["code"])
        self._lines: NDArray[Any] | None = None
        self._grounds: dict[Any, _Ground] = {}
        self._days: dict[str, _Ground] = {}
        self._people = _people(self._store)
        self._masks: dict[str, tuple[Any, NDArray[np.bool_]]] = {}  # pieces of road that were reached so far
        self.covered: dict[str, Covered] = {}
        self.assumed: set[str] = set()

    def _moment(self, day: str, after: int) -> str:
        local = np.array([np.datetime64(day, "D") + after]).astype("datetime64[ms]")
        return str(to_text(to_utc(local, self._zone))[0])

    def each(self) -> Iterator[Walk]:
        """Yield the walks, by carrier and day."""
        carriers = self._store.tally("track_point", ["carrier"], self._where)
        total, done = sum(count for _, count in carriers) or 1, 0
        for carrier, count in carriers:
            self._context.cancel.check()
            if carrier:
                yield from self._carrier(str(carrier))
            done += count
            self._context.progress(0.1 + 0.6 * done / total, "progress.reading_tracks", rows=done)

    def _carrier(self, carrier: str) -> Iterator[Walk]:
        where: list[Condition] = [("carrier", "=", carrier), *self._where]
        rows = self._store.read("track_point", ["track", "at", XY], where, ["at"])
        moments, xy = from_text(rows["at"]), np.array(rows[XY].tolist(), dtype=np.float64).reshape(-1, 2)
        there = np.isfinite(xy).all(axis=1) & ~np.isnat(moments)
        moments, xy = moments[there], xy[there]
        track = np.unique(rows["track"][there].astype(str), return_inverse=True)[1]
        days = to_local(moments, self._zone).astype("datetime64[D]")
        for start, stop in runs(days):
            yield self._walk(carrier, str(days[start]), moments[start:stop], xy[start:stop], track[start:stop])

    def _walk(
        self, carrier: str, day: str, moments: NDArray[Any], xy: NDArray[np.float64], track: NDArray[np.int64]
    ) -> Walk:
        ground = self._ground(day)
        points, owner = way_points(xy, moments.astype(np.int64) / 1000.0, track, self.reach / 2)
        grid = locate_points(points, ground.shapes)
        code, assumed = self._beat(carrier, day), False
        if code is None:
            code, assumed = _most(ground.beat_of[grid[grid >= 0]]), True
            self.assumed.add(carrier)
        walk = Walk(carrier, day, code, assumed, len(xy), moments[0], moments[-1])
        visited, at = np.unique(grid, return_index=True)  # points are in the order of time
        walk.visits = {
            str(ground.codes[row]): moments[owner[place]]
            for row, place in zip(visited.tolist(), at.tolist()) if row >= 0
        }  # fmt: skip
        own, pieces = ground.beat(code) if code else (np.empty(0, dtype=np.int64),) * 2
        found = walked(points, grid, own, ground.roads.middle[pieces], self.reach)
        walk.grids, walk.seen = len(own), len(found.grids)
        walk.own = frozenset(ground.codes[own].tolist())
        walk.elsewhere = len(walk.visits) - walk.seen
        length = ground.roads.length[pieces]
        walk.road_m, walk.seen_m = float(length.sum()), float(length[found.roads].sum())
        self._add(carrier, code, ground, own, found.grids, pieces, found.roads)
        return walk

    def _add(
        self, carrier: str, code: str, ground: _Ground, own: Any, seen: Any, pieces: NDArray[np.int64], reached: Any
    ) -> None:
        """Put a day to what the collector covered before."""
        held = self.covered.setdefault(carrier, Covered())
        held.grids |= set(ground.codes[seen].tolist())
        held.of |= set(ground.codes[own].tolist())
        key = (id(ground), code)
        before = self._masks.get(carrier)
        if before is None or before[0] == key:
            mask = reached if before is None else before[1] | reached
            self._masks[carrier] = key, mask
            length = ground.roads.length[pieces]
            if held.road_m is not None:
                held.road_m, held.seen_m = float(length.sum()), float(length[mask].sum())
        else:
            held.road_m, held.seen_m = None, 0.0

    def _beat(self, carrier: str, day: str) -> str | None:
        """Return the beat of a collector on a day, "" for none; None where nobody is called so."""
        rows = self._people.get(carrier)
        if not rows:
            return None
        for beat, first, until in rows:
            if first <= day and (not until or until > day):
                return beat
        return rows[0][0] if day < min(first for _, first, _ in rows) else ""

    def _ground(self, day: str) -> _Ground:
        """Return the grids of a day; days before the first grids have those: tracks are often older than the store."""
        if day in self._days:
            return self._days[day]
        grids = self._grids
        first = np.array([value or "" for value in grids["valid_from"].tolist()], dtype="U10")
        until = np.array([value or "9999" for value in grids["valid_to"].tolist()], dtype="U10")
        at = max(day, min(first.tolist(), default=day))
        rows = np.flatnonzero((first <= at) & (until > at))
        beats = beats_on(self._store, at)
        if not beats:  # drawn up later than the walk
            began = self._store.read("beat_member", ["valid_from"], [("valid_from", "not null", None)])["valid_from"]
            beats = beats_on(self._store, max(at, min(began.tolist(), default=at)))
        uuids = grids["uuid"][rows].tolist()
        beat_of = np.array([beats.get(uuid, "") for uuid in uuids], dtype=object)
        key = (tuple(uuids), tuple(beat_of.tolist()))
        if key not in self._grounds:
            shapes = grids[GEOM][rows]
            roads = cut_roads(self._roads(), shapes)
            self._grounds[key] = _Ground(grids["code"][rows], uuids, shapes, roads, beat_of)
        self._days[day] = self._grounds[key]
        return self._days[day]

    def _roads(self) -> NDArray[Any]:
        if self._lines is None:
            parts = [
                chunk[GEOM]
                for chunk in self._store.packed("base_line", [GEOM], [("theme", "=", ROAD), (GEOM, "not null", None)])
            ]
            self._lines = np.concatenate(parts) if parts else np.empty(0, dtype=object)
        return self._lines


def _most(beats: NDArray[np.object_]) -> str:
    """Return the beat that occurs most, the first by code of several; "" when there is none."""
    names, count = np.unique(beats[beats != ""].astype(str), return_counts=True)
    return str(names[np.argmax(count)]) if len(names) else ""


def _people(store: Store) -> dict[str, list[tuple[str, str, str]]]:
    """Return beat, first day and day after the last by the code or name of each collector."""
    beats = store.read("beat", ["uuid", "code"])
    codes = dict(zip(beats["uuid"].tolist(), beats["code"].tolist()))
    rows = store.read("collector", ["code", "name", "beat_uuid", "valid_from", "valid_to"], [], ["fid"])
    found: dict[str, list[tuple[str, str, str]]] = {}
    for code, name, beat, first, until in zip(*(column.tolist() for column in rows.values())):
        for called in {str(code or ""), str(name or "")} - {""}:
            found.setdefault(called, []).append((codes.get(beat) or "", first or "", until or ""))
    return found
