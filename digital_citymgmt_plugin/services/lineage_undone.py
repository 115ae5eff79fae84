# SPDX-License-Identifier: GPL-2.0-or-later
"""What was done to a unit grid and taken back: it holds no more, and the lineage keeps it."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.ports import Condition, Store
from digital_citymgmt_plugin.core.undo import UNDO
from digital_citymgmt_plugin.services.local_days import local_days

_COLUMNS = ("uuid", "kind", "at", "done_by", "undone_by")


def taken_back(store: Store, grid: str) -> list[dict[str, Any]]:
    """Return the operations taken back that had changed a grid (its uuid), the oldest first.

    Each as a dict: ``operation``, ``kind``, ``day`` (of the city), ``undo`` (uuid of what took it back),
    ``undone_day``, ``undone_by`` (who).
    """
    operations: set[str] = set()
    for end in ("parent_uuid", "child_uuid"):
        operations |= set(store.read("grid_lineage", ["operation_uuid"], [(end, "=", grid)])["operation_uuid"].tolist())
    if not operations:
        return []
    undone: list[Condition] = [
        ("uuid", "in", sorted(operations)), ("undone_by", "not null", None), ("kind", "!=", UNDO),
    ]  # fmt: skip
    rows = store.read("operation", _COLUMNS, undone, ["fid"])
    undos = store.read("operation", _COLUMNS, [("uuid", "in", sorted({*rows["undone_by"].tolist()}))], ["fid"])
    zone = store.meta().get("time_zone") or "Asia/Shanghai"
    by = dict(zip(undos["uuid"].tolist(), zip(local_days(undos["at"], zone).tolist(), undos["done_by"].tolist())))
    found = []
    for uuid, kind, undo, day in zip(
        *(rows[name].tolist() for name in ("uuid", "kind", "undone_by")), local_days(rows["at"], zone).tolist()
    ):
        until, who = by.get(undo, ("", None))
        found.append({
            "operation": uuid, "kind": kind, "day": day, "undo": undo, "undone_day": until, "undone_by": who or "",
        })  # fmt: skip
    return found
