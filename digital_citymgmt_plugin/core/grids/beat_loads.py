# SPDX-License-Identifier: GPL-2.0-or-later
"""What the load of a beat is made of. Without engines: windows add up with it, too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.load_weights import MOST

MEASURES = ("area", "components", "cases", "road")  # m², numbers, m
DEFAULT = {"components": 1.0}


def checked_weights(weights: Mapping[str, Any] | None) -> dict[str, float]:
    """Return weights that can be used: known measures, finite, not negative, one of them above zero.

    Raises
    ------
    InputRefused
        ``beats.weights`` with the entry that is wrong.
    """
    found: dict[str, float] = {}
    for name, value in (weights or DEFAULT).items():
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        if name not in MEASURES or not good or not 0 <= value <= MOST:  # nan and inf are not, either
            raise InputRefused("beats.weights", value=f"{name}={value}", known=", ".join(MEASURES))
        if value > 0:
            found[name] = float(value)
    if not found:
        raise InputRefused("beats.weights", value="0", known=", ".join(MEASURES))
    return found


def loads_of(figures: Mapping[str, Sequence[float]], weights: Mapping[str, float]) -> list[float]:
    """Return the load of each grid: one measure as it is, several as shares of the city's total, in percent."""
    if len(weights) == 1:
        return [float(value) for value in figures[next(iter(weights))]]
    loads = [0.0] * len(next(iter(figures.values())))
    for name, weight in weights.items():
        total = math.fsum(figures[name])
        if total > 0:
            factor = 100.0 * weight / (total * sum(weights.values()))
            loads = [load + factor * value for load, value in zip(loads, figures[name])]
    return loads
