# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings of the analyst's dock in a workbook: what was on the screen, with its question and definitions."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Sheet
from digital_citymgmt_plugin.core.requests_analyst import WriteFindings


def write_findings(context: Context, request: WriteFindings) -> dict[str, Any]:
    """Write the table.

    Returns
    -------
    dict
        ``counts`` (rows), ``output``.

    Raises
    ------
    InputRefused
        ``findings.file`` (not an xlsx), ``findings.empty``, ``findings.rows`` (a row longer or shorter than the
        heading).
    """
    if not request.output.lower().endswith(".xlsx"):
        raise InputRefused("findings.file", file=request.output)
    if not request.header or not request.rows:
        raise InputRefused("findings.empty")
    wrong = next((at for at, row in enumerate(request.rows, 1) if len(row) != len(request.header)), 0)
    if wrong:
        raise InputRefused("findings.rows", row=wrong, count=len(request.header))
    sheet = Sheet(
        "findings", tuple(request.header), [tuple(row) for row in request.rows], tuple(request.title),
        tuple(request.notes),
    )  # fmt: skip
    context.files.write_workbook(request.output, [sheet])
    return {
        "counts": {"rows": len(request.rows)}, "operation": None, "tables": [], "notes": [], "output": request.output,
    }  # fmt: skip
