# SPDX-License-Identifier: GPL-2.0-or-later
"""Totals over all tables, what makes one differ, and the objects behind each."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import TotalObjects, Totals
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.total_ties import total_objects
from digital_citymgmt_plugin.services.totals import totals
from tests.services.test_component_checks import change

POINTS = "component_point"


def ties(city):
    return {(tie["by"], tie["key"]): tie for tie in totals(city.context, Totals())["ties"]}


def behind(city, by, key="", limit=500):
    answer = total_objects(city.context, TotalObjects(by, key, limit))
    assert answer["total"] >= len(answer["objects"]) and len(answer["objects"]) <= limit
    return answer


def uuid_of(city, fid):
    return city.store.read(POINTS, ["uuid"], [("fid", "=", fid)])["uuid"][0]


def test_every_number_opens_its_components(census):
    listed = totals(census.context, Totals())["totals"]
    for by, lines in listed.items():
        for key, _, count in lines:
            if key:
                assert behind(census, by, key)["total"] == count, (by, key)
    found = behind(census, "table", POINTS, 3)
    assert found["total"] == 100 and [one["table"] for one in found["objects"]] == [POINTS] * 3
    assert found["objects"][0]["x"] > 0 and found["objects"][0]["uuid"]


def test_what_is_stated_nowhere_or_unknown_is_counted_and_listed(census):
    change(census, [1], grid_code=None)
    change(census, [2], grid_code="32068100100199")
    change(census, [3], owner_dept="nobody")
    now = ties(census)
    assert (now["grid", ""]["blank"], now["grid", ""]["unknown"], now["grid", ""]["ties"]) == (1, 1, True)
    assert now["owner", ""]["unknown"] == 1
    assert [one["value"] for one in behind(census, "grid")["objects"]] == [None, "32068100100199"]
    assert "nobody" in [one["value"] for one in behind(census, "owner")["objects"]]


def test_grids_against_communities_show_who_differs(census):
    community = census.store.read(POINTS, ["community_code"], [("fid", "=", 1)])["community_code"][0]
    change(census, [1], community_code="320681001009")
    wrong = {tie["key"] for tie in ties(census).values() if not tie["ties"]}
    assert wrong == {community, "320681001009"}
    for key in wrong:
        assert [one["uuid"] for one in behind(census, "grid_community", key)["objects"]] == [uuid_of(census, 1)]


def test_codes_photos_and_candidates_are_held_against_the_components(census):
    assert ties(census)["register", ""]["ties"] and ("photo", "") not in ties(census)
    with census.store.action("test") as action:
        register = census.store.read("code_register", ["fid"], [("kind", "=", "component")], ["fid"])["fid"]
        action.update("code_register", register[:1], {"status": objects(["retired"])})
        action.insert("photo", {"object_uuid": objects([uuid_of(census, 1), "gone"]), "path": objects(["a", "b"])})
        action.insert("candidate", {"state": objects(["confirmed"]), "component_uuid": objects(["gone"]),
                                    "class_code": objects(["0101"])})  # fmt: skip
    change(census, [2], photo_count=3)
    now = ties(census)
    for by, total, expected in (("register", 99, 100), ("photo", 1, 2), ("candidate", 0, 1), ("photo_stated", 3, 2)):
        tie = now[by, ""]
        expected_here = (100, 99) if by == "register" else (total, expected)
        assert (tie["total"], tie["expected"], tie["ties"]) == (*expected_here, False), by
    assert [one["table"] for one in behind(census, "register")["objects"]] == [POINTS]
    assert [one["name"] for one in behind(census, "photo")["objects"]] == ["b"]
    assert behind(census, "candidate")["objects"][0]["code"] == "0101"
    stated = {one["uuid"] for one in behind(census, "photo_stated")["objects"]}
    assert stated == {uuid_of(census, 1), uuid_of(census, 2)}


def test_an_unknown_way_is_refused(census):
    with pytest.raises(InputRefused, match=r"request\.unknown_item"):
        total_objects(census.context, TotalObjects("colour"))
