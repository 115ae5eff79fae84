# SPDX-License-Identifier: GPL-2.0-or-later
"""Geometry and what was derived from it: R-tree, extent, blob headers, unit grids of components and cases, areas."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.placing import COMPONENT, POINTED
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import Finding
from digital_citymgmt_plugin.storage.blob import from_blobs
from digital_citymgmt_plugin.storage.schema.catalogue import SPATIAL
from digital_citymgmt_plugin.storage.verifying.base import WARNING, Run, Stage

_DIMENSION = {"POINT": 0, "MULTILINESTRING": 1, "MULTIPOLYGON": 2, "POLYGON": 2}
_AREA_SLACK = 0.011  # m²: areas are kept with two decimals
# What else is read with the geometry, to be compared with it.
_BESIDE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(COMPONENTS, ("grid_code", "community_code")),
    "case_record": ("grid_code", "community_code", "place_method"), "unit_grid": ("area_m2",),
}  # fmt: skip


def stages() -> list[Stage]:
    """Return one stage per spatial table."""
    heavy = {"component_point": 6.0, "case_record": 6.0}
    return [(table, partial(_check, table=table), heavy.get(table, 1.0)) for table in SPATIAL]


def _check(run: Run, table: str) -> list[Finding]:
    scan = _Scan(run, table)
    scan.read()
    return scan.findings() + _rtree(run, table, scan.fids, scan.boxes) + _extent(run, table, scan.boxes)


class Grids:
    """The current unit grids, in the order in which a point on an edge is given to one."""

    def __init__(self, run: Run) -> None:
        rows = run.query(
            "SELECT code, community_code, geom FROM unit_grid WHERE status = 'current' ORDER BY code"
        ).fetchall()
        shapes, _bad = decode(list(range(len(rows))), [row[2] for row in rows])
        self.shapes = shapes
        self.codes = np.array([*(row[0] for row in rows), None], dtype=object)
        self.communities = np.array([*(row[1] for row in rows), None], dtype=object)
        self.community_of = {row[0]: row[1] for row in rows}

    def of(self, geometries: NDArray[Any]) -> NDArray[np.int64]:
        """Return the row of the grid that holds each geometry, −1 for none (whose code is None)."""
        return locate_points(geometries, self.shapes)


def decode(fids: list[int], blobs: list[Any]) -> tuple[NDArray[Any], list[int]]:
    """Return the geometries of blobs, None where there is none, and the keys of blobs that are none."""
    try:
        return from_blobs(blobs) if blobs else np.empty(0, dtype=object), []
    except (ValueError, TypeError, IndexError, shapely.errors.GEOSException, struct.error):
        pass
    result, bad = np.full(len(blobs), None, dtype=object), []
    for index, blob in enumerate(blobs):
        try:
            result[index] = from_blobs([blob])[0]
        except (ValueError, TypeError, IndexError, shapely.errors.GEOSException, struct.error):
            bad.append(fids[index])
    return result, bad


class _Scan:
    """One reading of a layer: boxes are kept, geometries are not."""

    def __init__(self, run: Run, table: str) -> None:
        self.run, self.table = run, table
        beside = tuple(name for name in _BESIDE.get(table, ()) if name in run.columns(table))
        self.beside = beside if beside == _BESIDE.get(table) else ()
        self.grids = Grids(run) if self.beside and table != "unit_grid" else None
        row = run.query("SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = 'unit_grid'").fetchone()
        self.srs = int(row[0]) if row else None
        self.wrong: dict[tuple[str, str, str], list[int]] = {}
        self._fids: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        self._boxes: list[NDArray[np.float64]] = [np.empty((0, 4))]

    @property
    def fids(self) -> NDArray[np.int64]:
        """Keys of the rows with a filled geometry, in order."""
        return np.concatenate(self._fids)

    @property
    def boxes(self) -> NDArray[np.float64]:
        """Their minx, miny, maxx, maxy."""
        return np.concatenate(self._boxes)

    def findings(self) -> list[Finding]:
        """Return what was found row by row."""
        found: list[Finding] = []
        for (rule, level, repair), fids in self.wrong.items():
            found += self.run.found(rule, self.table, fids, level=level, repair=repair)
        return found

    def read(self) -> None:
        """Read all rows with a geometry."""
        names = "".join(f', "{name}"' for name in self.beside)
        for rows in self.run.rows(f'SELECT fid, geom{names} FROM "{self.table}" WHERE geom IS NOT NULL ORDER BY fid'):
            columns = list(zip(*rows))
            fids, blobs = list(columns[0]), list(columns[1])
            shapes, bad = decode(fids, blobs)
            self._note("verify.geometry", bad)
            numbers = np.array(fids, dtype=np.int64)
            boxes = shapely.bounds(shapes)
            there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
            finite = np.isfinite(boxes).all(axis=1)
            self._note("verify.geometry", numbers[there & ~finite].tolist())
            self._headers(numbers, blobs, shapes, there & finite)
            if self.beside:
                beside = {name: np.array(values, dtype=object) for name, values in zip(self.beside, columns[2:])}
                self._derived(numbers, shapes, beside)
            self._fids.append(numbers[there & finite])
            self._boxes.append(boxes[there & finite])

    def _note(self, rule: str, fids: list[int], level: str = "error", repair: str = "") -> None:
        if fids:
            self.wrong.setdefault((rule, level, repair), []).extend(fids)

    def _headers(
        self, fids: NDArray[np.int64], blobs: list[Any], shapes: NDArray[Any], usable: NDArray[np.bool_]
    ) -> None:
        """Compare the system of coordinates and the kind of geometry with those of the layer."""
        rows = np.flatnonzero(usable)
        if not len(rows):
            return
        if self.srs is not None:
            head = np.frombuffer(b"".join(blobs[row][:8] for row in rows.tolist()), dtype=np.uint8).reshape(-1, 8)
            little = head[:, 3] & 1 == 1
            small = head[:, 4:8].copy().view("<i4").ravel()
            large = head[:, 4:8].copy().view(">i4").ravel()
            other = np.where(little, small, large) != self.srs
            self._note("verify.srs", fids[rows[other]].tolist(), repair="blobs")
        wanted = _DIMENSION.get(SPATIAL[self.table])
        if wanted is not None:
            kinds = shapely.get_dimensions(shapes[rows])
            self._note("verify.geometry_kind", fids[rows[kinds != wanted]].tolist())

    def _derived(self, fids: NDArray[np.int64], shapes: NDArray[Any], beside: dict[str, NDArray[Any]]) -> None:
        if self.table == "unit_grid":
            said = np.array([np.nan if value is None else value for value in beside["area_m2"]], dtype=np.float64)
            area = shapely.area(shapes)
            wrong = np.isfinite(said) & np.isfinite(area) & (np.abs(said - area) > _AREA_SLACK + 1e-9 * area)
            self._note("verify.area", fids[wrong].tolist(), repair="areas")
            return
        if self.grids is None:
            return
        code, community = beside["grid_code"], beside["community_code"]
        stated: NDArray[np.bool_] = np.array([value is not None for value in code.tolist()], dtype=bool)
        cell = self.grids.of(shapes)
        if "place_method" in beside:
            method = beside["place_method"].astype(str)
            stated &= np.isin(method, ("grid", *POINTED))
            # A case whose own point lies in no grid is where its component is (services/linking.py).
            stated &= ~((method == COMPONENT) & (cell < 0))
        # Of what has no usable point nothing can be said.
        stated &= ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        wrong = stated & np.asarray(self.grids.codes[cell] != code, dtype=bool)
        repair = "grids" if self.table in COMPONENTS else ""
        self._note("verify.grid", fids[wrong].tolist(), WARNING, repair)
        known = np.array([self.grids.community_of.get(value) for value in code.tolist()], dtype=object)
        filled = np.array([value is not None for value in known.tolist()], dtype=bool)
        other = stated & ~wrong & filled & np.asarray(known != community, dtype=bool)
        self._note("verify.community", fids[other].tolist(), WARNING, repair)


def _rtree(run: Run, table: str, fids: NDArray[np.int64], boxes: NDArray[np.float64]) -> list[Finding]:
    """Compare the R-tree with the geometries: every filled one has its box, no box is left over."""
    name = f"rtree_{table}_geom"
    if not run.columns(name):
        return run.found("verify.rtree_lost", table, [name], repair="rtrees")
    broken = [str(row[0]) for row in run.query("SELECT rtreecheck(?)", (name,)) if row[0] != "ok"]
    tree = [np.empty((0, 5))]
    tree += [np.array(rows, dtype=np.float64) for rows in run.rows(f'SELECT id, minx, miny, maxx, maxy FROM "{name}"')]
    entries = np.concatenate(tree)
    entries = entries[np.argsort(entries[:, 0], kind="stable")]
    ids = entries[:, 0].astype(np.int64)
    repaired: Callable[..., list[Finding]] = partial(run.found, repair="rtrees")
    found = repaired("verify.rtree_missing", table, fids[~np.isin(fids, ids)])
    found += repaired("verify.rtree_orphan", table, ids[~np.isin(ids, fids)])
    _, ours, theirs = np.intersect1d(fids, ids, return_indices=True)
    box, kept = boxes[ours], entries[theirs, 1:]
    # The R-tree keeps single precision, rounded outwards.
    wrong = (box[:, :2] < kept[:, :2]).any(axis=1) | (box[:, 2:] > kept[:, 2:]).any(axis=1)
    slack = np.spacing(np.abs(kept).astype(np.float32)).astype(np.float64) * 2
    wrong |= (np.abs(box - kept) > slack).any(axis=1)
    found += repaired("verify.rtree_wrong", table, fids[ours[wrong]])
    return found or repaired("verify.rtree_lost", table, broken)


def _extent(run: Run, table: str, boxes: NDArray[np.float64]) -> list[Finding]:
    """Every geometry lies in the extent said; it may be wider, since nobody shrinks it after a delete in QGIS."""
    said = run.query("SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = ?", (table,)).fetchone()
    if said is None or not len(boxes):
        return []  # not registered: told elsewhere
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    inside = None not in said and bool(
        (np.array(said[:2]) <= low + 1e-6).all() and (np.array(said[2:]) >= high - 1e-6).all()
    )
    return [] if inside else [Finding("verify.extent", table, 1, str(said), repair="extents", objects=(table,))]
