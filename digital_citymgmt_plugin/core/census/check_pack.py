# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule pack of the checks: rules as data (``resources/profiles/check_rules.csv``) and what the city changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

LEVELS = ("error", "warning", "info")
FAMILIES = (
    "identity", "class", "geometry", "place", "owner", "photo", "dates", "state", "duplicates", "topology", "accuracy",
)  # fmt: skip

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule of the pack (``resources/profiles/check_rules.csv``) with the city's changes (table ``check_rule``)."""

    code: str
    family: str
    level: str
    enabled: bool
    params: Params
    title: str
    title_zh: str
    reason: str = ""
    source: str = ""
    confidence: str = ""


def split(text: Any) -> tuple[str, ...]:
    """Return the words of a comma-separated parameter."""
    return tuple(word.strip() for word in str(text or "").replace("，", ",").split(",") if word.strip())


def adjust(rules: Sequence[Rule], changes: Sequence[Mapping[str, Any]]) -> tuple[list[Rule], list[str]]:
    """Return the rule pack as the city has it, and the codes of changes that cannot be used.

    ``changes`` are rows of ``check_rule``: level (empty: as in the pack), enabled, params (JSON over those of the
    pack). A change of an unknown rule, level or of parameters of another kind is left out and its code told.
    """
    pack = {rule.code: rule for rule in rules}
    wrong = []
    for change in changes:
        rule = pack.get(str(change["code"]))
        level = change.get("level") or (rule.level if rule else "")
        try:
            params = json.loads(change.get("params") or "{}")
        except ValueError:
            params = None
        if rule is None or level not in LEVELS or not isinstance(params, dict) or not _fits(params, rule.params):
            wrong.append(str(change["code"]))
            continue
        pack[rule.code] = replace(
            rule, level=level, enabled=bool(change.get("enabled", 1)), params={**rule.params, **params}
        )
    return list(pack.values()), wrong


def _fits(given: Mapping[str, Any], default: Params) -> bool:
    """Tell whether parameters are known ones of the same kind: numbers from 0, or text."""
    for name, value in given.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if name not in default or number != isinstance(default[name], (int, float)):
            return False
        if number and not 0 <= value < 1e12:
            return False
        if not number and not isinstance(value, str):
            return False
    return True
