# SPDX-License-Identifier: GPL-2.0-or-later
"""Issues out of the store: as a workbook or layer, and their numbers run by run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import GEOM, XY, Columns, Context, Sheet
from digital_citymgmt_plugin.core.requests_desk import ExportIssues, IssueHistory
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issue_desk import COLUMNS, ISSUES, called, conditions, known_objects
from digital_citymgmt_plugin.services.issues import WHY_LEFT, params_of

HEADER = (
    "rule", "sentence", "level", "state", "table", "code", "name", "x", "y", "reason", "waived_by", "waived_at",
    "found_at", "uuid", "object_uuid",
)  # fmt: skip
BOOK_ROWS = 1_000_000  # a worksheet holds little more
_PART = 10_000


def export_issues(context: Context, request: ExportIssues) -> dict[str, Any]:
    """Write the issues that a filter takes, each with its sentence, object and place.

    XLSX and CSV are written row by row, memory flat; a layer (GPKG, SHP, GeoJSON) holds all of them as points in the
    store's CRS, those without a place without geometry. A workbook has the numbers by rule on a second sheet.

    Returns
    -------
    dict
        Counts ``issues``.

    Raises
    ------
    InputRefused
        ``audit.too_long`` for a worksheet; the file cannot be written; see ``issue_desk.conditions``.
    """
    store = context.need_store()
    where = conditions(store, request)
    total = store.count(ISSUES, where)
    seen: Counter[str] = Counter()

    def rows() -> Iterator[tuple[Any, ...]]:
        done = 0
        for part in store.chunks(ISSUES, COLUMNS, where, _PART):
            context.progress(done / max(total, 1), "progress.writing")
            context.cancel.check()
            for row in _lines(context, part):
                seen[row[0]] += 1
                yield row
            done += len(part["fid"])

    ending = PurePath(request.output).suffix.lower()
    words = context.sentences or {}
    header = tuple(told(words, "issues", "column", name) for name in HEADER)
    if ending == ".xlsx":
        if total > BOOK_ROWS:
            raise InputRefused("audit.too_long", most=BOOK_ROWS, file=request.output)
        titles = [told(words, "issues", "book", name) for name in ("issues", "sums", "rule", "count")]
        head = (titles[2], header[1], titles[3])
        book = [Sheet(titles[0], header, rows()), Sheet(titles[1], head, _Late(seen, words))]
        context.files.write_workbook(request.output, book)
    elif ending in (".csv", ".tsv", ".txt"):
        context.files.write_rows(request.output, header, rows())
    else:
        columns = _columns(list(rows()))
        context.files.write_layer(request.output, ISSUES, columns, store.meta().get("crs"), "Point")
    return {"counts": {"issues": total}, "operation": None, "tables": [], "notes": [], "output": request.output}


class _Late:
    """The sums by rule, asked for when the sheet is written: after the rows were."""

    def __init__(self, seen: Counter[str], words: Mapping[str, str]) -> None:
        self._seen, self._words = seen, words

    def __iter__(self) -> Iterator[tuple[str, str, int]]:
        for rule, count in sorted(self._seen.items()):
            yield rule, _title(self._words, rule), count


def told(words: Mapping[str, str], family: str, part: str, name: str) -> str:
    """Return the user's word for a heading or value; the value itself when none was sent along."""
    return str(words.get(f"{family}.{part}_{name}", name))


def _lines(context: Context, part: Columns) -> Iterator[tuple[Any, ...]]:
    store, words = context.need_store(), context.sentences or {}
    known = known_objects(store, part["table_name"].tolist(), part["object_uuid"].tolist())
    for at in range(len(part["fid"])):
        rule, uuid = str(part["rule"][at]), part["object_uuid"][at]
        object_ = known.get(uuid, {})
        x, y = part[XY][at].tolist() if np.isfinite(part[XY][at]).all() else (None, None)
        level, state = str(part["level"][at]), str(part["state"][at])
        yield (
            rule, _sentence(words, rule, params_of(part["params"][at])), told(words, "issues", "level", level),
            told(words, "issues", "state", state), part["table_name"][at], object_.get("code"),
            called(object_), x, y, part["reason"][at],
            part["waived_by"][at], part["waived_at"][at], part["created_at"][at], part["uuid"][at], uuid,
        )  # fmt: skip


def _sentence(words: Mapping[str, str], rule: str, values: dict[str, Any]) -> str:
    """Fill a rule's sentence; one without a sentence shows its code and values."""
    found = words.get(rule) or words.get(f"issue.{rule}")
    if not found:
        return ", ".join([rule, *(f"{key} = {value}" for key, value in values.items())])
    for key, value in values.items():
        text = "–" if value is None else str(value)
        # A reason within the sentence is a sentence of its own.
        found = found.replace("{" + key + "}", str(words.get(text, text)) if text.startswith("because.") else text)
    why = str(values.get(WHY_LEFT) or "")
    if why:
        found = f"{found} {words.get('issues.left', '{because}').replace('{because}', str(words.get(why, why)))}"
    return str(found)


def _title(words: Mapping[str, str], rule: str) -> str:
    return str(words.get(f"rule.{rule}") or words.get(rule) or words.get(f"issue.{rule}") or rule)


def _columns(rows: list[tuple[Any, ...]]) -> Columns:
    made: Columns = {name: objects(row[at] for row in rows) for at, name in enumerate(HEADER) if name not in ("x", "y")}
    x, y = HEADER.index("x"), HEADER.index("y")
    made[GEOM] = objects(None if row[x] is None else shapely.Point(row[x], row[y]) for row in rows)
    return made


def issue_history(context: Context, request: IssueHistory) -> dict[str, Any]:
    """Tell the number of issues after each run of the checks, oldest first, and how many there are now.

    Returns
    -------
    dict
        ``runs``: dicts with ``at``, ``scope``, ``components``, ``found``, ``open``, ``waived``, ``settled`` and
        ``by_rule`` (rule → those four); ``now``: open, waived, settled. Counts ``runs``.
    """
    store = context.need_store()
    rows = store.read("check_run", ["at", "scope", "sheet", "components", "tallies"], order=["fid"])
    runs = []
    for at, scope, sheet, components, tallies in zip(*(rows[name].tolist() for name in rows)):
        by_rule = _tallies(tallies)
        sums = {key: sum(one.get(key, 0) for one in by_rule.values()) for key in ("found", "open", "waived", "settled")}
        runs.append({"at": at, "scope": scope, "sheet": sheet, "components": components, **sums, "by_rule": by_rule})
    now = {str(state): count for state, count in store.tally(ISSUES, ["state"])}
    return {"counts": {"runs": len(runs)}, "runs": runs, "now": now, "operation": None, "tables": [], "notes": []}


def _tallies(text: Any) -> dict[str, dict[str, int]]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    result = {}
    for rule, counts in found.items() if isinstance(found, dict) else ():
        if isinstance(counts, dict):
            result[str(rule)] = {str(key): int(n) for key, n in counts.items() if isinstance(n, (int, float))}
    return result
