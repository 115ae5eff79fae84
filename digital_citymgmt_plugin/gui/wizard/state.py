# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages of the wizard share: the files as found and as changed by the user, and what they tell."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QLocale

from digital_citymgmt_plugin.bridge.building import CityPlan, Part
from digital_citymgmt_plugin.bridge.messages import sentence
from digital_citymgmt_plugin.core import roles
from digital_citymgmt_plugin.core.requests import CreateStore, Layer

ROLE_WORDS = {
    roles.COUNTIES: "County boundary",
    roles.STREETS: "Streets",
    roles.COMMUNITIES: "Communities",
    roles.GRIDS: "Unit grids",
    roles.COMPONENTS: "Components",
    roles.CASES: "Cases",
    roles.EVENTS: "Log of case moves",
    roles.PROFILE: "City profile",
    roles.OTHER: "Leave out",
}
STEP_WORDS = {
    "create": "New city store",
    "counties": "County boundary",
    "streets": "Streets",
    "communities": "Communities",
    "areas_made": "Communities made from the unit grids",
    "draft": "Drafting unit grids",
    "grids": "Unit grids",
    "components": "Components",
    "codes": "Assigning codes",
    "cases": "Cases",
    "links": "Linking cases",
}
FAULT_WORDS = {
    "grid.overlap": "overlaps",
    "grid.gap": "gaps",
    "grid.duplicate": "same shape twice",
    "grid.code_twice": "codes that stand twice",
    "grid.code_missing": "without code",
    "grid.multipart": "of several parts",
    "grid.invalid": "invalid shapes",
    "grid.hole": "with holes",
    "grid.sliver": "slivers",
    "grid.empty": "without shape",
}
AREAS = (roles.COMMUNITIES, roles.GRIDS, roles.STREETS, roles.COUNTIES)
CITY = (*AREAS, roles.CASES, roles.COMPONENTS)
PROVISIONAL = "000000"
_PARTS = (".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".qpj")


def tr(text: str) -> str:
    """Translate a text of the wizard."""
    return QCoreApplication.translate("Wizard", text)


def is_part(path: str, paths: Sequence[str]) -> bool:
    """Tell whether a path is part of a shapefile that is among some paths, not a table of its own."""
    stem, suffix = os.path.splitext(path)  # noqa: PTH122 (a NUL or a trailing dot stays as it is)
    return suffix.lower() in _PARTS and any(other in paths for other in (stem + ".shp", stem + ".SHP"))


def number(value: Any) -> str:
    """Return a number as the user's country writes it."""
    return QLocale().toString(int(value))


def step_words(key: str, file: str) -> str:
    """Say which step of a build has begun, and with which file."""
    words = tr(STEP_WORDS.get(key, key))
    return f"{words}: {file}" if file else words


def fault_words(faults: Mapping[str, int]) -> str:
    """Say what is wrong with unit grids, in one line."""
    parts = [f"{number(count)} {tr(FAULT_WORDS.get(rule, rule))}" for rule, count in faults.items()]
    return tr("Faults: {faults}").format(faults=", ".join(parts)) if parts else ""


@dataclass
class Entry:
    """One file or layer: what was found, and what the user changed."""

    found: dict[str, Any]
    role: str = roles.OTHER
    crs: str = ""
    encoding: str = ""
    code_field: str = ""
    name_field: str = ""

    @classmethod
    def of(cls, found: dict[str, Any]) -> Entry:
        """Take over what was found."""
        return cls(found, found["role"], found["crs"], "", found["code_field"], found["name_field"])

    @property
    def title(self) -> str:
        """File and, where it says more, layer."""
        file, layer = Path(self.found["path"]).name, self.found["layer"]
        return f"{file} – {layer}" if layer and layer != Path(file).stem else file

    @property
    def broken(self) -> bool:
        """Whether it could not be read."""
        return bool(self.found["error"])

    @property
    def has_place(self) -> bool:
        """Whether its rows have coordinates, so that it needs a CRS."""
        return bool(self.found["geometry"] or self.found["x"])

    def summary(self) -> str:
        """Say in one line what was found."""
        if self.broken:
            error = self.found["error"]
            return sentence(error["code"], error["values"])
        parts = []
        if self.found["geometry"]:
            kinds = {"Point": tr("points"), "LineString": tr("lines"), "Polygon": tr("polygons")}
            parts.append(kinds.get(str(self.found["geometry"]).replace("Multi", ""), str(self.found["geometry"])))
        if self.found["encoding"]:
            parts.append(self.encoding or self.found["encoding"])
        if self.has_place:
            parts.append(self.crs if len(self.crs) < 20 and self.crs else tr("own CRS") if self.crs else tr("no CRS"))
        parts.append(fault_words(self.found["faults"]))
        return ", ".join(part for part in parts if part)

    def problem(self) -> str:
        """Say what is missing so that it can be taken, "" when nothing is."""
        if self.role in (roles.OTHER, roles.PROFILE):
            return ""
        if self.role != roles.EVENTS and self.has_place and not self.crs:
            return tr("{file}: choose its reference system.").format(file=self.title)
        if self.role == roles.GRIDS and not self.found["geometry"]:
            return tr("{file} has no shapes: it cannot be unit grids.").format(file=self.title)
        if self.role == roles.COMPONENTS and not (
            self.code_field or {"class_code", "class_name", "code"} & set(self.found["mapping"])
        ):
            return tr("{file}: choose the field with the class of the components.").format(file=self.title)
        if self.role in (roles.CASES, roles.EVENTS) and "case_no" not in self.found["mapping"]:
            return tr("{file} has no column with the case number.").format(file=self.title)
        return ""

    def part(self) -> Part:
        """Return it as the build wants it."""
        crs = self.crs if self.crs != self.found["crs"] or self.found["crs_why"] != "guess.crs_file" else ""
        code = self.code_field
        if self.role == roles.COMPONENTS and code == self.found["code_field"]:
            code = ""  # as the headings say
        layer = Layer(self.found["path"], self.found["layer"], self.encoding or None, crs or None)
        return Part(self.role, layer, code, self.name_field, int(self.found["rows"]))


@dataclass
class WizardState:
    """The files and the guesses about the city."""

    entries: list[Entry] = field(default_factory=list)
    city: dict[str, str] = field(default_factory=dict)

    def take(self, answer: Mapping[str, Any]) -> int:
        """Add what a survey found; files that are there already are not added twice. Returns how many are new."""
        there = {(entry.found["path"], entry.found["layer"]) for entry in self.entries}
        fresh = [found for found in answer["files"] if (found["path"], found["layer"]) not in there]
        self.entries += [Entry.of(found) for found in fresh]
        # The table of a shapefile that comes later is part of it.
        self.entries = [entry for entry in self.entries if not is_part(entry.found["path"], self._paths())]
        self._learn(answer["city"])
        return len(fresh)

    def fresh(self, paths: Sequence[str]) -> list[str]:
        """Return the paths that are worth a look: the parts of a shapefile are one file."""
        return [path for path in paths if not is_part(path, [*paths, *self._paths()])]

    def remove(self, row: int) -> None:
        """Take a file off the list, and what it told of the city with it."""
        del self.entries[row]
        self.city = {}
        # Areas and grids are the city; the others may hold a neighbour's rows.
        for entry in sorted(self.entries, key=lambda entry: entry.found["role"] not in AREAS):
            self._learn(entry.found.get("tells") or {})

    def _paths(self) -> list[str]:
        return [str(entry.found["path"]) for entry in self.entries]

    def _learn(self, city: Mapping[str, Any]) -> None:
        unknown = self.city.get("crs_why") == "guess.crs_unknown"
        for key, value in city.items():
            # A first guess stays, unless it was none.
            if value and (not self.city.get(key) or unknown):
                self.city[key] = str(value)

    def used(self) -> list[Entry]:
        """List the entries that go into the city."""
        return [entry for entry in self.entries if not entry.broken and entry.role not in (roles.OTHER,)]

    def problem(self) -> str:
        """Say what keeps the files from making a city, "" when nothing does."""
        used = self.used()
        if not any(entry.role in CITY for entry in used):
            return tr("Add one layer of polygons (communities or unit grids) or one table of cases; that is enough.")
        cases = sum(entry.role == roles.CASES for entry in used)
        spare = [entry for entry in used if entry.role == roles.EVENTS][cases:]
        if spare:  # each log goes with one table of cases; what is left over must not be left out without a word
            return tr("{file}: no table of cases goes with this log. Add it, or leave the log out.").format(
                file=spare[0].title
            )
        return next((words for words in (entry.problem() for entry in used) if words), "")

    def name(self) -> str:
        """Return a name for the city when no file tells one."""
        if self.city.get("county_name"):
            return self.city["county_name"]
        first = next((entry for entry in self.used() if entry.role in CITY), None)
        return Path(first.found["path"]).stem if first else tr("New city")

    def plan(self, store: CreateStore) -> CityPlan:
        """Return what is to be built."""
        parts = [entry.part() for entry in self.used() if entry.role != roles.PROFILE]
        return CityPlan(store, tuple(parts))
