# SPDX-License-Identifier: GPL-2.0-or-later
"""How the columns of a table of cases are read: as said, as remembered for such headings, else guessed and told."""

from __future__ import annotations

import json
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases import fields as known
from digital_citymgmt_plugin.core.cases.column_guess import CaseGuess, Words, guess_case_columns
from digital_citymgmt_plugin.core.cases.coordinates import as_coordinates, as_pair
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.guesses import crs_of_coordinates, plain
from digital_citymgmt_plugin.core.mapping import Mapping, Rule, mapping_from_text
from digital_citymgmt_plugin.core.ports import Context, Source, Store
from digital_citymgmt_plugin.core.request_base import Layer
from digital_citymgmt_plugin.services.intake import find_mapping, open_layer
from digital_citymgmt_plugin.services.placing import city_box

KIND = "cases"
SAMPLE = 1_000  # rows that guesses look at
HEADINGS = "headings"  # in a mapping that is kept: the headings of its source, by which it is known again
_ALIKE = 0.8  # share of the headings that must be the same


@dataclass
class CaseColumns:
    """The mapping of a source, where it is from (``said``, ``recognised``, ``guessed``), and what is to be told."""

    mapping: Mapping
    origin: str
    name: str = ""
    why: MappingType[str, str] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


def sample_of(context: Context, layer: Layer) -> tuple[list[str], dict[str, list[str]]]:
    """Return the headings of a table and the first cells of each column as texts."""
    source = open_layer(context, layer)
    try:
        headings = [item.name for item in source.info.fields]
        chunk = next(iter(source.chunks(SAMPLE)), {})
        texts = {name: [plain(value) for value in chunk[name].tolist()[:SAMPLE]] for name in headings if name in chunk}
        return headings, {name: texts.get(name, []) for name in headings}
    finally:
        source.close()


def words_of(store: Store) -> Words:
    """Return what the city knows, for guesses by example."""
    profile = store.profile()
    codes, names = set[str](), set[str]()
    for kind in profile.kinds:
        codes |= set(profile.class_by_code(kind))
        names |= set(profile.class_by_name(kind))
    names |= {entry.word for entry in profile.synonyms}
    areas = store.read("admin_area", ["level", "name"], [("valid_to", "is null", None)])
    rows = list(zip(areas["level"].tolist(), areas["name"].tolist()))
    return Words(
        codes, names, {str(name) for level, name in rows if level == "community"},
        {str(name) for level, name in rows if level != "community"},
        {entry.name for entry in profile.departments}, city_box(store),
    )  # fmt: skip


def case_columns(context: Context, given: str | None, layer: Layer, source: Source) -> CaseColumns:
    """Decide how the columns of a source are read.

    Raises
    ------
    InputRefused
        As ``intake.find_mapping``.
    """
    if (given or "").strip():
        mapping = find_mapping(context, KIND, given, source, known.FIELDS, known.SYNONYMS)
        return CaseColumns(mapping, "said")
    store = context.need_store()
    headings = [item.name for item in source.info.fields]
    name, text = recognised(store, headings)
    if text:
        mapping = mapping_from_text(text, known.FIELDS)
        note = {"code": "note.mapping_recognised", "values": {"name": name}}
        return CaseColumns(mapping, "recognised", name, notes=[note])
    _, sample = sample_of(context, layer)
    guess = guess_case_columns(sample, words_of(store), placed=source.info.geometry is not None)
    return CaseColumns(as_mapping(guess), "guessed", why=guess.why)


def as_mapping(guess: CaseGuess) -> Mapping:
    """Return a guess as a mapping."""
    options = {"time_format": guess.time_format} if guess.time_format else {}
    rules = {ours: Rule((column,)) for ours, column in guess.fields.items()}
    return Mapping(rules, guess.x or None, guess.y or None, None, guess.null_values, None, options)


def recognised(store: Store, headings: Sequence[str]) -> tuple[str, str]:
    """Return name and text of the mapping kept for a source with such headings, the newest first; "" when none is.

    Most headings must be the same, and every column that the mapping reads must be there.
    """
    there = set(headings)
    rows = store.read("mapping", ["name", "payload"], [("kind", "=", KIND)], order=["fid"])
    found = ("", "")
    for name, payload in zip(rows["name"].tolist(), rows["payload"].tolist()):
        try:
            data = json.loads(payload)
            mapping = mapping_from_text(payload, known.FIELDS)
        except (ValueError, InputRefused):  # of another version of the plugin
            continue
        kept = set(map(str, data.get(HEADINGS) or ()))
        read = {column for rule in mapping.fields.values() for column in rule.columns} | {mapping.x, mapping.y} - {None}
        if kept and read <= there and len(kept & there) >= _ALIKE * len(kept | there):
            found = (str(name), str(payload))
    return found


def remembered(given: str | None, source: Source) -> str | None:
    """Return a mapping in JSON that has a name with the headings of its source; anything else as it is."""
    text = (given or "").strip()
    if not text.startswith("{"):
        return given
    data = json.loads(text)
    if not data.get("name") or data.get(HEADINGS):
        return given
    data[HEADINGS] = [item.name for item in source.info.fields]
    return json.dumps(data, ensure_ascii=False)


def stated_crs(context: Context, layer: Layer, source: Source, columns: CaseColumns) -> CaseColumns:
    """Give the mapping a CRS where its coordinates are columns and nobody said what they are in.

    Places that lie in the city in metres of the store, in degrees, or that name their zone, tell; that is said. Others
    are left: the import refuses them. Columns in which no row has a place are in nothing: the CRS of the store will do.
    """
    mapping = columns.mapping
    if not (mapping.x and mapping.y) or layer.crs or mapping.crs or source.info.crs:
        return columns
    store = context.need_store()
    told = _first_told(context, layer, mapping.x, mapping.y)
    if told is None:
        return replace(columns, mapping=replace(mapping, crs=str(store.meta()["crs"])))
    found = guess_crs(store, *told)
    if not found:
        return columns
    note = {"code": "note.crs_guessed", "values": {"crs": found, "x": mapping.x, "y": mapping.y}}
    return replace(columns, mapping=replace(mapping, crs=found), notes=[*columns.notes, note])


def _first_told(context: Context, layer: Layer, x: str, y: str) -> tuple[list[str], list[str]] | None:
    """Return the two columns of the first rows among which one has a place; None where no row of the table has."""
    source = open_layer(context, layer)
    try:
        for chunk in source.chunks(SAMPLE):
            context.cancel.check()
            if x not in chunk or y not in chunk:
                return [], []
            texts = [plain(value) for value in chunk[x].tolist()], [plain(value) for value in chunk[y].tolist()]
            if _pairs(*texts)[2].any():
                return texts
        return None
    finally:
        source.close()


def _pairs(x: Sequence[str], y: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the numbers of two columns (the same one, when it holds both), and which rows have a place."""
    if x and list(x) == list(y):
        pairs = [as_pair(text) for text in x]
        x, y = [str(one) for one, _ in pairs], [str(other or "") for _, other in pairs]
    east, north = as_coordinates(x), as_coordinates(y)
    return east, north, np.isfinite(east) & np.isfinite(north) & ~((east == 0) & (north == 0))


def guess_crs(store: Store, x: Sequence[str], y: Sequence[str]) -> str:
    """Return the CRS that coordinates are likely in; "" when they do not tell."""
    east, north, good = _pairs(x, y)
    if not good.any():
        return ""
    east, north = np.sort(east[good]), np.sort(north[good])
    middle, cut = len(east) // 2, len(east) // 100  # slips at the ends
    box = city_box(store)
    for one, other in ((east, north), (north, east)):
        if box is not None and box[0] <= one[middle] <= box[2] and box[1] <= other[middle] <= box[3]:
            return str(store.meta()["crs"])
    for one, other in ((east, north), (north, east)):
        inner = one[cut : len(one) - cut], other[cut : len(other) - cut]
        found, _ = crs_of_coordinates(float(inner[0][0]), float(inner[1][0]), float(inner[0][-1]), float(inner[1][-1]))
        if found:
            return found
        if np.abs(inner[0]).max() <= 180 and np.abs(inner[1]).max() <= 180:
            return "EPSG:4490"
    return ""
