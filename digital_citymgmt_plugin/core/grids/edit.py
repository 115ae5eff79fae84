# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools that redraw unit grids: each plans one edit of a coverage and changes nothing.

What is drawn meets the cells' edges in corners that all cells there get, so that no gap, overlap or nearly equal corner
can come to be. The outline of the whole never changes, and the edge of a community only where it is said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit_coverage import Coverage, Edit
from digital_citymgmt_plugin.core.grids.edit_faces import Plan, faces, joined, too_small
from digital_citymgmt_plugin.core.grids.edit_give import carve, give, reshape
from digital_citymgmt_plugin.core.grids.edit_lay import lay, nothing_cut
from digital_citymgmt_plugin.core.grids.edit_move import move_edge, move_vertex
from digital_citymgmt_plugin.core.grids.edit_pen import NEAR, Note, pen_line

__all__ = ["Coverage", "Edit", "carve", "give", "merge", "move_edge", "move_vertex", "reshape", "split"]


def split(cov: Coverage, line: Any, only: Sequence[str] | None = None, *, snap: float = NEAR) -> Edit:
    """Cut cells along a drawn line, as many as it crosses; its ends may reach beyond.

    Parameters
    ----------
    cov : Coverage
    line : LineString or sequence of (x, y)
    only : sequence of str, optional
        The cells that may be cut; all others get no more than a corner.
    snap : float
        m: see :func:`.edit_lay.lay`.

    Returns
    -------
    Edit
        All parts are new cells of their cell's community, the largest of a cell first.

    Raises
    ------
    InputRefused
        One of those of :func:`.edit_pen.pen_line`; ``redraw.outside``, ``redraw.along_edge``, ``redraw.touches_only``,
        ``redraw.ends_inside``: nothing is cut; ``redraw.piece_too_small``: a splinter would come off.
    """
    for name in only or ():
        cov.cell(name)
    xy, notes = pen_line(line)
    laid = lay(cov, xy, snap).only(only)
    plan = Plan(cov, "split", laid, notes)
    splinter = None
    crossed = sorted({name for piece in laid.pieces if piece.whole for name in piece.cells})
    for name in crossed:
        if only is not None and name not in only:
            continue
        parts = faces(cov, name, laid)
        if len(parts) < 2:
            continue
        small = [part for part in parts if too_small(part)]
        if small:
            splinter = splinter or (name, round(float(shapely.area(small[0])), 2))
            plan.notes.append(("redraw.splinter_left", {"cell": name, "area": round(float(small[0].area), 2)}))
            continue
        plan.gone(name)
        for part in parts:
            plan.new(part, (name,), cov.group(name))
    if plan.empty:
        if splinter is not None:
            raise InputRefused("redraw.piece_too_small", area=splinter[1])
        raise nothing_cut(laid)
    return plan.edit()


def merge(cov: Coverage, ids: Sequence[str]) -> Edit:
    """Make one cell of several that lie side by side in one community.

    Raises
    ------
    InputRefused
        ``redraw.merge_one`` (fewer than two), ``redraw.merge_across`` (two communities), ``redraw.not_adjacent``.
    """
    names = sorted(set(ids))
    if len(names) < 2:
        raise InputRefused("redraw.merge_one")
    shapes = [cov.cell(name) for name in names]
    groups = sorted({cov.group(name) for name in names})
    if len(groups) > 1:
        raise InputRefused("redraw.merge_across", one=groups[0], other=groups[1])
    whole = joined(shapes, cov.clean)
    spare = sum(shapely.get_num_geometries(shape) for shape in shapes) - (len(names) - 1)
    if shapely.get_type_id(whole) not in (3, 6) or shapely.get_num_geometries(whole) > spare:
        raise InputRefused("redraw.not_adjacent", cells=len(names))
    notes: list[Note] = []
    plan = Plan(cov, "merge", None, notes)
    for name in names:
        plan.gone(name)
    plan.new(whole, names, groups[0])
    return plan.edit()
