# SPDX-License-Identifier: GPL-2.0-or-later
"""One engine process and the pipe to it: JSON lines, one object a line, UTF-8.

No QGIS import: algorithms, docks, scripts and tests all use this class.
"""

from __future__ import annotations

import contextlib
import getpass
import itertools
import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from digital_citymgmt_plugin.bridge.interpreter import PACKAGE, engine_environment
from digital_citymgmt_plugin.core import errors
from digital_citymgmt_plugin.core.errors import CityError, EngineError
from digital_citymgmt_plugin.core.requests import Request
from digital_citymgmt_plugin.core.version import PROTOCOL, VERSION

log = logging.getLogger(__name__)

OnProgress = Callable[[float, str, Mapping[str, Any]], None]
IsCancelled = Callable[[], bool]

POLL_S = 0.1  # how often a waiting call looks whether the user wants to stop
START_S = 120.0  # a cold start that imports from a slow disk behind a virus scanner
LONGEST_LINE = 256 * 1024 * 1024  # bytes; bulk results go through files, so a longer line is garbage
KINDS: dict[str, type[CityError]] = {
    name: getattr(errors, name) for name in ("InputRefused", "StoreError", "CodeError", "ProfileError", "EngineError")
}


class NotRunning(EngineError):
    """The process that a request was meant for has ended; the request was not taken and may be sent to another."""


class EngineClient:
    """A running engine.

    Parameters
    ----------
    interpreter : str
        Python that runs the engine.
    env : mapping, optional
        Environment of the process before ``engine_environment`` puts it right; default that of this process.
    program : str, optional
        Who asks, as told to a second program that wants the same store.
    log_path : str, optional
        Where the engine's stderr goes; default a new file in the temporary folder.
    command : sequence of str, optional
        Arguments after the interpreter (tests put a fake engine here).
    """

    def __init__(
        self,
        interpreter: str,
        env: Mapping[str, str] | None = None,
        *,
        program: str | None = None,
        log_path: str | None = None,
        command: Sequence[str] | None = None,
        start_timeout: float = START_S,
    ) -> None:
        self.interpreter = interpreter
        self.program = program or f"Python {sys.version.split()[0]} (pid {os.getpid()})"
        self.log_path = log_path or _new_log()
        self.hello: dict[str, Any] = {}
        self._env = engine_environment(interpreter, env)
        self._command = tuple(command) if command is not None else ("-m", f"{PACKAGE}.engine")
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._ids = itertools.count(1)
        self._answers: dict[int, queue.SimpleQueue[dict[str, Any] | None]] = {}
        self._greeting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._guard = threading.Lock()  # of _answers and _ended
        self._write_guard = threading.Lock()
        self._start_guard = threading.Lock()
        self._ended = True

    # -- life ---------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the process runs and the pipe is open."""
        return self._process is not None and not self._ended and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, None before the start."""
        return None if self._process is None else self._process.pid

    def start(self) -> dict[str, Any]:
        """Start the process, wait for its greeting, compare versions and return the greeting.

        Does nothing when it runs already.

        Raises
        ------
        EngineError
            ``engine.not_started`` or ``engine.version``.
        """
        with self._start_guard:
            if self.alive and self.hello:
                return self.hello
            if self._process is not None:
                self._kill()
            self._launch()
            try:
                self.hello = self._wait_for_greeting()
            except EngineError:
                self._kill()
                raise
            return self.hello

    def _launch(self) -> None:
        self.hello = {}
        self._greeting = queue.SimpleQueue()
        self._ended = False
        options: dict[str, Any] = {}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW
        else:
            # Ctrl+C in a terminal is for QGIS; the engine sees the end of the pipe and stops in good order.
            options["start_new_session"] = True
        try:
            with Path(self.log_path).open("ab") as stderr:
                process = subprocess.Popen(
                    [self.interpreter, *self._command],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    env=self._env,
                    **options,
                )
        except OSError as error:
            self._ended = True
            raise EngineError(
                "engine.not_started", interpreter=self.interpreter, reason=str(error), log=self.log_path
            ) from error
        self._process = process
        threading.Thread(
            target=self._read, args=(process, process.stdout, self._greeting), name="dcm-engine-reader", daemon=True
        ).start()

    def _wait_for_greeting(self) -> dict[str, Any]:
        try:
            greeting = self._greeting.get(timeout=self._start_timeout)
        except queue.Empty:
            raise EngineError(
                "engine.no_greeting", interpreter=self.interpreter, seconds=int(self._start_timeout), log=self.log_path
            ) from None
        if greeting is None:
            raise EngineError(
                "engine.not_started", interpreter=self.interpreter, reason=self._last_words(), log=self.log_path
            )
        if greeting.get("protocol") != PROTOCOL or greeting.get("version") != VERSION:
            raise EngineError(
                "engine.version",
                interpreter=self.interpreter,
                wanted=f"{VERSION} ({PROTOCOL})",
                found=f"{greeting.get('version')} ({greeting.get('protocol')})",
            )
        return greeting

    def close(self, timeout: float = 5.0) -> None:
        """End the engine in good order: close the pipe, wait, and kill it after ``timeout`` seconds."""
        process = self._process
        if process is None:
            return
        with self._write_guard, contextlib.suppress(OSError, ValueError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            log.warning("The engine (pid %s) did not end within %s s and is killed", process.pid, timeout)
        self._kill()

    def _kill(self) -> None:
        process = self._process
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        with self._write_guard, contextlib.suppress(OSError, ValueError):
            if process.stdin is not None:
                process.stdin.close()
        self._end(process)

    # -- requests -----------------------------------------------------------------------------------------------

    def call(
        self,
        request: Request,
        *,
        on_progress: OnProgress | None = None,
        is_cancelled: IsCancelled | None = None,
        sentences: Mapping[str, str] | None = None,
        pid: int | None = None,
        preview: str | None = None,
    ) -> dict[str, Any]:
        """Send a request and wait for its result; for worker threads.

        ``on_progress(fraction, message_code, values)`` is called in the calling thread. ``is_cancelled`` is asked
        every 0.1 s; when it says yes the engine is told and its answer awaited, so that nothing is half done.
        ``sentences`` maps reason codes to templates in the user's language, for reject lists. With ``pid`` the request
        is for that process and no other: one that was started meanwhile has no store open yet. ``preview`` asks for the
        counts alone: "drop" throws the action away, "hold" keeps it for a minute, so that the same request without
        ``preview`` only commits it.

        Raises
        ------
        NotRunning
            The process ``pid`` has ended before it took the request.
        CityError
            What the engine refused, by kind; ``Cancelled``; ``EngineError`` ``engine.died`` when the process ended in
            the call, ``engine.unexpected`` for a fault in the engine (``log`` names the file with its traceback).
        """
        if pid is None:
            self.start()
        number = next(self._ids)
        answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with self._guard:
            if self._ended:
                raise self._death(None if pid is None else NotRunning)
            self._answers[number] = answers
        try:
            self._send(
                {
                    "id": number,
                    "method": request.method,
                    "params": request.to_params(),
                    "done_by": _user(),
                    "program": self.program,
                    "sentences": dict(sentences or {}),
                    **({"preview": preview} if preview else {}),
                },
                pid,
            )
            return self._wait_for_answer(number, answers, on_progress, is_cancelled)
        except BaseException:
            # Also when a callback raised or the thread is interrupted: do not leave work running unseen.
            with contextlib.suppress(EngineError):
                if number in self._answers and self.alive:
                    self._send({"cancel": number})
            raise
        finally:
            with self._guard:
                self._answers.pop(number, None)

    def call_async(
        self,
        request: Request,
        on_result: Callable[[dict[str, Any]], None],
        on_error: Callable[[Exception], None],
        **options: Any,
    ) -> threading.Thread:
        """Do ``call`` in a thread of its own; the callbacks are called in that thread."""

        def work() -> None:
            try:
                result = self.call(request, **options)
            except Exception as error:
                on_error(error)
            else:
                on_result(result)

        thread = threading.Thread(target=work, name=f"dcm-{request.method}", daemon=True)
        thread.start()
        return thread

    def _wait_for_answer(
        self,
        number: int,
        answers: queue.SimpleQueue[dict[str, Any] | None],
        on_progress: OnProgress | None,
        is_cancelled: IsCancelled | None,
    ) -> dict[str, Any]:
        told = False
        while True:
            if not told and is_cancelled is not None and is_cancelled():
                self._send({"cancel": number})
                told = True
            try:
                answer = answers.get(timeout=POLL_S)
            except queue.Empty:
                continue
            if answer is None:
                raise self._death()
            if "progress" in answer:
                if on_progress is not None:
                    on_progress(float(answer["progress"]), answer.get("message") or "", answer.get("values") or {})
            elif "error" in answer:
                self._answers.pop(number, None)
                raise self._error(answer["error"])
            elif "result" in answer:
                return dict(answer["result"] or {})

    def _send(self, message: Mapping[str, Any], pid: int | None = None) -> None:
        try:
            line = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:  # half a character: the engine says what is wrong with it
            line = json.dumps(message).encode() + b"\n"
        process = self._process
        try:
            with self._write_guard:
                if process is None or process.stdin is None or pid not in (None, process.pid):
                    raise BrokenPipeError
                process.stdin.write(line)
                process.stdin.flush()
        except (OSError, ValueError):  # ValueError: the pipe was closed on this side
            # A line that was not written to its end is not served.
            raise self._death(None if pid is None else NotRunning) from None

    # -- answers ------------------------------------------------------------------------------------------------

    def _read(
        self,
        process: subprocess.Popen[bytes],
        stdout: IO[bytes],
        greeting: queue.SimpleQueue[dict[str, Any] | None],
    ) -> None:
        """Hand each line to whom it is for, until the pipe ends (runs in a thread of its own)."""
        try:
            while True:
                line = stdout.readline(LONGEST_LINE)
                if not line:
                    break
                if not line.endswith(b"\n") and len(line) >= LONGEST_LINE:
                    log.error("The engine sent a line of more than %s bytes", LONGEST_LINE)
                    process.kill()
                    break
                self._hand_out(line, greeting)
        except (OSError, ValueError):
            log.exception("Reading from the engine failed")
        finally:
            greeting.put(None)
            self._end(process)
            stdout.close()

    def _hand_out(self, line: bytes, greeting: queue.SimpleQueue[dict[str, Any] | None]) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            # A library printed something: not ours, not fatal.
            log.warning("Not understood from the engine: %r", line[:200])
            return
        if isinstance(message.get("hello"), dict):
            greeting.put(message["hello"])
            return
        with self._guard:
            answers = self._answers.get(message.get("id", -1))
        if answers is not None:
            answers.put(message)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Tell all who wait that no answer will come."""
        if process is not self._process:
            return
        with self._guard:
            self._ended = True
            waiting = list(self._answers.values())
        for answers in waiting:
            answers.put(None)

    def _error(self, error: Mapping[str, Any]) -> CityError:
        kind = str(error.get("kind"))
        values = {str(key): value for key, value in (error.get("values") or {}).items() if key != "code"}
        if kind == "Cancelled":
            return errors.Cancelled()
        if kind in KINDS:
            return KINDS[kind](str(error.get("code")), **values)
        # The traceback is for the log, never for the message bar.
        trace = str(error.get("traceback") or "")
        with contextlib.suppress(OSError), Path(self.log_path).open("a", encoding="utf-8") as file:
            file.write(f"{trace}\n")
        values.setdefault("reason", (trace.strip().splitlines() or [kind])[-1])
        values["log"] = self.log_path
        return EngineError("engine.unexpected", **values)

    def _death(self, kind: type[EngineError] | None = None) -> EngineError:
        process = self._process
        code: int | None = None
        if process is not None and kind is not NotRunning:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(2)
        return (kind or EngineError)("engine.died", exit=code, reason=self._last_words(), log=self.log_path)

    def _last_words(self) -> str:
        """Return the last line that the engine wrote to its log, "" when there is none."""
        try:
            with Path(self.log_path).open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 4096))
                lines = file.read().decode("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1].strip() if lines else ""


def _new_log() -> str:
    folder = Path(tempfile.gettempdir()) / "dcm-logs"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        _drop_old_logs(folder)
        handle, path = tempfile.mkstemp(prefix=time.strftime("engine-%Y%m%d-%H%M%S-"), suffix=".log", dir=folder)
    except OSError:  # someone else's folder, on a machine with several users
        handle, path = tempfile.mkstemp(prefix="dcm-engine-", suffix=".log")
    os.close(handle)
    return path


def _drop_old_logs(folder: Path, keep: int = 20) -> None:
    """Keep the newest logs only: nobody else tidies up here."""
    for path in sorted(folder.glob("engine-*.log"))[:-keep]:
        with contextlib.suppress(OSError):
            path.unlink()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name for this user id, or no environment at all
        return "unknown"
