# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases without coordinates to their place: component, address and gazetteer, grid code, community; how sure."""

from __future__ import annotations

import json
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
    "place_score", *PLACE, GEOM,
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

    Places that were found by a text are looked up ``again`` on request, with what the case stated before it was
    placed: another one takes the old one's place as a whole (point, method, score, areas) and is told in the log;
    where nothing is found that is sure enough, the old place stays as a whole.

    Returns
    -------
    dict
        Counts ``read`` = ``placed`` (got a point, or another one) + ``place_kept`` (placed before, and so it stays) +
        ``several`` + ``unsure`` (scores too low) + ``stated`` (grid or community only) + ``nowhere``; of those placed
        ``by_component``, ``by_door``, ``by_number``, ``by_crossing``, ``by_poi``, ``by_street``; ``updated`` (cases
        written).

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
        # Cases that mean one of several places, what they get without a choice, and what they mean.
        self.unclear: list[tuple[Columns, Columns, list[Whereabouts]]] = []
        self.heard: dict[tuple[str, Any], Whereabouts] = {}
        self.action: Action | None = None
        self._stack = ExitStack()
        names = (
            "read", "placed", "by_component", "by_door", "by_number", "by_crossing", "by_poi", "by_street", "stated",
            "several", "unsure", "nowhere", "place_kept", "updated",
        )  # fmt: skip
        self.counts = dict.fromkeys(names, 0)

    def run(self) -> dict[str, Any]:
        """Place the cases chunk by chunk; the action is opened with the first one to be written."""
        wheres: list[list[Condition]] = [[(GEOM, "is null", None)]]
        if self.request.again:  # first, or what this run places would be looked up twice
            wheres.insert(0, [(GEOM, "not null", None), ("place_method", "in", list(BY_TEXT))])
        total = sum(self.store.count("case_record", where) for where in wheres) or 1
        with self._stack:
            for where in wheres:
                for part in self.store.chunks("case_record", COLUMNS, where, size=CHUNK):
                    self.context.cancel.check()
                    self._take({**part, **self._stated(part)})
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

    def _stated(self, part: Columns) -> Columns:
        """Return what cases state of their place themselves: of those placed, what they had before."""
        placed = self._placed(part)
        stated: Columns = {name: part[name].copy() for name in PLACE}
        for column in stated.values():
            column[placed] = None
        fids = part["fid"][placed].tolist()
        where: list[Condition] = [("case_fid", "in", fids), ("source", "=", PLACED), ("action", "=", "amend")]
        events = self.store.read("case_event", ["case_fid", "reason"], where, ["fid"]) if fids else {}
        place_of = {fid: at for at, fid in enumerate(part["fid"].tolist())}
        seen: set[int] = set()
        for fid, reason in zip(*(events[name].tolist() for name in ("case_fid", "reason"))) if fids else ():
            try:
                change = json.loads(reason or "{}")
            except ValueError:
                continue
            method = change.get("place_method") if isinstance(change, dict) else None
            if fid in seen or not isinstance(method, list) or method[0] not in STATED:
                continue
            seen.add(fid)
            at = place_of[fid]
            for name in PLACE:
                stated[name][at] = change[name][0] if name in change else part[name][at]
        return {f"stated_{name}": column for name, column in stated.items()}

    @staticmethod
    def _placed(part: Columns) -> NDArray[np.bool_]:
        """Tell which cases have a place that a text gave them."""
        there: NDArray[np.bool_] = ~shapely.is_missing(part[GEOM])
        return there & np.isin(part["place_method"].astype(str), BY_TEXT)

    def _take(self, part: Columns) -> None:
        size = len(part["fid"])
        self.counts["read"] += size
        points, methods, scores = objects([None] * size), objects([None] * size), objects([None] * size)
        self._by_component(part, points, methods, scores)
        community = part["stated_community_code"].copy()
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
        new = {GEOM: points, "place_method": methods, "place_score": scores, "community_code": community}
        if unclear:  # written at the end, once
            self.unclear.append((_rows(part, unclear), _rows(new, unclear), [found[index] for index in unclear]))
        rest = np.setdiff1d(np.arange(size), np.array(unclear, dtype=np.int64))
        self._write(_rows(part, rest), _rows(new, rest))

    def _choose(self) -> None:
        """Choose between several places by the area that a case states: on the map, else by the cases around."""
        if not self.unclear:
            return
        self.context.cancel.check()
        part = {name: np.concatenate([rows[name] for rows, _, _ in self.unclear]) for name in self.unclear[0][0]}
        new = {name: np.concatenate([rows[name] for _, rows, _ in self.unclear]) for name in self.unclear[0][1]}
        meant = [one for _, _, found in self.unclear for one in found]
        if self.request.least <= AMONG:
            chosen = self._chosen(part, meant)
            placed = self._placed(part)
            for index in np.flatnonzero(np.array(chosen) >= 0).tolist():
                self.counts["place_kept" if placed[index] else "several"] -= 1
                new[GEOM][index] = shapely.Point(meant[index].several[chosen[index]])
                new["place_method"][index], new["place_score"][index] = meant[index].method, AMONG
        self._write(part, new)

    def _chosen(self, part: Columns, meant: list[Whereabouts]) -> list[int]:
        """Return which of its places each case means, −1 where that cannot be told."""
        stated = [str(word) for word in part["stated_area"].tolist()]
        chosen = [self._on_map(one, word) for one, word in zip(meant, stated)]
        open_ = [index for index, place in enumerate(chosen) if place < 0]
        xy, areas = self._known()
        told = choose_by_neighbours(xy, areas, [meant[index].several for index in open_], [stated[i] for i in open_])
        for index, place in zip(open_, told):
            chosen[index] = place
        return chosen

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
        stated = part["stated_community_code"][index]
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
                stated, there = part[f"stated_{name}"][index], found[name][place]
                method = part["stated_place_method"][index]
                if stated is None or there is None or stated == there:
                    continue
                if name == "community_code" or (method == "stated_grid"):
                    scores[index] = round(scores[index] * ELSEWHERE, 3)

    def _settle(
        self, part: Columns, index: int, found: Whereabouts, points: Any, methods: Any, scores: Any, community: Any
    ) -> None:
        """Decide about one case that no component places, and count it where it gets no place."""
        if points[index] is not None and scores[index] >= self.request.least:
            return
        points[index], methods[index], scores[index] = None, part["stated_place_method"][index], None
        if part[GEOM][index] is not None:  # the place that it has stays as a whole
            self.counts["place_kept"] += 1
            return
        if community[index] is None and found.method == COMMUNITY:
            community[index], methods[index] = found.community, COMMUNITY
        stated = part["grid_code"][index] is not None or community[index] is not None
        if stated:
            scores[index] = STATED.get(str(methods[index]), SCORES[COMMUNITY])
        if found.xy is None and len(found.several) > 1:
            self.counts["several"] += 1
        elif found.xy is not None or found.several:
            self.counts["unsure"] += 1
        else:
            self.counts["stated" if stated else "nowhere"] += 1

    def _write(self, part: Columns, new: Columns) -> None:
        points, methods, scores, community = (
            new[name] for name in (GEOM, "place_method", "place_score", "community_code")
        )
        there = ~shapely.is_missing(points)
        rows = np.flatnonzero(there)
        if len(rows):
            areas = self.map.areas(points[rows])
            place: Columns = {name: _or_old(areas[name], part[f"stated_{name}"][rows]) for name in AREAS}
            place.update(place_method=methods[rows], place_score=scores[rows])
            place[GEOM] = points[rows]
            other = ~np.asarray(shapely.equals(part[GEOM][rows], points[rows]), dtype=bool)
            for name, column in place.items():
                if name != GEOM:
                    other |= np.asarray(column != part[name][rows], dtype=bool)
            self.counts["place_kept"] += int((~other).sum())
            self.counts["placed"] += int(other.sum())
            for method in methods[rows[other]].tolist():
                self.counts["by_component" if method == COMPONENT else f"by_{_METHODS.get(method, 'poi')}"] += 1
            if other.any():
                self._update(part, rows[other], {name: column[other] for name, column in place.items()})
        rest = shapely.is_missing(part[GEOM]) & ~there
        rest &= np.asarray(scores != part["place_score"], dtype=bool) | np.asarray(
            community != part["community_code"], dtype=bool
        )
        rows = np.flatnonzero(rest)
        if len(rows):
            streets = [self.map.street_of(code) or old for code, old in zip(community[rows], part["street_code"][rows])]
            values = {"grid_code": part["grid_code"][rows], "community_code": community[rows],
                      "street_code": objects(streets), "place_method": methods[rows]}  # fmt: skip
            self._update(part, rows, {**values, "place_score": scores[rows]})

    def _update(self, part: Columns, rows: NDArray[np.int64], new: Columns) -> None:
        if self.action is None:
            self.action = self._stack.enter_context(
                self.store.action("place_cases", least=self.request.least, again=self.request.again)
            )
        fids = np.asarray(part["fid"][rows], dtype=np.int64)
        self.action.update("case_record", fids, new)
        self.counts["updated"] += len(rows)
        names = [name for name in (*PLACE, "place_score") if name in new]
        before, after = ({name: one[name] for name in names} for one in (_rows(part, rows), new))
        if GEOM in new:
            before[GEOM], after[GEOM] = _wkts(part[GEOM][rows]), _wkts(new[GEOM])
        told = moves(fids, part["stage"][rows], before, after, moment_text(self.context.clock()), PLACED)
        if len(told["case_fid"]):
            self.action.insert("case_event", told)


def _rows(columns: Columns, rows: Any) -> Columns:
    return {name: column[rows] for name, column in columns.items()}


def _wkts(shapes: NDArray[Any]) -> NDArray[Any]:
    return objects(None if shape is None else shape.wkt for shape in shapes.tolist())


def _or_old(found: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
    """Return what the map says, where it says nothing what was known."""
    return objects(one if one is not None else other for one, other in zip(found.tolist(), old.tolist()))
