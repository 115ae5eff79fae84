# SPDX-License-Identifier: GPL-2.0-or-later
"""Who answers for a case, why, and who else might: one chain of rules, for one case and for a million.

In this order (``FIRED`` names what decided):

===============  ==================================================================================
``precedent``    an earlier ruling (确权) names the very component
``owner`` …      a department of the component, in the order of the setting ``component_duty``
``rule``         a responsibility rule of the profile that names a class or a kind (or neither and no area)
``area``         a rule for an area alone, else the department called like the street (属地)
``class``        the class's own department, where the city has set these itself
``""``           nobody: 无主
===============  ==================================================================================

Rules go by priority, smaller area, class (``Duties``); an area's rule of higher priority goes before a class's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.placing import plain_name
from digital_citymgmt_plugin.core.cases.responsibility import Duties
from digital_citymgmt_plugin.core.profile import Profile

FIRED = ("", "precedent", "owner", "manager", "maintainer", "rule", "area", "class")
COMPONENT_DEPARTMENTS: Mapping[str, str] = {
    "owner": "owner_dept", "manager": "manager_dept", "maintainer": "maintainer_dept",
}  # fmt: skip
_GENERIC = "default"  # of the setting department_assignment: departments of classes are the plugin's guesses
_OFFICES = ("街道办事处", "街道办", "镇人民政府", "镇政府", "人民政府", "办事处", "政府")
_RULED = ("ruled_on", "ruled_by", "decision")  # what is told of a ruling
_TOLD = 5  # candidates of one case

Place = tuple[Optional[str], Optional[str], Optional[str]]  # grid, community, street
Text = Optional[str]


class Candidate(NamedTuple):
    """A department that may answer (None: ruled to be nobody's), what names it, and the facts behind it."""

    department: str | None
    fired: str
    why: Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """Who answers for a case: the first candidate; the others are next best. ``warnings``: code and values."""

    candidates: tuple[Candidate, ...]
    warnings: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def department(self) -> str | None:
        """The department, None when it is nobody's."""
        return self.candidates[0].department if self.candidates else None

    @property
    def fired(self) -> str:
        """What decided, one of ``FIRED``."""
        return self.candidates[0].fired if self.candidates else ""

    @property
    def next_best(self) -> Candidate | None:
        """The first candidate that is another department."""
        others = (one for one in self.candidates[1:] if one.department not in (None, self.department))
        return next(others, None)


@dataclass(frozen=True)
class Decided:
    """Who answers for many cases, in their order: departments (None: nobody's) and places in ``FIRED``."""

    department: NDArray[Any]
    fired: NDArray[np.int8]
    next_department: NDArray[Any]
    next_fired: NDArray[np.int8]


class Responsibility:
    """The chain of a city.

    Parameters
    ----------
    profile : Profile
    areas : mapping
        Names of streets by their code.
    """

    def __init__(self, profile: Profile, areas: Mapping[str, str] | None = None) -> None:
        self.profile = profile
        self.duties = Duties(profile)
        order = [part.strip() for part in profile.setting("component_duty").split(",")]
        self.order = tuple(name for name in order if name in COMPONENT_DEPARTMENTS)
        self._own_classes = profile.setting("department_assignment") != _GENERIC
        self._class_department = {
            (entry.kind, entry.code): entry.department_code for entry in profile.classes if entry.department_code
        }
        self._areas = dict(areas or {})
        self._by_name = _offices(profile)
        self._codes = {entry.code for entry in profile.departments}
        often = Counter(entry.name for entry in profile.departments)
        self._names = {entry.name: entry.code for entry in profile.departments if often[entry.name] == 1}
        self._local: dict[str, str | None] = {}
        self._ranked: dict[tuple[Any, ...], tuple[Candidate, ...]] = {}

    def candidates(
        self,
        kind: Text,
        class_code: Text,
        place: Place,
        component: Mapping[str, Any] | None = None,
        ruling: Mapping[str, Any] | None = None,
    ) -> tuple[Candidate, ...]:
        """Return the candidates of one case, the best first, each department once.

        Parameters
        ----------
        kind, class_code : str or None
        place : tuple
            Codes of grid, community, street.
        component : mapping, optional
            Its ``owner_dept``, ``manager_dept``, ``maintainer_dept``.
        ruling : mapping, optional
            The ruling that names the component: ``department_code`` (None: nobody's) and what tells of it.
        """
        found: list[Candidate] = []
        if ruling is not None:
            why = {name: ruling[name] for name in _RULED if ruling.get(name)}
            found.append(Candidate(ruling.get("department_code") or None, "precedent", why))
        for name in self.order if component is not None else ():
            department = (component or {}).get(COMPONENT_DEPARTMENTS[name])
            if department:
                found.append(Candidate(self.known_as(str(department)), name, {}))
        found += self.by_rules(kind, class_code, place)
        seen: set[str | None] = set()
        once = [one for one in found if not (one.department in seen or seen.add(one.department))]  # type: ignore[func-returns-value]
        return tuple(once[:_TOLD])

    def known_as(self, department: str) -> str:
        """Return the code of a department that a component names by its name; a code and what is unknown stay."""
        return department if department in self._codes else self._names.get(department, department)

    def by_rules(self, kind: Text, class_code: Text, place: Place) -> tuple[Candidate, ...]:
        """Return the candidates that the profile names for a class in a place."""
        key = (kind, class_code, self._matched(place), self._office(place))
        if key not in self._ranked:
            self._ranked[key] = tuple(self._by_rules(kind, class_code, place))
        return self._ranked[key]

    def _by_rules(self, kind: Text, class_code: Text, place: Place) -> Iterable[Candidate]:
        for rule in self.duties.fitting(kind, class_code, place):
            fired = "area" if rule.area_code and not rule.class_code and not rule.kind else "rule"
            why = {
                "priority": rule.priority, "class_code": rule.class_code, "area_code": rule.area_code,
                "kind": rule.kind, "reason": rule.reason,
            }  # fmt: skip
            yield Candidate(rule.department_code, fired, why)
        office = self._office(place)
        if office:
            yield Candidate(office, "area", {"area_code": place[2] or "", "name": self._areas.get(place[2] or "", "")})
        own = self._class_department.get((kind or "", class_code or ""))
        if own and self._own_classes:
            yield Candidate(own, "class", {"class_code": class_code})

    def _matched(self, place: Place) -> tuple[str, ...]:
        """Return the areas of rules that hold a place: all that rules can tell of it."""
        return self.duties.areas_of(place)

    def _office(self, place: Place) -> str | None:
        """Return the department of the street: its code is the street's, or its name begins with the street's."""
        street = place[2]
        if not street:
            return None
        if street not in self._local:
            name = plain_name(self._areas.get(street, ""))
            self._local[street] = street if street in self._codes else self._by_name.get(_bare(name)) if name else None
        return self._local[street]

    def _coded(self, departments: NDArray[Any]) -> NDArray[Any]:
        """Return the departments of components by their codes."""
        codes: dict[Any, Any] = {None: None}
        found = np.empty(len(departments), dtype=object)
        for place, value in enumerate(departments.tolist()):
            if value not in codes:
                codes[value] = self.known_as(str(value))
            found[place] = codes[value]
        return found

    def decide_many(
        self,
        kinds: NDArray[Any],
        classes: NDArray[Any],
        places: Sequence[NDArray[Any]],
        component: Mapping[str, NDArray[Any]] | None = None,
        ruled: tuple[NDArray[np.bool_], NDArray[Any]] | None = None,
    ) -> Decided:
        """Decide many cases at once; the same as ``candidates`` of each.

        Parameters
        ----------
        kinds, classes : object arrays
        places : sequence of object arrays
            Grid, community, street.
        component : mapping of object arrays, optional
            Departments of the components by column, None where there is none.
        ruled : tuple, optional
            Which cases have a ruling of their component, and its department.
        """
        size = len(kinds)
        known: dict[tuple[Any, ...], int] = {}
        lists: list[tuple[Candidate, ...]] = []
        which = np.empty(size, dtype=np.int64)
        keys = zip(kinds.tolist(), classes.tolist(), *(column.tolist() for column in places))
        for index, key in enumerate(keys):
            number = known.get(key)
            if number is None:
                number = known[key] = len(lists)
                lists.append(self.by_rules(key[0], key[1], (key[2], key[3], key[4])))
            which[index] = number
        ranks: list[tuple[int, NDArray[Any]]] = []
        if component is not None:
            ranks += [(FIRED.index(name), self._coded(component[COMPONENT_DEPARTMENTS[name]])) for name in self.order]
        depth = max((len(found) for found in lists), default=0)
        result = Decided(_nothing(size), np.zeros(size, np.int8), _nothing(size), np.zeros(size, np.int8))
        settled = np.zeros(size, dtype=bool)
        if ruled is not None:
            settled |= ruled[0]
            result.department[ruled[0]] = ruled[1][ruled[0]]
            result.fired[ruled[0]] = FIRED.index("precedent")
        for fired, departments in ranks:
            _offer(result, settled, departments, np.full(size, fired, dtype=np.int8))
        for level in range(depth):
            names, fires = _nothing(len(lists)), np.zeros(len(lists), dtype=np.int8)
            for number, found in enumerate(lists):
                if level < len(found):
                    names[number], fires[number] = found[level].department, FIRED.index(found[level].fired)
            _offer(result, settled, names[which], fires[which])
        return result


def _offer(result: Decided, settled: NDArray[np.bool_], departments: NDArray[Any], fired: NDArray[np.int8]) -> None:
    """Let the next departments of the chain decide what is open, or be the next best of what is decided."""
    there = np.asarray(departments != None, dtype=bool) & np.asarray(departments != "", dtype=bool)  # noqa: E711
    first = there & ~settled
    result.department[first], result.fired[first] = departments[first], fired[first]
    second = there & settled & (result.next_fired == 0) & np.asarray(departments != result.department, dtype=bool)
    result.next_department[second], result.next_fired[second] = departments[second], fired[second]
    settled |= first


def _nothing(size: int) -> NDArray[Any]:
    return np.full(size, None, dtype=object)


def _bare(name: str) -> str:
    """Return the name of a street or of its office without what makes it an office."""
    for ending in _OFFICES:
        if name.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)] + ("镇" if ending.startswith("镇") else "")
    return name.removesuffix("街道") if len(name) > 2 else name


def _offices(profile: Profile) -> dict[str, str]:
    """Return departments by the bare name of their street; names that two departments bear are left out."""
    found: dict[str, list[str]] = {}
    for entry in profile.departments:
        found.setdefault(_bare(plain_name(entry.name)), []).append(entry.code)
    return {name: codes[0] for name, codes in found.items() if len(codes) == 1}
