# SPDX-License-Identifier: GPL-2.0-or-later
"""A city store of a given size for looking at it: grids, communities, components of all geometries, cases, issues.

Written through the store's own actions but without checks, numbering or logs: what the canvas reads is all there,
what it does not read is not. As a script: ``_canvas_store.py SCALE STORE``.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.core.cases.stages import STAGES
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.migrate import create_store
from digital_citymgmt_plugin.storage.profiles import builtin_profile
from digital_citymgmt_plugin.storage.projections import Projected
from scripts.benchmarks._city import CRS, make

CASES = {"tiny": 300, "demo": 5_000, "qidong": 27_844, "qingdao": 1_000_000}
_CHUNK = 200_000


def clock() -> datetime:
    """Return the moment at which everything is written."""
    return datetime(2026, 7, 1, tzinfo=timezone.utc)


def _read(path: Path) -> dict[str, Any]:
    parts = list(CityFiles().open_source(str(path)).chunks(_CHUNK))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _like(count: int, value: Any) -> Any:
    return np.full(count, value, dtype=object)


def build(scale: str, path: Path) -> dict[str, int]:
    """Make the store; returns how many rows of each kind it holds."""
    profile = builtin_profile("2013")
    meta = {
        "edition": "2013",
        "county_code": "320681",
        "county_name": "启东市",
        "crs": CRS,
        "time_zone": "Asia/Shanghai",
    }
    names = ("kind", "code", "major_code", "major_name", "minor_code", "name", "geometry")
    classes = {name: np.array([getattr(entry, name) for entry in profile.classes], dtype=object) for name in names}
    create_store(str(path), meta, Projected().describe(CRS), {"class": classes}, program="b", done_by="b", clock=clock)
    with tempfile.TemporaryDirectory() as scratch:
        make(Path(scratch), scale)
        areas, grids, things = (
            _read(Path(scratch) / f"{name}.gpkg") for name in ("communities", "grids", "components")
        )
    store = GpkgStore(str(path), program="benchmark", clock=clock)
    try:
        with store.action("benchmark") as action:
            counts = _fill(action, areas, grids, things, scale)
    finally:
        store.close()
    return counts


def _fill(
    action: Any, areas: dict[str, Any], grids: dict[str, Any], things: dict[str, Any], scale: str
) -> dict[str, int]:
    source = np.random.default_rng(7)
    homes = areas["code"].astype(str)
    streets = np.array([code[:9] for code in homes])
    for level, codes in (("county", np.array(["320681"] * len(homes))), ("street", streets), ("community", homes)):
        kinds = np.unique(codes)
        shapes = [
            shapely.multipolygons([shapely.union_all(areas["geom"][codes == one])])
            if _single(areas["geom"][codes == one])
            else shapely.union_all(areas["geom"][codes == one])
            for one in kinds
        ]
        words = {"county": "启东市", "street": "街道", "community": "社区"}[level]
        titles = [words if level == "county" else f"第{number}{words}" for number in range(1, len(kinds) + 1)]
        rows = {
            "level": _like(len(kinds), level),
            "code": kinds.astype(object),
            "name": np.array(titles, dtype=object),
            "geom": np.array(shapes, dtype=object),
        }
        action.insert("admin_area", rows)
    order = np.argsort(grids["home"].astype(str), kind="stable")
    home = grids["home"].astype(str)[order]
    first = np.r_[True, home[1:] != home[:-1]]
    serial = np.arange(len(home)) - np.maximum.accumulate(np.where(first, np.arange(len(home)), 0)) + 1
    code = np.array([f"{a}{n:03d}" for a, n in zip(home, serial)], dtype=object)
    cells = np.array([shapely.multipolygons([cell]) for cell in grids["geom"][order]], dtype=object)
    action.insert("unit_grid", {"code": code, "community_code": home.astype(object), "geom": cells})
    profile = builtin_profile("2013")
    geometry = {entry.code: (entry.geometry, entry.name) for entry in profile.classes if entry.kind == "component"}
    of_class = things["class"].astype(str)
    kind = np.array([geometry[one][0] for one in np.unique(of_class)])[np.unique(of_class, return_inverse=True)[1]]
    # Lines and areas are rare in a census, so most of their draws become street trees.
    rare = (kind != "point") & (source.random(len(kind)) > 0.2)
    of_class[rare], kind[rare] = "0402", "point"
    counts = {"grids": len(code), "communities": len(homes)}
    x, y = shapely.get_x(things["geom"]), shapely.get_y(things["geom"])
    for table in ("point", "line", "area"):
        chosen = np.flatnonzero(kind == table)
        counts[f"{table}s"] = len(chosen)
        for start in range(0, len(chosen), _CHUNK):
            here = chosen[start : start + _CHUNK]
            shapes = things["geom"][here]
            if table == "line":
                shapes = shapely.linestrings(
                    np.stack(
                        [np.c_[x[here], y[here]], np.c_[x[here] + 25, y[here] + 9], np.c_[x[here] + 40, y[here] + 9]], 1
                    )
                )
                shapes = np.array([shapely.multilinestrings([one]) for one in shapes], dtype=object)
            elif table == "area":
                shapes = np.array(
                    [shapely.multipolygons([one]) for one in shapely.box(x[here], y[here], x[here] + 18, y[here] + 11)],
                    dtype=object,
                )
            rows = {
                "class_code": of_class[here].astype(object),
                "geom": np.asarray(shapes, dtype=object),
                "name": np.array([geometry[one][1] for one in of_class[here]], dtype=object),
                "state": _like(len(here), "完好"),
            }
            action.insert(f"component_{table}", rows)
    counts["cases"] = _cases(action, things, CASES[scale], source)
    return counts


def _single(shapes: Any) -> bool:
    return bool(shapely.union_all(shapes).geom_type == "Polygon")


def _cases(action: Any, things: dict[str, Any], count: int, source: Any) -> int:
    """Cases beside components: most closed, the open ones in all stages, some of them late."""
    x, y = shapely.get_x(things["geom"]), shapely.get_y(things["geom"])
    for start in range(0, count, _CHUNK):
        size = min(_CHUNK, count - start)
        at = source.integers(0, len(x), size)
        stage = np.where(source.random(size) < 0.9, 6, source.integers(0, 9, size))
        late = source.random(size) < 0.3
        rows = {
            "case_no": np.array([f"2026{number:08d}" for number in range(start, start + size)], dtype=object),
            "kind": _like(size, "component"), "class_code": things["class"][at],
            "stage": np.array(STAGES, dtype=object)[stage],
            "closed_at": np.where(stage == 6, "2026-06-30T00:00:00.000Z", None).astype(object),
            "due_at": np.where(late, "2026-06-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z").astype(object),
            "geom": shapely.points(x[at] + source.normal(0, 8, size), y[at] + source.normal(0, 8, size)),
        }  # fmt: skip
        action.insert("case_record", rows)
    return count


if __name__ == "__main__":
    print(build(sys.argv[1], Path(sys.argv[2])))
