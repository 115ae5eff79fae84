# SPDX-License-Identifier: GPL-2.0-or-later
"""A look at a file of unit grids before it is adopted: which field has the codes, which CRS its coordinates fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.codes import CodeScheme
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.guesses import code_fields, crs_of_coordinates, plain
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Context
from digital_citymgmt_plugin.core.requests_draft import PreviewGrids
from digital_citymgmt_plugin.services.grid_rows import DRAFTED_BY
from digital_citymgmt_plugin.services.intake import base_name, city_box, layer_name, objects, open_layer
from digital_citymgmt_plugin.services.placing import finite

_SAMPLE = 2_000  # rows that guesses look at
_SHOWN = 8
_MOSTLY = 0.5  # of a vendor's codes some are missing, double or foreign
_CODE_WORDS = ("wgbm", "bgcode", "gridcode", "网格编码", "网格代码", "单元网格编码", "网格编号", "编码", "code")
_BEAT_WORDS = ("责任网格", "责任区", "beat", "zrwg", "dutygrid")
_NEAR = 20_000.0  # m outside the city's areas: what lies farther was read in a wrong CRS
_GEOGRAPHIC = ("EPSG:4490", "EPSG:4326")


def preview_grids(context: Context, request: PreviewGrids) -> dict[str, Any]:
    """Read the head of a file of unit grids; nothing is written.

    Returns
    -------
    dict
        ``name``, ``layer``, ``rows`` (None: only reading tells), ``geometry``, ``encoding``; ``fields``; ``code_field``
        and ``beat_field`` guessed ("" none); ``sample``: first rows as texts; ``stated``: CRS that the file or the
        request states (""), ``crs``: the one that fits ("" unknown), ``crs_why``: code of a sentence; ``drafted``:
        whether a draft of ours. The CRS stated is proposed unless it puts the grids out of the city and another one
        puts them in it.

    Raises
    ------
    InputRefused
        What cannot be read; ``input.no_geometry``, ``input.empty``.
    """
    store = context.need_store()
    source = open_layer(context, request.input)
    file = base_name(request.input.path)
    try:
        info = source.info
        if info.geometry is None:
            raise InputRefused("input.no_geometry", file=file, layer=request.input.layer or "")
        fields = [item.name for item in info.fields]
        chunk = next(iter(source.chunks(_SAMPLE)), None)
        if chunk is None or not len(chunk[ROW]):
            raise InputRefused("input.empty", file=file, layer=request.input.layer or "")
        texts = {name: [plain(value) for value in chunk[name].tolist()] for name in fields if name in chunk}
        stated = request.input.crs or info.crs or ""
        crs, why = _fitting(context, stated, bool(request.input.crs), np.asarray(chunk[GEOM], dtype=object))
        return {
            "counts": {}, "tables": [], "notes": [], "name": layer_name(info.path, info.layer),
            "layer": info.layer or "", "rows": info.rows, "geometry": info.geometry,
            "encoding": info.encoding or "", "fields": fields,
            "code_field": _code_field(texts, store.profile().grid_scheme, store.meta()["county_code"]),
            "beat_field": _by_words(fields, _BEAT_WORDS),
            "sample": [list(row) for row in zip(*(texts[name][:_SHOWN] for name in texts))],
            "stated": stated, "crs": crs, "crs_why": why, "drafted": DRAFTED_BY in fields,
        }  # fmt: skip
    finally:
        source.close()


def _fold(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _by_words(fields: list[str], words: tuple[str, ...]) -> str:
    """Return the field whose name is, else holds, one of some words, the earlier word first; "" for none."""
    folded = {_fold(name): name for name in reversed(fields)}
    for word in words:
        if word in folded:
            return folded[word]
    return next((name for word in words for key, name in folded.items() if len(word) > 3 and word in key), "")


def _code_field(texts: dict[str, list[str]], scheme: CodeScheme, county: str) -> str:
    """Return the field with codes of unit grids: by its values, else by its name; "" for none."""
    best, most = "", 0.0
    for name, values in texts.items():
        given = [value for value in values if value]
        if len(given) < _MOSTLY * len(values):
            continue
        reasons = scheme.check_many(np.array(given, dtype=str), county)
        share = float((reasons == "").mean()) if len(given) else 0.0
        # Of a field that repeats one code there is no grid to be told apart.
        different = len(set(given)) / len(given) if given else 0.0
        if share >= _MOSTLY and different >= _MOSTLY and share * different > most:
            best, most = name, share * different
    if best:
        return best
    grids = scheme.length - 1  # digits, in the edition with the shorter codes
    foreign = [name for name, length, different in code_fields(texts) if length >= grids and different > _MOSTLY]
    return foreign[0] if foreign else _by_words(list(texts), _CODE_WORDS)


def _fitting(context: Context, stated: str, said: bool, shapes: NDArray[Any]) -> tuple[str, str]:
    """Return the CRS in which the shapes lie in the city, and the code of a sentence that says why.

    One that the user ``said`` is not put in doubt.
    """
    drawn = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & finite(shapes)]
    if said or not len(drawn):
        return stated, "guess.crs_given" if said else "guess.crs_unknown"
    boxes = shapely.bounds(drawn)
    places = shapely.points((boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2)
    if stated and _in_city(context, places, stated):
        return stated, "guess.crs_file"
    for candidate in _candidates(context, boxes):
        if candidate != stated and _in_city(context, places, candidate):
            return candidate, "guess.crs_instead" if stated else "guess.crs_fits"
    if stated:
        return stated, "guess.crs_far" if city_box(context.need_store()) else "guess.crs_file"
    west, south, east, north = (float(value) for value in np.median(boxes, axis=0))
    guess, why = crs_of_coordinates(west, south, east, north)
    return ("", "guess.crs_unknown") if city_box(context.need_store()) else (guess, why)


def _candidates(context: Context, boxes: NDArray[np.float64]) -> list[str]:
    """Return what surveys of this place come in: the store's CRS, degrees, zones of CGCS2000 (3° and 6°), UTM."""
    west, south, east, north = (float(value) for value in np.median(boxes, axis=0))
    if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
        return list(_GEOGRAPHIC)
    store = context.need_store()
    target, box = store.meta()["crs"], city_box(store)
    found = [target]
    if box is not None:
        middle = objects([shapely.Point((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)])
        centre = context.projections.transform(middle, target, "EPSG:4326")[0]
        longitude = float(centre.x)
        nearest = round((longitude - 75) / 3)
        for zone in (nearest, nearest - 1, nearest + 1):
            if 0 <= zone <= 20:  # central meridians 75° to 135°: without and with the zone in the easting
                found += [f"EPSG:{4534 + zone}", f"EPSG:{4513 + zone}"]
        six = round((longitude - 75) / 6)
        if 0 <= six <= 10:
            found += [f"EPSG:{4502 + six}", f"EPSG:{4491 + six}"]
        found.append(context.projections.utm_for(longitude, float(centre.y)))
    return list(dict.fromkeys(found))


def _in_city(context: Context, places: NDArray[Any], crs: str) -> bool:
    """Tell whether most places lie in or near the city when read in a CRS; False while the city has no areas."""
    store = context.need_store()
    box = city_box(store)
    if box is None:
        return False
    moved = places if context.projections.same(crs, store.meta()["crs"]) else context.projections.transform(
        places, crs, store.meta()["crs"]
    )  # fmt: skip
    xy = shapely.bounds(moved)[:, :2]
    with np.errstate(invalid="ignore"):
        inside = (xy >= np.array(box[:2]) - _NEAR).all(axis=1) & (xy <= np.array(box[2:]) + _NEAR).all(axis=1)
    return bool(inside.mean() > _MOSTLY)
