# SPDX-License-Identifier: GPL-2.0-or-later
"""Components by the code that a case states, or by the number that they had in the file they came from."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.census import TABLES as COMPONENTS
from digital_citymgmt_plugin.core.ports import Cancel, Columns, Store

TARGET = ("uuid", "code", "grid_code", "community_code")
CHUNK = 50_000

# uuid, code, grid, community of a component
Target = tuple[str, Any, Any, Any]


class StatedCodes:
    """Looks up what cases state."""

    def __init__(self, store: Store, cancel: Cancel) -> None:
        self._store, self._cancel = store, cancel

    def find(self, stated: list[str]) -> dict[str, list[Target]]:
        """Return the components that each code may mean; a merged double is the one that goes on."""
        targets: dict[str, list[Target]] = {}
        for start in range(0, len(stated), CHUNK):
            self._cancel.check()
            targets.update(self._by_code(stated[start : start + CHUNK]))
        targets.update(self._by_source_id({code for code in stated if code not in targets}))
        self._go_on(targets)
        return targets

    def _by_code(self, codes: list[str]) -> dict[str, list[Target]]:
        result: dict[str, list[Target]] = {}
        for table in COMPONENTS:
            found = self._store.read(table, TARGET, [("code", "in", codes)])
            for target in zip(*(found[name].tolist() for name in TARGET)):
                result[target[1]] = [target]
        return result

    def _go_on(self, targets: dict[str, list[Target]]) -> None:
        """Put the component that goes on in the place of each merged double, whose code old cases still state."""
        goes_to: dict[str, str] = {}
        for table in COMPONENTS if targets else ():
            part = self._store.read(table, ["uuid", "merged_uuid"], [("merged_uuid", "not null", None)])
            goes_to.update(zip(part["uuid"].tolist(), part["merged_uuid"].tolist()))
        if not goes_to:
            return
        kept: dict[str, Target] = {}
        for table in COMPONENTS:
            part = self._store.read(table, TARGET, [("uuid", "in", sorted(set(goes_to.values())))])
            kept.update((part["uuid"][index], target_of(part, index)) for index in range(len(part["uuid"])))
        for code, found in targets.items():
            on = {target[0]: target for target in (kept.get(goes_to.get(one[0], ""), one) for one in found)}
            targets[code] = list(on.values())

    def _by_source_id(self, codes: set[str]) -> dict[str, list[Target]]:
        """Find components by the number that they had in the file they came from.

        An import key is ``source:number``; the source has no colon, the number may. ``#2`` behind it is a second row
        of the same number when there is a first one: then it cannot be told which of them a case means.
        """
        result: dict[str, list[Target]] = {}
        if not codes:
            return result
        firsts: set[str] = set()
        again: list[tuple[str, str, Target]] = []
        for table in COMPONENTS:
            for part in self._store.chunks(table, [*TARGET, "import_key"], [("import_key", "not null", None)], 100_000):
                self._cancel.check()
                for index, key in enumerate(part["import_key"].tolist()):
                    number = key.partition(":")[2]
                    if number in codes:
                        result.setdefault(number, []).append(target_of(part, index))
                        firsts.add(key)
                    first, mark, count = number.rpartition("#")
                    if mark and count.isdecimal() and first in codes:
                        again.append((key[: -len(count) - 1], first, target_of(part, index)))
        for key, first, target in again:
            if key in firsts:
                result[first].append(target)
        return result


def target_of(components: Columns, index: int) -> Target:
    """Return a row of components as what a case is linked to."""
    uuid, code, grid, community = (components[name][index] for name in TARGET)
    return str(uuid), code, grid, community
