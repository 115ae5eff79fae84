# SPDX-License-Identifier: GPL-2.0-or-later
"""Which class codes a city may add of its own, by edition.

2007: major class 21 (two sources). 2013: minor codes from 99 downwards inside the major class (one city). 2026: minor
codes 080 to 999, counted backwards (a draft of the part). Everything but the first is a default; the settings
``extension_major``, ``extension_from`` and ``extension_to`` override it. Numbers that an edition dropped are not given
out again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from digital_citymgmt_plugin.core.profile import CLASS_KINDS, ClassEntry, Profile


@dataclass(frozen=True)
class ExtensionRule:
    """Where own classes stand: in one major class ('' is any), with minor codes from ``first`` on towards ``last``."""

    major: str
    first: int
    last: int
    confidence: str

    def __contains__(self, entry: ClassEntry) -> bool:
        low, high = sorted((self.first, self.last))
        return (not self.major or entry.major_code == self.major) and low <= int(entry.minor_code or -1) <= high

    def describe(self, digits: int) -> str:
        """Return the rule in a few signs: ``21: 01 → 99``."""
        return f"{self.major or '*'}: {self.first:0{digits}d} → {self.last:0{digits}d}"


_CONFIRMED, _ONE = "confirmed by >=2 sources", "one source; default"
# 2013 has no lower end; majors 01 and 02 reach 57 and 31 as far as known.
RULES: Mapping[str, ExtensionRule] = {
    "2007": ExtensionRule("21", 1, 99, _CONFIRMED),
    "2013": ExtensionRule("", 99, 58, _ONE),
    "2026": ExtensionRule("", 999, 80, _ONE),
    "local-6235": ExtensionRule("", 999, 80, _ONE),
}


def extension_rule(profile: Profile) -> ExtensionRule | None:
    """Return the rule that applies; None for an edition of the city's own that sets none."""
    rule = RULES.get(profile.edition)
    major, first, last = (profile.setting(f"extension_{name}") for name in ("major", "from", "to"))
    if not (major or first or last):
        return rule
    top = 10 ** profile.component_scheme.digits("minor") - 1
    start = int(first) if first else rule.first if rule else top
    end = int(last) if last else rule.last if rule else 1
    return ExtensionRule(major or (rule.major if rule else ""), start, end, "setting of the city")


def next_code(profile: Profile, standard: Collection[tuple[str, str]], kind: str, major: str) -> str:
    """Return the next code for an own class of a major class, '' when there is none left or the rule allows none.

    Parameters
    ----------
    profile : Profile
    standard : collection of (kind, code)
        The classes of the edition; their numbers are passed over even when the city has removed them.
    kind, major : str
    """
    rule = extension_rule(profile)
    if rule is None or (rule.major and rule.major != major):
        return ""
    digits = profile.component_scheme.digits("minor")
    taken = {entry.code for entry in profile.classes if entry.kind == kind}
    taken |= {code for of, code in standard if of == kind}
    step = 1 if rule.last >= rule.first else -1
    codes = (f"{major}{minor:0{digits}d}" for minor in range(rule.first, rule.last + step, step))
    return next((code for code in codes if code not in taken), "")


def outside(profile: Profile, standard: Collection[tuple[str, str]]) -> list[ClassEntry]:
    """Return the components and events that are neither in the edition's table nor where own classes stand.

    A class table of the city's own (an extra kind) is free in its numbers.
    """
    rule = extension_rule(profile)
    if rule is None:
        return []
    return [
        entry
        for entry in profile.classes
        if entry.kind in CLASS_KINDS and (entry.kind, entry.code) not in standard and entry not in rule
    ]
