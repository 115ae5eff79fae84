# SPDX-License-Identifier: GPL-2.0-or-later
"""A copy of the open store."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests import BackupStore


def backup_store(context: Context, request: BackupStore) -> dict[str, Any]:
    """Copy the open store into another file, as it is at one moment, whatever others write meanwhile.

    The copy is checked (pages, and that it opens as a city store of this version) before it gets its name. It is a city
    store like any other: to go back to it, close the store and put the copy in its place, without the ``-wal`` and
    ``-shm`` of the old one. Nothing is written to the store; cancelled or failed, nothing is left and nothing replaced.

    Returns
    -------
    dict
        Count ``megabytes``; ``target``.

    Raises
    ------
    StoreError
        ``backup.onto_itself``, ``backup.exists`` (without ``overwrite``), ``backup.not_a_store``, ``backup.in_use``,
        ``store.held``, ``store.disk_needed``, ``store.disk_full``, ``store.wrong_ending``, ``store.folder_missing``.
    """
    context.progress(0.0, "progress.copying", megabytes="")
    counts = context.need_store().backup(
        request.target, context.progress, context.cancel, overwrite=request.overwrite
    )
    return {"counts": counts, "operation": None, "tables": [], "notes": [], "target": request.target}
