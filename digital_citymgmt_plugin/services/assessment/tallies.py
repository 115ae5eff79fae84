# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts by row and column of a selection: the seam between what counts cases and what evaluates counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.counts import COUNTS
from digital_citymgmt_plugin.core.assessment.evaluation import Note, Row, Selection
from digital_citymgmt_plugin.core.assessment.facts import PEOPLE
from digital_citymgmt_plugin.core.assessment.question import Question, parted
from digital_citymgmt_plugin.core.assessment.schemes import POSTS
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.services.assessment.panel import Counted, Panel, panel_of
from digital_citymgmt_plugin.services.assessment.posts import side_of
from digital_citymgmt_plugin.services.assessment.sides import SIDES

Ints = NDArray[np.int64]
ROWS = (*SIDES, *(post for post in POSTS if post not in SIDES))


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


def tally(context: Context, selection: Selection, without: str = "") -> Tally:
    """Count the cases of a selection by row (and column); ``without`` (``exempt``) leaves these out.

    Raises
    ------
    InputRefused
        ``assess.by``, ``assess.basis``, ``assess.date``, ``assess.period``, ``assess.where``.
    """
    _check(selection)
    panel = panel_of(context)
    where = {name: tuple(str(code) for code in codes) for name, codes in selection.where.items()}
    if without:
        where["exempt"] = ("0",)
    counted = _counted(panel, selection, where)
    exempt = where.get("exempt", ())
    if set(exempt) == {"0", "1"}:
        exempt = ()
    spared = None
    if exempt in ((), ("1",)):
        spared = _counted(panel, selection, {**where, "exempt": ("1",)}, columns=False)
    if selection.join:
        counted = _folded(counted, selection.join)
        spared = _folded(spared, selection.join) if spared is not None else None
    side = panel.side(side_of(selection.by, "reported"), panel.view())[0]
    parents = side.parents if parted(selection.by)[1] else _parents(context.need_store(), selection.by)
    rows, keep = _rows(parents, selection.by, counted, side.past)
    cells = {code: values[keep] for code, values in counted.counts.items()} if selection.by2 else {}
    return Tally(
        rows,
        {code: (values.sum(axis=1) if selection.by2 else values)[keep] for code, values in counted.counts.items()},
        counted.cut_off,
        counted.cases,
        tuple(Row(code, name) for code, name in zip(counted.codes2, counted.names2)),
        cells,
        _on_rows(counted, spared, keep),
        (
            *_notes(selection, counted),
            *((("table.as_of", {}),) if panel.view(selection.cut_off) is not panel.view() else ()),
        ),
    )


def _check(selection: Selection) -> None:
    """Refuse rows and columns that there are not, or that are the same."""
    if selection.by == selection.by2:  # a number could not be told by its row and its column
        raise InputRefused("assess.by", value=selection.by2, known=", ".join(by for by in SIDES if by != selection.by))
    for by in (selection.by, selection.by2):
        if by and parted(by)[0] not in ROWS:
            raise InputRefused("assess.by", value=by, known=", ".join(ROWS))
    if selection.by2 in POSTS and selection.by2 not in SIDES:
        raise InputRefused("assess.by", value=selection.by2, known=", ".join(SIDES))


def _notes(selection: Selection, counted: Counted) -> tuple[Note, ...]:
    """Return what is to be known of the counts."""
    notes: list[Note] = []
    missing = int(counted.counts["timeliness_missing"].sum())
    if missing:
        notes.append(("table.timeliness_missing", {"count": missing}))
    if counted.undated:
        notes.append(("table.undated", {"count": counted.undated}))
    for code, into in selection.join.items():
        notes.append(("table.joined", {"code": code, "into": into}))
    for day in dict.fromkeys(parted(by)[1] for by in (selection.by, selection.by2, *selection.where)):
        if day:
            notes.append(("table.grids_then", {"day": day}))
    if not counted.cases:
        notes.append(("table.no_cases", {}))
    return tuple(notes)


def _counted(
    panel: Panel, selection: Selection, where: Mapping[str, Sequence[str]], *, columns: bool = True
) -> Counted:
    """Ask the panel; for a post one question per side, joined by the people's names."""
    wanted: dict[str, list[str]] = {}
    for code in COUNTS:
        wanted.setdefault(side_of(selection.by, code), []).append(code)
    parts = [
        panel.counts(
            Question(
                side, selection.by2 if columns else "", selection.basis, selection.from_date, selection.to_date,
                selection.cut_off, {name: tuple(codes) for name, codes in where.items()},
            ),
            codes,
        )
        for side, codes in wanted.items()
    ]  # fmt: skip
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: Sequence[Counted]) -> Counted:
    """Return counts of several sides as one: rows and columns are those of all."""
    codes, names = _union([(part.codes, part.names) for part in parts])
    codes2, names2 = _union([(part.codes2, part.names2) for part in parts]) if parts[0].codes2 else ((), ())
    row_of = {code: place for place, code in enumerate(codes)}
    column_of = {code: place for place, code in enumerate(codes2)}
    counts: dict[str, Ints] = {}
    for part in parts:
        at = np.array([row_of[code] for code in part.codes], dtype=np.int64)
        at2 = np.array([column_of[code] for code in part.codes2], dtype=np.int64)
        for code, values in part.counts.items():
            whole = np.zeros((len(codes), len(codes2)) if codes2 else len(codes), dtype=np.int64)
            whole[np.ix_(at, at2) if codes2 else at] = values
            counts[code] = whole
    first = parts[0]
    return Counted(codes, names, codes2, names2, counts, first.cases, first.undated, first.cut_off)


def _folded(counted: Counted, join: Mapping[str, str]) -> Counted:
    """Return counts with the rows of joined codes in those that they are joined to."""
    names = dict(zip(counted.codes, counted.names))
    wanted = {join.get(code, code) for code in counted.codes}
    codes = sorted(wanted, key=lambda code: (not code, code))
    at = np.array([codes.index(join.get(code, code)) for code in counted.codes], dtype=np.int64)
    counts = {}
    for name, values in counted.counts.items():
        counts[name] = np.zeros((len(codes), *values.shape[1:]), dtype=np.int64)
        np.add.at(counts[name], at, values)
    said = tuple(names.get(code, code) for code in codes)
    return replace(counted, codes=tuple(codes), names=said, counts=counts)


def _union(sides: Sequence[tuple[Sequence[str], Sequence[str]]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = {code: name for codes, said in sides for code, name in zip(codes, said)}
    codes = sorted(names, key=lambda code: (not code, code))
    return tuple(codes), tuple(names[code] for code in codes)


def _rows(
    parents: Mapping[str, str], by: str, counted: Counted, past: Collection[str]
) -> tuple[tuple[Row, ...], NDArray[np.bool_]]:
    """Return the rows that are shown: "not known" only with cases, people only who did something of what is counted."""
    any_case = np.zeros(len(counted.codes), dtype=bool)
    for values in counted.counts.values():
        any_case |= values.reshape(len(counted.codes), -1).any(axis=1)
    keep = (
        any_case
        if by in (*PEOPLE, *POSTS)
        else np.array([bool(code) and code not in past for code in counted.codes]) | any_case
    )
    rows = tuple(
        Row(code, name, parents.get(code, ""))
        for code, name, kept in zip(counted.codes, counted.names, keep.tolist())
        if kept
    )
    return rows, keep


def _parents(store: Store, by: str) -> dict[str, str]:
    """Return by code the area that a row lies in."""
    if by == "grid":
        found = store.read("unit_grid", ["code", "community_code"], [("status", "=", "current")])
    elif by in ("county", "street", "community"):
        chosen = [("level", "=", by), ("valid_to", "is null", None)]
        found = store.read("admin_area", ["code", "parent_code"], chosen)
    else:
        return {}
    codes, parents = (column.tolist() for column in found.values())
    return {code: str(parent or "") for code, parent in zip(codes, parents)}


def _on_rows(counted: Counted, part: Counted | None, keep: NDArray[np.bool_]) -> dict[str, Ints]:
    """Return the counts of a part of the cases on the rows of all; none where no case is in it."""
    if part is None or not part.cases:
        return {}
    place = {code: number for number, code in enumerate(counted.codes)}
    at = np.array([place[code] for code in part.codes], dtype=np.int64)
    found = {}
    for code, values in part.counts.items():
        whole = np.zeros(len(counted.codes), dtype=np.int64)
        whole[at] = values
        found[code] = whole[keep]
    return found
