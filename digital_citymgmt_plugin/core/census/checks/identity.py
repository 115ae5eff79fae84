# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of identity: the code's form, county, class and standing in the register."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.check_pack import Params
from digital_citymgmt_plugin.core.census.checks.model import City, Hits, Part, check, hits

_RIGHT = ("", "codes.other_county")  # reasons of ``CodeScheme.check_many`` that are no fault of the form


def _reasons(part: Part, city: City) -> NDArray[np.str_]:
    if "code reasons" not in part.kept:
        part.kept["code reasons"] = city.scheme.check_many(part.columns["code"], city.county)
    reasons: NDArray[np.str_] = part.kept["code reasons"]
    return reasons


@check("component.code_missing")
def code_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components without code."""
    return hits(_reasons(part, city) == "codes.missing")


@check("component.code_form")
def code_form(part: Part, city: City, params: Params) -> Hits:
    """Find codes of a wrong length or with other characters than digits, and those with the number 0."""
    reasons = _reasons(part, city)
    wrong = ~np.isin(reasons, [*_RIGHT, "codes.missing"])
    expected = np.full(part.size, city.scheme.structure, dtype=object)
    return hits(wrong, code=part.columns["code"], structure=expected)


@check("component.code_county")
def code_county(part: Part, city: City, params: Params) -> Hits:
    """Find codes that begin with another county."""
    county = np.full(part.size, city.county, dtype=object)
    return hits(_reasons(part, city) == "codes.other_county", code=part.columns["code"], county=county)


@check("component.code_class")
def code_class(part: Part, city: City, params: Params) -> Hits:
    """Find codes that hold another class than their component has."""
    rows = np.flatnonzero(np.isin(_reasons(part, city), _RIGHT))
    if not len(rows):
        return Hits(rows)
    stated = city.scheme.parts_many(part.columns["code"][rows], "major", "minor")
    own = part.columns["class_code"][rows].astype(str)
    wrong = stated != own
    values = {"code": part.columns["code"][rows][wrong], "class_code": part.columns["class_code"][rows][wrong]}
    return Hits(rows[wrong], values)


@check("component.code_unregistered")
def code_unregistered(part: Part, city: City, params: Params) -> Hits:
    """Find codes that the register does not have."""
    place = _registered(part, city)
    return hits(place == -1, code=part.columns["code"])


@check("component.code_retired")
def code_retired(part: Part, city: City, params: Params) -> Hits:
    """Find codes that were retired although their component is still there."""
    place = _registered(part, city)
    retired = np.zeros(part.size, dtype=bool)
    known = place >= 0
    retired[known] = city.retired[place[known]]
    return hits(retired & part.there, code=part.columns["code"])


@check("component.merged_state")
def merged_state(part: Part, city: City, params: Params) -> Hits:
    """Find merged doubles that are not 移除."""
    gone = part.where("state", lambda value: value == "移除")
    return hits(~part.empty("merged_uuid") & ~gone, state=part.columns["state"])


def _registered(part: Part, city: City) -> NDArray[np.int64]:
    """Return the place in the register, −1 where it is not there, −2 where there is no code of a right form."""
    if "registered" not in part.kept:
        place = np.full(part.size, -2, dtype=np.int64)
        rows = np.flatnonzero(np.isin(_reasons(part, city), _RIGHT))
        codes = as_bytes(part.columns["code"][rows])
        if len(city.register) and len(rows):
            at = np.minimum(np.searchsorted(city.register, codes), len(city.register) - 1)
            place[rows] = np.where(city.register[at] == codes, at, -1)
        else:
            place[rows] = -1
        part.kept["registered"] = place
    result: NDArray[np.int64] = part.kept["registered"]
    return result


def as_bytes(codes: NDArray[Any]) -> NDArray[np.bytes_]:
    """Return codes of digits as bytes: a quarter of the memory of text, and they sort alike."""
    return np.array([code.encode("ascii", "replace") for code in codes.tolist()], dtype=np.bytes_)
