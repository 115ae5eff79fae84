# SPDX-License-Identifier: GPL-2.0-or-later
"""The gazetteer of a city, read from its places and communities, kept while the store stays as it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from digital_citymgmt_plugin.core.grids.locate import representative_points
from digital_citymgmt_plugin.core.places.fields import LANDMARK, PLATE, POI, STREET
from digital_citymgmt_plugin.core.places.gazetteer import Gazetteer, Spot
from digital_citymgmt_plugin.core.places.names import fold
from digital_citymgmt_plugin.core.places.streets import Streets
from digital_citymgmt_plugin.core.ports import GEOM, Columns, Context, Store
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.redraw.log import last_operation

_COLUMNS = ("name", "street", "number", "number_from", "community_code", "ranges", GEOM)

_MADE_OF = ("place", "admin_area")


@dataclass
class _Held:
    """A gazetteer with when it was read: ``operation`` is the newest of the store that it knows of."""

    moment: tuple[int, int]
    operation: int
    gazetteer: Gazetteer


_last: WeakKeyDictionary[Store, _Held] = WeakKeyDictionary()


def gazetteer_of(context: Context) -> Gazetteer:
    """Return the gazetteer of the store; read again only after what it is made of has changed.

    Who places cases one by one changes the store each time, and would wait for all its places each time.
    """
    store = context.need_store()
    moment, held = store.moment(), _last.get(store)
    if held is not None and _holds(store, held, moment):
        return held.gazetteer
    made = _Held(moment, last_operation(store), _read(context, store))
    _last[store] = made
    return made.gazetteer


def _holds(store: Store, held: _Held, moment: tuple[int, int]) -> bool:
    """Tell whether no action since, and no other program, wrote what the gazetteer is made of."""
    if moment[0] != held.moment[0]:
        return False
    if moment != held.moment:
        rows = store.read("operation", ["fid", "uuid"], [("fid", ">", held.operation)], ["fid"])
        for fid, uuid in zip(rows["fid"].tolist(), rows["uuid"].tolist()):
            if not store.is_recorded(uuid) or any(True for _ in store.written(uuid, _MADE_OF)):
                return False
            held.operation = int(fid)
        held.moment = moment
    return True


def _read(context: Context, store: Store) -> Gazetteer:
    context.progress(0.0, "progress.gazetteer")
    rows = _of(store, STREET)
    made = Gazetteer(
        Streets(
            [fold(str(name)) for name in rows["name"].tolist()], rows[GEOM],
            [_ranges(value) for value in rows["ranges"].tolist()], rows["community_code"].tolist(),
        )
    )  # fmt: skip
    context.cancel.check()
    for kind in (PLATE, POI, LANDMARK):
        rows = _of(store, kind)
        xy = representative_points(rows[GEOM])
        there = np.isfinite(xy).all(axis=1)
        places = [(float(x), float(y)) for x, y in xy[there].tolist()]
        kept = {name: column[there].tolist() for name, column in rows.items() if name != GEOM}
        doors = [
            (fold(str(street)), str(number), along, place)
            for street, number, along, place in zip(kept["street"], kept["number"], kept["number_from"], places)
            if street and number
        ]
        if kind == PLATE:
            made.add_plates(doors)
        else:
            made.add_points(
                (fold(str(name)), Spot(place, area, kind))
                for name, area, place in zip(kept["name"], kept["community_code"], places)
                if name
            )
        context.cancel.check()
    where = [("valid_to", "is null", None), ("level", "=", "community")]
    areas = store.read("admin_area", ["name", "code"], where, order=["code"])
    made.add_areas((fold(str(name)), str(code)) for name, code in zip(areas["name"].tolist(), areas["code"].tolist()))
    made.finish()
    return made


def _of(store: Store, kind: str) -> Columns:
    rows = store.read("place", _COLUMNS, [("kind", "=", kind), (GEOM, "not null", None)], order=["fid"])
    if kind != STREET:
        return rows
    lines = objects(
        None if name is None or shapely.get_dimensions(shape) != 1 else shape
        for name, shape in zip(rows["name"].tolist(), rows[GEOM].tolist())
    )
    return {**rows, GEOM: lines}


def _ranges(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:  # somebody typed into the table
            return []
    return [item for item in value if isinstance(item, dict) and item.get("from") and item.get("to")] if isinstance(
        value, list
    ) else []
