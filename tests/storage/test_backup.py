# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of an open store: of one moment while others write, whole or not there, never onto what must stay."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.errors import Cancelled, StoreError
from digital_citymgmt_plugin.core.requests import BackupStore
from digital_citymgmt_plugin.services.backup import backup_store
from digital_citymgmt_plugin.storage import backup
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from tests.engine.small_city import make_small_city
from tests.kill import content
from tests.support import NOW, Watcher, make_context

ROOT = Path(__file__).resolve().parents[2]
# Another process moves one unit from one row to another in one transaction, for ever: their sum never changes.
MOVER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
print("under way", flush=True)
while True:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE ledger SET amount = amount - 1 WHERE n = 1")
    connection.execute("UPDATE ledger SET filler = randomblob(3000)")
    connection.execute("UPDATE ledger SET amount = amount + 1 WHERE n = 400")
    connection.execute("COMMIT")
"""


@pytest.fixture
def city(tmp_path):
    return make_small_city(tmp_path / "城市 库.gpkg")


@pytest.fixture
def store(city):
    with contextlib.closing(GpkgStore(str(city), program="test", clock=lambda: NOW, done_by="tester")) as opened:
        yield opened


def copy(store, target, watcher=None, **options):
    return backup_store(make_context(store, watcher), BackupStore(str(target), **options))


def left_over(folder):
    return [path.name for path in folder.iterdir() if path.name.endswith(".new") or "-journal" in path.name]


def test_a_copy_is_the_store_and_opens(store, city, tmp_path):
    target = tmp_path / "copy" / "备份.gpkg"
    target.parent.mkdir()
    result = copy(store, target)
    assert result["counts"]["megabytes"] >= 1
    assert content.exact(str(target)) == content.exact(str(city))
    assert content.check(str(target)) == []
    GpkgStore(str(target), program="test", clock=lambda: NOW).close()
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert store.count("component_point") == 10  # the store goes on


def test_a_copy_is_of_one_moment_while_another_program_writes(store, city, tmp_path):
    with contextlib.closing(sqlite3.connect(city)) as connection:
        connection.execute("CREATE TABLE ledger (n INTEGER PRIMARY KEY, amount INTEGER, filler BLOB)")
        connection.executemany("INSERT INTO ledger VALUES (?, 100, zeroblob(3000))", [(n,) for n in range(1, 401)])
        connection.commit()
    with subprocess.Popen([sys.executable, "-c", MOVER, str(city)], stdout=subprocess.PIPE, text=True) as mover:
        try:
            assert mover.stdout.readline()
            for number in range(5):
                target = tmp_path / f"copy{number}.gpkg"
                copy(store, target)
                with contextlib.closing(sqlite3.connect(target)) as connection:
                    assert connection.execute("SELECT sum(amount), count(*) FROM ledger").fetchone() == (40_000, 400)
                    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        finally:
            mover.kill()
    with contextlib.closing(sqlite3.connect(city)) as connection:
        assert connection.execute("SELECT amount FROM ledger WHERE n = 1").fetchone()[0] < 100  # it did write


def test_nothing_that_is_there_is_overwritten_unless_asked(store, tmp_path):
    other = make_small_city(tmp_path / "other.gpkg", coded=1, uncoded=0)
    before = other.read_bytes()
    with pytest.raises(StoreError) as error:
        copy(store, other)
    assert error.value.code == "backup.exists"
    assert other.read_bytes() == before
    copy(store, other, overwrite=True)
    assert content.exact(str(other)) == content.exact(store.path)


@pytest.mark.parametrize("how", ["same", "link", "hard link", "relative"])
def test_never_onto_itself_by_whatever_name(store, city, tmp_path, how, monkeypatch):
    target = city
    if how == "link":
        target = tmp_path / "link.gpkg"
        target.symlink_to(city)
    elif how == "hard link":
        target = tmp_path / "hard.gpkg"
        os.link(city, target)
    elif how == "relative":
        monkeypatch.chdir(tmp_path)
        target = Path(city.name)
    with pytest.raises(StoreError) as error:
        copy(store, target, overwrite=True)
    assert error.value.code == "backup.onto_itself"
    assert store.count("component_point") == 10


def test_a_file_that_is_no_store_is_never_overwritten(store, tmp_path):
    for name, data in (("text.gpkg", b"my thesis"), ("empty.gpkg", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StoreError) as error:
            copy(store, tmp_path / name, overwrite=True)
        assert error.value.code == "backup.not_a_store"
        assert (tmp_path / name).read_bytes() == data


def test_a_store_that_is_open_is_not_overwritten(store, tmp_path):
    other = make_small_city(tmp_path / "other.gpkg")
    with contextlib.closing(GpkgStore(str(other), program="another", clock=lambda: NOW)) as held:
        with pytest.raises(StoreError) as error:
            copy(store, other, overwrite=True)
        assert error.value.code in ("backup.in_use", "store.held")
        assert held.count("component_point") == 10


@pytest.mark.parametrize(
    ("name", "code"),
    [("no/such/x.gpkg", "store.folder_missing"), ("x.sqlite", "store.wrong_ending"), ("x\0.gpkg", None)],
)
def test_a_place_that_is_none_is_refused(store, tmp_path, name, code):
    with pytest.raises(StoreError) as error:
        copy(store, tmp_path / name)
    assert error.value.code == (code or "store.folder_missing")


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_cancelled_at_any_time_nothing_is_left(store, tmp_path, at, monkeypatch):
    monkeypatch.setattr(backup, "PAGES", 10)
    target = make_small_city(tmp_path / "other.gpkg", coded=1)
    before = target.read_bytes()
    with pytest.raises(Cancelled):
        copy(store, target, Watcher(cancel_at=at), overwrite=True)
    assert target.read_bytes() == before
    assert left_over(tmp_path) == []


def test_progress_is_said(store, tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "PAGES", 10)
    watcher = Watcher()
    copy(store, tmp_path / "copy.gpkg", watcher)
    shares = [share for share, message in watcher.said if message == "progress.copying"]
    assert len(shares) > 5
    assert shares == sorted(shares)


def test_a_disk_without_room_is_said_before_anything_is_written(store, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(backup.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StoreError) as error:
        copy(store, tmp_path / "copy.gpkg")
    assert error.value.code == "store.disk_needed"
    assert error.value.values["free"] == 0
    assert error.value.values["needed"] > 16
    assert not (tmp_path / "copy.gpkg").exists()
    assert left_over(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_disk_that_fills_up_meanwhile_leaves_nothing(city, tmp_path):
    """A limit on the size of files stands for the full disk: SQLite is told the same by the system."""
    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from tests.support import NOW, Watcher
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = GpkgStore({str(city)!r}, program="test", clock=lambda: NOW)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.backup({str(tmp_path / "copy.gpkg")!r}, Watcher(), Watcher())
except StoreError as error:
    print(error.code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() in ("store.disk_full", "store.disk_error"), done.stderr
    assert not (tmp_path / "copy.gpkg").exists()
    assert left_over(tmp_path) == []


def test_a_copy_that_is_not_whole_gets_no_name(store, tmp_path, monkeypatch):
    def broken(connection, path):
        raise StoreError("store.malformed", path=path)

    with pytest.raises(StoreError):
        backup.copy_store(store.path, tmp_path / "copy.gpkg", broken)
    assert not (tmp_path / "copy.gpkg").exists()
    assert left_over(tmp_path) == []


def test_the_locks_of_the_store_hold_after_a_backup(store, city, tmp_path):
    """Closing the copy's reading connection must not drop the locks of the engine's own."""
    copy(store, tmp_path / "copy.gpkg")
    with store.action("test"):
        code = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0.2, isolation_level=None)\n"
            "try: c.execute('BEGIN IMMEDIATE'); print('got in')\n"
            "except sqlite3.OperationalError as error: print(error)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(city)], capture_output=True, text=True, timeout=120, check=True
        )
        assert "locked" in done.stdout


def test_two_backups_at_once_do_not_mix(store, city, tmp_path):
    """Another engine cannot open the store, but a second copy may be begun from a script."""
    errors = []

    def one(number):
        try:
            backup.copy_store(str(city), tmp_path / f"copy{number}.gpkg", lambda *given: None)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({content.exact(str(tmp_path / f"copy{number}.gpkg")) for number in range(3)}) == 1
