# SPDX-License-Identifier: GPL-2.0-or-later
"""Which components a run of the checks looks at: all, those of a sheet, or what changed since the last run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.census.checks.doubles import PAIRS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import XY, Store
from digital_citymgmt_plugin.core.undo import Written
from digital_citymgmt_plugin.services.double_issues import both_ends
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import SETTLED
from digital_citymgmt_plugin.services.sheet_names import frame_of

ALL, SHEET, CHANGED = "all", "sheet", "changed"
SCOPES = (ALL, SHEET, CHANGED)
MOST = 50_000  # more changed than this: looking at all is quicker than finding their neighbours
_PART = 20_000
_PHOTO = "photo"
_PHOTOS = "photos"  # mark: how many photos there were
_EDITED = "photos_edited"  # mark: when the last edit of one was
_OPERATION = "operation"
_OWN = "check_components"
_ISSUE = "check_issue"

Fids = dict[str, NDArray[np.int64]]
# Logs and tables whose new rows name components that have to be looked at again: table, column.
_NAMING = (("component_change", "component_uuid"), ("photo", "object_uuid"), ("code_register", "object_uuid"))


@dataclass(frozen=True)
class Last:
    """The last run that looked at all that there was.

    Attributes
    ----------
    marks : mapping
        The last ``fid`` by table.
    basis : str
        What it compared with.
    edited : str
        When the last edit of a photo was, as its row says.
    """

    marks: Mapping[str, int]
    basis: str
    edited: str = ""


def last_run(store: Store) -> Last | None:
    """Return the last run from which the next one of what changed can go on."""
    rows = store.read("check_run", ["marks"], [("marks", "not null", None)], ["fid"])["marks"]
    if not len(rows):
        return None
    try:
        marks = json.loads(rows[-1])
        basis, edited = str(marks.pop("basis", "")), str(marks.pop(_EDITED, ""))
        return Last({str(name): int(value) for name, value in marks.items()}, basis, edited)
    except (ValueError, AttributeError, TypeError):
        return None


def marks_now(store: Store, last: Last | None) -> dict[str, Any]:
    """Return the last ``fid`` of every table from whose new rows changes are told, number and last edit of photos."""
    edited = last.edited if last is not None else ""
    for part in store.chunks(_PHOTO, ["updated_at"], [("updated_at", ">", edited)], 500_000):
        edited = max(edited, *part["updated_at"].tolist())
    marks: dict[str, Any] = {_PHOTOS: store.count(_PHOTO), _EDITED: edited}
    for table in (*TABLES, *(name for name, _ in _NAMING), _OPERATION):
        mark = last.marks.get(table, 0) if last is not None else 0
        for part in store.chunks(table, ["fid"], [("fid", ">", mark)], 500_000):
            mark = int(part["fid"][-1])
        marks[table] = mark
    return marks


def changed_since(store: Store, last: Last) -> Fids | str:
    """Return the components that are new or changed since a run, else the code of why all have to be looked at.

    What plain QGIS writes is told by new rows and by ``component_change``; what actions wrote, also values that no
    trigger logs and photos that an undo took away or put back, by the journal. Of photos that someone deleted in QGIS
    only the number tells, of those that someone edited there the time: whose they were before, nothing says.
    """
    found: Fids = {}
    for table in TABLES:
        where = [("fid", ">", last.marks.get(table, 0))]
        if store.count(table, where) > MOST:
            return "checks.too_many"
        found[table] = store.read(table, ["fid"], where)["fid"]
    uuids: set[str] = set()
    for table, column in _NAMING:
        where = [("fid", ">", last.marks.get(table, 0))]
        if store.count(table, where) > 4 * MOST:
            return "checks.too_many"
        uuids.update(uuid for uuid in store.read(table, [column], where)[column].tolist() if uuid is not None)
    written = _of_actions(store, last)
    if isinstance(written, str):
        return written
    uuids |= written[1]
    if len(uuids) > MOST:
        return "checks.too_many"
    found = joined(joined(found, written[0]), by_values(store, "uuid", sorted(uuids)))
    return joined(found, by_values(store, "uuid", sorted(_halves(store, uuids))))  # of what is gone, the other half


def _of_actions(store: Store, last: Last) -> tuple[Fids, set[str]] | str:
    """Return what the actions since a run wrote: rows of components, uuids of those whose photos or candidates."""
    where = [("fid", ">", last.marks.get(_OPERATION, 0)), ("kind", "!=", _OWN)]
    mark, size, came = last.marks.get(_PHOTO, 0), 0, 0
    parts: dict[str, list[NDArray[np.int64]]] = {table: [np.empty(0, dtype=np.int64)] for table in TABLES}
    owners: set[str] = set()
    operations = store.read(_OPERATION, ["uuid", "at"], where, ["fid"])
    for uuid in operations["uuid"].tolist():
        for wrote in store.written(uuid, (*TABLES, _PHOTO, _ISSUE)):
            if wrote.table == _ISSUE and wrote.kind == "insert":
                continue  # new candidates settle what they say again themselves
            size += len(wrote.fids)
            if size > 4 * MOST:
                return "checks.too_many"
            if wrote.table == _ISSUE:
                owners |= both_ends(store, wrote)  # a candidate that is waived, reopened, settled or gone
            elif wrote.table == _PHOTO:
                owners |= _owners(store, wrote)
                came += {"insert": 1, "delete": -1}.get(wrote.kind, 0) * int((wrote.fids <= mark).sum())
            else:
                parts[wrote.table].append(wrote.fids)
    if store.count(_PHOTO, [("fid", "<=", mark)]) != last.marks.get(_PHOTOS, 0) + came:
        return "checks.photos_gone"
    if _photos_edited(store, last, mark, set(operations["at"].tolist())):
        return "checks.photos_edited"
    fids = {table: np.unique(np.concatenate(listed)) for table, listed in parts.items()}
    if sum(map(len, fids.values())) > MOST:
        return "checks.too_many"
    return fids, owners


def _photos_edited(store: Store, last: Last, mark: int, by_actions: set[str]) -> bool:
    """Tell whether someone edited photos outside of actions since a run; rows written by an action bear its time."""
    where = [("fid", "<=", mark), ("updated_at", ">", last.edited), ("updated_at", "not in", sorted(by_actions))]
    return store.count(_PHOTO, where) > 0


def _owners(store: Store, wrote: Written) -> set[str]:
    """Return the components that have photos now or had them before."""
    found = {uuid for uuid in wrote.old.get("object_uuid", ()) if uuid is not None}
    for start in range(0, len(wrote.fids), _PART):
        where = [("fid", "in", wrote.fids[start : start + _PART].tolist())]
        rows = store.read(_PHOTO, ["object_uuid"], where)
        found.update(uuid for uuid in rows["object_uuid"].tolist() if uuid is not None)
    return found


def in_sheet(store: Store, number: str | None) -> Fids:
    """Return the components whose place lies in a sheet.

    Raises
    ------
    InputRefused
        ``input.sheet`` for a number that no drawn sheet has.
    """
    frame = frame_of(store, number)
    if frame is None:
        raise InputRefused("input.sheet", value=number or "")
    shapes = objects([frame])
    boxes = shapely.bounds(shapes)
    found: Fids = {}
    for table in TABLES:
        near = store.read(table, ["fid", XY], [("fid", "in", store.fids_in(table, boxes).tolist())])
        found[table] = near["fid"][locate_points(near[XY], shapes) >= 0]
    return found


def by_values(store: Store, column: str, values: Sequence[str], tables: Iterable[str] = TABLES) -> Fids:
    """Return the components that have one of the values in an indexed column."""
    found: Fids = {}
    for table in tables:
        parts = [np.empty(0, dtype=np.int64)]
        for start in range(0, len(values), _PART):
            parts.append(store.read(table, ["fid"], [(column, "in", list(values[start : start + _PART]))])["fid"])
        found[table] = np.concatenate(parts)
    return found


def with_partners(store: Store, fids: Fids, metres: float) -> Fids:
    """Add what can be the other half of a pair: neighbours within ``metres``, and equal codes, uuids, source keys."""
    result = dict(fids)
    boxes: list[NDArray[np.float64]] = [np.empty((0, 4))]
    keys: dict[str, set[str]] = {name: set() for name in ("code", "uuid", "import_key")}
    for _, rows in read_rows(store, fids, ["uuid", "code", "import_key", XY]):
        places = rows[XY]
        places = places[np.isfinite(places).all(axis=1)]
        boxes.append(np.hstack([places - metres, places + metres]))
        for name, values in keys.items():
            values.update(value for value in rows[name].tolist() if value is not None)
    around = np.concatenate(boxes)
    for table in TABLES:
        result[table] = np.union1d(result[table], store.fids_in(table, around))
    for name, values in keys.items():
        result = joined(result, by_values(store, name, sorted(values)))
    return result


def named_by_issues(store: Store, fids: Fids) -> Fids:
    """Return the components of which an open finding says that they are a pair with one of these."""
    uuids = {uuid for _, rows in read_rows(store, fids, ["uuid"]) for uuid in rows["uuid"].tolist()}
    return by_values(store, "uuid", sorted(_halves(store, uuids)))


def _halves(store: Store, uuids: set[str]) -> set[str]:
    """Return the uuids of which an open finding says that they are a pair with one of these."""
    where = [("rule", "in", list(PAIRS)), ("state", "!=", SETTLED)]
    found: set[str] = set()
    for part in store.chunks("check_issue", ["object_uuid", "params"], where) if uuids else ():
        for uuid, text in zip(part["object_uuid"].tolist(), part["params"].tolist()):
            try:
                other = json.loads(text or "{}").get("other")
            except (ValueError, AttributeError):
                continue
            if uuid is not None and other in uuids:
                found.add(uuid)
    return found


def read_rows(store: Store, fids: Fids, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, NDArray[Any]]]]:
    """Yield table and rows of components, some at a time, in the order of ``fid``."""
    for table in TABLES:
        for start in range(0, len(fids[table]), _PART):
            part = fids[table][start : start + _PART].tolist()
            yield table, store.read(table, ["fid", *columns], [("fid", "in", part)], ["fid"])


def joined(one: Fids, other: Fids) -> Fids:
    """Return the components of both."""
    none = np.empty(0, dtype=np.int64)
    return {table: np.union1d(one.get(table, none), other.get(table, none)) for table in TABLES}
