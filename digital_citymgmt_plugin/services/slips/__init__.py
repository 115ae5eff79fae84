# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips of cases: which cases, what stands on each, Word files of them. PDF is made of the same by ``bridge.slips``."""

from __future__ import annotations

from digital_citymgmt_plugin.services.slips.choosing import slip_cases
from digital_citymgmt_plugin.services.slips.sheets import read_slips
from digital_citymgmt_plugin.services.slips.word import write_slips

__all__ = ["read_slips", "slip_cases", "write_slips"]
