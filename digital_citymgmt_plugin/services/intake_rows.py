# SPDX-License-Identifier: GPL-2.0-or-later
"""What imports of objects share: keys by which rows are known again, other columns kept, the way of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.census.seen import Seen, hashes
from digital_citymgmt_plugin.core.mapping import Mapping, RowProblem
from digital_citymgmt_plugin.core.ports import GEOM, ROW, Action, Columns, Context, RejectList, Source
from digital_citymgmt_plugin.services.intake import (
    Placer,
    Tally,
    base_name,
    mapping_is_new,
    notes_of,
    objects,
    save_mapping,
)


class Rows(Protocol):
    """The rows of one file on their way: checked, and known ones told from new ones."""

    placer: Placer
    tally: Tally

    def take(self, chunk: Columns) -> Columns:
        """Return the good rows of a chunk in our fields, with ``same_digest``; the others go to the reject list."""


class Writer(Protocol):
    """Writes what ``Rows`` let through."""

    def write(self, action: Action, taken: Columns, counts: dict[str, int]) -> None:
        """Insert new rows and update changed ones."""


class Keys:
    """Keys by which the rows of one source are known again, each once in a file.

    Parameters
    ----------
    source : str
        The name under which the file's own ids and codes are remembered.
    """

    def __init__(self, source: str) -> None:
        self._source = source.replace(":", "_")  # the colon ends it: ``services.linking`` takes keys apart there
        self._seen = Seen()
        self._again: Counter[str] = Counter()
        self.repeated_ids = 0

    def give(self, columns: Columns, good: NDArray[np.bool_]) -> NDArray[Any]:
        """Return the key of each good row: of its ``source_id``, else its ``code``, else all that it says.

        A key that stood in an earlier row gets a number behind it. Other rows get None.
        """
        told = zip(columns["source_id"].tolist(), columns["code"].tolist(), columns["import_digest"].tolist())
        keys = [
            f"{self._source}:{own}" if own is not None else f"#{digest}" if code is None else f"{self._source}@{code}"
            for own, code, digest in told
        ]
        there, rows = np.flatnonzero(good), columns[ROW].astype(np.int64)
        first = self._seen.first(hashes(keys[index].encode() for index in there), rows[there])
        for index in there[first != rows[there]]:
            key = keys[index]
            self._again[key] += 1
            self.repeated_ids += columns["source_id"][index] is not None
            keys[index] = f"{key}#{self._again[key] + 1}"
        return objects(key if fine else None for key, fine in zip(keys, good.tolist()))


def kept_attributes(mapping: Mapping, chunk: Columns) -> NDArray[Any]:
    """Keep what the mapping does not use, as JSON: nothing that was surveyed is lost."""
    used = {column for rule in mapping.fields.values() for column in rule.columns}
    used |= {mapping.x or "", mapping.y or "", ROW, GEOM}
    names = [name for name in chunk if name not in used]
    if not names or mapping.options.get("keep") is False:
        return objects([None] * len(chunk[ROW]))
    rows = zip(*(chunk[name].tolist() for name in names))
    return objects(
        {name: _json_value(value) for name, value in zip(names, row) if not _is_nothing(value)} or None for row in rows
    )


def good_rows(size: int, problems: Iterable[RowProblem]) -> NDArray[np.bool_]:
    """Tell which rows of a chunk have no problem."""
    good = np.ones(size, dtype=bool)
    good[[problem.index for problem in problems]] = False
    return good


def take_all(
    context: Context,
    source: Source,
    rows: Rows,
    writer: Writer,
    kind: str,
    request: Any,
    rejects: RejectList,
    counts: dict[str, int],
    finish: Callable[[Action], dict[str, int]] = lambda action: {},
) -> dict[str, Any]:
    """Read chunk by chunk, and write each in the one action; nothing is logged when nothing is to be written.

    Parameters
    ----------
    kind : str
        Of the mapping (``components``, ``places``); the action is ``import_`` and it.
    request
        With ``input``, ``mapping`` and ``rejects``.
    counts : dict
        Of the result; ``unchanged`` and what the writer counts among them.
    finish : callable, optional
        Called in the action after the last row; returns further counts.

    Returns
    -------
    dict
        ``operation`` (None when there was nothing to write), ``counts``, ``reasons``, ``notes``.
    """
    store = context.need_store()
    chunks = source.chunks()
    total = source.info.rows or 0
    pending: list[Columns] = []
    for chunk in chunks:  # until the first row that has to be written
        context.cancel.check()
        taken = rows.take(chunk)
        _say(context, rows, total)
        if len(taken[ROW]) and not taken["same_digest"].all():
            pending.append(taken)
            break
        counts["unchanged"] += len(taken[ROW])
    result: dict[str, Any] = {"operation": None, "reasons": rows.tally.reasons}
    if pending or mapping_is_new(store, kind, request.mapping):
        with store.action(f"import_{kind}", file=base_name(request.input.path), rejects=request.rejects) as action:
            save_mapping(store, action, kind, request.mapping)
            while pending:
                writer.write(action, pending.pop(), counts)
            for chunk in chunks:
                context.cancel.check()
                taken = rows.take(chunk)
                writer.write(action, taken, counts)
                _say(context, rows, total)
            counts.update(finish(action))
            context.progress(0.97, "progress.saving")
            context.cancel.check()
            action.counts.update({**rows.tally.counts(), **counts})
            action.note(crs=rows.placer.crs, encoding=source.info.encoding)
            rejects.close()
            result["operation"] = action.operation_uuid
    result["counts"] = {**rows.tally.counts(), **counts}
    result["notes"] = notes_of(rows.placer, source)
    return result


def _say(context: Context, rows: Rows, total: int) -> None:
    share = min(0.95, 0.95 * rows.tally.read / total) if total else 0.5
    context.progress(share, "progress.reading", rows=rows.tally.read)


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and value != value)


def _json_value(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)  # 5.0 of a layer comes back as 5 from a workbook that was mended
    return value if isinstance(value, (int, float, bool)) else str(value)
