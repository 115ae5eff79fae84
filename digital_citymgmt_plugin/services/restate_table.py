# SPDX-License-Identifier: GPL-2.0-or-later
"""A table of grid codes and numbers: read exactly, in whole numbers of its last decimal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from digital_citymgmt_plugin.core.census.rows import text
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.mapping import RowProblem
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Columns, Context, Source
from digital_citymgmt_plugin.core.requests_history import Restate
from digital_citymgmt_plugin.services.intake import Tally, base_name, notes_of, open_layer
from digital_citymgmt_plugin.services.rejecting import SOURCE, origin_of, reject_list

MOST_DECIMALS = 9
_DIGITS = 18  # before the point
_CODES = ("code", "grid_code", "bgcode", "网格编码", "网格代码", "单元网格编码", "单元网格代码", "编码", "代码")


@dataclass
class Figures:
    """Numbers by column and grid, in whole numbers of ``10 ** -decimals``."""

    fields: list[str]
    decimals: int
    values: dict[str, dict[str, int]] = field(default_factory=dict)  # column → code → value
    tally: Tally | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)
    rejects: str | None = None


def read_figures(context: Context, request: Restate, known: dict[str, str], valid: set[str]) -> Figures:
    """Read the table of a request; the numbers of a code that comes twice are added up.

    Parameters
    ----------
    known : dict
        Of every grid there ever was: code → when it was there, as the reject list tells it.
    valid : set of str
        Codes of the grids that there were on the day.

    Raises
    ------
    InputRefused
        ``input.no_field``, ``restate.no_numbers``, ``restate.no_code``, ``restate.nothing_left``.
    """
    layer = request.input
    if layer is None:
        raise InputRefused("restate.nothing_asked")
    source = open_layer(context, layer)
    try:
        names = [item.name for item in source.info.fields]
        file = base_name(layer.path)
        for name in [request.code_field, *request.fields]:
            if name and name not in names:
                raise InputRefused("input.no_field", field=name, file=file, known=", ".join(names))
        code_field = request.code_field or next((n for n in names if n.strip().lower() in _CODES), None)
        if code_field is None:
            raise InputRefused("restate.no_code", file=file, known=", ".join(names))
        with reject_list(context, request.rejects, source) as rejects:
            tally = Tally(rejects, {SOURCE: origin_of(source, file)})
            rows = []
            for chunk in source.chunks():
                context.cancel.check()
                rows.append(chunk)
            fields = list(dict.fromkeys(request.fields)) or _numeric(source, rows, code_field)
            if not fields:
                raise InputRefused("restate.no_numbers", file=file)
            found = _take(rows, code_field, fields, known, valid, tally, request.decimals)
            found.notes = notes_of(None, source)
            if not tally.counts()["accepted"]:
                raise InputRefused("restate.nothing_left", file=file, count=tally.rejected)
            found.rejects = request.rejects if rejects.count else None
            rejects.close()
    finally:
        source.close()
    return found


def _numeric(source: Source, rows: list[Columns], code_field: str) -> list[str]:
    """Return the columns in which every value that is there is a number."""
    found = []
    for item in source.info.fields:
        values = [value for chunk in rows for value in chunk[item.name].tolist()]
        given = [value for value in values if text(value) is not None]
        if item.name != code_field and given and all(_number(value) is not None for value in given):
            found.append(item.name)
    return found


def _number(value: Any) -> Decimal | None:
    """Return a value as an exact number; None for what is none."""
    if isinstance(value, bool):
        return None
    try:
        number = Decimal((text(value) or "").replace(",", "").replace("\uff0c", ""))
    except InvalidOperation:
        return None
    if not number.is_finite() or (number and number.adjusted() >= _DIGITS):  # abs() itself gives out at 1e9999999
        return None
    return number.quantize(Decimal(1).scaleb(-MOST_DECIMALS)).normalize()


def _take(
    rows: list[Columns], code_field: str, fields: Sequence[str], known: dict[str, str], valid: set[str],
    tally: Tally, decimals: int,
) -> Figures:  # fmt: skip
    taken: list[tuple[str, list[Decimal]]] = []
    for chunk in rows:
        tally.read += len(chunk[ROW])
        codes = [text(value) for value in chunk[code_field].tolist()]
        numbers = [
            [Decimal(0) if text(value) is None else _number(value) for value in chunk[name].tolist()] for name in fields
        ]
        problems = []
        for at, code in enumerate(codes):
            bad = next((name for name, column in zip(fields, numbers) if column[at] is None), None)
            if code is None or code not in known:
                problems.append(RowProblem(at, "reject.grid_unknown", {"value": code or ""}))
            elif code not in valid:
                problems.append(RowProblem(at, "reject.grid_not_then", {"value": code, "days": known[code]}))
            elif bad is not None:
                problems.append(RowProblem(at, "reject.no_figure", {"field": bad, "value": str(chunk[bad][at])}))
        bare = {name: column for name, column in chunk.items() if name != GEOM}
        for at, good in enumerate(tally.reject(bare, problems).tolist()):
            if good:
                taken.append((str(codes[at]), [column[at] or Decimal(0) for column in numbers]))
    places = max((-int(number.as_tuple().exponent) for _, row in taken for number in row), default=0)
    found = Figures(list(fields), max(decimals, places, 0), tally=tally)
    for place, name in enumerate(fields):
        sums: dict[str, int] = {}
        for code, row in taken:
            sums[code] = sums.get(code, 0) + int(row[place].scaleb(found.decimals))
        found.values[name] = sums
    return found
