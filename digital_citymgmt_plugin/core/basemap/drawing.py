# SPDX-License-Identifier: GPL-2.0-or-later
"""What was read of one drawing or layer file of the base map, before anything is decided about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

GEOM = "geom"

POINT, LINE, AREA, TEXT = "point", "line", "area", "text"
KINDS = (POINT, LINE, AREA, TEXT)
# Columns of ``Drawing.entities``. ``kind``: one of KINDS; ``code``: SOUTH code; ``entity``: kind in the file
# (INSERT, LINE …); ``angle`` in degrees counter-clockwise from east; ``scale``; ``elevation``, ``height`` in metres (of
# the drawing); ``attributes``: dict or None.
COLUMNS = (
    "kind", "layer", "code", "block", "entity", "handle", "text", "angle", "scale", "elevation", "height",
    "attributes", GEOM,
)  # fmt: skip
MOST = 3_000_000  # entities of one drawing, what blocks hold counted as often as they are placed: what memory holds
SAMPLES = 10  # texts that are shown before an import


@dataclass
class Drawing:
    """A drawing as read: entities by columns, and how its code page was found.

    ``crs`` is what a file beside it states, None when nothing does. ``skipped`` counts entities that are no part of a
    map (viewports, solids, proxies) or are broken, by kind. ``samples`` are texts for the user to judge the code page.
    """

    path: str
    format: str
    version: str
    encoding: str | None
    encoding_evidence: str
    crs: str | None
    entities: dict[str, NDArray[Any]]
    skipped: dict[str, int] = field(default_factory=dict)
    samples: tuple[str, ...] = ()
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.entities[GEOM])
