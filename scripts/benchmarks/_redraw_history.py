# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked of a city whose grids were redrawn some hundred times: lineage, days, restating, handing over, codes.

Each is asked through the engine's pipe. Its figures are the processor's seconds of the whole engine and its highest
memory while it answers, so that what else the machine does counts little.
"""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from digital_citymgmt_plugin.core.errors import CityError
from digital_citymgmt_plugin.core.requests import Layer, Request, UndoOperation, VerifyStore
from digital_citymgmt_plugin.core.requests_history import (
    ChangeNotice,
    ExportGrids,
    GridLineage,
    GridsOn,
    ListPlatforms,
    RenumberGrids,
    Restate,
)
from digital_citymgmt_plugin.core.requests_redraw import ApplyRedraw, EditRedraw, OpenRedraw

SECONDS, MEGABYTES = 10.0, 1500.0  # bars of each at the size of Qingdao
WRITING = 60.0  # s: of what writes to every component and every case of the city, 3.4 million rows
EDITS, ROUND = 300, 10  # edits in all, and in each redraw that is written
_TICKS = 100.0  # a second of /proc/<pid>/stat on every Linux


class _Asking(Protocol):
    engine: Any

    def ask(self, request: Request, preview: str | None = None) -> tuple[float, dict[str, Any]]: ...


class _Drawing(Protocol):
    def stroke(self) -> tuple[str, list[list[float]]]: ...


def spent(pid: int) -> float:
    """Return the processor's seconds of all threads of a process."""
    with contextlib.suppress(OSError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return float("nan")


def highest(pid: int, *, anew: bool = False) -> float:
    """Return the highest memory of a process since it was last asked ``anew``, in MB."""
    with contextlib.suppress(OSError, ValueError):
        if anew:
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="utf-8")
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    return float("nan")


def draw_many(bench: _Asking, pen: _Drawing, edits: int) -> list[str]:
    """Draw many edits by lot and write them, some at a time; returns the operations."""
    operations: list[str] = []
    done = 0
    while done < edits:
        session = bench.ask(OpenRedraw())[1]["session"]
        drawn = 0
        for _ in range(100 * ROUND):
            tool, moves = pen.stroke()
            try:
                bench.ask(EditRedraw(session, tool, drawn, moves[-1]))
            except CityError:
                continue
            drawn += 1
            if drawn == ROUND:
                break
        operation = bench.ask(ApplyRedraw(session))[1]["operation"]
        operations += [operation] if operation else []
        done += max(drawn, 1)
    return operations


def history_figures(
    bench: _Asking, pen: _Drawing, store: Path, folder: Path, figure: Callable[..., dict[str, Any]], *, full: bool
) -> list[dict[str, Any]]:
    """Return the figures, and whether what was written can be taken back.

    ``figure`` makes one of them of name, value, unit, bar and whether it holds.
    """
    figures: list[dict[str, Any]] = []
    pid = bench.engine.pid
    operations = draw_many(bench, pen, EDITS if full else ROUND)

    def ask(name: str, request: Request, most_seconds: float = SECONDS) -> dict[str, Any]:
        highest(pid, anew=True)
        before, began = spent(pid), time.perf_counter()
        result = bench.ask(request)[1]
        clock, worked, most = time.perf_counter() - began, spent(pid) - before, highest(pid)
        for what, value, unit, bar in (
            ("processor", worked, "s", most_seconds), ("memory", most, "MB", MEGABYTES), ("clock", clock, "s", None),
        ):  # fmt: skip
            told = None if bar is None else f"<= {bar:g} at qingdao"
            figures.append(figure(f"{name}, {what}", value, unit, told, value <= bar if full and bar else None))
        return result

    today = datetime.date.today()  # of this machine; the day before it is asked for
    before = (today - datetime.timedelta(days=1)).isoformat()
    retired, living = _codes(store)
    ask("lineage of a retired grid", GridLineage(code=retired))
    ask("lineage of a grid of today", GridLineage(code=living))
    ask("grids of a day, to a layer", GridsOn(before, str(folder / "grids_on.gpkg")))
    ask("grids of a day, with the answer", GridsOn(before))
    table = folder / "figures.csv"
    _figures(store, table)
    ask(
        "restate a table", Restate(str(folder / "table.xlsx"), Layer(str(table)), from_day="", to_day=today.isoformat())
    )
    ask("restate cases and components", Restate(str(folder / "counted.xlsx"), figures=["cases", "components"]))
    for platform, ending in (("geojson", "geojson"), ("shp", "shp")):
        found = next(one for one in bench.ask(ListPlatforms())[1]["platforms"] if one["format"] == platform)
        ask(f"export to {found['code']}",
            ExportGrids(found["code"], str(folder / f"out_{platform}.{ending}"),
                        report=str(folder / f"losses_{platform}.xlsx")))  # fmt: skip
    ask("change notice, last", ChangeNotice())
    renumbered = ask(
        "renumber all grids", RenumberGrids(reason="bench", output=str(folder / "crosswalk.xlsx")), WRITING
    )
    ask("change notice of all renumbered", ChangeNotice(renumbered["operation"]))
    ask("restate cases after it", Restate(str(folder / "after.xlsx"), figures=["cases"]))
    ask("renumbering taken back", UndoOperation(renumbered["operation"]), WRITING)
    findings = bench.ask(VerifyStore())[1]["counts"]["findings"]
    figures.append(figure("history: the store holds by verifystore", float(findings == 0), "yes", "= 1", findings == 0))
    figures.append(figure("history: redraws written", float(len(operations)), "redraws", None, None))
    return figures


def born_before(store: Path, days: int = 3) -> None:
    """Let the grids have come some days ago, so that days before today's redraws have grids in their old shapes."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            connection.create_function(name, 1, lambda _shape: 0.0)  # named by triggers, of no use to this update
        with connection:
            connection.execute("UPDATE unit_grid SET valid_from = date(valid_from, ?)", (f"-{days} days",))


def _codes(store: Path) -> tuple[str, str]:
    """Return the code of a retired grid and of one of today that has a parent."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        query = (
            "SELECT g.code FROM unit_grid g JOIN grid_lineage l ON l.{0}_uuid = g.uuid WHERE g.status {1} 'current' "
            "ORDER BY l.fid DESC LIMIT 1"
        )
        retired = connection.execute(query.format("parent", "<>")).fetchone()
        living = connection.execute(query.format("child", "=")).fetchone()
    return (retired or living)[0], living[0]


def _figures(store: Path, target: Path) -> None:
    """Write a table of a number for each grid of today."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        codes = connection.execute("SELECT code FROM unit_grid WHERE status = 'current' ORDER BY code").fetchall()
    rows = [f"{code},{number % 97}" for number, (code,) in enumerate(codes)]
    target.write_text("\n".join(["code,residents", *rows]) + "\n", encoding="utf-8")
