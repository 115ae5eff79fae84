# SPDX-License-Identifier: GPL-2.0-or-later
"""An evaluation as a window shows it: of thousands of rows only the figures of its table go over the pipe."""

from __future__ import annotations

from typing import Any

import numpy as np

from digital_citymgmt_plugin.core.assessment.indicators import SHOWN
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_assessment import ShowEvaluation
from digital_citymgmt_plugin.services.assessment.evaluate import make_evaluation, said_of


def show_evaluation(context: Context, request: ShowEvaluation) -> dict[str, Any]:
    """Evaluate for a window: answer and errors are those of ``evaluate``, with fewer figures.

    ``counts`` holds what the scheme is made of and what every table shows, ``cells`` the same with all rows summed up
    (one row), ``exempt`` nothing; ``totals`` is whole. Such an evaluation is shown and never kept: what is kept is
    made by ``freeze_run`` from the store.
    """
    evaluation = make_evaluation(context, request)
    payload = evaluation.to_payload()
    wanted = {*evaluation.scheme.counts, *SHOWN}
    payload["counts"] = {code: column for code, column in payload["counts"].items() if code in wanted}
    payload["cells"] = {
        code: [np.asarray(cells).sum(axis=0).tolist()] for code, cells in evaluation.cells.items() if code in wanted
    }
    payload["exempt"] = {}
    return {
        "counts": {"rows": len(evaluation.rows), "cases": evaluation.totals.get("reported", 0)},
        "operation": None,
        "tables": [],
        "notes": [],
        "evaluation": payload,
        "said": said_of(context, evaluation),
    }
