# SPDX-License-Identifier: GPL-2.0-or-later
"""Words and icons of issues: rule, level, state, what was found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from qgis.PyQt.QtWidgets import QApplication, QStyle

from digital_citymgmt_plugin.bridge.messages import SENTENCES, sentence, template

LEVELS = ("error", "warning", "info")
STATES = ("open", "waived", "settled")
FAMILY = "issues"  # of the sentences
_FIELD = re.compile(r"\{\w+\}")
_ICONS = {
    "error": QStyle.StandardPixmap.SP_MessageBoxCritical,
    "warning": QStyle.StandardPixmap.SP_MessageBoxWarning,
    "info": QStyle.StandardPixmap.SP_MessageBoxInformation,
}


def level_words(level: str) -> str:
    """Return the word of a level."""
    return template(f"{FAMILY}.level_{level}") or level


def state_words(state: str) -> str:
    """Return the word of a state."""
    return template(f"{FAMILY}.state_{state}") or state


def level_icon(level: str) -> Any:
    """Return the desktop's own icon of a level: it follows the theme and high contrast."""
    style = QApplication.style()
    return style.standardIcon(_ICONS[level]) if level in _ICONS and style is not None else None


def rule_title(rule: str) -> str:
    """Return what a rule is called; one without a title by its sentence, values left out."""
    for code in (f"rule.{rule}", rule, f"issue.{rule}"):
        found = template(code)
        if found:
            return _FIELD.sub("…", found).rstrip("。.")
    return rule


def issue_words(row: Mapping[str, Any]) -> str:
    """Return what was found, as one sentence."""
    rule, params = str(row.get("rule") or ""), row.get("params") or {}
    for code in (rule, f"issue.{rule}"):
        if code in SENTENCES:
            values = {name: _listed(value) for name, value in params.items()}
            other = row.get("other")
            if other and "other" in values:  # never its uuid, which nobody knows
                words = known_words(other) or values["other"]
                values.update(other=words, other_code=values.get("other_code") or words)
            told = sentence(code, values)
            why = params.get("why_left")
            return f"{told} {sentence('issues.left', {'because': why})}" if why else told
    details = ", ".join(f"{key} = {value}" for key, value in params.items())
    return f"{rule_title(rule)} {details}".strip()


def _listed(value: Any) -> Any:
    """Return candidates by code or name, with the distance where it is known, without their uuid."""
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        return value
    words = [str(one.get("code") or one.get("name") or str(one.get("uuid") or "")[:8]) for one in value]
    apart = [one.get("distance") for one in value]
    return [word if metres is None else f"{word} ({metres} m)" for word, metres in zip(words, apart)]


def known_words(known: Mapping[str, Any]) -> str:
    """Return how an object is known: code and name, else class and number of the source; "" for nothing of these."""
    told = [str(known[name]) for name in ("code", "name") if known.get(name)]
    if not known.get("code"):
        told = [str(known.get("class_name") or ""), *told, str(known.get("source") or "")]
    return " ".join(dict.fromkeys(word for word in told if word))


def object_words(row: Mapping[str, Any]) -> str:
    """Return how the object of an issue is known; the start of its uuid where nothing else is."""
    return known_words(row) or str(row.get("object_uuid") or "–")[:8]


def grouped(groups: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return one dict per rule (rule, level, a count by state), errors first, the most open ones first."""
    found: dict[str, dict[str, Any]] = {}
    for rule, level, state, count in groups:
        one = found.setdefault(str(rule), {"rule": str(rule), "level": str(level), **dict.fromkeys(STATES, 0)})
        if state in one:
            one[str(state)] += int(count)
        if level in LEVELS and (one["level"] not in LEVELS or LEVELS.index(level) < LEVELS.index(one["level"])):
            one["level"] = str(level)
    rank = {level: at for at, level in enumerate(LEVELS)}
    return sorted(found.values(), key=lambda one: (rank.get(one["level"], 9), -one["open"], one["rule"]))
