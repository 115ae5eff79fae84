# SPDX-License-Identifier: GPL-2.0-or-later
"""What layers may be in a draft of unit grids, guessed from their names and from the layers of CASS drawings.

Every guess is shown to the user and can be changed. Without numpy: windows use it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from digital_citymgmt_plugin.core.load_weights import class_field

BY_FIELD = 0  # in place of a rank: read from a field
RANKS = (1, 2, 3, 4, 5)  # river, railway; main road; street; wall, fence; path
# Ranks of the base map's themes: a drawing does not tell a main road from a street.
THEME_RANKS = {"water": 1, "boundary": 2, "road": 3, "wall": 4, "vegetation": 5, "pipe": 5}
# The layers of CASS (resources/profiles/cass_layers.csv) that say what parts the ground, and buildings.
CASS = {"road": "DLSS", "water": "SXSS", "boundary": "JJ", "wall": "YZH"}
CASS_BUILDING = "JMD"
_LAYER_FIELDS = ("layer", "cass_layer", "图层")
_RANK_FIELDS = ("rank", "fclass", "highway", "等级", "道路等级", "技术等级")
# The first word found in a layer's name counts; (words, rank).
_BARRIERS = (
    (("railway", "铁路", "轨道"), 1), (("river", "water", "canal", "河", "水系", "水域", "湖", "sxss"), 1),
    (("wall", "fence", "围墙", "栅栏", "垣栅", "yzh"), 4), (("path", "footway", "小路", "步道", "巷"), 5),
    (("highway", "motorway", "main_road", "主干", "干道", "快速路", "高速"), 2),
    (("road", "street", "道路", "街道路", "交通", "dlss"), 3),
    (("barrier", "阻隔", "分隔", "square", "plaza", "广场"), 3),
)  # fmt: skip
_BUILDINGS = ("building", "房屋", "建筑", "居民地", "jmd")
_COMPOUNDS = ("compound", "院落", "小区", "单位", "宗地", "parcel")
ANY_CLASS = "*"  # in place of a field: any of ``CLASS_FIELDS`` that the layer has
# Fields that hold what an area is used for, and the values of areas that stay whole: housing estates, schools,
# hospitals, works, offices. OpenStreetMap; names and codes of GB/T 21010-2017 (land use), GB 50137-2011 (urban land).
CLASS_FIELDS = (
    "landuse", "amenity", "fclass", "kind", "class", "type", "dlmc", "dlbm", "地类名称", "地类编码", "用地性质",
    "用地类型", "用地代码", "用途", "类别",
)  # fmt: skip
COMPOUND_CLASSES = (
    "residential", "school", "college", "university", "kindergarten", "education", "hospital", "clinic", "industrial",
    "commercial", "government", "townhall", "institutional", "military", "compound",
    "住宅", "住宅小区", "居住小区", "小区", "居住用地", "住宅用地", "城镇住宅用地", "学校", "中小学", "高校",
    "幼儿园", "教育用地", "教育科研用地", "科研用地", "医院", "医疗卫生用地", "机关", "机关团体用地", "行政办公用地",
    "社会福利用地", "工业用地", "工厂", "部队", "院落", "单位",
    "0601", "0701", "0801", "0803", "0804", "0805", "0806",
    "r", "r1", "r2", "r3", "a1", "a3", "a5", "a6", "m", "m1", "m2", "m3",
)  # fmt: skip
_USES = ("landuse", "land_use", "aoi", "用地", "地类", "土地利用", "兴趣面")
_AREAS = ("communit", "社区", "居委会", "村委会", "责任区")
_COMPONENTS = ("component", "部件", "井盖", "census")


@dataclass(frozen=True)
class Offer:
    """A layer, or the rows of a layer with some values, offered for a purpose.

    Attributes
    ----------
    source : str
        Id of a project's layer; ``""`` for the table ``table`` of the open store.
    theme : str
        Theme of the base map that it is, ``""`` for a whole layer of the user's.
    field, values : str, tuple of str
        Rows that are meant: those with these values; all without a field.
    rank : int
        1 to 5, ``BY_FIELD`` to read ``rank_field``.
    used : bool
        Whether it is chosen before the user says anything.
    class_field : str
        Of components: the field with their class, ``""`` when there is none.
    """

    source: str
    name: str
    table: str = ""
    theme: str = ""
    field: str = ""
    values: tuple[str, ...] = ()
    rank: int = 3
    rank_field: str = ""
    used: bool = False
    count: int = 0
    class_field: str = ""


@dataclass(frozen=True)
class Offers:
    """What is offered for each purpose, the surest first."""

    areas: tuple[Offer, ...] = ()
    barriers: tuple[Offer, ...] = ()
    buildings: tuple[Offer, ...] = ()
    compounds: tuple[Offer, ...] = ()
    components: tuple[Offer, ...] = ()
    locked: tuple[Offer, ...] = ()


@dataclass(frozen=True)
class ProjectLayer:
    """A vector layer of the project.

    Attributes
    ----------
    kind : str
        point, line or polygon.
    placed : bool
        Whether it has a CRS: one without is refused, so it is not chosen by itself.
    drawn : tuple of str
        Values of its column ``cass_field``: the layers of a drawing. OpenStreetMap has a column of that name, too.
    """

    id: str
    name: str
    kind: str
    fields: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    placed: bool = True


def cass_field(fields: Iterable[str]) -> str:
    """Return the column that names the layers of a drawing, "" for none."""
    known = {field.lower(): field for field in fields}
    return next((known[one] for one in _LAYER_FIELDS if one in known), "")


def store_offers(lines: Mapping[str, int], areas: Mapping[str, int], counts: Mapping[str, int]) -> Offers:
    """Return what the open store offers: its communities and components, its base map by theme."""
    barriers = [
        Offer("", "", table, theme, "theme", (theme,), THEME_RANKS[theme], used=theme in ("road", "water", "wall"),
              count=found[theme])
        for table, found in (("base_line", lines), ("base_area", areas))
        for theme in THEME_RANKS
        if found.get(theme) and not (table == "base_area" and theme in ("pipe", "boundary"))
    ]  # fmt: skip

    def area(theme: str) -> tuple[Offer, ...]:
        found = areas.get(theme, 0)
        return (Offer("", "", "base_area", theme, "theme", (theme,), used=True, count=found),) if found else ()

    def table(name: str, count: str, *, used: bool) -> tuple[Offer, ...]:
        found = counts.get(count, 0)
        coded = "class_code" if name == "component_point" else ""
        return (Offer("", "", name, used=used, count=found, class_field=coded),) if found else ()

    return Offers(
        table("admin_area", "communities", used=True), tuple(barriers), area("building"), area("wall"),
        table("component_point", "components", used=True), table("unit_grid", "grids", used=False),
    )  # fmt: skip


def layer_offers(layers: Sequence[ProjectLayer]) -> Offers:
    """Return what the layers of a project offer; those whose names say nothing come last and unused."""
    areas: list[Offer] = []
    barriers: list[Offer] = []
    buildings: list[Offer] = []
    compounds: list[Offer] = []
    components: list[Offer] = []
    locked: list[Offer] = []
    for layer in layers:
        name = layer.name.lower()
        known = {field.lower(): field for field in layer.fields}
        there = {theme: value for theme, value in CASS.items() if value in layer.drawn}
        houses = CASS_BUILDING in layer.drawn
        cass = cass_field(layer.fields) if there or houses else ""
        if layer.kind == "point":
            coded = class_field(layer.fields) or ""
            components.append(Offer(layer.id, layer.name, used=_says(name, _COMPONENTS), class_field=coded))
            continue
        rank = next((rank for words, rank in _BARRIERS if _says(name, words)), None)
        house, compound = _says(name, _BUILDINGS), _says(name, _COMPOUNDS)
        if layer.kind == "polygon":
            community = _says(name, _AREAS)
            areas.append(Offer(layer.id, layer.name, used=community))
            buildings.append(Offer(layer.id, layer.name, used=house))
            compounds.append(Offer(layer.id, layer.name, used=compound and not community))
            if any(one in known for one in CLASS_FIELDS) and not (community or house or compound):
                used = _says(name, _USES)
                compounds.append(Offer(layer.id, layer.name, "", "", ANY_CLASS, COMPOUND_CLASSES, used=used))
            locked.append(Offer(layer.id, layer.name))
            if houses:
                values = (CASS_BUILDING,)
                buildings.append(Offer(layer.id, layer.name, theme="building", field=cass, values=values, used=True))
            if community or house or compound:
                rank = None
        barriers += [
            Offer(layer.id, layer.name, "", theme, cass, (value,), THEME_RANKS[theme], used=True)
            for theme, value in there.items()
        ]
        ranked = next((known[one] for one in _RANK_FIELDS if one in known), "")
        barriers.append(
            Offer(
                layer.id, layer.name, rank=BY_FIELD if ranked and rank is not None else rank or 3, rank_field=ranked,
                used=rank is not None and not cass,
            )
        )  # fmt: skip

    lost = {layer.id for layer in layers if not layer.placed}

    def sorted_offers(found: list[Offer]) -> tuple[Offer, ...]:
        placed = [replace(one, used=one.used and one.source not in lost) for one in found]
        return tuple(sorted(placed, key=lambda one: not one.used))

    return Offers(*(sorted_offers(one) for one in (areas, barriers, buildings, compounds, components, locked)))


def rank_text(chosen: Sequence[tuple[Offer, int]]) -> list[tuple[Offer, str]]:
    """Return for each layer or table of chosen barriers, with their ranks, an offer of it and its ``barrier_ranks``.

    Rows of one layer by one field go together, so that it is read once.
    """
    found: dict[tuple[str, str, str], tuple[Offer, dict[str, int]]] = {}
    texts: list[tuple[Offer, str]] = []
    for offer, rank in chosen:
        if offer.field:
            key = (offer.source, offer.table, offer.field)
            _, ranks = found.setdefault(key, (offer, {}))
            ranks.update(dict.fromkeys(offer.values, rank))
        elif rank == BY_FIELD:
            texts.append((offer, json.dumps({"field": offer.rank_field})))
        else:
            texts.append((offer, json.dumps({"rank": rank})))
    by_value = [
        (offer, json.dumps({"field": offer.field, "ranks": ranks}, ensure_ascii=False))
        for offer, ranks in found.values()
    ]
    return [*by_value, *texts]


def _says(name: str, words: Iterable[str]) -> bool:
    return any(word in name for word in words)
