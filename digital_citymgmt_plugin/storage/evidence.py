# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that prove something: what they are called and their digests. A path from outside is looked at with care."""

from __future__ import annotations

import hashlib
import stat
import unicodedata
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused

_MOST_BYTES = 500 << 20
_LONGEST_NAME = 120
_LONGEST_PATH = 1_000


def read_evidence(path: str, store: str | None) -> dict[str, Any]:
    """Return ``name`` (of the file alone, without what could turn text around), ``bytes``, ``sha256`` of a file.

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
    return {"name": name, "bytes": size, "sha256": mixed.hexdigest()}


def printable(text: str) -> str:
    """Return a name as it may be shown: no control or direction signs, not longer than 120 characters."""
    kept = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    return kept.strip()[:_LONGEST_NAME] or "?"
