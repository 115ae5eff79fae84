# SPDX-License-Identifier: GPL-2.0-or-later
"""The census as arrays for the search of doubles: places, classes, and what tells of one thing: codes and photos."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import GONE, TABLES
from digital_citymgmt_plugin.core.census.duplicates import NOTHING, Evidence
from digital_citymgmt_plugin.core.ports import GEOM, XY, Context, Store

# A shorter number (a manhole's 17) is one of its file alone, and another file has its own 17.
_LEAST = 8
_WORDS = "编码|部件编码|部件代码|部件标识码|标识码|原编码|旧编码|code|objcode|obj_code|objectcode|objid|old_code"
_CODE = re.compile(rf'"(?:{_WORDS})": ?"?([0-9A-Za-z-]{{{_LEAST},40}})"?[,}}]', re.IGNORECASE)


@dataclass(frozen=True)
class Census:
    """All components that may be doubles, as arrays of one row each; ``kind`` is the number of the table.

    ``shapes`` holds the geometries of lines and areas, None for points; ``classes`` numbers in ``class_names``.
    """

    fid: NDArray[np.int64]
    kind: NDArray[np.int64]
    classes: NDArray[np.int64]
    class_names: list[str]
    boxes: NDArray[np.float64]
    shapes: NDArray[Any]
    codes: Evidence
    photos: Evidence
    looks: Evidence


def read_census(context: Context, store: Store) -> Census:
    """Read the components that are neither merged nor gone, with their codes and photos.

    Codes are a component's own, the number that it had in its source and codes among the columns that the mapping did
    not use; of the latter two only those of 8 characters at least, or that stood twice in one source.
    """
    reader = _Reader()
    with_photos = store.count("photo", [("object_uuid", "not null", None)]) > 0
    total, done = sum(store.count(table) for table in TABLES) or 1, 0
    for kind, table in enumerate(TABLES):
        place = GEOM if kind else XY
        names = ["fid", "code", "class_code", "state", "import_key", "attributes", place]
        names += ["uuid"] if with_photos else []
        for part in store.packed(table, names, [("merged_uuid", "is null", None)]):
            context.cancel.check()
            done += len(part["fid"])
            context.progress(0.4 * done / total, "progress.reading_components")
            states = part["state"].tolist()
            if not set(states).isdisjoint(GONE):
                keep = np.array([state not in GONE for state in states])
                part = {name: column[keep] for name, column in part.items()}
            reader.add(kind, part, place)
    return reader.finish(store)


class _Reader:
    def __init__(self) -> None:
        self.size = 0
        self.fids: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        self.kinds: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        self.boxes: list[NDArray[np.float64]] = [np.empty((0, 4))]
        self.shapes: list[NDArray[Any]] = [np.empty(0, dtype=object)]
        self.classes: list[int] = []
        self.class_of: dict[str, int] = {}
        self.codes: list[str] = []  # of every row, "" without one
        self.keys: list[str] = []
        self.texts: list[str] = []  # further codes, and the row of each
        self.rows: list[int] = []
        self.row_of: dict[str, int] = {}

    def add(self, kind: int, part: dict[str, NDArray[Any]], place: str) -> None:
        """Take a chunk in."""
        size, start = len(part["fid"]), self.size
        self.size += size
        self.fids.append(part["fid"])
        self.kinds.append(np.full(size, kind, dtype=np.int64))
        if place == XY:
            self.boxes.append(np.concatenate([part[XY], part[XY]], axis=1))
            self.shapes.append(np.full(size, None, dtype=object))
        else:
            self.boxes.append(shapely.bounds(part[GEOM]).reshape(-1, 4))
            self.shapes.append(part[GEOM])
        number = self.class_of
        codes = part["class_code"].tolist()
        for code in sorted(set(codes) - number.keys()):
            number[code] = len(number)
        self.classes += map(number.__getitem__, codes)
        self.codes += part["code"].tolist()
        self.keys += part["import_key"].tolist()
        self._attributes(start, part["attributes"].tolist())
        if "uuid" in part:
            self.row_of.update(zip(part["uuid"].tolist(), range(start, self.size)))

    def _attributes(self, start: int, attributes: list[str]) -> None:
        """Find codes among the columns that the mapping did not use: one search over all rows of the chunk."""
        text = "\n".join(attributes)
        found = [(match.start(), match[1]) for match in _CODE.finditer(text)]
        if found:
            ends = np.cumsum([len(value) + 1 for value in attributes])
            rows = np.searchsorted(ends, [at for at, _ in found], side="right")
            self.rows += (start + rows).tolist()
            self.texts += [code for _, code in found]

    def _all_codes(self) -> Evidence:
        """Put the codes together with the numbers of the source; ``roads:17#2`` is the second row of number 17 there.

        Of a million rows hardly any share one: those that do are found first, by sets, and only they are numbered. A
        table holds a code once (its index sees to that), so codes are compared with other tables' and other texts.
        """
        keys = self.keys
        seconds = [row for row, key in enumerate(keys) if key.find("#", 1) > 0 and _is_second(key)]
        rows, texts = list(self.rows), list(self.texts)
        for row in seconds:
            rows.append(row)
            texts.append(f":{keys[row].rpartition('#')[0]}")
        again = {keys[row].rpartition("#")[0] for row in seconds}
        firsts = [row for row, key in enumerate(keys) if key in again] if again else []
        rows += firsts
        texts += [f":{keys[row]}" for row in firsts]
        for row, key in enumerate(keys):
            if key and key[0] != "#":
                number = _number(key)
                # A number that is the component's own code says nothing more.
                if number and number != self.codes[row] and len(number) >= _LEAST:
                    rows.append(row)
                    texts.append(number)
        shared = self._shared_codes(texts)
        if shared:
            there = [row for row, code in enumerate(self.codes) if code in shared]
            rows += there
            texts += [self.codes[row] for row in there]
        return _evidence(rows, texts)

    def _shared_codes(self, texts: list[str]) -> set[str]:
        """Return the codes that are in another table or among the texts, too."""
        shared: set[str] = set()
        kinds = np.concatenate(self.kinds)
        ends = np.searchsorted(kinds, np.arange(len(TABLES) + 1)).tolist()
        seen = set(texts)
        parts = sorted((self.codes[start:end] for start, end in zip(ends, ends[1:])), key=len)
        for number, part in enumerate(parts):
            shared.update(seen.intersection(part))
            if number < len(parts) - 1:  # the largest is compared with the others, and put into no set
                seen.update(part)
        return {code for code in shared if len(code) >= _LEAST}

    def finish(self, store: Store) -> Census:
        """Put it together; evidence that one component alone bears is left out."""
        photos = looks = NOTHING
        if self.row_of:
            shots = store.read("photo", ["object_uuid", "sha256", "look"], [("object_uuid", "not null", None)])
            rows = [self.row_of.get(uuid, -1) for uuid in shots["object_uuid"].tolist()]
            photos, looks = (_evidence(rows, shots[name].tolist()) for name in ("sha256", "look"))
        return Census(
            np.concatenate(self.fids), np.concatenate(self.kinds), np.array(self.classes, dtype=np.int64),
            list(self.class_of), np.concatenate(self.boxes), np.concatenate(self.shapes),
            self._all_codes(), photos, looks,
        )  # fmt: skip


def _number(key: str) -> str:
    """Return the number (or code) that a row had in its source."""
    number = key.partition(":")[2] or key.partition("@")[2]
    return number.rpartition("#")[0] if "#" in number and _is_second(number) else number


def _is_second(key: str) -> bool:
    base, mark, count = key.rpartition("#")
    return bool(mark and base and count.isdecimal() and len(count) < 6)


def _evidence(rows: Iterable[int], texts: list[Any]) -> Evidence:
    """Return which rows bear a text that another row bears, too."""
    number: dict[Any, int] = {}
    keys = np.array([number.setdefault(text, len(number)) if text else -1 for text in texts], dtype=np.int64)
    places = np.array(list(rows), dtype=np.int64)
    keep = (keys >= 0) & (places >= 0)
    often = np.bincount(keys[keep], minlength=1)
    keep[keep] = often[keys[keep]] > 1
    return Evidence(places[keep], keys[keep])
