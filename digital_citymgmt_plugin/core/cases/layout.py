# SPDX-License-Identifier: GPL-2.0-or-later
"""The layout of a platform's export, read off a sample of its own: type of each column, how it writes times, its codes.

A column's code list is what stands in the sample, where few values repeat often; a value of ours that is not among them
is a difference to be told, not changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

TIME, WHOLE, NUMBER, TEXT, EMPTY = "time", "whole", "number", "text", "empty"
TIMES = (
    "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%S",
    "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日", "%Y%m%d%H%M%S", "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d",
)  # fmt: skip
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,14}")
_MOST_CODES = 60
_REPEATS = 4  # a code stands at least so often, on average


@dataclass(frozen=True)
class Column:
    """One column: its heading, the kind of its values, the pattern of its times, its code list (empty: none)."""

    name: str
    kind: str
    pattern: str = ""
    codes: frozenset[str] = frozenset()


def column_of(name: str, values: Sequence[str]) -> Column:
    """Tell a column by its values in a sample."""
    there = [value.strip() for value in values if value.strip()]
    if not there:
        return Column(name, EMPTY)
    distinct = frozenset(there)
    pattern = next((one for one in TIMES if all(_is(value, one) for value in distinct)), "")
    if pattern:
        return Column(name, TIME, pattern)
    few = len(distinct) <= _MOST_CODES and len(there) >= _REPEATS * len(distinct)
    codes = distinct if few else frozenset()
    if all(_whole(value) for value in distinct):
        return Column(name, WHOLE, "", codes)
    if all(_number(value) for value in distinct):
        return Column(name, NUMBER)
    return Column(name, TEXT, "", codes)


def written(moment: datetime, pattern: str) -> str:
    """Return a moment as a platform writes it; ``strftime`` of some systems knows no years below 1000."""
    return moment.strftime(pattern or TIMES[0])


def _is(text: str, pattern: str) -> bool:
    try:
        return datetime.strptime(text, pattern).strftime(pattern) == text
    except ValueError:
        return False


def _whole(text: str) -> bool:
    # A leading zero, or more digits than a number holds, is a code and no number.
    return _WHOLE.fullmatch(text) is not None


def _number(text: str) -> bool:
    try:
        return float(text) == float(text) and (text[:1] != "0" or text.startswith("0."))
    except ValueError:
        return False


def differences(sample: Sequence[Column], output: Sequence[Column]) -> list[tuple[str, str, dict[str, str]]]:
    """Return where an export is not as the sample: column, code, values of its sentence."""
    found: list[tuple[str, str, dict[str, str]]] = []
    ours, theirs = [column.name for column in output], [column.name for column in sample]
    if ours != theirs:
        found.append(("", "layout.headings", {"ours": ", ".join(ours)[:300], "theirs": ", ".join(theirs)[:300]}))
        return found
    for theirs_one, ours_one in zip(sample, output):
        name = theirs_one.name
        if EMPTY in (theirs_one.kind, ours_one.kind):
            if ours_one.kind == EMPTY and theirs_one.kind != EMPTY:
                found.append((name, "layout.empty", {"column": name}))
            continue
        if theirs_one.kind != ours_one.kind and not (theirs_one.kind in (NUMBER, TEXT) and ours_one.kind == WHOLE):
            values = {"column": name, "ours": ours_one.kind, "theirs": theirs_one.kind}
            found.append((name, "layout.kind", values))
        elif theirs_one.kind == TIME and theirs_one.pattern != ours_one.pattern:
            values = {"column": name, "ours": ours_one.pattern, "theirs": theirs_one.pattern}
            found.append((name, "layout.time", values))
    return found
