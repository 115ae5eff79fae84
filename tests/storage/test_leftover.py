# SPDX-License-Identifier: GPL-2.0-or-later
"""A ``-wal`` that a killed owner left is replayed into the store it belongs to and into no other."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.upgrading import upgrade_store
from tests.engine.small_city import make_small_city
from tests.support import NOW, new_store

ROOT = Path(__file__).resolve().parents[2]
# Codes are registered in as many actions as are asked for; then the owner is killed.
OWNER = """
import os, signal, sys
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from tests.engine.small_city import column
from tests.support import NOW
store = GpkgStore(sys.argv[1], program="owner", clock=lambda: NOW)
if len(sys.argv) > 3:
    store.connection.execute("PRAGMA wal_autocheckpoint = 0")
first = store.count("operation")
for number in range(first, first + int(sys.argv[2])):
    with store.action("register") as action:
        action.insert("code_register", {
            "code": column(*[f"{number:04d}{row:012d}" for row in range(500)]), "kind": column(*["component"] * 500),
            "scope": column(*[f"{number:010d}"] * 500), "serial": column(*range(1, 501)),
            "object_uuid": column(*[f"{number:04d}{row:04d}" for row in range(500)])})
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_owner(path: Path, actions: int, *more: str) -> None:
    """Let an owner write and be killed, so that its ``-wal`` stays."""
    command = [sys.executable, "-c", OWNER, str(path), str(actions), *more]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert Path(f"{path}-wal").stat().st_size > 0


def codes(path: Path) -> int:
    store = GpkgStore(str(path), program="test", clock=lambda: NOW)
    try:
        assert store.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return store.count("code_register")
    finally:
        store.close()


def refusal(attempt) -> StoreError:
    with pytest.raises(StoreError) as caught:
        attempt()
    return caught.value


@pytest.fixture
def city(chinese_path):
    path = chinese_path / "城市.gpkg"
    new_store(path).close()
    return path


def test_a_new_store_is_not_made_beside_what_a_deleted_one_left(city):
    killed_owner(city, 10)
    city.unlink()
    error = refusal(lambda: new_store(city))
    assert error.code == "store.leftover"
    assert error.values["files"] == f"{city.name}-wal, {city.name}-shm"
    assert not city.exists()
    for tail in ("-wal", "-shm"):
        Path(f"{city}{tail}").rename(f"{city}{tail}.away")
    new_store(city).close()
    assert codes(city) == 0


@pytest.mark.parametrize("more", [[], ["no checkpoint"]])
@pytest.mark.parametrize("shm", [True, False])
def test_a_wal_of_its_own_is_replayed(city, more, shm):
    killed_owner(city, 12, *more)
    if not shm:
        Path(f"{city}-shm").unlink()
    assert codes(city) == 6_000


def test_a_wal_of_another_city_is_refused_and_nothing_changes(city, tmp_path):
    other = make_small_city(tmp_path / "other.gpkg", coded=300, uncoded=500)
    killed_owner(city, 10)
    shutil.copyfile(other, city)
    before = city.read_bytes(), Path(f"{city}-wal").read_bytes()
    error = refusal(lambda: GpkgStore(str(city), program="test", clock=lambda: NOW))
    assert (error.code, error.values["file"]) == ("store.foreign_wal", f"{city.name}-wal")
    upgrade = refusal(lambda: upgrade_store(str(city), program="t", done_by="", clock=lambda: NOW))
    assert upgrade.code == "store.foreign_wal"
    assert (city.read_bytes(), Path(f"{city}-wal").read_bytes()) == before
    Path(f"{city}-wal").unlink()
    assert codes(city) == 302


@pytest.mark.parametrize("between", [1, 10, 40])
def test_a_wal_of_a_later_state_is_refused_beside_a_copy_put_back(city, tmp_path, between):
    copy = shutil.copy(city, tmp_path / "copy.gpkg")
    killed_owner(city, between, "no checkpoint")
    assert codes(city) == 500 * between  # replayed and closed: in the file now
    killed_owner(city, 3, "no checkpoint")
    shutil.copyfile(copy, city)
    assert refusal(lambda: GpkgStore(str(city), program="test", clock=lambda: NOW)).code == "store.foreign_wal"


def test_a_copy_of_the_very_file_that_the_wal_belongs_to_is_opened(city, tmp_path):
    copy = shutil.copy(city, tmp_path / "copy.gpkg")
    killed_owner(city, 3, "no checkpoint")
    shutil.copyfile(copy, city)
    assert codes(city) == 1_500
