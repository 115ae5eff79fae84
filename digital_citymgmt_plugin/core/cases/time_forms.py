# SPDX-License-Identifier: GPL-2.0-or-later
"""Rarer writings of times: serial numbers of spreadsheets, years of the Republic (民國), words for the time of day."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

from digital_citymgmt_plugin.core.places.addresses import to_number

# Serial numbers between these days (1954 to 2119) are taken for days since 1899-12-30; smaller ones are counts.
_SERIAL_FROM, _SERIAL_TO = 20_000, 80_000
_SERIAL_START = datetime(1899, 12, 30)
REPUBLIC = 1911  # + years of the Republic = years of our era
_ROC_FROM, _ROC_TO = 60, 199  # without the era's name three digits are needed: 13/03/05 may be anything

_WEEKDAY = re.compile(r"[(]?(?:星期|礼拜|禮拜|周|週)[一二三四五六日天][)]?|[(][一二三四五六日][)]")
_NUMERAL = re.compile(r"[〇零一二三四五六七八九十]+(?=[年月日号號时時点點分秒])")
_ERA = re.compile(r"^(?:中[华華])?民[国國]")
_DIGITS = re.compile(r"^(?P<year>1\d\d)(?P<month>\d\d)(?P<day>\d\d)(?P<hour>\d\d)?(?P<minute>\d\d)?(?P<second>\d\d)?$")
_DAY = re.compile(
    r"^(?P<year>\d{1,4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号號]?\s*[T,]?\s*"
)
_WORD = "上午|下午|凌晨|清晨|早上|早晨|早|中午|正午|午[后後]|傍晚|晚上|晚间|晚|夜里|夜间|半夜|AM|PM|A\\.M\\.|P\\.M\\."
_CLOCK = re.compile(
    rf"^(?P<word>{_WORD})?\s*(?P<hour>\d{{1,2}})\s*(?:(?P<sign>[:时時点點])\s*(?:(?P<half>半)|(?P<quarter>一刻)|整|"
    rf"(?P<minute>\d{{1,2}})\s*分?\s*(?:[:]?\s*(?P<second>\d{{1,2}})(?:\.\d+)?\s*秒?)?)?)?\s*(?P<behind>{_WORD})?$",
    re.IGNORECASE,
)
_LATE = frozenset(("下午", "午后", "午後", "傍晚", "晚上", "晚间", "晚", "夜里", "夜间", "pm"))
_NIGHT = frozenset(("晚上", "晚间", "晚", "夜里", "夜间"))
_NOON = frozenset(("中午", "正午"))


def serial_time(number: float) -> datetime | None:
    """Return the moment of a spreadsheet's serial number, to the second; None for a number that can be none."""
    if not _SERIAL_FROM <= number < _SERIAL_TO:
        return None
    return _SERIAL_START + timedelta(seconds=round(number * 86_400))


def other_time(text: str) -> datetime | None:
    """Read a local time of a rarer writing; None when it is none.

    Understood: ``45356.6389`` (serial), ``113/03/05 15:20``, ``民國113年3月5日``, ``1130305``, ``1130305152000``,
    ``2024年3月5日 下午3时20分``, ``3点半``, ``15时``, ``二〇二四年三月五日``, names of weekdays between day and time,
    ``24:00`` as the end of the day.

    Raises
    ------
    ValueError
        A day or time that there is none (month 13).
    """
    plain = _WEEKDAY.sub(" ", unicodedata.normalize("NFKC", text)).strip()
    try:
        number = float(plain)
    except ValueError:
        number = -1.0
    serial = serial_time(number) if "_" not in plain else None
    if serial is not None:
        return serial
    found = _DIGITS.match(plain)
    if found and len(plain) in (7, 11, 13):
        parts = {name: int(value or 0) for name, value in found.groupdict().items()}
        return _made(parts["year"] + REPUBLIC, parts["month"], parts["day"], parts["hour"], parts["minute"],
                     parts["second"])  # fmt: skip
    plain = _NUMERAL.sub(lambda numeral: str(to_number(numeral[0])), plain)
    era = _ERA.match(plain)
    plain = plain[era.end() :].strip() if era else plain
    found = _DAY.match(plain)
    if found is None:
        return None
    year = int(found["year"])
    if era or (_ROC_FROM <= year <= _ROC_TO and len(found["year"]) == 3):
        year += REPUBLIC
    elif len(found["year"]) != 4:
        return None
    rest = plain[found.end() :].strip()
    hour, minute, second = (0, 0, 0) if not rest else _clock(rest)
    return _made(year, int(found["month"]), int(found["day"]), hour, minute, second)


def _clock(text: str) -> tuple[int, int, int]:
    found = _CLOCK.match(text)
    if found is None or not (found["sign"] or found["word"]):
        raise ValueError(text)
    word = (found["word"] or found["behind"] or "").lower().replace(".", "")
    hour = int(found["hour"])
    if word and hour > 12 and word in ("am", "上午", "凌晨"):
        raise ValueError(text)
    if word in _NIGHT and (hour == 12 or hour < 5):
        raise ValueError(text)  # the night before that day, or the one after: which of both nobody can tell
    if (word in _LATE and hour < 12) or (word in _NOON and hour < 6):
        hour += 12
    elif word and hour == 12 and word not in (*_LATE, *_NOON):
        hour = 0
    minute = 30 if found["half"] else 15 if found["quarter"] else int(found["minute"] or 0)
    return hour, minute, int(found["second"] or 0)


def _made(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime:
    if (hour, minute, second) == (24, 0, 0):
        return datetime(year, month, day) + timedelta(days=1)
    return datetime(year, month, day, hour, minute, second)
