# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on a slip, whoever prints it: the kinds, their lines and sign lines, and names of files that are safe.

A sheet is pure text: PDF and Word are made of the same one. Texts come from outside; what is invisible or turns text
around is taken out here, once, and nothing of them is ever read as a field, a formula, markup or a path.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

DISPATCH, SUPERVISION, CHECK, PARKED_LIST, DOSSIER = "dispatch", "supervision", "check", "parked_list", "dossier"
KINDS = (DISPATCH, SUPERVISION, CHECK, PARKED_LIST, DOSSIER)

_CASE = ("case_no", "stage", "class", "condition", "source", "description", "place", "grid", "component")
_CLOCK = ("filed_at", "dispatched_at", "limit", "due", "department")
# Lines of each kind, top to bottom; what a case does not have is printed as a dash, so that a person can write there.
LINES: dict[str, tuple[str, ...]] = {
    DISPATCH: (*_CASE, "reported_at", *_CLOCK),
    SUPERVISION: (*_CASE, *_CLOCK, "overdue", "returns", "supervise_reason", "supervise_due"),
    CHECK: (*_CASE, "department", "disposed_at", "due", "department_says"),
    PARKED_LIST: (),
    DOSSIER: (*_CASE, "reported_at", *_CLOCK, "parked_until", "parked_reason", "returns", "extensions", "closed_at"),
}
SIGNS: dict[str, tuple[str, ...]] = {
    DISPATCH: ("dispatcher", "receiver", "day"),
    SUPERVISION: ("supervisor", "receiver", "answer", "day"),
    CHECK: ("collector", "result", "day"),
    PARKED_LIST: ("made_by", "approved_by", "day"),
    DOSSIER: ("made_by", "checked_by", "approved_by", "day"),
}
PARKED_COLUMNS = (
    "number", "case_no", "class", "place", "department", "parked_at", "parked_until", "parked_reason",
)  # fmt: skip
TIMELINE_COLUMNS = ("at", "action", "stage", "done_by", "department", "reason")
MOST_PHOTOS = {DISPATCH: 4, SUPERVISION: 4, CHECK: 4, PARKED_LIST: 0, DOSSIER: 12}
LONGEST = 2_000  # letters of one text on a slip

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"/\\|?*%!;#$&`\'~{}\[\]\s]+')  # of file systems, and what shells and URLs read otherwise
_STEM = 80


@dataclass(frozen=True)
class Sheet:
    """One slip: its texts as they are printed.

    ``lines``: label and text; ``header`` and ``rows``: a table (timeline, list of parked cases); ``place``: x, y in the
    store's CRS or None; ``photos``: names within the city's photo folder, as the store has them; ``signs``: what is
    signed or filled in by hand; ``left_out``: sentences of what could not be told.
    """

    kind: str
    fid: int
    stem: str
    title: str
    lines: list[list[str]] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    place: list[float] | None = None
    lamp: str = ""
    photos: list[str] = field(default_factory=list)
    signs: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def template_values(sheet: Sheet) -> dict[str, Any]:
    """Return what a city's own template may name: each line by its name (empty where a kind has no such line), and all.

    Beside them ``title``, ``lines`` (``label``, ``text``), ``header``, ``rows`` (lists), ``signs``, ``left_out`` and
    ``lamp``; with them go the pictures ``map`` and ``photos``.
    """
    names = LINES[sheet.kind]
    texts = {name: text for name, (_label, text) in zip(names, sheet.lines)}
    every = dict.fromkeys(name for lines in LINES.values() for name in lines)
    return {
        **{name: texts.get(name, "") for name in every}, "title": sheet.title, "lamp": sheet.lamp,
        "lines": [{"label": label, "text": text} for label, text in sheet.lines], "header": sheet.header,
        "rows": sheet.rows, "signs": sheet.signs, "left_out": sheet.left_out,
    }  # fmt: skip


def shown(value: Any, most: int = LONGEST) -> str:
    """Return a text as it may be printed: no control or direction signs, lines kept, cut with an ellipsis."""
    text = "" if value is None else str(value)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = "".join(
        sign
        for sign in text
        if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        if ord(sign) & 0xFFFE != 0xFFFE
    ).strip()
    return kept if len(kept) <= most else kept[: most - 1] + "…"


def stem_of(text: Any, taken: Iterable[str] = ()) -> str:
    """Return a name for a file, without ending: safe on Windows, too, no path, and none of ``taken`` (folded).

    Case numbers have slashes, and may be anything: ``../../x``, ``CON``, two that differ by case alone.
    """
    plain = unicodedata.normalize("NFC", shown(text, 400).replace("\n", " "))
    clean = _FORBIDDEN.sub("_", "".join(sign if sign.isprintable() else "_" for sign in plain))
    clean = clean.strip("._ -")[:_STEM].rstrip("._ -")
    while len(clean.encode()) > 2 * _STEM:
        clean = clean[:-1]
    clean = clean or "case"
    if _RESERVED.fullmatch(clean):
        clean = f"_{clean}"
    used = taken if isinstance(taken, (set, frozenset, dict)) else {folded(name) for name in taken}
    found, number = clean, 2
    while folded(found) in used:
        found, number = f"{clean}_{number}", number + 1
    return found


def folded(name: str) -> str:
    """Return a name as file systems compare it that know no case."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).casefold()


def stems(numbers: Iterable[tuple[int, Any]]) -> dict[int, str]:
    """Return a name for the file of each case (fid, number); no two are alike."""
    taken: set[str] = set()
    found: dict[int, str] = {}
    for fid, number in numbers:
        name = stem_of(number or f"case_{fid}", taken)
        taken.add(folded(name))
        found[fid] = name
    return found


def column_widths(header: Sequence[str], rows: Sequence[Sequence[str]], wide: float) -> list[float]:
    """Share the width of a page (mm) among the columns of a table by how long their texts are, none below 14 mm."""
    lengths = []
    for at, heading in enumerate(header):
        longest = max([len(heading), *(min(len(row[at]), 40) for row in rows)])
        lengths.append(max(float(longest), 4.0))
    free = wide - 14.0 * len(lengths)
    return [14.0 + free * one / sum(lengths) for one in lengths]
