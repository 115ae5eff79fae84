# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of dates, state and accuracy. Dates are ISO text, as the store holds them."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.census import STATES
from digital_citymgmt_plugin.core.census.check_pack import Params, split
from digital_citymgmt_plugin.core.census.checks.model import City, Hits, Part, check, hits, is_blank

# Greatest position error by accuracy class, in metres (standards: accuracy classes, confirmed by two sources).
ACCURACY_M = {"A": 0.5, "B": 1.0, "C": 10.0}
_BOTH = ("first_on", "changed_on")


def day_of(value: Any) -> str | None:
    """Return the ISO day of a stated date, None when there is none or it is no date."""
    text = "" if value is None else str(value).strip()[:10]
    if text[4:5] != "-" or text[7:8] != "-":  # Python 3.11 takes 20140801 and weeks, too
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def metres_of(accuracy: Any) -> float:
    """Return the greatest error that an accuracy stands for, in metres; NaN when it cannot be read."""
    text = str(accuracy or "").strip().upper().removesuffix("级").removesuffix("M").removesuffix("米").strip()
    if text in ACCURACY_M:
        return ACCURACY_M[text]
    try:
        value = float(text)
    except ValueError:
        return float("nan")
    return value if 0 <= value < 1e6 else float("nan")


def _each(part: Part, tests: Any) -> Hits:
    """Return components of which a date meets the test; of both dates the first one is told."""
    masks = [part.where(name, tests) for name in _BOTH]
    rows = np.flatnonzero(masks[0] | masks[1])
    first = masks[0][rows]
    values = np.where(first, part.columns[_BOTH[0]][rows], part.columns[_BOTH[1]][rows])
    return Hits(rows, {"field": np.where(first, *_BOTH).astype(object), "value": values})


@check("component.first_missing")
def first_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components without first date."""
    return hits(part.empty("first_on"))


@check("component.date_form")
def date_form(part: Part, city: City, params: Params) -> Hits:
    """Find dates that are none."""
    return _each(part, lambda value: not is_blank(value) and day_of(value) is None)


@check("component.date_future")
def date_future(part: Part, city: City, params: Params) -> Hits:
    """Find dates after today."""
    return _each(part, lambda value: (day_of(value) or "") > city.today)


@check("component.date_early")
def date_early(part: Part, city: City, params: Params) -> Hits:
    """Find dates before the first of January of ``year``."""
    limit = f"{int(params['year']):04d}-01-01"
    return _each(part, lambda value: (day_of(value) or "9999") < limit)


@check("component.date_order")
def date_order(part: Part, city: City, params: Params) -> Hits:
    """Find components that changed before they were there."""
    both = np.flatnonzero(~part.empty("first_on") & ~part.empty("changed_on"))
    first, changed = part.columns["first_on"][both], part.columns["changed_on"][both]
    pairs = [(day_of(one), day_of(other)) for one, other in zip(first.tolist(), changed.tolist())]
    wrong = np.array([bool(one and other and other < one) for one, other in pairs], dtype=bool)
    return Hits(both[wrong], {"first": first[wrong], "changed": changed[wrong]})


@check("component.state_missing")
def state_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components without state."""
    return hits(part.empty("state"))


@check("component.state_unknown")
def state_unknown(part: Part, city: City, params: Params) -> Hits:
    """Find states that the standard does not have."""
    mask = part.where("state", lambda value: not is_blank(value) and value not in STATES)
    return hits(mask, state=part.columns["state"])


@check("component.state_date")
def state_date(part: Part, city: City, params: Params) -> Hits:
    """Find components of one of ``states`` that do not say when they came to it."""
    states = split(params["states"])
    mask = part.where("state", lambda value: value in states) & part.empty("changed_on")
    return hits(mask, state=part.columns["state"])


@check("component.accuracy_missing")
def accuracy_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components without accuracy."""
    return hits(part.empty("accuracy"))


@check("component.accuracy_unknown")
def accuracy_unknown(part: Part, city: City, params: Params) -> Hits:
    """Find accuracies that are neither a class nor metres."""
    mask = part.where("accuracy", lambda value: not is_blank(value) and metres_of(value) != metres_of(value))
    return hits(mask, accuracy=part.columns["accuracy"])


@check("component.accuracy_worse")
def accuracy_worse(part: Part, city: City, params: Params) -> Hits:
    """Find components that are less accurate than their class asks for."""
    stated, places = part.distinct("accuracy")
    own = np.array([metres_of(value) for value in stated], dtype=np.float64)[places]
    codes, of_class = part.distinct("class_code")
    asked = [metres_of(city.classes[code].accuracy) if code in city.classes else float("nan") for code in codes]
    limit = np.array(asked, dtype=np.float64)[of_class]
    with np.errstate(invalid="ignore"):
        worse = own > limit + 1e-9
    return hits(worse, accuracy=part.columns["accuracy"], metres=limit)
