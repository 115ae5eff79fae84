# SPDX-License-Identifier: GPL-2.0-or-later
"""What lies near a case: collectors where they were last seen, cameras that see the place, earlier cases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.cases.near import bearing, sees
from digital_citymgmt_plugin.core.ports import XY, Condition, Store
from digital_citymgmt_plugin.services.beat_rows import VALID

EARLIER = ("fid", "case_no", "class_code", "class_name", "stage", "dept_name", "reported_at", "closed_at", XY)
_MOST = 50  # rows of each list


def collectors(store: Store, x: float, y: float, grid_code: str | None) -> list[dict[str, Any]]:
    """Return collectors by how far they were from a place when they were last seen; those of its beat first.

    Returns
    -------
    list of dict
        ``name``, ``code`` (the carrier of a track that is no collector's code or name has none), ``beat`` (its name),
        ``own``: whether the place is of its beat, ``distance`` (metres), ``at`` (UTC): None when never seen.
    """
    beats = store.read("beat", ["uuid", "code", "name"], VALID)
    told = zip(beats["uuid"].tolist(), beats["code"].tolist(), beats["name"].tolist())
    called = {uuid: name or code for uuid, code, name in told}
    own = _beat_of(store, grid_code)
    people = store.read("collector", ["code", "name", "beat_uuid", "shift"], VALID)
    listed: dict[str, dict[str, Any]] = {}
    for code, name, beat, shift in zip(*(people[key].tolist() for key in ("code", "name", "beat_uuid", "shift"))):
        listed[str(code or name)] = {
            "code": code, "name": name or code, "beat": called.get(beat), "own": own is not None and beat == own,
            "shift": shift, "distance": None, "at": None,
        }  # fmt: skip
    by_name = {str(one["name"]): key for key, one in listed.items()}
    seen = store.latest("track_point", "carrier", "at", ["carrier", "at", XY])
    for carrier, at, place in zip(seen["carrier"].tolist(), seen["at"].tolist(), seen[XY]):
        key = carrier if carrier in listed else by_name.get(str(carrier), str(carrier))
        unknown = {**dict.fromkeys(("code", "beat", "shift", "distance", "at")), "name": carrier, "own": False}
        one = listed.setdefault(key, unknown)
        if np.isfinite(place).all():
            one.update(distance=math.hypot(float(place[0]) - x, float(place[1]) - y), at=at)
            one.update(x=float(place[0]), y=float(place[1]))
    found = [one for one in listed.values() if one["own"] or one["distance"] is not None]
    return sorted(found, key=lambda one: (not one["own"], one["distance"] is None, one["distance"] or 0.0))[:10]


def beat_name(store: Store, grid_code: str | None) -> str | None:
    """Return code and name of the beat that a unit grid is of."""
    uuid = _beat_of(store, grid_code)
    if uuid is None:
        return None
    rows = store.read("beat", ["code", "name"], [("uuid", "=", uuid)])
    told = [str(rows[key][0]) for key in ("code", "name") if len(rows[key]) and rows[key][0]]
    return " ".join(dict.fromkeys(told)) or None


def _beat_of(store: Store, grid_code: str | None) -> str | None:
    if not grid_code:
        return None
    grids = store.read("unit_grid", ["uuid"], [("code", "=", grid_code)])["uuid"].tolist()
    where: list[Condition] = [*VALID, ("grid_uuid", "in", grids)]
    members = store.read("beat_member", ["beat_uuid"], where)["beat_uuid"].tolist() if grids else []
    return str(members[0]) if members else None


def cameras(store: Store, x: float, y: float, near: float) -> list[dict[str, Any]]:
    """Return cameras within ``near`` metres that see a place; without reach or angle they are told by distance alone.

    Returns
    -------
    list of dict
        ``code``, ``name``, ``distance`` (metres), ``sees``: True or False by reach, direction and angle, None when
        nothing of these is known. Those that do come first, those that do not are left out.
    """
    box = [x - near, y - near, x + near, y + near]
    names = ["code", "name", "direction", "angle", "reach", XY]
    rows = store.read("camera", names, [("geom", "box", box)])
    found = []
    listed = [rows[key].tolist() for key in names]
    for code, name, direction, angle, reach, place in zip(*listed):
        distance = math.hypot(place[0] - x, place[1] - y)
        if not distance <= near:
            continue
        toward = bearing(place[0], place[1], x, y)
        verdict = sees(distance, toward, direction, angle, reach)
        if verdict is not False:
            told = {"code": code, "name": name, "x": place[0], "y": place[1]}
            found.append({**told, "distance": distance, "sees": verdict})
    return sorted(found, key=lambda one: (one["sees"] is None, one["distance"]))[:_MOST]


def earlier(
    store: Store, case: dict[str, Any], x: float | None, y: float | None, radius: float
) -> list[dict[str, Any]]:
    """Return other cases of the same component, and of the same class within ``radius`` metres; the newest first."""
    found: dict[int, dict[str, Any]] = {}
    wheres: list[tuple[str, list[Condition]]] = []
    if case.get("component_uuid"):
        wheres.append(("component", [("component_uuid", "=", case["component_uuid"])]))
    if x is not None and y is not None and radius > 0:
        box = [x - radius, y - radius, x + radius, y + radius]
        wheres.append(("place", [("geom", "box", box), ("class_code", "=", case.get("class_code"))]))
    for why, where in wheres:
        rows = store.read("case_record", EARLIER, where)
        places = rows.pop(XY)
        names = list(rows)
        for at, values in enumerate(zip(*[rows[name].tolist() for name in names])):
            one = dict(zip(names, values))
            px, py = places[at].tolist()
            apart = None if x is None or y is None else math.hypot(px - x, py - y)
            if why == "place" and not (apart is not None and apart <= radius):
                continue
            if one["fid"] != case["fid"]:
                known = apart is not None and math.isfinite(apart)
                found.setdefault(one["fid"], {**one, "why": why, "distance": apart if known else None})
    return sorted(found.values(), key=lambda one: str(one["reported_at"] or ""), reverse=True)[:_MOST]
