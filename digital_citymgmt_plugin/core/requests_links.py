# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked about the component of a case. ``core.requests`` names these with all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class LinkCases(Request):
    """Link cases to grid, community and component. ``tolerance`` (m) overrides the class's.

    ``relink``: change links of earlier runs that would now be otherwise; without it they are only listed.
    """

    method: ClassVar[str] = "link_cases"
    tolerance: Optional[float] = None  # noqa: UP045  (get_type_hints on Python 3.9)
    relink: bool = False


@dataclass(frozen=True)
class LinkChoices(Request):
    """List the components that a case may be about, side by side: by its code, within reach, and the one it has."""

    method: ClassVar[str] = "link_choices"
    case: int
    limit: int = 20


@dataclass(frozen=True)
class ChooseLink(Request):
    """Say by hand which component a case is about; no later run changes it.

    ``component``: its uuid; empty: the case is about no component. ``seen``: the newest event of the case that the user
    saw (``CasePage``); a case with a newer one is refused.
    """

    method: ClassVar[str] = "choose_link"
    case: int
    component: str = ""
    reason: str = ""
    role: str = "acceptor"
    done_by: str = ""
    seen: Optional[int] = None  # noqa: UP045


LINKS: tuple[type[Request], ...] = (LinkChoices, ChooseLink)
