# SPDX-License-Identifier: GPL-2.0-or-later
"""Made-up case files for benchmarks: as many cases as asked for, five rows of the log each, written in parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_PART = 100_000
_FIRST = np.datetime64("2015-01-01T08:00:00")
_STEPS = (
    ("上报", "", "信息收集"), ("立案", "信息收集", "任务派遣"), ("派遣", "任务派遣", "任务处理"),
    ("处置", "任务处理", "处理反馈"), ("结案", "核查结案", "结案"),
)  # fmt: skip


def write_cases(folder: Path, count: int, extent: float, classes: list[str], origin: tuple[float, float]) -> None:
    """Write cases.csv and case_events.csv; places lie in the square of ``extent`` m from ``origin``."""
    import pandas as pd

    source = np.random.default_rng(2015)
    span = 8 * 365 * 24 * 60  # minutes
    for start in range(0, count, _PART):
        size = min(_PART, count - start)
        numbers = [f"A{number:09d}" for number in range(start, start + size)]
        begun = np.sort(source.integers(0, span, size))
        times = [begun]
        for longest in (30, 60, 3_000, 600):
            times.append(times[-1] + source.integers(1, longest, size))
        text = [np.char.replace(np.datetime_as_string(_FIRST + minutes, unit="s"), "T", " ") for minutes in times]
        place = source.random((size, 2)) * extent
        cases = {
            "案件编号": numbers, "问题类型": "部件", "小类代码": source.choice(classes, size),
            "X坐标": (place[:, 0] + origin[0]).round(3), "Y坐标": (place[:, 1] + origin[1]).round(3),
            "上报时间": text[0], "立案时间": text[1], "派遣时间": text[2], "处置时间": text[3], "结案时间": text[4],
            "当前阶段": "结案",
        }  # fmt: skip
        events = {
            "案件编号": np.repeat(numbers, 5), "序号": np.tile(np.arange(1, 6), size),
            "操作类型": np.tile([step[0] for step in _STEPS], size),
            "原阶段": np.tile([step[1] for step in _STEPS], size),
            "新阶段": np.tile([step[2] for step in _STEPS], size),
            "操作时间": np.column_stack(text).ravel(),
        }  # fmt: skip
        for name, columns in (("cases", cases), ("case_events", events)):
            pd.DataFrame(columns).to_csv(
                folder / f"{name}.csv", mode="a" if start else "w", header=not start, index=False, encoding="utf-8"
            )
