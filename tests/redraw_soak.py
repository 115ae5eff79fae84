# SPDX-License-Identifier: GPL-2.0-or-later
"""A long run of redraws by lot: each edit and each writing is looked at, and in the end all is taken back."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM
from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.requests_redraw import RebaseRedraw
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.redraw import rebase_redraw
from digital_citymgmt_plugin.services.redraw import session as sessions
from digital_citymgmt_plugin.services.redraw.session import find
from digital_citymgmt_plugin.services.undoing import undo_operation
from tests.redraw_ground import Pen
from tests.redraw_oracle import CURRENT, Oracle, cells_hold, edit_holds
from tests.services.test_redraw import Bench
from tests.services.test_redraw_apply import apply, sizes, state
from tests.support import lineage


def give_beats(store, size=5):
    """Put the grids into beats of so many, by their codes, where there are none."""
    grids = store.read("unit_grid", ["uuid", GEOM], CURRENT, ["code"])
    squads = [f"b{row // size}" for row in range(len(grids["uuid"]))]
    names = list(dict.fromkeys(squads))
    shapes = np.split(grids[GEOM], range(size, len(squads), size))
    outlines = [shapely.multipolygons(shapely.get_parts(shapely.coverage_union_all(own))) for own in shapes]
    with store.action("test") as action:
        codes = [name[1:] for name in names]
        action.insert("beat", columns(len(names), geom=outlines, uuid=names, code=codes, name="责任网格"))
        action.insert("beat_member", columns(len(squads), beat_uuid=squads, grid_uuid=grids["uuid"].tolist()))


def columns(count, **values):
    """Rows of a table, of lists or of one value for all."""
    return {name: objects(value if isinstance(value, list) else [value] * count) for name, value in values.items()}


class Step(NamedTuple):
    """A row of the lineage."""

    fid: int
    operation_uuid: str
    parent_uuid: str
    child_uuid: str
    share: float
    old_geom: bytes
    created_at: str


def draw(bench, cov, pen, lot):
    """Do the next edit by lot that is not refused, as the window asks for it."""
    while True:
        stroke = pen.stroke(cov, lot.choice(Pen.TOOLS), lot.choice(cov.ids))
        try:
            return bench.edit(stroke["tool"], stroke["points"], stroke["cells"], **stroke["options"])
        except InputRefused as error:
            pen.refusals[error.code] += 1


def every_step(store):
    """All rows of the lineage, whether they hold or not."""
    names = ", ".join(Step._fields)
    return [Step(*row) for row in store.connection.execute(f"SELECT {names} FROM grid_lineage ORDER BY fid")]


@dataclass(frozen=True)
class Plan:
    """How long a run is: ``most`` edits between two writings, ``cells`` edits between two looks at all cells, ``whole``
    at the whole city; no more edits after so many ``seconds``.
    """

    seed: int
    edits: int
    most: int = 3
    cells: int = 1
    whole: int = 1
    seconds: float = math.inf


class Soak:
    """Draws, writes and takes back by lot."""

    def __init__(self, city, plan, say=lambda text: None, **options):
        self.city, self.plan, self.say, self.options = city, plan, say, options
        self.lot, self.pen, self.tools = random.Random(plan.seed), Pen(plan.seed), Counter()
        self.done, self.operations, self.seconds = 0, [], Counter()

    def run(self):
        """All of it."""
        store = self.city.store
        start, logs, undone, held = state(store), sizes(store), self._undone(), lineage(store)
        before = logs["grid_lineage"]
        self.oracle = Oracle(store)
        self.bench = Bench(self.city, **self.options)
        self.session, end = find(store, self.bench.id), time.monotonic() + self.plan.seconds
        while self.done < self.plan.edits and time.monotonic() < end:
            done = self.done
            for _ in range(min(self.lot.randint(1, self.plan.most), self.plan.edits - self.done)):
                self.edit()
                if self.lot.random() < 0.1:
                    self.to_and_fro()
            if self.passed(done, self.plan.cells):
                cells_hold(self.session.coverage, self.oracle.whole, self.oracle.outline)
            self.write(self.passed(done, self.plan.whole))
        self.oracle.all_holds()
        self.say(f"{self.done} edits, {len(self.operations)} writings")
        assert self.tools.keys() == set(Pen.TOOLS) or self.done < 100
        assert len(self.operations) > self.done / (2 * self.plan.most)
        grown = sizes(store)
        assert all(grown[name] >= size for name, size in logs.items())
        steps, ways = every_step(store), {}  # rows of the lineage: all before, and how many of each undo
        for number, operation in enumerate(reversed(self.operations)):
            undo = self.timed("undo", undo_operation, self.city.context, UndoOperation(operation))
            ways[undo["operation"]] = store.count("grid_lineage", [("operation_uuid", "=", undo["operation"])])
            assert self._undone() - undone == number + 1
            if not number % 50:
                self.say(f"{number + 1} of {len(self.operations)} taken back")
        assert state(store) == start and lineage(store) == held
        final = sizes(store)
        for name in ("code_register", "grid_lineage", "operation", "component_change"):
            assert final[name] >= grown[name], name
        told = every_step(store)
        assert told[: len(steps)] == steps
        assert Counter((one.child_uuid, one.parent_uuid) for one in told[len(steps) :]) == Counter(
            (one.parent_uuid, one.child_uuid) for one in steps[before:]
        )
        assert all(ways.values()) and len(told) - len(steps) == sum(ways.values())
        return self.operations

    def passed(self, before, every):
        """Tell whether one more round of so many edits is full."""
        return before // every != self.done // every

    def _undone(self):
        return self.city.store.count("operation", [("kind", "=", "undo_operation")])

    def timed(self, name, work, *args):
        """Do something and remember how long it took, of the processor."""
        begin = time.process_time()
        try:
            return work(*args)
        finally:
            self.seconds[name] += time.process_time() - begin

    def edit(self):
        """One edit as the window asks for it, taken back and done again: its cells have the bytes that they had."""
        cov = self.session.coverage
        kept = {name: cov.stored(name) for name in cov.ids}
        answer = self.timed("edit", draw, self.bench, cov, self.pen, self.lot)
        edit = self.session.steps[-1].edit
        before = {name: kept[name] for name in edit.before}
        assert {name: shapely.to_wkb(cov.stored(name), hex=True) for name in edit.after} == answer["shapes"]
        edit_holds(cov, edit, before, self.oracle.outline)
        self.bench.step(back=True)
        assert {name: shapely.to_wkb(cov.stored(name)) for name in before} == dict(
            zip(before, shapely.to_wkb(list(before.values())).tolist())
        )
        self.bench.step(back=False)
        assert {name: shapely.to_wkb(cov.stored(name), hex=True) for name in edit.after} == answer["shapes"]
        self.tools[edit.tool] += 1
        self.done += 1

    def to_and_fro(self):
        """Take some of the last edits back, and some or all of them not again."""
        steps = self.lot.randint(1, min(3, self.bench.steps) or 1)
        for _ in range(min(steps, self.bench.steps)):
            self.bench.step(back=True)
        for _ in range(self.lot.randint(0, len(self.session.steps) - self.bench.steps)):
            self.bench.step(back=False)

    def write(self, whole):
        """Write what was drawn; nothing is written of edits that were all taken back."""
        result = self.timed("apply", apply, self.bench, self.lot.choice(("largest_keeps", "all_new")))
        if result["operation"] is not None:
            self.operations.append(result["operation"])
            self.timed("after", self.bench.probe, "merge")  # lets the session begin anew on what was written
            self.bench.steps = self.session.done
            self.oracle.written(result, whole)
        if whole:
            self.say(f"{self.done} edits, {len(self.operations)} writings")


def rivals(city, seed, edits=12):
    """Two sessions on the same grids; the second is told what the first wrote, goes on from there; all comes back.

    Two engines cannot hold one store; so both sessions are of this one, as if it were two.
    """
    store = city.store
    start, oracle, pen, lot = state(store), Oracle(store), Pen(seed), random.Random(seed)
    ours = Bench(city)
    one = find(store, ours.id)
    theirs = Bench(city)
    two = find(store, theirs.id)
    sessions._open[store][one.id] = one
    for bench, session in ((ours, one), (theirs, two)):
        while bench.steps < edits:
            draw(bench, session.coverage, pen, lot)
    # The second merges a grid that the first retires.
    cov = two.coverage
    gone = [uuid for uuid in one.base["uuid"][one.net()[0]].tolist() if uuid not in one.coverage]
    pairs = [(uuid, other) for uuid in gone if uuid in cov for other in cov.neighbours(uuid)]
    theirs.edit("merge", cells=next(list(pair) for pair in pairs if cov.group(pair[0]) == cov.group(pair[1])))
    store.done_by = "甲"
    written = apply(ours, "all_new")
    oracle.written(written, whole=True)
    store.done_by, before = "乙", sizes(store)
    with pytest.raises(InputRefused) as caught:
        apply(theirs)
    told = caught.value.values
    assert (caught.value.code, told["done_by"], told["kind"]) == ("redraw.changed", "甲", "redraw")
    assert told["count"] >= len(gone)
    assert sizes(store) == before
    rebased = rebase_redraw(city.context, RebaseRedraw(theirs.id))
    assert rebased["steps"] + len(rebased["conflicts"]) == edits + 1
    assert (edits, "merge", "redraw.no_cell") in {(c["step"], c["tool"], c["code"]) for c in rebased["conflicts"]}
    last = apply(theirs)
    oracle.written(last, whole=True)
    for result in (last, written):
        undo_operation(city.context, UndoOperation(result["operation"]))
    assert state(store) == start
    return told, rebased
