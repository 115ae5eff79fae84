# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbered schema steps: which there are, and how one is run inside an open transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

STEPS = Path(__file__).parent / "steps"


def steps_after(version: int, folder: Path = STEPS) -> list[Path]:
    """Return the schema steps newer than a version, in order."""
    return [step for step in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql")) if int(step.name[:4]) > version]


def statements(text: str) -> Iterator[str]:
    """Yield the statements of a script (``executescript`` would commit the open transaction)."""
    statement = ""
    for line in text.splitlines():
        if line.lstrip().startswith("--"):
            continue
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def run_script(connection: sqlite3.Connection, text: str) -> None:
    """Run the statements of a script inside the open transaction."""
    for statement in statements(text):
        connection.execute(statement)
