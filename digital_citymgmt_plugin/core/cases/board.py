# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases as columns of numbers: a million of them are filtered and sorted faster than a window draws.

A board is filled part by part (``add``) and kept up to date case by case (``apply``). It holds what is filtered, sorted
and counted by; what a page of a list shows is read from the store by ``fid``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CODED = (
    "kind", "class_code", "source", "stage", "dept_code", "grid_code", "community_code", "street_code", "limit_unit",
    "place_method",
)  # fmt: skip
MOMENTS = ("reported_at", "filed_at", "due_at", "closed_at", "clock_from", "parked_until")
NUMBERS = (
    "emergency", "parked", "appealed", "returns", "reworks", "extensions", "supervised", "extension_asked",
    "appeal_open", "unowned", "remediated",
)  # fmt: skip
TEXTS = ("case_no", "address", "description")
# How many characters of a text are sorted by; four make one number.
SORTED_TEXTS: Mapping[str, int] = {"case_no": 24, "address": 16}
PLACED, AMBER = "placed", "amber_at"
SORTS = (*CODED, *MOMENTS, *NUMBERS, *SORTED_TEXTS)
NEVER = np.iinfo(np.int64).max  # of a moment that is not known: comes last
Ints = NDArray[np.int64]


class Text:
    """The texts of many cases as one, so that a word is looked for in all of them at once."""

    def __init__(self, fids: Ints, texts: Sequence[str]) -> None:
        plain = [text.replace("\n", " ") for text in texts]
        self.fids, self.joined = fids, "\n".join(plain).casefold()
        if len(self.joined) != sum(map(len, plain)) + max(0, len(plain) - 1):  # a letter that grew (ß): one by one
            self.joined = "\n".join(text.casefold() for text in plain)
            plain = self.joined.split("\n")
        self.ends = np.cumsum([len(text) + 1 for text in plain], dtype=np.int64)

    def find(self, word: str) -> Ints:
        """Return the cases whose text has a word (casefolded, no line break)."""
        hits: list[int] = []
        at, find = 0, self.joined.find
        ends, row = self.ends.tolist(), 0
        while (at := find(word, at)) >= 0:
            row = bisect_right(ends, at, row)
            hits.append(row)
            at = ends[row]
        return self.fids[hits] if hits else np.empty(0, dtype=np.int64)


class Board:
    """Columns of cases in the order of ``fid``."""

    def __init__(self) -> None:
        self.fids: Ints = np.empty(0, dtype=np.int64)
        self.values: dict[str, NDArray[Any]] = {}
        self.words: dict[str, list[str]] = {name: [""] for name in CODED}
        self._codes: dict[str, dict[str, int]] = {name: {"": 0} for name in CODED}
        self._parts: list[tuple[Ints, dict[str, NDArray[Any]]]] = []
        self._texts: list[Text] = []
        self._newer: dict[int, str] = {}
        self._orders: dict[str, NDArray[np.int64]] = {}
        self.version = 0

    def __len__(self) -> int:
        return len(self.fids)

    # -- filling --------------------------------------------------------------------------------------------------

    def add(self, fids: Ints, columns: Mapping[str, NDArray[Any]]) -> None:
        """Take a part of the cases, later ones than those before; ``seal`` makes one of all parts.

        ``columns``: of ``CODED`` and ``TEXTS`` texts ("" for none), of ``MOMENTS`` datetime64[ms], of ``NUMBERS``
        numbers, ``PLACED`` booleans, ``AMBER`` datetime64[ms].
        """
        self._parts.append((fids, self._numbers(columns)))
        self._texts.append(Text(fids, _joined(columns)))

    def _numbers(self, columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        made: dict[str, NDArray[Any]] = {}
        for name in CODED:
            codes, words = self._codes[name], self.words[name]
            texts = columns[name].tolist()
            for text in dict.fromkeys(texts):
                if text not in codes:
                    codes[text] = len(words)
                    words.append(text)
            made[name] = np.fromiter(map(codes.__getitem__, texts), dtype=np.int32, count=len(texts))
        for name in (*MOMENTS, AMBER):
            moments = columns[name].astype("datetime64[ms]")
            made[name] = np.where(np.isnat(moments), NEVER, moments.astype(np.int64))
        for name in NUMBERS:
            made[name] = np.clip(columns[name].astype(np.int64), -1, 32_000).astype(np.int16)
        made[PLACED] = columns[PLACED].astype(bool)
        for name, size in SORTED_TEXTS.items():
            made[f"{name}#"] = sort_keys(columns[name].tolist(), size)
        return made

    def seal(self) -> None:
        """Make one of the parts."""
        if not self._parts:
            if not self.values:
                self.values = self._numbers({name: np.empty(0, dtype=object) for name in _ALL})
            return
        had = [(self.fids, self.values)] if len(self.fids) else []
        parts = [*had, *self._parts]
        self.fids = np.concatenate([fids for fids, _ in parts])
        self.values = {name: np.concatenate([values[name] for _, values in parts]) for name in parts[0][1]}
        self._parts, self._orders = [], {}
        self.version += 1

    def apply(self, fids: Ints, columns: Mapping[str, NDArray[Any]], gone: Ints) -> None:
        """Write over, add (``fids`` with ``columns``, ascending) and take away (``gone``) single cases."""
        made = self._numbers(columns)
        self.version += 1
        for fid, text in zip(fids.tolist(), _joined(columns)):
            self._newer[fid] = text.casefold()
        at = np.searchsorted(self.fids, fids)
        known = np.zeros(len(fids), dtype=bool)
        inside = at < len(self.fids)
        known[inside] = self.fids[at[inside]] == fids[inside]
        same = {
            name for name in SORTED_TEXTS if np.array_equal(self.values[f"{name}#"][at[known]], made[f"{name}#"][known])
        }
        for name, values in made.items():
            self.values[name][at[known]] = values[known]
        new = ~known
        if new.any():
            self.fids = np.insert(self.fids, at[new], fids[new])
            for name, values in made.items():
                self.values[name] = np.insert(self.values[name], at[new], values[new], axis=0)
        left = ~np.isin(self.fids, gone) if len(gone) else None
        if left is not None and not left.all():
            self.fids = self.fids[left]
            self.values = {name: values[left] for name, values in self.values.items()}
            same = set()
        keep = same if not new.any() else set()
        self._orders = {name: order for name, order in self._orders.items() if name in keep}

    # -- asking ---------------------------------------------------------------------------------------------------

    def rows_of(self, fids: Ints) -> NDArray[np.int64]:
        """Return where cases stand; those that are not here are left out."""
        at = np.searchsorted(self.fids, fids)
        inside = at < len(self.fids)
        at, fids = at[inside], fids[inside]
        return np.asarray(at[self.fids[at] == fids])

    def having(self, name: str, words: Sequence[str]) -> NDArray[np.bool_]:
        """Return which cases have one of some words in a column of ``CODED``."""
        codes = [self._codes[name][word] for word in words if word in self._codes[name]]
        if len(codes) == 1:
            return np.asarray(self.values[name] == codes[0])
        chosen = np.zeros(len(self.words[name]), dtype=bool)
        chosen[codes] = True
        return np.asarray(chosen[self.values[name]])

    def tally(self, name: str, mask: NDArray[np.bool_] | None = None) -> dict[str, int]:
        """Count cases by the word of a column of ``CODED``."""
        codes = self.values[name] if mask is None else self.values[name][mask]
        counts = np.bincount(codes, minlength=len(self.words[name])).tolist()
        return {word: count for word, count in zip(self.words[name], counts) if count}

    def find(self, text: str) -> NDArray[np.bool_]:
        """Return which cases have all words of a text in number, address or description, whatever the case."""
        found = np.ones(len(self), dtype=bool)
        for word in text.casefold().split():
            hits = np.zeros(len(self), dtype=bool)
            for part in self._texts:
                fids = part.find(word)
                if len(fids):
                    hits[self.rows_of(fids)] = True
            if self._newer:
                hits[self.rows_of(np.array(sorted(self._newer), dtype=np.int64))] = False
                fresh = sorted(fid for fid, told in self._newer.items() if word in told)
                hits[self.rows_of(np.array(fresh, dtype=np.int64))] = True
            found &= hits
        return found

    def ordered(self, rows: NDArray[np.int64], name: str, *, descending: bool) -> NDArray[np.int64]:
        """Return rows sorted by a column; equal ones by entry, those without a value last."""
        few = len(rows) * 8 < len(self)
        if few:
            at = self._sorted(name, rows)
            result = rows[at]
        else:
            order = self._orders.get(name)
            if order is None:
                order = self._orders[name] = self._sorted(name, np.arange(len(self)))
            if len(rows) == len(self):
                result = order
            else:
                chosen = np.zeros(len(self), dtype=bool)
                chosen[rows] = True
                result = order[chosen[order]]
        if not descending:
            return result
        missing = self._missing(name)[result]
        return np.concatenate([result[~missing][::-1], result[missing]])

    def sort_steps(self, name: str) -> Iterator[None]:
        """Make the order of a text of ``SORTED_TEXTS`` ready in steps, so that others are served between them."""
        if name in self._orders:
            return
        keys = self.values[f"{name}#"]
        order = np.arange(len(self))
        for column in reversed(range(keys.shape[1])):
            part = keys[:, column][order]
            if len(part) and (part[0] != part[-1] or (part != part[0]).any()):
                order = order[np.argsort(part, kind="stable")]
            yield
        missing = self._missing(name)[order]
        self._orders[name] = np.concatenate([order[~missing], order[missing]])

    def _missing(self, name: str) -> NDArray[np.bool_]:
        if name in SORTED_TEXTS:
            return np.asarray(self.values[f"{name}#"][:, 0] == 0)
        if name in CODED:
            return np.asarray(self.values[name] == 0)
        return np.asarray(self.values[name] == NEVER) if name in MOMENTS else np.zeros(len(self), dtype=bool)

    def _sorted(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        if name in SORTED_TEXTS:
            keys = self.values[f"{name}#"][rows]
            missing = keys[:, 0] == 0
            return np.asarray(np.lexsort((*(keys[:, at] for at in reversed(range(keys.shape[1]))), missing)))
        values = self.values[name][rows]
        if name in CODED:
            words = self.words[name]
            rank = np.empty(len(words), dtype=np.int32)
            rank[sorted(range(len(words)), key=lambda at: (not words[at], words[at]))] = np.arange(len(words))
            values = rank[values]
        return np.asarray(np.argsort(values, kind="stable"))


_ALL = (*CODED, *MOMENTS, AMBER, *NUMBERS, PLACED, *TEXTS)


def _joined(columns: Mapping[str, NDArray[Any]]) -> list[str]:
    return ["\t".join(parts) for parts in zip(*(columns[name].tolist() for name in TEXTS))]


def sort_keys(texts: Sequence[str], size: int) -> NDArray[np.uint64]:
    """Return the first ``size`` characters of texts as numbers, four to each, that sort as the texts do.

    Characters beyond the basic plane sort as the last one of it.
    """
    fixed = np.array([text[:size] for text in texts] or [""], dtype=f"U{size}")
    units = np.minimum(fixed.view(np.uint32).reshape(len(fixed), size), 0xFFFF).astype(">u2")
    return np.ascontiguousarray(units).view(">u8").astype(np.uint64)[: len(texts)]
