# SPDX-License-Identifier: GPL-2.0-or-later
"""Names: streets and communities with their official codes (facts of county 320681), made-up street names."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from scripts.demo_city.config import stream

Array = Any

# Official codes and names (statistical division codes) of the two subdistrict-level units that the town lies in and
# of as many of their communities as a demo city may need.
STREETS = {"west": ("320681400", "启东经济开发区"), "east": ("320681100", "汇龙镇")}
COMMUNITIES = {
    "west": [
        ("320681400002", "申港社区"), ("320681400003", "富源社区"), ("320681400004", "凯洪社区"),
        ("320681400005", "善成社区"), ("320681400006", "港西社区"), ("320681400201", "城西村委会"),
        ("320681400203", "大洪村委会"), ("320681400204", "新村村委会"), ("320681400205", "小效村委会"),
    ],
    "east": [
        ("320681100001", "幸福一村居委会"), ("320681100003", "东洲新村居委会"), ("320681100004", "东珠新村居委会"),
        ("320681100005", "紫薇二村居委会"), ("320681100007", "南苑一村居委会"), ("320681100010", "建都新村居委会"),
        ("320681100011", "和平新村居委会"), ("320681100012", "华联新村居委会"), ("320681100013", "城河新村居委会"),
        ("320681100014", "彩臣二村居委会"), ("320681100016", "民乐新村居委会"), ("320681100018", "文汇新村居委会"),
        ("320681100019", "长江新村居委会"), ("320681100025", "汇东新村居委会"), ("320681100029", "长龙一村居委会"),
    ],
}  # fmt: skip

_FIRST = "和平安康永兴长庆富华新源文明瑞祥春景海汇江"
_SECOND = "宁泰昌顺盛丰乐福裕达通润泽和信仁义德嘉善"
_THIRD = "东西南北中前后上下河桥塘湾园港口里林山石"
_ENDS = {1: ("大道", "路"), 2: ("路",), 3: ("路", "街"), 4: ("街", "巷", "弄"), 5: ("支路",)}
_RIVERS = ("通济河", "西港河", "北引河", "东市河", "南横河", "丰收河", "新开河", "中心竖河", "七效河", "友谊河")


def road_names(lines: Array, rank: Array, seed: int) -> Array:
    """Return a made-up name per road: no name is given twice."""
    rng = stream(seed, "names")
    stems = np.array([a + b for a in _FIRST for b in _SECOND if a != b], object)
    rng.shuffle(stems)
    compass = np.array(["东", "南", "西", "北"], object)
    names = []
    for number, kind in enumerate(rank):
        ends = _ENDS[int(kind)]
        stem = stems[number % len(stems)] + (compass[number // len(stems) - 1] if number >= len(stems) else "")
        names.append(stem + ends[int(rng.integers(len(ends)))])
    return np.array(names, object)


def street_names(rank: Array, seed: int) -> Array:
    """Return a made-up name per road of a large town, none twice: two letters, then three; inner roads have none."""
    rng = stream(seed, "names")
    two = [a + b for a in _FIRST for b in _SECOND if a != b]
    three = [a + b + c for a in _FIRST for b in _SECOND for c in _THIRD if len({a, b, c}) == 3]
    rng.shuffle(two)
    rng.shuffle(three)
    stems = two + three
    names = np.full(len(rank), "", object)
    order = np.argsort(rank, kind="stable")
    for number, row in enumerate(order[rank[order] <= 4]):
        ends = _ENDS[int(rank[row])]
        names[row] = stems[number % len(stems)] + ends[int(rng.integers(len(ends)))]
    return names


def river_names(count: int) -> Array:
    """Return a made-up name per river or canal."""
    return np.array([_RIVERS[n] if n < len(_RIVERS) else f"{n}号横河" for n in range(count)], object)


def number_along(line: Any, point: Any) -> int:
    """Return the house number of a place at a street: one number per four metres, odd on the left side."""
    along = shapely.line_locate_point(line, point)
    ahead = shapely.line_interpolate_point(line, along + 1.0)
    here = shapely.line_interpolate_point(line, along)
    dx, dy = ahead.x - here.x, ahead.y - here.y
    left = dx * (point.y - here.y) - dy * (point.x - here.x) > 0.0
    return 2 * int(along // 8.0) + (1 if left else 2)
