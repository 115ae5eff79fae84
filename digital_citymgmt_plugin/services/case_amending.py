# SPDX-License-Identifier: GPL-2.0-or-later
"""Corrections of cases by hand: place, class, address; each is an event of the case, and a repeated import keeps it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.placing import BY_HAND
from digital_citymgmt_plugin.core.cases.stages import STAGES
from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.cases.workflow import State, Table, split_list
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Context, Store
from digital_citymgmt_plugin.core.requests_intake import AmendCases
from digital_citymgmt_plugin.services.case_events import amendments
from digital_citymgmt_plugin.services.case_keeping import MOVED
from digital_citymgmt_plugin.services.case_settling import rederive
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.link_places import AREAS, CityMap

AMENDED = ("kind", "class_code", "class_name", "condition", "description", "address", "component_code", "stated_area")
_LIMITED = {"kind", "class_code", "condition"}  # by these a limit is found
_MOST = 10_000
_LONGEST = 10_000  # characters of a value
_COLUMNS = ("fid", "case_no", "stage", "place_method", "place_score", *AMENDED, *AREAS, GEOM)


def amend_cases(context: Context, request: AmendCases) -> dict[str, Any]:
    """Correct cases.

    With a place grid, community and street are those of the map, the method is ``hand``. A class is given by its code
    (and kind, where components and events share codes); its name follows, and so do limit and due time unless a table
    stated them. Who may, and in which stages, the workflow says (``amend``): closed and void cases stay as they are.

    Returns
    -------
    dict
        Counts ``cases_asked``, ``amended``, ``unchanged``, ``cases_ended`` (closed or void), ``unknown``.

    Raises
    ------
    InputRefused
        ``amend.nothing``, ``amend.column``, ``amend.place`` (half a place, or none near the city), ``amend.role``,
        ``amend.value`` (no text, too long, a kind that the profile does not have), ``amend.class``, ``amend.many``.
    """
    store = context.need_store()
    values = _values(store, request)
    place = _place(context, request)
    if not values and place is None:
        raise InputRefused("amend.nothing")
    if len(request.cases) > _MOST:
        raise InputRefused("amend.many", count=len(request.cases), most=_MOST)
    table = Table(store.profile().moves)
    roles = [role for move in table.moves if move.action == "amend" for role in split_list(move.roles)]
    if request.role not in roles:
        raise InputRefused("amend.role", role=request.role, known=", ".join(dict.fromkeys(roles)))
    asked = sorted({int(fid) for fid in request.cases})
    rows = store.read("case_record", _COLUMNS, [("fid", "in", asked)], order=["fid"])
    found = len(rows["fid"])
    stages = {stage: State(stage or STAGES[0]) for stage in set(rows["stage"].tolist())}
    free = {stage for stage, state in stages.items() if table.refusal(state, "amend", request.role, ()) is None}
    open_ = np.array([stage in free for stage in rows["stage"].tolist()], dtype=bool)
    new: Columns = {name: objects([value] * found) for name, value in values.items()}
    if place is not None:
        new[GEOM] = objects([place] * found)
        where = CityMap(store).areas(objects([place]))
        new.update({name: objects([where[name][0]] * found) for name in AREAS})
        new.update(place_method=objects([BY_HAND] * found), place_score=objects([1.0] * found))
    changed = open_ & _differs(rows, new)
    if "kind" in values and "class_code" not in values:
        _refuse_stale_class(store, rows, changed, values["kind"])
    counts = {
        "cases_asked": len(asked), "amended": int(changed.sum()), "unchanged": int((open_ & ~changed).sum()),
        "cases_ended": int((~open_).sum()), "unknown": len(asked) - found,
    }  # fmt: skip
    result: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": []}
    at = np.flatnonzero(changed)
    if not len(at):
        return result
    context.cancel.check()
    with store.action("amend_cases", reason=request.reason) as action:
        fids = np.asarray(rows["fid"][at], dtype=np.int64)
        action.update("case_record", fids, {name: column[at] for name, column in new.items()})
        there = rows["stage"][at]
        told = [_told(rows, new, index) for index in at.tolist()]
        events = amendments(fids, (there, there), told, moment_text(context.clock()), MOVED)
        events["done_by"] = objects([request.done_by or None] * len(at))
        events["payload"] = objects([_payload(request)] * len(at))
        action.insert("case_event", events)
        if _LIMITED & set(new):
            rederive(store, action, fids, other_class=True)
        action.counts.update(counts)
        result.update(operation=action.operation_uuid, tables=["case_record", "case_event"])
    return result


def _payload(request: AmendCases) -> str:
    return json.dumps({"role": request.role, "why": request.reason}, ensure_ascii=False)


def _values(store: Store, request: AmendCases) -> dict[str, Any]:
    values = dict(request.values)
    for name in values:
        if name not in AMENDED:
            raise InputRefused("amend.column", field=name, known=", ".join(AMENDED))
        value = values[name] or None
        if value is not None and (not isinstance(value, str) or len(value) > _LONGEST or "\0" in value):
            raise InputRefused("amend.value", field=name, value=str(value)[:50])
        values[name] = value
    profile, code = store.profile(), values.get("class_code")
    if values.get("kind") and values["kind"] not in profile.kinds:
        raise InputRefused("amend.value", field="kind", value=values["kind"][:50])
    if code:
        kinds = [values["kind"]] if values.get("kind") else list(profile.kinds)
        known = [(kind, profile.class_by_code(kind)[code]) for kind in kinds if code in profile.class_by_code(kind)]
        if len(known) != 1:
            raise InputRefused("amend.class", code=code, count=len(known))
        values.update(kind=known[0][0], class_name=known[0][1].name)
    elif "class_code" in values:
        values.setdefault("class_name", None)
    return values


def _refuse_stale_class(store: Store, rows: Columns, changed: NDArray[np.bool_], kind: str | None) -> None:
    """Refuse another kind alone for cases that have a class: they would keep the class of the old kind.

    Raises
    ------
    InputRefused
        ``amend.class``.
    """
    profile = store.profile()
    for index in np.flatnonzero(changed).tolist():
        code = rows["class_code"][index]
        if code and rows["kind"][index] != kind:
            count = sum(code in profile.class_by_code(one) for one in profile.kinds)
            raise InputRefused("amend.class", code=code, count=count)


def _place(context: Context, request: AmendCases) -> Any:
    if request.x is None and request.y is None:
        return None
    if request.x is None or request.y is None or not np.isfinite([request.x, request.y]).all():
        raise InputRefused("amend.place", x=str(request.x), y=str(request.y))
    from digital_citymgmt_plugin.services.placing import FAR_AWAY, Placer

    place = shapely.Point(request.x, request.y)
    near = Placer(context, None, "", strict=True).near(objects([place]), FAR_AWAY)
    if not near[0]:
        raise InputRefused("amend.place", x=round(request.x, 3), y=round(request.y, 3))
    return place


def _differs(rows: Columns, new: Columns) -> NDArray[np.bool_]:
    result = np.zeros(len(rows["fid"]), dtype=bool)
    for name, column in new.items():
        if name == GEOM:
            result |= ~np.asarray(shapely.equals(rows[GEOM], column), dtype=bool)
        else:
            result |= np.asarray(rows[name] != column, dtype=bool)
    return result


def _told(rows: Columns, new: Columns, index: int) -> dict[str, Any]:
    changes = {}
    for name, column in new.items():
        old, value = rows[name][index], column[index]
        if name == GEOM:
            old, value = (None if shape is None else shape.wkt for shape in (old, value))
        if old != value:
            changes[name] = [old, value]
    return changes
