# SPDX-License-Identifier: GPL-2.0-or-later
"""No false alarms: after each action, after taking actions back and again, after editing in plain QGIS."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.requests import UndoOperation
from digital_citymgmt_plugin.core.undo import UNDOABLE
from digital_citymgmt_plugin.services.undoing import undo_operation
from digital_citymgmt_plugin.storage.gpkg import GpkgStore, connect
from digital_citymgmt_plugin.storage.verify import verify
from tests.storage.rich_city import make_rich_city
from tests.support import NOW, make_context

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Path of a city, and what was found after each action that made it."""
    each = []
    path = make_rich_city(tmp_path_factory.mktemp("sound"), lambda store: each.append(store.verify()), photos=False)
    return path, each


@pytest.fixture
def city(found, tmp_path):
    return shutil.copy(found[0], tmp_path / "city.gpkg")


def findings(path):
    with contextlib.closing(connect(str(path))) as connection:
        return verify(connection)


def test_after_each_action(found):
    assert len(found[1]) >= 11
    assert found[1] == [[]] * len(found[1])


def test_after_actions_are_taken_back_and_undos_too(city):
    with contextlib.closing(GpkgStore(str(city), program="test", clock=lambda: NOW, done_by="tester")) as store:
        rows = store.read("operation", ["uuid", "kind"], order=["fid"])
        targets = [uuid for uuid, kind in zip(rows["uuid"], rows["kind"]) if kind in UNDOABLE]
        for undone, uuid in enumerate(reversed(targets), 1):
            undo_operation(make_context(store), UndoOperation(uuid, dependents="undo"))
            assert store.verify() == [], undone
            if undone in (1, 4):  # and back again
                last = store.read("operation", ["uuid"], order=["fid"])["uuid"][-1]
                undo_operation(make_context(store), UndoOperation(last, dependents="undo"))
                assert store.verify() == [], undone
                undo_operation(make_context(store), UndoOperation(uuid, dependents="undo"))
                assert store.verify() == [], undone
        assert store.count("component_point") == 0


def test_a_log_cut_after_an_undo_is_still_seen(city):
    with contextlib.closing(GpkgStore(str(city), program="test", clock=lambda: NOW, done_by="tester")) as store:
        rows = store.read("operation", ["uuid", "kind"], order=["fid"])
        last = [uuid for uuid, kind in zip(rows["uuid"], rows["kind"]) if kind in UNDOABLE][-1]
        undo_operation(make_context(store), UndoOperation(last, dependents="undo"))
        assert store.verify() == []
    with contextlib.closing(sqlite3.connect(city)) as connection:
        trigger = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'dcm_case_event_delete'").fetchone()[0]
        connection.execute("DROP TRIGGER dcm_case_event_delete")
        connection.execute("DELETE FROM case_event WHERE fid = 7")
        connection.execute(trigger)
        connection.commit()
    gap = [item for item in findings(city) if item.rule == "verify.log_gap"]
    assert [(item.table, item.objects) for item in gap] == [("case_event", ("7",))]


def test_after_editing_in_plain_qgis(city, tmp_path):
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    tmp_path.chmod(0o700)
    script = ROOT / "tests" / "storage" / "sound_edits.py"
    done = subprocess.run(
        [sys.executable, str(script), str(city)], env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert "edited 5" in done.stdout, done.stderr
    assert findings(city) == []
