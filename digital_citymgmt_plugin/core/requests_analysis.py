# SPDX-License-Identifier: GPL-2.0-or-later
"""All that is asked for analysis: rates judged and compared, and where cases crowd."""

from __future__ import annotations

from digital_citymgmt_plugin.core.request_base import Request
from digital_citymgmt_plugin.core.requests_analyst import ANALYST
from digital_citymgmt_plugin.core.requests_fairness import FAIRNESS
from digital_citymgmt_plugin.core.requests_hotspots import HOTSPOTS
from digital_citymgmt_plugin.core.requests_scan import SCAN

ANALYSIS: tuple[type[Request], ...] = (*FAIRNESS, *SCAN, *HOTSPOTS, *ANALYST)
