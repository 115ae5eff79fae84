# SPDX-License-Identifier: GPL-2.0-or-later
"""The components of a city as photos are matched to them, and a photo on its way to one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.census import photo_match as match
from digital_citymgmt_plugin.core.ports import XY, Context, PhotoFacts, Store


@dataclass
class Components:
    """The components of the city as photos are matched to them, all tables one after the other."""

    table: list[str] = field(default_factory=list)
    fid: list[int] = field(default_factory=list)
    uuid: list[str] = field(default_factory=list)
    code: list[Any] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    state: list[Any] = field(default_factory=list)
    listed: dict[int, list[str]] = field(default_factory=dict)
    source: list[tuple[str, int]] = field(default_factory=list)
    places: list[Any] = field(default_factory=list)

    merged: dict[int, str] = field(default_factory=dict)

    def known(self) -> match.Known:
        """Return what file names are looked up in; what is said of a merged double means the one that goes on."""
        on = self._goes_on()
        codes = ((str(code).lower(), on.get(row, row)) for row, code in enumerate(self.code) if code)
        names = ((name, on.get(row, row)) for row, listed in self.listed.items() for name in listed)
        sources = [(name, on.get(row, row)) for name, row in self.source]
        return match.Known(match.unique(codes), match.unique(sources), match.unique(names), match.several(sources))

    def _goes_on(self) -> dict[int, int]:
        """Return row of a merged component → row of the one that it went into, through any number of mergers."""
        rows = {uuid: row for row, uuid in enumerate(self.uuid)} if self.merged else {}
        found = {}
        for row in self.merged:
            end, steps = row, 0
            while end in self.merged and self.merged[end] in rows and steps < len(self.merged):
                end, steps = rows[self.merged[end]], steps + 1
            found[row] = end
        return found


@dataclass
class Photo:
    """One photo on its way: row of its component (−1 none, −2 two as near, −3 several of its number) and how found."""

    path: str
    facts: PhotoFacts
    row: int = -1
    by: str = ""
    name: str = ""


def read_components(context: Context, store: Store, wanted: str | None) -> Components:
    """Read all components; ``wanted`` names the column of their source that lists photos, else a known one is taken."""
    found = Components()
    columns = ["fid", "uuid", "code", "import_key", "attributes", "photo_count", "state", "merged_uuid", XY]
    field_of: dict[tuple[str, ...], str | None] = {}
    for table in TABLES:
        for part in store.chunks(table, columns):
            context.cancel.check()
            start = len(found.fid)
            found.table += [table] * len(part["fid"])
            found.fid += [int(fid) for fid in part["fid"].tolist()]
            found.uuid += part["uuid"].tolist()
            found.code += part["code"].tolist()
            found.state += part["state"].tolist()
            found.count += [int(n) if n is not None and n == n else 0 for n in part["photo_count"].tolist()]
            found.merged.update((at, uuid) for at, uuid in enumerate(part["merged_uuid"].tolist(), start) if uuid)
            found.places.append(part[XY])
            for at, key in enumerate(part["import_key"].tolist(), start):
                if key and ":" in key:  # ``source:id``
                    found.source.append((match.plain_name(key.split(":", 1)[1]), at))
            for at, text in enumerate(part["attributes"].tolist(), start):
                values = _attributes(text)
                if values:
                    names = tuple(values)
                    if names not in field_of:
                        field_of[names] = match.listed_field(names, wanted)
                    name = field_of[names]
                    if name and values.get(name):
                        found.listed[at] = match.listed_names(values[name])
    return found


def _attributes(text: Any) -> dict[str, Any]:
    if isinstance(text, dict):
        return text
    try:
        values = json.loads(text) if text else {}
    except (TypeError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
