# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings as ``check_issue`` rows, kept in step with what is found now: never twice, never stale, waived ones kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.ports import GEOM, Action, Store
from digital_citymgmt_plugin.services.intake import objects

CHUNK = 20_000
CASES = "case_record"
OPEN, SETTLED = "open", "settled"

WHY_LEFT = "why_left"  # among the values: the code of the reason why an issue was not mended, no part of what was found
Key = tuple[Optional[str], str, str]  # object, rule, values


@dataclass(frozen=True)
class Found:
    """One finding: the object's uuid (None: of no object), the rule, its values and the place on the map.

    ``shape``: the exact geometry, where it is more than the point that ``geometry`` is.
    """

    uuid: str | None
    rule: str
    values: dict[str, Any]
    geometry: Any = None
    table: str = CASES
    level: str = "warning"
    shape: Any = None


@dataclass(frozen=True)
class Changes:
    """What has to be written so that the list of issues says what was found."""

    fresh: list[Found]
    changed: list[tuple[int, Found]]
    settled: list[int]
    told: list[tuple[int, Found]] = field(default_factory=list)  # as they were, but with another reason why left

    @property
    def any(self) -> bool:
        """Whether there is something to write."""
        return bool(self.fresh or self.changed or self.settled or self.told)


def compare(store: Store, rules: Sequence[str], uuids: Iterable[str | None] | None, found: Sequence[Found]) -> Changes:
    """Compare what was found with the issues that the store holds.

    Parameters
    ----------
    rules : sequence of str
        The rules that were looked at; issues of other rules are left alone.
    uuids : iterable of str or None, or None
        The objects that were looked at (None among them: issues of no object); None means all.
    found : sequence of Found
        Further ones of equal object, rule and values are dropped.

    Notes
    -----
    A waived issue that is found again with the same values stays waived. One that is not found any more becomes
    ``settled``, whatever its state was.
    """
    new: dict[Key, Found] = {}
    for item in found:
        new.setdefault((item.uuid, item.rule, _bare(_params(item))), item)
    gone: list[tuple[int, str | None, str]] = []
    told: list[tuple[int, Found]] = []
    for fid, uuid, rule, params, state in _held(store, rules, uuids):
        if state == SETTLED:
            continue
        again = new.pop((uuid, rule, _bare(params)), None)
        if again is None:
            gone.append((fid, uuid, rule))
        elif WHY_LEFT in again.values and _params(again) != params:
            told.append((fid, again))
    # A finding whose values changed stays the same issue.
    waiting: dict[tuple[str | None, str], list[Key]] = {}
    for key in new:
        if key[0] is not None:
            waiting.setdefault(key[:2], []).append(key)
    changed: list[tuple[int, Found]] = []
    settled: list[int] = []
    for fid, uuid, rule in gone:
        keys = waiting.get((uuid, rule))
        if keys:
            changed.append((fid, new.pop(keys.pop())))
        else:
            settled.append(fid)
    return Changes(list(new.values()), changed, settled, told)


def write(action: Action, changes: Changes) -> None:
    """Write the changes of the list of issues."""
    if changes.fresh:
        fresh = changes.fresh
        action.insert(
            "check_issue",
            {
                "rule": objects(item.rule for item in fresh), "table_name": objects(item.table for item in fresh),
                "object_uuid": objects(item.uuid for item in fresh), **_columns(fresh),
            },
        )  # fmt: skip
    if changes.changed:
        fids = np.array([fid for fid, _ in changes.changed], dtype=np.int64)
        states = objects([OPEN] * len(fids))
        # A waiver was of the old values: who gave it, and why, goes with it.
        none = objects([None] * len(fids))
        waiver = {"waived_by": none, "waived_at": none, "reason": none}
        columns = _columns([item for _, item in changes.changed])
        action.update("check_issue", fids, {"state": states, **waiver, **columns})
    if changes.told:
        fids = np.array([fid for fid, _ in changes.told], dtype=np.int64)
        action.update("check_issue", fids, {"params": objects(_params(item) for _, item in changes.told)})
    if changes.settled:
        fids = np.array(changes.settled, dtype=np.int64)
        size = len(fids)
        columns = {"state": objects([SETTLED] * size), "settled_at": objects([action.at] * size)}
        action.update("check_issue", fids, columns)


def _columns(found: Sequence[Found]) -> dict[str, NDArray[Any]]:
    return {
        "level": objects(item.level for item in found), "params": objects(_params(item) for item in found),
        GEOM: objects(item.geometry for item in found), "shape": shapely.to_wkb(objects(item.shape for item in found)),
    }  # fmt: skip


def uuids_of(store: Store, table: str, fids: NDArray[np.int64]) -> dict[int, str]:
    """Return the uuids of objects by fid."""
    result: dict[int, str] = {}
    for start in range(0, len(fids), CHUNK):
        rows = store.read(table, ["fid", "uuid"], [("fid", "in", fids[start : start + CHUNK].tolist())])
        result.update(zip(rows["fid"].tolist(), rows["uuid"].tolist()))
    return result


def params_of(text: Any) -> dict[str, Any]:
    """Return the values of an issue's sentence; what is no JSON object gives none."""
    try:
        found = json.loads(text) if text else {}
    except (TypeError, ValueError):
        found = {}
    return found if isinstance(found, dict) else {}


def all_params(texts: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the values of many issues, as ``params_of`` does; read as one text, which is four times faster."""
    try:
        found = json.loads("[" + ",".join([text or "{}" for text in texts]) + "]")
    except (TypeError, ValueError):  # one of them is no JSON
        found = []
    if len(found) == len(texts) and all(isinstance(one, dict) for one in found):
        return list(found)
    return [params_of(text) for text in texts]


def _params(item: Found) -> str:
    return json.dumps(item.values, ensure_ascii=False, sort_keys=True, default=str)


def _bare(params: str) -> str:
    """Return the values without the reason why the issue was left."""
    if not params or f'"{WHY_LEFT}"' not in params:
        return params
    values = {name: value for name, value in params_of(params).items() if name != WHY_LEFT}
    return json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)


def _held(
    store: Store, rules: Sequence[str], uuids: Iterable[str | None] | None
) -> Iterable[tuple[int, str | None, str, str, str]]:
    names = ["fid", "object_uuid", "rule", "params", "state"]
    where: list[tuple[str, str, Any]] = [("rule", "in", list(rules))]
    if uuids is None:
        for part in store.chunks("check_issue", names, where):
            yield from zip(*(part[name].tolist() for name in names))
        return
    listed = list(uuids)
    if None in listed:
        part = store.read("check_issue", names, [*where, ("object_uuid", "is null", None)])
        yield from zip(*(part[name].tolist() for name in names))
    known = [uuid for uuid in listed if uuid is not None]
    for start in range(0, len(known), CHUNK):
        part = store.read("check_issue", names, [*where, ("object_uuid", "in", known[start : start + CHUNK])])
        yield from zip(*(part[name].tolist() for name in names))
