# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that prove something: names, digests, and the copies that the city keeps; paths from outside are looked at.

A copy is called by its digest and at most a plain ending, so that no name from outside becomes a path; what the file
was called stands in the ruling. Two rulings with the same file share a copy.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused

_MOST_BYTES = 500 << 20
_LONGEST_NAME = 120
_LONGEST_PATH = 1_000
_LEFT = ".dcm_evidence_"
_AWAY = "taken_back"  # folder of copies whose rulings were taken back: taking that back brings them back
_COPY = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]{1,8})?")
# Endings that systems run when they are clicked; such a copy has none, and is opened by nothing by mistake.
_RUN = frozenset(
    (
        "bat", "cmd", "com", "cpl", "exe", "hta", "jar", "js", "jse", "lnk", "msi", "msp", "pif", "ps1", "psm1", "py",
        "pyw", "reg", "scf", "scr", "sh", "url", "vb", "vbe", "vbs", "ws", "wsf", "wsh", "desktop", "app", "command",
        "appimage", "run",
    )
)  # fmt: skip


def read_evidence(path: str, store: str | None) -> dict[str, Any]:
    """Return ``name`` (of the file alone, without what could turn text around), ``bytes``, ``sha256``, ``file`` (copy).

    Only a plain file is read: no folder, device, pipe or address of a network, nor the city store itself.

    Raises
    ------
    InputRefused
        ``evidence.path``, ``evidence.file``, ``evidence.large``.
    """
    strange = any(unicodedata.category(sign) in ("Cc", "Cs") for sign in path)
    if (
        not path.strip()
        or strange
        or len(path) > _LONGEST_PATH
        or "://" in path
        or path.startswith(("\\\\", "//", "/vsi"))
    ):
        raise InputRefused("evidence.path", value=printable(path))
    file = Path(path)
    name = printable(file.name)
    try:
        facts = file.stat()
        if not file.is_absolute() or not stat.S_ISREG(facts.st_mode):
            raise InputRefused("evidence.file", value=name)
        if store is not None and Path(store).exists() and file.samefile(store):
            raise InputRefused("input.is_store", file=name)
        if facts.st_size > _MOST_BYTES:
            raise InputRefused("evidence.large", value=name, most=_MOST_BYTES >> 20)
        mixed, size = hashlib.sha256(), 0
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                size += len(chunk)
                mixed.update(chunk)
    except (OSError, ValueError) as error:
        raise InputRefused("evidence.file", value=name) from error
    digest = mixed.hexdigest()
    return {"name": name, "bytes": size, "sha256": digest, "file": copy_name(name, digest)}


def printable(text: str) -> str:
    """Return a name as it may be shown: no control or direction signs, not longer than 120 characters."""
    kept = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    return kept.strip()[:_LONGEST_NAME] or "?"


def copy_name(name: str, digest: str) -> str:
    """Return what a copy is called: its digest, with the ending of the file where that is a harmless one."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    harmless = re.fullmatch(r"[a-z0-9]{1,8}", ending) and ending not in _RUN
    return f"{digest}.{ending}" if harmless else digest


class EvidenceFolder:
    """The copies of evidence: ``<store>_evidence`` beside the city store.

    Raises
    ------
    InputRefused
        ``output.failed`` where it cannot be written; ``evidence.changed`` when a file changes while it is copied.
    """

    def __init__(self, store_path: str) -> None:
        store = Path(store_path)
        self.path = store.with_name(f"{store.stem}_evidence")
        self._aside: Path | None = None
        self._waiting: list[str] = []
        self._kept: list[Path] = []

    def take(self, path: str, facts: dict[str, Any]) -> str:
        """Copy a file aside under the name it is to have, and check the copy."""
        name = str(facts["file"])
        if name in self._waiting or self.path_of(name, int(facts["bytes"])) is not None:
            return name
        try:
            if self._aside is None:
                self.path.mkdir(exist_ok=True)
                self._aside = Path(tempfile.mkdtemp(prefix=_LEFT, dir=self.path))
            mixed, copy = hashlib.sha256(), self._aside / name
            with Path(path).open("rb") as source, copy.open("wb") as target:
                while chunk := source.read(1 << 20):
                    mixed.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())  # its row survives a power cut: so must it
        except OSError as error:
            raise InputRefused("output.failed", file=str(self.path), detail=error.strerror or str(error)) from error
        if mixed.hexdigest() != facts["sha256"]:
            raise InputRefused("evidence.changed", value=str(facts["name"]))
        self._waiting.append(name)
        return name

    def keep(self) -> None:
        """Move all that was taken to its place; call last inside the action."""
        try:
            for name in self._waiting:
                if self._aside is not None:
                    (self._aside / name).replace(self.path / name)
                    self._kept.append(self.path / name)
        except OSError as error:
            raise InputRefused("output.failed", file=str(self.path), detail=error.strerror or str(error)) from error

    def close(self, *, good: bool) -> None:
        """Remove what stood aside; what was kept, too, unless all went well."""
        for path in () if good else self._kept:
            with contextlib.suppress(OSError):
                path.unlink()
        if self._aside is not None:
            shutil.rmtree(self._aside, ignore_errors=True)
            self._aside = None
        with contextlib.suppress(OSError):  # made for nothing; with something in it, it stays
            self.path.rmdir()
        self._waiting.clear()
        self._kept.clear()

    def settle(self, held: Callable[[], Iterable[str]]) -> None:
        """Put copies away that no ruling names, and back those that one names again; what a killed run left goes.

        Call when the store is opened, and after an undo. ``held`` is asked only where there is such a folder.
        """
        if not self.path.is_dir() or self.path.is_symlink():
            return
        named = set(held())
        away = self.path / _AWAY
        with contextlib.suppress(OSError):
            for entry in list(self.path.iterdir()):
                if entry.name.startswith(_LEFT) and entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry, ignore_errors=True)
                elif _COPY.fullmatch(entry.name) and entry.name not in named and entry.is_file():
                    away.mkdir(exist_ok=True)
                    entry.replace(away / entry.name)
            for entry in list(away.iterdir()) if away.is_dir() else ():
                if entry.name in named and not (self.path / entry.name).exists():
                    entry.replace(self.path / entry.name)
            for folder in (away, self.path):
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()

    def path_of(self, name: str, size: int) -> str | None:
        """Return where a copy is; None when it is not there, or not of this size."""
        path = self.path / name
        try:
            there = bool(_COPY.fullmatch(name)) and not path.is_symlink() and path.is_file()
            return str(path) if there and path.stat().st_size == size else None
        except OSError:
            return None
