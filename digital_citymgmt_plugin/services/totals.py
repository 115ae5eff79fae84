# SPDX-License-Identifier: GPL-2.0-or-later
"""Count the census by class, grid, community, street, department, state and sheet, and show that all of it ties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.allocation import places_in_list
from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.census.totals import NOTHING, Tie, tie_all, tie_parts
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Context, Sheet, Store
from digital_citymgmt_plugin.core.requests import Totals
from digital_citymgmt_plugin.services.health import LIVE
from digital_citymgmt_plugin.services.total_ties import COLUMNS, known_keys, more_ties, whole

ORDER = ("table", "class", "major", "grid", "community", "street", "department", "owner", "state", "sheet")
_CHUNK = 100_000


def totals(context: Context, request: Totals) -> dict[str, Any]:
    """Count components in every way that tables of a delivery do, and compare the sums.

    Every table is counted from the rows by itself; the store's own number of rows is what each has to come to. Unit
    grids are added up by community, communities by street and classes by major class, and compared with what was
    counted for these. Components that state nothing are a line of their own, those in no sheet as well. Merged doubles
    are left out: what they were goes on in another component. Codes are compared with the register, photos and
    candidates with the components that they name (``total_ties.more_ties``).

    Returns
    -------
    dict
        Counts ``components``, ``tables``, ``mismatches``; ``totals`` by table name: ``[key, name, count]``; ``ties``:
        ``by``, ``key``, ``total``, ``expected``, ``blank`` (state nothing), ``unknown`` (state what the catalogue does
        not have), ``ties``. ``TotalObjects`` lists what is behind one.
    """
    store = context.need_store()
    size = sum(store.count(table, [LIVE]) for table in TABLES)
    tables, stated = _count(context, store, size)
    names, major_of, community_of, street_of = _names(store)
    tables["major"] = _grouped(tables["class"], major_of)
    tables["street"] = _grouped(tables["community"], street_of)
    tables = {by: tables[by] for by in ORDER}
    ties = tie_all(tables, size, known_keys(store))
    ties += more_ties(store, stated)
    ties += tie_parts("grid_community", tables["grid"], community_of, tables["community"])
    wrong = [tie for tie in ties if not tie.ties]
    listed = {
        by: [[key, names[by].get(key, ""), counts[key]] for key in sorted(counts)] for by, counts in tables.items()
    }
    if request.output:
        _write(context, request.output, listed, ties, size)
    notes = [
        {"code": "checks.total_differs", "values": {"by": tie.by, "key": tie.key, "total": tie.total,
                                                    "count": tie.expected}}
        for tie in wrong[:20]
    ]  # fmt: skip
    return {
        "counts": {"components": size, "tables": len(tables), "mismatches": len(wrong)}, "operation": None,
        "tables": [], "notes": notes, "totals": listed,
        "ties": [
            {"by": tie.by, "key": tie.key, "total": tie.total, "expected": tie.expected, "blank": tie.blank,
             "unknown": tie.unknown, "ties": tie.ties}
            for tie in ties
        ],
    }  # fmt: skip


def _count(context: Context, store: Store, size: int) -> tuple[dict[str, Counter[str]], int]:
    """Return the tables, and how many photos the components state."""
    sheets = store.read("sheet", ["number", GEOM], [(GEOM, "not null", None)], ["number"])
    tables: dict[str, Counter[str]] = {by: Counter() for by in ORDER}
    done = stated = 0
    for table in TABLES:
        for part in store.chunks(table, [*COLUMNS.values(), "photo_count", XY], [LIVE], _CHUNK):
            context.cancel.check()
            for by, column in COLUMNS.items():
                _add(tables[by], part, column)
            number = locate_points(part[XY], sheets[GEOM])
            found, counts = np.unique(number, return_counts=True)
            for index, count in zip(found.tolist(), counts.tolist()):
                tables["sheet"][sheets["number"][index] if index >= 0 else NOTHING] += count
            tables["table"][table] += len(part["fid"])
            stated += sum(map(whole, part["photo_count"].tolist()))
            done += len(part["fid"])
            context.progress(0.9 * done / max(size, 1), "progress.reading_components")
    return tables, stated


def _add(counts: Counter[str], part: Columns, column: str) -> None:
    values, places = places_in_list(part[column])
    for value, count in zip(values.tolist(), np.bincount(places, minlength=len(values)).tolist()):
        counts[NOTHING if value is None else str(value)] += count


def _names(store: Store) -> tuple[dict[str, dict[str, str]], dict[str, str], dict[str, str], dict[str, str]]:
    """Return names by table and key; the major class of classes, the community of grids, the street of communities."""
    names: dict[str, dict[str, str]] = {by: {} for by in ORDER}
    major_of, community_of, street_of = {}, {}, {}
    profile = store.profile()
    for entry in profile.classes:
        if entry.kind == "component":
            names["class"][entry.code], names["major"][entry.major_code] = entry.name, entry.major_name
            major_of[entry.code] = entry.major_code
    names["department"] = names["owner"] = {item.code: item.name for item in profile.departments}
    areas = store.read("admin_area", ["level", "code", "name", "parent_code"], [("valid_to", "is null", None)])
    for level, code, name, parent in zip(*(areas[column].tolist() for column in areas)):
        if level in names:
            names[level][code] = name
        if level == "community" and parent:
            street_of[code] = parent
    grids = store.read("unit_grid", ["code", "community_code", "name"], [("code", "not null", None)])
    for code, community, name in zip(*(grids[column].tolist() for column in grids)):
        names["grid"][code] = name or ""
        if community:
            community_of[code] = community
    sheets = store.read("sheet", ["number", "name"])
    names["sheet"] = {number: name or "" for number, name in zip(sheets["number"].tolist(), sheets["name"].tolist())}
    return names, major_of, community_of, street_of


def _grouped(counts: Counter[str], parent: Mapping[str, str]) -> Counter[str]:
    grouped: Counter[str] = Counter()
    for key, count in counts.items():
        grouped[parent.get(key, NOTHING)] += count
    return grouped


def _write(
    context: Context, path: str, listed: Mapping[str, Sequence[Sequence[Any]]], ties: Sequence[Tie], size: int
) -> None:
    """Write one sheet with the comparison and one for each table, its sum and the check under it."""
    words = context.sentences or {}

    def word(code: str) -> str:
        return words.get(f"totals.{code}") or code

    def verdict(good: bool) -> str:
        return word("equal" if good else "differs")

    rows = [[word(tie.by), tie.key, tie.total, tie.expected, tie.blank, tie.unknown, verdict(tie.ties)] for tie in ties]
    header = tuple(word(name) for name in ("by", "key", "sum", "expected", "blank", "unknown", "check"))
    sheets = [Sheet(word("check"), header, rows, (word("title"),))]
    for by, lines in listed.items():
        total = sum(line[2] for line in lines)
        body = [[word(line[0]) if by == "table" else line[0] or word("nothing"), line[1], line[2]] for line in lines]
        body += [[word("sum"), "", total], [word("check"), verdict(total == size), size]]
        sheets.append(Sheet(word(by), (word("key"), word("name"), word("count")), body, (word("title"),)))
    context.files.write_workbook(path, sheets)
