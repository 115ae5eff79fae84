# SPDX-License-Identifier: GPL-2.0-or-later
"""Three times the rows are imported in about the same memory."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.requests import CreateStore, ImportComponents, Layer
from digital_citymgmt_plugin.storage.files import CityFiles

MEGABYTES = 120


def census(path: Path, rows: int) -> Layer:
    """Write wells in a field, some attributes each."""
    number = np.arange(rows)
    names = np.array([f"上水井盖{row}" for row in number], dtype=object)
    columns = {
        "cls": np.full(rows, "0101", dtype=object), "name": names, "owner": names, "remark": names,
        "geom": shapely.points(500_000.5 + number % 300 * 2, 3_520_000.5 + number // 300 * 2),
    }  # fmt: skip
    CityFiles().write_layer(str(path), "census", columns, "EPSG:4550", "Point")
    return Layer(str(path))


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_the_engine_takes_little_more_memory_for_three_times_the_rows(client, tmp_path):
    peaks = []
    for rows in (20_000, 60_000):
        layer = census(tmp_path / f"{rows}.gpkg", rows)
        engine = client()
        engine.call(CreateStore(str(tmp_path / f"city{rows}.gpkg"), "2013", "320681", "启东市", "EPSG:4550"))
        counts = engine.call(ImportComponents(layer, class_field="cls"))["counts"]
        assert counts["inserted"] == rows
        status = Path(f"/proc/{engine.pid}/status").read_text(encoding="ascii")
        peaks.append(next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")))
        engine.close()
    assert peaks[1] - peaks[0] < MEGABYTES, peaks
