# SPDX-License-Identifier: GPL-2.0-or-later
"""Real adapters put together as the engine does, for tests of use cases without a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.core.errors import Cancelled
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests import CreateStore
from digital_citymgmt_plugin.engine.stores import make_store
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.projections import Projected

NOW = datetime(2026, 1, 15, 2, 30, tzinfo=timezone.utc)


class Watcher:
    """Progress and cancel for tests: remembers what was said; cancels at the n-th check when asked to."""

    def __init__(self, cancel_at: int | None = None) -> None:
        self.said: list[tuple[float, str]] = []
        self.checks = 0
        self.cancel_at = cancel_at

    def __call__(self, fraction: float, message: str = "", **values: Any) -> None:
        self.said.append((fraction, message))

    def check(self) -> None:
        self.checks += 1
        if self.cancel_at is not None and self.checks >= self.cancel_at:
            raise Cancelled


def make_context(
    store: GpkgStore | None = None, watcher: Watcher | None = None, sentences: Mapping[str, str] | None = None
) -> Context:
    """Return a context of real adapters and a fixed clock."""
    watcher = watcher or Watcher()
    return Context(
        files=CityFiles(store.path if store else None), projections=Projected(), progress=watcher, cancel=watcher,
        clock=lambda: NOW, store=store, sentences=sentences or {},
    )  # fmt: skip


def new_store(
    path: Path,
    *,
    crs: str = "EPSG:4550",
    edition: str = "2013",
    county_code: str = "320681",
    county_name: str = "启东市",
    profile: str | None = None,
    time_zone: str = "Asia/Shanghai",
) -> GpkgStore:
    """Make a city store and open it; close it yourself (fixture ``open_stores`` does)."""
    request = CreateStore(str(path), edition, county_code, county_name, crs, profile, time_zone)
    make_store(request, Projected(), "tests", "tester", lambda: NOW)
    return GpkgStore(str(path), program="tests", clock=lambda: NOW, done_by="tester")


def lineage(store):
    """Return the steps of the lineage of grids that hold: not those taken back, nor those of undos."""
    query = (
        "SELECT l.fid, l.parent_uuid, l.child_uuid, l.share, l.old_geom FROM grid_lineage l "
        "JOIN operation o ON o.uuid = l.operation_uuid WHERE o.undone_by IS NULL AND o.kind != 'undo_operation' "
        "ORDER BY l.fid"
    )
    return store.connection.execute(query).fetchall()


def locked_numbers(path: Path) -> list[str]:
    """Return what stands in the locked fields of a brief, in its order."""
    from docx import Document
    from docx.oxml.ns import qn

    fields = Document(str(path)).element.body.iter(qn("w:sdt"))
    return ["".join(text.text for text in field.iter(qn("w:t"))) for field in fields]
