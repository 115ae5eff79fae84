# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at chosen steps of each writing action of the census bench: at its first write, its commit, and between.

Where ``test_kill`` kills an engine at moments, this kills at a statement or file operation, so that the short stages
are met as well: an import of photos between its files and its rows, a commit that has just begun.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from digital_citymgmt_plugin.core.requests import (
    AdoptGrids,
    AssignCodes,
    ImportAreas,
    ImportCases,
    ImportComponents,
    Layer,
    LinkCases,
)
from digital_citymgmt_plugin.core.undo import UNDOABLE
from tests.kill import bench, content
from tests.kill.staged_victim import AFTER
from tests.kill.test_kill import KILLS
from tests.kill.town import COUNTY, CRS, make_town
from tests.support import new_store

pytestmark = [pytest.mark.kill, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]
ROOT = Path(__file__).resolve().parents[2]
PICKS = max(3, KILLS // 5)  # kills of each action


@dataclass
class Stage:
    """The store before an action, and how it went undisturbed."""

    before: Path
    exact_before: str
    normal_after: dict[str, str]
    steps: list[list]


class Chain:
    """Runs the actions one after the other, in children of one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.town = make_town(folder, components=1_200, cases=150, notched=True)
        bench.add_inputs(self.town, symbols=300, photos=40)
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": env}
        self._victim = subprocess.Popen([sys.executable, "-m", "tests.kill.staged_victim"], **pipes)
        self.stages: dict[str, Stage] = {}
        self.store = folder / "city.gpkg"
        new_store(self.store, crs=CRS, county_code=COUNTY).close()
        for request in (
            ImportAreas(Layer(self.town.county), "county", "code", "name"),
            ImportAreas(Layer(self.town.streets), "street", "code", "name"),
            ImportAreas(Layer(self.town.communities), "community", "code", "name"),
            AdoptGrids(Layer(self.town.cells)), ImportComponents(Layer(self.town.components)), AssignCodes(),
            ImportCases(Layer(self.town.cases, crs=CRS)), LinkCases(),
        ):  # fmt: skip
            self.run(self.store, request)
        self._left = list(bench.ACTIONS)

    def run(self, store: Path, request, at: int | None = None) -> dict:
        """Run a request, to the end or to the step at which it is killed."""
        order = {"store": str(store), "method": request.method, "params": request.to_params(), "at": at}
        self._victim.stdin.write(json.dumps(order) + "\n")
        self._victim.stdin.flush()
        answer = json.loads(self._victim.stdout.readline())
        assert "error" not in answer, answer
        return answer

    def stage(self, action: str) -> Stage:
        """Return an action's stage; those before it are run first."""
        while action not in self.stages:
            name = self._left.pop(0)
            before = self.folder / f"before_{name}.gpkg"
            shutil.copy(self.store, before)
            answer = self.run(self.store, bench.ACTIONS[name](self.town, str(self.store), str(self.folder / "o")))
            assert answer["operation"], (name, answer)
            after = content.normalised(str(self.store))
            self.stages[name] = Stage(before, content.exact(str(before)), after, answer["steps"])
        return self.stages[action]

    def close(self) -> None:
        self._victim.communicate(timeout=30)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    made = Chain(tmp_path_factory.mktemp("staged"))
    yield made
    made.close()


def picks(action: str, steps: list[list]) -> list[int]:
    """Choose steps: the commit, the end, the first and last file operation, the others by run of like steps."""
    chance = random.Random(f"20260601 {action}")
    ends, total = [], 0
    for label, size in steps:
        ends.append((label, total + 1, total + size))
        total += size
    commit = max(last for label, _, last in ends if label == "COMMIT")
    begin = min(first for label, first, _ in ends if label.startswith("BEGIN IMMEDIATE"))
    moved = [first for label, first, last in ends if label in ("os.rename", "shutil.copyfile") and first < commit]
    chosen = {begin + 1, commit, *([moved[0], moved[-1]] if moved else [])}
    inside = [(first, last) for _, first, last in ends if begin < first < commit]
    while len(chosen) < min(PICKS, commit - begin):
        chosen.add(chance.randint(*chance.choice(inside)))
    return [*sorted(chosen), AFTER]


@pytest.mark.parametrize("action", list(bench.ACTIONS))
def test_a_kill_at_any_step_leaves_all_or_nothing(action, chain, tmp_path, record_property):
    usual = chain.stage(action)
    given = digest_of(Path(chain.town.photos)), digest_of(Path(chain.town.drawings))
    outcomes = {"nothing": 0, "all": 0}
    for at in picks(action, usual.steps):
        store = tmp_path / f"{at}" / "city.gpkg"
        store.parent.mkdir()
        shutil.copy(usual.before, store)
        request = bench.ACTIONS[action](chain.town, str(store), str(store.with_name("o")))
        assert chain.run(store, request, at) == {"killed": True}, (action, at)
        late = {"verify.case_due"} if action in DUE else set()
        assert [one for one in content.check(str(store)) if one.rule not in late] == [], (action, at)
        outcome = "nothing" if content.exact(str(store)) == usual.exact_before else "all"
        if outcome == "all":
            assert content.normalised(str(store)) == usual.normal_after, (action, at)
        outcomes[outcome] += 1
        whole_workbook_or_none(store.with_name("o.xlsx"))

        if action in ONCE and outcome == "all":
            continue
        again = chain.run(store, request)  # whoever opens the store next finds it tidy, and may do it again
        assert action in AGAIN or (again["operation"] is None) == (outcome == "all"), (action, at)
        if action not in AGAIN or outcome == "nothing":
            assert content.normalised(str(store)) == usual.normal_after, (action, at)
        photos_are_whole(store)
        # A package may stand, a whole one.
        left = {path.name for path in store.parent.iterdir() if path.suffix != ".zip"}
        if action in ("packcases", "drawrecheck"):  # and the hidden folder in which an output was being made
            left = {name for name in left if not name.startswith(".dcm_")}
        assert left <= {"city.gpkg", "city_photos", "city_evidence", "o.xlsx", "o_receipt.json", "o_recheck.csv"}
        if action == "recordruling":  # said again, the copy is there, be it that of a run before
            copies = [path for path in (store.parent / "city_evidence").iterdir() if path.is_file()]
            assert [path.read_bytes() for path in copies] == [Path(chain.town.filing).read_bytes()], at
            assert not list(store.parent.glob("city_evidence/.dcm_*")), at
        shutil.rmtree(store.parent)
    assert outcomes["nothing"] and outcomes["all"] and digest_of(Path(chain.town.photos)) == given[0]
    assert digest_of(Path(chain.town.drawings)) == given[1]
    record_property("kills", str(outcomes))
    sys.stdout.write(f"{action}: {sum(size for _, size in usual.steps)} steps; {outcomes}\n")


DUE = ("importprofile", "recomputedue")  # new working hours are said until due times are counted anew
ONCE = ("undoredraw", "freezerun")  # refused the second time: a name is given once
# Each run of the checks is a row of its own, each package is one; a case may be supervised twice.
AGAIN = ("checkcomponents", "checkgrids", "repairgrids", "packcases", "supervisecases", "drawrecheck")


def test_files_of_a_killed_import_of_photos_are_gone_when_the_store_is_opened(chain, tmp_path):
    """Also when no photos are imported again: moved files that no row names, and half of a copy."""
    usual = chain.stage("importphotos")
    for at in picks("importphotos", usual.steps):
        store = tmp_path / f"{at}" / "city.gpkg"
        store.parent.mkdir()
        shutil.copy(usual.before, store)
        request = bench.ACTIONS["importphotos"](chain.town, str(store), str(store.with_name("o")))
        chain.run(store, request, at)
        chain.run(store, LinkCases())
        photos_are_whole(store)


def test_every_action_that_can_be_taken_back_is_killed_somewhere(chain):
    for action in bench.ACTIONS:
        chain.stage(action)
    kinds = set(bench.column(str(chain.store), "SELECT kind FROM operation"))
    elsewhere = {"import_places", "import_tracks", "undo_operation"}  # in ``test_kill``
    assert kinds | elsewhere >= UNDOABLE


def photos_are_whole(store: Path) -> None:
    """In the photo folder is what the rows name, with their digests, and nothing else."""
    home = store.with_name("city_photos")
    found = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in home.iterdir()} if home.exists() else {}
    )
    connection = sqlite3.connect(store)
    rows = dict(connection.execute("SELECT path, sha256 FROM photo").fetchall())
    connection.close()
    if rows and not home.exists():
        return  # the rows came with the copy of the store; their files are elsewhere
    assert found == rows


def whole_workbook_or_none(path: Path) -> None:
    if path.exists():
        assert openpyxl.load_workbook(path).sheetnames


def digest_of(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()
