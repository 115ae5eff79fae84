# SPDX-License-Identifier: GPL-2.0-or-later
"""What taking an action back comes to: which actions can be, which others go with it, what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNDO = "undo_operation"  # kind of the operation that takes others back
# Actions whose every write is in the journal. Making, upgrading and repairing a store are not taken back.
UNDOABLE = frozenset(
    (
        "edit_classes", "edit_rules", "import_photos",
        "import_areas", "adopt_grids", "import_components", "assign_codes", "import_cases", "link_cases",
        "import_places", "import_tracks", "import_profile", UNDO,
        "find_duplicates", "merge_duplicates",
        "waive_issues", "reopen_issues", "fix_components", "make_sheets", "update_sheets",
        "check_components", "check_grids", "repair_grids", "redraw", "save_scenario", "discard_scenario",
        "mend_grids", "keep_weights",
        "recompute_due",
        "renumber_grids", "place_cases", "amend_cases", "move_cases", "choose_link",
        "save_beats", "import_beats",
        "import_filing_standard", "record_ruling", "save_fund", "remediate",
        "pack_cases", "read_receipt", "freeze_run", "draw_recheck", "read_recheck",
        "import_base_map", "make_candidates", "decide_candidates",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Logged:
    """One row of the operation log; ``number`` grows with each."""

    number: int
    uuid: str
    kind: str
    at: str
    done_by: str = ""
    undone_by: str | None = None


@dataclass(frozen=True)
class Written:
    """Rows of one table that an action wrote: ``kind`` insert, update or delete; ``old``: values by column before.

    ``fids`` and the columns of ``old`` have one order; of rows that were added there are no old values.
    """

    table: str
    kind: str
    fids: NDArray[np.int64]
    old: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Hand:
    """Rows that someone changed in QGIS after an action: how many of a table, and the fid of one."""

    table: str
    count: int
    example: int


@dataclass(frozen=True)
class UndoPlan:
    """What has to be taken back so that one action can be.

    Attributes
    ----------
    steps : tuple of Logged
        The later actions that built on it, newest first, and the action itself last.
    built_on : dict
        uuid of a later action → table → how many of its rows touch or name rows of an earlier step.
    by_hand : tuple of Hand
        Rows written in plain QGIS that name rows which would go away.
    """

    steps: tuple[Logged, ...]
    built_on: dict[str, dict[str, int]] = field(default_factory=dict)
    by_hand: tuple[Hand, ...] = ()


@dataclass(frozen=True)
class TakenBack:
    """What taking one action back did, by table: rows removed, restored and put back; codes retired; edits lost.

    ``lineage``: rows of the lineage of grids that tell of it.
    """

    removed: dict[str, int] = field(default_factory=dict)
    restored: dict[str, int] = field(default_factory=dict)
    returned: dict[str, int] = field(default_factory=dict)
    retired: int = 0
    edited: tuple[Hand, ...] = ()
    lineage: int = 0
