# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests served by an engine in this very process, without others: seconds of CPU, memory, longest silences.

``_draft_steps.py STORE`` reads requests as JSON, each ``{"method", "params", "preview"}``, and prints a line for each.
The longest stretch in which nobody asks whether the user wants to stop bounds how long a stop takes at any moment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from digital_citymgmt_plugin.core.requests import OpenStore, Request
from digital_citymgmt_plugin.engine import loop
from digital_citymgmt_plugin.engine.pipe import Reporter
from scripts.benchmarks.importcomponents import peak_memory

ROOT = Path(__file__).resolve().parents[2]


class Watch:
    """Stands in for the pipe: nobody stops, but when it is asked and told is noted, in seconds of CPU."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start anew."""
        self._asked = self._told = time.process_time()
        self.unasked = self.untold = 0.0
        self.after, self._place = "", ""

    def is_cancelled(self, _id: Any) -> bool:
        """Note that somebody asked; what lies between two questions cannot be stopped."""
        now = time.process_time()
        if now - self._asked > 0.05 or not self._place:
            place = _place()
            if now - self._asked > self.unasked:
                self.unasked, self.after = now - self._asked, f"{self._place} … {place}"
            self._place = place
        self._asked = time.process_time()
        return False

    def send(self, line: dict[str, Any]) -> None:
        """Note that the bar moved."""
        now = time.process_time()
        if line.get("progress") is not None:
            self.untold, self._told = max(self.untold, now - self._told), now


def _place() -> str:
    frame: Any = sys._getframe(3)
    names = []
    while frame is not None and len(names) < 4:
        names.append(f"{Path(frame.f_code.co_filename).stem}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(names)


def serve(store: str, messages: list[dict[str, Any]]) -> None:
    """Serve the requests one after the other and print what each took."""
    # One process: what is measured is the work, not the number of processors.
    loop.Workers = lambda: None  # type: ignore[assignment,misc]
    watch = Watch()
    engine = loop.Engine(watch)  # type: ignore[arg-type]
    opening = OpenStore(store)
    engine._answer({"method": opening.method, "params": opening.to_params()}, Reporter(watch, 0))  # type: ignore[arg-type]
    for number, message in enumerate(messages):
        watch.begin()
        began, cpu = time.perf_counter(), time.process_time()
        found: dict[str, Any] = {}
        try:
            result = engine._answer(message, Reporter(watch, number))  # type: ignore[arg-type]
            found = {"counts": result.get("counts"), "operation": result.get("operation"), "result": result}
        finally:
            found.update(
                cpu=round(time.process_time() - cpu, 3), wall=round(time.perf_counter() - began, 3),
                mb=peak_memory(os.getpid()) or 0.0, unasked=round(watch.unasked, 3), untold=round(watch.untold, 3),
                where=watch.after,
            )  # fmt: skip
            found.setdefault("counts", None)
            text = json.dumps({**found, "result": found.get("result") if message.get("keep") else None}, default=str)
            print(text, flush=True)
    engine.close()


def asked(store: Path, requests: list[Request], preview: str | None = None, *, keep: bool = False) -> list[Any]:
    """Have requests served in a new process; returns the figures of each."""
    messages: list[dict[str, Any]] = [
        {"method": one.method, "params": one.to_params(), "keep": keep} for one in requests
    ]
    for message in messages:
        if preview:
            message["preview"] = preview
    command = [sys.executable, str(Path(__file__).resolve()), str(store)]
    done = subprocess.run(
        command, input=json.dumps(messages), check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


if __name__ == "__main__":
    serve(sys.argv[1], json.load(sys.stdin))
