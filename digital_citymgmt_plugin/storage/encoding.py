# SPDX-License-Identifier: GPL-2.0-or-later
"""The code page of a text, by evidence: strict decoding first, then how common the characters are that come out.

Nothing is ever decoded with replacement characters: a code page that does not fit is refused or the next one is tried.
Reasons are codes (``encoding.content`` …), not prose.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

from digital_citymgmt_plugin.core.errors import InputRefused

ASCII, GIVEN, BOM = "encoding.ascii", "encoding.given", "encoding.bom"
STATED, WRONG, CONTENT, FORMAT = "encoding.stated", "encoding.stated_wrong", "encoding.content", "encoding.format"

# Name shown to the user → Python codec. cp950 is Big5 as Windows writes it; gb2312 of Python is too narrow and maps
# the middle dot differently, so GB2312 is read as its superset GBK.
_CODECS = {"UTF-8": "utf-8", "GBK": "gbk", "GB18030": "gb18030", "Big5": "cp950", "Windows-1252": "cp1252"}
_CANDIDATES = ("UTF-8", "GBK", "GB18030", "Big5", "Windows-1252")
_BOMS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_ISOLATED = re.compile(r"(?<![^\x00-\x7f])[^\x00-\x7f](?![^\x00-\x7f])")
_BESIDE = re.compile(r"(?:(?<=[A-Za-z0-9])[^\x00-\x7f])|(?:[^\x00-\x7f](?=[A-Za-z]))")
_STATED_MARGIN = 0.25  # a stated code page yields only to content that reads this much better


@dataclass(frozen=True)
class Found:
    """A code page and why: ``name`` for the user, ``codec`` for Python, ``evidence`` a message code."""

    name: str
    evidence: str

    @property
    def codec(self) -> str:
        """Return the name of Python's codec."""
        return codec_of(self.name)

    @property
    def gdal(self) -> str:
        """Return the name that GDAL's iconv knows."""
        return {"Big5": "CP950", "Windows-1252": "CP1252", "GBK": "CP936"}.get(self.name, self.name)


def canonical(name: str | None) -> str | None:
    """Return the name of a code page as this plugin writes it, or None for none ("", "System").

    Takes what users, QGIS and ``.cpg`` files write: ``GB2312``, ``936``, ``ANSI 936``, ``cp936``, ``65001``, ``utf8``.

    Raises
    ------
    InputRefused
        ``input.encoding_name`` when nobody knows the name.
    """
    text = (name or "").strip().strip('"').lower()
    if text in ("", "system", "auto"):
        return None
    number = re.fullmatch(r"(?:ansi|oem|ldid|windows|cp|ms)?[ _\-/]*(\d{3,5})", text)
    key = number.group(1) if number else re.sub(r"[ _\-]", "", text)
    known = {
        "65001": "UTF-8",
        "utf8": "UTF-8",
        "936": "GBK",
        "gbk": "GBK",
        "gb2312": "GBK",
        "euccn": "GBK",
        "54936": "GB18030",
    }
    known |= {"gb18030": "GB18030", "950": "Big5", "big5": "Big5", "1252": "Windows-1252", "utf16": "UTF-16"}
    if key in known:
        return known[key]
    for guess in (text, f"cp{key}", f"iso-8859-{key[4:]}" if key.startswith("8859") else text):
        try:
            return codecs.lookup(guess).name.upper()
        except LookupError:
            continue
    raise InputRefused("input.encoding_name", encoding=str(name))


def codec_of(name: str) -> str:
    """Return Python's codec for a name of :func:`canonical`."""
    return _CODECS.get(name, name)


def by_mark(head: bytes) -> str | None:
    """Tell UTF-8/16/32 by the byte order mark, or UTF-16 without one by its zero bytes."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    pairs = len(head) // 2
    if pairs >= 8 and head.count(0) >= pairs * 0.3:
        even, odd = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
        if odd > 10 * even:
            return "UTF-16-LE"
        if even > 10 * odd:
            return "UTF-16-BE"
    return None


def _common(char: str, codec: str, first: int, last: int) -> float:
    """Rate a character 1 when it is in the part of the code table that holds common characters (by its lead byte)."""
    code = ord(char)
    if 0x3000 <= code <= 0x303F or 0xFF00 <= code <= 0xFFEF or char in "·—…“”‘’×℃°㎡№":
        return 1.0
    try:
        raw = char.encode(codec)
    except UnicodeEncodeError:
        return 0.0
    return 1.0 if first <= raw[0] <= last else 0.3


def score(text: bytes, name: str) -> float:
    """Rate how well ``text`` reads in a code page: 0 not at all … 1 only common characters.

    GB 2312 level 1 (rows 16–55, 3,755 characters) and Big5 level 1 (A4–C6, 5,401) hold nearly all of running text,
    so the wrong one of the two shows by rare characters. Korean, Japanese and Cyrillic code pages are not sought:
    they must be given.
    """
    try:
        decoded = text.decode(codec_of(name))
    except (UnicodeDecodeError, LookupError):
        return 0.0
    chars = Counter(char for char in decoded if char > "\x7f")
    total = sum(chars.values())
    if not total:
        return 1.0
    if any("\x80" <= char <= "\x9f" or "\ue000" <= char <= "\uf8ff" for char in chars):
        return 0.1  # control or private characters: nobody types these
    if name.startswith("UTF"):
        if any(char >= "\u0800" for char in chars):
            return 1.0
        # Two-byte sequences only: a short GBK text can look like that ("路" is "·"). Each further one makes it less
        # likely, and accented letters next to plain ones settle it.
        beside = sum(1 for char in _BESIDE.findall(decoded) if char.isalpha() or char in "°²³½×") * 2 >= total
        return min(1.05, 0.4 + 0.12 * (len(chars) - 1) + (0.65 if beside else 0.0))
    if name in ("GBK", "GB18030"):
        rated = sum(count * _common(char, "gb2312", 0xB0, 0xD7) for char, count in chars.items()) / total
        return max(0.06, rated) - (0.01 if name == "GB18030" else 0.0)
    if name == "Big5":
        return max(
            0.05, sum(count * _common(char, "cp950", 0xA4, 0xC6) for char, count in chars.items()) / total - 0.01
        )
    alone = [char for char in _ISOLATED.findall(decoded) if char.isalpha() or char in "°²³½¼§«»–—‘’“”€£"]
    return 0.85 * len(alone) / total


def ranked(sample: bytes, stated: str | None = None) -> list[Found]:
    """Return the code pages that a sample of the non-ASCII text fits, the most plausible first.

    A code page ``stated`` (a ``.cpg`` file) wins when it decodes the text and nothing else reads much better;
    otherwise the evidence of the others is ``encoding.stated_wrong``.
    """
    rates = {name: score(sample, name) for name in _CANDIDATES}
    best = sorted((name for name in _CANDIDATES if rates[name] > 0), key=lambda name: -rates[name])
    if stated is None:
        return [Found(name, CONTENT) for name in best]
    own = score(sample, stated)
    top = rates[best[0]] if best else 0.0
    if own > 0 and own + _STATED_MARGIN >= top:
        return [Found(stated, STATED)] + [Found(name, WRONG) for name in best if name != stated]
    return [Found(name, WRONG) for name in best if name != stated]
