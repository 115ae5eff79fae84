# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding the community of a case by what it is called, and comparing stated names of areas with the map's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

# ``place_method`` of a case: what its text says, read with the gazetteer (``core.cases.whereabouts``); a person on the
# map; the component it names.
BY_TEXT = ("door", "number", "crossing", "between", "poi", "landmark", "street")
BY_HAND = "hand"
COMPONENT = "component"
# How a point came that the map cannot tell better: finding grid and community by it does not change its method.
POINTED = (*BY_TEXT, BY_HAND, COMPONENT)

# Longest first: 社区居民委员会 must not leave 社区居民 behind.
_COMMITTEES = ("居民委员会", "村民委员会", "居委会", "村委会", "委员会", "居委")
_KINDS = ("社区", "村")
# ending → kind; the longest endings first
_AREA_KINDS = {
    "街道办事处": "街道", "办事处": "街道", "街道": "街道", "地区": "地区", "新区": "区", "社区": "社区",
    "街": "街道", "镇": "镇", "鎮": "镇", "乡": "乡", "鄉": "乡", "区": "区", "區": "区", "市": "市", "县": "县",
    "縣": "县", "里": "里", "村": "村",
}  # fmt: skip
_SPACE = re.compile(r"[\s·・．.,,、::;;()()]+")


@lru_cache(maxsize=65_536)
def plain_name(name: str) -> str:
    """Return a name in one writing: full-width forms folded, blanks and points taken out, small letters."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", name)).lower()


@lru_cache(maxsize=65_536)
def community_keys(name: str) -> tuple[str, str, str]:
    """Return three keys of a community's name, each looser: as written, without 居委会, without 社区 or 村."""
    exact = plain_name(name)
    bare = exact
    for ending in _COMMITTEES:
        if bare.endswith(ending) and len(bare) > len(ending):
            bare = bare[: -len(ending)]
            break
    core = bare
    for ending in _KINDS:
        if core.endswith(ending) and len(core) > len(ending):
            core = core[: -len(ending)]
            break
    return exact, bare, core


@dataclass
class CommunityIndex:
    """Communities by name.

    Parameters
    ----------
    codes, names : sequences of str
    above : sequence of sequences of str
        For each community the names and codes of the areas above it: they tell namesakes apart.
    """

    codes: Sequence[str]
    names: Sequence[str]
    above: Sequence[Sequence[str]] = ()
    _by_key: tuple[dict[str, list[int]], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._by_key = ({}, {}, {})
        for index, name in enumerate(self.names):
            for level, key in enumerate(community_keys(str(name))):
                self._by_key[level].setdefault(key, []).append(index)

    def find(self, name: str, stated_area: str | None = None) -> tuple[str | None, list[str]]:
        """Find a community.

        The name as written is tried first, then without 居委会 and the like, then without 社区 or 村; a looser key is
        only used when a stricter one found nothing.

        Returns
        -------
        code : str or None
        candidates : list of str
            Codes found when they are several and ``stated_area`` (district or street) does not single one out.
        """
        for level, key in enumerate(community_keys(name)):
            found = self._by_key[level].get(key)
            if not found:
                continue
            if len(found) > 1 and stated_area and self.above:
                inside = [index for index in found if any(same_area(stated_area, area) for area in self.above[index])]
                found = inside or found
            if len(found) == 1:
                return self.codes[found[0]], []
            return None, [self.codes[index] for index in found]
        return None, []


@lru_cache(maxsize=65_536)
def area_parts(name: str) -> tuple[str, str]:
    """Return the name of an area without its kind, and the kind (永康區 → 永康, 区), '' when it says none."""
    plain = plain_name(name)
    for ending, kind in _AREA_KINDS.items():
        if plain.endswith(ending) and len(plain) > len(ending):
            return plain[: -len(ending)], kind
    return plain, ""


@lru_cache(maxsize=262_144)
def same_area(stated: str, name: str) -> bool:
    """Tell whether a stated name of an area means the area of this name.

    It does when both are equal, when one lacks the kind (永康, 永康區; also 左鎮, 左鎮區, where 鎮 is part of the
    name), or when they write the same kind in other words (街道, 街道办事处). Other kinds are other areas: 後壁區 is
    not 後壁里.
    """
    one, two = plain_name(stated), plain_name(name)
    if not one or not two:
        return False
    (core, kind), (other, other_kind) = area_parts(stated), area_parts(name)
    return one in (two, other) or two == core or (core == other and kind == other_kind)


def agrees(stated: str, names: Iterable[str]) -> bool:
    """Tell whether a stated area is one of the names of the areas that hold the case (any level)."""
    return any(same_area(stated, name) for name in names if name)
