# SPDX-License-Identifier: GPL-2.0-or-later
"""Times as the store keeps them: texts of many forms into UTC text, and back into moments and local days.

A time without a zone is local time of the zone that the mapping or the store names. An hour that the clocks pass twice
in autumn is taken as the first one; an hour that they skip in spring as if they had not been put forward yet (that is
what ``zoneinfo`` does with ``fold=0``).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.time_forms import other_time, serial_time
from digital_citymgmt_plugin.core.errors import InputRefused

# Before and after these years a "time" is a placeholder or an accident.
FIRST_YEAR, LAST_YEAR = 1900, 2199
AHEAD = timedelta(minutes=5)  # so far a moment may lie ahead: clocks of two computers differ; a default of the plugin
LONGEST = 36_525  # days back, a hundred years: numpy cannot subtract any number

_WIDTH = 32  # characters looked at
_DAY = 86_400_000  # milliseconds
# Shapes that are read for all rows at once: n is a digit, everything else stands for the characters named below.
_SHAPES = (
    "nnnn-nn-nnTnn:nn:nn",
    "nnnn-nn-nnTnn:nn:nn.n",
    "nnnn-nn-nnTnn:nn:nn.nn",
    "nnnn-nn-nnTnn:nn:nn.nnn",
    "nnnn-nn-nnTnn:nn:nn.nnnnnn",
    "nnnn-nn-nnTnn:nn",
    "nnnn-nn-nn",
    "nnnnnnnnnnnnnn",
    "nnnnnnnn",
)
_OTHERS = {"-": "-/.", "T": "T ", ":": ":", ".": "."}
_LOOSE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(上午|下午|AM|PM)?\s*(\d{1,2})\s*[:时點点]\s*(\d{1,2})\s*分?(?:\s*:?\s*(\d{1,2})(?:\.(\d{1,9}))?\s*秒?)?"
    r"\s*(AM|PM)?\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_NAMED_MONTH = re.compile(
    r"([A-Z]{3})[A-Z]*\.?\s+(\d{1,2}),?\s+(\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(AM|PM)?)?", re.IGNORECASE
)
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}

NAT = np.datetime64("NaT", "ms")


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name (``Asia/Shanghai``).

    Raises
    ------
    InputRefused
        ``input.time_zone`` when it is not known.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputRefused("input.time_zone", value=name) from None


def parse_times(values: NDArray[Any], zone: str, pattern: str | None = None) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read times of many forms.

    Understood are ISO 8601, the same with ``/`` or ``.`` and without leading zeros, ``20180704172441``, Chinese
    (``2018年7月4日 17时24分``), ``AUG 06, 2025 07:41:56 PM``, dates alone (midnight), ``datetime`` and ``date`` values,
    serial numbers of spreadsheets and years of the Republic (see ``time_forms``). ``07/04/2018`` is not: which number
    is the month cannot be told without ``pattern``.

    Parameters
    ----------
    values : object array
        Texts, datetimes, dates, whole numbers or None.
    zone : str
        Time zone of times that carry none.
    pattern : str, optional
        ``strptime`` pattern that is tried first on texts.

    Returns
    -------
    moments : datetime64[ms] array
        UTC; NaT where missing or not understood.
    bad : bool array
        Where something is written that is no time between 1900 and 2199.

    Raises
    ------
    InputRefused
        ``input.time_zone``.
    """
    listed = values.tolist()
    texts = np.empty(len(listed), dtype=f"U{_WIDTH}")
    slow: dict[int, Any] = {}
    for index, value in enumerate(listed):
        if value is None or value != value:
            continue
        if type(value) is str:
            text = value.strip()
            if len(text) > _WIDTH or pattern:
                slow[index] = text
            else:
                texts[index] = text
        elif isinstance(value, (datetime, date)):
            slow[index] = value
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and float(value).is_integer():
            texts[index] = str(int(value))
        else:
            slow[index] = value
    local = _by_shape(texts)
    result = to_utc(local, zone)
    rest = np.flatnonzero(np.isnat(local) & (texts != ""))
    slow.update((int(index), str(texts[index])) for index in rest)
    bad = np.zeros(len(listed), dtype=bool)
    tzinfo = zone_of(zone)
    known: dict[Any, np.datetime64] = {}
    for index, value in slow.items():
        if value == "":
            continue
        if value not in known:
            known[value] = _one(value, tzinfo, pattern)
        result[index] = known[value]
        bad[index] = np.isnat(known[value])
    return result, bad


def _by_shape(texts: NDArray[np.str_]) -> NDArray[np.datetime64]:
    """Read texts of the usual shapes for all rows at once; NaT for others."""
    size = len(texts)
    result = np.full(size, NAT)
    if not size:
        return result
    letters = np.ascontiguousarray(texts).view(np.uint32).reshape(size, _WIDTH)
    lengths = np.char.str_len(texts)
    for shape in _SHAPES:
        rows = np.flatnonzero((lengths == len(shape)) & np.isnat(result))
        if not len(rows):
            continue
        part = letters[rows, : len(shape)]
        fits = np.ones(len(rows), dtype=bool)
        for place, sign in enumerate(shape):
            if sign == "n":
                fits &= (part[:, place] >= 48) & (part[:, place] <= 57)
            else:
                fits &= np.isin(part[:, place], [ord(letter) for letter in _OTHERS[sign]])
        rows, part = rows[fits], part[fits].astype(np.int64) - 48
        digits = part[:, [place for place, sign in enumerate(shape) if sign == "n"]]
        result[rows] = _from_digits(digits)
    return result


def _from_digits(digits: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Make moments of rows of digits YYYYMMDDhhmmss and decimals; NaT where they are none."""

    def number(start: int, stop: int) -> NDArray[np.int64]:
        part = digits[:, start:stop]
        value: NDArray[np.int64] = part @ (10 ** np.arange(part.shape[1] - 1, -1, -1, dtype=np.int64))
        return value

    count = digits.shape[1]
    zero = np.zeros(len(digits), dtype=np.int64)
    year, month, day = number(0, 4), number(4, 6), number(6, 8)
    hour = number(8, 10) if count >= 10 else zero
    minute = number(10, 12) if count >= 12 else zero
    second = number(12, 14) if count >= 14 else zero
    decimals = count - 14
    milli = number(14, min(count, 17)) * 10 ** max(0, 3 - decimals) if decimals > 0 else zero
    good = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24)
    good &= (minute < 60) & (second < 60)
    month = np.where(good, month, 1)
    months = (np.where(good, year, 2000) - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]")
    days = first.astype("datetime64[D]") + (day - 1)
    good &= days.astype("datetime64[M]") == first
    ms = ((hour * 60 + minute) * 60 + second) * 1000 + milli
    moments: NDArray[np.datetime64] = days.astype("datetime64[ms]") + ms.astype("timedelta64[ms]")
    moments[~good] = NAT
    return moments


def _one(value: Any, zone: ZoneInfo, pattern: str | None) -> np.datetime64:
    """Read one time of a rarer form; NaT when it is none."""
    try:
        moment = _moment(value, pattern)
    except ValueError:
        moment = None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return NAT
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return np.datetime64(moment.astimezone(timezone.utc).replace(tzinfo=None), "ms")


def _moment(value: Any, pattern: str | None) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return serial_time(float(value))
    if not isinstance(value, str):
        return None
    if pattern:
        try:
            return datetime.strptime(value, pattern)
        except ValueError:
            pass  # other rows of the column may be of another form
    found = _LOOSE.fullmatch(value) if value.isascii() or not any(map(_is_wide, value)) else None
    if found and found[5] != "24":
        year, month, day, noon, hour, minute, second, decimals, noon_after, offset = found.groups()
        clock = f"{_hour(int(hour or 0), noon or noon_after):02d}:{int(minute or 0):02d}:{int(second or 0):02d}"
        zone = (offset or "").upper().replace("Z", "+00:00")
        zone = zone if len(zone) != 5 else f"{zone[:3]}:{zone[3:]}"
        part = f".{(decimals + '000000')[:6]}" if decimals else ""
        return datetime.fromisoformat(f"{year}-{int(month):02d}-{int(day):02d}T{clock}{part}{zone}")
    found = _NAMED_MONTH.fullmatch(value)
    if found and found[1].upper() in _MONTHS:
        hour, minute, second = _hour(int(found[4] or 0), found[7]), int(found[5] or 0), int(found[6] or 0)
        return datetime(int(found[3]), _MONTHS[found[1].upper()], int(found[2]), hour, minute, second)
    return other_time(value) if len(value) <= 60 else None


def _is_wide(sign: str) -> bool:
    """Tell a full-width digit: Python reads it as a number, ISO 8601 does not know it."""
    return "\uff10" <= sign <= "\uff19"


def _hour(hour: int, noon: str | None) -> int:
    if not noon:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if noon.upper() in ("PM", "下午") else 0)


def to_utc(local: NDArray[np.datetime64], zone: str) -> NDArray[np.datetime64]:
    """Turn local times into UTC; the zone is asked once per hour that occurs, not per row."""
    return local - _offsets(local, zone, from_local=True)


def to_local(moments: NDArray[np.datetime64], zone: str) -> NDArray[np.datetime64]:
    """Turn UTC moments into local times of a zone."""
    return moments + _offsets(moments, zone, from_local=False)


def _offsets(moments: NDArray[np.datetime64], zone: str, *, from_local: bool) -> NDArray[np.timedelta64]:
    tzinfo = zone_of(zone)
    # Clocks change on full hours of local time; in UTC that is a quarter of an hour at the finest.
    step = 3_600_000 if from_local else 900_000
    there = ~np.isnat(moments)
    result = np.zeros(len(moments), dtype="timedelta64[ms]")
    if not there.any():
        return result
    passed = moments[there].astype("datetime64[ms]").astype(np.int64)
    day = passed // _DAY
    first = int(day.min())
    met = np.zeros(int(day.max()) - first + 1, dtype=bool)
    met[day - first] = True
    days = np.flatnonzero(met)
    begin = _offsets_at((days + first) * _DAY, tzinfo, from_local)
    end = _offsets_at((days + first + 1) * _DAY - step, tzinfo, from_local)
    table = np.zeros(len(met), dtype=np.int64)
    table[days] = begin
    met[days] = begin != end  # days on which clocks change: each hour is asked for
    found = table[day - first]
    rows = np.flatnonzero(met[day - first])
    if len(rows):
        blocks, places = np.unique(passed[rows] // step, return_inverse=True)
        found[rows] = _offsets_at(blocks * step, tzinfo, from_local)[places]
    result[there] = found.astype("timedelta64[ms]")
    return result


def _offsets_at(passed: NDArray[np.int64], zone: ZoneInfo, from_local: bool) -> NDArray[np.int64]:
    values = passed.tolist()
    return np.array([_offset(value, zone, from_local) for value in values], dtype=np.int64)


@lru_cache(maxsize=200_000)
def _offset(passed: int, zone: ZoneInfo, from_local: bool) -> int:
    """Return the offset (ms) at a moment; ``fromtimestamp`` fails on Windows before 1970."""
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=passed)
    offset = (at.replace(tzinfo=zone) if from_local else at.astimezone(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * 1000)


def to_text(moments: NDArray[np.datetime64]) -> NDArray[Any]:
    """Return moments as the store's text (``2018-07-04T09:24:41.000Z``), None for NaT."""
    result = np.full(len(moments), None, dtype=object)
    there = ~np.isnat(moments)
    texts = np.datetime_as_string(moments[there].astype("datetime64[ms]"), unit="ms").tolist()
    result[there] = [f"{text}Z" for text in texts]
    return result


def from_text(values: NDArray[Any]) -> NDArray[np.datetime64]:
    """Read the store's texts back; NaT for None and for anything that is no time."""
    result = np.full(len(values), NAT)
    there = np.array([value is not None for value in values.tolist()], dtype=bool)
    if not there.any():
        return result
    try:
        with warnings.catch_warnings():
            # Fixed width cuts the Z off; of a time zone that is left (a text without milliseconds) numpy warns. As
            # bytes it would be twice as fast, but numpy 1 crashes when it has to warn of such a text or to refuse it.
            warnings.simplefilter("error")
            result[there] = values[there].astype("U23").astype("datetime64[ms]")
        return result
    except (ValueError, Warning):  # somebody typed into the table: read what can be read
        moments, _ = parse_times(values, "UTC")
        return moments


def moment_text(moment: datetime) -> str:
    """Return one aware moment as the store's text."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


_STORED = re.compile(r"\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])(T\d\d:\d\d:\d\d(\.\d+)?Z?)?")


def newest_text(texts: Sequence[str]) -> str:
    """Return the latest of the store's texts that is a moment; '' when none is: anybody may type into a table."""
    found = max(texts, default="")
    return found if not found or _STORED.fullmatch(found) else max(filter(_STORED.fullmatch, texts), default="")


def last_days(newest: str, days: int) -> tuple[str, str]:
    """Return the first and the last text of the ``days`` before the newest moment; what is no time sorts outside."""
    moment = from_text(np.array([newest or None], dtype=object))
    if np.isnat(moment[0]):
        return "9", "9"
    return str(to_text(moment - np.timedelta64(min(days, LONGEST), "D"))[0]), newest
