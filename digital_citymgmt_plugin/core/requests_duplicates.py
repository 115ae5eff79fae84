# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests about doubles of the census."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Request


@dataclass(frozen=True)
class FindDuplicates(Request):
    """Find components that may be one thing and list them as issues. ``tolerance`` (m) overrides the class's."""

    method: ClassVar[str] = "find_duplicates"
    tolerance: Optional[float] = None  # noqa: UP045
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class MergeDuplicates(Request):
    """Merge doubles into one component each.

    ``pairs`` names two uuids each: ``a>b`` (a goes on) or ``a b`` (the older code goes on). Without any, all pairs
    found within ``tolerance`` (m) that have the ``reason`` (code | near | photo | any) and ``least_score`` (0 to 1).
    """

    method: ClassVar[str] = "merge_duplicates"
    pairs: list[str] = field(default_factory=list)
    tolerance: Optional[float] = None  # noqa: UP045
    reason: str = "code"
    least_score: float = 0.9
    output: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class ListDuplicates(Request):
    """List the open pairs, the surest first, at most ``limit``."""

    method: ClassVar[str] = "list_duplicates"
    limit: int = 5_000


@dataclass(frozen=True)
class ComparePair(Request):
    """Return all values and photos of two components (uuids)."""

    method: ClassVar[str] = "compare_pair"
    one: str
    two: str
