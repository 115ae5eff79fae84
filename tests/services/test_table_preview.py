# SPDX-License-Identifier: GPL-2.0-or-later
"""A census of any shape: columns guessed by heading and by values, words for classes, the mapping remembered."""

from __future__ import annotations

import json

import pytest

from digital_citymgmt_plugin.core.census.column_guess import guess_columns, suggest_class
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import Layer, PreviewTable
from digital_citymgmt_plugin.services.table_preview import preview_table
from tests.services.cities import LID, RAIN, X0, Y0, point

UUID = "0f8fad5b-d9cb-469f-a165-70867728950{}"


def look(city, path, **options):
    return preview_table(city.context, PreviewTable(Layer(path), **options))


def guess(columns, *, placed=False):
    return guess_columns(columns, {LID, RAIN, "0402"}, {"上水井盖", "雨水井盖", "行道树"}, 16, placed=placed)


def test_columns_are_known_by_their_values_whatever_they_are_called():
    found = guess(
        {
            "a": ["3206810101000001", "3206810101000002", "3206810101000003"],
            "b": [UUID.format(n) for n in (1, 2, 3)],
            "c": ["101", "0103", "0101"],
            "d": ["完好", "破损", "N/A"],
            "e": ["2014-08-01", "2014年8月2日", "20140803"],
            "f": ["121.51", "121.52", "121.53"],
            "g": ["31.51", "31.52", "31.53"],
            "h": ["MH-7", "MH-8", "MH-9"],
        }
    )
    assert dict(found.fields) == {
        "code": "a", "uuid": "b", "class_code": "c", "state": "d", "first_on": "e", "source_id": "h",
    }  # fmt: skip
    assert (found.x, found.y, found.null_values) == ("f", "g", ("N/A",))
    assert set(found.why.values()) == {"guess.by_values"}


def test_headings_tell_where_values_do_not_and_layers_need_no_coordinates():
    found = guess({"XCoord": ["1", "2"], "YCoord": ["3", "4"], "LAYER": ["STORM", "SAN"], "权属单位": ["x", "y"]})
    assert (found.x, found.y) == ("XCoord", "YCoord")
    assert dict(found.fields) == {"owner_dept": "权属单位", "class_code": "LAYER"}
    assert guess({"lon": ["1"], "lat": ["2"]}, placed=True).x == ""


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("STORM_MH", "0103"), ("雨水井盖", "0103"), ("雨水井", "0103"), ("행", ""), ("", ""), ("Street tree", "0402"),
        ("井盖1", ""),
    ],
)  # fmt: skip
def test_a_word_for_a_class_gets_a_proposal_or_none(word, code):
    names = {"上水井盖": "0101", "雨水井盖": "0103", "行道树": "0402"}
    assert suggest_class(word, names) == code


def test_a_census_is_looked_at_mapped_imported_and_remembered(town):
    rows = [
        {"NUM": f"MH-{n}", "Kind of thing": kind, "XCoord": X0 + 10 * n, "YCoord": Y0 + 50, "Remarks": "-"}
        for n, kind in enumerate(["STORM", "STORM", "WATER", "ODD"], 1)
    ]
    path = town.table("old census.csv", rows)
    seen = look(town, path, rows=2)
    assert (seen["class_column"], seen["x"], seen["y"]) == ("Kind of thing", "XCoord", "YCoord")
    assert [row[:3] for row in seen["classes"]] == [["STORM", 2, RAIN], ["WATER", 1, LID], ["ODD", 1, ""]]
    assert len(seen["rows"]) == 2 and seen["null_values"] == ["-"] and seen["saved"] is None
    rule = {
        "name": seen["name"], "x": "XCoord", "y": "YCoord", "crs": "EPSG:4550", "null_values": seen["null_values"],
        "fields": {
            **{name: column for name, column in seen["fields"].items() if name != "class_code"},
            "class_code": {"column": "Kind of thing", "values": {"STORM": RAIN, "WATER": LID}},
        },
    }  # fmt: skip
    done = town.census(path, json.dumps(rule))
    assert (done["counts"]["accepted"], done["counts"]["rejected"]) == (3, 1)
    assert json.loads(look(town, path)["saved"]) == rule
    assert look(town, path, class_column="NUM")["classes"][0][0] == "MH-1"
    with pytest.raises(InputRefused):
        look(town, path, class_column="nothing")


def test_a_layer_brings_its_own_place(town):
    path = town.layer("lids.gpkg", [point(10, 10), point(20, 20)], "Point", kind=["雨水井盖", "雨水井盖"], no=[1, 2])
    seen = look(town, path)
    assert (seen["fields"]["class_name"], seen["x"], seen["crs"]) == ("kind", "", "EPSG:4550")
    assert seen["classes"] == [["雨水井盖", 2, RAIN, True]]


def test_nothing_in_it_is_said(town):
    path = town.folder / "empty.csv"
    path.write_text("a,b\n", encoding="utf-8")
    with pytest.raises(InputRefused):
        look(town, str(path))
