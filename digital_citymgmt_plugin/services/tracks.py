# SPDX-License-Identifier: GPL-2.0-or-later
"""Tracks of collectors and vehicles into the store, cleaned."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import from_text, to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import Mapping
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Context
from digital_citymgmt_plugin.core.requests import ImportTracks
from digital_citymgmt_plugin.core.tracks.cleaning import DRIFT, KEPT, REASONS, Cleaned, Cleaning, clean
from digital_citymgmt_plugin.services.intake import (
    Tally,
    base_name,
    mapping_is_new,
    notes_of,
    objects,
    open_layer,
    save_mapping,
    source_name,
)
from digital_citymgmt_plugin.services.rejecting import CRS, SOURCE, origin_of, reject_list
from digital_citymgmt_plugin.services.track_rows import TrackRows, track_mapping

SPEEDS = {"vehicle": 40.0, "collector": 15.0}  # m/s; a collector goes on foot or by electric bicycle
BUCKETS = 64
_FLUSH = 50_000  # rows of one insert
_LIST = 20_000  # dropped points that go to the reject list at once


def import_tracks(context: Context, request: ImportTracks) -> dict[str, Any]:
    """Bring tracks in: read, set aside by carrier, clean each carrier's record, write what is new.

    Times without a zone are local times of the mapping's or the store's time zone, which is said. Rows may come in any
    order. A point is known again by carrier and time, so that the same file a second time changes nothing, and a file
    that goes further adds what is new; what another cleaning kept before is not taken away.

    Memory holds one chunk of the file and one of 64 buckets of carriers, so it grows with the longest record of one
    carrier (60 bytes a point) and not with the file.

    Returns
    -------
    dict
        Counts ``read`` = ``accepted`` + ``rejected``; ``accepted`` = ``inserted`` + ``unchanged``; of the rejected
        those that cleaning dropped: ``duplicates``, ``same_time``, ``far``, ``jumps``, ``drift``; ``unordered`` (points
        that came late and were put in order), ``carriers``, ``tracks`` (pieces between gaps).

    Raises
    ------
    InputRefused
        ``input.tracks_option``; no CRS, wrong CRS, swapped coordinates, empty input, unknown mapping or column,
        ``input.no_carrier``, ``input.no_time``, ``input.carriers``.
    """
    rules = _rules(request)
    store = context.need_store()
    source = open_layer(context, request.input)
    try:
        file = base_name(source.info.path)
        mapping, crs = track_mapping(context, request, source)
        name = str(mapping.options.get("source") or origin_of(source, source_name(source)))
        with reject_list(context, request.rejects, source) as rejects, contextlib.ExitStack() as stack:
            tally = Tally(rejects, {SOURCE: name, **({} if mapping.x else {CRS: crs})})
            rows = TrackRows(context, request, source, mapping, crs, tally)
            buckets = context.files.buckets(rows.KIND, BUCKETS)
            stack.callback(buckets.close)
            total = source.info.rows or 0
            for chunk in source.chunks():
                context.cancel.check()
                records = rows.take(chunk)
                buckets.add(records, records["carrier"].astype(np.int64) % BUCKETS)
                share = min(0.5, 0.5 * tally.read / total) if total else 0.25
                context.progress(share, "progress.reading", rows=tally.read)
            if tally.read == 0:
                raise InputRefused("input.empty", file=file, layer=request.input.layer or "")
            writer = TrackWriter(context, request, mapping, rows, rules)
            with contextlib.ExitStack() as acting:
                if mapping_is_new(store, "tracks", request.mapping):
                    writer.open(acting)
                done = 0
                for records in buckets.each():
                    writer.take(records, acting)
                    done += len(records)
                    context.progress(0.5 + 0.45 * done / max(1, rows.accepted), "progress.cleaning", rows=done)
                writer.flush(acting)
                context.progress(0.97, "progress.saving")
                context.cancel.check()
                result = writer.result()
                rejects.close()
            result["rejects"] = request.rejects if rejects.count and request.rejects else None
    finally:
        source.close()
    result["notes"] = rows.notes() + notes_of(rows.placer, source)
    result["encoding"], result["encoding_evidence"] = source.info.encoding, source.info.encoding_evidence
    return result


def _rules(request: ImportTracks) -> Cleaning:
    """Return the parameters of the cleaning; refuse what cannot be one."""
    if request.kind not in SPEEDS:
        raise InputRefused("input.tracks_option", field="KIND", value=request.kind)
    speed = SPEEDS[request.kind] if request.max_speed is None else request.max_speed
    for field, value in (("MAX_SPEED", speed), ("GAP", request.gap), ("STAY_TIME", request.stay_time)):
        if not (math.isfinite(value) and value > 0.0):
            raise InputRefused("input.tracks_option", field=field, value=value)
    for field, value in (("STAY_RADIUS", request.stay_radius), ("FAR", request.far)):
        if not (math.isfinite(value) and value >= 0.0):
            raise InputRefused("input.tracks_option", field=field, value=value)
    return Cleaning(speed, request.gap, request.stay_radius, request.stay_time)


class TrackWriter:
    """Cleans the records of each carrier and writes the points that the store does not hold yet."""

    def __init__(
        self, context: Context, request: ImportTracks, mapping: Mapping, rows: TrackRows, rules: Cleaning
    ) -> None:
        self._context, self._request, self._mapping, self._rows, self._rules = context, request, mapping, rows, rules
        self._store = context.need_store()
        self._empty = self._store.count("track_point") == 0
        self._county = _county(context, request.far)
        self._action: Action | None = None
        self._waiting: list[Columns] = []
        self._size = 0
        self._dropped = np.zeros(len(REASONS), dtype=np.int64)
        self._counts = {"inserted": 0, "unchanged": 0, "unordered": 0, "carriers": 0, "tracks": 0}

    def open(self, acting: contextlib.ExitStack) -> Action:
        """Open the action at the first thing to write."""
        if self._action is None:
            request = self._request
            self._action = acting.enter_context(
                self._store.action(
                    "import_tracks", file=base_name(request.input.path), rejects=request.rejects, shift=request.shift,
                    max_speed=self._rules.max_speed, gap=request.gap, stay_radius=request.stay_radius,
                    stay_time=request.stay_time, far=request.far,
                )
            )  # fmt: skip
            save_mapping(self._store, self._action, "tracks", request.mapping)
        return self._action

    def take(self, records: NDArray[Any], acting: contextlib.ExitStack) -> None:
        """Clean the carriers of one bucket."""
        records = records[np.argsort(records["carrier"], kind="stable")]
        edges = np.concatenate([[0], np.flatnonzero(np.diff(records["carrier"])) + 1, [len(records)]]).tolist()
        for start, stop in zip(edges, edges[1:]):
            self._context.cancel.check()
            own = records[start:stop]
            xy = np.column_stack([own["x"], own["y"]])
            far = np.zeros(len(own), dtype=bool)
            if self._county is not None:
                far = ~shapely.contains_xy(self._county, xy[:, 0], xy[:, 1])
            found = clean(own["at"], xy, far, self._rules, self._context.cancel.check)
            self._counts["carriers"] += 1
            self._counts["unordered"] += found.unordered
            self._dropped += np.bincount(found.fate, minlength=len(REASONS))
            own = own[found.order]
            self._list(own, found)
            self._keep(own, found)
            if self._size >= _FLUSH:
                self.flush(acting)

    def _list(self, own: NDArray[Any], found: Cleaned) -> None:
        """Tell the reject list of the points that were dropped."""
        dropped = np.flatnonzero(found.fate != KEPT)
        for start in range(0, len(dropped), _LIST):
            self._context.cancel.check()
            rows = dropped[start : start + _LIST]
            self._rows.drop(own[rows], found.fate[rows])

    def _keep(self, own: NDArray[Any], found: Cleaned) -> None:
        kept = np.flatnonzero(found.fate == KEPT)
        if not len(kept):
            return
        own, piece = own[kept], found.piece[kept]
        carrier = self._rows.names[int(own["carrier"][0])]
        moments = own["at"].astype("datetime64[ms]")
        known, tracks = self._known(carrier, moments)
        first = np.flatnonzero(np.diff(piece, prepend=-1))
        names = [f"{carrier} {str(moments[row]).replace('T', ' ')[:19]}" for row in first.tolist()]
        for number, own_name in enumerate(_first_known(piece, tracks, len(first))):
            names[number] = own_name or names[number]
        self._counts["tracks"] += len(first)
        self._counts["unchanged"] += int(known.sum())
        new = ~known
        if not new.any():
            return
        speed = own["speed"][new].astype(np.float64)
        self._waiting.append({
            "track": objects(names[number] for number in piece[new].tolist()),
            "carrier": objects([carrier] * int(new.sum())), "at": to_text(moments[new]), "speed": speed,
            GEOM: shapely.points(own["x"][new], own["y"][new]),
        })  # fmt: skip
        self._size += int(new.sum())

    def _known(self, carrier: str, moments: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[Any]]:
        """Return which moments of a carrier the store holds, and in which track."""
        tracks = np.full(len(moments), None, dtype=object)
        if self._empty:
            return np.zeros(len(moments), dtype=bool), tracks
        first, last = to_text(np.array([moments[0], moments[-1]])).tolist()
        there = self._store.read(
            "track_point", ["at", "track"], [("carrier", "=", carrier), ("at", ">=", first), ("at", "<=", last)], ["at"]
        )
        held = from_text(there["at"])
        if not len(held):
            return np.zeros(len(moments), dtype=bool), tracks
        place = np.minimum(np.searchsorted(held, moments), len(held) - 1)
        known = held[place] == moments
        tracks[known] = there["track"][place[known]]
        return known, tracks

    def flush(self, acting: contextlib.ExitStack) -> None:
        """Write what is waiting."""
        if not self._waiting:
            return
        action = self.open(acting)
        columns = {name: np.concatenate([part[name] for part in self._waiting]) for name in self._waiting[0]}
        self._waiting, self._size = [], 0
        action.insert("track_point", columns)
        self._counts["inserted"] += len(columns["at"])

    def result(self) -> dict[str, Any]:
        """Return the counts, and note them in the action."""
        cleaned = dict(zip(("duplicates", "same_time", "far", "jumps", "drift"), self._dropped[1 : DRIFT + 1].tolist()))
        counts = {**self._rows.tally.counts(), **self._counts, **cleaned}
        operation = None
        if self._action is not None:
            self._action.counts.update(counts)
            self._action.note(crs=self._rows.placer.crs)
            operation = self._action.operation_uuid
        tables = ["track_point", "mapping"] if operation else []
        return {"operation": operation, "tables": tables, "counts": counts, "reasons": self._rows.tally.reasons}


def _first_known(piece: NDArray[np.int64], tracks: NDArray[Any], count: int) -> Iterator[str | None]:
    """Yield for each piece the track in which the store holds its first known point, if any."""
    there = np.flatnonzero(tracks != None)  # noqa: E711  (element by element)
    numbers, first = np.unique(_renumbered(piece)[there], return_index=True)
    held = dict(zip(numbers.tolist(), tracks[there[first]].tolist()))
    return (held.get(number) for number in range(count))


def _renumbered(piece: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(piece, return_inverse=True)[1].astype(np.int64)


def _county(context: Context, far: float) -> Any:
    """Return the city's areas and a rim of ``far`` metres around them; None where the store has no areas."""
    store = context.need_store()
    for level in ("county", "street", "community"):
        where = [("level", "=", level), ("valid_to", "is null", None), (GEOM, "not null", None)]
        shapes = store.read("admin_area", [GEOM], where)[GEOM]
        if len(shapes):
            rim = shapely.buffer(shapely.union_all(shapely.make_valid(shapes)), far)
            shapely.prepare(rim)
            return rim
    return None
