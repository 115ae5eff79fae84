# SPDX-License-Identifier: GPL-2.0-or-later
"""Any order of imports, codings, redrawings, undos and undos of undos against a model of the tables' contents."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from digital_citymgmt_plugin.core.errors import InputRefused
from tests.services.cities import City, box, squares
from tests.services.test_undoing import cases, components, digests, link, register, undo, whole
from tests.support import Watcher, new_store

ACTIONS = (
    lambda city, number: components(city, 3 + number % 3, name=f"n{number}"),
    lambda city, number: components(city, 2, file=f"other{number % 2}.gpkg"),
    lambda city, number: city.code()["operation"],
    lambda city, number: city.adopt(squares(4, 1, 500), file="few.gpkg")["operation"],
    lambda city, number: city.adopt(squares(8, 2, 250), file="many.gpkg", policy="all_new")["operation"],
    lambda city, number: cases(city, [(101 + 150 * row, f"t{number % 2}") for row in range(1 + number % 3)]),
    lambda city, number: link(city),
    lambda city, number: city.communities(box(0, 0, 900 + number, 1000), box(1000, 0, 2000, 1000))["operation"],
)
UNDO = len(ACTIONS)  # from here on: take back what stands at this place, counted from the end
steps = st.lists(st.integers(0, UNDO + 11), min_size=3, max_size=9)


class Model:
    """The contents before each action that still stands, and what is known of the register."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.before: list[tuple[str, dict]] = []  # operations that stand, oldest first, with the tables before them
        self.codes: set[str] = set()

    def act(self, action, number: int) -> None:
        before = digests(self.city)
        uuid = action(self.city, number)
        if uuid is None:
            assert digests(self.city) == before
        else:
            self.before.append((uuid, before))

    def take_back(self, at: int, dependents: str) -> None:
        """The newest one leads back to what was before it; an older one may go alone or takes later ones with it."""
        if not self.before:
            return
        place = max(len(self.before) - 1 - at, 0)
        uuid, tables = self.before[place]
        now = digests(self.city)
        try:
            result = undo(self.city, uuid, dependents)
        except InputRefused as refused:
            assert refused.code in ("undo.dependents", "undo.taken") and place < len(self.before) - 1
            assert digests(self.city) == now
            return
        gone = {step["uuid"] for step in result["steps"]}
        assert uuid in gone and gone <= {one for one, _ in self.before[place:]}
        if gone == {one for one, _ in self.before[place:]}:
            assert digests(self.city) == tables
            del self.before[place:]
        else:  # others stand on: what was before them is not what it was, but for those before the place
            del self.before[place:]
            for other in result["steps"]:
                assert self._undone_by(other["uuid"]) == result["operation"]
        self._redo(result["operation"], now)

    def _undone_by(self, uuid: str) -> str | None:
        return self.city.store.logged(uuid).undone_by

    def _redo(self, operation: str, after: dict) -> None:
        """Taking the taking back back, and taking back once more, changes nothing."""
        left = digests(self.city)
        again = undo(self.city, operation)["operation"]
        assert digests(self.city) == after
        undo(self.city, again)
        assert digests(self.city) == left

    def check(self) -> None:
        codes = register(self.city)
        assert self.codes <= codes.keys(), "the register never shrinks"
        self.codes = set(codes)
        whole(self.city)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@example(steps=[0, 0, UNDO + 3])
@given(steps=steps)
def test_any_order_of_actions_and_undos_agrees_with_the_model(steps):
    with tempfile.TemporaryDirectory() as folder:
        city = City(new_store(Path(folder) / "city.gpkg"), Path(folder), Watcher())
        try:
            city.communities()
            model = Model(city)
            for number, step in enumerate(steps):
                if step < UNDO:
                    model.act(ACTIONS[step], number)
                else:
                    model.take_back((step - UNDO) // 2, ("refuse", "undo")[step % 2])
                model.check()
        finally:
            city.store.close()
