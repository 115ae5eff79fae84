# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of one census file that lie at exactly the same place: counted, and listed as issues, never dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.seen import Seen, hashes
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Action, Columns, Store
from digital_citymgmt_plugin.services.issues import SETTLED, Found, compare, write

RULES = ("same_place", "same_all")


class SamePlaces:
    """Remembers a short digest of place and content per row, so that memory stays small."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places, self._contents = Seen(), Seen()
        self._found: dict[int, tuple[int, bool]] = {}  # row → earlier row, equal to one in all columns
        self._stored: dict[int, tuple[str, str, Any]] = {}  # row of these → table, uuid, point
        held = store.read("check_issue", ["object_uuid"], [("rule", "in", list(RULES)), ("state", "!=", SETTLED)])
        self._told = set(held["object_uuid"].tolist())  # components of which it was said before
        self._again: list[str] = []  # of these, the ones that this file speaks of

    def add(self, chunk: Columns, taken: Columns, good: NDArray[np.bool_]) -> None:
        """Look at the good rows of a chunk; ``chunk`` has all columns of the source, ``taken`` the placed geometry."""
        names = [name for name in chunk if name not in (ROW, GEOM)]
        rows = chunk[ROW][good].astype(np.int64)
        wkbs = shapely.to_wkb(taken[GEOM][good]).tolist()
        columns = [chunk[name][good].tolist() for name in names]
        texts = zip(*columns) if names else iter([()] * len(wkbs))
        first = self._places.first(hashes(wkbs), rows)
        contents = self._contents.first(hashes(wkb + repr(row).encode() for wkb, row in zip(wkbs, texts)), rows)
        for index in np.flatnonzero(first != rows):
            self._found[int(rows[index])] = (int(first[index]), bool(contents[index] != rows[index]))
        tables, uuids, shapes = (taken[name][good] for name in ("known_table", "known_uuid", GEOM))
        self._again += [uuid for uuid in uuids.tolist() if uuid in self._told]
        for index in np.flatnonzero(first != rows):
            if uuids[index] is not None:
                self._note(int(rows[index]), tables[index], uuids[index], shapes[index])

    def counts(self) -> dict[str, int]:
        """Return how many rows lie at the place of an earlier one, and how many of these equal one in all columns."""
        return {"same_place": len(self._found), "same_all": sum(equal for _, equal in self._found.values())}

    def note_inserted(self, table: str, rows: NDArray[Any], uuids: NDArray[Any], geometries: NDArray[Any]) -> None:
        """Say under which uuid rows of the file were inserted; only those at one place with another are remembered."""
        for index, row in enumerate(rows.tolist()):
            if row in self._found:
                self._note(row, table, uuids[index], geometries[index])

    def _note(self, row: int, table: str, uuid: str, geometry: Any) -> None:
        self._stored[row] = (table, uuid, shapely.point_on_surface(geometry))

    def finish(self, action: Action) -> None:
        """List the rows found as issues, and settle what was said of components of this file that lie alone now."""
        found = []
        for row, (table, uuid, place) in sorted(self._stored.items()):
            other, equal = self._found[row]
            values = {"row": row, "other_row": other}
            found.append(Found(uuid, RULES[equal], values, place, table))
        write(action, compare(self._store, RULES, {*self._again, *(item.uuid for item in found)}, found))
