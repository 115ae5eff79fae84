# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with a scheme of evaluation: weights, directions, bands, names. Each fault says where and how much."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from digital_citymgmt_plugin.core.assessment.expressions import counts_in, parse_counts
from digital_citymgmt_plugin.core.assessment.scheme_rows import BandRow, SchemeRow, TermRow, band_key, term_key
from digital_citymgmt_plugin.core.assessment.schemes import (
    BANDS,
    BASES,
    INVERSE,
    OBJECTS,
    RATE,
    RULES,
    ZERO_RULES,
    Band,
    Scheme,
    Term,
)
from digital_citymgmt_plugin.core.profile import DIRECTIONS, Indicator, Problem

MOST_DECIMALS = 6
SCHEMES, TERMS, BANDS_SHEET = "score_schemes", "score_terms", "score_bands"


def build_scheme(
    row: SchemeRow, terms: Iterable[TermRow], bands: Iterable[BandRow], indicators: Mapping[str, Indicator]
) -> Scheme:
    """Return a scheme from its rows; terms whose indicator is not known are passed over (``check_rows`` tells)."""
    own = [band for band in bands if band.scheme == row.code]
    chosen = sorted((term for term in terms if term.scheme == row.code), key=lambda term: term.sort)
    return Scheme(
        row.code, row.name, row.object,
        tuple(
            Term(indicators[term.indicator], term.rule, term.weight or 0.0, _bands(own, term.indicator), term.direction)
            for term in chosen
            if term.indicator in indicators
        ),
        _bands(own, ""), row.basis or "filed", row.zero_rule or "leave_out", row.decimals, row.source, row.confidence,
        row.note,
    )  # fmt: skip


def _bands(rows: Iterable[BandRow], indicator: str) -> tuple[Band, ...]:
    mine = sorted((row for row in rows if row.indicator == indicator), key=lambda row: row.start)
    return tuple(Band(row.start, row.stop, row.score or 0.0, row.grade) for row in mine)


def check_rows(
    schemes: Sequence[SchemeRow], terms: Sequence[TermRow], bands: Sequence[BandRow], indicators: Sequence[Indicator]
) -> list[Problem]:
    """Return all faults of the schemes of a profile as (code, values); ``table``, ``key``, ``column`` say where."""
    by_code = {indicator.code: indicator for indicator in indicators}
    known = {row.code for row in schemes}
    found: list[Problem] = []
    for row in schemes:
        found += _words(row)
    for term in terms:
        where = {"table": TERMS, "key": term_key(term)}
        if term.scheme not in known:
            found.append(("profile.unknown_score_scheme", {**where, "column": "scheme", "value": term.scheme}))
        if term.indicator not in by_code:
            found.append(("profile.unknown_indicator", {**where, "column": "indicator", "value": term.indicator}))
        if term.rule not in RULES:
            found.append(("profile.wrong_value", {**where, "column": "rule", "value": term.rule}))
        if term.direction not in DIRECTIONS:
            found.append(("profile.wrong_value", {**where, "column": "direction", "value": term.direction}))
        if term.weight is not None and not (math.isfinite(term.weight) and 0 <= term.weight <= 1_000):
            found.append(("profile.wrong_value", {**where, "column": "weight", "value": term.weight}))
    found += _stray_bands(schemes, terms, bands)
    if found:
        return found  # what follows from these needs no sentence of its own
    for row in schemes:
        found += check_scheme(build_scheme(row, terms, bands, by_code))
    return found


def _words(row: SchemeRow) -> Iterable[Problem]:
    where = {"table": SCHEMES, "key": row.code}
    if not row.code.strip() or not row.name.strip():
        yield "profile.no_name", {**where, "column": "name" if row.code.strip() else "code"}
    for column, known in (("object", ("", *OBJECTS)), ("basis", ("", *BASES)), ("zero_rule", ("", *ZERO_RULES))):
        if getattr(row, column) not in known:
            yield "profile.wrong_value", {**where, "column": column, "value": getattr(row, column)}
    if not 0 <= row.decimals <= MOST_DECIMALS:
        yield "profile.wrong_value", {**where, "column": "decimals", "value": row.decimals}


def _stray_bands(schemes: Sequence[SchemeRow], terms: Sequence[TermRow], bands: Sequence[BandRow]) -> Iterable[Problem]:
    known = {row.code for row in schemes}
    stepped = {(term.scheme, term.indicator) for term in terms if term.rule == BANDS}
    for band in bands:
        where = {"table": BANDS_SHEET, "key": band_key(band)}
        if band.scheme not in known:
            yield "profile.unknown_score_scheme", {**where, "column": "scheme", "value": band.scheme}
        elif band.indicator and (band.scheme, band.indicator) not in stepped:
            yield "profile.bands_unused", {**where, "column": "indicator", "value": band.indicator}
        elif not band.indicator and not band.grade.strip():
            yield "profile.wrong_value", {**where, "column": "grade", "value": ""}
        elif band.indicator and not (band.score is not None and 0 <= band.score <= 100):
            yield "profile.wrong_value", {**where, "column": "score", "value": band.score}


def check_scheme(scheme: Scheme) -> list[Problem]:
    """Return what is wrong between the parts of a scheme: weights, rules against directions, bands."""
    where = {"table": SCHEMES, "key": scheme.code, "scheme": scheme.name}
    if not scheme.terms:
        return [("profile.scheme_empty", {**where, "column": "code", "value": scheme.code})]
    where.update({"table": TERMS, "key": f"{scheme.code} {scheme.terms[0].code}"})
    found: list[Problem] = []
    weights = math.fsum(term.weight for term in scheme.terms)
    if scheme.weighted and abs(weights - 1) > 1e-9:
        shares = " + ".join(f"{term.weight:g}" for term in scheme.terms if term.counted)
        found.append(
            ("profile.scheme_weights", {**where, "column": "weight", "value": f"{weights:.10g}", "shares": shares})
        )
    for term in scheme.terms:
        found += _term(scheme, term)
    if scheme.grades:
        found += _tiling(scheme, scheme.grades, {**where, "table": BANDS_SHEET, "indicator": "–"}, 100.0)
    return found


def _term(scheme: Scheme, term: Term) -> Iterable[Problem]:
    where = {"table": TERMS, "key": f"{scheme.code} {term.code}", "scheme": scheme.name, "indicator": term.code}
    if term.counted and not term.rule:
        yield "profile.scheme_rule", {**where, "column": "rule", "value": f"{term.weight:g}"}
    counted = not term.indicator.denominator
    wrong = (term.rule == RATE and term.better == "lower") or (term.rule == INVERSE and term.better == "higher")
    if wrong or (term.rule in (RATE, INVERSE) and counted):
        yield "profile.scheme_direction", {**where, "column": "rule", "value": RULES[term.rule]}
    if term.rule != BANDS:
        return
    place = {**where, "table": BANDS_SHEET}
    if not term.bands:
        yield "profile.bands_missing", {**where, "column": "rule", "value": term.code}
        return
    yield from _tiling(scheme, term.bands, place, math.inf if counted else 100.0)
    scores = [band.score for band in term.bands]
    falls = all(one >= two for one, two in zip(scores, scores[1:]))
    rises = all(one <= two for one, two in zip(scores, scores[1:]))
    if not (falls if term.better == "lower" else rises if term.better == "higher" else falls or rises):
        key = f"{scheme.code} {term.code} {term.bands[0].start}"
        yield (
            "profile.bands_direction",
            {**place, "key": key, "column": "score", "value": " → ".join(f"{s:g}" for s in scores)},
        )


def _tiling(scheme: Scheme, bands: Sequence[Band], where: Mapping[str, Any], top: float) -> Iterable[Problem]:
    """Tell gaps and overlaps: bands start at 0, each where the one before stops, the last has no end."""
    expected = 0.0
    for place, band in enumerate(bands):
        key = f"{scheme.code} {where['indicator'] if where['indicator'] != '–' else ''} {band.start}"
        at = {**where, "key": key, "column": "start", "value": f"{band.start:g}", "other": f"{expected:g}"}
        if band.stop is not None and not band.stop > band.start:
            yield "profile.band_empty", {**at, "column": "stop", "value": f"{band.stop:g}", "other": f"{band.start:g}"}
            return
        if band.start > expected or (place == 0 and band.start > 0):
            yield "profile.band_gap", at
        elif band.start < expected:
            yield "profile.band_overlap", at
        expected = math.inf if band.stop is None else band.stop
    if expected <= top and expected != math.inf:
        yield "profile.band_gap", {**where, "column": "stop", "value": "∞", "other": f"{expected:g}"}


def check_indicator(indicator: Indicator, known: Iterable[str]) -> Iterable[Problem]:
    """Tell counts that nobody knows, and sums that cannot be read. An indicator without denominator is a number."""
    where = {"table": "indicators", "key": indicator.code}
    counts = frozenset(known)
    for column in ("numerator", "denominator"):
        text = getattr(indicator, column)
        if column == "denominator" and not text and not indicator.unit:
            continue
        try:
            parse_counts(text)
        except ValueError:
            yield "profile.unknown_count", {**where, "column": column, "value": text}
            continue
        for name in counts_in(text):
            if name not in counts:
                yield "profile.unknown_count", {**where, "column": column, "value": name}
