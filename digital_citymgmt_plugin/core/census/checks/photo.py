# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of photos: how many, where and when they were taken."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.check_pack import Params
from digital_citymgmt_plugin.core.census.checks.dates import day_of
from digital_citymgmt_plugin.core.census.checks.model import City, Hits, Part, Photos, check


def _photos(part: Part, city: City) -> Photos:
    if "photos" not in part.kept:
        none = np.empty(0, dtype=object)
        empty = Photos(np.empty(0, dtype=np.int64), np.empty((0, 2)), none, none)
        part.kept["photos"] = city.photos(part) if city.photos is not None else empty
    photos: Photos = part.kept["photos"]
    return photos


def _stated(part: Part) -> NDArray[np.int64]:
    values, places = part.distinct("photo_count")
    counts = np.array([int(value) if isinstance(value, (int, float)) and value > 0 else 0 for value in values])
    return counts.astype(np.int64)[places]


@check("component.photo_few")
def photo_few(part: Part, city: City, params: Params) -> Hits:
    """Find components with fewer photos than their class asks for.

    Photos of the store count; where it holds none at all, those that the components state.
    """
    codes, places = part.distinct("class_code")
    wanted = np.array([city.classes[code].photos if code in city.classes else 0 for code in codes], dtype=np.int64)
    asked = wanted[places]
    there = np.bincount(_photos(part, city).owner, minlength=part.size) if city.has_photos else _stated(part)
    rows = np.flatnonzero((there < asked) & part.there)
    return Hits(rows, {"count": there[rows], "wanted": asked[rows]})


@check("component.photo_row_missing")
def photo_row_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components that state more photos than the store holds; nothing is said where it holds none at all."""
    if not city.has_photos:
        return Hits(np.empty(0, dtype=np.int64))
    there, stated = np.bincount(_photos(part, city).owner, minlength=part.size), _stated(part)
    rows = np.flatnonzero((there < stated) & part.there)
    return Hits(rows, {"count": there[rows], "stated": stated[rows]})


@check("component.photo_far")
def photo_far(part: Part, city: City, params: Params) -> Hits:
    """Find components with a photo taken farther than ``metres`` away; the farthest is told."""
    photos = _photos(part, city)
    away = np.hypot(*(photos.xy - part.xy[photos.owner]).T) if len(photos.owner) else np.empty(0)
    with np.errstate(invalid="ignore"):
        far = np.flatnonzero(away > params["metres"])
    order = far[np.lexsort((-away[far], photos.owner[far]))]
    rows, first = np.unique(photos.owner[order], return_index=True)
    return Hits(rows, {"photo": photos.name[order[first]], "metres": np.round(away[order[first]])})


@check("component.photo_old")
def photo_old(part: Part, city: City, params: Params) -> Hits:
    """Find components with a photo taken more than ``days`` before their first date."""
    limit: dict[Any, str] = {}
    for value in part.distinct("first_on")[0]:
        day = day_of(value)
        limit[value] = _before(day, params["days"]) if day else ""
    return _first(part, city, lambda day, row: day < limit[part.columns["first_on"][row]])


@check("component.photo_future")
def photo_future(part: Part, city: City, params: Params) -> Hits:
    """Find components with a photo taken more than ``days`` after today."""
    limit = (date.fromisoformat(city.today) + timedelta(days=int(params["days"]))).isoformat()
    return _first(part, city, lambda day, _: day > limit)


def _before(day: str, days: float) -> str:
    try:
        return (date.fromisoformat(day) - timedelta(days=int(days))).isoformat()
    except OverflowError:
        return ""


def _first(part: Part, city: City, wrong: Any) -> Hits:
    photos = _photos(part, city)
    found: dict[int, int] = {}
    for index, (row, value) in enumerate(zip(photos.owner.tolist(), photos.day.tolist())):
        day = day_of(value)
        if day is not None and row not in found and wrong(day, row):
            found[row] = index
    rows = np.array(sorted(found), dtype=np.int64)
    at = np.array([found[row] for row in rows.tolist()], dtype=np.int64)
    return Hits(rows, {"photo": photos.name[at], "day": photos.day[at]})
