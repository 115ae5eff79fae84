# SPDX-License-Identifier: GPL-2.0-or-later
"""Which limit of the filing standard a case has, from its class and the condition it was filed under."""

from __future__ import annotations

import re

from digital_citymgmt_plugin.core.profile import FilingRule, Profile

Limit = tuple[float, str]  # value and unit
_SPACE = re.compile(r"[\s，,。.;；:：、()（）]+")
_FIGURES = re.compile(r"[(（][^()（）]*[)）]")
_PARTS = re.compile(r"[/、，,；;\s]+|或者?")
_NUMBER = re.compile(r"(?:条件|第)?(\d{1,6})(?:条|款|项)?")


class Limits:
    """The limits of a profile by class; what was found once is remembered.

    A case whose class has one limit only has it whatever its condition says. Else the condition tells: its text, its
    number, one of the words of a rule that lists several (``缺失/移位/开裂``; figures in brackets do not count), or
    such words inside a longer text (``井盖缺失，有危险``). A condition that fits several rules of different limits
    gives none: a due time that may be wrong is worse than none.
    """

    def __init__(self, profile: Profile) -> None:
        self._rules: dict[tuple[str, str], list[FilingRule]] = {}
        for rule in profile.filing_rules:
            if rule.limit_value is not None and rule.limit_unit:
                self._rules.setdefault((rule.kind, rule.class_code), []).append(rule)
        self._found: dict[tuple[str | None, str | None, str | None], Limit | None] = {}

    def __bool__(self) -> bool:
        return bool(self._rules)

    def of(self, kind: str | None, class_code: str | None, condition: str | None) -> Limit | None:
        """Return the limit of a case, None when the profile does not tell it."""
        key = (kind, class_code, condition)
        if key not in self._found:
            rules = self._rules.get((kind or "", class_code or ""), [])
            self._found[key] = _one(rules) or (_by_condition(rules, condition) if condition else None)
        return self._found[key]


def _one(rules: list[FilingRule]) -> Limit | None:
    """Return the limit that all rules share."""
    limits = {(float(rule.limit_value or 0), rule.limit_unit) for rule in rules}
    return limits.pop() if len(limits) == 1 else None


def _by_condition(rules: list[FilingRule], condition: str) -> Limit | None:
    text = _SPACE.sub("", condition)
    number = _NUMBER.fullmatch(text)
    tries = (
        [rule for rule in rules if _SPACE.sub("", rule.condition) == text],
        [rule for rule in rules if number and rule.condition_no == int(number[1])],
        [rule for rule in rules if text in _words(rule)],
        _holding(rules, text),
    )
    return next((_one(fitting) for fitting in tries if fitting), None)


def _words(rule: FilingRule) -> list[str]:
    """Return the words of a rule's condition, each of which is enough for it."""
    words = _PARTS.split(_FIGURES.sub("", rule.condition))
    return [word for word in (_SPACE.sub("", word) for word in words) if word]


def _holding(rules: list[FilingRule], text: str) -> list[FilingRule]:
    """Return the rules one of whose words a text holds; a word inside another one found (破损, 严重破损) counts not."""
    found = [(word, rule) for rule in rules for word in _words(rule) if len(word) > 1 and word in text]
    return [rule for word, rule in found if not any(word != other and word in other for other, _ in found)]
