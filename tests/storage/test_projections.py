# SPDX-License-Identifier: GPL-2.0-or-later
"""CRS: the same whatever the text, metres told from degrees, coordinates moved in x, y order."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import CRS

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.storage.projections import Projected

ZONES = range(4513, 4555)


@pytest.fixture(scope="module")
def projections():
    return Projected()


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("EPSG:4326", "OGC:CRS84", True),
        ("EPSG:4490", "EPSG:4326", False),
        ("EPSG:4549", "epsg:4549", True),
        ("EPSG:4549", CRS.from_epsg(4549).to_wkt("WKT1_ESRI"), True),
        ("EPSG:4549", CRS.from_epsg(4549).to_wkt(), True),
        ("EPSG:4549", "EPSG:4550", False),
    ],
)
def test_same(projections, first, second, same):
    assert projections.same(first, second) is same
    assert projections.same(second, first) is same


@pytest.mark.parametrize("code", ZONES)
def test_every_cgcs2000_zone_is_metric_and_known_from_esri_wkt(projections, code):
    wkt = CRS.from_epsg(code).to_wkt("WKT1_ESRI")
    assert projections.is_metric(wkt)
    assert projections.describe(wkt)[:2] == ("EPSG", code)


@pytest.mark.parametrize(
    ("crs", "metric"), [("EPSG:4490", False), ("EPSG:2261", False), ("EPSG:26917", True), ("EPSG:4978", False)]
)
def test_metric(projections, crs, metric):
    assert projections.is_metric(crs) is metric


def test_central_meridian_and_equator_give_what_the_definition_says(projections):
    """On the central meridian x is the false easting, whatever the library; 500 km, and 39 500 km with zone prefix."""
    place = np.array([shapely.Point(117, 0)], dtype=object)
    assert projections.transform(place, "EPSG:4490", "EPSG:4548")[0].equals_exact(shapely.Point(500_000, 0), 1e-3)
    assert projections.transform(place, "EPSG:4490", "EPSG:4527")[0].equals_exact(shapely.Point(39_500_000, 0), 1e-3)


def test_there_and_back_is_the_same_place(projections):
    lines = shapely.linestrings(np.random.default_rng(1).uniform([120, 31], [122, 33], (50, 7, 2)))
    back = projections.transform(projections.transform(lines, "EPSG:4490", "EPSG:4549"), "EPSG:4549", "EPSG:4490")
    assert shapely.equals_exact(lines, back, 1e-9).all()


def test_none_z_and_unreachable_coordinates(projections):
    given = np.array(
        [None, shapely.from_wkt("POINT Z (120 30 5)"), shapely.Point(0, np.inf), shapely.Polygon()], dtype=object
    )
    moved = projections.transform(given, "EPSG:4490", "EPSG:4549")
    assert moved[0] is None
    assert moved[1].z == 5
    assert moved[2].is_empty and moved[2].geom_type == "Point"
    assert moved[3].is_empty and moved[3].geom_type == "Polygon"
    assert given[1].x == 120, "the input must not change"


def test_no_rows_at_all(projections):
    assert len(projections.transform(np.empty(0, dtype=object), "EPSG:4490", "EPSG:4549")) == 0


def test_one_bad_vertex_empties_the_whole_line(projections):
    moved = projections.transform(np.array([shapely.LineString([(120, 30), (120, 1e9)])]), "EPSG:4490", "EPSG:4549")
    assert moved[0].is_empty and moved[0].geom_type == "LineString"


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4549", "EPSG:26917", CRS.from_epsg(4549).to_wkt("WKT1_ESRI")])
def test_describe_gives_wkt_that_leads_back(projections, crs):
    authority, code, name, wkt = projections.describe(crs)
    assert authority == "EPSG" and code > 0 and name
    assert projections.same(wkt, crs)


def test_a_local_crs_has_no_authority(projections):
    local = "+proj=tmerc +lat_0=0 +lon_0=121.3 +k=1 +x_0=50000 +y_0=-3000000 +ellps=GRS80 +units=m"
    assert projections.describe(local)[:2] == ("NONE", 0)
    assert projections.is_metric(local)


@pytest.mark.parametrize("crs", ["EPSG:999999", "", "no crs", "EPSG:"])
def test_an_unknown_crs_is_refused(projections, crs):
    with pytest.raises(InputRefused) as refused:
        projections.describe(crs)
    assert refused.value.code == "input.crs_unknown"


@pytest.mark.parametrize(
    ("longitude", "latitude", "name"),
    [
        (121.4, 31.8, "CM 120E"),
        (121.6, 31.8, "CM 123E"),
        (75.0, 39.0, "CM 75E"),
        (135.0, 48.0, "CM 135E"),
        (-83.0, 42.3, "zone 17N"),
        (151.2, -33.9, "zone 56S"),
        (180.0, 0.0, "zone 60N"),
        (0.0, 89.0, "UPS North"),
    ],
)
def test_a_metric_crs_that_suits_a_place(projections, longitude, latitude, name):
    crs = projections.utm_for(longitude, latitude)
    assert projections.is_metric(crs)
    assert name in projections.describe(crs)[2]


def test_a_place_off_the_earth_is_refused(projections):
    with pytest.raises(InputRefused):
        projections.utm_for(500_000.0, 3_500_000.0)
