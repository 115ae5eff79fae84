# SPDX-License-Identifier: GPL-2.0-or-later
"""The newest row of the operation log: what came after it is what somebody did since."""

from __future__ import annotations

from digital_citymgmt_plugin.core.ports import Store


def last_operation(store: Store) -> int:
    """Return the number of the newest operation."""
    rows = store.read("operation", ["fid"])["fid"]
    return int(rows.max()) if len(rows) else 0
