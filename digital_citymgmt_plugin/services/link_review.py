# SPDX-License-Identifier: GPL-2.0-or-later
"""Links of earlier runs against what this one finds: which would now be otherwise. None is changed by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census import GONE
from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.ports import GEOM, Cancel, Columns, Store
from digital_citymgmt_plugin.services.link_codes import Target

LINK = ("component_uuid", "link_method", "link_score")
BY_HAND = "manual"  # link_method of what somebody chose, also when it was no component
OWN = ("code", "nearest")  # what linkcases writes
# Rules of the issues: another component would be found; the one it has is gone; two are about as near; none is found.
ANOTHER, MISSING, UNSURE, NONE = REVIEWED = ("link_another", "link_gone", "link_unsure", "link_none")
_CHUNK = 20_000


class Review:
    """What cases are linked to, and what would be found for those that an earlier run linked (``mine``)."""

    def __init__(self, cases: Columns, mine: NDArray[np.bool_]) -> None:
        self.mine = mine
        self.changed = np.zeros(len(mine), dtype=bool)
        self._cases = cases
        self._held = {name: cases[name].copy() for name in LINK}
        self._same = np.zeros(len(mine), dtype=bool)
        self._others: dict[int, tuple[Target, str, float, float | None]] = {}
        self._unsure: dict[int, list[dict[str, Any]]] = {}

    def held(self, rows: NDArray[np.int64]) -> Columns:
        """Return the links that cases had before this run."""
        return {name: self._held[name][rows] for name in LINK}

    def found(self, row: int, target: Target, method: str, score: float, far: float | None) -> None:
        """Take note of the component that this run finds for a case."""
        if target[0] == self._held["component_uuid"][row]:
            self._same[row] = True
        else:
            self._others[row] = (target, method, score, far)

    def doubt(self, row: int, candidates: list[dict[str, Any]]) -> None:
        """Take note of a case for which this run would not choose."""
        self._unsure[row] = candidates

    def target(self, row: int) -> Target | None:
        """Return what a case would be linked to, None where that is not clear."""
        found = self._others.get(row)
        return found[0] if found else None

    def how(self, row: int) -> tuple[str, float]:
        """Return method and score of that, which the case is given."""
        self.changed[row] = True
        return self._others[row][1:3]

    def differing(self, store: Store, cancel: Cancel, *, whole: bool) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Yield the cases whose link would be otherwise, with rule and values of the issue.

        That none is found says something only of a ``whole`` run, without a tolerance of its own.
        """
        rows = np.flatnonzero(self.mine & ~self._same)
        for start in range(0, len(rows), _CHUNK):
            cancel.check()
            part = rows[start : start + _CHUNK].tolist()
            known = self._components(store, part)
            for row in part:
                uuid = str(self._held["component_uuid"][row])
                code, stands, shape = known.get(uuid, (None, False, None))
                why = self._why(row, stands=stands)
                if why == NONE and (not whole or not self._looked(row)):
                    continue
                held = {"uuid": uuid, "code": code}
                xy = self._cases["x"][row], self._cases["y"][row]
                if shape is not None and np.isfinite(xy).all():
                    held["distance"] = round(float(shapely.distance(shape, shapely.Point(xy))), 2)
                yield row, why, {"held": [held], "candidates": self._candidates(row)}

    def _why(self, row: int, *, stands: bool) -> str:
        if row in self._others:
            return ANOTHER
        if not stands:
            return MISSING
        return UNSURE if row in self._unsure else NONE

    def _looked(self, row: int) -> bool:
        """Tell whether distance was looked at: not for a case without place, nor for an event."""
        return bool(np.isfinite(self._cases["x"][row])) and self._cases["kind"][row] == "component"

    def _candidates(self, row: int) -> list[dict[str, Any]]:
        if row not in self._others:
            return self._unsure.get(row, [])
        target, _, score, far = self._others[row]
        found = {"uuid": target[0], "code": target[1], "score": score}
        return [found if far is None else {**found, "distance": round(far, 2)}]

    def _components(self, store: Store, rows: list[int]) -> dict[str, tuple[Any, bool, Any]]:
        wanted = sorted({str(self._held["component_uuid"][row]) for row in rows})
        known: dict[str, tuple[Any, bool, Any]] = {}
        for table in COMPONENTS:
            found = store.read(table, ["uuid", "code", "state", GEOM], [("uuid", "in", wanted)])
            for uuid, code, state, shape in zip(*(found[name].tolist() for name in ("uuid", "code", "state", GEOM))):
                known[str(uuid)] = (code, state not in GONE, shape)
        return known
