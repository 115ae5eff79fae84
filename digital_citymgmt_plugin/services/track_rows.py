# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of one file of tracks: who, when, where; as records that can be set aside on disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import NAT, parse_times, to_text
from digital_citymgmt_plugin.core.census.rows import text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem, apply_mapping, check_columns
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Context, Source
from digital_citymgmt_plugin.core.requests import ImportTracks
from digital_citymgmt_plugin.core.tracks.cleaning import REASONS
from digital_citymgmt_plugin.core.tracks.fields import FIELDS, SYNONYMS
from digital_citymgmt_plugin.services.intake import Placer, Tally, base_name, find_mapping, objects, source_crs

_MOST_CARRIERS = 100_000  # more distinct values are no carriers but ids of points
_KILOMETRES_PER_HOUR = 3.6
_FASTEST = 1_000.0  # m/s; more is no speed
_UNIX = "unix"  # ``time_format`` of a mapping: seconds or milliseconds since 1970


def track_mapping(context: Context, request: ImportTracks, source: Source) -> tuple[Mapping, str]:
    """Return the mapping and the CRS of a file of tracks.

    Raises
    ------
    InputRefused
        ``input.no_place``, ``input.no_time``, ``input.no_carrier``; see ``find_mapping`` and ``source_crs``.
    """
    mapping = find_mapping(context, "tracks", request.mapping, source, FIELDS, SYNONYMS)
    if not (request.mapping or "").strip() and source.info.geometry is not None:
        mapping = replace(mapping, x=None, y=None)
    names = [item.name for item in source.info.fields]
    file, known = base_name(source.info.path), ", ".join(names)
    if source.info.geometry is None and not mapping.x:
        raise InputRefused("input.no_place", file=file, known=known)
    if "at" not in mapping.fields:
        raise InputRefused("input.no_time", file=file, known=known)
    if "carrier" not in mapping.fields and not request.carrier:
        raise InputRefused("input.no_carrier", file=file, known=known)
    check_columns(mapping, names, file)
    return mapping, source_crs(context, request.input, source, mapping)


class TrackRows:
    """Turns the rows of a file into records; what cannot be one goes to the reject list.

    ``names`` are the carriers by the number that their records hold.
    """

    KIND = np.dtype([
        ("carrier", "<i4"), ("speed", "<f4"), ("row", "<i8"), ("at", "<i8"),
        ("x", "<f8"), ("y", "<f8"), ("given_x", "<f8"), ("given_y", "<f8"),
    ])  # fmt: skip

    def __init__(
        self, context: Context, request: ImportTracks, source: Source, mapping: Mapping, crs: str, tally: Tally
    ) -> None:
        self.tally, self.names, self.accepted = tally, list[str](), 0
        self.placer = Placer(context, crs, base_name(source.info.path), strict=True, swaps=True, shift=request.shift)
        self._mapping, self._carrier, self._listed = mapping, request.carrier, request.rejects is not None
        self._numbers: dict[str, int] = {}
        self._zone = mapping.time_zone or context.need_store().meta().get("time_zone") or "Asia/Shanghai"
        self._pattern = mapping.options.get("time_format")
        self._local = False
        self._file = base_name(source.info.path)
        per_second = source.info.driver == "GPX" or mapping.options.get("speed_unit") == "m/s"
        self._to_metres = 1.0 if per_second else 1.0 / _KILOMETRES_PER_HOUR

    def take(self, chunk: Columns) -> NDArray[Any]:
        """Return the good rows of a chunk as records."""
        size = len(chunk[ROW])
        self.tally.read += size
        columns, problems = apply_mapping(self._mapping, chunk)
        moments, wrong = self._moments(columns["at"])
        problems += wrong
        given = self._given(chunk, columns)
        if "__x__" in columns:
            shapes, reasons = self.placer.points(columns["__x__"], columns["__y__"])
        else:
            shapes, reasons = self.placer.place(_points(chunk[GEOM]))
        problems += [RowProblem(index, reason, {}) for index, reason in sorted(reasons.items())]
        carriers, wrong = self._carriers(columns, size)
        keep = self.tally.reject(chunk, problems + wrong)
        self.accepted += int(keep.sum())
        records = np.zeros(int(keep.sum()), dtype=self.KIND)
        records["carrier"], records["row"] = carriers[keep], chunk[ROW][keep]
        records["at"] = moments[keep].astype(np.int64)
        records["x"], records["y"] = shapely.get_x(shapes[keep]), shapely.get_y(shapes[keep])
        records["given_x"], records["given_y"] = given[keep].T
        records["speed"] = self._speeds(columns, size)[keep]
        return records

    def _moments(self, values: NDArray[Any]) -> tuple[NDArray[Any], list[RowProblem]]:
        if self._pattern == _UNIX:
            seconds = _numbers(values)
            with np.errstate(invalid="ignore"):
                milli = np.where(np.abs(seconds) < 1e11, seconds * 1000.0, seconds)
            usable = np.isfinite(milli) & (milli > 0.0) & (milli < 7.3e12)
            moments = np.full(len(values), NAT)
            moments[usable] = np.round(milli[usable]).astype(np.int64).astype("datetime64[ms]")
            bad = ~usable
        else:
            moments, bad = parse_times(values, self._zone, self._pattern)
            self._local = self._local or any(map(_without_zone, values[~bad][:1_000].tolist()))
        column = self._mapping.fields["at"].columns[0] if self._mapping.fields["at"].columns else "at"
        problems = []
        for index in np.flatnonzero(np.isnat(moments)).tolist():
            value = text(values[index])
            reason = "reject.time" if bad[index] and value is not None else "reject.missing"
            problems.append(RowProblem(index, reason, {"field": "at", "column": column, "value": value}))
        return moments, problems

    def _carriers(self, columns: Columns, size: int) -> tuple[NDArray[np.int64], list[RowProblem]]:
        numbers = np.full(size, -1, dtype=np.int64)
        problems = []
        values = [self._carrier] * size if self._carrier else columns["carrier"].tolist()
        for index, value in enumerate(values):
            name = text(value)
            if name is None:
                column = self._mapping.fields["carrier"].columns[0]
                problems.append(RowProblem(index, "reject.missing", {"field": "carrier", "column": column}))
                continue
            if name not in self._numbers:
                if len(self.names) >= _MOST_CARRIERS:
                    raise InputRefused("input.carriers", file=self._file, count=_MOST_CARRIERS)
                self._numbers[name] = len(self.names)
                self.names.append(name)
            numbers[index] = self._numbers[name]
        return numbers, problems

    def _given(self, chunk: Columns, columns: Columns) -> NDArray[np.float64]:
        """Return the coordinates as they stand in the file, for the reject list."""
        if "__x__" in columns:
            return np.column_stack([_numbers(columns["__x__"]), _numbers(columns["__y__"])])
        boxes: NDArray[np.float64] = shapely.bounds(np.asarray(chunk[GEOM], dtype=object))[:, :2]
        return boxes

    def _speeds(self, columns: Columns, size: int) -> NDArray[np.float64]:
        if "speed" not in columns:
            return np.full(size, np.nan)
        speed = _numbers(columns["speed"]) * self._to_metres
        with np.errstate(invalid="ignore"):
            return np.where((speed >= 0.0) & (speed <= _FASTEST), speed, np.nan)

    def drop(self, records: NDArray[Any], fate: NDArray[np.int8]) -> None:
        """Tell the reject list of points that cleaning dropped: in the columns of the file that the mapping names."""
        if not self._listed:
            for number, count in enumerate(np.bincount(fate, minlength=len(REASONS)).tolist()):
                if count:
                    self.tally.reasons[REASONS[number]] = self.tally.reasons.get(REASONS[number], 0) + count
            return
        chunk: Columns = {ROW: records["row"]}
        if not self._carrier and self._mapping.fields["carrier"].columns:
            names = [self.names[number] for number in records["carrier"].tolist()]
            chunk[self._mapping.fields["carrier"].columns[0]] = objects(names)
        if self._mapping.fields["at"].columns:
            chunk[self._mapping.fields["at"].columns[0]] = to_text(records["at"].astype("datetime64[ms]"))
        if self._mapping.x and self._mapping.y:
            chunk[self._mapping.x], chunk[self._mapping.y] = records["given_x"], records["given_y"]
        else:
            chunk[GEOM] = shapely.points(records["given_x"], records["given_y"])
        self.tally.reject(chunk, [RowProblem(at, REASONS[one], {}) for at, one in enumerate(fate.tolist())])

    def notes(self) -> list[dict[str, Any]]:
        """Return what is to be said: the time zone taken, the shift undone."""
        found: list[dict[str, Any]] = []
        if self._local:
            found.append({"code": "note.time_zone", "values": {"zone": self._zone}})
        return found


def _points(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return points as they are; of a multipoint of one its point, of anything else nothing."""
    shapes = np.array(geometries, dtype=object)
    kinds = shapely.get_type_id(shapes)
    single = (kinds == 4) & (shapely.get_num_geometries(shapes) == 1)
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    shapes[(kinds != 0) & ~single] = None
    return shapes


def _numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    def number(value: Any) -> float:
        try:
            return float(value)
        except (TypeError, ValueError):
            return float("nan")

    return np.array([number(value) for value in values.tolist()], dtype=np.float64)


def _without_zone(value: Any) -> bool:
    if isinstance(value, datetime):
        return value.tzinfo is None
    if not isinstance(value, str):
        return value is not None
    tail = value.strip()[10:]
    return bool(value.strip()) and not (tail[-1:] in ("Z", "z") or "+" in tail or "-" in tail)
