# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of tables in the user's language."""

from __future__ import annotations

from collections.abc import Sequence

from digital_citymgmt_plugin.core.ports import Context


def said(context: Context, code: str, **values: object) -> str:
    """Return the sentence of a code, filled; the code itself where the user's language has none."""
    text = (context.sentences or {}).get(code, code)
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def headings(context: Context, prefix: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the headings of columns."""
    return tuple(said(context, f"{prefix}.{name}") for name in names)
