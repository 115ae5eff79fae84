# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare what the checks found with what was planted."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from digital_citymgmt_plugin.bridge.engine_client import EngineClient
from digital_citymgmt_plugin.core.requests import CheckComponents, OpenStore
from scripts.planting.copy import Planted

Issue = tuple[str, str, str]  # rule, table, uuid


@dataclass(frozen=True)
class Score:
    """Planted errors that no issue names, and issues that neither the truth nor the clean store explains."""

    missed: list[Planted]
    false: list[Issue]


def issues(store: Path, interpreter: str) -> set[Issue]:
    """Run all checks on a store by its engine and return the open issues."""
    engine = EngineClient(interpreter)
    try:
        engine.call(OpenStore(str(store)))
        engine.call(CheckComponents())
    finally:
        engine.close()
    with contextlib.closing(sqlite3.connect(store)) as connection:
        rows = connection.execute("SELECT rule, table_name, object_uuid FROM check_issue WHERE state = 'open'")
        return {(str(rule), str(table), str(uuid)) for rule, table, uuid in rows}


def score(truth: Iterable[Planted], clean: set[Issue], planted: set[Issue]) -> Score:
    """Match by rule and object; of a pair either may be named. Only a uuid that two have matches in any table."""
    fresh = {(rule, uuid): table for rule, table, uuid in planted}
    before = {(rule, uuid) for rule, _, uuid in clean}
    missed, explained = [], set()
    for one in truth:
        both = [uuid for uuid in (one.uuid, one.partner) if uuid]
        explained |= {(rule, uuid) for uuid in both for rule in (one.rule, *one.allowed)}
        hit = any((one.rule, uuid) in fresh for uuid in both)
        table = fresh.get((one.rule, one.uuid), one.table)
        if not hit or (not one.partner and table != one.table):
            missed.append(one)
    false = [issue for issue in planted if (issue[0], issue[2]) not in explained | before]
    return Score(missed, sorted(false))
