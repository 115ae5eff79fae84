# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of the codes of unit grids: by the edition's code scheme, of their community, used once."""

from __future__ import annotations

import numpy as np

from digital_citymgmt_plugin.core.grids.audit.model import GridSet, Params, grid_check
from digital_citymgmt_plugin.core.grids.checks import GridIssue


def _codes(grids: GridSet) -> list[str]:
    return ["" if code is None else str(code).strip() for code in grids.codes.tolist()] if grids.coded else []


@grid_check("grid.code_missing")
def code_missing(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find grids without a code."""
    return [GridIssue("grid.code_missing", i) for i, code in enumerate(_codes(grids)) if not code]


@grid_check("grid.code_form")
def code_form(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find codes that the edition's scheme does not allow: length, digits, county, number 0."""
    codes = _codes(grids)
    if grids.scheme is None or not codes:
        return []
    reasons = grids.scheme.check_many(np.array(codes, dtype=str), grids.county).tolist()
    return [
        GridIssue("grid.code_form", i, -1, {
            "code": codes[i], "why": reason, "structure": grids.scheme.structure, "expected": grids.scheme.length,
            "county": grids.county,
        })
        for i, reason in enumerate(reasons) if reason and codes[i]
    ]  # fmt: skip


@grid_check("grid.code_community")
def code_community(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find codes that do not begin with the code of the community that the grid states, else lies in."""
    codes = _codes(grids)
    if grids.scheme is None or not codes or not len(grids.homes):
        return []
    found = []
    for at, row in enumerate(grids.rows.tolist()):
        code = codes[row]
        home = int(grids.home[at])
        own = str(grids.community_codes[home]) if home >= 0 else ""
        if code and own and len(code) == grids.scheme.length and not code.startswith(own):
            found.append(GridIssue("grid.code_community", row, home, {"code": code, "community": own}))
    return found


@grid_check("grid.code_double")
def code_double(grids: GridSet, params: Params) -> list[GridIssue]:
    """Find codes that an earlier grid has already."""
    first: dict[str, int] = {}
    found = []
    for row, code in enumerate(_codes(grids)):
        if code and first.setdefault(code, row) != row:
            found.append(GridIssue("grid.code_double", row, first[code], {"code": code}))
    return found
