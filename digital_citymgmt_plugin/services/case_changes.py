# SPDX-License-Identifier: GPL-2.0-or-later
"""What a repeated import changed: how often each field, and on request a workbook of old and new values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from digital_citymgmt_plugin.core.ports import Context, Sheet

FIELDS, ROWS = "fields", "changes"  # names of the sheets
_TEXT = 2_000  # characters of a value that is listed


class ChangeReport:
    """Collects the changes of an import.

    Parameters
    ----------
    path : str or None
        Of the workbook; without it only counts are kept.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.fields: Counter[str] = Counter()
        self._rows: list[tuple[str, str, Any, Any]] = []

    def add(self, numbers: Sequence[Any], told: Sequence[Mapping[str, Sequence[Any]]]) -> None:
        """Take the changes of some cases: their numbers, and old and new value by column."""
        for number, changes in zip(numbers, told):
            self.fields.update(changes.keys())
            if self.path is not None:
                self._rows += [(str(number), name, pair[0], pair[1]) for name, pair in changes.items()]

    def write(self, context: Context) -> str | None:
        """Write the workbook; no file is left when nothing changed, and none in a preview."""
        if self.path is None or not self.fields or context.preview:
            return None
        say = dict(context.sentences or {})

        def head(*codes: str) -> tuple[str, ...]:
            return tuple(say.get(f"changes.{code}", code) for code in codes)

        context.files.write_workbook(
            self.path,
            [
                Sheet(say.get("changes.fields", FIELDS), head("field", "count"), self.fields.most_common()),
                Sheet(say.get("changes.rows", ROWS), head("case_no", "field", "old", "new"), self._listed()),
            ],
        )
        return self.path

    def _listed(self) -> Iterator[tuple[Any, ...]]:
        for number, name, old, new in self._rows:
            yield number, name, _short(old), _short(new)


def _short(value: Any) -> Any:
    return value[:_TEXT] if isinstance(value, str) else value
