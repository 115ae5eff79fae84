# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases to their place and their component: grid and community by the map, component by code, else by distance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.linking import Nearest, nearest_components, scores
from digital_citymgmt_plugin.core.cases.placing import plain_name
from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.census import GONE
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import representative_points
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Context, Store
from digital_citymgmt_plugin.core.requests import LinkCases
from digital_citymgmt_plugin.services import issues
from digital_citymgmt_plugin.services.case_events import LINK as LINKED
from digital_citymgmt_plugin.services.case_events import moves
from digital_citymgmt_plugin.services.duty_ground import component_departments, ground_of
from digital_citymgmt_plugin.services.link_places import AREAS, BY_COMPONENT, PLACE, CityMap

RULES = ("link_ambiguous", "component_code_unknown", "stated_area_differs")
LINK = ("component_uuid", "link_method", "link_score")
COLUMNS = (
    "fid", "uuid", GEOM, "kind", "class_code", "component_code", "component_uuid", "link_method", "stated_area",
    "dept_code", "dept_name", "stage", "unowned", *PLACE,
)  # fmt: skip
TARGET = ("uuid", "code", "grid_code", "community_code")
# Columns whose words come again and again.
REPEATED = ("kind", "class_code", "link_method", "stated_area", "dept_code", "dept_name", "stage", *PLACE)
OPEN = ("collection", "filing", "dispatch", "disposal")  # stages in which it matters whose a case is
CHUNK = 50_000

# uuid, code, grid, community of a component
Target = tuple[str, Any, Any, Any]


def link_cases(context: Context, request: LinkCases) -> dict[str, Any]:
    """Give cases their grid, community, street and component.

    Places are found anew for every case with coordinates. A component is looked for only where a case has none: by
    the code that the case states (or the number that the component had in its source), else the nearest of its
    class within the class's tolerance (``request.tolerance``, m, overrides it). Where a second one is about as
    near, nothing is linked and both are listed. A case without place takes that of the component that its code
    names; one without department, the one that answers for it (``core.cases.duty``); an open case of nobody is marked
    (``unowned``). A second run with nothing new writes nothing.

    Returns
    -------
    dict
        Counts ``read``, ``placed`` (community or grid known), ``grid``, ``community``, ``linked_by_code`` and
        ``linked_by_distance`` (now), ``linked_before``, ``ambiguous``, ``unlinked`` (component cases without
        component), ``code_unknown``, ``disagreements``, ``updated``.

    Raises
    ------
    InputRefused
        ``link.tolerance`` when the tolerance is negative or no number.
    """
    if request.tolerance is not None and not (0 <= request.tolerance < 10_000):
        raise InputRefused("link.tolerance", value=request.tolerance)
    store = context.need_store()
    run = _Run(context, store, request)
    run.read()
    run.by_code()
    run.by_distance()
    run.by_duty()
    return run.write()


class _Run:
    """What one run found, held as arrays over all cases; geometries are not kept."""

    def __init__(self, context: Context, store: Store, request: LinkCases) -> None:
        self.context, self.store, self.request = context, store, request
        self.profile = store.profile()
        self.map = CityMap(store)
        self.parts: list[Columns] = []
        self.old_parts: list[Columns] = []
        self.found: list[issues.Found] = []
        self.counts = dict.fromkeys(
            (
                "read", "placed", "grid", "community", "linked_by_code", "linked_by_distance", "linked_before",
                "ambiguous", "unlinked", "code_unknown", "disagreements", "updated",
            ),
            0,
        )  # fmt: skip

    def read(self) -> None:
        """Read all cases and place them chunk by chunk."""
        total = self.store.count("case_record") or 1
        words: dict[Any, Any] = {}
        for part in self.store.chunks("case_record", COLUMNS, size=CHUNK):
            self.context.cancel.check()
            _share(part, REPEATED, words)
            placed = self.map.place(part)
            xy = representative_points(part.pop(GEOM))
            self.old_parts.append({name: part[name] for name in (*PLACE, "dept_code")})
            self._compare_stated(part, placed, xy)
            self.parts.append({**part, **placed, "x": xy[:, 0], "y": xy[:, 1]})
            self.counts["read"] += len(xy)
            self.context.progress(0.5 * self.counts["read"] / total, "progress.placing", rows=self.counts["read"])
        self.cases = _joined(self.parts, (*[name for name in COLUMNS if name != GEOM], "x", "y"))
        self.old = _joined(self.old_parts, (*PLACE, "dept_code"))
        self.parts, self.old_parts = [], []
        size = len(self.cases["fid"])
        self.cases["link_score"] = np.full(size, np.nan)
        self.had = _there(self.cases["component_uuid"])
        self.counts["linked_before"] = int(self.had.sum())
        self.linked, self.unsure = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)

    def _compare_stated(self, part: Columns, placed: Columns, xy: NDArray[np.float64]) -> None:
        by_map = np.isfinite(xy[:, 0]).tolist()
        found = (placed[name].tolist() for name in ("community_code", "street_code"))
        rows = zip(by_map, part["stated_area"].tolist(), *found)
        for index, (seen, stated, community, street) in enumerate(rows):
            code = community or street
            if not seen or not stated or not code or not plain_name(stated):
                continue
            names = self.map.disagreement(stated, code)
            if names is not None:
                place = shapely.Point(xy[index])
                values = {"stated": stated, "found": names[-1] if len(names) < 2 else names[1], "areas": names}
                self.found.append(issues.Found(str(part["uuid"][index]), "stated_area_differs", values, place))

    def by_code(self) -> None:
        """Link the cases that state a component's code."""
        cases = self.cases
        rows = np.flatnonzero(~self.had & _there(cases["component_code"]))
        stated = sorted({str(code) for code in cases["component_code"][rows].tolist()})
        targets: dict[str, list[Target]] = {}
        for start in range(0, len(stated), CHUNK):
            self.context.cancel.check()
            targets.update(self._by_code(stated[start : start + CHUNK]))
        targets.update(self._by_source_id({code for code in stated if code not in targets}))
        self._go_on(targets)
        for row in rows.tolist():
            code = str(cases["component_code"][row])
            found = targets.get(code, [])
            if len(found) == 1:
                self._link(row, found[0], "code", 1.0)
                self.counts["linked_by_code"] += 1
            elif found:
                candidates = [{"uuid": target[0], "code": target[1]} for target in found]
                self._issue(row, "link_ambiguous", {"code": code, "candidates": candidates})
                self.unsure[row] = True
                self.counts["ambiguous"] += 1
            else:
                self.counts["code_unknown"] += 1
                self._issue(row, "component_code_unknown", {"code": code})
        self.context.progress(0.6, "progress.linking")

    def _by_code(self, codes: list[str]) -> dict[str, list[Target]]:
        result: dict[str, list[Target]] = {}
        for table in COMPONENTS:
            found = self.store.read(table, TARGET, [("code", "in", codes)])
            for target in zip(*(found[name].tolist() for name in TARGET)):
                result[target[1]] = [target]
        return result

    def _go_on(self, targets: dict[str, list[Target]]) -> None:
        """Put the component that goes on in the place of each merged double, whose code old cases still state."""
        goes_to: dict[str, str] = {}
        for table in COMPONENTS if targets else ():
            part = self.store.read(table, ["uuid", "merged_uuid"], [("merged_uuid", "not null", None)])
            goes_to.update(zip(part["uuid"].tolist(), part["merged_uuid"].tolist()))
        if not goes_to:
            return
        kept: dict[str, Target] = {}
        for table in COMPONENTS:
            part = self.store.read(table, TARGET, [("uuid", "in", sorted(set(goes_to.values())))])
            kept.update((part["uuid"][index], _target(part, index)) for index in range(len(part["uuid"])))
        for code, found in targets.items():
            on = {target[0]: target for target in (kept.get(goes_to.get(one[0], ""), one) for one in found)}
            targets[code] = list(on.values())

    def _by_source_id(self, codes: set[str]) -> dict[str, list[Target]]:
        """Find components by the number that they had in the file they came from.

        An import key is ``source:number``; the source has no colon, the number may. ``#2`` behind it is a second row
        of the same number when there is a first one: then it cannot be told which of them a case means.
        """
        result: dict[str, list[Target]] = {}
        if not codes:
            return result
        firsts: set[str] = set()
        again: list[tuple[str, str, Target]] = []
        for table in COMPONENTS:
            for part in self.store.chunks(table, [*TARGET, "import_key"], [("import_key", "not null", None)], 100_000):
                self.context.cancel.check()
                for index, key in enumerate(part["import_key"].tolist()):
                    number = key.partition(":")[2]
                    if number in codes:
                        result.setdefault(number, []).append(_target(part, index))
                        firsts.add(key)
                    first, mark, count = number.rpartition("#")
                    if mark and count.isdecimal() and first in codes:
                        again.append((key[: -len(count) - 1], first, _target(part, index)))
        for key, first, target in again:
            if key in firsts:
                result[first].append(target)
        return result

    def by_distance(self) -> None:
        """Link what is left to the nearest component of its class."""
        cases = self.cases
        classes = self.profile.class_by_code(COMPONENT)
        open_ = ~self.had & ~self.linked & ~self.unsure & (cases["kind"] == COMPONENT) & np.isfinite(cases["x"])
        wanted = sorted({str(code) for code in cases["class_code"][open_].tolist() if code in classes})
        if not wanted:
            return
        components = _components(self.store, wanted)
        order = np.argsort(components["class_code"].astype(str), kind="stable")
        sorted_codes = components["class_code"][order].astype(str)
        for done, code in enumerate(wanted):
            self.context.cancel.check()
            rows = np.flatnonzero(open_ & (cases["class_code"] == code))
            low, high = np.searchsorted(sorted_codes, code), np.searchsorted(sorted_codes, code, side="right")
            chosen = order[low:high]
            tolerance = self.request.tolerance
            tolerance = self.profile.tolerance(classes[code]) if tolerance is None else tolerance
            xy = np.column_stack([cases["x"][rows], cases["y"][rows]])
            nearest = nearest_components(xy, components[GEOM][chosen], tolerance)
            self._take(rows, chosen, components, nearest, tolerance)
            self.context.progress(0.6 + 0.3 * (done + 1) / len(wanted), "progress.linking")

    def _take(
        self,
        rows: NDArray[np.int64],
        chosen: NDArray[np.int64],
        components: Columns,
        nearest: Nearest,
        tolerance: float,
    ) -> None:
        score = scores(nearest.distance, tolerance)
        for place in np.flatnonzero(nearest.first >= 0).tolist():
            row = int(rows[place])
            first = _target(components, int(chosen[nearest.first[place]]))
            if nearest.ambiguous[place]:
                second = _target(components, int(chosen[nearest.second[place]]))
                candidates = [
                    {"uuid": target[0], "code": target[1], "distance": round(float(far), 2)}
                    for target, far in ((first, nearest.distance[place]), (second, nearest.second_distance[place]))
                ]
                self.counts["ambiguous"] += 1
                self._issue(row, "link_ambiguous", {"candidates": candidates})
                continue
            self._link(row, first, "nearest", float(score[place]))
            self.counts["linked_by_distance"] += 1

    def _link(self, row: int, target: Target, method: str, score: float) -> None:
        cases = self.cases
        uuid, _, grid, community = target
        cases["component_uuid"][row], cases["link_method"][row], cases["link_score"][row] = uuid, method, score
        self.linked[row] = True
        if cases["grid_code"][row] is None and cases["community_code"][row] is None and (grid or community):
            cases["grid_code"][row], cases["community_code"][row] = grid, community
            cases["street_code"][row], cases["place_method"][row] = self.map.street_of(community), BY_COMPONENT

    def _issue(self, row: int, rule: str, values: dict[str, Any]) -> None:
        x, y = self.cases["x"][row], self.cases["y"][row]
        place = shapely.Point(x, y) if np.isfinite(x) else None
        self.found.append(issues.Found(str(self.cases["uuid"][row]), rule, values, place))

    def by_duty(self) -> None:
        """Give a department to the cases that have none yet: see ``core.cases.duty``; open cases of nobody are marked.

        In a city without responsibility rules nothing can be said to be nobody's.
        """
        cases = self.cases
        rows = np.flatnonzero(~_there(cases["dept_code"]) & ~_there(cases["dept_name"]))
        self.unowned = np.zeros(len(cases["fid"]), dtype=bool)
        if not len(rows):
            return
        ground = ground_of(self.store)
        uuids = cases["component_uuid"][rows]
        decided = ground.chain.decide_many(
            cases["kind"][rows], cases["class_code"][rows], [cases[name][rows] for name in AREAS],
            component_departments(self.store, uuids.tolist()), ground.rulings.of_many(uuids),
        )  # fmt: skip
        cases["dept_code"][rows] = decided.department
        told = np.isin(cases["stage"][rows].astype(str), OPEN) & _there(cases["class_code"][rows])
        told &= bool(self.profile.responsibility) | (decided.fired > 0)
        self.unowned[rows] = told & ~_there(decided.department)

    def write(self) -> dict[str, Any]:
        """Write what changed in one action; none is opened when nothing did."""
        cases = self.cases
        grid, community = _there(cases["grid_code"]), _there(cases["community_code"])
        unlinked = (cases["kind"] == COMPONENT) & ~_there(cases["component_uuid"])
        moved = np.zeros(len(grid), dtype=bool)
        for name in PLACE:
            moved |= np.asarray(cases[name] != self.old[name], dtype=bool)
        assigned = np.asarray(cases["dept_code"] != self.old["dept_code"], dtype=bool)
        marked = self.unowned != (cases["unowned"].astype(int) != 0)
        marked &= self.unowned | _there(cases["dept_code"])  # a ruling that says nobody's stays
        cases["unowned"] = self.unowned.astype(int).astype(object)
        changes = issues.compare(self.store, RULES, None, self.found)
        differing = sum(item.rule == "stated_area_differs" for item in self.found)
        self.counts.update(
            placed=int((grid | community).sum()), grid=int(grid.sum()), community=int(community.sum()),
            unlinked=int(unlinked.sum()), disagreements=differing, updated=int((moved | assigned | self.linked).sum()),
        )  # fmt: skip
        result: dict[str, Any] = {"counts": self.counts, "operation": None, "tables": [], "notes": []}
        if not (moved.any() or assigned.any() or self.linked.any() or marked.any() or changes.any):
            return result
        self.context.progress(0.92, "progress.saving")
        self.context.cancel.check()
        with self.store.action("link_cases", tolerance=self.request.tolerance) as action:
            written = ((moved, PLACE), (self.linked, LINK), (assigned, ("dept_code",)), (marked, ("unowned",)))
            for mask, names in written:
                rows = np.flatnonzero(mask)
                for start in range(0, len(rows), CHUNK):
                    part = rows[start : start + CHUNK]
                    action.update("case_record", cases["fid"][part], {name: cases[name][part] for name in names})
            self._tell_moves(action, np.flatnonzero(moved))
            issues.write(action, changes)
            self.context.cancel.check()
            action.counts.update(self.counts)
            result["operation"] = action.operation_uuid
        result["tables"] = ["case_record", "case_event", "check_issue"]
        return result

    def _tell_moves(self, action: Action, rows: NDArray[np.int64]) -> None:
        """Leave the places that cases had in their logs."""
        at = moment_text(self.context.clock())
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            old, new = ({name: table[name][part] for name in PLACE} for table in (self.old, self.cases))
            action.insert("case_event", moves(self.cases["fid"][part], self.cases["stage"][part], old, new, at, LINKED))


def _components(store: Store, classes: list[str]) -> Columns:
    """Read all components of the classes that can be meant, in the order of their tables and fids."""
    names = [*TARGET, "class_code", "state", GEOM]
    parts: list[Columns] = []
    words: dict[Any, Any] = {}
    for table in COMPONENTS:
        for part in store.chunks(table, names, [("class_code", "in", classes), (GEOM, "not null", None)], size=CHUNK):
            _share(part, ("grid_code", "community_code", "class_code"), words)
            keep = ~np.isin(part.pop("state").astype(str), GONE)
            parts.append({name: part[name][keep] for name in names if name != "state"})
    return _joined(parts, [name for name in names if name != "state"])


def _share(part: Columns, names: Iterable[str], words: dict[Any, Any]) -> None:
    """Let equal words of columns be one object: of a million cases that saves some 60 bytes a cell."""
    for name in names:
        column = part[name]
        column[:] = [words.setdefault(value, value) for value in column.tolist()]


def _target(components: Columns, index: int) -> Target:
    uuid, code, grid, community = (components[name][index] for name in TARGET)
    return str(uuid), code, grid, community


def _joined(parts: list[Columns], names: Iterable[str]) -> Columns:
    if not parts:
        kinds: dict[str, Any] = {"fid": np.int64, "x": np.float64, "y": np.float64}
        return {name: np.empty(0, dtype=kinds.get(name, object)) for name in names}
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _there(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.array([value is not None for value in values.tolist()], dtype=bool)
