# SPDX-License-Identifier: GPL-2.0-or-later
"""County, street and community areas into the store: polygons, or a table of codes and names without geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.census.rows import text
from digital_citymgmt_plugin.core.codes import CodeScheme
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.numbering import number_cells
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem, Rule, apply_mapping, check_columns
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Action, Columns, Context, Store
from digital_citymgmt_plugin.core.requests import ImportAreas
from digital_citymgmt_plugin.services.crossed_grids import crossed_grids
from digital_citymgmt_plugin.services.intake import (
    Placer,
    Tally,
    base_name,
    is_none,
    notes_of,
    objects,
    open_layer,
    row_digests,
    source_crs,
    today,
)
from digital_citymgmt_plugin.services.issues import Found, compare, uuids_of, write
from digital_citymgmt_plugin.services.placing import FAR_AWAY_AREAS, multipolygons
from digital_citymgmt_plugin.services.rejecting import CRS, SOURCE, origin_of, reject_list

LEVELS = ("county", "street", "community")
# Where the codes come from: a field; the first digits of a longer code (a vendor's grids tell their communities);
# numbered by place; all rows are one area.
CODES = ("field", "cut", "number", "whole")
_MOST = 999  # areas that a street (or county) can number


def import_areas(context: Context, request: ImportAreas) -> dict[str, Any]:
    """Bring in areas of one level.

    A code is made of digits as long as the city's grid scheme says and starts with the county code. Rows of equal code
    and name are parts of one area. An area that is there already is left alone when name and shape are the same;
    otherwise its old version ends today and a new one begins. A table without geometry leaves the shapes that are
    there; an area that was known by its name alone gets its shape without a new version. Invalid polygons are repaired
    and listed as issues. Overlaps between areas are not looked at. Rejected rows are counted by reason and listed when
    the request names a file for them.

    ``request.codes`` lets areas be made of layers that carry none: ``cut`` takes the first digits of a longer code
    (rows of one community become one area), ``number`` numbers the rows by place (north to south, west to east) in
    streets 001, 002, …, ``whole`` takes all rows as one area. A name that is not there is the code. Such codes are a
    provisional default: the official ones are in the statistics bureau's list.

    With ``request.complete`` areas of the level that are not in the input end today (communities that were merged or
    abolished), unless rows were rejected: one of these may be theirs.

    A note tells how many unit grids are crossed by communities that came in anew (``services.crossed_grids``).

    Returns
    -------
    dict
        Counts ``read``, ``accepted``, ``rejected``, ``inserted``, ``unchanged``, ``updated``, ``repaired``, ``merged``
        (rows that are further parts of an area); ``ended`` if ``complete``.

    Raises
    ------
    InputRefused
        Unknown level or field, no CRS, empty layer, or most of it far from the city.
    """
    if request.level not in LEVELS:
        raise InputRefused("input.level", value=request.level, known=", ".join(LEVELS))
    if request.codes not in CODES:
        raise InputRefused("request.parameters", method=request.method, field="codes")
    store = context.need_store()
    source = open_layer(context, request.input)
    file = base_name(source.info.path)
    try:
        mapping = _mapping(request)
        check_columns(mapping, [item.name for item in source.info.fields], file)
        with_shape = source.info.geometry is not None
        if not with_shape and request.codes in ("number", "whole"):
            raise InputRefused("input.no_geometry", file=file, layer=request.input.layer or "")
        crs = source_crs(context, request.input, source) if with_shape else None
        placer = Placer(context, crs, file, far=FAR_AWAY_AREAS, strict=True)
        with reject_list(context, request.rejects, source) as rejects:
            tally = Tally(rejects, {SOURCE: origin_of(source, file), **({CRS: crs} if crs else {})})
            intake = _Intake(context, request.level, placer, tally, with_shape, request.codes)
            for chunk in source.chunks():
                context.cancel.check()
                intake.take(chunk, mapping)
                context.progress(0.5, "progress.reading", rows=intake.tally.read)
            if intake.tally.read == 0:
                raise InputRefused("input.empty", file=file, layer=request.input.layer or "")
            rejects.close()
            result = _write(context, store, request, intake, notes_of(placer, source))
            result["rejects"] = request.rejects if rejects.count else None
    finally:
        source.close()
    return result


def _mapping(request: ImportAreas) -> Mapping:
    """Return which columns are read: code and name are needed unless codes are made."""
    made = request.codes != "field"
    wanted = {"code": request.code_field, "name": request.name_field}
    if request.codes in ("number", "whole"):
        del wanted["code"]
    if request.codes == "whole":
        del wanted["name"]
    return Mapping({
        name: Rule((column,), required=name == "code" or not made)
        for name, column in wanted.items()
        if column or not (made and name == "name")
    })  # fmt: skip


@dataclass
class _Intake:
    """Rows taken so far, with what was found out about them."""

    context: Context
    level: str
    placer: Placer
    tally: Tally
    with_shape: bool
    codes: str = "field"

    def __post_init__(self) -> None:
        store = self.context.need_store()
        scheme = store.profile().grid_scheme
        self.county, self.city = store.meta()["county_code"], store.meta().get("county_name", "")
        self.lengths = code_lengths(scheme)
        self.seen: dict[str, Any] = {}  # code → name of its first row
        self.parts: list[Columns] = []

    def take(self, chunk: Columns, mapping: Mapping) -> None:
        self.tally.read += len(chunk[ROW])
        columns, problems = apply_mapping(mapping, chunk)
        self._make_codes(columns, len(chunk[ROW]))
        repaired = np.zeros(len(chunk[ROW]), dtype=bool)
        if self.with_shape:
            shapes, reasons = self.placer.place(chunk[GEOM])
            shapes, repaired, wrong = multipolygons(shapes)
            for index in np.flatnonzero(wrong).tolist():
                reasons.setdefault(index, "reject.not_polygon")
            problems += [RowProblem(index, reason, {}) for index, reason in sorted(reasons.items())]
        else:
            shapes = np.full(len(chunk[ROW]), None, dtype=object)
        columns[GEOM], columns["repaired"] = shapes, repaired
        if self.codes != "number":
            problems += self._code_problems(columns["code"].tolist(), columns["name"].tolist())
        keep = self.tally.reject(chunk, problems)
        self.parts.append({name: column[keep] for name, column in columns.items()})

    def _make_codes(self, columns: Columns, size: int) -> None:
        """Fill code and name as ``codes`` says; those of ``number`` follow when all rows are there."""
        if self.codes == "whole":
            columns["code"] = objects([(self.county + "001001")[: self.lengths[self.level]]] * size)
            columns["name"] = objects([self.city or self.county] * size)
            return
        given = columns["code"].tolist() if "code" in columns else [None] * size
        codes = [text(value) for value in given]
        names = columns["name"].tolist() if "name" in columns else [None] * size
        if self.codes == "cut":
            codes = [code[: self.lengths[self.level]] if code else code for code in codes]
            # The first row speaks for the area: a grid's name is not the name of its community.
            names = [self.seen.setdefault(code, name or code) if code else None for code, name in zip(codes, names)]
        columns["code"], columns["name"] = objects(codes), objects(names)

    def _number(self, rows: Columns) -> None:
        """Number the rows by place; a street (or the county) is full at 999."""
        serials = number_cells(rows[GEOM], np.zeros(len(rows[GEOM]), dtype=np.int64)).tolist()
        if self.level == "county":
            codes = [self.county] * len(serials)
        elif self.level == "street":
            codes = [f"{self.county}{serial:03d}" for serial in serials]
        else:
            places = [divmod(serial - 1, _MOST) for serial in serials]
            codes = [f"{self.county}{street + 1:03d}{number + 1:03d}" for street, number in places]
        rows["code"] = objects(codes)
        rows["name"] = objects(name or code for name, code in zip(rows["name"].tolist(), codes))

    def _code_problems(self, codes: list[str | None], names: list[Any]) -> list[RowProblem]:
        problems = []
        for index, (code, name) in enumerate(zip(codes, names)):
            if code is None or name is None:
                continue
            length = self.lengths[self.level]
            values = {"value": code, "length": length, "county": self.county}
            if len(code) != length or not code.isascii() or not code.isdigit():
                problems.append(RowProblem(index, "reject.area_code", values))
            elif not code.startswith(self.county):
                problems.append(RowProblem(index, "reject.other_county", values))
            elif self.seen.setdefault(code, name) != name:
                problems.append(RowProblem(index, "reject.duplicate_code", values))
        return problems

    def taken(self) -> tuple[Columns, int]:
        """Return one row per area, and how many rows were put together: equal code and name are parts of one area."""
        rows = {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}
        if self.codes == "number":
            self._number(rows)
        _codes, first, area = np.unique(rows["code"].astype(str), return_index=True, return_inverse=True)
        order = np.argsort(first)
        merged = len(area) - len(first)
        if not merged:
            return rows, 0
        members = np.split(np.argsort(area, kind="stable"), np.cumsum(np.bincount(area))[:-1])
        result = {name: column[first[order]] for name, column in rows.items()}
        for place, group in enumerate(order.tolist()):
            if len(members[group]) > 1 and self.with_shape:
                result[GEOM][place] = shapely.union_all(rows[GEOM][members[group]])
            result["repaired"][place] = rows["repaired"][members[group]].any()
        if self.with_shape:
            result[GEOM], _repaired, _wrong = multipolygons(result[GEOM])
        return result, merged


def code_lengths(scheme: CodeScheme) -> dict[str, int]:
    """Return the length of the codes of each level of area: the leading segments of a unit grid code."""
    lengths, total = {}, 0
    for segment in scheme.segments:
        total += segment.digits
        if segment.name in LEVELS:
            lengths[segment.name] = total
    return lengths


def _write(
    context: Context, store: Store, request: ImportAreas, intake: _Intake, notes: list[dict[str, Any]]
) -> dict[str, Any]:
    """Compare with what is there and write new and changed areas in one action."""
    taken, merged = intake.taken()
    fresh, ended, shaped = _compare(store, request.level, taken, intake.with_shape)
    gone = _gone(store, request.level, taken) if request.complete else []
    if gone and intake.tally.rejected:
        notes = [*notes, {"code": "areas.stay", "values": {"count": len(gone)}}]
        gone = []
    counts = {
        **intake.tally.counts(), "inserted": len(fresh) - len(ended), "updated": len(ended) + len(shaped),
        "unchanged": len(taken["code"]) - len(fresh) - len(shaped), "repaired": int(taken["repaired"].sum()),
        "merged": merged,
    }  # fmt: skip
    if request.complete:
        counts["ended"] = len(gone)
    result: dict[str, Any] = {
        "counts": counts, "operation": None, "tables": [], "notes": notes, "reasons": intake.tally.reasons,
    }  # fmt: skip
    if not fresh and not shaped and not gone:
        return result
    ended += gone
    day = today(context)
    chosen = np.array(fresh, dtype=np.int64)
    rows = {name: taken[name][chosen] for name in ("code", "name", GEOM)}
    lengths, level = intake.lengths, request.level
    above = LEVELS[LEVELS.index(level) - 1] if level != "county" else None
    rows["level"] = objects([level] * len(chosen))
    rows["parent_code"] = objects(code[: lengths[above]] if above else None for code in rows["code"].tolist())
    rows["valid_from"] = objects([day] * len(chosen))
    with store.action("import_areas", file=base_name(request.input.path), level=level) as action:
        if ended:
            action.update("admin_area", np.array(ended, dtype=np.int64), {"valid_to": objects([day] * len(ended))})
        given = np.array(list(shaped), dtype=np.int64)
        if len(given):
            action.update("admin_area", np.array(list(shaped.values()), dtype=np.int64), {GEOM: taken[GEOM][given]})
        fids = action.insert("admin_area", rows) if len(chosen) else np.empty(0, dtype=np.int64)
        repaired = [fid for index, fid in zip(fresh, fids.tolist()) if taken["repaired"][index]]
        repaired += [fid for index, fid in shaped.items() if taken["repaired"][index]]
        _list_repairs(store, action, repaired, [*ended, *shaped.values()])
        context.cancel.check()
        if level == "community":
            result["notes"] = [*notes, *crossed_grids(store)]
        action.counts.update(counts)
        result["operation"] = action.operation_uuid
    result["tables"] = ["admin_area", "check_issue"]
    return result


def _compare(store: Store, level: str, taken: Columns, with_shape: bool) -> tuple[list[int], list[int], dict[int, int]]:
    """Return rows to insert, ``fid`` of versions that end, and rows that only give an area its first shape."""
    old = store.read(
        "admin_area", ["fid", "code", "name", GEOM], [("level", "=", level), ("valid_to", "is null", None)]
    )
    row_of = {code: index for index, code in enumerate(old["code"].tolist())}
    shapeless = is_none(old[GEOM])
    if not with_shape:
        before = [row_of.get(code, -1) for code in taken["code"].tolist()]
        taken[GEOM] = objects(old[GEOM][index] if index >= 0 else None for index in before)
    digests, new_digests = row_digests(old, ["name", GEOM]), row_digests(taken, ["name", GEOM])
    fresh: list[int] = []
    ended: list[int] = []
    shaped: dict[int, int] = {}
    for index, code in enumerate(taken["code"].tolist()):
        known = row_of.get(code)
        if known is None:
            fresh.append(index)
        elif digests[known] != new_digests[index]:
            if shapeless[known] and taken["name"][index] == old["name"][known]:
                shaped[index] = int(old["fid"][known])
            else:
                fresh.append(index)
                ended.append(int(old["fid"][known]))
    return fresh, ended, shaped


def _gone(store: Store, level: str, taken: Columns) -> list[int]:
    """Return ``fid`` of areas in force that are not among those taken."""
    old = store.read("admin_area", ["fid", "code"], [("level", "=", level), ("valid_to", "is null", None)], ["code"])
    here = set(taken["code"].tolist())
    return [fid for fid, code in zip(old["fid"].tolist(), old["code"].tolist()) if code not in here]


def _list_repairs(store: Store, action: Action, fids: list[int], before: list[int]) -> None:
    """List the areas repaired now; what was said of versions that ended or got their shape is settled."""
    rows = store.read("admin_area", ["uuid", "code", "name", GEOM], [("fid", "in", fids)])
    places = shapely.point_on_surface(rows[GEOM])
    found = [
        Found(uuid, "area_repaired", {"code": code, "name": name}, place, "admin_area")
        for uuid, code, name, place in zip(*(rows[name].tolist() for name in ("uuid", "code", "name")), places)
    ]
    gone = uuids_of(store, "admin_area", np.array(before, dtype=np.int64)).values()
    write(action, compare(store, ["area_repaired"], gone, found))
