# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of a table for classes, chosen when it was mapped and kept in the profile for all tables."""

from __future__ import annotations

from collections.abc import Mapping

from digital_citymgmt_plugin.core.ports import Columns, Store
from digital_citymgmt_plugin.services.intake import objects

_LONGEST = 200  # characters of a word


def new_synonyms(store: Store, said: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return word, kind and code of the synonyms (word → ``kind:code``) that the profile does not have yet.

    A word that means something there already keeps its meaning; a class that there is none of is left out.
    """
    profile = store.profile()
    known = set(store.read("class_synonym", ["word"])["word"].tolist())
    result = []
    for word, meant in said.items():
        kind, _, code = str(meant).partition(":")
        if 0 < len(word) <= _LONGEST and word not in known and code in profile.class_by_code(kind):
            result.append((word, kind, code))
    return result


def synonym_rows(found: list[tuple[str, str, str]], source: str) -> Columns:
    """Return the rows of ``class_synonym``."""
    words, kinds, codes = zip(*found)
    return {
        "word": objects(words), "kind": objects(kinds), "class_code": objects(codes),
        "source": objects([source] * len(found)),
    }  # fmt: skip
