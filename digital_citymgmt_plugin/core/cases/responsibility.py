# SPDX-License-Identifier: GPL-2.0-or-later
"""Which department answers for a case that names none: the rules of the city profile (权责规则).

The highest priority decides; among equal ones the rule for the smaller area, then the one that names the class. An
area is a street, community or unit grid by its code; a rule for a street holds in its communities and grids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from digital_citymgmt_plugin.core.profile import Profile, ResponsibilityRule


class Duties:
    """The responsibility rules of a profile; what was found once is remembered."""

    def __init__(self, profile: Profile) -> None:
        self._rules = sorted(profile.responsibility, key=_weight, reverse=True)
        self._found: dict[tuple[str | None, ...], str | None] = {}
        self._areas = sorted({rule.area_code for rule in self._rules if rule.area_code})
        self._held: dict[tuple[str | None, ...], tuple[str, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self._rules)

    def of(self, kind: str | None, class_code: str | None, areas: Sequence[str | None]) -> str | None:
        """Return the department of a case, None when no rule fits.

        Parameters
        ----------
        kind, class_code : str or None
        areas : sequence of str or None
            Codes of the areas in which the case lies (grid, community, street).
        """
        key = (kind, class_code, *areas)
        if key not in self._found:
            self._found[key] = next((rule.department_code for rule in self.fitting(kind, class_code, areas)), None)
        return self._found[key]

    def fitting(
        self, kind: str | None, class_code: str | None, areas: Sequence[str | None]
    ) -> Iterator[ResponsibilityRule]:
        """Yield the rules that fit a case, the one that decides first."""
        return (rule for rule in self._rules if _fits(rule, kind, class_code, areas))

    def areas_of(self, areas: Sequence[str | None]) -> tuple[str, ...]:
        """Return the areas named by rules that hold a place: places of one answer have the same rules."""
        key = tuple(areas)
        if key not in self._held:
            self._held[key] = tuple(code for code in self._areas if any(area and area.startswith(code) for area in key))
        return self._held[key]


def _weight(rule: ResponsibilityRule) -> tuple[int, int, bool, bool]:
    return rule.priority, len(rule.area_code), bool(rule.class_code), bool(rule.kind)


def _fits(rule: ResponsibilityRule, kind: str | None, class_code: str | None, areas: Sequence[str | None]) -> bool:
    if rule.kind and rule.kind != kind:
        return False
    if rule.class_code and rule.class_code != class_code:
        return False
    return not rule.area_code or any(area and area.startswith(rule.area_code) for area in areas)
