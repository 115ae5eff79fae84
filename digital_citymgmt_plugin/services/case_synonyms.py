# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of a table for classes, chosen when it was mapped and kept in the profile for all tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from digital_citymgmt_plugin.core.ports import Action, Store
from digital_citymgmt_plugin.core.profile import ClassSynonym

_LONGEST = 200  # characters of a word


def new_synonyms(store: Store, said: Mapping[str, str], source: str) -> list[ClassSynonym]:
    """Return the synonyms (word → ``kind:code``) that the profile does not have yet.

    A word that means something there already keeps its meaning; a class that there is none of is left out.
    """
    profile = store.profile()
    known = {entry.word for entry in profile.synonyms}
    result = []
    for word, meant in said.items():
        kind, _, code = str(meant).partition(":")
        if 0 < len(word) <= _LONGEST and word not in known and code in profile.class_by_code(kind):
            result.append(ClassSynonym(word, kind, code, source))
    return result


def keep_synonyms(store: Store, action: Action, found: list[ClassSynonym]) -> None:
    """Put synonyms into the profile."""
    profile = store.profile()
    store.save_profile(action, replace(profile, synonyms=(*profile.synonyms, *found)))
