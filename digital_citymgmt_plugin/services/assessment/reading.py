# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases read for counting, and sums of their counts by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.counts import STAGE_RANK, Cases
from digital_citymgmt_plugin.core.cases.stages import STEPS
from digital_citymgmt_plugin.core.cases.times import from_text
from digital_citymgmt_plugin.core.ports import Context, Store
from digital_citymgmt_plugin.services.assessment.groups import GROUP_COLUMNS, Groups


def read_cases(context: Context, store: Store, groups: Groups) -> tuple[Cases, NDArray[np.int64]]:
    """Read what is counted of all cases: numbers and moments only, some 100 bytes a case."""
    columns = (
        *STEPS, "due_at", "stage", "on_time", "on_time_basis", "parked", "reworks", "extensions",
        *GROUP_COLUMNS[groups.by],
    )  # fmt: skip
    total = store.count("case_record") or 1
    parts: dict[str, list[NDArray[Any]]] = {}
    done = 0
    for part in store.chunks("case_record", columns):
        context.cancel.check()
        row: dict[str, NDArray[Any]] = {name: from_text(part[name]) for name in (*STEPS, "due_at")}
        stages = [STAGE_RANK.get(value, 0) for value in part["stage"].tolist()]
        row["stage"] = np.array(stages, dtype=np.int8)
        basis = part["on_time_basis"]
        stated = basis == "stated"
        row["stated"] = np.where(stated, _numbers(part["on_time"], -1), -1).astype(np.int8)
        row["blank"] = np.asarray(basis == "missing", dtype=bool)
        row["parked"] = _numbers(part["parked"], 0) > 0
        row["reworks"], row["extensions"] = _numbers(part["reworks"], 0), _numbers(part["extensions"], 0)
        row["group"] = groups.of(part)
        for name, values in row.items():
            parts.setdefault(name, []).append(values)
        done += len(stages)
        context.progress(0.65 * done / total, "progress.reading", rows=done)

    def joined(name: str, kind: str) -> NDArray[Any]:
        return np.concatenate(parts[name]) if name in parts else np.empty(0, dtype=kind)

    times = {name: joined(name, "datetime64[ms]") for name in STEPS}
    cases = Cases(
        times, joined("due_at", "datetime64[ms]"), joined("stage", "int8"), joined("stated", "int8"),
        joined("blank", "bool"), joined("parked", "bool"), joined("reworks", "int64"), joined("extensions", "int64"),
    )  # fmt: skip
    return cases, joined("group", "int64")


def _numbers(values: NDArray[Any], missing: int) -> NDArray[np.int64]:
    return np.array([missing if value is None else int(value) for value in values.tolist()], dtype=np.int64)


def sum_by(column: NDArray[Any], inside: NDArray[np.bool_], group: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the sum of a count by row, of the cases inside."""
    sums = np.bincount(group[inside], weights=column[inside].astype(np.float64), minlength=size)
    return np.rint(sums).astype(np.int64)
