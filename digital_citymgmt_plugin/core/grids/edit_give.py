# SPDX-License-Identifier: GPL-2.0-or-later
"""Tools by which land goes from one cell to another: redraw a stretch of boundary, give a piece, cut out a new cell."""

from __future__ import annotations

import math
from typing import Any

import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit_coverage import Coverage, Edit, edge, rings_of
from digital_citymgmt_plugin.core.grids.edit_faces import SMALLEST, Plan, edges_cut, faces, joined, too_small, with_cuts
from digital_citymgmt_plugin.core.grids.edit_lay import Edge, Laid, lay, nothing_cut
from digital_citymgmt_plugin.core.grids.edit_pen import NEAR, Note, is_closed, pen_area, pen_line


def reshape(cov: Coverage, line: Any, *, community: bool = False, snap: float = NEAR) -> Edit:
    """Redraw a stretch of boundary: the line begins and ends on it, or crosses it on the way.

    What a cell loses goes to the neighbour at whose edge it lies; if it lies at several, to the one with the longest
    edge in common, and the larger part of the cell stays.

    Parameters
    ----------
    community : bool
        Whether the edge of a community may move.

    Raises
    ------
    InputRefused
        As :func:`.edit.split`; ``redraw.community_edge``, ``redraw.outer_edge``, ``redraw.falls_apart``.
    """
    xy, notes = pen_line(line)
    laid = lay(cov, xy, snap).only()
    left: dict[str, list[Any]] = {}
    got: dict[str, list[Any]] = {}
    crossed = sorted({name for piece in laid.pieces if piece.whole for name in piece.cells})
    for name in crossed:
        parts = faces(cov, name, laid)
        if len(parts) < 2:
            continue
        going = _going(cov, name, parts, laid, community)
        for row in [row for row in going if too_small(parts[row])]:
            notes.append(("redraw.splinter_left", {"cell": name, "area": round(float(parts[row].area), 2)}))
            del going[row]
        if not going:
            continue
        left[name] = [part for row, part in enumerate(parts) if row not in going]
        for row, other in sorted(going.items()):
            got.setdefault(other, []).append(parts[row])
    if not left:
        small = [note[1]["area"] for note in notes if note[0] == "redraw.splinter_left"]
        raise InputRefused("redraw.piece_too_small", area=small[0]) if small else nothing_cut(laid)
    plan = Plan(cov, "reshape", laid, notes)
    for name in sorted({*left, *got}):
        base = left[name] if name in left else [with_cuts(cov, name, laid.cuts)]
        plan.keep(name, whole(cov, name, [*base, *got.get(name, ())]))
    return plan.edit()


def give(cov: Coverage, pen: Any, giver: str, taker: str, *, community: bool = False, snap: float = NEAR) -> Edit:
    """Give a piece of a cell to its neighbour: what a drawn area encloses, or what a line parts off on that side.

    Raises
    ------
    InputRefused
        As :func:`.edit.split`; ``redraw.not_beside`` (the piece does not lie at the taker), ``redraw.gives_all``,
        ``redraw.community_edge``, ``redraw.falls_apart``.
    """
    shape = cov.cell(giver)
    cov.cell(taker)
    if giver == taker:
        raise InputRefused("redraw.merge_one")
    closed = is_closed(pen)
    xy, notes = pen_area(pen) if closed else pen_line(pen)
    laid = lay(cov, xy, snap).only([giver])
    parts = faces(cov, giver, laid)
    sides = _sides(cov, giver, laid)
    if closed:
        area = shapely.Polygon(laid.path)
        going = [row for row, part in enumerate(parts) if area.covers(shapely.point_on_surface(part))]
    else:
        going = [row for row, part in enumerate(parts) if taker in _lengths(part, sides)][-1:]
    if len(going) == len(parts) and closed:
        raise InputRefused("redraw.gives_all", cell=giver)
    if len(parts) < 2:
        raise InputRefused("redraw.outside") if not shape.intersects(shapely.LineString(xy)) else nothing_cut(laid)
    if not going or not any(taker in _lengths(parts[row], sides) for row in going):
        raise InputRefused("redraw.not_beside", cell=taker)
    _same_community(cov, giver, taker, community)
    if all(too_small(parts[row]) for row in going):
        raise InputRefused("redraw.piece_too_small", area=round(sum(float(parts[row].area) for row in going), 2))
    plan = Plan(cov, "give", laid, notes)
    plan.keep(giver, whole(cov, giver, [part for row, part in enumerate(parts) if row not in going]))
    plan.keep(taker, whole(cov, taker, [with_cuts(cov, taker, laid.cuts), *(parts[row] for row in going)]))
    return plan.edit()


def carve(cov: Coverage, area: Any, group: str | None = None, *, snap: float = NEAR) -> Edit:
    """Cut an area out of the cells as a new one; what is left of a cell keeps its id if it stays in one piece.

    Parameters
    ----------
    group : str, optional
        The community of the new cell; that of the cells cut, if all are of one.

    Raises
    ------
    InputRefused
        As :func:`.edit_pen.pen_area`; ``redraw.outside``, ``redraw.carve_across`` (cells of several communities and
        no ``group``), ``redraw.carve_nothing`` (it would be one of the cells as it is), ``redraw.falls_apart``.
    """
    xy, notes = pen_area(area)
    laid = lay(cov, xy, snap).only()
    region = shapely.Polygon(laid.path)
    plan = Plan(cov, "carve", laid, notes)
    taken: list[Any] = []
    origins: list[str] = []
    rest: dict[str, list[Any]] = {}
    for name in cov.near(region):
        inside, outside = _carved(name, faces(cov, name, laid), region, plan.notes)
        if inside:
            rest[name] = outside
            taken += inside
            origins.append(name)
    groups = sorted({cov.group(name) for name in origins})
    if not origins:
        raise InputRefused("redraw.outside")
    if group is None and len(groups) > 1:
        raise InputRefused("redraw.carve_across", one=groups[0], other=groups[1])
    into = groups[0] if group is None else group
    if len(origins) == 1 and not rest[origins[0]] and groups == [into]:
        raise InputRefused("redraw.carve_nothing", cell=origins[0])
    plan.new(whole(cov, origins[0], taken, parts=1), origins, into)
    for name, parts in rest.items():
        if len(parts) == 1:
            plan.keep(name, parts[0])
            continue
        plan.gone(name)
        for part in parts:
            plan.new(part, (name,), cov.group(name))
    return plan.edit()


def _carved(name: str, parts: list[Any], region: Any, notes: list[Note]) -> tuple[list[Any], list[Any]]:
    """Sort the parts of a cell by whether they lie in a region; splinters go with the rest of the cell."""
    within = shapely.contains(region, shapely.point_on_surface(parts)).tolist()
    inside = [part for part, there in zip(parts, within) if there]
    outside = [part for part, there in zip(parts, within) if not there]
    area = float(sum(part.area for part in inside))
    if inside and outside and area < SMALLEST:
        notes.append(("redraw.splinter_left", {"cell": name, "area": round(area, 2)}))
        return [], parts
    if inside:
        for part in [part for part in outside if too_small(part)]:
            notes.append(("redraw.splinter_taken", {"cell": name, "area": round(float(part.area), 2)}))
            inside.append(part)
        outside = [part for part in outside if not too_small(part)]
    return inside, outside


def whole(cov: Coverage, name: str, shapes: list[Any], parts: int | None = None) -> Any:
    """Join what a cell has now; it may not come to have more parts than before.

    Raises
    ------
    InputRefused
        ``redraw.falls_apart``.
    """
    shape = joined(shapes, cov.clean) if len(shapes) > 1 else shapes[0]
    allowed = shapely.get_num_geometries(cov.cell(name)) if parts is None else parts
    if shapely.get_type_id(shape) not in (3, 6) or shapely.get_num_geometries(shape) > allowed:
        raise InputRefused("redraw.falls_apart", cell=name)
    return shape


def _going(cov: Coverage, name: str, parts: list[Any], laid: Laid, community: bool) -> dict[int, str]:
    """Return which parts of a cell go to which neighbour."""
    sides = _sides(cov, name, laid)
    own = set(edges_cut(cov, name, laid.cuts))
    by_part = [_lengths(part, sides) for part in parts]
    # A part that has no edge but with one neighbour and the line itself is what was redrawn.
    going = {}
    for row, (part, lengths) in enumerate(zip(parts, by_part)):
        outer = any(each in own and each not in sides for each in edges_of(part))
        if len(lengths) == 1 and not outer:
            going[row] = next(iter(lengths))
    if len(going) == len(parts):
        going.pop(0)  # surrounded by one neighbour: the largest part stays
    if not going:
        for row in _beyond(parts, own):
            lengths = by_part[row]
            fit = {other: length for other, length in lengths.items() if community or _alike(cov, name, other)}
            if not fit:
                raise InputRefused("redraw.community_edge" if lengths else "redraw.outer_edge")
            going[row] = max(fit, key=lambda other: (round(fit[other], 6), other))
    for other in going.values():
        _same_community(cov, name, other, community)
    return going


def _beyond(parts: list[Any], own: set[Edge]) -> list[int]:
    """Return the parts on the other side of the line than the largest, the first: what lies behind twice is back."""
    at: dict[Edge, list[int]] = {}
    for row, part in enumerate(parts):
        for each in edges_of(part):
            if each not in own:
                at.setdefault(each, []).append(row)
    side, waiting = {0: 0}, [0]
    while waiting:
        here = waiting.pop()
        for both in at.values():
            if len(both) == 2 and here in both:
                other = both[0] + both[1] - here
                if other not in side:
                    side[other] = 1 - side[here]
                    waiting.append(other)
    return sorted(row for row, beyond in side.items() if beyond)


def _alike(cov: Coverage, one: str, other: str) -> bool:
    return cov.group(one) == cov.group(other)


def _same_community(cov: Coverage, one: str, other: str, community: bool) -> None:
    if not community and not _alike(cov, one, other):
        raise InputRefused("redraw.community_edge")


def _sides(cov: Coverage, name: str, laid: Laid) -> dict[Edge, str]:
    """Return who lies at which edge of a cell, with the corners of the line put in."""
    own = set(edges_cut(cov, name, laid.cuts))
    return {
        each: other
        for other in cov.near(cov.cell(name))
        if other != name
        for each in edges_cut(cov, other, laid.cuts)
        if each in own
    }


def edges_of(shape: Any) -> list[Edge]:
    """Return the straight edges of a shape, each with the lower corner first."""
    return [edge(*pair) for ring in rings_of(shape) for pair in zip(ring[:-1], ring[1:])]


def _lengths(part: Any, sides: dict[Edge, str]) -> dict[str, float]:
    """Return how long an edge (m) a part has in common with each neighbour."""
    found: dict[str, float] = {}
    for each in edges_of(part):
        if each in sides:
            found[sides[each]] = found.get(sides[each], 0.0) + math.dist(*each)
    return found
