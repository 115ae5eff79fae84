# SPDX-License-Identifier: GPL-2.0-or-later
"""Text that a spreadsheet would run when it opens a table: names, remarks and file names come from anybody."""

from __future__ import annotations

import re

FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)*")


def guarded_text(text: str) -> str:
    """Return text for a CSV file: what a spreadsheet would run gets an apostrophe, unless it is a plain number."""
    return f"'{text}" if text.startswith(FORMULA) and not _NUMBER.fullmatch(text) else text
