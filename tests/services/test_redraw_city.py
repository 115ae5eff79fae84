# SPDX-License-Identifier: GPL-2.0-or-later
"""Redraws by lot on a city of Qingdao's size, and two people who redraw it: hours of work, by hand (``make soak``).

``DCM_REDRAW_STORE`` names a store that is there (a copy of it is changed), else one is made, which takes a quarter of
an hour. ``DCM_REDRAW_EDITS``, ``_SECONDS``, ``_SEED`` and ``_SCALE`` make a run shorter, another, smaller.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import time
from datetime import datetime, timezone

import pytest

from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.upgrading import upgrade_store
from scripts.benchmarks.redraw import make_store
from tests.redraw_soak import Plan, Soak, give_beats, rivals
from tests.services.cities import City
from tests.support import Watcher

pytestmark = pytest.mark.soak
EDITS, SEED = (int(os.environ.get(f"DCM_REDRAW_{name}", value)) for name, value in (("EDITS", 1_000), ("SEED", 1)))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The file of a large city with beats."""
    folder = tmp_path_factory.mktemp("city")
    path = folder / "copy.gpkg"
    given = os.environ.get("DCM_REDRAW_STORE")
    if given:
        shutil.copy(given, path)
        upgrade_store(str(path), program="tests", done_by="maker", clock=now)
    else:
        make_store(os.environ.get("DCM_REDRAW_SCALE", "qingdao"), folder).rename(path)
    store = opened(path, "maker")
    if not store.count("beat"):
        give_beats(store, 8)
    store.close()
    yield path
    shutil.rmtree(folder)


def now():
    """The time of the clock: an undo tells by times what was written by hand."""
    return datetime.now(timezone.utc)


def opened(path, who):
    return GpkgStore(str(path), program="tests", clock=now, done_by=who)


class Town(City):
    """A city whose clock goes on."""

    @property
    def context(self):
        return dataclasses.replace(super().context, clock=now)


def test_a_thousand_edits_of_a_city_as_large_as_qingdao(place, capsys):
    begin, cpu = time.perf_counter(), time.process_time()

    def say(text):
        with capsys.disabled():
            spent = f"{time.perf_counter() - begin:.0f} s, {time.process_time() - cpu:.0f} s of the processor"
            sys.stderr.write(f"\n[redraw] seed {SEED}: {text} ({spent})")
            sys.stderr.flush()

    store, seconds = opened(place, "tester"), float(os.environ.get("DCM_REDRAW_SECONDS", "inf"))
    plan = Plan(SEED, EDITS, most=10, cells=50, whole=100, seconds=seconds)
    try:
        soak = Soak(Town(store, place.parent, Watcher()), plan, say)
        soak.run()
        parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in soak.seconds.items())
        say(f"{soak.done} edits {dict(soak.tools)}, {len(soak.operations)} writings, all taken back; {parts}")
        say(f"refused: {dict(soak.pen.refusals)}")
    finally:
        store.close()


def test_two_people_redraw_a_city_as_large_as_qingdao(place, capsys):
    store, begin = opened(place, "tester"), time.process_time()
    try:
        told, rebased = rivals(Town(store, place.parent, Watcher()), SEED)
    finally:
        store.close()
    with capsys.disabled():
        sys.stderr.write(
            f"\n[redraw] two people: told of {told['count']} grids; {rebased['steps']} edits of the second stand,"
            f" {len(rebased['conflicts'])} do not fit ({time.process_time() - begin:.0f} s of the processor)\n"
        )
