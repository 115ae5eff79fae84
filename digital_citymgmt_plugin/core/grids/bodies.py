# SPDX-License-Identifier: GPL-2.0-or-later
"""Barriers given as areas: rivers, lakes, squares, surfaces of streets.

Where an area is narrow it is one barrier: its centre line, or the line of the map that runs along in it. Where it is
wide it is ground for nobody: a cell of its own, which no figure counts. What is neither long nor large keeps its
outline as a barrier, as walls and fences do: a pond in a park belongs to the park.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import QhullError, Voronoi

from digital_citymgmt_plugin.core.grids.barriers import DraftNote, wkb_order
from digital_citymgmt_plugin.core.grids.broad import joined, union
from digital_citymgmt_plugin.core.grids.last import Last

OUTLINED = 4  # ranks from here on (wall, fence; path, hedge) are lines, though they be drawn as areas
BUILT = 0.05  # share of an area under buildings from which it is no water, square or street
LONG = 3.0  # an area this many times as long as it is wide has a centre line
APART = 3.0  # two banks face each other where the way round is this many times the way across
MARGIN = 120.0  # m: so far from a cut through a narrow area its middle is what it would be without
GRID = 1e-3  # m: areas are joined and cut on a grid of this size
BANK = 0.9  # m: how far corners of a bank may be left out; still on it for every user


@dataclass(frozen=True)
class Bodies:
    """Areas that are barriers: ``wide`` ones free of overlap, and lines with ranks for all others.

    ``home``: which of ``around`` a line was drawn for, and is to be used in alone; −1 any.
    """

    wide: NDArray[Any]
    lines: NDArray[Any]
    ranks: NDArray[np.int64]
    notes: list[DraftNote]
    home: NDArray[np.int64]


def split_areas(
    geoms: NDArray[Any],
    ranks: NDArray[np.int64],
    lines: NDArray[Any],
    buildings: NDArray[Any],
    width: float,
    least: float,
    around: NDArray[Any] | None = None,
    told: Callable[[float], None] | None = None,
) -> Bodies:
    """Tell wide areas from narrow ones, part by part: a lake may go over into a brook.

    Parameters
    ----------
    geoms, ranks : arrays
        Polygons and their ranks, local coordinates, in an order fixed by their shape.
    lines : array
        Lines of the map; where one runs along in a narrow area it is the centre line.
    buildings : array
        An area with many of them is no barrier; its outline is, and that is noted.
    width : float
        m: narrower is narrow.
    least : float
        m²: smaller wide areas keep their outline as a barrier.
    around : array of polygons or multipolygons, optional
        Lines are drawn for each of these apart, of what lies in it and ``MARGIN`` around: the streets of a city are one
        area, whose middle takes minutes to find, and a community drafted alone must get what it gets with all others.
    told : callable, optional
        Called with the share of the lines that are drawn: of a city they take a minute.
    """
    shapes = shapely.make_valid(geoms)
    ground = (ranks >= OUTLINED) | _built_over(shapes, buildings)
    notes = [
        DraftNote("draft.built_over", -1, shapes[i], {"area": round(float(shapely.area(shapes[i])), 1)})
        for i in np.flatnonzero(ground & (ranks < OUTLINED))
    ]
    outlines, levels = shapely.boundary(shapes[ground]), ranks[ground]
    # Also what is built over: which areas are depends on the buildings that were read.
    low = np.flatnonzero(ranks < OUTLINED)
    best, near = joined(shapes[low], ranks[low], width, least, around)
    near = near[~ground[low[near]]]
    shapes = shapes[low]
    given = (shapes[near], best[near], width, least)
    wide, arms, rank = _last.get(given, lambda: _whole(*given))
    home = np.full(len(arms), -1)
    if around is not None:
        arms, owner, home = _clipped(arms, around)
        rank = rank[owner]
    tree = shapely.STRtree(lines)
    drawn = []
    for number, arm in enumerate(arms):
        drawn.append(_one_line(arm, lines[np.sort(tree.query(arm, predicate="intersects"))]))
        if told is not None:
            told((number + 1) / len(arms))
    count = [len(one) for one in drawn]
    return Bodies(
        wide, np.concatenate([outlines, *drawn]), np.concatenate([levels, rank.repeat(count)]).astype(np.int64),
        notes, np.concatenate([np.full(len(outlines), -1), home.repeat(count)]).astype(np.int64),
    )  # fmt: skip


def _clipped(arms: NDArray[Any], around: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Return what of each arm lies near each of some areas, the arm and the area."""
    near = shapely.buffer(around, MARGIN, quad_segs=2)
    home, arm = shapely.STRtree(arms).query(around, predicate="intersects")
    order = np.lexsort((arm, home))
    home, arm = home[order], arm[order]
    # The box first: GEOS passes over what lies outside of one in no time.
    west, south, east, north = shapely.bounds(near[home]).T
    boxed = shapely.intersection(arms[arm], shapely.box(west, south, east, north))
    clipped = shapely.intersection(boxed, near[home])
    # The last digits of where an arm is cut, and where its ring begins, hang on what it reaches to beyond.
    clipped = shapely.normalize(shapely.set_precision(clipped, GRID))
    parts, owner = shapely.get_parts(clipped, return_index=True)
    keep = (shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > 1.0)
    parts, owner = parts[keep], owner[keep]
    return parts, arm[owner].astype(np.int64), home[owner].astype(np.int64)


_Parted = tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]
_last: Last[_Parted] = Last()


def _whole(shapes: NDArray[Any], ranks: NDArray[np.int64], width: float, least: float) -> _Parted:
    """Join areas where they touch; return the wide and the narrow parts, and the rank of each narrow one."""
    whole = union(shapes, GRID)
    whole = whole[wkb_order(whole)]
    best = np.full(len(whole), OUTLINED - 1)
    member, part = shapely.STRtree(whole).query(shapely.point_on_surface(shapes), predicate="intersects")
    np.minimum.at(best, part, ranks[member])
    pieces = [parted(one, width, least) for one in whole]
    wide = _polygons([one for core, _ in pieces for one in core])
    arms = _polygons([arm for _, narrow in pieces for arm in narrow])
    return wide, arms, best.repeat([len(narrow) for _, narrow in pieces]).astype(np.int64)


def _polygons(listed: list[Any]) -> NDArray[Any]:
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


def _built_over(shapes: NDArray[Any], buildings: NDArray[Any]) -> NDArray[np.bool_]:
    shape, house = shapely.STRtree(buildings).query(shapes, predicate="intersects")
    part = shapely.area(shapely.intersection(shapes[shape], buildings[house]))
    covered = np.bincount(shape, weights=part, minlength=len(shapes))
    return np.asarray(covered > BUILT * np.maximum(shapely.area(shapes), 1e-9))


def parted(shape: Any, width: float, least: float) -> tuple[list[Any], list[Any]]:
    """Return the wide parts of an area and the narrow ones: wide is where a disc of that width fits."""
    half = width / 2
    core = shapely.get_parts(shapely.buffer(shapely.buffer(shape, -half, quad_segs=8), half + 0.01, quad_segs=8))
    core = core[shapely.area(core) >= least]
    if not len(core):
        return [], [shape]
    core = shapely.intersection(shapely.union_all(core), shape)
    rest = shapely.get_parts(shapely.difference(shape, core))
    # Corners that no disc reaches belong to the water that they are corners of.
    near = shapely.buffer(core, half, quad_segs=8)
    arm = np.array([not shapely.covers(near, piece) for piece in rest], dtype=bool)
    arm &= shapely.area(rest) > 1.0
    core = shapely.difference(shape, shapely.union_all(rest[arm])) if arm.any() else shape
    parts = shapely.get_parts(shapely.simplify(core, BANK))
    large = shapely.area(parts) >= least
    return list(parts[large]), list(rest[arm]) + list(parts[~large & (shapely.area(parts) > 1.0)])


def _one_line(shape: Any, lines: NDArray[Any]) -> NDArray[Any]:
    """Return the lines that stand for an area: its middle as far as no line of the map is there, or its outline."""
    around = shapely.length(shape)
    across = 2 * shapely.area(shape) / max(around, 1e-9)
    if around / 2 < LONG * across:
        return _lines(shapely.boundary(shape))
    along = _lines(shapely.intersection(shapely.line_merge(shapely.multilinestrings(_lines(lines))), shape))
    along = along[shapely.length(along) >= LONG * across]  # shorter ones are bridges
    if not len(along):
        drawn: NDArray[Any] = shapely.get_parts(centre_lines(shape, across))
        return drawn if float(shapely.length(drawn).sum()) >= across else _lines(shapely.boundary(shape))
    # One after the other and then together: GEOS takes three times as long for all lines at once.
    beside = shapely.union_all(shapely.buffer(along, max(across, 1.0)))
    bare: NDArray[Any] = shapely.get_parts(shapely.difference(shape, beside))
    bare = bare[shapely.length(bare) >= 4 * across]  # around a line of the length asked for below
    if not len(bare):
        return bare
    middle = shapely.union_all([centre_lines(part, across) for part in _around(shape, bare)])
    rest = _lines(shapely.difference(middle, beside))
    kept: NDArray[Any] = rest[shapely.length(rest) >= 2 * across]
    return kept


def _around(shape: Any, bare: NDArray[Any]) -> NDArray[Any]:
    """Return what of an area lies around some of its parts: of a town's streets few have no line of the map in them."""
    west, south, east, north = shapely.bounds(bare).T
    near = shapely.union_all(shapely.box(west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN))
    parts = shapely.get_parts(shapely.intersection(shape, near))
    parts = parts[shapely.get_dimensions(parts) == 2]
    found: NDArray[Any] = parts[np.unique(shapely.STRtree(parts).query(bare, predicate="intersects")[1])]
    return found


def _lines(geoms: Any) -> NDArray[Any]:
    parts = shapely.get_parts(shapely.get_parts(geoms))
    out: NDArray[Any] = parts[(shapely.get_dimensions(parts) == 1) & (shapely.length(parts) > 0)]
    return out


def centre_lines(shape: Any, across: float) -> Any:
    """Return the centre lines of a polygon as a multilinestring, drawn on to the outline at its ends.

    Points of the outline are given their Voronoi cells; edges between cells of opposite banks are in the middle. Banks
    are opposite where the way along the outline is ``APART`` times the way across, so that neither corners nor bays
    have lines of their own.

    Parameters
    ----------
    shape : polygon
        Valid, local coordinates.
    across : float
        m: its mean width.
    """
    step = min(max(across / 3, 1.0), 8.0)
    rings = shapely.get_rings(shape)
    xy, ring = shapely.get_coordinates(shapely.segmentize(rings, step), return_index=True)
    leg = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    leg[np.concatenate([[True], ring[1:] != ring[:-1]])] = 0.0
    way = np.cumsum(leg)
    around = shapely.length(rings)
    none = shapely.MultiLineString()
    last = np.concatenate([ring[1:] != ring[:-1], [True]])
    xy, ring, way = np.round(xy[~last], 3), ring[~last], way[~last]
    xy, first = np.unique(xy, axis=0, return_index=True)
    ring, way = ring[first], way[first]
    if len(xy) < 4:
        return none
    try:
        diagram = Voronoi(xy - np.round(xy.mean(axis=0)))
    except QhullError:
        return none
    corner = diagram.vertices + np.round(xy.mean(axis=0))
    pair, ends = diagram.ridge_points, np.asarray(diagram.ridge_vertices)
    good = (ends >= 0).all(axis=1)
    pair, ends = pair[good], ends[good]
    shapely.prepare(shape)
    inside = shapely.contains_xy(shape, corner[:, 0], corner[:, 1])
    chord = np.hypot(*(xy[pair[:, 0]] - xy[pair[:, 1]]).T)
    same = ring[pair[:, 0]] == ring[pair[:, 1]]
    path = np.abs(way[pair[:, 0]] - way[pair[:, 1]])
    path = np.minimum(path, around[ring[pair[:, 0]]] - path)
    good = inside[ends].all(axis=1) & (~same | (path > APART * np.maximum(chord, step)))
    pieces = corner[ends[good]]
    pieces = pieces[np.hypot(*(pieces[:, 0] - pieces[:, 1]).T) > 1e-6]
    if not len(pieces):
        return none
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.linestrings(pieces))))
    merged = _without_spurs(shapely.simplify(merged, BANK), across)
    return shapely.multilinestrings([_drawn_on(line, shape, merged, across) for line in merged])


def _without_spurs(lines: NDArray[Any], across: float) -> NDArray[Any]:
    """Leave out short branches that end nowhere."""
    for _ in range(2):
        ends = np.round(shapely.get_coordinates([shapely.get_point(lines, i) for i in (0, -1)]), 3)
        _, place, count = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
        loose = (count[place.ravel()] == 1).reshape(2, -1).any(axis=0)
        spur = loose & (shapely.length(lines) < across)
        if len(lines) < 2 or not spur.any() or spur.all():
            break
        lines = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines[~spur])))
    return lines


def _drawn_on(line: Any, shape: Any, lines: NDArray[Any], across: float) -> Any:
    """Draw the loose ends of a line straight on to the outline."""
    xy = shapely.get_coordinates(line)
    for turn in (False, True):
        xy = xy[::-1] if turn else xy
        end = shapely.Point(xy[-1])
        if int((shapely.distance(lines, end) < 1e-6).sum()) > 1 or np.allclose(xy[0], xy[-1]):
            continue
        # The last corners of a centre line lean to one bank: the direction is that of the stretch before.
        far = shapely.line_interpolate_point(shapely.LineString(xy), -min(2 * across, shapely.length(line)))
        ahead = xy[-1] - shapely.get_coordinates(far)[0]
        size = float(np.hypot(*ahead))
        if size < 1e-9:
            continue
        ray = shapely.LineString([xy[-1], xy[-1] + ahead / size * 3 * across])
        hit = shapely.get_coordinates(shapely.intersection(ray, shapely.boundary(shape)))
        if len(hit):
            near = hit[np.argmin(np.hypot(*(hit - xy[-1]).T))]
            xy = np.concatenate([xy, [near]])
    return shapely.LineString(xy)
