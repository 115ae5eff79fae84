# SPDX-License-Identifier: GPL-2.0-or-later
"""One owner per store: a lock on a file beside it, which also says who holds it; and where a store may not lie.

The lock is taken on a file of its own, never on the GeoPackage: an open and close of the GeoPackage would drop
SQLite's own locks. It dies with the process, so a killed owner leaves nothing to clean.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from digital_citymgmt_plugin.core.errors import StoreError

_TRIES = 20  # at a lock file that its former owner removed between our open and our lock
_LOCK_BYTE = 1 << 20  # far behind the text, so that on Windows others can read who holds it
_NETWORK_KINDS = {
    "nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncp", "ncpfs", "afpfs", "afs", "webdav", "davfs",
    "ftp", "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "orangefs", "ocfs2", "gfs2",
    # A folder of the host in a virtual machine or WSL: locks do not reach the other side.
    "9p", "drvfs", "vboxsf", "vmhgfs", "prl_fs",
    "fuse", "macfuse", "osxfuse",
}  # fmt: skip
# What is behind any other FUSE file system cannot be known: most are remote (sshfs, gvfsd-fuse, rclone, s3fs …).
_LOCAL_FUSE = {
    "ext2", "ext4", "ntfs", "ntfs-3g", "exfat", "exfat-fuse", "apfs-fuse", "btrfs", "lxcfs", "mergerfs", "unionfs",
    "fuse-overlayfs", "bindfs", "encfs", "cryfs", "gocryptfs", "veracrypt", "portal",
}  # fmt: skip
_ESCAPES = re.compile(r"\\([0-7]{3})")
_MAC_MOUNT = re.compile(r"^.*? on (/.*) \((\w+)[,)]")


class Ownership:
    """The right to write a store, held until ``release`` or the end of the process."""

    def __init__(self, store_path: str, program: str) -> None:
        """Take the right.

        Raises
        ------
        StoreError
            ``store.held`` names who holds it; ``store.folder_read_only`` when the lock file cannot be made.
        """
        # One store under two names (a symbolic link, a relative path) has one lock.
        self.path = Path(os.path.realpath(store_path) + ".lock")
        for _ in range(_TRIES):
            try:
                self._file = self.path.open("a+b", buffering=0)
            except OSError as error:
                raise StoreError("store.folder_read_only", path=store_path, reason=error.strerror or "") from None
            if not _try_lock(self._file.fileno()):
                self._file.close()
                raise StoreError("store.held", path=store_path, **_holder(self.path))
            if _is_there(self._file.fileno(), self.path):
                break
            self._file.close()
        else:
            raise StoreError("store.held", path=store_path, **_holder(self.path))
        holder = {
            "program": program,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        # On a full disk the lock holds all the same; only its holder cannot be named.
        with contextlib.suppress(OSError):
            self._file.truncate(0)
            self._file.write(json.dumps(holder, ensure_ascii=False).encode())

    def release(self) -> None:
        """Give the right back and remove the lock file."""
        if self._file.closed:
            return
        with contextlib.suppress(OSError):
            if sys.platform != "win32":
                self.path.unlink()  # before the lock is dropped: nobody can hold a file that is gone
        self._file.close()
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self.path.unlink()


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _LOCK_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_there(descriptor: int, path: Path) -> bool:
    """Tell whether the locked file is still the one at the path: its former owner may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _holder(path: Path) -> dict[str, Any]:
    unknown = {"program": "?", "pid": 0, "host": "?", "since": "?"}
    for _ in range(_TRIES):
        try:
            found = json.loads(path.read_bytes().decode())
            return {key: found.get(key, value) for key, value in unknown.items()}
        except (OSError, ValueError, AttributeError):
            time.sleep(0.01)  # the new owner is about to write its name
    return unknown


def network_kind(path: str, mounts: Optional[str] = None) -> Optional[str]:  # noqa: UP045
    """Return the kind of network share that a path lies on, None for a local disk.

    Parameters
    ----------
    path : str
    mounts : str, optional
        The text of the mount table as ``/proc/mounts`` or, on macOS, the command ``mount`` gives it; read when not
        given. On Windows the drive type decides. Where there is no table, a disk is taken for local.
    """
    full = os.path.abspath(path)  # noqa: PTH100 (links are followed later)
    if sys.platform == "win32":  # pragma: no cover
        if full.startswith("\\\\"):
            return "UNC"
        remote = 4
        kind = ctypes.windll.kernel32.GetDriveTypeW(os.path.splitdrive(full)[0] + "\\")
        return "network drive" if kind == remote else None
    best, best_kind = "", ""
    real = os.path.realpath(full)
    for point, kind in _mounted(_mount_table() if mounts is None else mounts):
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, best_kind = point, kind
    return best_kind if _is_network(best_kind) else None


def _is_network(kind: str) -> bool:
    if kind.startswith("fuse."):
        return kind[5:] not in _LOCAL_FUSE
    return kind in _NETWORK_KINDS


def _mount_table() -> str:
    try:
        if sys.platform == "darwin":
            done = subprocess.run(
                ["/sbin/mount"], capture_output=True, timeout=10, check=False
            )  # a dead share may hang
            return done.stdout.decode("utf-8", "replace")
        return Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except (OSError, subprocess.SubprocessError):
        return ""


def _mounted(mounts: str) -> Iterator[tuple[str, str]]:
    """Yield mount points and kinds of either form: ``what where kind …`` or ``what on where (kind, …)``."""
    for line in mounts.splitlines():
        mac = _MAC_MOUNT.match(line)
        parts = line.split(" ")
        if mac is not None:
            yield mac[1], mac[2]
        elif len(parts) >= 3:
            yield _ESCAPES.sub(lambda code: chr(int(code[1], 8)), parts[1]), parts[2]
