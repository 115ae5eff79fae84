# SPDX-License-Identifier: GPL-2.0-or-later
"""The sentences of a brief: templates in which names in braces stand for what a run says.

A row is ``code``, ``section`` (its heading; sentences of one heading stand together), ``each`` (empty, or the list that
it is repeated for) and ``text``. A name that there is not is refused; a sentence that asks for a number that this run
has not (no period before, a denominator of 0) is left out, so that no sentence is printed with a gap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Callable, Optional, Union

from digital_citymgmt_plugin.core.assessment.brief import clean
from digital_citymgmt_plugin.core.errors import InputRefused

COLUMNS = ("code", "section", "each", "text")
LISTS = ("terms", "risers", "best", "worst")
MOST_ROWS, MOST_LETTERS = 300, 2000
_NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_NAME = re.compile(r"\{([A-Za-z0-9_.]+)\}")
Said = Optional[str]
Lookup = Callable[[str], Said]  # raises KeyError for a name that there is not
Item = Mapping[str, Union[str, None]]


@dataclass(frozen=True)
class Text:
    """A sentence before it is filled."""

    code: str
    section: str
    each: str
    text: str


def read_texts(rows: Sequence[Mapping[str, str]], file: str) -> tuple[Text, ...]:
    """Return the sentences of a table.

    Raises
    ------
    InputRefused
        ``brief.texts`` (columns, too many or too long rows), ``brief.each``.
    """
    if not rows or any(name not in rows[0] for name in COLUMNS) or len(rows) > MOST_ROWS:
        raise InputRefused("brief.texts", file=file, columns=", ".join(COLUMNS), most=MOST_ROWS, letters=MOST_LETTERS)
    found = []
    for row in rows:
        code, section, each, text = (clean(str(row.get(name) or "")).strip() for name in COLUMNS)
        if not text:
            continue
        if len(text) > MOST_LETTERS:
            raise InputRefused(
                "brief.texts", file=file, columns=", ".join(COLUMNS), most=MOST_ROWS, letters=MOST_LETTERS
            )
        if each and each not in LISTS:
            raise InputRefused("brief.each", file=file, value=each, known=", ".join(LISTS))
        found.append(Text(code, section, each, text))
    return tuple(found)


def fill(text: Text, lookup: Lookup, item: Item | None = None) -> Said:
    """Return a sentence with its names filled; None where one of them has no value.

    Raises
    ------
    InputRefused
        ``brief.text_name``.
    """
    made, at = [], 0
    for found in _NAME.finditer(text.text):
        name = found.group(1)
        try:
            value = item[name] if item is not None and name in item else lookup(name)
        except KeyError:
            raise InputRefused("brief.text_name", code=text.code, value=name) from None
        if value is None:
            return None
        made += [text.text[at : found.start()], value]
        at = found.end()
    return "".join([*made, text.text[at:]])


def sections(
    texts: Sequence[Text], lookup: Lookup, lists: Mapping[str, Sequence[Item]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return headings and their sentences in the order of the table; a heading without a sentence is left out.

    ``{no}`` in a heading is its number among those that are left.

    Sentences of a list stand in one paragraph, parted as they end.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        if not text.section:
            continue  # title and the like
        if text.each:
            line: Said = "".join(said for item in lists[text.each] if (said := fill(text, lookup, item))) or None
        else:
            line = fill(text, lookup)
        if line:
            found.setdefault(text.section, []).append(line)
    return tuple(
        (heading.replace("{no}", _NUMERALS[min(number, len(_NUMERALS)) - 1]), tuple(lines))
        for number, (heading, lines) in enumerate(found.items(), 1)
    )
