# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluations in files: workbook, CSV, layer; what is no such file is refused."""

from __future__ import annotations

import numpy as np
import pytest

from digital_citymgmt_plugin.core.assessment.evaluation import evaluation_from_payload
from digital_citymgmt_plugin.core.errors import InputRefused
from digital_citymgmt_plugin.core.requests_assessment import Evaluate, ExportEvaluation
from digital_citymgmt_plugin.services.assessment import evaluate, export_evaluation
from tests.services import test_assess
from tests.support import make_context

store = test_assess.store


@pytest.mark.parametrize("by", ["street", "department"])
@pytest.mark.parametrize("ending", ["xlsx", "csv", "gpkg"])
def test_a_file_has_the_rows_and_figures_of_the_evaluation(store, by, ending, tmp_path):
    context = make_context(store)
    made = evaluation_from_payload(evaluate(context, Evaluate(by=by))["evaluation"])
    path = tmp_path / f"table.{ending}"
    answer = export_evaluation(context, ExportEvaluation(by=by, output=str(path)))
    assert answer["output"] == str(path) and answer["counts"]["rows"] == len(made.rows)
    if ending == "xlsx":
        from openpyxl import load_workbook

        table, counts, scheme = load_workbook(path).worksheets
        assert [counts.cell(4 + at, 2).value or "" for at in range(len(made.rows))] == [row.name for row in made.rows]
        assert table.title == "评价表" and scheme.title == "评价方案"
        at = [cell.value for cell in counts[2]].index("closed") + 1
        assert [counts.cell(4 + row, at).value for row in range(len(made.rows))] == made.counts["closed"].tolist()
        return
    source = context.files.open_source(str(path))
    names = [field.name for field in source.info.fields]
    closed = "closed" if ending == "gpkg" else "结案数"
    assert closed in names
    found = np.concatenate([part[closed] for part in source.chunks()]).tolist()
    assert [int(value) for value in found] == made.counts["closed"].tolist()


def test_another_kind_of_file_is_refused(store, tmp_path):
    with pytest.raises(InputRefused) as refusal:
        export_evaluation(make_context(store), ExportEvaluation(output=str(tmp_path / "a.pdf")))
    assert refusal.value.code == "assess.output"
