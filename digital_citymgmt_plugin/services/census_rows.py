# SPDX-License-Identifier: GPL-2.0-or-later
"""One census file on its way into the store: rows checked, and known ones told from new ones."""

from __future__ import annotations

from collections import Counter
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
        self._source = source.replace(":", "_")  # the colon ends it: ``services.linking`` takes keys apart there
        self._by_file = by_file
        self._keys, self._codes, self._uuids = Seen(), Seen(), Seen()
        self._again: Counter[str] = Counter()
        self.repeated_ids = 0

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
        columns["attributes"] = self._attributes(chunk)
        good = _good(size, problems)
        problems += self._unique("code", columns, self._codes, "reject.duplicate_code", good)
        problems += self._unique("uuid", columns, self._uuids, "reject.duplicate_uuid", good)
        self._identify(columns, good)
        problems += find_known(self.store, columns, good)
        self._refuse_other_file(columns)
        self.same.add(chunk, columns, _good(size, problems))
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

    def _attributes(self, chunk: Columns) -> NDArray[Any]:
        """Keep what the mapping does not use, as JSON: nothing that was surveyed is lost."""
        used = {column for rule in self.mapping.fields.values() for column in rule.columns}
        used |= {self.mapping.x or "", self.mapping.y or "", ROW, GEOM}
        names = [name for name in chunk if name not in used]
        if not names or self.mapping.options.get("keep") is False:
            return objects([None] * len(chunk[ROW]))
        rows = zip(*(chunk[name].tolist() for name in names))
        return objects(
            {name: _json_value(value) for name, value in zip(names, row) if not _is_nothing(value)} or None
            for row in rows
        )

    @staticmethod
    def _unique(
        field: str, columns: Columns, seen: Seen, reason: str, good: NDArray[np.bool_]
    ) -> list[RowProblem]:
        """Find values that stand in an earlier row of the file; such rows are marked in ``good``."""
        there = np.flatnonzero(good & np.array([value is not None for value in columns[field].tolist()], dtype=bool))
        values, rows = columns[field][there].tolist(), columns[ROW][there].astype(np.int64)
        again = np.flatnonzero(seen.first(hashes(value.encode() for value in values), rows) != rows)
        good[there[again]] = False
        return [RowProblem(int(there[at]), reason, {"value": values[at], "field": field}) for at in again]

    def _identify(self, columns: Columns, good: NDArray[np.bool_]) -> None:
        """Give each good row the key by which it is known again: source id, else code, else all that it says."""
        columns["import_digest"] = objects(row_digests(columns, WRITTEN))
        told = zip(columns["source_id"].tolist(), columns["code"].tolist(), columns["import_digest"].tolist())
        keys = [
            f"{self._source}:{own}" if own is not None else f"#{digest}" if code is None else f"{self._source}@{code}"
            for own, code, digest in told
        ]
        there, rows = np.flatnonzero(good), columns[ROW].astype(np.int64)
        first = self._keys.first(hashes(keys[index].encode() for index in there), rows[there])
        for index in there[first != rows[there]]:
            key = keys[index]
            self._again[key] += 1
            self.repeated_ids += columns["source_id"][index] is not None
            keys[index] = f"{key}#{self._again[key] + 1}"
        columns["import_key"] = objects(key if fine else None for key, fine in zip(keys, good.tolist()))

    @staticmethod
    def is_new(taken: Columns, counts: dict[str, int]) -> bool:
        """Tell whether a chunk has anything to write; counts it as unchanged when not."""
        if len(taken[ROW]) and not taken["same_digest"].all():
            return True
        counts["unchanged"] += len(taken[ROW])
        return False


def _good(size: int, problems: list[RowProblem]) -> NDArray[np.bool_]:
    good = np.ones(size, dtype=bool)
    good[[problem.index for problem in problems]] = False
    return good


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and value != value)


def _json_value(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)  # 5.0 of a layer comes back as 5 from a workbook that was mended
    return value if isinstance(value, (int, float, bool)) else str(value)
