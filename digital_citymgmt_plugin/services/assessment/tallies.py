# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts by row and column of a selection: the seam between what counts cases and what evaluates counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.counts import case_counts, latest
from digital_citymgmt_plugin.core.assessment.evaluation import Note, Row, Selection
from digital_citymgmt_plugin.core.assessment.words import Words
from digital_citymgmt_plugin.core.cases.times import to_text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.services.assessment.groups import BY, Groups
from digital_citymgmt_plugin.services.assessment.periods import inside_period, read_cut_off, read_day
from digital_citymgmt_plugin.services.assessment.reading import read_cases, sum_by

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tally:
    """Counts of a selection: ``counts`` by row, ``cells`` by row and column, ``exempt`` by row (of ``counts``).

    ``cut_off`` is the moment (UTC text) that was counted at; ``cases`` how many cases the period selects.
    """

    rows: tuple[Row, ...]
    counts: dict[str, Ints]
    cut_off: str
    cases: int
    columns: tuple[Row, ...] = ()
    cells: dict[str, Ints] = field(default_factory=dict)
    exempt: dict[str, Ints] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def tally(context: Context, selection: Selection) -> Tally:
    """Count the cases of a selection by row (and column).

    Raises
    ------
    InputRefused
        ``assess.by``, ``assess.basis``, ``assess.date``, ``assess.period``.
    """
    if selection.by not in BY or selection.by2:
        raise InputRefused("assess.by", value=selection.by2 or selection.by, known=", ".join(BY))
    if selection.basis != "filed":
        raise InputRefused("assess.basis", value=selection.basis, known="filed")
    start, stop = read_day(selection.from_date, "from_date"), read_day(selection.to_date, "to_date")
    if start is not None and stop is not None and start > stop:
        raise InputRefused("assess.period", from_date=selection.from_date, to_date=selection.to_date)
    store = context.need_store()
    groups = Groups(store, selection.by, Words(context.sentences).say("table.nowhere"))
    cases, group = read_cases(context, store, groups)
    cut_off = read_cut_off(selection.cut_off, selection.zone)
    if cut_off is None:
        cut_off = latest(cases)
    if np.isnat(cut_off):
        cut_off = np.datetime64(context.clock().replace(tzinfo=None), "ms")
    inside, undated = inside_period(cases, selection.zone, start, stop)
    order = groups.order()
    sums = {
        code: sum_by(column, inside, group, len(groups))[order] for code, column in case_counts(cases, cut_off).items()
    }
    rows = [Row(groups.codes[row] or "", groups.name(groups.codes[row]), groups.parent(row)) for row in order]
    if rows and not rows[-1].code and not any(int(column[-1]) for column in sums.values()):
        rows, sums = rows[:-1], {code: column[:-1] for code, column in sums.items()}
    notes: list[Note] = []
    if "timeliness_missing" in sums and int(sums["timeliness_missing"].sum()):
        notes.append(("table.timeliness_missing", {"count": int(sums["timeliness_missing"].sum())}))
    if undated:
        notes.append(("table.undated", {"count": undated}))
    moment: Any = to_text(np.array([cut_off]))[0]
    return Tally(tuple(rows), sums, str(moment), int(inside.sum()), notes=tuple(notes))
