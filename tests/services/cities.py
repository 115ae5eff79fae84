# SPDX-License-Identifier: GPL-2.0-or-later
"""A city store with real adapters, files to bring into it and shorthands, for tests of use cases."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    ImportAreas,
    ImportComponents,
    Layer,
)
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.areas import import_areas
from digital_citymgmt_plugin.services.coding import assign_codes
from digital_citymgmt_plugin.services.components import import_components
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.support import Watcher, make_context

CRS = "EPSG:4550"
X0, Y0 = 360_000.0, 3_520_000.0  # a place in Qidong, EPSG:4550
FIRST, SECOND = "320681001001", "320681001002"  # two communities side by side, each 1 km x 1 km
LID, RAIN = "0101", "0103"


def box(west, south, east, north):
    """A rectangle in metres from the south-west corner of the first community."""
    return shapely.box(X0 + west, Y0 + south, X0 + east, Y0 + north)


def point(x, y):
    return shapely.Point(X0 + x, Y0 + y)


@dataclass
class City:
    """An open store and shorthands for the use cases."""

    store: object
    folder: Path
    watcher: Watcher

    @property
    def context(self):
        return make_context(self.store, self.watcher)

    def layer(self, file, geometry, kind="Polygon", /, crs=CRS, **columns):
        """Write a layer by the ending of its name and return its path."""
        path = self.folder / file
        table = {key: objects(value) for key, value in columns.items()}
        table[GEOM] = objects(geometry)
        CityFiles().write_layer(str(path), path.stem, table, crs, kind)
        return str(path)

    def table(self, file, rows, encoding="utf-8"):
        """Write a CSV of dictionaries and return its path."""
        path = self.folder / file
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return str(path)

    def areas(self, path, level="community", code="code", name="name", **layer):
        return import_areas(self.context, ImportAreas(Layer(path, **layer), level, code, name))

    def communities(self, *shapes, codes=(FIRST, SECOND), complete=False):
        shapes = shapes or (box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000))
        names = [f"社区{code[-3:]}" for code in codes[: len(shapes)]]
        path = self.layer("areas.gpkg", shapes, code=list(codes[: len(shapes)]), name=names)
        return import_areas(self.context, ImportAreas(Layer(path), "community", "code", "name", complete=complete))

    def adopt(self, shapes, file="grids.gpkg", crs=CRS, layer_crs=None, code_field=None, policy="largest_keeps",
              rejects=None, **columns):  # fmt: skip
        path = self.layer(file, shapes, crs=crs, **(columns or {"no": list(range(len(shapes)))}))
        request = AdoptGrids(Layer(path, crs=layer_crs), code_field, policy, rejects)
        return adopt_grids(self.context, request)

    def census(self, path, mapping=None, rejects=None, class_field=None, class_code=None, **layer):
        request = ImportComponents(Layer(path, **layer), mapping, class_field, class_code, rejects)
        return import_components(self.context, request)

    def code(self, order="place"):
        return assign_codes(self.context, AssignCodes(order))

    def rows(self, table, *columns, where=(), order=("fid",)):
        """Rows of a table as dictionaries."""
        found = self.store.read(table, list(columns), where, order)
        return [dict(zip(columns, values)) for values in zip(*(found[name].tolist() for name in columns))]

    def grids(self, *columns):
        return self.rows("unit_grid", *columns, where=[("status", "=", "current")], order=("code",))

    def digest(self):
        """A digest of every row of every table but the log's times: what a second run must not change."""
        mixed = hashlib.sha256()
        connection = self.store.connection
        names = [row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents ORDER BY 1")]
        for name in names:
            for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1'):
                mixed.update(repr(row).encode())
        return mixed.hexdigest()


def squares(columns, rows, size, west=0.0, south=0.0):
    """A regular coverage, row by row from the south."""
    return [
        box(west + c * size, south + r * size, west + (c + 1) * size, south + (r + 1) * size)
        for r in range(rows)
        for c in range(columns)
    ]


def ties(counts):
    """Accepted and rejected rows tie with what was read."""
    accepted = counts["inserted"] + counts["updated"] + counts["unchanged"]
    return counts["accepted"] + counts["rejected"] == counts["read"] and accepted == counts["accepted"]


def as_array(values):
    return np.array(values, dtype=object)
