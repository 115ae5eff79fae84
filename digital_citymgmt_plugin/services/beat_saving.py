# SPDX-License-Identifier: GPL-2.0-or-later
"""Beats written: who has which unit grid, in one action; the services that bring beats in end here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.core.requests_beats import SaveBeats
from digital_citymgmt_plugin.services.beat_rows import CURRENT, TABLES, Beats, read_beats, write_beats
from digital_citymgmt_plugin.services.intake import today

COUNTS = ("beats_new", "beats_retired", "beats_changed", "grids_moved", "grids_given", "grids_freed")
CODE_LENGTH = 20
_NAMED = 5


def save_beats(context: Context, request: SaveBeats) -> dict[str, Any]:
    """Write which unit grid belongs to which beat; who has none any more is retired, with its history kept.

    Returns
    -------
    dict
        Counts ``beats_new``, ``beats_retired``, ``beats_changed``, ``grids_moved``, ``grids_given``, ``grids_freed``.

    Raises
    ------
    InputRefused
        ``beats.unknown`` (no such current grid), ``beats.code`` (too long), ``beats.code_used`` (of a beat that was
        retired).
    """
    return store_members(context, "save_beats", request.members, request.names or {})


def store_members(
    context: Context, kind: str, members: Mapping[str, Any], names: Mapping[str, Any], **told: Any
) -> dict[str, Any]:
    """Write members of beats in one action of a kind; nothing is written when nothing changes."""
    store = context.need_store()
    now, grids = read_beats(store), store.read("unit_grid", ["uuid", "code"], CURRENT)
    uuid_of = dict(zip(grids["code"].tolist(), grids["uuid"].tolist()))
    wanted = _wanted(store, now, uuid_of, members)
    labels = {str(code): str(name or "").strip() for code, name in names.items()}
    result: dict[str, Any] = {"counts": {}, "operation": None, "tables": [], "notes": []}
    codes = now.code_of
    same = {grid: codes[beat] for grid, beat in now.beat_of.items()} == wanted
    old = {code: str(name or "") for code, name in zip(now.beats["code"].tolist(), now.beats["name"].tolist())}
    same = same and all(labels.get(code, name) == name for code, name in old.items())
    if same:
        result["counts"] = dict.fromkeys(COUNTS, 0)
        return result
    context.cancel.check()
    with store.action(kind, **told) as action:
        counts = write_beats(action, store, today(context), now, wanted, labels)
        context.cancel.check()
        action.counts.update(counts)
        result["operation"] = action.operation_uuid
    result["counts"], result["tables"] = counts, TABLES
    return result


def _wanted(store: Store, now: Beats, uuid_of: Mapping[str, str], members: Mapping[str, Any]) -> dict[str, str]:
    """Return uuid of the grid → code of the beat, checked; what is not named stays."""
    codes, current = now.code_of, set(uuid_of.values())
    wanted = {grid: codes[beat] for grid, beat in now.beat_of.items() if grid in current}
    for grid, beat in members.items():
        code = str(beat or "").strip()
        if grid not in uuid_of:
            raise InputRefused("beats.unknown", code=grid)
        if len(code) > CODE_LENGTH:
            raise InputRefused("beats.code", code=code, most=CODE_LENGTH)
        if code:
            wanted[uuid_of[grid]] = code
        else:
            wanted.pop(uuid_of[grid], None)
    fresh = sorted(set(wanted.values()) - set(codes.values()))
    used = store.read("beat", ["code"], [("code", "in", fresh)])["code"].tolist()
    if used:
        raise InputRefused("beats.code_used", codes=", ".join(used[:_NAMED]))
    return wanted
