# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rows of a census the store knows already, and which it cannot take because of what it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.rows import TABLE_OF_DIMENSION
from digital_citymgmt_plugin.core.mapping import RowProblem
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Store
from digital_citymgmt_plugin.services.intake import is_none
from digital_citymgmt_plugin.services.withdrawn import withdrawn

ELSEWHERE = 50.0  # m; surveys are off by less, another file of the same name lies in another place
_ASKED = ("fid", "uuid", "code", "class_code", "import_key", "import_digest", "merged_uuid")


def find_known(store: Store, columns: Columns, good: NDArray[np.bool_]) -> list[RowProblem]:
    """Find rows in the store and say which cannot be taken.

    Sets the columns ``fid`` (−1 when new), ``same_digest``, ``known_table``, ``known_code``, ``known_class``,
    ``known_uuid``. A code, once issued, stays with its component for ever, and so does its class.

    Returns
    -------
    list of RowProblem
        ``reject.code_fixed``, ``reject.uuid_fixed``, ``reject.class_fixed``, ``reject.kind_changed``,
        ``reject.code_taken``, ``reject.code_retired``, ``reject.uuid_taken``.
    """
    size = len(good)
    columns["fid"], columns["same_digest"] = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=bool)
    for name in ("known_table", "known_code", "known_class", "known_uuid"):
        columns[name] = np.full(size, None, dtype=object)
    row_of = {key: index for index, key in enumerate(columns["import_key"].tolist()) if key is not None}
    _look_up(store, columns, "import_key", row_of)
    problems = _differing(columns)
    problems += _taken_codes(store, columns, good)
    return problems + _taken_uuids(store, columns, good)


def _look_up(store: Store, columns: Columns, key: str, row_of: dict[str, int]) -> None:
    for table in TABLE_OF_DIMENSION.values() if row_of else ():
        there = store.read(table, _ASKED, [(key, "in", list(row_of))])
        for values in zip(*(there[name].tolist() for name in (key, *_ASKED))):
            own, fid, uuid, code, class_code, _import_key, digest, merged = values
            index = row_of[own]
            # A merged double stays as it was left: the file that brought it would call it back to life.
            same = digest == columns["import_digest"][index] or (key == "import_key" and merged is not None)
            if key == "code" and not same:
                continue
            columns["fid"][index], columns["same_digest"][index] = fid, same
            columns["known_table"][index], columns["known_uuid"][index] = table, uuid
            columns["known_code"][index], columns["known_class"][index] = code, class_code


def moved_away(store: Store, columns: Columns) -> tuple[int, int]:
    """Return how many rows the store knows, and how many of these now lie more than 50 m from where they were."""
    known, changed = columns["fid"] >= 0, np.flatnonzero((columns["fid"] >= 0) & ~columns["same_digest"])
    moved = 0
    for table in TABLE_OF_DIMENSION.values():
        rows = changed[columns["known_table"][changed] == table]
        if not len(rows):
            continue
        there = store.read(table, ["fid", GEOM], [("fid", "in", columns["fid"][rows].tolist())])
        shape_of = dict(zip(there["fid"].tolist(), there[GEOM].tolist()))
        before = np.array([shape_of[fid] for fid in columns["fid"][rows].tolist()], dtype=object)
        moved += int((shapely.distance(columns[GEOM][rows], before) > ELSEWHERE).sum())  # NaN: no place to compare
    return int(known.sum()), moved


def _differing(columns: Columns) -> list[RowProblem]:
    """Find changed rows that want to change what is fixed."""
    problems = []
    for index in np.flatnonzero((columns["fid"] >= 0) & ~columns["same_digest"]).tolist():
        row: dict[str, Any] = {name: column[index] for name, column in columns.items() if column.dtype == object}
        reason, value, known = "", None, None
        if row["table"] != row["known_table"]:
            reason, value, known = "reject.kind_changed", row["table"], row["known_table"]
        elif row["uuid"] and row["uuid"] != row["known_uuid"]:
            reason, value, known = "reject.uuid_fixed", row["uuid"], row["known_uuid"]
        elif row["known_code"] and row["code"] and row["code"] != row["known_code"]:
            reason, value, known = "reject.code_fixed", row["code"], row["known_code"]
        elif row["known_code"] and row["class_code"] != row["known_class"]:
            reason, value, known = "reject.class_fixed", row["class_code"], row["known_code"]
        if reason:
            problems.append(RowProblem(index, reason, {"value": value, "known": known}))
    return problems


def _taken_codes(store: Store, columns: Columns, good: NDArray[np.bool_]) -> list[RowProblem]:
    """Find rows whose code belongs to another component; the very same row of a renamed file is no conflict."""
    unknown = good & is_none(columns["known_code"]) & ~columns["same_digest"]
    codes = {columns["code"][index]: index for index in np.flatnonzero(unknown).tolist() if columns["code"][index]}
    if not codes:
        return []
    there = store.read("code_register", ["code", "status"], [("code", "in", list(codes))])
    back = withdrawn(store, there["code"])
    status = {code: state for code, state in zip(there["code"].tolist(), there["status"].tolist()) if code not in back}
    _look_up(store, columns, "code", {code: codes[code] for code in status if columns["fid"][codes[code]] < 0})
    return [
        RowProblem(codes[code], "reject.code_taken" if state == "issued" else "reject.code_retired", {"value": code})
        for code, state in status.items()
        if not columns["same_digest"][codes[code]]
    ]


def _taken_uuids(store: Store, columns: Columns, good: NDArray[np.bool_]) -> list[RowProblem]:
    new = np.flatnonzero(good & (columns["fid"] < 0)).tolist()
    uuids = {columns["uuid"][index]: index for index in new if columns["uuid"][index]}
    problems = []
    for table in TABLE_OF_DIMENSION.values() if uuids else ():
        for uuid in store.read(table, ["uuid"], [("uuid", "in", list(uuids))])["uuid"].tolist():
            problems.append(RowProblem(uuids[uuid], "reject.uuid_taken", {"value": uuid}))
    return problems
