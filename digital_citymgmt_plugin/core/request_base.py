# SPDX-License-Identifier: GPL-2.0-or-later
"""What all requests are made of: their base and the input layer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Optional


@dataclass(frozen=True)
class Layer:
    """An input layer or table in a file.

    ``crs`` overrides what the file states (authority string or WKT); ``encoding`` overrides what is found by evidence.
    """

    path: str
    layer: Optional[str] = None  # noqa: UP045  (get_type_hints on Python 3.9)
    encoding: Optional[str] = None  # noqa: UP045
    crs: Optional[str] = None  # noqa: UP045


@dataclass(frozen=True)
class Request:
    """Base of all requests; ``method`` is the name on the pipe."""

    method: ClassVar[str] = ""

    def files_beside(self) -> list[str]:
        """Name the files that are written beside the outputs, under names that nobody chose."""
        return []

    def to_params(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)
