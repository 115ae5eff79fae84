# SPDX-License-Identifier: GPL-2.0-or-later
"""Which component a case is about, said by somebody: the ones it may be, side by side, and the choice."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.cases.linking import scores
from digital_citymgmt_plugin.core.cases.stages import ENDED, STAGES
from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.cases.workflow import State, Table, split_list
from digital_citymgmt_plugin.core.census import GONE
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.codes import COMPONENT
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.locate import representative_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_links import ChooseLink, LinkChoices
from digital_citymgmt_plugin.services import issues
from digital_citymgmt_plugin.services.case_events import amendments
from digital_citymgmt_plugin.services.case_keeping import MOVED
from digital_citymgmt_plugin.services.duty_ground import DEPARTMENTS
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.link_places import BY_COMPONENT, PLACE, CityMap
from digital_citymgmt_plugin.services.link_review import BY_HAND, LINK, REVIEWED

_CASE = (
    "fid", "uuid", "case_no", "kind", "class_code", "component_code", "stage", *LINK, *PLACE, "dept_code",
    "dept_name", GEOM,
)  # fmt: skip
_CARD = (
    "uuid", "code", "class_code", "name", "state", "grid_code", "community_code", "merged_uuid", *DEPARTMENTS, XY, GEOM,
)  # fmt: skip
_RULES = ("link_ambiguous", "component_code_unknown", *REVIEWED)  # what a choice settles
_MOST = 200
AMEND = "amend"  # the move of the workflow that it is


def link_choices(context: Context, request: LinkChoices) -> dict[str, Any]:
    """List the components that a case may be about.

    All that stand within reach of their class (those of another class too: the class of a case is often what is
    wrong), what the case's code names, and the component that it has now, however far these are.

    Returns
    -------
    dict
        ``case``: fid, case_no, class_code, link_method, link_score, component_uuid, ``open`` (may still be changed);
        ``choices``: uuid, code, name, class_code, class_name, state, ``distance`` (metres; None without places),
        ``score`` (as linkcases gives it; None out of reach), ``same_class``, ``by_code``, ``current``, ``owner``
        and ``owner_name`` (owner, else manager, else maintainer), ``x``, ``y``. First by code, then of the same
        class, then by distance; at most ``limit``, ``left`` tells how many are left out. ``newest`` event of the case.

    Raises
    ------
    InputRefused
        ``dispatch.no_case``.
    """
    store = context.need_store()
    case = _case(store, request.case)
    profile = store.profile()
    classes = profile.class_by_code(COMPONENT)
    departments = profile.department_by_code()
    place = case[GEOM]
    known: dict[str, dict[str, Any]] = {}
    by_code = _stated(store, case)
    named = sorted({*by_code, *([str(case["component_uuid"])] if case["component_uuid"] else [])})
    if named:
        known.update(_read(store, [("uuid", "in", named)]))
    if place is not None:
        reach = max([profile.tolerance(entry) for entry in classes.values()], default=0.0)
        x, y = shapely.get_coordinates(place)[0].tolist()
        known.update(_read(store, [(GEOM, "box", [x - reach, y - reach, x + reach, y + reach])]))
    found = []
    for uuid, one in known.items():
        entry = classes.get(str(one["class_code"]))
        shape = one.pop(GEOM)
        apart = None if place is None or shape is None else float(shapely.distance(place, shape))
        reach = profile.tolerance(entry) if entry is not None else float(profile.setting("tolerance_other_m"))
        near = apart is not None and apart <= reach
        if uuid not in named and (not near or one["state"] in GONE or one["merged_uuid"]):
            continue
        owner = next((one[name] for name in DEPARTMENTS if one[name]), None)
        at = departments.get(str(owner))
        score = float(scores(np.array([apart]), reach)[0]) if near and apart is not None else None
        found.append({
            **{name: one[name] for name in ("uuid", "code", "name", "class_code", "state", "x", "y")},
            "class_name": entry.name if entry else None, "distance": None if apart is None else round(apart, 2),
            "score": 1.0 if uuid in by_code else score, "same_class": one["class_code"] == case["class_code"],
            "by_code": uuid in by_code, "current": uuid == case["component_uuid"], "owner": owner,
            "owner_name": at.name if at else owner,
        })  # fmt: skip
    found.sort(key=_rank)
    limit = max(1, min(request.limit, _MOST))
    told = {name: case[name] for name in ("fid", "case_no", "class_code", *LINK)}
    return {
        "case": {**told, "open": str(case["stage"]) not in ENDED}, "choices": found[:limit],
        "left": max(0, len(found) - limit), "newest": _newest(store, request.case),
        "counts": {}, "tables": [], "notes": [],
    }  # fmt: skip


def _stated(store: Store, case: dict[str, Any]) -> set[str]:
    """Return the components that the code of a case means.

    Numbers of a component's source are not looked up, which reads every component: the last run of linkcases told them.
    """
    code = str(case["component_code"] or "")
    found: set[str] = set()
    if not code:
        return found
    for table in COMPONENTS:
        rows = store.read(table, ["uuid", "merged_uuid"], [("code", "=", code)])
        found.update(str(goes_to or uuid) for uuid, goes_to in zip(rows["uuid"].tolist(), rows["merged_uuid"].tolist()))
    if case["component_uuid"] and case["link_method"] == "code":
        found.add(str(case["component_uuid"]))
    where: list[Condition] = [
        ("object_uuid", "=", case["uuid"]), ("rule", "=", "link_ambiguous"), ("state", "=", issues.OPEN),
    ]  # fmt: skip
    for params in issues.all_params(store.read("check_issue", ["params"], where)["params"].tolist()):
        if params.get("code") == code:
            found.update(str(one["uuid"]) for one in params.get("candidates", ()))
    return found


def _rank(one: dict[str, Any]) -> tuple[Any, ...]:
    far = one["distance"]
    return (not one["by_code"], not one["same_class"], far is None, far or 0.0, str(one["code"] or ""), one["uuid"])


def _case(store: Store, fid: int) -> dict[str, Any]:
    rows = store.read("case_record", _CASE, [("fid", "=", int(fid))])
    if not len(rows["fid"]):
        raise InputRefused("dispatch.no_case", value=fid)
    case = {name: rows[name][0] for name in _CASE}
    xy = representative_points(rows[GEOM])[0]
    case[GEOM] = shapely.Point(xy) if np.isfinite(xy).all() else None
    score = case["link_score"]
    case["link_score"] = None if score is None or score != score else float(score)  # NaN: none
    return case


def _read(store: Store, where: list[Condition]) -> dict[str, dict[str, Any]]:
    found = {}
    for table in COMPONENTS:
        rows = store.read(table, _CARD, where)
        for at in range(len(rows["uuid"])):
            one = {name: rows[name][at] for name in _CARD if name != XY}
            x, y = rows[XY][at].tolist()
            there = bool(np.isfinite((x, y)).all())
            found[str(one["uuid"])] = {**one, "x": x if there else None, "y": y if there else None}
    return found


def _newest(store: Store, fid: int) -> int:
    return int(max(store.read("case_event", ["fid"], [("case_fid", "=", int(fid))])["fid"].tolist(), default=0))


def choose_link(context: Context, request: ChooseLink) -> dict[str, Any]:
    """Link a case to the component that somebody chose, or to none; an ``amend`` event tells old, new, who and why.

    A case without place takes grid, community and street of the component. Open issues about the link of the case are
    settled. Who may, and in which stages, the workflow says of ``amend``.

    Returns
    -------
    dict
        Counts ``linked_by_hand``, ``link_removed``, ``unchanged``.

    Raises
    ------
    InputRefused
        ``dispatch.no_case``, ``amend.role``, ``link.ended``, ``link.no_component`` (unknown, gone or merged),
        ``case.changed_meanwhile``.
    """
    store = context.need_store()
    table = Table(store.profile().moves)
    roles = [role for move in table.moves if move.action == AMEND for role in split_list(move.roles)]
    if request.role not in roles:
        raise InputRefused("amend.role", role=request.role, known=", ".join(dict.fromkeys(roles)))
    case = _case(store, request.case)
    if table.refusal(State(case["stage"] or STAGES[0]), AMEND, request.role, ()) is not None:
        raise InputRefused("link.ended", case_no=case["case_no"])
    if request.seen is not None and _newest(store, request.case) != request.seen:
        raise InputRefused("case.changed_meanwhile", case_no=case["case_no"])
    new: dict[str, Any] = {"component_uuid": None, "link_method": BY_HAND, "link_score": None}
    if request.component:
        chosen = _read(store, [("uuid", "=", request.component)]).get(request.component)
        if chosen is None or chosen["merged_uuid"] or chosen["state"] in GONE:
            raise InputRefused("link.no_component", value=request.component)
        new.update(component_uuid=request.component, link_score=1.0)
        nowhere = case[GEOM] is None and case["place_method"] in (None, BY_COMPONENT)
        if nowhere and (chosen["grid_code"] or chosen["community_code"]):
            street = CityMap(store).street_of(chosen["community_code"])
            new.update(grid_code=chosen["grid_code"], community_code=chosen["community_code"], street_code=street)
            new.update(place_method=BY_COMPONENT)
    changes = {name: [case[name], value] for name, value in new.items() if case[name] != value}
    changed = bool(changes)
    counts = {
        "linked_by_hand": int(changed and bool(request.component)),
        "link_removed": int(changed and not request.component), "unchanged": int(not changed),
    }  # fmt: skip
    result: dict[str, Any] = {"counts": counts, "operation": None, "tables": [], "notes": []}
    if not changed:
        return result
    settled = issues.compare(store, _RULES, [str(case["uuid"])], [])
    with store.action("choose_link", reason=request.reason) as action:
        fid = np.array([request.case], dtype=np.int64)
        action.update("case_record", fid, {name: objects([new[name]]) for name in changes})
        stage = objects([case["stage"]])
        events: Columns = amendments(fid, (stage, stage), [changes], moment_text(context.clock()), MOVED)
        events["done_by"] = objects([request.done_by or None])
        told = {"role": request.role, "why": request.reason}
        events["payload"] = objects([json.dumps(told, ensure_ascii=False)])
        action.insert("case_event", events)
        issues.write(action, settled)
        action.counts.update(counts)
        result.update(operation=action.operation_uuid, tables=["case_record", "case_event", "check_issue"])
    return result
