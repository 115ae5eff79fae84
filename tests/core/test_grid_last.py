# SPDX-License-Identifier: GPL-2.0-or-later
"""What previews of one community after the other share is computed once, and is what it would be anew."""

from __future__ import annotations

import numpy as np
import shapely

from digital_citymgmt_plugin.core.grids.draft import draft_grids
from digital_citymgmt_plugin.core.grids.last import Last
from tests.core.test_grid_draft import some


def test_equal_bytes_are_found_again_and_others_are_not():
    made: list[int] = []
    last: Last[int] = Last()

    def get(*given):
        return last.get(given, lambda: made.append(1) or len(made))

    shapes = some(shapely.Point(0, 0), None)
    assert get(shapes, np.array([1, 2]), 3.0) == 1
    assert get(shapes.copy(), np.array([1, 2]), 3.0) == 1
    assert get(shapes, np.array([1, 3]), 3.0) == 2
    assert get(shapes, np.array([1, 3]), 3.5) == 3
    assert get(shapes[::-1], np.array([1, 3]), 3.5) == 4
    assert get(shapes, np.array([1, 2]), 3.0) == 5  # only the last is kept


def test_a_community_drafted_alone_gets_the_middle_of_a_long_street_that_it_gets_with_all_others():
    areas = some(*(shapely.box(x, 0, x + 900, 700) for x in range(0, 3600, 900)))
    x = np.linspace(-50, 3650, 60)
    streets = [shapely.LineString(np.c_[x, 350 + 80 * np.sin(x / 300)])]
    streets += [shapely.LineString([(at, -20), (at + 40, 720)]) for at in range(200, 3600, 450)]
    surface = shapely.union_all(shapely.buffer(np.array(streets, dtype=object), 9.0))
    rng = np.random.default_rng(3)
    things = shapely.points(rng.uniform((0, 0), (3600, 700), (2000, 2)))
    whole = draft_grids(areas, some(surface), np.array([2]), components=things)
    for row in range(4):
        alone = draft_grids(areas, some(surface), np.array([2]), components=things, only=np.array([row]))
        mine = whole.cells[whole.area_index == row]
        assert len(alone.cells) == len(mine) > 5
        for cell in alone.cells:  # corners that neighbours beyond the edge have put in are no difference
            assert shapely.area(shapely.symmetric_difference(mine, cell)).min() < 0.01


def test_places_of_components_may_be_given_as_coordinates():
    area = some(shapely.box(0, 0, 900, 700))
    xy = np.random.default_rng(3).uniform((0, 0), (900, 700), (500, 2))
    one, other = (draft_grids(area, components=given) for given in (xy, shapely.points(xy)))
    assert shapely.to_wkb(one.cells).tolist() == shapely.to_wkb(other.cells).tolist()
    assert one.load.sum() == 500
