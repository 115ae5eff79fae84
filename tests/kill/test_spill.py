# SPDX-License-Identifier: GPL-2.0-or-later
"""Killing a writer whose transactions have spilled into the WAL, again and again on one store, while QGIS reads."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.kill import content
from tests.kill.spill_writer import BATCH
from tests.kill.test_kill import KILLS, traces_of_damage
from tests.support import new_store

pytestmark = pytest.mark.kill
ROOT = Path(__file__).resolve().parents[2]



@pytest.fixture
def keeper():
    """Hold a connection to a store, as the engine does for as long as QGIS shows it; returns the way to take it."""
    held = []

    def keep(path):
        connection = sqlite3.connect(path, timeout=20)
        held.append(connection)
        assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
        connection.execute("SELECT count(*) FROM meta").fetchone()

    yield keep
    for connection in held:
        connection.close()


def test_confirmed_batches_are_kept_and_readers_see_whole_batches(tmp_path, qgis_reader, keeper):
    """While someone holds the store in WAL, which is what an engine does, every reading of QGIS is of one moment."""
    store = new_spill_store(tmp_path)
    keeper(store)
    qgis_reader.read(store)
    writes = kill_writers(store, KILLS - KILLS // 2)
    seen = qgis_reader.pause()
    assert content.check(str(store)) == []
    assert traces_of_damage(seen) == []
    assert [count for count in seen["counts"]["component_point"] if count % BATCH] == []
    assert seen["loops"] > 0
    assert writes >= KILLS - KILLS // 2


def test_confirmed_batches_are_kept_where_the_next_one_recovers_the_log(tmp_path, qgis_reader):
    """With nobody else at the store the next to open it recovers the log, and QGIS may be that one.

    What QGIS reads meanwhile is no evidence: on its own at a store it opens it without locks (docs/traps.md), and what
    it shows is right again once its layers are read anew.
    """
    store = new_spill_store(tmp_path)
    qgis_reader.read(store)
    writes = kill_writers(store, KILLS // 2)
    assert qgis_reader.pause()["loops"] > 0
    assert content.check(str(store)) == []
    assert writes >= KILLS // 2


def new_spill_store(folder):
    store = folder / "城 市.gpkg"
    new_store(store).close()
    return store


def kill_writers(store, kills):
    """Start a writer and kill it, again and again; returns how many batches it said that it had committed."""
    rng = random.Random(11)
    confirmed, writes = 0, 0
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for number in range(kills):
        command = [sys.executable, str(ROOT / "tests/kill/spill_writer.py"), str(store), str(number)]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as writer:
            first = writer.stdout.readline()  # it is under way
            time.sleep(rng.uniform(0, 0.6))
            writer.kill()
            said = [first, *writer.stdout.read().split("\n")]
        words = [line.split() for line in said]
        whole = [int(line[1]) for line in words if len(line) == 2 and line[0] == "committed"]
        writes += len(whole)
        confirmed = max([confirmed, *whole])
        with contextlib.closing(sqlite3.connect(store, timeout=20)) as connection:
            rows, highest = connection.execute("SELECT count(*), max(code) FROM component_point").fetchone()
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        assert rows % BATCH == 0
        assert int(highest[-6:]) == rows
        assert confirmed <= rows <= confirmed + BATCH  # the last one may be committed without having been said
        confirmed = rows
    return writes
