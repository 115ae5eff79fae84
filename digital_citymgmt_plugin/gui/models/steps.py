# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of the work in their order, and which one comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qgis.PyQt.QtCore import QCoreApplication


@dataclass(frozen=True)
class Step:
    """One step: its algorithm, its words, its icon, whether the store is one of its parameters."""

    algorithm: str
    title: str
    icon: str
    takes_store: bool = True


STEPS = (
    Step("importareas", "Import areas…", "areas"),
    Step("draftgrids", "Draft unit grids…", "grid_draft", takes_store=False),
    Step("adoptgrids", "Adopt unit grids…", "grid_adopt"),
    Step("importcomponents", "Import components…", "components"),
    Step("assigncodes", "Assign codes…", "code"),
    Step("importcases", "Import cases…", "cases"),
    Step("placecases", "Place cases…", "place"),
    Step("linkcases", "Link cases…", "link"),
    Step("assess", "Assess…", "assess"),
)


def tr(text: str) -> str:
    """Translate the words of a step."""
    return QCoreApplication.translate("Steps", text)


def next_step(counts: Mapping[str, int]) -> str:
    """Tell the algorithm that the chain waits for, from the counts of ``Health``.

    Drafting comes before adopting, which nothing in the store tells: with communities and no unit grids the draft is
    proposed. Everything in order proposes the assessment.
    """

    def none(key: str) -> bool:
        return counts.get(key, 0) == 0

    questions = (
        (none("communities"), "importareas"),
        (none("grids"), "draftgrids"),
        (none("components"), "importcomponents"),
        (not none("components_uncoded"), "assigncodes"),
        (none("cases"), "importcases"),
        # Some cases stay without place or component for good: only a list that nothing was done with yet waits.
        (counts.get("cases_unplaced", 0) == counts.get("cases", 0), "linkcases"),
    )
    return next((step for wanted, step in questions if wanted), "assess")
