# SPDX-License-Identifier: GPL-2.0-or-later
"""One engine per city store, and one without a store, shared by everything in this process.

No QGIS import. The engines are started by a function handed in, so that settings stay outside.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from digital_citymgmt_plugin.bridge.engine_client import EngineClient, IsCancelled, NotRunning, OnProgress
from digital_citymgmt_plugin.core.errors import EngineError, InputRefused
from digital_citymgmt_plugin.core.requests import CloseStore, CreateStore, OpenStore, Request

log = logging.getLogger(__name__)

_TRIES = 3  # of a request that the engine did not live to take

OnRestart = Callable[["str | None"], None]  # path of the store, None for the engine without one
OnOpened = Callable[[str], None]  # path of the store


def normalised(store_path: str) -> str:
    """Return the one spelling of a store's path.

    Raises
    ------
    InputRefused
        ``store.postgres_later`` for a database, ``store.no_path`` for nothing.
    """
    text = store_path.strip()
    if text.lower().startswith(("postgresql://", "postgres://")):
        # A URI may hold a password: name the scheme only.
        raise InputRefused("store.postgres_later", store=text.split(":", 1)[0])
    if not text:
        raise InputRefused("store.no_path")
    return os.path.normcase(os.path.realpath(text))


@dataclass
class _Entry:
    """What is known about one store: its engine, whether it has the store open, who needs it."""

    path: str | None
    client: EngineClient | None = None
    opened: dict[str, Any] | None = None  # result of open_store while the store is open
    users: int = 0  # leases and holds
    ran: bool = False  # an engine was running here: a new one is a restart
    lock: threading.RLock = field(default_factory=threading.RLock)


class Lease:
    """The right to use an engine for a while; made by ``EnginePool.lease`` and ``EnginePool.hold``."""

    def __init__(self, pool: EnginePool, entry: _Entry, open_store: bool) -> None:
        self._pool = pool
        self._entry = entry
        self._open_store = open_store

    @property
    def path(self) -> str | None:
        """The store's path as normalised, None for the engine without a store."""
        return self._entry.path

    @property
    def opened(self) -> dict[str, Any]:
        """The result of ``open_store`` (or ``create_store``), {} while the store is not open."""
        return dict(self._entry.opened or {})

    @property
    def hello(self) -> dict[str, Any]:
        """The engine's greeting: version, Python, packages, missing packages."""
        return dict(self._pool.ready(self._entry, False)[0].hello)

    def call(
        self,
        request: Request,
        *,
        on_progress: OnProgress | None = None,
        is_cancelled: IsCancelled | None = None,
        sentences: Mapping[str, str] | None = None,
        preview: str | None = None,
    ) -> dict[str, Any]:
        """Do as ``EngineClient.call``; an engine that died before is restarted and the store opened again.

        A call in which the engine dies is not repeated: whether it had been committed is for the user to see.
        """
        options: dict[str, Any] = {
            "on_progress": on_progress, "is_cancelled": is_cancelled, "sentences": sentences, "preview": preview,
        }  # fmt: skip
        for left in reversed(range(_TRIES)):
            client, pid = self._pool.ready(self._entry, self._open_store)
            try:
                result = client.call(request, pid=pid, **options)
                break
            except NotRunning:  # it died after it was ready, before it took the request
                if not left:
                    raise
        if isinstance(request, (CreateStore, OpenStore)):
            self._entry.opened = result
        elif isinstance(request, CloseStore):
            self._entry.opened = None
        return result


class EnginePool:
    """The engines of this process.

    Parameters
    ----------
    make : callable
        Make a client (not started yet); may raise ``EngineError``.
    on_restart : callable, optional
        Told the store's path after an engine that had ended unasked was started again; called in any thread.

    Attributes
    ----------
    on_opened : callable, optional
        Told the store's path whenever an engine has opened it, and so put it into WAL mode; called in any thread.
    """

    def __init__(self, make: Callable[[], EngineClient], on_restart: OnRestart | None = None) -> None:
        self.on_restart = on_restart
        self.on_opened: OnOpened | None = None
        self._make = make
        self._entries: dict[str | None, _Entry] = {}
        self._holds: dict[str, Lease] = {}
        self._lock = threading.Lock()  # of the two above and the counts; never kept while an engine is waited for

    @contextmanager
    def lease(self, store_path: str | None = None, *, open_store: bool = True) -> Iterator[Lease]:
        """Use the engine of a store, or the one without a store.

        The store is opened unless it is open already or ``open_store`` is False (to create or upgrade it). The engine
        ends with the last lease, unless held.
        """
        entry = self._take(store_path)
        try:
            lease = Lease(self, entry, open_store and entry.path is not None)
            self.ready(entry, lease._open_store)
            yield lease
        finally:
            self._give_back(entry)

    def hold(self, store_path: str) -> Lease:
        """Open a store and keep it open until ``release``; holding twice is holding once.

        Waits for the engine: for worker threads.
        """
        path = normalised(store_path)
        with self._lock:
            if path in self._holds:
                return self._holds[path]
        entry = self._take(store_path)
        lease = Lease(self, entry, True)
        try:
            self.ready(entry, True)
        except BaseException:
            self._give_back(entry)
            raise
        with self._lock:
            other = self._holds.setdefault(path, lease)
        if other is not lease:
            self._give_back(entry)
        return other

    def release(self, store_path: str, *, wait: bool = False) -> None:
        """Let go of a held store; its engine ends when no lease is left (in a thread unless ``wait``)."""
        path = normalised(store_path)
        with self._lock:
            lease = self._holds.pop(path, None)
        if lease is None:
            return
        if wait:
            self._give_back(lease._entry)
        else:
            threading.Thread(target=self._give_back, args=(lease._entry,), name="dcm-release", daemon=True).start()

    def held(self) -> list[str]:
        """List the stores that are held."""
        with self._lock:
            return sorted(self._holds)

    def shutdown(self, timeout: float = 5.0) -> None:
        """End all engines, whoever uses them; the pool can be used again afterwards."""
        with self._lock:
            entries = list(self._entries.values())
            self._entries.clear()
            self._holds.clear()
        threads = []
        for entry in entries:
            # Without the entry's lock: a call that waits in there ends when its engine does.
            client, entry.client, entry.opened, entry.ran = entry.client, None, None, False
            if client is not None:
                threads.append(threading.Thread(target=client.close, args=(timeout,), daemon=True))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout + 6)

    # -- inside -------------------------------------------------------------------------------------------------

    def ready(self, entry: _Entry, open_store: bool) -> tuple[EngineClient, int | None]:
        """Return the running engine of an entry and its process, started and with its store open where needed."""
        restarted = opened = False
        with entry.lock:
            client = entry.client
            if client is None or not client.alive:
                entry.opened = None
                restarted = entry.ran
                client = client or self._make()
                client.start()
                entry.client, entry.ran = client, True
            if open_store and entry.opened is None and entry.path is not None:
                entry.opened = client.call(OpenStore(entry.path))
                opened = True
            pid = client.pid
        if restarted:
            log.warning("The engine had ended and was started again (%s)", entry.path)
            if self.on_restart is not None:
                self.on_restart(entry.path)
        if opened and self.on_opened is not None and entry.path is not None:
            self.on_opened(entry.path)
        return client, pid

    def _take(self, store_path: str | None) -> _Entry:
        key = None if store_path is None else normalised(store_path)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry(key))
            entry.users += 1
            return entry

    def _give_back(self, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
        with entry.lock:
            with self._lock:
                # Someone may have come while this thread waited for the entry's lock.
                if entry.users > 0:
                    return
            client, entry.client, entry.opened, entry.ran = entry.client, None, None, False
            if client is not None:
                # Under the entry's lock: the next engine must find the store let go.
                client.close()


_shared: EnginePool | None = None
_shared_lock = threading.Lock()


def shared_pool(make: Callable[[], EngineClient] | None = None) -> EnginePool:
    """Return the pool of this process, made at the first call with ``make``; its engines end with the process."""
    global _shared
    with _shared_lock:
        if _shared is None:
            if make is None:
                raise EngineError("engine.no_pool")
            _shared = EnginePool(make)
            atexit.register(_shared.shutdown, 2.0)
        return _shared
