# SPDX-License-Identifier: GPL-2.0-or-later
"""An evaluation as a window shows it: of thousands of rows only the figures of its table go over the pipe."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from digital_citymgmt_plugin.core.assessment.indicators import SHOWN
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.ports import Context
from digital_citymgmt_plugin.core.requests_assessment import RowShapes, ShowEvaluation
from digital_citymgmt_plugin.services.assessment.evaluate import make_evaluation, said_of
from digital_citymgmt_plugin.services.assessment.exporting import PLACED
from digital_citymgmt_plugin.services.assessment.groups import shapes_of


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


def row_shapes(context: Context, request: RowShapes) -> dict[str, Any]:
    """Give the shapes of rows that no layer of the project has: beats, and areas and grids of another day.

    Returns
    -------
    dict
        ``shapes``: WKB in hex by code, in ``crs`` (the store's); ``counts``.

    Raises
    ------
    InputRefused
        ``assess.by`` for rows without a place; see ``then.shapes_then``.
    """
    store = context.need_store()
    found = shapes_of(store, request.by)
    if found is None:
        raise InputRefused("assess.by", value=request.by, known=", ".join(PLACED))
    shapes = {code: shapely.to_wkb(shape, hex=True) for code, shape in found.items() if shape is not None}
    return {
        "shapes": shapes, "crs": store.meta()["crs"], "counts": {"rows": len(shapes)}, "operation": None, "tables": [],
        "notes": [],
    }  # fmt: skip
