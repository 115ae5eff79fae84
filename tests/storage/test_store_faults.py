# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad files, full disks, read-only places: one error each, with the path, and nothing is changed."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import threading

import numpy as np
import pytest
import shapely

from digital_citymgmt_plugin.core.errors import Cancelled, StoreError
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from tests.engine.small_city import column, make_small_city
from tests.kill import content
from tests.support import NOW, new_store


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return make_small_city(tmp_path_factory.mktemp("faults") / "city.gpkg")


@pytest.fixture
def store_path(city, tmp_path):
    folder = tmp_path / "城市 数据's"
    folder.mkdir()
    return shutil.copy(city, folder / "城 市.gpkg")


def open_store(path):
    return GpkgStore(str(path), program="test", clock=lambda: NOW)


def refusal(attempt):
    with pytest.raises(StoreError) as error:
        attempt()
    assert error.value.values["path"]
    return error.value.code


def insert_many(store, size=5_000):
    with store.action("bulk") as action:
        action.insert(
            "component_point",
            {
                "class_code": column(*["0101"] * size),
                "remark": column(*["x" * 200] * size),
                "geom": shapely.points(np.arange(size) + 500_000.0, np.arange(size) + 3_520_000.0),
            },
        )


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root mounts a small disk; PRAGMA max_page_count is tested in any case")
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no tmpfs here: {done.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def read_only(path, option):
    """Mount a folder read-only over itself, or make a file immutable: root is not stopped by modes."""
    if os.geteuid() != 0:
        pytest.skip("needs root: modes are tested by the system, not by us")
    if option == "file":
        done = subprocess.run(["chattr", "+i", str(path)], capture_output=True, check=False)
        undo = ["chattr", "-i", str(path)]
    else:
        done = subprocess.run(["mount", "--bind", str(path), str(path)], capture_output=True, check=False)
        undo = ["umount", "-l", str(path)]
        if not done.returncode:
            done = subprocess.run(["mount", "-o", "remount,bind,ro", str(path)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot be made read-only here: {done.stderr.decode()}")
    try:
        yield
    finally:
        subprocess.run(undo, check=True)


FILES = {
    "text": (b"this is a text, not a database at all\n" * 50, "store.not_geopackage"),
    "empty": (b"", "store.not_geopackage"),
    "short": (b"SQLite format 3\0", "store.not_geopackage"),
    "zip": (b"PK\x03\x04" + b"\0" * 5000, "store.not_geopackage"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_geopackage_is_refused_and_not_touched(tmp_path, kind):
    data, code = FILES[kind]
    path = tmp_path / "a.gpkg"
    path.write_bytes(data)
    assert refusal(lambda: open_store(path)) == code
    assert path.read_bytes() == data
    assert [item.name for item in tmp_path.iterdir()] == ["a.gpkg"]


def test_a_plain_database_is_no_geopackage(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "a.gpkg")) as connection:
        connection.execute("CREATE TABLE x (y)")
    assert refusal(lambda: open_store(tmp_path / "a.gpkg")) == "store.not_geopackage"


def test_a_geopackage_of_others_is_no_city_store(tmp_path):
    import geopandas

    frame = geopandas.GeoDataFrame({"meta": [1]}, geometry=[shapely.Point(1, 2)], crs="EPSG:4550")
    frame.to_file(tmp_path / "other.gpkg", driver="GPKG", engine="pyogrio")
    before = (tmp_path / "other.gpkg").read_bytes()
    assert refusal(lambda: open_store(tmp_path / "other.gpkg")) == "store.not_city"
    assert (tmp_path / "other.gpkg").read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["other.gpkg"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_store_is_malformed(store_path, share):
    data = store_path.read_bytes()
    store_path.write_bytes(data[: int(len(data) * share)])
    before = store_path.read_bytes()
    assert refusal(lambda: open_store(store_path)) == "store.malformed"
    assert store_path.read_bytes() == before


def test_a_missing_store_is_not_made(tmp_path):
    assert refusal(lambda: open_store(tmp_path / "no.gpkg")) == "store.missing"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_store(tmp_path):
    assert refusal(lambda: open_store(tmp_path)) == "store.missing"


def test_a_store_that_is_there_is_not_overwritten(store_path):
    before = store_path.read_bytes()
    assert refusal(lambda: new_store(store_path)) == "store.exists"
    assert store_path.read_bytes() == before


def test_a_store_is_not_made_in_a_missing_folder(tmp_path):
    assert refusal(lambda: new_store(tmp_path / "no" / "a.gpkg")) == "store.folder_missing"


def test_a_path_with_chinese_spaces_and_quotes_works(store_path):
    store = open_store(store_path)
    insert_many(store, 10)
    assert store.count("component_point") == 20
    store.close()
    assert [item.name for item in store_path.parent.iterdir()] == [store_path.name]


def test_a_read_only_file_is_refused(store_path):
    before = content.exact(str(store_path))
    with read_only(store_path, "file"):
        assert refusal(lambda: open_store(store_path)) == "store.read_only"
    assert content.exact(str(store_path)) == before
    assert [item.name for item in store_path.parent.iterdir()] == [store_path.name]


def test_a_read_only_folder_is_refused(store_path):
    with read_only(store_path.parent, "folder"):
        assert refusal(lambda: open_store(store_path)) == "store.folder_read_only"
        assert refusal(lambda: new_store(store_path.parent / "new.gpkg")) == "store.folder_read_only"
    open_store(store_path).close()


def test_an_action_on_a_full_disk_changes_nothing_and_the_store_goes_on(store_path):
    store = open_store(store_path)
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    before = content.normalised(str(store_path))
    store.connection.execute(f"PRAGMA max_page_count = {pages + 12}")
    assert refusal(lambda: insert_many(store)) == "store.disk_full"
    assert store.count("component_point") == 10
    store.connection.execute("PRAGMA max_page_count = 1000000")
    insert_many(store)
    assert store.count("component_point") == 5010
    assert store.verify() == []
    store.close()
    after = content.normalised(str(store_path))
    assert {name for name in before if before[name] != after[name]} == {
        "component_point", "gpkg_contents", "operation", "undo_journal",
    }  # fmt: skip


def test_a_disk_that_is_really_full_changes_nothing(city, small_disk):
    path = small_disk / "city.gpkg"
    shutil.copy(city, path)
    before = content.exact(str(path))
    store = open_store(path)
    assert refusal(lambda: insert_many(store, 20_000)) == "store.disk_full"
    insert_many(store, 10)
    store.close()
    assert content.check(str(path)) == []
    assert content.exact(str(path)) != before
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM component_point").fetchone() == (20,)


def test_a_store_that_does_not_fit_on_the_disk_is_not_made(small_disk):
    (small_disk / "ballast").write_bytes(b"x" * int(7.5 * 1024 * 1024))
    assert refusal(lambda: new_store(small_disk / "a.gpkg")) == "store.disk_full"
    assert [item.name for item in small_disk.iterdir()] == ["ballast"]


def test_a_disk_without_one_free_byte_still_lets_a_store_be_opened_or_says_so(city, small_disk):
    path = small_disk / "city.gpkg"
    shutil.copy(city, path)
    with contextlib.suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(b"x" * 4096)
    before = path.read_bytes()
    with contextlib.suppress(StoreError):
        open_store(path).close()
    (small_disk / "ballast").unlink()
    assert len(path.read_bytes()) == len(before)
    store = open_store(path)
    assert store.verify() == []
    store.close()


def test_a_cancel_in_the_middle_of_a_statement_stops_it(store_path):
    store = open_store(store_path)
    before = content.exact(str(store_path))
    asked = []
    store.start_request(lambda: len(asked) >= 3 or asked.append(1))
    with pytest.raises(Cancelled):
        insert_many(store, 20_000)
    store.end_request()
    assert content.exact(str(store_path)) == before
    insert_many(store, 10)
    store.close()


def test_what_another_program_changed_while_a_request_was_reading_stops_the_writing(store_path):
    store = open_store(store_path)
    store.start_request()
    with contextlib.closing(sqlite3.connect(store_path)) as other, other:
        other.execute("DELETE FROM department")
    assert refusal(lambda: insert_many(store, 10)) == "store.changed"
    store.start_request()
    insert_many(store, 10)
    insert_many(store, 10)  # its own writing is no change by another
    store.close()


def test_settings_that_cannot_be_written_leave_no_open_transaction(store_path):
    store = open_store(store_path)
    pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
    store.connection.execute(f"PRAGMA max_page_count = {pages}")
    assert refusal(lambda: store.set_meta(big="x" * 1_000_000)) == "store.disk_full"
    assert not store.connection.in_transaction
    store.close()


def test_a_store_is_opened_as_soon_as_another_program_has_written(store_path):
    # In the middle of another's transaction SQLite refuses the change to WAL at once, whatever the busy time-out.
    other = sqlite3.connect(store_path, isolation_level=None, check_same_thread=False)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(1.0, other.execute, ("ROLLBACK",))
    timer.start()
    store = open_store(store_path)
    assert not other.in_transaction
    store.close()
    timer.join()
    other.close()
