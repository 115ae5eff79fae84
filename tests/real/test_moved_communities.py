# SPDX-License-Identifier: GPL-2.0-or-later
"""Edges of communities moved on real ground: statistical units of Tainan, whose villages are drawn anew."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.bridge.messages import SENTENCES
from digital_citymgmt_plugin.core.grids.edit import Coverage
from digital_citymgmt_plugin.core.grids.edit_community import crossed, mend_crossings
from tests.real.test_tainan_grid_checks import shapes_of as layer_of
from tests.redraw_ground import digest

pytestmark = pytest.mark.real_data

TOLERANCE, LEAST = 2.0, 200.0


def test_units_of_tainan_follow_when_their_villages_are_drawn_anew(shared):
    units = layer_of(shared / "admin/tainan_basic_statistical_units.gpkg")
    villages = layer_of(shared / "admin/tainan_villages.gpkg")
    villages = villages[shapely.is_valid(villages)]
    middle = shapely.point_on_surface(units)
    unit, village = shapely.STRtree(villages).query(middle, predicate="intersects")
    group = np.full(len(units), -1)
    group[unit] = village
    cov = Coverage([str(row) for row in range(len(units))], units, [str(one) for one in group])
    seeds = shapely.centroid(villages)
    whole = shapely.envelope(shapely.geometrycollections(units.tolist())).buffer(500)
    tiles = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=whole))
    seed, tile = shapely.STRtree(tiles).query(seeds, predicate="intersects")
    areas = {str(one): tiles[two] for one, two in zip(seed.tolist(), tile.tolist())}
    start, total = digest(cov), math.fsum(cov.cell(name).area for name in cov.usable)
    before = crossed(cov, areas, TOLERANCE)
    edit = mend_crossings(cov, areas, TOLERANCE, LEAST)
    assert digest(cov) == start
    assert sum(one.parted for one in before) > 100
    cov.apply(edit)
    assert abs(math.fsum(cov.cell(name).area for name in cov.usable) - total) < 1e-5
    left = {values["cell"] for code, values in edit.notes if code == "redraw.not_mended"}
    assert len(left) <= 0.01 * len(before)
    reasons = {values["why"] for code, values in edit.notes if code == "redraw.not_mended"}
    assert "because.redraw_faults" in reasons and reasons <= SENTENCES.keys()  # some of the units overlap as they are
    for name in edit.parents:
        other = shapely.difference(shapely.buffer(cov.cell(name), -TOLERANCE), areas[cov.group(name)])
        if other.area > 1.0:
            assert set(edit.parents[name]) & left or other.area < LEAST, name
    cov.revert(edit)
    assert digest(cov) == start
