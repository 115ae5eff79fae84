# SPDX-License-Identifier: GPL-2.0-or-later
"""Tools that move what is there: a corner with all cells that have it, or the edge between two cells."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit_coverage import Coverage, Edit, Point, edge, rings_of
from digital_citymgmt_plugin.core.grids.edit_faces import Plan, faces, split_edges
from digital_citymgmt_plugin.core.grids.edit_give import edges_of, whole
from digital_citymgmt_plugin.core.grids.edit_lay import Edge, Laid, lay, nothing_cut
from digital_citymgmt_plugin.core.grids.edit_pen import NEAR, Note, pen_line, pen_point

_REACH = 1.0  # m: how far from an edge or corner a click may be that means it


def move_vertex(cov: Coverage, at: Any, to: Any, *, community: bool = False, snap: float = NEAR) -> Edit:
    """Move a corner; every cell that has it follows.

    The end of an edge that lies on a boundary which may not move slides along that boundary.

    Parameters
    ----------
    at, to : (x, y)
        From a corner (the nearest within ``snap``, 1 m at the least) to a place; onto a corner within ``snap`` of that.
    community : bool
        Whether the edge of a community may move.

    Raises
    ------
    InputRefused
        ``redraw.not_finite``, ``redraw.no_corner``, ``redraw.not_moved``, ``redraw.outer_edge``,
        ``redraw.community_edge``, ``redraw.would_overlap``, ``redraw.too_near``.
    """
    start, end = pen_point(at), pen_point(to)
    corner, names = _corner(cov, (float(start[0]), float(start[1])), max(snap, _REACH))
    goal = _goal(cov, corner, (float(end[0]), float(end[1])), max(snap, NEAR))
    if math.dist(corner, goal) <= NEAR:
        raise InputRefused("redraw.not_moved")
    owners = _owners(cov, names)
    free: list[Edge] = []
    fixed: list[Edge] = []
    for each, cells in owners.items():
        if corner in each:
            stays = len(cells) != 2 or (not community and len({cov.group(name) for name in cells}) > 1)
            (fixed if stays else free).append(each)
    if fixed:
        if len(free) != 1:
            raise InputRefused(
                "redraw.outer_edge" if any(len(owners[each]) == 1 for each in fixed) else "redraw.community_edge"
            )
        return _slide(cov, corner, free[0], owners, goal, snap)
    plan = Plan(cov, "move_vertex")
    for name in names:
        plan.keep(name, _moved(cov.cell(name), corner, goal))
    return plan.edit()


def move_edge(cov: Coverage, at: Any, by: Any, *, community: bool = False, snap: float = NEAR) -> Edit:
    """Move the stretch of edge between two cells, from junction to junction; its ends slide along the edges there.

    Parameters
    ----------
    at : (x, y)
        On the edge, within ``snap`` (1 m at the least).
    by : (x, y)
        How far, m.

    Raises
    ------
    InputRefused
        As :func:`move_vertex`; ``redraw.no_edge``, ``redraw.falls_apart``, ``redraw.cuts_nothing``.
    """
    start, shift = pen_point(at), pen_point(by)
    if np.hypot(*shift) <= NEAR:
        raise InputRefused("redraw.not_moved")
    one, other, chain = _stretch(cov, (float(start[0]), float(start[1])), max(snap, _REACH))
    if not community and cov.group(one) != cov.group(other):
        raise InputRefused("redraw.community_edge")
    line, notes = np.array(chain) + shift, list[Note]()
    if chain[0] != chain[-1]:
        line, notes = pen_line(_stretched(line, cov, (one, other), float(np.hypot(*shift))))
    laid = lay(cov, line, snap)
    return _between(cov, "move_edge", laid, (one, other), list(zip(chain[:-1], chain[1:])), notes)


def _corner(cov: Coverage, at: Point, reach: float) -> tuple[Point, list[str]]:
    """Return the nearest corner and the cells that have it."""
    names = cov.near(shapely.Point(at), reach)
    corners = {name: {point for ring in cov.rings(name) for point in ring} for name in names}
    every = {point for points in corners.values() for point in points if math.dist(point, at) <= reach}
    if not every:
        raise InputRefused("redraw.no_corner")
    corner = min(every, key=lambda point: (math.dist(point, at), point))
    return corner, [name for name in names if corner in corners[name]]


def _goal(cov: Coverage, corner: Point, to: Point, snap: float) -> Point:
    """Return where the corner goes: onto another one if that is near."""
    names = cov.near(shapely.Point(to), snap)
    near = {point for name in names for ring in cov.rings(name) for point in ring if math.dist(point, to) <= snap}
    near.discard(corner)
    return min(near, key=lambda point: (math.dist(point, to), point)) if near else to


def _moved(shape: Any, corner: Point, goal: Point) -> Any:
    polygons = []
    for part in shapely.get_parts(shape).tolist():
        rings = []
        for ring in rings_of(part):
            points = [goal if point == corner else point for point in ring]
            # Two corners that became one are one: an edge may shrink to nothing.
            points = [point for row, point in enumerate(points) if row == 0 or point != points[row - 1]]
            if len(points) < 4:
                raise InputRefused("redraw.would_overlap")
            rings.append(points)
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _owners(cov: Coverage, names: list[str]) -> dict[Edge, list[str]]:
    found: dict[Edge, list[str]] = {}
    for name in names:
        for each in cov.edges(name):
            found.setdefault(each, []).append(name)
    return found


def _slide(cov: Coverage, corner: Point, free: Edge, owners: dict[Edge, list[str]], goal: Point, snap: float) -> Edit:
    """Move the end of the only free edge at a corner along the boundary that stays."""
    one, other = owners[free]
    anchor = free[0] if free[1] == corner else free[1]
    fixed = [
        each
        for each, cells in owners.items()
        if each != free and set(cells) & {one, other} and len(set(cells) & {one, other}) == 1
    ]
    feet = [_nearest(goal, each) for each in fixed]
    foot = min(feet, key=lambda point: (math.dist(point, goal), point))
    if math.dist(foot, corner) <= NEAR:
        raise InputRefused("redraw.not_moved")
    xy, notes = pen_line([anchor, foot])
    return _between(cov, "move_vertex", lay(cov, xy, snap), (one, other), [free], notes)


def _nearest(point: Point, each: Edge) -> Point:
    line = shapely.LineString(each)
    x, y = shapely.get_coordinates(line.interpolate(line.project(shapely.Point(point))))[0].tolist()
    return x, y


def _stretch(cov: Coverage, at: Point, reach: float) -> tuple[str, str, list[Point]]:
    """Return the two cells at the nearest edge, and that edge from junction to junction."""
    names = cov.near(shapely.Point(at), reach)
    owners = _owners(cov, names)
    near = {each: math.dist(at, _nearest(at, each)) for each in owners}
    near = {each: off for each, off in near.items() if off <= reach}
    if not near:
        raise InputRefused("redraw.no_edge")
    first = min(near, key=lambda each: (near[each], each))
    if len(owners[first]) != 2:
        raise InputRefused("redraw.outer_edge")
    one, other = owners[first]
    own = set(cov.edges(one))
    shared = own & set(cov.edges(other))
    at_corner: dict[Point, list[Edge]] = {}
    for each in {*own, *cov.edges(other)}:
        for point in each:
            at_corner.setdefault(point, []).append(each)
    chain = deque(first)
    for grow, last in ((chain.append, -1), (chain.appendleft, 0)):
        while chain[0] != chain[-1]:
            here = at_corner[chain[last]]
            if len(here) != 2 or not all(each in shared for each in here):
                break
            before = edge(chain[last], chain[last - 1] if last else chain[1])
            onward = here[0] if here[1] == before else here[1]
            grow(onward[0] if onward[1] == chain[last] else onward[1])
    return one, other, list(chain)


def _stretched(line: Any, cov: Coverage, pair: tuple[str, str], shift: float) -> list[Point]:
    """Return a line with its ends drawn on to the outline of two cells where they would hang in the air."""
    land = shapely.union_all([cov.cell(name) for name in pair])
    edge_of = shapely.boundary(land)
    points: list[Point] = [(x, y) for x, y in line.tolist()]
    for last, inner in ((0, 1), (-1, -2)):
        end = points[last]
        spot = shapely.Point(end)
        if not shapely.contains(land, spot) or shapely.dwithin(spot, edge_of, NEAR):
            continue
        run = math.dist(end, points[inner])
        far = 4 * shift + 1.0
        ahead = (end[0] + (end[0] - points[inner][0]) / run * far, end[1] + (end[1] - points[inner][1]) / run * far)
        hits = shapely.get_coordinates(shapely.intersection(shapely.LineString([end, ahead]), edge_of)).tolist()
        if not hits:
            hits = shapely.get_coordinates(shapely.shortest_line(spot, edge_of))[1:].tolist()
        x, y = min(hits, key=lambda point: math.dist(point, end))
        # A hair beyond the edge, so that rounding does not leave the end inside.
        run = math.dist(end, (x, y))
        beyond = (run + NEAR / 2) / run if run > 0 else 1.0
        point = (end[0] + (x - end[0]) * beyond, end[1] + (y - end[1]) * beyond)
        points = [point, *points] if last == 0 else [*points, point]
    return points


def _between(cov: Coverage, tool: str, laid: Laid, pair: tuple[str, str], old: list[Edge], notes: list[Any]) -> Edit:
    """Part the land of two cells anew: the line is their boundary now, the old edges are none any more."""
    laid = laid.only(pair)
    dropped = {part for each in old for part in split_edges(edge(*each), laid.cuts)}
    parts = [(row, part) for row, name in enumerate(pair) for part in faces(cov, name, laid, cut_always=True)]
    if len(parts) == 2:
        raise nothing_cut(laid)
    at: dict[Edge, list[int]] = {}
    for number, (_, part) in enumerate(parts):
        for each in edges_of(part):
            at.setdefault(each, []).append(number)
    links: dict[int, list[tuple[int, int]]] = {}
    for each, both in at.items():
        if len(both) == 2 and both[0] != both[1]:
            turn = 0 if each in dropped else 1
            links.setdefault(both[0], []).append((both[1], turn))
            links.setdefault(both[1], []).append((both[0], turn))
    side = _sided([part[0] for part in parts], [float(part[1].area) for part in parts], links)
    plan = Plan(cov, tool, laid, notes)
    for row, name in enumerate(pair):
        mine = [part for number, (_, part) in enumerate(parts) if side[number] == row]
        if not mine:
            raise InputRefused("redraw.falls_apart", cell=name)
        plan.keep(name, whole(cov, name, mine))
    return plan.edit()


def _sided(owner: list[int], area: list[float], links: dict[int, list[tuple[int, int]]]) -> list[int]:
    """Return the side (0 or 1) of each part: other than its neighbour's across an edge that counts, else the same."""
    side = [-1] * len(owner)
    for first in range(len(owner)):
        if side[first] >= 0:
            continue
        side[first], group, waiting = owner[first], [first], [first]
        while waiting:
            here = waiting.pop()
            for other, turn in links.get(here, ()):
                wanted = side[here] ^ turn
                if side[other] < 0:
                    side[other] = wanted
                    group.append(other)
                    waiting.append(other)
                elif side[other] != wanted:
                    raise InputRefused("redraw.would_overlap")
        stays = sum(area[number] if side[number] == owner[number] else -area[number] for number in group)
        if stays < 0:
            for number in group:
                side[number] ^= 1
    return side
