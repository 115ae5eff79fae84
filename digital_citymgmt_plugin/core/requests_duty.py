# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked about limits and responsibility. ``core.requests`` names these with all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from digital_citymgmt_plugin.core.request_base import Layer, Request


@dataclass(frozen=True)
class ImportFilingStandard(Request):
    """Bring the filing standard of a city in, from a table of any layout: classes, conditions, limits.

    ``mapping``: JSON or the name of a saved one; empty: guessed by heading and value. The rules of classes in the table
    take the place of those the profile has of them; ``replace_all``: of all rules. ``at_once``: the limit that 即时 and
    the like stand for (``1紧急工作时``); empty: none.
    """

    method: ClassVar[str] = "import_filing_standard"
    input: Layer
    mapping: Optional[str] = None  # noqa: UP045
    replace_all: bool = False
    at_once: Optional[str] = None  # noqa: UP045
    rejects: Optional[str] = None  # noqa: UP045
