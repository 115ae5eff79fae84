# SPDX-License-Identifier: GPL-2.0-or-later
"""A picture for a document that is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class Picture:
    """Bytes of a JPEG or PNG that was decoded before, or its path; ``wide`` in millimetres."""

    source: Union[bytes, str]  # noqa: UP007
    wide: float = 80.0
