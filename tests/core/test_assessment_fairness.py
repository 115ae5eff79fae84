# SPDX-License-Identifier: GPL-2.0-or-later
"""Intervals against published values, standardisation against a worked table, and what a cumulative rate hides."""

from __future__ import annotations

import math

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.fairness import (
    direct,
    indirect,
    is_small,
    own_share,
    pieces,
    ranked,
    rates,
    wilson,
    z_of,
)


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17, 857–872, table I, method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_that_were_published(hits, total, low, high):
    ours = wilson(hits, total)
    assert (round(float(ours[0]), 4), round(float(ours[1]), 4)) == (low, high)


def root(hits, total, sign):
    """Bound by its definition: where |p − π| = z √(π(1−π)/n), found by halving."""
    share, z = hits / total, z_of(0.95)
    inside, outside = share, 0.0 if sign < 0 else 1.0
    for _ in range(200):
        middle = (inside + outside) / 2
        if abs(share - middle) <= z * math.sqrt(middle * (1 - middle) / total):
            inside = middle
        else:
            outside = middle
    return inside


def test_intervals_are_the_roots_of_their_definition():
    for total in (1, 2, 7, 30, 1000):
        for hits in {0, 1, total // 3, total - 1, total}:
            low, high = wilson(hits, total)
            assert float(low) == pytest.approx(root(hits, total, -1), abs=1e-9)
            assert float(high) == pytest.approx(root(hits, total, 1), abs=1e-9)


def test_nothing_has_no_interval_and_a_mirror_has_the_mirrored_one():
    assert np.isnan(wilson(0, 0)).all()
    low, high = wilson([3, 97], [100, 100])
    assert low[0] == pytest.approx(1 - high[1]) and high[0] == pytest.approx(1 - low[1])
    assert wilson(5, 5)[1] == 1.0 and wilson(0, 5)[0] == 0.0
    assert is_small([29, 30], 30).tolist() == [True, False]


def test_equal_values_share_a_rank():
    assert ranked([0.9, 0.8, 0.9, np.nan, 0.1]).tolist() == [1, 3, 1, 0, 4]
    assert ranked([0.9, 0.8, 0.9, np.nan, 0.1], higher_is_better=False).tolist() == [3, 2, 3, 0, 1]
    assert ranked([0.1 + 0.2, 0.3]).tolist() == [1, 1]


HITS = np.array([[90, 5], [18, 40], [0, 0]])
TOTAL = np.array([[100, 10], [20, 80], [0, 0]])  # classes: an easy one (90 %) and a hard one (50 %)


def test_same_skill_on_another_mix_gives_the_same_adjusted_rate():
    assert rates(HITS.sum(axis=1), TOTAL.sum(axis=1))[:2] == pytest.approx([95 / 110, 58 / 100])
    for adjusted in (direct(HITS, TOTAL), indirect(HITS, TOTAL)):
        assert adjusted.rate[0] == pytest.approx(adjusted.rate[1])
        assert adjusted.rate[0] == pytest.approx(153 / 210)
        assert np.isnan(adjusted.rate[2]) and np.isnan(adjusted.low[2])
        assert (adjusted.low[:2] < adjusted.rate[:2]).all() and (adjusted.rate[:2] < adjusted.high[:2]).all()


def plain(hits, total):
    """Both standardisations by loops."""
    groups, classes = range(len(hits)), range(len(hits[0]))
    straight, around = [], []
    for group in groups:
        above = below = expected = 0.0
        for kind in classes:
            everywhere = sum(total[g][kind] for g in groups)
            if total[group][kind]:
                above += everywhere * hits[group][kind] / total[group][kind]
                below += everywhere
            if everywhere:
                expected += total[group][kind] * sum(hits[g][kind] for g in groups) / everywhere
        straight.append(above / below if below else None)
        of_all = sum(map(sum, hits)) / sum(map(sum, total))
        around.append(min(sum(hits[group]) / expected * of_all, 1.0) if expected else None)
    return straight, around


def test_standardisation_equals_plain_loops():
    lot = np.random.default_rng(8)
    for _ in range(300):
        total = lot.integers(0, 9, (lot.integers(1, 6), lot.integers(1, 5)))
        hits = lot.binomial(total, lot.random(total.shape))
        if not total.sum():
            continue
        for ours, theirs in zip((direct(hits, total), indirect(hits, total)), plain(hits.tolist(), total.tolist())):
            for row, value in enumerate(theirs):
                if value is None:
                    assert np.isnan(ours.rate[row]) or hits.sum(axis=0)[total[row] > 0].sum() == 0
                else:
                    assert ours.rate[row] == pytest.approx(value)
                    assert 0 <= ours.low[row] <= ours.rate[row] <= ours.high[row] <= 1


def test_direct_says_how_much_of_the_standard_a_group_has():
    adjusted = direct([[9, 0], [5, 5]], [[10, 0], [10, 10]])
    assert adjusted.held.tolist() == pytest.approx([20 / 30, 1.0])


def test_the_cumulative_rate_of_qidong_hides_a_second_period_at_twice_the_rate():
    hits, total = pieces([17_261 - 11_104, 17_261], [27_844 - 12_414, 27_844])
    assert (hits.tolist(), total.tolist()) == ([6_157, 11_104], [15_430, 12_414])
    assert [round(100 * value, 2) for value in rates(hits, total)] == [39.9, 89.45]
    assert round(100 * hits.sum() / total.sum(), 2) == 61.99


def test_who_alone_has_a_class_is_compared_with_himself():
    assert own_share([[10, 0], [0, 5]]).tolist() == [1.0, 1.0]
    assert own_share([[10, 10], [10, 10]]).tolist() == [0.5, 0.5]
    assert own_share([[30, 0], [10, 60]])[0] == pytest.approx(0.75)
    assert np.isnan(own_share([[0, 0], [1, 1]])[0])
