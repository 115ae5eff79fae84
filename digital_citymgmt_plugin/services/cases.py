# SPDX-License-Identifier: GPL-2.0-or-later
"""Case tables into the store: each row becomes a case with its log, or goes to the reject list with its reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.cases import fields as known
from digital_citymgmt_plugin.core.cases.limits import Limits
from digital_citymgmt_plugin.core.cases.stages import STEPS
from digital_citymgmt_plugin.core.cases.times import moment_text, zone_of
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem, Rule, apply_mapping, guess_mapping
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Action, Columns, Context, RejectList, Source, Store
from digital_citymgmt_plugin.core.requests import ImportCases
from digital_citymgmt_plugin.services import issues
from digital_citymgmt_plugin.services.case_changes import ChangeReport
from digital_citymgmt_plugin.services.case_columns import case_columns, remembered, stated_crs
from digital_citymgmt_plugin.services.case_contradictions import tell_contradictions
from digital_citymgmt_plugin.services.case_events import (
    CHUNK,
    HALF,
    IMPORT,
    EventLog,
    Marks,
    amendments,
    derived_events,
    only_new,
)
from digital_citymgmt_plugin.services.case_keeping import LIMIT, LIMITED, Kept, keep_ours, keep_untold
from digital_citymgmt_plugin.services.case_places import Classes, Places
from digital_citymgmt_plugin.services.case_settling import Deriver, complete, parts, settle
from digital_citymgmt_plugin.services.case_synonyms import keep_synonyms, new_synonyms
from digital_citymgmt_plugin.services.case_times import (
    Checked,
    Deadlines,
    Finding,
    read_stages,
    read_times,
    read_values,
)
from digital_citymgmt_plugin.services.intake import (
    Placer,
    Tally,
    base_name,
    is_none,
    layer_name,
    mapping_is_new,
    objects,
    open_layer,
    row_digests,
    save_mapping,
    source_crs,
    source_name,
)
from digital_citymgmt_plugin.services.rejecting import CRS, SOURCE, origin_of, reject_list
from digital_citymgmt_plugin.services.supervising import TABLE, tell_supervisions

RULES = (
    "case_time_order", "timeliness_missing", "timeliness_differs", "case_coordinates", "community_unknown",
    "community_ambiguous", "grid_unknown",
)  # fmt: skip
_TABLES = ("case_record", "case_event", "check_issue", "mapping")
PLACE = ("community_code", "grid_code", "place_method")
KEPT_TOO = ("place_method", "community_code", "grid_code", "street_code", *LIMIT)  # read beside what the row says
BY_MAP = ("grid", "area")  # ``place_method`` of link_cases: the map knows better than the table


def import_cases(context: Context, request: ImportCases) -> dict[str, Any]:
    """Bring case records in.

    A case is known again by its number: a second import of the same file changes nothing, a row that says something
    else updates its case and leaves an ``amend`` event with the old and new values, but for what was set here: places
    by hand, places found while the row says the same, corrections, stage and department of cases moved here. A case's
    stage follows from what the table says, else from its times; each known time becomes an event marked ``import``
    unless a log of events (``request.events``) speaks of the case.

    Mapping options beside those of every mapping: ``class: "required"`` rejects classes that the profile does not
    have, ``time_format`` (``strptime``), ``keep`` (columns kept as they are in ``attributes``), ``events`` (mapping of
    the log's columns).

    Returns
    -------
    dict
        Counts ``read`` = ``accepted`` + ``rejected``; ``accepted`` = ``inserted`` + ``updated`` + ``unchanged``;
        ``placed`` (with coordinates or a known community), ``events``, ``issues`` (found now). ``changed``: field →
        in how many cases it changed; ``report``: the workbook of ``request.report`` if one was written.

    Raises
    ------
    InputRefused
        No column for the case number, no CRS for coordinates, wrong CRS, empty input, unknown mapping or column.
    """
    store = context.need_store()
    source = open_layer(context, request.input)
    try:
        with reject_list(context, request.rejects, source) as rejects:
            intake = _Intake(context, store, source, request, rejects)
            result = intake.run(source)
            result["rejects"] = request.rejects if rejects.count and request.rejects else None
    finally:
        source.close()
    result["encoding"], result["encoding_evidence"] = source.info.encoding, source.info.encoding_evidence
    return result


def _refuse_a_log(source: Source, file: str) -> None:
    """Refuse the log of events where the table of cases is wanted: each of its rows would write over its case.

    Raises
    ------
    InputRefused
        ``input.is_case_log``.
    """
    headings = [field.name for field in source.info.fields]
    log = guess_mapping(headings, known.EVENT_SYNONYMS).fields
    steps = [log[name].columns[0] for name in ("action", "from_stage", "to_stage") if name in log]
    if len(steps) == 3 and "reported_at" not in guess_mapping(headings, known.SYNONYMS).fields:
        raise InputRefused("input.is_case_log", file=file, fields=", ".join(steps))


class _Intake:
    """One run of the import: what is known before the first row, and what was counted so far."""

    def __init__(
        self, context: Context, store: Store, source: Source, request: ImportCases, rejects: RejectList
    ) -> None:
        self.context, self.store, self.request = context, store, request
        self.file = base_name(source.info.path)
        if request.mapping is None:
            _refuse_a_log(source, self.file)
        self.columns = stated_crs(
            context, request.input, source, case_columns(context, request.mapping, request.input, source)
        )
        self.kept_mapping = remembered(request.mapping, source)
        self.mapping = _with_case_no(self.columns.mapping, self.file, source)
        self.zone = self.mapping.time_zone or store.meta().get("time_zone") or "Asia/Shanghai"
        zone_of(self.zone)
        located = source.info.geometry is not None or bool(self.mapping.x and self.mapping.y)
        crs = source_crs(context, request.input, source, self.mapping) if located else None
        shift = request.shift if request.shift != "none" else str(self.mapping.options.get("shift") or "none")
        self.placer = Placer(context, crs, self.file, strict=True, shift=shift) if located else None
        origin = {SOURCE: origin_of(source, source_name(source))}
        if crs and not self.mapping.x:
            origin[CRS] = crs
        self.rejects, self.tally = rejects, Tally(rejects, origin)
        said = self.mapping.options.get("synonyms")
        self.synonyms: dict[str, str] = said if isinstance(said, dict) else {}
        self.classes = Classes(store, self.mapping.options.get("class") == "required", self.synonyms)
        city_zone = store.meta().get("time_zone") or self.zone  # working hours are the city's, whatever the file's zone
        self.kinds = store.profile().extra_kinds
        self.deadlines = Deadlines(Limits(store.profile()), store.calendar(), city_zone)
        self.deriver, self.at = Deriver(store), moment_text(context.clock())
        self.places = Places(context, store, self.placer, self.mapping)
        self.keep = _kept(self.mapping, source)
        self.log: EventLog | None = None
        if request.events is not None:
            options = self.mapping.options.get("events")
            self.log = EventLog(context, request.events, options, request.rejects, self.zone)
        self.kept, self.changes = Kept(), ChangeReport(request.report)
        self.seen = Marks()
        self.late: list[NDArray[np.int64]] = []  # cases whose events wait for the log
        self.logged: list[NDArray[np.int64]] = []  # cases of which the log told something new
        self.total = source.info.rows or 0
        self.counts = {"inserted": 0, "updated": 0, "unchanged": 0, "placed": 0, "events": 0, "issues": 0}
        self.supervised = 0
        self.action: Action | None = None
        self._stack, self._lists = ExitStack(), ExitStack()

    def run(self, source: Source) -> dict[str, Any]:
        """Take all rows; the action is opened with the first row to be written, so that no change leaves no trace."""
        log_counts: dict[str, int] = {}
        with self._lists, self._stack:  # the action ends first
            for chunk in source.chunks():
                self.context.cancel.check()
                self._take(chunk)
                share = min(1.0, self.tally.read / self.total) if self.total else 0.5
                whole = 0.95 if self.log is None else HALF
                self.context.progress(whole * share, "progress.reading", rows=self.tally.read)
            if self.tally.read == 0:
                raise InputRefused("input.empty", file=self.file, layer=self.request.input.layer or "")
            if self.log is not None:
                log_counts = self.log.take(self.store, self._write_logged, self._lists)
                self._write_late(self.log)
                self._settle_late()
            if mapping_is_new(self.store, "cases", self.kept_mapping):
                save_mapping(self.store, self._writing(), "cases", self.kept_mapping)
            if new := new_synonyms(self.store, self.synonyms, self.columns.name or self.file):
                keep_synonyms(self.store, self._writing(), new)
            counts = {**self.tally.counts(), **self.counts, **log_counts}
            if self.action is not None:
                self.context.progress(0.97, "progress.saving")
                self.context.cancel.check()
                self.action.counts.update(counts)
                self.action.note(crs=self.placer.crs if self.placer else None, encoding=source.info.encoding)
            self._close_lists()
            report = self.changes.write(self.context, self.action)
        written = self.action is not None
        return {
            "counts": counts,
            "operation": self.action.operation_uuid if self.action is not None else None,
            "tables": [*_TABLES, *[TABLE] * bool(self.supervised)] if written else [],
            "notes": self._notes(),
            "reasons": self.tally.reasons,
            "changed": dict(self.changes.fields),
            "report": report,
            "files_wait": bool(self.context.preview and self.request.report and self.changes.fields),
        }

    def _close_lists(self) -> None:
        """Write the reject lists inside the action: without them the rows that were left out could not be found."""
        if self.log is not None and self.log.rejects is not None:
            self.log.rejects.close()
        self.rejects.close()

    def _writing(self) -> Action:
        if self.action is None:
            values = {"file": self.file, "rejects": self.request.rejects}
            self.action = self._stack.enter_context(self.store.action("import_cases", **values))
        return self.action

    def _notes(self) -> list[dict[str, Any]]:
        notes = [*self.columns.notes, {"code": "note.time_zone", "values": {"zone": self.zone}}]
        notes += self.deadlines.notes()
        if self.placer is not None and self.placer.reprojected:
            file = layer_name(self.request.input.path, self.request.input.layer)
            notes.append({"code": "note.reprojected", "values": {"source": self.placer.crs, "file": file}})
        notes += self.kept.notes()
        if self.places.reader is not None:
            notes += self.places.reader.notes()
        if self.placer is not None and self.placer.shift != "none":
            notes.append({"code": "note.shift", "values": {"file": self.placer.file, "shift": self.placer.shift}})
        if self.placer is not None and self.placer.flattened:
            notes.append({"code": "note.flattened", "values": {"count": self.placer.flattened, "file": self.file}})
        return notes

    def _take(self, chunk: Columns) -> None:
        self.tally.read += len(chunk[ROW])
        mapped, problems = apply_mapping(self.mapping, chunk)
        checked = Checked(problems=problems)
        read_times(mapped, self.mapping, self.zone, checked)
        read_values(mapped, self.mapping, checked, self.kinds)
        self.classes.fill(checked)
        self.deadlines.fill(mapped, checked)
        read_stages(mapped, self.mapping, checked)
        self.places.fill(mapped, checked)
        if self.keep:
            checked.columns["attributes"] = _attributes(chunk, self.keep)
        keep = self.tally.reject(chunk, checked.problems)
        numbers = checked.columns["case_no"]
        held = self.store.read(
            "case_record", ["fid", "uuid", "case_no", "import_digest"], [("case_no", "in", numbers[keep].tolist())]
        )
        keep &= self.tally.reject(chunk, self._repeated(numbers, keep, held))
        rows = np.flatnonzero(keep)
        place_of = {int(row): place for place, row in enumerate(rows)}
        columns = {name: column[rows] for name, column in checked.columns.items()}
        beside = {name: column[rows] for name, column in checked.beside.items()}
        findings = [(place_of[index], rule, values) for index, rule, values in checked.findings if index in place_of]
        if len(rows):
            self._write(columns, beside, findings, held)

    def _repeated(self, numbers: NDArray[Any], keep: NDArray[np.bool_], held: Columns) -> list[RowProblem]:
        """Return the rows whose number came before: earlier in the chunk, or in the store since an earlier one."""
        fids = np.asarray(held["fid"], dtype=np.int64)
        known_by_now = set(held["case_no"][self.seen.of(fids)].tolist())
        problems = []
        for index in np.flatnonzero(keep).tolist():
            number = numbers[index]
            if number in known_by_now:
                problems.append(RowProblem(index, "reject.duplicate_case_no", {"value": number}))
            known_by_now.add(number)
        self.seen.add(fids)
        return problems

    def _write(self, columns: Columns, beside: Columns, findings: Sequence[Finding], held: Columns) -> None:
        names = sorted(columns)
        columns["import_digest"] = objects(row_digests(columns, names))
        columns.update(beside)
        place_of = {number: place for place, number in enumerate(held["case_no"].tolist())}
        at = np.array([place_of.get(number, -1) for number in columns["case_no"].tolist()], dtype=np.int64)
        new = at < 0
        changed = np.zeros(len(at), dtype=bool)
        if len(place_of):
            changed = ~new & (held["import_digest"][at] != columns["import_digest"])
        self.counts["inserted"] += int(new.sum())
        self.counts["updated"] += int(changed.sum())
        self.counts["unchanged"] += int((~new & ~changed).sum())
        placed = np.array([shape is not None for shape in columns[GEOM].tolist()], dtype=bool)
        placed |= np.array([code is not None for code in columns["community_code"].tolist()], dtype=bool)
        self.counts["placed"] += int(placed.sum())
        self.counts["issues"] += len(findings)
        if new.any():
            self._insert(columns, np.flatnonzero(new), findings)
        if changed.any():
            rows = np.flatnonzero(changed)
            self._update(columns, rows, held["fid"][at[rows]], held["uuid"][at[rows]], names, findings)

    def _insert(self, columns: Columns, rows: NDArray[np.int64], findings: Sequence[Finding]) -> None:
        fresh = {name: column[rows] for name, column in columns.items()}
        action = self._writing()
        events = derived_events(np.arange(len(rows)), fresh)
        derived, events = complete(self.deriver, fresh, events, self.at, IMPORT)
        fids = action.insert("case_record", {**fresh, **derived})
        self.seen.add(fids)
        if self.log is None:
            self._write_events({**events, "case_fid": fids[events["case_fid"]]})
        else:
            self.late.append(fids)
        place_of = {int(row): place for place, row in enumerate(rows)}
        mine = [(place_of[index], rule, values) for index, rule, values in findings if index in place_of]
        listed = sorted({place for place, _, _ in mine})
        uuids = issues.uuids_of(self.store, "case_record", fids[listed]) if listed else {}
        found = _found(mine, [uuids.get(fid, "") for fid in fids.tolist()], fresh[GEOM])
        issues.write(action, issues.Changes(found, [], []))

    def _update(
        self,
        columns: Columns,
        rows: NDArray[np.int64],
        fids: NDArray[np.int64],
        uuids: NDArray[Any],
        names: Sequence[str],
        findings: Sequence[Finding],
    ) -> None:
        action = self._writing()
        fresh = {name: column[rows] for name, column in columns.items()}
        wanted = ["fid", *names, *(name for name in KEPT_TOO if name not in names)]
        old = self.store.read("case_record", wanted, [("fid", "in", fids.tolist())])
        order = np.argsort(old["fid"])[np.searchsorted(np.sort(old["fid"]), fids)]
        old = {name: column[order] for name, column in old.items()}
        placeless = keep_untold(old, fresh, self.mapping.fields, located=self.placer is not None)
        local = keep_ours(self.store, fids, old, fresh, self.kept, placeless=placeless)
        digest_old, digest_new = row_digests(old, [GEOM]), row_digests(fresh, [GEOM])
        same_place = np.array([one == two for one, two in zip(digest_old, digest_new)], dtype=bool)
        located = local | (same_place & np.isin(old["place_method"].astype(str), BY_MAP))
        _keep_departments(old, fresh)
        rest = {name: column for name, column in fresh.items() if name not in PLACE and name != GEOM}
        action.update("case_record", fids, rest)
        self._set_limits(action, fids, old, fresh)
        there = {name: fresh[name][~located] for name in PLACE}
        action.update("case_record", fids[~located], {**there, "place_score": objects([None] * int((~located).sum()))})
        action.update("case_record", fids[~same_place], {GEOM: fresh[GEOM][~same_place]})
        if self.log is None:
            self._write_events(only_new(self.store, derived_events(fids, fresh)))
        else:
            self.late.append(fids)
        self._write_events(self._amendments(fids, old, fresh, names, same_place, located))
        if self.log is None:
            self._settle(fids, lambda name: True)
        place_of = {int(row): place for place, row in enumerate(rows)}
        mine = [(place_of[index], rule, values) for index, rule, values in findings if index in place_of]
        found = _found(mine, uuids.tolist(), fresh[GEOM])
        issues.write(action, issues.compare(self.store, RULES, uuids.tolist(), found))

    def _set_limits(self, action: Action, fids: NDArray[np.int64], old: Columns, new: Columns) -> None:
        """Look limits up anew of cases that had one and are of another class now: the one kept is the old class's."""
        other = np.zeros(len(fids), dtype=bool)
        for name in LIMITED & set(old) & set(new):
            other |= np.asarray(old[name] != new[name], dtype=bool)
        other &= ~is_none(old["limit_value"])
        if other.any():
            self.deriver.set_limits(action, fids[other], anew=True)

    def _amendments(
        self, fids: NDArray[np.int64], old: Columns, new: Columns, names: Sequence[str], same: Any, located: Any
    ) -> Columns:
        told = []
        for index in range(len(fids)):
            skipped = set(PLACE) if located[index] else set()
            changes = {
                name: [old[name][index], new[name][index]]
                for name in names
                if name != GEOM and name not in skipped and old[name][index] != new[name][index]
            }
            if not same[index]:
                changes[GEOM] = [_wkt(old[GEOM][index]), _wkt(new[GEOM][index])]
            told.append(changes)
        self.changes.add(told)
        return amendments(fids, (old["stage"], new["stage"]), told, self.at, IMPORT)

    def _write_late(self, log: EventLog) -> None:
        """Write the events that times tell of, for the cases of this import that the log did not speak of."""
        fids = np.concatenate([np.asarray(part, dtype=np.int64) for part in self.late] or [np.empty(0, dtype=np.int64)])
        fids = fids[~log.told.of(fids)]
        for start in range(0, len(fids), CHUNK):
            self.context.cancel.check()
            where = [("fid", "in", fids[start : start + CHUNK].tolist())]
            rows = self.store.read("case_record", ["fid", *STEPS, "stage", "dept_code"], where)
            part = np.asarray(rows["fid"], dtype=np.int64)
            self._write_events(only_new(self.store, derived_events(part, rows)))

    def _settle_late(self) -> None:
        """Bring cases and the log of this import together: of what the table does not state the log is right."""
        stated = set(self.mapping.fields)
        if stated & {"stage", "void", "parked"}:
            stated |= {"stage", "parked"}
        fids = np.concatenate([np.empty(0, dtype=np.int64), *self.late, *self.logged]).astype(np.int64)
        fids = np.unique(fids)
        came = self.seen.of(fids)
        self._settle(fids[came], stated.__contains__)
        self._settle(fids[~came], lambda name: False)  # only the log speaks of these
        if self.logged:
            self.counts["issues"] += tell_contradictions(self.deriver, self._writing(), np.concatenate(self.logged))
        for part in parts(np.unique(np.concatenate([fids[:0], *self.logged]))):
            self.supervised += tell_supervisions(self.store, self._writing(), part)

    def _settle(self, fids: NDArray[np.int64], known: Callable[[str], bool]) -> None:
        for part in parts(fids):
            self.context.cancel.check()
            self.counts["events"] += settle(self.deriver, self._writing(), part, known, self.at, IMPORT)

    def _write_logged(self, events: Columns) -> None:
        self.logged.append(np.unique(np.asarray(events["case_fid"], dtype=np.int64)))
        self._write_events(events)

    def _write_events(self, events: Columns) -> None:
        if len(events["case_fid"]):
            self._writing().insert("case_event", events)
            self.counts["events"] += len(events["case_fid"])


def _keep_departments(old: Columns, new: Columns) -> None:
    """Leave the department that linking gave to a case about whose department its row says nothing."""
    if "dept_code" in new:
        said = ~is_none(new["dept_code"])
        if "dept_name" in new:
            said |= ~is_none(new["dept_name"]) & (new["dept_name"] != old["dept_name"])
        new["dept_code"] = np.where(said, new["dept_code"], old["dept_code"])


def _found(findings: Sequence[Finding], uuids: Sequence[str], geometries: NDArray[Any]) -> list[issues.Found]:
    return [issues.Found(uuids[place], rule, values, geometries[place]) for place, rule, values in findings]


def _wkt(geometry: Any) -> str | None:
    return None if geometry is None else str(geometry.wkt)


def _with_case_no(mapping: Mapping, file: str, source: Source) -> Mapping:
    """Return the mapping with the case number required; it must come from a column."""
    rule = mapping.fields.get("case_no")
    if rule is None or not rule.columns:
        columns = ", ".join(item.name for item in source.info.fields)
        raise InputRefused("mapping.missing_field", entry="case_no", file=file, known=columns)
    needed = Rule(rule.columns, rule.join, rule.const, rule.values, rule.default, rule.has_default, True)
    rules = {**mapping.fields, "case_no": needed}
    return Mapping(rules, mapping.x, mapping.y, mapping.crs, mapping.null_values, mapping.time_zone, mapping.options)


def _kept(mapping: Mapping, source: Source) -> list[str]:
    wanted = mapping.options.get("keep")
    names = [item.name for item in source.info.fields]
    if wanted == "all":
        used = {column for rule in mapping.fields.values() for column in rule.columns}
        return [name for name in names if name not in used and name not in (mapping.x, mapping.y)]
    if not isinstance(wanted, list):
        return []
    for name in wanted:
        if name not in names:
            file, columns = base_name(source.info.path), ", ".join(names)
            raise InputRefused("mapping.no_column", entry="keep", column=str(name), file=file, known=columns)
    return [str(name) for name in wanted]


def _attributes(chunk: Columns, names: Sequence[str]) -> NDArray[Any]:
    rows = zip(*(chunk[name].tolist() for name in names))
    return objects(
        json.dumps({k: v for k, v in zip(names, row) if v not in (None, "")}, ensure_ascii=False, default=str)
        for row in rows
    )
