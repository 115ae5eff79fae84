# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of places, their fields, and the names under which tables are known to carry them."""

from __future__ import annotations

POI, LANDMARK, PLATE, STREET, CAMERA = "poi", "landmark", "plate", "street", "camera"
KINDS = (POI, LANDMARK, PLATE, STREET, CAMERA)

# No source gives field names of the gazetteer in the standard's part on geocoding; these are in general use.
_COMMON: dict[str, tuple[str, ...]] = {
    "source_id": ("SRC_ID", "原编号", "gid", "object_id", "OBJECTID", "osm_id", "uid", "poi_id", "ID"),
    "code": ("编码", "编号", "标识码", "地名代码", "门牌编码"),
    "category": ("类别", "类型", "分类", "大类", "小类", "class", "type", "typename", "fclass", "kind", "CLASS_TYPE"),
    "address": ("地址", "详细地址", "位置", "addr", "ADDR_FULL", "标准地址"),
    "x": ("lon", "lng", "longitude", "经度", "X坐标", "coord_x", "POINT_X"),
    "y": ("lat", "latitude", "纬度", "Y坐标", "coord_y", "POINT_Y"),
}
_NAME = ("名称", "标准名称", "地名", "POI名称", "NAME_CHN", "title", "label")
_RANGES: dict[str, tuple[str, ...]] = {
    "left_from": ("L_F_ADD", "L_ADDR_FRO", "LFROMADD", "FROMADDR_L", "左起号", "左侧起号", "LEFT_START"),
    "left_to": ("L_T_ADD", "L_ADDR_TO", "LTOADD", "TOADDR_L", "左止号", "左侧止号", "LEFT_END"),
    "right_from": ("R_F_ADD", "R_ADDR_FRO", "RFROMADD", "FROMADDR_R", "右起号", "右侧起号", "RIGHT_START"),
    "right_to": ("R_T_ADD", "R_ADDR_TO", "RTOADD", "TOADDR_R", "右止号", "右侧止号", "RIGHT_END"),
    "odd_from": ("单号起", "单号起号", "奇数起号"),
    "odd_to": ("单号止", "单号止号", "奇数止号"),
    "even_from": ("双号起", "双号起号", "偶数起号"),
    "even_to": ("双号止", "双号止号", "偶数止号"),
    "number_from": ("起号", "起始号", "FROM_NO"),
    "number_to": ("止号", "终止号", "TO_NO"),
    "ranges": ("门牌范围", "号码范围", "门牌号范围"),
}
RANGE_NUMBERS = tuple(name for name in _RANGES if name != "ranges")

SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    POI: {"name": _NAME, **_COMMON},
    LANDMARK: {"name": (*_NAME, "标志物名称", "标志物"), **_COMMON},
    PLATE: {
        "name": _NAME,
        "street": ("道路", "街路巷", "街路巷名称", "路名", "街道名称", "STREETNAME", "road"),
        "number": ("门牌号", "门牌", "门楼牌号", "号码", "housenumber", "addr:housenumber", "house_no", "门牌号码"),
        "sub_number": ("支号", "附号", "副号"),
        **_COMMON,
    },
    STREET: {
        "name": (*_NAME, "路名", "道路名称", "街路巷名称", "FULL_NAME", "ST_NAME", "STREET", "road"),
        **_RANGES,
        **_COMMON,
    },
    CAMERA: {
        "name": (*_NAME, "点位名称", "摄像机名称", "监控点名称"),
        "direction": ("方向", "朝向", "方位角", "azimuth", "heading"),
        "angle": ("视角", "视场角", "张角", "fov"),
        "reach": ("可视距离", "监控距离", "距离", "range"),
        **_COMMON,
    },
}  # fmt: skip


def fields_of(kind: str) -> tuple[str, ...]:
    """Return the fields that a mapping can fill for a kind of places."""
    return tuple(name for name in SYNONYMS[kind] if name not in ("x", "y"))


def all_fields() -> tuple[str, ...]:
    """Return the fields of all kinds, each once."""
    return tuple(dict.fromkeys(name for kind in KINDS for name in fields_of(kind)))
