# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a small city store for tests of the QGIS side; run as a process of its own, as the engine would write it."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CRS = "EPSG:4549"


def make_city(path: str, *, components: int = 60) -> None:
    """Write one county, one street, two communities (one without boundary), 4 grids, components, three cases."""
    subprocess.run([sys.executable, __file__, path, str(components)], check=True, cwd=ROOT, timeout=120)


def _write(path: str, components: int) -> None:
    import numpy as np
    import shapely

    from digital_citymgmt_plugin.storage.gpkg import GpkgStore
    from digital_citymgmt_plugin.storage.migrate import create_store
    from digital_citymgmt_plugin.storage.projections import Projected

    def clock() -> datetime:
        return datetime(2026, 7, 1, tzinfo=timezone.utc)

    def text(*values):
        return np.array(values, dtype=object)

    meta = {
        "edition": "2026",
        "county_code": "320681",
        "county_name": "启东市",
        "crs": CRS,
        "time_zone": "Asia/Shanghai",
    }
    classes = {
        "kind": text("component", "component", "event"),
        "code": text("01001", "04001", "06001"),
        "major_code": text("01", "04", "06"),
        "major_name": text("公用设施", "园林绿化", "市容环境"),
        "minor_code": text("001", "001", "001"),
        "name": text("上水井盖", "行道树", "暴露垃圾"),
    }
    create_store(path, meta, Projected().describe(CRS), {"class": classes}, program="test", done_by="test", clock=clock)
    store = GpkgStore(path, program="test", clock=clock)
    box = shapely.box(500000, 3520000, 500400, 3520400)
    cells = [shapely.box(x, y, x + 200, y + 200) for y in (3520200, 3520000) for x in (500000, 500200)]
    with store.action("test") as action:
        action.insert(
            "admin_area",
            {
                "level": text("county", "street", "community", "community"),
                "code": text("320681", "320681100", "320681100001", "320681100002"),
                "name": text("启东市", "汇龙镇", "紫薇社区", "无界社区"),
                "geom": text(*[shapely.multipolygons([box])] * 3, None),
            },
        )
        action.insert(
            "unit_grid",
            {
                "code": text(*[f"32068110000100{n}" for n in range(1, 5)]),
                "community_code": text(*["320681100001"] * 4),
                "geom": text(*[shapely.multipolygons([cell]) for cell in cells]),
            },
        )
        x = 500005 + (np.arange(components) * 37.0) % 390
        y = 3520005 + (np.arange(components) * 53.0) % 390
        action.insert(
            "component_point",
            {
                "class_code": text(*["01001", "04001"] * (components // 2)),
                "name": text(*["上水井盖", "行道树"] * (components // 2)),
                "code": text(*[f"32068101001{n:06d}" if n % 3 else None for n in range(components)]),
                "grid_code": text(*["320681100001001" if n % 5 else None for n in range(components)]),
                "geom": shapely.points(x, y),
            },
        )
        action.insert(
            "case_record",
            {
                "case_no": text("C1", "C2", "C3"),
                "kind": text("component", "component", "event"),
                "class_code": text("01001", "01001", "06001"),
                "stage": text("closed", "dispatch", "dispatch"),
                "closed_at": text("2026-06-30T00:00:00.000Z", None, None),
                "due_at": text(None, "2020-01-01T00:00:00.000Z", None),
                "geom": text(shapely.Point(500100, 3520100), shapely.Point(500300, 3520300), None),
            },
        )
    store.close()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    _write(sys.argv[1], int(sys.argv[2]))
