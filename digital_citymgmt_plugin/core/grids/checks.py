# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults of a set of unit grids: a list of issues, never an exception."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.locate import locate_points, representative_points

CUT_AREA, CUT_SHARE = 1.0, 0.02  # m² and share of a building that must lie in a second cell to count as cut


@dataclass(frozen=True)
class CheckOptions:
    """Limits; areas in m², widths in m.

    A gap or an overlap is told when it exceeds ``smallest`` and is on average wider than ``width``; a cell may have
    ``crossing`` outside its community; it must reach ``sliver_width`` somewhere. Sizes are checked against ``band``
    (shares of ``target_area``) unless the target is None.
    """

    smallest: float = 0.01
    width: float = 0.002
    crossing: float = 1.0
    sliver_width: float = 5.0
    target_area: float | None = None
    band: tuple[float, float] = (0.5, 2.0)


@dataclass(frozen=True)
class GridIssue:
    """One fault: rule, the row of the object it is about, the row of a second object (−1 none), values, the place.

    ``index`` is the row of a cell; −1 for gaps; the row of the building or component for rules about those.
    """

    rule: str
    index: int
    other: int = -1
    params: dict[str, Any] = field(default_factory=dict)
    geometry: Any = None


def check_cells(
    cells: NDArray[Any],
    communities: NDArray[Any] | None = None,
    *,
    community_index: NDArray[np.int64] | None = None,
    buildings: NDArray[Any] | None = None,
    components: NDArray[Any] | None = None,
    options: CheckOptions | None = None,
) -> list[GridIssue]:
    """Find the faults of a set of cells.

    Parameters
    ----------
    cells : array of polygons or None
        Metric CRS. They are not changed.
    communities : array of polygons, optional
        Without them gaps are the holes of the union of all cells; with them whatever of a community no cell covers.
    community_index : array of int, optional
        The community each cell is said to belong to; else the one that holds most of it.
    buildings, components : arrays, optional
        For ``grid.building_cut`` and ``grid.component_outside``.

    Returns
    -------
    list of GridIssue
        Rules: ``grid.empty``, ``grid.invalid``, ``grid.multipart``, ``grid.hole``, ``grid.sliver``,
        ``grid.duplicate``, ``grid.overlap``, ``grid.gap``, ``grid.outside``, ``grid.crossing``,
        ``grid.wrong_community``, ``grid.below_band``, ``grid.above_band``, ``grid.building_cut``,
        ``grid.component_outside``. Grouped by rule, by row inside a rule.

    Notes
    -----
    Gaps and overlaps narrower than ``width`` come from rounding to a grid of 1 mm and are not told.
    """
    options = options or CheckOptions()
    cells = np.asarray(cells, dtype=object)
    flat = shapely.force_2d(cells)
    usable = with_area(flat)
    issues = [GridIssue("grid.empty", int(i)) for i in np.flatnonzero(~usable)]
    rows = np.flatnonzero(usable)
    issues += _validity(flat, rows)
    fixed = _polygonal(flat[rows])
    issues += _shapes(flat, rows, fixed, options)
    issues += _overlaps(fixed, rows, options)
    homes = None if communities is None else _polygonal(np.asarray(communities, dtype=object))
    issues += _gaps(fixed, homes, options)
    if homes is not None:
        given = None if community_index is None else np.asarray(community_index)[rows]
        issues += _homes(fixed, rows, homes, given, options)
    if buildings is not None:
        issues += _buildings(np.asarray(buildings, dtype=object), fixed, rows)
    if components is not None:
        located = locate_points(np.asarray(components, dtype=object), fixed)
        issues += [GridIssue("grid.component_outside", int(i)) for i in np.flatnonzero(located < 0)]
    return issues


def finite(geoms: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which geometries hold no NaN and no infinite coordinate; their bounds would not say so."""
    xy, owner = shapely.get_coordinates(geoms, return_index=True)
    told = np.ones(len(geoms), dtype=bool)
    told[owner[~np.isfinite(xy).all(axis=1)]] = False
    return told


def with_area(flat: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which geometries are areas that can be looked at."""
    told: NDArray[np.bool_] = ~(shapely.is_missing(flat) | shapely.is_empty(flat)) & (shapely.get_dimensions(flat) == 2)
    return told & finite(flat)


def _polygonal(geoms: NDArray[Any]) -> NDArray[Any]:
    """Return valid areas; what a repair leaves of lines and points has no area and does no harm."""
    flat = np.array(shapely.force_2d(geoms), dtype=object)
    flat[~finite(flat)] = None
    bad = ~(shapely.is_valid(flat) | shapely.is_missing(flat))
    flat[bad] = shapely.buffer(shapely.make_valid(flat[bad]), 0)
    return flat


def _validity(cells: NDArray[Any], rows: NDArray[np.int64]) -> list[GridIssue]:
    wrong = rows[~shapely.is_valid(cells[rows])]
    reasons = shapely.is_valid_reason(cells[wrong])
    return [GridIssue("grid.invalid", int(i), params={"reason": str(r)}) for i, r in zip(wrong, reasons)]


def _shapes(
    cells: NDArray[Any], rows: NDArray[np.int64], fixed: NDArray[Any], options: CheckOptions
) -> list[GridIssue]:
    issues = []
    parts = shapely.get_num_geometries(cells[rows])
    for i in np.flatnonzero(parts > 1):
        issues.append(GridIssue("grid.multipart", int(rows[i]), params={"parts": int(parts[i])}))
    pieces, owner = shapely.get_parts(cells[rows], return_index=True)
    holes = np.bincount(owner, weights=shapely.get_num_interior_rings(pieces), minlength=len(rows)).astype(int)
    for i in np.flatnonzero(holes):
        issues.append(GridIssue("grid.hole", int(rows[i]), params={"holes": int(holes[i])}))
    area = shapely.area(fixed)
    thin = shapely.is_empty(shapely.buffer(fixed, -options.sliver_width / 2, quad_segs=2))
    for i in np.flatnonzero(thin):
        values = {"area": round(float(area[i]), 2), "width": options.sliver_width}
        issues.append(GridIssue("grid.sliver", int(rows[i]), params=values))
    if options.target_area is not None:
        low, high = (share * options.target_area for share in options.band)
        for rule, mask in (("grid.below_band", area < low), ("grid.above_band", area > high)):
            for i in np.flatnonzero(mask):
                values = {"area": round(float(area[i]), 1), "low": low, "high": high}
                issues.append(GridIssue(rule, int(rows[i]), params=values))
    return issues


def _overlaps(fixed: NDArray[Any], rows: NDArray[np.int64], options: CheckOptions) -> list[GridIssue]:
    left, right = shapely.STRtree(fixed).query(fixed, predicate="intersects")
    pairs = left < right
    left, right = left[pairs], right[pairs]
    # Neighbours that only touch are most of the pairs; finding out costs less than cutting.
    real = ~shapely.touches(fixed[left], fixed[right])
    left, right = left[real], right[real]
    common = shapely.intersection(fixed[left], fixed[right])
    size = shapely.area(common)
    full = np.maximum(shapely.area(fixed[left]), shapely.area(fixed[right])) - size <= options.smallest
    issues = []
    for i in np.flatnonzero(_worth_telling(common, options)):
        rule = "grid.duplicate" if full[i] else "grid.overlap"
        values = {"area": round(float(size[i]), 3)}
        issues.append(GridIssue(rule, int(rows[left[i]]), int(rows[right[i]]), values, common[i]))
    return sorted(issues, key=lambda issue: (issue.rule, issue.index, issue.other))


def _worth_telling(geoms: NDArray[Any], options: CheckOptions) -> NDArray[np.bool_]:
    wide: NDArray[np.bool_] = shapely.area(geoms) > options.width * shapely.length(geoms) / 2
    told: NDArray[np.bool_] = wide & (shapely.area(geoms) > options.smallest)
    return told


def _gaps(fixed: NDArray[Any], homes: NDArray[Any] | None, options: CheckOptions) -> list[GridIssue]:
    if homes is None:
        union = shapely.union_all(fixed)
        rings = shapely.get_rings(shapely.get_parts(shapely.get_parts(union)))
        whole = shapely.union_all(shapely.polygons(rings)) if len(rings) else union
        missing, owner = shapely.get_parts(np.array([whole.difference(union)]), return_index=True)
        owner = owner - 1
    else:
        home, cell = shapely.STRtree(fixed).query(homes, predicate="intersects")
        cover = np.array([shapely.Polygon()] * len(homes), dtype=object)
        starts = np.searchsorted(home, np.arange(len(homes) + 1))
        for i in range(len(homes)):
            cover[i] = shapely.union_all(fixed[cell[starts[i] : starts[i + 1]]])
        known = ~shapely.is_missing(homes)
        missing, owner = shapely.get_parts(shapely.difference(homes[known], cover[known]), return_index=True)
        owner = np.flatnonzero(known)[owner]
    area = shapely.area(missing)
    return [
        GridIssue("grid.gap", -1, int(owner[i]), {"area": round(float(area[i]), 3)}, missing[i])
        for i in np.flatnonzero(_worth_telling(missing, options))
    ]


def _homes(
    fixed: NDArray[Any],
    rows: NDArray[np.int64],
    homes: NDArray[Any],
    given: NDArray[np.int64] | None,
    options: CheckOptions,
) -> list[GridIssue]:
    best, share = assign_community(fixed, homes)
    outside = shapely.area(fixed) * (1 - share)
    issues = [GridIssue("grid.outside", int(rows[i])) for i in np.flatnonzero(best < 0)]
    for i in np.flatnonzero((best >= 0) & (outside > options.crossing)):
        values = {"area": round(float(outside[i]), 2), "share": round(float(1 - share[i]), 4)}
        issues.append(GridIssue("grid.crossing", int(rows[i]), int(best[i]), values))
    if given is not None:
        for i in np.flatnonzero((best >= 0) & (given >= 0) & (given != best)):
            issues.append(GridIssue("grid.wrong_community", int(rows[i]), int(best[i]), {"stated": int(given[i])}))
    return issues


def _buildings(buildings: NDArray[Any], fixed: NDArray[Any], rows: NDArray[np.int64]) -> list[GridIssue]:
    building, cell = cut_pairs(buildings, fixed)
    return [GridIssue("grid.building_cut", int(b), int(rows[c])) for b, c in zip(building, cell)]


def cut_pairs(buildings: NDArray[Any], cells: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return building and cell of each cut: more than 1 m² and 2 % of a building in a cell that is not its main one."""
    houses = _polygonal(np.asarray(buildings, dtype=object))
    building, cell = shapely.STRtree(cells).query(houses, predicate="intersects")
    many = np.bincount(building, minlength=len(houses))[building] > 1
    building, cell = building[many], cell[many]
    part = shapely.area(shapely.intersection(houses[building], cells[cell]))
    order = np.lexsort((cell, -part, building))
    building, cell, part = building[order], cell[order], part[order]
    main = np.concatenate([[True], building[1:] != building[:-1]]) if len(building) else np.zeros(0, dtype=bool)
    cut = ~main & (part > np.maximum(CUT_AREA, CUT_SHARE * shapely.area(houses[building])))
    return building[cut].astype(np.int64), cell[cut].astype(np.int64)


def assign_community(cells: NDArray[Any], communities: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each cell the community that holds most of it (−1 none) and the share of its area there.

    Equal shares go to the community with the lower row. Both should be valid and in one metric CRS. A cell that lies
    in one community but for less than 1 mm² per metre of outline counts as wholly inside.
    """
    cells, communities = np.asarray(cells, dtype=object), np.asarray(communities, dtype=object)
    best, share = np.full(len(cells), -1, dtype=np.int64), np.zeros(len(cells))
    if not len(cells) or not len(communities):
        return best, share
    guess = locate_points(representative_points(cells), communities)
    known = np.flatnonzero(guess >= 0)
    shapely.prepare(communities)
    # Fast path: most cells lie inside the community that holds their point.
    inside = known[shapely.covers(communities[guess[known]], cells[known])]
    best[inside], share[inside] = guess[inside], 1.0
    rest = np.setdiff1d(np.arange(len(cells)), inside)
    row, home = shapely.STRtree(communities).query(cells[rest], predicate="intersects")
    cell = rest[row]
    part = shapely.area(shapely.intersection(cells[cell], communities[home]))
    order = np.lexsort((home, -part, cell))
    cell, home, part = cell[order], home[order], part[order]
    first = np.concatenate([[True], cell[1:] != cell[:-1]]) if len(cell) else np.zeros(0, dtype=bool)
    first &= part > 0
    best[cell[first]] = home[first]
    area = shapely.area(cells[cell[first]])
    share[cell[first]] = np.minimum(part[first] / area, 1.0)
    loss = area - part[first]
    near = loss <= 1e-6 * shapely.length(cells[cell[first]])
    share[cell[first][near]] = 1.0
    return best, share
