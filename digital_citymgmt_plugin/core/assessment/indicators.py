# SPDX-License-Identifier: GPL-2.0-or-later
"""Rates over named counts, which of them a scheme shows, and their formulas in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.counts import KNOWN, OWN
from digital_citymgmt_plugin.core.assessment.expressions import counts_in, in_words
from digital_citymgmt_plugin.core.assessment.scores import half_up, indicator_value
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.profile import CountDefinition, Indicator

NOTHING = "–"  # a rate over nothing is no number; no source gives a rule, 0 or 100 % would both be claims

# Codes of indicators by scheme. A city's own schemes are in its profile (table ``score_scheme``).
SCHEMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "default": ("disposal_rate", "disposal_on_time_rate", "closing_rate", "closing_on_time_rate"),
        # Published report of Qidong: 26,775 disposed of 27,844 filed are 96.16 %; for 61.99 % closed on time the
        # numerator is not published: 17,261 of 27,844 is nearest to it.
        "qidong": (
            "disposal_rate_of_filed", "disposal_on_time_rate", "closing_rate", "closing_on_time_rate",
            "closing_on_time_rate_of_filed",
        ),
    }
)  # fmt: skip
# Counts that every table shows, beside those that its indicators use.
SHOWN = (
    "reported", "filed", "dispatched", "to_be_disposed", "disposed", "disposed_on_time", "to_be_closed", "closed",
    "closed_on_time", "pending", "on_time", "overdue", "timeliness_missing", "reworked", "extended", "parked", "voided",
)  # fmt: skip


def choose_indicators(
    scheme: str, indicators: Sequence[Indicator], own: Mapping[str, Sequence[str]] | None = None
) -> tuple[Indicator, ...]:
    """Return the indicators of a scheme, in its order.

    Parameters
    ----------
    scheme : str
        ``default``, ``qidong``, ``all`` (every indicator of the profile), or one of ``own``. A profile that has none
        of the default's indicators shows all it has.
    indicators : sequence of Indicator
        Those of the city profile.
    own : dict, optional
        The city's schemes: lists of indicator codes by name.

    Raises
    ------
    InputRefused
        ``assess.scheme`` when there is no such scheme, or the profile lacks an indicator that it names.
    """
    schemes = {**SCHEMES, **(own or {})}
    if scheme == "all":
        return tuple(indicators)
    by_code = {indicator.code: indicator for indicator in indicators}
    if scheme not in schemes:
        raise InputRefused("assess.scheme", value=scheme, known=", ".join([*sorted(schemes), "all"]))
    codes = [str(code) for code in schemes[scheme]]
    found = tuple(by_code[code] for code in codes if code in by_code)
    if scheme == "default":
        return found or tuple(indicators)
    missing = [code for code in codes if code not in by_code]
    if missing:
        raise InputRefused("assess.indicator", value=missing[0], scheme=scheme, known=", ".join(sorted(by_code)))
    return found


def shown_counts(indicators: Sequence[Indicator], known: Iterable[str] = KNOWN) -> tuple[str, ...]:
    """Return the codes of the counts that a table shows, in the order of ``known``, that of a case's life."""
    used = counts_in(*(text for item in indicators for text in (item.numerator, item.denominator)))
    return tuple(code for code in known if code in used or code in SHOWN)


def shown_values(indicator: Indicator, counts: Mapping[str, NDArray[Any]], rows: int) -> list[float | int | str]:
    """Return an indicator by row as tables show it: half up to two decimals, ``–`` without denominator or count."""
    if any(code not in counts for code in counts_in(indicator.numerator, indicator.denominator)):
        return [NOTHING] * rows
    value = indicator_value(indicator, counts)
    if not indicator.denominator:
        return list(value.numerator.tolist())
    return [NOTHING if np.isnan(item) else item for item in half_up(value.value, 2).tolist()]


def count_names(definitions: Sequence[CountDefinition], words: Words | None = None) -> dict[str, str]:
    """Return the names of counts by code."""
    words = words or Words()
    names = {code: code for code in KNOWN}
    names.update((code, name) for code, (name, _, _) in OWN.items())
    names.update((definition.code, definition.name) for definition in definitions)
    return {code: words.name(code, name) for code, name in names.items()}


def formula_lines(
    indicators: Sequence[Indicator], definitions: Sequence[CountDefinition], words: Words | None = None
) -> list[str]:
    """Return the formula of each indicator, then what each count in it means."""
    words = words or Words()
    names = count_names(definitions, words)
    meaning = {
        definition.code: definition.definition_zh or definition.definition
        if words.chinese
        else definition.definition or definition.definition_zh
        for definition in definitions
    }
    meaning.update((code, chinese if words.chinese else english) for code, (_, chinese, english) in OWN.items())
    lines: list[str] = []
    used: list[str] = []
    for indicator in indicators:
        said, codes = (_said(indicator, name) for name in (lambda code: names.get(code, "?"), str))
        unit = " × 100 %" if indicator.unit == "%" else ""
        formula = f"{indicator.code} = {codes.replace(' ÷ ', ' / ')}"
        lines.append(f"{words.name(indicator.code, indicator.name)} = {said}{unit}  ({formula})")
        used += counts_in(indicator.numerator, indicator.denominator)
    for code in dict.fromkeys(used):
        if code in meaning:
            lines.append(words.say("table.meaning", name=names[code], code=code, meaning=meaning[code]))
    return lines


def _said(indicator: Indicator, name: Callable[[str], str]) -> str:
    """Return the formula of an indicator; a number of cases has no denominator."""
    if not indicator.denominator:
        return in_words(indicator.numerator, name, brackets=False)
    return f"{in_words(indicator.numerator, name)} ÷ {in_words(indicator.denominator, name)}"
