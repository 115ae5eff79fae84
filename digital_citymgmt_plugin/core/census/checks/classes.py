# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of class and of what the class asks for: kind of geometry, name, departments, required fields."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.check_pack import Params
from digital_citymgmt_plugin.core.census.checks.model import City, Hits, Part, check, hits, is_blank

_KINDS = {"component_point": "point", "component_line": "line", "component_area": "area"}


@check("component.class_unknown")
def class_unknown(part: Part, city: City, params: Params) -> Hits:
    """Find classes that the catalogue does not have."""
    return hits(part.where("class_code", lambda code: code not in city.classes), class_code=part.columns["class_code"])


@check("component.class_disabled")
def class_disabled(part: Part, city: City, params: Params) -> Hits:
    """Find classes that the city does not use."""
    off = part.where("class_code", lambda code: code in city.classes and not city.classes[code].enabled)
    return hits(off, class_code=part.columns["class_code"])


@check("component.class_geometry")
def class_geometry(part: Part, city: City, params: Params) -> Hits:
    """Find components drawn as another kind of geometry than their class has."""
    kind = _KINDS[part.table]

    def wrong(code: str) -> bool:
        entry = city.classes.get(code)
        return entry is not None and entry.geometry not in ("", kind)

    mask = part.where("class_code", wrong)
    rows = np.flatnonzero(mask)
    wanted = np.array([city.classes[code].geometry for code in part.columns["class_code"][rows].tolist()], dtype=object)
    return Hits(rows, {"geometry": np.full(len(rows), kind, dtype=object), "wanted": wanted})


@check("component.class_name")
def class_name(part: Part, city: City, params: Params) -> Hits:
    """Find components whose name is that of another class; names of no class say nothing."""
    names = city.names
    rows = np.flatnonzero(part.where("name", lambda name: name in names))
    codes, stated = part.columns["class_code"][rows].tolist(), part.columns["name"][rows].tolist()
    wrong = np.array(
        [code in city.classes and code not in names[name] for code, name in zip(codes, stated)], dtype=bool
    )
    rows = rows[wrong] if len(rows) else rows
    own = [city.classes[code].name for code in part.columns["class_code"][rows].tolist()]
    values = np.empty(len(rows), dtype=object)
    values[:] = own
    return Hits(rows, {"name": part.columns["name"][rows], "class_name": values})


@check("component.name_missing")
def name_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components without name."""
    return hits(part.empty("name"))


@check("component.manager_missing")
def manager_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components without managing department."""
    return hits(part.empty("manager_dept"))


@check("component.manager_unknown")
def manager_unknown(part: Part, city: City, params: Params) -> Hits:
    """Find managing departments that the profile does not have; nothing is said where it has none at all."""
    return _unknown(part, city, "manager_dept")


@check("component.owner_missing")
def owner_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components without owner."""
    return hits(part.empty("owner_dept"))


@check("component.owner_unknown")
def owner_unknown(part: Part, city: City, params: Params) -> Hits:
    """Find owners and maintainers that the profile does not have; of both the owner is told."""
    owner, maintainer = _unknown(part, city, "owner_dept"), _unknown(part, city, "maintainer_dept")
    told: NDArray[np.bool_] = ~np.isin(maintainer.rows, owner.rows)
    rows = np.concatenate([owner.rows, maintainer.rows[told]])
    values = np.concatenate([owner.values["department"], maintainer.values["department"][told]])
    order = np.argsort(rows, kind="stable")
    return Hits(rows[order], {"department": values[order]})


def _unknown(part: Part, city: City, name: str) -> Hits:
    if not city.departments:
        mask = np.zeros(part.size, dtype=bool)
    else:
        mask = part.where(name, lambda code: not is_blank(code) and code not in city.departments)
    return hits(mask, department=part.columns[name])


@check("component.required_missing")
def required_missing(part: Part, city: City, params: Params) -> Hits:
    """Find components that leave a field empty which their class requires."""
    missing: dict[int, list[str]] = {}
    codes, places = part.distinct("class_code")
    for number, code in enumerate(codes):
        entry = city.classes.get(code)
        for name in entry.required if entry else ():
            if name in part.columns:
                for row in np.flatnonzero((places == number) & part.empty(name)).tolist():
                    missing.setdefault(row, []).append(name)
    rows = np.array(sorted(missing), dtype=np.int64)
    fields = np.empty(len(rows), dtype=object)
    fields[:] = [", ".join(missing[row]) for row in rows.tolist()]
    return Hits(rows, {"fields": fields})
