# SPDX-License-Identifier: GPL-2.0-or-later
"""Tracks of collectors on their rounds, with the faults that real receivers make; what is wrong is told apart.

A collector walks or rides the streets of one community, a fix every half minute, in degrees (CGCS2000). The faults:
fixes told twice, two places at one time, jumps of kilometres, fixes at 0°/0°, fixes out of order, gaps, and the drift
of a receiver at rest. The truth says which rows they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely

from scripts.demo_city.config import CRS, ORIGIN, stream
from scripts.demo_city.quarter import Quarter
from scripts.demo_city.tables import write_table

Array = Any
DAY = np.datetime64("2015-05-04T00:00:00")  # a Monday inside the period of the cases
SHIFTS = ((8 * 3_600, 11 * 3_600 + 1_800), (14 * 3_600, 17 * 3_600 + 1_800))
STEP = 30.0  # s between fixes
NOISE = 2.5  # m, of each coordinate
FAULTS = {"duplicate": 0.004, "same_time": 0.002, "jump": 0.003, "zero": 0.001, "unordered": 0.003}
GPX = 3  # so many tracks are written as GPX, too
COLUMNS = ("采集员编号", "定位时间", "经度", "纬度", "速度")


class Rounds:
    """Collects the tracks of a city, one collector per community until there are enough."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed = count, seed
        self.tracks: list[tuple[str, Array, Array, Array, Array]] = []

    def add(self, quarter: Quarter) -> None:
        """Send a collector through one community for a day, if one is left."""
        if len(self.tracks) >= self.count:
            return
        rng = stream((self.seed, quarter.row), "tracks")
        path = _walk(quarter, rng)
        if path is not None:
            self.tracks.append((f"JC{len(self.tracks) + 1:03d}", *_fixes(path, rng)))

    def write(self, folder: Path) -> dict[str, int]:
        """Write ``tracks/collectors.csv``, a few tracks as GPX, and ``truth/track_faults.csv``; returns the rows."""
        for name in ("tracks", "truth"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        who = np.concatenate([np.full(len(at), name, object) for name, at, _, _, _ in self.tracks])
        at, xy, speed, fault = (np.concatenate([track[column] for track in self.tracks]) for column in range(1, 5))
        lon, lat = _degrees(xy, fault == "zero")
        stamp = np.char.replace(np.datetime_as_string(DAY + at.astype("timedelta64[s]"), unit="s"), "T", " ")
        values = (who, stamp, np.char.mod("%.7f", lon), np.char.mod("%.7f", lat), np.char.mod("%.1f", speed))
        write_table(folder / "tracks" / "collectors.csv", dict(zip(COLUMNS, values)))
        wrong = np.flatnonzero(fault != "")
        write_table(folder / "truth" / "track_faults.csv",
                    {"row": wrong + 1, "collector": who[wrong], "fault": fault[wrong]})  # fmt: skip
        for name in [track[0] for track in self.tracks[:GPX]]:
            here = who == name
            _write_gpx(folder / "tracks" / f"{name}.gpx", name, stamp[here], lon[here], lat[here])
        return {"tracks/collectors.csv": len(who), "truth/track_faults.csv": len(wrong)}


def _walk(quarter: Quarter, rng: np.random.Generator) -> Array | None:
    """Return the corners of a day's way through the streets of a community: at each junction the street least used."""
    town = quarter.site.town
    lines = shapely.intersection(town.roads[(town.rank >= 2) & (town.rank <= 4)], town.outline)
    if not len(lines):
        return None
    parts = shapely.get_parts(shapely.union_all(lines, grid_size=0.001))
    parts = parts[shapely.length(parts) > 1.0]
    ends = [tuple(shapely.get_coordinates(part)[at].round(2).tolist()) for part in parts for at in (0, -1)]
    leaving: dict[tuple[float, float], list[tuple[int, bool]]] = {}
    for number, end in enumerate(ends):
        leaving.setdefault(end, []).append((number // 2, number % 2 == 1))
    used = np.zeros(len(parts))
    here = ends[2 * int(np.argmax(shapely.length(parts)))]
    corners, length = [np.array([here])], 0.0
    while length < 3.0 * (sum(last - first for first, last in SHIFTS) + 3_600):
        part, back = min(leaving[here], key=lambda way: used[way[0]] + rng.random() * 0.5)
        used[part] += 1.0
        xy = shapely.get_coordinates(parts[part])
        corners.append(xy[::-1][1:] if back else xy[1:])
        here = ends[2 * part] if back else ends[2 * part + 1]
        length += float(parts[part].length)
    return np.concatenate(corners)


def _fixes(path: Array, rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """Return seconds of the day, places (metres), speeds (km/h) and faults of a day's fixes along a way."""
    line = shapely.LineString(path)
    times, places, speeds, faults = [], [], [], []
    gone = 0.0
    for first, last in SHIFTS:
        now = first + rng.uniform(0.0, 300.0)
        while now < last:
            chance = rng.random()
            if chance < 0.012:  # at rest: the receiver drifts for four to ten minutes
                rest = int(rng.integers(8, 20))
                times.append(now + np.arange(rest) * STEP)
                spot = shapely.get_coordinates(shapely.line_interpolate_point(line, gone))
                places.append(spot + rng.normal(0.0, 4.0, (rest, 2)))
                speeds.append(rng.uniform(0.0, 0.8, rest))
                faults.append(np.array(["", *["drift"] * (rest - 2), ""], object))
                now += rest * STEP
                continue
            if chance < 0.014:  # no signal for longer than a piece lasts
                quiet = rng.uniform(700.0, 1_500.0)
                now, gone = now + quiet, gone + quiet * 1.2
                continue
            speed = rng.uniform(0.9, 2.8)
            gone += speed * STEP
            spot = shapely.get_coordinates(shapely.line_interpolate_point(line, gone % line.length))
            times.append(np.array([now]))
            places.append(spot + rng.normal(0.0, NOISE, (1, 2)))
            speeds.append(np.array([speed * 3.6]))
            faults.append(np.array([""], object))
            now += STEP
    at = np.round(np.concatenate(times)).astype(np.int64)
    return _spoiled(at, np.concatenate(places), np.concatenate(speeds), np.concatenate(faults), rng)


def _spoiled(at: Array, xy: Array, speed: Array, fault: Array, rng: np.random.Generator) -> tuple[Any, ...]:
    """Seed faults of single fixes, never two side by side and none in a rest."""
    order, moved = np.arange(len(at), dtype=float), xy.copy()
    extra: list[tuple[int, str]] = []
    chosen = rng.choice(np.array(["", *FAULTS], object), len(at), p=[1.0 - sum(FAULTS.values()), *FAULTS.values()])
    free = fault == ""
    last = -5
    for row in range(3, len(at) - 3):
        kind = str(chosen[row])
        if not kind or row - last < 5 or not free[row - 2 : row + 3].all():
            continue
        last = row
        if kind in ("duplicate", "same_time"):
            extra.append((row, kind))
            continue
        fault[row] = kind
        if kind == "jump":
            angle = rng.uniform(0.0, 2.0 * np.pi)
            moved[row] += rng.uniform(3_000.0, 9_000.0) * np.array([np.cos(angle), np.sin(angle)])
        elif kind == "unordered":
            order[row] += 1.5
    rows = np.array([row for row, _ in extra], int)
    kinds = np.array([kind for _, kind in extra], object)
    aside = rng.normal(0.0, 30.0, (len(rows), 2)) * (kinds == "same_time")[:, None] if len(rows) else np.zeros((0, 2))
    at, speed = np.concatenate([at, at[rows]]), np.concatenate([speed, speed[rows]])
    moved = np.concatenate([moved, moved[rows] + aside])
    fault = np.concatenate([fault, kinds])
    line = np.argsort(np.concatenate([order, order[rows] + 0.1]), kind="stable")
    return at[line], moved[line], speed[line], fault[line]


def _degrees(xy: Array, nowhere: Array) -> tuple[Array, Array]:
    """Return longitude and latitude; 0, 0 where the receiver had none."""
    from pyproj import Transformer

    east, north = (xy + np.array(ORIGIN, float)).T
    lon, lat = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True).transform(east, north)
    return np.where(nowhere, 0.0, lon), np.where(nowhere, 0.0, lat)


def _write_gpx(path: Path, name: str, stamp: Array, lon: Array, lat: Array) -> None:
    """Write one track as GPX 1.1; its times are UTC, eight hours behind those of the table."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>',
             '<gpx version="1.1" creator="demo_city" xmlns="http://www.topografix.com/GPX/1/1">',
             f"<trk><name>{name}</name><trkseg>"]  # fmt: skip
    for text, x, y in zip(stamp, lon, lat):
        utc = np.datetime64(str(text).replace(" ", "T")) - np.timedelta64(8, "h")
        lines.append(f'<trkpt lat="{y:.7f}" lon="{x:.7f}"><time>{utc}Z</time></trkpt>')
    path.write_text("\n".join([*lines, "</trkseg></trk>", "</gpx>", ""]), encoding="utf-8")
