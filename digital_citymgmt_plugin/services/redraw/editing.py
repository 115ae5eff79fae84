# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures while the pen moves, edits, undo and redo: all in memory."""

from __future__ import annotations

from typing import Any

import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.edit import Edit
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_redraw import EditRedraw, ProbeRedraw, StepRedraw
from digital_citymgmt_plugin.services.redraw.communities import MEND, know_communities, mending_counts
from digital_citymgmt_plugin.services.redraw.session import GONE, KEPT, NEW, Figures, Session, Step
from digital_citymgmt_plugin.services.redraw.tools import called, entry_of, planned
from digital_citymgmt_plugin.services.redraw.watching import need_session

_MENDING = "progress.mending_edges"
_MOST_SHAPES = 200  # cells whose outline a probe sends: of a pen across half the city the window draws the pen alone


def probe_redraw(context: Context, request: ProbeRedraw) -> dict[str, Any]:
    """Tell what an edit would do to the cells that it touches.

    Returns
    -------
    dict
        ``cells``: ``id``, ``code`` (None of a new one), ``name``, ``community``, ``state`` (kept, new, gone),
        ``parents``, ``before`` and ``after`` (figures or None); ``shapes`` (id → WKB as hex, what it would be like);
        ``gone``; ``notes``: what was mended in the pen; ``error``: code and values of why it cannot be done, or None;
        ``counts``: of ``mend`` alone, see :func:`.communities.mending_counts`.
    """
    session = need_session(context, request.session)
    answer: dict[str, Any] = {"cells": [], "shapes": {}, "gone": [], "notes": [], "error": None, "counts": {}}
    try:
        entry = entry_of(request.tool, request.points, request.cells, request.options)
        know_communities(session, context.need_store(), [entry])
        edit = planned(session, entry, context.cancel.check, lambda done: context.progress(done, _MENDING))
    except InputRefused as error:
        return {**answer, "error": {"code": error.code, "values": error.values}}
    _held, figures = session.after(edit)
    told = _told(session, edit, session.figures(edit.before), figures, session.named(edit))
    if edit.tool == MEND:
        answer["counts"] = mending_counts(session, edit)
    elif len(edit.after) > _MOST_SHAPES:
        told["shapes"] = {}
    return {**answer, **told}


def edit_redraw(context: Context, request: EditRedraw) -> dict[str, Any]:
    """Do an edit within the session; what had been taken back before cannot be done again after it.

    Returns
    -------
    dict
        As ``probe_redraw``; ``steps`` (done), ``ahead`` (taken back), ``entry`` (the edit, to be given to
        ``open_redraw`` after the engine was started again).

    Raises
    ------
    InputRefused
        ``redraw.no_session``; ``redraw.out_of_step`` when ``seq`` is not the number of steps done; bad pens.
    """
    session = need_session(context, request.session)
    if request.seq != session.done:
        raise InputRefused("redraw.out_of_step", steps=session.done, seq=request.seq)
    entry = entry_of(request.tool, request.points, request.cells, request.options)
    know_communities(session, context.need_store(), [entry])
    edit = planned(session, entry, context.cancel.check, lambda done: context.progress(done, _MENDING))
    entry["base"] = session.digests(edit)
    before = session.figures(edit.before)
    step = session.do(entry, edit)
    answer = _stepped(session, _told(session, edit, before, session.figures(edit.after), step.names), step)
    if edit.tool == MEND:
        answer["counts"].update(mending_counts(session, edit))
    return answer


def step_redraw(context: Context, request: StepRedraw) -> dict[str, Any]:
    """Take the last edit back, or do it again; answers as ``edit_redraw`` does.

    Raises
    ------
    InputRefused
        ``redraw.no_session``, ``redraw.nothing_back``, ``redraw.nothing_forward``.
    """
    session = need_session(context, request.session)
    step = session.next_step(back=request.back)
    edit = step.edit
    figures = session.figures(edit.after if request.back else edit.before)  # while these cells are still there
    if request.back:
        session.back()
        turned = Edit(edit.tool, edit.after, edit.before, {}, {}, (), edit.corners)
        answer = _told(session, turned, figures, session.figures(edit.before), session.names)
    else:
        session.again()
        answer = _told(session, edit, figures, session.figures(edit.after), step.names)
    return _stepped(session, answer, step)


def _stepped(session: Session, answer: dict[str, Any], step: Step) -> dict[str, Any]:
    return {
        **answer, "error": None, "steps": session.done, "ahead": len(session.steps) - session.done,
        "entry": step.entry, "counts": {"steps": session.done}, "operation": None, "tables": [],
    }  # fmt: skip


def _told(
    session: Session, edit: Edit, before: dict[str, Figures], after: dict[str, Figures], names: dict[str, str]
) -> dict[str, Any]:
    """Return what an edit does, cell by cell; cells that only got a corner have new shapes and no line of figures."""
    cells = []
    for cell in [*edit.before, *(one for one in edit.after if one not in edit.before)]:
        if cell in edit.corners:
            continue
        state = GONE if cell not in edit.after else KEPT if cell in edit.before else NEW
        community = edit.groups[cell] if cell in edit.groups else session.coverage.group(cell)
        cells.append(
            {
                "id": cell, "code": session.code(cell), "name": names.get(cell) or session.names.get(cell, ""),
                "community": community, "state": state, "parents": list(edit.parents.get(cell, ())),
                "before": before.get(cell), "after": after.get(cell),
            }
        )  # fmt: skip
    return {
        "cells": cells, "shapes": {cell: shapely.to_wkb(shape, hex=True) for cell, shape in edit.after.items()},
        "gone": [cell for cell in edit.before if cell not in edit.after],
        "notes": [{"code": code, "values": called(session, values)} for code, values in edit.notes],
    }  # fmt: skip
