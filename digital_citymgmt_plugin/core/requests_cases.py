# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked to be done with cases. ``core.requests`` names these with all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class MoveCases(Request):
    """Do an action of the workflow with cases (``fid``), each allowed or refused on its own.

    ``payload``: what the action needs beyond reason and department – ``amount`` and ``unit`` of an extension, ``until``
    (``YYYY-MM-DD``) of parking, ``evidence``, ``receiver``. ``at``: when it was done (UTC; now where it is empty).
    ``seen``: case (fid as text) → the newest of its events that the user saw; a case with a newer one is refused.
    ``dry_run``: tell what would be done and refused, write nothing.
    """

    method: ClassVar[str] = "move_cases"
    cases: list[int]
    action: str
    role: str
    done_by: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)
    dept_code: Optional[str] = None  # noqa: UP045
    reason: Optional[str] = None  # noqa: UP045
    payload: Optional[dict[str, Any]] = None  # noqa: UP045
    at: Optional[str] = None  # noqa: UP045
    seen: Optional[dict[str, Any]] = None  # noqa: UP045
    dry_run: bool = False


@dataclass(frozen=True)
class ListMoves(Request):
    """Tell the city's workflow: ``moves`` (rows of the table), ``roles``, ``needs``; with ``cases`` what each allows.

    Answered of a case: ``allowed``, the actions that ``role`` (empty: anybody) may do with it now.
    """

    method: ClassVar[str] = "list_moves"
    cases: Optional[list[int]] = None  # noqa: UP045
    role: str = ""


@dataclass(frozen=True)
class RecomputeDue(Request):
    """Count due times anew by calendar, working hours and rule for returns as they are now; stated ones stay.

    ``ended``: closed and void cases, too; whether they were in time is judged anew.
    """

    method: ClassVar[str] = "recompute_due"
    ended: bool = False
