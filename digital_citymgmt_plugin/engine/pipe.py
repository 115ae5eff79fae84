# SPDX-License-Identifier: GPL-2.0-or-later
"""The pipe: JSON lines in by a reader thread, JSON lines out; cancel requests and the end of input overtake work."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any, BinaryIO, Optional

from digital_citymgmt_plugin.core.errors import Cancelled, CityError

_log = logging.getLogger(__name__)
_PROGRESS_SECONDS = 0.1  # at most ten progress lines a second


class Pipe:
    """Both directions of the pipe."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._lock = threading.Lock()
        self._requests: queue.Queue[Optional[dict[str, Any]]] = queue.Queue()  # noqa: UP045
        self._cancelled: set[Any] = set()
        self._ended = threading.Event()
        threading.Thread(target=self._read, name="pipe", daemon=True).start()

    def next_request(self, seconds: Optional[float] = None) -> Optional[dict[str, Any]]:  # noqa: UP045
        """Wait for the next request; None at the end of input, an empty one when the time is up."""
        try:
            return self._requests.get(timeout=seconds)
        except queue.Empty:
            return {}

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one line; a reader that has gone ends the engine quietly."""
        try:
            data = json.dumps(message, ensure_ascii=False, default=_plain).encode() + b"\n"
        except UnicodeEncodeError:  # a name of a file that is no text
            data = json.dumps(message, default=_plain).encode() + b"\n"
        with self._lock:
            try:
                view = memoryview(data)
                while view:
                    view = view[self._sink.write(view) or 0 :]
            except (BrokenPipeError, OSError):
                self._ended.set()

    def is_cancelled(self, request_id: Any) -> bool:
        """Tell whether a request was cancelled or the other side has gone."""
        return self._ended.is_set() or (isinstance(request_id, (int, str)) and request_id in self._cancelled)

    def _read(self) -> None:
        """Sort what comes in; whatever it is, this thread lives until the input ends, and says so."""
        try:
            for line in iter(self._source.readline, b""):
                self._take(line)
        except (OSError, ValueError, MemoryError):
            _log.exception("reading failed")
        finally:
            self._ended.set()
            self._requests.put(None)

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            _log.warning("not JSON: %r", line[:200])
            return
        if not isinstance(message, dict):
            _log.warning("not a message: %r", line[:200])
        elif "cancel" not in message:
            self._requests.put(message)
        elif isinstance(message["cancel"], (int, str)):
            self._cancelled.add(message["cancel"])


def error_line(request_id: Any, error: CityError) -> dict[str, Any]:
    """Return the line that tells an error."""
    kind = "Cancelled" if isinstance(error, Cancelled) else type(error).__name__
    return {"id": request_id, "error": {"kind": kind, "code": error.code, "values": error.values}}


class Reporter:
    """Progress and cancel of one request (``core.ports.Progress`` and ``Cancel``)."""

    def __init__(self, pipe: Pipe, request_id: Any) -> None:
        self._pipe, self._id = pipe, request_id
        self._said = 0.0
        self._message = ""
        self._fraction = 0.0

    def __call__(self, fraction: float, message: str = "", **values: Any) -> None:
        """Say how far the request is; lines in quick succession with the same message are dropped."""
        # A use case that is run again, or estimates anew, does not make the bar go back.
        self._fraction = max(self._fraction, min(fraction, 1.0))
        now = time.monotonic()
        if message == self._message and now - self._said < _PROGRESS_SECONDS:
            return
        self._said, self._message = now, message
        line: dict[str, Any] = {"id": self._id, "progress": round(self._fraction, 4)}
        if message:
            line["message"], line["values"] = message, values
        self._pipe.send(line)

    def stopped(self) -> bool:
        """Tell whether the request was cancelled."""
        return self._pipe.is_cancelled(self._id)

    def check(self) -> None:
        """Raise ``Cancelled`` if the request was cancelled."""
        if self.stopped():
            raise Cancelled


def _plain(value: Any) -> Any:
    """Turn numpy scalars and the like into JSON values."""
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
