# SPDX-License-Identifier: GPL-2.0-or-later
"""The fields of a track point that an import understands, and the names under which tables are known to carry them."""

from __future__ import annotations

SYNONYMS: dict[str, tuple[str, ...]] = {
    "carrier": (
        "采集员", "采集员编号", "监督员", "工号", "人员", "人员编号", "车牌", "车牌号", "车辆", "设备", "设备号",
        "终端号", "vehicle", "truck", "plate", "device", "device_id", "user", "user_id", "collector", "track", "car_id",
    ),
    "at": ("时间", "定位时间", "采集时间", "上报时间", "GPS时间", "time", "date time", "datetime", "timestamp"),
    "speed": ("速度", "时速", "velocity"),
    "x": ("lon", "lng", "long", "longitude", "经度", "X坐标"),
    "y": ("lat", "latitude", "纬度", "Y坐标"),
}  # fmt: skip
FIELDS = tuple(name for name in SYNONYMS if name not in ("x", "y"))
