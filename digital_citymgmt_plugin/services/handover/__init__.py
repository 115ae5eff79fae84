# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases handed over in packages, and the receipts that come back (P9). The city's platform is never written to."""

from __future__ import annotations

from digital_citymgmt_plugin.services.handover.packing import list_packages, pack_cases
from digital_citymgmt_plugin.services.handover.platform import export_platform_cases
from digital_citymgmt_plugin.services.handover.receipts import read_receipt

__all__ = ["export_platform_cases", "list_packages", "pack_cases", "read_receipt"]
