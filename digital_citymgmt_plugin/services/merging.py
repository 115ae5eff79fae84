# SPDX-License-Identifier: GPL-2.0-or-later
"""Doubles of the census into one component each: the older code goes on, cases and photos go over, nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.census.duplicates import CODE, LOOK, NEAR, PHOTO
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Action, Context, Store
from digital_citymgmt_plugin.core.requests_duplicates import MergeDuplicates
from digital_citymgmt_plugin.services.case_events import MERGE, amendments
from digital_citymgmt_plugin.services.duplicates import RULES, look_for, write_pairs
from digital_citymgmt_plugin.services.intake import objects, today
from digital_citymgmt_plugin.services.issues import CHUNK, SETTLED, params_of
from digital_citymgmt_plugin.services.merge_groups import FILLED, Row, groups_of, named_pairs, read_components

REMOVED = "移除"
_BITS = {"code": CODE, "near": NEAR, "photo": PHOTO | LOOK, "any": ~0}
_FOLLOWING = ("candidate", "ruling", "stubborn_place")  # whose ``component_uuid`` follows, without a log of its own
_CHANGED = (
    "case_record", "case_event", "photo", "check_issue", "code_register", "component_change", *_FOLLOWING, *TABLES
)  # fmt: skip


def merge_duplicates(context: Context, request: MergeDuplicates) -> dict[str, Any]:
    """Merge pairs of doubles, or all that are sure enough, in one action.

    Pairs that hang together become one component. The one that goes on is the one named by ``a>b``, else the one whose
    code was issued first, else the one that was there first (``first_on``, then order of entry). It takes values that
    it lacks; the others keep row and code, get the state 移除, ``merged_uuid`` and a retired code. Cases, photos,
    candidates and rulings go over to the one that goes on; each redirected case tells so in its log. Components that
    are merged already are left alone, so that a second run does nothing.

    Returns
    -------
    dict
        Counts ``pairs``, ``going_on``, ``merged_away``, ``already`` (pairs), ``filled`` (values taken over),
        ``cases_redirected``, ``photos_moved``, ``codes_retired``.

    Raises
    ------
    InputRefused
        ``duplicates.pair`` (not two uuids), ``duplicates.unknown`` (no such component), ``duplicates.keep_both`` (two
        of one group are to go on), ``duplicates.reason``, ``duplicates.tolerance``.
    """
    store = context.need_store()
    counts = dict.fromkeys(
        ("pairs", "going_on", "merged_away", "already", "filled", "cases_redirected", "photos_moved", "codes_retired"),
        0,
    )
    result: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": []}
    pairs = named_pairs(request.pairs) if request.pairs else _sure(context, store, request, result)
    counts["pairs"] = len(pairs)
    rows = read_components(store, {uuid for one, two, _ in pairs for uuid in (one, two)})
    groups = groups_of(store, pairs, rows, counts)
    if not groups:
        return result
    context.progress(0.8, "progress.saving")
    context.cancel.check()
    with store.action("merge_duplicates", pairs=len(pairs), reason=request.reason) as action:
        work = _Merge(context, store, action, counts)
        work.components(groups)
        work.followers({gone["uuid"]: kept["uuid"] for kept, others in groups for gone in others})
        context.cancel.check()
        action.counts.update(counts)
        result["operation"] = action.operation_uuid
    result["tables"] = list(_CHANGED)
    return result


def _sure(
    context: Context, store: Store, request: MergeDuplicates, result: dict[str, Any]
) -> list[tuple[str, str, bool]]:
    """Return the pairs found that have the reason and the score asked for; waived ones never."""
    if request.reason not in _BITS or not 0 <= request.least_score <= 1:
        known = ", ".join(_BITS)
        raise InputRefused("duplicates.reason", value=request.reason, score=request.least_score, known=known)
    doubles = look_for(context, store, request.tolerance)
    pairs = doubles.pairs
    good = ((pairs.reasons & _BITS[request.reason]) > 0) & (pairs.score >= request.least_score) & ~doubles.waived
    # Two classes on one spot are a wrong class at the most: that is for a person.
    good &= doubles.census.classes[pairs.first] == doubles.census.classes[pairs.second]
    chosen = np.flatnonzero(good)
    if request.output:
        write_pairs(context, store, doubles, chosen, request.output)
        result.update(output=request.output, files_wait=context.preview)
    ends = zip(pairs.first[chosen].tolist(), pairs.second[chosen].tolist())
    return [(doubles.uuid[one], doubles.uuid[two], False) for one, two in ends]


class _Merge:
    """One merge under way."""

    def __init__(self, context: Context, store: Store, action: Action, counts: dict[str, int]) -> None:
        self.context, self.store, self.action, self.counts = context, store, action, counts
        self.day, self.at = today(context), moment_text(context.clock())
        self.told: list[tuple[str, str, Any]] = []  # first values, which no trigger logs: uuid, column, value

    def components(self, groups: list[tuple[Row, list[Row]]]) -> None:
        """Write the components, their codes and what the triggers do not log."""
        gone: dict[str, list[tuple[Row, str]]] = {}
        for kept, others in groups:
            self._fill(kept, others)
            for row in others:
                gone.setdefault(row["table"], []).append((row, kept["uuid"]))
                self.told.append((row["uuid"], "merged_uuid", kept["uuid"]))
                self.told += [(row["uuid"], "state", REMOVED)] if row["state"] is None else []
                self.told += [(row["uuid"], "changed_on", self.day)] if row["changed_on"] is None else []
        self.counts["going_on"] = len(groups)
        for table, listed in gone.items():
            size = len(listed)
            self.counts["merged_away"] += size
            columns = {
                "state": objects([REMOVED] * size), "changed_on": objects([self.day] * size),
                "merged_uuid": objects(uuid for _, uuid in listed),
            }  # fmt: skip
            self.action.update(table, _fids(row for row, _ in listed), columns)
        self._retire([row["code"] for listed in gone.values() for row, _ in listed if row["code"]])
        columns = {
            "component_uuid": objects(uuid for uuid, _, _ in self.told), "field": objects(n for _, n, _ in self.told),
            "new": objects(str(value) for _, _, value in self.told),
            "reason": objects(["merge_duplicates"] * len(self.told)),
        }  # fmt: skip
        self.action.insert("component_change", columns)

    def _fill(self, kept: Row, others: list[Row]) -> None:
        """Give the kept one what it lacks."""
        values: Row = {}
        for name in FILLED:
            if kept[name] in (None, ""):
                found = next((row[name] for row in others if row[name] not in (None, "")), None)
                if found is not None:
                    values[name] = found
        attributes = _joined([kept["attributes"], *(row["attributes"] for row in others)])
        if attributes is not None and attributes != kept["attributes"]:
            values["attributes"] = attributes
        self._take_place(kept, others)
        if not values:
            return
        self.counts["filled"] += len(values)
        self.told += [(kept["uuid"], name, value) for name, value in values.items() if kept[name] is None]
        columns = {name: objects([value]) for name, value in values.items()}
        self.action.update(kept["table"], _fids([kept]), columns)

    def _take_place(self, kept: Row, others: list[Row]) -> None:
        table = kept["table"]
        if self.store.count(table, [("fid", "=", kept["fid"]), (GEOM, "is null", None)]):
            mine = [row["fid"] for row in others if row["table"] == table]
            there = self.store.read(table, [GEOM], [("fid", "in", mine), (GEOM, "not null", None)], ["fid"])[GEOM]
            if len(there):
                self.action.update(table, _fids([kept]), {GEOM: there[:1]})

    def _retire(self, codes: list[str]) -> None:
        for start in range(0, len(codes), CHUNK):
            where = [("code", "in", codes[start : start + CHUNK]), ("status", "=", "issued")]
            fids = self.store.read("code_register", ["fid"], where)["fid"]
            self.counts["codes_retired"] += len(fids)
            self.action.update("code_register", fids, {"status": objects(["retired"] * len(fids))})

    def followers(self, goes_to: dict[str, str]) -> None:
        """Let all that names a merged component name the one that goes on."""
        listed = sorted(goes_to)
        for start in range(0, len(listed), CHUNK):
            self.context.cancel.check()
            part = listed[start : start + CHUNK]
            self._cases(part, goes_to)
            self._photos(part, goes_to)
            for table in _FOLLOWING:
                self._redirect(table, "component_uuid", part, goes_to)
            for table in TABLES:  # merged before into one that is now merged itself
                self._redirect(table, "merged_uuid", part, goes_to)
        self._settle(goes_to)

    def _redirect(self, table: str, column: str, gone: list[str], goes_to: dict[str, str]) -> NDArray[np.int64]:
        rows = self.store.read(table, ["fid", column], [(column, "in", gone)], ["fid"])
        self.action.update(table, rows["fid"], {column: objects(goes_to[uuid] for uuid in rows[column].tolist())})
        return rows["fid"]

    def _cases(self, gone: list[str], goes_to: dict[str, str]) -> None:
        rows = self.store.read("case_record", ["fid", "stage", "component_uuid"], [("component_uuid", "in", gone)])
        if not len(rows["fid"]):
            return
        self.counts["cases_redirected"] += len(rows["fid"])
        old = rows["component_uuid"].tolist()
        self.action.update("case_record", rows["fid"], {"component_uuid": objects(goes_to[uuid] for uuid in old)})
        changes = [{"component_uuid": [uuid, goes_to[uuid]]} for uuid in old]
        events = amendments(rows["fid"], (rows["stage"], rows["stage"]), changes, self.at, MERGE)
        self.action.insert("case_event", events)

    def _photos(self, gone: list[str], goes_to: dict[str, str]) -> None:
        """Move photos; both ends then say how many they have."""
        rows = self.store.read("photo", ["fid", "object_uuid"], [("object_uuid", "in", gone)], ["fid"])
        old = rows["object_uuid"].tolist()
        if not old:
            return
        self.counts["photos_moved"] += len(old)
        self.action.update("photo", rows["fid"], {"object_uuid": objects(goes_to[uuid] for uuid in old)})
        change: dict[str, int] = {}
        for uuid in old:
            change[uuid] = change.get(uuid, 0) - 1
            change[goes_to[uuid]] = change.get(goes_to[uuid], 0) + 1
        for uuid, row in read_components(self.store, set(change)).items():
            had = row["photo_count"]
            value = max((had or 0) + change[uuid], 0)
            self.action.update(row["table"], _fids([row]), {"photo_count": objects([value])})
            if had is None:
                columns = {"component_uuid": uuid, "field": "photo_count", "new": str(value)}
                columns["reason"] = "merge_duplicates"
                self.action.insert("component_change", {name: objects([text]) for name, text in columns.items()})

    def _settle(self, goes_to: dict[str, str]) -> None:
        """Take the merged pairs off the list of issues."""
        fids: list[int] = []
        for part in self.store.chunks(
            "check_issue", ["fid", "object_uuid", "params"], [("rule", "in", list(RULES)), ("state", "!=", SETTLED)]
        ):
            for fid, uuid, params in zip(*(part[name].tolist() for name in ("fid", "object_uuid", "params"))):
                if uuid in goes_to or params_of(params).get("other") in goes_to:
                    fids.append(fid)
        size = len(fids)
        self.action.update(
            "check_issue", np.array(fids, dtype=np.int64),
            {"state": objects([SETTLED] * size), "settled_at": objects([self.at] * size)},
        )  # fmt: skip


def _joined(texts: list[Any]) -> Any:
    """Put JSON objects of unmapped columns together; the first that has a name wins, what is no object stays out."""
    result: dict[str, Any] = {}
    for number, text in enumerate(texts):
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            if number == 0:
                return text
            continue
        for name, value in found.items():
            if result.get(name) in (None, ""):
                result[name] = value
    if not result or (texts[0] and result == json.loads(texts[0])):
        return texts[0]
    return json.dumps(result, ensure_ascii=False, sort_keys=True)


def _fids(rows: Any) -> NDArray[np.int64]:
    return np.array([row["fid"] for row in rows], dtype=np.int64)
