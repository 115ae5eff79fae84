# SPDX-License-Identifier: GPL-2.0-or-later
"""The health of the chain: each number counts what it says and leads to its objects."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused, StoreError
from digital_citymgmt_plugin.core.requests import FindObjects
from digital_citymgmt_plugin.services.health import ITEMS, find_objects, health
from digital_citymgmt_plugin.services.intake import objects
from tests.services.cities import LID, box, point, squares
from tests.support import make_context


def numbers(town):
    return {item["key"]: (item["count"], item["level"]) for item in health(town.context)["items"]}


def filled(town):
    town.adopt(squares(2, 1, 500))
    shapes = [point(10, 10), point(1900, 900), box(0, 0, 5, 5)]
    town.census(town.layer("c.gpkg", shapes, "Unknown", cls=[LID] * 3), class_field="cls")
    with town.store.action("cases") as action:
        action.insert("case_record", {"case_no": objects(["1", "2"]), "kind": objects(["component", "event"]),
                                      "geom": objects([point(1, 1), None])})  # fmt: skip


def test_an_empty_city_lacks_everything(city):
    found = numbers(city)
    assert found["communities"] == (0, "warn") and found["grids"] == (0, "warn") and found["components"] == (0, "warn")
    assert found["components_outside"] == (0, "ok") and found["streets"] == (0, "none")


def test_every_number_counts_what_it_says(town):
    filled(town)
    found = numbers(town)
    assert found["communities"] == (2, "ok") and found["grids"] == (2, "ok") and found["components"] == (3, "ok")
    assert found["components_uncoded"] == (3, "warn") and found["components_outside"] == (3, "error")
    assert found["cases_unplaced"] == (2, "warn") and found["cases_unlinked"] == (1, "warn")
    assert found["issues"][0] == town.store.count("check_issue")
    town.code()
    found = numbers(town)
    assert found["components_uncoded"] == (0, "ok") and found["components_outside"] == (1, "error")


def test_versions_that_ended_and_retired_grids_do_not_count(town):
    town.adopt(squares(2, 1, 500))
    town.adopt([box(0, 0, 1000, 500)])
    town.communities(box(0, 0, 1000, 1000), box(1000, 0, 1900, 1000))
    found = numbers(town)
    assert found["communities"][0] == 2 and found["grids"][0] == 1
    assert health(town.context)["tables"]["unit_grid"] == 2


@pytest.mark.parametrize("item", [item.key for item in ITEMS])
def test_every_number_leads_to_its_objects(town, item):
    filled(town)
    found = find_objects(town.context, FindObjects(item))
    assert found["total"] == numbers(town)[item][0] == sum(found["by_table"].values())
    assert len(found["fids"]) == found["by_table"][found["table"]]
    assert set(found["fids"]) <= {row["fid"] for row in town.rows(found["table"], "fid")}


def test_the_extent_is_that_of_the_objects_and_the_limit_holds(town):
    filled(town)
    found = find_objects(town.context, FindObjects("components_uncoded", limit=1))
    assert found["table"] == "component_point" and len(found["fids"]) == 1 and found["total"] == 3
    assert found["extent"] == list(point(10, 10).bounds)
    assert find_objects(town.context, FindObjects("streets"))["extent"] is None


def test_an_unknown_number_and_a_missing_store_are_refused(town):
    with pytest.raises(InputRefused, match=r"request\.unknown_item"):
        find_objects(town.context, FindObjects("moon"))
    with pytest.raises(StoreError, match=r"store\.none_open"):
        health(make_context(None))
