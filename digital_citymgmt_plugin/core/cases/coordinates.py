# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinates as tables of cases carry them: decimal, in degrees and minutes, two in a cell, zone in front."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_PARTS = re.compile(
    r"(?P<before>[NSEW东西南北]|[东西]经|[南北]纬)?\s*(?P<sign>[-+])?(?P<degrees>\d{1,3})\s*(?:°|度|º|˚|d)\s*"
    r"(?:(?P<minutes>\d{1,2}(?:\.\d+)?)\s*(?:['′’‘]|分|m)\s*)?"
    r"(?:(?P<seconds>\d{1,2}(?:\.\d+)?)\s*(?:[\"″”“]|''|′′|秒|s)\s*)?(?P<behind>[NSEW])?",
    re.IGNORECASE,
)
_LETTERED = re.compile(
    r"(?:(?P<before>[NSEW])\s*)?(?P<number>\d{1,3}(?:\.\d+)?)\s*°?\s*(?P<behind>[NSEW])?", re.IGNORECASE
)
_SPLIT = re.compile(r"\s*[,，;；、|/]\s*|\s+")
_LONGEST = 80  # characters; a longer text is no coordinate


def as_coordinate(value: Any) -> float:
    """Return a coordinate as a number (degrees or metres); NaN for what is none.

    Understood beside numbers: ``120°35′12.5″``, ``东经120度35分``, ``E120.5``, ``31.2N``, ``3,521,002.4``, full-width
    digits. South and west are negative.
    """
    if value is None or isinstance(value, bool):
        return np.nan
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return np.nan
    text = unicodedata.normalize("NFKC", value).strip()
    try:
        return float(text) if "_" not in text else np.nan
    except ValueError:
        pass  # other writings follow
    if _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    found = _PARTS.fullmatch(text)
    if found:
        minutes, seconds = float(found["minutes"] or 0), float(found["seconds"] or 0)
        if minutes >= 60 or seconds >= 60:
            return np.nan
        size = float(found["degrees"]) + minutes / 60 + seconds / 3600
        return -size if found["sign"] == "-" or _is_negative(found["before"] or found["behind"]) else size
    found = _LETTERED.fullmatch(text)
    if found and (found["before"] or found["behind"]):
        size = float(found["number"])
        return -size if _is_negative(found["before"] or found["behind"]) else size
    return np.nan


def _is_negative(letter: str | None) -> bool:
    return bool(letter) and str(letter).upper()[0] in "SW西南"


def as_pair(value: Any) -> tuple[Any, Any]:
    """Split a cell that holds both coordinates (``120.5,31.2``) into two; (value, None) when there is one only."""
    if not isinstance(value, str):
        return value, None
    text = unicodedata.normalize("NFKC", value).strip().strip("()[]{}").strip()
    if text.upper().startswith("POINT"):
        text = text[5:].strip().strip("()").strip()
    parts = [part for part in _SPLIT.split(text) if part] if len(text) <= 2 * _LONGEST else []
    return (parts[0], parts[1]) if len(parts) == 2 else (value, None)


def as_coordinates(values: Sequence[Any]) -> NDArray[np.float64]:
    """Return a column of coordinates as numbers; see ``as_coordinate``."""
    return np.array([as_coordinate(value) for value in values], dtype=np.float64)


def zone_crs(easting: float) -> str | None:
    """Return the CRS (CGCS2000) that the zone in front of an easting names, None when there is none.

    39 500 000 is zone 39 of 3 degrees, 20 500 000 zone 20 of 6 degrees (EPSG:4513 and EPSG:4491 are the first ones).
    """
    if not np.isfinite(easting):
        return None
    zone, rest = divmod(easting, 1_000_000)
    if not 100_000 <= rest <= 900_000:
        return None
    if 25 <= zone <= 45:
        return f"EPSG:{4513 + int(zone) - 25}"
    if 13 <= zone <= 23:
        return f"EPSG:{4491 + int(zone) - 13}"
    return None
