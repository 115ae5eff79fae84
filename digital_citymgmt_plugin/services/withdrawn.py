# SPDX-License-Identifier: GPL-2.0-or-later
"""Codes that a file brought and that went with it when its import was taken back: the mended file may bring them again.

They are retired in the register like all codes of an action taken back, and are never given out anew; only a file that
states them gets them, since it means the same thing in the street. Codes that the plugin gave out itself stay retired.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.ports import Action, Condition, Store
from digital_citymgmt_plugin.services.intake import objects

_TAKEN_BACK: list[Condition] = [
    ("undone_by", "not null", None), ("kind", "in", ["import_components", "adopt_grids"])
]  # fmt: skip


def withdrawn(store: Store, codes: NDArray[Any]) -> dict[str, int]:
    """Return, for those of the codes that a file may bring again, the ``fid`` of their row in the register."""
    rows = store.read("operation", ["uuid", "kind", "params"], _TAKEN_BACK)
    brought = [
        uuid
        for uuid, kind, params in zip(*(rows[name].tolist() for name in ("uuid", "kind", "params")))
        if kind == "import_components" or json.loads(params or "{}").get("code_field")
    ]
    listed = [code for code in codes.tolist() if code]
    if not brought or not listed:
        return {}
    where: list[Condition] = [("code", "in", listed), ("status", "=", "retired"), ("operation_uuid", "in", brought)]
    found = store.read("code_register", ["fid", "code"], where)
    return dict(zip(found["code"].tolist(), found["fid"].tolist()))


def bring_back(action: Action, back: dict[str, int], codes: NDArray[Any], uuids: NDArray[Any]) -> NDArray[np.bool_]:
    """Give withdrawn codes to the objects that came with them again; tells which codes these are."""
    again = np.array([code in back for code in codes.tolist()], dtype=bool)
    if again.any():
        size = int(again.sum())
        action.update(
            "code_register",
            np.array([back[code] for code in codes[again].tolist()], dtype=np.int64),
            {
                "object_uuid": uuids[again], "status": objects(["issued"] * size),
                "operation_uuid": objects([action.operation_uuid] * size),
            },
        )  # fmt: skip
    return again
