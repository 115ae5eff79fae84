# SPDX-License-Identifier: GPL-2.0-or-later
"""The open pairs of doubles as a list to work through, and two components side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Context, Store
from digital_citymgmt_plugin.core.requests_duplicates import ComparePair, ListDuplicates
from digital_citymgmt_plugin.services.duplicates import RULES
from digital_citymgmt_plugin.services.issues import all_params

SHOWN = (
    "code", "class_code", "name", "manager_dept", "owner_dept", "maintainer_dept", "grid_code", "community_code",
    "state", "first_on", "changed_on", "source", "accuracy", "photo_count", "remark", "attributes", "import_key",
)  # fmt: skip


def list_duplicates(context: Context, request: ListDuplicates) -> dict[str, Any]:
    """List the open pairs, the surest first; equal ones in the order in which they were found.

    Returns
    -------
    dict
        ``pairs``: ``issue`` (uuid), ``rule``, ``one``, ``two`` (uuids), ``table``, ``code``, ``other_code``,
        ``class_code``, ``class_name``, ``other_class_code``, ``other_class_name``, ``distance`` (m), ``score``,
        ``reasons``; ``total``;
        ``same_code``: how many of all have the same code as a reason.
    """
    store = context.need_store()
    where = [("rule", "in", list(RULES)), ("state", "=", "open")]
    names = ["uuid", "rule", "table_name", "object_uuid", "params"]
    rows = store.read("check_issue", names, where, ["fid"])
    values = all_params(rows["params"].tolist())
    scores = np.array([_score(one) for one in values], dtype=np.float64)
    reasons = [one["reasons"] if isinstance(one.get("reasons"), list) else [] for one in values]
    pairs = [
        {
            "issue": rows["uuid"][at], "rule": rows["rule"][at], "table": rows["table_name"][at],
            "one": rows["object_uuid"][at], "two": values[at].get("other"), "distance": values[at].get("distance"),
            "score": float(scores[at]), "reasons": reasons[at],
        }
        for at in np.argsort(-scores, kind="stable")[: max(1, request.limit)].tolist()
    ]  # fmt: skip
    _describe(store, pairs)
    return {"pairs": pairs, "total": len(values), "same_code": sum("code" in one for one in reasons)}


def _score(values: dict[str, Any]) -> float:
    score = values.get("score")
    return float(score) if isinstance(score, (int, float)) else 0.0


def _describe(store: Store, pairs: list[dict[str, Any]]) -> None:
    """Add code and class of both ends."""
    uuids = sorted({str(pair[end]) for pair in pairs for end in ("one", "two")})
    known: dict[str, tuple[Any, Any]] = {}
    for table in TABLES if uuids else ():
        part = store.read(table, ["uuid", "code", "class_code"], [("uuid", "in", uuids)])
        columns = (part[name].tolist() for name in ("uuid", "code", "class_code"))
        known.update((uuid, (code, kind)) for uuid, code, kind in zip(*columns))
    titles = {entry.code: entry.name for entry in store.profile().classes if entry.kind == COMPONENT}
    for pair in pairs:
        for end, prefix in (("one", ""), ("two", "other_")):
            code, kind = known.get(str(pair[end]), (None, None))
            pair[f"{prefix}code"], pair[f"{prefix}class_code"] = code, kind
            pair[f"{prefix}class_name"] = titles.get(str(kind), kind)


def compare_pair(context: Context, request: ComparePair) -> dict[str, Any]:
    """Return two components side by side.

    Returns
    -------
    dict
        ``rows``: column, value of the one, value of the other; ``ends``: of each ``uuid``, ``table``, ``fid``,
        ``extent`` (store's CRS, None without place), ``photos`` (paths in the city's photo folder) and ``cases``
        (how many are linked to it).

    Raises
    ------
    InputRefused
        ``duplicates.unknown``.
    """
    store = context.need_store()
    found = [_one(store, uuid) for uuid in (request.one, request.two)]
    values, ends = [one for one, _ in found], [end for _, end in found]
    return {"rows": [[name, values[0][name], values[1][name]] for name in SHOWN], "ends": ends}


def _one(store: Store, uuid: str) -> tuple[dict[str, Any], dict[str, Any]]:
    for table in TABLES:
        part = store.read(table, ["fid", *SHOWN, GEOM], [("uuid", "=", uuid)])
        if len(part["fid"]):
            shape = part[GEOM][0]
            there = shape is not None and not shape.is_empty
            extent = [float(value) for value in shapely.bounds(shape)] if there else None
            photos = store.read("photo", ["path"], [("object_uuid", "=", uuid)], ["fid"])["path"].tolist()
            end = {
                "uuid": uuid, "table": table, "fid": int(part["fid"][0]), "extent": extent, "photos": photos,
                "cases": store.count("case_record", [("component_uuid", "=", uuid)]),
            }  # fmt: skip
            return {name: part[name][0] for name in SHOWN}, end
    raise InputRefused("duplicates.unknown", value=uuid)
