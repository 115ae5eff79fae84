# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the components of the store are and of which class, kept while the store stays as it is.

The load that cells aim at is the mean of the whole city: every preview of one community asks for all components, and
reading 776,143 of them takes longer than the preview.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.ports import GEOM, XY, Context, Store
from digital_citymgmt_plugin.services.intake import objects

TABLE, CLASS = "component_point", "class_code"


@dataclass(frozen=True)
class Places:
    """Places of components (CRS of the store), their classes (names and which one each has), how many had no place."""

    moment: tuple[int, int]
    xy: NDArray[np.float64]
    names: NDArray[Any]
    which: NDArray[np.int32]
    lost: int

    @property
    def classes(self) -> NDArray[Any]:
        """The class of each component."""
        return np.asarray(self.names[self.which], dtype=object)


_last: WeakKeyDictionary[Store, Places] = WeakKeyDictionary()


def point_places(context: Context) -> Places:
    """Return the places and classes of the point components; read again only after the store has changed."""
    store = context.need_store()
    moment, found = store.moment(), _last.get(store)
    if found is not None and found.moment == moment:
        return found
    xy, names, which = [np.empty((0, 2))], dict[str, int](), [np.empty(0, dtype=np.int32)]
    for chunk in store.packed(TABLE, [CLASS, XY], [(GEOM, "not null", None)]):
        context.cancel.check()
        xy.append(chunk[XY])
        codes = [names.setdefault(str(code), len(names)) for code in chunk[CLASS].tolist()]
        which.append(np.array(codes, dtype=np.int32))
    places = np.concatenate(xy)
    there = np.isfinite(places).all(axis=1)
    found = Places(moment, places[there], objects(names), np.concatenate(which)[there], int((~there).sum()))
    _last[store] = found
    return found
