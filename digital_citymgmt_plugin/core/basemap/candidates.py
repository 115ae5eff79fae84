# SPDX-License-Identifier: GPL-2.0-or-later
"""Which component class a symbol of the base map may stand for, and why it is taken for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from digital_citymgmt_plugin.core.basemap.themes import BaseMapping, Cass
from digital_citymgmt_plugin.core.profile import ClassEntry

BY_MAPPING, BY_CODE, BY_NAME = "mapping", "code", "name"
_NONE = "-"  # what a mapping says of a symbol that is no component


@dataclass(frozen=True)
class Proposal:
    """A class for a symbol: its code, name, what it was found by, and other classes that it may be as well."""

    class_code: str
    name: str
    by: str
    word: str
    others: tuple[str, ...] = ()


class Proposer:
    """Finds classes for symbols; asked once for each kind of symbol.

    In order: what the mapping says (by code, block, layer), the component of the SOUTH code, a class whose name is or
    stands in the name of the block or layer (the longest wins: 路灯井盖 before 路灯).
    """

    def __init__(self, classes: Mapping[str, ClassEntry], cass: Cass, mapping: BaseMapping) -> None:
        self._classes = {name: entry for name, entry in classes.items() if entry.enabled}
        self._codes = {entry.code: entry for entry in self._classes.values()}
        self._cass, self._mapping = cass, mapping
        self._names = sorted((name for name in self._classes if len(name) >= 2), key=len, reverse=True)
        self._known: dict[tuple[str | None, str | None, str | None], Proposal | None] = {}

    def propose(self, layer: str | None, block: str | None, code: str | None) -> Proposal | None:
        """Return a class for a symbol, None when nothing speaks for one."""
        key = (layer, block, code)
        if key not in self._known:
            self._known[key] = self._find(*key)
        return self._known[key]

    def _find(self, layer: str | None, block: str | None, code: str | None) -> Proposal | None:
        said = self._mapping.said("component", layer, block, code)
        if said:
            return None if said == _NONE else self._of_words(said, BY_MAPPING, said)
        entry = self._cass.codes.get(code or "")
        if entry is not None:
            return self._of_words(entry.component, BY_CODE, entry.code) if entry.component else None
        for word in (block, layer):
            name = next((one for one in self._names if one in (word or "")), None)
            if name is not None:
                return self._of_words(name, BY_NAME, word or "")
        return None

    def _of_words(self, words: str, by: str, word: str) -> Proposal | None:
        """Take "a|b" (names of one class in different editions) and "a/b" (it may be either)."""
        found = []
        for part in words.split("/"):
            names = (name.strip() for name in part.split("|"))
            entry = next((self._classes.get(name) or self._codes.get(name) for name in names
                          if name in self._classes or name in self._codes), None)  # fmt: skip
            if entry is not None:
                found.append(entry)
        if not found:
            return None
        return Proposal(found[0].code, found[0].name, by, word, tuple(entry.code for entry in found[1:]))
