# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks and repairs of unit grids on 6,102 statistical units of Tainan in 752 villages: faults of real surveys."""

from __future__ import annotations

import importlib.util
import time

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.audit import GRID_CHECKS, GridSet
from digital_citymgmt_plugin.core.grids.repair import repair_cells
from digital_citymgmt_plugin.storage.profiles import check_rules

pytestmark = pytest.mark.real_data

PARAMS = {rule.code: rule.params for rule in check_rules() if rule.code in GRID_CHECKS}
TOLERANCE = 0.5


def shapes_of(path):
    import pyogrio
    from pyproj import Transformer

    meta, _ids, geometry, _fields = pyogrio.raw.read(path, columns=[])
    to_metres = Transformer.from_crs(meta["crs"], "EPSG:3826", always_xy=True)
    shapes = shapely.force_2d(shapely.from_wkb(geometry))
    moved = shapely.transform(shapes, lambda xy: np.column_stack(to_metres.transform(*xy.T)))
    return np.asarray(moved, dtype=object)


@pytest.fixture(scope="module")
def tainan():
    from tests.conftest import SHARED

    if not SHARED.is_dir():
        pytest.skip("no real data: set DCM_SHARED to the folder (default ../shared/data)")
    cells = shapes_of(SHARED / "admin/tainan_basic_statistical_units.gpkg")
    homes = shapes_of(SHARED / "admin/tainan_villages.gpkg")
    codes = np.array([str(number) for number in range(len(homes))], dtype=object)
    return GridSet(cells, communities=homes, community_codes=codes)


@pytest.fixture(scope="module")
def scorer():
    """The scorer of drafts, written apart from the plugin: a second opinion."""
    from tests.conftest import SHARED

    path = SHARED.parent / "tools" / "grid_quality.py"
    if not path.is_file():
        pytest.skip("no ../tools/grid_quality.py beside the real data: there is no second opinion to compare with")
    spec = importlib.util.spec_from_file_location("grid_quality", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_gaps_and_overlaps_are_those_of_the_scorer(tainan, scorer):
    start = time.perf_counter()
    every = {"metres": 0.0, "square_metres": 0.0}
    sums = {
        rule: sum(issue.geometry.area for issue in GRID_CHECKS[f"grid.{rule}"](tainan, every))
        for rule in ("gap", "overlap", "duplicate")
    }
    for code, check in GRID_CHECKS.items():
        check(tainan, PARAMS[code])
    assert time.perf_counter() - start < 60  # 20 s on a quiet machine
    figures = scorer.coverage_figures(tainan.fixed, shapely.union_all(tainan.homes))
    overlap = next(value for name, value in figures.items() if name.startswith("overlap") and "share" not in name)
    missing = next(value for name, value in figures.items() if name.startswith("uncovered") and "share" not in name)
    assert sums["overlap"] + sums["duplicate"] == pytest.approx(overlap, abs=1.0, rel=1e-6)
    # The scorer asks what no unit covers of all villages together, the rule village by village: the same where these
    # do not overlap each other.
    assert sums["gap"] == pytest.approx(missing, rel=0.02, abs=50.0)


def test_a_repair_leaves_less_and_moves_nothing_far(tainan, scorer):
    mended = repair_cells(tainan.cells, TOLERANCE, tainan.homes)
    assert len(mended.rows) and mended.gaps + mended.overlaps > 0
    before, after = tainan.cells[mended.rows], mended.cells[mended.rows]
    fixed = shapely.make_valid(before)
    away = [
        shapely.hausdorff_distance(shapely.segmentize(one, 0.5), shapely.segmentize(other, 0.5))
        for one, other in list(zip(shapely.boundary(fixed), shapely.boundary(after)))[:40]
    ]
    assert max(away) <= TOLERANCE + 1e-6
    assert shapely.is_valid(after).all()
    wrong = [shapely.length(shapely.coverage_invalid_edges(cells)).sum() for cells in (tainan.fixed, mended.cells)]
    assert wrong[1] <= wrong[0]
