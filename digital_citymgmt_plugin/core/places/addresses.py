# SPDX-License-Identifier: GPL-2.0-or-later
"""Chinese addresses taken apart: street, house number along it, what follows behind the number.

The number along the street is that of the house or of the lane that leaves it (of 人民中路123弄5支弄6号 the 123):
along a street lanes and houses share one series, so a lane's number finds its place like a house's. What follows
(5支弄6号) is kept as text.

A hyphen is a sub-number (12-1号) unless what follows is larger and of the same parity (12-18号: the houses 12 to 18);
至, ~ and / are ranges always. Chinese numerals are read as numbers before 号, 弄 and 支 only: 三巷 is a name.

The form of addresses is read from general use; the standard's part on geocoding (GB/T 30428.3) was not at hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_DIGITS = {sign: value for value, sign in enumerate("〇一二三四五六七八九")}
_DIGITS.update({"零": 0, "两": 2})
_UNITS = {"十": 10, "百": 100, "千": 1000}
_CHINESE = "[〇零一二三四五六七八九十百千两]{1,7}"
# What a number with 号 names besides a house: 2号路, 5号楼, 1号线, 3号桥 …
_NO_HOUSE = (
    "(?!楼|路|街|大?道|线|桥|门|口|房|库|厂|车间|地块|井|岗|塔|闸|泵|码头|泊位|仓|宿舍|馆|河|港|横|沟|圩|渠|坝"
    "|台区|变|机)"
)
_MAIN = re.compile(
    rf"(?P<front>[甲乙丙丁戊])?(?P<first>\d{{1,5}}|{_CHINESE}(?=[号弄]))(?P<letter>[A-Za-z甲乙丙丁戊])?"
    rf"(?:(?P<join>[-~/至之])(?P<second>\d{{1,5}}))?(?P<unit>号院|号|弄|巷){_NO_HOUSE}"
)
_BARE = re.compile(r"(?<=[路街道巷弄里村组队同])(?P<first>\d{1,5})(?:(?P<join>[-~/至])(?P<second>\d{1,5}))?$")
_SUB = re.compile(
    rf"(?:附|之|-|旁)?(?:[甲乙丙丁戊])?(?:\d{{1,5}}|{_CHINESE})(?:[A-Za-z甲乙丙丁戊])?(?:[-之]\d{{1,5}})?"
    rf"(?:支弄|支|弄|号{_NO_HOUSE})|(?:附|之|-)\d{{1,5}}(?:号{_NO_HOUSE})?"
)
_SIGNS = str.maketrans({"號": "号", "—": "-", "–": "-", "－": "-", "～": "~", "〜": "~", "−": "-", "到": "至"})
_SPACE = re.compile(r"\s+")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_PROVINCE = re.compile(r"^[\u4e00-\u9fff]{2,6}?(?:省|自治区)")
_AFTER_COUNTY = 12  # characters: a county's name further back is no prefix


@dataclass(frozen=True)
class Address:
    """An address taken apart; parts that are not there are None.

    ``number`` is the whole number in one writing (``123弄5支弄6号``), ``number_from`` to ``number_to`` the numbers
    along the street, ``sub_number`` what follows the first, ``rest`` building and room.
    """

    street: str | None = None
    number: str | None = None
    number_from: int | None = None
    number_to: int | None = None
    sub_number: str | None = None
    rest: str | None = None


def plain(text: str) -> str:
    """Return an address in one writing: full-width forms folded, blanks out, hyphens alike, remarks in brackets out."""
    folded = unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)
    return _BRACKETS.sub("", _SPACE.sub("", folded))


def to_number(text: str) -> int:
    """Return a number written in digits or in Chinese (一百二十三, 一二三)."""
    if text.isascii():
        return int(text)
    if not set(text) & set(_UNITS):
        return int("".join(str(_DIGITS[sign]) for sign in text))
    total, digit = 0, 0
    for sign in text:
        if sign in _UNITS:
            total += (digit or 1) * _UNITS[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit


@lru_cache(maxsize=65_536)
def parse_number(text: str) -> Address:
    """Take a house number apart that stands alone: ``123``, ``12-1``, ``123弄5号``.

    Without 号 or 弄 digits are taken as a house number.
    """
    folded = plain(text)
    found = _MAIN.match(folded) or _MAIN.match(folded + "号")
    return _apart("", folded, found) if found else Address(rest=folded or None)


@lru_cache(maxsize=65_536)
def parse_address(text: str, areas: tuple[str, ...] = ()) -> Address:
    """Take an address apart.

    Parameters
    ----------
    text : str
    areas : tuple of str
        Names of the county and of the streets and communities below it, which may stand in front; county first. Only
        names that are known are cut off: 市场路 and 镇海路 are streets.

    Returns
    -------
    Address
        Without ``number_from`` where no house number is found; then ``street`` is what is left of the text.
    """
    folded = plain(text)
    found = _MAIN.search(folded) or _BARE.search(folded)
    if found is None:
        return Address(street=without_areas(folded, areas) or None)
    return _apart(without_areas(folded[: found.start()], areas), folded, found)


def _apart(street: str, folded: str, found: re.Match[str]) -> Address:
    parts = found.groupdict()
    first = to_number(parts["first"])
    second = int(parts["second"]) if parts.get("second") else None
    last, sub = first, ""
    if second is not None:
        joined = parts["join"]
        if joined in "~/至" or (joined == "-" and second > first and (second - first) % 2 == 0):
            first, last = min(first, second), max(first, second)
        else:
            sub = f"-{second}"
    front = parts.get("front") or ""
    behind = f"{parts.get('letter') or ''}{sub}"
    unit = parts.get("unit") or "号"
    at = found.end()
    follows = ""
    while at < len(folded):
        more = _SUB.match(folded, at)
        if more is None:
            break
        follows += more[0]
        at = more.end()
    own = f"{first}-{last}" if last != first else f"{front}{first}{behind}"
    number, sub, rest = f"{own}{unit}{follows}", front + behind + follows, folded[at:].lstrip(",、;")
    return Address(street.rstrip("第的") or None, number, first, last, sub or None, rest or None)


def without_areas(text: str, areas: Sequence[str]) -> str:
    """Cut province, city, county, street and community off the front, as far as they are known by name."""
    for position, name in enumerate(areas):
        at = text.find(name) if name else -1
        if at == 0 or (position == 0 and 0 < at <= _AFTER_COUNTY):
            text = text[at + len(name) :]
    return _PROVINCE.sub("", text)


def area_names(county: str, others: Iterable[str]) -> tuple[str, ...]:
    """Return the names for ``parse_address``: the county first, then the longest first."""
    return (county, *sorted({name for name in others if name and name != county}, key=lambda name: (-len(name), name)))
