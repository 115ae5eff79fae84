# SPDX-License-Identifier: GPL-2.0-or-later
"""The board of sheets: made over the city, given to crews, counted, followed day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.basemap.themes import NO_GROUND
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.census.rows import clean_dates
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Action, Columns, Context, Sheet, Store
from digital_citymgmt_plugin.core.requests_desk import ExportSheets, ListSheets, MakeSheets, UpdateSheets
from digital_citymgmt_plugin.core.sheet_squares import MOST, Place, in_order, reach, square, squares_of
from digital_citymgmt_plugin.core.sheets import SIZE, STATUSES, number_of
from digital_citymgmt_plugin.services.intake import objects, today
from digital_citymgmt_plugin.services.issue_lists import told
from digital_citymgmt_plugin.services.issues import OPEN
from digital_citymgmt_plugin.services.sheet_names import name_sheets

BASE = ("base_point", "base_line", "base_area", "base_text")
_COLUMNS = ("fid", "uuid", "number", "number_fine", "name", "crew", "status", "planned_on", "finished_on", "remark")
_TEXTS = ("crew", "name", "remark")
_DONE = ("checked", "accepted")
HEADER = ("number", "number_fine", "name", "crew", "status", "planned_on", "finished_on", "components", "issues",
          "remark")  # fmt: skip


def make_sheets(context: Context, request: MakeSheets) -> dict[str, Any]:
    """Make the sheets that are missing over the communities or the base map; those that are there stay as they are.

    Returns
    -------
    dict
        Counts ``sheets`` (all that are wanted), ``inserted``, ``unchanged``.

    Raises
    ------
    InputRefused
        ``sheets.cover``, ``sheets.size`` (no multiple of 10 m from 50 m to 10 km), ``sheets.nothing`` to cover,
        ``sheets.too_many``, ``sheets.other_size`` (sheets of another size bear the numbers).
    """
    store, size = context.need_store(), request.size
    if not (50 <= size <= 10_000 and size % 10 == 0):
        raise InputRefused("sheets.size", value=f"{size:g}")
    places = _wanted(context, store, request.cover, size)
    if not places:
        raise InputRefused("sheets.nothing", cover=request.cover)
    if len(places) > MOST:
        raise InputRefused("sheets.too_many", count=len(places), most=MOST)
    there = _sizes(store)
    numbers = [number_of(column * size, row * size, size) for column, row in places]
    other = [number for number in numbers if abs(there.get(number, size) - size) > 1.0]
    if other:  # the number tells the corner only
        raise InputRefused("sheets.other_size", number=other[0], count=len(other), size=f"{there[other[0]]:g}")
    fresh = [place for place, number in zip(places, numbers) if number not in there]
    counts = {"sheets": len(places), "inserted": len(fresh), "unchanged": len(places) - len(fresh)}
    answer: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": []}
    if not fresh:
        return answer
    with store.action("make_sheets", cover=request.cover, size=size) as action:
        insert_sheets(store, action, fresh, size)
        action.counts.update(counts)
        return {**answer, "operation": action.operation_uuid, "tables": ["sheet"]}


def _sizes(store: Store) -> dict[str, float]:
    """Return the side of each sheet in metres, by its number; NaN of those that are no squares (cut, or undrawn)."""
    rows = store.read("sheet", ["number", GEOM])
    boxes = shapely.bounds(rows[GEOM]).reshape(-1, 4)
    sides = boxes[:, 2:] - boxes[:, :2]
    with np.errstate(invalid="ignore"):
        square_ones = np.abs(sides[:, 0] - sides[:, 1]) < 1.0
    return dict(zip(rows["number"].tolist(), np.where(square_ones, sides[:, 0], np.nan).tolist()))


def insert_sheets(store: Store, action: Action, places: Sequence[Place], size: float = SIZE) -> None:
    """Add sheets with both numbers, name, square and the status ``open``.

    Parameters
    ----------
    places : sequence of (column, row)
        South-west corners in whole sheets of ``size`` metres; none of them may be there yet.
    """
    corners = [(column * size, row * size) for column, row in places]
    action.insert(
        "sheet",
        {
            "number": objects(number_of(x, y, size) for x, y in corners),
            "number_fine": objects(number_of(x, y, size, fine=True) for x, y in corners),
            "name": name_sheets(store, corners, size), "status": objects(["open"] * len(corners)),
            GEOM: objects(square(place, size) for place in places),
        },
    )  # fmt: skip


def _wanted(context: Context, store: Store, cover: str, size: float) -> list[Place]:
    if cover == "communities":
        where = [("level", "=", "community"), ("valid_to", "is null", None)]
        areas = store.read("admin_area", [GEOM], where)[GEOM]
        most = np.nanmax(np.append(reach(areas, size), 0.0))
        if most > MOST:  # one is no metres: it must not be left out as a drawing's slip is
            raise InputRefused("sheets.too_many", count=int(min(most, 1e15)), most=MOST)
        return in_order(squares_of(areas, size))
    if cover != "base_map":
        raise InputRefused("sheets.cover", value=cover, known="communities, base_map")
    found: set[Place] = set()
    for table in BASE:
        for part in store.chunks(table, [GEOM], [("theme", "not in", list(NO_GROUND))]):
            context.cancel.check()
            found |= squares_of(part[GEOM], size)
    return in_order(found)


def list_sheets(context: Context, request: ListSheets | ExportSheets) -> dict[str, Any]:
    """List the sheets, north to south and west to east, with how many components and open issues lie on each.

    An object on the line between two sheets counts on one of them, so that the sums tie; ``off`` counts those on none.

    Returns
    -------
    dict
        ``sheets``: dicts with the columns of the table, ``components``, ``issues`` and ``extent``; ``crews``: dicts
        with ``crew``, ``sheets``, the number by status, ``components`` and ``issues``; ``days``: [day, finished, of all
        so far]; ``off``: components and issues on no sheet. Counts ``sheets`` and by status.
    """
    store = context.need_store()
    rows = store.read("sheet", [*_COLUMNS, GEOM])
    bounds = shapely.bounds(rows[GEOM]) if len(rows["fid"]) else np.empty((0, 4))
    order = np.lexsort((bounds[:, 0], -bounds[:, 1]))
    rows = {name: column[order] for name, column in rows.items()}
    components, off = _per_sheet(context, rows, COMPONENTS)
    issues, issues_off = _per_sheet(context, rows, ("check_issue",), [("state", "=", OPEN)])
    listed = []
    for at in range(len(order)):
        item = {name: rows[name][at] for name in _COLUMNS if name != "fid"}
        box = bounds[order[at]]
        extent = [float(side) for side in box] if np.isfinite(box).all() else None
        item["status"] = item["status"] if item["status"] in STATUSES else STATUSES[0]
        listed.append({**item, "fid": int(rows["fid"][at]), "components": int(components[at]),
                       "issues": int(issues[at]), "extent": extent})  # fmt: skip
    by_status = Counter(item["status"] for item in listed)
    return {
        "counts": {"sheets": len(listed), **{status: by_status[status] for status in STATUSES}},
        "sheets": listed, "crews": _crews(listed), "days": _days(listed),
        "off": {"components": off, "issues": issues_off}, "operation": None, "tables": [], "notes": [],
    }  # fmt: skip


def _per_sheet(context: Context, rows: Columns, tables: tuple[str, ...], where: Any = ()) -> tuple[Any, int]:
    store, sheets = context.need_store(), len(rows["fid"])
    found, off = np.zeros(sheets, dtype=np.int64), 0
    for at, table in enumerate(tables):
        for part in store.packed(table, [XY], where):
            context.progress(at / len(tables), "progress.locating")
            context.cancel.check()
            cell = locate_points(part[XY], rows[GEOM])
            found += np.bincount(cell[cell >= 0], minlength=sheets)
            off += int((cell < 0).sum())
    return found, off


def _crews(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for item in listed:
        crew = str(item["crew"] or "")
        zero = {"crew": crew, "sheets": 0, **dict.fromkeys(STATUSES, 0), "components": 0, "issues": 0}
        sums = found.setdefault(crew, zero)
        sums["sheets"] += 1
        sums[item["status"]] += 1
        for name in ("components", "issues"):
            sums[name] += item[name]
    return [found[crew] for crew in sorted(found, key=lambda crew: (not crew, crew))]


def _days(listed: list[dict[str, Any]]) -> list[list[Any]]:
    days = Counter(str(item["finished_on"])[:10] for item in listed if item["finished_on"])
    result, sofar = [], 0
    for day in sorted(days):
        sofar += days[day]
        result.append([day, days[day], sofar])
    return result


def update_sheets(context: Context, request: UpdateSheets) -> dict[str, Any]:
    """Set status, crew, name, dates or remark of sheets, by either of their numbers.

    A sheet that becomes checked or accepted without a day of finishing gets today's, in the time zone of the store; one
    that goes back to open or into the field loses it. A day given in the request always wins.

    Returns
    -------
    dict
        Counts ``updated``, ``unchanged``.

    Raises
    ------
    InputRefused
        ``sheets.status``, ``sheets.date``, ``sheets.no_values``, ``sheets.unknown``.
    """
    store = context.need_store()
    values = _values(request)
    rows = _find(store, request.numbers)
    updates: dict[str, list[Any]] = {name: [value] * len(rows["fid"]) for name, value in values.items()}
    status = values.get("status")
    if status is not None and "finished_on" not in values:
        if status in _DONE:
            day = today(context)
            updates["finished_on"] = [known or day for known in rows["finished_on"].tolist()]
        elif status in ("open", "field"):
            updates["finished_on"] = [None] * len(rows["fid"])
    differs = np.zeros(len(rows["fid"]), dtype=bool)
    for name, column in updates.items():
        differs |= np.array([old != new for old, new in zip(rows[name].tolist(), column)], dtype=bool)
    counts = {"updated": int(differs.sum()), "unchanged": int((~differs).sum())}
    answer: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": []}
    if not differs.any():
        return answer
    with store.action("update_sheets") as action:
        action.update("sheet", rows["fid"][differs], {key: objects(col)[differs] for key, col in updates.items()})
        action.counts.update(counts)
        action.note(values=values)
        return {**answer, "operation": action.operation_uuid, "tables": ["sheet"]}


def _values(request: UpdateSheets) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if request.status is not None:
        if request.status not in STATUSES:
            raise InputRefused("sheets.status", value=request.status, known=", ".join(STATUSES))
        values["status"] = request.status
    for name in _TEXTS:
        given = getattr(request, name)
        if given is not None:
            values[name] = " ".join(given.split())[:254] or None
    for name in ("planned_on", "finished_on"):
        given = getattr(request, name)
        if given is not None:
            days, wrong = clean_dates([given], name)
            if wrong:
                raise InputRefused("sheets.date", value=given)
            values[name] = days[0]
    if not values:
        raise InputRefused("sheets.no_values")
    return values


def _find(store: Store, numbers: list[str]) -> Columns:
    asked = list(dict.fromkeys(number.strip() for number in numbers))
    rows = store.read("sheet", _COLUMNS, order=["fid"])
    known = set(rows["number"].tolist()) | set(rows["number_fine"].tolist())
    unknown = [number for number in asked if number not in known]
    if unknown or not asked:
        raise InputRefused("sheets.unknown", value=unknown[0] if unknown else "", count=len(unknown))
    chosen = np.isin(rows["number"].astype(str), asked) | np.isin(rows["number_fine"].astype(str), asked)
    return {name: column[chosen] for name, column in rows.items()}


def export_sheets(context: Context, request: ExportSheets) -> dict[str, Any]:
    """Write the board into a workbook: every sheet, the sums by crew, the daily progress.

    Returns
    -------
    dict
        Counts ``sheets``; ``output``.
    """
    board = list_sheets(context, request)
    words = context.sentences or {}

    def word(name: str) -> str:
        return told(words, "sheets", "column", name)

    def status(name: str) -> str:
        return told(words, "sheets", "status", name)

    rows = [[status(item[name]) if name == "status" else item[name] for name in HEADER] for item in board["sheets"]]
    crews = [list(item.values()) for item in board["crews"]]
    head = ("crew", "sheets", *STATUSES, "components", "issues")
    context.files.write_workbook(
        request.output,
        [
            Sheet(word("sheets"), tuple(map(word, HEADER)), rows),
            Sheet(word("crews"), tuple(status(name) if name in STATUSES else word(name) for name in head), crews),
            Sheet(word("days"), (word("finished_on"), word("finished"), word("so_far")), board["days"]),
        ],
    )
    return {"counts": {"sheets": len(rows)}, "operation": None, "tables": [], "notes": [], "output": request.output}
