# SPDX-License-Identifier: GPL-2.0-or-later
"""One owner per store, named to others; no store on a network share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from digital_citymgmt_plugin.core.errors import StoreError
from digital_citymgmt_plugin.storage import gpkg, owner
from digital_citymgmt_plugin.storage.owner import Ownership, network_kind
from tests.support import NOW, GpkgStore, new_store

ROOT = Path(__file__).resolve().parents[2]
MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /srv/city nfs4 rw 0 0
//server/share /media/城市\\040数据 cifs rw 0 0
/dev/sdb1 /srv/city/local ext4 rw 0 0
sshfs#host:/ /srv/a/remote fuse.sshfs rw 0 0
tmpfs /tmp tmpfs rw 0 0
gvfsd-fuse /run/user/1000/gvfs fuse.gvfsd-fuse rw 0 0
云盘: /srv/cloud fuse.rclone rw 0 0
/dev/sdc1 /media/usb fuseblk rw 0 0
/dev/sdd1 /media/mac fuse.ext2 rw 0 0
pool /srv/pool fuse.mergerfs rw 0 0
share /media/sf_share vboxsf rw 0 0
C:\\134 /media/c 9p rw 0 0
D:\\134 /media/d drvfs rw 0 0
nas:/a /srv/tab\\011and\\134back nfs rw 0 0
nas:/on /srv/on (local) nfs rw 0 0
broken line
"""
MAC_MOUNTS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
//user@nas/data on /Volumes/城市 数据 (2) (smbfs, nodev, nosuid, mounted by user)
/dev/disk4s1 on /Volumes/USB on desk (exfat, local, nodev)
nas:/vol on /Volumes/nas (nfs)
user@host: on /Volumes/remote (macfuse, nodev, synchronous)
"""


def test_a_second_owner_is_told_who_holds_it(tmp_path):
    path = str(tmp_path / "城市.gpkg")
    first = Ownership(path, "QGIS 3.40 (pid 1)")
    with pytest.raises(StoreError) as error:
        Ownership(path, "second")
    first.release()
    values = error.value.values
    assert error.value.code == "store.held"
    assert (values["path"], values["program"], values["pid"]) == (path, "QGIS 3.40 (pid 1)", os.getpid())
    assert values["host"] and values["since"].startswith("20")


def test_after_the_release_nothing_is_left_and_the_next_may_have_it(tmp_path):
    path = str(tmp_path / "city.gpkg")
    Ownership(path, "first").release()
    assert list(tmp_path.iterdir()) == []
    second = Ownership(path, "second")
    assert json.loads(second.path.read_text(encoding="utf-8"))["program"] == "second"
    second.release()
    second.release()


def test_a_store_under_two_names_has_one_owner(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    first = Ownership(str(tmp_path / "real" / "city.gpkg"), "first")
    with pytest.raises(StoreError, match="held"):
        Ownership(str(tmp_path / "link" / "city.gpkg"), "second")
    (tmp_path / "other.gpkg").symlink_to(tmp_path / "real" / "city.gpkg")
    with pytest.raises(StoreError, match="held"):
        Ownership(str(tmp_path / "other.gpkg"), "third")
    first.release()


def test_a_killed_owner_leaves_the_store_free(tmp_path):
    path = tmp_path / "city.gpkg"
    code = (
        "import sys, time; from digital_citymgmt_plugin.storage.owner import Ownership; "
        "owner = Ownership(sys.argv[1], 'killed'); print('held', flush=True); time.sleep(60)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        with pytest.raises(StoreError) as error:
            Ownership(str(path), "second")
        process.kill()
    assert (error.value.values["program"], error.value.values["pid"]) == ("killed", process.pid)
    Ownership(str(path), "second").release()


def test_a_lock_file_removed_between_open_and_lock_is_no_lock(tmp_path, monkeypatch):
    """The former owner removes the file just after we opened it: a third could make and lock a new one."""
    path = str(tmp_path / "city.gpkg")
    real, removed = owner._try_lock, []

    def remove_once(descriptor):
        if not removed:
            removed.append(True)
            Path(path + ".lock").unlink()
        return real(descriptor)

    monkeypatch.setattr(owner, "_try_lock", remove_once)
    first = Ownership(path, "first")
    assert Path(path + ".lock").exists()
    monkeypatch.undo()
    with pytest.raises(StoreError, match="held"):
        Ownership(path, "second")
    first.release()


def test_a_lock_file_that_cannot_be_made_is_a_read_only_folder(tmp_path):
    with pytest.raises(StoreError) as error:
        Ownership(str(tmp_path / "missing" / "city.gpkg"), "x")
    assert error.value.code == "store.folder_read_only"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/city/a.gpkg", "nfs4"),
        ("/srv/city/local/a.gpkg", None),
        ("/srv/cityhall/a.gpkg", None),
        ("/media/城市 数据/a.gpkg", "cifs"),
        ("/srv/a/remote/deep/er/a.gpkg", "fuse.sshfs"),
        ("/srv/a/a.gpkg", None),
        ("/tmp/a.gpkg", None),
    ],
)
def test_a_network_share_is_known_by_the_mount_table(path, kind):
    assert network_kind(path, MOUNTS) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/run/user/1000/gvfs/smb-share:server=nas/a.gpkg", "fuse.gvfsd-fuse"),
        ("/srv/cloud/a.gpkg", "fuse.rclone"),
        ("/media/usb/a.gpkg", None),
        ("/media/mac/a.gpkg", None),
        ("/srv/pool/a.gpkg", None),
        ("/media/sf_share/a.gpkg", "vboxsf"),
        ("/media/c/Users/a.gpkg", "9p"),
        ("/media/d/a.gpkg", "drvfs"),
        ("/srv/tab\tand\\back/a.gpkg", "nfs"),
    ],
)
def test_shares_by_way_of_fuse_and_of_a_host_are_known(path, kind):
    assert network_kind(path, MOUNTS) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/a.gpkg", None),
        ("/Volumes/城市 数据 (2)/a.gpkg", "smbfs"),
        ("/Volumes/USB on desk/a.gpkg", None),
        ("/Volumes/nas/a.gpkg", "nfs"),
        ("/Volumes/remote/a.gpkg", "macfuse"),
    ],
)
def test_on_macos_the_command_mount_tells(path, kind, monkeypatch):
    class Done:
        stdout = MAC_MOUNTS.encode()

    monkeypatch.setattr(owner.sys, "platform", "darwin")
    monkeypatch.setattr(owner.subprocess, "run", lambda command, **options: Done if command == ["/sbin/mount"] else 1)
    assert network_kind(path) == kind


def test_without_a_mount_table_a_disk_is_taken_for_local(monkeypatch):
    def hang(*command, **options):
        raise owner.subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr(owner.sys, "platform", "darwin")
    monkeypatch.setattr(owner.subprocess, "run", hang)
    assert network_kind("/Volumes/nas/a.gpkg") is None


def test_a_store_on_a_network_share_is_neither_made_nor_opened(tmp_path, monkeypatch):
    path = tmp_path / "city.gpkg"
    new_store(path).close()
    before = path.read_bytes()
    for module in (gpkg, sys.modules["digital_citymgmt_plugin.storage.migrate"]):
        monkeypatch.setattr(module, "network_kind", lambda path: "cifs")
    for attempt in (
        lambda: GpkgStore(str(path), program="x", clock=lambda: NOW),
        lambda: new_store(tmp_path / "new.gpkg"),
    ):
        with pytest.raises(StoreError) as error:
            attempt()
        assert (error.value.code, error.value.values["kind"]) == ("store.network_share", "cifs")
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["city.gpkg"]
