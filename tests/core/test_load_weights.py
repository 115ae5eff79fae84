# SPDX-License-Identifier: GPL-2.0-or-later
"""The short table of what components of a class count."""

from __future__ import annotations

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.load_weights import class_field, parse_weights


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0101=2, 0306=0.5", {"0101": 2.0, "0306": 0.5}),
        ("0101=2；0306=0.5，*=0", {"0101": 2.0, "0306": 0.5, "": 0.0}),
        ("行道树：3\n井盖 = 1", {"行道树": 3.0, "井盖": 1.0}),
        ("", {}),
        (" ; ,\n", {}),
    ],
)
def test_a_table_is_read_as_it_is_written(text, found):
    assert parse_weights(text) == found


@pytest.mark.parametrize("text", ["0101", "0101=", "=2", "0101=two", "0101=-1", "0101=nan", "0101=inf", "0101=1e9"])
def test_what_cannot_be_read_is_refused_with_the_entry(text):
    with pytest.raises(InputRefused, match=r"input\.weights") as error:
        parse_weights("0306=1, " + text)
    assert error.value.values["value"] == text


def test_the_field_with_the_class_is_known_by_its_name():
    assert class_field(["fid", "Class_Code", "type"]) == "Class_Code"
    assert class_field(["名称", "部件类别"]) == "部件类别"
    assert class_field(["fid", "name"]) is None
