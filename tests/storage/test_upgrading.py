# SPDX-License-Identifier: GPL-2.0-or-later
"""Upgrades of several steps: killed at any time, run again they complete; the copy from before is made once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.errors import Cancelled, StoreError
from digital_citymgmt_plugin.storage import backup, gpkg, upgrading
from digital_citymgmt_plugin.storage.schema.catalogue import SCHEMA_VERSION
from digital_citymgmt_plugin.storage.schema.scripts import STEPS, steps_after
from digital_citymgmt_plugin.storage.upgrading import upgrade_store
from tests.engine.small_city import make_small_city
from tests.kill import content
from tests.support import NOW, Watcher

ROOT = Path(__file__).resolve().parents[2]
RELEASED = ROOT / "tests" / "data" / "released_steps.tsv"
COMING = SCHEMA_VERSION + 3
# Each step depends on the one before: done twice or left out it fails or shows.
NEXT = (
    "ALTER TABLE component_point ADD COLUMN depth_m REAL; UPDATE component_point SET depth_m = 1.5;",
    "UPDATE component_point SET depth_m = depth_m * 2;"
    "CREATE TABLE well (fid INTEGER PRIMARY KEY, component_fid INTEGER);"
    "INSERT INTO well (component_fid) SELECT fid FROM component_point;",
    "UPDATE component_point SET depth_m = depth_m + 1; CREATE INDEX well_component ON well (component_fid);"
    "UPDATE case_record SET description = coalesce(description, '') || '升级';",
)


@pytest.fixture
def later(tmp_path, monkeypatch):
    """A folder with three more steps, as a later release has them."""
    folder = tmp_path / "steps"
    shutil.copytree(STEPS, folder)
    for number, text in enumerate(NEXT, SCHEMA_VERSION + 1):
        (folder / f"{number:04d}_next.sql").write_text(text.replace(";", ";\n"), encoding="utf-8")
    monkeypatch.setattr(gpkg, "SCHEMA_VERSION", COMING)
    return {"folder": folder, "target": COMING}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_small_city(tmp_path_factory.mktemp("upgrading") / "city.gpkg", coded=50, uncoded=3000)


@pytest.fixture
def city(made, tmp_path):
    (tmp_path / "store").mkdir()
    return Path(shutil.copy(made, tmp_path / "store" / "城市 [1].gpkg"))


def upgrade(path, **options):
    return upgrade_store(str(path), program="test", done_by="tester", clock=lambda: NOW, **options)


def state(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        schema = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return content.normalised(str(path)), schema


def copies(path):
    return sorted(item for item in path.parent.iterdir() if ".backup" in item.name)


def version(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()[0])


def test_each_step_has_its_row_in_the_log_and_the_copy_is_from_before_all(city, later):
    before = content.exact(str(city))
    result = upgrade(city, **later)
    assert (result["from"], result["to"], result["steps"]) == (SCHEMA_VERSION, COMING, 3)
    assert content.exact(result["copy"]) == before
    with contextlib.closing(sqlite3.connect(city)) as connection:
        rows = connection.execute("SELECT params FROM operation WHERE kind = 'upgrade_store' ORDER BY fid").fetchall()
        assert ["next" in row[0] for row in rows] == [True] * 3
        assert connection.execute("SELECT DISTINCT depth_m FROM component_point").fetchall() == [(4.0,)]
        assert connection.execute("SELECT count(*) FROM meta WHERE key LIKE 'upgrade%'").fetchone() == (0,)


def test_killed_at_random_times_and_run_again_it_completes(city, later, tmp_path):
    shutil.copy(city, tmp_path / "undisturbed.gpkg")
    begun = time.perf_counter()
    upgrade(tmp_path / "undisturbed.gpkg", **later)
    usual = time.perf_counter() - begun
    expected, before = state(tmp_path / "undisturbed.gpkg"), content.exact(str(city))
    rng = random.Random(3)
    original = city.read_bytes()
    between = 0
    for number in range(6):
        for item in city.parent.iterdir():
            item.unlink()
        city.write_bytes(original)
        for seconds in (rng.uniform(0, 1.2 * usual), rng.uniform(0, usual)):
            kill_upgrade(city, later, seconds)
            between += SCHEMA_VERSION < version(city) < COMING
        upgrade(city, **later)
        assert version(city) == COMING, number
        assert state(city) == expected, number
        kept = [item for item in copies(city) if not item.name.startswith(".")]
        assert len(kept) == 1, number
        assert content.exact(str(kept[0])) == before, number
        assert upgrade(city, **later)["steps"] == 0


def kill_upgrade(city, later, seconds):
    command = [sys.executable, "-m", "tests.storage.upgrade_victim", str(city), str(later["folder"]), str(COMING)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=env, text=True, cwd=ROOT, **pipes) as victim:
        assert victim.stdout.readline() == "ready\n"
        victim.stdin.write("go\n")
        victim.stdin.flush()
        time.sleep(seconds)
        victim.kill()


def fail_at(monkeypatch, number):
    """Let the power fail in the middle of a step: what SQLite would find after it."""
    real = upgrading.register_tables
    calls = []

    def cut(*given):
        calls.append(1)
        if len(calls) == number:
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(upgrading, "register_tables", cut)
    return lambda: monkeypatch.setattr(upgrading, "register_tables", real)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_cut_off_in_any_step_the_steps_before_are_kept_and_not_done_again(city, later, monkeypatch, number):
    mend = fail_at(monkeypatch, number)
    with pytest.raises(KeyboardInterrupt):
        upgrade(city, **later)
    assert version(city) == SCHEMA_VERSION + number - 1
    assert len(copies(city)) == (number > 1)  # where nothing was done, no copy is left
    mend()
    result = upgrade(city, **later)
    assert result["steps"] == 4 - number
    assert len(copies(city)) == 1
    with contextlib.closing(sqlite3.connect(city)) as connection:
        assert connection.execute("SELECT DISTINCT depth_m FROM component_point").fetchall() == [(4.0,)]


def test_between_two_steps_the_rules_hold_and_the_store_is_not_opened(city, later, monkeypatch):
    fail_at(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        upgrade(city, **later)
    with pytest.raises(StoreError) as error:
        gpkg.GpkgStore(str(city), program="test", clock=lambda: NOW)
    assert error.value.code == "store.older_schema"
    with contextlib.closing(sqlite3.connect(city)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("DELETE FROM component_point WHERE code IS NOT NULL")


def test_a_copy_of_another_state_is_not_taken_for_the_one_from_before(city, later, monkeypatch):
    backup.copy_store(str(city), backup.beside(str(city), f"schema{SCHEMA_VERSION}"), lambda *given: None)
    with contextlib.closing(sqlite3.connect(city)) as connection:
        connection.execute("UPDATE department SET name = '改名' WHERE fid = 1")
        connection.commit()
    before = content.exact(str(city))
    result = upgrade(city, **later)
    assert content.exact(result["copy"]) == before
    assert len(copies(city)) == 2


def test_cancelled_before_the_first_step_is_done_nothing_is_left(city, later):
    before = content.exact(str(city))
    for at in (1, 2):
        with pytest.raises(Cancelled):
            upgrade(city, progress=Watcher(), cancel=Watcher(cancel_at=at), **later)
        assert content.exact(str(city)) == before
        assert copies(city) == []


def test_progress_grows_over_copy_and_steps(city, later):
    watcher = Watcher()
    upgrade(city, progress=watcher, cancel=watcher, **later)
    shares = [share for share, _ in watcher.said]
    assert shares == sorted(shares)
    assert {message for _, message in watcher.said} >= {"progress.copying", "progress.upgrading"}
    assert len(shares) >= 8


def test_a_disk_without_room_is_said_before_anything_is_written(city, later, monkeypatch):
    usage = shutil.disk_usage(city.parent)._replace(free=city.stat().st_size + 20 * 2**20)
    monkeypatch.setattr(backup.shutil, "disk_usage", lambda path: usage)
    before = content.exact(str(city))
    usage = usage._replace(free=city.stat().st_size)
    with pytest.raises(StoreError) as error:
        upgrade(city, **later)
    assert error.value.code == "store.disk_needed"
    assert error.value.values["needed"] * 2**20 > 2 * city.stat().st_size
    assert content.exact(str(city)) == before
    assert copies(city) == []


# -- released steps ----------------------------------------------------------------------------------------------------


def released():
    lines = [line.split("\t") for line in RELEASED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {name: (digest, release) for name, digest, release in lines}


def test_every_step_is_listed_and_a_released_one_is_never_changed():
    known = released()
    found = {step.name: hashlib.sha256(step.read_bytes()).hexdigest() for step in steps_after(0)}
    assert list(known) == sorted(found)
    for name, (digest, release) in known.items():
        assert release == "unreleased" or digest == found[name], f"{name} was released and must not change"


def test_only_the_steps_after_the_last_release_may_still_change():
    names = sorted(released())
    open_steps = [name for name in names if released()[name][1] == "unreleased"]
    assert open_steps == names[len(names) - len(open_steps) :]


def test_every_frozen_step_has_its_store_as_text():
    for name, (_, release) in released().items():
        if release != "unreleased":
            assert (ROOT / "tests" / "data" / f"schema_v{int(name[:4])}.sql").is_file()
