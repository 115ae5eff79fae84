# SPDX-License-Identifier: GPL-2.0-or-later
"""The code page of a DXF by evidence: release, header and the bytes themselves.

DXF is UTF-8 from release 2007 (AC1021) on, whatever ``$DWGCODEPAGE`` says. Before, the header names a code page; it is
believed unless the bytes do not fit it or read much better in another one. Sources: DXF reference ($DWGCODEPAGE), the
two real files of ADR 0013; the ratings of Chinese code pages are those of ``storage/encoding.py``.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.storage import encoding as enc

UNICODE_FROM = "AC1021"
CP949 = "CP949"
_CODECS = {CP949: "cp949"}
_PAGES = {  # of AutoCAD's header → our name
    "ANSI_936": "GBK", "GB2312": "GBK", "ANSI_949": CP949, "KSC5601": CP949, "ANSI_950": "Big5", "BIG5": "Big5",
    "ANSI_1252": "Windows-1252", "ASCII": "Windows-1252", "UTF-8": "UTF-8",
}  # fmt: skip
_TRIED = ("UTF-8", "GB18030", CP949, "Big5", "Windows-1252")
_MARGIN = 0.2  # what the header states yields only to content that reads this much better
_SAMPLE = 200_000
_BINARY = b"AutoCAD Binary DXF\r\n\x1a\x00"
_VALUE = re.compile(rb"\$(ACADVER|DWGCODEPAGE)\s*\r?\n\s*[13]\s*\r?\n\s*([^\r\n]{1,40})")


@dataclass(frozen=True)
class Page:
    """A code page: name for the user, Python's codec, the evidence (a message code), release of the drawing."""

    name: str
    codec: str
    evidence: str
    version: str


def sniff(path: str, given: str | None = None) -> Page:
    """Find release and code page of a DXF.

    Raises
    ------
    InputRefused
        ``input.encoding`` when a given code page does not fit the bytes.
    """
    head, sample = _bytes(path)
    values = {key.decode(): value.strip().decode("ascii", "replace") for key, value in _VALUE.findall(head)}
    version = values.get("ACADVER", "AC1009")
    wanted = enc.canonical(given)
    if wanted is not None:
        name = "GB18030" if wanted == "GBK" else wanted
        if sample and _rate(sample, name) == 0.0:
            raise InputRefused("input.encoding", file=path, layer=None, encoding=wanted, row=0)
        return Page(wanted, _codec(name), enc.GIVEN, version)
    stated = "UTF-8" if version >= UNICODE_FROM else _PAGES.get(values.get("DWGCODEPAGE", "").upper())
    if not sample:
        return Page(stated or "UTF-8", _codec(stated or "UTF-8"), enc.ASCII, version)
    if version >= UNICODE_FROM and _rate(sample, "UTF-8") > 0.0:
        return Page("UTF-8", "utf-8", enc.FORMAT, version)
    rates = {name: _rate(sample, name) for name in _TRIED}
    best = max(_TRIED, key=lambda name: rates[name])
    own = _rate(sample, "GB18030" if stated == "GBK" else stated) if stated else 0.0
    if stated and own > 0.0 and own + _MARGIN >= rates[best]:
        return Page(stated, _codec("GB18030" if stated == "GBK" else stated), enc.STATED, version)
    if rates[best] == 0.0:
        raise InputRefused("input.encoding", file=path, layer=None, encoding=stated or "UTF-8", row=0)
    return Page(best, _codec(best), enc.WRONG if stated else enc.CONTENT, version)


def _codec(name: str) -> str:
    return _CODECS.get(name) or enc.codec_of(name)


def _bytes(path: str) -> tuple[bytes, bytes]:
    """Return the beginning of a file and lines that are not ASCII, from its whole length."""
    head, lines, size = b"", [], 0
    seen: set[bytes] = set()
    with Path(path).open("rb") as file:
        if file.read(len(_BINARY)) == _BINARY:
            return _binary(file.read(4 << 20))
        file.seek(0)
        while size < _SAMPLE:
            part = file.read(4 << 20)
            if not part:
                break
            part += file.readline(1 << 16)
            head = head or part[: 1 << 20]
            for line in part.splitlines():
                if not line.isascii() and line not in seen:
                    seen.add(line)
                    lines.append(line[:2_000].strip())
                    size += len(lines[-1])
    return head, b"\n".join(lines)


def _binary(part: bytes) -> tuple[bytes, bytes]:
    """Return the same of a binary drawing: its texts end with a zero byte."""
    version = re.search(rb"\$ACADVER\x00(?:\x01\x00|\x01)([^\x00]+)\x00", part)
    page = re.search(rb"\$DWGCODEPAGE\x00(?:\x03\x00|\x03)([^\x00]+)\x00", part)
    head = b"".join(
        b"$%s\n1\n%s\n" % (name, found.group(1))
        for name, found in ((b"ACADVER", version), (b"DWGCODEPAGE", page))
        if found
    )
    return head, b""  # numbers are bytes like any other there: nothing can be told from them


def _rate(sample: bytes, name: str) -> float:
    """Rate how well the texts read in a code page: 0 not at all … 1; a line cut in the middle of a sign is forgiven."""
    if name == CP949:
        return _korean(sample)
    rated = enc.score(sample, name)
    if name in ("GBK", "GB18030") and rated > 0.5 and not _has_late_rows(sample):
        rated -= 0.4
    return rated


def _has_late_rows(sample: bytes) -> bool:
    """Tell whether two-byte signs begin with bytes above C8.

    Chinese in GB 2312 is ordered by pinyin, so that two of five common characters stand in rows C9–D7; Hangul in
    KS X 1001 ends with C8. A short sample tells nothing.
    """
    pairs = Counter(pair[0] for line in sample.split(b"\n") for pair in re.findall(rb"[\xa1-\xfe][\xa1-\xfe]", line))
    total = sum(count for lead, count in pairs.items() if lead >= 0xB0)
    return total < 20 or sum(count for lead, count in pairs.items() if lead > 0xC8) > 0.05 * total


def _korean(sample: bytes) -> float:
    try:
        text = sample.decode("cp949")
    except UnicodeDecodeError:
        return 0.0
    signs = [sign for sign in text if sign > "\x7f"]
    if not signs:
        return 1.0
    common = 0.0
    for sign in signs:
        if "\uac00" <= sign <= "\ud7a3":
            common += 1.0 if 0xB0 <= sign.encode("cp949")[0] <= 0xC8 else 0.1
        elif "\u3000" <= sign <= "\u33ff" or "\uff00" <= sign <= "\uffef" or sign < "\u0400":
            common += 0.8
    return max(0.05, common / len(signs) - 0.02)
