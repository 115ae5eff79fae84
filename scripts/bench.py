# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the benchmarks of ``scripts/benchmarks`` one after the other and gather their figures.

Each benchmark is a script that takes ``--scale`` (tiny, demo, qidong, qingdao) and ``--json FILE`` and writes
``{"figures": [{name, value, unit, bar, holds}], "versions": {…}, "sizes": {…}}``. It times ours and the peers in turn,
in whole processes, from the same file to a committed file with the same indexes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).resolve().parent / "benchmarks"


def names() -> list[str]:
    """Name the benchmarks there are."""
    return sorted(path.stem for path in BENCHMARKS.glob("*.py") if not path.name.startswith("_"))


def run(name: str, scale: str) -> dict[str, Any]:
    """Run one benchmark in a process of its own and return what it found; one that failed does not hold."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "figures.json"
        command = [sys.executable, str(BENCHMARKS / f"{name}.py"), "--scale", scale, "--json", str(out)]
        done = subprocess.run(command, check=False)
        if done.returncode or not out.exists():
            failed = {"name": f"{name}: ended with {done.returncode}", "value": None, "unit": "", "bar": None}
            return {"figures": [{**failed, "holds": False}], "versions": {}, "sizes": {}}
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return found


def table(figures: list[dict[str, Any]]) -> str:
    """Set the figures out for reading."""
    rows = [("figure", "value", "unit", "bar", "holds")]
    for figure in figures:
        value = figure["value"]
        shown = f"{value:.3g}" if isinstance(value, float) else str(value)
        holds = {True: "yes", False: "NO"}.get(figure["holds"], "-")
        rows.append((figure["name"], shown, figure["unit"], str(figure["bar"] or ""), holds))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def main() -> int:
    """Run, print, write; 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", help="name of one benchmark")
    parser.add_argument("--scale", default="demo", choices=["tiny", "demo", "qidong", "qingdao"])
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    arguments = parser.parse_args()
    known = names()
    if arguments.only and arguments.only not in known:
        parser.error(f"no benchmark {arguments.only!r}; there are: {', '.join(known) or 'none'}")
    gathered: dict[str, Any] = {"figures": [], "versions": {"python": platform.python_version()}, "sizes": {}}
    gathered["sizes"]["cores"] = os.cpu_count()
    for name in [arguments.only] if arguments.only else known:
        print(f"[bench] {name} ({arguments.scale})", flush=True)
        found = run(name, arguments.scale)
        gathered["figures"] += found["figures"]
        gathered["versions"].update(found["versions"])
        gathered["sizes"].update(found["sizes"])
    print(table(gathered["figures"]))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(gathered, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return int(any(figure["holds"] is False for figure in gathered["figures"]))


if __name__ == "__main__":
    sys.exit(main())
