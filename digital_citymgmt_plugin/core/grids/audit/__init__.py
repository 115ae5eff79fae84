# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks of unit grids: every rule a pure function over a set of grids (rules as data: ``check_rules.csv``)."""

from __future__ import annotations

from digital_citymgmt_plugin.core.grids.audit import codes, coverage, ground, shapes
from digital_citymgmt_plugin.core.grids.audit.model import GRID_CHECKS, GridSet

__all__ = ["GRID_CHECKS", "GridSet", "codes", "coverage", "ground", "shapes"]
