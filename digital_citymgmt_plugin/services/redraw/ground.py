# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cells of a redraw are measured by, read from the store once: components, cases, roads, people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.stages import ENDED
from digital_citymgmt_plugin.core.cases.times import last_days, newest_text
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.grids.audit.ground import area_features
from digital_citymgmt_plugin.core.grids.figures import Ground
from digital_citymgmt_plugin.core.grids.locate import representative_points
from digital_citymgmt_plugin.core.ports import GEOM, XY, Condition, Context, Store
from digital_citymgmt_plugin.core.requests_redraw import OpenRedraw
from digital_citymgmt_plugin.services.draft_sources import kept_weights
from digital_citymgmt_plugin.services.draft_targets import read_band
from digital_citymgmt_plugin.services.grid_inputs import read_layer
from digital_citymgmt_plugin.services.redraw.log import last_operation

_LIVE: list[Condition] = [(GEOM, "not null", None), ("merged_uuid", "is null", None)]
# Actions that write no place, class, state or day of a component or case.
_HARMLESS = {"redraw", "save_scenario", "discard_scenario"}
_COMMUNITIES: list[Condition] = [("level", "=", "community"), ("valid_to", "is null", None), (GEOM, "not null", None)]


@dataclass(frozen=True)
class _Things:
    """Places and classes of the components, places, days and state of the cases, as the store has them."""

    moment: tuple[int, int]
    last_operation: int
    xy: NDArray[np.float64]
    classes: tuple[str, ...]
    which: NDArray[np.int64]
    case_xy: NDArray[np.float64]
    reported: list[str]
    open_case: NDArray[np.bool_]


_last: WeakKeyDictionary[Store, _Things] = WeakKeyDictionary()


def read_ground(context: Context, request: OpenRedraw) -> tuple[Ground, list[dict[str, Any]]]:
    """Read what cells are measured by, and what there is to say about it.

    Raises
    ------
    InputRefused
        ``input.band``, ``input.number``; of the layer of people: no geometry, no CRS, no such field.
    """
    band = read_band(request.band)
    wanted = request.target_area if request.target_load is None else request.target_load
    if not wanted > 0:
        raise InputRefused("redraw.target", value=wanted)
    store = context.need_store()
    things = _things(context, store)
    notes: list[dict[str, Any]] = []
    weights = kept_weights(store.profile()) if request.load_weights is None else request.load_weights
    rest = _number(weights.get("", 1.0))
    by_class = np.array([_number(weights.get(code, rest)) for code in things.classes], dtype=np.float64)
    majors = sorted({code[:2] for code in things.classes})
    major_of = np.array([majors.index(code[:2]) for code in things.classes], dtype=np.int64)
    since, until = last_days(newest_text(things.reported), request.days)
    late = np.array([since <= moment <= until for moment in things.reported], dtype=bool)
    use = late | things.open_case
    context.progress(0.6, "progress.reading_map")
    people_xy, people = _people(context, request, notes)
    every, layers = _lines(context, store, request.roads)
    roads = every[np.isin(layers, request.road_layers)] if request.road_layers else every
    outlines = store.read("base_area", [GEOM], [("theme", "in", [*request.roads, *request.barriers])])[GEOM]
    homes = store.read("admin_area", [GEOM], _COMMUNITIES)[GEOM]
    parts = [every, _lines(context, store, request.barriers)[0], area_features(outlines)]
    features = np.concatenate(parts)
    if not len(features):
        notes.append({"code": "redraw.no_features", "values": {}})
    else:
        features = np.concatenate([features, area_features(homes)])
    ground = Ground(
        float(wanted), band, by_load=request.target_load is not None, xy=things.xy, major=major_of[things.which],
        majors=tuple(majors), weight=by_class[things.which], case_xy=things.case_xy[use],
        open_case=things.open_case[use], late_case=late[use], people_xy=people_xy, people=people, roads=roads,
        features=features,
    )  # fmt: skip
    return ground, notes


def _things(context: Context, store: Store) -> _Things:
    """Read components and cases; again only after the store has changed, but for what moves none of them."""
    moment, found = store.moment(), _last.get(store)
    if found is not None and (found.moment == moment or _only_harmless(store, found)):
        return found
    last = last_operation(store)
    context.progress(0.05, "progress.reading_components")
    xy, which, classes = [np.empty((0, 2))], [np.empty(0, dtype=np.int64)], dict[str, int]()
    for table in COMPONENTS:
        for chunk in store.packed(table, ["class_code", XY], _LIVE):
            context.cancel.check()
            there = np.isfinite(chunk[XY]).all(axis=1)
            xy.append(chunk[XY][there])
            codes = [classes.setdefault(code, len(classes)) for code in chunk["class_code"][there].tolist()]
            which.append(np.array(codes, dtype=np.int64))
    context.progress(0.3, "progress.reading_cases")
    case_xy, reported, ended = [np.empty((0, 2))], list[str](), [np.empty(0, dtype=bool)]
    for chunk in store.packed("case_record", ["reported_at", "stage", XY], [(GEOM, "not null", None)]):
        context.cancel.check()
        there = np.isfinite(chunk[XY]).all(axis=1)
        case_xy.append(chunk[XY][there])
        reported += chunk["reported_at"][there].tolist()
        ended.append(np.array([stage in ENDED for stage in chunk["stage"][there].tolist()], dtype=bool))
    found = _Things(
        moment, last, np.concatenate(xy), tuple(classes), np.concatenate(which), np.concatenate(case_xy), reported,
        ~np.concatenate(ended),
    )  # fmt: skip
    _last[store] = found
    return found


def _only_harmless(store: Store, found: _Things) -> bool:
    """Tell whether all that was written since leaves components and cases where they are, and nobody else wrote."""
    if store.moment()[0] != found.moment[0]:
        return False
    kinds = store.read("operation", ["kind"], [("fid", ">", found.last_operation)])["kind"].tolist()
    return set(kinds) <= _HARMLESS


def _lines(context: Context, store: Store, themes: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read lines of the base map, and the layer of each."""
    parts, layers = [np.empty(0, dtype=object)], [np.empty(0, dtype=object)]
    if themes:
        where: list[Condition] = [("theme", "in", list(themes)), (GEOM, "not null", None)]
        for chunk in store.packed("base_line", ["layer", GEOM], where):
            context.cancel.check()
            parts.append(chunk[GEOM])
            layers.append(chunk["layer"])
    lines = shapely.force_2d(np.concatenate(parts))
    usable = np.isfinite(shapely.bounds(lines)).all(axis=1) if len(lines) else np.zeros(0, dtype=bool)
    return np.asarray(lines[usable], dtype=object), np.concatenate(layers)[usable]


def _people(
    context: Context, request: OpenRedraw, notes: list[dict[str, Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Read where people live; an area counts where its middle lies."""
    if request.population is None:
        return np.empty((0, 2)), None
    if not request.population_field:
        raise InputRefused("redraw.population_field")
    rows = read_layer(context, request.population, [request.population_field], notes)
    xy = representative_points(rows[GEOM])
    number = np.array([_number(value) for value in rows[request.population_field].tolist()], dtype=np.float64)
    there = np.isfinite(xy).all(axis=1)
    if not there.all():
        notes.append({"code": "redraw.people_lost", "values": {"count": int((~there).sum())}})
    return xy[there], number[there]


def _number(value: Any) -> float:
    """Return a weight or a number of people: nothing below 0, no text."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return max(number, 0.0) if np.isfinite(number) else 0.0
