# SPDX-License-Identifier: GPL-2.0-or-later
"""Density on hexagons, hours of reporting, and who sees the cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from scipy.stats import binomtest

from digital_citymgmt_plugin.core.hotspots import bias as b
from digital_citymgmt_plugin.core.hotspots import density as d
from digital_citymgmt_plugin.core.hotspots import rhythm as r


def test_density_equals_the_kernel_summed_pair_by_pair():
    draw = np.random.default_rng(2)
    xy = draw.random((300, 2)) * [900, 700] + [512_345.6, 3_533_210.1]
    for across in (40.0, 100.0):
        ground = d.lattice(xy, across, 120)
        found, near, inside = d.spread(xy, ground, 120.0)
        middle = ground.middle(np.arange(len(ground)))
        away = np.hypot(*(middle[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
        kernel = np.where(away < 120, (1 - (away / 120) ** 2) ** 2 * 3 / (math.pi * 120**2), 0)
        assert np.allclose(found, kernel.sum(axis=1), atol=1e-12)
        assert (near == (away < 120).sum(axis=1)).all()
        assert (ground.at(xy) == away.argmin(axis=0)).all()
        assert (inside == np.bincount(away.argmin(axis=0), minlength=len(ground))).all() and inside.sum() == 300
    fine = d.lattice(xy, 20.0, 140)
    mass = d.spread(xy, fine, 120.0)[0].sum() * 20**2 * math.sqrt(3) / 2
    assert mass == pytest.approx(300, rel=0.002)  # the kernel gives every case once


def test_hexagons_fill_the_ground_and_stay_where_they_are():
    ground = d.lattice(np.array([[0.0, 0.0], [500.0, 300.0]]), 50, 100)
    shapes = ground.shapes(np.arange(len(ground)))
    union = shapely.union_all(shapes)
    assert shapely.area(shapes).sum() == pytest.approx(50**2 * math.sqrt(3) / 2 * len(ground))
    assert union.area == pytest.approx(shapely.area(shapes).sum()) and union.contains(shapely.box(0, 0, 500, 300))
    moved = d.lattice(np.array([[130.0, 90.0]]), 50, 100)
    known = {tuple(np.round(point, 6)) for point in ground.middle(np.arange(len(ground))).tolist()}
    there = [tuple(np.round(point, 6)) in known for point in moved.middle(np.arange(len(moved))).tolist()]
    assert sum(there) > len(there) / 2


def test_classes_are_never_all_red():
    even = np.full(500, 7.3)
    bounds = d.breaks(even)
    assert len(bounds) == d.CLASSES - 1 and d.check_breaks(bounds) and d.class_of(even, bounds).max() < d.CLASSES
    for seed in range(20):
        values = np.random.default_rng(seed).lognormal(seed - 8, 1 + seed / 10, 400)
        bounds = d.breaks(values)
        assert d.check_breaks(bounds)
        assert (d.class_of(values, bounds) == d.CLASSES).mean() <= d.TOP
    assert d.check_breaks(d.breaks(np.zeros(4)))
    assert d.class_of(np.array([0, 0.5, 1, 3]), [1, 2]).tolist() == [0, 1, 2, 3]
    assert not d.check_breaks([2, 1]) and not d.check_breaks([]) and not d.check_breaks([0, 1])
    assert d.breaks(np.array([10.0])) == [1.0, 2.0, 5.0, 10.0, 20.0]


def test_clip_and_month():
    assert d.per_month(np.array([1e-6]), 60.0).tolist() == [0.5]
    shapes = np.array([shapely.box(0, 0, 10, 10), shapely.box(100, 0, 110, 10)], dtype=object)
    line = np.array([shapely.LineString([(-50, 5), (50, 5)]), shapely.LineString([(-50, 6), (50, 6)])], dtype=object)
    found = d.clipped(shapes, line, 2.0)
    assert found[1] is None and found[0].area == pytest.approx(50) and found[0].geom_type == "MultiPolygon"
    assert d.clipped(shapes, line[:0], 2.0).tolist() == [None, None]


def _moments(texts):
    return np.array(texts, dtype="datetime64[s]")


def test_hours_by_weekday():
    found = r.rhythm(_moments(["2024-01-01T08:30:00", "2024-01-01T08:59:59", "2024-01-07T23:00:00", "NaT"]), None, None)
    assert (found.counts[0, 8], found.counts[6, 23], found.counts.sum(), found.no_time) == (2, 1, 3, 1)
    assert found.days.tolist() == [1] * 7 and found.no_hour == 0
    two = np.datetime64("2024-01-01"), np.datetime64("2024-01-09")
    assert r.rhythm(_moments([]), *two).days.tolist() == [2, 2, 1, 1, 1, 1, 1]
    assert not r.rhythm(_moments([]), None, None).days.any()


def test_midnight_sharp_is_no_hour():
    dates = _moments(["2024-01-03T00:00:00"] * 20 + ["2024-01-03T09:10:00"] * 5)
    found = r.rhythm(dates, None, None)
    assert (found.no_hour, found.counts.sum(), found.weekday[2]) == (20, 5, 25)
    night = _moments(["2024-01-03T00:00:00"] * 4) + np.arange(4).astype("timedelta64[D]")
    assert r.rhythm(night, None, None).no_hour == 0  # a few may be midnight
    minutes = np.datetime64("2024-01-03T00:00:00") + np.repeat(np.arange(60), 6) * np.timedelta64(60, "s")
    assert r.rhythm(minutes, None, None).no_hour == 0  # as many as any other minute of that hour


def test_patrols_are_advised_where_hours_stand_out():
    draw = np.random.default_rng(1)
    start = np.datetime64("2024-01-01T00:00:01")  # a Monday
    even = start + draw.integers(0, 28 * 86_400, 600).astype("timedelta64[s]")
    night = start + np.repeat(np.arange(28), 8).astype("timedelta64[D]")
    night = night[(np.arange(len(night)) // 8) % 7 < 5]
    night = night + draw.integers(22 * 3600, 25 * 3600, 160).astype("timedelta64[s]")
    best = r.windows(r.rhythm(np.concatenate([even, night]), None, None))[0]
    assert best.weekdays == (0, 1, 2, 3, 4) and (best.start, best.end) == (22, 1) and best.lift > 2 and best.p < 1e-6
    assert all(one.p > 0.05 for one in r.windows(r.rhythm(even, None, None)))
    assert r.windows(r.rhythm(even[:29], None, None)) == []


def test_where_only_we_look():
    ours, theirs = np.array([40, 20, 9, 2, 0, 30, 60]), np.array([0, 20, 0, 38, 0, 20, 40])
    hours = np.array([10.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    found = b.bias(ours, theirs, hours, least=10)
    assert found.kind.tolist() == [b.OURS_ONLY, b.EVEN, b.SMALL, b.THEIRS, b.NONE, b.EVEN, b.EVEN]
    assert found.city == pytest.approx(161 / 279) and found.per_hour[0] == 4 and np.isnan(found.per_hour[1])
    assert np.isnan(found.share[4]) and found.low[0] < 1 == found.share[0]
    one = binomtest(40, 40, found.city, alternative="greater").pvalue * 2
    assert found.adjusted[0] <= min(1, one * 5) + 1e-12
    nothing = b.bias(np.zeros(3, dtype=int), np.zeros(3, dtype=int))
    assert set(nothing.kind.tolist()) == {b.NONE} and np.isnan(nothing.city)
    only = b.bias(np.array([50, 60]), np.array([0, 0]))  # nobody else reports anywhere
    assert only.kind.tolist() == [b.OURS_ONLY, b.OURS_ONLY] and only.city == 1


def test_shares_by_chance_are_not_called_bias():
    draw, called = np.random.default_rng(4), 0
    for _ in range(40):
        total = draw.poisson(30, 200)
        hits = draw.binomial(total, 0.7)
        called += bool((~np.isin(b.bias(hits, total - hits).kind, [b.EVEN, b.SMALL, b.NONE])).any())
    assert called <= 6  # of 40 cities at 5 %


def test_hours_of_patrols():
    cell, seconds = np.array([0, 0, 1, -1, 1, 1]), np.array([0.0, 180.0, 360.0, 400.0, 500.0, 5000.0])
    track = np.array([0, 0, 0, 0, 1, 1])
    assert b.hours_in(cell, seconds, track, 2).tolist() == pytest.approx([0.1, 40 / 3600])
    assert b.hours_in(cell[:1], seconds[:1], track[:1], 2).tolist() == [0, 0]
