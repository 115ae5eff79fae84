# SPDX-License-Identifier: GPL-2.0-or-later
"""What a repeated import changed: how often each field, and on request a workbook of old and new values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from digital_citymgmt_plugin.core.ports import Action, Condition, Context, Sheet
from digital_citymgmt_plugin.services.case_events import IMPORT

FIELDS, ROWS = "fields", "changes"  # names of the sheets
_TEXT = 32_000  # characters of a value that is listed; a workbook's cell holds 32,767
_PART = 5_000


class ChangeReport:
    """Counts the changes of an import; the list itself is read back from the log, where each of them stands.

    Memory is the same for ten changed cases and for a million.

    Parameters
    ----------
    path : str or None
        Of the workbook; without it only counts are kept.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.fields: Counter[str] = Counter()

    def add(self, told: Sequence[Mapping[str, Sequence[Any]]]) -> None:
        """Count the changes of some cases: old and new value by column."""
        for changes in told:
            self.fields.update(changes.keys())

    def write(self, context: Context, action: Action | None) -> str | None:
        """Write the workbook, all changes of it; no file is left when nothing changed, and none in a preview.

        Within the action whose events tell the changes.
        """
        if self.path is None or action is None or not self.fields or context.preview:
            return None
        say = dict(context.sentences or {})

        def head(*codes: str) -> tuple[str, ...]:
            return tuple(say.get(f"changes.{code}", code) for code in codes)

        context.files.write_workbook(
            self.path,
            [
                Sheet(say.get("changes.fields", FIELDS), head("field", "count"), self.fields.most_common()),
                Sheet(
                    say.get("changes.rows", ROWS), head("case_no", "field", "old", "new"),
                    _listed(context, action.operation_uuid),
                ),
            ],
        )  # fmt: skip
        return self.path


def _listed(context: Context, operation: str) -> Iterator[tuple[Any, ...]]:
    """Yield number, field, old and new value of each change, in the order of the log."""
    store = context.need_store()
    where: list[Condition] = [("operation_uuid", "=", operation), ("action", "=", "amend"), ("source", "=", IMPORT)]
    for events in store.chunks("case_event", ["case_fid", "reason"], where, size=_PART):
        context.cancel.check()
        wanted = sorted(set(events["case_fid"].tolist()))
        cases = store.read("case_record", ["fid", "case_no"], [("fid", "in", wanted)])
        numbers = dict(zip(cases["fid"].tolist(), cases["case_no"].tolist()))
        for fid, reason in zip(events["case_fid"].tolist(), events["reason"].tolist()):
            for name, (old, new) in json.loads(reason).items():
                yield str(numbers.get(fid, fid)), name, _short(old), _short(new)


def _short(value: Any) -> Any:
    """Cut what no cell can hold, and say by how much."""
    if not isinstance(value, str) or len(value) <= _TEXT:
        return value
    return f"{value[:_TEXT]} … (+{len(value) - _TEXT:,})"
