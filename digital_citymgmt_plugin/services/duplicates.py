# SPDX-License-Identifier: GPL-2.0-or-later
"""Components that may be one thing surveyed twice: found, and listed as issues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.census.duplicates import Pairs, find_pairs, reason_names
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Context, Store
from digital_citymgmt_plugin.core.requests_duplicates import FindDuplicates
from digital_citymgmt_plugin.services.double_issues import CANDIDATES, covered, settle
from digital_citymgmt_plugin.services.duplicate_evidence import Census, read_census
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issues import CHUNK, Found, compare, params_of, uuids_of, write

RULES = CANDIDATES
_RULE_OF = {"code": RULES[0], "near": RULES[1], "spot": RULES[2], "photo": RULES[3], "look": RULES[3]}
WAIVED = "waived"
LARGEST = 100.0  # m: a larger tolerance is a slip


@dataclass(frozen=True)
class Doubles:
    """Pairs found in a store: the census read, the pairs of its rows, uuid and code by row, which pairs are waived."""

    census: Census
    pairs: Pairs
    uuid: dict[int, str]
    waived: NDArray[np.bool_]


def find_duplicates(context: Context, request: FindDuplicates) -> dict[str, Any]:
    """Find pairs of components that may be one, and keep them as issues ``component.duplicate_…``.

    Compared are components that are neither merged nor in a state of those that are gone (移除, 废弃). The tolerance is
    that of the class unless ``request.tolerance`` (m) overrides it. A pair that was waived stays so, whatever its
    values; one that is not found any more is settled. A second run with nothing new writes nothing.

    Returns
    -------
    dict
        Counts ``read``, ``pairs``, ``clusters`` and, by kind of evidence (a pair may have several), ``same_code``,
        ``near``, ``one_spot``, ``same_photo``; ``waived``; ``fresh`` and ``settled`` issues; ``taken_over``: issues of
        ``near_double`` and ``same_spot`` that say the same of a pair and are settled (``double_issues``). ``output``:
        the file.

    Raises
    ------
    InputRefused
        ``duplicates.tolerance``, ``duplicates.too_many``.
    """
    store = context.need_store()
    doubles = look_for(context, store, request.tolerance)
    counts = count_pairs(doubles)
    context.progress(0.75, "progress.comparing")
    found = _found(store, doubles)
    changes = compare(store, RULES, None, found)
    over = covered(store, ((str(one.uuid), str(one.values["other"])) for one in found))
    counts.update(fresh=len(changes.fresh), settled=len(changes.settled), taken_over=len(over))
    result: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": []}
    if request.output:
        context.progress(0.85, "progress.writing")
        write_pairs(context, store, doubles, np.arange(len(doubles.pairs)), request.output)
        result.update(output=request.output, files_wait=context.preview)
    if changes.any or len(over):
        context.progress(0.92, "progress.saving")
        context.cancel.check()
        with store.action("find_duplicates", tolerance=request.tolerance) as action:
            write(action, changes)
            settle(action, over)
            context.cancel.check()
            action.counts.update(counts)
            result["operation"] = action.operation_uuid
        result["tables"] = ["check_issue"]
    return result


def look_for(context: Context, store: Store, tolerance: float | None) -> Doubles:
    """Read the census and find its pairs; ``tolerance`` (m) overrides those of the classes.

    Raises
    ------
    InputRefused
        ``duplicates.tolerance`` when it is negative, no number or above 100 m.
    """
    if tolerance is not None and not 0 <= tolerance <= LARGEST:
        raise InputRefused("duplicates.tolerance", value=tolerance, most=LARGEST)
    census = read_census(context, store)
    context.cancel.check()
    context.progress(0.45, "progress.comparing")
    limits = _limits(store, census.class_names, tolerance)
    shapes = census.shapes if (census.kind > 0).any() else None
    pairs = find_pairs(
        shapes, census.boxes, census.kind, census.classes, limits[census.classes] if len(limits) else np.empty(0),
        codes=census.codes, photos=census.photos, looks=census.looks,
    )  # fmt: skip
    context.cancel.check()
    context.progress(0.65, "progress.comparing")
    rows = np.unique(np.concatenate([pairs.first, pairs.second]))
    uuid: dict[int, str] = {}
    for number, table in enumerate(TABLES):
        mine = rows[census.kind[rows] == number]
        names = uuids_of(store, table, census.fid[mine])
        uuid.update((row, names[fid]) for row, fid in zip(mine.tolist(), census.fid[mine].tolist()))
    held = set(_waived(store))
    ends = zip(pairs.first.tolist(), pairs.second.tolist())
    waived = np.array([frozenset((uuid[a], uuid[b])) in held for a, b in ends], dtype=bool)
    return Doubles(census, pairs, uuid, waived)


def count_pairs(doubles: Doubles) -> dict[str, int]:
    """Count what was found."""
    reasons = doubles.pairs.reasons
    return {
        "read": len(doubles.census.fid), "pairs": len(doubles.pairs),
        "clusters": int(doubles.pairs.cluster.max()) + 1 if len(doubles.pairs) else 0,
        "same_code": int((reasons & 1 > 0).sum()), "near": int((reasons & 2 > 0).sum()),
        "one_spot": int((reasons & 4 > 0).sum()), "same_photo": int((reasons & 24 > 0).sum()),
        "waived": int(doubles.waived.sum()),
    }  # fmt: skip


def _limits(store: Store, names: list[str], tolerance: float | None) -> NDArray[np.float64]:
    """Return within how many metres two of each class may be one; a class that the profile lacks has a default, too."""
    if tolerance is not None:
        return np.full(len(names), tolerance)
    profile = store.profile()
    classes = profile.class_by_code(COMPONENT)
    other = float(profile.setting("duplicate_other_m"))
    return np.array(
        [profile.duplicate_tolerance(classes[name]) if name in classes else other for name in names], dtype=np.float64
    )


def _waived(store: Store) -> dict[frozenset[str], tuple[str, str, dict[str, Any]]]:
    """Return the waived pairs: both uuids → object, rule, values."""
    result = {}
    where = [("rule", "in", list(RULES)), ("state", "=", WAIVED)]
    for part in store.chunks("check_issue", ["object_uuid", "rule", "params"], where):
        for uuid, rule, params in zip(*(part[name].tolist() for name in ("object_uuid", "rule", "params"))):
            values = params_of(params)
            result[frozenset((str(uuid), str(values.get("other"))))] = (str(uuid), str(rule), values)
    return result


def _found(store: Store, doubles: Doubles) -> list[Found]:
    """Return the pairs as findings of their first component; a waived one with the values that were waived."""
    census, pairs = doubles.census, doubles.pairs
    held = _waived(store) if doubles.waived.any() else {}
    places = _middles(census, pairs)
    columns = (pairs.first, pairs.second, pairs.distance, pairs.score, pairs.reasons)
    result = []
    for index, (one, two, distance, score, bits) in enumerate(zip(*(column.tolist() for column in columns))):
        mine, other = doubles.uuid[one], doubles.uuid[two]
        names = reason_names(bits)
        rule = _RULE_OF[names[0]]
        values: dict[str, Any] = {
            "other": other, "distance": None if distance != distance else round(distance, 2), "score": score,
            "reasons": names,
        }  # fmt: skip
        if doubles.waived[index]:
            mine, rule, values = held[frozenset((mine, other))]
        result.append(Found(mine, rule, values, places[index], TABLES[int(census.kind[one])]))
    return result


def _middles(census: Census, pairs: Pairs) -> NDArray[Any]:
    """Return the point between the two of each pair, None where neither has a place."""
    ends = [(census.boxes[rows, :2] + census.boxes[rows, 2:]) / 2.0 for rows in (pairs.first, pairs.second)]
    ends = [np.where(np.isfinite(one), one, two) for one, two in (ends, ends[::-1])]
    middle = (ends[0] + ends[1]) / 2.0
    there = np.isfinite(middle).all(axis=1)
    points = np.full(len(middle), None, dtype=object)
    points[there] = shapely.points(middle[there])
    return points


def write_pairs(context: Context, store: Store, doubles: Doubles, chosen: NDArray[np.int64], path: str) -> None:
    """Write pairs as a layer of points between the two (GPKG, SHP, GeoJSON) or a table (XLSX, CSV).

    A preview writes none: who says no to its counts has no file and keeps the one that was there.
    """
    if context.preview:
        return
    census, pairs = doubles.census, doubles.pairs
    one, two = pairs.first[chosen], pairs.second[chosen]
    names = objects(census.class_names)
    titles = {entry.code: entry.name for entry in store.profile().classes if entry.kind == COMPONENT}
    codes = _codes_of(store, census, np.unique(np.concatenate([one, two])))
    columns: Columns = {
        "score": pairs.score[chosen], "distance": pairs.distance[chosen].round(3),
        "reasons": objects(", ".join(reason_names(bits)) for bits in pairs.reasons[chosen].tolist()),
        "cluster": pairs.cluster[chosen] + 1,
    }  # fmt: skip
    for end, rows in (("", one), ("other_", two)):
        classes = names[census.classes[rows]]
        columns[f"{end}class"] = classes
        columns[f"{end}name"] = objects(titles.get(code, "") for code in classes.tolist())
        columns[f"{end}code"] = objects(codes.get(row) for row in rows.tolist())
        columns[f"{end}table"] = objects(TABLES[number] for number in census.kind[rows].tolist())
        columns[f"{end}fid"] = census.fid[rows]
        columns[f"{end}uuid"] = objects(doubles.uuid[row] for row in rows.tolist())
    columns["waived"] = doubles.waived[chosen].astype(np.int64)
    # ``fid`` is a reserved name in GeoPackages.
    columns["this_fid"] = columns.pop("fid")
    columns[GEOM] = _middles(census, pairs)[chosen]
    context.files.write_layer(path, "duplicates", columns, store.meta()["crs"], "Point")


def _codes_of(store: Store, census: Census, rows: NDArray[np.int64]) -> dict[int, Any]:
    result: dict[int, Any] = {}
    for number, table in enumerate(TABLES):
        mine = rows[census.kind[rows] == number]
        row_of = dict(zip(census.fid[mine].tolist(), mine.tolist()))
        fids = list(row_of)
        for start in range(0, len(fids), CHUNK):
            part = store.read(table, ["fid", "code"], [("fid", "in", fids[start : start + CHUNK])])
            result.update((row_of[fid], code) for fid, code in zip(part["fid"].tolist(), part["code"].tolist()))
    return result
