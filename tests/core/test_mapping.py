# SPDX-License-Identifier: GPL-2.0-or-later
"""A mapping is data: read from JSON, guessed from names, applied row by row."""

from __future__ import annotations

import json

import numpy as np
import pytest

from digital_citymgmt_plugin.core.cells import Formula, Ragged
from digital_citymgmt_plugin.core.census.fields import SYNONYMS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import apply_mapping, check_columns, guess_mapping, mapping_from_text
from digital_citymgmt_plugin.core.ports import ROW

KNOWN = ("code", "class_code", "name", "remark")


def mapping(fields, **more):
    return mapping_from_text(json.dumps({"fields": fields, **more}), KNOWN)


def chunk(**columns):
    size = len(next(iter(columns.values())))
    arrays = {}
    for name, values in columns.items():
        arrays[name] = np.empty(size, dtype=object)
        arrays[name][:] = values
    return {ROW: np.arange(2, 2 + size), **arrays}


def applied(fields, more=None, **columns):
    result, problems = apply_mapping(mapping(fields, **(more or {})), chunk(**columns))
    return {name: values.tolist() for name, values in result.items()}, [(p.index, p.reason) for p in problems]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "mapping.not_json"),
        ("[]", "mapping.wrong"),
        ('{"fields": []}', "mapping.wrong"),
        ('{"fields": {"colour": "c"}}', "mapping.unknown_field"),
        ('{"fields": {"name": 5}}', "mapping.wrong"),
        ('{"fields": {"name": {}}}', "mapping.wrong"),
        ('{"fields": {"name": {"column": "a", "values": []}}}', "mapping.wrong"),
        ('{"fields": {"name": {"columns": "ab"}}}', "mapping.wrong"),
        ('{"fields": {}, "x": "lon"}', "mapping.wrong"),
        ('{"fields": {}, "x": 1, "y": 2}', "mapping.wrong"),
        ('{"fields": {}, "null_values": "-"}', "mapping.wrong"),
        ('{"fields": {}, "time_format": 5}', "mapping.wrong"),
        ('{"fields": {}, "source": ["a"]}', "mapping.wrong"),
        ('{"fields": {}, "keep": "some"}', "mapping.wrong"),
        ('{"fields": {}, "keep": [1]}', "mapping.wrong"),
        ('{"fields": {}, "events": "log.csv"}', "mapping.wrong"),
    ],
)
def test_a_wrong_mapping_is_refused(text, code):
    with pytest.raises(InputRefused) as caught:
        mapping_from_text(text, KNOWN)
    assert caught.value.code == code


def test_columns_that_the_source_does_not_have_are_named():
    with pytest.raises(InputRefused, match=r"mapping\.no_column") as caught:
        check_columns(mapping({"name": "NAME"}, x="lon", y="lat"), ["NAME", "lon"], "a.csv")
    assert caught.value.values["column"] == "lat" and caught.value.values["file"] == "a.csv"


def test_a_column_a_constant_and_joined_columns():
    fields = {"name": "a", "remark": {"const": "普查"}, "code": {"columns": ["a", "b"], "join": "-"}}
    result, problems = applied(fields, a=[" x ", "y"], b=[1, None])
    assert (result["name"], result["remark"], result["code"]) == (["x", "y"], ["普查"] * 2, ["x-1", None])
    assert problems == []


def test_values_are_translated_and_unlisted_ones_are_problems():
    fields = {"class_code": {"column": "t", "values": {"STORM": "0103", "7": "0101"}}}
    result, problems = applied(fields, t=["STORM", 7, 7.0, "OTHER", None])
    assert result["class_code"] == ["0103", "0101", "0101", None, None] and problems == [(3, "reject.value_unknown")]


def test_a_default_stands_for_all_others_and_for_nothing():
    fields = {"class_code": {"column": "t", "values": {"STORM": "0103"}, "default": "0101"}}
    assert applied(fields, t=["STORM", "OTHER", None])[0]["class_code"] == ["0103", "0101", "0101"]


def test_blank_nan_and_the_words_for_nothing_are_missing():
    fields = {"name": {"column": "a", "required": True}}
    result, problems = applied(fields, {"null_values": ["-", "N/A"]}, a=["", "  ", "-", "N/A", float("nan"), "0"])
    assert result["name"] == [None] * 5 + ["0"] and problems == [(i, "reject.missing") for i in range(5)]


def test_a_word_for_nothing_that_is_listed_as_a_value_is_a_value():
    fields = {"class_code": {"column": "t", "values": {"-": "0101"}}}
    assert applied(fields, {"null_values": ["-"]}, t=["-"])[0]["class_code"] == ["0101"]


def test_formulas_in_mapped_columns_and_ragged_rows_are_problems():
    columns = {"a": ["x", Formula("=A1"), Ragged("p"), "y"], "b": [Formula("=B1"), "1", Ragged("q"), Formula("=C1")]}
    assert applied({"name": "a"}, **columns)[1] == [(1, "reject.formula"), (2, "reject.cells")]
    assert applied({"name": "a"}, {"x": "b", "y": "b"}, **columns)[1] == [
        (0, "reject.formula"), (1, "reject.formula"), (2, "reject.cells"), (3, "reject.formula"),
    ]  # fmt: skip


def test_a_row_has_one_problem_at_most():
    fields = {"name": {"column": "a", "values": {}, "required": True}, "remark": "a"}
    assert applied(fields, a=["x"])[1] == [(0, "reject.value_unknown")]


def test_guessing_knows_old_and_new_field_tables():
    guess = guess_mapping(["OBJID", "obj name", "Dept-Code1", "GLBJZT", "ORDate", "经度", "纬度", "other"], SYNONYMS)
    assert {name: rule.columns[0] for name, rule in guess.fields.items()} == {
        "code": "OBJID", "name": "obj name", "manager_dept": "Dept-Code1", "state": "GLBJZT", "first_on": "ORDate",
    }  # fmt: skip
    assert (guess.x, guess.y) == ("经度", "纬度")


def test_half_a_place_is_not_guessed():
    guess = guess_mapping(["lon", "name"], SYNONYMS)
    assert (guess.x, guess.y) == (None, None)
