# SPDX-License-Identifier: GPL-2.0-or-later
"""The logs: the chain of operations, what refers to them, lineage of grids, changes of components, cases' events."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import Any

from digital_citymgmt_plugin.core.cases.stages import STAGES, STEPS
from digital_citymgmt_plugin.core.ports import Finding
from digital_citymgmt_plugin.storage.schema.catalogue import COMPONENTS, WATCHED
from digital_citymgmt_plugin.storage.verifying.base import CHUNK, Check, Run, Stage
from digital_citymgmt_plugin.storage.verifying.case_logs import parts, replayed
from digital_citymgmt_plugin.storage.verifying.links import WITH_OPERATION

# Written by the program with a reason that holds old and new values.
AMENDING = ("import", "link", "rehome", "repair", "undo", "place", "move")
# Columns of a case that its amendments tell and no replay of its log (``case_logs``); texts may be edited by hand.
DERIVED = ("grid_code", "community_code", "street_code", "place_method", "emergency")
_SHARE_SLACK = 1e-4
_LISTED_STAGES = ", ".join(f"'{stage}'" for stage in STAGES)

LINEAGE: tuple[Check, ...] = (
    Check(
        "verify.lineage_share", "grid_lineage",
        "SELECT fid FROM grid_lineage WHERE share NOT BETWEEN 0 AND 1 UNION ALL "
        "SELECT min(fid) FROM grid_lineage GROUP BY operation_uuid, parent_uuid "
        f"HAVING sum(share) > 1 + {_SHARE_SLACK} AND min(share) >= 0 AND max(share) <= 1",
    ),
    Check(
        "verify.lineage_shape", "grid_lineage",
        "SELECT fid FROM grid_lineage WHERE parent_uuid = child_uuid AND old_geom IS NULL",
    ),
)  # fmt: skip
JSONS: tuple[Check, ...] = tuple(
    Check(
        "verify.json", f"{table}.{column}",
        f'SELECT fid FROM "{table}" WHERE {column} IS NOT NULL AND NOT json_valid({column})',
    )
    for table, column in (
        ("operation", "params"), ("operation", "counts"), *((table, "attributes") for table in COMPONENTS),
        ("case_record", "attributes"), ("case_event", "payload"),
        ("check_issue", "params"), ("mapping", "payload"), ("score_scheme", "payload"),
        ("scenario", "payload"), ("assessment_run", "payload"), ("package", "counts"),
    )
)  # fmt: skip
CASES: tuple[Check, ...] = (
    Check(
        "verify.stage", "case_record",
        f"SELECT fid FROM case_record WHERE stage IS NOT NULL AND stage NOT IN ({_LISTED_STAGES})",
    ),
    Check(
        "verify.moment", "case_record",
        "SELECT fid FROM case_record WHERE "
        + " OR ".join(f"({name} IS NOT NULL AND julianday({name}) IS NULL)" for name in (*STEPS, "due_at")),
    ),
    Check(  # each supervision that a log tells of has its row
        "verify.supervision", "case_record",
        "SELECT DISTINCT c.fid FROM case_record c JOIN case_event e ON e.case_fid = c.fid AND e.action = 'supervise' "
        "WHERE c.supervised = 1 AND NOT EXISTS (SELECT 1 FROM supervision s WHERE s.case_fid = c.fid "
        "AND s.issued_at IS e.at)",
    ),
    Check(  # and each row its event
        "verify.supervision", "supervision",
        "SELECT s.fid FROM supervision s JOIN case_record c ON c.fid = s.case_fid WHERE NOT EXISTS (SELECT 1 "
        "FROM case_event e WHERE e.case_fid = s.case_fid AND e.action = 'supervise' AND e.at IS s.issued_at)",
    ),
    Check(
        "verify.moment", "supervision",
        "SELECT fid FROM supervision WHERE "
        + " OR ".join(
            f"({name} IS NOT NULL AND julianday({name}) IS NULL)" for name in ("issued_at", "due_at", "answered_at")
        ),
    ),
    Check("verify.moment", "case_event", "SELECT fid FROM case_event WHERE at IS NOT NULL AND julianday(at) IS NULL"),
)  # fmt: skip


def stages() -> list[Stage]:
    """Return the stages of the logs."""
    return [
        ("operation", chain, 0.2), ("operation_uuid", operations, 3.0), ("component_change", changes, 2.0),
        ("case_event", replayed, 40.0), ("case_event", amended, 4.0),
        *((check.table, partial(_one, check=check), 1.0) for check in (*LINEAGE, *JSONS, *CASES)),
    ]  # fmt: skip


def _one(run: Run, check: Check) -> list[Finding]:
    return run.check(check)


def link(before: str, uuid: str, kind: str, at: str, params: str, counts: str) -> str:
    """Return the digest of an operation: it covers the row before it."""
    return hashlib.sha256("\n".join([before, uuid, kind, at, params, counts]).encode()).hexdigest()


def chain(run: Run) -> list[Finding]:
    """Follow the chain of digests: a row changed, put in or taken out shows at the first row that does not fit."""
    wrong, before = [], ""
    for fid, uuid, kind, at, params, counts, digest in run.query(
        "SELECT fid, uuid, kind, at, params, counts, digest FROM operation ORDER BY fid"
    ):
        if digest is None and run.inside:
            continue  # the action under way gets its own when it ends
        if digest != link(before, str(uuid), str(kind), str(at), str(params), str(counts)):
            wrong.append(fid)
        before = str(digest or "")
    return run.found("verify.chain", "operation", wrong)


def chain_state(run: Run) -> dict[str, Any]:
    """Return ``count``, last ``digest``, the first operation that does not fit (``broken``, ``at``), ``missing``."""
    count, last, digest = run.query(
        "SELECT count(*), coalesce(max(fid), 0), (SELECT digest FROM operation ORDER BY fid DESC LIMIT 1) "
        "FROM operation"
    ).fetchone()
    seq = run.query("SELECT seq FROM sqlite_sequence WHERE name = 'operation'").fetchone()
    wrong = chain(run)
    broken = int(wrong[0].objects[0]) if wrong else None
    at = run.query("SELECT at FROM operation WHERE fid = ?", (broken,)).fetchone()[0] if wrong else None
    missing = max(int(last), int(seq[0]) if seq else 0) - int(count)
    return {"count": count, "digest": digest, "broken": broken, "at": at, "missing": missing}


def operations(run: Run) -> list[Finding]:
    """Every row that names the action which brought it must find it."""
    found: list[Finding] = []
    for table in WITH_OPERATION:
        if "operation_uuid" in run.columns(table):
            sql = (
                f'SELECT fid FROM "{table}" WHERE operation_uuid IS NOT NULL '
                "AND operation_uuid NOT IN (SELECT uuid FROM operation WHERE uuid IS NOT NULL)"
            )
            found += run.check(Check("verify.reference", f"{table}.operation_uuid", sql))
    return found


def changes(run: Run) -> list[Finding]:
    """The last change told of a component's value is what the component has: whoever edits it, a trigger tells.

    An undo takes first values back without a row each, so what was told before the last one says nothing.
    """
    found: list[Finding] = []
    for table in COMPONENTS:
        names = [name for name in WATCHED if name in run.columns(table)]
        value = " ".join(
            f"WHEN '{name}' THEN {'hex(c.geom)' if name == 'geom' else f'CAST(c.{name} AS TEXT)'}" for name in names
        )
        sql = (
            "SELECT c.fid FROM (SELECT component_uuid, field, new, created_at, max(fid) FROM component_change "
            f"GROUP BY component_uuid, field) l JOIN {table} c ON c.uuid = l.component_uuid "
            f"WHERE l.field != '*' AND l.new IS NOT NULL AND l.new IS NOT CASE l.field {value} ELSE l.new END "
            "AND l.created_at > (SELECT coalesce(max(at), '') FROM operation WHERE kind = 'undo_operation')"
        )
        found += run.check(Check("verify.unlogged", table, sql))
    return found


def amended(run: Run) -> list[Finding]:
    """The last value that a case's log tells of a derived column is what the case has."""
    wrong: list[int] = []
    broken: list[int] = []
    for first, last in parts(run, CHUNK):
        run.stop_if_wanted()
        told, bad = told_values(run, first, last)
        broken += bad
        wrong += [fid for fid, _ in differing(run, told)]
    found = run.found("verify.case_log", "case_record", wrong, repair="amended")
    return found + run.found("verify.json", "case_event.reason", broken)


def told_values(run: Run, first: int, last: int) -> tuple[dict[int, dict[str, Any]], list[int]]:
    """Return what amendments say last of cases ``first <= fid <= last``, and events whose reason cannot be read."""
    marks = ", ".join("?" * len(AMENDING))
    told: dict[int, dict[str, Any]] = {}
    broken: list[int] = []
    rows = run.query(
        f"SELECT fid, case_fid, reason FROM case_event WHERE case_fid BETWEEN ? AND ? "
        f"AND action = 'amend' AND source IN ({marks}) ORDER BY fid", (first, last, *AMENDING)
    )  # fmt: skip
    for fid, case, reason in rows:
        try:
            values = {name: pair[1] for name, pair in json.loads(reason).items() if name in DERIVED}
        except (TypeError, ValueError, AttributeError, IndexError, KeyError):
            broken.append(int(fid))
            continue
        mine = told.setdefault(int(case), {})
        mine.update(values)
    return told, broken


def differing(run: Run, told: dict[int, dict[str, Any]]) -> list[tuple[int, dict[str, list[Any]]]]:
    """Return the cases whose row says something else, with both values of each column; a first value has no row."""
    names = [name for name in DERIVED if name in run.columns("case_record")]
    result = []
    fids = sorted(told)
    for start in range(0, len(fids), CHUNK):
        listed = json.dumps(fids[start : start + CHUNK])
        rows = run.query(
            f"SELECT fid, {', '.join(names)} FROM case_record "
            "WHERE fid IN (SELECT value FROM json_each(?)) ORDER BY fid",
            (listed,),
        )
        for fid, *values in rows:
            held = dict(zip(names, values))
            change = {
                name: [held[name], value]
                for name, value in told[int(fid)].items()
                if name in held and value is not None and held[name] != value
            }
            if change:
                result.append((int(fid), change))
    return result
