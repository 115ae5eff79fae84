# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases without coordinates to their place: component, address and gazetteer, grid code, community; how sure."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.neighbours import choose_by_neighbours
from digital_citymgmt_plugin.core.cases.placing import BY_TEXT, COMPONENT, agrees
from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.cases.whereabouts import COMMUNITY, NOWHERE, SCORES, Whereabouts, locate
from digital_citymgmt_plugin.core.census import GONE
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import representative_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Action, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_intake import PlaceCases
from digital_citymgmt_plugin.services.case_events import moves
from digital_citymgmt_plugin.services.gazetteer import gazetteer_of
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.link_places import AREAS, PLACE, CityMap

PLACED = "place"  # source of the events
CHUNK = 20_000
COLUMNS = (
    "fid", "address", "description", "component_code", "component_uuid", "stage", "stated_area",
    "place_score", *PLACE,
)  # fmt: skip
BY_CODE = 0.98  # score of a place taken from the component that a case names (default of the plugin, as all scores)
STATED = {"stated_grid": 0.6, "community_code": 0.3, "community_name": 0.3}
TOLD = 0.8  # factor for what the description says: it may speak of more places than the one meant
AMONG = 0.6  # score of the place that was chosen among several by the area stated
ELSEWHERE = 0.5  # factor for a place in another community than the stated one
_METHODS = {"crossing": "crossing", "between": "crossing", "door": "door", "number": "number", "street": "street"}


def place_cases(context: Context, request: PlaceCases) -> dict[str, Any]:
    """Give cases without coordinates a place; what has one keeps it, however it came.

    In this order: the point of the component that the case names by code; what the address says (street and number,
    crossing, point of interest or landmark, so many metres from it), else what the description says; else the stated
    grid or community, which give no point. A place below ``request.least`` is not written: it waits in the queue
    (``PlaceQueue``), as do texts that name several places, unless one alone lies in the area that the case states (by
    the map, else by what the cases around state). Community, grid and street follow the point.

    Returns
    -------
    dict
        Counts ``read`` (cases without coordinates), ``placed`` (got a point), ``by_component``, ``by_door``,
        ``by_number``, ``by_crossing``, ``by_poi``, ``by_street``, ``stated`` (grid or community only),
        ``several``, ``unsure`` (scores too low), ``nowhere``, ``updated``.

    Raises
    ------
    InputRefused
        ``place.least`` when the least score is not between 0 and 1.
    """
    if not 0.0 <= request.least <= 1.0:
        raise InputRefused("place.least", value=request.least)
    store = context.need_store()
    run = _Run(context, store, request)
    return run.run()


class _Run:
    """One run: what texts said so far, and the counts."""

    def __init__(self, context: Context, store: Store, request: PlaceCases) -> None:
        self.context, self.store, self.request = context, store, request
        self.gazetteer = gazetteer_of(context)
        self.map = CityMap(store)
        self.unclear: list[tuple[Columns, list[Whereabouts]]] = []  # cases that mean one of several places
        self.heard: dict[tuple[str, Any], Whereabouts] = {}
        self.action: Action | None = None
        self._stack = ExitStack()
        names = (
            "read", "placed", "by_component", "by_door", "by_number", "by_crossing", "by_poi", "by_street", "stated",
            "several", "unsure", "nowhere", "updated",
        )  # fmt: skip
        self.counts = dict.fromkeys(names, 0)

    def run(self) -> dict[str, Any]:
        """Place the cases chunk by chunk; the action is opened with the first one to be written."""
        wheres: list[list[Condition]] = [[(GEOM, "is null", None)]]
        if self.request.again:
            wheres.append([(GEOM, "not null", None), ("place_method", "in", list(BY_TEXT))])
        total = sum(self.store.count("case_record", where) for where in wheres) or 1
        with self._stack:
            for where in wheres:
                for part in self.store.chunks("case_record", COLUMNS, where, size=CHUNK):
                    self.context.cancel.check()
                    self._take(part)
                    self.context.progress(
                        0.05 + 0.9 * self.counts["read"] / total, "progress.placing", rows=self.counts["read"]
                    )
            self._choose()
            if self.action is not None:
                self.context.progress(0.97, "progress.saving")
                self.context.cancel.check()
                self.action.counts.update(self.counts)
        notes = [{"code": "note.no_gazetteer", "values": {}}] if self.gazetteer.empty else []
        return {
            "counts": self.counts, "operation": self.action.operation_uuid if self.action else None,
            "tables": ["case_record", "case_event"] if self.action else [], "notes": notes,
        }  # fmt: skip

    def _take(self, part: Columns) -> None:
        size = len(part["fid"])
        self.counts["read"] += size
        points, methods, scores = objects([None] * size), objects([None] * size), objects([None] * size)
        self._by_component(part, points, methods, scores)
        community = part["community_code"].copy()
        open_ = [index for index in range(size) if points[index] is None]
        found = {index: self._hear(part, index) for index in open_}
        for index, one in found.items():
            if one.xy is not None:
                points[index] = shapely.Point(one.xy)
                methods[index], scores[index] = one.method, one.score
        self._hold_against_stated(part, points, methods, scores)
        for index in open_:
            self._settle(part, index, found[index], points, methods, scores, community)
        unclear = [
            index for index in open_
            if found[index].xy is None and len(found[index].several) > 1 and part["stated_area"][index]
        ]  # fmt: skip
        if unclear:
            self.unclear.append(({name: part[name][unclear] for name in COLUMNS}, [found[index] for index in unclear]))
        self._write(part, points, methods, scores, community)

    def _choose(self) -> None:
        """Choose between several places by the area that a case states: on the map, else by the cases around."""
        if not self.unclear:
            return
        self.context.cancel.check()
        part = {name: np.concatenate([rows[name] for rows, _ in self.unclear]) for name in COLUMNS}
        meant = [one for _, found in self.unclear for one in found]
        stated = [str(word) for word in part["stated_area"].tolist()]
        chosen = [self._on_map(one, word) for one, word in zip(meant, stated)]
        open_ = [index for index, place in enumerate(chosen) if place < 0]
        xy, areas = self._known()
        told = choose_by_neighbours(xy, areas, [meant[index].several for index in open_], [stated[i] for i in open_])
        for index, place in zip(open_, told):
            chosen[index] = place
        rows = np.array([index for index, place in enumerate(chosen) if place >= 0], dtype=np.int64)
        if self.request.least > AMONG or not len(rows):
            return
        self.counts["several"] -= len(rows)
        points = objects(shapely.Point(meant[index].several[chosen[index]]) for index in rows.tolist())
        methods = objects(meant[index].method for index in rows.tolist())
        taken = {name: column[rows] for name, column in part.items()}
        self._write(taken, points, methods, objects([AMONG] * len(rows)), taken["community_code"])

    def _on_map(self, one: Whereabouts, stated: str) -> int:
        """Return which place lies in the area stated, −1 when none or several do, or the map has no such area."""
        found = self.map.areas(objects(shapely.Point(xy) for xy in one.several))
        inside = [
            place for place, code in enumerate(found["community_code"].tolist())
            if code is not None and agrees(stated, self.map.chain(str(code)))
        ]  # fmt: skip
        return inside[0] if len(inside) == 1 else -1

    def _known(self) -> tuple[NDArray[np.float64], list[str]]:
        """Return the cases of known place that state an area; those chosen so before tell nothing new."""
        places, areas = [np.empty((0, 2))], list[str]()
        there: list[Condition] = [(GEOM, "not null", None), ("stated_area", "not null", None)]
        for sure in (("place_score", "is null", None), ("place_score", ">", AMONG)):
            for chunk in self.store.packed("case_record", ["stated_area", XY], [*there, sure]):
                self.context.cancel.check()
                good = np.isfinite(chunk[XY]).all(axis=1)
                places.append(chunk[XY][good])
                areas += chunk["stated_area"][good].tolist()
        return np.concatenate(places), areas

    def _by_component(self, part: Columns, points: Any, methods: Any, scores: Any) -> None:
        for ours, theirs in (("component_uuid", "uuid"), ("component_code", "code")):
            wanted = sorted({str(code) for code, point in zip(part[ours].tolist(), points) if code and point is None})
            if not wanted:
                continue
            places: dict[str, Any] = {}
            for table in COMPONENTS:
                rows = self.store.read(table, [theirs, "state", GEOM], [(theirs, "in", wanted)])
                xy = representative_points(rows[GEOM])
                for code, state, place in zip(rows[theirs].tolist(), rows["state"].tolist(), xy.tolist()):
                    if np.isfinite(place[0]) and (ours == "component_uuid" or state not in GONE):
                        places[str(code)] = shapely.Point(place)
            for index, code in enumerate(part[ours].tolist()):
                if points[index] is None and code and str(code) in places:
                    points[index], methods[index], scores[index] = places[str(code)], COMPONENT, BY_CODE

    def _hear(self, part: Columns, index: int) -> Whereabouts:
        """Return what address and description say, the address first."""
        best = NOWHERE
        stated = part["community_code"][index]
        for name, factor in (("address", 1.0), ("description", TOLD)):
            text = part[name][index]
            if not text:
                continue
            key = (str(text), stated)
            if key not in self.heard:
                if len(self.heard) > 500_000:
                    self.heard.clear()
                self.heard[key] = locate(self.gazetteer, *key)
            one = self.heard[key]
            if one.xy is not None and one.score * factor >= self.request.least:
                return one if factor == 1.0 else Whereabouts(one.method, round(one.score * factor, 3), one.xy)
            best = best if best.method is not None else one
        return best

    def _hold_against_stated(self, part: Columns, points: Any, methods: Any, scores: Any) -> None:
        """Trust a place less that lies elsewhere than the case says."""
        rows = [index for index in range(len(points)) if points[index] is not None and methods[index] in BY_TEXT]
        if not rows:
            return
        found = self.map.areas(points[rows])
        for name in ("grid_code", "community_code"):
            for place, index in enumerate(rows):
                stated, there = part[name][index], found[name][place]
                method = part["place_method"][index]
                if stated is None or there is None or stated == there or method in BY_TEXT:
                    continue
                if name == "community_code" or (method == "stated_grid"):
                    scores[index] = round(scores[index] * ELSEWHERE, 3)

    def _settle(
        self, part: Columns, index: int, found: Whereabouts, points: Any, methods: Any, scores: Any, community: Any
    ) -> None:
        """Decide about one case that no component places, and count it."""
        if points[index] is not None and scores[index] >= self.request.least:
            return
        if found.xy is None and len(found.several) > 1:
            self.counts["several"] += 1
        elif found.xy is not None or found.several:
            self.counts["unsure"] += 1
        points[index], methods[index], scores[index] = None, part["place_method"][index], None
        if part["place_method"][index] in BY_TEXT:  # looked up again, and the gazetteer no longer knows it
            methods[index] = None
        if community[index] is None and found.method == COMMUNITY:
            community[index], methods[index] = found.community, COMMUNITY
        if part["grid_code"][index] is not None or community[index] is not None:
            self.counts["stated"] += 1
            scores[index] = STATED.get(str(methods[index]), SCORES[COMMUNITY])
        elif found.method is None:
            self.counts["nowhere"] += 1

    def _write(self, part: Columns, points: Any, methods: Any, scores: Any, community: Any) -> None:
        there = np.array([point is not None for point in points.tolist()], dtype=bool)
        for method in methods[there].tolist():
            self.counts["by_component" if method == COMPONENT else f"by_{_METHODS.get(method, 'poi')}"] += 1
        self.counts["placed"] += int(there.sum())
        rows = np.flatnonzero(there)
        if len(rows):
            areas = self.map.areas(points[rows])
            new: Columns = {name: _or_old(areas[name], part[name][rows]) for name in AREAS}
            new["place_method"] = methods[rows]
            self._update(part, rows, {**new, "place_score": scores[rows], GEOM: points[rows]})
        rest = ~there & (
            np.asarray(scores != part["place_score"], dtype=bool)
            | np.asarray(community != part["community_code"], dtype=bool)
        )
        rest |= ~there & np.isin(part["place_method"].astype(str), BY_TEXT)
        rows = np.flatnonzero(rest)
        if len(rows):
            streets = [self.map.street_of(code) or old for code, old in zip(community[rows], part["street_code"][rows])]
            new = {"grid_code": part["grid_code"][rows], "community_code": community[rows],
                   "street_code": objects(streets), "place_method": methods[rows]}  # fmt: skip
            self._update(part, rows, {**new, "place_score": scores[rows]})

    def _update(self, part: Columns, rows: NDArray[np.int64], new: Columns) -> None:
        if self.action is None:
            self.action = self._stack.enter_context(
                self.store.action("place_cases", least=self.request.least, again=self.request.again)
            )
        fids = np.asarray(part["fid"][rows], dtype=np.int64)
        self.action.update("case_record", fids, new)
        self.counts["updated"] += len(rows)
        old = {name: part[name][rows] for name in PLACE}
        at = moment_text(self.context.clock())
        told = moves(fids, part["stage"][rows], old, {name: new[name] for name in PLACE}, at, PLACED)
        if len(told["case_fid"]):
            self.action.insert("case_event", told)


def _or_old(found: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
    """Return what the map says, where it says nothing what was known."""
    return objects(one if one is not None else other for one, other in zip(found.tolist(), old.tolist()))
