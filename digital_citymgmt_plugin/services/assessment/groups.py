# SPDX-License-Identifier: GPL-2.0-or-later
"""What an assessment is made by: the rows of its table, and which row each case belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.question import parted
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Store
from digital_citymgmt_plugin.services.assessment.then import shapes_then, united
from digital_citymgmt_plugin.services.beat_rows import read_beats

BY = ("county", "street", "community", "grid", "department")
GROUP_COLUMNS = {
    "county": ("community_code", "street_code"), "street": ("street_code", "community_code"),
    "community": ("community_code",), "grid": ("grid_code",), "department": ("dept_code", "dept_name"),
}  # fmt: skip


@dataclass
class Groups:
    """The rows of the table: codes found among the cases, after those of all areas or grids."""

    store: Store
    by: str
    nowhere: str  # row of the cases without a value in the column that the table is made by
    codes: list[str | None] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._place: dict[Any, int] = {}
        self._parents: dict[str, Any] = {}
        self._county = self.store.meta().get("county_code", "")
        current = [("valid_to", "is null", None)]
        areas = self.store.read("admin_area", ["level", "code", "name", "parent_code"], current, order=["code"])
        for level, code, name, parent in zip(*(column.tolist() for column in areas.values())):
            self._parents[code] = parent
            if level == self.by:
                self.names[code] = name
                self.place(code)
        if self.by == "county":
            self.names.setdefault(self._county, self.store.meta().get("county_name", ""))
            self.place(self._county)
        if self.by == "grid":
            status = [("status", "=", "current")]
            grids = self.store.read("unit_grid", ["code", "name"], status, order=["code"])
            for code, name in zip(grids["code"].tolist(), grids["name"].tolist()):
                self.names[code] = name or ""
                self.place(code)
        if self.by == "department":
            departments = self.store.read("department", ["code", "name"])
            self._departments = dict(zip(departments["code"].tolist(), departments["name"].tolist()))

    def __len__(self) -> int:
        return len(self.codes)

    def place(self, code: str | None) -> int:
        """Return the row of a code."""
        if code not in self._place:
            self._place[code] = len(self.codes)
            self.codes.append(code)
        return self._place[code]

    def of(self, part: Columns) -> NDArray[np.int64]:
        """Return the row of each case."""
        columns = [part[name].tolist() for name in GROUP_COLUMNS[self.by]]
        known: dict[Any, int] = {}
        result = np.empty(len(columns[0]), dtype=np.int64)
        for index, key in enumerate(zip(*columns)):
            row = known.get(key)
            if row is None:
                row = known[key] = self.place(self._code(*key))
            result[index] = row
        return result

    def _code(self, first: str | None, second: str | None = None) -> str | None:
        if self.by == "street":
            return first or self._parents.get(second or "")
        if self.by == "county":
            return self._county if first or second else None
        if self.by == "department":
            if first and (second or first in self._departments):
                # The first name that a code comes with stands for it: sources spell one office in several ways.
                self.names.setdefault(first, self._departments.get(first) or str(second))
            elif second and not first:
                self.names.setdefault(second, second)
                return second
        return first or None

    def name(self, code: str | None) -> str:
        """Return what a row is called."""
        return self.nowhere if code is None else self.names.get(code, code if self.by == "department" else "")

    def parent(self, row: int) -> str:
        """Return the code of the area that the area of a row lies in."""
        return str(self._parents.get(self.codes[row] or "") or "")

    def order(self) -> list[int]:
        """Return the rows in the order of the table: by code, 未定 last."""
        return sorted(range(len(self.codes)), key=lambda row: (self.codes[row] is None, str(self.codes[row])))


def shapes_of(store: Store, by: str) -> dict[str, Any] | None:
    """Return the shape of each row by its code, the current one or that of its day; None where rows have no place."""
    if parted(by)[1]:
        return shapes_then(store, by)
    if by == "beat":
        return _beat_shapes(store)
    if by not in ("county", "street", "community", "grid"):
        return None
    if by == "grid":
        rows = store.read("unit_grid", ["code", GEOM], [("status", "=", "current")])
    else:
        rows = store.read("admin_area", ["code", GEOM], [("level", "=", by), ("valid_to", "is null", None)])
    return dict(zip(rows["code"].tolist(), rows[GEOM].tolist()))


def _beat_shapes(store: Store) -> dict[str, Any]:
    """Return each beat as the union of its unit grids."""
    beats = read_beats(store)
    rows = store.read("unit_grid", ["uuid", GEOM], [("status", "=", "current")])
    code_of = beats.code_of
    return united([code_of.get(beats.beat_of.get(uuid, ""), "") for uuid in rows["uuid"].tolist()], rows[GEOM])
