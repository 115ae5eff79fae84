# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of the JSON form of an evaluation as a window shows them: rounded as printed, None where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digital_citymgmt_plugin.core.assessment.expressions import counts_in
from digital_citymgmt_plugin.core.assessment.scores import half_up, indicator_value
from digital_citymgmt_plugin.core.profile import Indicator


def rounded(values: Sequence[float | None], digits: int) -> list[float | None]:
    """Round figures half up; None stays None."""
    known = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return _listed(half_up(known, digits))


def figures_by_column(told: Mapping[str, Any], key: str) -> list[float | None]:
    """Return the figure of an indicator or a count for each column of an evaluation, all rows together.

    Parameters
    ----------
    told : mapping
        ``Evaluation.to_payload()`` of a selection with ``by2``.
    key : str
        Code of an indicator of the scheme, or of a count; of anything else there are no figures.
    """
    counts = {code: np.asarray(cells, dtype=np.int64).sum(axis=0) for code, cells in told["cells"].items()}
    term = next((term for term in told["scheme"]["terms"] if term["indicator"]["code"] == key), None)
    if term is None:
        return _listed(counts[key].astype(np.float64)) if key in counts else []
    known = {name: value for name, value in term["indicator"].items() if name in Indicator.__dataclass_fields__}
    indicator = Indicator(**known)
    if not all(code in counts for code in counts_in(indicator.numerator, indicator.denominator)):
        return []
    return _listed(half_up(indicator_value(indicator, counts).value, int(told["scheme"]["decimals"])))


def _listed(values: NDArray[np.float64]) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
