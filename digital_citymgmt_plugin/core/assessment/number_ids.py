# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts that name one number of a table: printed under tables and in briefs, they open its cases again.

Form: ``count|by=value[;by2=value]|basis|from|to|cut_off[|filter=value,value;…]``. Signs of the form within a value are
written as ``%`` and two hex digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from digital_citymgmt_plugin.core.errors import InputRefused

_ESCAPED = str.maketrans({sign: f"%{ord(sign):02X}" for sign in "%|;=,\n\r"})


@dataclass(frozen=True)
class NumberId:
    """One number: a count (or a sum of counts) of the cases that a row, a column, a period and filters select."""

    count: str
    keys: Mapping[str, str] = field(default_factory=dict)  # by → value; '' is "not known"; none: the total
    basis: str = "filed"
    from_date: str = ""
    to_date: str = ""
    cut_off: str = ""
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    without: str = ""  # "exempt"

    def to_text(self) -> str:
        """Return the text of the id."""
        keys = ";".join(f"{name}={_escape(value)}" for name, value in self.keys.items())
        chosen = [(name, values) for name, values in self.where.items() if values]  # no code: no filter
        filters = [f"{name}={','.join(_escape(value) for value in values)}" for name, values in chosen]
        if self.without:
            filters.append(f"without={_escape(self.without)}")
        parts = [self.count, keys, self.basis, self.from_date, self.to_date, self.cut_off]
        return "|".join([*parts, ";".join(filters)] if filters else parts)


def parse_number_id(text: str) -> NumberId:
    """Return what a text names.

    Raises
    ------
    InputRefused
        ``assess.number_id``.
    """
    parts = text.strip().split("|")
    if len(parts) not in (6, 7) or not parts[0]:
        raise InputRefused("assess.number_id", value=text)
    try:
        keys = {name: unquote(value) for name, value in _pairs(parts[1])}
        where = {name: [unquote(item) for item in value.split(",")] for name, value in _pairs([*parts, ""][6])}
    except ValueError:
        raise InputRefused("assess.number_id", value=text) from None
    without = where.pop("without", [""])[0]
    return NumberId(parts[0], keys, parts[2], parts[3], parts[4], parts[5], where, without)


def _escape(value: str) -> str:
    return value.translate(_ESCAPED)


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for part in text.split(";") if text else []:
        name, sign, value = part.partition("=")
        if not (name and sign):
            raise ValueError(part)
        pairs.append((name, value))
    return pairs
