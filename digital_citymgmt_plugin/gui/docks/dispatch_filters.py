# SPDX-License-Identifier: GPL-2.0-or-later
"""What the filters of the *Dispatch* dock ask for."""

from __future__ import annotations

from typing import Any

from digital_citymgmt_plugin.core.requests_dispatch import CaseFilter
from digital_citymgmt_plugin.gui.docks.dispatch_dock import DispatchDock


def filter_of(dock: DispatchDock, sort: str, falls: bool, number: str) -> CaseFilter:
    """Return what queue, filters and search of the dock say, with a sort and a number of an assessment table."""

    def one(box: Any) -> list[str]:
        return [] if box.currentData() is None or box.currentIndex() <= 0 else [str(box.currentData())]

    typed = dock.area_box.currentText().strip()
    at = dock.area_box.findText(typed)
    area = one(dock.area_box) if at >= 0 or not typed else [typed.split()[0]]
    return CaseFilter(
        queue=str(dock.queue_box.currentData()), classes=one(dock.class_box), departments=one(dock.dept_box),
        areas=area if at else [], beats=one(dock.beat_box), sources=one(dock.source_box), lamps=one(dock.lamp_box),
        stages=one(dock.stage_box), reported_from=dock.from_edit.text().strip() or None,
        reported_to=dock.to_edit.text().strip() or None, text=dock.search_edit.text().strip(), sort=sort,
        descending=falls, number=number,
    )  # fmt: skip


def is_filtered(asked: CaseFilter) -> bool:
    """Tell whether more than the queue is asked for."""
    return any(
        (
            asked.classes, asked.departments, asked.areas, asked.beats, asked.sources, asked.lamps, asked.stages,
            asked.reported_from, asked.reported_to, asked.text,
        )
    )  # fmt: skip
