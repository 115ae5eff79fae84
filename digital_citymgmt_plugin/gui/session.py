# SPDX-License-Identifier: GPL-2.0-or-later
"""What windows ask of the engine of one store, as pieces of work for ``EngineLink``."""

from __future__ import annotations

from typing import Any, Callable, Protocol

from digital_citymgmt_plugin.core.requests import CreateStore, FindObjects, Health, Request, UpgradeStore
from digital_citymgmt_plugin.gui.engine_link import OnProgress, Work

IsCancelled = Callable[[], bool]


class Pool(Protocol):
    """What is used of ``bridge.engine_pool.EnginePool``."""

    def lease(self, store_path: str | None = None, *, open_store: bool = True) -> Any:
        """Use an engine for a while."""

    def hold(self, store_path: str) -> Any:
        """Open a store and keep it open."""

    def release(self, store_path: str, *, wait: bool = False) -> None:
        """Let go of a held store."""

    def held(self) -> list[str]:
        """List the stores that are held."""


class StoreSession:
    """The pieces of work; each is called in a worker thread with (on_progress, is_cancelled)."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def open(self, path: str) -> Work:
        """Open a store, keep it open and count its chain."""

        def work(on_progress: OnProgress, is_cancelled: IsCancelled) -> dict[str, Any]:
            held = set(self.pool.held())
            lease = self.pool.hold(path)
            # Opening counts already: a store of a million cases is not counted twice.
            if lease.path not in held and lease.opened.get("items"):
                return dict(lease.opened)
            return dict(lease.call(Health(), on_progress=on_progress, is_cancelled=is_cancelled))

        return work

    def create(self, request: CreateStore) -> Work:
        """Make a store, keep it open and count its chain."""
        return self._with_closed(request, request.path)

    def upgrade(self, path: str) -> Work:
        """Bring an older store up to date (the engine copies it first), then open it."""
        return self._with_closed(UpgradeStore(path), path)

    def _with_closed(self, request: Request, path: str) -> Work:
        def work(on_progress: OnProgress, is_cancelled: IsCancelled) -> dict[str, Any]:
            with self.pool.lease(path, open_store=False) as lease:
                lease.call(request, on_progress=on_progress, is_cancelled=is_cancelled)
                # Held before the lease ends, so that one engine serves both.
                return dict(self.pool.hold(path).call(Health(), on_progress=on_progress, is_cancelled=is_cancelled))

        return work

    def health(self, path: str) -> Work:
        """Count the chain."""
        return self.ask(path, Health())

    def find(self, path: str, item: str) -> Work:
        """List the objects behind a number."""
        return self.ask(path, FindObjects(item))

    def ask(self, path: str, request: Request) -> Work:
        """Send any request to the engine that holds a store."""

        def work(on_progress: OnProgress, is_cancelled: IsCancelled) -> dict[str, Any]:
            lease = self.pool.hold(path)
            return dict(lease.call(request, on_progress=on_progress, is_cancelled=is_cancelled))

        return work

    def release(self, path: str) -> None:
        """Let go of a store; its engine ends in the background."""
        self.pool.release(path)
