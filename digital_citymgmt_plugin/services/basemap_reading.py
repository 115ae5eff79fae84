# SPDX-License-Identifier: GPL-2.0-or-later
"""A drawing or layer file read and put in its place: code page, CRS, exchanged coordinates, strays, themes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.basemap.coordinates import DEGREES, CrsGuess, guesses
from digital_citymgmt_plugin.core.basemap.drawing import AREA, COLUMNS, LINE, MOST, POINT, SAMPLES, Drawing
from digital_citymgmt_plugin.core.basemap.strays import find_strays
from digital_citymgmt_plugin.core.basemap.themes import Themes
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Context
from digital_citymgmt_plugin.services.intake import layer_name, objects
from digital_citymgmt_plugin.services.placing import Box, city_box

_MOST_CORNERS = 60_000_000  # of a layer: some 1 GB
NEAR = 20_000.0  # m: a drawing this near to the city's box is of the city
_CODE_FIELDS = ("southcode", "south", "casscode", "code", "dlbm", "地物编码", "编码", "要素代码")
_TEXT_FIELDS = ("text", "textstring", "label", "注记", "标注")
_KIND = {"Point": POINT, "MultiPoint": POINT, "LineString": LINE, "MultiLineString": LINE, "LinearRing": LINE,
         "Polygon": AREA, "MultiPolygon": AREA}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a base map belongs: the target CRS (None: that of the first drawing) and the city's box in it."""

    crs: str | None
    box: Box | None


@dataclass
class Placed:
    """A drawing in the target's CRS, its strays marked, its entities with themes."""

    drawing: Drawing
    name: str
    crs: str
    crs_evidence: str
    swapped: bool
    stray: NDArray[np.bool_]
    themes: list[str] = field(default_factory=list)
    lost: int = 0


def place_of(context: Context) -> Place:
    """Return where the store's base map belongs."""
    store = context.need_store()
    return Place(store.meta()["crs"], city_box(store))


def read_parts(context: Context, path: str, encoding: str | None) -> Iterator[Drawing]:
    """Read a drawing, or each layer of a layer file that holds something.

    Raises
    ------
    InputRefused
        ``basemap.empty``, ``basemap.too_many_entities``; see ``core.ports.Files.read_drawing`` and ``open_source``.
    """
    if PurePath(path).suffix.lower() not in (".shp", ".gpkg"):
        yield context.files.read_drawing(path, encoding)
        return
    found = False
    for layer in context.files.layers(path):
        try:
            source = context.files.open_source(path, layer=layer, encoding=encoding)
        except InputRefused as error:
            if error.code != "input.empty":
                raise
            continue  # a file of templates has empty layers beside those that were drawn on
        try:
            info = source.info
            if info.geometry is None:
                continue
            rows: list[tuple[Any, ...]] = []
            skipped: dict[str, int] = {}
            corners = 0
            for chunk in source.chunks():
                context.cancel.check()
                _take(chunk, layer, rows, skipped)
                corners += int(shapely.get_num_coordinates(chunk[GEOM]).sum())
                if len(rows) > MOST or corners > _MOST_CORNERS:
                    raise InputRefused("basemap.too_many_entities", file=path, most=MOST)
            if not rows:
                continue
            found = True
            entities = _columns(rows)
            texts = (value for row in rows[:2_000] for value in _texts(row))
            yield Drawing(
                path, info.driver, "", info.encoding, info.encoding_evidence, info.crs, entities, skipped,
                tuple(dict.fromkeys(texts))[:SAMPLES], list(source.notes),
            )  # fmt: skip
        finally:
            source.close()
    if not found:
        raise InputRefused("basemap.empty", file=PurePath(path).name)


def _texts(row: tuple[Any, ...]) -> Iterator[str]:
    if row[6]:
        yield str(row[6])
    for value in (row[11] or {}).values():
        if isinstance(value, str) and value and not value.isdigit():
            yield value[:80]


def _take(chunk: Columns, layer: str, rows: list[tuple[Any, ...]], skipped: dict[str, int]) -> None:
    """Turn features into entities."""
    fields = [name for name in chunk if name not in (ROW, GEOM)]
    code_field = next((name for name in fields if name.lower() in _CODE_FIELDS), None)
    text_field = next((name for name in fields if name.lower() in _TEXT_FIELDS), None)
    columns = [chunk[name].tolist() for name in fields]
    for at, (number, shape) in enumerate(zip(chunk[ROW].tolist(), chunk[GEOM].tolist())):
        kind = _KIND.get(shape.geom_type) if shape is not None and not shape.is_empty else None
        if kind is None:
            name = "no geometry" if shape is None or shape.is_empty else shape.geom_type
            skipped[name] = skipped.get(name, 0) + 1
            continue
        values = {name: _plain(column[at]) for name, column in zip(fields, columns)}
        kept = {name: value for name, value in values.items() if value is not None}
        code, words = (str(kept[name]) if name in kept else None for name in (code_field, text_field))
        for part in shapely.get_parts(shape).tolist() if shape.geom_type == "MultiPoint" else [shape]:
            height = float(shapely.get_coordinates(part, include_z=True)[0, 2]) if part.has_z else None
            rows.append(
                (kind, layer, code, None, shape.geom_type, str(number), words, None, None, height or None, None,
                 kept or None, shapely.force_2d(part))
            )  # fmt: skip


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _columns(rows: list[tuple[Any, ...]]) -> Columns:
    parts = list(zip(*rows)) if rows else [()] * len(COLUMNS)
    return {name: objects(values) for name, values in zip(COLUMNS, parts)}


def place_drawing(
    context: Context, drawing: Drawing, name: str, given_crs: str | None, place: Place, themes: Themes
) -> Placed:
    """Find the CRS of a drawing, put it into the target's and mark what lies far from the rest.

    Raises
    ------
    InputRefused
        ``basemap.empty``, ``basemap.no_crs``, ``basemap.elsewhere``, ``input.crs_unknown``.
    """
    if not len(drawing):
        raise InputRefused("basemap.empty", file=PurePath(drawing.path).name)
    shapes = drawing.entities[GEOM]
    xy = _middles(shapes)
    degrees = bool((np.abs(xy) <= 360.0).all())
    stray = find_strays(xy) if not degrees else np.zeros(len(xy), dtype=bool)
    found = find_crs(context, drawing, xy[~stray], given_crs, place)
    if found.swapped:
        shapes = objects(shapely.transform(shapes, lambda points: points[:, ::-1]).tolist())
    target = place.crs or found.crs
    if not context.projections.same(found.crs, target):
        shapes = context.projections.transform(shapes, found.crs, target)
    good = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes) & np.isfinite(shapely.bounds(shapes)).all(axis=1)
    entities = {column: values[good] for column, values in drawing.entities.items()}
    entities[GEOM] = shapes[good]
    drawing.entities = entities
    keys = zip(*(entities[key].tolist() for key in ("layer", "block", "code")))
    return Placed(
        drawing, name, found.crs, found.evidence, found.swapped, stray[good], [themes.theme(*key) for key in keys],
        int((~good).sum()),
    )  # fmt: skip


def find_crs(context: Context, drawing: Drawing, xy: NDArray[np.float64], given: str | None, place: Place) -> CrsGuess:
    """Return the CRS of a drawing and why: said, stated by the file, or by its coordinates."""
    name = layer_name(drawing.path, None)
    if given or drawing.crs:
        crs = str(given or drawing.crs)
        context.projections.describe(crs)
        swapped = _is_swapped(context, crs, xy, place)
        return CrsGuess(crs, swapped, "crs.given" if given else "crs.stated")
    by_size = guesses(xy)
    if place.crs is None:
        return _only(by_size, name)
    own = [CrsGuess(place.crs, False, "crs.fits_city"), CrsGuess(place.crs, True, "crs.fits_city")]
    if place.box is not None:
        for guess in (*own, *by_size):
            if _is_near(context, guess, xy, place.crs, place.box):
                return CrsGuess(guess.crs, guess.swapped, "crs.fits_city")
        raise InputRefused("basemap.elsewhere", file=name)
    for guess in own:
        if any(one.swapped == guess.swapped and context.projections.same(one.crs, guess.crs) for one in by_size):
            return CrsGuess(guess.crs, guess.swapped, "crs.as_store")
    if by_size:
        return _only(by_size, name)
    if _can_hold(context, place.crs, xy):
        return CrsGuess(place.crs, False, "crs.as_store")
    raise InputRefused("basemap.no_crs", file=name)


def _only(found: list[CrsGuess], file: str) -> CrsGuess:
    sure = [guess for guess in found if guess.evidence != "crs.no_prefix"]
    if not sure:
        raise InputRefused("basemap.no_crs", file=file)
    return sure[0]


def _is_swapped(context: Context, crs: str, xy: NDArray[np.float64], place: Place) -> bool:
    """Tell whether coordinates lie in the city only with x and y exchanged."""
    if place.box is None or place.crs is None:
        return False
    straight, turned = (
        _is_near(context, CrsGuess(crs, swapped, ""), xy, place.crs, place.box) for swapped in (False, True)
    )
    return turned and not straight


def _is_near(context: Context, guess: CrsGuess, xy: NDArray[np.float64], target: str, box: Box) -> bool:
    spot = _middle(xy)[::-1] if guess.swapped else _middle(xy)
    point = objects([shapely.Point(spot)])
    if not context.projections.same(guess.crs, target):
        point = context.projections.transform(point, guess.crs, target)
    if point[0].is_empty:
        return False
    degrees = not context.projections.is_metric(target)
    return bool(shapely.dwithin(point[0], shapely.box(*box), NEAR / 100_000.0 if degrees else NEAR))


def _can_hold(context: Context, crs: str, xy: NDArray[np.float64]) -> bool:
    """Tell whether places lie where a CRS is used."""
    use = context.projections.area_of_use(crs)
    point = context.projections.transform(objects([shapely.Point(_middle(xy))]), crs, DEGREES)[0]
    # A city at the edge of its zone is drawn beyond it: a degree more.
    return use is not None and not point.is_empty and bool(shapely.dwithin(shapely.box(*use), point, 1.0))


def _middle(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    good = xy[np.isfinite(xy).all(axis=1)]
    middle: NDArray[np.float64] = np.median(good, axis=0) if len(good) else np.full(2, np.nan)
    return middle


def _middles(shapes: NDArray[Any]) -> NDArray[np.float64]:
    box = shapely.bounds(shapes)
    middles: NDArray[np.float64] = (box[:, :2] + box[:, 2:]) / 2.0
    return middles


def as_json(value: Any) -> str | None:
    """Return attributes as JSON text, None for none."""
    return json.dumps(value, ensure_ascii=False, default=str) if value else None
