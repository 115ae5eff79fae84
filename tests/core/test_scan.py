# SPDX-License-Identifier: GPL-2.0-or-later
"""Space-time scan: equal to brute force, planted clusters found, chance not called a cluster."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import xlogy

from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.hotspots import scan as s


def _ratio(cases, expected, total):
    if cases <= expected or cases < s.LEAST:
        return 0.0
    return float(xlogy(cases, cases / expected) + xlogy(total - cases, (total - cases) / (total - expected)))


@pytest.mark.parametrize("seed", range(6))
def test_the_greatest_ratio_equals_brute_force(seed):
    draw = np.random.default_rng(seed)
    cells, periods = 14, 6
    xy = draw.random((cells, 2)) * 1000
    exposure = draw.random((cells, periods)) + 0.2
    counts = draw.poisson(exposure * 2)
    model = s.MODELS[seed % 2]
    expected = s.expected_cases(counts, model, exposure, trend=seed == 2)
    assert expected.sum() == pytest.approx(counts.sum())
    radius, share = (400.0, 0.5) if seed % 3 else (0.0, 0.3)
    ground = s.zones(xy, expected.sum(axis=1), radius, 10, share)
    spans = s.windows(periods, 3, prospective=seed == 4)
    best = np.zeros(cells)
    for cell in range(cells):
        away = np.hypot(*(xy - xy[cell]).T)
        order = np.argsort(away)[:10]
        for size in range(1, 11):
            held = order[:size]
            if size > 1 and (expected[held].sum() > share * expected.sum() or (radius and away[held[-1]] > radius)):
                break
            for end in [periods - 1] if seed == 4 else range(periods):
                for start in range(max(0, end - 2), end + 1):
                    inside = counts[held, start : end + 1].sum(), expected[held, start : end + 1].sum()
                    best[cell] = max(best[cell], _ratio(*inside, counts.sum()))
    scanned = s.Scan(expected, counts.sum(), ground, spans)
    assert scanned.best(counts) == pytest.approx(best.max(), rel=1e-5)
    assert np.allclose(scanned.each(counts)[0], best, rtol=1e-4, atol=1e-6)


def test_models_keep_what_they_say():
    counts = np.random.default_rng(3).poisson(3, (9, 7))
    chance = s.Chance(s.PERMUTATION, s.expected_cases(counts, s.PERMUTATION, None), counts, 1)
    for _ in range(3):
        city = chance.city()
        assert (city.sum(axis=0) == counts.sum(axis=0)).all() and (city.sum(axis=1) == counts.sum(axis=1)).all()
    exposure = np.ones((9, 7))
    exposure[4] = 0.0
    poisson = s.Chance(s.POISSON, s.expected_cases(counts, s.POISSON, exposure), counts, 1)
    assert poisson.city().sum() == counts.sum() and not poisson.city()[4].any()


def planted(draw, relative, side=10, periods=12, mean=1.5):
    """Return a city with a cluster of 2 × 2 cells and 3 periods in which cases are ``relative`` times as many."""
    x, y = np.divmod(np.arange(side * side), side)
    rate = np.full((side * side, periods), mean)
    block = np.flatnonzero((x >= 4) & (x < 6) & (y >= 4) & (y < 6))
    rate[np.ix_(block, range(5, 8))] *= relative
    return np.column_stack([x, y]) * 100.0, draw.poisson(rate), set(block.tolist())


def run(xy, counts, model, simulations, seed, **more):
    expected = s.expected_cases(counts, model, np.ones(counts.shape))
    ground = s.zones(xy, expected.sum(axis=1), 0, 12)
    spans = s.windows(counts.shape[1], 6, prospective=False)
    return s.scan(counts, expected, ground, spans, model=model, simulations=simulations, seed=seed, **more)


@pytest.mark.parametrize("model", s.MODELS)
def test_planted_clusters_are_found_and_chance_is_not(model):
    draw, found, false = np.random.default_rng(11), 0, 0
    for number in range(12):
        xy, counts, block = planted(draw, 4.0)
        first = run(xy, counts, model, 39, number).clusters[0]
        hit = len(block & set(first.cells.tolist()))
        found += first.p <= 0.05 and hit >= 3 and first.first <= 7 and first.last >= 5
        xy, counts, _ = planted(draw, 1.0)
        false += run(xy, counts, model, 39, number).clusters[0].p <= 0.05
    assert found >= 11 and false <= 3  # of 12: chance of four or more at 5 % is 0.0022


def test_clusters_share_no_cell_and_the_seed_repeats():
    draw = np.random.default_rng(5)
    xy, counts, _ = planted(draw, 5.0)
    counts[0:2, 0:3] += 12
    once, again = (run(xy, counts, s.POISSON, 19, 7) for _ in range(2))
    assert (once.simulated == again.simulated).all()
    assert [one.ratio for one in once.clusters] == [one.ratio for one in again.clusters]
    cells = np.concatenate([one.cells for one in once.clusters])
    assert len(cells) == len(set(cells.tolist()))
    assert [one.ratio for one in once.clusters] == sorted((one.ratio for one in once.clusters), reverse=True)
    assert sum(one.p <= 0.05 for one in once.clusters) == 2
    assert all(one.cases >= s.LEAST and one.cases > one.expected for one in once.clusters)


def test_stops_when_asked():
    xy, counts, _ = planted(np.random.default_rng(5), 1.0)
    told = []

    def tell(done):
        told.append(done)
        if len(told) == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(xy, counts, s.POISSON, 99, 1, tell=tell)
    assert told[0] == 0 and told == sorted(told)


def test_degenerate_ground():
    one = np.array([[0.0, 0.0]])
    scanned = run(one, np.array([[5, 1, 0]]), s.POISSON, 9, 1)
    assert scanned.clusters[0].cells.tolist() == [0] and (scanned.clusters[0].first, scanned.clusters[0].last) == (0, 0)
    assert run(one, np.zeros((1, 3), dtype=int), s.POISSON, 9, 1).clusters == ()
    assert run(one, np.array([[50_000]]), s.POISSON, 9, 1).clusters == ()  # all of all is no cluster
    same = np.zeros((60, 2))  # more cells at one place than a zone has
    ground = s.zones(same, np.ones(60), 0, 5)
    assert (ground.order[:, 0] == np.arange(60)).all()
    heap = np.zeros((30, 4), dtype=int)
    heap[3, 2] = 50_000
    found = run(np.random.default_rng(1).random((30, 2)), heap, s.POISSON, 9, 1).clusters
    assert (found[0].cells.tolist(), found[0].first, found[0].cases, found[0].p) == ([3], 2, 50_000, 0.1)
    assert np.isinf(found[0].relative)
    assert not s.zones(np.empty((0, 2)), np.empty(0), 0, 5).order.size
