# SPDX-License-Identifier: GPL-2.0-or-later
"""One census file on its way into the store: rows checked, and known ones told from new ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.rows import (
    TABLE_OF_DIMENSION,
    check_codes,
    clean_counts,
    clean_dates,
    clean_states,
    clean_uuids,
    cut_codes,
    fit_geometries,
    resolve_classes,
    text,
)
from digital_citymgmt_plugin.core.census.seen import Seen, hashes
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem, apply_mapping
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Store
from digital_citymgmt_plugin.services.census_known import find_known, moved_away
from digital_citymgmt_plugin.services.census_same import SamePlaces
from digital_citymgmt_plugin.services.census_write import TEXT, WRITTEN, register_codes
from digital_citymgmt_plugin.services.intake import Placer, Tally, objects, row_digests
from digital_citymgmt_plugin.services.intake_rows import Keys, good_rows, kept_attributes

__all__ = ["CensusRows", "register_codes"]


class CensusRows:
    """Checks the rows of one file.

    Parameters
    ----------
    store : Store
    mapping : Mapping
    placer : Placer
    tally : Tally
    same : SamePlaces
    source : str
        The name under which the file's own ids and codes are remembered.
    workbook : bool
        Whether numbers come from a workbook, which keeps 15 digits.
    by_file : bool
        Whether the name is only that of the file: then another file of this name must not move what is known.
    """

    def __init__(
        self,
        store: Store,
        mapping: Mapping,
        placer: Placer,
        tally: Tally,
        same: SamePlaces,
        source: str,
        workbook: bool = False,
        by_file: bool = False,
    ) -> None:
        self.store, self.mapping, self.placer, self.tally, self.same = store, mapping, placer, tally, same
        profile = store.profile()
        self._scheme, self._county = profile.component_scheme, store.meta()["county_code"]
        self._by_code, self._by_name = profile.class_by_code("component"), profile.class_by_name("component")
        self._digits, self._workbook = profile.class_length, workbook
        self._source, self._by_file = source, by_file
        self.keys = Keys(source)
        self._codes, self._uuids = Seen(), Seen()

    def take(self, chunk: Columns) -> Columns:
        """Return the good rows of a chunk in our fields; the others go to the reject list."""
        size = len(chunk[ROW])
        self.tally.read += size
        columns, problems = apply_mapping(self.mapping, chunk)
        if "__x__" in columns:
            shapes, reasons = self.placer.points(columns.pop("__x__"), columns.pop("__y__"))
        else:
            shapes, reasons = self.placer.place(chunk[GEOM])
        problems += [RowProblem(index, reason, {}) for index, reason in sorted(reasons.items())]
        columns[GEOM], dimensions, wrong = fit_geometries(shapes)
        problems += wrong
        problems += self._clean(columns, size)
        columns["table"] = objects(TABLE_OF_DIMENSION.get(int(value)) for value in dimensions)
        columns["attributes"] = kept_attributes(self.mapping, chunk)
        good = good_rows(size, problems)
        problems += self._unique("code", columns, self._codes, "reject.duplicate_code", good)
        problems += self._unique("uuid", columns, self._uuids, "reject.duplicate_uuid", good)
        columns["import_digest"] = objects(row_digests(columns, WRITTEN))
        columns["import_key"] = self.keys.give(columns, good)
        problems += find_known(self.store, columns, good)
        self._refuse_other_file(columns)
        self.same.add(chunk, columns, good_rows(size, problems))
        keep = self.tally.reject(chunk, problems)
        return {name: column[keep] for name, column in columns.items()}

    def _refuse_other_file(self, columns: Columns) -> None:
        """Refuse a file whose ids are those of another one of the same name: the first rows that are known tell."""
        known, moved = moved_away(self.store, columns) if self._by_file else (0, 0)
        if known > 1:
            self._by_file = False
            if moved * 2 > known:
                raise InputRefused("input.other_source", file=self._source, count=known, moved=moved)

    def _clean(self, columns: Columns, size: int) -> list[RowProblem]:
        none = [None] * size

        def given(name: str) -> list[Any]:
            return columns[name].tolist() if name in columns else none

        codes = [text(value) for value in given("code")]
        problems = cut_codes(given("code")) if self._workbook else []
        if "class_code" in columns or "class_name" in columns:
            names = given("class_name")
            classes, unknown = resolve_classes(given("class_code"), names, self._by_code, self._by_name, self._digits)
        else:  # an old census that tells the class by its code alone
            county = len(self._county)
            own = [code[county : county + self._digits] if code else None for code in codes]
            classes, unknown = resolve_classes(own, none, self._by_code, {}, self._digits)
        problems += check_codes(codes, classes, self._scheme, self._county) + unknown
        cleaned: dict[str, list[Any]] = {"code": list(codes), "class_code": list(classes)}
        for name, clean in (("uuid", clean_uuids), ("state", clean_states)):
            cleaned[name], wrong = clean(given(name))
            problems += wrong
        for name in ("first_on", "changed_on"):
            cleaned[name], wrong = clean_dates(given(name), name)
            problems += wrong
        cleaned["photo_count"], wrong = clean_counts(given("photo_count"), "photo_count")
        problems += wrong
        for name in (*TEXT, "source_id"):
            cleaned[name] = [text(value) for value in given(name)]
        cleaned["name"] = [
            name or (self._by_code[str(code)].name if code else None) for name, code in zip(cleaned["name"], classes)
        ]
        columns.update({name: objects(values) for name, values in cleaned.items()})
        return problems

    @staticmethod
    def _unique(field: str, columns: Columns, seen: Seen, reason: str, good: NDArray[np.bool_]) -> list[RowProblem]:
        """Find values that stand in an earlier row of the file; such rows are marked in ``good``."""
        there = np.flatnonzero(good & np.array([value is not None for value in columns[field].tolist()], dtype=bool))
        values, rows = columns[field][there].tolist(), columns[ROW][there].astype(np.int64)
        again = np.flatnonzero(seen.first(hashes(value.encode() for value in values), rows) != rows)
        good[there[again]] = False
        return [RowProblem(int(there[at]), reason, {"value": values[at], "field": field}) for at in again]
