# SPDX-License-Identifier: GPL-2.0-or-later
"""The house numbers of a street by side: from columns (left, right, odd, even) or from a text.

A range runs in the direction of the line: ``from`` may be larger than ``to``. ``side`` is left or right of that
direction, None where the source tells odd and even only; ``parity`` is odd, even or both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from digital_citymgmt_plugin.core.places.addresses import plain

_ODD, _EVEN = "单奇", "双偶"
_WORD_FIRST = re.compile(r"([单双奇偶])[数号侧]*[::]?(\d{1,5})号?[-~至/](\d{1,5})")
_WORD_LAST = re.compile(r"(\d{1,5})号?[-~至/](\d{1,5})号?\(?([单双奇偶])")
_PLAIN = re.compile(r"(\d{1,5})号?[-~至/](\d{1,5})")

Range = dict[str, Any]


def parity_of(first: int, last: int, stated: str | None = None) -> str:
    """Return the parity of a range: as stated, else odd or even when both ends are, else both."""
    if stated:
        return stated
    if first % 2 != last % 2:
        return "both"
    return "odd" if first % 2 else "even"


def ranges_of(numbers: Mapping[str, int | None], text: str | None = None) -> list[Range]:
    """Return the ranges of one street.

    Parameters
    ----------
    numbers : mapping
        ``left_from``, ``left_to``, ``right_from``, ``right_to``, ``odd_from``, ``odd_to``, ``even_from``, ``even_to``,
        ``number_from``, ``number_to``; 0 and None are nothing, half a range is its other half.
    text : str, optional
        ``单号1-199；双号2-200`` or ``1-200``.
    """
    found: list[Range] = []
    for name in ("left", "right", "odd", "even", "number"):
        first, last = numbers.get(f"{name}_from"), numbers.get(f"{name}_to")
        first, last = first or last, last or first
        if not first or not last:
            continue
        side = name if name in ("left", "right") else None
        stated = name if name in ("odd", "even") else None
        found.append({"side": side, "parity": parity_of(first, last, stated), "from": first, "to": last})
    return found or _from_text(text)


def _from_text(text: str | None) -> list[Range]:
    if not text:
        return []
    folded = plain(text.replace("(", " ").replace(")", " ").replace("（", " ").replace("）", " "))
    stated = [(word, first, last) for word, first, last in _WORD_FIRST.findall(folded)]
    if not stated:
        stated = [(word, first, last) for first, last, word in _WORD_LAST.findall(folded)]
    if not stated:
        stated = [("", first, last) for first, last in _PLAIN.findall(folded)]
    made = []
    for word, first, last in stated:
        parity = "odd" if word and word in _ODD else "even" if word and word in _EVEN else None
        low, high = int(first), int(last)
        made.append({"side": None, "parity": parity_of(low, high, parity), "from": low, "to": high})
    return made


def whole_range(ranges: list[Range]) -> tuple[int | None, int | None]:
    """Return the lowest and the highest number of all sides."""
    ends = [end for item in ranges for end in (item["from"], item["to"])]
    return (min(ends), max(ends)) if ends else (None, None)
