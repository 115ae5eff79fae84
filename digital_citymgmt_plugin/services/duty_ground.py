# SPDX-License-Identifier: GPL-2.0-or-later
"""What deciding about responsibility needs of the store: chain of rules, grids, rulings, departments of components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.borders import Borders
from digital_citymgmt_plugin.core.cases.duty import COMPONENT_DEPARTMENTS, Responsibility
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Store
from digital_citymgmt_plugin.services.intake import objects

OWNER, UNOWNED, DISPUTED = "owner", "unowned", "disputed"
KINDS = (OWNER, UNOWNED, DISPUTED)
DEPARTMENTS = tuple(COMPONENT_DEPARTMENTS.values())
RULING = (
    "fid", "uuid", "component_uuid", "class_code", "department_code", "decision", "ruled_on", "ruled_by", "case_fid",
    "kind", "address", "evidence",
)  # fmt: skip
_CHUNK = 20_000


class Ground:
    """The city as the chain of responsibility sees it; read once for a state of the store."""

    def __init__(self, store: Store) -> None:
        current = [("valid_to", "is null", None)]
        areas = store.read("admin_area", ["level", "code", "name", "parent_code"], current)
        listed = list(zip(*(areas[name].tolist() for name in ("level", "code", "name", "parent_code"))))
        self.names = {str(code): str(name or code) for _, code, name, _ in listed}
        self.street_of = {str(code): parent for level, code, _, parent in listed if level == "community"}
        streets = {str(code): str(name) for level, code, name, _ in listed if level == "street"}
        self.profile = store.profile()
        self.departments = {entry.code: entry.name for entry in self.profile.departments}
        self.chain = Responsibility(self.profile, streets)
        grids = store.read("unit_grid", ["code", "community_code", GEOM], [("status", "=", "current")], ["code"])
        self.grid_codes = grids["code"].tolist()
        self.communities = grids["community_code"].tolist()
        self.grid_at = {code: place for place, code in enumerate(self.grid_codes)}
        self.borders = Borders(grids[GEOM]) if len(self.grid_codes) else None
        self.rulings = Rulings(store)

    def department(self, code: str | None) -> str:
        """Return the name of a department, its code where the profile does not have it, '' for nobody."""
        return self.departments.get(code or "", code or "")

    def place_of(self, grid: int) -> tuple[Any, Any, Any]:
        """Return grid, community and street of a unit grid by its place in the list."""
        community = self.communities[grid]
        return self.grid_codes[grid], community, self.street_of.get(str(community))


class Rulings:
    """Earlier rulings; of each component the newest counts."""

    def __init__(self, store: Store) -> None:
        self.rows = store.read("ruling", [*RULING, XY], order=["fid"])
        self.size = len(self.rows["fid"])
        self.by_component: dict[str, list[int]] = {}
        days = [str(day or "") for day in self.rows["ruled_on"].tolist()]
        for row in sorted(range(self.size), key=lambda row: (days[row], row)):
            uuid = self.rows["component_uuid"][row]
            if uuid:
                self.by_component.setdefault(str(uuid), []).append(row)
        self.words = self._words(store)

    def _words(self, store: Store) -> NDArray[Any]:
        """Return kind and class of each ruling: what a case must have to be alike."""
        fids = sorted({int(fid) for fid in self.rows["case_fid"].tolist() if fid is not None})
        kinds: dict[int, Any] = {}
        for start in range(0, len(fids), _CHUNK):
            part = store.read("case_record", ["fid", "kind"], [("fid", "in", fids[start : start + _CHUNK])])
            kinds.update(zip(part["fid"].tolist(), part["kind"].tolist()))
        found = []
        told = (self.rows[name].tolist() for name in ("component_uuid", "case_fid", "class_code"))
        for uuid, fid, code in zip(*told):
            kind = kinds.get(fid) or (COMPONENT if uuid else None)
            found.append(f"{kind} {code}" if kind and code else None)
        return objects(found)

    def newest(self, uuid: str | None) -> dict[str, Any] | None:
        """Return the ruling that counts for a component, None without one."""
        rows = self.by_component.get(uuid or "")
        return self.told(rows[-1]) if rows else None

    def precedent(self, uuid: str | None) -> dict[str, Any] | None:
        """Return the ruling that decides for a component: none while it is disputed."""
        ruling = self.newest(uuid)
        if ruling is None or ruling["kind"] == DISPUTED:
            return None
        return {**ruling, "department_code": ruling["department_code"] if ruling["kind"] == OWNER else None}

    def nobodys_cases(self) -> set[int]:
        """Return the cases whose newest ruling on whose they are says nobody's."""
        newest: dict[int, str] = {}
        days = [str(day or "") for day in self.rows["ruled_on"].tolist()]
        for row in sorted(range(self.size), key=lambda row: (days[row], row)):
            fid, kind = self.rows["case_fid"][row], self.told(row)["kind"]
            if fid is not None and kind in (OWNER, UNOWNED):
                newest[int(fid)] = kind
        return {fid for fid, kind in newest.items() if kind == UNOWNED}

    def differing(self, uuid: str | None) -> list[str]:
        """Return the departments that rulings named for a component, when there are several."""
        rows = self.by_component.get(uuid or "", [])
        found = dict.fromkeys(self.rows["department_code"][row] for row in rows if self.rows["department_code"][row])
        return list(found) if len(found) > 1 else []

    def told(self, row: int) -> dict[str, Any]:
        """Return what a ruling says, without its evidence."""
        names = ("uuid", "department_code", "decision", "ruled_on", "ruled_by", "kind")
        found = {name: self.rows[name][row] for name in names}
        found["kind"] = found["kind"] or (OWNER if found["department_code"] else UNOWNED)
        return found

    def of_many(self, uuids: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[Any]]:
        """Return which components have a ruling that decides, and its department."""
        decided = {uuid: self.precedent(uuid) for uuid in self.by_component}
        known = {uuid: found["department_code"] for uuid, found in decided.items() if found is not None}
        listed = uuids.tolist()
        return np.array([uuid in known for uuid in listed], dtype=bool), objects(known.get(uuid) for uuid in listed)


_grounds: WeakKeyDictionary[Any, tuple[tuple[int, int], Ground]] = WeakKeyDictionary()


def ground_of(store: Store) -> Ground:
    """Return the ground of a store, read anew when the store has changed."""
    moment = store.moment()
    held = _grounds.get(store)
    if held is None or held[0] != moment:
        held = _grounds[store] = (moment, Ground(store))
    return held[1]


def component_departments(store: Store, uuids: Iterable[Any], wanted: tuple[str, ...] = DEPARTMENTS) -> Columns:
    """Return columns of components in the order of ``uuids``; None where there is no such component."""
    listed = list(uuids)
    different = sorted({str(uuid) for uuid in listed if uuid})
    found: dict[str, tuple[Any, ...]] = {}
    if len(different) > 20 * _CHUNK:  # most of them: one pass is faster than looking each up
        meant = set(different)
        for table in COMPONENTS:
            for part in store.chunks(table, ["uuid", *wanted], size=100_000):
                rows = zip(part["uuid"].tolist(), *(part[name].tolist() for name in wanted))
                found.update((row[0], row[1:]) for row in rows if row[0] in meant)
    else:
        for start in range(0, len(different), _CHUNK):
            for table in COMPONENTS:
                part = store.read(table, ["uuid", *wanted], [("uuid", "in", different[start : start + _CHUNK])])
                rows = zip(part["uuid"].tolist(), *(part[name].tolist() for name in wanted))
                found.update((row[0], row[1:]) for row in rows)
    nothing = (None,) * len(wanted)
    columns = list(zip(*(found.get(str(uuid), nothing) if uuid else nothing for uuid in listed)))
    return {name: objects(columns[at] if columns else ()) for at, name in enumerate(wanted)}
