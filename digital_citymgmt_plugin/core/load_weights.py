# SPDX-License-Identifier: GPL-2.0-or-later
"""What components of a class count in the load of a unit grid, as a short table. Without numpy: windows use it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from digital_citymgmt_plugin.core.errors import InputRefused

# Names of fields that hold the class of a component, the surest first.
CLASS_FIELDS = (
    "class_code", "小类代码", "部件代码", "部件小类", "部件类别", "类别代码", "class", "类别", "小类名称", "分类",
    "type",
)  # fmt: skip
MOST = 1e6


def class_field(fields: Iterable[str]) -> str | None:
    """Return the field that holds the class of a component, by its name; None when none does."""
    known = {name.lower(): name for name in fields}
    return next((known[name] for name in CLASS_FIELDS if name in known), None)


def weights_text(weights: Mapping[str, float]) -> str:
    """Return weights by class as ``parse_weights`` reads them; a weight of 1, which all have, is left out."""
    found = {name or "*": float(weight) for name, weight in weights.items() if float(weight) != 1.0}
    return ", ".join(f"{name}={found[name]:.10g}" for name in sorted(found))


def parse_weights(text: str) -> dict[str, float]:
    """Read a table such as ``0101=2, 0306=0.5, *=1``: class and what one of it counts; ``*`` stands for all others.

    Entries are parted by commas, semicolons or lines, Chinese ones, too.

    Returns
    -------
    dict
        Weights by class; all others by ``""``, as ``DraftGrids.load_weights`` has them.

    Raises
    ------
    InputRefused
        ``input.weights`` with the entry that cannot be read.
    """
    found: dict[str, float] = {}
    for sign in ",;，；、":
        text = text.replace(sign, "\n")
    for entry in filter(None, (line.strip() for line in text.split("\n"))):
        name, equals, number = entry.replace("＝", "=").replace("：", "=").replace(":", "=").partition("=")
        try:
            weight = float(number)
        except ValueError:
            raise InputRefused("input.weights", value=entry) from None
        name = name.strip()
        if not equals or not name or not math.isfinite(weight) or not 0 <= weight <= MOST:
            raise InputRefused("input.weights", value=entry)
        found["" if name == "*" else name] = weight
    return found
