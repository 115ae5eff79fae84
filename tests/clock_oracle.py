# SPDX-License-Identifier: GPL-2.0-or-later
"""A clock that walks minute by minute, to check the product's against: slow, obvious, and sharing nothing with it.

Time is a count of minutes of local time since ``FIRST_DAY``; a byte says of each whether it is worked. Holidays are
asked of the package day by day.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

FIRST_DAY = date(2013, 12, 1)
LAST_DAY = date(2027, 12, 31)
_RUNNING = {"emergency_hour": 60, "calendar_day": 24 * 60, "emergency_day": 24 * 60}


class MinuteClock:
    """A clock over the years 2014 to 2026.

    Parameters
    ----------
    hours_of : callable
        Day → the spans of its working hours as texts ``("08:00", "12:00")``.
    own : dict
        Day → whether the city works, against what is published.
    """

    def __init__(self, hours_of, own):
        import chinese_calendar

        self.patterns = []
        flags = bytearray()
        minutes_of = {}  # hours -> a byte for each minute of the day
        day = FIRST_DAY
        while day <= LAST_DAY:
            try:
                worked = chinese_calendar.is_workday(day)
            except NotImplementedError:
                worked = day.weekday() < 5
            worked = own.get(day, worked)
            hours = hours_of(day)
            if hours not in minutes_of:
                minutes_of[hours] = bytes(_is_within(minute, hours) for minute in range(24 * 60))
            pattern = minutes_of[hours]
            self.patterns.append(pattern)
            flags += pattern if worked else bytes(24 * 60)
            day += timedelta(days=1)
        self.flags = bytes(flags)

    def minute(self, moment: datetime) -> int:
        """Return the number of a local moment's minute."""
        return int((moment - datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day)).total_seconds()) // 60

    def moment(self, minute: int) -> datetime:
        return datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day) + timedelta(minutes=minute)

    def due(self, start, limits, pauses):
        """Walk from a minute until one limit (amount, unit) after the other is used up; None when the clock stands.

        A pause is (from, to); ``to`` None has no end.
        """
        now = start
        for amount, unit in limits:
            if unit == "work_hour":
                left = round(amount * 60)
            elif unit == "work_day":
                left = round(amount * sum(self.patterns[now // (24 * 60)]))
            else:
                left = round(amount * _RUNNING[unit])
            working = unit.startswith("work")
            while left:
                paused = False
                for begin, end in pauses:
                    if begin <= now and (end is None or now < end):
                        if end is None:
                            return None
                        paused = True
                if not paused and (not working or self.flags[now]):
                    left -= 1
                now += 1
        return now

    def used(self, start, end, working, pauses):
        """Count the minutes of the clock from start to end that no pause holds."""
        count = 0
        for now in range(start, end):
            if working and not self.flags[now]:
                continue
            if not any(begin <= now and (stop is None or now < stop) for begin, stop in pauses):
                count += 1
        return count


def _is_within(minute, hours):
    clock = f"{minute // 60:02d}:{minute % 60:02d}"
    return any(start <= clock < end for start, end in hours)
