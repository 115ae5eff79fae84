# SPDX-License-Identifier: GPL-2.0-or-later
"""Who of the log a post is: the people of a side, for some counts those of another.

A collector reports, verifies and checks; a shift lead files and closes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_VERIFIED = ("to_be_checked_before_filing", "checked_before_filing", "checked_before_filing_on_time")
_CHECKED = ("to_be_checked_after_disposal", "checked_after_disposal_on_time")
_CLOSED = ("closed", "closed_on_time", "closed_late")
_SIDES_OF: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "collector": ("reporter", {**dict.fromkeys(_VERIFIED, "verifier"), **dict.fromkeys(_CHECKED, "checker")}),
        "shift_lead": ("filer", dict.fromkeys(_CLOSED, "closer")),
    }
)


def side_of(by: str, count: str) -> str:
    """Return by which side a count of a post is counted; what is no post is its own side."""
    main, others = _SIDES_OF.get(by, (by, {}))
    return others.get(count, main)
