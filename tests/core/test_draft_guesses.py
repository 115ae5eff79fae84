# SPDX-License-Identifier: GPL-2.0-or-later
"""Which layers are taken for what in a draft of unit grids."""

from __future__ import annotations

import json

import pytest

from digital_citymgmt_plugin.core.draft_guesses import (
    ANY_CLASS,
    BY_FIELD,
    Offer,
    ProjectLayer,
    layer_offers,
    rank_text,
    store_offers,
)


@pytest.mark.parametrize(
    ("name", "rank"),
    [("铁路", 1), ("主干道", 2), ("street lines", 3), ("围墙", 4), ("Footway", 5), ("水系面", 1), ("DLSS", 3)],
)
def test_barriers_are_ranked_by_their_names(name, rank):
    offer = layer_offers([ProjectLayer("a", name, "line")]).barriers[0]
    assert (offer.rank, offer.used) == (rank, True)


def test_layers_that_say_nothing_are_offered_but_not_used():
    offers = layer_offers([ProjectLayer("a", "layer 1", "polygon"), ProjectLayer("b", "社区", "polygon")])
    assert [(one.name, one.used) for one in offers.areas] == [("社区", True), ("layer 1", False)]
    assert not any(one.used for one in offers.barriers) and not any(one.used for one in offers.locked)
    assert {one.name for one in offers.barriers} == {"社区", "layer 1"}


def test_a_field_of_road_classes_gives_the_rank_and_points_are_no_barriers():
    layers = [ProjectLayer("a", "roads", "line", ("FCLASS",)), ProjectLayer("b", "部件", "point")]
    offers = layer_offers(layers)
    assert [(one.rank, one.rank_field) for one in offers.barriers] == [(BY_FIELD, "FCLASS")]
    assert offers.components[0].used


def test_a_drawing_of_cass_is_offered_by_its_layers():
    drawn = ("0", "DLSS", "JJ", "JMD", "SXSS", "YZH")
    offers = layer_offers([ProjectLayer("a", "entities", "polygon", ("Layer",), drawn)])
    used = {one.values[0]: one.rank for one in offers.barriers if one.used}
    assert used == {"DLSS": 3, "SXSS": 1, "JJ": 2, "YZH": 4}
    assert [one.values for one in offers.buildings if one.theme == "building"] == [("JMD",)]


def test_a_column_named_layer_makes_no_drawing():
    """The roads of OpenStreetMap have one that counts bridges and tunnels."""
    fields = ("osm_id", "fclass", "layer", "bridge")
    offers = layer_offers([ProjectLayer("a", "gis_osm_roads_free_1", "line", fields)])
    assert [(one.used, one.rank, one.theme) for one in offers.barriers] == [(True, BY_FIELD, "")]
    offers = layer_offers([ProjectLayer("a", "CAD", "line", ("Layer",), ("DLSS", "GXYZ"))])
    assert [(one.theme, one.used) for one in offers.barriers] == [("road", True), ("", False)]


def test_the_store_offers_only_what_it_has():
    offers = store_offers({"road": 3, "contour": 9}, {"building": 2}, {"communities": 0, "components": 5})
    assert [one.theme for one in offers.barriers] == ["road"] and offers.areas == () == offers.compounds
    assert offers.buildings[0].values == ("building",) and offers.components[0].table == "component_point"


def test_rows_of_one_layer_are_read_once():
    road, water = (Offer("", "", "base_line", theme, "theme", (theme,)) for theme in ("road", "water"))
    other = Offer("x", "streets", rank_field="fclass")
    texts = rank_text([(road, 3), (water, 1), (other, BY_FIELD), (other, 2)])
    assert [json.loads(text) for _offer, text in texts] == [
        {"field": "theme", "ranks": {"road": 3, "water": 1}}, {"field": "fclass"}, {"rank": 2},
    ]  # fmt: skip


def test_areas_of_land_use_are_offered_as_compounds_by_their_use():
    layers = [
        ProjectLayer("a", "gis_osm_landuse_a_free_1", "polygon", ("osm_id", "fclass", "name")),
        ProjectLayer("b", "地类图斑", "polygon", ("DLMC", "DLBM")),
        ProjectLayer("c", "小区院落", "polygon", ("类别",)),
    ]
    found = {one.name: one for one in layer_offers(layers).compounds if one.used}
    assert found["gis_osm_landuse_a_free_1"].field == found["地类图斑"].field == ANY_CLASS
    assert {"residential", "school", "0701", "教育用地"} <= set(found["地类图斑"].values)
    assert found["小区院落"].field == ""  # called compounds: all of them are


def test_components_of_a_layer_tell_the_field_of_their_class():
    layers = [ProjectLayer("a", "部件", "point", ("fid", "小类代码")), ProjectLayer("b", "poles", "point", ("id",))]
    assert {one.name: one.class_field for one in layer_offers(layers).components} == {"部件": "小类代码", "poles": ""}
    (own,) = store_offers({}, {}, {"components": 5}).components
    assert own.class_field == "class_code"


def test_squares_are_barriers_by_their_name():
    (offer,) = layer_offers([ProjectLayer("a", "城市广场", "polygon")]).barriers
    assert offer.used and offer.rank == 3
