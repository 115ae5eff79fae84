# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks of a census: every rule a pure function over columns (``core/census/check_pack.py``: rules as data)."""

from __future__ import annotations

from digital_citymgmt_plugin.core.census.check_pack import Rule, adjust
from digital_citymgmt_plugin.core.census.checks import classes, dates, geometry, identity, photo, place, topology
from digital_citymgmt_plugin.core.census.checks.doubles import PAIRS
from digital_citymgmt_plugin.core.census.checks.model import CHECKS, City, ClassInfo, Hits, Part, Photos

__all__ = [
    "CHECKS", "PAIRS", "City", "ClassInfo", "Hits", "Part", "Photos", "Rule", "adjust", "classes", "dates", "geometry",
    "identity", "photo", "place", "topology",
]  # fmt: skip
