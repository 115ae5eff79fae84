# SPDX-License-Identifier: GPL-2.0-or-later
"""Moves of the workflow in the words of the user: names, keys, why one is not allowed, counts before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.gui.models.cases import FAMILY, stage_words

# F9 and then the letter; letters by the English word.
KEYS = {
    "accept": "A", "file": "F", "dispatch": "D", "return": "R", "check": "C", "rework": "W", "close": "E", "park": "P",
    "resume": "U", "supervise": "S", "verify": "V", "reject_filing": "N", "ask_extension": "X", "grant_extension": "G",
    "refuse_extension": "J", "dispose": "O", "feedback": "B", "void": "Z", "remediate": "M", "appeal": "L",
    "grant_appeal": "T", "refuse_appeal": "Y", "amend": "K", "class": "Q",
}  # fmt: skip


def action_words(action: str) -> str:
    """Return the word of an action."""
    return template(f"{FAMILY}.action_{action}") or action


def role_words(role: str) -> str:
    """Return the word of a role."""
    return template(f"{FAMILY}.role_{role}") or role


def why_words(why: Mapping[str, Any]) -> str:
    """Return why a move is not allowed, in the words of the user."""
    values = dict(why.get("values") or {})
    if "action" in values:
        values["action"] = action_words(str(values["action"]))
    if "stage" in values:
        values["stage"] = stage_words(values["stage"])
    if "role" in values:
        values["role"] = role_words(str(values["role"]))
    if "roles" in values:
        values["roles"] = ", ".join(role_words(one.strip()) for one in str(values["roles"]).split(","))
    return sentence(str(why["code"]), values)


def move_counts(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of a move under names that have words of their own."""
    names = {"moved": "cases_processed", "refused": "cases_refused"}
    return {names.get(name, name): value for name, value in counts.items()}


def usual_needs(action: str) -> list[str]:
    """Return what an action needs where no case tells what the city's workflow says."""
    usual = {"dispatch": ["dept"], "park": ["reason", "until"], "ask_extension": ["reason", "amount"]}
    without = ("verify", "accept", "file", "resume", "dispose", "feedback", "check", "close", "grant_extension")
    return usual.get(action, [] if action in without else ["reason"])


def preview_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer as a preview shows it: counts in the words of moves, each reason once with its number."""
    counts = move_counts(answer["counts"])
    of_code = {str(one["code"]): one for one in reversed(answer.get("refused") or [])}
    reasons = []
    for code, count in (answer.get("refusals") or {}).items():
        why = why_words(of_code.get(code, {"code": code}))
        reasons.append({"code": "dispatch.refused", "values": {"why": why, "count": count}})
    notes = [*(answer.get("notes") or []), *reasons]
    writes = any(answer["counts"].get(name) for name in ("moved", "amended"))
    return {"writes": writes, **answer, "counts": counts, "notes": notes}
