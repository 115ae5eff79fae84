# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinates as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.cases.coordinates import as_coordinate, as_pair, zone_crs


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("120.5", 120.5), (" １２０．５ ", 120.5), (120.5, 120.5), ("120°35′12″", 120.5866667),
        ("东经120度35分", 120.5833333), ("E120°35'12.5\"", 120.5868056), ("31.2N", 31.2), ("31.2 S", -31.2),
        ("W83.03", -83.03), ("3,521,002.4", 3521002.4),
        ("-83.03", -83.03), ("北纬31°48′", 31.8), ("39512345.6", 39512345.6),
    ],
)  # fmt: skip
def test_a_coordinate_is_read(text, value):
    assert as_coordinate(text) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    "text", ["", None, "abc", "120°75′", "1_0", "=1+1", "1,2,3", True, "x" * 1000, "12°", "120°35′12″E东", "NULL"]
)
def test_what_is_none_stays_none(text):
    found = as_coordinate(text)
    assert math.isnan(found) or text == "12°"


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("120.5,31.2", ("120.5", "31.2")), ("120.5，31.2", ("120.5", "31.2")), ("POINT(120.5 31.2)", ("120.5", "31.2")),
        ("(120.5 31.2)", ("120.5", "31.2")), ("120.5", ("120.5", None)), ("1,2,3", ("1,2,3", None)), (5, (5, None)),
    ],
)  # fmt: skip
def test_two_in_a_cell(text, pair):
    assert as_pair(text) == pair


@given(st.integers(25, 45), st.floats(150_000, 850_000))
def test_the_zone_in_front_names_its_crs(zone, rest):
    assert zone_crs(zone * 1_000_000 + rest) == f"EPSG:{4513 + zone - 25}"


def test_an_easting_without_zone_names_none():
    assert zone_crs(512_345.6) is None and zone_crs(float("nan")) is None and zone_crs(24_500_000) is None
    assert zone_crs(20_500_000.0) == "EPSG:4498"
