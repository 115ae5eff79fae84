# SPDX-License-Identifier: GPL-2.0-or-later
"""What the store refuses, and keeps up by itself, when a person edits its layers in plain QGIS."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.small_city import make_small_city
from tests.kill import content

SCRIPT = Path(__file__).with_name("qgis_edits.py")
REFUSED = {
    "add component with code": "codes are issued by the plugin",
    "type a code": "codes are issued by the plugin",
    "change a code": "a code once issued cannot change",
    "remove a code": "a code once issued cannot change",
    "change a uuid": "a code once issued cannot change",
    "delete a coded component": "coded objects are not deleted",
    "add grid": "redraw tools only",
    "move a grid": "redraw tools only",
    "delete a grid": "coded objects are not deleted|redraw tools only",
    "delete a case": "cases are not deleted",
    "delete a log row": "logs are append-only",
    "change a log row": "logs are append-only",
    "change an event": "logs are append-only",
}
DONE = (
    "add component", "change a name", "delete an uncoded component", "remark a grid", "add area", "move a component",
)  # fmt: skip


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """Return the store after the edits, and what QGIS said of each."""
    folder = tmp_path_factory.mktemp("qgis edits")
    store = make_small_city(folder / "城市 一.gpkg")
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(store)], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout, done.stderr
    return store, json.loads(done.stdout)


def rows(store, sql):
    with contextlib.closing(sqlite3.connect(store)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("edit", REFUSED)
def test_it_is_refused_with_a_sentence_in_both_languages(edited, edit):
    said = edited[1][edit]
    assert not said["done"]
    assert re.search(REFUSED[edit], said["errors"]), said
    assert re.search("[\u4e00-\u9fff]{4}", said["errors"]), said


@pytest.mark.parametrize("edit", DONE)
def test_it_is_done(edited, edit):
    assert edited[1][edit] == {"done": True, "errors": edited[1][edit]["errors"]}


def test_a_component_drawn_in_qgis_gets_a_uuid_and_times(edited):
    ((uuid, created, updated),) = rows(
        edited[0], "SELECT uuid, created_at, updated_at FROM component_point WHERE name = '新井盖'"
    )
    assert content.UUID.fullmatch(uuid)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ", created)
    assert updated >= created


def test_each_change_of_a_component_left_a_row(edited):
    changes = rows(edited[0], "SELECT component_uuid, field, old, new FROM component_change ORDER BY fid")
    of = {field: (uuid, old, new) for uuid, field, old, new in changes}
    assert of["name"] == ("00000001-0000-4000-8000-000000000000", "上水井盖0", "改名")
    assert of["geom"][0] == "00000001-0000-4000-8000-000000000000"
    assert ("0000000a-0000-4000-8000-000000000000", "*", "deleted") in [(row[0], row[1], row[3]) for row in changes]
    assert ("*", "added") in [(row[1], row[3]) for row in changes]
    assert all(row[0] for row in changes)


def test_the_updated_time_moves_with_a_change(edited):
    ((created, updated),) = rows(edited[0], "SELECT created_at, updated_at FROM component_point WHERE name = '改名'")
    assert updated > created


def test_the_moved_component_is_found_at_its_new_place(edited):
    assert edited[1]["found by place"] == [1]


def test_register_r_trees_and_codes_tie_after_all_that(edited):
    assert content.check(str(edited[0])) == []
