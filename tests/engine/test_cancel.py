# SPDX-License-Identifier: GPL-2.0-or-later
"""Cancelling any action at random times leaves the store as it was, or the action was done already."""

from __future__ import annotations

import random
import shutil
import time

import pytest

from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.requests import CloseStore, OpenStore
from tests.kill import content
from tests.kill.stages import ACTIONS, there

TIMES = 8
ON_STORE = [name for name in ACTIONS if there(name) and name not in ("createstore", "upgradestore")]


@pytest.mark.parametrize("action", ON_STORE)
def test_a_cancel_leaves_the_store_as_it_was(action, stages, client, tmp_path):
    usual = stages.undisturbed(action)
    rng = random.Random(f"cancel {action}")
    engine = client()
    engine.start()
    cancelled, slowest = 0, 0.0
    for number in range(TIMES):
        folder = tmp_path / str(number)
        folder.mkdir()
        store = folder / "city.gpkg"
        if usual.before is not None:
            shutil.copy(usual.before, store)
            engine.call(OpenStore(str(store)))
        at = time.perf_counter() + usual.seconds * (number + rng.random()) / TIMES
        told = []

        def stop(at=at, told=told):
            if time.perf_counter() >= at and not told:
                told.append(time.perf_counter())
            return bool(told)

        try:
            engine.call(ACTIONS[action](stages.town, str(store), str(folder / "out")), is_cancelled=stop)
        except Cancelled:
            cancelled += 1
            slowest = max(slowest, time.perf_counter() - told[0])
            left = sorted(path.suffix for path in folder.iterdir() if not path.name.startswith("city.gpkg"))
            assert left in ([], [".csv"])  # the rejects found so far may stay
            assert usual.before is None or content.exact(str(store)) == usual.exact_before
        else:
            assert usual.before is None or content.normalised(str(store)) == usual.normal_after
        if usual.before is not None:
            assert content.check(str(store)) == []
            engine.call(CloseStore())
            assert not store.with_name("city.gpkg-wal").exists()
        shutil.rmtree(folder)
    assert slowest < 5
