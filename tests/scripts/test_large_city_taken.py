# SPDX-License-Identifier: GPL-2.0-or-later
"""What the generator calls the truth is taken by the plugin's own imports, row for row."""

from __future__ import annotations

from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    ImportAreas,
    ImportComponents,
    ImportPlaces,
    ImportTracks,
    Layer,
)
from digital_citymgmt_plugin.services.adoption import adopt_grids
from digital_citymgmt_plugin.services.areas import import_areas
from digital_citymgmt_plugin.services.coding import assign_codes
from digital_citymgmt_plugin.services.components import import_components
from digital_citymgmt_plugin.services.places import import_places
from digital_citymgmt_plugin.services.tracks import import_tracks
from scripts.demo_city.__main__ import main
from scripts.demo_city.sizes import SIZES
from tests.support import make_context, new_store

TINY = SIZES["tiny"]


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    assert main(["--size", "tiny", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def context(city, tmp_path_factory):
    store = new_store(tmp_path_factory.mktemp("store") / "city.gpkg")
    found = make_context(store)
    for level, name in (("street", "streets"), ("community", "communities")):
        import_areas(found, ImportAreas(Layer(str(city / "areas.gpkg"), name), level, "code", "name"))
    yield found
    store.close()


def taken(result) -> tuple[int, int]:
    return result["counts"]["read"], result["counts"]["rejected"]


def test_the_plugin_takes_grids_with_their_codes_and_all_components(city, context):
    grids = adopt_grids(context, AdoptGrids(Layer(str(city / "grids.gpkg"), "unit_grids"), code_field="code"))
    assert taken(grids) == (TINY.grids, 0)
    read = 0
    for kind in ("point", "line", "area"):
        path = str(city / "components" / f"components_{kind}.gpkg")
        one, refused = taken(import_components(context, ImportComponents(Layer(path), class_field="CLASS")))
        assert refused == 0
        read += one
    assert read == TINY.components
    counts = assign_codes(context, AssignCodes())["counts"]
    assert counts["coded"] == TINY.components, counts


@pytest.mark.parametrize(("kind", "source"), [
    ("poi", "places.gpkg|pois"), ("landmark", "places/landmarks.csv|"), ("plate", "places/plates.csv|"),
    ("street", "places.gpkg|streets"), ("camera", "places.gpkg|cameras"),
])  # fmt: skip
def test_the_plugin_takes_all_places_without_a_mapping(city, context, kind, source):
    path, _, name = source.partition("|")
    crs = "EPSG:4550" if path.endswith(".csv") else None
    result = import_places(context, ImportPlaces(Layer(str(city / path), name or None, crs=crs), kind))
    assert taken(result)[1] == 0
    if kind != "street":
        assert taken(result)[0] == getattr(TINY, f"{kind}s")


def test_the_plugin_takes_the_tracks_but_for_what_is_wrong_with_them(city, context):
    path = str(city / "tracks" / "collectors.csv")
    result = import_tracks(context, ImportTracks(Layer(path, crs="EPSG:4490"), kind="collector"))
    read, rejected = taken(result)
    assert read == sum(1 for _ in (city / "tracks" / "collectors.csv").open(encoding="utf-8")) - 1
    assert 0 < rejected < 0.25 * read
