# SPDX-License-Identifier: GPL-2.0-or-later
"""Which component a photo shows: by its file's name, which crews choose, else by the place that the camera noted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
# Columns of a census in which crews note the names of photos; they stand in ``attributes`` after an import.
LISTED = (
    "照片", "照片名", "照片名称", "照片编号", "照片文件", "图片", "photo", "photos", "photoname", "picture",
    "image", "pic",
)  # fmt: skip
_NUMBER = re.compile(r"[\s_\-]*(?:[(（]\d{1,3}[)）]|[\s_\-]\d{1,3}|[\s_\-][a-z])$")  # _1, -2, (3), _a
_PARTS = re.compile(r"[\s_\-()（）]+")
_SPLIT = re.compile(r"[,，;；|、\n]+")
CLEAR = 1.5  # the second nearest must be this many times farther, else the place does not tell which it is


@dataclass(frozen=True)
class Known:
    """What file names are looked up in: code, source id and listed name → row of the components.

    ``several``: source ids that more than one component bears (two inventories of the same things).
    """

    by_code: Mapping[str, int]
    by_source: Mapping[str, int]
    by_listed: Mapping[str, int]
    several: frozenset[str] = frozenset()


def plain_name(name: str) -> str:
    """Return a file name as it is compared: without folders, ending and blanks around, in lower case."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1].strip().lower()
    for ending in ENDINGS:
        if base.endswith(ending):
            return base[: -len(ending)].strip()
    return base


def listed_names(value: Any) -> list[str]:
    """Return the names that a cell lists."""
    return [name for name in map(plain_name, _SPLIT.split(str(value))) if name]


def listed_field(names: Iterable[str], wanted: str | None = None) -> str | None:
    """Return the column in which photos are listed: the one named, else the first known."""
    folded = {re.sub(r"[\s_\-]", "", name).lower(): name for name in reversed(list(names))}
    if wanted:
        return wanted
    return next((folded[name] for name in LISTED if name in folded), None)


def unique(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return key → row of the keys that name one row only: what is ambiguous names nothing."""
    found: dict[str, int] = {}
    twice = set()
    for key, row in pairs:
        if key in found and found[key] != row:
            twice.add(key)
        found[key] = row
    return {key: row for key, row in found.items() if key not in twice}


def several(pairs: Iterable[tuple[str, int]]) -> frozenset[str]:
    """Return the keys that name more than one row."""
    found: dict[str, int] = {}
    return frozenset(key for key, row in pairs if found.setdefault(key, row) != row)


def _tries(stem: str) -> list[str]:
    """Return the whole name, the name without a number behind it, and its first part, each once."""
    return list(dict.fromkeys(part for part in (stem, _NUMBER.sub("", stem), _PARTS.split(stem)[0]) if part))


def is_ambiguous(name: str, known: Known) -> bool:
    """Tell whether a file bears the number of several components."""
    return any(part in known.several for part in _tries(plain_name(name)))


def match_name(name: str, known: Known) -> tuple[int, str] | None:
    """Return row and how it was found (``name``: listed, ``code``, ``source``) for a file name, None for none.

    Listed names go first, then the whole name, then the name without a number behind it, then its first part.
    """
    stem = plain_name(name)
    tries = _tries(stem)
    if stem in known.by_listed:
        return known.by_listed[stem], "name"
    for key in tries:
        if key in known.by_code:
            return known.by_code[key], "code"
    for key in tries:
        if key in known.by_source:
            return known.by_source[key], "source"
    return None


def nearest(places: NDArray[np.float64], components: NDArray[np.float64], tolerance: float) -> list[int]:
    """Return the row of the nearest component per photo; −1 none within ``tolerance`` (m), −2 two as near.

    Parameters
    ----------
    places, components : (n, 2) arrays
        In one metric CRS.
    """
    if not len(components) or not len(places):
        return [-1] * len(places)
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(np.isfinite(components).all(axis=1))
    if not len(rows):
        return [-1] * len(places)
    good = np.isfinite(places).all(axis=1)
    tree = cKDTree(components[rows])
    found = [-1] * len(places)
    distances, indexes = tree.query(places[good], k=min(2, len(rows)), distance_upper_bound=tolerance)
    pairs = zip(np.flatnonzero(good), np.atleast_2d(distances.T).T, np.atleast_2d(indexes.T).T)
    for place, near, index in pairs:
        if not np.isfinite(near[0]):
            continue
        clear = len(near) == 1 or not np.isfinite(near[1]) or near[1] >= CLEAR * near[0]
        # On the very spot of one component and clear of the next, or nothing can be said.
        found[int(place)] = int(rows[index[0]]) if clear and not (len(near) > 1 and near[1] == 0.0) else -2
    return found


def folder_name(code: Any, uuid: Any) -> str:
    """Return what a component's photos are named by: its code, else its uuid; nothing that leaves a folder."""
    text = re.sub(r"[^0-9A-Za-z\-]", "", str(code or "")) or re.sub(r"[^0-9A-Za-z\-]", "", str(uuid or ""))
    return text[:64] or "unnamed"


def distance_of_looks(one: str, two: str) -> int:
    """Return in how many of 64 bits two perceptual hashes differ; below some 6 the photos look the same."""
    return bin(int(one, 16) ^ int(two, 16)).count("1")


def count_by(rows: Sequence[int]) -> dict[int, int]:
    """Count rows."""
    values, counts = np.unique(np.asarray(rows, dtype=np.int64), return_counts=True)
    return dict(zip(values.tolist(), counts.tolist()))
