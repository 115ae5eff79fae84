# SPDX-License-Identifier: GPL-2.0-or-later
"""A community drafted alone is what it is in the draft of the whole city."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.affinity import rotate

from digital_citymgmt_plugin.core.grids import draft as drafting
from digital_citymgmt_plugin.core.grids.assemble import DraftOptions
from digital_citymgmt_plugin.core.grids.broad import union

OPTIONS = DraftOptions(target_area=40_000.0)


def some(*shapes):
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


def streets(seed, size=(2400, 700), count=60):
    """Surfaces of streets at all angles, in pieces that lap over each other by a little, to the millimetre."""
    source = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        x, y = source.uniform((0, 0), size)
        length, width, turn = source.uniform(150, 900), source.uniform(8, 24), source.uniform(0, 180)
        at = x - length / 2
        while at < x + length / 2:
            piece = shapely.box(at, y - width / 2, at + 61, y + width / 2)
            found.append(rotate(piece, turn, origin=(x, y)))
            at += 60
    return shapely.set_precision(some(*found), 1e-3)


@pytest.fixture(scope="module")
def town():
    areas = some(*(shapely.box(x, 0, x + 600, 700) for x in range(0, 2400, 600)))
    surfaces = streets(5)
    walls = some(*(shapely.box(x, y, x + 70, y + 60).exterior for x in range(20, 2400, 130) for y in (90, 430)))
    barriers = np.concatenate([surfaces, walls])
    ranks = np.array([3] * len(surfaces) + [4] * len(walls))
    places = some(*shapely.points(np.random.default_rng(1).uniform((0, 0), (2400, 700), (900, 2))))
    return areas, barriers, ranks, {"components": places, "options": OPTIONS}


def tasks_of(monkeypatch, town, only=None):
    """What each region is drafted from, by community."""
    areas, barriers, ranks, more = town
    seen = []
    monkeypatch.setattr(drafting, "_run", lambda tasks, *_rest: seen.append(tasks) or [])
    with pytest.raises(ValueError, match="concatenate"):
        drafting.draft_grids(areas, barriers, ranks, only=only, **more)
    monkeypatch.undo()
    return seen[0]


def test_a_region_is_drafted_from_the_same_to_the_last_digit(monkeypatch, town):
    whole = tasks_of(monkeypatch, town)
    alone = [task for row in range(len(town[0])) for task in tasks_of(monkeypatch, town, np.array([row]))]
    assert len(whole) == len(alone) == len(town[0])
    for one, other in zip(*(sorted(tasks, key=lambda task: task.polygon.bounds) for tasks in (whole, alone))):
        for name in ("lines", "buildings", "compounds"):
            assert shapely.to_wkb(getattr(one, name)).tolist() == shapely.to_wkb(getattr(other, name)).tolist()
        assert one.ranks.tolist() == other.ranks.tolist() and one.density == other.density
        assert one.polygon == other.polygon and np.array_equal(one.weights, other.weights)


def test_only_corners_of_neighbours_on_the_edge_come_to_it(town):
    areas, barriers, ranks, more = town
    whole = drafting.draft_grids(areas, barriers, ranks, **more)
    alone = drafting.draft_grids(areas, barriers, ranks, only=np.array([1]), **more)
    mine, others = whole.cells[whole.area_index == 1], whole.cells[whole.area_index != 1]
    assert len(mine) == len(alone.cells) > 3
    tree = shapely.STRtree(mine)
    beyond = {tuple(xy) for xy in np.round(shapely.get_coordinates(others), 5).tolist()}
    for cell in alone.cells:
        same = mine[tree.query(shapely.point_on_surface(cell), predicate="intersects")[0]]
        assert shapely.hausdorff_distance(same.boundary, cell.boundary) < 1e-5
        had, has = ({tuple(xy) for xy in np.round(shapely.get_coordinates(one), 5).tolist()} for one in (cell, same))
        assert has - had <= beyond


def test_a_union_has_the_same_corners_whatever_lies_elsewhere():
    surfaces = streets(8, count=90)
    window = shapely.box(0, 0, 700, 700)
    near = surfaces[shapely.intersects(surfaces, shapely.buffer(window, 1000))]
    assert len(near) < len(surfaces)
    corners = [shapely.get_coordinates(union(shapes, 1e-3)) for shapes in (surfaces, near, near[::-1])]
    inside = [np.unique(xy[(xy <= 700).all(axis=1)], axis=0).tolist() for xy in corners]
    assert inside[0] == inside[1] == inside[2] and len(inside[0]) > 50


def test_a_union_is_that_of_all_areas_wherever_they_lie():
    far = shapely.transform(streets(2, count=4), lambda xy: xy - 5e6)
    shapes = np.concatenate([streets(3, count=20), far, some(shapely.GeometryCollection([shapely.Point(1, 1)]))])
    whole = union(shapes, 1e-3)
    assert shapely.area(whole).sum() == pytest.approx(shapely.union_all(shapes).area, abs=1.0)
    assert set(shapely.get_type_id(whole)) == {3} and len(union(shapes[:0], 1e-3)) == 0
