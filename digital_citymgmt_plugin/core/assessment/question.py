# SPDX-License-Identifier: GPL-2.0-or-later
"""What a table of counts is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from digital_citymgmt_plugin.core.errors import InputRefused

FILED, REPORTED, FLOW = "filed", "reported", "flow"
BASES = (FILED, REPORTED, FLOW)
# What cases can be chosen by; lists of codes, "" among them means cases that have none.
WHERE = ("kind", "class", "source", "department", "street", "community", "grid", "exempt")
PERIODS = ("day", "week", "month", "quarter", "year")
TOTAL, NOWHERE = "*", ""
LEVELS_THEN = ("grid", "community", "street")  # rows that can be those of a day: ``grid@2025-06-01``
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})?")


@dataclass(frozen=True)
class Question:
    """What is counted: rows ``by`` (and ``by2``) of the cases that ``basis`` selects for a period.

    ``from_day``, ``to_day``: local days (YYYY-MM-DD), both included; empty: open. ``cut_off``: UTC text of the store;
    empty: the latest moment known of any case. ``where``: name of ``WHERE`` → codes; ``exempt`` ``["0"]`` leaves the
    cases out of which an appeal was granted.
    """

    by: str
    by2: str = ""
    basis: str = FILED
    from_day: str = ""
    to_day: str = ""
    cut_off: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self) -> Question:
        """Return the question with its filter in order; raises ``assess.basis``, ``assess.date``, ``assess.period``."""
        if self.basis not in BASES:
            raise InputRefused("assess.basis", value=self.basis, known=", ".join(BASES))
        for name in ("from_day", "to_day"):
            if not _DAY.fullmatch(getattr(self, name)):
                raise InputRefused("assess.date", field=name, value=getattr(self, name))
        if self.from_day and self.to_day and self.from_day > self.to_day:
            raise InputRefused("assess.period", from_date=self.from_day, to_date=self.to_day)
        for name in self.where:
            if parted(name)[0] not in WHERE:
                raise InputRefused("assess.where", value=name, known=", ".join(WHERE))
        flags = set(self.where.get("exempt", ()))
        if flags - {"0", "1"}:
            raise InputRefused("assess.where", value=f"exempt={min(flags - {'0', '1'})}", known="exempt=0, exempt=1")
        chosen = {name: tuple(sorted(set(self.where[name]))) for name in sorted(self.where) if self.where[name]}
        if len(flags) == 2:  # those and the others: all
            del chosen["exempt"]
        return replace(self, where=chosen)


def parted(by: str) -> tuple[str, str]:
    """Return what rows are, and the day whose unit grids they are made of: ``grid@2025-06-01``; "" means today's.

    Raises
    ------
    InputRefused
        ``assess.by`` where rows of that kind are not those of a day, ``assess.date``.
    """
    name, sign, day = by.partition("@")
    if not sign:
        return name, ""
    if name not in LEVELS_THEN:
        raise InputRefused("assess.by", value=by, known=", ".join(f"{level}@2025-06-01" for level in LEVELS_THEN))
    try:
        return name, date.fromisoformat(day).isoformat()
    except ValueError:
        raise InputRefused("assess.date", field="by", value=by) from None
