# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders beside a city store that hold copies of files from outside, as use cases see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol


class EvidenceKeeper(Protocol):
    """The city's folder of evidence; copies stand aside until ``keep``."""

    def take(self, path: str, facts: dict[str, Any]) -> str:
        """Copy a file aside, check the copy by its digest; returns the name that it is to have."""

    def keep(self) -> None:
        """Move all that was taken to its place."""

    def close(self, *, good: bool) -> None:
        """Remove what stood aside; what was kept, too, unless all went well."""

    def settle(self, held: Callable[[], Iterable[str]]) -> None:
        """Put copies that no ruling names away, and those back that one names again."""

    def path_of(self, name: str, size: int) -> str | None:
        """Return where a copy is; None when it is not there, or not of this size."""
