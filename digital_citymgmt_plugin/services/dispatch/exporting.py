# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of a queue as a workbook or a table of text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from digital_citymgmt_plugin.core.cases.times import from_text, to_local
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Sheet
from digital_citymgmt_plugin.core.requests_dispatch import ExportCases
from digital_citymgmt_plugin.services.dispatch.holding import boards
from digital_citymgmt_plugin.services.dispatch.listing import moment_of, ordered, read_cases
from digital_citymgmt_plugin.services.intake import objects
from digital_citymgmt_plugin.services.issue_lists import BOOK_ROWS, told

HEADER = (
    "case_no", "stage", "lamp", "class_code", "class_name", "condition", "source", "address", "description",
    "component_code", "street_code", "community_code", "grid_code", "dept_code", "dept_name", "reported_at", "filed_at",
    "dispatched_at", "due_at", "closed_at", "returns", "reworks", "extensions", "parked_until", "x", "y",
)  # fmt: skip
_TIMES = frozenset(name for name in HEADER if name.endswith("_at"))
_PART = 1_000


def export_cases(context: Context, request: ExportCases) -> dict[str, Any]:
    """Write the cases of a filter in the order of the list; times as the city's clocks show them.

    Returns
    -------
    dict
        Counts ``cases``.

    Raises
    ------
    InputRefused
        ``audit.too_long`` for a worksheet, ``dispatch.ending`` for another kind of file; see ``listing.ordered``.
    """
    store = context.need_store()
    board, order, _token = ordered(context, boards(context), request, anew=True)
    zone, now, words = store.meta()["time_zone"], moment_of(context), context.sentences or {}

    def rows() -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(order), _PART):
            context.progress(start / max(1, len(order)), "progress.writing")
            context.cancel.check()
            for case in read_cases(store, board.fids[order[start : start + _PART]], now, board):
                for name in _TIMES:
                    case[name] = _local(case[name], zone)
                for family in ("stage", "lamp"):
                    case[family] = told(words, "dispatch", family, case[family]) if case[family] else None
                yield tuple(case[name] for name in HEADER)

    header = tuple(told(words, "dispatch", "column", name) for name in HEADER)
    ending = PurePath(request.output).suffix.lower()
    if ending == ".xlsx":
        if len(order) > BOOK_ROWS:
            raise InputRefused("audit.too_long", most=BOOK_ROWS, file=request.output)
        context.files.write_workbook(request.output, [Sheet(told(words, "dispatch", "book", "cases"), header, rows())])
    elif ending in (".csv", ".tsv", ".txt"):
        context.files.write_rows(request.output, header, rows())
    else:
        raise InputRefused("dispatch.ending", file=request.output)
    answer: dict[str, Any] = {"counts": {"cases": len(order)}, "operation": None, "tables": [], "notes": []}
    return {**answer, "output": request.output}


def _local(text: Any, zone: str) -> str | None:
    moment = to_local(from_text(objects([text])), zone)[0]
    return None if str(moment) == "NaT" else str(moment)[:16].replace("T", " ")
