# SPDX-License-Identifier: GPL-2.0-or-later
"""The schemes of evaluation that can be chosen, with what is wrong with any of them, and public ones as written."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.assessment.scheme_checks import build_scheme, check_scheme
from digital_citymgmt_plugin.core.assessment.schemes import Scheme
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_assessment import ListSchemes
from digital_citymgmt_plugin.services.assessment.evaluate import say_fault


def list_schemes(context: Context, request: ListSchemes) -> dict[str, Any]:
    """List the schemes of the profile, and with ``mistaken`` those of sources that have a mistake, which is told.

    Returns
    -------
    dict
        ``schemes``: code, name, object, basis, zero, decimals, source, confidence, note, ``terms`` (indicator, name,
        formula, rule, weight, better, bands), ``weights`` (their sum), ``grades``, ``problems`` (code and values),
        ``said`` (these in words), ``usable``.
    """
    profile = context.need_store().profile()
    indicators = {item.code: item for item in profile.indicators}
    parts = [(profile.score_schemes, profile.score_terms, profile.score_bands, True)]
    if request.mistaken:
        rows = context.files.mistaken_schemes()
        parts.append((rows["score_schemes"], rows["score_terms"], rows["score_bands"], False))
    listed = []
    for schemes, terms, bands, offered in parts:
        for row in schemes:
            scheme = build_scheme(row, terms, bands, indicators)
            if not request.object or scheme.object in ("", request.object):
                told = _told(scheme, offered)
                listed.append({**told, "said": [say_fault(context, fault) for fault in check_scheme(scheme)]})
    return {"counts": {"schemes": len(listed)}, "operation": None, "tables": [], "notes": [], "schemes": listed}


def _told(scheme: Scheme, offered: bool) -> dict[str, Any]:
    problems = [[code, values] for code, values in check_scheme(scheme)]
    return {
        "code": scheme.code, "name": scheme.name, "object": scheme.object, "basis": scheme.basis, "zero": scheme.zero,
        "decimals": scheme.decimals, "source": scheme.source, "confidence": scheme.confidence, "note": scheme.note,
        "weights": round(sum(term.weight for term in scheme.terms), 10),
        "terms": [
            {
                "indicator": term.code, "name": term.indicator.name, "rule": term.rule, "weight": term.weight,
                "better": term.better, "numerator": term.indicator.numerator,
                "denominator": term.indicator.denominator,
                "bands": [[band.start, band.stop, band.score] for band in term.bands],
            }
            for term in scheme.terms
        ],
        "grades": [[band.start, band.stop, band.grade] for band in scheme.grades],
        "problems": problems, "usable": offered and not problems,
    }  # fmt: skip
