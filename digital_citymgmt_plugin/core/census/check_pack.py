# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule pack of the checks: rules as data (``resources/profiles/check_rules.csv``) and what the city changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from digital_citymgmt_plugin.core.census import STATES

LEVELS = ("error", "warning", "info")
OF_COMPONENTS, OF_GRIDS = "component.", "grid."  # beginnings of the codes of rules, by what is checked
FAMILIES = (
    "identity", "class", "geometry", "place", "owner", "photo", "dates", "state", "duplicates", "topology", "accuracy",
    "grid_geometry", "grid_cover", "grid_ground", "grid_code",
)  # fmt: skip

Params = Mapping[str, Any]
Fault = tuple[str, dict[str, Any]]  # code and values of a sentence


@dataclass(frozen=True)
class Span:
    """The numbers that a parameter can have; the unit is in its name (metres, square metres, days, year)."""

    least: float
    most: float
    whole: bool = False


# Bounds of what can be meant, not of what is sensible: a slip of digits is refused, a strict contract is not.
SPANS: Mapping[str, Span] = {
    "metres": Span(0.0, 1_000_000.0), "square_metres": Span(0.0, 1_000_000_000.0), "days": Span(0, 36_500, whole=True),
    "year": Span(1800, 2100, whole=True), "share": Span(0.0, 1_000.0), "least": Span(0.0, 1.0),
    "target_square_metres": Span(0.0, 1_000_000_000.0), "target_load": Span(0.0, 1_000_000.0),
}  # fmt: skip
NEEDED = ("words", "states")  # without any the rule would find nothing and look like a good result
LONGEST = 2_000  # characters of a list of words


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
        usable = rule is not None and level in LEVELS and isinstance(params, dict)
        if rule is None or not usable or any(parameter_fault(rule, name, given) for name, given in params.items()):
            wrong.append(str(change["code"]))
            continue
        pack[rule.code] = replace(
            rule, level=level, enabled=bool(change.get("enabled", 1)), params={**rule.params, **params}
        )
    return list(pack.values()), wrong


def parameter_fault(rule: Rule, name: str, value: Any) -> Fault | None:
    """Return what is wrong with a value of a parameter, as code and values of a sentence; None when nothing is."""
    told: dict[str, Any] = {"rule": rule.code, "param": name, "value": value}
    if name not in rule.params:
        return "rules.param_unknown", told
    if isinstance(rule.params[name], (int, float)):
        span = SPANS.get(name, Span(0.0, 1e12))
        told.update(least=span.least, most=span.most)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return "rules.number", told
        if not span.least <= value <= span.most:  # NaN is in no span
            return "rules.range", told
        return ("rules.whole", told) if span.whole and value != int(value) else None
    if not isinstance(value, str):
        return "rules.text", told
    if len(value) > LONGEST:
        return "rules.long", {**told, "value": value[:20] + "…", "count": len(value), "most": LONGEST}
    words = split(value)
    if name in NEEDED and not words:
        return "rules.words_needed", told
    unknown = [word for word in words if name == "states" and word not in STATES]
    return ("rules.state", {**told, "value": unknown[0], "known": "、".join(STATES)}) if unknown else None
