# SPDX-License-Identifier: GPL-2.0-or-later
"""Census files into the store: each row becomes a component or goes to the reject list with its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from digital_citymgmt_plugin.core.census import TABLES
from digital_citymgmt_plugin.core.census.fields import FIELDS, SYNONYMS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import Mapping, Rule, check_columns
from digital_citymgmt_plugin.core.ports import Action, Context, RejectList, Source, Store
from digital_citymgmt_plugin.core.requests import ImportComponents
from digital_citymgmt_plugin.services.census_rows import CensusRows
from digital_citymgmt_plugin.services.census_same import SamePlaces
from digital_citymgmt_plugin.services.census_write import CensusWriter
from digital_citymgmt_plugin.services.intake import (
    Placer,
    Tally,
    base_name,
    find_mapping,
    open_layer,
    source_crs,
    source_name,
)
from digital_citymgmt_plugin.services.intake_rows import take_all
from digital_citymgmt_plugin.services.rejecting import CRS, SOURCE, origin_of, reject_list


def import_components(context: Context, request: ImportComponents) -> dict[str, Any]:
    """Bring a census file in.

    Rows keep their order. A row is known again by its source id (if mapped), else by its code, both within one file
    and layer name (option ``source`` of the mapping gives another), else by all it says; so a second import of the
    same file changes nothing, and a file with changed rows changes these only, in the fields that the file has.
    Existing codes are validated, kept and registered; rows without code wait for ``assign_codes``. Rows at one place
    are kept and listed as issues. A reject list that was mended comes in like the file it is from.

    Returns
    -------
    dict
        Counts ``read`` = ``accepted`` + ``rejected``; ``accepted`` = ``inserted`` + ``updated`` + ``unchanged``;
        ``same_place`` (rows at the exact place of an earlier row), ``same_all`` (of these, equal in all columns),
        ``with_code`` (codes newly registered).

    Raises
    ------
    InputRefused
        No CRS, wrong CRS, empty input, no class, unknown mapping or column; ``input.other_source`` when most of the
        rows known by the file's name now lie elsewhere: it is another file of that name.
    """
    store = context.need_store()
    source = open_layer(context, request.input)
    try:
        file = base_name(source.info.path)
        mapping = _mapping(context, request, source)
        if source.info.geometry is None and not mapping.x:
            known = ", ".join(item.name for item in source.info.fields)
            raise InputRefused("input.no_place", file=file, known=known)
        crs = source_crs(context, request.input, source, mapping)
        default = source_name(source)
        name = str(mapping.options.get("source") or origin_of(source, default))
        by_file = name == default and not mapping.options.get("source")
        with reject_list(context, request.rejects, source) as rejects:
            tally = Tally(rejects, {SOURCE: name, **({} if mapping.x else {CRS: crs})})
            rows = CensusRows(
                store, mapping, Placer(context, crs, file, strict=True), tally, SamePlaces(store), name,
                source.info.driver == "XLSX", by_file,
            )  # fmt: skip
            result = _take(context, store, source, rows, request, rejects)
            if tally.read == 0:
                raise InputRefused("input.empty", file=file, layer=request.input.layer or "")
            rejects.close()
            result["rejects"] = request.rejects if rejects.count and request.rejects else None
    finally:
        source.close()
    result["encoding"], result["encoding_evidence"] = source.info.encoding, source.info.encoding_evidence
    return result


def _mapping(context: Context, request: ImportComponents, source: Source) -> Mapping:
    """Return the mapping with the request's own word on the class on top of it."""
    mapping = find_mapping(context, "components", request.mapping, source, FIELDS, SYNONYMS)
    if not (request.mapping or "").strip() and source.info.geometry is not None:
        mapping = replace(mapping, x=None, y=None)  # a layer's geometry goes before columns called lon and lat
    rules = dict(mapping.fields)
    if request.class_field:
        rules["class_code"] = Rule((request.class_field,))
        rules.pop("class_name", None)
    elif request.class_code:
        profile = context.need_store().profile()
        if request.class_code not in {**profile.class_by_code("component"), **profile.class_by_name("component")}:
            raise InputRefused("input.class_code", value=request.class_code)
        rules["class_code"] = Rule(const=request.class_code)
        rules.pop("class_name", None)
    if not {"class_code", "class_name", "code"} & set(rules):
        raise InputRefused("input.no_class_field", file=base_name(source.info.path), layer=source.info.layer or "")
    result = replace(mapping, fields=rules)
    check_columns(result, [item.name for item in source.info.fields], base_name(source.info.path))
    return result


def _take(
    context: Context, store: Store, source: Source, rows: CensusRows, request: ImportComponents, rejects: RejectList
) -> dict[str, Any]:
    counts = {"inserted": 0, "updated": 0, "unchanged": 0, "with_code": 0, "on_stored": 0}
    same = rows.same

    def finish(action: Action) -> dict[str, int]:
        same.finish(action)
        return same.counts()

    writer = CensusWriter(store, same, set(rows.mapping.fields))
    result = take_all(context, source, rows, writer, "components", request, rejects, counts, finish)
    result["tables"] = [*TABLES, "code_register", "check_issue", "mapping"] if result["operation"] else []
    if counts["on_stored"]:
        values = {"count": counts["on_stored"], "new": counts["inserted"], "file": base_name(source.info.path)}
        result["notes"].append({"code": "census.on_stored", "values": values})
    result["counts"].update(**same.counts(), repeated_ids=rows.keys.repeated_ids)
    return result
