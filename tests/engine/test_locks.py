# SPDX-License-Identifier: GPL-2.0-or-later
"""Decision 1 of the design: one owner, other programs reading and editing meanwhile, the engine killed in between.

No code stands twice, no row that anybody was told is saved is lost, nobody reads a malformed file.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.bridge.engine_pool import EnginePool
from digital_citymgmt_plugin.core.errors import CityError, EngineError, StoreError
from digital_citymgmt_plugin.core.requests import AssignCodes, CloseStore, Health, ImportComponents, Layer, OpenStore
from tests.engine.small_city import make_small_city
from tests.kill import content

HERE = Path(__file__).parent
SECONDS = 12.0
BATCH = 400


class Other:
    """Another program at work on the store until told to end."""

    def __init__(self, script: str, path: Path, folder: Path) -> None:
        env = {
            **os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(folder),
            "PYTHONPATH": str(HERE.parents[1]),
        }  # fmt: skip
        self._log = (folder / f"{script}.log").open("w+", encoding="utf-8")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._log}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / f"{script}.py"), str(path)], env=env, text=True, **pipes
        )
        line = self._process.stdout.readline()
        assert line == "ready\n", (line, self.said())

    def end(self) -> dict:
        out, _ = self._process.communicate(timeout=90)
        assert self._process.returncode == 0, self.said()
        return json.loads(out)

    def said(self) -> str:
        self._log.seek(0)
        return self._log.read()


@pytest.fixture
def batches(tmp_path):
    """Write census files with rows of their own each."""
    import geopandas

    rng = np.random.default_rng(3)
    paths = []
    for number in range(60):
        places = shapely.points(rng.uniform((500_000, 3_520_000), (500_400, 3_520_200), (BATCH, 2)))
        values = {"class_code": ["0101"] * BATCH, "source_id": [f"B{number}-{row}" for row in range(BATCH)]}
        path = tmp_path / f"batch{number}.gpkg"
        geopandas.GeoDataFrame(values, geometry=places, crs="EPSG:4550").to_file(path, engine="pyogrio")
        paths.append(str(path))
    return paths


def work(pool, city, batches, *, kill):
    """Import and code for a while; kill the engine in between if asked. Returns what was confirmed."""
    rng = random.Random(5)
    imported, coded, kills = [], 0, 0
    finish = time.monotonic() + SECONDS
    waiting = list(batches)
    # On a busy machine the first kills may come too late to hit anything.
    while waiting and time.monotonic() < finish + (40 if kill and not kills else 0):
        try:
            with pool.lease(str(city)) as lease:
                if kill and rng.random() < 0.5:
                    threading.Timer(rng.uniform(0.05, 0.5), _kill, (lease.hello["pid"],)).start()
                result = lease.call(ImportComponents(Layer(waiting[0])))
                assert result["counts"]["accepted"] == BATCH
                imported.append(waiting.pop(0))
                coded += lease.call(AssignCodes())["counts"]["coded"]
        except EngineError as error:
            assert error.code == "engine.died"
            kills += 1
    return imported, coded, kills


def _kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def names(path, prefix):
    with contextlib.closing(sqlite3.connect(path, timeout=20)) as connection:
        rows = connection.execute("SELECT name, remark FROM component_point WHERE name GLOB ?", (prefix + "[0-9]*",))
        return dict(rows.fetchall())


def sources(path):
    with contextlib.closing(sqlite3.connect(path, timeout=20)) as connection:
        sql = "SELECT count(*), count(DISTINCT import_key) FROM component_point WHERE import_key IS NOT NULL"
        return connection.execute(sql).fetchone()


@pytest.mark.parametrize("kill", [False, pytest.param(True, marks=pytest.mark.kill)], ids=["calm", "killed"])
def test_qgis_edits_and_libraries_read_while_the_engine_writes(client, batches, tmp_path, kill):
    city = make_small_city(tmp_path / "城市 一.gpkg")
    editor = Other("qgis_editor", city, tmp_path)
    reader = Other("library_reader", city, tmp_path)
    pool = EnginePool(client)
    imported, coded, kills = work(pool, city, batches, kill=kill)
    pool.shutdown()
    edited, read = editor.end(), reader.end()

    assert edited["errors"] == [] and read["errors"] == []
    assert edited["added"] and edited["loops"] > 3 and read["loops"] > 3 and imported and coded
    assert kills or not kill
    kept = names(city, "Q")
    assert [name for name in edited["added"] if name not in kept] == []
    assert {name: kept[name] for name in edited["renamed"]} == edited["renamed"]
    rows, keys = sources(city)
    assert rows == keys
    # A killed import may have been committed without a word; it is then known again and counted once.
    assert len(imported) * BATCH <= rows <= (len(imported) + 1) * BATCH
    assert rows % BATCH == 0
    assert content.check(str(city)) == []
    sys.stdout.write(f"{len(imported)} imports, {coded} codes, {kills} kills; QGIS {edited['loops']} loops, ")
    sys.stdout.write(f"{len(edited['added'])} rows, {edited['locked']} locked; libraries {read['loops']}\n")


def test_a_second_program_writing_with_plain_sqlite_loses_nothing(client, batches, tmp_path):
    city = make_small_city(tmp_path / "city.gpkg")
    writer = Other("plain_writer", city, tmp_path)
    pool = EnginePool(client)
    imported, _, _ = work(pool, city, batches, kill=False)
    pool.shutdown()
    written = writer.end()
    assert written["errors"] == []
    assert len(written["added"]) > 10
    kept = names(city, "P")
    assert [name for name in written["added"] if name not in kept] == []
    assert sources(city) == (len(imported) * BATCH,) * 2
    assert content.check(str(city)) == []


def test_of_two_engines_racing_for_a_store_one_gets_it_and_the_other_is_told_who(client, city):
    engines = [client(program=f"racer {number}") for number in range(2)]
    for engine in engines:
        engine.start()
        with contextlib.suppress(EngineError):
            engine.call(Health())  # its imports are done
    for _ in range(20):
        barrier, outcome = threading.Barrier(2), {}

        def race(number, barrier=barrier, outcome=outcome):
            barrier.wait()
            outcome[number] = None
            try:
                engines[number].call(OpenStore(str(city)))
            except StoreError as refusal:
                outcome[number] = refusal

        threads = [threading.Thread(target=race, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        winners = [number for number, error in outcome.items() if error is None]
        assert len(winners) == 1, outcome
        error = outcome[1 - winners[0]]
        assert error.code == "store.held"
        assert error.values["program"] == f"racer {winners[0]}"
        assert error.values["pid"] == engines[winners[0]].pid
        engines[winners[0]].call(CloseStore())


def test_two_engines_taking_turns_never_issue_a_code_twice(client, batches, tmp_path):
    city = make_small_city(tmp_path / "city.gpkg")
    stop, failed, done = time.monotonic() + 6, [], [0, 0]
    queues = [batches[0::2], batches[1::2]]

    def turn(number):
        engine = client(program=f"turn {number}")
        for path in queues[number]:
            while time.monotonic() < stop:
                try:
                    engine.call(OpenStore(str(city)))
                    engine.call(ImportComponents(Layer(path)))
                    engine.call(AssignCodes())
                    engine.call(CloseStore())
                    done[number] += 1
                    break
                except CityError as error:
                    if error.code != "store.held":
                        failed.append(error)
                        return
                    time.sleep(0.02)
            time.sleep(0.05)

    threads = [threading.Thread(target=turn, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert all(done), done
    assert sources(city)[0] >= sum(done) * BATCH
    assert content.check(str(city)) == []


def test_rows_that_the_engine_commits_are_seen_in_layers_that_are_open_in_qgis(client, batches, tmp_path):
    from tests.kill.reader import Reader

    city = make_small_city(tmp_path / "city.gpkg")
    folder = tmp_path / "reader"
    folder.mkdir()
    reader = Reader(folder)
    engine = client()
    engine.call(OpenStore(str(city)))
    reader.read(city, rounds=2)
    engine.call(ImportComponents(Layer(batches[0])))
    reader.wait(rounds=2)
    seen = reader.pause()
    reader.close()
    assert seen["counts"]["component_point"] == [10, 10 + BATCH]
    assert seen["invalid"] == 0 and seen["errors"] == []


def test_a_store_that_others_hold_open_is_opened_worked_on_and_closed(client, batches, tmp_path):
    """QGIS has layers open before the engine comes, and keeps them after it goes."""
    city = make_small_city(tmp_path / "city.gpkg")
    editor = Other("qgis_editor", city, tmp_path)
    engine = client()
    for path in batches[:3]:
        engine.call(OpenStore(str(city)))
        assert engine.call(ImportComponents(Layer(path)))["counts"]["inserted"] == BATCH
        engine.call(CloseStore())
    edited = editor.end()
    assert edited["errors"] == [] and edited["flips"] < edited["loops"]
    kept = names(city, "Q")
    assert [name for name in edited["added"] if name not in kept] == []
    assert {name: kept[name] for name in edited["renamed"]} == edited["renamed"]
    assert content.check(str(city)) == []
    assert shutil.copy(city, tmp_path / "copy.gpkg").stat().st_size == city.stat().st_size
