# SPDX-License-Identifier: GPL-2.0-or-later
"""Redraws by lot on a city of Qingdao's size, and two people who redraw it: hours of work, by hand (``make soak``).

``DCM_REDRAW_STORE`` names a store that is there (a copy of it is changed), else one is made, which takes a quarter of
an hour. ``DCM_REDRAW_EDITS``, ``_SECONDS``, ``_SEED`` and ``_SCALE`` make a run shorter, another, smaller.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import sys
import time
from datetime import datetime, timezone

import pytest

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_redraw import RebaseRedraw
from digital_citymgmt_plugin.services.redraw import rebase_redraw
from digital_citymgmt_plugin.services.redraw.session import find
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.upgrading import upgrade_store
from scripts.benchmarks.redraw import make_store
from tests.redraw_ground import Pen
from tests.redraw_oracle import Oracle
from tests.redraw_soak import Plan, Soak, draw, give_beats
from tests.services.cities import City
from tests.services.test_redraw import Bench
from tests.services.test_redraw_apply import apply, sizes, state
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


def test_two_people_redraw_a_city_as_large_as_qingdao(place):
    stores = [opened(place, who) for who in ("甲", "乙")]
    try:
        rivals(*(Town(store, place.parent, Watcher()) for store in stores))
    finally:
        for store in stores:
            store.close()


def rivals(first, second, edits=12):
    """Both draw on the same grids; the second is told what the first wrote and goes on from there; all comes back."""
    start, oracle, pen, lot = state(first.store), Oracle(first.store), Pen(SEED), random.Random(SEED)
    ours, theirs = Bench(first), Bench(second)
    one, two = find(first.store, ours.id), find(second.store, theirs.id)
    for bench, session in ((ours, one), (theirs, two)):
        while bench.steps < edits:
            draw(bench, session.coverage, pen, lot)
    # The second merges a grid that the first retires.
    cov = two.coverage
    gone = [uuid for uuid in one.base["uuid"][one.net()[0]].tolist() if uuid not in one.coverage]
    pairs = [(uuid, other) for uuid in gone if uuid in cov for other in cov.neighbours(uuid)]
    theirs.edit("merge", cells=next(list(pair) for pair in pairs if cov.group(pair[0]) == cov.group(pair[1])))
    written = apply(ours, "all_new")
    oracle.written(written, whole=True)
    before = sizes(second.store)
    with pytest.raises(InputRefused) as caught:
        apply(theirs)
    told = caught.value.values
    assert (caught.value.code, told["done_by"], told["kind"]) == ("redraw.changed", "甲", "redraw")
    assert told["count"] >= len(gone)
    assert sizes(second.store) == before
    rebased = rebase_redraw(second.context, RebaseRedraw(theirs.id))
    assert rebased["steps"] + len(rebased["conflicts"]) == edits + 1
    assert (edits, "merge", "redraw.no_cell") in {(c["step"], c["tool"], c["code"]) for c in rebased["conflicts"]}
    last = apply(theirs)
    oracle.written(last, whole=True)
    for city, result in ((second, last), (first, written)):
        undo_operation(city.context, UndoOperation(result["operation"]))
    assert state(first.store) == start == state(second.store)
