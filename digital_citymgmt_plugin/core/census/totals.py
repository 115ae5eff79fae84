# SPDX-License-Identifier: GPL-2.0-or-later
"""Totals of the census that must tie: however components are counted, all come to one number (C16)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

NOTHING = ""  # the key of components that state nothing


@dataclass(frozen=True)
class Tie:
    """One comparison: ``by`` how it was counted (and, of a part, ``key``), the sum, and what it has to come to."""

    by: str
    key: str
    total: int
    expected: int
    blank: int = 0  # of the sum those that state nothing
    unknown: int = 0  # of the sum those that state what no catalogue has

    @property
    def ties(self) -> bool:
        """Tell whether both are equal."""
        return self.total == self.expected


def tie_all(tables: Mapping[str, Counter[str]], expected: int, known: Mapping[str, Collection[str]]) -> list[Tie]:
    """Compare the sum of every table with the number of components that the store counts by itself.

    ``known``: by table the keys that its catalogue has; tables without a catalogue are left out.
    """
    ties = []
    for by, counts in tables.items():
        lost = [] if by not in known else [key for key in counts if key != NOTHING and key not in known[by]]
        odd = sum(counts[key] for key in lost)
        ties.append(Tie(by, NOTHING, sum(counts.values()), expected, counts[NOTHING], odd))
    return ties


def tie_parts(by: str, parts: Counter[str], parent: Mapping[str, str], wholes: Counter[str]) -> list[Tie]:
    """Compare what the parts of each whole add up to with what was counted for the whole itself.

    Parameters
    ----------
    by : str
        What is compared, e.g. ``grid_community``: unit grids added up by community against communities.
    parts, wholes : Counter
    parent : mapping
        Part → whole. Parts without one, and those that state nothing, add up to ``NOTHING``.

    Returns
    -------
    list of Tie
        One for every whole that has components or parts with components, in the order of its key.
    """
    added: Counter[str] = Counter()
    for key, count in parts.items():
        added[parent.get(key, NOTHING)] += count
    keys = sorted({*added, *wholes})
    return [Tie(by, key, added[key], wholes[key]) for key in keys if added[key] or wholes[key]]
