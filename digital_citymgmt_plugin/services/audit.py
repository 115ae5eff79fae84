# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit trail as a file: who did what and when, what changed, and whether the log is whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from pathlib import PurePath
from typing import Any

from digital_citymgmt_plugin.core.cases.times import moment_text, zone_of
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Columns, Condition, Context, Sheet, Store
from digital_citymgmt_plugin.core.requests import ExportAudit
from digital_citymgmt_plugin.services.intake import objects

# What is told of each entry, in every format.
COLUMNS = (
    "at", "what", "kind", "done_by", "program", "operation", "table", "object", "field", "old", "new", "reason",
    "digest",
)  # fmt: skip
BOOK_ROWS = 1_000_000  # a worksheet holds little more
_LONGEST = 30_000  # characters of a value in a cell
_PART = 20_000
# Kind of entry → the title of its sheet.
_SHEETS = {
    "operation": "audit.sheet_operation", "change": "audit.sheet_change", "lineage": "audit.sheet_lineage",
    "event": "audit.sheet_event", "code": "audit.sheet_code",
}  # fmt: skip


def export_audit(context: Context, request: ExportAudit) -> dict[str, Any]:
    """Write the audit trail of a period: operations, changes of components, descents of grids, events of cases, codes.

    The period is by days in the time zone of the store, both included; ``kind`` is that of an operation
    (``import_components``) or of an entry (operation, change, lineage, event, code). What was edited in plain QGIS has
    no operation; it is in every export of its period. An XLSX has a sheet per kind of entry with the state of the chain
    of digests above it; CSV and GPKG have one table, and the state of the chain is in the notes. Text that a
    spreadsheet would run as a formula stays text. Shapes are named, not written out. CSV and XLSX are written entry by
    entry; for any other format all entries are held in memory (some 400 bytes each).

    Returns
    -------
    dict
        Counts ``operations``, ``changes``, ``lineage``, ``events``, ``codes``; ``chain``: whole or broken.

    Raises
    ------
    InputRefused
        A date that is none; ``audit.dates_reversed``; ``audit.too_long`` for a worksheet; the output cannot be written.
    """
    store = context.need_store()
    trail = _Trail(context, store, request)
    note = _chain_note(store)
    book = PurePath(request.output).suffix.lower() == ".xlsx"
    rows = {name: _Rows(trail, name, request.output if book else None) for name in _SHEETS}
    _write(context, request.output, rows, note)
    names = dict(zip(_SHEETS, ("operations", "changes", "lineage", "events", "codes")))
    return {
        "counts": {names[name]: found.count for name, found in rows.items()}, "operation": None, "tables": [],
        "notes": [{"code": code, "values": values} for code, values in note],
        "chain": "whole" if note[0][0] == "audit.whole" else "broken",
    }  # fmt: skip


class _Rows:
    """The entries of one sheet, read when they are walked through, once, and counted.

    Parameters
    ----------
    trail : _Trail
    name : str
    book : str or None
        The workbook whose sheet must hold them: more are refused (``audit.too_long``).
    """

    def __init__(self, trail: _Trail, name: str, book: str | None) -> None:
        self._trail, self._name, self._book = trail, name, book
        self.count = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for row in self._trail.entries(self._name):
            self.count += 1
            if self._book is not None and self.count > BOOK_ROWS:
                raise InputRefused("audit.too_long", most=BOOK_ROWS, file=self._book)
            yield row


class _Trail:
    """What lies in the period, entry by entry."""

    def __init__(self, context: Context, store: Store, request: ExportAudit) -> None:
        self._context, self._store = context, store
        self._kind = (request.kind or "").strip()
        zone = zone_of(store.meta().get("time_zone") or "Asia/Shanghai")
        self._low = _moment(request.from_date, "from_date", zone, 0)
        self._high = _moment(request.to_date, "to_date", zone, 1)
        if self._low is not None and self._high is not None and self._low >= self._high:
            raise InputRefused("audit.dates_reversed", first=request.from_date, last=request.to_date)
        rows = store.read(
            "operation", ["uuid", "kind", "at", "done_by", "program", "params", "counts", "digest"], order=["fid"]
        )
        self._operations = {row[0]: row for row in zip(*(rows[name].tolist() for name in rows))}
        undone = store.read("operation", ["uuid", "undone_by"], [("undone_by", "not null", None)])
        self._undone = dict(zip(undone["uuid"].tolist(), undone["undone_by"].tolist()))

    def entries(self, name: str) -> Iterator[tuple[Any, ...]]:
        """Yield the entries of one sheet."""
        if self._kind in _SHEETS and name != self._kind:
            return
        readers: dict[str, Callable[[], Iterator[tuple[Any, ...]]]] = {
            "operation": self._of_operations, "change": self._of_changes, "lineage": self._of_lineage,
            "event": self._of_events, "code": self._of_codes,
        }  # fmt: skip
        yield from readers[name]()

    def _inside(self, at: Any) -> bool:
        return at is None or ((self._low is None or at >= self._low) and (self._high is None or at < self._high))

    def _takes(self, operation: Any, at: Any) -> bool:
        """Tell whether an entry lies in the period: by its operation's moment, without one by its own."""
        row = self._operations.get(operation)
        if self._kind and self._kind not in _SHEETS and (row is None or row[1] != self._kind):
            return False
        return self._inside(row[2] if row is not None else at)

    def _entry(self, what: str, operation: Any, at: Any, **values: Any) -> tuple[Any, ...]:
        row = self._operations.get(operation)
        known = {"at": at, "what": what, "operation": operation}
        if row is not None:
            known.update(at=row[2], kind=row[1], done_by=row[3], program=row[4])
        known.update({name: value for name, value in values.items() if value is not None})
        return tuple(_cell(known.get(name)) for name in COLUMNS)

    def _of_operations(self) -> Iterator[tuple[Any, ...]]:
        for uuid, _kind, at, _by, _program, params, counts, digest in self._operations.values():
            if self._takes(uuid, at):
                yield self._entry("operation", uuid, at, table="operation", new=counts, reason=params, digest=digest)

    def _rows(self, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
        where: list[Condition] = []
        for part in self._store.chunks(table, columns, where, _PART):
            self._context.cancel.check()
            yield from zip(*(part[name].tolist() for name in columns))

    def _of_changes(self) -> Iterator[tuple[Any, ...]]:
        names = ["component_uuid", "operation_uuid", "field", "old", "new", "reason", "created_at"]
        for uuid, operation, field, old, new, reason, at in self._rows("component_change", names):
            if self._takes(operation, at):
                if field == "geom" or (field == "*" and new == "deleted"):
                    old, new = _shape(old), _shape(new) if field == "geom" else new
                yield self._entry(
                    "change", operation, at, table="component", object=uuid, field=field, old=old, new=new,
                    reason=reason,
                )  # fmt: skip

    def _of_lineage(self) -> Iterator[tuple[Any, ...]]:
        """Yield the steps; one that was taken back stays in the trail, and its reason says when and by whom."""
        names = ["operation_uuid", "parent_uuid", "child_uuid", "share", "created_at"]
        for operation, parent, child, share, at in self._rows("grid_lineage", names):
            if self._takes(operation, at):
                yield self._entry(
                    "lineage", operation, at, table="unit_grid", object=child, field="share", old=parent, new=share,
                    reason=self._taken_back(operation),
                )  # fmt: skip

    def _taken_back(self, operation: Any) -> str | None:
        """Return what took an operation back; None where it stands."""
        undo = self._undone.get(operation)
        row = self._operations.get(undo)
        told = {"taken_back_by": undo, "at": row[2], "done_by": row[3]} if row else {"taken_back_by": undo}
        return json.dumps(told, ensure_ascii=False) if undo else None

    def _of_events(self) -> Iterator[tuple[Any, ...]]:
        numbers: dict[int, Any] = {}
        for fid, number in self._rows("case_record", ["fid", "case_no"]):
            numbers[int(fid)] = number
        names = [
            "case_fid", "action", "from_stage", "to_stage", "at", "done_by", "dept_code", "reason", "source",
            "operation_uuid",
        ]  # fmt: skip
        for row in self._rows("case_event", names):
            case, action, before, after, at, by, department, reason, source, operation = row
            if self._takes(operation, at):
                told = json.dumps(
                    {"action": action, "at": at, "dept": department, "source": source, "reason": reason},
                    ensure_ascii=False,
                )
                yield self._entry(
                    "event", operation, at, table="case_record", object=numbers.get(int(case), case), field="stage",
                    old=before, new=after, reason=told, done_by=by,
                )  # fmt: skip

    def _of_codes(self) -> Iterator[tuple[Any, ...]]:
        names = ["code", "kind", "object_uuid", "status", "operation_uuid", "created_at"]
        for code, kind, uuid, status, operation, at in self._rows("code_register", names):
            if self._takes(operation, at):
                yield self._entry("code", operation, at, table=kind, object=uuid, field="code", new=code, reason=status)


def _moment(text: str | None, name: str, zone: Any, days: int) -> str | None:
    """Return the first moment of a day of the city, or of the day after it."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text.strip()[:10]) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise InputRefused("assess.date", field=name, value=text) from None
    return moment_text(datetime.combine(day, time(), zone).astimezone(timezone.utc))


def _shape(text: Any) -> Any:
    """Name a geometry by its size: the value itself stays in the store."""
    return None if text is None else f"({len(str(text)) // 2} bytes)"


def _cell(value: Any) -> Any:
    return value[:_LONGEST] + " …" if isinstance(value, str) and len(value) > _LONGEST else value


def _chain_note(store: Store) -> list[tuple[str, dict[str, Any]]]:
    """Say whether the chain of digests is whole, and where it breaks."""
    state = store.chain()
    if state["broken"] is None and not state["missing"]:
        return [("audit.whole", {"count": state["count"], "digest": str(state["digest"] or "–")})]
    notes: list[tuple[str, dict[str, Any]]] = []
    if state["broken"] is not None:
        notes.append(("audit.broken", {"fid": state["broken"], "at": state["at"]}))
    if state["missing"]:
        notes.append(("audit.missing", {"count": state["missing"]}))
    return notes


def _write(context: Context, output: str, rows: dict[str, _Rows], note: list[tuple[str, dict[str, Any]]]) -> None:
    words = context.sentences or {}
    ending = PurePath(output).suffix.lower()
    if ending == ".xlsx":
        lines = tuple(_filled(words.get(code, code), values) for code, values in note)
        header = tuple(words.get(f"audit.{name}") or name for name in COLUMNS)
        sheets = [Sheet(words.get(_SHEETS[name]) or name, header, _said(context, rows, name), lines) for name in rows]
        context.files.write_workbook(output, sheets)
        return
    every = (row for name in rows for row in _said(context, rows, name))
    if ending in (".csv", ".tsv"):
        context.files.write_rows(output, COLUMNS, every)
        return
    held = list(every)
    columns: Columns = {name: objects(row[at] for row in held) for at, name in enumerate(COLUMNS)}
    for name in ("old", "new"):  # a share is a number: the column is text
        columns[name] = objects(None if value is None else str(value) for value in columns[name].tolist())
    context.progress(0.9, "progress.writing")
    context.cancel.check()
    context.files.write_layer(output, "audit", columns, None, None)


def _said(context: Context, rows: dict[str, _Rows], name: str) -> Iterator[tuple[Any, ...]]:
    """Yield the entries of a sheet and say when they begin."""
    share = 0.1 + 0.15 * list(rows).index(name)
    context.progress(share, "progress.reading", rows=sum(found.count for found in rows.values()))
    context.cancel.check()
    yield from rows[name]


def _filled(template: str, values: dict[str, Any]) -> str:
    for name, value in values.items():
        template = template.replace("{" + name + "}", str(value))
    return template
