# SPDX-License-Identifier: GPL-2.0-or-later
"""Plant errors at known places into a copy of a city store, and write down what the checks must find there.

``python -m scripts.plant_errors STORE OUT.gpkg --truth truth.csv [--count 2200] [--seed 2014]``. The copy must be open
in no engine. Nothing is shared with the checks: plain ``sqlite3``, blobs packed by hand, rules named by code alone.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.planting.copy import Planted, opened
from scripts.planting.places import KINDS as PLACES
from scripts.planting.values import KINDS as VALUES

COLUMNS = ("kind", "rule", "table", "uuid", "partner", "allowed", "reason")


def plant(store: Path, out: Path, count: int, seed: int = 2014) -> list[Planted]:
    """Copy a store and plant about ``count`` errors of all kinds; returns the truth.

    Kinds that the store has nothing for (no lines, no areas, no base map) plant less or nothing; the others make up.
    """
    shutil.copyfile(store, out)
    for ending in ("-wal", "-shm"):
        Path(str(out) + ending).unlink(missing_ok=True)
        if Path(str(store) + ending).exists():
            shutil.copyfile(str(store) + ending, str(out) + ending)
    with opened(out, seed) as copy:
        # Kinds with little choice come first; what they leave is shared out among the rest.
        kinds = (*PLACES, *VALUES)
        for number, kind in enumerate(kinds):
            kind(copy, -(-(count - len(copy.truth)) // (len(kinds) - number)) if count > len(copy.truth) else 0)
    with sqlite3.connect(out) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return copy.truth


def write_truth(path: Path, truth: Sequence[Planted]) -> None:
    """Write the truth as CSV (UTF-8 with a mark, for Excel)."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in truth:
            writer.writerow((one.kind, one.rule, one.table, one.uuid, one.partner, " ".join(one.allowed), one.reason))


def main(arguments: list[str] | None = None) -> int:
    """Plant, write the truth, say how many of what kind."""
    parser = argparse.ArgumentParser(prog="python -m scripts.plant_errors", description="Plant errors into a copy.")
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path, help="the copy; it is replaced")
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--count", type=int, default=2_200)
    parser.add_argument("--seed", type=int, default=2014)
    options = parser.parse_args(arguments)
    truth = plant(options.store, options.out, options.count, options.seed)
    write_truth(options.truth, truth)
    for kind, number in sorted(Counter(one.kind for one in truth).items()):
        sys.stdout.write(f"{number:6} {kind}\n")
    sys.stdout.write(f"{len(truth):6} errors of {len({one.kind for one in truth})} kinds\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
