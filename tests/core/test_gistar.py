# SPDX-License-Identifier: GPL-2.0-or-later
"""Local G against plain loops, against all possible draws, and under chance alone."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.hotspots.fdr import certain
from digital_citymgmt_plugin.core.hotspots.gistar import chances, local_g, permuted, sums
from digital_citymgmt_plugin.core.hotspots.neighbours import Neighbours, queen, within


def board(wide, high):
    return np.array([shapely.box(x, y, x + 1, y + 1) for y in range(high) for x in range(wide)], dtype=object)


def lists(near):
    return [near.cell[near.start[i] : near.start[i + 1]].tolist() for i in range(len(near))]


def plain(values, groups, star):
    """The definition, cell by cell (Ord and Getis 1995, equations 14 and 15)."""
    found = []
    for i, group in enumerate(groups):
        some = [*group, i] if star else list(group)
        pool = list(values) if star else [value for j, value in enumerate(values) if j != i]
        n, weight = len(pool), len(some)
        mean = sum(pool) / n
        spread = sum(value * value for value in pool) / n - mean * mean
        below = spread * (n * weight - weight * weight) / (n - 1)
        found.append((sum(values[j] for j in some) - weight * mean) / math.sqrt(below) if below > 1e-15 else math.nan)
    return found


def test_cells_that_touch_in_a_corner_or_nearly_are_neighbours():
    assert lists(queen(board(3, 3)))[4] == [0, 1, 2, 3, 5, 6, 7, 8]
    gap = np.array([shapely.box(0, 0, 1, 1), shapely.box(1.01, 0, 2, 1), shapely.box(9, 9, 10, 10)], dtype=object)
    near = queen(gap)
    assert lists(near) == [[1], [0], []] and near.islands.tolist() == [2]
    assert lists(within(np.array([[0.0, 0], [3, 4], [6, 8.1]]), 5)) == [[1], [0], []]


@pytest.mark.parametrize("star", [True, False])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_z_is_that_of_the_definition(star, seed):
    rng = np.random.default_rng(seed)
    wide, high = rng.integers(2, 6, 2)
    near, values = queen(board(wide, high)), rng.poisson(2.0, wide * high).astype(float)
    np.testing.assert_allclose(local_g(values, near, star=star), plain(values, lists(near), star), rtol=0, atol=1e-9)


def test_the_chance_is_near_that_of_all_draws():
    """Of 3 of 12 others there are 220 draws: their exact share on the side of the cell, doubled."""
    rng = np.random.default_rng(3)
    values = rng.poisson(3.0, 13).astype(float)
    near = Neighbours(
        np.arange(0, 40, 3), np.array([[(i + 1) % 13, (i + 2) % 13, (i + 3) % 13] for i in range(13)]).ravel()
    )
    simulated = permuted(values, near, 4_999, 1)
    for i, found in enumerate(sums(values, near)):
        others = np.delete(values, i)
        draws = np.array([others[list(some)].sum() for some in itertools.combinations(range(12), 3)])
        exact = min((draws >= found).mean(), (draws < found).mean())
        assert simulated[i] == pytest.approx(exact, abs=0.025)
        high, low = (draws >= found).mean(), (draws <= found).mean()
        assert chances(values, near)[i] / 2 == pytest.approx(min(high, low), abs=0.13)  # a curve through steps


def test_far_tails_of_skewed_counts_are_those_of_many_draws():
    """Where the normal curve is wrong by powers of ten the three moments are not: rare cases on 2,000 cells."""
    rng = np.random.default_rng(5)
    values = rng.poisson(0.15, 2_000).astype(float)
    totals = np.array([rng.choice(values, 8, replace=False).sum() for _ in range(200_000)])
    for wanted in (5, 6):
        fake = values.copy()
        others = np.flatnonzero(fake == 0)[:8]
        near = Neighbours(np.array([0, 8, *[8] * 1_999]), others)
        fake[others[:wanted]] = 1
        chance = chances(fake, near)[0] / 2
        exact = (totals >= wanted).mean()
        assert 0.3 < chance / exact < 3, (wanted, chance, exact)


def test_under_chance_alone_the_share_of_certain_cells_stays_at_its_level():
    """Of 60 cities without any crowd at most a few show one: each is one chance of 5 % (and of 10 %)."""
    near = queen(board(40, 40))
    rng = np.random.default_rng(11)
    shown = {0.05: 0, 0.1: 0}
    cells = 0
    for number in range(60):
        values = rng.poisson((0.3, 2.0, 15.0)[number % 3], 1_600).astype(float)
        chance = chances(values, near)
        for level in shown:
            held = certain(chance, level)
            shown[level] += bool(held.any())
            cells += int(held.sum()) if level == 0.05 else 0
    assert shown[0.05] <= 9 and shown[0.1] <= 14  # binomial(60, p): beyond 99.7 %
    assert cells / (60 * 1_600) <= 0.002


def test_a_crowd_is_found_and_its_place_is_right():
    near = queen(board(30, 30))
    values = np.random.default_rng(2).poisson(2.0, 900).astype(float)
    crowd = [x + 30 * y for x in range(10, 14) for y in range(10, 14)]
    values[crowd] += 6
    held = certain(chances(values, near), 0.05)
    assert set(np.flatnonzero(held).tolist()) >= {x + 30 * y for x in range(11, 13) for y in range(11, 13)}
    far = [i for i in np.flatnonzero(held).tolist() if not (8 <= i % 30 <= 15 and 8 <= i // 30 <= 15)]
    assert len(far) <= 0.2 * held.sum()


@pytest.mark.parametrize(
    ("values", "shapes"),
    [
        ([5.0], board(1, 1)),
        ([], board(0, 0)),
        ([0.0] * 9, board(3, 3)),
        ([2.0] * 9, board(3, 3)),
        ([1.0, 2.0], board(2, 1)),
    ],
)
def test_where_nothing_can_be_told_nothing_is(values, shapes):
    near = queen(shapes)
    values = np.array(values)
    assert np.isnan(local_g(values, near)).all()
    assert not certain(chances(values, near), 0.1).any()
    assert (permuted(values, near, 9, 1) <= 1).all()


def test_the_share_of_false_ones_is_bounded_step_by_step():
    assert certain(np.array([0.01, 0.02, 0.03, 0.5, np.nan]), 0.05).tolist() == [True, True, True, False, False]
    assert not certain(np.array([0.04, 0.9]), 0.05).any()
    assert not certain(np.array([np.nan]), 0.05).any() and not certain(np.empty(0), 0.05).any()


def test_permutations_are_repeated_by_their_seed_and_can_be_stopped():
    near, values = queen(board(6, 6)), np.random.default_rng(1).poisson(3.0, 36).astype(float)
    assert (permuted(values, near, 99, 7) == permuted(values, near, 99, 7)).all()
    told = []
    permuted(values, near, 99, 7, told.append)
    assert told[-1] == 1 and told == sorted(told)
