# SPDX-License-Identifier: GPL-2.0-or-later
"""Small faults of unit grids mended: the engine of ``core.grids.repair`` before the checks, the rows after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.grids.mending import RULES
from digital_citymgmt_plugin.core.grids.repair import repair_cells
from digital_citymgmt_plugin.core.ports import GEOM, Action, Context
from digital_citymgmt_plugin.core.stoppable import stoppable
from digital_citymgmt_plugin.services.beat_rows import TABLES as BEATS
from digital_citymgmt_plugin.services.beat_rows import beats_follow
from digital_citymgmt_plugin.services.grid_inputs import Inputs
from digital_citymgmt_plugin.services.intake import objects, today
from digital_citymgmt_plugin.services.issues import WHY_LEFT, Found
from digital_citymgmt_plugin.services.rehoming import rehome

MOST = 5.0  # m: a boundary that may move farther is another boundary
_TABLES = ["unit_grid", "grid_lineage", "component_change", "case_record", "case_event"]


@dataclass
class Repaired:
    """Which rows got another shape, and the counts."""

    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    counts: dict[str, int] = field(default_factory=dict)
    left: list[tuple[Any, str]] = field(default_factory=list)  # shape and code of the reason

    @property
    def any(self) -> bool:
        """Whether a grid changed."""
        return len(self.rows) > 0

    @property
    def tables(self) -> list[str]:
        """The tables that the repair writes."""
        return ["component_point", "component_line", "component_area", *_TABLES, *BEATS] if self.any else []


NOTHING = Repaired()
_REPAIRED = ("grid.gap", "grid.overlap", "grid.multipart")
_WIDE, _KIND = "because.repair_wide", "because.repair_kind"
_AT = 0.001  # m: so near is in it


def repair_inputs(context: Context, inputs: Inputs, tolerance: float) -> Repaired:
    """Repair the grids in ``inputs`` and tell what was done; a tolerance of 0 leaves them alone."""
    if not tolerance:
        return NOTHING
    context.progress(0.1, "progress.repairing")
    grids = inputs.grids
    homes = grids.homes if len(grids.homes) else None
    stated = np.full(len(grids.cells), -1, dtype=np.int64)
    stated[grids.rows] = grids.home if homes is not None else -1
    work = partial(repair_cells, grids.cells, tolerance, homes, stated, cancel=context.cancel)
    done = stoppable(work, context.cancel.check)
    kept = grids.cells.copy()
    kept[done.rows] = [shapely.MultiPolygon(shapely.get_parts(cell).tolist()) for cell in done.cells[done.rows]]
    inputs.grids = type(grids)(
        kept, grids.codes, grids.stated, grids.coded, grids.scheme, grids.county, grids.communities,
        grids.community_codes, grids.buildings, grids.compounds, grids.features, grids.load,
    )  # fmt: skip
    counts = {
        "gaps_closed": done.gaps, "overlaps_removed": done.overlaps, "parts_joined": done.parts,
        "grids_changed": len(done.rows), "components_moved": 0, "cases_moved": 0,
    }  # fmt: skip
    return Repaired(done.rows, counts, done.left)


def say_why(found: Sequence[Found], repaired: Repaired) -> dict[str, int]:
    """Write into the findings that a repair left why it did; returns the number by reason.

    What the repair never looked at is wider than its tolerance, or of a kind that only a person decides.
    """
    shapes = objects(shape for shape, _why in repaired.left)
    tree = shapely.STRtree(shapely.point_on_surface(shapes))
    told: Counter[str] = Counter()
    for item in found:
        if item.rule in _REPAIRED:
            at = tree.query(item.shape, predicate="dwithin", distance=_AT) if item.shape is not None else ()
            why = repaired.left[int(min(at))][1] if len(at) else _WIDE
        elif item.rule in RULES:
            why = _KIND
        else:
            continue
        item.values[WHY_LEFT] = why
        told[why] += 1
    return dict(told)


def store_repaired(
    context: Context, action: Action, inputs: Inputs, repaired: Repaired, near: NDArray[np.float64] | None = None,
    retired: NDArray[Any] | None = None,
) -> None:  # fmt: skip
    """Write the new shapes; the old ones go to the lineage, components and cases into the grid that now holds them.

    ``near``: boxes where else they may be in another grid than before. ``retired``: uuids of grids that are no more.
    Beats follow: their outlines, and what they lose.
    """
    held, rows = inputs.held, repaired.rows
    if held is None:
        return
    shapes, before = inputs.grids.cells[rows], held[GEOM][rows]
    action.update("unit_grid", held["fid"][rows], {GEOM: shapes, "area_m2": np.round(shapely.area(shapes), 2)})
    valid = np.where(shapely.is_valid(before), before, shapely.make_valid(before))
    size = np.maximum(shapely.area(valid), 1e-9)
    share = np.minimum(shapely.area(shapely.intersection(valid, shapes)) / size, 1.0)
    action.insert(
        "grid_lineage",
        {
            "parent_uuid": held["uuid"][rows], "child_uuid": held["uuid"][rows],
            "share": np.floor(share * 1e6) / 1e6, "old_geom": objects(shapely.to_wkb(before).tolist()),
        },
    )  # fmt: skip
    boxes = shapely.bounds(np.concatenate([before, shapes])) if near is None else near
    store, gone = context.need_store(), objects([]) if retired is None else retired
    repaired.counts.update(rehome(context, store, action, boxes))
    repaired.counts["beats_changed"] = beats_follow(action, store, today(context), held, gone, [], held["uuid"][rows])
