# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairs of components that may be one, against a plain walk over all pairs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.census import duplicates as d
from digital_citymgmt_plugin.core.errors import InputRefused

SLACK = 1e-6


def found(pairs):
    """The pairs as a dictionary: rows → reasons."""
    return {(int(a), int(b)): int(r) for a, b, r in zip(pairs.first, pairs.second, pairs.reasons)}


def points(rows, tolerance, classes=None, **evidence):
    xy = np.array(rows, dtype=float).reshape(-1, 2)
    size = len(xy)
    classes = np.zeros(size, dtype=np.int64) if classes is None else np.array(classes)
    limit = np.broadcast_to(np.asarray(tolerance, dtype=float), size)
    return d.find_pairs(None, np.c_[xy, xy], np.zeros(size, dtype=np.int64), classes, limit, **evidence)


def oracle(xy, classes, limits, codes, spot=d.SAME_SPOT):
    """All pairs, one by one."""
    result = {}
    for a, b in itertools.combinations(range(len(xy)), 2):
        far = math.hypot(xy[a][0] - xy[b][0], xy[a][1] - xy[b][1])
        reasons = 0
        if classes[a] == classes[b]:
            reasons |= d.NEAR * (limits[classes[a]] >= 0 and far <= limits[classes[a]] + SLACK)
        else:
            reasons |= d.SPOT * (far <= spot + SLACK)
        if codes[a] is not None and codes[a] == codes[b]:
            reasons |= d.CODE
        if reasons:
            result[a, b] = reasons
    return result


# A hundredth of a metre apart at least, at coordinates of a real city: limits fall on distances again and again.
PLACE = st.tuples(st.integers(0, 400), st.integers(0, 400))
ROW = st.tuples(PLACE, st.integers(0, 2), st.one_of(st.none(), st.integers(0, 4)))


@given(st.lists(ROW, max_size=18), st.sampled_from([(0.0, 0.5, 2.0), (1.0, -1.0, 3.0), (0.05, 0.1, 100.0)]))
def test_every_pair_and_no_other_is_found(rows, limits):
    xy = [(360_000 + x / 100, 3_520_000 + y / 100) for (x, y), _, _ in rows]
    classes, codes = [row[1] for row in rows], [row[2] for row in rows]
    with_code = [index for index, code in enumerate(codes) if code is not None]
    evidence = d.Evidence(np.array(with_code, dtype=np.int64), np.array([codes[i] for i in with_code], dtype=np.int64))
    pairs = points(xy, [limits[number] for number in classes], classes, codes=evidence)
    assert found(pairs) == oracle(xy, classes, limits, codes)
    assert (pairs.first < pairs.second).all() and ((pairs.score > 0) & (pairs.score <= 1)).all()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_clusters_are_what_hangs_together(edges):
    edges = [(a, b) for a, b in edges if a != b]
    parts = [{a, b} for a, b in edges]
    for a, b in edges:
        mine = [part for part in parts if part & {a, b}]
        parts = [part for part in parts if not part & {a, b}] + [set().union(*mine)]
    first, second = (np.array([edge[side] for edge in edges], dtype=np.int64) for side in (0, 1))
    number = d.clusters(first, second).tolist()
    order = sorted(parts, key=min)
    assert number == [next(i for i, part in enumerate(order) if a in part) for a, _ in edges]


def test_a_long_chain_is_one_cluster():
    rows = np.random.default_rng(1).permutation(5_000)
    assert set(d.clusters(rows[:-1], rows[1:]).tolist()) == {0}


def test_result_does_not_depend_on_the_order_of_the_rows():
    rng = np.random.default_rng(2)
    xy, classes = rng.random((300, 2)) * 20, rng.integers(0, 3, 300)
    turned = rng.permutation(300)
    plain, other = points(xy, 0.8, classes), points(xy[turned], 0.8, classes[turned])
    back = {tuple(sorted((int(turned[a]), int(turned[b])))): r for (a, b), r in found(other).items()}
    assert back == found(plain)


def test_a_crowd_on_one_coordinate_gives_pairs_with_its_first_only():
    pairs = points([(0, 0)] * 50_000 + [(0.3, 0)], 0.5)
    assert found(pairs).keys() == {(0, row) for row in range(1, 50_001)}


def test_a_tolerance_that_pairs_everything_is_refused(monkeypatch):
    monkeypatch.setattr(d, "MOST_PAIRS", 1_000)
    with pytest.raises(InputRefused) as caught:
        points(np.random.default_rng(3).random((400, 2)), 10.0)
    assert caught.value.code == "duplicates.too_many"


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e300], ids=str)
def test_what_has_no_place_is_paired_by_its_code_alone(bad):
    codes = d.Evidence(np.array([0, 1]), np.array([7, 7]))
    pairs = points([(bad, 0), (bad, 0), (5, 5)], 1.0, codes=codes)
    assert found(pairs) == {(0, 1): d.CODE} and math.isnan(pairs.distance[0])


def test_places_far_from_each_other_do_not_disturb():
    xy = [(0, 0), (0.2, 0), (4e8, 9e8), (4e8 + 0.2, 9e8)]
    assert found(points(xy, 0.5)).keys() == {(0, 1), (2, 3)}


def test_lines_and_areas_are_one_when_no_part_is_far_from_the_other():
    line = shapely.LineString([(0, 0), (50, 0), (100, 0)])
    shapes = np.array([
        line, shapely.LineString([(0, 0.3), (50, 0.4), (100, 0.3)]), shapely.LineString([(50, -50), (50, 50)]),
        shapely.box(0, 0, 100, 1), shapely.box(0.2, 0, 100, 1), shapely.box(0, 0, 100, 4), None,
    ], dtype=object)  # fmt: skip
    kind = np.array([1, 1, 1, 2, 2, 2, 2])
    pairs = d.find_pairs(shapes, shapely.bounds(shapes), kind, np.zeros(7, dtype=np.int64), np.full(7, 0.5))
    assert found(pairs).keys() == {(0, 1), (3, 4)}
    assert pairs.distance.round(2).tolist() == [0.4, 0.2]


def test_nearer_is_surer_and_more_evidence_is_surer():
    near, far = points([(0, 0), (0.1, 0), (50, 0), (50.9, 0)], 1.0).score
    both = points([(0, 0), (0.1, 0)], 1.0, codes=d.Evidence(np.array([0, 1]), np.array([1, 1]))).score[0]
    assert far < near < both <= 1
    apart = points([(0, 0), (5_000, 0)], 1.0, codes=d.Evidence(np.array([0, 1]), np.array([1, 1]))).score[0]
    assert apart < 0.9
    assert d.reason_names(d.CODE | d.PHOTO) == ["code", "photo"]


def test_nothing_gives_nothing():
    assert len(points([], 1.0)) == 0 and len(points([(0, 0)], 1.0)) == 0
