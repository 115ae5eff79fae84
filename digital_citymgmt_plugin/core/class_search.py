# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding a class by what a person types: its code, its name, its pinyin, the initials of it, or a mix of these.

``0101``, ``井盖``, ``shangshuijinggai``, ``ssjg`` and ``shangsjg`` all find 上水井盖. The pinyin comes from outside
(``readings``); without it code and name still find.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

_TEXTS = ("kind", "code", "name", "major_name", "kind_name")
Readings = tuple[tuple[str, ...], ...]  # per character its possible syllables, without tones


@dataclass(frozen=True)
class ClassKey:
    """A class as it is searched for and shown."""

    kind: str
    code: str
    name: str
    major_name: str = ""
    kind_name: str = ""
    readings: Readings = ()


def key_from_dict(row: Mapping[str, Any]) -> ClassKey:
    """Make a key of a row of ``ListClasses``."""
    readings = tuple(tuple(str(one) for one in some) for some in row.get("readings") or ())
    kind, code, name, major, title = (str(row.get(key) or "") for key in _TEXTS)
    return ClassKey(kind, code, name, major, title, readings)


def search(keys: Sequence[ClassKey], text: str, limit: int = 50) -> list[ClassKey]:
    """Return the classes that fit, the best first; all (up to ``limit``) when nothing is typed.

    Best is the code itself, then a code that begins so, the name itself, a name that begins so or holds it, pinyin
    from the first character on, pinyin from a later one on, and last a major class of this name. Equal ones stay in
    the order of the table.
    """
    wanted = "".join(text.split()).lower()
    if not wanted:
        return list(keys[:limit])
    ranked = [(rank, place) for place, key in enumerate(keys) if (rank := _rank(key, wanted)) is not None]
    return [keys[place] for _, place in sorted(ranked)[:limit]]


def _rank(key: ClassKey, text: str) -> int | None:
    name = key.name.lower()
    tests: Iterable[bool]
    tests = (key.code == text, key.code.startswith(text), name == text, name.startswith(text), text in name)
    for rank, fits in enumerate(tests):
        if fits:
            return rank
    if text.isascii() and not text.isdigit():
        start = _spelt_from(key.readings, text)
        if start is not None:
            return 5 if start == 0 else 6
    return 7 if text in key.major_name.lower() else None


def _spelt_from(readings: Readings, text: str) -> int | None:
    """Return the first character from which on the text spells the name, each syllable whole or begun."""

    @cache
    def fits(at: int, place: int) -> bool:
        if at == len(text):
            return True
        if place == len(readings):
            return False
        return any(
            fits(at + length, place + 1)
            for syllable in readings[place]
            for length in range(1, len(syllable) + 1)
            if text.startswith(syllable[:length], at)
        )

    return next((start for start in range(len(readings)) if fits(0, start)), None)
