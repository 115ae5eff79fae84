# SPDX-License-Identifier: GPL-2.0-or-later
"""Checked rows of a census into the component tables, their codes into the register."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.rows import TABLE_OF_DIMENSION
from digital_citymgmt_plugin.core.census.seen import hashes
from digital_citymgmt_plugin.core.codes import COMPONENT, CodeScheme
from digital_citymgmt_plugin.core.grids.locate import locate_points, representative_points
from digital_citymgmt_plugin.core.ports import GEOM, ROW, XY, Action, Columns, Store
from digital_citymgmt_plugin.services.census_same import SamePlaces
from digital_citymgmt_plugin.services.intake import is_none, objects, with_none
from digital_citymgmt_plugin.services.withdrawn import bring_back, withdrawn

TEXT = ("name", "manager_dept", "owner_dept", "maintainer_dept", "source", "accuracy", "remark")
WRITTEN = (
    "uuid", "code", "class_code", *TEXT, "state", "first_on", "changed_on", "photo_count", "attributes", GEOM,
)  # fmt: skip


class CensusWriter:
    """Writes the rows that ``CensusRows`` let through.

    Parameters
    ----------
    store : Store
    same : SamePlaces
    mapped : set of str
        Our fields that the file speaks of: an update leaves all others as they are.
    """

    def __init__(self, store: Store, same: SamePlaces, mapped: set[str]) -> None:
        self._store, self._same = store, same
        self._scheme = store.profile().component_scheme
        always = {"class_code", "attributes", GEOM}
        self._updated = [name for name in WRITTEN if name in mapped | always and name not in ("uuid", "code")]
        self._grids: Columns | None = None
        self._stored: NDArray[np.uint64] | None = None  # what stood where before this file

    def write(self, action: Action, taken: Columns, counts: dict[str, int]) -> None:
        """Insert new rows, update changed ones and register their codes."""
        new, changed = taken["fid"] < 0, (taken["fid"] >= 0) & ~taken["same_digest"]
        counts["unchanged"] += int(taken["same_digest"].sum())
        counts["inserted"] += int(new.sum())
        counts["updated"] += int(changed.sum())
        for table in TABLE_OF_DIMENSION.values():
            chosen = new & (taken["table"] == table)
            if chosen.any():
                self._insert(action, table, {name: column[chosen] for name, column in taken.items()}, counts)
            chosen = changed & (taken["known_table"] == table)
            if chosen.any():
                self._update(action, table, {name: column[chosen] for name, column in taken.items()}, counts)

    def _insert(self, action: Action, table: str, rows: Columns, counts: dict[str, int]) -> None:
        if self._stored is None:
            standing = [_standing(self._store, name) for name in TABLE_OF_DIMENSION.values()]
            self._stored = np.unique(np.concatenate(standing))
        if len(self._stored):
            here = _marks(rows["class_code"], representative_points(rows[GEOM]))
            counts["on_stored"] += int(np.isin(here, self._stored).sum())
        uuids = objects(value or str(uuid4()) for value in rows["uuid"].tolist())
        columns = {name: rows[name] for name in (*WRITTEN, "import_key", "import_digest")}
        columns["uuid"] = uuids
        action.insert(table, columns)
        self._same.note_inserted(table, rows[ROW], uuids, rows[GEOM])
        self._register(action, rows["code"], uuids, counts)

    def _update(self, action: Action, table: str, rows: Columns, counts: dict[str, int]) -> None:
        columns = {name: rows[name] for name in (*self._updated, "import_digest")}
        columns.update(self._places(rows[GEOM]))
        action.update(table, rows["fid"], columns)
        fresh = is_none(rows["known_code"]) & ~is_none(rows["code"])
        if fresh.any():  # an uncoded component whose code the file brings now
            action.update(table, rows["fid"][fresh], {"code": rows["code"][fresh]})
            self._register(action, rows["code"][fresh], rows["known_uuid"][fresh], counts)

    def _places(self, geometries: NDArray[Any]) -> Columns:
        """Return unit grid and community of changed components, which may have moved."""
        if self._grids is None:
            self._grids = self._store.read(
                "unit_grid", ["code", "community_code", GEOM], [("status", "=", "current")], ["code"]
            )
        cell = locate_points(geometries, self._grids[GEOM])
        return {
            "grid_code": with_none(self._grids["code"])[cell],
            "community_code": with_none(self._grids["community_code"])[cell],
        }

    def _register(self, action: Action, codes: NDArray[Any], uuids: NDArray[Any], counts: dict[str, int]) -> None:
        coded = ~is_none(codes)
        if coded.any():
            counts["with_code"] += int(coded.sum())
            again = bring_back(action, withdrawn(self._store, codes[coded]), codes[coded], uuids[coded])
            register_codes(action, self._scheme, COMPONENT, codes[coded][~again], uuids[coded][~again])


def _standing(store: Store, table: str) -> NDArray[np.uint64]:
    """Return a mark of class and place for each component of a table."""
    parts = [_marks(part["class_code"], part[XY]) for part in store.chunks(table, ["class_code", XY])]
    return np.concatenate([np.empty(0, dtype=np.uint64), *parts])


def _marks(classes: NDArray[Any], points: NDArray[np.float64]) -> NDArray[np.uint64]:
    places = np.ascontiguousarray(points, dtype=np.float64).view("S16").ravel().tolist()
    return hashes(place + str(code).encode() for place, code in zip(places, classes.tolist()))


def register_codes(action: Action, scheme: CodeScheme, kind: str, codes: NDArray[Any], uuids: NDArray[Any]) -> None:
    """Write codes into the register, from which they never go away."""
    if not len(codes):
        return
    order = np.argsort(codes.astype(str), kind="stable")  # in order the indexes fill page after page
    codes, uuids = codes[order], uuids[order]
    scopes, serials = scheme.split_many(codes.astype(str))
    action.insert(
        "code_register",
        {
            "code": codes, "kind": objects([kind] * len(codes)), "scope": scopes,
            "serial": serials, "object_uuid": uuids, "status": objects(["issued"] * len(codes)),
        },
    )  # fmt: skip
