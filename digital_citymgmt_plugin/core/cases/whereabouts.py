# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a text says that something is: street and number, crossing, place, so many metres north of it, community.

Methods and how far each is trusted (0 to 1) are defaults of the plugin; no standard gives them. A text that says two
things is taken by the surer one. Nothing is guessed between namesakes: they are listed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Optional

from digital_citymgmt_plugin.core.places.addresses import parse_number, to_number
from digital_citymgmt_plugin.core.places.gazetteer import Gazetteer, Spot, is_landmark, one_place
from digital_citymgmt_plugin.core.places.names import AREA, POINT, STREET, Mention, fold
from digital_citymgmt_plugin.core.places.streets import XY, OnStreet

BEYOND = "beyond"
DOOR, RANGE, CROSSING, BETWEEN, POI, LANDMARK, ALONG, COMMUNITY = (
    "door", "number", "crossing", "between", "poi", "landmark", "street", "community_name",
)  # fmt: skip
SCORES = {
    DOOR: 0.95, "door_between": 0.8, "range": 0.85, "block": 0.75, BEYOND: 0.5, CROSSING: 0.9, LANDMARK: 0.85,
    POI: 0.8, BETWEEN: 0.6, ALONG: 0.35, COMMUNITY: 0.3,
}  # fmt: skip
OFFSET, VAGUE, UNSURE = 0.9, 0.9, 0.5  # factors: moved by an offset; "near", "behind"; a longer name may stand there
SAME = 60.0  # m: namesakes that lie so near to each other are one place
BESIDE = 150.0  # m: a place named together with a street lies by it
SHORT = 300.0  # m: a street that reaches no further from its middle may stand for a place on it
FARTHEST = 5_000.0  # m: nobody places anything by a distance longer than that
_MOST = 8  # candidates that are listed
_LONGEST = 300  # characters that are read: a longer text tells a story

_WIND = {"东北": (1, 1), "西北": (-1, 1), "东南": (1, -1), "西南": (-1, -1), "东": (1, 0), "南": (0, -1), "西": (-1, 0),
         "北": (0, 1), "ne": (1, 1), "nw": (-1, 1), "se": (1, -1), "sw": (-1, -1), "e": (1, 0), "s": (0, -1),
         "w": (-1, 0), "n": (0, 1)}  # fmt: skip
_METRES = {"米": 1.0, "公尺": 1.0, "m": 1.0, "公里": 1000.0, "千米": 1000.0, "km": 1000.0, "里": 500.0, "ft": 0.3048}
_NUM = r"(?P<far>\d{1,5}(?:\.\d+)?|[一二三四五六七八九十百千两]{1,6})"
_UNIT = r"(?P<unit>米|公尺|公里|千米|里(?!程|面)|km|m)"
_WINDS = r"(?P<wind>东北|西北|东南|西南|北东|东|南|西|北)"
_AFTER = (
    re.compile(rf"^[^,;:]{{0,6}}?(?:以|往|向|之|偏|正)?{_WINDS}(?:侧|边|面|方向|方|向|走)?(?:约|大约|大概|近)?{_NUM}多?余?{_UNIT}"),
    re.compile(rf"^[^,;:]{{0,6}}?(?:约|大约)?{_NUM}多?余?{_UNIT}处?(?:以|往|向|之|的)?{_WINDS}"),
)  # fmt: skip
_FROM = re.compile(
    r"(?P<far>\d{1,5}(?:\.\d+)?)\s?(?P<unit>km|m|metres?|meters?|ft|feet)\s(?P<wind>ne|nw|se|sw|n|s|e|w|northeast"
    r"|northwest|southeast|southwest)\s(?:of|from)\s(?:the\s)?$"
)
_NEAR = re.compile(r"^[^,;:]{0,4}?(附近|旁|对面|對面|周边|一带|后面|背后|[东西南北][侧边面]|以[东西南北])")
_NEAR_BEFORE = re.compile(r"(?:near|behind|opposite|by|next to)\s(?:the\s)?$")
_JOIN = re.compile(r"^(?:路口|口)?[,/&与和及同跟、~\-]?(?:\s?(?:and|at|&|x|/)\s?)?$")
_STRONG = re.compile(r"[/&]|and|at|与|和|及|同")
_CROSS = re.compile(r"^(?:的|之)?(?:十字|丁字|三叉|三岔)?(?:路口|交叉|交汇|交会|交界|交接|相交|转角|拐角|口)")
_CROSSED = re.compile(r"(?:intersection|corner|junction)(?:\sof)?\s$|(?:路口|交叉口|交汇处)[:,]?$")
_TO = re.compile(r"^(?:路口|口)?(?:至|到|-|~|to|\sto\s)$")
_BLOCK = re.compile(r"(?:^|[^0-9a-z])(?P<first>\d{1,6})(?P<hidden>#{1,3})?(?P<letter>[a-z])?(?:\sblock(?:\sof)?)?\s?$")
_BARE = re.compile(r"^(?P<first>\d{1,5})(?=$|[,;:])")
_AT_DOOR = re.compile("号门[口前]")
_NUMBERED = re.compile(r"^(?:第|的)?[甲乙丙丁戊]?(?:\d{1,5}|[〇零一二三四五六七八九十百千两]{1,7})")


@dataclass(frozen=True)
class Whereabouts:
    """What a text tells: method and score, the point if there is one, the names it was found by, and candidates.

    ``xy`` is None when only the community is known, or when several places are meant (``several``).
    """

    method: Optional[str] = None  # noqa: UP045
    score: float = 0.0
    xy: Optional[XY] = None  # noqa: UP045
    community: Optional[str] = None  # noqa: UP045
    by: str = ""
    several: tuple[XY, ...] = ()


NOWHERE = Whereabouts()


def locate(gazetteer: Gazetteer, text: str, community: str | None = None) -> Whereabouts:
    """Find where a text says that something is.

    Parameters
    ----------
    text : str
        An address or the description of a place.
    community : str, optional
        Code of the community that the case is known to lie in: it tells namesakes apart.

    Returns
    -------
    Whereabouts
        The surest reading; ``NOWHERE`` when no name of the gazetteer is in the text.
    """
    readings = readings_of(gazetteer, text, community)
    return max(readings, key=lambda one: (one.xy is not None, bool(one.several), one.score), default=NOWHERE)


def readings_of(gazetteer: Gazetteer, text: str, community: str | None = None) -> list[Whereabouts]:
    """Return all that a text may say of a place; see ``locate``."""
    folded = fold(text[:_LONGEST])
    found = gazetteer.index.find(folded)
    if not found:
        return []
    streets = [one for one in found if one.kinds & STREET]
    named = _areas(gazetteer, found)
    area = named[0][1] if named else community
    readings = [
        *_crossings(gazetteer, folded, streets),
        *_doors(gazetteer, folded, streets),
        *_spots(gazetteer, folded, found, streets, area),
    ]
    if not any(one.xy for one in readings):
        readings += [one for one in (_whole(gazetteer, folded, street) for street in streets) if one]
    if named:
        readings.append(Whereabouts(COMMUNITY, SCORES[COMMUNITY], None, area, named[0][0]))
    return readings


def _areas(gazetteer: Gazetteer, found: list[Mention]) -> list[tuple[str, str]]:
    """Return name and code of the communities named, those of which there is one."""
    named = [(one.name, gazetteer.areas[one.name]) for one in found if one.kinds & AREA]
    return [(name, codes[0]) for name, codes in named if len(codes) == 1]


def _moved(text: str, start: int, end: int, xy: XY, method: str, score: float, by: str) -> Whereabouts:
    """Return a reading with what the text says of direction and distance from the place named."""
    before, after = _FROM.search(text[:start]), None
    if before is None:
        after = next((one for one in (pattern.match(text[end:]) for pattern in _AFTER) if one), None)
    told = before or after
    if told is not None:
        word = told["wind"].replace("north", "n").replace("south", "s").replace("east", "e").replace("west", "w")
        unit = "ft" if told["unit"] in ("ft", "feet") else "m" if told["unit"].startswith("met") else told["unit"]
        written = told["far"]
        far = (float(written) if written[0].isdigit() else float(to_number(written))) * _METRES[unit]
        if far <= FARTHEST:
            dx, dy = _WIND.get(word) or _WIND[word[::-1]]
            scale = far / math.hypot(dx, dy)
            return Whereabouts(method, round(score * OFFSET, 3), (xy[0] + dx * scale, xy[1] + dy * scale), None, by)
    if _NEAR.match(text[end:]) or _NEAR_BEFORE.search(text[:start]):
        score *= VAGUE
    return Whereabouts(method, round(score, 3), xy, None, by)


def _trust(*found: Mention) -> float:
    return math.prod(1.0 if one.sure else UNSURE for one in found)


def _crossings(gazetteer: Gazetteer, text: str, streets: list[Mention]) -> list[Whereabouts]:
    """Read "A路与B路交叉口", "A路B路口", "A ST & B AVE", and a stretch "A路(B路至C路)"."""
    result = []
    for at in range(len(streets) - 1):
        one, other = streets[at], streets[at + 1]
        gap, behind = text[one.end : other.start], text[other.end :]
        if not _JOIN.match(gap):
            continue
        third = streets[at + 2] if at + 2 < len(streets) else None
        if third is not None and _TO.match(text[other.end : third.start]):
            ends = [_cross(gazetteer, one, two) for two in (other, third)]
            if all(len(places) == 1 for places in ends):
                (x, y), (to_x, to_y) = ends[0][0], ends[1][0]
                name = next(iter(gazetteer.streets_of(one.name)))
                xy = gazetteer.streets.onto(name, ((x + to_x) / 2, (y + to_y) / 2))
                by = f"{one.name} {other.name} {third.name}"
                result.append(Whereabouts(BETWEEN, SCORES[BETWEEN] * _trust(one, other, third), xy, None, by))
                continue
        marked = _CROSS.match(behind) or _CROSSED.search(text[: one.start])
        if not (marked or _STRONG.search(gap)):
            continue
        places = _cross(gazetteer, one, other)
        score = SCORES[CROSSING] * _trust(one, other) * (1.0 if marked or "&" in gap or "/" in gap else VAGUE)
        by = f"{one.name} {other.name}"
        end = other.end + (marked.end() if marked and marked.re is _CROSS else 0)
        if len(places) == 1:
            result.append(_moved(text, one.start, end, places[0], CROSSING, score, by))
        elif places:
            result.append(Whereabouts(CROSSING, score * UNSURE, None, None, by, tuple(places[:_MOST])))
    return result


def _cross(gazetteer: Gazetteer, one: Mention, other: Mention) -> list[XY]:
    streets = gazetteer.streets
    return [
        place
        for first in gazetteer.streets_of(one.name)
        for second in gazetteer.streets_of(other.name)
        if first != second and first in streets and second in streets
        for place in streets.crossings(first, second)
    ]


def _doors(gazetteer: Gazetteer, text: str, streets: list[Mention]) -> list[Whereabouts]:
    """Read street and house number, a block with hidden digits (``10##``) among them."""
    result = []
    for one in streets:
        told = _number(text, one)
        if told is None:
            continue
        number, first, last, end = told
        by = f"{one.name} {number}"
        along: list[OnStreet] = []
        for street in gazetteer.streets_of(one.name):
            doors, own = gazetteer.door(street, number, first) if first == last else ([], False)
            door = one_place(doors, SAME)
            if door is not None:
                score = SCORES[DOOR if own else "door_between"] * _trust(one)
                result.append(_moved(text, one.start, end, door, DOOR, score, by))
            elif doors:
                result.append(Whereabouts(DOOR, 0.4, None, None, by, tuple(doors[:_MOST])))
            elif street in gazetteer.streets:
                along += [spot for spot in [gazetteer.streets.number(street, first, last)] if spot is not None]
        # An avenue and a street of one name, its eastern and its western end: numbers tell them apart, or nothing does.
        along = [spot for spot in along if spot.how != BEYOND] or along
        place = one_place([spot.xy for spot in along], SAME)
        if place is not None:
            result.append(_moved(text, one.start, end, place, RANGE, SCORES[along[0].how] * _trust(one), by))
        elif along:
            result.append(Whereabouts(RANGE, 0.4, None, None, by, tuple(spot.xy for spot in along[:_MOST])))
    return result


def _number(text: str, street: Mention) -> tuple[str, int, int, int] | None:
    """Return the number as written, first and last of the range it stands for, and where it ends in the text."""
    before = _BLOCK.search(text[: street.start])
    if before is not None and street.name[0].isascii():
        scale = 10 ** len(before["hidden"] or "")
        first = int(before["first"]) * scale
        return before["first"], first, first + scale - 1, street.end
    # 3号门 is a gate, 3号门口 and 3号门前 are before a house.
    rest = _AT_DOOR.sub("号,", text[street.end : street.end + 24])
    if not _NUMBERED.match(rest):
        return None
    bare = _BARE.match(rest)
    known = parse_number(bare["first"] if bare else rest)
    if known.number_from is None or (bare is None and known.number is None):
        return None
    number = (known.number or "").rstrip("号")
    # 5支弄 of 123弄5支弄 may stand behind the number; what matters is where the number itself ends.
    end = street.end + (bare.end() if bare else max(rest.find("号"), rest.find("弄"), rest.find("巷")) + 1)
    last = known.number_to if known.number_to is not None else known.number_from
    return number, known.number_from, last, end


def _spots(
    gazetteer: Gazetteer, text: str, found: list[Mention], streets: list[Mention], area: str | None
) -> list[Whereabouts]:
    result = []
    for one in found:
        if not one.kinds & POINT:
            continue
        spots = gazetteer.points[one.name]
        chosen = _chosen(gazetteer, spots, streets, area)
        place = one_place([spot.xy for spot in chosen], SAME)
        method = LANDMARK if is_landmark(spots) else POI
        if place is None:
            result.append(Whereabouts(method, 0.4, None, None, one.name, tuple(spot.xy for spot in chosen[:_MOST])))
            continue
        score = SCORES[method] * _trust(one)
        if area is not None and all(spot.area not in (None, area) for spot in chosen):
            score *= UNSURE
        result.append(_moved(text, one.start, one.end, place, method, score, one.name))
    return result


def _chosen(gazetteer: Gazetteer, spots: list[Spot], streets: list[Mention], area: str | None) -> list[Spot]:
    """Leave of namesakes those in the community named, or by the street named."""
    if len(spots) < 2:
        return spots
    if area is not None:
        spots = [spot for spot in spots if spot.area == area] or spots
    for one in streets:
        for street in gazetteer.streets_of(one.name):
            if street in gazetteer.streets and len(spots) > 1:
                spots = [spot for spot in spots if gazetteer.streets.near(street, spot.xy) <= BESIDE] or spots
    return spots


def _whole(gazetteer: Gazetteer, text: str, street: Mention) -> Whereabouts | None:
    """Return a short street for a place on it."""
    names = [name for name in gazetteer.streets_of(street.name) if name in gazetteer.streets]
    if len(names) != 1:
        return None
    xy, reach = gazetteer.streets.middle(names[0])
    if reach > SHORT:
        return Whereabouts(ALONG, 0.1, None, None, street.name, (xy,))
    return _moved(text, street.start, street.end, xy, ALONG, SCORES[ALONG] * _trust(street), street.name)
