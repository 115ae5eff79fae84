# SPDX-License-Identifier: GPL-2.0-or-later
"""Windsor's snow ploughs (52,678 fixes of 132 vehicles) and streets with address ranges, against pandas."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from digital_citymgmt_plugin.core.requests import ImportPlaces, ImportTracks, Layer
from digital_citymgmt_plugin.services.places import import_places
from digital_citymgmt_plugin.services.tracks import import_tracks
from tests.services.cities import City, ties
from tests.support import Watcher, new_store

pytestmark = pytest.mark.real_data
CRS, COUNTY = "EPSG:26917", "353703"
TRACKS = "tracks/windsor_snowplow_2025-02-03_2025-02-09.csv.gz"
STREETS = "basemap/windsor_base.gpkg"


@pytest.fixture(scope="module")
def windsor(tmp_path_factory, shared):
    """A store with one area, the town's extent."""
    folder = tmp_path_factory.mktemp("windsor")
    store = new_store(folder / "windsor.gpkg", crs=CRS, county_code=COUNTY, county_name="Windsor",
                      time_zone="America/Toronto")  # fmt: skip
    city = City(store, folder, Watcher())
    bounds = pyogrio.read_info(shared / STREETS, layer="street_centreline", force_total_bounds=True)["total_bounds"]
    area = city.layer("area.gpkg", [shapely.box(*bounds)], crs=CRS, code=[COUNTY], name=["Windsor"])
    city.areas(area, level="county")
    yield city
    store.close()


@pytest.fixture(scope="module")
def imported(windsor, shared):
    request = ImportTracks(Layer(str(shared / TRACKS), crs="EPSG:4326"))
    return import_tracks(windsor.context, request), import_tracks(windsor.context, request)


def fixes(shared):
    """The file as pandas reads it, without the header lines inside."""
    frame = pd.read_csv(shared / TRACKS)
    return frame, frame[frame["Truck"] != "Truck"]


def test_every_fix_is_kept_or_counted_by_its_reason(imported, shared):
    first, second = imported
    counts = first["counts"]
    whole, good = fixes(shared)
    assert counts["read"] == len(whole) and counts["carriers"] == good["Truck"].nunique()
    assert counts["accepted"] + counts["rejected"] == counts["read"]
    assert sum(first["reasons"].values()) == counts["rejected"]
    assert first["reasons"].get("reject.time") == len(whole) - len(good)
    at_one_time = good.duplicated(["Truck", "Date time"]).sum()
    assert (
        counts["duplicates"] + counts["same_time"]
        <= at_one_time
        <= counts["duplicates"] + counts["same_time"] + (counts["far"])
    )
    assert second["operation"] is None and second["counts"]["unchanged"] == counts["inserted"]


def test_what_is_kept_moves_at_a_possible_speed_and_no_track_has_a_gap_but_a_stay(windsor, imported):
    table = windsor.store.read("track_point", ["carrier", "track", "at", "geom"], (), ["carrier", "at"])
    frame = pd.DataFrame({name: table[name] for name in ("carrier", "track", "at")})
    xy = shapely.get_coordinates(table["geom"])
    frame["x"], frame["y"], frame["at"] = xy[:, 0], xy[:, 1], pd.to_datetime(frame["at"])
    assert not frame.duplicated(["carrier", "at"]).any()
    step = frame.groupby("track")[["x", "y"]].diff()
    seconds = frame.groupby("track")["at"].diff().dt.total_seconds()
    distance = np.hypot(step["x"], step["y"])
    assert (distance[seconds.notna()] <= 40.0 * seconds[seconds.notna()] + 1e-6).all()
    assert (distance[seconds > 600.0] <= 15.0 + 1e-6).all()  # inside a stay
    assert frame["track"].nunique() == imported[0]["counts"]["tracks"]


def test_times_of_the_file_are_local_times_of_the_city(windsor, imported, shared):
    _, good = fixes(shared)
    first = good.sort_values("Date time").iloc[0]
    utc = pd.Timestamp(first["Date time"]).tz_localize("America/Toronto").tz_convert("UTC")
    stored = windsor.store.read("track_point", ["at"], [("carrier", "=", str(first["Truck"]))], ["at"])["at"]
    assert stored[0] == utc.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_streets_keep_the_address_ranges_of_the_source(windsor, shared):
    source = pyogrio.read_dataframe(shared / STREETS, layer="street_centreline")
    result = import_places(
        windsor.context, ImportPlaces(Layer(str(shared / STREETS), layer="street_centreline"), "street")
    )
    assert ties(result["counts"]) and result["counts"]["read"] == len(source)
    rows = windsor.store.read("place", ["name", "ranges", "number_from", "number_to"], (), ["fid"])
    named = source[source["FULL_NAME"].notna()]
    assert len(rows["name"]) == len(named) and sorted(rows["name"]) == sorted(named["FULL_NAME"].str.strip())
    ends = named[["L_ADDR_FRO", "L_ADDR_TO", "R_ADDR_FRO", "R_ADDR_TO"]].astype(float).fillna(0)
    with_numbers = (ends > 0).any(axis=1)
    assert sum(value is not None for value in rows["ranges"]) == with_numbers.sum()
    wanted = ends[with_numbers].replace(0, np.nan).min(axis=1).astype(int)
    found = [value for value in rows["number_from"].tolist() if value is not None]
    assert sorted(found) == sorted(wanted.tolist())
    sides = [one for text in rows["ranges"] if text for one in json.loads(text)]
    assert {one["side"] for one in sides} == {"left", "right"}
    assert {one["parity"] for one in sides} <= {"odd", "even", "both"}
