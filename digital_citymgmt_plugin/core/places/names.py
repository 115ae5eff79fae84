# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of the gazetteer found in running text: streets, places and areas, the longest one first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

STREET, POINT, AREA = 1, 2, 4

_SIGNS = str.maketrans(
    {"號": "号", "—": "-", "–": "-", "－": "-", "～": "~", "〜": "~", "−": "-", "(": ",", ")": ",", "[": ",",
     "]": ",", "【": ",", "】": ",", "、": ",", "，": ",", "。": ",", ";": ",", "“": "", "”": "", '"': ""}
)  # fmt: skip
_BLANK = re.compile(r"(?<![0-9a-z#.])\s+|\s+(?![0-9a-z#])")
_WORD = re.compile(r"[a-z]+\.?")
# Kinds and directions of streets as North American tables write them, in one short form.
_SHORT = {
    "avenue": "ave", "av": "ave", "street": "st", "road": "rd", "drive": "dr", "boulevard": "blvd", "crescent": "cres",
    "court": "crt", "ct": "crt", "place": "pl", "lane": "ln", "highway": "hwy", "parkway": "pkwy", "square": "sq",
    "terrace": "terr", "circle": "cir", "trail": "trl", "expressway": "expy", "north": "n", "south": "s", "east": "e",
    "west": "w", "saint": "st",
}  # fmt: skip
_KINDS = frozenset(
    ("ave", "st", "rd", "dr", "blvd", "cres", "crt", "pl", "ln", "hwy", "pkwy", "sq", "terr", "cir", "trl", "expy",
     "way", "n", "s", "e", "w", "gate", "line")
)  # fmt: skip
# Behind one of these a Chinese name begins anew; behind another sign it may be the end of a longer, unknown name.
_BEFORE = frozenset("省市区區县縣镇鎮乡鄉道街村里组弄巷社坊路段口在位与和及同至到从自沿往距离的于於近有号處处旁侧内")


@lru_cache(maxsize=262_144)
def fold(text: str) -> str:
    """Return a text in one writing: full-width forms and capitals folded, brackets as commas, street kinds short."""
    plain = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS).lower()
    plain = _BLANK.sub(lambda found: " " if _between_words(plain, found.start(), found.end()) else "", plain)
    if not plain.isascii() and not _WORD.search(plain):
        return plain
    return _WORD.sub(lambda found: _SHORT.get(found[0].rstrip("."), found[0].rstrip(".")), plain)


def _between_words(text: str, start: int, end: int) -> bool:
    return start > 0 and end < len(text) and _is_latin(text[start - 1]) and _is_latin(text[end])


def _is_latin(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign in "#.&")


def without_kind(name: str) -> str:
    """Return a folded Latin street name without kind and direction (``ouellette ave`` → ``ouellette``)."""
    words = name.split(" ")
    while len(words) > 1 and words[-1] in _KINDS:
        words.pop()
    return " ".join(words)


@dataclass(frozen=True)
class Mention:
    """A name found in a text: where, which, what it may be (bits), and whether it surely begins there."""

    start: int
    end: int
    name: str
    kinds: int
    sure: bool


class NameIndex:
    """Names to be found in texts; two first characters lead to the lengths of the names that begin so."""

    def __init__(self) -> None:
        self._kinds: dict[str, int] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}

    def add(self, names: Iterable[str], kind: int) -> None:
        """Take folded names in; one of fewer than two characters is none."""
        lengths: dict[str, set[int]] = {}
        for name in names:
            if len(name) < 2:
                continue
            self._kinds[name] = self._kinds.get(name, 0) | kind
            lengths.setdefault(name[:2], set()).add(len(name))
        for head, found in lengths.items():
            self._lengths[head] = tuple(sorted(found | set(self._lengths.get(head, ())), reverse=True))

    def __contains__(self, name: str) -> bool:
        return name in self._kinds

    def find(self, text: str) -> list[Mention]:
        """Return the names in a folded text from left to right; at each place the longest, none within another."""
        found: list[Mention] = []
        at, last = 0, len(text) - 1
        lengths, kinds = self._lengths, self._kinds
        while at < last:
            tried = lengths.get(text[at : at + 2])
            step = 1
            for length in tried or ():
                name = text[at : at + length]
                kind = kinds.get(name)
                if kind is None or len(name) < length or not _whole(text, at, at + length):
                    continue
                found.append(Mention(at, at + length, name, kind, _begins(text, at, found)))
                step = length
                break
            at += step
        return found


def _whole(text: str, start: int, end: int) -> bool:
    """Tell whether a Latin name stands alone: no letter or digit joins it."""
    first, last = text[start], text[end - 1]
    if first.isascii() and first.isalnum() and start and text[start - 1].isascii() and text[start - 1].isalnum():
        return False
    return not (
        last.isascii() and last.isalnum() and end < len(text) and text[end].isascii() and text[end].isalnum()
    )


def _begins(text: str, start: int, before: list[Mention]) -> bool:
    if not start or (before and before[-1].end == start):
        return True
    sign = text[start - 1]
    return sign.isascii() or sign in _BEFORE
