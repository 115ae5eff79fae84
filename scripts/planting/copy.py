# SPDX-License-Identifier: GPL-2.0-or-later
"""The copy of a store that errors are planted into: plain ``sqlite3``, past triggers, the R-tree kept by hand.

No engine may have the copy open. A component is used once only, stands alone, lies well inside its unit grid and its
base map is left as it is, so that a planted error means one finding.
"""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from scipy.spatial import cKDTree

from scripts.planting import blobs

TABLES = ("component_point", "component_line", "component_area")
ALONE = 3.0  # m to the next component
INSIDE = 2.0  # m to the edge of the unit grid
OWN_KEYS = ("import_key", "import_digest")


@dataclass(frozen=True)
class Planted:
    """One line of the truth.

    ``partner`` is the other of a pair: either may be named. ``allowed`` are rules that may fire on both beside it.
    """

    kind: str
    rule: str
    table: str
    uuid: str
    partner: str = ""
    allowed: tuple[str, ...] = ()
    reason: str = ""


@dataclass
class Row:
    """One component as it was before."""

    table: str
    values: dict[str, Any]
    shape: Any

    @property
    def xy(self) -> tuple[float, float]:
        """A place on it, in metres of the store's CRS."""
        spot = shapely.point_on_surface(self.shape)
        return float(shapely.get_x(spot)), float(shapely.get_y(spot))

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass
class Copy:
    """An open copy; what is planted is gathered in ``truth``."""

    connection: sqlite3.Connection
    rng: np.random.Generator
    srs: int = 0
    truth: list[Planted] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    pools: dict[str, list[Row]] = field(default_factory=dict)

    def load(self) -> None:
        """Read what can be planted into, in an order that the seed decides."""
        run = self.connection.execute
        sql = "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = 'component_point'"
        self.srs = int(run(sql).fetchone()[0])
        self.meta = dict(run("SELECT key, value FROM meta"))
        self.grid_shapes = {code: blobs.unpack(blob) for code, blob in run(
            "SELECT code, geom FROM unit_grid WHERE status = 'current' AND geom IS NOT NULL")}  # fmt: skip
        self.grids = [tuple(row) for row in run(
            "SELECT code, community_code FROM unit_grid WHERE status = 'current' ORDER BY code")]  # fmt: skip
        self.classes = {row["code"]: dict(row) for row in self._dicts(
            "SELECT * FROM class WHERE kind = 'component' ORDER BY code")}  # fmt: skip
        rows = [Row(table, row, blobs.unpack(row["geom"])) for table in TABLES for row in self._dicts(
            f"SELECT * FROM {table} WHERE geom IS NOT NULL ORDER BY fid")]  # fmt: skip
        self.places = np.array([row.xy for row in rows])
        self.tree = cKDTree(self.places)
        for table in TABLES:
            mine = [n for n, row in enumerate(rows) if row.table == table]
            self.pools[table] = [rows[mine[n]] for n in self.rng.permutation(len(mine))]
        gap = self.tree.query(self.places, k=2)[0][:, 1] if len(rows) > 1 else np.full(len(rows), np.inf)
        self.alone = {row["uuid"] for row, distance in zip(rows, gap) if distance >= ALONE}
        self.boundaries = {code: shapely.boundary(shape) for code, shape in self.grid_shapes.items()}

    def _dicts(self, sql: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values)) for values in cursor]

    def take(self, table: str, wanted: int, **like: Any) -> list[Row]:
        """Take unused components of a table; ``like`` are values that they must have."""
        found: list[Row] = []
        for row in self.pools[table]:
            if len(found) == wanted:
                break
            if row["uuid"] in self.used or not self._fit(row):
                continue
            if all(row[name] == value for name, value in like.items()):
                self.used.add(row["uuid"])
                found.append(row)
        return found

    def _fit(self, row: Row) -> bool:
        edge = self.boundaries.get(row["grid_code"])
        plain = bool(row["code"]) and row["state"] != "移除" and row["class_code"] in self.classes and edge is not None
        if not plain:
            return False
        if row.table != "component_point":
            return True  # lines and areas are few, and only their own shape or values are changed
        return row["uuid"] in self.alone and shapely.distance(edge, row.shape) >= INSIDE

    def change(self, row: Row, **values: Any) -> None:
        """Set columns of a component."""
        names = ", ".join(f"{name} = ?" for name in values)
        self.connection.execute(f"UPDATE {row.table} SET {names} WHERE fid = ?", [*values.values(), row["fid"]])

    def place(self, row: Row, shape: Any) -> None:
        """Give a component another shape, and its box in the spatial index with it."""
        self.change(row, geom=blobs.pack(shape, self.srs))
        self.box(row.table, row["fid"], shapely.bounds(shape))

    def box(self, table: str, fid: int, bounds: Any) -> None:
        """Put the box of a row into the spatial index; None takes it out."""
        self.connection.execute(f"DELETE FROM rtree_{table}_geom WHERE id = ?", (fid,))
        if bounds is not None:
            west, south, east, north = (float(value) for value in bounds)
            values = (fid, west, east, south, north)
            self.connection.execute(f"INSERT INTO rtree_{table}_geom VALUES (?, ?, ?, ?, ?)", values)

    def insert(self, like: Row, shape: Any, table: str | None = None, **values: Any) -> Row:
        """Add a component like another one, with a uuid and a registered code of its own."""
        table = table or like.table
        row = {**like.values, **dict.fromkeys(OWN_KEYS), "attributes": None, "uuid": self.new_uuid(), **values}
        row["geom"] = blobs.pack(shape, self.srs)
        del row["fid"]
        if "code" not in values:
            row["code"] = self.next_code(row["class_code"])
            self.register(row["code"], row["uuid"])
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        fid = self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values())).lastrowid
        self.box(table, int(fid or 0), shapely.bounds(shape))
        self.used.add(row["uuid"])
        return Row(table, {**row, "fid": fid}, shape)

    def insert_into(self, table: str, values: dict[str, Any]) -> None:
        """Add a row to any table."""
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))

    def new_uuid(self) -> str:
        """A uuid that the seed decides."""
        return str(uuid.UUID(bytes=self.rng.bytes(16), version=4))

    def next_code(self, class_code: str) -> str:
        """The next free code of a class: county, class, and a number."""
        scope = self.meta["county_code"] + class_code
        last = self.connection.execute("SELECT MAX(serial) FROM code_register WHERE scope = ?", (scope,)).fetchone()[0]
        return f"{scope}{(last or 0) + 1:06d}"

    def register(self, code: str, owner: str) -> None:
        """Enter a code into the register as issued."""
        serial = int(code[-6:]) if code[-6:].isdigit() else 0
        values = {"code": code, "kind": "component", "scope": code[:-6], "serial": serial, "status": "issued"}
        self.insert_into("code_register", {**values, "object_uuid": owner})

    def recode(self, row: Row, code: str) -> None:
        """Give a component another code, which the register knows as its own."""
        self.connection.execute("DELETE FROM code_register WHERE code = ?", (row["code"],))
        self.change(row, code=code)
        self.register(code, row["uuid"])

    def reclass(self, row: Row, class_code: str, **values: Any) -> None:
        """Move a component to another class, with a code and the name of that class."""
        name = self.classes[class_code]["name"]
        self.change(row, **{"class_code": class_code, "name": name, **values})
        self.recode(row, self.next_code(class_code))

    def new_class(self, like: str, **values: Any) -> str:
        """Add a class of the city's own beside one that is there; returns its code."""
        digits = len(like) - 2
        taken = {int(code[2:]) for code in self.classes if code[:2] == like[:2] and code[2:].isdigit()}
        number = next(n for n in range(10**digits - 1, 0, -1) if n not in taken)
        code = f"{like[:2]}{number:0{digits}d}"
        row = {**self.classes[like], "code": code, "minor_code": code[2:], "name": f"试验类{code}",
               "required_fields": None, "photo_count": None, **values}  # fmt: skip
        row.pop("fid", None)
        self.insert_into("class", row)
        self.classes[code] = row
        return code

    def plant(self, kind: str, rule: str, row: Row, reason: str, *, partner: Row | None = None,
              allowed: tuple[str, ...] = ()) -> None:  # fmt: skip
        """Note what was planted."""
        other = partner["uuid"] if partner else ""
        self.truth.append(Planted(kind, rule, row.table, row["uuid"], other, allowed, reason))


@contextlib.contextmanager
def opened(path: Path, seed: int) -> Iterator[Copy]:
    """Open a store without its triggers; they come back, and all is committed, at the end."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"
        triggers = connection.execute(sql).fetchall()
        for name, _ in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        copy = Copy(connection, np.random.default_rng(seed))
        copy.load()
        yield copy
        for _, text in triggers:
            connection.execute(text)
        connection.execute("COMMIT")
