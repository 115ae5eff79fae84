# SPDX-License-Identifier: GPL-2.0-or-later
"""Photos at a city's size: 20,000 small ones matched by code and by EXIF place, copied with checksum, and again.

Small photos on purpose: with real ones the disk is timed. CPU seconds of the engine; bars hold at qingdao only.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.requests import ImportPhotos, OpenStore
from scripts.benchmarks.importcomponents import cpu_seconds, figure, peak_memory

COUNT = {"qingdao": 20_000, "qidong": 20_000}
FEW = 500
BAR = 60.0  # CPU s for 20,000


def figures(folder: Path, store: Path, scale: str) -> list[dict[str, Any]]:
    """Time the first import and the second one, which finds everything there; memory of the engine (MB)."""
    count, large = COUNT.get(scale, FEW), scale in COUNT
    copy = folder / "city.gpkg"
    shutil.copy(store, copy)
    made = write_photos(copy, folder / "photos", count)
    engine = EngineClient(sys.executable)
    engine.call(OpenStore(str(copy)))
    seconds, counts = [], []
    for _ in range(2):
        began = cpu_seconds(engine.pid)
        counts.append(engine.call(ImportPhotos(str(folder / "photos")))["counts"])
        seconds.append(cpu_seconds(engine.pid) - began)
    peak = peak_memory(engine.pid) or 0.0
    engine.close()
    taken = sum(counts[0][name] for name in ("by_name", "by_code", "by_source", "by_place"))
    known = counts[1]["photo_unchanged"] + counts[1]["photo_orphans"]
    return [
        figure(f"census: photos, {made} in", seconds[0], "CPU s", f"<= {BAR:g}", seconds[0] <= BAR if large else None),
        figure("census: photos, the same again", seconds[1], "CPU s"),
        figure("census: photos, matched", float(taken), "photos"),
        figure("census: photos, new the second time", float(made - known), "rows", "= 0", known == made),
        figure("census: photos, peak memory", peak, "MB", "<= 1000", peak <= 1_000 if large else None),
    ]  # fmt: skip


def write_photos(store: Path, out: Path, count: int) -> int:
    """Write photos of the first components, every other named by its code, the others with its place in the EXIF."""
    import pyogrio
    import shapely
    from PIL import Image
    from pyproj import Transformer

    meta, _, shapes, columns = pyogrio.raw.read(
        store, layer="component_point", columns=["code"], max_features=count, where="code IS NOT NULL"
    )
    points = shapely.from_wkb(shapes)
    to_degrees = Transformer.from_crs(meta["crs"], 4326, always_xy=True)
    lon, lat = to_degrees.transform(shapely.get_x(points), shapely.get_y(points))
    out.mkdir()
    for at, code in enumerate(columns[0].tolist()):
        noise = np.random.default_rng(at).integers(0, 255, (12, 16), dtype=np.uint8)
        image, exif = Image.fromarray(noise).resize((160, 120)), Image.Exif()
        if at % 2:
            exif[0x8825] = {1: "N", 2: (float(lat[at]), 0.0, 0.0), 3: "E", 4: (float(lon[at]), 0.0, 0.0)}
        image.save(out / (f"DSC{at:06d}.jpg" if at % 2 else f"{code}.jpg"), exif=exif)
    return len(columns[0])
