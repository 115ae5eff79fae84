# SPDX-License-Identifier: GPL-2.0-or-later
"""After grids have changed: components, cases and places are put into the grid that now holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases.stages import ENDED
from digital_citymgmt_plugin.core.cases.times import moment_text
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.grids.locate import locate_points
from digital_citymgmt_plugin.core.ports import GEOM, Action, Columns, Condition, Context, Store
from digital_citymgmt_plugin.services.case_events import REHOME, moves
from digital_citymgmt_plugin.services.intake import objects, with_none
from digital_citymgmt_plugin.services.link_places import AREAS, BY_COMPONENT, PLACE, CityMap

_TOGETHER = 20_000  # components whose cases are asked for in one question


def rehome(context: Context, store: Store, action: Action, near: NDArray[np.float64] | None = None) -> dict[str, int]:
    """Set grid and community of every component and case that had a grid and now lies in another, or in none.

    Component codes do not change: they carry no grid. Runs inside the action that changed the grids, so that it sees
    them. A case gets its street, and how its place was found, too; what it had before is told by an ``amend`` event (of
    components by the rows of ``component_change``). A case that has its place from its component goes with it; others
    without coordinates keep their grid. Places and cameras are put right without a word: nobody gave them a grid.
    ``near``: boxes (west, south, east, north) of all grids that changed; only what lies in them is looked at.

    Returns
    -------
    dict
        ``components_moved``, ``cases_moved``, and ``open_cases_moved`` of these.
    """
    grids = store.read("unit_grid", ["code", "community_code", GEOM], [("status", "=", "current")], ["code"])
    where: list[Condition] = [("grid_code", "not null", None), (GEOM, "not null", None)]
    moved = {"components_moved": 0, "cases_moved": 0, "open_cases_moved": 0}
    gone_to: dict[str, tuple[str | None, str | None]] = {}
    for table in COMPONENTS:
        for chunk in store.chunks(table, ["fid", "uuid", "grid_code", GEOM], [*where, *_there(store, table, near)]):
            context.cancel.check()
            gone_to.update(_move(action, table, chunk, grids))
    moved["components_moved"] = len(gone_to)
    city, at = CityMap(store), moment_text(context.clock())
    placed = [*where, *_there(store, "case_record", near)]
    # By component first: the map keeps what it cannot tell better.
    for chunk, new in chain(_with_components(store, gone_to, city), _by_the_map(store, placed, city)):
        context.cancel.check()
        stages = _move_cases(action, chunk, new, at)
        moved["cases_moved"] += len(stages)
        moved["open_cases_moved"] += sum(stage not in ENDED for stage in stages)
    for table in ("place", "camera"):
        drawn = [(GEOM, "not null", None), *_there(store, table, near)]
        for chunk in store.chunks(table, ["fid", *AREAS, GEOM], drawn):
            context.cancel.check()
            areas = city.areas(chunk[GEOM])
            differs = np.any([areas[name] != chunk[name] for name in AREAS], axis=0)
            action.update(table, chunk["fid"][differs], {name: column[differs] for name, column in areas.items()})
    return moved


def _there(store: Store, table: str, near: NDArray[np.float64] | None) -> list[Condition]:
    return [] if near is None else [("fid", "in", store.fids_in(table, near).tolist())]


def _move(
    action: Action, table: str, chunk: Columns, grids: Columns
) -> dict[str, tuple[str | None, str | None]]:  # fmt: skip
    """Move the components of a chunk; returns grid and community of those that were moved, by uuid."""
    cell = locate_points(chunk[GEOM], grids[GEOM])
    codes, communities = with_none(grids["code"])[cell], with_none(grids["community_code"])[cell]
    differs = codes != chunk["grid_code"]
    if differs.any():
        action.update(
            table, chunk["fid"][differs], {"grid_code": codes[differs], "community_code": communities[differs]}
        )
    homes = zip(codes[differs].tolist(), communities[differs].tolist())
    return dict(zip(chunk["uuid"][differs].tolist(), homes))


def _by_the_map(store: Store, where: list[Condition], city: CityMap) -> Iterator[tuple[Columns, Columns]]:
    """Yield cases that have coordinates, and the place of each."""
    for chunk in store.chunks("case_record", ["fid", "stage", *PLACE, GEOM], where):
        yield chunk, city.place(chunk)


def _with_components(
    store: Store, gone_to: Mapping[str, tuple[str | None, str | None]], city: CityMap
) -> Iterator[tuple[Columns, Columns]]:  # fmt: skip
    """Yield cases that lie where their component does, of components that were moved, and the place of each."""
    uuids = sorted(gone_to)
    for start in range(0, len(uuids), _TOGETHER):
        where: list[Condition] = [
            ("component_uuid", "in", uuids[start : start + _TOGETHER]), ("place_method", "=", BY_COMPONENT),
        ]  # fmt: skip
        cases = store.read("case_record", ["fid", "stage", "component_uuid", *PLACE], where, ["fid"])
        homes = [gone_to[uuid] for uuid in cases["component_uuid"].tolist()]
        placed = {
            "grid_code": objects(code for code, _ in homes),
            "community_code": objects(home for _, home in homes),
            "street_code": objects(city.street_of(home) for _, home in homes),
            "place_method": cases["place_method"],
        }
        yield cases, placed


def _move_cases(action: Action, chunk: Columns, placed: Columns, at: str) -> list[str | None]:
    """Move the cases of a chunk to their places; returns the stages of those that were moved."""
    differs = np.flatnonzero(placed["grid_code"] != chunk["grid_code"])
    old, new = ({name: columns[name][differs] for name in PLACE} for columns in (chunk, placed))
    action.update("case_record", chunk["fid"][differs], new)
    action.insert("case_event", moves(chunk["fid"][differs], chunk["stage"][differs], old, new, at, REHOME))
    stages: list[str | None] = chunk["stage"][differs].tolist()
    return stages
