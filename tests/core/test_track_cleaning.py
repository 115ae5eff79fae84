# SPDX-License-Identifier: GPL-2.0-or-later
"""Cleaning of tracks against brute force: the largest possible set of points, stays found by looking at every point."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.tracks.cleaning import (
    DRIFT,
    DUPLICATE,
    FAR,
    JUMP,
    KEPT,
    SAME_TIME,
    Cleaning,
    clean,
    longest_chain,
    standing,
)

RULES = Cleaning(max_speed=10.0, gap_s=60.0, stay_radius_m=5.0, stay_s=20.0)


def run(points, rules=RULES, far=()):
    """Clean points (seconds, x, y)."""
    table = np.array(points, dtype=float).reshape(-1, 3)
    outside = np.array([index in far for index in range(len(table))], dtype=bool)
    return clean((table[:, 0] * 1000).astype(np.int64), table[:, 1:], outside, rules)


def reachable(at, xy, one, other, speed):
    return np.hypot(*(xy[other] - xy[one])) <= speed * (at[other] - at[one]) / 1000.0


def most_by_brute_force(at, xy, speed):
    """Size of the largest set in which every pair is within reach, by trying all sets."""
    for size in range(len(at), 0, -1):
        for rows in combinations(range(len(at)), size):
            if all(reachable(at, xy, one, other, speed) for one, other in combinations(rows, 2)):
                return size
    return 0


@st.composite
def records(draw, most=9):
    # Whole metres on a line of 5 s steps: distances and reaches are exact in floats.
    size = draw(st.integers(1, most))
    steps = draw(st.lists(st.integers(1, 4), min_size=size, max_size=size))
    xy = draw(st.lists(st.tuples(st.integers(-8, 8), st.sampled_from([0, 0, 0, 60])), min_size=size, max_size=size))
    return np.cumsum(steps) * 1000, np.array(xy, dtype=float)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(records(), st.sampled_from([1.0, 3.0, 10.0]))
def test_the_chain_is_the_largest_set_of_points_within_reach(record, speed):
    at, xy = record
    keep = np.flatnonzero(longest_chain(at, xy, speed))
    assert all(reachable(at, xy, one, other, speed) for one, other in combinations(keep, 2))
    assert len(keep) == most_by_brute_force(at, xy, speed)


def stays_by_brute_force(at, xy, radius, seconds):
    inside, start = set(), 0
    while start < len(at):
        stop = start + 1
        while stop < len(at) and np.hypot(*(xy[stop] - xy[start])) <= radius:
            stop += 1
        if at[stop - 1] - at[start] >= seconds * 1000:
            inside |= set(range(start + 1, stop - 1))
            start = stop
        else:
            start += 1
    return inside


@settings(max_examples=300, derandomize=True, deadline=None)
@given(records(most=40), st.integers(1, 6), st.integers(2, 12))
def test_stays_are_those_of_the_plain_definition(record, radius, seconds):
    at, xy = record
    assert set(np.flatnonzero(standing(at, xy, radius, seconds)).tolist()) == stays_by_brute_force(
        at, xy, radius, seconds
    )


points_of_a_record = st.lists(
    st.tuples(st.integers(0, 300), st.integers(-500, 500), st.integers(-500, 500)), min_size=0, max_size=60
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(points_of_a_record, st.sets(st.integers(0, 59), max_size=10))
def test_every_point_has_one_fate_and_what_is_kept_obeys_the_rules(points, far):
    found = run(points, far=far)
    table = np.array(points, dtype=float).reshape(-1, 3)
    assert sorted(found.order.tolist()) == list(range(len(points)))
    at, xy = table[found.order, 0], table[found.order, 1:]
    assert (np.diff(at) >= 0).all()
    outside = np.array([index in far for index in found.order.tolist()], dtype=bool)
    assert (outside == (found.fate == FAR)).all()
    kept = np.flatnonzero(found.fate == KEPT)
    assert (np.diff(at[kept]) > 0).all()
    assert ((found.piece >= 0) == (found.fate == KEPT)).all()
    for piece in np.unique(found.piece[kept]):
        rows = np.flatnonzero((found.piece == piece) | (found.fate == DRIFT))
        own = rows[found.piece[rows] == piece]
        for one, other in combinations(own.tolist(), 2):
            assert np.hypot(*(xy[other] - xy[one])) <= RULES.max_speed * (at[other] - at[one]) * (1 + 1e-9)
    numbers = found.piece[kept]
    assert (np.diff(numbers) >= 0).all() and sorted(set(numbers.tolist())) == list(range(len(set(numbers.tolist()))))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(points_of_a_record.filter(bool), st.randoms(use_true_random=False))
def test_the_order_of_the_file_makes_no_difference_but_for_points_of_one_time(points, random):
    points = list({point[0]: point for point in points}.values())
    shuffled = points[:]
    random.shuffle(shuffled)
    one, other = run(points), run(shuffled)
    kept = [points[index] for index in one.order[one.fate == KEPT]]
    assert kept == [shuffled[index] for index in other.order[other.fate == KEPT]]
    assert sum(found.unordered for found in (one, other)) >= (points != sorted(points)) + (shuffled != sorted(points))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(points_of_a_record)
def test_what_was_cleaned_stays_as_it_is_but_for_stays_that_touch(points):
    found = run(points)
    rows = found.order[found.fate == KEPT]
    again = run([points[index] for index in rows.tolist()])
    assert set(again.fate.tolist()) <= {KEPT, DRIFT}


def walk(count, speed=5.0, start=0):
    return [(start + second, second * speed, 0.0) for second in range(count)]


def test_a_track_without_faults_is_kept_whole():
    found = run(walk(200))
    assert (found.fate == KEPT).all() and (found.piece == 0).all() and found.unordered == 0


def test_planted_faults_are_found_each_by_its_name():
    points = walk(100)
    points[30] = (30, 150.0, 5_000.0)  # a jump
    points[31] = (31, 155.0, 5_000.0)  # and one more beside it
    points.insert(60, points[59])  # twice
    points.insert(70, (points[69][0], 1.0, 1.0))  # elsewhere at that moment
    found = run(points, far={10})
    assert {index: fate for index, fate in enumerate(found.fate.tolist()) if fate} == {
        10: FAR, 30: JUMP, 31: JUMP, 60: DUPLICATE, 70: SAME_TIME,
    }  # fmt: skip


def test_the_first_point_may_be_the_jump():
    points = walk(20)
    points[0] = (0, 90_000.0, 0.0)
    assert run(points).fate.tolist() == [JUMP] + [KEPT] * 19


def test_standing_keeps_the_first_and_the_last_point_and_the_track():
    still = [(100 + second, 500.0 + second % 3, 0.0) for second in range(120)]
    found = run([*walk(100), *still, *walk(50, start=220)[1:]])
    assert (found.fate[100:219] == DRIFT).sum() >= 110
    assert found.fate[219] == KEPT or found.fate[220] == KEPT


def test_a_gap_begins_a_new_piece_and_what_lies_beyond_reach_is_no_jump_there():
    found = run([*walk(20), *[(second + 200, x + 9_000.0, y) for second, x, y in walk(20)]])
    assert (found.fate == KEPT).all() and found.piece.tolist() == [0] * 20 + [1] * 20


def test_points_late_in_the_file_are_put_in_order_and_counted():
    points = walk(10)
    points[3], points[7] = points[7], points[3]
    found = run(points)
    assert found.unordered == 4 and (found.fate == KEPT).all()  # 4, 5, 6 and 3 come behind the 7


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_points_are_no_fault(count):
    assert run(walk(count)).fate.tolist() == [KEPT] * count


def test_noise_without_end_is_cleaned_in_bounded_work():
    random = np.random.default_rng(1)
    at = np.arange(3_000) * 100
    keep = longest_chain(at, random.uniform(-1e5, 1e5, (3_000, 2)), 10.0)
    assert 0 < keep.sum() < 100
