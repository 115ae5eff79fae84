# SPDX-License-Identifier: GPL-2.0-or-later
"""The desk of a dispatcher: queues of cases, the page of a case, what lies near it (``docs/adr/0018``)."""

from __future__ import annotations

from digital_citymgmt_plugin.services.dispatch.exporting import export_cases
from digital_citymgmt_plugin.services.dispatch.listing import case_queue, warm_cases
from digital_citymgmt_plugin.services.dispatch.page import case_page

__all__ = ["case_page", "case_queue", "export_cases", "warm_cases"]
