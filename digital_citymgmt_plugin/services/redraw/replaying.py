# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits done again from a list: after a restart of the engine, of a scenario, on grids that have changed since."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Store
from digital_citymgmt_plugin.services.redraw.session import Session
from digital_citymgmt_plugin.services.redraw.tools import CELL_OPTIONS, entry_of, planned

OPEN, ADOPTED, DISCARDED = "open", "adopted", "discarded"  # states of a scenario


def read_entries(text: str | None) -> list[dict[str, Any]]:
    """Read a list of edits.

    Raises
    ------
    InputRefused
        ``redraw.entries``: no list of edits.
    """
    try:
        listed = json.loads(text) if text else []
        if not isinstance(listed, list):
            raise TypeError
        return [_entry(item) for item in listed]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise InputRefused("redraw.entries") from None


def _entry(item: dict[str, Any]) -> dict[str, Any]:
    points = [float(number) for number in item["points"]]
    entry = entry_of(str(item["tool"]), points, [str(cell) for cell in item.get("cells", [])], item.get("options"))
    base = {str(cell): str(value) for cell, value in dict(item.get("base") or {}).items()}
    return {**entry, "base": base, "made": [str(cell) for cell in item.get("made") or []]}


def scenario_entries(store: Store, scenario: str) -> list[dict[str, Any]]:
    """Return the edits of a scenario.

    Raises
    ------
    InputRefused
        ``redraw.no_scenario``; ``redraw.entries``: what is stored is no list of edits.
    """
    found = store.read("scenario", ["payload"], [("uuid", "=", scenario)])["payload"].tolist()
    if not found:
        raise InputRefused("redraw.no_scenario")
    return payload_entries(found[0])


def payload_entries(payload: str | None) -> list[dict[str, Any]]:
    """Read the edits of what a scenario's row holds (JSON).

    Raises
    ------
    InputRefused
        ``redraw.entries``: it holds no list of edits.
    """
    try:
        return read_entries(json.dumps(json.loads(payload or "{}").get("entries", [])))
    except (ValueError, AttributeError, RecursionError):
        raise InputRefused("redraw.entries") from None


def replay(
    session: Session, entries: list[dict[str, Any]], check: Callable[[], None] = lambda: None
) -> dict[str, Any]:  # fmt: skip
    """Do edits one after the other; those that no longer fit are left out and listed.

    An edit whose grids have another shape now than when it was drawn is done, and a note says so. ``check`` ends it
    when the user stops: only for a session that nobody has yet.

    Returns
    -------
    dict
        ``entries`` done; ``conflicts``: ``step`` (number in the list, from 0), ``tool``, ``code``, ``values``,
        ``x``, ``y`` of each left out; ``shapes``, ``gone``, ``corners``: what is to be drawn in place of the stored
        grids; ``steps``; ``notes``.
    """
    conflicts: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    renamed: dict[str, str] = {}
    for number, drawn in enumerate(entries):
        check()
        entry = drawn
        try:
            entry = _as_called_now(drawn, renamed)
            edit = planned(session, entry, check)
        except InputRefused as error:
            x, y = (entry["points"] or [None, None])[:2]
            conflicts.append(
                {"step": number, "tool": entry["tool"], "code": error.code, "values": error.values, "x": x, "y": y}
            )
            continue
        now, then = session.digests(edit), entry.get("base") or {}
        other = [cell for cell, value in then.items() if now.get(cell) != value]
        if other:
            names = ", ".join(session.names.get(cell, cell) for cell in other)
            notes.append({"code": "redraw.base_changed", "values": {"step": number + 1, "codes": names}})
        step = session.do({**entry, "base": now}, edit)
        renamed.update(zip(drawn.get("made", []), step.entry["made"]))
    return {"entries": session.entries(), "conflicts": conflicts, "steps": session.done, "notes": notes, **net(session)}


def _as_called_now(entry: dict[str, Any], renamed: dict[str, str]) -> dict[str, Any]:
    """Return an edit with the ids that new cells have this time: where one is left out, others are counted anew.

    Raises
    ------
    InputRefused
        ``redraw.no_cell``: a cell that an edit left out would have made.
    """

    def now(cell: str) -> str:
        if "/" not in cell:
            return cell
        if cell not in renamed:
            raise InputRefused("redraw.no_cell", cell=cell)
        return renamed[cell]

    found = {**entry, "cells": [now(cell) for cell in entry["cells"]]}
    if "options" in entry:
        options = entry["options"]
        found["options"] = {key: now(value) if key in CELL_OPTIONS else value for key, value in options.items()}
    return found


def net(session: Session) -> dict[str, Any]:
    """Return what all edits of a session together make of the stored grids: ``shapes`` and ``gone``.

    ``corners``: those of the shapes that only got a corner, whose figures are as they were.
    """
    rows, cells = session.net()
    gone = [uuid for uuid in session.base["uuid"][rows].tolist() if uuid not in cells]
    shapes = {cell: shapely.to_wkb(session.coverage.stored(cell), hex=True) for cell in cells}
    edits = [step.edit for step in session.steps[: session.done]]
    changed = {cell for edit in edits for cell in edit.after if cell not in edit.corners}
    corners = [cell for cell in cells if cell not in changed]
    return {"shapes": shapes, "gone": gone, "corners": corners}
