# SPDX-License-Identifier: GPL-2.0-or-later
"""Edges of communities moved: which unit grids do they cross now, and the fewest splits after which none is crossed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit_coverage import Coverage, Edit, row_of
from digital_citymgmt_plugin.core.grids.edit_faces import SMALLEST, Plan, faces, joined, too_small
from digital_citymgmt_plugin.core.grids.edit_give import edges_of
from digital_citymgmt_plugin.core.grids.edit_lay import lay
from digital_citymgmt_plugin.core.grids.edit_pen import NEAR, Note, is_closed, pen_area, pen_line

TOLERANCE = 2.0  # m: a new edge this near to a cell's edge is meant to be that edge
_TOLD = 25  # cells between two words on how far it is
_WHY = {"redraw.would_overlap": "because.redraw_faults", "redraw.faults_here": "because.redraw_faults",
        "redraw.too_near": "because.redraw_too_near"}  # fmt: skip
LEAST = 200.0  # m²: a part of less goes to its neighbour in the new community


@dataclass(frozen=True)
class Crossed:
    """A cell that does not lie in its community, or not in one alone.

    ``shares`` holds m² by community code. ``into`` are the communities that it would have to be parted among, the
    largest share first; one alone if the cell as a whole belongs to another community now. ``slivers`` are communities
    whose edge only strays into the cell by less than the tolerance.
    """

    cell: str
    group: str
    shares: dict[str, float]
    into: tuple[str, ...]
    slivers: tuple[str, ...]

    @property
    def parted(self) -> bool:
        """Whether the cell has to be split."""
        return len(self.into) > 1


def crossed(cov: Coverage, areas: Mapping[str, Any], tolerance: float = TOLERANCE) -> list[Crossed]:
    """Tell which cells the new communities cross or take over, and which they only graze.

    Parameters
    ----------
    cov : Coverage
    areas : mapping of str to polygon
        Valid polygons of the new communities by code, in the CRS of the cells.
    tolerance : float
        m: land of another community no deeper than this in the cell is a sliver.

    Returns
    -------
    list of Crossed
        In order of the cells' ids. A cell within its own community, and land in no community, is not listed.
    """
    codes = sorted(areas)
    shapes = row_of([areas[code] for code in codes])
    shapely.prepare(shapes)
    names = cov.usable
    cells = row_of([cov.cell(name) for name in names])
    row, area = shapely.STRtree(shapes).query(cells, predicate="intersects")
    alone = shapely.covers(shapes[area], cells[row])
    found: dict[int, dict[str, float]] = {}
    inner = {number for number, within in zip(row.tolist(), alone.tolist()) if within}
    own = {
        number
        for number, place, within in zip(row.tolist(), area.tolist(), alone.tolist())
        if within and codes[place] == cov.group(names[number])
    }
    for number, place, within in zip(row.tolist(), area.tolist(), alone.tolist()):
        if number in own or (number in inner and not within):
            continue
        share = float(cells[number].area if within else shapely.intersection(cells[number], shapes[place]).area)
        if share > 0:
            found.setdefault(number, {})[codes[place]] = share
    out = []
    for number in sorted(found, key=lambda each: names[each]):
        case = _case(names[number], cov, cells[number], found[number], areas, tolerance)
        if case is not None:
            out.append(case)
    return out


def mend_crossings(
    cov: Coverage,
    areas: Mapping[str, Any],
    tolerance: float = TOLERANCE,
    least: float = LEAST,
    check: Callable[[], None] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Edit:
    """Draft the fewest splits after which each cell lies in one of the new communities; nothing is changed.

    Cells that as a whole lie in another community are made anew there, because the code of a unit grid carries its
    community. Slivers stay where they are: the edge of the community is taken to be that of the cell.

    Parameters
    ----------
    least : float
        m²: a part smaller than this is given to the cell of its new community beside it, if there is one.
    check : callable, optional
        Called before each cell; raises when the user wants to stop (``core.ports.Cancel.check``).
    progress : callable, optional
        Told now and then which share of the cells is done.

    Returns
    -------
    Edit
        One edit of all, without cells if there is nothing to mend; its notes name slivers (``redraw.sliver_snapped``),
        parts given to a neighbour (``redraw.part_joined``), cells that could not be parted (``redraw.not_mended``, with
        the reason ``why``).
    """
    steps: list[Edit] = []
    notes: list[Note] = []
    try:
        cases = crossed(cov, areas, tolerance)
        for number, case in enumerate(cases):
            if progress is not None and number % _TOLD == 0:
                progress(number / len(cases))
            notes += [
                ("redraw.sliver_snapped", {"cell": case.cell, "area": round(case.shares[code], 1), "other": code})
                for code in case.slivers
            ]
            if check is not None:
                check()
            if case.into != (case.group,):
                _settle(cov, case, areas, tolerance, steps, notes)
        _join_small(cov, steps, notes, least)
    finally:
        for step in reversed(steps):
            cov.revert(step)
    return composed("mend", steps, tuple(notes))


def composed(tool: str, steps: list[Edit], notes: tuple[Note, ...] = ()) -> Edit:
    """Make one edit of several that follow one another."""
    before: dict[str, Any] = {}
    now: dict[str, Any] = {}
    corners: dict[str, bool] = {}
    origins: dict[str, tuple[str, ...]] = {}
    groups: dict[str, str] = {}
    for step in steps:
        for name, shape in step.before.items():
            if name not in now:
                before[name] = shape
            now.pop(name, None)
        now.update(step.after)
        groups.update(step.groups)
        for name in step.after:
            corners[name] = name in step.corners and corners.get(name, True)
        for name, parents in step.parents.items():
            first = [origin for parent in parents for origin in origins.get(parent, (parent,))]
            origins[name] = tuple(dict.fromkeys(first))
    return Edit(
        tool, dict(sorted(before.items())), dict(sorted(now.items())),
        {name: parents for name, parents in origins.items() if name in now},
        {name: groups[name] for name in sorted(now)}, notes,
        frozenset(name for name in now if corners[name] and name in before),
    )  # fmt: skip


def _case(
    name: str, cov: Coverage, cell: Any, shares: dict[str, float], areas: Mapping[str, Any], tolerance: float
) -> Crossed | None:
    order = sorted(shares, key=lambda code: (-round(shares[code], 6), code))
    into = _deep(cell, order, areas, tolerance) or order[:1]
    slivers = tuple(code for code in order if code not in into and shares[code] > SMALLEST)
    group = cov.group(name)
    if into == [group] and not slivers:
        return None
    return Crossed(name, group, {code: shares[code] for code in order}, tuple(into), slivers)


def _deep(cell: Any, codes: Sequence[str], areas: Mapping[str, Any], tolerance: float) -> list[str]:
    """Return which communities reach into a cell by more than the tolerance."""
    core = shapely.buffer(cell, -tolerance)
    return [code for code in codes if shapely.intersection(core, areas[code]).area > SMALLEST]


def _settle(
    cov: Coverage, case: Crossed, areas: Mapping[str, Any], tolerance: float, steps: list[Edit], notes: list[Note]
) -> None:
    """Split a cell among its communities and apply it, or make it anew in the one that has it all."""
    open_parts, cell, why = [case.cell], cov.cell(case.cell), "because.redraw_no_line"
    # If nothing of the cell lies in no community, the edges of the last one are those of the others.
    whole = sum(case.shares[code] for code in case.into) > (1 - 1e-9) * cell.area
    for code in (case.into[:-1] if whole else case.into) if case.parted else ():
        for line in _chords(areas[code], cell, tolerance):
            for name in list(open_parts):
                if shapely.distance(line, cov.cell(name)) > tolerance:
                    continue
                try:
                    step = _parted(cov, name, line, tolerance)
                except InputRefused as error:  # the line may part another of the parts, or a later one this part
                    why = _WHY.get(error.code, why)
                    continue
                cov.apply(step)
                steps.append(step)
                open_parts.remove(name)
                open_parts += list(step.parents)
    if case.parted and any(_deep(cov.cell(name), case.into, areas, tolerance)[1:] for name in open_parts):
        notes.append(("redraw.not_mended", {"cell": case.cell, "why": why}))
    for name in open_parts:
        _regroup(cov, name, case, areas, steps)


def _chords(area: Any, cell: Any, tolerance: float) -> list[Any]:
    """Return the lines of an area's edge within a cell, a little longer."""
    inside = shapely.intersection(shapely.boundary(area), shapely.buffer(shapely.force_2d(cell), tolerance + NEAR))
    merged = shapely.get_parts(shapely.line_merge(shapely.union_all(inside)))
    return [line for line in merged.tolist() if shapely.get_type_id(line) == 1]


def _parted(cov: Coverage, name: str, line: Any, tolerance: float) -> Edit:
    """Split one cell, snapped to its edges within the tolerance or, where that makes a tangle, closely."""
    for snap in (tolerance, tolerance / 4, NEAR):
        try:
            xy, _ = pen_area(line) if is_closed(line) else pen_line(line)
            laid = lay(cov, xy, snap).only([name])
            plan = Plan(cov, "mend", laid)
            parts = _with_splinters(faces(cov, name, laid))
            if len(parts) < 2:
                raise InputRefused("redraw.cuts_nothing", cell=name)
            plan.gone(name)
            for part in parts:
                plan.new(part, (name,), cov.group(name))
            return plan.edit()
        except InputRefused as error:
            refusal = error
    raise refusal


def _with_splinters(parts: list[Any]) -> list[Any]:
    """Join splinters to the part with which they have the longest edge in common."""
    while len(parts) > 1 and too_small(parts[-1]):
        small = parts[-1]
        shared = [float(shapely.intersection(small, part).length) for part in parts[:-1]]
        row = max(range(len(shared)), key=lambda each: round(shared[each], 6))
        parts = [*parts[:row], joined([parts[row], small]), *parts[row + 1 : -1]]
    return parts


def _regroup(cov: Coverage, name: str, case: Crossed, areas: Mapping[str, Any], steps: list[Edit]) -> None:
    """Make a cell anew in the community that has most of it."""
    cell = cov.cell(name)
    shares = {code: float(shapely.intersection(cell, areas[code]).area) for code in case.shares}
    code = max(sorted(shares), key=lambda each: round(shares[each], 6))
    if code == cov.group(name):
        return
    plan = Plan(cov, "mend")
    plan.gone(name)
    plan.new(cell, (name,), code)
    step = plan.edit()
    cov.apply(step)
    steps.append(step)


def _join_small(cov: Coverage, steps: list[Edit], notes: list[Note], least: float) -> None:
    """Give small parts to the neighbour in their community with which they have the longest edge in common."""
    made = [name for step in list(steps) for name in step.parents]
    for name in made:
        if name not in cov or cov.cell(name).area >= least:
            continue
        part, group = cov.cell(name), cov.group(name)
        own = set(edges_of(part))
        length = {
            other: sum(shapely.LineString(each).length for each in cov.edges(other) if each in own)
            for other in cov.neighbours(name)
            if cov.group(other) == group
        }
        if not length:
            continue
        taker = max(sorted(length), key=lambda each: round(length[each], 6))
        plan = Plan(cov, "mend")
        plan.gone(name)
        plan.keep(taker, joined([cov.cell(taker), part], cov.clean))
        try:
            step = plan.edit()
        except InputRefused:
            continue
        cov.apply(step)
        steps.append(step)
        notes.append(("redraw.part_joined", {"area": round(float(part.area), 1), "cell": taker}))
