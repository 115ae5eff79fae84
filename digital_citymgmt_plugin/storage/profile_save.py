# SPDX-License-Identifier: GPL-2.0-or-later
"""A changed profile into the tables of a store: only rows that differ are written, the others keep theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.ports import Action, Columns, Store
from digital_citymgmt_plugin.core.profile import Profile
from digital_citymgmt_plugin.storage.profiles import SETTING, profile_tables

_KEYS: Mapping[str, tuple[str, ...]] = {
    "class": ("kind", "code"),
    "department": ("code",),
    "filing_standard": ("kind", "class_code", "condition_no"),
    "indicator": ("code",),
    "responsibility_rule": ("kind", "class_code", "area_code", "priority"),
    "work_calendar": ("day",),
    "work_hours": ("from_day", "to_day"),
    "class_synonym": ("word", "kind"),
    "workflow_move": ("action", "from_stages"),
    "evaluation_scheme": ("code",),
    "score_term": ("scheme", "indicator"),
    "score_band": ("scheme", "indicator", "start"),
}
TABLES = (*_KEYS, "meta")


def save_profile(store: Store, action: Action, profile: Profile) -> None:
    """Write a profile over the one that a store holds, inside an action.

    Rows are told apart by their keys, not by their place: a row that moved is no change. Settings that the profile does
    not have are taken away.
    """
    tables, meta = profile_tables(profile)
    for table, columns in tables.items():
        _save_table(store, action, table, columns)
    _save_meta(store, action, meta)


def _save_table(store: Store, action: Action, table: str, columns: Columns) -> None:
    keys = _KEYS[table]
    held = store.read(table, ["fid", *columns], order=["fid"])
    row_of: dict[tuple[str, ...], int] = {}
    surplus = []
    for row, key in enumerate(_keys(held, keys)):
        if key in row_of:  # two rows of one key: typed in by hand
            surplus.append(row)
        else:
            row_of[key] = row
    wanted = _keys(columns, keys)
    gone = [row for key, row in row_of.items() if key not in set(wanted)]
    action.delete(table, held["fid"][np.array(sorted([*gone, *surplus]), dtype=np.int64)].astype(np.int64))
    new: list[int] = []
    changed: list[int] = []
    at: list[int] = []
    for place, key in enumerate(wanted):
        if key not in row_of:
            new.append(place)
        elif any(_plain(columns[name][place]) != _plain(held[name][row_of[key]]) for name in columns):
            changed.append(place)
            at.append(row_of[key])
    fids = held["fid"][np.array(at, dtype=np.int64)].astype(np.int64)
    action.update(table, fids, _part(columns, changed))
    action.insert(table, _part(columns, new))


def _save_meta(store: Store, action: Action, wanted: Mapping[str, str]) -> None:
    held = store.read("meta", ["fid", "key", "value"])
    fid_of = dict(zip(held["key"].tolist(), held["fid"].tolist()))
    value_of = dict(zip(held["key"].tolist(), held["value"].tolist()))
    gone = [fid for key, fid in fid_of.items() if key.startswith(SETTING) and key not in wanted]
    action.delete("meta", np.array(gone, dtype=np.int64))
    changed = [key for key, value in wanted.items() if key in fid_of and value_of[key] != value]
    new = [key for key in wanted if key not in fid_of]
    fids = np.array([fid_of[key] for key in changed], dtype=np.int64)
    action.update("meta", fids, {"value": _objects([wanted[key] for key in changed])})
    if new:
        action.insert("meta", {"key": _objects(new), "value": _objects([wanted[key] for key in new])})


def _keys(columns: Columns, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(zip(*([str(_plain(value)) for value in columns[name].tolist()] for name in names)))


def _plain(value: Any) -> Any:
    """Return a value as it counts: nothing is nothing however it is written, 5 is 5.0."""
    if value is None or value != value:
        return ""
    return float(value) if isinstance(value, (int, float)) else value


def _part(columns: Columns, rows: list[int]) -> Columns:
    chosen = np.array(rows, dtype=np.int64)
    return {name: column[chosen] for name, column in columns.items()}


def _objects(values: list[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result
