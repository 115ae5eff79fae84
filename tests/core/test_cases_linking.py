# SPDX-License-Identifier: GPL-2.0-or-later
"""Nearest components against brute force, doubt, and names of communities and areas."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.cases.linking import nearest_components, scores
from digital_citymgmt_plugin.core.cases.placing import CommunityIndex, agrees, same_area

PLACES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=25)


@settings(derandomize=True, max_examples=80, deadline=None)
@given(PLACES, PLACES, st.integers(0, 20), st.booleans())
def test_the_two_nearest_are_those_of_brute_force(cases, components, tolerance, as_areas):
    xy = np.array(cases, dtype=float)
    shapes = shapely.points(np.array(components, dtype=float))
    if as_areas:
        shapes = shapely.buffer(shapes, 1.5, cap_style="square")
    found = nearest_components(xy, shapes, float(tolerance))
    for row, point in enumerate(shapely.points(xy)):
        far = sorted((d, i) for i, d in enumerate(shapely.distance(point, shapes)) if d <= tolerance)
        first = far[0] if far else (np.inf, -1)
        second = far[1] if len(far) > 1 else (np.inf, -1)
        assert found.distance[row] == pytest.approx(first[0])
        assert found.second_distance[row] == pytest.approx(second[0])
        assert (found.first[row] >= 0) == bool(far)
        unsure = len(far) > 1 and (second[0] < 1.5 * first[0] or second[0] - first[0] < 0.5)
        assert bool(found.ambiguous[row]) == unsure


def test_a_second_component_must_be_clearly_farther():
    components = shapely.points([[0.0, 0.0], [10.0, 0.0]])
    cases = np.array([[1.0, 0.0], [4.5, 0.0], [3.9, 0.0]])
    found = nearest_components(cases, components, 20.0)
    assert found.ambiguous.tolist() == [False, True, False]
    assert found.first.tolist() == [0, 0, 0]


def test_a_component_at_exactly_the_tolerance_counts():
    found = nearest_components(np.array([[5.0, 0.0]]), shapely.points([[0.0, 0.0]]), 5.0)
    assert found.first[0] == 0
    assert scores(found.distance, 5.0)[0] == 0.0


def test_missing_places_find_nothing_and_missing_shapes_are_no_candidates():
    shapes = np.array([None, shapely.Point(), shapely.Point(0, 0)], dtype=object)
    found = nearest_components(np.array([[0.0, 0.0], [np.nan, 0.0]]), shapes, 5.0)
    assert found.first.tolist() == [2, -1]
    assert scores(found.distance, 5.0).tolist() == [1.0, 0.0]


INDEX = CommunityIndex(
    ["1", "2", "3", "4", "5"],
    ["南布社区居委会", "金沙村村委会", "金沙社区居委会", "新村社区居委会", "新村社区居委会"],
    [["龙田街道"], ["坑梓街道"], ["坑梓街道"], ["坪山街道"], ["石井街道"]],
)


@pytest.mark.parametrize(
    ("name", "stated", "code"),
    [
        ("南布社区", None, "1"), ("南布", None, "1"), ("南布社区居民委员会", None, "1"), (" 南布 社区 ", None, "1"),
        ("金沙村", None, "2"), ("金沙社区", None, "3"), ("新村社区", "石井街道", "5"), ("新村社区", "石井", "5"),
    ],
)  # fmt: skip
def test_a_community_is_found_by_what_it_is_called(name, stated, code):
    assert INDEX.find(name, stated) == (code, [])


@pytest.mark.parametrize(
    ("name", "stated", "candidates"),
    [
        ("金沙", None, ["2", "3"]), ("新村社区", None, ["4", "5"]), ("新村社区", "龙田街道", ["4", "5"]),
        ("无名社区", None, []),
    ],
)
def test_namesakes_and_strangers_are_not_placed(name, stated, candidates):
    assert INDEX.find(name, stated) == (None, candidates)


@pytest.mark.parametrize(
    ("stated", "name", "same"),
    [
        ("永康區", "永康區", True), ("永康", "永康區", True), ("北 區", "北區", True),
        (":新市區", "新市區", True),
        ("北區", "北門區", False), ("東區", "東山區", False), ("東", "東區", True),
        ("坪山街道办事处", "坪山街道", True),
        ("", "北區", False), ("後壁區", "後壁里", False), ("左鎮", "左鎮區", True), ("新市", "新市區", True),
    ],
)  # fmt: skip
def test_names_of_areas_are_compared_without_their_kind(stated, name, same):
    assert same_area(stated, name) is same


def test_a_stated_area_may_be_of_any_level():
    assert agrees("臺南市", ["大寮里", "七股區", "臺南市"])
    assert not agrees("永康區", ["大寮里", "七股區", "臺南市"])
