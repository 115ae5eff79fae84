# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases in the layout of a platform: columns, order, types and codes of a sample of its own export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.cases import fields as known
from digital_citymgmt_plugin.core.cases import layout
from digital_citymgmt_plugin.core.cases.times import from_text, to_local
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import Mapping as Columns_
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Context, Sheet, Store
from digital_citymgmt_plugin.core.requests import Layer
from digital_citymgmt_plugin.core.requests_slips import ExportPlatformCases
from digital_citymgmt_plugin.services.case_columns import case_columns, sample_of, stated_crs
from digital_citymgmt_plugin.services.dispatch.holding import CASES
from digital_citymgmt_plugin.services.intake import objects, open_layer
from digital_citymgmt_plugin.services.issue_lists import BOOK_ROWS, told
from digital_citymgmt_plugin.services.slips.choosing import chosen_cases

_MOST = BOOK_ROWS
_PART = 2_000
_DERIVED = {"stated_area": "street_code", "void": "stage", "community_name": "community_code"}
_SHOWN = 5  # values of a difference


def export_platform_cases(context: Context, request: ExportPlatformCases) -> dict[str, Any]:
    """Write cases as a platform does, read the file back and list where it is not as the sample.

    Returns
    -------
    dict
        Counts ``cases``, ``unknown``, ``columns``, ``without_field`` (columns that nothing of ours fills),
        ``differences``; ``columns`` (heading → our field), ``differences`` (``column``, ``code``, ``values``),
        ``output``.

    Raises
    ------
    InputRefused
        What cannot be read of the sample; ``mapping.…``; ``dispatch.ending`` (no XLSX, CSV, TSV);
        ``slip.no_cases``; ``audit.too_long``.
    """
    ending = PurePath(request.output).suffix.lower()
    if ending not in (".xlsx", ".csv", ".tsv"):
        raise InputRefused("dispatch.ending", file=request.output)
    store = context.need_store()
    source = open_layer(context, request.sample)
    try:
        guessed = case_columns(context, request.mapping, request.sample, source)
        columns = stated_crs(context, request.sample, source, guessed)
        sheet = source.info.layer or "Sheet1"
    finally:
        source.close()
    headings, sample = sample_of(context, request.sample)
    theirs = [layout.column_of(name, sample[name]) for name in headings]
    fids, unknown = chosen_cases(context, request.chosen, request.cases)
    if not fids:
        raise InputRefused("slip.no_cases", value=", ".join(unknown[:5]) or request.chosen[:80])
    if ending == ".xlsx" and len(fids) > _MOST:
        raise InputRefused("audit.too_long", most=_MOST, file=request.output)
    writer = _Writer(context, store, columns.mapping, theirs)

    def rows() -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(fids), _PART):
            context.progress(start / len(fids), "progress.writing")
            context.cancel.check()
            yield from writer.rows(fids[start : start + _PART])

    if ending == ".xlsx":
        context.files.write_workbook(request.output, [Sheet(sheet, tuple(headings), rows())])
    else:
        context.files.write_rows(request.output, tuple(headings), rows())
    back_headings, back = sample_of(context, Layer(request.output))
    ours = [layout.column_of(name, back[name]) for name in back_headings]
    apart = layout.differences(theirs, ours)
    found: list[dict[str, Any]] = [{"column": name, "code": code, "values": values} for name, code, values in apart]
    found += writer.strangers()
    if request.report:
        _report(context, request.report, found)
    counts = {
        "cases": len(fids), "unknown": len(unknown), "columns": len(headings),
        "without_field": sum(name not in writer.field_of for name in headings), "differences": len(found),
    }  # fmt: skip
    notes = [*columns.notes, *({"code": one["code"], "values": one["values"]} for one in found[:20])]
    return {
        "counts": counts, "operation": None, "tables": [], "notes": notes, "differences": found,
        "columns": writer.field_of, "output": request.output,
    }  # fmt: skip


def _report(context: Context, path: str, found: list[dict[str, Any]]) -> None:
    words = context.sentences or {}
    header = tuple(told(words, "layout", "column", name) for name in ("column", "code", "reason"))
    lines = []
    for one in found:
        template = str(words.get(one["code"], one["code"]))
        for name, value in one["values"].items():
            template = template.replace("{" + name + "}", str(value))
        lines.append((one["column"], one["code"], template))
    if path.lower().endswith(".xlsx"):
        context.files.write_workbook(path, [Sheet("differences", header, lines)])
    else:
        context.files.write_rows(path, header, lines)


class _Writer:
    """Turns cases into rows of the platform."""

    def __init__(self, context: Context, store: Store, mapping: Columns_, theirs: list[layout.Column]) -> None:
        self.context, self.store, self.mapping, self.theirs = context, store, mapping, theirs
        self.zone = mapping.time_zone or store.meta()["time_zone"]
        self.field_of: dict[str, str] = {}
        for ours, rule in mapping.fields.items():
            if len(rule.columns) == 1 and ours in known.FIELDS:
                self.field_of.setdefault(rule.columns[0], ours)
        for side in ("x", "y"):
            column = getattr(mapping, side)
            if column:
                self.field_of.setdefault(column, side)
        self.back = {
            ours: {str(value): word for word, value in reversed(list(rule.values.items()))}
            for ours, rule in mapping.fields.items()
            if rule.values
        }
        self.crs = (mapping.crs or store.meta()["crs"], store.meta()["crs"])
        self.areas = self._areas()
        self.strange: dict[str, Counter[str]] = {}

    def _areas(self) -> dict[str, str]:
        rows = self.store.read("admin_area", ["code", "name"], [("valid_to", "is null", None)])
        return dict(zip(rows["code"].tolist(), rows["name"].tolist()))

    def rows(self, fids: list[int]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of some cases, in their order."""
        wanted = {_DERIVED.get(name, name) for name in self.field_of.values()} - {"x", "y"}
        read = self.store.read(CASES, [*sorted({"fid", *wanted}), GEOM], [("fid", "in", fids)])
        at = {fid: row for row, fid in enumerate(read["fid"].tolist())}
        columns = self._columns(read)
        names = [self.field_of.get(column.name, "") for column in self.theirs]
        for fid in fids:
            if fid in at:
                cells = [columns[name][at[fid]] if name else None for name in names]
                yield tuple(self._cell(column, cell) for column, cell in zip(self.theirs, cells))

    def _columns(self, read: Columns) -> Mapping[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        places = read[GEOM]
        if {"x", "y"} & set(self.field_of.values()):
            if not self.context.projections.same(*self.crs):
                places = self.context.projections.transform(places, self.crs[1], self.crs[0])
            for side, get in (("x", shapely.get_x), ("y", shapely.get_y)):
                found[side] = [None if value != value else round(float(value), 8) for value in get(places).tolist()]
        for name in set(self.field_of.values()) - {"x", "y"}:
            values = read[_DERIVED.get(name, name)]
            if name in known.TIMES:
                moments = to_local(from_text(objects(values.tolist())), self.zone)
                found[name] = [None if np.isnat(one) else one.astype("datetime64[s]").item() for one in moments]
            elif name == "void":
                found[name] = [int(value == "void") for value in values.tolist()]
            elif name in ("stated_area", "community_name"):
                found[name] = [self.areas.get(value, value) for value in values.tolist()]
            else:
                found[name] = values.tolist()
            back = self.back.get(name)
            if back:
                found[name] = [back.get(str(value), value) for value in found[name]]
        return found

    def _cell(self, column: layout.Column, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, datetime):
            return layout.written(value, column.pattern)
        if column.codes and str(value) not in column.codes:
            self.strange.setdefault(column.name, Counter())[str(value)] += 1
        if column.kind == layout.TEXT and not isinstance(value, str):
            return str(value)
        return value

    def strangers(self) -> list[dict[str, Any]]:
        """Return the values that are in none of the sample's code lists."""
        return [
            {
                "column": name, "code": "layout.codes",
                "values": {
                    "column": name, "count": sum(values.values()),
                    "examples": ", ".join(value[:40] for value, _ in values.most_common(_SHOWN)),
                },
            }
            for name, values in self.strange.items()
        ]  # fmt: skip
