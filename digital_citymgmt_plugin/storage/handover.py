# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages that are handed over: a folder or a zip with a manifest, whole or not at all; receipts read with care.

A receipt comes from outside: of a zip one member is read, by a name of ours, bounded; nothing is unpacked to a path
that the zip names.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.same_file import kept_inside
from digital_citymgmt_plugin.storage.replacing import replacing

MANIFEST = "manifest.json"
RECEIPTS = ("receipt.json", "receipt.xlsx", "receipt.csv")
_MOST_MEMBERS, _MOST_BYTES, _MOST_RATIO = 10_000, 64 << 20, 200
_PACKED = (".docx", ".xlsx", ".jpg", ".jpeg", ".png", ".zip")  # are compressed already
_FIXED = (1980, 1, 1, 0, 0, 0)  # of the members: the same files make the same zip


def write_package(path: str, manifest: Mapping[str, Any], fill: Callable[[str], None]) -> tuple[str, str]:
    """Let ``fill`` write files into a folder, add the manifest with their digests.

    ``path`` ends in ``.zip``, or is a folder. What is there already may have been sent: a number is put to the name.

    Returns
    -------
    path, digest
        Where the package is; the digest of its manifest.

    Raises
    ------
    InputRefused
        ``output.failed``, ``output.no_folder``.
    """
    target = _free(Path(path))
    if not target.parent.is_dir():
        raise InputRefused("output.no_folder", file=path, folder=str(target.parent))
    zipped = target.suffix.lower() == ".zip"
    try:
        # A folder is moved to its place at the end; of a zip nothing stands there before it is whole.
        aside = tempfile.mkdtemp(prefix=".dcm_", dir=None if zipped else target.parent)
        inside = Path(aside) / "inside"
        inside.mkdir()
        try:
            fill(str(inside))
            files = sorted(one for one in inside.rglob("*") if one.is_file())
            told = [
                {"name": one.relative_to(inside).as_posix(), "bytes": one.stat().st_size, "sha256": _digest(one)}
                for one in files
            ]
            text = json.dumps({**manifest, "files": told}, ensure_ascii=False, indent=1)
            (inside / MANIFEST).write_text(text, encoding="utf-8")
            if zipped:
                with replacing(str(target)) as temporary:
                    _zip(Path(temporary), inside, [*files, inside / MANIFEST])
            else:
                inside.rename(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise InputRefused("output.failed", file=path, detail=error.strerror or str(error)) from error
    return str(target), hashlib.sha256(text.encode()).hexdigest()


def _free(target: Path) -> Path:
    stem, ending = (target.stem, target.suffix) if target.suffix.lower() == ".zip" else (target.name, "")
    number = 2
    while target.exists():
        target = target.with_name(f"{stem}_{number}{ending}")
        number += 1
    return target


def remove_package(path: str) -> None:
    """Take away a package that was written just now and whose row did not come to be."""
    target = Path(path)
    if target.is_dir():
        shutil.rmtree(target, ignore_errors=True)
    else:
        target.unlink(missing_ok=True)


def _zip(target: Path, inside: Path, files: list[Path]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in files:
            facts = zipfile.ZipInfo(one.relative_to(inside).as_posix(), _FIXED)
            packed = one.suffix.lower() in _PACKED
            facts.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            facts.external_attr = 0o644 << 16
            with one.open("rb") as source, archive.open(facts, "w") as sink:
                shutil.copyfileobj(source, sink)


def _digest(path: Path) -> str:
    mixed = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            mixed.update(chunk)
    return mixed.hexdigest()


def receipt_file(path: str, folder: str) -> str:
    """Return the receipt itself: the file, or the one of a zip or of a folder, copied into ``folder``.

    Raises
    ------
    InputRefused
        ``receipt.file`` (not there), ``receipt.zip`` (broken, hostile or too large), ``receipt.none`` (no receipt in
        it).
    """
    source = Path(path)
    if source.is_dir():
        found = [one for one in (source / name for name in RECEIPTS) if one.is_file() and not one.is_symlink()]
        if not found:
            raise InputRefused("receipt.none", file=path)
        return str(found[0])
    if not source.is_file():
        raise InputRefused("receipt.file", file=path)
    if source.suffix.lower() != ".zip":
        if source.stat().st_size > _MOST_BYTES:
            raise InputRefused("receipt.zip", file=path, reason="size")
        return path
    try:
        with zipfile.ZipFile(source) as archive:
            return _member(path, archive, folder)
    except InputRefused:
        raise
    except Exception as error:  # zipfile raises nearly anything on a broken archive
        raise InputRefused("receipt.zip", file=path, reason=type(error).__name__) from error


def _member(path: str, archive: zipfile.ZipFile, folder: str) -> str:
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS:
        raise InputRefused("receipt.zip", file=path, reason="members")
    for facts in members:
        name = facts.filename.replace("\\", "/")
        if name.startswith("/") or ":" in name or ".." in name.split("/") or stat.S_ISLNK(facts.external_attr >> 16):
            raise InputRefused("receipt.zip", file=path, reason="path")
    for wanted in RECEIPTS:
        found = [one for one in members if one.filename.replace("\\", "/").split("/")[-1].lower() == wanted]
        if len(found) > 1:
            raise InputRefused("receipt.zip", file=path, reason="twice")
        if not found:
            continue
        facts = found[0]
        if facts.file_size > _MOST_BYTES or facts.file_size > _MOST_RATIO * max(1, facts.compress_size):
            raise InputRefused("receipt.zip", file=path, reason="size")
        with archive.open(facts) as stream:
            content = stream.read(_MOST_BYTES + 1)  # what the header says need not be true
        if len(content) > _MOST_BYTES:
            raise InputRefused("receipt.zip", file=path, reason="size")
        copy = Path(folder) / wanted
        copy.write_bytes(content)
        return str(copy)
    raise InputRefused("receipt.none", file=path)


def read_receipt(path: str) -> list[dict[str, Any]]:
    """Read a receipt in JSON: a list of cases, each with the ``package`` it belongs to.

    Raises
    ------
    InputRefused
        ``receipt.json``.
    """
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        rows = [{"package": told.get("package"), **one} for one in told["cases"]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputRefused("receipt.json", file=path, reason=type(error).__name__) from error
    return rows


def copy_named(folder: str, target: str, stems: Sequence[str], endings: Sequence[str]) -> int:
    """Copy files of some names and endings into a new folder; returns how many of the names were found."""
    found = 0
    Path(target).mkdir()
    for stem in stems:
        there = [path for path in (kept_inside(folder, stem + ending) for ending in endings) if path is not None]
        for path in there:
            shutil.copyfile(path, Path(target) / Path(path).name)
        found += bool(there)
    return found
