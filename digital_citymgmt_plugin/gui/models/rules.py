# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of the rule pack: families, parameters, reasons, and what is wrong with a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from digital_citymgmt_plugin.bridge.messages import sentence, template
from digital_citymgmt_plugin.core.census.check_pack import Rule, parameter_fault
from digital_citymgmt_plugin.gui.models.issues import level_words, rule_title

# The words of a rule's source, by how the text in the pack begins.
_SOURCES = (
    ("default", "default"), ("design of the store", "design"), ("practice of drafting", "drafting"),
    ("practice", "practice"), ("OGC", "ogc"),
    ("GB/T 47678", "fields"), ("accuracy classes", "classes"),
    ("DB11/T 2157", "coverage"), ("principle of", "principle"), ("the edition's code", "scheme"),
)  # fmt: skip


def family_words(family: str) -> str:
    """Return what a family of rules is called."""
    return template(f"rules.family_{family}") or family


def param_words(name: str) -> str:
    """Return what a parameter is called, with its unit."""
    return template(f"rules.param_{name}") or name


def reason_words(rule: Mapping[str, Any]) -> str:
    """Return why a rule is there."""
    return template(f"reason.{rule['code']}") or str(rule["reason"])


def source_words(rule: Mapping[str, Any]) -> str:
    """Return what a rule rests on; what no standard says is called a default."""
    source = str(rule["source"])
    known = next((key for start, key in _SOURCES if source.startswith(start)), "")
    return template(f"rules.source_{known}") or source


def params_words(params: Mapping[str, Any]) -> str:
    """Return parameters in one line."""
    return "; ".join(f"{param_words(name)}: {value_text(value)}" for name, value in params.items())


def value_text(value: Any) -> str:
    """Return a value as it stands in a field."""
    return f"{value:.12g}" if isinstance(value, float) else "" if value is None else str(value)


def value_given(text: str, default: Any) -> Any:
    """Return what was typed: a number where the pack has one; what is no number stays text and is refused as such."""
    if not isinstance(default, (int, float)):
        return text.strip()
    try:
        number = float(text.strip())
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    except ValueError:
        return text.strip()


def fault_words(code: str, values: Mapping[str, Any]) -> str:
    """Return the sentence of a fault, rule and parameter called as the window calls them."""
    told = dict(values)
    if "rule" in told:
        told["rule"] = rule_title(str(told["rule"]))
    if "param" in told:
        told["param"] = param_words(str(told["param"]))
    return sentence(code, told)


def row_faults(row: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the parameters of a rule, a sentence each."""
    default = row["default"]
    rule = Rule(row["code"], row["family"], row["level"], True, default["params"], row["title"], row["title_zh"])
    found = (parameter_fault(rule, name, value) for name, value in row["params"].items())
    return [fault_words(*fault) for fault in found if fault is not None]


def column_words(name: str, level: str, enabled: str) -> str:
    """Return the heading of what a difference is in: ``level`` and ``enabled`` are the window's own headings."""
    return {"level": level, "enabled": enabled}.get(name) or param_words(name)


def shown_value(column: str, value: str, yes: str, no: str) -> str:
    """Return a value of a difference in words."""
    if column == "level":
        return level_words(value)
    return {"1": yes, "0": no}.get(value, value) if column == "enabled" else value
