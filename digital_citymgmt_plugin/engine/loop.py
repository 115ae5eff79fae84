# SPDX-License-Identifier: GPL-2.0-or-later
"""The request loop: checks a request, finds its use case, sends its result or error."""

from __future__ import annotations

import errno
import getpass
import logging
import os
import traceback
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import Any, Optional

from digital_citymgmt_plugin.core.errors import Cancelled, CityError, EngineError, InputRefused, StoreError
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests import CloseStore, CreateStore, OpenStore, UpgradeStore, request_from_params
from digital_citymgmt_plugin.dependencies import PACKAGES
from digital_citymgmt_plugin.engine.pipe import Pipe, Reporter, error_line
from digital_citymgmt_plugin.engine.registry import PREVIEWED, READING, SERVICES, STORELESS
from digital_citymgmt_plugin.engine.start import packages_error
from digital_citymgmt_plugin.services.evidence_copies import named_evidence
from digital_citymgmt_plugin.services.health import health
from digital_citymgmt_plugin.storage.files import CityFiles
from digital_citymgmt_plugin.storage.gpkg import GpkgStore
from digital_citymgmt_plugin.storage.projections import Projected
from digital_citymgmt_plugin.storage.workers import Workers

_log = logging.getLogger(__name__)
_HELD_S = 60.0  # how long a previewed action waits for its confirmation: until then no other program can write
_SHOWN = 80  # characters of a text that is told
_TRIES = 3  # of a use case whose ground others change while it computes; the last one keeps them out
_PACKAGES = {package.name for package in PACKAGES}
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def now() -> datetime:
    """Return the present moment (the clock handed to use cases)."""
    return datetime.now(timezone.utc)


def _as_preview(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result as what would be done: nothing is, and ``writes`` tells whether there is anything to confirm."""
    writes = result["operation"] is not None or bool(result.get("writes_file"))
    return {**result, "preview": True, "operation": None, "tables": [], "writes": writes}


class Engine:
    """Serves the requests of one pipe and owns at most one store."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._store: Optional[GpkgStore] = None  # noqa: UP045
        self._files = CityFiles()
        self._projections = Projected()
        self._held: Optional[tuple[dict[str, Any], dict[str, Any]]] = None  # noqa: UP045  (request, its result)

    def run(self) -> None:
        """Serve requests until the input ends."""
        while True:
            message = self._pipe.next_request(_HELD_S if self._held else None)
            if message is None:
                return
            self._serve(message)

    def close(self) -> None:
        """Let go of the store."""
        self._held = None
        if self._store is not None:
            self._store.close()
            self._store = None
            self._files = CityFiles()

    def _serve(self, message: dict[str, Any]) -> None:
        request_id = message.get("id")
        reporter = Reporter(self._pipe, request_id)
        stopped = bool(message) and reporter.stopped()
        held = self._settle(message, stopped=stopped)
        if not message:  # the time was up: nobody confirmed
            return
        try:
            if stopped:
                raise Cancelled
            if isinstance(held, Exception):
                raise held
            # What was kept is in the store: a wish to stop that comes now is too late.
            result = held or self._answer(message, reporter)
            self._pipe.send({"id": request_id, "result": result})
        except Exception as error:
            self._pipe.send(self._told(request_id, error))

    def _settle(self, message: dict[str, Any], *, stopped: bool = False) -> Optional[dict[str, Any] | Exception]:  # noqa: UP045
        """Keep the action held since a preview if this request confirms it, throw it away if it is another or stopped.

        Returns its result when it was kept: the work is not done twice.
        """
        held, self._held = self._held, None
        if held is None or self._store is None:
            return None
        asked, result = held
        same = all(message.get(name) == asked.get(name) for name in ("method", "params"))
        keep = same and not message.get("preview") and not stopped
        try:
            self._store.settle(keep=keep)
        except Exception as error:
            return error
        return result if keep else None

    def _told(self, request_id: Any, error: Exception) -> dict[str, Any]:
        """Return the line that tells an error, whatever it is."""
        if isinstance(error, CityError):
            return error_line(request_id, error)
        if isinstance(error, MemoryError):
            return error_line(request_id, EngineError("engine.memory"))
        if isinstance(error, ImportError) and (error.name or "").split(".")[0] in _PACKAGES:
            _log.exception("a package is missing")
            return error_line(request_id, packages_error(error))
        if isinstance(error, OSError) and error.errno in _FULL:
            path = error.filename or (self._store.path if self._store else "")
            return error_line(request_id, StoreError("store.disk_full", path=str(path)))
        if isinstance(error, UnicodeEncodeError):  # half a character in a text that was asked with; nothing was written
            shown = str(error.object).encode("utf-8", "backslashreplace").decode()
            return error_line(request_id, InputRefused("request.half_character", value=shown[:_SHOWN]))
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        _log.error("unexpected: %s", text)
        values = {"reason": f"{type(error).__name__}: {error}"}
        unknown = {"kind": "Unknown", "code": "engine.unexpected", "values": values, "traceback": text}
        return {"id": request_id, "error": unknown}

    def _answer(self, message: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
        method, params = str(message.get("method")), message.get("params") or {}
        if not isinstance(params, dict):
            raise InputRefused("request.parameters", method=method, field="params")
        request = request_from_params(method, params)
        program = str(message.get("program") or f"engine (pid {os.getpid()})")
        done_by = str(message.get("done_by") or _user())
        if isinstance(request, CloseStore):
            self.close()
            return {"counts": {}}
        if isinstance(request, (CreateStore, OpenStore, UpgradeStore)):
            return self._open(request, program, done_by, self._context(reporter, message))
        if self._store is None and request.method not in STORELESS:
            raise EngineError("engine.no_store")
        if self._store is None:
            result = SERVICES[request.method](self._context(reporter, message), request)
            return _as_preview(result) if message.get("preview") and request.method in PREVIEWED else result
        self._store.done_by, self._store.program = done_by, program
        if message.get("preview"):
            return self._preview(self._store, request, reporter, message)
        return self._on_store(self._store, request, reporter, message)

    def _preview(self, store: GpkgStore, request: Any, reporter: Reporter, message: dict[str, Any]) -> dict[str, Any]:
        """Do an action and throw it away: its counts are true. It is held for its confirmation if that is asked for.

        No reject list is written and no file copied, so an action that has rows for one or files to copy
        (``files_wait``) is done anew when it is confirmed; a file that is the result itself (``writes_file``) is left
        unwritten.
        """
        if request.method not in PREVIEWED:
            raise InputRefused("request.no_preview", method=request.method)
        listed = getattr(request, "rejects", None) is not None
        store.preview = "hold" if message["preview"] == "hold" else "drop"
        try:
            asked = replace(request, rejects=None) if listed else request
            result = self._on_store(store, asked, reporter, message)
        finally:
            store.preview = ""
        if store.held:
            if (listed and result["counts"].get("rejected")) or result.get("blocked") or result.get("files_wait"):
                store.settle(keep=False)
            else:
                self._held = ({"method": message["method"], "params": message.get("params")}, result)
        return _as_preview(result)

    def _on_store(self, store: GpkgStore, request: Any, reporter: Reporter, message: dict[str, Any]) -> dict[str, Any]:
        """Run a use case; once more when another program changed the store between its reading and its writing."""
        for left in reversed(range(_TRIES)):
            store.start_request(reporter.stopped, exclusive=not left)
            try:
                with store.snapshot() if request.method in READING else nullcontext():
                    return SERVICES[request.method](self._context(reporter, message), request)
            except StoreError as error:
                if error.code != "store.changed" or not left:
                    raise
                _log.info("%s is run again: the store was changed meanwhile", request.method)
            finally:
                store.end_request()
        raise AssertionError

    def _context(self, reporter: Reporter, message: dict[str, Any]) -> Context:
        return Context(
            files=self._files, projections=self._projections, progress=reporter, cancel=reporter, clock=now,
            store=self._store, sentences=message.get("sentences") or {}, spread=Workers(),
            preview=bool(message.get("preview")),
        )  # fmt: skip

    def _open(self, request: Any, program: str, done_by: str, context: Context) -> dict[str, Any]:
        from digital_citymgmt_plugin.engine.stores import make_store, upgrade

        if self._store is not None:
            raise EngineError("engine.store_is_open", path=self._store.path)
        if isinstance(request, UpgradeStore):
            return upgrade(request, program, done_by, context)
        counts: dict[str, int] = {}
        if isinstance(request, CreateStore):
            counts = make_store(request, self._projections, program, done_by, now)
        self._store = GpkgStore(request.path, program=program, clock=now, done_by=done_by)
        self._files = CityFiles(self._store.path)
        try:
            with self._store.snapshot():
                result = health(self._context_with_store(context))
                self._files.photo_folder().tidy(partial(_photo_files, self._store))
                self._files.evidence_folder().settle(partial(named_evidence, self._store))
        except BaseException:  # whoever was told that it failed would find it open
            self.close()
            raise
        result["counts"] = counts
        return result

    def _context_with_store(self, context: Context) -> Context:
        return Context(
            files=context.files, projections=context.projections, progress=context.progress, cancel=context.cancel,
            clock=context.clock, store=self._store, sentences=context.sentences,
        )  # fmt: skip


def _photo_files(store: GpkgStore) -> set[str]:
    return {str(name) for name in store.read("photo", ["path"])["path"].tolist()}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
