# SPDX-License-Identifier: GPL-2.0-or-later
"""Beginning and ending a redraw."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.grids.edit import Coverage
from digital_citymgmt_plugin.core.grids.edit_faults import Fault
from digital_citymgmt_plugin.core.ports import GEOM, Context
from digital_citymgmt_plugin.core.requests_redraw import CloseRedraw, OpenRedraw
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.redraw.applying import policy_of
from digital_citymgmt_plugin.services.redraw.communities import know_communities
from digital_citymgmt_plugin.services.redraw.ground import read_ground
from digital_citymgmt_plugin.services.redraw.log import last_operation
from digital_citymgmt_plugin.services.redraw.replaying import read_entries, replay, scenario_entries
from digital_citymgmt_plugin.services.redraw.session import Session, forget, keep, read_base

_FAULTS = 200  # places that are named at most


def open_redraw(context: Context, request: OpenRedraw) -> dict[str, Any]:
    """Read what a redraw needs and begin it; nothing is written.

    Returns
    -------
    dict
        ``session``; ``cells``: by columns ``id``, ``code``, ``community``, ``area_m2``, ``components``, ``cases``,
        ``load``, ``verdict`` of all cells as they are after the edits given; ``majors``: names of the major classes;
        ``wanted``, ``band``, ``by_load``; ``policy`` of the city; ``faults``: where the stored grids do not fit edge
        to edge;
        ``steps``, ``entries`` (the edits done), ``changed`` (cells whose shape they changed, as ``shapes`` of
        ``edit_redraw``), ``gone``, ``conflicts`` (edits that no longer fit); ``notes``; counts ``cells``,
        ``components``, ``cases``, ``edits``, ``conflicts``, ``faults``.

    Raises
    ------
    InputRefused
        ``redraw.no_grids``, ``redraw.target``, ``input.band``, ``redraw.no_scenario``, ``redraw.entries``.
    """
    store = context.need_store()
    entries = scenario_entries(store, request.scenario) if request.scenario else read_entries(request.edits)
    session, notes = begin(context, request)
    session.scenario = request.scenario
    know_communities(session, store, entries)
    result = replay(session, entries, context.cancel.check)
    keep(store, session)
    answer = {**told(context, session), **result, "notes": [*notes, *result["notes"]]}
    answer["counts"].update(conflicts=len(result["conflicts"]), edits=result["steps"])
    return answer


def begin(context: Context, request: OpenRedraw) -> tuple[Session, list[dict[str, Any]]]:
    """Read grids and ground into a new session."""
    store = context.need_store()
    moment = store.moment()
    base = read_base(store)
    ground, notes = read_ground(context, request)
    context.progress(0.7, "progress.reading_grids")
    coverage = Coverage(base["uuid"].tolist(), base[GEOM], base["community_code"].tolist())
    context.cancel.check()
    return Session(request, ground, base, coverage, moment, last_operation(store)), notes


def told(context: Context, session: Session) -> dict[str, Any]:
    """Return the part of the answer that tells all cells."""
    usable = session.usable
    shapes = objects(session.coverage.cell(cell) for cell in usable)
    figures = session.ground.figures(shapes, [session.held(cell) for cell in usable], roads=False)
    columns: dict[str, list[Any]] = {
        "id": usable, "code": [session.code(cell) for cell in usable], "name": [session.names[cell] for cell in usable],
        "community": [session.coverage.group(cell) for cell in usable],
    }  # fmt: skip
    for name in ("area_m2", "components", "cases", "load", "verdict"):
        columns[name] = [one[name] for one in figures]
    names = {entry.major_code: entry.major_name for entry in context.need_store().profile().classes
             if entry.kind == "component"}  # fmt: skip
    faults = session.coverage.faults
    return {
        "session": session.id, "cells": columns,
        "majors": {code: names.get(code, "") for code in session.ground.majors},
        "wanted": session.ground.wanted, "band": list(session.ground.band), "by_load": session.ground.by_load,
        "policy": policy_of(context.need_store()),
        "faults": [_fault(session, fault) for fault in faults[:_FAULTS]],
        "counts": {
            "cells": len(usable), "components": len(session.ground.xy), "cases": int(session.ground.late_case.sum()),
            "edits": session.done, "conflicts": 0, "faults": len(faults),
        },
        "operation": None, "tables": [],
    }  # fmt: skip


def _fault(session: Session, fault: Fault) -> dict[str, Any]:
    """Return a fault with the values of its sentence."""
    values: dict[str, Any] = {"size": round(fault.size, 4)}
    values.update(zip(("cell", "other"), (session.names.get(cell, "") for cell in fault.ids)))
    return {"code": fault.code, "values": values, "cells": list(fault.ids), "x": fault.x, "y": fault.y}


def close_redraw(context: Context, request: CloseRedraw) -> dict[str, Any]:
    """End a session; closing one that is not there is no error."""
    closed = forget(context.need_store(), request.session)
    return {"counts": {"closed": int(closed)}, "operation": None, "tables": [], "notes": []}
