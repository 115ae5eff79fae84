# SPDX-License-Identifier: GPL-2.0-or-later
"""A look at the files that a new city is to be made of: what each is, how it is read, what it tells of the city."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core import guesses
from digital_citymgmt_plugin.core.errors import Cancelled, CityError
from digital_citymgmt_plugin.core.grids.checks import check_cells
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Context, Source
from digital_citymgmt_plugin.core.requests import Layer, SurveyFiles
from digital_citymgmt_plugin.services.intake import base_name, open_layer
from digital_citymgmt_plugin.services.placing import _numbers

_log = logging.getLogger(__name__)
_SAMPLE = 20_000  # rows that are looked at; the others are only counted
_SHEETS = {"settings", "城市"}  # the sheet that every profile workbook has
_CHECKED = 20_000  # grids that are checked for faults before they are taken


def survey_files(context: Context, request: SurveyFiles) -> dict[str, Any]:
    """Look at files and tell what they are; nothing is written.

    A file that holds several layers or sheets gives one entry for each. A file that cannot be read gives an entry with
    ``error`` (code and values), so that one broken file does not hide the others.

    Returns
    -------
    dict
        ``files``: per layer path, layer, role, code_field, name_field, why, rows, geometry, crs, crs_why, encoding,
        encoding_evidence, fields, mapping (our field → column), x, y, faults (rule → number), error, tells (``city`` by
        this layer alone); ``city``: county_code, county_name, edition, crs, crs_why, profile – "" where nothing tells.
    """
    found: list[dict[str, Any]] = []
    clues = _Clues()
    for index, layer in enumerate(request.inputs):
        context.cancel.check()
        context.progress(index / len(request.inputs), "progress.looking", file=base_name(layer.path))
        try:
            for name in [layer.layer] if layer.layer else context.files.layers(layer.path):
                own = _Clues()
                found.append(_look(context, layer, name, own))
                found[-1]["tells"] = own.city(context, found[-1:])
                clues.add(own)
                if found[-1]["role"] == guesses.PROFILE:
                    break
        except Cancelled:
            raise
        except CityError as error:
            found.append(_entry(layer, layer.layer, error={"code": error.code, "values": dict(error.values)}))
        except Exception as error:  # a reader's own words for what nobody thought of; the other files are good
            _log.exception("survey of %s", layer.path)
            values = {"file": layer.path, "detail": str(error) or type(error).__name__}
            found.append(_entry(layer, layer.layer, error={"code": "input.unreadable", "values": values}))
    _lend_crs(found)
    return {"files": found, "city": clues.city(context, found)}


class _Clues:
    """What the rows tell of the city."""

    def __init__(self) -> None:
        self.votes: Counter[str] = Counter()
        self.names: Counter[str] = Counter()
        self.grid_lengths: list[int] = []
        self.object_lengths: list[int] = []
        self.classes: list[str] = []
        self.degrees: list[tuple[float, float]] = []

    def add(self, other: _Clues) -> None:
        """Take over what the rows of one more file tell."""
        self.votes += other.votes
        self.names += other.names
        self.grid_lengths += other.grid_lengths
        self.object_lengths += other.object_lengths
        self.classes += other.classes
        self.degrees += other.degrees

    def take(self, role: str, columns: dict[str, list[Any]], mapping: Any) -> None:
        coded = guesses.code_fields(columns)
        # Areas and grids are the city; a case table may hold a neighbour's.
        weight = 1 if role in (guesses.CASES, guesses.EVENTS, guesses.COMPONENTS) else 1000
        for code, count in guesses.county_votes(columns).items():
            self.votes[code] += count * weight
        word = guesses.county_name(columns)
        if word:
            self.names[word] += 1
        if role == guesses.GRIDS and coded:
            self.grid_lengths.append(coded[0][1])
        if role == guesses.COMPONENTS:
            self.object_lengths += [length for _, length, _ in coded if length >= 16]
        rule = mapping.fields.get("class_code")
        if rule is not None and rule.columns:
            self.classes += [guesses.plain(value) for value in columns.get(rule.columns[0], [])[:1000]]

    def city(self, context: Context, found: list[dict[str, Any]]) -> dict[str, str]:
        areas = (guesses.COMMUNITIES, guesses.GRIDS, guesses.STREETS, guesses.COUNTIES)
        ranked = sorted((one for one in found if one["crs"]), key=lambda one: one["role"] not in areas)
        metric = next((one for one in ranked if context.projections.is_metric(one["crs"])), None)
        crs, why = (metric["crs"], metric["crs_why"] or "guess.crs_file") if metric else ("", "guess.crs_unknown")
        if metric is None and self.degrees:
            middle = np.median(np.array(self.degrees), axis=0)
            crs, why = context.projections.utm_for(float(middle[0]), float(middle[1])), "guess.crs_place"
        if crs:
            authority, number, _, wkt = context.projections.describe(crs)
            crs = f"{authority}:{number}" if number else wkt
        return {
            "county_code": self.votes.most_common(1)[0][0] if self.votes else "",
            "county_name": self.names.most_common(1)[0][0] if self.names else "",
            "edition": guesses.edition_of(self.grid_lengths, self.classes, self.object_lengths),
            "crs": crs, "crs_why": why,
            "profile": next((one["path"] for one in found if one["role"] == guesses.PROFILE), ""),
        }  # fmt: skip


def _entry(layer: Layer, name: str | None, **values: Any) -> dict[str, Any]:
    empty = {
        "role": guesses.OTHER, "code_field": "", "name_field": "", "why": "", "rows": 0, "geometry": None, "crs": "",
        "crs_why": "", "encoding": "", "encoding_evidence": "", "fields": [], "mapping": {}, "x": "", "y": "",
        "faults": {}, "error": None, "box": None, "tells": {},
    }  # fmt: skip
    return {"path": layer.path, "layer": name, **empty, **values}


def _look(context: Context, layer: Layer, name: str | None, clues: _Clues) -> dict[str, Any]:
    ending = layer.path.lower().rsplit(".", 1)[-1]
    if ending in ("xlsx", "xlsm") and _SHEETS & set(context.files.layers(layer.path)):
        return _entry(layer, None, role=guesses.PROFILE, why="guess.by_sheets")
    source = open_layer(context, Layer(layer.path, name, layer.encoding, layer.crs))
    try:
        return _of_source(context, layer, source, clues)
    finally:
        source.close()


def _of_source(context: Context, layer: Layer, source: Source, clues: _Clues) -> dict[str, Any]:
    info = source.info
    chunks = source.chunks(_SAMPLE)
    sample = next(chunks, None)
    headings = [item.name for item in info.fields]
    if sample is None:
        return _entry(layer, info.layer, fields=headings)
    rows, whole = _count(context, info.rows, sample, chunks)
    columns = {name: sample[name].tolist() for name in headings if name in sample}
    crs, why = layer.crs or info.crs or "", "guess.crs_given" if layer.crs else "guess.crs_file" if info.crs else ""
    shapes = sample.get(GEOM)
    metric = _metric(context, shapes, crs) if crs else shapes
    sizes = np.empty(0) if metric is None else shapely.area(metric[shapely.get_dimensions(metric) == 2])
    polygons = len(sizes) > 0
    area = float(np.median(sizes)) if polygons else None
    geometry = info.geometry
    if geometry == "Unknown":
        geometry = "Polygon" if polygons else "Point"
    guess = guesses.guess_role(f"{base_name(info.path)} {info.layer or ''}", geometry, columns, area)
    mapping = guesses.mapping_of(guess.role, headings)
    box = _box(shapes, columns, mapping.x, mapping.y)
    if not crs and box is not None:
        crs, why = guesses.crs_of_coordinates(*box)
    clues.take(guess.role, columns, mapping)
    if box is not None and crs:
        clues.degrees += _degrees(context, box, crs)
    faults = _faults(metric, columns, guess) if guess.role == guesses.GRIDS and whole and polygons else {}
    return _entry(
        layer, info.layer, role=guess.role, code_field=guess.code_field, name_field=guess.name_field, why=guess.why,
        rows=rows, geometry=geometry, crs=crs, crs_why=why, encoding=info.encoding or "",
        encoding_evidence=info.encoding_evidence, fields=headings,
        mapping={ours: ", ".join(rule.columns) for ours, rule in mapping.fields.items()},
        x=mapping.x or "", y=mapping.y or "", faults=faults, box=box,
    )  # fmt: skip


def _count(context: Context, stated: int | None, sample: Columns, chunks: Any) -> tuple[int, bool]:
    """Return how many rows there are and whether the sample is all of them; a text table is read to its end."""
    rows = len(sample[ROW])
    if stated is not None:
        return stated, stated <= rows
    for chunk in chunks:
        context.cancel.check()
        rows += len(chunk[ROW])
    return rows, rows == len(sample[ROW])


def _metric(context: Context, shapes: Any, crs: str) -> Any:
    """Return shapes in metres, for areas and faults only; as they are when their CRS cannot be used."""
    if shapes is None or context.projections.is_metric(crs):
        return shapes
    flat = np.asarray(shapely.force_2d(shapes), dtype=object)
    box = _box(flat, {}, None, None)
    degrees = _degrees(context, box, crs) if box is not None else []
    if not degrees:
        return flat
    return context.projections.transform(flat, crs, context.projections.utm_for(*degrees[0]))


def _degrees(context: Context, box: tuple[float, float, float, float], crs: str) -> list[tuple[float, float]]:
    """Return the middle of a box in degrees, nothing when it is no place on Earth."""
    middle = np.array([shapely.Point((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)], dtype=object)
    try:
        x, y = shapely.get_coordinates(context.projections.transform(middle, crs, "EPSG:4326"))[0].tolist()
    except (CityError, IndexError):
        return []
    return [(x, y)] if -180 <= x <= 180 and -90 <= y <= 90 else []


def _box(shapes: Any, columns: dict[str, list[Any]], x: str | None, y: str | None) -> Any:
    """Return west, south, east, north of most of the coordinates; the outermost hundredth on each side is left out."""
    if shapes is not None:
        bounds = shapely.bounds(shapes)
        bounds = bounds[np.isfinite(bounds).all(axis=1)]
        places = (bounds[:, :2] + bounds[:, 2:]) / 2
    elif x in columns and y in columns:
        given = [np.array(columns[name], dtype=object) for name in (x, y) if name is not None]
        places = np.column_stack([_numbers(values) for values in given])
        places = places[np.isfinite(places).all(axis=1) & (places != 0).all(axis=1)]
    else:
        return None
    if not len(places):
        return None
    low, high = np.percentile(places, (1, 99), axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _faults(shapes: Any, columns: dict[str, list[Any]], guess: guesses.Guess) -> dict[str, int]:
    """Count the faults of grids, as their adoption will list them; and codes that stand twice."""
    flat = np.asarray(shapely.force_2d(shapes), dtype=object)
    counted = Counter(issue.rule for issue in check_cells(flat[:_CHECKED]))
    codes = Counter(text for text in map(guesses.plain, columns.get(guess.code_field, [])) if text)
    twice = sum(count - 1 for count in codes.values())
    if guess.code_field and twice:
        counted["grid.code_twice"] = twice
    if guess.code_field:
        lacking = len(flat) - sum(codes.values())
        counted.update({"grid.code_missing": lacking} if lacking else {})
    return dict(counted)


def _lend_crs(found: list[dict[str, Any]]) -> None:
    """Give a file of metres without CRS that of a file whose coordinates lie around the same place."""
    known = [one for one in found if one["crs"] and one["box"]]
    for one in found:
        if one["crs"] or not one["box"]:
            continue
        box = one["box"]
        for other in known:
            reach = 20_000.0 if abs(other["box"][0]) > 180 else 0.0
            near = all(abs(box[axis] - other["box"][axis]) < reach for axis in range(4))
            if near:
                one["crs"], one["crs_why"] = other["crs"], "guess.crs_other"
                break
