# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts that say where something is, read with a small gazetteer whose places are known."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.cases.whereabouts import locate
from digital_citymgmt_plugin.core.places.gazetteer import Gazetteer, Spot
from digital_citymgmt_plugin.core.places.names import fold
from digital_citymgmt_plugin.core.places.streets import SIDE, Streets


def line(*xy):
    return shapely.LineString(xy)


def numbers(first, last, side=None, parity="both"):
    return {"side": side, "parity": parity, "from": first, "to": last}


@pytest.fixture(scope="module")
def town():
    rows = [
        ("人民中路", line((0, 0), (1000, 0)), [numbers(2, 200, "left", "even"), numbers(1, 199, "right", "odd")]),
        (
            "人民中路", line((1000, 0), (2000, 0)),
            [numbers(202, 400, "left", "even"), numbers(201, 399, "right", "odd")],
        ),
        ("建设路", line((500, -500), (500, 500)), []),
        ("和平街", line((1500, -500), (1500, 500)), []),
        ("小河弄", line((100, 300), (180, 300)), []),
        (
            "Ouellette Ave", line((0, 2000), (0, 4000)),
            [numbers(1000, 1998, None, "even"), numbers(1001, 1999, None, "odd")],
        ),
        ("Wyandotte St E", line((-500, 3000), (500, 3000)), []),
    ]  # fmt: skip
    shapes = np.array([row[1] for row in rows], dtype=object)
    made = Gazetteer(Streets([fold(row[0]) for row in rows], shapes, [row[2] for row in rows], [None] * len(rows)))
    doors = [("人民中路", 128, (640.0, 25.0)), ("和平街", 5, (1510.0, -400.0)), ("和平街", 15, (1510.0, -300.0))]
    made.add_plates([(street, str(number), number, xy) for street, number, xy in doors])
    made.add_points([
        ("人民公园", Spot((700.0, 300.0), "A", "landmark")), ("市第一医院", Spot((900.0, -50.0), "A", "poi")),
        ("工商银行", Spot((480.0, 100.0), "A", "poi")), ("工商银行", Spot((1520.0, 100.0), "B", "poi")),
        (fold("City Hall"), Spot((100.0, 3000.0), None, "landmark")),
    ])  # fmt: skip
    made.add_areas([("富源社区", "A"), ("城河社区", "B")])
    made.finish()
    return made


@pytest.mark.parametrize(
    ("text", "method", "xy"),
    [
        ("江苏省启东市人民中路128号", "door", (640, 25)),
        ("人民中路128号以北50米", "door", (640, 75)),
        ("和平街10号", "street", None),  # no even door, no range
        ("和平街9号", "door", (1510, -360)),  # between 5 and 15
        ("启东市人民中路101号门口", "number", (1000 * 100 / 198, -SIDE)),
        ("人民中路３００号", "number", (1000 + 1000 * 98 / 198, SIDE)),
        ("人民中路与建设路交叉口", "crossing", (500, 0)),
        ("人民中路建设路口", "crossing", (500, 0)),
        ("人民中路/和平街", "crossing", (1500, 0)),
        ("人民中路与建设路交叉口东北约100米", "crossing", (500 + 70.71, 70.71)),
        ("人民中路(建设路至和平街)", "between", (1000, 0)),
        ("人民公园以北200米", "landmark", (700, 500)),
        ("人民公园南侧", "landmark", (700, 300)),
        ("市第一医院往东两百米处", "poi", (1100, -50)),
        ("建设路工商银行门前", "poi", (480, 100)),
        ("城河社区工商银行", "poi", (1520, 100)),
        ("工商银行", "poi", None),  # two of them
        ("小河弄", "street", (140, 300)),
        ("人民中路", "street", None),  # too long to be a place
        ("10## OUELLETTE", "number", (0, 2000 + 2000 * 49.0 / 998)),
        ("1500 Ouellette Avenue", "number", (0, 2000 + 2000 * 500 / 998)),
        ("INTERSECTION of Ouellette Ave & Wyandotte St East", "crossing", (0, 3000)),
        ("200 m north of City Hall", "landmark", (100, 3200)),
        ("200 metres NE of the City Hall", "landmark", (100 + 141.42, 3000 + 141.42)),
        ("富源社区三组", "community_name", None),
        ("不知何处", None, None),
        ("", None, None),
    ],
)  # fmt: skip
def test_a_text_is_read(town, text, method, xy):
    found = locate(town, text)
    assert found.method == method
    if xy is None:
        assert found.xy is None
    else:
        assert found.xy == pytest.approx(xy, abs=1.5)
        assert 0.3 <= found.score <= 1.0


def test_namesakes_are_listed_and_told_apart_by_the_community_of_the_case(town):
    assert len(locate(town, "工商银行").several) == 2
    assert locate(town, "工商银行", "B").xy == (1520.0, 100.0)


def test_a_longer_unknown_name_is_trusted_less(town):
    assert locate(town, "新建设路工商银行").score <= locate(town, "建设路工商银行").score
    assert locate(town, "大人民公园").score < 0.5 <= locate(town, "启东市人民公园").score


def test_a_latin_name_is_no_part_of_a_word(town):
    assert locate(town, "10## ouellettes").xy is None


def test_a_named_community_beats_nothing_but_a_point(town):
    found = locate(town, "城河社区人民中路128号")
    assert found.method == "door" and found.xy == (640.0, 25.0)
