# SPDX-License-Identifier: GPL-2.0-or-later
"""Planting errors: at least 25 kinds, the same for the same seed, the store still a store, nothing of the checks."""

from __future__ import annotations

import ast
import csv
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from scripts.demo_city.__main__ import main as make_city
from scripts.plant_errors import main, plant
from scripts.planting.stores import finished
from tests.support import NOW

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    make_city(["--size", "tiny", "--out", str(folder / "data")])
    finished(folder / "data", folder / "city.gpkg")
    return folder / "city.gpkg"


def rules() -> set[str]:
    path = ROOT / "digital_citymgmt_plugin" / "resources" / "profiles" / "check_rules.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"] for row in csv.DictReader(file)}


def test_at_least_25_kinds_by_rules_that_there_are(store, tmp_path):
    truth = plant(store, tmp_path / "planted.gpkg", 300)
    assert len(truth) == 300
    kinds = Counter(one.kind for one in truth)
    assert len(kinds) >= 50 and min(kinds.values()) >= 3
    assert len({one.rule for one in truth}) >= 45
    named = {one.rule for one in truth} | {rule for one in truth for rule in one.allowed}
    assert named <= rules()


def test_no_component_is_planted_into_twice(store, tmp_path):
    truth = plant(store, tmp_path / "planted.gpkg", 300)
    pairs = [{one.uuid, one.partner} - {""} for one in truth]
    assert len(set().union(*pairs)) == sum(map(len, pairs))


def test_the_truth_names_objects_that_are_there(store, tmp_path):
    truth = plant(store, tmp_path / "planted.gpkg", 300)
    with sqlite3.connect(tmp_path / "planted.gpkg") as connection:
        for one in truth:
            sql = f"SELECT count(*) FROM {one.table} WHERE uuid = ?"
            assert connection.execute(sql, (one.uuid,)).fetchone()[0] == 1, one
    connection.close()


def test_the_same_seed_plants_the_same_and_the_store_itself_is_untouched(store, tmp_path):
    before = store.read_bytes()
    arguments = [str(store), str(tmp_path / "one.gpkg"), "--truth", str(tmp_path / "one.csv"), "--count", "120"]
    assert main(arguments) == 0
    assert plant(store, tmp_path / "two.gpkg", 120) == plant(store, tmp_path / "three.gpkg", 120)
    with (tmp_path / "one.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    again = plant(store, tmp_path / "four.gpkg", 120)
    assert [(line["rule"], line["uuid"]) for line in lines] == [(one.rule, one.uuid) for one in again]
    assert plant(store, tmp_path / "five.gpkg", 120, seed=7) != again
    assert store.read_bytes() == before


def test_the_planted_store_opens_and_its_triggers_are_back(store, tmp_path):
    plant(store, tmp_path / "planted.gpkg", 120)
    sql = "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    with sqlite3.connect(store) as one, sqlite3.connect(tmp_path / "planted.gpkg") as two:
        assert one.execute(sql).fetchall() == two.execute(sql).fetchall()
    one.close()
    two.close()
    opened = GpkgStore(str(tmp_path / "planted.gpkg"), program="tests", clock=lambda: NOW)
    try:
        assert opened.count("component_point") > 5_000
    finally:
        opened.close()


def test_planting_shares_no_code_with_the_checks():
    files = [ROOT / "scripts" / "plant_errors.py", *(ROOT / "scripts" / "planting").glob("*.py")]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert "census" not in name and "checks" not in name, (path.name, name)
                if path.name not in ("stores.py", "scoring.py"):  # these run the engine, as a user does
                    assert not name.startswith("digital_citymgmt_plugin"), (path.name, name)
