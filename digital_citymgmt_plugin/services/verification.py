# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a store ties in itself."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.ports import Context


def verify_store(context: Context, request: Any) -> dict[str, Any]:
    """Check the open store against itself; nothing is changed.

    Returns
    -------
    dict
        Count ``findings``, and ``findings``: rule, table, count and an example each. Repairing comes later.
    """
    context.progress(0.1, "progress.checking")
    findings = context.need_store().verify()
    listed = [{"rule": item[0], "table": item[1], "count": item[2], "example": item[3]} for item in findings]
    notes = [{"code": item["rule"], "values": item} for item in listed]
    return {"counts": {"findings": len(listed)}, "operation": None, "tables": [], "notes": notes, "findings": listed}
