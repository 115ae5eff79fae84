# SPDX-License-Identifier: GPL-2.0-or-later
"""Groups of candidates by distance, against the plain way: every pair measured."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.basemap.near import groups_within, near_known
from digital_citymgmt_plugin.core.errors import InputRefused


def plainly(xy, kinds, distance):
    """Return the groups by walking from each row to all that are near, one after the other."""
    left, found = set(range(len(xy))), []
    for row in range(len(xy)):
        if row not in left:
            continue
        group, todo = {row}, [row]
        while todo:
            one = todo.pop()
            near = {b for b in left - group if kinds[b] == kinds[one] and np.hypot(*(xy[b] - xy[one])) <= distance}
            group |= near
            todo += near
        left -= group
        if len(group) > 1:
            found.append(sorted(group))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_those_of_the_plain_way(seed):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 20, (120, 2))
    kinds = rng.choice(["a", "b"], 120).astype(object)
    groups = [group.tolist() for group in groups_within(xy, kinds, 1.5)]
    assert groups == plainly(xy, kinds, 1.5) and len(groups) > 5


def test_what_has_no_place_or_nobody_near_is_in_no_group():
    xy = np.array([[0, 0], [np.nan, np.nan], [0, 5.0], [0, 0]])
    assert groups_within(xy, np.array(["a", "a", "a", None], dtype=object), 1.0) == []
    assert groups_within(np.empty((0, 2)), np.empty(0, dtype=object), 1.0) == []


def test_what_is_near_something_known_of_its_kind():
    mine = shapely.points([[0, 0], [0, 0], [10, 0]])
    known = np.array([shapely.LineString([(0, 1), (20, 1)]), shapely.Point(9, 0)], dtype=object)
    kinds, others = np.array(["a", "b", "b"], dtype=object), np.array(["a", "b"], dtype=object)
    assert near_known(shapely.STRtree(mine), kinds, known, others, 1.0).tolist() == [0, 2]
    assert near_known(shapely.STRtree(mine), kinds, known[:0], others[:0], 1.0).tolist() == []


def test_a_heap_on_one_spot_is_refused_before_its_pairs_fill_the_memory(monkeypatch):
    monkeypatch.setattr("digital_citymgmt_plugin.core.basemap.near.MOST_PAIRS", 100)
    spot = np.zeros((50, 2))
    with pytest.raises(InputRefused) as error:
        groups_within(spot, np.array(["0101"] * 50, dtype=object), 1.0)
    assert error.value.code == "duplicates.too_many"
    assert len(groups_within(spot[:14], np.array(["0101"] * 14, dtype=object), 1.0)) == 1
