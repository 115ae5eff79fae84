# SPDX-License-Identifier: GPL-2.0-or-later
"""A process that forks for each order, and whose child is killed at the n-th step of a use case.

A step is a statement that SQLite begins, or an opening, renaming, copying, making or removing of a file. Forking spares
the start of an engine, so that many stages can be killed in little time. Orders are JSON lines: ``store``, ``method``,
``params``, ``at`` (none: to the end, telling all steps; −1: after the last). Answers: ``steps`` as runs of
[label, count], or ``killed``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from digital_citymgmt_plugin.engine import loop
from tests.support import NOW, Watcher

AFTER = -1  # all is done, the store not yet closed
FILES = frozenset(("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.copyfile", "shutil.rmtree"))
IN_SESSION = ("apply_redraw", "save_scenario")
LATE = (
    "ezdxf", "PIL.Image", "PIL.JpegImagePlugin", "openpyxl", "pyogrio", "scipy.spatial", "scipy.sparse.csgraph",
    "pypinyin",
)  # fmt: skip


@dataclass
class Steps:
    """Counts steps while armed and kills its own process at one of them."""

    at: int | None
    armed: bool = False
    count: int = 0
    runs: list[list[Any]] = field(default_factory=list)

    def take(self, label: str) -> None:
        if not self.armed:
            return
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.runs and self.runs[-1][0] == label:
            self.runs[-1][1] += 1
        else:
            self.runs.append([label, 1])

    def audit(self, event: str, _values: Any) -> None:
        if event in FILES:
            self.take(event)

    def statement(self, sql: str) -> None:
        self.take(" ".join(sql.split()[:3]))


class Quiet(Watcher):
    """A reporter of the engine without a pipe: nobody listens, nobody stops."""

    def stopped(self) -> bool:
        return False


def act(order: dict[str, Any]) -> dict[str, Any]:
    """Open the store and do what is ordered in this process, as the engine does it, at a fixed moment."""
    loop.now = lambda: NOW
    steps = Steps(order["at"])
    sys.addaudithook(steps.audit)
    engine, quiet = loop.Engine(None), Quiet()
    asked = {"program": "staged kills", "done_by": "tester"}
    engine._answer({**asked, "method": "open_store", "params": {"path": order["store"]}}, quiet)
    params = order["params"]
    if order["method"] in IN_SESSION:  # a session begins with the edits that stand where its name belongs
        begin = {**asked, "method": "open_redraw", "params": {"edits": params["session"]}}
        params = {**params, "session": engine._answer(begin, quiet)["session"]}
    engine._store.connection.set_trace_callback(steps.statement)
    steps.armed = True
    result = engine._answer({**asked, "method": order["method"], "params": params}, quiet)
    steps.armed = False
    if order["at"] == AFTER:
        os.kill(os.getpid(), signal.SIGKILL)
    engine.close()
    return {"steps": steps.runs, "counts": result["counts"], "operation": result.get("operation")}


def main() -> None:
    for name in LATE:
        import_module(name)
    import digital_citymgmt_plugin.services as services

    for path in sorted(Path(services.__path__[0]).glob("[a-z]*.py")):
        import_module(f"{services.__name__}.{path.stem}")
    import_module(f"{services.__name__}.redraw")
    for line in sys.stdin:
        order = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            answer: dict[str, Any]
            try:
                answer = act(order)
            except BaseException as error:
                answer = {"error": repr(error)}
            with os.fdopen(writer, "w", encoding="utf-8") as told:
                json.dump(answer, told)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as heard:
            text = heard.read()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write((json.dumps({"killed": True}) if killed else text) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
