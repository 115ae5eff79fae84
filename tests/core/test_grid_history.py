# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit grids in time: versions by day, lineage through several operations, shares measured on the shapes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.grids.history import History, Steps, compare


def some(*values):
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def box(west, east):
    return shapely.box(west, 0, east, 10)


@pytest.fixture
def split_then_merged():
    """A (0..20) lost 10..20 to B on the 5th; A and C (20..30) became D on the 9th."""
    steps = Steps(
        np.array([0, 0, 0, 2]), np.array([0, 1, 3, 3]), np.array([0.5, 0.5, 1.0, 1.0]), np.array([1, 1, 2, 2]),
        some("2026-01-05", "2026-01-05", "2026-01-09", "2026-01-09"), some(box(0, 20), None, None, None),
    )  # fmt: skip
    born = some("2026-01-01", "2026-01-05", None, "2026-01-09")
    gone = some("2026-01-09", None, "2026-01-09", None)
    shapes = some(box(0, 10), box(10, 20), box(20, 30), shapely.MultiPolygon([box(0, 10), box(20, 30)]))
    return History(born, gone, shapes, steps)


def on(history, day):
    rows, shapes = history.on(day)
    return {row: shapely.bounds(shape).tolist()[::2] for row, shape in zip(rows.tolist(), shapes)}


def test_grids_of_a_day_have_the_shape_they_had_at_its_end(split_then_merged):
    assert on(split_then_merged, "2025-12-31") == {2: [20, 30]}
    assert on(split_then_merged, "2026-01-04") == {0: [0, 20], 2: [20, 30]}
    assert on(split_then_merged, "2026-01-05") == {0: [0, 10], 1: [10, 20], 2: [20, 30]}
    assert on(split_then_merged, "2026-01-09") == {1: [10, 20], 3: [0, 30]}


def test_descent_goes_through_all_operations_both_ways(split_then_merged):
    history = split_then_merged
    steps, nodes = history.descent((0, 0), forward=True)
    assert steps == [0, 1, 2] and nodes == [(0, 1), (1, 0), (3, 0)]  # C's step is none of A's
    assert history.descent((1, 0), forward=True) == ([], [])
    steps, nodes = history.descent((3, 0), forward=False)
    assert nodes == [(2, 0), (0, 1), (0, 0)]
    assert history.days((0, 0)) == ("2026-01-01", "2026-01-05") and history.days((3, 0)) == ("2026-01-09", "")


def test_shares_are_measured_not_multiplied(split_then_merged):
    history = split_then_merged
    given = {one.node: (one.given, one.taken) for one in history.kin((0, 0), [(3, 0), (1, 0)], forward=True)}
    assert given == {(3, 0): (0.5, 0.5), (1, 0): (0.5, 1.0)}
    back = history.kin((3, 0), [(0, 0)], forward=False)[0]
    assert (back.given, back.taken) == (0.5, 0.5)


def test_a_crosswalk_leaves_out_neighbours_and_rounding():
    old, new = some(box(0, 10), box(10, 20)), some(box(0, 4), box(4, 10.000001), box(10, 20))
    pairs = [(int(a), int(b), round(float(share), 4)) for a, b, share in zip(*compare(old, new))]
    assert pairs == [(0, 0, 0.4), (0, 1, 0.6), (1, 2, 1.0)]
    assert compare(some(), new)[0].tolist() == []
