# SPDX-License-Identifier: GPL-2.0-or-later
"""A writer whose memory for pages is so small that every transaction spills into the WAL long before it commits.

It adds 2,000 coded components per action, for ever, and says ``committed N`` after each.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone

import numpy as np
import shapely

from digital_citymgmt_plugin.storage.gpkg import GpkgStore

BATCH = 2_000


def main(path: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    store = GpkgStore(path, program="spill test", clock=lambda: datetime.now(timezone.utc))
    store.connection.execute("PRAGMA cache_size = 20")
    while True:
        last = store.max_serials().get("3206810101", 0)
        serials = np.arange(last + 1, last + BATCH + 1)
        codes = np.array([f"3206810101{serial:06d}" for serial in serials], dtype=object)
        with store.action("spill") as action:
            fids = action.insert(
                "component_point",
                {
                    "class_code": np.full(BATCH, "0101", dtype=object),
                    "name": np.full(BATCH, "上水井盖" * 10, dtype=object),
                    "geom": shapely.points(rng.uniform(500_000, 505_000, (BATCH, 2))),
                },
            )
            action.update("component_point", fids, {"code": codes})
            uuids = store.read("component_point", ["uuid"], [("fid", ">=", int(fids[0]))], ["fid"])["uuid"]
            action.insert(
                "code_register",
                {
                    "code": codes,
                    "kind": np.full(BATCH, "component", dtype=object),
                    "scope": np.full(BATCH, "3206810101", dtype=object),
                    "serial": serials,
                    "object_uuid": uuids,
                    "status": np.full(BATCH, "issued", dtype=object),
                },
            )
        sys.stdout.write(f"committed {serials[-1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
