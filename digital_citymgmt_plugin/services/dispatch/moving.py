# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be done with one case in a role, and why the rest may not: by the city's own table of moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from digital_citymgmt_plugin.core.cases.stages import STEPS
from digital_citymgmt_plugin.core.cases.workflow import NEEDS, State, Table, split_list
from digital_citymgmt_plugin.core.profile import Profile

_NUMBERS = (
    "parked", "returns", "reworks", "extensions", "appealed", "appeal_open", "extension_asked", "supervised",
    "remediated",
)  # fmt: skip


def state_of(case: Mapping[str, Any]) -> State:
    """Return the state that a row of ``case_record`` tells."""
    times = {column: str(case[column]) for column in STEPS if case.get(column)}
    told: dict[str, Any] = {name: int(case.get(name) or 0) for name in _NUMBERS}
    told.update({name: case.get(name) for name in ("parked_from", "parked_until")})
    return State(stage=str(case["stage"] or ""), times=times, **told)


def moves_of(profile: Profile, case: Mapping[str, Any], role: str) -> list[dict[str, Any]]:
    """Return each action of the table once, in its order.

    Returns
    -------
    list of dict
        ``action``, ``name``, ``name_en``, ``to_stage``, ``needs`` (list), ``allowed``; ``why``: code and values of what
        forbids it, None when nothing does. Without a role any may.
    """
    table, state = Table(profile.moves), state_of(case)
    found: dict[str, dict[str, Any]] = {}
    for move in table.moves:
        if move.action in found:
            continue
        here = table.find(move.action, state.stage) or move
        may = role or next(iter(split_list(here.roles)), "")
        refusal = table.refusal(state, move.action, may, NEEDS)
        found[move.action] = {
            "action": move.action, "name": here.name, "name_en": here.name_en, "to_stage": here.to_stage,
            "needs": list(split_list(here.needs)), "allowed": refusal is None,
            "why": None if refusal is None else {"code": refusal.code, "values": dict(refusal.values)},
        }  # fmt: skip
    return list(found.values())
