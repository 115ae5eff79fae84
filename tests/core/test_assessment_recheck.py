# SPDX-License-Identifier: GPL-2.0-or-later
"""A draw that anybody can repeat, and what it says about all cases."""

from __future__ import annotations

import hashlib
import itertools
import math

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.fairness import wilson
from digital_citymgmt_plugin.core.assessment.recheck import allocate, draw, estimate


def test_a_sample_is_shared_out_by_size_with_a_least_part_for_each():
    assert allocate([100, 300, 600], 10) == [1, 3, 6]
    assert allocate([1, 1, 998], 10) == [1, 1, 8]
    assert allocate([5, 5], 100) == [5, 5]
    assert allocate([10, 10, 10], 2, least=1) == [1, 1, 1]
    assert allocate([0, 7], 3) == [0, 3]
    assert allocate([], 3) == []


def test_shares_are_nearest_to_proportional_of_all_possible_ones():
    lot = np.random.default_rng(2)
    for _ in range(150):
        sizes = lot.integers(1, 9, 3).tolist()
        count = int(lot.integers(3, sum(sizes) + 1))
        given = allocate(sizes, count)
        assert sum(given) == count and all(1 <= one <= size for one, size in zip(given, sizes))
        wanted = [count * size / sum(sizes) for size in sizes]

        def away(parts, wanted=wanted):
            return max(abs(part - aim) for part, aim in zip(parts, wanted))

        every = itertools.product(*(range(1, size + 1) for size in sizes))
        # Within one case of the best: the least of one stratum is taken from all others in proportion.
        assert away(given) <= min(away(parts) for parts in every if sum(parts) == count) + 1


def test_the_draw_is_the_smallest_digests_whatever_the_order_of_rows():
    keys = [f"案{row:04d}" for row in range(60)]
    strata = np.arange(60) % 3
    chosen = {keys[row] for row in draw(keys, strata, "2024-5", 12)}
    for stratum in range(3):
        mine = [key for row, key in enumerate(keys) if row % 3 == stratum]
        mine.sort(key=lambda key: hashlib.sha256(("2024-5:" + key).encode("utf-8")).hexdigest())
        assert set(mine[:4]) <= chosen
    assert len(chosen) == 12
    other = np.random.default_rng(1).permutation(60)
    assert {keys[other[row]] for row in draw([keys[row] for row in other], strata[other], "2024-5", 12)} == chosen
    assert {keys[row] for row in draw(keys, strata, "2024-6", 12)} != chosen


def test_every_case_is_drawn_as_often_as_another():
    keys = [str(row) for row in range(20)]
    hits = np.zeros(20)
    for seed in range(2000):
        hits[draw(keys, np.zeros(20, dtype=np.int64), str(seed), 5)] += 1
    assert abs(hits - 500).max() < 5 * math.sqrt(2000 * 0.25 * 0.75)


def test_what_was_found_counts_for_its_stratum():
    found = estimate([900, 100], [9, 5], [1, 5], [0, 0])
    assert found.share == pytest.approx(0.9 * 0.9 + 0.1 * 0.5)
    assert found.low < found.share < found.high
    assert (found.size, found.drawn, found.seen, found.worst, found.best) == (1000, 20, 20, found.share, found.share)


def test_one_stratum_without_end_has_wilsons_interval():
    found = estimate([10**12], [45], [5], [0])
    low, high = wilson(45, 50)
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), abs=1e-6)


def test_all_looked_at_leaves_no_doubt_and_nothing_looked_at_says_nothing():
    found = estimate([4, 2], [3, 1], [1, 1], [0, 0])
    assert found.low == found.share == found.high == pytest.approx(4 / 6)
    nothing = estimate([50, 50], [0, 0], [0, 0], [5, 5])
    assert math.isnan(nothing.share) and (nothing.worst, nothing.best, nothing.seen) == (0.0, 1.0, 0)


def test_what_was_not_looked_at_is_told_by_both_bounds():
    found = estimate([100], [6], [2], [2])
    assert (found.share, found.worst, found.best) == pytest.approx((0.75, 0.6, 0.8))


def test_intervals_hold_the_truth_as_often_as_they_say():
    lot = np.random.default_rng(11)
    sizes, truth = [400, 60, 40], [0.95, 0.7, 0.5]
    population = [lot.random(size) < share for size, share in zip(sizes, truth)]
    real = sum(part.sum() for part in population) / sum(sizes)
    inside = 0
    for _ in range(500):
        wanted = allocate(sizes, 60, 5)
        looked = [lot.choice(part, number, replace=False) for part, number in zip(population, wanted)]
        good = [int(part.sum()) for part in looked]
        found = estimate(sizes, good, [n - g for n, g in zip(wanted, good)], [0, 0, 0])
        inside += found.low <= real <= found.high
    assert inside >= 465
