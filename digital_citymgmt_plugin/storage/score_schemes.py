# SPDX-License-Identifier: GPL-2.0-or-later
"""Schemes of evaluation in tables, sheets and the plugin's own presets."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.assessment.scheme_rows import BandRow, SchemeRow, TermRow
from digital_citymgmt_plugin.core.profile import Indicator

_FOLDER = Path(__file__).resolve().parents[1] / "resources" / "profiles"
SCORES = ("score_schemes", "score_terms", "score_bands")  # sheets, and attributes of a profile
SCORE_TABLES: Mapping[str, tuple[str, ...]] = {
    "evaluation_scheme": ("code", "name", "object", "basis", "zero_rule", "decimals", "source", "confidence", "note"),
    "score_term": ("scheme", "indicator", "rule", "weight", "direction", "sort", "source", "confidence"),
    "score_band": ("scheme", "indicator", "start", "stop", "score", "grade"),
}
Scores = dict[str, Any]
AS_WRITTEN = "_as_written"  # ending of the code of a public scheme that is shown with its mistake, never offered


def scheme_row(row: Mapping[str, Any]) -> SchemeRow:
    """Make a scheme from a row."""
    texts = {name: _text(row.get(name)) for name in SCORE_TABLES["evaluation_scheme"] if name != "decimals"}
    decimals = _number(row.get("decimals"))
    defaults = {name: value for name, value in texts.items() if value or name not in ("basis", "zero_rule")}
    return SchemeRow(**defaults, decimals=2 if decimals is None else int(decimals))


def term_row(row: Mapping[str, Any]) -> TermRow:
    """Make a term from a row."""
    texts = {name: _text(row.get(name)) for name in SCORE_TABLES["score_term"] if name not in ("weight", "sort")}
    return TermRow(**texts, weight=_number(row.get("weight")), sort=int(_number(row.get("sort")) or 0))


def band_row(row: Mapping[str, Any]) -> BandRow:
    """Make a band from a row."""
    return BandRow(
        _text(row.get("scheme")), _text(row.get("indicator")), _number(row.get("start")) or 0.0,
        _number(row.get("stop")), _number(row.get("score")), _text(row.get("grade")),
    )  # fmt: skip


def read_scores(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Scores:
    """Return the parts of a profile from rows of the store's tables."""
    return {
        "score_schemes": tuple(scheme_row(row) for row in tables["evaluation_scheme"]),
        "score_terms": tuple(term_row(row) for row in tables["score_term"]),
        "score_bands": tuple(band_row(row) for row in tables["score_band"]),
    }


@cache
def _presets() -> Scores:
    return {
        "score_schemes": tuple(scheme_row(row) for row in _read("schemes")),
        "score_terms": tuple(term_row(row) for row in _read("scheme_terms")),
        "score_bands": tuple(band_row(row) for row in _read("scheme_bands")),
    }


def builtin_scores() -> Scores:
    """Return the plugin's own schemes as parts of a profile, without those that are shown for their mistake."""
    return _chosen(lambda code: not code.endswith(AS_WRITTEN))


def mistaken_scores() -> Scores:
    """Return public schemes as their source has them, with its mistake."""
    return _chosen(lambda code: code.endswith(AS_WRITTEN))


def scores_for(indicators: Sequence[Indicator]) -> Scores:
    """Return the presets for a profile that has no schemes: those whose indicators it has."""
    known = {indicator.code for indicator in indicators}
    lacking = {term.scheme for term in builtin_scores()["score_terms"] if term.indicator not in known}
    return _chosen(lambda code: not code.endswith(AS_WRITTEN) and code not in lacking)


def _chosen(wanted: Any) -> Scores:
    presets = _presets()
    return {
        "score_schemes": tuple(row for row in presets["score_schemes"] if wanted(row.code)),
        **{name: tuple(row for row in presets[name] if wanted(row.scheme)) for name in SCORES[1:]},
    }


def _read(name: str) -> list[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _number(value: Any) -> float | None:
    return None if value is None or value == "" or value != value else float(value)
