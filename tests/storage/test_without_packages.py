# SPDX-License-Identifier: GPL-2.0-or-later
"""What works without a package, in an interpreter that cannot import it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.cases import linking
from digital_citymgmt_plugin.storage.files import CityFiles
from tests.engine.small_city import column

ROOT = Path(__file__).resolve().parents[2]
READ = """
import sys
sys.modules[sys.argv[1]] = None
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.storage import vectors
from digital_citymgmt_plugin.storage.files import CityFiles
vectors._AT_ONCE = 2
try:
    rows = [part["名称"].tolist() for part in CityFiles().open_source(sys.argv[2]).chunks()]
    print(sum(rows, []))
except InputRefused as error:
    print(error.code)
except ImportError as error:
    print("lacks", error.name)
"""


def read_without(package: str, path: Path) -> str:
    """Read a layer in an interpreter without a package; layers over 2 features are long."""
    done = subprocess.run(
        [sys.executable, "-c", READ, package, str(path)], capture_output=True, text=True, check=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def layer(chinese_path):
    def write(ending):
        path = chinese_path / f"部件{ending}"
        columns = {"名称": column("井盖", "路灯", None), "geom": shapely.points(np.arange(6.0).reshape(3, 2))}
        CityFiles().write_layer(str(path), "部件", columns, "EPSG:4326", "Point")
        return path

    return write


@pytest.mark.parametrize("ending", [".gpkg", ".shp"])
def test_layers_are_read_without_fiona(layer, ending):
    assert read_without("fiona", layer(ending)) == "['井盖', '路灯', None]"


def test_a_damaged_layer_is_refused_without_fiona(layer):
    path = layer(".gpkg")
    path.write_bytes(path.read_bytes()[:4096])
    assert read_without("fiona", path) == "input.unreadable"


def test_a_long_geojson_needs_fiona(layer):
    assert read_without("fiona", layer(".geojson")) == "lacks fiona"


def test_layers_need_pyogrio(layer):
    assert read_without("pyogrio", layer(".gpkg")) == "lacks pyogrio"


def test_the_nearest_components_are_the_same_without_scipy(monkeypatch):
    rng = np.random.default_rng(5)
    cases, points = rng.uniform(0, 40, (300, 2)), shapely.points(rng.uniform(0, 40, (200, 2)))
    with_scipy = linking.nearest_components(cases, points, 3.0)
    monkeypatch.setitem(sys.modules, "scipy.spatial", None)
    without = linking.nearest_components(cases, points, 3.0)
    for field in fields(with_scipy):
        np.testing.assert_allclose(getattr(with_scipy, field.name), getattr(without, field.name))
