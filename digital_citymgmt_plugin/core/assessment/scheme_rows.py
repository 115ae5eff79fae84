# SPDX-License-Identifier: GPL-2.0-or-later
"""Schemes of evaluation as rows of a city profile: a scheme, its terms, its bands (steps of a term, or grades)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SchemeRow:
    """A scheme: what it evaluates, which cases a period selects, what a term without denominator is worth."""

    code: str
    name: str
    object: str = ""
    basis: str = "filed"
    zero_rule: str = "leave_out"
    decimals: int = 2
    source: str = ""
    confidence: str = ""
    note: str = ""


@dataclass(frozen=True)
class TermRow:
    """An indicator in a scheme: how it becomes a score, and its share of the composite (None: none)."""

    scheme: str
    indicator: str
    rule: str = ""
    weight: float | None = None
    direction: str = ""
    sort: int = 0
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class BandRow:
    """Values from ``start`` to below ``stop`` (None: no end): a score of an indicator; a grade where it names none."""

    scheme: str
    indicator: str
    start: float
    stop: float | None = None
    score: float | None = None
    grade: str = ""


def term_key(row: TermRow) -> str:
    """Return what tells one term from another."""
    return f"{row.scheme} {row.indicator}"


def band_key(row: BandRow) -> str:
    """Return what tells one band from another."""
    return f"{row.scheme} {row.indicator} {row.start}"
