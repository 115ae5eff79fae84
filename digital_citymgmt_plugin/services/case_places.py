# SPDX-License-Identifier: GPL-2.0-or-later
"""Classes, departments and places of case rows, looked up in the city's own tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping as MappingType
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.placing import CommunityIndex
from digital_citymgmt_plugin.core.grids.locate import representative_points
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Context, Store
from digital_citymgmt_plugin.services.case_coordinates import CoordinateReader
from digital_citymgmt_plugin.services.case_times import Checked
from digital_citymgmt_plugin.services.intake import Placer, objects

_NO_NUMBER = "?"
Class = tuple["str | None", "str | None", "str | None"]  # kind, code, name


class Classes:
    """Finds the class of a case by code, by name and by synonyms; each combination is looked up once.

    Parameters
    ----------
    store : Store
    required : bool
        Whether a class that is not in the profile rejects its row.
    said : mapping of word to ``kind:code``
        Synonyms that the mapping brings along, beside those of the profile.
    """

    def __init__(self, store: Store, required: bool, said: MappingType[str, str] | None = None) -> None:
        profile = store.profile()
        self._synonyms = _synonyms(store, said or {})
        self.required = required
        self._codes = {kind: profile.class_by_code(kind) for kind in profile.kinds}
        self._names = {kind: profile.class_by_name(kind) for kind in profile.kinds}
        self._departments = {entry.name: entry.code for entry in profile.departments}
        self._known: dict[Class, tuple[Class, bool]] = {}

    def fill(self, checked: Checked) -> None:
        """Set kind, class_code and class_name; a class that is not in the profile stays as text.

        A code that components and events share, without a kind or a name that tells them apart, is not decided: the
        case keeps the code's text as its class name.
        """
        columns = checked.columns
        size = len(columns["case_no"])
        blank = objects([None] * size)
        given = [columns.get(name, blank).tolist() for name in ("kind", "class_code", "class_name")]
        result = []
        for index, key in enumerate(zip(*given)):
            if key not in self._known:
                self._known[key] = self._find(*key)
            found, right = self._known[key]
            if not right and self.required:
                values = {"field": "class_code", "value": key[1] or key[2] or ""}
                checked.problems.append(RowProblem(index, "reject.class_unknown", values))
            result.append(found)
        for place, name in enumerate(("kind", "class_code", "class_name")):
            columns[name] = objects(found[place] for found in result)
        if "dept_name" in columns:
            codes = columns.get("dept_code", blank).tolist()
            names = columns["dept_name"].tolist()
            columns["dept_code"] = objects(code or self._departments.get(name) for code, name in zip(codes, names))

    def knows(self, kind: str | None, code: str | None, name: str | None) -> bool:
        """Tell whether a class is found."""
        return self._find(kind, code, name)[1]

    def _find(self, kind: str | None, code: str | None, name: str | None) -> tuple[Class, bool]:
        kinds = (kind,) if kind else tuple(self._codes)
        by_code = [(k, self._codes[k][code]) for k in kinds if code and code in self._codes[k]]
        if len(by_code) > 1 and name:
            by_code = [(k, entry) for k, entry in by_code if entry.name == name] or by_code
        if len(by_code) == 1:
            k, entry = by_code[0]
            return (k, entry.code, entry.name), True
        by_name = [(k, self._names[k][name]) for k in kinds if name and name in self._names[k]]
        if not by_code and len(by_name) == 1:
            k, entry = by_name[0]
            return (k, entry.code, entry.name), True
        for word in (name, code):
            meant = self._synonyms.get(_word(word), ()) if word else ()
            fitting = [(k, self._codes[k][c]) for k, c in meant if k in kinds and c in self._codes.get(k, {})]
            if not by_code and len(fitting) == 1:
                return (fitting[0][0], fitting[0][1].code, fitting[0][1].name), True
        if code and not by_code and code.isdigit() and any("0" + code in known for known in self._codes.values()):
            return self._find(kind, "0" + code, name)  # a spreadsheet took 0101 for a number
        return (kind, None, name or code), False


def _word(text: str | None) -> str:
    return "".join(unicodedata.normalize("NFKC", text or "").split()).lower()


def _synonyms(store: Store, said: MappingType[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Return what words mean: kind and code of classes; a word without a kind stands for that code in any."""
    profile = store.profile()
    listed = [(entry.word, entry.kind, entry.class_code) for entry in profile.synonyms]
    listed += [(word, *meant.partition(":")[::2]) for word, meant in said.items() if ":" in meant]
    result: dict[str, list[tuple[str, str]]] = {}
    for word, kind, code in listed:
        for one in (kind,) if kind else profile.kinds:
            meant = result.setdefault(_word(word), [])
            if (one, code) not in meant:
                meant.append((one, code))
    return result


class Places:
    """Finds the community of a case that names one, and puts its coordinates into the store's CRS."""

    def __init__(self, context: Context, store: Store, placer: Placer | None, mapping: Mapping) -> None:
        self.placer, self.mapping = placer, mapping
        self.reader = CoordinateReader(context, placer) if placer is not None and mapping.x and mapping.y else None
        where = [("valid_to", "is null", None)]
        areas = store.read("admin_area", ["level", "code", "name", "parent_code"], where, order=["code"])
        rows = list(zip(*(areas[name].tolist() for name in ("level", "code", "name", "parent_code"))))
        names = {str(code): str(name) for _, code, name, _ in rows}
        parents = {str(code): parent for _, code, _, parent in rows}
        communities = [(str(code), str(name)) for level, code, name, _ in rows if level == "community"]
        self.codes = {code for code, _ in communities}
        above = [_above(code, names, parents) for code, _ in communities]
        self._index = CommunityIndex([c for c, _ in communities], [n for _, n in communities], above)
        self._found: dict[tuple[str, str | None], tuple[str | None, list[str]]] = {}
        grids = store.read("unit_grid", ["code", "community_code"], [("status", "=", "current")])
        self._grids = dict(zip(grids["code"].tolist(), grids["community_code"].tolist()))

    def fill(self, mapped: Columns, checked: Checked) -> None:
        """Set geom, community_code, grid_code and place_method.

        Findings: ``case_coordinates`` (0, 0 or unusable), ``community_unknown``, ``community_ambiguous``,
        ``grid_unknown``. Problem: ``reject.far_away``.
        """
        size = len(mapped["case_no"])
        checked.columns[GEOM] = self._geometries(mapped, checked, size)
        columns = checked.columns
        blank = [None] * size
        names = columns.pop("community_name", objects(blank)).tolist()
        codes = columns.get("community_code", objects(blank)).tolist()
        grids = columns.get("grid_code", objects(blank)).tolist()
        stated = columns.get("stated_area", objects(blank)).tolist()
        found, methods, held = [], [], []
        for index in range(size):
            community, method = self._community(index, codes[index], names[index], stated[index], checked)
            grid = grids[index]
            if grid is not None and grid not in self._grids:
                if self._grids:
                    checked.findings.append((index, "grid_unknown", {"grid": grid}))
                grid = None
            elif grid is not None:
                community, method = self._grids[grid] or community, "stated_grid"
            found.append(community)
            methods.append(method)
            held.append(grid)
        columns["community_code"], columns["place_method"] = objects(found), objects(methods)
        columns["grid_code"] = objects(held)

    def _community(
        self, index: int, code: str | None, name: str | None, stated: str | None, checked: Checked
    ) -> tuple[str | None, str | None]:
        if code is not None and code in self.codes:
            return code, "community_code"
        if name is not None:
            key = (name, stated)
            if key not in self._found:
                self._found[key] = self._index.find(name, stated)
            community, several = self._found[key]
            if community is not None:
                return community, "community_name"
            values: dict[str, Any] = {"community": name}
            if several:
                checked.findings.append((index, "community_ambiguous", {**values, "candidates": several}))
            elif self.codes:  # a city that has no communities yet is told so once, by the dock
                checked.findings.append((index, "community_unknown", values))
        elif code is not None and self.codes:
            checked.findings.append((index, "community_unknown", {"community": code}))
        return None, None

    def _geometries(self, mapped: Columns, checked: Checked, size: int) -> NDArray[Any]:
        if self.placer is None:
            return objects([None] * size)
        if self.mapping.x and self.mapping.y:
            x, y = mapped["__x__"].copy(), mapped["__y__"].copy()
            nulls = set(self.mapping.null_values)
            zero = np.array([_is_zero(a) and _is_zero(b) for a, b in zip(x.tolist(), y.tolist())], dtype=bool)
            null = np.array([_in(a, nulls) or _in(b, nulls) for a, b in zip(x.tolist(), y.tolist())], dtype=bool)
            x[zero | null], y[zero | null] = None, None
            if self.reader is not None:
                pairs = self.mapping.x == self.mapping.y
                blank = np.array([_is_empty(a) and _is_empty(b) for a, b in zip(x.tolist(), y.tolist())], dtype=bool)
                east, north = self.reader.read(x, y, pairs)
                if pairs:  # "0,0" in one cell is nowhere too
                    nowhere = (east == 0) & (north == 0)
                    zero |= nowhere
                    east[nowhere], north[nowhere] = np.nan, np.nan
                    x[nowhere], y[nowhere], blank[nowhere] = None, None, True
                # What cannot be read stays as it is written: it is told so.
                wrong = ~(np.isfinite(east) & np.isfinite(north))
                x = np.where(wrong, x, east.astype(object))
                y = np.where(wrong, np.where(blank, y, _NO_NUMBER), north.astype(object))
            geometries, reasons = self.placer.points(x, y)
        else:
            raw = mapped[GEOM].copy()
            with np.errstate(invalid="ignore"):
                zero = (np.abs(shapely.bounds(raw)) == 0).all(axis=1)
            raw[zero] = None
            geometries, reasons = self.placer.place(raw)
            geometries = _points(geometries)
        for index, reason in reasons.items():
            if reason == "reject.far_away":
                checked.problems.append(RowProblem(index, reason, {}))
            elif reason == "reject.bad_coordinates":
                checked.findings.append((index, "case_coordinates", self._raw(mapped, index)))
                geometries[index] = None
        for index in np.flatnonzero(zero).tolist():
            checked.findings.append((index, "case_coordinates", self._raw(mapped, index)))
        return geometries

    def _raw(self, mapped: Columns, index: int) -> dict[str, Any]:
        if "__x__" not in mapped:
            return {"x": None, "y": None}
        pair = mapped["__x__"][index], mapped["__y__"][index]
        return {axis: None if value is None else str(value) for axis, value in zip("xy", pair)}


def _above(code: str, names: dict[str, str], parents: dict[str, Any]) -> list[str]:
    result: list[str] = []
    parent = parents.get(code)
    while parent and len(result) < 4:
        if str(parent) in names:
            result.append(names[str(parent)])
        parent = parents.get(str(parent))
    return result


def _points(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return one point per geometry: the table of cases holds points."""
    other = ~shapely.is_missing(geometries) & (shapely.get_type_id(geometries) != 0)
    if other.any():
        xy = representative_points(geometries[other])
        geometries = geometries.copy()
        points = shapely.points(np.nan_to_num(xy))
        points[~np.isfinite(xy).all(axis=1)] = None
        geometries[other] = points
    return geometries


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value != value


def _is_zero(value: Any) -> bool:
    if value is None or value == "":
        return False
    try:
        return float(value) == 0.0
    except (TypeError, ValueError):
        return False


def _in(value: Any, nulls: set[str]) -> bool:
    return isinstance(value, str) and value.strip() in nulls
