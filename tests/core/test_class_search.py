# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes found by code, name, pinyin, initials and a mix of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.class_search import ClassKey, key_from_dict, search

LID = ClassKey("component", "0101", "上水井盖", "公用设施", "部件", (("shang",), ("shui",), ("jing",), ("gai",)))
SEWER = ClassKey("component", "0102", "污水井盖", "公用设施", "部件", (("wu",), ("shui",), ("jing",), ("gai",)))
TREE = ClassKey("component", "0402", "行道树", "园林绿化", "部件", (("xing", "hang"), ("dao",), ("shu",)))
BUILD = ClassKey("event", "0101", "私搭乱建", "市容环境", "事件", (("si",), ("da",), ("luan",), ("jian",)))
KEYS = (LID, SEWER, TREE, BUILD)


def found(text):
    return [key.name for key in search(KEYS, text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("0402", ["行道树"]),
        ("0101", ["上水井盖", "私搭乱建"]),
        ("01", ["上水井盖", "污水井盖", "私搭乱建"]),
        ("井盖", ["上水井盖", "污水井盖"]),
        ("shangshuijinggai", ["上水井盖"]),
        ("ssjg", ["上水井盖"]),
        ("shangsjg", ["上水井盖"]),
        ("shsjg", ["上水井盖"]),
        ("jg", ["上水井盖", "污水井盖"]),
        ("hds", ["行道树"]),
        ("xingdaoshu", ["行道树"]),
        ("Ssjg ", ["上水井盖"]),
        ("园林", ["行道树"]),
        ("s", ["上水井盖", "私搭乱建", "污水井盖", "行道树"]),  # from the first character before from a later one
        ("hui", []),  # not from the middle of a syllable
        ("zzz", []),
    ],
)
def test_a_class_is_found_by(text, names):
    assert found(text) == names


def test_nothing_typed_shows_the_table():
    assert search(KEYS, "  ") == list(KEYS) and search(KEYS, "", limit=2) == [LID, SEWER]


def test_without_pinyin_code_and_name_still_find():
    bare = [ClassKey("component", "0101", "上水井盖")]
    assert search(bare, "上水") == search(bare, "0101") == bare and search(bare, "ssjg") == []


def test_a_row_of_the_engine_becomes_a_key():
    row = {"kind": "event", "code": "0101", "name": "私搭乱建", "readings": [["si"], ["da"]], "geometry": "point"}
    assert key_from_dict(row).readings == (("si",), ("da",))


syllables = st.lists(st.lists(st.text("abcxyz", min_size=1, max_size=4), min_size=1, max_size=2), max_size=5)


@given(syllables, st.data())
def test_whatever_spells_a_part_of_a_name_finds_it(readings, data):
    key = ClassKey("event", "9999", "名", readings=tuple(tuple(some) for some in readings))
    start = data.draw(st.integers(0, len(readings)))
    chosen = [data.draw(st.sampled_from(some)) for some in readings[start:]]
    text = "".join(one[: data.draw(st.integers(1, len(one)))] for one in chosen)
    assert search([key], text) == [key]


@given(syllables, st.text("abcxyz", min_size=1, max_size=6))
def test_what_is_found_can_be_spelt(readings, text):
    def spelt(rest, place):
        """Try every split of the text, without looking at the product."""
        if not rest:
            return True
        if place == len(readings):
            return False
        cuts = range(1, len(rest) + 1)
        return any(
            any(one.startswith(rest[:cut]) for one in readings[place]) and spelt(rest[cut:], place + 1) for cut in cuts
        )

    key = ClassKey("event", "9999", "名", readings=tuple(tuple(some) for some in readings))
    assert bool(search([key], text)) == any(spelt(text, start) for start in range(len(readings)))
