# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of the evidence of rulings: kept with the action that names them, put away when it is taken back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from digital_citymgmt_plugin.core.ports import Context, Store


@contextlib.contextmanager
def copied(context: Context, paths: list[str], evidence: list[dict[str, Any]]) -> Iterator[Callable[[], None]]:
    """Copy files of evidence aside; call what comes last inside the action. Nothing stays if it fails."""
    if context.preview or not evidence:
        yield lambda: None
        return
    keeper = context.files.evidence_folder()
    good = False
    try:
        for at, (path, facts) in enumerate(zip(paths, evidence)):
            context.cancel.check()
            context.progress(at / len(paths), "progress.saving")
            keeper.take(path, facts)
        yield keeper.keep
        good = True
    finally:
        keeper.close(good=good)


def settle_evidence(context: Context) -> None:
    """Bring the copies of evidence in step with the rulings that are there, after some were taken back."""
    context.files.evidence_folder().settle(lambda: named_evidence(context.need_store()))


def named_evidence(store: Store) -> set[str]:
    """Return the copies that rulings name."""
    rows = store.read("ruling", ["evidence"], [("evidence", "not null", None)])["evidence"].tolist()
    return {str(one.get("file")) for text in rows for one in files_of(text)}


def files_of(text: Any) -> list[dict[str, Any]]:
    """Return the files of a ruling; what is no list of files names none."""
    try:
        found = json.loads(text or "[]")
    except (TypeError, ValueError):
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def path_of(context: Context, one: dict[str, Any]) -> str | None:
    """Return where the copy of a file of a ruling is; None when it is gone, or none was kept."""
    size = one.get("bytes")
    return context.files.evidence_folder().path_of(str(one.get("file") or ""), size if isinstance(size, int) else -1)
