# SPDX-License-Identifier: GPL-2.0-or-later
"""The gazetteer of a large demo city: POI, landmarks, door plates, streets with address ranges, cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.config import RANKS, stream
from scripts.demo_city.names import number_along
from scripts.demo_city.network import Network
from scripts.demo_city.places import corners, off_line
from scripts.demo_city.quarter import Quarter

Array = Any
Table = dict[str, list[Any]]
_LEFT = "佳乐美福兴盛康源达顺宏恒瑞祥百千万大天华"
_RIGHT = "家惠客隆和丰泰诚信友好优品味缘香雅居苑美"
SHOPS = {  # category: words and how often
    "餐饮服务": (("餐馆", "面馆", "小吃店", "火锅店", "早餐店", "茶餐厅"), 0.24),
    "购物服务": (("超市", "便利店", "水果店", "服装店", "五金店", "烟酒店"), 0.30),
    "生活服务": (("理发店", "洗衣店", "照相馆", "快递站", "家政服务部"), 0.16),
    "医疗保健": (("药房", "诊所", "口腔门诊部"), 0.07),
    "金融保险": (("储蓄所", "银行支行", "保险服务部"), 0.05),
    "住宿服务": (("宾馆", "旅馆"), 0.04),
    "汽车服务": (("汽修厂", "洗车行"), 0.04),
    "公司企业": (("贸易公司", "建材公司", "装饰公司", "科技公司"), 0.10),
}
COMPOUNDS = {"小区": "商务住宅", "学校": "科教文化", "机关": "政府机构", "工厂": "公司企业"}


@dataclass
class Wanted:
    """How many places of each kind one community shall have."""

    pois: int
    landmarks: int
    plates: int
    cameras: int


class Gazetteer:
    """Makes the places community by community; remembers which house numbers and names are taken."""

    def __init__(self, network: Network, seed: int) -> None:
        self.network, self.seed = network, seed
        self.numbers: set[tuple[int, int]] = set()
        self.names: dict[str, int] = {}

    def places(self, quarter: Quarter, wanted: Wanted) -> dict[str, tuple[Array, Table]]:
        """Return layers of one community: geometry and columns. There may be fewer than wanted."""
        rng = stream((self.seed, quarter.row), "places")
        return {
            "plates": self._plates(quarter, wanted.plates, rng),
            "pois": self._pois(quarter, wanted.pois, rng),
            "landmarks": self._landmarks(quarter, wanted.landmarks, rng),
            "cameras": self._cameras(quarter, wanted.cameras, rng),
        }

    def streets(self) -> tuple[Array, Table]:
        """Return the named streets with their address ranges: odd on the left, two numbers each eight metres."""
        named = np.flatnonzero(self.network.name != "")
        steps = np.floor((shapely.length(self.network.roads[named]) - 1e-6) / 8.0).astype(int)
        return self.network.roads[named], {
            "name": self.network.name[named].tolist(),
            "class": [RANKS[int(rank)].name for rank in self.network.rank[named]],
            "width": self.network.width[named].tolist(),
            "left_from": [1] * len(named), "left_to": (2 * steps + 1).tolist(),
            "right_from": [2] * len(named), "right_to": (2 * steps + 2).tolist(),
        }  # fmt: skip

    def address(self, points: Array) -> tuple[list[str], list[str], list[int]]:
        """Return address, street and house number of points, at the nearest street that has a name."""
        tree, rows = self._named()
        near = rows[tree.query_nearest(points, all_matches=False)[1]]
        number = [number_along(self.network.roads[row], point) for row, point in zip(near, points)]
        street = self.network.name[near].tolist()
        return [f"{name}{value}号" for name, value in zip(street, number)], street, number

    def _named(self) -> tuple[shapely.STRtree, Array]:
        if not hasattr(self, "_tree"):
            self._rows = np.flatnonzero(self.network.name != "")
            self._tree = shapely.STRtree(self.network.roads[self._rows])
        return self._tree, self._rows

    def _plates(self, quarter: Quarter, count: int, rng: np.random.Generator) -> tuple[Array, Table]:
        """Number the houses that face a street, then the free places along it."""
        buildings = quarter.site.base.buildings
        kind = buildings.column("kind")
        houses = buildings.shapes[np.isin(kind, ("商铺", "民房", "住宅"))]
        houses = houses[rng.permutation(len(houses))]
        tree, rows = self._named()
        near = rows[tree.query_nearest(houses, all_matches=False)[1]] if len(houses) else np.array([], int)
        line = shapely.shortest_line(houses, self.network.roads[near]) if len(houses) else np.array([], object)
        front = shapely.length(line) < self.network.width[near] / 2.0 + 30.0
        doors = shapely.get_point(line[front], 0)
        kerb, kerb_row = self._kerb(quarter, rng)
        points = np.concatenate([doors, kerb])
        inside = shapely.contains(quarter.site.inside, points)
        found: list[Any] = []
        table: Table = {"address": [], "street": [], "number": []}
        for point, row in zip(points[inside], np.concatenate([near[front], kerb_row])[inside].tolist()):
            if len(found) == count:
                break
            number = number_along(self.network.roads[row], point)
            if (row, number) in self.numbers:
                continue
            self.numbers.add((row, number))
            found.append(point)
            name = str(self.network.name[row])
            for key, value in zip(table, (f"{name}{number}号", name, number)):
                table[key].append(value)
        return np.array(found, object), table

    def _kerb(self, quarter: Quarter, rng: np.random.Generator) -> tuple[Array, Array]:
        """Return places at the edge of the pavement, one per house number, in a mixed order."""
        rows = np.unique(quarter.roads[quarter.site.town.name != ""])
        found, owner = [np.zeros((0, 2))], [np.array([], int)]
        for row in rows:
            line = self.network.roads[row]
            at = np.arange(4.0, line.length, 8.0)
            aside = self.network.width[row] / 2.0 + RANKS[int(self.network.rank[row])].pavement + 1.0
            for side in (1.0, -1.0):
                xy, _ = off_line(np.full(len(at), line), at, np.full(len(at), side * aside))
                found.append(xy)
                owner.append(np.full(len(at), row))
        xy, row = np.concatenate(found), np.concatenate(owner)
        good = shapely.contains_xy(quarter.site.inside, xy[:, 0], xy[:, 1])
        xy, row = xy[good], row[good]
        order = rng.permutation(len(xy))
        xy, row = xy[order], row[order]
        free = quarter.site.free(xy)
        return shapely.points(np.round(xy[free], 3)), row[free]

    def _pois(self, quarter: Quarter, count: int, rng: np.random.Generator) -> tuple[Array, Table]:
        """Take the compounds by name, then fill shops and other buildings with businesses."""
        base = quarter.site.base
        shapes = base.compounds.shapes
        pick = rng.permutation(len(shapes))[: count // 4]
        use = base.compounds.column("use")
        names = [str(base.compounds.columns["name"][row]) for row in pick]
        kinds = [COMPOUNDS[str(use[row])] for row in pick]
        points = [shapely.point_on_surface(shapes[pick])] if len(pick) else []
        rest = count - len(pick)
        kind = base.buildings.column("kind")
        weight = np.where(kind == "商铺", 12.0, np.where(np.isin(kind, ("商业", "机关")), 6.0, 0.6))
        if rest and len(weight):
            rows = rng.choice(len(weight), rest, p=weight / weight.sum())
            points.append(_in_building(base.buildings.shapes[rows], rng))
            words = list(SHOPS)
            chance = np.array([share for _, share in SHOPS.values()])
            for number in rng.choice(len(words), rest, p=chance / chance.sum()):
                ends = SHOPS[words[number]][0]
                stem = _LEFT[int(rng.integers(len(_LEFT)))] + _RIGHT[int(rng.integers(len(_RIGHT)))]
                names.append(self._name(stem + ends[int(rng.integers(len(ends)))]))
                kinds.append(words[number])
        found = np.concatenate(points) if points else np.array([], object)
        address, street, number = self.address(found) if len(found) else ([], [], [])
        return found, {"name": names, "category": kinds, "address": address, "street": street, "number": number}

    def _name(self, name: str) -> str:
        """Return a name as it is the first time, with the number of the branch later."""
        self.names[name] = turn = self.names.get(name, 0) + 1
        return name if turn == 1 else f"{name}（{turn}店）"

    def _landmarks(self, quarter: Quarter, count: int, rng: np.random.Generator) -> tuple[Array, Table]:
        """Take parks, schools, offices and works first, then tall buildings."""
        base, found, names, kinds = quarter.site.base, [], [], []
        for layer, what in ((base.compounds, "use"), (base.green, "kind")):
            for row, kind in enumerate(layer.columns.get(what, [])):
                if kind in ("学校", "机关", "工厂", "公园", "运动场"):
                    found.append(shapely.point_on_surface(layer.geometry[row]))
                    named = layer.columns.get("name")
                    names.append(named[row] if named else "")
                    kinds.append(str(kind))
        tall = np.argsort(-np.array(base.buildings.columns.get("floors", [0])), kind="stable")
        for row in tall[: max(0, count * 3)] if len(base.buildings.geometry) else []:
            found.append(shapely.point_on_surface(base.buildings.geometry[row]))
            names.append("")
            kinds.append("大厦")
        keep = np.sort(rng.permutation(min(len(found), max(count, len(found) // 2)))[:count])
        points = np.array([found[row] for row in keep], object)
        address, street, number = self.address(points) if len(points) else ([], [], [])
        called = [names[row] or self._name(street[at].rstrip("路街巷弄") + kinds[row]) for at, row in enumerate(keep)]
        return points, {"name": called, "category": [kinds[row] for row in keep],
                        "address": address, "street": street, "number": number}  # fmt: skip

    def _cameras(self, quarter: Quarter, count: int, rng: np.random.Generator) -> tuple[Array, Table]:
        xy = np.zeros((0, 2))
        for ranks in ((1, 2), (1, 2, 3), (1, 2, 3, 4)):
            if len(xy) < count:
                more = corners(quarter.site, ranks, rng)
                xy = np.concatenate([xy, more[: count - len(xy)]])
        points = shapely.points(np.round(xy[:count], 3))
        address, _, _ = self.address(points) if len(points) else ([], [], [])
        many = len(points)
        return points, {
            "code": [f"{quarter.code[6:]}{number:03d}" for number in range(1, many + 1)],
            "name": [f"{text}路口" for text in address],
            "kind": np.where(rng.random(many) < 0.6, "球机", "枪机").tolist(),
            "height": np.round(rng.uniform(4.5, 8.0, many), 1).tolist(),
            "direction": rng.integers(0, 360, many).astype(float).tolist(),
            "angle": rng.choice([60.0, 75.0, 90.0, 360.0], many).tolist(),
            "reach": rng.choice([60.0, 80.0, 120.0], many).tolist(),
        }  # fmt: skip


def _in_building(shapes: Array, rng: np.random.Generator) -> Array:
    """Return a place inside each building, no two quite the same."""
    middle = shapely.get_coordinates(shapely.point_on_surface(shapes))
    box = shapely.bounds(shapes)
    shift = (rng.random(middle.shape) - 0.5) * (box[:, 2:] - box[:, :2]) * 0.7
    moved = middle + shift
    good = shapely.contains_xy(shapes, moved[:, 0], moved[:, 1])
    for share in (0.5, 0.2):
        near = middle + shift * share
        turn = ~good & shapely.contains_xy(shapes, near[:, 0], near[:, 1])
        moved[turn], good = near[turn], good | turn
    return shapely.points(np.round(np.where(good[:, None], moved, middle), 3))
