# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses taken apart, house numbers of streets by side, shifted coordinates of online maps put back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.mapping import guess_mapping
from digital_citymgmt_plugin.core.places.addresses import area_names, parse_address, parse_number, to_number
from digital_citymgmt_plugin.core.places.fields import KINDS, SYNONYMS, all_fields, fields_of
from digital_citymgmt_plugin.core.places.ranges import ranges_of, whole_range
from digital_citymgmt_plugin.core.shifted import from_bd09, from_gcj02, to_bd09, to_gcj02

AREAS = area_names("启东市", ["汇龙镇", "城北工业园区", "幸福一村居委会", "汇龙"])

# text → street, number, from, to, what follows
ADDRESSES = {
    "江苏省南通市启东市汇龙镇人民中路123号": ("人民中路", "123号", 123, 123, None),
    "人民中路123弄5支弄6号": ("人民中路", "123弄5支弄6号", 123, 123, "5支弄6号"),
    "人民路12-1号": ("人民路", "12-1号", 12, 12, "-1"),
    "人民路12-18号": ("人民路", "12-18号", 12, 18, None),
    "人民路100至104号": ("人民路", "100-104号", 100, 104, None),
    "人民路12号附3号": ("人民路", "12号附3号", 12, 12, "附3号"),
    "人民路12之3号": ("人民路", "12-3号", 12, 12, "-3"),
    "人民路7号-2": ("人民路", "7号-2", 7, 7, "-2"),
    "人民路甲12号": ("人民路", "甲12号", 12, 12, "甲"),
    "人民路12A号": ("人民路", "12A号", 12, 12, "A"),
    "人民中路一百二十三号3幢2单元501室": ("人民中路", "123号", 123, 123, None),
    "2号路12号": ("2号路", "12号", 12, 12, None),
    "和平村12组34号": ("和平村12组", "34号", 34, 34, None),
    "东风路3巷5号": ("东风路", "3巷5号", 3, 3, "5号"),
    "三里河东路5号院3号楼": ("三里河东路", "5号院", 5, 5, None),
    "人民路 １２３ 號（近公园）": ("人民路", "123号", 123, 123, None),
    "人民路123": ("人民路", "123号", 123, 123, None),
    "市场路5号": ("市场路", "5号", 5, 5, None),
    "汇龙镇镇海路7号": ("镇海路", "7号", 7, 7, None),
    "人民公园": ("人民公园", None, None, None, None),
    "幸福一村居委会": (None, None, None, None, None),
    "5号楼": ("5号楼", None, None, None, None),
    "地铁2号线": ("地铁2号线", None, None, None, None),
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_is_taken_apart(text):
    found = parse_address(text, AREAS)
    assert (found.street, found.number, found.number_from, found.number_to, found.sub_number) == ADDRESSES[text]


@pytest.mark.parametrize(
    ("text", "number", "first"),
    [("123", "123号", 123), ("12-1", "12-1号", 12), ("甲3", "甲3号", 3), ("十二号", "12号", 12), ("-", None, None)],
)
def test_a_number_alone_is_a_house_number(text, number, first):
    found = parse_number(text)
    assert (found.number, found.number_from) == (number, first)


CHINESE = {"一": 1, "十": 10, "十二": 12, "二十": 20, "一百零三": 103, "一百二十三": 123, "两千": 2000, "一二三": 123}


@pytest.mark.parametrize("text", CHINESE)
def test_chinese_numerals_are_numbers(text):
    assert to_number(text) == CHINESE[text]


STREETS = st.sampled_from(["人民中路", "建设街", "2号路", "长江大道", "幸福巷"])

LANES = st.lists(st.tuples(st.integers(1, 99), st.sampled_from(["支弄", "弄"])), max_size=2)


@settings(derandomize=True, deadline=None)
@given(STREETS, st.integers(1, 9999), LANES, st.integers(1, 999))
def test_lanes_written_out_come_back(street, lane, lanes, house):
    behind = "".join(f"{number}{unit}" for number, unit in lanes) + f"{house}号"
    found = parse_address(f"启东市{street}{lane}弄{behind}", AREAS)
    assert (found.street, found.number_from, found.sub_number) == (street, lane, behind)


@settings(derandomize=True, deadline=None)
@given(st.text(alphabet="人民路街号弄支附之甲一十百0123456789-~至()（【楼A ", max_size=60))
def test_whatever_is_written_is_taken_apart_without_fault(text):
    found = parse_address(text, AREAS)
    assert (found.number is None) == (found.number_from is None)
    assert found.number_from is None or 0 <= found.number_from <= (found.number_to or 0)


def test_long_texts_take_no_long_time():
    for part in ("【", "(", "1-", "12号附", "一"):
        parse_address(part * 50_000, AREAS)


def test_the_numbers_of_a_street_come_by_side():
    both = ranges_of({"left_from": 101, "left_to": 199, "right_from": 100, "right_to": None})
    assert both == [
        {"side": "left", "parity": "odd", "from": 101, "to": 199},
        {"side": "right", "parity": "even", "from": 100, "to": 100},
    ]
    assert whole_range(both) == (100, 199)
    assert ranges_of({"number_from": 1, "number_to": 20})[0]["parity"] == "both"
    assert ranges_of({"odd_from": 1, "odd_to": 99})[0] == {"side": None, "parity": "odd", "from": 1, "to": 99}
    assert ranges_of({"left_from": 0, "left_to": 0}) == [] and whole_range([]) == (None, None)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("单号1-199；双号2-200", [("odd", 1, 199), ("even", 2, 200)]),
        ("1-199号（单），2-200号（双）", [("odd", 1, 199), ("even", 2, 200)]),
        ("1至100号", [("both", 1, 100)]),
        ("无", []),
        (None, []),
    ],
)
def test_the_numbers_of_a_street_are_read_from_a_text(text, wanted):
    assert [(item["parity"], item["from"], item["to"]) for item in ranges_of({}, text)] == wanted


# WGS 84 and GCJ-02 of three places, from the tests of eviltransform: latitude, longitude twice.
VECTORS = [
    (31.1774276, 121.5272106, 31.17530398364597, 121.531541859215),
    (22.543847, 113.912316, 22.540796131694766, 113.9171764808363),
    (39.911954, 116.377817, 39.91334545536069, 116.38404722455657),
]


@pytest.mark.parametrize("vector", VECTORS)
def test_the_shift_is_that_of_the_published_vectors_and_is_undone(vector):
    lat, lon, there_lat, there_lon = (np.array([value]) for value in vector)
    assert np.abs(np.subtract(to_gcj02(lon, lat), (there_lon, there_lat))).max() < 1e-9
    assert np.abs(np.subtract(from_gcj02(there_lon, there_lat), (lon, lat))).max() < 1e-9
    assert np.abs(np.subtract(from_bd09(*to_bd09(lon, lat)), (lon, lat))).max() < 1e-9


def test_abroad_nothing_is_shifted():
    lon, lat = np.array([-83.0]), np.array([42.3])
    assert to_gcj02(lon, lat) == (lon, lat) and from_gcj02(lon, lat) == (lon, lat)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_found_by_each_of_its_names(kind):
    for name, others in SYNONYMS[kind].items():
        if name in ("x", "y"):
            continue
        for other in (name, *others):
            assert guess_mapping([other], SYNONYMS[kind]).fields.get(name) is not None, other
    assert set(fields_of(kind)) <= set(all_fields())
