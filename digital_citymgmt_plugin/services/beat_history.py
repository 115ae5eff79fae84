# SPDX-License-Identifier: GPL-2.0-or-later
"""Which beat a unit grid belonged to on a day, and just before and after an operation that changed grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from digital_citymgmt_plugin.core.ports import Store

Version = Mapping[str, Any]  # of a grid, as ``grid_history.version_told`` has it
_SAME = 0.5  # m² that rounding may make


def beats_on(store: Store, day: str) -> dict[str, str]:
    """Return uuid of the grid → code of its beat at the end of a day; grids without a beat are left out."""
    codes = {uuid: code for uuid, (code, _) in _beats(store).items()}
    rows = store.read("beat_member", ["beat_uuid", "grid_uuid", "valid_from", "valid_to"], [], ["fid"])
    names = ("beat_uuid", "grid_uuid", "valid_from", "valid_to")
    found = {}
    for beat, grid, first, until in zip(*(rows[name].tolist() for name in names)):
        if beat in codes and (first or "") <= day and (not until or until > day):
            found[grid] = codes[beat]
    return found


def beats_changed(
    store: Store, operation: str, day: str, before: Sequence[Version], after: Sequence[Version]
) -> list[dict[str, Any]]:
    """Tell which beats had the grids that an operation changed, and which have those that came of them.

    Parameters
    ----------
    operation, day : str
        Its uuid and day in the city.
    before, after : versions of grids

    Returns
    -------
    list of dict
        ``code``, ``name``; ``before``, ``after``: codes of grids and ``area_m2``, of those grids alone; ``changed``:
        whether the ground of the beat did (not only the codes in it). Ordered by code.
    """
    order = {uuid: row for row, uuid in enumerate(store.read("operation", ["uuid"], [], ["fid"])["uuid"].tolist())}
    last = order.get(operation, len(order))
    names = ("beat_uuid", "grid_uuid", "valid_to", "operation_uuid")
    rows = store.read("beat_member", [*names], [], ["fid"])
    held: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for beat, grid, until, by in zip(*(rows[name].tolist() for name in names)):
        # A membership that ended before the day is none; on that day it may have been this operation, or a later one.
        if until and until < day:
            continue
        at = order.get(by, -1)
        if at < last:
            held[0][grid] = beat
        if at <= last:
            held[1][grid] = beat
    known = _beats(store)
    told: dict[str, dict[str, Any]] = {}
    for side, of, versions in (("before", held[0], before), ("after", held[1], after)):
        for version in versions:
            beat = of.get(str(version["uuid"]))
            if beat not in known:
                continue
            code, name = known[str(beat)]
            nothing = {
                "code": code,
                "name": name,
                **{one: {"grids": [], "area_m2": 0.0} for one in ("before", "after")},
            }
            one = told.setdefault(code, nothing)[side]
            one["grids"].append(str(version["code"]))
            one["area_m2"] = round(one["area_m2"] + float(version["area_m2"]), 2)
    for one in told.values():
        one["changed"] = abs(one["before"]["area_m2"] - one["after"]["area_m2"]) > _SAME
    return [told[code] for code in sorted(told)]


def _beats(store: Store) -> dict[str, tuple[str, str]]:
    """Return code and name of every beat there ever was."""
    rows = store.read("beat", ["uuid", "code", "name"])
    columns = (rows[name].tolist() for name in ("uuid", "code", "name"))
    return {uuid: (str(code or ""), str(name or "")) for uuid, code, name in zip(*columns)}
