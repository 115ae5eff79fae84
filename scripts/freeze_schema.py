#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Freeze the newest schema step when it is released: its digest, and a new store of that version as text for the tests.

    .venv/bin/python scripts/freeze_schema.py 0.2.0

Writes ``tests/data/released_steps.tsv`` and ``tests/data/schema_v<N>.sql``; what is frozen is never written anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from digital_citymgmt_plugin.core.requests import CreateStore  # noqa: E402
from digital_citymgmt_plugin.engine.stores import make_store  # noqa: E402
from digital_citymgmt_plugin.storage.projections import Projected  # noqa: E402
from digital_citymgmt_plugin.storage.schema.catalogue import SCHEMA_VERSION  # noqa: E402
from digital_citymgmt_plugin.storage.schema.scripts import steps_after  # noqa: E402

LIST = ROOT / "tests" / "data" / "released_steps.tsv"
PROFILE = {
    "class", "department", "filing_standard", "indicator", "responsibility_rule", "work_calendar", "score_scheme",
    "mapping", "workflow_move", "class_synonym", "work_hours", "evaluation_scheme", "score_term",
    "score_band",
}  # fmt: skip


def text_of(path: Path) -> str:
    """Return a store as SQL text, without the rows of the profile; the shadow tables of R-trees make themselves."""
    head = (
        "-- SPDX-License-Identifier: GPL-2.0-or-later\n"
        f"-- A new store of schema version {SCHEMA_VERSION} (edition 2013, EPSG:4550) as text, without the rows of the "
        "profile. Frozen: never written anew.\n"
    )
    with contextlib.closing(sqlite3.connect(path)) as connection:
        lines = [f"PRAGMA {name} = {connection.execute(f'PRAGMA {name}').fetchone()[0]};"
                 for name in ("application_id", "user_version")]  # fmt: skip
        query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        entries = connection.execute(query).fetchall()
        shadows = {
            f"{name}_{part}"
            for kind, name, _, sql in entries
            if kind == "table" and sql.startswith("CREATE VIRTUAL")
            for part in ("node", "parent", "rowid")
        }
        kept = [entry for entry in entries if entry[1] not in shadows and not entry[1].startswith("sqlite_")]
        for wanted in ("table", "index", "trigger"):
            if wanted == "trigger":
                for kind, name, _, sql in kept:
                    if kind == "table" and not sql.startswith("CREATE VIRTUAL") and name not in PROFILE:
                        lines += rows_of(connection, name)
            lines += [f"{sql};" for kind, _, _, sql in kept if kind == wanted]
    return head + "\n".join(lines) + "\n"


def rows_of(connection: sqlite3.Connection, table: str) -> list[str]:
    names = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    quotes = " || ', ' || ".join(f'quote("{name}")' for name in names)
    rows = connection.execute(f'SELECT {quotes} FROM "{table}" ORDER BY 1').fetchall()  # noqa: S608
    return [f'INSERT INTO "{table}" VALUES ({row[0]});' for row in rows]  # noqa: S608


def main(release: str) -> int:
    step = steps_after(0)[-1]
    lines = LIST.read_text(encoding="utf-8").splitlines()
    at = next((number for number, line in enumerate(lines) if line.startswith(step.name)), None)
    if at is not None and not lines[at].endswith("unreleased"):
        print(f"{step.name} is frozen already")
        return 1
    target = ROOT / "tests" / "data" / f"schema_v{SCHEMA_VERSION}.sql"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "city.gpkg"
        request = CreateStore(str(path), "2013", "320681", "启东市", "EPSG:4550")
        moment = datetime(2026, 1, 15, 2, 30, tzinfo=timezone.utc)
        make_store(request, Projected(), "frozen", "", lambda: moment)
        target.write_text(text_of(path), encoding="utf-8")
    line = f"{step.name}\t{hashlib.sha256(step.read_bytes()).hexdigest()}\t{release}"
    if at is None:
        lines.append(line)
    else:
        lines[at] = line
    LIST.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{step.name} and {target.relative_to(ROOT)} are frozen as of {release}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else "which release?")
